//! Adagrad.

use wengert_tape::Float;

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Step, remembers, walk};
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
        let [epsilon, weight_decay] = [self.epsilon, self.weight_decay].map(F::from_f64);
        let (rate, rate_decay) = (self.rate, self.rate_decay);
        walk(&mut self.memories, model, gradients, |p, g, [s], steps| {
            let rate = F::from_f64(rate / (1.0 + (steps - 1) as f64 * rate_decay));
            for ((p, g), s) in p.iter_mut().zip(g).zip(s) {
                let g = *g + weight_decay * *p;
                *s += g * g;
                *p -= rate * g / (s.sqrt() + epsilon);
            }
        })
    }

    remembers! { F: "sum" }
}
