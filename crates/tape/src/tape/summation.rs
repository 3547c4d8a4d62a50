//! Sums of many numbers, from left to right and in `f64`, as one node.

use super::rarely::rarely;
use super::store::{self, FOLDED, GRADIENT_ONLY, ScalarOp};
use super::{Combination, Scalar, add_two, push_many, push_run};
use crate::error::Error;
use crate::tensor::float::Float;

/// A sum on its way to the tape.
///
/// A loop hands every number to [`add`](Self::add) and keeps in a register the place that would go on with a run of nodes
/// equally far apart. Most sums are such a run, of which only the ends are kept. It is expected to begin with the next
/// number that the gradient-only tape in use records.
///
/// The loop calls its iterator in one place, so that what makes the numbers is compiled into it.
pub(crate) struct Summation<F: Float> {
    /// The tag of numbers that [`add`](Self::add) takes at once though they are no nodes.
    folded: u32,
    /// Whether there were no other nodes than the run that was expected, and no constants.
    is_as_expected: bool,
    /// Whether there were constants.
    constants: bool,
    /// How far apart the places of the run are.
    step: u64,
    /// The run of nodes; on a gradient-only tape also what does not go on with it.
    parts: Combination<F>,
    /// On a full tape, if the numbers are no run: ids with their derivatives, or 0 with a constant.
    list: Vec<(u32, F)>,
}

/// A place at which no number is, and a tag that none has.
const NOWHERE: u64 = (NO_TAG as u64) << 32;
const NO_TAG: u32 = GRADIENT_ONLY;

impl<F: Float> Summation<F> {
    /// The sum of the numbers of an iterator: one of them, an addition, or `op`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn of(numbers: impl Iterator<Item = Scalar<F>>, op: &'static ScalarOp) -> Scalar<F> {
        let next = store::next_place_of_slopes::<F>();
        #[cfg(debug_assertions)]
        return F::record_sum(next, &Vec::from_iter(numbers), op);
        #[cfg(not(debug_assertions))]
        Self::of_here(next, numbers, op)
    }

    /// [`of`](Self::of), where the next number that is recorded is at `next`.
    #[inline(always)]
    #[track_caller]
    pub(super) fn of_here(next: u64, numbers: impl Iterator<Item = Scalar<F>>, op: &'static ScalarOp) -> Scalar<F> {
        let key = (next >> 32) as u32;
        let mut sum = Summation {
            folded: key | FOLDED,
            is_as_expected: true,
            constants: false,
            step: 1,
            parts: Combination::expecting(key, next as u32),
            list: Vec::new(),
        };
        // −0 + x is x, also where x is −0. In f64, which costs one instruction in f32 and keeps the digits of many numbers.
        let (end, value) = numbers.fold((next, -0.0), |(next, value), x| {
            let value = value + x.value().to_f64();
            if x.place() == next {
                return (next + sum.step, value);
            }
            (sum.add(next, &x), value)
        });
        let value = F::from_f64(value);
        // Most sums are of nodes that were just recorded, one after the other, and of nothing else.
        if sum.is_as_expected
            && end > next + 1
            && sum.parts.is_one_run()
            && let Some(place) = store::try_push_run::<F>(key, next as u32, 1, end as u32 - 1)
        {
            return Scalar::at(place, value, F::one());
        }
        sum.finish(end, value, op)
    }

    /// Notes what a number depends on that is not at `next`, the place that goes on with the run; so is what is returned.
    #[inline(always)]
    #[track_caller]
    fn add(&mut self, next: u64, x: &Scalar<F>) -> u64 {
        if x.tag() == self.folded {
            self.parts.add_parent(x.id(), x.slope());
            return next;
        }
        let mut next = next;
        if let Some(e) = add_rarely(self, &mut next, x.place(), x.value(), x.slope()) {
            e.raise_boxed()
        }
        next
    }

    /// [`add`](Self::add), whatever the number is.
    fn add_any(&mut self, next: u64, x: Scalar<F>) -> Result<u64, Error> {
        self.is_as_expected = false;
        self.keep_run(next);
        self.constants |= x.tag() == 0;
        if x.tag() != 0 && x.key() != self.parts.key() {
            if self.has_nodes() {
                return Err(Error::ForeignTape);
            }
            self.parts = Combination::new(x.key());
            self.folded = if x.is_folding() { x.key() | FOLDED } else { NO_TAG };
        }
        if self.is_folding() && (x.tag() != 0 || self.has_nodes()) {
            match x.tag() {
                0 => {}
                tag if tag == self.folded => self.parts.add_any_parent(x.id(), x.slope())?,
                _ => self.parts.add_node(x.id())?,
            }
        } else if x.tag() == 0 || !self.list.is_empty() || !self.parts.nodes().goes_on_with(x.id()) {
            if self.list.is_empty() {
                self.list.extend(self.parts.nodes().ids().map(|id| (id, F::one())));
            }
            self.list.push(if x.tag() == 0 { (0, x.value()) } else { (x.id(), F::one()) });
            return Ok(NOWHERE);
        }
        let (next, step) = self.parts.nodes().goes_on();
        if step == 0 {
            return Ok(NOWHERE);
        }
        self.step = u64::from(step);
        Ok(store::place(self.parts.key(), next))
    }

    /// Notes how far the run has gone.
    fn keep_run(&mut self, next: u64) {
        if next != NOWHERE {
            self.parts.nodes().go_on_to(next as u32);
        }
    }

    /// Whether the tape is known to be gradient-only.
    fn is_folding(&self) -> bool {
        self.folded & !FOLDED != NO_TAG
    }

    /// Whether there is a number that is no constant.
    fn has_nodes(&self) -> bool {
        !self.parts.is_empty() || self.list.iter().any(|(id, _)| *id != 0)
    }

    // Not by value: what was just written in pieces would be moved as vectors, which wait for the pieces.
    #[inline(never)]
    #[track_caller]
    fn finish(&mut self, next: u64, value: F, op: &'static ScalarOp) -> Scalar<F> {
        self.keep_run(next);
        if !self.has_nodes() {
            // An empty sum is 0, and not −0.
            return Scalar::constant(if self.constants { value } else { F::zero() });
        }
        if self.is_folding() {
            return self.parts.finish(value, self.constants);
        }
        let key = self.parts.key();
        let arguments = &self.list[..];
        match (arguments, self.parts.nodes().bounds()) {
            ([a, b], _) => add_two(key, *a, *b, value),
            ([], (first, _, last)) if first == last => Scalar::node(key, first, value),
            ([], (first, step, last)) if first + step == last => {
                add_two(key, (first, F::one()), (last, F::one()), value)
            }
            ([], run) => push_run(key, run, value, op),
            _ => push_many(key, arguments, value, op),
        }
    }
}

rarely! {
    /// [`Summation::add_any`]. Is given the number in pieces, which stay in registers.
    extern fn add_rarely<F: Float>(
        sum: &mut Summation<F>, next: &mut u64, place: u64, value: F, slope: F,
    ) -> Option<Box<Error>> {
        match sum.add_any(*next, Scalar::at(place, value, slope)) {
            Ok(then) => { *next = then; None }
            Err(e) => Some(Box::new(e)),
        }
    }
}
