//! The fully connected layer.

use rand::Rng;
use wengert_tape::prelude::*;

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::{Initialiser, fans};
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// `y = x · weightᵀ + bias`: each output is a weighted sum of all inputs.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[…, inputs]`: a batch, or the inputs of one sample |
/// | `weight` | `[outputs, inputs]` |
/// | `bias` | `[outputs]`, or none |
/// | result | `[…, outputs]` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Linear::from_weights(Tensor::from([[1.0, 2.0, 3.0]]), Some(Tensor::from([0.5])));
/// assert_eq!(layer.forward(&Tensor::from([[1.0, 1.0, 1.0]])).data(), [6.5]);
/// ```
#[derive(Clone, Debug)]
pub struct Linear<F: Float = f32> {
    /// The weights, one row for each output.
    pub weight: Param<F>,
    /// What is added to each output.
    pub bias: Option<Param<F>>,
}

impl<F: Float> Linear<F> {
    /// A layer that begins as PyTorch's does: weights and biases uniform within ±1/√inputs.
    pub fn new(inputs: usize, outputs: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        let (initialiser, shape) = (Initialiser::UniformOverRoot, Shape::from([outputs, inputs]));
        let weight = initialiser.draw_for(fans(&shape), shape.clone(), rng);
        let bias = initialiser.draw_for(fans(&shape), [outputs].into(), rng);
        Self::from_weights(weight, Some(bias))
    }

    /// A layer with weights from `initialiser` and biases of 0.
    pub fn with(inputs: usize, outputs: usize, initialiser: Initialiser, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(initialiser.draw([outputs, inputs], rng), Some(Tensor::zeros([outputs])))
    }

    /// A layer with these weights, of shape `[outputs, inputs]`, and biases.
    ///
    /// # Panics
    /// If the weights are not a matrix, or there is not a bias for each of its rows.
    #[track_caller]
    pub fn from_weights(weight: Tensor<F>, bias: Option<Tensor<F>>) -> Self {
        let (w, b) = (weight.shape(), bias.as_ref().map(Tensor::shape));
        assert!(
            w.rank() == 2 && b.is_none_or(|b| *b == [w[0]]),
            "linear: weights {w} and biases {b:?} are not [outputs, inputs] and [outputs]"
        );
        Linear { weight: Param::new(weight), bias: bias.map(Param::new) }
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.weight.value().shape()[1]
    }

    /// The number of outputs.
    pub fn outputs(&self) -> usize {
        self.weight.value().shape()[0]
    }
}

impl<F: Float> Parameters<F> for Linear<F> {
    parameters! { F: weight, bias }

    fn description(&self) -> Option<Description> {
        let sizes = Description::new("linear").whole("inputs", self.inputs()).whole("outputs", self.outputs());
        Some(sizes.flag("bias", self.bias.is_some()))
    }
}

impl<F: Float> Module<F> for Linear<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        if let Err(e) = self.output_shape(&x.shape()) {
            e.raise()
        }
        let y = x.matmul(x.lift(&self.weight).t());
        match &self.bias {
            Some(bias) => y + x.lift(bias),
            None => y,
        }
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        match x.split_last() {
            Some((n, rest)) if *n == self.inputs() => Ok(rest.iter().copied().chain([self.outputs()]).collect()),
            _ => Err(Error::shape("linear", format!("inputs […, {}] are needed, not {x}", self.inputs()))),
        }
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        (x.len_elements() * self.outputs()) as u64
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let rows = x.split_last().map_or(&[][..], |(_, rows)| rows);
        let rows = if rows.is_empty() { &[1] } else { rows };
        Some(rows.iter().copied().chain([self.inputs()]).collect())
    }
}

impl<F: Float> Described<F> for Linear<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (inputs, outputs) = (description.get_whole("inputs")?, description.get_whole("outputs")?);
        let weight = weights.take("weight", &[outputs, inputs])?;
        let bias = description.get_flag("bias")?.then(|| weights.take("bias", &[outputs])).transpose()?;
        Ok(Self::from_weights(weight, bias))
    }
}
