//! Places across the layers, at which arrows are straight.

use super::{GAP, PASS, Vertex};

/// Sweeps forth and back.
const SWEEPS: usize = 16;

/// The middle of each vertex, across; the smallest near edge is 0.
///
/// Each layer in turn is put where it is nearest to the neighbours of its vertices, in the sense of least squares, with
/// the order and the least gaps kept. Arrows between passing points count most, so that long arrows are straight
/// (Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs", 1993).
pub(super) fn across(vertices: &[Vertex], layers: &[Vec<usize>], extents: &[f64]) -> Vec<f64> {
    let mut across = vec![0.0; vertices.len()];
    for layer in layers {
        let wanted = vec![(0.0, 1.0); layer.len()];
        settle(vertices, layer, extents, &wanted, &mut across);
    }
    for sweep in 0..SWEEPS {
        let forth = sweep % 2 == 0;
        let both = sweep + 2 >= SWEEPS;
        let order: Vec<&Vec<usize>> = if forth { layers.iter().collect() } else { layers.iter().rev().collect() };
        for layer in order {
            let wanted: Vec<(f64, f64)> = layer.iter().map(|v| wanted(vertices, &across, *v, forth, both)).collect();
            settle(vertices, layer, extents, &wanted, &mut across);
        }
    }
    let near = (0..vertices.len()).map(|v| across[v] - extents[v] / 2.0).fold(f64::INFINITY, f64::min);
    across.iter().map(|x| x - near).collect()
}

/// Where the neighbours of a vertex draw it, and how strongly.
fn wanted(vertices: &[Vertex], across: &[f64], v: usize, forth: bool, both: bool) -> (f64, f64) {
    let vertex = &vertices[v];
    let pull = |u: &usize| match (vertex.node, vertices[*u].node) {
        (Some(_), Some(_)) => 1.0,
        (None, None) => 8.0,
        _ => 2.0,
    };
    let before = vertex.before.iter().filter(|_| forth || both);
    let after = vertex.after.iter().filter(|_| !forth || both);
    let (sum, weight) = before.chain(after).fold((0.0, 0.0), |(s, w), u| (s + pull(u) * across[*u], w + pull(u)));
    // A vertex without neighbours stays where it is, but gives way to others.
    if weight > 0.0 { (sum / weight, weight) } else { (across[v], 0.1) }
}

/// The places of a layer nearest to `wanted`, in order and with the least gaps: isotonic regression by pooling adjacent
/// violators (Ayer et al. 1955).
fn settle(vertices: &[Vertex], layer: &[usize], extents: &[f64], wanted: &[(f64, f64)], across: &mut [f64]) {
    // Places are measured from where the vertices would lie if all were as near to each other as allowed.
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    for (k, v) in layer.iter().enumerate() {
        if k > 0 {
            let u = layer[k - 1];
            let gap = if vertices[u].node.is_none() && vertices[*v].node.is_none() { PASS } else { GAP };
            offset += (extents[u] + extents[*v]) / 2.0 + gap;
        }
        offsets.push(offset);
    }
    // Blocks of vertices that touch: the mean of what they want, the weight, and how many they are.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for ((place, weight), offset) in wanted.iter().zip(&offsets) {
        let mut block = (place - offset, *weight, 1);
        while let Some(last) = blocks.pop_if(|last| last.0 > block.0) {
            let weight = last.1 + block.1;
            block = ((last.0 * last.1 + block.0 * block.1) / weight, weight, last.2 + block.2);
        }
        blocks.push(block);
    }
    let means = blocks.iter().flat_map(|(mean, _, count)| std::iter::repeat_n(mean, *count));
    for ((v, offset), mean) in layer.iter().zip(&offsets).zip(means) {
        across[*v] = mean + offset;
    }
}

#[cfg(test)]
mod tests {
    use super::super::layers::vertices;
    use super::super::order::ordered;
    use super::*;

    #[test]
    fn straight_where_it_can_be() {
        // Boxes of extent 20 with gaps of 16.
        let chain = vec![vec![], vec![0], vec![1]];
        let pair = vec![vec![], vec![], vec![0, 1]];
        let table = [("a chain is a line", chain, [10.0, 10.0, 10.0]), ("a pair", pair, [10.0, 46.0, 28.0])];
        for (name, parents, places) in table {
            let vertices = vertices(&parents);
            let across = across(&vertices, &ordered(&vertices), &[20.0; 3]);
            let near = across.iter().zip(places).all(|(x, place)| (x - place).abs() < 1e-9);
            assert!(near, "{name}: {across:?} instead of {places:?}");
        }
    }

    #[test]
    fn a_layer_settles_at_the_least_squares() {
        // Three boxes of extent 20 and gap 16 that all want to be at 0 end up around 0.
        let vertices = vertices(&[vec![], vec![], vec![]]);
        let mut across = vec![0.0; 3];
        settle(&vertices, &[0, 1, 2], &[20.0; 3], &[(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)], &mut across);
        assert_eq!(across, [-36.0, 0.0, 36.0]);
        // Where they do not touch, each gets what it wants.
        settle(&vertices, &[0, 1, 2], &[20.0; 3], &[(0.0, 1.0), (50.0, 1.0), (200.0, 1.0)], &mut across);
        assert_eq!(across, [0.0, 50.0, 200.0]);
    }
}
