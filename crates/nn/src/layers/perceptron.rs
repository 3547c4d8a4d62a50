//! A single neuron.

use wengert_tape::prelude::*;

use super::{Activation, Described, Linear};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Name, Parameters, Reader, Visit, VisitMut};
use crate::saved::weights::Weights;

/// A neuron: a weighted sum of its inputs plus a bias. It [fires](Perceptron::fires) where the sum is positive, that is
/// where the inputs outweigh the threshold, which is minus the bias.
///
/// A step has no slope to descend. Rosenblatt's rule ([`learn`](Perceptron::learn)) trains the neuron without one;
/// as a [`Module`] it puts a smooth activation in the step's place, and gradient descent trains it like any model.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, inputs]` |
/// | `weight`, `bias` | `[1, inputs]`, `[1]` |
/// | result | `[batch, 1]` |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let nand = Perceptron::with_threshold(&[-2.0, -2.0], -3.0);
/// let rows = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// assert_eq!(nand.fires(&rows).data(), [true, true, true, false]);
///
/// let mut or = Perceptron::<f64>::new(2);
/// let lessons = or.learn(&rows, &[false, true, true, true], 10)?;
/// assert!(lessons.learned());
/// assert_eq!(or.fires(&rows).data(), [false, true, true, true]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Perceptron<F: Float = f32> {
    /// The weights and the bias: a layer of one output.
    pub sum: Linear<F>,
    /// The smooth function in the place of the step.
    pub activation: Activation,
}

impl<F: Float> Perceptron<F> {
    /// A neuron with weights and bias 0, whose smooth activation is the sigmoid.
    pub fn new(inputs: usize) -> Self {
        Self::from_sum(Tensor::zeros([1, inputs]), F::zero())
    }

    /// A neuron that fires where the weighted sum of its inputs is above `threshold`.
    pub fn with_threshold(weights: &[F], threshold: F) -> Self {
        Self::from_sum(Tensor::new([1, weights.len()], weights.to_vec()), -threshold)
    }

    fn from_sum(weight: Tensor<F>, bias: F) -> Self {
        let sum = Linear::from_weights(weight, Some(Tensor::full([1], bias)));
        Perceptron { sum, activation: Activation::Sigmoid }
    }

    /// This neuron with another smooth activation.
    pub fn activation(self, activation: Activation) -> Self {
        Perceptron { activation, ..self }
    }

    /// What the weighted sum of the inputs must exceed: minus the bias.
    pub fn threshold(&self) -> F {
        self.sum.bias.as_ref().map_or(F::zero(), |bias| -bias.value().item())
    }

    /// Whether the neuron fires, for each sample `[batch, inputs]`: a mask `[batch]`.
    ///
    /// # Panics
    /// If the inputs do not fit.
    #[track_caller]
    pub fn fires<A: Reader<F>>(&self, x: &A) -> A::Mask {
        let sum = self.sum.forward(x);
        let samples = sum.shape().without(1);
        ReshapeExt::reshape(&sum, samples).greater(0.0)
    }

    /// One lesson of Rosenblatt's rule: where the neuron errs, the input is added to the weights (if it should have
    /// fired) or taken from them, and 1 to or from the bias. Returns whether the neuron was right before.
    ///
    /// # Panics
    /// If `input` does not have a number for each weight.
    #[track_caller]
    pub fn correct(&mut self, input: &[F], should_fire: bool) -> bool {
        assert!(
            input.len() == self.sum.inputs(),
            "perceptron: {} inputs for {} weights",
            input.len(),
            self.sum.inputs()
        );
        let weights = self.sum.weight.value().data();
        let sum = weights.iter().zip(input).map(|(w, x)| *w * *x).sum::<F>() - self.threshold();
        if (sum > F::zero()) == should_fire {
            return true;
        }
        let sign = if should_fire { F::one() } else { -F::one() };
        self.sum.weight.value_mut().data_mut().iter_mut().zip(input).for_each(|(w, x)| *w += sign * *x);
        if let Some(bias) = &mut self.sum.bias {
            bias.value_mut().data_mut()[0] += sign;
        }
        false
    }

    /// Rosenblatt's rule on each sample in turn, again and again until the neuron is right on all of them or `epochs` are
    /// over. Where a line separates the samples it ends, after at most (R/γ)² mistakes (Novikoff 1962).
    ///
    /// # Errors
    /// If the inputs are not `[batch, inputs]`, or there is not an answer for each.
    pub fn learn(&mut self, inputs: &Tensor<F>, should_fire: &[bool], epochs: usize) -> Result<Lessons, Error> {
        if inputs.rank() != 2 || inputs.shape()[1] != self.sum.inputs() || inputs.shape()[0] != should_fire.len() {
            return Err(Error::shape(
                "perceptron",
                format!(
                    "inputs [{}, {}] are needed for {} answers, not {}",
                    should_fire.len(),
                    self.sum.inputs(),
                    should_fire.len(),
                    inputs.shape()
                ),
            ));
        }
        let mut lessons = Lessons { mistakes: Vec::new() };
        while lessons.mistakes.len() < epochs && !lessons.learned() {
            let rows = inputs.data().chunks_exact(self.sum.inputs().max(1)).zip(should_fire);
            lessons.mistakes.push(rows.filter(|(input, fires)| !self.correct(input, **fires)).count());
        }
        Ok(lessons)
    }
}

/// How Rosenblatt's rule went: [`Perceptron::learn`].
///
/// # Examples
/// ```
/// use wengert_nn::Lessons;
/// let lessons = Lessons { mistakes: vec![2, 1, 0] };
/// assert!(lessons.learned() && lessons.mistakes.len() == 3);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lessons {
    /// The number of mistakes in each epoch.
    pub mistakes: Vec<usize>,
}

impl Lessons {
    /// Whether the last epoch was without a mistake.
    pub fn learned(&self) -> bool {
        self.mistakes.last() == Some(&0)
    }
}

impl<F: Float> Parameters<F> for Perceptron<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.sum.visit(at, visit);
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        self.sum.visit_mut(at, visit);
    }

    fn description(&self) -> Option<Description> {
        let activation = Parameters::<F>::description(&self.activation)?;
        Some(Description::new("perceptron").whole("inputs", self.sum.inputs()).parts(vec![activation]))
    }
}

impl<F: Float> Module<F> for Perceptron<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.activation.of(&self.sum.forward(x))
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        self.sum.output_shape(x)
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        self.sum.multiply_adds(x)
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        self.sum.nearest_input(x)
    }
}

impl<F: Float> Described<F> for Perceptron<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let inputs = description.get_whole("inputs")?;
        let [activation] = description.inside() else {
            return Err(Error::shape("perceptron", "one activation is needed"));
        };
        let activation = <Activation as Described<F>>::build(activation, weights)?;
        let (weight, bias) = (weights.take("weight", &[1, inputs])?, weights.take("bias", &[1])?);
        Ok(Perceptron { sum: Linear::from_weights(weight, Some(bias)), activation })
    }
}
