//! Inputs of mean 0 and variance 1.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// `y = (x − mean) / deviation`, with numbers that were fitted to the training inputs and are not learned.
///
/// It is a layer, so that a saved model carries it and is fed with raw inputs.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let training = Tensor::from([[1.0, 10.0], [3.0, 10.0]]);
/// let standardise = Standardise::fit(&training);
/// // A feature that never changes, but for the rounding of its numbers, is only shifted.
/// assert_eq!(standardise.forward(&training), Tensor::from([[-1.0, 0.0], [1.0, 0.0]]));
/// ```
#[derive(Clone, Debug)]
pub struct Standardise<F: Float = f32> {
    /// The mean, which broadcasts to a batch.
    pub mean: Param<F>,
    /// The standard deviation.
    pub deviation: Param<F>,
}

impl<F: Float> Standardise<F> {
    /// Fitted to each feature of `inputs`, whose first axis is the samples.
    ///
    /// # Panics
    /// If there are no samples.
    #[track_caller]
    pub fn fit(inputs: &Tensor<F>) -> Self {
        assert!(inputs.rank() > 0 && inputs.shape()[0] > 0, "standardise: no samples in {}", inputs.shape());
        let features = inputs.len() / inputs.shape()[0];
        let shape = Shape::from(&inputs.shape()[1..]);
        let column = |k: usize| moments(inputs.data().iter().skip(k).step_by(features.max(1)));
        let columns: Vec<(F, F)> = (0..features).map(column).collect();
        let tensor = |part: fn(&(F, F)) -> F| Tensor::new(&shape, columns.iter().map(part).collect());
        Self::from_moments(tensor(|c| c.0), tensor(|c| c.1))
    }

    /// Fitted to all numbers of `inputs` together: one mean and one deviation, as suits images.
    ///
    /// # Panics
    /// If there are no numbers.
    #[track_caller]
    pub fn fit_together(inputs: &Tensor<F>) -> Self {
        assert!(!inputs.is_empty(), "standardise: no numbers in {}", inputs.shape());
        let (mean, deviation) = moments(inputs.data().iter());
        Self::from_moments(Tensor::from(mean), Tensor::from(deviation))
    }

    /// The layer that takes the results of this one back: `y · deviation + mean`. Behind a network that learned standardised
    /// targets, it gives answers in the unit of the targets.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let standardise = Standardise::fit(&Tensor::from([[1.0], [3.0]]));
    /// let x = Tensor::from([[10.0], [-2.0]]);
    /// assert_eq!(standardise.inverse().forward(&standardise.forward(&x)), x);
    /// ```
    pub fn inverse(&self) -> Self {
        let (mean, deviation) = (self.mean.value(), self.deviation.value());
        Self::from_moments(-(mean / deviation), deviation.map(|d| F::one() / d))
    }

    fn from_moments(mean: Tensor<F>, deviation: Tensor<F>) -> Self {
        let mut layer = Standardise { mean: Param::new(mean), deviation: Param::new(deviation) };
        layer.set_frozen(true);
        layer
    }
}

/// Mean and standard deviation, in double precision; a deviation that is rounding becomes 1.
fn moments<'a, F: Float>(numbers: impl Iterator<Item = &'a F> + Clone) -> (F, F) {
    let (mean, deviation) = spread(numbers.map(|x| Float::to_f64(*x)), F::epsilon().to_f64());
    (F::from_f64(mean), F::from_f64(deviation.unwrap_or(1.0)))
}

/// Mean and standard deviation of numbers that were rounded to `epsilon`; no deviation if they differ by no more than their
/// rounding.
pub(super) fn spread(numbers: impl Iterator<Item = f64> + Clone, epsilon: f64) -> (f64, Option<f64>) {
    let count = numbers.clone().count() as f64;
    // From the first on, so that the mean of equal numbers is that number.
    let first = numbers.clone().next().unwrap_or(0.0);
    let mean = first + numbers.clone().map(|x| x - first).sum::<f64>() / count;
    let deviation = (numbers.clone().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    let largest = numbers.fold(0.0, |largest: f64, x| largest.max(x.abs()));
    (mean, (deviation > epsilon * largest).then_some(deviation))
}

impl<F: Float> Parameters<F> for Standardise<F> {
    parameters! { F: mean, deviation }

    fn description(&self) -> Option<Description> {
        Some(Description::new("standardise").wholes("shape", self.mean.value().shape()))
    }
}

impl<F: Float> Module<F> for Standardise<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        // Constants, even to someone who frees all parameters of a model.
        let mean = x.constant(self.mean.value().clone());
        let deviation = x.constant(self.deviation.value().clone());
        (x.clone() - mean) / deviation
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let mean = self.mean.value().shape();
        match mean.broadcasts_to(x) {
            true => Ok(x.clone()),
            false => Err(Error::shape("standardise", format!("inputs […, {mean}] are needed, not {x}"))),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let mean = self.mean.value().shape();
        let before = x.len().saturating_sub(mean.len());
        Some(x[..before].iter().chain(mean.iter()).copied().collect())
    }
}

impl<F: Float> Described<F> for Standardise<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let shape = description.get_wholes("shape")?;
        Ok(Self::from_moments(weights.take("mean", &shape)?, weights.take("deviation", &shape)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What differs by its rounding alone is constant: it is shifted, and a number beside it stays near.
    fn constant_columns<F: Float>() {
        for x in [0.1, 1.0 / 3.0, -1e10, 1e-10, 123456.7, 0.0] {
            let x = F::from_f64(x);
            let above = x * (F::one() + F::epsilon());
            for (odd, count) in [(x, 10), (above, 10), (x, 1000), (above, 1000)] {
                let numbers: Vec<F> = (0..count).map(|k| if k == 3 { odd } else { x }).collect();
                let inputs = Tensor::new([count, 1], numbers);
                for layer in [Standardise::fit(&inputs), Standardise::fit_together(&inputs)] {
                    let beside = x + F::from_f64(1e-3);
                    let y = layer.forward(&Tensor::from([[x], [beside]]));
                    let [at, near] = [0, 1].map(|k| Float::to_f64(y.data()[k]));
                    let rounding = 2.0 * F::epsilon().to_f64() * Float::to_f64(x).abs().max(1e-3);
                    let expected = Float::to_f64(beside) - Float::to_f64(x);
                    assert!(at.abs() <= rounding && (near - expected).abs() <= rounding, "{x}, {odd}, {count}: {y}");
                }
            }
        }
    }

    #[test]
    fn a_constant_column_is_only_shifted() {
        constant_columns::<f32>();
        constant_columns::<f64>();
        // The numbers of the report: ten times 0.1, where 0.1 became 1 and 0.101 became 7e13.
        let layer = Standardise::fit(&Tensor::<f64>::full([10, 1], 0.1));
        assert_eq!(layer.forward(&Tensor::from([[0.1], [0.101]])).data(), [0.0, 0.101 - 0.1]);
    }

    /// A small spread around a large number is a spread.
    #[test]
    fn what_varies_is_standardised() {
        let inputs = Tensor::<f64>::from([[1e6 - 1e-6], [1e6 + 1e-6]]);
        let y = Standardise::fit(&inputs).forward(&inputs);
        assert!(y.data().iter().zip([-1.0, 1.0]).all(|(y, e)| (y - e).abs() < 1e-3), "{y}");
        let small = Tensor::<f32>::from([[1e-30], [3e-30]]);
        assert_eq!(Standardise::fit(&small).forward(&small).data(), [-1.0, 1.0]);
    }
}
