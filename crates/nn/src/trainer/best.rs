//! The best model on validation samples, and when to stop looking for a better one.

use std::collections::BTreeMap;

use wengert_tape::{Float, Tensor};

use super::history::Evaluation;
use crate::error::Error;
use crate::module::Parameters;

/// What makes one epoch's model better than another's: a mean over the validation samples.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let by_loss = Monitor::loss();
/// let by_accuracy = Monitor::most("accuracy");
/// assert_eq!((by_loss.to_string(), by_accuracy.to_string()), ("least loss".into(), "most accuracy".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    name: String,
    most: bool,
}

impl Monitor {
    /// The least loss.
    pub fn loss() -> Self {
        Self::least("loss")
    }

    /// The least of a metric.
    pub fn least(metric: impl Into<String>) -> Self {
        Monitor { name: metric.into(), most: false }
    }

    /// The most of a metric.
    pub fn most(metric: impl Into<String>) -> Self {
        Monitor { name: metric.into(), most: true }
    }

    /// Whether this is the loss or one of these metrics.
    pub(super) fn check(&self, metrics: &[String]) -> Result<(), Error> {
        if self.name == "loss" || metrics.contains(&self.name) {
            return Ok(());
        }
        let known = ["loss"].into_iter().chain(metrics.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
        Err(Error::shape("trainer", format!("there is no metric `{}`, only {known}", self.name)))
    }

    /// The number, the more the better.
    pub(super) fn score(&self, evaluation: &Evaluation) -> Result<f64, Error> {
        let value = evaluation.get(&self.name);
        let value = value.ok_or_else(|| Error::shape("trainer", format!("there is no metric `{}`", self.name)))?;
        Ok(if self.most { value } else { -value })
    }
}

impl std::fmt::Display for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", if self.most { "most" } else { "least" }, self.name)
    }
}

/// The parameters of the best epoch so far.
#[derive(Clone, Debug)]
pub(super) struct Best<F: Float> {
    pub(super) epoch: usize,
    pub(super) score: f64,
    /// What it is the best by.
    pub(super) by: String,
    pub(super) weights: BTreeMap<String, Tensor<F>>,
}

impl<F: Float> Best<F> {
    /// Whether a score is better than this one: any is that is a number, where this one is not.
    pub(super) fn is_beaten_by(&self, score: f64) -> bool {
        score > self.score || self.score.is_nan() && !score.is_nan()
    }

    pub(super) fn of(epoch: usize, score: f64, by: &Monitor, model: &(impl Parameters<F> + ?Sized)) -> Self {
        let weights = model.parameters().into_iter().map(|(name, param)| (name, param.value().clone())).collect();
        Best { epoch, score, by: by.to_string(), weights }
    }

    /// Gives a model these parameters.
    pub(super) fn restore(&self, model: &mut dyn Parameters<F>) {
        for (name, param) in model.parameters_mut() {
            if let Some(value) = self.weights.get(&name) {
                *param.value_mut() = value.clone();
            }
        }
    }
}
