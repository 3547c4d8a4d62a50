//! Where the boxes and arrows of a layered drawing go (Sugiyama, Tagawa and Toda, "Methods for visual understanding of
//! hierarchical system structures", 1981).
//!
//! Nodes are put into layers along the direction of the arrows, ordered within each layer so that few arrows cross, and
//! placed across it so that arrows are straight. A long arrow passes through a point of every layer between its ends;
//! the long arrows of one node share these points. What would be a ribbon is wrapped into rows, like text.

mod layers;
mod order;
mod place;
mod wrap;

/// What is to be laid out. Lengths are *along* the direction of the arrows and *across* it.
pub(crate) struct Boxes {
    /// The extent of each box, along and across.
    pub(crate) sizes: Vec<[f64; 2]>,
    /// For each box, in topological order, the boxes from which arrows lead to it.
    pub(crate) parents: Vec<Vec<usize>>,
    /// What is no longer than this, along, is not wrapped.
    pub(crate) within: f64,
}

/// A finished layout.
pub(crate) struct Layout {
    /// The near corner of each box, along and across.
    pub(crate) corners: Vec<[f64; 2]>,
    /// For each box, the arrows that lead to it, as its parents are listed.
    pub(crate) arrows: Vec<Vec<Arrow>>,
    /// The extent of the whole.
    pub(crate) size: [f64; 2],
}

/// An arrow: where it begins, and the pieces that it is made of.
pub(crate) struct Arrow {
    pub(crate) start: [f64; 2],
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of an arrow, to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// From layer to layer.
    Curve([f64; 2]),
    /// Past the boxes of a layer, or around a row of layers.
    Straight([f64; 2]),
}

impl Arrow {
    /// Where the head begins and where it ends, a head of this length.
    pub(crate) fn head(&self, length: f64) -> ([f64; 2], [f64; 2]) {
        let tip = self.pieces.last().map_or(self.start, |piece| piece.end());
        ([tip[0] - length, tip[1]], tip)
    }
}

impl Piece {
    pub(crate) fn end(self) -> [f64; 2] {
        match self {
            Piece::Curve(end) | Piece::Straight(end) => end,
        }
    }

    /// The piece from one point to another in the language of SVG's paths, where `at` writes a point. A curve leaves and arrives
    /// level.
    pub(crate) fn drawn(self, from: [f64; 2], to: [f64; 2], at: &dyn Fn([f64; 2]) -> String) -> String {
        let half = (from[0] + to[0]) / 2.0;
        match self {
            Piece::Curve(_) => format!("C{} {} {}", at([half, from[1]]), at([half, to[1]]), at(to)),
            Piece::Straight(_) => format!("L{}", at(to)),
        }
    }
}

/// The least room between boxes across the arrows.
const GAP: f64 = 16.0;
/// The least room between two arrows that pass a layer.
const PASS: f64 = 10.0;
/// The room between layers: at least, and at most.
const BETWEEN: (f64, f64) = (44.0, 130.0);

/// A box, or a point of a layer that long arrows pass.
#[derive(Clone, Debug, PartialEq)]
struct Vertex {
    /// Which box; `None` for a passing point.
    node: Option<usize>,
    layer: usize,
    /// The vertices of the layer before from which arrows come; of a box, in the order of its parents.
    before: Vec<usize>,
    /// The vertices of the layer after to which arrows go.
    after: Vec<usize>,
}

impl Boxes {
    /// Lays the boxes out.
    pub(crate) fn layout(&self) -> Layout {
        let vertices = layers::vertices(&self.parents);
        let layers = order::ordered(&vertices);
        let extents: Vec<f64> = vertices.iter().map(|v| v.node.map_or(0.0, |node| self.sizes[node][1])).collect();
        let across = place::across(&vertices, &layers, &extents);
        let along = self.along(&vertices, &layers, &across);
        let rows = wrap::Rows::new(self.within, &layers, &along, &across, &extents);
        let (along, across) = (rows.along(), rows.across(&vertices, &across));
        let mut layout = Layout { corners: vec![[0.0; 2]; self.sizes.len()], arrows: Vec::new(), size: rows.size() };
        for (v, vertex) in vertices.iter().enumerate() {
            if let Some(node) = vertex.node {
                let [start, end] = along[vertex.layer];
                let slack = end - start - self.sizes[node][0];
                layout.corners[node] = [start + slack / 2.0, across[v] - extents[v] / 2.0];
            }
        }
        layout.arrows =
            (0..self.sizes.len()).map(|node| self.arrows(node, &vertices, &across, &rows, &layout)).collect();
        layout
    }

    /// Where each layer begins and ends. The steeper the arrows between two layers, the more room there is.
    fn along(&self, vertices: &[Vertex], layers: &[Vec<usize>], across: &[f64]) -> Vec<[f64; 2]> {
        let mut along: Vec<[f64; 2]> = Vec::with_capacity(layers.len());
        for layer in layers {
            let boxes = layer.iter().filter_map(|v| vertices[*v].node);
            let extent = boxes.map(|node| self.sizes[node][0]).fold(0.0, f64::max);
            let steps = layer.iter().flat_map(|v| vertices[*v].before.iter().map(|u| (across[*u] - across[*v]).abs()));
            let room = (BETWEEN.0 + steps.fold(0.0, f64::max) / 6.0).min(BETWEEN.1);
            let start = along.last().map_or(0.0, |[_, end]| end + room);
            along.push([start, start + extent]);
        }
        along
    }

    /// The arrows that lead to a box. They end at points spread over its side, in the order in which they come in.
    fn arrows(
        &self,
        node: usize,
        vertices: &[Vertex],
        across: &[f64],
        rows: &wrap::Rows,
        layout: &Layout,
    ) -> Vec<Arrow> {
        let vertex = &vertices[node];
        let mut by_height: Vec<usize> = (0..vertex.before.len()).collect();
        by_height.sort_by(|a, b| across[vertex.before[*a]].total_cmp(&across[vertex.before[*b]]));
        let mut arrows: Vec<Arrow> = Vec::new();
        for (arg, last) in vertex.before.iter().enumerate() {
            let rank = by_height.iter().position(|k| *k == arg).unwrap_or(0);
            let share = (rank as f64 + 1.0) / (vertex.before.len() as f64 + 1.0);
            let corner = layout.corners[node];
            // From the end back: passing points up to the box that it comes from.
            let mut points = vec![[corner[0], corner[1] + share * self.sizes[node][1]]];
            let mut at = *last;
            while vertices[at].node.is_none() {
                let [start, end] = rows.along()[vertices[at].layer];
                points.extend([[end, across[at]], [start, across[at]]]);
                at = vertices[at].before[0];
            }
            let start = [layout.corners[at][0] + self.sizes[at][0], across[at]];
            let (mut from, mut pieces) = (start, Vec::new());
            for (k, to) in points.into_iter().rev().enumerate() {
                match k % 2 {
                    0 => pieces.extend(rows.between(vertices[at].layer + k / 2, at, from, to)),
                    _ => pieces.push(Piece::Straight(to)),
                }
                from = to;
            }
            arrows.push(Arrow { start, pieces });
        }
        arrows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parents of `n` boxes, drawn by a linear congruential generator (Knuth's MMIX).
    pub(super) fn random_parents(n: usize, mut seed: u64) -> Vec<Vec<usize>> {
        let mut draw = |below: usize| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as usize % below
        };
        (0..n).map(|k| (0..if k == 0 { 0 } else { draw(3) }).map(|_| draw(k)).collect()).collect()
    }

    /// A ribbon is wrapped: a chain of 120 boxes is no 20 times as long as it is high.
    #[test]
    fn a_long_chain_is_wrapped() {
        for n in [30, 120, 400] {
            let parents = (0..n).map(|k| if k == 0 { vec![] } else { vec![k - 1] }).collect();
            let [along, across] = Boxes { sizes: vec![[130.0, 60.0]; n], parents, within: 1800.0 }.layout().size;
            assert!(along < 4.0 * across && along > across / 2.0, "{n} boxes: {along} by {across}");
        }
    }

    #[test]
    fn nothing_overlaps_and_arrows_lead_forward() {
        let mut wrong = Vec::new();
        for (n, seed) in [(0, 1), (1, 1), (2, 3), (10, 1), (40, 2), (150, 3), (400, 4)] {
            let parents = random_parents(n, seed);
            let sizes: Vec<[f64; 2]> =
                (0..n).map(|k| [80.0 + (k % 5) as f64 * 20.0, 30.0 + (k % 3) as f64 * 16.0]).collect();
            let boxes = Boxes { sizes, parents, within: 1800.0 };
            let layout = boxes.layout();
            let end = |k: usize, axis: usize| layout.corners[k][axis] + boxes.sizes[k][axis];
            for a in 0..n {
                if layout.corners[a].iter().any(|x| *x < 0.0)
                    || (0..2).any(|axis| end(a, axis) > layout.size[axis] + 1e-9)
                {
                    wrong.push(format!("{n} boxes: box {a} lies outside"));
                }
                for b in 0..a {
                    if (0..2)
                        .all(|k| layout.corners[a][k] < end(b, k) - 1e-9 && layout.corners[b][k] < end(a, k) - 1e-9)
                    {
                        wrong.push(format!("{n} boxes: {a} and {b} overlap"));
                    }
                }
                for (arrow, parent) in layout.arrows[a].iter().zip(&boxes.parents[a]) {
                    let points: Vec<[f64; 2]> =
                        [arrow.start].into_iter().chain(arrow.pieces.iter().map(|piece| piece.end())).collect();
                    // Only where it goes to the next row, and is straight, does an arrow lead back.
                    let back = |(k, piece): (usize, &Piece)| {
                        matches!(piece, Piece::Curve(_)) && points[k][0] > points[k + 1][0]
                    };
                    if arrow.pieces.iter().enumerate().any(back) {
                        wrong.push(format!("{n} boxes: an arrow from {parent} to {a} leads back"));
                    }
                    if points[0][0] != end(*parent, 0) || points[points.len() - 1][0] != layout.corners[a][0] {
                        wrong.push(format!("{n} boxes: an arrow from {parent} to {a} does not touch them"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
