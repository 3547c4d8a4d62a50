//! Where the numbers of a program lie: a place for each as long as it is needed, and the same place for another after that.

use std::collections::HashMap;

use super::dag::{Dag, What};
use super::fuse::Work;
use crate::rule::op::Kind;
use crate::rule::role::Role;
use crate::tensor::float::Float;

/// Where the value of a node lies.
#[derive(Clone, Debug)]
pub(super) enum Home {
    /// Numbers, in a buffer of the arena.
    Buffer(usize),
    /// A value of its own: what never changes, positions, truth values.
    Own(usize),
    /// The numbers of another node in this shape.
    Reshaped(usize),
    /// The numbers of another node with the last two axes exchanged.
    Transposed(usize),
    /// It is never stored.
    Nowhere,
}

/// The homes of all nodes.
#[derive(Clone, Debug)]
pub(super) struct Arena {
    pub(super) homes: Vec<Home>,
    /// The elements of each buffer.
    pub(super) buffers: Vec<usize>,
    /// How many values of their own there are.
    pub(super) own: usize,
    /// For each work, which of its outputs is written where an operand lies, by operand.
    pub(super) in_place: Vec<Vec<Option<usize>>>,
}

/// Whether a leaf is given one value.
fn carried_once(carried: &[(usize, usize)], leaf: usize) -> bool {
    carried.iter().filter(|(_, other)| *other == leaf).count() == 1
}

/// What a piece of work reads and writes.
fn traffic<F: Float>(dag: &Dag<F>, work: &Work<F>) -> (Vec<usize>, Vec<usize>) {
    match work {
        Work::Call(k) => (dag.nodes[*k].operands.to_vec(), vec![*k]),
        Work::Fused(fused) => (fused.operands.clone(), [&fused.outputs[..], &fused.sums].concat()),
    }
}

impl Arena {
    /// The homes of the nodes of a program, some of whose outputs are leaves in the next run (output, leaf).
    pub(super) fn of<F: Float>(dag: &Dag<F>, work: &[Work<F>], carried: &[(usize, usize)]) -> Arena {
        let homes = vec![Home::Nowhere; dag.nodes.len()];
        let mut arena = Arena { homes, buffers: Vec::new(), own: 0, in_place: Vec::new() };
        // the node in whose buffer the numbers of a node lie
        let mut base: Vec<usize> = (0..dag.nodes.len()).collect();
        let written: Vec<Vec<usize>> = work.iter().map(|work| traffic(dag, work).1).collect();
        let mut is_written = vec![false; dag.nodes.len()];
        written.iter().flatten().for_each(|k| is_written[*k] = true);
        for (k, node) in dag.nodes.iter().enumerate() {
            let view = |of: fn(usize) -> Home| (of(node.operands[0]), base[node.operands[0]]);
            let (home, from) = match (&node.what, node.role()) {
                (What::Constant(_), _) => (arena.value(), k),
                (What::Leaf(..), _) if node.kind != Kind::Real => (arena.value(), k),
                (What::Leaf(..), _) => (arena.buffer(node.shape.len_elements()), k),
                (_, Some(Role::Reshaped)) if !is_written[k] => view(Home::Reshaped),
                (_, Some(Role::Transposed)) if !is_written[k] => view(Home::Transposed),
                _ if is_written[k] && node.kind != Kind::Real => (arena.value(), k),
                _ => (Home::Nowhere, k),
            };
            arena.homes[k] = home;
            base[k] = from;
        }
        // after which work a buffer is free: never, of what is given or asked for
        let never = work.len();
        let mut last = vec![0; dag.nodes.len()];
        for (at, work) in work.iter().enumerate() {
            traffic(dag, work).0.iter().for_each(|k| last[base[*k]] = at);
        }
        dag.outputs.iter().for_each(|k| last[base[*k]] = never);
        let mut free: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, work) in work.iter().enumerate() {
            let in_place = arena.in_place(dag, work, carried, &base, |k| last[k] <= at);
            for k in &written[at] {
                if dag.nodes[*k].kind == Kind::Real && matches!(arena.homes[*k], Home::Nowhere) {
                    let len = dag.nodes[*k].shape.len_elements();
                    arena.homes[*k] = match free.get_mut(&len).and_then(Vec::pop) {
                        Some(buffer) => Home::Buffer(buffer),
                        None => arena.buffer(len),
                    };
                }
            }
            let read = traffic(dag, work).0;
            let written_over = |k: &usize| in_place.get(*k).is_some_and(Option::is_some);
            let mut done: Vec<usize> = (0..read.len()).filter(|k| !written_over(k)).map(|k| base[read[k]]).collect();
            // what nobody reads is free at once
            done.extend(written[at].iter().filter(|k| last[**k] <= at));
            done.sort_unstable();
            done.dedup();
            for k in done.into_iter().filter(|k| last[*k] <= at && matches!(dag.nodes[*k].what, What::Op(..))) {
                if let Home::Buffer(buffer) = arena.homes[k] {
                    free.entry(arena.buffers[buffer]).or_default().push(buffer);
                }
            }
            arena.in_place.push(in_place);
        }
        arena
    }

    /// Lets outputs be written where an operand lies that is read for the last time, and number by number.
    fn in_place<F: Float>(
        &mut self,
        dag: &Dag<F>,
        work: &Work<F>,
        carried: &[(usize, usize)],
        base: &[usize],
        is_last: impl Fn(usize) -> bool,
    ) -> Vec<Option<usize>> {
        let Work::Fused(fused) = work else { return Vec::new() };
        let mut in_place = vec![None; fused.operands.len()];
        let mut taken = vec![false; fused.outputs.len()];
        for (operand, k) in fused.operands.iter().enumerate() {
            let from = base[*k];
            let Home::Buffer(buffer) = self.homes[from] else { continue };
            let is_view = |home: &Home| matches!(home, Home::Buffer(_) | Home::Reshaped(_));
            let is_alone = fused.operands.iter().filter(|other| base[**other] == from).count() == 1;
            let lies_along = fused.listing.under.is_along(operand) && is_view(&self.homes[*k]);
            if !is_alone || !lies_along || !is_last(from) {
                continue;
            }
            let fits = |output: &usize| match dag.nodes[from].what {
                // what a leaf is in the next run may be written over it
                What::Leaf(..) => carried.contains(&(fused.outputs[*output], from)) && carried_once(carried, from),
                What::Op(..) => !carried.iter().any(|(carried, _)| *carried == fused.outputs[*output]),
                What::Constant(_) => false,
            };
            let free = (0..fused.outputs.len()).filter(|output| !taken[*output]);
            if let Some(output) = free.into_iter().find(fits) {
                (in_place[operand], taken[output]) = (Some(output), true);
                self.homes[fused.outputs[output]] = Home::Buffer(buffer);
            }
        }
        in_place
    }

    fn value(&mut self) -> Home {
        self.own += 1;
        Home::Own(self.own - 1)
    }

    fn buffer(&mut self, len: usize) -> Home {
        self.buffers.push(len);
        Home::Buffer(self.buffers.len() - 1)
    }

    /// The bytes of the buffers.
    pub(super) fn bytes(&self, of_a_number: usize) -> usize {
        self.buffers.iter().sum::<usize>() * of_a_number
    }
}
