//! Sums of many numbers on a gradient-only tape, in as few records as they take.

use super::Scalar;
use super::rarely::rarely;
use super::slope::{are_finite, times};
use super::store;
use crate::error::{Error, OrRaise};
use crate::tensor::float::Float;

/// A number on its way to the tape: what it depends on, and by which slopes.
///
/// Numbers that are nodes, whose ids stand equally far apart, are one run and take no record until the end. Others take
/// a record for two of them, and those records are a run again.
pub(crate) struct Combination<F> {
    key: u32,
    /// A parent that waits for a second one to share a record; 0 for none.
    waiting: (u32, F),
    nodes: Run,
    pairs: Run,
}

impl<F: Float> Combination<F> {
    #[inline]
    pub(crate) fn new(key: u32) -> Self {
        Combination { key, waiting: (0, F::zero()), nodes: Run::EMPTY, pairs: Run::EMPTY }
    }

    /// The run of nodes.
    pub(crate) fn nodes(&mut self) -> &mut Run {
        &mut self.nodes
    }

    /// An empty combination, expected to begin with the node `id`; 0 if nothing is.
    #[inline(always)]
    pub(crate) fn expecting(key: u32, id: u32) -> Self {
        let nodes = Run { first: id, step: u32::from(id != 0), next: id };
        Combination { key, waiting: (0, F::zero()), nodes, pairs: Run::EMPTY }
    }

    /// Whether there are no numbers but those that are nodes.
    #[inline(always)]
    pub(crate) fn is_one_run(&self) -> bool {
        self.waiting.0 == 0 && self.pairs.first == 0
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.0 == 0 && self.nodes.first == 0 && self.pairs.first == 0
    }

    /// The key of the tape.
    pub(crate) fn key(&self) -> u32 {
        self.key
    }

    /// The number, whose value is `value`. If a constant is in it, it is not one of the numbers that were added.
    #[inline]
    #[track_caller]
    pub(crate) fn finish(&self, value: F, constants: bool) -> Scalar<F> {
        let (first, step, last) = match (self.waiting.0, self.nodes.first, self.pairs.first) {
            (0, 1.., 0) => self.nodes.bounds(),
            (0, 0, 1..) => self.pairs.bounds(),
            _ => return self.finish_mixed(value).or_raise(),
        };
        if first == last {
            // A pair was recorded for this sum alone.
            let same = !constants || self.nodes.first == 0;
            return if same {
                Scalar::node(self.key, first, value)
            } else {
                Scalar::folded(self.key, first, value, F::one())
            };
        }
        let id = store::push_run::<F>(self.key, first, step, last).or_raise();
        Scalar::node(self.key, id, value)
    }

    /// Adds `slope` times a number of this tape.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn add(&mut self, x: &Scalar<F>, slope: F) {
        self.add_parent(x.id(), times(x.slope(), slope));
    }

    /// Adds `s` times one number of this tape and `t` times another.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn add_two(&mut self, (a, s): (&Scalar<F>, F), (b, t): (&Scalar<F>, F)) {
        let (p, q) = ((a.id(), times(a.slope(), s)), (b.id(), times(b.slope(), t)));
        if p.0 == q.0 {
            return self.add_parent(p.0, p.1 + q.1);
        }
        self.add_pair(p, q);
    }

    /// Adds a record of two parents.
    #[inline(always)]
    #[track_caller]
    fn add_pair(&mut self, p: (u32, F), q: (u32, F)) {
        let finite = are_finite(p.1, q.1);
        let place = if finite { store::try_push_pair(self.key, p, q) } else { None };
        if let Some(place) = place
            && self.pairs.extend(place as u32)
        {
            return;
        }
        if let Some(e) = add_pair_rarely(self, place.unwrap_or(0) as u32, p.0, p.1, q.0, q.1) {
            e.raise_boxed()
        }
    }

    /// [`add_pair`](Self::add_pair), where `id` is 0 if there is no record yet.
    fn add_any_pair(&mut self, id: u32, p: (u32, F), q: (u32, F)) -> Result<(), Error> {
        let id = if id == 0 { store::push_pair(self.key, p, q)? } else { id };
        if !self.pairs.goes_on_with(id) {
            let run = std::mem::replace(&mut self.pairs, Run::of(id));
            self.add_run(&run)?;
        }
        Ok(())
    }

    /// Adds a node of this tape.
    pub(crate) fn add_node(&mut self, id: u32) -> Result<(), Error> {
        if !self.nodes.goes_on_with(id) {
            let run = std::mem::replace(&mut self.nodes, Run::of(id));
            self.add_run(&run)?;
        }
        Ok(())
    }

    /// Adds `slope` times a node of this tape.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn add_parent(&mut self, parent: u32, slope: F) {
        let other = self.waiting.0;
        if other == 0 {
            self.waiting = (parent, slope);
            return;
        }
        let by = self.waiting.1;
        if other == parent {
            self.waiting.1 = by + slope;
        } else {
            self.waiting.0 = 0;
            self.add_pair((other, by), (parent, slope));
        }
    }

    /// [`add_parent`](Self::add_parent), with errors returned.
    pub(crate) fn add_any_parent(&mut self, parent: u32, slope: F) -> Result<(), Error> {
        let (other, by) = self.waiting;
        match other {
            0 => self.waiting = (parent, slope),
            _ if other == parent => self.waiting.1 = by + slope,
            _ => {
                self.waiting.0 = 0;
                self.add_any_pair(0, (other, by), (parent, slope))?;
            }
        }
        Ok(())
    }

    /// Adds a product of two numbers of this tape, or of one and a plain number.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn add_product(&mut self, a: &Scalar<F>, b: &Scalar<F>) {
        if a.tag() == 0 || b.tag() == 0 {
            let (x, c) = if a.tag() == 0 { (b, a) } else { (a, b) };
            return if x.tag() != 0 {
                self.add(x, c.value())
            };
        }
        self.add_two((a, b.value()), (b, a.value()));
    }

    /// Records what came before as one number.
    fn add_run(&mut self, run: &Run) -> Result<(), Error> {
        match run.finish::<F>(self.key)? {
            Some(sum) => self.add_any_parent(sum, F::one()),
            None => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    fn finish_mixed(&self, value: F) -> Result<Scalar<F>, Error> {
        let key = self.key;
        let (nodes, pairs) = (self.nodes.finish::<F>(key)?, self.pairs.finish::<F>(key)?);
        let waiting = (self.waiting.0 != 0).then(|| Scalar::folded(key, self.waiting.0, value, self.waiting.1));
        let one = |id: u32| Scalar::folded(key, id, value, F::one());
        let parts = [nodes.map(one), pairs.map(one), waiting].into_iter().flatten();
        let mut sum: Option<Scalar<F>> = None;
        for part in parts {
            sum = Some(match sum.map(|sum| ((sum.id(), sum.slope()), (part.id(), part.slope()))) {
                None => part,
                Some((p, q)) if p.0 == q.0 => Scalar::folded(key, p.0, value, p.1 + q.1),
                Some((p, q)) => Scalar::node(key, store::push_pair(key, p, q)?, value),
            });
        }
        Ok(sum.unwrap_or(Scalar::constant(value)))
    }
}

rarely! {
    /// [`Combination::add_any_pair`], in pieces.
    extern fn add_pair_rarely<F: Float>(
        sum: &mut Combination<F>, id: u32, p: u32, s: F, q: u32, t: F,
    ) -> Option<Box<Error>> {
        sum.add_any_pair(id, (p, s), (q, t)).err().map(Box::new)
    }
}

/// Ids that stand equally far apart.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// 0 while there is none.
    first: u32,
    /// While there is only one id, the next is expected beside it.
    step: u32,
    /// The id that would go on.
    next: u32,
}

/// A step that is stored exactly in a float of 32 bits.
const LARGEST_STEP: u32 = 1 << 20;

impl Run {
    const EMPTY: Run = Run { first: 0, step: 0, next: 0 };

    fn of(id: u32) -> Run {
        Run { first: id, step: 1, next: id + 1 }
    }

    /// Adds an id if it goes on; else says no.
    #[inline(always)]
    fn extend(&mut self, id: u32) -> bool {
        if id == self.next {
            self.next = id + self.step;
            return true;
        }
        if self.first == 0 {
            *self = Run::of(id);
            return true;
        }
        false
    }

    /// Adds an id if it goes on, or is the second; else says no.
    pub(crate) fn goes_on_with(&mut self, id: u32) -> bool {
        self.extend(id) || self.begin(id)
    }

    /// Adds an id if it is the second, which says how far apart they are; else says no.
    fn begin(&mut self, id: u32) -> bool {
        let single = self.next == self.first + self.step;
        if single && id > self.first && id - self.first < LARGEST_STEP {
            self.step = id - self.first;
            self.next = id + self.step;
            return true;
        }
        false
    }

    /// The id that would go on, and the step; zeros while there is none.
    pub(crate) fn goes_on(&self) -> (u32, u32) {
        (self.next, self.step)
    }

    /// Says which id would go on now; if it is the first, there is none after all.
    pub(crate) fn go_on_to(&mut self, next: u32) {
        match next == self.first {
            true => *self = Run::EMPTY,
            false => self.next = next,
        }
    }

    /// The first id, the step, the last; zeros if there is none.
    pub(crate) fn bounds(&self) -> (u32, u32, u32) {
        (self.first, self.step, self.next - self.step)
    }

    /// The ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        let (first, step, last) = self.bounds();
        (first..=last).step_by(step.max(1) as usize).filter(|id| *id != 0)
    }

    /// The id of their sum, if there are any.
    fn finish<F: Float>(&self, key: u32) -> Result<Option<u32>, Error> {
        let (first, step, last) = self.bounds();
        match first {
            0 => Ok(None),
            _ if first == last => Ok(Some(first)),
            _ => store::push_run::<F>(key, first, step, last).map(Some),
        }
    }
}
