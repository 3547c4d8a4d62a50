//! Adagrad.

use wengert_tape::{Float, Number};

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, remembers, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Gradients divided by the root of the sum of their squares (Duchi, Hazan and Singer 2011), in PyTorch's form. With rate
/// η, which falls by a decay δ with the step number t:
///
/// `s ← s + g²`, `p ← p − η / (1 + (t − 1) δ) · g / (√s + ε)`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Adagrad::<f32>::new(0.01).rate_decay(0.1);
/// assert_eq!(optimiser.rate(), 0.01);
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad<F: Float = f32> {
    rate: f64,
    rate_decay: f64,
    epsilon: f64,
    weight_decay: f64,
    memories: Memories<F, 1>,
}

impl<F: Float> Adagrad<F> {
    /// Adagrad with a learning rate and ε = 10⁻¹⁰.
    pub fn new(rate: f64) -> Self {
        Adagrad { rate, rate_decay: 0.0, epsilon: 1e-10, weight_decay: 0.0, memories: Memories::new() }
    }

    /// With a rate that falls.
    pub fn rate_decay(self, rate_decay: f64) -> Self {
        Adagrad { rate_decay, ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adagrad { epsilon, ..self }
    }

    /// With a pull of every parameter towards 0, which is added to its gradient.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Adagrad { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for Adagrad<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let Adagrad { rate, rate_decay, epsilon, weight_decay, .. } = *self;
        walk(&mut self.memories, model, gradients, |steps| AdagradStep {
            rate: rate / (1.0 + (steps - 1) as f64 * rate_decay),
            epsilon,
            weight_decay,
        })
    }

    remembers! { F: "sum" }
}

/// One step.
struct AdagradStep {
    rate: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Rule<1> for AdagradStep {
    const FLOPS: u64 = 8;

    fn change<R: Number>(&self, p: R, g: R, [s]: [R; 1]) -> (R, [R; 1]) {
        let g = pulled(g, p, self.weight_decay);
        let s = s + g * g;
        (p - g * self.rate / (s.sqrt() + self.epsilon), [s])
    }
}
