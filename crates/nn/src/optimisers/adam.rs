//! Adam, with weight decay inside the averages or apart from them.

use wengert_tape::{Float, Number};

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, remembers, towards, walk};
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
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut p = Param::new(Tensor::from(2.0));
/// let tape = Tape::new();
/// let loss = tape.param(&p).square();
/// Adam::new(0.1).step(&mut p, &loss.backward());
/// assert!((p.value().item() - 1.9).abs() < 1e-8); // the first step is as long as the rate
/// ```
pub type Adam<F = f32> = AdamOf<F, false>;
/// Adam whose weight decay does not pass through the averages (Loshchilov and Hutter 2019).
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut p = Param::new(Tensor::from(2.0));
/// let tape = Tape::new();
/// let loss = tape.param(&p).square();
/// AdamW::new(0.1).step(&mut p, &loss.backward());
/// // A hundredth of it decays at the rate, apart from the step.
/// assert!((p.value().item() - (2.0 - 0.1 * 0.01 * 2.0 - 0.1)).abs() < 1e-8);
/// ```
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
        let AdamOf { rate, betas, epsilon, weight_decay, .. } = *self;
        walk(&mut self.memories, model, gradients, |steps| {
            // 1 − βᵗ, also where β is nearly 1.
            let [correct_first, correct_second] = betas.map(|beta| -(steps as f64 * (beta - 1.0).ln_1p()).exp_m1());
            AdamStep::<APART> {
                shares: betas.map(|beta| 1.0 - beta),
                size: rate / correct_first,
                root: 1.0 / correct_second.sqrt(),
                epsilon,
                weight_decay,
                pull: rate * weight_decay,
            }
        })
    }

    remembers! { F: "exp_avg", "exp_avg_sq" }
}

/// One step: how far, and what the root of the average of squares is multiplied by.
struct AdamStep<const APART: bool> {
    shares: [f64; 2],
    size: f64,
    root: f64,
    epsilon: f64,
    weight_decay: f64,
    pull: f64,
}

impl<const APART: bool> Rule<2> for AdamStep<APART> {
    const FLOPS: u64 = 20;

    fn change<R: Number>(&self, p: R, g: R, [m, v]: [R; 2]) -> (R, [R; 2]) {
        let g = if APART { g } else { pulled(g, p, self.weight_decay) };
        let (m, v) = (towards(m, g, self.shares[0]), towards(v, g * g, self.shares[1]));
        let step = m * self.size / (v.sqrt() * self.root + self.epsilon);
        let step = if APART && self.pull != 0.0 { p * self.pull + step } else { step };
        (p - step, [m, v])
    }
}
