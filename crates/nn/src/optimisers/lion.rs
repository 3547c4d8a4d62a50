//! Lion.

use wengert_tape::{Float, Number};

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, remembers, towards, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Steps of one size in the direction of the sign (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms",
/// algorithm 2). With rate η, decays β₁ and β₂ and weight decay λ:
///
/// `c = β₁ m + (1 − β₁) g`, `p ← p − η (sign(c) + λ p)`, `m ← β₂ m + (1 − β₂) g`; the sign of 0 is 0.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Lion::<f32>::new(1e-4).weight_decay(1.0);
/// assert_eq!(optimiser.rate(), 1e-4);
/// ```
#[derive(Clone, Debug)]
pub struct Lion<F: Float = f32> {
    rate: f64,
    betas: [f64; 2],
    weight_decay: f64,
    memories: Memories<F, 1>,
}

impl<F: Float> Lion<F> {
    /// Lion with a learning rate, β₁ = 0.9 and β₂ = 0.99.
    pub fn new(rate: f64) -> Self {
        Lion { rate, betas: [0.9, 0.99], weight_decay: 0.0, memories: Memories::new() }
    }

    /// With other decays: of the average in the direction, and of the average that is remembered.
    pub fn betas(self, first: f64, second: f64) -> Self {
        Lion { betas: [first, second], ..self }
    }

    /// With a pull of every parameter towards 0.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Lion { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for Lion<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let Lion { rate, betas, weight_decay, .. } = *self;
        let rule = LionStep { rate, shares: betas.map(|beta| 1.0 - beta), weight_decay };
        walk(&mut self.memories, model, gradients, |_| rule)
    }

    remembers! { F: "exp_avg" }
}

/// A step, with the numbers of the optimiser.
#[derive(Clone, Copy)]
struct LionStep {
    rate: f64,
    shares: [f64; 2],
    weight_decay: f64,
}

impl Rule<1> for LionStep {
    const FLOPS: u64 = 16;

    fn change<R: Number>(&self, p: R, g: R, [m]: [R; 1]) -> (R, [R; 1]) {
        let c = towards(m, g, self.shares[0]);
        let zero = c.number(0.0);
        let sign = R::select(zero.lt(c), c.number(1.0), R::select(c.lt(zero), c.number(-1.0), c));
        (p - pulled(sign, p, self.weight_decay) * self.rate, [towards(m, g, self.shares[1])])
    }
}
