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
}

use Initialiser::*;

const NAMES: [(Initialiser, &str); 8] = [
    (Zeros, "zeros"),
    (Normal, "normal"),
    (NormalOverRoot, "normal_over_root"),
    (UniformOverRoot, "uniform_over_root"),
    (XavierUniform, "xavier_uniform"),
    (XavierNormal, "xavier_normal"),
    (KaimingUniform, "kaiming_uniform"),
    (KaimingNormal, "kaiming_normal"),
];

impl Initialiser {
    /// Every initialiser.
    pub const ALL: [Initialiser; 8] =
        [Zeros, Normal, NormalOverRoot, UniformOverRoot, XavierUniform, XavierNormal, KaimingUniform, KaimingNormal];

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
        }
    }
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
