//! Stochastic gradient descent.

use wengert_tape::{Float, Number};

use super::{Memories, Optimiser, OptimiserState, ParameterGradients, Rule, Step, pulled, restored, state, walk};
use crate::error::Error;
use crate::module::Parameters;

/// Gradient descent with momentum and weight decay, in PyTorch's form. With rate η, momentum µ and decay λ:
///
/// `g ← g + λ p`, `v ← µ v + g`, `p ← p − η v`, or with Nesterov's momentum `p ← p − η (g + µ v)`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let optimiser = Sgd::<f32>::new(0.1).momentum(0.9).nesterov().weight_decay(1e-4);
/// assert_eq!(optimiser.rate(), 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd<F: Float = f32> {
    rate: f64,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    /// Without momentum there is nothing to remember.
    plain: Memories<F, 0>,
    velocities: Memories<F, 1>,
}

const KINDS: [&str; 1] = ["momentum"];

impl<F: Float> Sgd<F> {
    /// Plain descent with a learning rate.
    pub fn new(rate: f64) -> Self {
        Sgd {
            rate,
            momentum: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            plain: Memories::new(),
            velocities: Memories::new(),
        }
    }

    /// With momentum.
    pub fn momentum(self, momentum: f64) -> Self {
        Sgd { momentum, ..self }
    }

    /// With Nesterov's form of the momentum.
    pub fn nesterov(self) -> Self {
        Sgd { nesterov: true, ..self }
    }

    /// With a pull of every parameter towards 0.
    pub fn weight_decay(self, weight_decay: f64) -> Self {
        Sgd { weight_decay, ..self }
    }
}

impl<F: Float> Optimiser<F> for Sgd<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let Sgd { rate, momentum, nesterov, weight_decay, .. } = *self;
        if momentum == 0.0 {
            return walk(&mut self.plain, model, gradients, |_| Descent { rate, weight_decay });
        }
        walk(&mut self.velocities, model, gradients, |_| Heavy { rate, momentum, nesterov, weight_decay })
    }

    fn rate(&self) -> f64 {
        self.rate
    }

    fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F> {
        match self.momentum {
            0.0 => state(&self.plain, [], model),
            _ => state(&self.velocities, KINDS, model),
        }
    }

    fn restore(&mut self, model: &dyn Parameters<F>, state: OptimiserState<F>) -> Result<(), Error> {
        match self.momentum {
            0.0 => self.plain = restored([], model, state)?,
            _ => self.velocities = restored(KINDS, model, state)?,
        }
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Optimiser<F>> {
        Box::new(self.clone())
    }
}

/// A step down the slope.
struct Descent {
    rate: f64,
    weight_decay: f64,
}

impl Rule<0> for Descent {
    const FLOPS: u64 = 2;

    fn change<R: Number>(&self, p: R, g: R, []: [R; 0]) -> (R, [R; 0]) {
        (p - pulled(g, p, self.weight_decay) * self.rate, [])
    }
}

/// A step of what has mass.
struct Heavy {
    rate: f64,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
}

impl Rule<1> for Heavy {
    const FLOPS: u64 = 4;

    fn change<R: Number>(&self, p: R, g: R, [v]: [R; 1]) -> (R, [R; 1]) {
        let g = pulled(g, p, self.weight_decay);
        let v = v * self.momentum + g;
        let along = if self.nesterov { g + v * self.momentum } else { v };
        (p - along * self.rate, [v])
    }
}
