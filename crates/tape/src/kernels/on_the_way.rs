//! Sums of what is being computed, taken tile by tile.

use super::running::{Running, RunningSums, sum};
use crate::shape::{Shape, product};
use crate::tensor::float::Float;

/// Which axes a sum goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// All.
    All,
    /// The first axes: so many sums stay, beside each other.
    Leading(usize),
    /// The last axes: each sum is of so many numbers, one after the other.
    Trailing(usize),
}

/// More sums than this beside each other are not taken on the way, since every part of the work would have its own.
const BESIDE: usize = 1 << 12;

impl Over {
    /// The length of the rows that are summed, if they are rows.
    pub(crate) fn row(self) -> Option<usize> {
        if let Over::Trailing(width) = self { Some(width) } else { None }
    }

    /// Whether what the parts of the work hold is little beside what they compute.
    pub(crate) fn is_cheap(self) -> bool {
        !matches!(self, Over::Leading(count) if count > BESIDE)
    }

    /// Over which axes numbers of a shape are summed to another, if it is all, some of the first, or some of the last.
    pub(crate) fn between(shape: &Shape, to: &Shape) -> Option<Over> {
        if to.len_elements() == 1 {
            return Some(Over::All);
        }
        let steps = to.steps_in(shape);
        let summed = |k: usize| steps[k] == 0 && shape[k] != 1;
        let kept = |k: usize| steps[k] != 0;
        let rank = shape.rank();
        let last_summed = (0..rank).rev().find(|k| summed(*k));
        let (first_kept, last_kept) = ((0..rank).find(|k| kept(*k))?, (0..rank).rev().find(|k| kept(*k))?);
        match last_summed {
            Some(last) if last < first_kept => Some(Over::Leading(to.len_elements())),
            Some(_) if (0..rank).find(|k| summed(*k)).is_some_and(|first| first > last_kept) => {
                Some(Over::Trailing(product(&shape[last_kept + 1..])))
            }
            _ => None,
        }
    }
}

/// A sum on its way, and where it is written.
pub(super) struct Sum<'o, F: Float> {
    out: &'o mut [F],
    so_far: SoFar<F>,
}

/// What there is of a sum so far.
enum SoFar<F: Float> {
    /// Of all numbers.
    All(Running<F>),
    /// Of columns.
    Columns(RunningSums<F>),
    /// Of a row of this length, the sums of those before it being written: the numbers that it has, and which row it is.
    Row { width: usize, running: Running<F>, has: usize, row: usize },
}

impl<'o, F: Float> Sum<'o, F> {
    pub(super) fn begun(over: Over, out: &'o mut [F]) -> Self {
        let so_far = match over {
            Over::All => SoFar::All(Running::new()),
            Over::Leading(count) => SoFar::Columns(RunningSums::new(count)),
            Over::Trailing(width) => SoFar::Row { width, running: Running::new(), has: 0, row: 0 },
        };
        Sum { out, so_far }
    }

    /// Adds the numbers from place `at` of the shape on.
    pub(super) fn add(&mut self, at: usize, mut x: &[F]) {
        match &mut self.so_far {
            SoFar::All(running) => running.add(sum(x)),
            SoFar::Columns(sums) => {
                let width = self.out.len();
                let mut from = at % width;
                while !x.is_empty() {
                    let (row, rest) = x.split_at(x.len().min(width - from));
                    match from == 0 && row.len() == width && rest.len() >= 7 * width {
                        true => {
                            let (rows, rest) = x.split_at(8 * width);
                            sums.add_rows(0, width, rows);
                            x = rest;
                        }
                        false => {
                            sums.add_row(from, row);
                            x = rest;
                        }
                    }
                    from = 0;
                }
            }
            SoFar::Row { width, running, has, row } => {
                while !x.is_empty() {
                    let (these, rest) = x.split_at(x.len().min(*width - *has));
                    running.add(sum(these));
                    *has += these.len();
                    if has == width {
                        self.out[*row] = std::mem::replace(running, Running::new()).value();
                        (*has, *row) = (0, *row + 1);
                    }
                    x = rest;
                }
            }
        }
    }

    pub(super) fn finish(self) {
        match self.so_far {
            SoFar::All(running) => self.out[0] = running.value(),
            SoFar::Columns(sums) => sums.write(self.out),
            SoFar::Row { .. } => {}
        }
    }
}
