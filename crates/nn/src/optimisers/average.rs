//! Averages of weights over steps.

use std::collections::BTreeMap;

use wengert_tape::{Float, ParamId, Tensor};

use crate::module::{Name, Parameters};

/// The mean of a model's parameters over the steps of a training: often a better model than the last step's.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut model = Linear::from_weights(Tensor::from([[1.0]]), None);
/// let mut average = WeightAverage::new();
/// for weight in [1.0, 2.0, 6.0] {
///     model.weight.value_mut().data_mut()[0] = weight;
///     average.update(&model);
/// }
/// average.write(&mut model);
/// assert_eq!(model.weight.value().item(), 3.0);
/// ```
#[derive(Clone, Debug)]
pub struct WeightAverage<F: Float> {
    decay: Option<f64>,
    means: BTreeMap<ParamId, Tensor<F>>,
    updates: u64,
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
    pub fn update(&mut self, model: &(impl Parameters<F> + ?Sized)) {
        self.updates += 1;
        let share = F::from_f64(self.decay.map_or(1.0 / self.updates as f64, |decay| 1.0 - decay));
        let mut seen = BTreeMap::new();
        model.visit(Name::ROOT, &mut |_, param| {
            if seen.insert(param.id(), ()).is_some() {
                return;
            }
            match self.means.get_mut(&param.id()) {
                Some(mean) => {
                    let numbers = mean.data_mut().iter_mut().zip(param.value().data());
                    numbers.for_each(|(mean, p)| *mean += share * (*p - *mean));
                }
                None => drop(self.means.insert(param.id(), param.value().clone())),
            }
        });
    }

    /// Writes the means into a model; a parameter that was never taken in is left as it is.
    pub fn write(&self, model: &mut (impl Parameters<F> + ?Sized)) {
        model.visit_mut(Name::ROOT, &mut |_, param| {
            if let Some(mean) = self.means.get(&param.id()) {
                *param.value_mut() = mean.clone();
            }
        });
    }
}
