//! The folding of pictures: what only moves numbers is not as loud as what computes.

use std::collections::HashMap;

use wengert_tape::{Float, Kind, NodeKind, Op};

use super::Group;
use crate::View;

/// A run of one operation, each of which is used by the next alone, is one box from this length on: a long sum.
const RUN: usize = 8;
/// So many unnamed nodes of one line and operation that one box alone uses are one box.
const BUNCH: usize = 12;

/// For each node the node in whose box it is.
pub(super) fn owners<F: Float>(view: &View<F>) -> Vec<Option<usize>> {
    let mut owner = view.shown_alone();
    let users = view.users();
    fold_plumbing(view, &users, &mut owner);
    fold_runs(view, &users, &mut owner);
    // What a box of many uses may itself be many of a kind.
    while fold_bunches(view, &users, &mut owner) {}
    for index in 0..owner.len() {
        owner[index] = owner[index].map(|o| last_owner(&owner, o));
    }
    owner
}

fn last_owner(owner: &[Option<usize>], mut index: usize) -> usize {
    while let Some(next) = owner[index].filter(|next| *next != index) {
        index = next;
    }
    index
}

/// Whether a node only hands numbers on: an operation of one operand that computes nothing.
fn is_plumbing<F: Float>(view: &View<F>, index: usize) -> bool {
    let node = &view.graph.nodes[index];
    let (NodeKind::Op(op), [operand]) = (&node.kind, &node.parents[..]) else { return false };
    let shape = view.graph.nodes[*operand].shape();
    op.output() != Kind::Mask && op.flops(&[&shape], &node.shape()) == 0
}

/// What only hands on goes with what needs it, if that is one, else with what it was made of. A node with a name, and the
/// output, stay.
fn fold_plumbing<F: Float>(view: &View<F>, users: &[Vec<usize>], owner: &mut [Option<usize>]) {
    let nodes = &view.graph.nodes;
    for index in 0..nodes.len() {
        if owner[index].is_some() && view.name_of(index).is_none() && is_plumbing(view, index) {
            match users[index][..] {
                [] => {}
                [only] => owner[index] = Some(only),
                _ => {
                    let parent = nodes[index].parents[0];
                    // unless that went with this one
                    if view.has_box(parent) && last_owner(owner, parent) != index {
                        owner[index] = Some(parent);
                    }
                }
            }
        }
    }
}

fn fold_runs<F: Float>(view: &View<F>, users: &[Vec<usize>], owner: &mut [Option<usize>]) {
    let nodes = &view.graph.nodes;
    let next = |index: usize| match users[index][..] {
        [only] if nodes[only].kind == nodes[index].kind && view.name_of(index).is_none() => Some(only),
        _ => None,
    };
    let mut length = vec![1; nodes.len()];
    for index in (0..nodes.len()).filter(|index| !nodes[*index].parents.is_empty()) {
        if let Some(next) = next(index) {
            length[next] = length[next].max(length[index] + 1);
        }
    }
    for index in (0..nodes.len()).rev().filter(|index| !nodes[*index].parents.is_empty()) {
        if let Some(next) = next(index) {
            length[index] = length[index].max(length[next]);
            if length[next] >= RUN && owner[index] == Some(index) {
                owner[index] = Some(next);
            }
        }
    }
}

/// Whether something was folded.
fn fold_bunches<F: Float>(view: &View<F>, users: &[Vec<usize>], owner: &mut [Option<usize>]) -> bool {
    let nodes = &view.graph.nodes;
    let mut alike: HashMap<(usize, String, Option<(&str, u32)>), Vec<usize>> = HashMap::new();
    for index in (0..nodes.len()).filter(|index| owner[*index] == Some(*index) && view.name_of(*index).is_none()) {
        let mut into: Vec<usize> =
            users[index].iter().filter_map(|user| Some(last_owner(owner, owner[*user]?))).collect();
        into.dedup();
        if let [only] = into[..] {
            let line = nodes[index].line.map(|line| (line.file(), line.line()));
            alike.entry((only, nodes[index].name(), line)).or_default().push(index);
        }
    }
    let mut found = false;
    for bunch in alike.values().filter(|bunch| bunch.len() >= BUNCH) {
        bunch.iter().for_each(|index| owner[*index] = Some(bunch[bunch.len() - 1]));
        found = true;
    }
    found
}

impl<F: Float> View<F> {
    /// What a box of several nodes is called and shows.
    pub(super) fn tidy_group(&self, owner: usize, nodes: &[usize]) -> Group {
        let main = &self.graph.nodes[owner];
        let alike = nodes.iter().filter(|k| self.graph.nodes[**k].name() == main.name()).count();
        let fed = nodes.iter().any(|k| *k != owner && main.parents.contains(k));
        let nodes = nodes.to_vec();
        match alike {
            1 => Group { title: None, nodes, main: Some(owner) },
            _ => {
                let title = Some(format!("{} × {alike}", main.name()));
                // The last of a run has the value of all; of a bunch none has.
                Group { title, nodes, main: fed.then_some(owner) }
            }
        }
    }
}
