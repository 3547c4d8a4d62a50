//! Adam, with weight decay inside the averages or apart from them.

use wengert_tape::Float;

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Step, remembers, towards, walk};
use crate::error::Error;
use crate::module::Parameters;

/// What [`Adam`] and [`AdamW`] are: one update in PyTorch's form, with the weight decay apart from the averages or not.
/// With rate η, decay λ, decays of the averages β₁ and β₂ and step number t:
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `p ← p − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)`,
///
/// before which `g ← g + λ p` for [`Adam`], and `p ← p − η λ p` for [`AdamW`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Adam::<f32>::new(0.001).betas(0.9, 0.99);
/// assert_eq!(optimiser.rate(), 0.001);
///
/// // A gradient of 0 changes nothing but what decays apart.
/// let tape = Tape::new();
/// let mut p = Param::new(Tensor::from(2.0));
/// let gradients = (tape.input(Tensor::from(0.0)).lift(&p) * 0.0).backward();
/// AdamW::new(0.5).weight_decay(0.1).step(&mut p, &gradients);
/// assert_eq!(p.value().item(), 2.0 - 0.5 * 0.1 * 2.0);
/// ```
#[derive(Clone, Debug)]
pub struct AdamOf<F: Float, const APART: bool> {
    rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    memories: Memories<F, 2>,
}

/// Adam (Kingma and Ba 2015).
pub type Adam<F = f32> = AdamOf<F, false>;
/// Adam whose weight decay does not pass through the averages (Loshchilov and Hutter 2019).
pub type AdamW<F = f32> = AdamOf<F, true>;

impl<F: Float, const APART: bool> AdamOf<F, APART> {
    /// With a learning rate, β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸; the weight decay is 0 for [`Adam`], 0.01 for [`AdamW`].
    pub fn new(rate: f64) -> Self {
        let weight_decay = if APART { 0.01 } else { 0.0 };
        AdamOf { rate, betas: [0.9, 0.999], epsilon: 1e-8, weight_decay, memories: Memories::new() }
    }

    /// With other decays of the two averages.
    pub fn betas(self, first: f64, second: f64) -> Self {
        AdamOf { betas: [first, second], ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        AdamOf { epsilon, ..self }
    }

    /// With another pull of every parameter towards 0.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        AdamOf { weight_decay, ..self }
    }
}

impl<F: Float, const APART: bool> Optimiser<F> for AdamOf<F, APART> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let [first, second] = self.betas.map(|beta| F::from_f64(1.0 - beta));
        let all = [self.epsilon, self.weight_decay, self.rate * self.weight_decay];
        let [epsilon, decay, pull] = all.map(F::from_f64);
        let (rate, betas) = (self.rate, self.betas);
        walk(&mut self.memories, model, gradients, |p, g, [m, v], steps| {
            // 1 − βᵗ, also where β is nearly 1.
            let [correct_first, correct_second] = betas.map(|beta| -(steps as f64 * (beta - 1.0).ln_1p()).exp_m1());
            let size = F::from_f64(rate / correct_first);
            let root = F::from_f64(1.0 / correct_second.sqrt());
            for (((p, g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
                let (g, pulled) = if APART { (*g, pull * *p) } else { (*g + decay * *p, F::zero()) };
                towards(m, g, first);
                towards(v, g * g, second);
                *p -= pulled + size * *m / (v.sqrt() * root + epsilon);
            }
        })
    }

    remembers! { F: "exp_avg", "exp_avg_sq" }
}
