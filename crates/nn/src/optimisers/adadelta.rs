//! Adadelta.

use wengert_tape::{Float, Number};

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, remembers, towards, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Steps in the units of the parameters (Zeiler 2012), in PyTorch's form. With rate η and decay ρ:
///
/// `v ← ρ v + (1 − ρ) g²`, `d = g · √(u + ε) / √(v + ε)`, `u ← ρ u + (1 − ρ) d²`, `p ← p − η d`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Adadelta::<f32>::new(1.0).decay(0.95);
/// assert_eq!(optimiser.rate(), 1.0);
/// ```
#[derive(Clone, Debug)]
pub struct Adadelta<F: Float = f32> {
    rate: f64,
    decay: f64,
    epsilon: f64,
    weight_decay: f64,
    memories: Memories<F, 2>,
}

impl<F: Float> Adadelta<F> {
    /// Adadelta with a learning rate, 1 in its paper, ρ = 0.9 and ε = 10⁻⁶.
    pub fn new(rate: f64) -> Self {
        Adadelta { rate, decay: 0.9, epsilon: 1e-6, weight_decay: 0.0, memories: Memories::new() }
    }

    /// With another decay of the mean squares.
    pub fn decay(self, decay: f64) -> Self {
        Adadelta { decay, ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adadelta { epsilon, ..self }
    }

    /// With a pull of every parameter towards 0, which is added to its gradient.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Adadelta { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for Adadelta<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let Adadelta { rate, decay, epsilon, weight_decay, .. } = *self;
        let rule = AdadeltaStep { rate, share: 1.0 - decay, epsilon, weight_decay };
        walk(&mut self.memories, model, gradients, |_| rule)
    }

    remembers! { F: "square_avg", "acc_delta" }
}

/// A step, with the numbers of the optimiser.
#[derive(Clone, Copy)]
struct AdadeltaStep {
    rate: f64,
    share: f64,
    epsilon: f64,
    weight_decay: f64,
}

impl Rule<2> for AdadeltaStep {
    const FLOPS: u64 = 20;

    fn change<R: Number>(&self, p: R, g: R, [v, u]: [R; 2]) -> (R, [R; 2]) {
        let g = pulled(g, p, self.weight_decay);
        let v = towards(v, g * g, self.share);
        let d = g * (u + self.epsilon).sqrt() / (v + self.epsilon).sqrt();
        (p - d * self.rate, [v, towards(u, d * d, self.share)])
    }
}
