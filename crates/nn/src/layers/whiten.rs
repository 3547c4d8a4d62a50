//! Inputs whose features are uncorrelated.

use wengert_tape::prelude::*;

use super::Described;
use super::standardise::spread;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// A share of the mean variance within the classes, in units of the variance over all samples, that is added to every direction:
/// one in which nothing varies stays finite.
const RIDGE: f64 = 1e-3;

/// `y = (x − mean) · matrix`, with numbers that were fitted to the training inputs and are not learned: within a class the
/// features have all the same variance and no correlation, and over all samples the mean of their variances is 1.
///
/// It is the change of coordinates in which distances to the means of the classes are Mahalanobis', and in which linear
/// discriminant analysis (Fisher 1936, Rao 1948) looks for the nearest mean. A network could learn it, and does so poorly
/// where features are alike and samples few.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// // Two features that go up and down together within each class.
/// let x: Tensor<f64> = Tensor::from([[0.0, 0.1], [1.0, 0.9], [2.0, 2.0], [0.5, 0.0], [1.5, 1.0], [2.5, 2.1]]);
/// let whiten = Whiten::within_classes(&x, &Tensor::from([0, 0, 0, 1, 1, 1]))?;
/// let y = whiten.forward(&x);
/// assert!((y.square().mean().item() - 1.0).abs() < 1e-12);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Whiten<F: Float = f32> {
    /// The mean of each feature.
    pub mean: Param<F>,
    /// What the differences from it are multiplied by, `[features, features]`.
    pub matrix: Param<F>,
}

impl<F: Float> Whiten<F> {
    /// Fitted to `inputs`, `[samples, features]`, and their classes. The covariance within the classes is that of features
    /// of variance 1, drawn towards a multiple of the unit matrix by as much as is best for so many samples (Ledoit and
    /// Wolf 2004).
    ///
    /// # Errors
    /// If the inputs are not rows of finite numbers, or there is not a class for each.
    pub fn within_classes(inputs: &Tensor<F>, classes: &Tensor<i64>) -> Result<Self, Error> {
        let shape = inputs.shape();
        let error = |message: String| Err(Error::shape("whiten", message));
        if shape.rank() != 2 || shape.contains(&0) || *classes.shape() != [shape[0]] {
            return error(format!(
                "inputs {shape} and classes {} are not [samples, features] and [samples]",
                classes.shape()
            ));
        }
        let (samples, features) = (shape[0], shape[1]);
        let numbers: Vec<f64> = inputs.data().iter().map(|x| Float::to_f64(*x)).collect();
        if numbers.iter().any(|x| !x.is_finite()) {
            return error("a number is not finite".into());
        }
        let everyone: Vec<usize> = (0..samples).collect();
        let mean = mean_of(&numbers, &everyone, features);
        let of = |feature: usize| numbers.iter().skip(feature).step_by(features).copied();
        // A feature that is constant, but for rounding, is none: nothing of it may be stretched.
        let spreads: Vec<Option<f64>> =
            (0..features).map(|feature| spread(of(feature), F::epsilon().to_f64()).1).collect();
        let deviations: Vec<f64> = spreads.iter().map(|deviation| deviation.unwrap_or(1.0)).collect();
        let mut apart = numbers.clone();
        for class in classes.data().iter().collect::<std::collections::BTreeSet<_>>() {
            let members: Vec<usize> = (0..samples).filter(|k| classes.data()[*k] == *class).collect();
            let own = mean_of(&numbers, &members, features);
            for k in members {
                let row = apart[k * features..][..features].iter_mut().zip(own.iter().zip(&deviations));
                row.for_each(|(x, (mean, deviation))| *x = (*x - mean) / deviation);
            }
        }
        for row in apart.chunks_exact_mut(features) {
            row.iter_mut().zip(&spreads).filter(|(_, spread)| spread.is_none()).for_each(|(x, _)| *x = 0.0);
        }
        let white = inverse_root(covariance(&apart, features), features);
        // Row i of the matrix: what feature i adds to each result.
        let place = |at: usize| (at / features, at % features);
        let whole = (0..features * features).map(place).map(|(i, j)| white[j * features + i] / deviations[i]);
        let whole = Tensor::new([features, features], whole.collect());
        let centre = Tensor::new([features], mean.clone());
        let results = (Tensor::new([samples, features], numbers) - &centre).matmul(&whole);
        let variance = results.square().mean().item();
        let varies = spreads.iter().any(Option::is_some) && variance > 0.0;
        let scale = if varies { 1.0 / variance.sqrt() } else { 1.0 };
        let matrix = whole.map(|x| F::from_f64(scale * x));
        Ok(Self::from_parts(centre.map(F::from_f64), matrix))
    }

    fn from_parts(mean: Tensor<F>, matrix: Tensor<F>) -> Self {
        let mut layer = Whiten { mean: Param::new(mean), matrix: Param::new(matrix) };
        layer.set_frozen(true);
        layer
    }
}

/// The mean of each feature over some rows.
fn mean_of(numbers: &[f64], rows: &[usize], features: usize) -> Vec<f64> {
    // From the first on, so that the mean of equal numbers is that number.
    let mean = |feature: usize| {
        let first = rows.first().map_or(0.0, |row| numbers[row * features + feature]);
        first + rows.iter().map(|row| numbers[row * features + feature] - first).sum::<f64>() / rows.len() as f64
    };
    (0..features).map(mean).collect()
}

/// The covariance of rows whose mean is 0, drawn towards a multiple of the unit matrix; the unit matrix if nothing varies.
fn covariance(rows: &[f64], features: usize) -> Vec<f64> {
    let samples = (rows.len() / features) as f64;
    let mut sum = vec![0.0; features * features];
    let mut fourth = 0.0;
    for row in rows.chunks_exact(features) {
        fourth += row.iter().map(|x| x * x).sum::<f64>().powi(2);
        for (i, x) in row.iter().enumerate() {
            sum[i * features..][..features].iter_mut().zip(row).for_each(|(s, y)| *s += x * y / samples);
        }
    }
    let average = (0..features).map(|i| sum[i * features + i]).sum::<f64>() / features as f64;
    if average == 0.0 {
        return (0..features * features).map(|at| f64::from(u8::from(at / features == at % features))).collect();
    }
    let squares = sum.iter().map(|s| s * s).sum::<f64>();
    let distance = squares - features as f64 * average * average;
    let error = (fourth / samples - squares) / samples;
    let share = if distance > 0.0 { (error / distance).clamp(0.0, 1.0) } else { 1.0 };
    for (at, s) in sum.iter_mut().enumerate() {
        *s *= 1.0 - share;
        if at / features == at % features {
            *s += (share + RIDGE) * average;
        }
    }
    sum
}

/// The inverse of the lower triangle L with L Lᵀ = `covariance`, row by row.
fn inverse_root(covariance: Vec<f64>, n: usize) -> Vec<f64> {
    let mut lower = covariance;
    for i in 0..n {
        for j in 0..=i {
            let products: f64 = (0..j).map(|k| lower[i * n + k] * lower[j * n + k]).sum();
            let left = lower[i * n + j] - products;
            lower[i * n + j] = if i == j { left.sqrt() } else { left / lower[j * n + j] };
        }
    }
    let mut inverse = vec![0.0; n * n];
    for j in 0..n {
        for i in j..n {
            let unit = f64::from(u8::from(i == j));
            let products: f64 = (j..i).map(|k| lower[i * n + k] * inverse[k * n + j]).sum();
            inverse[i * n + j] = (unit - products) / lower[i * n + i];
        }
    }
    inverse
}

impl<F: Float> Parameters<F> for Whiten<F> {
    parameters! { F: mean, matrix }

    fn description(&self) -> Option<Description> {
        Some(Description::new("whiten").whole("features", self.mean.value().len()))
    }
}

impl<F: Float> Module<F> for Whiten<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        // Constants, even to someone who frees all parameters of a model.
        let mean = x.constant(self.mean.value().clone());
        let matrix = x.constant(self.matrix.value().clone());
        (x.clone() - mean).matmul(matrix)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let features = self.mean.value().len();
        match x.split_last() {
            Some((n, rest)) if *n == features && !rest.is_empty() => Ok(x.clone()),
            _ => Err(Error::shape("whiten", format!("inputs […, {features}] are needed, not {x}"))),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let rows = x.split_last().map_or(&[][..], |(_, rows)| rows);
        let rows = if rows.is_empty() { &[1] } else { rows };
        Some(rows.iter().copied().chain([self.mean.value().len()]).collect())
    }
}

impl<F: Float> Described<F> for Whiten<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let features = description.get_whole("features")?;
        Ok(Self::from_parts(weights.take("mean", &[features])?, weights.take("matrix", &[features, features])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    /// Constant features, alone or beside one that varies: a number beside the constant stays near.
    #[test]
    fn constant_features_are_not_stretched() {
        let classes = Tensor::from((0..10).map(|k| k % 2).collect::<Vec<i64>>());
        for columns in [&[0.1][..], &[0.1, 1.0 / 3.0], &[0.1, f64::NAN]] {
            // NaN stands for a feature that varies.
            let number = |k: usize| {
                let (row, column) = (k / columns.len(), columns[k % columns.len()]);
                if column.is_nan() { row as f64 } else { column }
            };
            let inputs = Tensor::<f64>::new([10, columns.len()], (0..10 * columns.len()).map(number).collect());
            let layer = Whiten::within_classes(&inputs, &classes).unwrap();
            let row =
                |first: f64| Tensor::new([1, columns.len()], [&[first], &inputs.data()[1..columns.len()]].concat());
            let moved = layer.forward(&row(0.101)) - layer.forward(&row(0.1));
            assert!(moved.abs().max().item() <= 0.1, "{columns:?}: {moved}");
            let again = layer.forward(&inputs);
            assert!(again.abs().max().item() < 10.0, "{columns:?}: {again}");
        }
    }

    /// Within the classes, the covariance of what comes out is a multiple of the unit matrix, but for the pull towards it,
    /// which is small for 4,000 samples, and the ridge.
    #[test]
    fn what_comes_out_is_white() {
        let rng = &mut generator(1);
        let mix = Tensor::from([[3.0, 0.5, 0.0], [0.0, 0.5, 1.0], [0.0, 0.0, 20.0]]);
        let classes: Vec<i64> = (0..4000).map(|k| k % 2).collect();
        let mut x = Tensor::<f64>::randn([4000, 3], rng).matmul(mix);
        x.data_mut().chunks_exact_mut(3).zip(&classes).for_each(|(row, class)| row[1] += 0.5 * *class as f64);
        let y = Whiten::within_classes(&x, &Tensor::from(classes.clone())).unwrap().forward(&x);
        assert!((y.square().mean().item() - 1.0).abs() < 1e-12);
        let covariance = |i: usize, j: usize| -> f64 {
            [0, 1]
                .map(|class| {
                    let of = |f: usize| (0..2000).map(move |k| 3 * (2 * k + class) + f);
                    let mean = |f: usize| of(f).map(|at| y.data()[at]).sum::<f64>() / 2000.0;
                    let (a, b) = (mean(i), mean(j));
                    of(i).zip(of(j)).map(|(p, q)| (y.data()[p] - a) * (y.data()[q] - b)).sum::<f64>() / 4000.0
                })
                .iter()
                .sum()
        };
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            let (found, expected) = (covariance(i, j) / covariance(0, 0), if i == j { 1.0 } else { 0.0 });
            assert!((found - expected).abs() < 0.1, "{i}, {j}: {found}");
        }
    }

    /// Features that never change, or that follow from each other, and classes of one sample.
    #[test]
    fn nothing_is_infinite() {
        for (x, classes) in [
            (Tensor::from([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 4.0, 1.0], [1.0, 4.0, 1.0]]), [0, 0, 1, 1]),
            (Tensor::from([[1.0, 2.0, 3.0], [4.0, 3.0, 2.0], [5.0, 4.0, 1.0], [9.0, 4.0, 1.0]]), [0, 1, 2, 3]),
        ] {
            let y: Tensor<f64> = Whiten::within_classes(&x, &Tensor::from(classes)).unwrap().forward(&x);
            assert!(y.data().iter().all(|y: &f64| (-1e3..1e3).contains(y)), "{y}");
        }
        let wrong = Whiten::within_classes(&Tensor::from([[f64::NAN]]), &Tensor::from([0])).unwrap_err();
        assert_eq!(wrong.to_string(), "whiten: a number is not finite");
    }
}
