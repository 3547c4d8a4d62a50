use std::f64::consts::PI;

use super::log_sum_exp::log_sum_exp;
use super::{Number, Workload, spread};

/// The log-likelihood of a Gaussian mixture with a Wishart prior: the objective of the ADBench suite.
///
/// A component has a weight, a mean, and the factor of its inverse covariance, `L`: the logarithms of the diagonal `q`,
/// then what lies below it, column by column.
pub struct Mixture {
    d: usize,
    k: usize,
    points: Vec<Vec<f64>>,
    at: Vec<f64>,
}

impl Mixture {
    pub fn new(d: usize, k: usize, points: usize) -> Self {
        let coordinates: Vec<f64> = spread(points * d, -1.0, 1.0, 0.732_050_807_568_877).collect();
        let parameters = k + k * d + k * d * (d + 1) / 2;
        Mixture {
            d,
            k,
            points: coordinates.chunks_exact(d).map(<[f64]>::to_vec).collect(),
            at: spread(parameters, -0.7, 0.7, 0.618_033_988_749_895).collect(),
        }
    }

    /// Weights, means and factors.
    fn split<'a, T>(&self, x: &'a [T]) -> (&'a [T], &'a [T], &'a [T]) {
        let (weights, rest) = x.split_at(self.k);
        let (means, factors) = rest.split_at(self.k * self.d);
        (weights, means, factors)
    }

    /// What does not depend on the parameters.
    fn constant(&self) -> f64 {
        let (d, n) = (self.d as f64, self.points.len() as f64);
        // The prior has scale 1 and no further degrees of freedom.
        let freedom = d + 1.0;
        let gammas: f64 = (0..self.d).map(|j| ln_gamma(self.d + 1 - j)).sum();
        let prior = freedom * d * (-0.5 * 2.0_f64.ln()) - (d * (d - 1.0) / 4.0 * PI.ln() + gammas);
        -n * d * 0.5 * (2.0 * PI).ln() - self.k as f64 * prior
    }
}

/// ln Γ(half / 2)
fn ln_gamma(half: usize) -> f64 {
    match half {
        1 => PI.sqrt().ln(),
        2 => 0.0,
        _ => ln_gamma(half - 2) + ((half - 2) as f64 / 2.0).ln(),
    }
}

/// `L · v`
fn times<T: Number>(diagonal: &[T], below: &[T], v: &[T]) -> Vec<T> {
    let d = v.len();
    let mut y: Vec<T> = diagonal.iter().zip(v).map(|(q, v)| *q * *v).collect();
    let mut next = 0;
    for column in 0..d {
        for row in column + 1..d {
            y[row] = y[row] + below[next] * v[column];
            next += 1;
        }
    }
    y
}

fn squares<T: Number>(x: &[T]) -> T {
    T::sum(x.iter().map(|x| *x * *x))
}

impl Workload for Mixture {
    fn name(&self) -> String {
        format!("S5 Gaussian mixture, d = {}, K = {}, N = {}", self.d, self.k, self.points.len())
    }

    fn operations(&self) -> usize {
        let (d, k) = (self.d, self.k);
        let triangle = d * (d - 1) / 2;
        // Centre, multiply by the factor, square and sum, combine, and three for its place in the log-sum-exp.
        let term = d + (d + 2 * triangle) + (2 * d - 1) + 3 + 3;
        // The exponentials of the diagonal and its sum; the prior's squares.
        let component = 2 * d + 2 * (d + triangle) + 3;
        self.points.len() * (k * term + 3) + k * component + 3 * k + 6
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        let (d, n) = (self.d, self.points.len() as f64);
        let (weights, means, factors) = self.split(x);
        let factors: Vec<(&[T], &[T])> = factors.chunks_exact(d * (d + 1) / 2).map(|f| f.split_at(d)).collect();
        let sums: Vec<T> = factors.iter().map(|(q, _)| T::sum(q.iter().copied())).collect();
        let diagonals: Vec<Vec<T>> = factors.iter().map(|(q, _)| q.iter().map(|q| q.exp()).collect()).collect();
        let likelihoods = self.points.iter().map(|point| {
            let terms: Vec<T> = (0..self.k)
                .map(|k| {
                    let centred: Vec<T> = point.iter().zip(&means[k * d..][..d]).map(|(x, mean)| -*mean + *x).collect();
                    let y = times(&diagonals[k], factors[k].1, &centred);
                    weights[k] + sums[k] - squares(&y) * 0.5
                })
                .collect();
            log_sum_exp(&terms)
        });
        let likelihood = T::sum(likelihoods);
        let prior = T::sum((0..self.k).map(|k| (squares(&diagonals[k]) + squares(factors[k].1)) * 0.5));
        likelihood - log_sum_exp(weights) * n + prior + self.constant()
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let (d, k, n) = (self.d, self.k, self.points.len() as f64);
        let size = d * (d + 1) / 2;
        let (weights, means, factors) = self.split(&self.at);
        let mut gradient = vec![0.0; self.at.len()];
        let (g_weights, rest) = gradient.split_at_mut(k);
        let (g_means, g_factors) = rest.split_at_mut(k * d);
        let diagonals: Vec<f64> = factors.chunks_exact(size).flat_map(|f| &f[..d]).map(|q| q.exp()).collect();
        let sums: Vec<f64> = factors.chunks_exact(size).map(|f| f[..d].iter().sum()).collect();
        let mut value = self.constant();
        let (mut centred, mut y, mut terms) = (vec![0.0; k * d], vec![0.0; k * d], vec![0.0; k]);
        for point in &self.points {
            for c in 0..k {
                let (v, y) = (&mut centred[c * d..][..d], &mut y[c * d..][..d]);
                let below = &factors[c * size + d..][..size - d];
                let mut next = 0;
                for j in 0..d {
                    v[j] = point[j] - means[c * d + j];
                    y[j] = diagonals[c * d + j] * v[j];
                }
                for column in 0..d {
                    for row in column + 1..d {
                        y[row] += below[next] * v[column];
                        next += 1;
                    }
                }
                terms[c] = weights[c] + sums[c] - 0.5 * y.iter().map(|y| y * y).sum::<f64>();
            }
            let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = terms.iter().map(|t| (t - largest).exp()).sum();
            value += total.ln() + largest;
            for c in 0..k {
                let share = (terms[c] - largest).exp() / total;
                let (v, y) = (&centred[c * d..][..d], &y[c * d..][..d]);
                let below = &factors[c * size + d..][..size - d];
                let g_factor = &mut g_factors[c * size..][..size];
                g_weights[c] += share;
                let mut next = 0;
                for column in 0..d {
                    let mut g_v = -share * y[column] * diagonals[c * d + column];
                    // by the logarithm of the diagonal: the sum's 1, and the chain through its exponential
                    g_factor[column] += share * (1.0 - y[column] * v[column] * diagonals[c * d + column]);
                    for row in column + 1..d {
                        g_factor[d + next] -= share * y[row] * v[column];
                        g_v -= share * y[row] * below[next];
                        next += 1;
                    }
                    g_means[c * d + column] -= g_v;
                }
            }
        }
        let largest = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = weights.iter().map(|w| (w - largest).exp()).sum();
        value -= n * (total.ln() + largest);
        for (g, w) in g_weights.iter_mut().zip(weights) {
            *g -= n * (w - largest).exp() / total;
        }
        for (c, factor) in factors.chunks_exact(size).enumerate() {
            for (j, l) in factor.iter().enumerate() {
                let l = if j < d { diagonals[c * d + j] } else { *l };
                value += 0.5 * l * l;
                g_factors[c * size + j] += if j < d { l * l } else { l };
            }
        }
        (value, gradient)
    }
}
