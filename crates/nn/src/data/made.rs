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
    let coordinates: Vec<f64> = above.chain(below).collect();
    let classes = (0..n).map(|k| i64::from(k >= upper)).collect();
    let points = coordinates.as_chunks().0.to_vec();
    scattered(points, classes, ["upper", "lower"].map(String::from).into(), noise, rng)
}

/// Two circles around the origin, as scikit-learn's `make_circles` has them: the outer one of radius 1, class 0, and the
/// inner one of radius `factor`, class 1, each with points at equal angles. To each coordinate is added a normal number
/// with standard deviation `noise`. The first ⌊n/2⌋ samples are class 0.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = circles::<f64>(100, 0.5, 0.05, &mut generator(1));
/// assert_eq!((data.inputs().shape(), data.names()), (&[100, 2].into(), &["outer".into(), "inner".into()][..]));
/// ```
pub fn circles<F: Float>(n: usize, factor: f64, noise: f64, rng: &mut (impl Rng + ?Sized)) -> Dataset<F> {
    let outer = n / 2;
    let point = |k: usize| {
        let (k, of, radius) = if k < outer { (k, outer, 1.0) } else { (k - outer, n - outer, factor) };
        let angle = 2.0 * PI * k as f64 / of as f64;
        [radius * angle.cos(), radius * angle.sin()]
    };
    let classes = (0..n).map(|k| i64::from(k >= outer)).collect();
    scattered((0..n).map(point).collect(), classes, ["outer", "inner"].map(String::from).into(), noise, rng)
}

/// Arms of a spiral around the origin, one for each class: from radius 0 to 1 over `turns` turns, the arms equally far
/// apart, `n` points on each. To each coordinate is added a normal number with standard deviation `noise`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = spirals::<f64>(3, 50, 0.75, 0.02, &mut generator(1));
/// assert_eq!((data.len(), data.names().len()), (150, 3));
/// ```
pub fn spirals<F: Float>(arms: usize, n: usize, turns: f64, noise: f64, rng: &mut (impl Rng + ?Sized)) -> Dataset<F> {
    let point = |k: usize| {
        let (arm, along) = (k / n, (k % n) as f64 / n.max(2) as f64);
        let angle = 2.0 * PI * (arm as f64 / arms as f64 + turns * along);
        [along * angle.cos(), along * angle.sin()]
    };
    let classes = (0..arms * n).map(|k| (k / n) as i64).collect();
    let names = (0..arms).map(|arm| arm.to_string()).collect();
    scattered((0..arms * n).map(point).collect(), classes, names, noise, rng)
}

/// Normal clouds with standard deviation `noise`, one for each class, `n` points around each of these centers.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = blobs::<f64>(&[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], 20, 0.5, &mut generator(1));
/// assert_eq!((data.len(), data.names().len()), (60, 3));
/// ```
pub fn blobs<F: Float>(centers: &[[f64; 2]], n: usize, noise: f64, rng: &mut (impl Rng + ?Sized)) -> Dataset<F> {
    let points = centers.iter().flat_map(|center| std::iter::repeat_n(*center, n)).collect();
    let classes = (0..centers.len() * n).map(|k| (k / n) as i64).collect();
    scattered(points, classes, (0..centers.len()).map(|k| k.to_string()).collect(), noise, rng)
}

/// Points on a line, a plane or what has more dimensions: inputs `[n, weights]`, uniform within ±1, and targets `[n, 1]`,
/// `weights · x + bias` plus a normal number with standard deviation `noise`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = lines::<f64>(10, &[2.0], 1.0, 0.0, &mut generator(1));
/// assert!(data.inputs().data().iter().zip(data.targets().data()).all(|(x, y)| *y == 2.0 * x + 1.0));
/// ```
pub fn lines<F: Float>(
    n: usize,
    weights: &[f64],
    bias: f64,
    noise: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Dataset<F, F> {
    let inputs = Tensor::<f64>::rand([n, weights.len()], rng).map(|u| 2.0 * u - 1.0);
    let errors = Tensor::<f64>::randn([n], rng);
    let sum = |k: usize| {
        let row = &inputs.data()[k * weights.len()..][..weights.len()];
        row.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() + bias + noise * errors.data()[k]
    };
    let targets = (0..n).map(|k| F::from_f64(sum(k))).collect();
    Dataset::new(inputs.cast(), Tensor::new([n, 1], targets)).unwrap_or_else(|e| unreachable!("{e}"))
}

/// Points of named classes, each coordinate moved by a normal number with standard deviation `noise`.
fn scattered<F: Float>(
    points: Vec<[f64; 2]>,
    classes: Vec<i64>,
    names: Vec<String>,
    noise: f64,
    rng: &mut (impl Rng + ?Sized),
) -> Dataset<F> {
    let shifts = Tensor::<f64>::randn([points.len(), 2], rng);
    let moved = points.as_flattened().iter().zip(shifts.data()).map(|(x, z)| F::from_f64(x + noise * z)).collect();
    let inputs = Tensor::new([points.len(), 2], moved);
    Dataset::of_classes(inputs, classes.into(), names).unwrap_or_else(|e| unreachable!("{e}"))
}
