//! Sums of many numbers on a gradient-only tape, in as few records as they take.

use super::Scalar;
use super::scalar::times;
use super::store;
use crate::float::Float;

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

    /// The number, whose value is `value`.
    #[inline]
    #[track_caller]
    pub(crate) fn finish(self, value: F) -> Scalar<F> {
        let (nodes, pairs) = (self.nodes.bounds(), self.pairs.bounds());
        let only = match (self.waiting.0, self.nodes.first, self.pairs.first) {
            (0, _, 0) => nodes,
            (0, 0, _) => pairs,
            _ => None,
        };
        match only {
            Some((first, step, last)) if first + step < last => {
                Scalar::node(self.key, store::push_run::<F>(self.key, first, step, last), value)
            }
            _ => self.finish_mixed(value),
        }
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
        let pair = pair(self.key, p, q);
        if !self.pairs.extend(pair) {
            self.break_pairs(pair);
        }
    }

    /// Adds a node of this tape.
    #[track_caller]
    pub(crate) fn add_node(&mut self, id: u32) {
        if !self.nodes.extend(id) {
            self.break_nodes(id);
        }
    }

    /// Adds `slope` times a node of this tape.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn add_parent(&mut self, parent: u32, slope: F) {
        let (other, by) = self.waiting;
        if other == parent {
            self.waiting.1 = by + slope;
        } else if other == 0 {
            self.waiting = (parent, slope);
        } else {
            let pair = pair(self.key, (other, by), (parent, slope));
            self.waiting.0 = 0;
            if !self.pairs.extend(pair) {
                self.break_pairs(pair);
            }
        }
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

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn break_nodes(&mut self, id: u32) {
        let run = std::mem::replace(&mut self.nodes, Run::of(id));
        self.add_run(&run);
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn break_pairs(&mut self, id: u32) {
        let run = std::mem::replace(&mut self.pairs, Run::of(id));
        self.add_run(&run);
    }

    /// Records what came before as one number.
    #[track_caller]
    fn add_run(&mut self, run: &Run) {
        if let Some(sum) = run.finish(self.key, F::zero()) {
            self.add_parent(sum.id(), F::one());
        }
    }

    #[inline(never)]
    #[track_caller]
    fn finish_mixed(self, value: F) -> Scalar<F> {
        let key = self.key;
        let (nodes, pairs) = (self.nodes.finish(key, value), self.pairs.finish(key, value));
        let waiting = (self.waiting.0 != 0).then(|| Scalar::folded(key, self.waiting.0, value, self.waiting.1));
        let parts = [nodes, pairs, waiting].into_iter().flatten();
        let sum = parts.reduce(|a, b| {
            let ((p, s), (q, t)) = ((a.id(), a.slope()), (b.id(), b.slope()));
            if p == q {
                return Scalar::folded(key, p, value, s + t);
            }
            Scalar::node(key, store::push_pair(key, (p, s), (q, t)), value)
        });
        sum.unwrap_or(Scalar::constant(value))
    }
}

/// Records two parents as one number.
#[inline(always)]
#[track_caller]
fn pair<F: Float>(key: u32, p: (u32, F), q: (u32, F)) -> u32 {
    if num_traits::Float::is_finite(p.1 + q.1)
        && let Some(id) = store::try_push_pair(key, p, q)
    {
        return id;
    }
    store::push_pair(key, p, q)
}

/// Ids that stand equally far apart.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    first: u32,
    /// 0 while there are fewer than two ids.
    step: u32,
    /// The id that would go on; 0 while that is open.
    next: u32,
}

/// A step that is stored exactly in a float of 32 bits.
const LARGEST_STEP: u32 = 1 << 20;

impl Run {
    pub(crate) const EMPTY: Run = Run { first: 0, step: 0, next: 0 };

    fn of(id: u32) -> Run {
        Run { first: id, step: 0, next: 0 }
    }

    /// Adds an id if it goes on; else says no.
    #[inline(always)]
    pub(crate) fn extend(&mut self, id: u32) -> bool {
        if id == self.next {
            self.next = id + self.step;
            return true;
        }
        self.begin(id)
    }

    #[inline(never)]
    fn begin(&mut self, id: u32) -> bool {
        if self.first == 0 {
            self.first = id;
        } else if self.step == 0 && id > self.first && id - self.first < LARGEST_STEP {
            self.step = id - self.first;
            self.next = id + self.step;
        } else {
            return false;
        }
        true
    }

    /// The id that would go on, and the step; `None` while that is open.
    pub(crate) fn goes_on(&self) -> Option<(u32, u32)> {
        (self.step > 0).then_some((self.next, self.step))
    }

    /// Says which id would go on now. Returns whether that is news.
    pub(crate) fn go_on_to(&mut self, next: u32) -> bool {
        std::mem::replace(&mut self.next, next) != next
    }

    /// The first id, the step, the last; `None` for fewer than two.
    pub(crate) fn bounds(&self) -> Option<(u32, u32, u32)> {
        (self.step > 0).then(|| (self.first, self.step, self.next - self.step))
    }

    /// The ids.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        let (first, step, last) = self.bounds().unwrap_or((self.first, 1, self.first));
        (first..=last).step_by(step as usize).filter(|id| *id != 0)
    }

    /// The number that is their sum and has the value `value`, if there are any.
    #[track_caller]
    fn finish<F: Float>(&self, key: u32, value: F) -> Option<Scalar<F>> {
        match self.bounds() {
            None if self.first == 0 => None,
            // A node that is the only one is not this number: a constant may have been added.
            None => Some(Scalar::folded(key, self.first, value, F::one())),
            Some((first, step, last)) if first + step == last => {
                let id = store::push_pair(key, (first, F::one()), (last, F::one()));
                Some(Scalar::node(key, id, value))
            }
            Some((first, step, last)) => Some(Scalar::node(key, store::push_run::<F>(key, first, step, last), value)),
        }
    }
}
