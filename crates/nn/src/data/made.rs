//! Data sets that code makes.

use std::f64::consts::PI;

use rand::Rng;
use wengert_tape::{Float, Tensor};

use super::Dataset;

/// The four rows of exclusive or: inputs `[4, 2]`, targets `[4, 1]`. No line separates its ones from its zeros.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// assert_eq!(xor::<f64>().targets().data(), [0.0, 1.0, 1.0, 0.0]);
/// ```
pub fn xor<F: Float>() -> Dataset<F, F> {
    let (o, i) = (F::zero(), F::one());
    let rows = Tensor::from([[o, o], [o, i], [i, o], [i, i]]);
    Dataset::new(rows, Tensor::from([[o], [i], [i], [o]])).unwrap_or_else(|e| unreachable!("{e}"))
}

/// Two interleaved half circles of radius 1, as scikit-learn's `make_moons` and micrograd's demonstration have them: the
/// upper one around (0, 0), class 0, and the lower one around (1, ½), class 1. To each coordinate is added a normal
/// number with standard deviation `noise`.
///
/// The first ⌊n/2⌋ samples are class 0.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = moons::<f64>(100, 0.1, &mut generator(1337));
/// assert_eq!((data.inputs().shape(), data.names()), (&[100, 2].into(), &["upper".into(), "lower".into()][..]));
/// ```
pub fn moons<F: Float>(n: usize, noise: f64, rng: &mut (impl Rng + ?Sized)) -> Dataset<F> {
    let (upper, lower) = (n / 2, n - n / 2);
    let angles = |n: usize| Tensor::<f64>::linspace(0.0, PI, n).into_vec().into_iter();
    let above = angles(upper).flat_map(|t| [t.cos(), t.sin()]);
    let below = angles(lower).flat_map(|t| [1.0 - t.cos(), 0.5 - t.sin()]);
    let shifts = Tensor::<f64>::randn([n, 2], rng);
    let points = above.chain(below).zip(shifts.data()).map(|(x, z)| F::from_f64(x + noise * z));
    let classes: Vec<i64> = (0..n).map(|k| i64::from(k >= upper)).collect();
    let inputs = Tensor::new([n, 2], points.collect());
    Dataset::of_classes(inputs, classes.into(), vec!["upper".into(), "lower".into()])
        .unwrap_or_else(|e| unreachable!("{e}"))
}
