//! A graph with nodes put together: the boxes, in an order in which arrows lead forward.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use wengert_tape::Float;

use super::{Fold, Folded, Sources};
use crate::View;

impl<F: Float> View<F> {
    /// The boxes of the nodes of each owner, in an order in which arrows lead forward.
    pub(super) fn quotient(&self, owner: &[Option<usize>], fold: Fold, sources: &Sources) -> Folded {
        let mut members = vec![Vec::new(); owner.len()];
        owner.iter().enumerate().for_each(|(k, o)| o.iter().for_each(|o| members[*o].push(k)));
        let order = self.topological(owner, &members);
        let mut place = vec![usize::MAX; owner.len()];
        order.iter().enumerate().for_each(|(k, o)| place[*o] = k);
        let arrows = order.iter().enumerate().map(|(k, o)| self.arrows_to(k, &members[*o], owner, &place)).collect();
        let groups = order.iter().map(|o| self.group(*o, &members[*o], fold, sources)).collect();
        Folded { groups, arrows }
    }

    /// The arrows to a box: every operand of a single node has its own; between boxes of several, one is enough.
    fn arrows_to(
        &self,
        own: usize,
        nodes: &[usize],
        owner: &[Option<usize>],
        place: &[usize],
    ) -> Vec<(usize, usize, usize)> {
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for node in nodes {
            for (arg, parent) in self.graph.nodes[*node].parents.iter().enumerate() {
                let Some(from) = owner[*parent].map(|o| place[o]).filter(|from| *from != own) else { continue };
                if nodes.len() == 1 || found.iter().all(|(other, ..)| *other != from) {
                    found.push((from, *node, arg));
                }
            }
        }
        found
    }

    /// The owners in an order in which each follows what it is made of, near to the order of recording.
    fn topological(&self, owner: &[Option<usize>], members: &[Vec<usize>]) -> Vec<usize> {
        let mut waits = vec![0; owner.len()];
        let mut after = vec![Vec::new(); owner.len()];
        for (k, own) in owner.iter().enumerate() {
            let Some(own) = own else { continue };
            for from in self.graph.nodes[k].parents.iter().filter_map(|p| owner[*p]).filter(|from| from != own) {
                waits[*own] += 1;
                after[from].push(*own);
            }
        }
        let ready = |o: usize, waits: &[usize]| waits[o] == 0 && !members[o].is_empty();
        let last = |o: usize| Reverse((members[o].last().copied().unwrap_or(o), o));
        let mut heap: BinaryHeap<_> = (0..owner.len()).filter(|o| ready(*o, &waits)).map(last).collect();
        let mut order = Vec::new();
        while let Some(Reverse((_, o))) = heap.pop() {
            order.push(o);
            for next in &after[o] {
                waits[*next] -= 1;
                if ready(*next, &waits) {
                    heap.push(last(*next));
                }
            }
        }
        order
    }
}
