//! What a forward pass gets in training, beside its input.

use std::collections::BTreeMap;

use wengert_tape::{Algebra, Float, Param, ParamId, Tensor};

use crate::module::{Name, Parameters};

/// The argument that tells training from use: a key for random numbers, and a place for what a layer sees on the way.
///
/// The key is two whole numbers, such as a seed and the number of the step. Everything random in the pass follows from
/// it: the same key draws the same, whatever was drawn before. On a tape it is an input, so that a replay draws anew.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Dropout::new(0.5);
/// let x = Tensor::<f64>::ones([4, 100]);
/// let pass = |step: i64| layer.forward_training(&x, &mut Training::new(Tensor::from([1, step])));
/// assert_eq!(pass(7), pass(7));
/// assert_ne!(pass(7), pass(8));
/// assert_eq!(Module::<f64>::forward(&layer, &x), x); // in use, nothing is dropped
/// ```
#[derive(Debug)]
pub struct Training<A: Algebra> {
    key: A::Index,
    drawn: u64,
    observed: Vec<Observed<A>>,
}

/// Numbers that a layer saw, for a parameter that follows them and not a gradient.
#[derive(Clone, Debug)]
pub struct Observed<A> {
    /// The parameter.
    pub param: ParamId,
    /// How far the parameter moves towards the numbers: `p ← p + share (x − p)`.
    pub share: f64,
    /// The numbers.
    pub numbers: A,
}

impl<A: Algebra> Training<A> {
    /// A forward pass with a key of two whole numbers.
    pub fn new(key: A::Index) -> Self {
        Training { key, drawn: 0, observed: Vec::new() }
    }

    /// The key, and a number that no other draw of this pass gets.
    pub fn draw(&mut self) -> (A::Index, u64) {
        self.drawn += 1;
        (self.key.clone(), self.drawn)
    }

    /// Notes numbers for a parameter that follows them: the running mean of a batch norm.
    pub fn observe<F: Float>(&mut self, param: &Param<F>, share: f64, numbers: A) {
        self.observed.push(Observed { param: param.id(), share, numbers });
    }

    /// What layers saw.
    pub fn observed(self) -> Vec<Observed<A>> {
        self.observed
    }
}

/// Lets the parameters of a model follow what its layers saw in a pass, or the mean over several passes.
pub(crate) fn follow<F: Float>(model: &mut dyn Parameters<F>, observed: &[Observed<Tensor<F>>]) {
    if observed.is_empty() {
        return;
    }
    let by: BTreeMap<ParamId, &Observed<Tensor<F>>> = observed.iter().map(|seen| (seen.param, seen)).collect();
    model.visit_mut(Name::ROOT, &mut |_, param| {
        if let Some(seen) = by.get(&param.id()) {
            let share = F::from_f64(seen.share);
            let numbers = param.value_mut().data_mut().iter_mut().zip(seen.numbers.data());
            numbers.for_each(|(p, x)| *p += share * (*x - *p));
        }
    });
}
