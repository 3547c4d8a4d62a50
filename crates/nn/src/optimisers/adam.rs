//! Adam.

use wengert_tape::Float;

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Step, remembers, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Adam (Kingma and Ba 2015), in PyTorch's form. With rate η, decays β₁ and β₂ and step number t:
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `p ← p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Adam::<f32>::new(0.001).betas(0.9, 0.99);
/// assert_eq!(optimiser.rate(), 0.001);
/// ```
#[derive(Clone, Debug)]
pub struct Adam<F: Float = f32> {
    rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    memories: Memories<F, 2>,
}

impl<F: Float> Adam<F> {
    /// Adam with a learning rate, β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸.
    pub fn new(rate: f64) -> Self {
        Adam { rate, betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.0, memories: Memories::new() }
    }

    /// With other decays of the two averages.
    pub fn betas(self, first: f64, second: f64) -> Self {
        Adam { betas: [first, second], ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        Adam { epsilon, ..self }
    }

    /// With a pull of every parameter towards 0, which is added to its gradient: `g ← g + λ p`.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Adam { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for Adam<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let one = F::one();
        let [first, second] = self.betas.map(F::from_f64);
        let [epsilon, decay] = [self.epsilon, self.weight_decay].map(F::from_f64);
        let (rate, betas) = (self.rate, self.betas);
        walk(&mut self.memories, model, gradients, |p, g, [m, v], steps| {
            let [correct_first, correct_second] = betas.map(|beta| 1.0 - beta.powf(steps as f64));
            let size = F::from_f64(rate / correct_first);
            let root = F::from_f64(1.0 / correct_second.sqrt());
            for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                let g = *g + decay * *p;
                *m = first * *m + (one - first) * g;
                *v = second * *v + (one - second) * (g * g);
                *p -= size * *m / (v.sqrt() * root + epsilon);
            }
        })
    }

    remembers! { F: "exp_avg", "exp_avg_sq" }
}
