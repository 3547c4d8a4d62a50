//! A number in the place of a missing one.

use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// NaN, which stands for a missing number, becomes the mean of the training inputs' numbers at its place.
///
/// It is a layer, so that a saved model carries it and is fed with what was measured.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let nan = f64::NAN;
/// let impute = Impute::fit(&Tensor::from([[1.0, nan], [3.0, 10.0], [nan, nan]]));
/// assert_eq!(impute.forward(&Tensor::from([[nan, nan], [7.0, 8.0]])), Tensor::from([[2.0, 10.0], [7.0, 8.0]]));
/// ```
#[derive(Clone, Debug)]
pub struct Impute<F: Float = f32> {
    /// The mean, in the shape of one input.
    pub mean: Param<F>,
}

impl<F: Float> Impute<F> {
    /// Fitted to each feature of `inputs`, whose first axis is the samples. A feature of which everything is missing
    /// becomes 0.
    ///
    /// # Panics
    /// If there are no samples.
    #[track_caller]
    pub fn fit(inputs: &Tensor<F>) -> Self {
        assert!(inputs.rank() > 0 && inputs.shape()[0] > 0, "impute: no samples in {}", inputs.shape());
        let features = inputs.len() / inputs.shape()[0];
        let mean = |k: usize| {
            let present = inputs.data().iter().skip(k).step_by(features.max(1)).filter(|x| !x.is_nan());
            let (count, sum) = present.fold((0, 0.0), |(n, sum), x| (n + 1, sum + Float::to_f64(*x)));
            F::from_f64(if count > 0 { sum / f64::from(count) } else { 0.0 })
        };
        Self::from_mean(Tensor::new(&inputs.shape()[1..], (0..features).map(mean).collect()))
    }

    fn from_mean(mean: Tensor<F>) -> Self {
        let mut layer = Impute { mean: Param::new(mean) };
        layer.set_frozen(true);
        layer
    }
}

impl<F: Float> Parameters<F> for Impute<F> {
    parameters! { F: mean }

    fn description(&self) -> Option<Description> {
        Some(Description::new("impute").wholes("shape", self.mean.value().shape()))
    }
}

impl<F: Float> Module<F> for Impute<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        // NaN alone is not equal to itself.
        select(x.equal(x), x, x.constant(self.mean.value().clone()))
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let mean = self.mean.value().shape();
        match mean.broadcasts_to(x) {
            true => Ok(x.clone()),
            false => Err(Error::shape("impute", format!("inputs […, {mean}] are needed, not {x}"))),
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let mean = self.mean.value().shape();
        let before = x.len().saturating_sub(mean.len());
        Some(x[..before].iter().chain(mean.iter()).copied().collect())
    }
}

impl<F: Float> Described<F> for Impute<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        Ok(Self::from_mean(weights.take("mean", &description.get_wholes("shape")?)?))
    }
}
