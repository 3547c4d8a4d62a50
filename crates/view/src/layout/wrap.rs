//! Rows of layers: what would be a ribbon is wrapped, like text.

use super::{Piece, Vertex};

/// A drawing that is not so many times as long as it is high is one row.
const RIBBON: f64 = 3.0;
/// What a wrapped drawing is as long as, times its height.
const WANTED: f64 = 1.8;
/// Between rows, without the arrows that lead from one to the next.
const BETWEEN: f64 = 36.0;
/// Between two arrows that lead around a row, and before the first.
const LANE: f64 = 5.0;
const MARGIN: f64 = 14.0;
/// Arrows around a row that have lanes of their own; more share them.
const LANES: usize = 12;

/// A stretch of layers.
#[derive(Clone, Debug)]
struct Row {
    /// How far it is moved.
    shift: [f64; 2],
    /// Where it begins and ends across, once moved.
    top: f64,
    far: f64,
}

/// The rows of a drawing.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// The row of each layer.
    of: Vec<usize>,
    /// Where each layer begins and ends, along, once moved.
    along: Vec<[f64; 2]>,
    size: [f64; 2],
}

impl Rows {
    /// The rows of these layers. What is no longer than `within` is one row.
    pub(super) fn new(within: f64, layers: &[Vec<usize>], along: &[[f64; 2]], across: &[f64], extents: &[f64]) -> Self {
        let reach = |layers: &[Vec<usize>]| {
            let all = layers.iter().flatten();
            let near = all.clone().map(|v| across[*v] - extents[*v] / 2.0).fold(f64::INFINITY, f64::min);
            (near, all.map(|v| across[*v] + extents[*v] / 2.0).fold(near, f64::max))
        };
        let height = |starts: &[usize]| -> f64 {
            let ends = starts.iter().skip(1).copied().chain([layers.len()]);
            let rows = starts.iter().zip(ends).map(|(start, end)| reach(&layers[*start..end]));
            rows.map(|(near, far)| far - near + BETWEEN + LANE * LANES as f64).sum()
        };
        let starts = starts(along, within, &height);
        let count = starts.len();
        let margin = if count > 1 { MARGIN + LANE * LANES as f64 } else { 0.0 };
        let mut rows: Vec<Row> = Vec::new();
        let mut of = Vec::new();
        for (k, start) in starts.iter().enumerate() {
            let end = starts.get(k + 1).copied().unwrap_or(layers.len());
            let (near, far) = reach(&layers[*start..end]);
            let (near, far) = if near.is_finite() { (near, far) } else { (0.0, 0.0) };
            let top = rows.last().map_or(0.0, |row| row.far + BETWEEN + LANE * LANES as f64);
            let shift = [margin - along.get(*start).map_or(0.0, |[start, _]| *start), top - near];
            rows.push(Row { shift, top, far: far + shift[1] });
            of.extend((*start..end).map(|_| k));
        }
        let along: Vec<[f64; 2]> =
            along.iter().zip(&of).map(|(ends, row)| ends.map(|x| x + rows[*row].shift[0])).collect();
        let end = along.iter().map(|[_, end]| end + margin).fold(0.0, f64::max);
        let size = [end, rows.last().map_or(0.0, |row| row.far)];
        Rows { rows, of, along, size }
    }

    /// Where each layer begins and ends.
    pub(super) fn along(&self) -> &[[f64; 2]] {
        &self.along
    }

    /// The middle of each vertex.
    pub(super) fn across(&self, vertices: &[Vertex], across: &[f64]) -> Vec<f64> {
        vertices.iter().zip(across).map(|(v, x)| x + self.rows[self.of[v.layer]].shift[1]).collect()
    }

    pub(super) fn size(&self) -> [f64; 2] {
        self.size
    }

    /// The way from a layer to the next: a curve within a row; to the next row around its end. `lane` tells apart the arrows that
    /// go the same way.
    pub(super) fn between(&self, layer: usize, lane: usize, from: [f64; 2], to: [f64; 2]) -> Vec<Piece> {
        let row = self.of[layer];
        if self.of[layer + 1] == row {
            return vec![Piece::Curve(to)];
        }
        let offset = MARGIN + LANE * (lane % LANES) as f64;
        let (right, left) = (self.size[0] - offset, offset);
        let gap = self.rows[row].far + offset;
        debug_assert!(self.rows[row + 1].top >= gap);
        [[right, from[1]], [right, gap], [left, gap], [left, to[1]], to].map(Piece::Straight).to_vec()
    }
}

/// The layers that begin a row: the first alone, unless the drawing would be a ribbon. `height` is that of such rows.
fn starts(along: &[[f64; 2]], within: f64, height: &dyn Fn(&[usize]) -> f64) -> Vec<usize> {
    let length = along.last().map_or(0.0, |[_, end]| *end);
    let one = vec![0];
    if length <= within || along.is_empty() || length <= RIBBON * height(&one) {
        return one;
    }
    let mut starts = one;
    for count in 2..=along.len() {
        starts = rows_of(along, length, count);
        if length / count as f64 <= WANTED * height(&starts) {
            break;
        }
    }
    starts
}

/// The layers that begin a row, where so many rows are equally long.
fn rows_of(along: &[[f64; 2]], length: f64, count: usize) -> Vec<usize> {
    let row = |[start, end]: [f64; 2]| (((start + end) / 2.0 / length * count as f64) as usize).min(count - 1);
    let begins = (0..along.len()).filter(|k| *k == 0 || row(along[*k]) != row(along[*k - 1]));
    begins.collect()
}
