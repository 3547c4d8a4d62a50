//! The walks over scalar nodes: sweeps of adjoints, and marks of what is reached.

#![allow(unsafe_code)] // recorded nodes are read through pointers into chunks

use std::mem::MaybeUninit;
use std::ptr;

use super::store::{CHUNK, GRADIENT_ONLY, Node, RUN, Store};
use crate::kernels::prefetch::{AHEAD, prefetch};
use crate::kernels::slopes::{self, Parents, Place};
use crate::rule::number::Num;
use crate::rule::real::Real;
use crate::tensor::float::Float;

impl<F: Float> Store<F> {
    /// What scalar node `id` depends on, for a walk from newer nodes to older ones: `place` is where the last step of it
    /// ended. A leaf depends on nothing. Adds to `looked` how many nodes were walked over.
    pub(crate) fn parents_back(&self, id: u32, place: &mut Place, looked: &mut usize) -> Parents {
        if self.key & GRADIENT_ONLY == 0 {
            return self.node(id).depends_on();
        }
        let mut found = Parents::Two([0; 2]);
        if self.is_leaf(id) {
            return found;
        }
        // Pieces in which nothing is wanted are stepped over.
        let piece = self.pieces.partition_point(|piece| piece.first <= id).saturating_sub(1);
        if piece < place.piece {
            *place = Place { piece, at: self.pieces[piece].used, id: self.pieces[piece + 1].first, ..*place };
        }
        self.walk_back(id, place, |number, parents| {
            *looked += 1;
            if number == id {
                found = parents;
            }
        });
        found
    }

    /// Where a walk backwards over the scalar nodes begins.
    ///
    /// If it `absorbs`, slopes of 0 absorb infinite adjoints where a sweep goes on from there.
    pub(crate) fn last_place(&self, absorbs: bool) -> Place {
        let piece = self.pieces.len().saturating_sub(1);
        Place { piece, at: self.pieces.last().map_or(0, |p| p.used), id: self.len, underflows: false, absorbs }
    }

    /// Propagates adjoints through the scalar nodes `first..end`, newest first. Each is read once, left at zero, and
    /// skipped if it was zero, or next to nothing. `place` is where the last walk ended, at `end` or later.
    ///
    /// `adjoints` has an entry for every id below `end`.
    pub(crate) fn sweep_scalars(&self, first: u32, end: u32, place: &mut Place, adjoints: &mut [F]) {
        assert!(first >= 1 && end <= self.len && end as usize <= adjoints.len());
        if self.key & GRADIENT_ONLY == 0 {
            return match place.absorbs {
                true => self.sweep_nodes_absorbing(first as usize, end as usize, adjoints),
                false => self.sweep_nodes(first as usize, end as usize, place, adjoints),
            };
        }
        self.skip(end, place);
        while place.id > first {
            self.enter_piece(place);
            if place.absorbs {
                slopes::sweep_absorbing::<F>(&self.pieces[place.piece].words, place, first, adjoints);
                continue;
            }
            // SAFETY: the words in use of a piece are records written by `try_write` and `take_ids`, a
            // place stands between two records, and parents are older than their node. `place.id <= end`, and
            // `end <= adjoints.len()` was asserted.
            unsafe {
                match place.underflows {
                    true => slopes::sweep::<F, true>(&self.pieces[place.piece].words, place, first, adjoints),
                    false => slopes::sweep::<F, false>(&self.pieces[place.piece].words, place, first, adjoints),
                }
            };
            place.underflows |= slopes::underflow(&adjoints[..place.id as usize]);
        }
    }

    /// Where a piece has no records left, on to the one before.
    fn enter_piece(&self, place: &mut Place) {
        while place.at <= 1 {
            place.piece -= 1;
            place.at = self.pieces[place.piece].used;
        }
    }

    /// Walks to where only ids below `end` are left.
    fn skip(&self, end: u32, place: &mut Place) {
        while place.id > end && self.pieces[place.piece].first >= end {
            place.id = self.pieces[place.piece].first;
            place.at = 1;
            if place.id > end {
                self.enter_piece(place);
            }
        }
        self.walk_back(end, place, |_, _| {});
    }

    /// Walks to where only ids below `first` are left, and shows each number with its parents.
    fn walk_back(&self, first: u32, place: &mut Place, mut show: impl FnMut(u32, Parents)) {
        while place.id > first {
            self.enter_piece(place);
            slopes::walk::<F>(&self.pieces[place.piece].words, place, first, &mut show);
        }
    }

    /// The nodes before `end` that lie in one chunk, not beyond `first`, and the id of the first of them.
    #[inline(always)]
    fn last_nodes(&self, first: usize, end: usize) -> (usize, &[MaybeUninit<Node<F>>]) {
        let chunk = (end - 1) / CHUNK;
        let start = (chunk * CHUNK).max(first);
        (start, &self.nodes[chunk][start % CHUNK..][..end - start])
    }

    fn sweep_nodes(&self, first: usize, mut end: usize, place: &mut Place, adjoints: &mut [F]) {
        let zero = F::zero();
        let negligible = slopes::negligible::<F>();
        // What a node has to give to the one made just before it goes along here: through memory the next step would wait
        // for it, and so it would for the sink of all that has no parent.
        let mut carry = zero;
        while end > first {
            let (start, nodes) = self.last_nodes(first, end);
            let least = if place.underflows { negligible } else { zero };
            for (k, node) in nodes.iter().enumerate().rev() {
                let id = start + k;
                // SAFETY: `id < end <= self.len` is no leaf and no tensor, so the node was written;
                // `id < adjoints.len()` was asserted; parents are older than their node, so they are below `id`.
                unsafe {
                    prefetch(ptr::from_ref(node).wrapping_byte_sub(AHEAD));
                    let at = adjoints.get_unchecked_mut(id);
                    let adjoint = *at + carry;
                    *at = zero;
                    carry = zero;
                    let vanishes = num_traits::Float::abs(adjoint) <= least; // not so NaN
                    if !vanishes {
                        let node = node.assume_init_ref();
                        let [p, q] = node.parents.map(|p| p as usize);
                        if node.parents[0] & RUN == 0 {
                            let (s, t) = (adjoint * node.slopes[0], adjoint * node.slopes[1]);
                            if p + 1 == id {
                                carry = s;
                            } else if p != 0 {
                                *adjoints.get_unchecked_mut(p) += s;
                            }
                            if q + 1 == id {
                                carry += t;
                            } else if q != 0 {
                                *adjoints.get_unchecked_mut(q) += t;
                            }
                        } else if let Parents::Run { first, step, last } = node.depends_on() {
                            slopes::give_to_run(adjoints.as_mut_ptr(), first, step, last, adjoint);
                        }
                    }
                }
            }
            end = start;
            adjoints[end - 1] += carry;
            carry = zero;
            place.underflows |= slopes::underflow(&adjoints[..end]);
        }
    }

    /// [`sweep_nodes`](Self::sweep_nodes) where a slope of 0 absorbs an infinite adjoint.
    fn sweep_nodes_absorbing(&self, first: usize, end: usize, adjoints: &mut [F]) {
        for id in (first..end).rev() {
            let adjoint = std::mem::replace(&mut adjoints[id], F::zero());
            if adjoint == F::zero() {
                continue;
            }
            // SAFETY: `id` is at least 1, below `len` and no leaf or tensor, so the node was written.
            let node = unsafe { self.nodes[id / CHUNK][id % CHUNK].assume_init_ref() };
            let mut give = |id: u32, slope: F| adjoints[id as usize] += Num(adjoint).chain(Num(slope)).0;
            match node.depends_on() {
                Parents::Two(parents) => parents.iter().zip(node.slopes).for_each(|(id, slope)| give(*id, slope)),
                parents => parents.for_each(|id| give(id, F::one())),
            }
        }
    }

    /// Marks the parents of the scalar nodes `first..end` that are marked. No tensor is among them.
    pub(crate) fn mark_scalars(&self, first: u32, end: u32, place: &mut Place, reached: &mut [bool]) {
        if self.key & GRADIENT_ONLY != 0 {
            self.skip(end, place);
            return self.walk_back(first, place, |id, parents| {
                if reached[id as usize] {
                    parents.for_each(|p| reached[p as usize] = true);
                }
            });
        }
        assert!(first >= 1 && end <= self.len && end as usize <= reached.len());
        let mut top = end;
        let before = self.leaves.partition_point(|leaves| leaves.start < end);
        for leaves in self.leaves[..before].iter().rev().take_while(|leaves| leaves.end > first) {
            self.mark_nodes(leaves.end.min(top), top, reached);
            top = leaves.start.max(first);
        }
        self.mark_nodes(first, top, reached);
    }

    /// [`mark_scalars`](Self::mark_scalars) of a full tape, of nodes among which no leaf or tensor is.
    fn mark_nodes(&self, first: u32, end: u32, reached: &mut [bool]) {
        let (first, mut end) = (first as usize, end as usize);
        while end > first {
            let (start, nodes) = self.last_nodes(first, end);
            for (k, node) in nodes.iter().enumerate().rev() {
                if reached[start + k] {
                    // SAFETY: a node below `len` that is no leaf and no tensor was written.
                    let node = unsafe { node.assume_init_ref() };
                    node.depends_on().for_each(|p| reached[p as usize] = true);
                }
            }
            end = start;
        }
    }
}
