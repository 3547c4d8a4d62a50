//! Gradients by parameter.

use std::collections::BTreeMap;
use std::fmt::Debug;

use wengert_tape::{Error, Float, Gradients, Param, ParamId, Tensor};

use crate::module::{Name, Parameters};

/// Where an optimiser finds the gradient of a parameter.
///
/// # Examples
/// ```
/// use wengert_nn::ParameterGradients;
/// use wengert_nn::prelude::*;
/// let (p, other) = (Param::new(Tensor::from(3.0)), Param::new(Tensor::from(1.0)));
/// let tape = Tape::new();
/// let gradients = tape.param(&p).square().backward();
/// assert_eq!(gradients.of_parameter(&p), Some(&Tensor::from(6.0)));
/// assert_eq!(gradients.of_parameter(&other), None);
/// ```
pub trait ParameterGradients<F: Float>: Debug {
    /// The gradient, or `None` where there is none: the parameter is frozen, or the loss does not depend on it.
    ///
    /// # Panics
    /// If the loss depends on two values of the parameter, which was changed between two uses on one tape.
    fn of_parameter(&self, param: &Param<F>) -> Option<&Tensor<F>>;
}

impl<F: Float> ParameterGradients<F> for Gradients<F> {
    fn of_parameter(&self, param: &Param<F>) -> Option<&Tensor<F>> {
        match self.param(param) {
            Err(error @ Error::TwoValues { .. }) => panic!("{error}"),
            found => found.ok(),
        }
    }
}

/// The gradients of a model's parameters, as values that can be summed and scaled: over the shards of a batch, or over
/// several batches before one step.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let model = Linear::from_weights(Tensor::from([[1.0, 2.0]]), None);
/// let gradients = |x: [f64; 2]| {
///     let tape = Tape::new();
///     ModelGradients::of(&model, &model.forward(&tape.input(Tensor::from([x]))).sum().backward())
/// };
/// let mut sum = gradients([3.0, 0.0]);
/// sum.add(&gradients([0.0, 4.0]));
/// assert_eq!(sum.norm(), 5.0);
/// ```
#[derive(Clone, Debug)]
pub struct ModelGradients<F: Float> {
    by: BTreeMap<ParamId, Tensor<F>>,
}

impl<F: Float> ModelGradients<F> {
    /// The gradients of the parameters of `model`.
    pub fn of(model: &(impl Parameters<F> + ?Sized), gradients: &dyn ParameterGradients<F>) -> Self {
        let mut by = BTreeMap::new();
        model.visit(Name::ROOT, &mut |_, param| {
            if let Some(g) = gradients.of_parameter(param) {
                by.insert(param.id(), g.clone());
            }
        });
        ModelGradients { by }
    }

    /// Adds other gradients of the same model.
    pub fn add(&mut self, other: &ModelGradients<F>) {
        for (id, g) in &other.by {
            match self.by.get_mut(id) {
                Some(sum) => *sum += g,
                None => drop(self.by.insert(*id, g.clone())),
            }
        }
    }

    /// Multiplies each gradient with a number.
    pub fn scale(&mut self, factor: f64) {
        let factor = F::from_f64(factor);
        self.by.values_mut().for_each(|g| g.data_mut().iter_mut().for_each(|x| *x *= factor));
    }

    /// The length of all gradients as one vector.
    pub fn norm(&self) -> f64 {
        let numbers = || self.by.values().flat_map(|g| g.data()).map(|x| Float::to_f64(*x));
        let squares = numbers().map(|x| x * x).sum::<f64>();
        if squares.is_normal() {
            return squares.sqrt();
        }
        // Squares that are no numbers of this type any more are taken in the measure of the largest. NaN stays.
        let largest = numbers().fold(0.0, |largest, x| if x.abs() > largest || x.is_nan() { x.abs() } else { largest });
        match largest > 0.0 && largest.is_finite() {
            true => largest * numbers().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt(),
            false => largest,
        }
    }

    /// Cuts each number to between −`limit` and `limit`. NaN stays.
    pub fn clip_value(&mut self, limit: f64) {
        let limit = F::from_f64(limit);
        let cut = |x: &mut F| {
            if *x > limit {
                *x = limit;
            } else if *x < -limit {
                *x = -limit;
            }
        };
        self.by.values_mut().for_each(|g| g.data_mut().iter_mut().for_each(cut));
    }

    /// Shortens all gradients, as one vector, to a length of at most `limit`, and returns the length before. PyTorch's
    /// `clip_grad_norm_`: the factor is `limit / (length + 10⁻⁶)`; for a length below 1 it is `limit / (length · (1 + 10⁻⁶))`,
    /// so that short gradients are not cut to nothing.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let model = Linear::from_weights(Tensor::from([[0.0, 0.0]]), None);
    /// let tape = Tape::new();
    /// let loss = model.forward(&tape.input(Tensor::from([[3.0, 4.0]]))).sum();
    /// let mut gradients = ModelGradients::of(&model, &loss.backward());
    /// assert_eq!(gradients.clip_norm(1.0), 5.0);
    /// assert!((gradients.norm() - 1.0).abs() < 1e-6);
    /// ```
    pub fn clip_norm(&mut self, limit: f64) -> f64 {
        let norm = self.norm();
        let longer = norm + 1e-6 * norm.min(1.0);
        if limit < longer {
            // The factor alone might underflow.
            let shorter = |x: &mut F| *x = F::from_f64(Float::to_f64(*x) / longer * limit);
            self.by.values_mut().for_each(|g| g.data_mut().iter_mut().for_each(shorter));
        }
        norm
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.by.values().all(|g| g.data().iter().all(|x| Float::to_f64(*x).is_finite()))
    }
}

impl<F: Float> ParameterGradients<F> for ModelGradients<F> {
    fn of_parameter(&self, param: &Param<F>) -> Option<&Tensor<F>> {
        self.by.get(&param.id())
    }
}
