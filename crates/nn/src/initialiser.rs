//! How weights begin.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use wengert_tape::{Float, Shape, Tensor};

use crate::error::Error;

/// The distribution that weights are drawn from before training.
///
/// `n` is the number of inputs of a neuron and `m` the number of neurons that an input reaches: for a weight of shape
/// `[outputs, inputs, …]` the entries of one output and of one input.
///
/// | name | weights |
/// | --- | --- |
/// | `zeros` | 0 |
/// | `normal` | normal, variance 1 |
/// | `normal_over_root` | normal, variance 1/n (Nielsen, "Neural Networks and Deep Learning", chapter 3) |
/// | `uniform_over_root` | uniform within ±1/√n: what PyTorch's layers begin with |
/// | `xavier_uniform` | uniform within ±√(6/(n + m)) (Glorot and Bengio 2010) |
/// | `xavier_normal` | normal, variance 2/(n + m) |
/// | `kaiming_uniform` | uniform within ±√(6/n) (He et al. 2015, for rectifiers) |
/// | `kaiming_normal` | normal, variance 2/n |
/// | `orthogonal` | rows at right angles to each other and of length 1 (Saxe et al. 2014), or columns where there are fewer |
///
/// Weights by hand are tensors: [`Linear::from_weights`](crate::Linear::from_weights) and its like take them.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let w: Tensor<f32> = Initialiser::XavierUniform.draw([2, 4], &mut generator(1));
/// assert!(w.data().iter().all(|w| w.abs() <= 1.0)); // √(6 / (4 + 2))
/// assert_eq!("zeros".parse::<Initialiser>()?, Initialiser::Zeros);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Initialiser {
    /// Zeros.
    Zeros,
    /// Normal with variance 1.
    Normal,
    /// Normal with variance 1/n.
    NormalOverRoot,
    /// Uniform within ±1/√n.
    UniformOverRoot,
    /// Uniform within ±√(6/(n + m)).
    XavierUniform,
    /// Normal with variance 2/(n + m).
    XavierNormal,
    /// Uniform within ±√(6/n).
    KaimingUniform,
    /// Normal with variance 2/n.
    KaimingNormal,
    /// Rows, or columns, at right angles to each other and of length 1.
    Orthogonal,
}

use Initialiser::*;

const NAMES: [(Initialiser, &str); 9] = [
    (Zeros, "zeros"),
    (Normal, "normal"),
    (NormalOverRoot, "normal_over_root"),
    (UniformOverRoot, "uniform_over_root"),
    (XavierUniform, "xavier_uniform"),
    (XavierNormal, "xavier_normal"),
    (KaimingUniform, "kaiming_uniform"),
    (KaimingNormal, "kaiming_normal"),
    (Orthogonal, "orthogonal"),
];

impl Initialiser {
    /// Every initialiser.
    pub const ALL: [Initialiser; 9] = [
        Zeros,
        Normal,
        NormalOverRoot,
        UniformOverRoot,
        XavierUniform,
        XavierNormal,
        KaimingUniform,
        KaimingNormal,
        Orthogonal,
    ];

    /// Weights of shape `[outputs, inputs, …]`.
    pub fn draw<F: Float>(self, shape: impl Into<Shape>, rng: &mut (impl Rng + ?Sized)) -> Tensor<F> {
        let shape = shape.into();
        self.draw_for(fans(&shape), shape, rng)
    }

    /// Numbers of any shape for neurons with `n` inputs, where an input reaches `m` neurons.
    pub(crate) fn draw_for<F: Float>(
        self,
        (n, m): (f64, f64),
        shape: Shape,
        rng: &mut (impl Rng + ?Sized),
    ) -> Tensor<F> {
        let uniform = |bound: f64, rng: &mut _| Tensor::<f64>::rand(&shape, rng).map(|u| from(bound * (2.0 * u - 1.0)));
        let normal = |variance: f64, rng: &mut _| {
            let deviation = variance.sqrt();
            Tensor::<f64>::randn(&shape, rng).map(|z| from(deviation * z))
        };
        match self {
            Zeros => Tensor::zeros(&shape),
            Normal => normal(1.0, rng),
            NormalOverRoot => normal(1.0 / n, rng),
            UniformOverRoot => uniform((1.0 / n).sqrt(), rng),
            XavierUniform => uniform((6.0 / (n + m)).sqrt(), rng),
            XavierNormal => normal(2.0 / (n + m), rng),
            KaimingUniform => uniform((6.0 / n).sqrt(), rng),
            KaimingNormal => normal(2.0 / n, rng),
            Orthogonal => {
                let rows = shape.first().copied().unwrap_or(1).max(1);
                let numbers = Tensor::<f64>::randn(&shape, rng).into_vec();
                Tensor::new(&shape, orthogonal(rows, numbers).into_iter().map(from).collect())
            }
        }
    }
}

/// The rows of a matrix, or its columns where there are fewer, made orthonormal by Gram and Schmidt's procedure, twice: once
/// leaves more than rounding where rows are nearly parallel.
fn orthogonal(rows: usize, numbers: Vec<f64>) -> Vec<f64> {
    let columns = numbers.len() / rows;
    let wide = rows <= columns;
    let (count, length) = if wide { (rows, columns) } else { (columns, rows) };
    let place = |k: usize, i: usize| if wide { k * columns + i } else { i * columns + k };
    let mut vectors: Vec<Vec<f64>> = (0..count).map(|k| (0..length).map(|i| numbers[place(k, i)]).collect()).collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for k in 0..count {
        let (before, rest) = vectors.split_at_mut(k);
        let vector = &mut rest[0];
        for other in before.iter().chain(before.iter()) {
            let along = dot(vector, other);
            vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
        }
        let norm = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= norm);
    }
    let mut all = numbers;
    for (k, vector) in vectors.iter().enumerate() {
        vector.iter().enumerate().for_each(|(i, v)| all[place(k, i)] = *v);
    }
    all
}

fn from<F: Float>(x: f64) -> F {
    F::from_f64(x)
}

/// How many inputs an output has, and how many outputs an input has; at least 1.
pub(crate) fn fans(shape: &Shape) -> (f64, f64) {
    let product = |lengths: &[usize]| lengths.iter().product::<usize>().max(1) as f64;
    match &shape[..] {
        [] => (1.0, 1.0),
        [outputs] => (1.0, product(&[*outputs])),
        [outputs, inputs, window @ ..] => {
            (product(&[*inputs]) * product(window), product(&[*outputs]) * product(window))
        }
    }
}

impl fmt::Display for Initialiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(initialiser, _)| initialiser == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

impl FromStr for Initialiser {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found
            .map(|(i, _)| *i)
            .ok_or_else(|| Error::parse(text, format!("an initialiser; there are {}", names.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    /// Mean and variance of 40,000 weights agree with the table above, within five standard errors; where the table
    /// gives a bound, no weight is beyond it.
    #[test]
    fn distributions_are_those_of_the_table() {
        let (n, m) = (50.0 * 4.0, 200.0 * 4.0);
        let table: [(Initialiser, f64, Option<f64>); 8] = [
            (Zeros, 0.0, Some(0.0)),
            (Normal, 1.0, None),
            (NormalOverRoot, 1.0 / n, None),
            (UniformOverRoot, 1.0 / n / 3.0, Some((1.0_f64 / n).sqrt())),
            (XavierUniform, 2.0 / (n + m), Some((6.0_f64 / (n + m)).sqrt())),
            (XavierNormal, 2.0 / (n + m), None),
            (KaimingUniform, 2.0 / n, Some((6.0_f64 / n).sqrt())),
            (KaimingNormal, 2.0 / n, None),
        ];
        let mut failures = Vec::new();
        for (initialiser, variance, bound) in table {
            let w: Tensor<f64> = initialiser.draw([200, 50, 2, 2], &mut generator(3));
            let count = w.len() as f64;
            let mean = w.data().iter().sum::<f64>() / count;
            let second = w.data().iter().map(|w| w * w).sum::<f64>() / count;
            // The fourth moment of a normal is 3 variance², and a uniform one's is smaller.
            let (mean_error, second_error) = (5.0 * (variance / count).sqrt(), 5.0 * variance * (2.0 / count).sqrt());
            let beyond = bound.is_some_and(|b| w.data().iter().any(|w| w.abs() > b));
            if mean.abs() > mean_error || (second - variance).abs() > second_error || beyond {
                failures.push(format!("{initialiser}: mean {mean}, second moment {second}, expected {variance}"));
            }
        }
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    /// W Wᵀ = I where there are fewer rows than columns, Wᵀ W = I where there are more.
    #[test]
    fn orthogonal_weights_are_orthonormal() {
        for shape in [[3, 5], [5, 3], [4, 4], [1, 7], [7, 1]] {
            let w: Tensor<f64> = Orthogonal.draw(shape, &mut generator(3));
            let [rows, columns] = shape;
            let (count, length) = (rows.min(columns), rows.max(columns));
            let entry = |k: usize, i: usize| if rows <= columns { w[[k, i]] } else { w[[i, k]] };
            for a in 0..count {
                for b in 0..count {
                    let dot: f64 = (0..length).map(|i| entry(a, i) * entry(b, i)).sum();
                    assert!((dot - f64::from(u8::from(a == b))).abs() < 1e-14, "{shape:?} [{a}, {b}]: {dot}");
                }
            }
        }
        let filters: Tensor<f64> = Orthogonal.draw([2, 3, 2, 2], &mut generator(3));
        assert!((filters.data().iter().map(|w| w * w).sum::<f64>() - 2.0).abs() < 1e-14);
    }

    #[test]
    fn names_are_read_back() {
        for initialiser in Initialiser::ALL {
            assert_eq!(initialiser.to_string().parse::<Initialiser>().unwrap(), initialiser);
        }
        assert!(
            "Xavier".parse::<Initialiser>().unwrap_err().to_string().starts_with("`Xavier` is not an initialiser; ")
        );
    }
}
