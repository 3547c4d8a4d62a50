//! Layer normalisation, and its form without a mean.

use wengert_tape::prelude::*;

use super::{Described, lift_or};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// `(x − μ) / √(σ² + ε) · weight + bias`, with mean and variance of each sample over its last axes (Ba, Kiros and Hinton
/// 2016): PyTorch's `LayerNorm`. Training and use are the same.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[…, shape]` |
/// | `weight`, `bias` | `shape`, or none |
/// | result | as `x` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = LayerNorm::<f64>::new([2]).epsilon(0.0);
/// assert_eq!(layer.forward(&Tensor::from([[1.0, 3.0], [7.0, 5.0]])), Tensor::from([[-1.0, 1.0], [1.0, -1.0]]));
/// ```
#[derive(Clone, Debug)]
pub struct LayerNorm<F: Float = f32> {
    /// The last lengths of the inputs.
    pub shape: Shape,
    /// What each entry is multiplied by.
    pub weight: Option<Param<F>>,
    /// What is added to each entry.
    pub bias: Option<Param<F>>,
    /// What is added to the variance.
    pub epsilon: f64,
}

impl<F: Float> LayerNorm<F> {
    /// A layer that begins as PyTorch's does: weights 1, biases 0, ε 10⁻⁵.
    ///
    /// # Panics
    /// If there are no lengths.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(shape.rank() > 0, "layer_norm: no lengths");
        let (weight, bias) = (Some(Param::new(Tensor::ones(&shape))), Some(Param::new(Tensor::zeros(&shape))));
        LayerNorm { shape, weight, bias, epsilon: 1e-5 }
    }

    /// The same layer without weights and biases: PyTorch's `elementwise_affine=False`.
    pub fn without_weights(self) -> Self {
        LayerNorm { weight: None, bias: None, ..self }
    }

    /// The same layer without biases.
    pub fn without_bias(self) -> Self {
        LayerNorm { bias: None, ..self }
    }

    /// The same layer with another number added to the variance.
    pub fn epsilon(self, epsilon: f64) -> Self {
        LayerNorm { epsilon, ..self }
    }
}

impl<F: Float> Parameters<F> for LayerNorm<F> {
    parameters! { F: weight, bias }

    fn description(&self) -> Option<Description> {
        let parts = Description::new("layer_norm").wholes("shape", &self.shape).flag("weight", self.weight.is_some());
        Some(parts.flag("bias", self.bias.is_some()).number("epsilon", self.epsilon))
    }
}

impl<F: Float> Module<F> for LayerNorm<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let (weight, bias) = (lift_or(x, &self.weight, 1.0), lift_or(x, &self.bias, 0.0));
        x.layer_norm(&self.shape, weight, bias, self.epsilon)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        ends_with("layer_norm", x, &self.shape)
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(nearest(x, &self.shape))
    }
}

impl<F: Float> Described<F> for LayerNorm<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let shape = lengths("layer_norm", description)?;
        let weight = weights.take_if(description, "weight", &shape)?;
        let bias = weights.take_if(description, "bias", &shape)?;
        Ok(LayerNorm { shape, weight, bias, epsilon: description.get_number_in("epsilon", 0.0..=f64::MAX)? })
    }
}

/// `x / √(mean of x² + ε) · weight` over the last axes of each sample (Zhang and Sennrich 2019): PyTorch's `RMSNorm`.
/// Training and use are the same.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[…, shape]` |
/// | `weight` | `shape`, or none |
/// | result | as `x` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = RmsNorm::<f64>::new([2]).epsilon(0.0);
/// let y = layer.forward(&Tensor::from([[3.0, -3.0], [0.0, 2.0]]));
/// assert!((y - Tensor::from([[1.0, -1.0], [0.0, 2f64.sqrt()]])).abs().max().item() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct RmsNorm<F: Float = f32> {
    /// The last lengths of the inputs.
    pub shape: Shape,
    /// What each entry is multiplied by.
    pub weight: Option<Param<F>>,
    /// What is added to the mean of the squares.
    pub epsilon: f64,
}

impl<F: Float> RmsNorm<F> {
    /// A layer that begins as PyTorch's does: weights 1, and for ε the distance from 1 to the next number of the type.
    ///
    /// # Panics
    /// If there are no lengths.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(shape.rank() > 0, "rms_norm: no lengths");
        let weight = Some(Param::new(Tensor::ones(&shape)));
        let epsilon = if F::NAME == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
        RmsNorm { shape, weight, epsilon }
    }

    /// The same layer without weights: PyTorch's `elementwise_affine=False`.
    pub fn without_weights(self) -> Self {
        RmsNorm { weight: None, ..self }
    }

    /// The same layer with another number added to the mean of the squares.
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsNorm { epsilon, ..self }
    }
}

impl<F: Float> Parameters<F> for RmsNorm<F> {
    parameters! { F: weight }

    fn description(&self) -> Option<Description> {
        let parts = Description::new("rms_norm").wholes("shape", &self.shape).flag("weight", self.weight.is_some());
        Some(parts.number("epsilon", self.epsilon))
    }
}

impl<F: Float> Module<F> for RmsNorm<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        x.rms_norm(&self.shape, lift_or(x, &self.weight, 1.0), self.epsilon)
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        ends_with("rms_norm", x, &self.shape)
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(nearest(x, &self.shape))
    }
}

impl<F: Float> Described<F> for RmsNorm<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let shape = lengths("rms_norm", description)?;
        let weight = weights.take_if(description, "weight", &shape)?;
        Ok(RmsNorm { shape, weight, epsilon: description.get_number_in("epsilon", 0.0..=f64::MAX)? })
    }
}

fn ends_with(name: &str, x: &Shape, shape: &Shape) -> Result<Shape, Error> {
    match x.ends_with(shape) {
        true => Ok(x.clone()),
        false => Err(Error::shape(name, format!("inputs that end with {shape} are needed, not {x}"))),
    }
}

/// `x` with `shape` for its last lengths.
fn nearest(x: &Shape, shape: &Shape) -> Shape {
    let before = x.len().saturating_sub(shape.len());
    x[..before].iter().chain(shape.iter()).copied().collect()
}

fn lengths(name: &str, description: &Description) -> Result<Shape, Error> {
    let shape: Shape = description.get_wholes("shape")?.into_iter().collect();
    match shape.rank() {
        0 => Err(Error::shape(name, "no lengths")),
        _ => Ok(shape),
    }
}
