//! How the learning rate changes during training.

use std::f64::consts::PI;
use std::fmt::Debug;

use crate::error::Error;

/// The learning rate at each step of a training, counted from 0. A step is a step of the optimiser or an epoch, as the
/// trainer is told.
///
/// The formulas are PyTorch's, in closed form: the rate at a step depends on nothing but the step, so that a training
/// that is resumed goes on as it would have. [`OnPlateau`] alone depends on losses, and remembers them.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let schedule = WarmUp::new(5, 0.2, Cosine::new(100, 0.0));
/// let rates: Vec<f64> = [0, 5, 55, 105].map(|step| schedule.rate(0.1, step)).to_vec();
/// let expected = [0.02, 0.1, 0.05, 0.0];
/// assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate - expected).abs() < 1e-15));
/// ```
pub trait Schedule: Debug + Send {
    /// The rate at a step, where `base` is the rate that the optimiser began with.
    fn rate(&self, base: f64, step: u64) -> f64;

    /// Takes notice of the loss after a step.
    fn observe(&mut self, _loss: f64) {}

    /// What the schedule remembers.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Takes up what another of its kind remembered.
    ///
    /// # Errors
    /// If the state is of another kind of schedule. Then this one is as it was.
    fn restore(&mut self, state: &[f64]) -> Result<(), Error> {
        match state.len() {
            0 => Ok(()),
            n => Err(Error::shape("schedule", format!("{n} numbers of state for one that remembers none"))),
        }
    }
}

/// The rate times `factor` at each `every`th step: `base · factor^⌊step / every⌋`.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rates = [0, 29, 30, 60].map(|step| Steps::new(30, 0.5).rate(0.4, step));
/// assert_eq!(rates, [0.4, 0.4, 0.2, 0.1]);
/// ```
#[derive(Clone, Debug)]
pub struct Steps {
    every: u64,
    factor: f64,
}

impl Steps {
    /// A rate that is multiplied by `factor` every `every` steps.
    ///
    /// # Panics
    /// If `every` is 0.
    #[track_caller]
    pub fn new(every: u64, factor: f64) -> Self {
        assert!(every > 0, "steps: the rate cannot change every 0 steps");
        Steps { every, factor }
    }
}

impl Schedule for Steps {
    fn rate(&self, base: f64, step: u64) -> f64 {
        base * self.factor.powf((step / self.every) as f64)
    }
}

/// `base · factor^step`
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// assert_eq!([0, 1, 3].map(|step| Exponential::new(0.5).rate(0.8, step)), [0.8, 0.4, 0.1]);
/// ```
#[derive(Clone, Debug)]
pub struct Exponential {
    factor: f64,
}

impl Exponential {
    /// A rate that is multiplied by `factor` at each step.
    pub fn new(factor: f64) -> Self {
        Exponential { factor }
    }
}

impl Schedule for Exponential {
    fn rate(&self, base: f64, step: u64) -> f64 {
        base * self.factor.powf(step as f64)
    }
}

/// Half a wave of the cosine from the base rate to `last` over a number of steps, and `last` from then on (Loshchilov and
/// Hutter 2017).
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rates = [0, 50, 100, 200].map(|step| Cosine::new(100, 0.0).rate(0.2, step));
/// assert!(rates.iter().zip([0.2, 0.1, 0.0, 0.0]).all(|(rate, right)| (rate - right).abs() < 1e-15));
/// ```
#[derive(Clone, Debug)]
pub struct Cosine {
    steps: u64,
    last: f64,
}

impl Cosine {
    /// A rate that falls to `last` over `steps` steps.
    pub fn new(steps: u64, last: f64) -> Self {
        Cosine { steps, last }
    }
}

impl Schedule for Cosine {
    fn rate(&self, base: f64, step: u64) -> f64 {
        wave(base, self.last, share(step as f64, self.steps as f64))
    }
}

/// A straight rise from `first · base` over a number of steps, and then another schedule, which counts its steps from
/// there.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rates = [0, 2, 4, 100].map(|step| WarmUp::new(4, 0.5, Constant).rate(0.8, step));
/// assert!(rates.iter().zip([0.4, 0.6, 0.8, 0.8]).all(|(rate, right)| (rate - right).abs() < 1e-15));
/// ```
#[derive(Clone, Debug)]
pub struct WarmUp<S> {
    steps: u64,
    first: f64,
    then: S,
}

impl<S: Schedule> WarmUp<S> {
    /// A rise from the share `first` of the base rate over `steps` steps before another schedule.
    pub fn new(steps: u64, first: f64, then: S) -> Self {
        WarmUp { steps, first, then }
    }
}

impl<S: Schedule> Schedule for WarmUp<S> {
    fn rate(&self, base: f64, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(step) => self.then.rate(base, step),
            None => base * (self.first + (1.0 - self.first) * step as f64 / self.steps as f64),
        }
    }
    fn observe(&mut self, loss: f64) {
        self.then.observe(loss);
    }
    fn state(&self) -> Vec<f64> {
        self.then.state()
    }
    fn restore(&mut self, state: &[f64]) -> Result<(), Error> {
        self.then.restore(state)
    }
}

/// The base rate all the time.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// assert_eq!(Constant.rate(0.1, 1_000_000), 0.1);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Constant;

impl Schedule for Constant {
    fn rate(&self, base: f64, _step: u64) -> f64 {
        base
    }
}

/// One cycle (Smith and Topin 2018): half a wave of the cosine up to the base rate over the first 0.3 of all steps, from a
/// 25th of it, and half a wave down to a 250,000th.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rates: Vec<f64> = (0..101).map(|step| OneCycle::new(101).rate(0.25, step)).collect();
/// let highest = rates.iter().copied().fold(0.0, f64::max);
/// assert!((rates[0] - 0.01).abs() < 1e-15 && highest > 0.24 && highest <= 0.25 && rates[100] < 1e-3);
/// ```
#[derive(Clone, Debug)]
pub struct OneCycle {
    steps: u64,
    rise: f64,
    first: f64,
    last: f64,
}

impl OneCycle {
    /// A cycle of `steps` steps.
    ///
    /// # Panics
    /// If there are fewer than 2 steps.
    #[track_caller]
    pub fn new(steps: u64) -> Self {
        assert!(steps >= 2, "one cycle: {steps} steps have no way up and down");
        OneCycle { steps, rise: 0.3, first: 1.0 / 25.0, last: 1.0 / 250_000.0 }
    }

    /// With another share of the steps for the rise.
    ///
    /// # Panics
    /// If it is not above 0 and below 1.
    #[track_caller]
    pub fn rise(self, rise: f64) -> Self {
        assert!(rise > 0.0 && rise < 1.0, "one cycle: a rise over the share {rise} of all steps");
        OneCycle { rise, ..self }
    }

    /// With other shares of the base rate at the first step and at the last.
    pub fn ends(self, first: f64, last: f64) -> Self {
        OneCycle { first, last, ..self }
    }
}

impl Schedule for OneCycle {
    fn rate(&self, base: f64, step: u64) -> f64 {
        let (top, end, step) = (self.rise * self.steps as f64 - 1.0, self.steps as f64 - 1.0, step as f64);
        match step <= top {
            true => wave(self.first * base, base, share(step, top)),
            false => wave(base, self.last * base, share(step - top, end - top)),
        }
    }
}

/// The way from `from` to `to` along half a wave of the cosine.
fn wave(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * share).cos()) / 2.0
}

fn share(step: f64, steps: f64) -> f64 {
    if steps > 0.0 { (step / steps).min(1.0) } else { 1.0 }
}

/// The rate times a factor whenever the loss has not fallen for a while.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut schedule = OnPlateau::new(0.5, 1);
/// for loss in [1.0, 0.5, 0.5, 0.5] {
///     schedule.observe(loss);
/// }
/// assert_eq!(schedule.rate(0.1, 4), 0.05);
/// ```
#[derive(Clone, Debug)]
pub struct OnPlateau {
    factor: f64,
    patience: u64,
    least: f64,
    threshold: f64,
    best: f64,
    waited: u64,
    cuts: u64,
}

impl OnPlateau {
    /// A rate that is multiplied by `factor` after more than `patience` losses that are not better than the best by a
    /// 10,000th of its size. NaN is never better.
    ///
    /// PyTorch asks for a loss below `best · (1 − threshold)`, which lies above a best loss below 0: there every loss that
    /// stays the same would be a better one. Here the threshold has the sign of the loss.
    pub fn new(factor: f64, patience: u64) -> Self {
        OnPlateau { factor, patience, least: 0.0, threshold: 1e-4, best: f64::INFINITY, waited: 0, cuts: 0 }
    }

    /// With a rate below which it does not fall.
    pub fn least(self, least: f64) -> Self {
        OnPlateau { least, ..self }
    }

    /// With another share of the best loss by which a better one must be below it.
    pub fn threshold(self, threshold: f64) -> Self {
        OnPlateau { threshold, ..self }
    }
}

impl Schedule for OnPlateau {
    fn rate(&self, base: f64, _step: u64) -> f64 {
        (base * self.factor.powf(self.cuts as f64)).max(self.least.min(base))
    }

    fn observe(&mut self, loss: f64) {
        if loss < self.best * (1.0 - self.threshold.copysign(self.best)) {
            (self.best, self.waited) = (loss, 0);
        } else {
            self.waited += 1;
        }
        if self.waited > self.patience {
            self.cuts += 1;
            self.waited = 0;
        }
    }

    fn state(&self) -> Vec<f64> {
        vec![self.best, self.waited as f64, self.cuts as f64]
    }

    fn restore(&mut self, state: &[f64]) -> Result<(), Error> {
        let [best, waited, cuts] = state else {
            return Err(Error::shape("on plateau", format!("{} numbers of state, not 3", state.len())));
        };
        (self.best, self.waited, self.cuts) = (*best, *waited as u64, *cuts as u64);
        Ok(())
    }
}
