//! Folding by what nodes have in common: a line, a function, a layer.

use std::collections::HashMap;
use std::hash::Hash;

use wengert_tape::{Float, GraphNode};

use crate::View;

/// Nodes of one key share an owner, but for those between which other keys lie: a loop that comes back to a line gives
/// it a box for each turn, so that arrows lead forward. A node without a key goes with the first that needs it.
pub(super) fn owners<F: Float, K: Eq + Hash + Clone>(
    view: &View<F>,
    key: &dyn Fn(&GraphNode<F>) -> Option<K>,
) -> Vec<Option<usize>> {
    let nodes = &view.graph.nodes;
    let mut keys: Vec<Option<K>> = nodes.iter().map(key).collect();
    for (index, node) in nodes.iter().enumerate().rev() {
        for parent in &node.parents {
            if keys[*parent].is_none() {
                keys[*parent] = keys[index].clone();
            }
        }
    }
    // How often the key changes on the way to a node, at most.
    let mut level = vec![0usize; nodes.len()];
    let mut owner = vec![None; nodes.len()];
    let mut first: HashMap<(Option<K>, usize), usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate().filter(|(index, _)| view.has_box(*index)) {
        let change = |p: &usize| level[*p] + usize::from(keys[*p] != keys[index]);
        level[index] = node.parents.iter().filter(|p| view.has_box(**p)).map(change).max().unwrap_or(0);
        owner[index] = Some(*first.entry((keys[index].clone(), level[index])).or_insert(index));
    }
    owner
}
