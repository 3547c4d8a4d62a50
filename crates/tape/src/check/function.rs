//! The function whose differences are taken: leaves in, numbers out.

use super::extrapolation::UNIT;
use super::slope::{self, Reading, Slope};
use super::steps;
use crate::tensor::Tensor;
use crate::transform::replay::Replay;

/// A function of leaves, in f64; `None` where an operation rejects them. `moved` is the one leaf that differs from the
/// point, if only one does.
pub(crate) type Function<'a> = Box<dyn FnMut(&[Tensor<f64>], Option<usize>) -> Option<Tensor<f64>> + 'a>;

/// Where a difference is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Along<'a> {
    /// Along an element of a leaf.
    Element(usize, usize),
    /// Along a direction in all leaves.
    Direction(&'a [Tensor<f64>]),
}

/// A function at a point, contracted with a cotangent.
pub(crate) struct Contracted<'a> {
    pub(crate) function: Function<'a>,
    pub(crate) point: Vec<Tensor<f64>>,
    pub(crate) cotangent: Tensor<f64>,
    /// The value at the point.
    pub(crate) value: Tensor<f64>,
    /// The size below which nothing counts in each element of the output: its round-off in units.
    pub(crate) floor: Vec<f64>,
    /// Whether nothing is known of what it computes inside.
    pub(crate) opaque: bool,
    pub(crate) tolerance: f64,
}

impl Contracted<'_> {
    /// Measures the derivative.
    pub(crate) fn slope(&mut self, along: Along<'_>) -> Slope {
        let (scales, smallest) = match along {
            Along::Element(leaf, i) => {
                let x = &self.point[leaf];
                let own = x.data()[i].abs();
                (scales(own, largest(x)), 1024.0 * UNIT * own)
            }
            Along::Direction(_) => (vec![1.0], 1024.0 * UNIT),
        };
        // Outputs that never move take no part, so that their round-off is none of ours.
        let mut moves = vec![self.value.len() == 1; self.value.len()];
        let tolerance = self.tolerance;
        let mut leaves = self.point.clone();
        let opaque = self.opaque;
        let mut phi = |t| self.reading(along, t, &mut leaves, &mut moves);
        let mut slope = slope::measure(&mut phi, &scales, smallest, tolerance);
        if opaque && slope.value == 0.0 {
            slope.bar = slope.bar.max(steps::mean_slope(&mut |t| Some(phi(t)?.delta), slope.scale).unwrap_or(0.0));
        }
        slope
    }

    /// The change of the contracted function over a displacement, and the size of the numbers that it is between.
    pub(crate) fn difference(&mut self, along: Along<'_>, t: f64) -> Option<(f64, f64)> {
        let mut moves = vec![true; self.value.len()];
        let mut leaves = self.point.clone();
        let reading = self.reading(along, t, &mut leaves, &mut moves)?;
        Some((reading.delta, reading.size))
    }

    /// The value of the contracted function at a displacement.
    fn reading(&mut self, along: Along<'_>, t: f64, leaves: &mut [Tensor<f64>], moves: &mut [bool]) -> Option<Reading> {
        let (t, moved) = match along {
            Along::Element(leaf, i) => {
                let x = self.point[leaf].data()[i];
                leaves[leaf].data_mut()[i] = x + t;
                (x + t - x, Some(leaf))
            }
            Along::Direction(direction) => {
                for ((to, from), d) in leaves.iter_mut().zip(&self.point).zip(direction) {
                    *to = from + &(d * t);
                }
                (t, None)
            }
        };
        let y = (self.function)(leaves, moved)?;
        if y.shape() != self.value.shape() {
            return None;
        }
        let (mut delta, mut size, mut magnitude) = (0.0, 0.0, 0.0);
        for (j, (y, y0)) in y.data().iter().zip(self.value.data()).enumerate() {
            moves[j] |= y != y0;
            if moves[j] {
                let c = self.cotangent.data()[j];
                delta += c * (y - y0);
                // Below the smallest normal number rounding is no smaller than there.
                let own = y.abs().max(y0.abs()).max(f64::MIN_POSITIVE);
                size += c.abs() * own.max(self.floor[j]);
                magnitude += c.abs() * own;
            }
        }
        Some(Reading { t, delta, size, magnitude })
    }
}

/// The sizes over which a function may vary with a number, the likeliest first: its own, that of the numbers beside it,
/// and 1.
fn scales(own: f64, beside: f64) -> Vec<f64> {
    let mut scales: Vec<f64> = Vec::new();
    for s in [own, beside, 1.0] {
        let new = scales.iter().all(|known| s / known > 16.0 || known / s > 16.0);
        if s > 0.0 && s.is_finite() && new {
            scales.push(s);
        }
    }
    scales
}

pub(crate) fn largest(t: &Tensor<f64>) -> f64 {
    t.data().iter().fold(0.0, |m, x| x.abs().max(m))
}

/// A recorded graph as a function of its leaves, which stand at `positions`; a leaf that it does not reach has none.
pub(crate) fn replayed(replay: &Replay<f64>, positions: Vec<Option<usize>>) -> Function<'static> {
    let point = replay.clone();
    let dependents: Vec<Vec<usize>> = positions.iter().map(|p| point.dependents(p.as_slice())).collect();
    let mut scratch = replay.clone();
    let mut last = None;
    Box::new(move |leaves, moved| {
        if moved.is_none() || moved != last {
            scratch = point.clone();
        }
        last = moved;
        match moved {
            Some(leaf) => {
                if let Some(position) = positions[leaf] {
                    scratch.set(position, leaves[leaf].clone(), &dependents[leaf]).ok()?;
                }
            }
            None => {
                let all: Vec<_> = positions.iter().zip(leaves).filter_map(|(p, x)| Some(((*p)?, x.clone()))).collect();
                scratch = point.with(&all).ok()?;
            }
        }
        Some(scratch.output().clone())
    })
}
