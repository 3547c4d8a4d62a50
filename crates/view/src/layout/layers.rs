//! Layers: every arrow leads from one to the next.

use std::collections::BTreeMap;

use super::Vertex;

/// The vertices: first a vertex for each box, then the passing points of long arrows.
pub(super) fn vertices(parents: &[Vec<usize>]) -> Vec<Vertex> {
    let layers = layers(parents);
    let mut vertices: Vec<Vertex> = (0..parents.len())
        .map(|node| Vertex { node: Some(node), layer: layers[node], before: Vec::new(), after: Vec::new() })
        .collect();
    // The passing point of a box's arrows in each layer, once an arrow has needed it.
    let mut passing: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (node, parents) in parents.iter().enumerate() {
        for parent in parents {
            let mut at = *parent;
            for layer in layers[*parent] + 1..layers[node] {
                at = *passing.entry((*parent, layer)).or_insert_with(|| {
                    let point = vertices.len();
                    vertices.push(Vertex { node: None, layer, before: vec![at], after: Vec::new() });
                    vertices[at].after.push(point);
                    point
                });
            }
            vertices[node].before.push(at);
            vertices[at].after.push(node);
        }
    }
    vertices
}

/// The layer of each node, counted along the longest path. A node stands directly before the first that needs it, so
/// that weights and constants lie beside their operations and not all at the beginning.
fn layers(parents: &[Vec<usize>]) -> Vec<usize> {
    let mut earliest = vec![0; parents.len()];
    for (node, parents) in parents.iter().enumerate() {
        earliest[node] = parents.iter().map(|p| earliest[*p] + 1).max().unwrap_or(0);
    }
    let mut latest: Vec<Option<usize>> = vec![None; parents.len()];
    for (node, parents) in parents.iter().enumerate().rev() {
        let layer = *latest[node].get_or_insert(earliest[node]);
        for p in parents {
            latest[*p] = Some(latest[*p].map_or(layer - 1, |l| l.min(layer - 1)));
        }
    }
    latest.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stands_before_the_first_that_needs_it() {
        // x, w, b, x·w, x·w + b, c, (x·w + b)·c
        let parents = [vec![], vec![], vec![], vec![0, 1], vec![3, 2], vec![], vec![4, 5]];
        assert_eq!(layers(&parents), [0, 0, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn long_arrows_of_one_node_share_their_points() {
        // x, sin x, sin sin x, sin sin sin x, and two that take x beside the last two
        let parents = [vec![], vec![0], vec![1], vec![2], vec![2, 0], vec![3, 0]];
        let vertices = vertices(&parents);
        let points: Vec<usize> = vertices.iter().filter(|v| v.node.is_none()).map(|v| v.layer).collect();
        assert_eq!(points, [1, 2, 3]);
        assert!(vertices.iter().enumerate().all(|(v, vertex)| {
            vertex.before.iter().all(|u| vertices[*u].layer + 1 == vertex.layer && vertices[*u].after.contains(&v))
        }));
    }
}
