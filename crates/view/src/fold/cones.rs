//! Folding by use: what is used once belongs to what uses it.

use std::collections::HashMap;

use wengert_tape::Float;

use crate::View;

/// More leaves of one line than this, each used by several boxes, are one box.
const BUNCH: usize = 24;

/// Each node that several others use, or none, owns what is made for it alone: of a network on numbers these are its
/// neurons, each with its weights. `None` where that is no folding.
pub(super) fn owners<F: Float>(view: &View<F>) -> Option<Vec<Option<usize>>> {
    let nodes = &view.graph.nodes;
    let users = view.users();
    let mut owner: Vec<Option<usize>> = vec![None; nodes.len()];
    for index in (0..nodes.len()).rev().filter(|index| view.has_box(*index)) {
        owner[index] = match users[index][..] {
            [only] if view.name_of(index).is_none() || nodes[index].parents.is_empty() => owner[only],
            _ => Some(index),
        };
    }
    // Leaves that many use: the weights of a network that sees several samples.
    let mut bunches: HashMap<(String, u32), Vec<usize>> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(line) = node.line.filter(|_| node.parents.is_empty() && owner[index] == Some(index)) {
            bunches.entry((line.file().into(), line.line())).or_default().push(index);
        }
    }
    for bunch in bunches.values().filter(|bunch| bunch.len() > BUNCH) {
        bunch.iter().for_each(|index| owner[*index] = Some(bunch[0]));
    }
    let boxes = owner.iter().enumerate().filter(|(index, o)| **o == Some(*index)).count();
    (boxes > 1).then_some(owner)
}
