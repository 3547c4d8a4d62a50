//! RMSProp.

use wengert_tape::{Float, Number};

use super::{
    Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, restored, state, towards, walk,
};
use crate::error::Error;
use crate::module::Parameters;

/// Gradients divided by the root of their mean square (Tieleman and Hinton 2012), in PyTorch's form. With rate η, decay α
/// and momentum µ:
///
/// `v ← α v + (1 − α) g²`, `b ← µ b + g / (√v + ε)`, `p ← p − η b`; centred, `v − m²` stands for `v` under the root, where
/// `m ← α m + (1 − α) g`. That variance is remembered itself, since the difference has no digits left where gradients hardly
/// change.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = RmsProp::<f32>::new(0.01).decay(0.9).momentum(0.5).centred();
/// assert_eq!(optimiser.rate(), 0.01);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp<F: Float = f32> {
    rate: f64,
    decay: f64,
    epsilon: f64,
    momentum: f64,
    centred: bool,
    weight_decay: f64,
    memories: Memories<F, 3>,
}

impl<F: Float> RmsProp<F> {
    /// RMSProp with a learning rate, α = 0.99 and ε = 10⁻⁸.
    pub fn new(rate: f64) -> Self {
        let memories = Memories::new();
        RmsProp { rate, decay: 0.99, epsilon: 1e-8, momentum: 0.0, centred: false, weight_decay: 0.0, memories }
    }

    /// With another decay of the mean square.
    pub fn decay(self, decay: f64) -> Self {
        RmsProp { decay, ..self }
    }

    /// With another ε.
    pub fn epsilon(self, epsilon: f64) -> Self {
        RmsProp { epsilon, ..self }
    }

    /// With momentum.
    pub fn momentum(self, momentum: f64) -> Self {
        RmsProp { momentum, ..self }
    }

    /// With the variance of the gradients in the place of their mean square.
    pub fn centred(self) -> Self {
        RmsProp { centred: true, ..self }
    }

    /// With a pull of every parameter towards 0, which is added to its gradient.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        RmsProp { weight_decay, ..self }
    }

    /// What is remembered: centred, another thing under the root.
    fn kinds(&self) -> [&'static str; 3] {
        [if self.centred { "variance" } else { "square_avg" }, "grad_avg", "momentum_buffer"]
    }
}

impl<F: Float> Optimiser<F> for RmsProp<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let RmsProp { rate, decay, epsilon, momentum, centred, weight_decay, .. } = *self;
        let rule = RmsStep { rate, decay, epsilon, momentum, centred, weight_decay };
        walk(&mut self.memories, model, gradients, |_| rule)
    }

    fn rate(&self) -> f64 {
        self.rate
    }

    fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F> {
        state(&self.memories, self.kinds(), model)
    }

    fn restore(&mut self, model: &dyn Parameters<F>, state: OptimiserState<F>) -> Result<(), Error> {
        self.memories = restored(self.kinds(), model, state)?;
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Optimiser<F>> {
        Box::new(self.clone())
    }
}

/// A step, with the numbers of the optimiser.
#[derive(Clone, Copy)]
struct RmsStep {
    rate: f64,
    decay: f64,
    epsilon: f64,
    momentum: f64,
    centred: bool,
    weight_decay: f64,
}

impl Rule<3> for RmsStep {
    const FLOPS: u64 = 16;

    fn change<R: Number>(&self, p: R, g: R, [v, m, b]: [R; 3]) -> (R, [R; 3]) {
        let share = 1.0 - self.decay;
        let g = pulled(g, p, self.weight_decay);
        let (v, m) = if self.centred {
            let apart = g - m;
            ((v + apart * apart * share) * self.decay, towards(m, g, share))
        } else {
            (towards(v, g * g, share), m)
        };
        let b = b * self.momentum + g / (v.sqrt() + self.epsilon);
        (p - b * self.rate, [v, m, b])
    }
}
