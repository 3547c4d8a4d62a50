//! Sums of many numbers, from left to right, as one node.

use super::store::{FOLDED, GRADIENT_ONLY, ScalarOp};
use super::{Combination, Scalar, push_many, push_run};
use crate::error::Error;
use crate::float::Float;

/// A sum on its way to the tape.
///
/// A loop hands every number to [`add`](Self::add) and keeps two things in registers: the value so far, and the place
/// that would go on with a run of nodes equally far apart. Most sums are such a run, of which only the ends are kept. The
/// loop calls its iterator in one place, so that what makes the numbers is compiled into it.
pub(crate) struct Summation<F: Float> {
    /// Of the first number that is no constant; 0 until then.
    key: u32,
    /// The tag of numbers that [`add`](Self::add) takes at once though they are no nodes.
    folded: u32,
    /// How far apart the places of the run are.
    step: u64,
    /// The run of nodes; on a gradient-only tape also what does not go on with it.
    parts: Combination<F>,
    /// On a full tape, if the numbers are no run: ids with their derivatives, or 0 with a constant.
    list: Vec<(u32, F)>,
    first: [Scalar<F>; 2],
    /// How many numbers there are; from 2 on, those that go on with the run are not counted.
    count: usize,
}

/// A place at which no number is, and a tag that none has.
const NOWHERE: u64 = GRADIENT_ONLY as u64;
const NO_TAG: u32 = GRADIENT_ONLY;

impl<F: Float> Summation<F> {
    /// The sum of the numbers of an iterator.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn of(numbers: impl Iterator<Item = Scalar<F>>, op: &'static ScalarOp) -> Scalar<F> {
        let mut sum = Summation {
            key: 0,
            folded: NO_TAG,
            step: 0,
            parts: Combination::new(0),
            list: Vec::new(),
            first: [Scalar::default(); 2],
            count: 0,
        };
        // −0 + x is x, also where x is −0.
        let start = (-F::zero(), NOWHERE);
        let (value, next) = numbers.fold(start, |(value, next), x| (value + x.value(), sum.add(next, &x)));
        sum.finish(next, value, op)
    }

    /// Adds a number. `next` is the place that goes on with the run; so is what is returned.
    #[inline(always)]
    #[track_caller]
    fn add(&mut self, next: u64, x: &Scalar<F>) -> u64 {
        if x.place() == next {
            return next + self.step;
        }
        if x.tag() == self.folded {
            self.count = 3;
            self.parts.add_parent(x.id(), x.slope());
            return next;
        }
        // A copy, so that the number itself needs no place in memory.
        let x = *x;
        self.add_rarely(next, &x)
    }

    #[inline(never)]
    #[track_caller]
    fn add_rarely(&mut self, next: u64, x: &Scalar<F>) -> u64 {
        self.keep_run(next);
        if self.count < 2 {
            self.first[self.count] = *x;
        }
        self.count += 1;
        if self.key == 0 && x.tag() != 0 {
            self.key = x.key();
            self.parts = Combination::new(self.key);
        }
        if x.tag() != 0 && x.key() != self.key {
            Error::ForeignTape.raise()
        }
        if self.key & GRADIENT_ONLY != 0 {
            match x.tag() {
                0 => {}
                tag if tag & FOLDED != 0 => self.parts.add_parent(x.id(), x.slope()),
                _ => self.parts.add_node(x.id()),
            }
            if self.count >= 2 {
                self.folded = self.key | FOLDED;
            }
        } else if x.tag() == 0 || !self.list.is_empty() || !self.parts.nodes().extend(x.id()) {
            if self.list.is_empty() {
                self.list.extend(self.parts.nodes().ids().map(|id| (id, F::one())));
            }
            self.list.push(if x.tag() == 0 { (0, x.value()) } else { (x.id(), F::one()) });
            return NOWHERE;
        }
        match self.parts.nodes().goes_on() {
            Some((next, step)) => {
                self.step = u64::from(step) << 32;
                Scalar::node(self.key, next, F::zero()).place()
            }
            None => NOWHERE,
        }
    }

    /// Notes how far the run has gone. Returns whether that is news.
    fn keep_run(&mut self, next: u64) -> bool {
        next != NOWHERE && self.parts.nodes().go_on_to((next >> 32) as u32)
    }

    #[inline(never)]
    #[track_caller]
    fn finish(mut self, next: u64, value: F, op: &'static ScalarOp) -> Scalar<F> {
        let gone_on = self.keep_run(next);
        let [a, b] = self.first;
        match self.count {
            0 => return Scalar::default(),
            1 => return a,
            2 if !gone_on => return a + b,
            _ => {}
        }
        if self.key == 0 {
            return Scalar::constant(value);
        }
        if self.key & GRADIENT_ONLY != 0 {
            return self.parts.finish(value);
        }
        match self.parts.nodes().bounds() {
            Some(run) if self.list.is_empty() => push_run(self.key, run, value, op),
            _ => push_many(self.key, &self.list, value, op),
        }
    }
}
