//! What an output depends on, found without looking at the rest of the tape.
//!
//! A sweep over all that was recorded before the output is the fastest way to gradients where the output depends on most of
//! it, as it does on a tape that is cleared between steps. On a tape that is never cleared it would look at every step for
//! each. So the second and later sweeps of a tape first try to find what the output depends on, newest first, and give up
//! where that is no small part of the tape.

use std::collections::BinaryHeap;
use std::ops::Range;

use crate::error::Error;
use crate::kernels::slopes::{Parents, Place};
use crate::rule::op::Op;
use crate::tape::store::{self, CONSTANT, Origin, Store};
use crate::tensor::float::Float;

/// What an output depends on through differentiable arguments, if it is a small part of the tape.
pub(crate) struct Part {
    /// The output and what it depends on, in descending order.
    pub(crate) ids: Vec<u32>,
    /// The scalar nodes among them that are no leaves, as ranges in descending order.
    pub(crate) nodes: Vec<Range<u32>>,
    /// The scalar leaves among them, as ranges in descending order.
    pub(crate) leaves: Vec<Range<u32>>,
    /// The tensor nodes among them, by their positions, in ascending order.
    pub(crate) wide: Vec<usize>,
}

/// What the node `root` depends on, if no more than `budget` nodes are looked at to find it.
pub(crate) fn of_few<F: Float>(key: u32, root: u32, budget: usize) -> Result<Option<Part>, Error> {
    let mut search = Search { pending: BinaryHeap::from([root]), ids: Vec::new(), looked: 0, budget };
    let mut place = store::with_store(key, |store: &mut Store<F>| store.last_place(false))?;
    // Whether an operation has a derivative is asked of it when the store is not borrowed.
    while let Some(id) = store::with_store(key, |store: &mut Store<F>| search.scalars(store, &mut place))? {
        let (origin, parents) = store::with_store(key, |store: &mut Store<F>| {
            store.wide(id).filter(|w| w.active).map(|w| (w.origin.clone(), w.parents.clone()))
        })?
        .unwrap_or_else(|| (Origin::Input, Default::default()));
        for (k, parent) in parents.iter().enumerate().filter(|(_, p)| **p & CONSTANT == 0) {
            if !matches!(&origin, Origin::Op(op) if !op.active(k)) {
                search.pending.push(*parent);
            }
        }
    }
    store::with_store(key, |store: &mut Store<F>| {
        store.note_looked(search.looked as u64);
        match search.is_over() {
            true => {
                store.search_no_more(root + 1);
                None
            }
            false => Some(Part::new(store, search.ids)),
        }
    })
}

/// A search on its way.
struct Search {
    /// Nodes that were not looked at, some of them several times. The greatest comes first, so that equal ones follow each
    /// other.
    pending: BinaryHeap<u32>,
    ids: Vec<u32>,
    looked: usize,
    budget: usize,
}

impl Search {
    /// Whether more was looked at than it is worth.
    fn is_over(&self) -> bool {
        self.looked + self.pending.len() > self.budget
    }

    /// Goes on to the next tensor node, which is returned, or to the end.
    fn scalars<F: Float>(&mut self, store: &Store<F>, place: &mut Place) -> Option<u32> {
        while !self.is_over() {
            let id = self.pending.pop()?;
            if id == 0 || self.ids.last() == Some(&id) {
                continue;
            }
            self.ids.push(id);
            self.looked += 1;
            if store.wide_position(id).is_some() {
                return Some(id);
            }
            let parents = store.parents_back(id, place, &mut self.looked);
            if let Parents::Run { first, step, last } = parents
                && ((last - first) / step.max(1)) as usize > self.budget
            {
                self.looked = self.budget + 1;
                return None;
            }
            parents.for_each(|p| self.pending.push(p));
        }
        None
    }
}

impl Part {
    /// Nodes in descending order, by what they are.
    fn new<F: Float>(store: &Store<F>, ids: Vec<u32>) -> Self {
        let mut part = Part { ids: Vec::new(), nodes: Vec::new(), leaves: Vec::new(), wide: Vec::new() };
        for id in &ids {
            match store.wide_position(*id) {
                Some(position) => part.wide.push(position),
                None if store.is_leaf(*id) => add_below(&mut part.leaves, *id),
                None => add_below(&mut part.nodes, *id),
            }
        }
        part.wide.reverse();
        part.ids = ids;
        part
    }

    /// Whether a node is in it.
    pub(crate) fn contains(&self, id: u32) -> bool {
        self.ids.binary_search_by(|other| id.cmp(other)).is_ok()
    }

    /// Calls `f` with the ranges of scalar nodes from `first` to before `end`, in descending order.
    pub(crate) fn nodes_between(&self, first: u32, end: u32, mut f: impl FnMut(u32, u32)) {
        let begin = self.nodes.partition_point(|range| range.start >= end);
        for range in self.nodes[begin..].iter().take_while(|range| range.end > first) {
            f(range.start.max(first), range.end.min(end));
        }
    }
}

/// Adds an id to ranges, all of which are greater.
fn add_below(ranges: &mut Vec<Range<u32>>, id: u32) {
    match ranges.last_mut() {
        Some(range) if range.start == id + 1 => range.start = id,
        _ => ranges.push(id..id + 1),
    }
}
