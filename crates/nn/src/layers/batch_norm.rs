//! Batch normalisation.

use wengert_tape::prelude::*;

use super::{Described, lift_or};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;
use crate::training::Training;

/// `(x − mean) / √(variance + ε) · weight + bias` for each channel (Ioffe and Szegedy 2015): PyTorch's `BatchNorm1d`, `2d`
/// and `3d`.
///
/// In training the mean and the variance are those of the batch, over all axes but the channels', and the running ones
/// move towards them; in use they are the running ones. Which of the two it is, is said by the call
/// ([`forward_training`](Module::forward_training) or [`forward`](Module::forward)). A [`Trainer`](crate::Trainer) gives it
/// whole batches, and lets the running statistics follow after each; a loop of one's own ends each step with
/// [`Training::apply`](Training::<Var>::apply). Of a single number in each channel there is no variance: as in PyTorch, such
/// a batch is refused in training.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` |
/// | `weight`, `bias` | `[channels]`, or none |
/// | `running_mean`, `running_var` | `[channels]`; not learned, the variance divided by one less than the count |
/// | result | as `x` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = BatchNorm::<f64>::new(2);
/// let x = Tensor::from([[1.0, 10.0], [3.0, 14.0]]);
/// let mut training = Training::new(Tensor::from([1, 0]));
/// let y = layer.forward_training(&x, &mut training);
/// assert!((y - Tensor::from([[-1.0, -1.0], [1.0, 1.0]])).abs().max().item() < 1e-5);
/// assert_eq!(training.observed()[0].numbers, Tensor::from([2.0, 12.0])); // what running_mean is to move towards
///
/// // Never trained, it has mean 0 and variance 1 to go by.
/// let y = layer.epsilon(0.0).forward(&x);
/// assert_eq!(y, x);
/// ```
#[derive(Clone, Debug)]
pub struct BatchNorm<F: Float = f32> {
    /// What each channel is multiplied by.
    pub weight: Option<Param<F>>,
    /// What is added to each channel.
    pub bias: Option<Param<F>>,
    /// The mean of each channel, followed in training.
    pub running_mean: Param<F>,
    /// The variance of each channel, followed in training.
    pub running_var: Param<F>,
    /// How far the running statistics move in each step, from 0 to 1.
    pub momentum: f64,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl<F: Float> BatchNorm<F> {
    /// A layer that begins as PyTorch's does: weights 1, biases 0, running mean 0 and variance 1, momentum 0.1, ε 10⁻⁵.
    pub fn new(channels: usize) -> Self {
        let full = |x: f64| Tensor::full([channels], F::from_f64(x));
        let (weight, bias) = (Some(Param::new(full(1.0))), Some(Param::new(full(0.0))));
        Self::from_parts(weight, bias, full(0.0), full(1.0))
    }

    fn from_parts(weight: Option<Param<F>>, bias: Option<Param<F>>, mean: Tensor<F>, variance: Tensor<F>) -> Self {
        let (mut running_mean, mut running_var) = (Param::new(mean), Param::new(variance));
        running_mean.set_frozen(true);
        running_var.set_frozen(true);
        BatchNorm { weight, bias, running_mean, running_var, momentum: 0.1, epsilon: 1e-5 }
    }

    /// The same layer without weights and biases: PyTorch's `affine=False`.
    pub fn without_weights(self) -> Self {
        BatchNorm { weight: None, bias: None, ..self }
    }

    /// The same layer whose running statistics move by another share.
    pub fn momentum(self, momentum: f64) -> Self {
        BatchNorm { momentum, ..self }
    }

    /// The same layer with another number added to the variance.
    pub fn epsilon(self, epsilon: f64) -> Self {
        BatchNorm { epsilon, ..self }
    }

    /// The number of channels.
    pub fn channels(&self) -> usize {
        self.running_mean.value().len()
    }
}

impl<F: Float> Parameters<F> for BatchNorm<F> {
    parameters! { F: weight, bias, running_mean, running_var }

    fn description(&self) -> Option<Description> {
        let sizes = Description::new("batch_norm").whole("channels", self.channels());
        let sizes = sizes.flag("weight", self.weight.is_some()).flag("bias", self.bias.is_some());
        Some(sizes.number("momentum", self.momentum).number("epsilon", self.epsilon))
    }
}

impl<F: Float> Module<F> for BatchNorm<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        // Constants, even to someone who frees all parameters of a model.
        let mean = x.constant(self.running_mean.value().clone());
        let variance = x.constant(self.running_var.value().clone());
        let (weight, bias) = (lift_or(x, &self.weight, 1.0), lift_or(x, &self.bias, 0.0));
        x.batch_norm_with(mean, variance, weight, bias, self.epsilon)
    }

    #[track_caller]
    fn forward_training<A: Reader<F>>(&self, x: &A, training: &mut Training<A>) -> A {
        if training.is_in_use() {
            return self.forward(x);
        }
        let shape = x.shape();
        if let Err(e) = self.output_shape(&shape) {
            e.raise()
        }
        if !training.look_at_all("batch_norm", shape.len_elements() / self.channels().max(1)) {
            return x.clone();
        }
        let axes: Vec<usize> = (0..shape.rank()).filter(|axis| *axis != 1).collect();
        let seen = x.stop_gradient();
        training.observe(&self.running_mean, self.momentum, seen.mean_over(&axes[..]));
        training.observe(&self.running_var, self.momentum, seen.var_over(&axes[..], 1.0));
        x.batch_norm(lift_or(x, &self.weight, 1.0), lift_or(x, &self.bias, 0.0), self.epsilon)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match x.get(1) {
            Some(channels) if *channels == self.channels() => Ok(x.clone()),
            _ => {
                let message = format!("inputs [batch, {}, …] are needed, not {x}", self.channels());
                Err(Error::shape("batch_norm", message))
            }
        }
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let batch = x.first().copied().unwrap_or(1);
        Some([batch, self.channels()].into_iter().chain(x.iter().skip(2).copied()).collect())
    }
}

impl<F: Float> Described<F> for BatchNorm<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let channels = [description.get_whole("channels")?];
        let weight = weights.take_if(description, "weight", &channels)?;
        let bias = weights.take_if(description, "bias", &channels)?;
        let (mean, variance) = (weights.take("running_mean", &channels)?, weights.take("running_var", &channels)?);
        let layer = Self::from_parts(weight, bias, mean, variance);
        Ok(layer
            .momentum(description.get_number_in("momentum", 0.0..=1.0)?)
            .epsilon(description.get_number_in("epsilon", 0.0..=f64::MAX)?))
    }
}
