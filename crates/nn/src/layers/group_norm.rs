//! Group normalisation.

use wengert_tape::prelude::*;

use super::{Described, lift_or};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// `(x − μ) / √(σ² + ε) · weight + bias`, with mean and variance of each group of neighbouring channels of each sample (Wu
/// and He 2018): PyTorch's `GroupNorm`. One group is layer normalisation over all axes but the first; as many groups as
/// channels is instance normalisation. Training and use are the same.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` |
/// | `weight`, `bias` | `[channels]`, or none |
/// | result | as `x` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = GroupNorm::<f64>::new(2, 4).epsilon(0.0);
/// assert_eq!(layer.forward(&Tensor::from([[1.0, 3.0, 50.0, 40.0]])).data(), [-1.0, 1.0, 1.0, -1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct GroupNorm<F: Float = f32> {
    /// The number of groups.
    pub groups: usize,
    /// The number of channels.
    pub channels: usize,
    /// What each channel is multiplied by.
    pub weight: Option<Param<F>>,
    /// What is added to each channel.
    pub bias: Option<Param<F>>,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl<F: Float> GroupNorm<F> {
    /// A layer that begins as PyTorch's does: weights 1, biases 0, ε 10⁻⁵.
    ///
    /// # Panics
    /// If the groups do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "group_norm: {groups} groups do not divide {channels} channels"
        );
        let (weight, bias) = (Some(Param::new(Tensor::ones([channels]))), Some(Param::new(Tensor::zeros([channels]))));
        GroupNorm { groups, channels, weight, bias, epsilon: 1e-5 }
    }

    /// The same layer without weights and biases: PyTorch's `affine=False`.
    pub fn without_weights(self) -> Self {
        GroupNorm { weight: None, bias: None, ..self }
    }

    /// The same layer with another number added to the variance.
    pub fn epsilon(self, epsilon: f64) -> Self {
        GroupNorm { epsilon, ..self }
    }
}

impl<F: Float> Parameters<F> for GroupNorm<F> {
    parameters! { F: weight, bias }

    fn description(&self) -> Option<Description> {
        let sizes = Description::new("group_norm").whole("groups", self.groups).whole("channels", self.channels);
        let sizes = sizes.flag("weight", self.weight.is_some()).flag("bias", self.bias.is_some());
        Some(sizes.number("epsilon", self.epsilon))
    }
}

impl<F: Float> Module<F> for GroupNorm<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let (weight, bias) = (lift_or(x, &self.weight, 1.0), lift_or(x, &self.bias, 0.0));
        x.group_norm(self.groups, weight, bias, self.epsilon)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match x.get(1) {
            Some(channels) if *channels == self.channels => Ok(x.clone()),
            _ => {
                let message = format!("inputs [batch, {}, …] are needed, not {x}", self.channels);
                Err(Error::shape("group_norm", message))
            }
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let batch = x.first().copied().unwrap_or(1);
        Some([batch, self.channels].into_iter().chain(x.iter().skip(2).copied()).collect())
    }
}

impl<F: Float> Described<F> for GroupNorm<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (groups, channels) = (description.get_whole("groups")?, description.get_whole("channels")?);
        if groups == 0 || !channels.is_multiple_of(groups) {
            let message = format!("{groups} groups do not divide {channels} channels");
            return Err(Error::shape("group_norm", message));
        }
        let weight = weights.take_if(description, "weight", &[channels])?;
        let bias = weights.take_if(description, "bias", &[channels])?;
        Ok(GroupNorm { groups, channels, weight, bias, epsilon: description.get_number_in("epsilon", 0.0..=f64::MAX)? })
    }
}
