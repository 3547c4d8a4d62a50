//! Adadelta.

use wengert_tape::Float;

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Step, remembers, towards, walk};
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
        let all = [self.rate, 1.0 - self.decay, self.epsilon, self.weight_decay];
        let [rate, share, epsilon, weight_decay] = all.map(F::from_f64);
        walk(&mut self.memories, model, gradients, |p, g, [v, u], _| {
            for (((p, g), v), u) in p.iter_mut().zip(g).zip(v).zip(u) {
                let g = *g + weight_decay * *p;
                towards(v, g * g, share);
                let d = g * (*u + epsilon).sqrt() / (*v + epsilon).sqrt();
                towards(u, d * d, share);
                *p -= rate * d;
            }
        })
    }

    remembers! { F: "square_avg", "acc_delta" }
}
