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
    // How often the key changes on the way to a node, at most;
    let mut level = vec![0usize; nodes.len()];
    let shown = |index: usize| nodes[index].parents.iter().filter(|p| view.has_box(**p));
    for (index, _) in nodes.iter().enumerate() {
        let change = |p: &usize| level[*p] + usize::from(keys[*p] != keys[index]);
        level[index] = shown(index).map(change).max().unwrap_or(0);
    }
    // and then as late as what needs it allows, so that weights are with what they are multiplied with.
    let mut late: Vec<Option<usize>> = vec![None; nodes.len()];
    for index in (0..nodes.len()).rev() {
        let own = *late[index].get_or_insert(level[index]);
        for p in shown(index) {
            let before = own - usize::from(keys[*p] != keys[index]);
            late[*p] = Some(late[*p].map_or(before, |other| other.min(before)));
        }
    }
    let mut owner = vec![None; nodes.len()];
    let mut first: HashMap<(Option<K>, Option<usize>), usize> = HashMap::new();
    for index in (0..nodes.len()).filter(|index| view.has_box(*index)) {
        owner[index] = Some(*first.entry((keys[index].clone(), late[index])).or_insert(index));
    }
    owner
}
