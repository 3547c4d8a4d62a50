//! Sums of gradients.

use std::collections::BTreeSet;
use std::panic::Location;

use super::Gradients;
use crate::error::{Error, Line};
use crate::rule::param::ParamId;
use crate::tape::node_map::NodeMap;
use crate::tape::store::CONSTANT;
use crate::tensor::float::Float;

impl<F: Float> Gradients<F> {
    /// Adds other gradients: of the same tape by leaf, of another tape (the next part of a batch) by parameter.
    ///
    /// Of one tape, the sum is the gradient of the sum of both outputs: also of what was recorded between them. An
    /// intermediate has one if it was retained before both sweeps.
    ///
    /// # Errors
    /// [`Error::ForeignTape`] for gradients of another tape by leaves that are no parameters: which belongs to which is
    /// not known.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let w = Param::new(Tensor::from([1.0, 2.0]));
    /// let part = |x: Tensor| {
    ///     let tape = Tape::new();
    ///     let x = tape.input(x);
    ///     (x.lift(&w) * x).sum().backward()
    /// };
    /// let mut sum = part(Tensor::from([1.0, 0.0]));
    /// sum.accumulate(&part(Tensor::from([3.0, 4.0])))?;
    /// assert_eq!(sum.param(&w)?.data(), [4.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn accumulate(&mut self, other: &Gradients<F>) -> Result<(), Error> {
        let known: NodeMap<ParamId> = other.params.iter().map(|(p, id)| (*id, *p)).collect();
        let own = self.key == other.key;
        let unknown = |id: u32| other.leaves.contains(id) && !known.contains(id);
        if !own && (!other.scalars.is_empty() || other.tensors.ids().into_iter().any(unknown)) {
            return Err(Error::ForeignTape);
        }
        let unanswered = if own { self.unanswered(other) } else { BTreeSet::new() };
        if own {
            self.accumulate_nodes(other, &unanswered);
        }
        for (id, g) in other.tensors.iter() {
            let place = match known.get(id) {
                _ if own && !other.is_foreign(id) => id,
                Some(param) => self.place_of(*param, other.leaves.get(id).copied()),
                None => continue,
            };
            match self.tensors.get_mut(place) {
                Some(sum) => *sum += g,
                None => self.tensors.insert(place, g.clone()),
            }
        }
        for id in unanswered {
            self.tensors.take(id);
            self.kept.take(id);
        }
        if own {
            self.root = self.root.max(other.root);
        }
        Ok(())
    }

    /// Where the gradient of a parameter stands, which may be one of another tape.
    fn place_of(&mut self, param: ParamId, leaf: Option<(Line, bool)>) -> u32 {
        // Where the output depends on two values of it, the sum has no gradient by it, as this has none.
        if let Some(id) = self.leaves_of(param).max_by_key(|id| self.tensors.contains(*id)) {
            return id;
        }
        // An id that no node has: nodes are numbered from below.
        let free = (0..CONSTANT).rev().find(|id| !self.leaves.contains(*id)).unwrap_or_default();
        let at = self.params.partition_point(|(p, _)| *p < param);
        self.params.insert(at, (param, free));
        self.leaves.insert(free, leaf.unwrap_or((Location::caller(), false)));
        free
    }

    /// Whether this is no node of their tape, but the place of a parameter of another.
    fn is_foreign(&self, id: u32) -> bool {
        id > self.root && self.leaves.contains(id)
    }

    /// Whether these gradients have one for this node of their tape, or would have if the output depended on it: of a node
    /// that was not retained when they were found, nothing is known.
    fn answers(&self, id: u32) -> bool {
        let found = self.tensors.contains(id) || self.kept.contains(id) || self.unreached.binary_search(&id).is_ok();
        found || self.all || self.is_beside(id) || self.leaves.contains(id) || self.leaf_place(id).is_some()
    }

    /// The nodes of which only one of two gradients of a tape knows something.
    fn unanswered(&self, other: &Gradients<F>) -> BTreeSet<u32> {
        let of = |g: &Gradients<F>| [g.tensors.ids(), g.kept.ids(), g.unreached.clone()].concat();
        let all = of(self).into_iter().chain(of(other));
        all.filter(|id| !self.answers(*id) || !other.answers(*id)).collect()
    }

    /// Adds the gradients of numbers, of another output of the same tape, and takes over its leaves.
    fn accumulate_nodes(&mut self, other: &Gradients<F>, unanswered: &BTreeSet<u32>) {
        let runs = self.runs.iter().chain(&other.runs);
        let mut ids: Vec<u32> = runs.flat_map(|(first, len, _)| *first..first + len).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        let sum = |id: &u32| match (self.scalar(*id), other.scalar(*id)) {
            (Some(a), Some(b)) => Some(*a + *b),
            (a, b) => a.or(b).copied(),
        };
        let sums: Vec<Option<F>> = ids.iter().map(sum).collect();
        let has = |g: &Gradients<F>, id: u32| g.scalar(id).is_some() || g.tensors.contains(id);
        let unreached: BTreeSet<u32> = self.unreached.iter().chain(&other.unreached).copied().collect();
        let unreached = unreached.difference(unanswered).copied();
        self.unreached = unreached.filter(|id| !has(self, *id) && !has(other, *id)).collect();
        self.direct = 0;
        self.scalars = sums.iter().map(|g| g.unwrap_or_else(F::zero)).collect();
        self.runs = ids.iter().enumerate().map(|(at, id)| (*id, 1, at)).collect();
        for (id, g) in other.kept.iter() {
            *self.kept.get_or_insert_with(id, F::zero) += *g;
        }
        for (id, leaf) in other.leaves.iter().filter(|(id, _)| !other.is_foreign(*id)) {
            self.leaves.get_or_insert_with(id, || *leaf);
        }
        self.params.extend(other.params.iter().filter(|(_, id)| !other.is_foreign(*id)));
        self.params.sort_unstable();
        self.params.dedup();
        self.all &= other.all;
        // What one of both did not go to is known to be beside it.
        self.swept_to = self.swept_to.max(other.swept_to);
        self.reached.extend(&other.reached);
        self.reached.retain(|id| *id > self.swept_to);
        self.reached.sort_unstable_by(|a, b| b.cmp(a));
        self.reached.dedup();
    }
}
