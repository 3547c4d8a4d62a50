use std::f64::consts::PI;

use super::{Number, Workload, spread};

/// A perceptron of layers 2-16-16-1 with ReLU on a hundred points of two half moons: max-margin loss plus the squares of
/// all weights, as in micrograd's demonstration.
pub struct Mlp {
    points: Vec<([f64; 2], f64)>,
    at: Vec<f64>,
}

const SIZES: [usize; 4] = [2, 16, 16, 1];
const ALPHA: f64 = 1e-4;

impl Mlp {
    pub fn moons() -> Self {
        let noise = spread(200, -0.1, 0.1, 0.414_213_562_373_095).collect::<Vec<f64>>();
        let point = |k: usize| {
            let (angle, upper) = (PI * (k / 2) as f64 / 49.0, k.is_multiple_of(2));
            let (x, y) = if upper { (angle.cos(), angle.sin()) } else { (1.0 - angle.cos(), 0.5 - angle.sin()) };
            ([x + noise[2 * k], y + noise[2 * k + 1]], if upper { -1.0 } else { 1.0 })
        };
        let count = SIZES.windows(2).map(|s| (s[0] + 1) * s[1]).sum();
        Mlp { points: (0..100).map(point).collect(), at: spread(count, -1.0, 1.0, 0.618_033_988_749_895).collect() }
    }

    /// The points, each with its label, −1 or 1.
    pub fn points(&self) -> &[([f64; 2], f64)] {
        &self.points
    }
}

/// One layer: for each neuron its weights, then its bias.
fn layer<T: Number + std::ops::Mul<X, Output = T>, X: Copy>(parameters: &[T], x: &[X], rectify: bool) -> Vec<T> {
    let neuron = |p: &[T]| {
        let (bias, weights) = (p[x.len()], &p[..x.len()]);
        let y = T::sum(weights.iter().zip(x).map(|(w, x)| *w * *x)) + bias;
        if rectify { y.relu() } else { y }
    };
    parameters.chunks_exact(x.len() + 1).map(neuron).collect()
}

impl Workload for Mlp {
    fn name(&self) -> String {
        "S1 scalar MLP 2-16-16-1, 100 moons".into()
    }

    fn operations(&self) -> usize {
        // A neuron multiplies and adds once for each weight; hidden ones rectify. Then three operations of the loss for
        // each point, its sum and mean, and the squares, their sum, weight and place in the total.
        let network: usize = SIZES.windows(2).map(|s| 2 * s[0] * s[1]).sum::<usize>() + SIZES[1] + SIZES[2];
        (network + 4) * self.points.len() + 1 + 2 * self.at.len() + 2
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        let (first, rest) = x.split_at((SIZES[0] + 1) * SIZES[1]);
        let (second, last) = rest.split_at((SIZES[1] + 1) * SIZES[2]);
        let losses = self.points.iter().map(|(point, label)| {
            let hidden = layer(second, &layer(first, point, true), true);
            let score = layer(last, &hidden, false)[0];
            (score * -label + 1.0).relu()
        });
        let data = T::sum(losses) / self.points.len() as f64;
        data + T::sum(x.iter().map(|w| *w * *w)) * ALPHA
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let mut gradient: Vec<f64> = self.at.iter().map(|w| 2.0 * ALPHA * w).collect();
        let mut value = ALPHA * self.at.iter().map(|w| w * w).sum::<f64>();
        let n = self.points.len() as f64;
        let (first, rest) = self.at.split_at((SIZES[0] + 1) * SIZES[1]);
        let (second, last) = rest.split_at((SIZES[1] + 1) * SIZES[2]);
        let (g_first, g_rest) = gradient.split_at_mut(first.len());
        let (g_second, g_last) = g_rest.split_at_mut(second.len());
        for (point, label) in &self.points {
            let a = forward(first, point, true);
            let b = forward(second, &a, true);
            let score = forward(last, &b, false);
            let margin = 1.0 - label * score[0];
            if margin <= 0.0 {
                continue;
            }
            value += margin / n;
            let g = back(last, g_last, &b, &[-label / n]);
            let g = back(second, g_second, &a, &rectified(g, &b));
            back(first, g_first, point, &rectified(g, &a));
        }
        (value, gradient)
    }
}

fn forward(parameters: &[f64], x: &[f64], rectify: bool) -> Vec<f64> {
    let neuron = |p: &[f64]| {
        let y = p[..x.len()].iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + p[x.len()];
        if rectify { y.max(0.0) } else { y }
    };
    parameters.chunks_exact(x.len() + 1).map(neuron).collect()
}

/// The gradient by a layer's inputs; that by its parameters is added to `gradient`.
fn back(parameters: &[f64], gradient: &mut [f64], x: &[f64], g: &[f64]) -> Vec<f64> {
    let mut g_x = vec![0.0; x.len()];
    let rows = parameters.chunks_exact(x.len() + 1).zip(gradient.chunks_exact_mut(x.len() + 1));
    for ((p, g_p), g) in rows.zip(g) {
        for k in 0..x.len() {
            g_p[k] += g * x[k];
            g_x[k] += g * p[k];
        }
        g_p[x.len()] += g;
    }
    g_x
}

/// The gradient before a rectifier, from its output.
fn rectified(g: Vec<f64>, y: &[f64]) -> Vec<f64> {
    g.iter().zip(y).map(|(g, y)| if *y > 0.0 { *g } else { 0.0 }).collect()
}
