//! AdamW.

use wengert_tape::Float;

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Step, remembers, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Adam whose weight decay does not pass through the averages (Loshchilov and Hutter 2019), in PyTorch's form. With rate
/// η, decay λ, decays of the averages β₁ and β₂ and step number t:
///
/// `p ← p − η λ p`, then `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`,
/// `p ← p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = AdamW::<f32>::new(0.001).weight_decay(0.1);
/// assert_eq!(optimiser.rate(), 0.001);
/// ```
#[derive(Clone, Debug)]
pub struct AdamW<F: Float = f32> {
    rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    memories: Memories<F, 2>,
}

impl<F: Float> AdamW<F> {
    /// AdamW with a learning rate, β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸ and a decay of 0.01.
    pub fn new(rate: f64) -> Self {
        AdamW { rate, betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.01, memories: Memories::new() }
    }

    /// With other decays of the two averages.
    pub fn betas(self, first: f64, second: f64) -> Self {
        AdamW { betas: [first, second], ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdamW { epsilon, ..self }
    }

    /// With another pull of every parameter towards 0.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        AdamW { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for AdamW<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let one = F::one();
        let [first, second] = self.betas.map(F::from_f64);
        let epsilon = F::from_f64(self.epsilon);
        let keep = F::from_f64(1.0 - self.rate * self.weight_decay);
        let (rate, betas) = (self.rate, self.betas);
        walk(&mut self.memories, model, gradients, |p, g, [m, v], steps| {
            let [correct_first, correct_second] = betas.map(|beta| 1.0 - beta.powf(steps as f64));
            let size = F::from_f64(rate / correct_first);
            let root = F::from_f64(1.0 / correct_second.sqrt());
            for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                *m = first * *m + (one - first) * *g;
                *v = second * *v + (one - second) * (*g * *g);
                *p = keep * *p - size * *m / (v.sqrt() * root + epsilon);
            }
        })
    }

    remembers! { F: "exp_avg", "exp_avg_sq" }
}
