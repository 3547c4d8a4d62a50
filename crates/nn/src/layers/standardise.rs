//! Inputs of mean 0 and variance 1.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::Weights;

/// `y = (x − mean) / deviation`, with numbers that were fitted to the training inputs and are not learned.
///
/// It is a layer, so that a saved model carries it and is fed with raw inputs.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let training = Tensor::from([[1.0, 10.0], [3.0, 10.0]]);
/// let standardise = Standardise::fit(&training);
/// // A feature that never changes is only shifted.
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

/// Mean and standard deviation, in double precision; a deviation of 0 becomes 1.
fn moments<'a, F: Float>(numbers: impl Iterator<Item = &'a F> + Clone) -> (F, F) {
    let numbers = numbers.map(|x| Float::to_f64(*x));
    let count = numbers.clone().count() as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    let variance = numbers.map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    (F::from_f64(mean), F::from_f64(deviation))
}

impl<F: Float> Parameters<F> for Standardise<F> {
    parameters! { F: mean, deviation }
}

impl<F: Float> Module<F> for Standardise<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        // Constants, even to someone who frees all parameters of a model.
        let [mean, deviation] = [&self.mean, &self.deviation].map(|param| x.constant(param.value().clone()));
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

    fn description(&self) -> Option<Description> {
        Some(Description::new("standardise").wholes("shape", self.mean.value().shape()))
    }
}

impl<F: Float> Described<F> for Standardise<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let shape = description.get_wholes("shape")?;
        Ok(Self::from_moments(weights.take("mean", &shape)?, weights.take("deviation", &shape)?))
    }
}
