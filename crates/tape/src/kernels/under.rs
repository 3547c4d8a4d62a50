//! How operands lie under a result that is computed tile by tile: along it, as one number, or repeated along some axes.

use smallvec::SmallVec;

use super::elementwise::{Axes, axes};
use super::threads;
use super::tile::TILE;
use crate::shape::Shape;
use crate::tensor::float::Float;

/// Rows that are shorter than this are laid side by side in a tile.
const SHORT: usize = 64;

/// How operands lie under a result.
#[derive(Clone, Debug)]
pub(crate) struct Under {
    operands: SmallVec<[Lies; 5]>,
    /// For each operand that is repeated: the axes of the result, with its steps.
    repeated: SmallVec<[Axes; 1]>,
    /// What is one stretch in each operand, or one number.
    width: usize,
}

/// How an operand lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// It has as many elements.
    Along,
    /// It is one number.
    Single,
    /// It is repeated, as the axes of this place say.
    Repeated(usize),
}

/// The numbers of an operand.
#[derive(Clone, Copy)]
pub(crate) enum Numbers<'a, F: Float> {
    Real(&'a [F]),
    /// Truth values, which are read as 1 and 0.
    Mask(&'a [bool]),
}

impl<F: Float> Numbers<'_, F> {
    fn get(&self, at: usize) -> F {
        match self {
            Numbers::Real(x) => x[at],
            Numbers::Mask(x) if x[at] => F::one(),
            Numbers::Mask(_) => F::zero(),
        }
    }

    /// Copies as many as there is room for, from a place on.
    fn lay(&self, from: usize, room: &mut [F]) {
        match self {
            Numbers::Real(x) => room.copy_from_slice(&x[from..from + room.len()]),
            Numbers::Mask(_) => room.iter_mut().zip(from..).for_each(|(y, at)| *y = self.get(at)),
        }
    }
}

impl Under {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Under { operands: SmallVec::new(), repeated: SmallVec::new(), width: usize::MAX }
    }

    /// One operand more, under a result of a shape.
    pub(crate) fn push(&mut self, shape: &Shape, operand: &Shape) {
        let lies = if operand == shape || operand.len_elements() == shape.len_elements() {
            Lies::Along
        } else if operand.len_elements() == 1 {
            Lies::Single
        } else {
            let axes = axes(shape, &[operand]);
            self.width = self.width.min(axes.last().map_or(1, |(length, _)| *length));
            self.repeated.push(axes);
            Lies::Repeated(self.repeated.len() - 1)
        };
        self.operands.push(lies);
    }

    /// The number of operands.
    pub(crate) fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether an operand has as many elements as the result.
    pub(crate) fn is_along(&self, operand: usize) -> bool {
        self.operands[operand] == Lies::Along
    }

    /// Whether an operand is one number where the result has more.
    pub(crate) fn is_single(&self, operand: usize) -> bool {
        self.operands[operand] == Lies::Single
    }

    /// How many numbers of the result, from `at` on, are the next tile, of `left` that there are.
    pub(crate) fn tile(&self, at: usize, left: usize) -> usize {
        if self.width < SHORT || self.width == usize::MAX {
            return left.min(TILE);
        }
        // a row is cut into equal tiles
        left.min(self.width.div_ceil(self.width.div_ceil(TILE))).min(self.width - at % self.width)
    }

    /// How many numbers of the result are a part for one thread: whole rows, as far as there are some.
    pub(crate) fn part(&self) -> usize {
        let most = threads::part();
        if self.width < most { most / self.width.max(1) * self.width } else { most }
    }

    /// The numbers of an operand under a tile where they lie: as many, or one for all. Of what does not lie together, none.
    pub(crate) fn there<'a, F: Float>(
        &self,
        operand: usize,
        numbers: Numbers<'a, F>,
        (at, len): (usize, usize),
    ) -> Option<&'a [F]> {
        let Numbers::Real(x) = numbers else { return None };
        match self.operands[operand] {
            Lies::Along => Some(&x[at..at + len]),
            Lies::Single => Some(&x[..1]),
            Lies::Repeated(which) => {
                let axes = &self.repeated[which];
                let (width, [step, ..]) = axes.last()?;
                let from = Place::new(axes, at).from;
                (at % width + len <= *width).then(|| &x[from..from + if *step == 0 { 1 } else { len }])
            }
        }
    }

    /// Lays the numbers of an operand from a place of the result on beside each other.
    pub(crate) fn lay<F: Float>(&self, operand: usize, numbers: Numbers<'_, F>, at: usize, room: &mut [F]) {
        match self.operands[operand] {
            Lies::Along => numbers.lay(at, room),
            Lies::Single => room.fill(numbers.get(0)),
            Lies::Repeated(which) => {
                let mut place = Place::new(&self.repeated[which], at);
                let mut rest = room;
                while !rest.is_empty() {
                    let (row, after) = rest.split_at_mut(place.left().min(rest.len()));
                    if place.step() == 0 {
                        row.fill(numbers.get(place.from))
                    } else {
                        numbers.lay(place.from, row)
                    }
                    place.go_on(row.len());
                    rest = after;
                }
            }
        }
    }
}

/// A place of the result, and where an operand that is repeated is there.
struct Place<'a> {
    axes: &'a Axes,
    /// The position along each axis.
    index: SmallVec<[usize; 4]>,
    from: usize,
}

impl<'a> Place<'a> {
    fn new(axes: &'a Axes, at: usize) -> Self {
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
        let (mut rest, mut from) = (at, 0);
        for (k, (length, steps)) in axes.iter().enumerate().rev() {
            index[k] = rest % length;
            rest /= length;
            from += index[k] * steps[0];
        }
        Place { axes, index, from }
    }

    /// The numbers that are left of the row.
    fn left(&self) -> usize {
        self.axes.last().map_or(1, |(width, _)| width - self.index[self.axes.len() - 1])
    }

    /// The step of the operand along a row.
    fn step(&self) -> usize {
        self.axes.last().map_or(0, |(_, steps)| steps[0])
    }

    /// Goes on by so many numbers of the row, and at its end to the next.
    fn go_on(&mut self, numbers: usize) {
        let mut by = numbers;
        for (k, (length, steps)) in self.axes.iter().enumerate().rev() {
            self.index[k] += by;
            self.from += by * steps[0];
            if self.index[k] < *length {
                return;
            }
            self.from -= steps[0] * length;
            self.index[k] = 0;
            by = 1;
        }
    }
}
