//! Averages of weights over steps.

use std::collections::BTreeMap;

use wengert_tape::{Float, ParamId, Tensor};

use super::{Optimiser, OptimiserState, ParameterGradients, Step, taken};
use crate::error::Error;
use crate::module::{Name, Parameters};

/// The mean of a model's parameters over the steps of a training: often a better model than the last step's.
///
/// It goes by the names of the parameters, and can be written into a copy of the model.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut model = Linear::from_weights(Tensor::from([[1.0]]), None);
/// let mut averaged = model.clone();
/// let mut average = WeightAverage::new();
/// for weight in [1.0, 2.0, 6.0] {
///     model.weight.value_mut().data_mut()[0] = weight;
///     average.update(&model);
/// }
/// average.write(&mut averaged);
/// assert_eq!((averaged.weight.value().item(), model.weight.value().item()), (3.0, 6.0));
/// ```
#[derive(Clone, Debug)]
pub struct WeightAverage<F: Float> {
    decay: Option<f64>,
    /// By name; a tied parameter has that of its first place.
    means: BTreeMap<String, Tensor<F>>,
    updates: u64,
}

/// The name of each place of a parameter, and that of the first place of the same parameter.
fn first_names<F: Float>(model: &(impl Parameters<F> + ?Sized)) -> Vec<(String, String)> {
    let (mut first, mut names) = (BTreeMap::<ParamId, String>::new(), Vec::new());
    model.visit(Name::ROOT, &mut |name, param| {
        let name = name.to_string();
        names.push((name.clone(), first.entry(param.id()).or_insert(name).clone()));
    });
    names
}

impl<F: Float> WeightAverage<F> {
    /// The mean in which each step counts the same (Polyak; Izmailov et al. 2018): `a ← a + (p − a) / n`.
    #[allow(clippy::new_without_default)] // there is no default among the two averages
    pub fn new() -> Self {
        WeightAverage { decay: None, means: BTreeMap::new(), updates: 0 }
    }

    /// The mean in which each step counts less than the next: `a ← d a + (1 − d) p`, from the first step's parameters.
    pub fn exponential(decay: f64) -> Self {
        WeightAverage { decay: Some(decay), means: BTreeMap::new(), updates: 0 }
    }

    /// Takes in the parameters as they are.
    ///
    /// # Panics
    /// If a parameter has another shape than before.
    #[track_caller]
    pub fn update(&mut self, model: &(impl Parameters<F> + ?Sized)) {
        self.updates += 1;
        let share = F::from_f64(self.decay.map_or(1.0 / self.updates as f64, |decay| 1.0 - decay));
        let firsts = first_names(model);
        for ((_, param), (name, first)) in model.parameters().into_iter().zip(firsts) {
            if name != first {
                continue;
            }
            match self.means.get_mut(&name) {
                Some(mean) => {
                    expect_shape(&name, mean, param.value());
                    let numbers = mean.data_mut().iter_mut().zip(param.value().data());
                    numbers.for_each(|(mean, p)| *mean += share * (*p - *mean));
                }
                None => drop(self.means.insert(name, param.value().clone())),
            }
        }
    }

    /// Writes the means into a model, this one or another with parameters of the same names; a parameter that was never
    /// taken in is left as it is.
    ///
    /// # Panics
    /// If a parameter has another shape than its mean.
    #[track_caller]
    pub fn write(&self, model: &mut (impl Parameters<F> + ?Sized)) {
        let firsts = first_names(model);
        for ((_, param), (name, first)) in model.parameters_mut().into_iter().zip(firsts) {
            if let Some(mean) = self.means.get(&first) {
                expect_shape(&name, mean, param.value());
                *param.value_mut() = mean.clone();
            }
        }
    }
}

#[track_caller]
fn expect_shape<F: Float>(name: &str, mean: &Tensor<F>, value: &Tensor<F>) {
    let (mean, value) = (mean.shape(), value.shape());
    assert!(mean == value, "average: `{name}` has shape {value}, and {mean} in the average: it is of another model");
}

/// An optimiser beside which an average of the parameters is taken, after each of its steps: what a
/// [`Trainer`](crate::Trainer) is given to average. Its checkpoints hold the average too.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = moons::<f32>(200, 0.2, &mut generator(1));
/// let mut model = Mlp::<f32>::new(&[2, 16, 2], Activation::Tanh, &mut generator(2)).output(Activation::Identity);
/// let mut optimiser = Averaged::new(Sgd::new(0.5), WeightAverage::exponential(0.98));
/// let mut trainer = Trainer::new(cross_entropy).metric("accuracy", accuracy).epochs(20);
/// trainer.train(&mut model, &mut optimiser, &data)?;
/// optimiser.average().write(&mut model);
/// assert!(trainer.evaluate(&model, &data)?.get("accuracy") > Some(0.8));
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Averaged<F: Float = f32> {
    optimiser: Box<dyn Optimiser<F>>,
    average: WeightAverage<F>,
}

/// The kind of the tensors of an average in the state of an optimiser, and where the number of its steps is kept: no
/// parameter has this name.
const AVERAGE: &str = "average";
const UPDATES: &str = "~average";

/// A name of an average inside another average, beside the name of that one.
fn inside(name: &str) -> Option<String> {
    [AVERAGE, UPDATES].into_iter().find(|ours| name.starts_with(ours)).map(|ours| format!("{ours}{name}"))
}

/// The name that such a one has by itself.
fn outside(name: &str) -> Option<String> {
    [AVERAGE, UPDATES]
        .into_iter()
        .find_map(|ours| name.strip_prefix(ours))
        .filter(|name| !name.is_empty())
        .map(String::from)
}

/// A state with other names for kinds of tensors, and for what is of no parameter.
fn renamed<F: Float>(state: OptimiserState<F>, new: impl Fn(&str) -> Option<String>) -> OptimiserState<F> {
    let tensors = state.tensors.into_iter().map(|((kind, name), t)| ((new(&kind).unwrap_or(kind), name), t)).collect();
    let named = |(name, steps): (String, u64)| match name.starts_with('~') {
        true => (new(&name).unwrap_or(name), steps),
        false => (name, steps),
    };
    OptimiserState { tensors, steps: state.steps.into_iter().map(named).collect() }
}

impl<F: Float> Averaged<F> {
    /// An optimiser, and an average that has not seen anything yet.
    pub fn new(optimiser: impl Optimiser<F> + 'static, average: WeightAverage<F>) -> Self {
        Averaged { optimiser: Box::new(optimiser), average }
    }

    /// The average so far.
    pub fn average(&self) -> &WeightAverage<F> {
        &self.average
    }
}

impl<F: Float> Optimiser<F> for Averaged<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let step = self.optimiser.step(model, gradients);
        self.average.update(model);
        step
    }

    fn rate(&self) -> f64 {
        self.optimiser.rate()
    }

    fn set_rate(&mut self, rate: f64) {
        self.optimiser.set_rate(rate);
    }

    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F> {
        let mut state = renamed(self.optimiser.state(model), inside);
        for (name, first) in first_names(model) {
            if let Some(mean) = self.average.means.get(&first) {
                state.tensors.insert((AVERAGE.into(), name), mean.clone());
            }
        }
        state.steps.insert(UPDATES.into(), self.average.updates);
        state
    }

    fn restore(&mut self, model: &dyn Parameters<F>, mut state: OptimiserState<F>) -> Result<(), Error> {
        let Some(updates) = state.steps.remove(UPDATES) else {
            return Err(Error::shape("optimiser state", "there is no average"));
        };
        // In a group of parameters the average is of those that the optimiser steps, and of any of them that are frozen.
        let mut means = BTreeMap::new();
        for (name, param) in model.parameters() {
            let key = (AVERAGE.to_string(), name);
            if state.tensors.contains_key(&key) || state.steps.contains_key(&key.1) {
                let mean = taken(&mut state.tensors, AVERAGE, &key.1, param)?;
                means.insert(key.1, mean);
            }
        }
        self.optimiser.restore(model, renamed(state, outside))?;
        self.average = WeightAverage { decay: self.average.decay, means, updates };
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Optimiser<F>> {
        Box::new(self.clone())
    }
}
