//! Where the fast sweep over scalar nodes hands over: leaves whose gradients are collected, tensor nodes, and what is retained.

use super::part::Part;
use crate::tape::store::Store;
use crate::tensor::float::Float;

/// What stops the fast sweep over scalar nodes: where it must hand over or collect.
pub(super) enum Stop {
    /// Scalar leaves `first..end`.
    Leaves(u32, u32),
    /// A scalar node whose adjoint is kept.
    Retained(u32),
    /// A tensor node.
    Wide(u32),
}

impl Stop {
    pub(super) fn end(&self) -> u32 {
        match self {
            Stop::Leaves(_, end) => *end,
            Stop::Retained(id) | Stop::Wide(id) => id + 1,
        }
    }
}

/// The stops below `end`, in ascending order.
pub(super) fn stops<F: Float>(store: &Store<F>, end: u32) -> Vec<Stop> {
    let leaves = store.leaves.iter().filter(|r| r.start < end).map(|r| Stop::Leaves(r.start, r.end.min(end)));
    // A leaf that is retained is collected with its run.
    let retained = store.retained.iter().filter(|id| **id < end && !store.is_leaf(**id)).map(|id| Stop::Retained(*id));
    let wide = store.wide.iter().take_while(|w| w.id < end).map(|w| Stop::Wide(w.id));
    in_order(leaves.chain(retained).chain(wide).collect())
}

/// The stops among what an output depends on, in ascending order.
pub(super) fn stops_among<F: Float>(store: &Store<F>, part: &Part) -> Vec<Stop> {
    let leaves = part.leaves.iter().rev().map(|r| Stop::Leaves(r.start, r.end));
    let nodes = part.nodes.iter().rev().flat_map(|range| store.retained_in(range).iter());
    let retained = nodes.map(|id| Stop::Retained(*id));
    let wide = part.wide.iter().map(|k| Stop::Wide(store.wide[*k].id));
    in_order(leaves.chain(retained).chain(wide).collect())
}

fn in_order(mut all: Vec<Stop>) -> Vec<Stop> {
    // Merging sorted runs: the standard sort finds them.
    all.sort_by_key(Stop::end);
    all
}
