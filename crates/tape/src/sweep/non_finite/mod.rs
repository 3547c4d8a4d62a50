//! The watch for numbers that are not finite, and where the first came from.

mod cause;
mod of_gradients;
mod of_values;
mod taken;

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Line};
use crate::sweep;
use crate::sweep::gradients::{Gradients, RecordedGradients};
use crate::tape::graph::{GraphView, place};
use crate::tape::store::{self, Store};
use crate::tape::{OnNonFinite, Var};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use of_gradients::first_gradient;
use of_values::harmful_value;

pub(crate) use of_values::first_value;

/// The first node that made a NaN or an infinity.
///
/// Its `Display` is one line: `ln (model.rs:12): value -inf at [3, 7]: ln of 0`.
#[derive(Clone, Debug)]
pub struct NonFinite {
    /// The node's id on the tape.
    pub node: u32,
    /// The operation; `var` or `input` if the number came from outside.
    pub op: String,
    /// Where it was recorded.
    pub line: Option<Line>,
    /// The layer of a model in which it was recorded.
    pub layer: Option<Arc<str>>,
    /// For a gradient, the operand whose cotangent it is; `None` for a value.
    pub gradient_of: Option<usize>,
    /// The position of the first such element.
    pub index: Vec<usize>,
    /// That element.
    pub value: f64,
    /// What it was made from, in words.
    pub cause: String,
    /// Where a `select` drops this element: the number is of a branch that was not taken.
    pub not_taken: Option<(String, Line)>,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.op)?;
        if self.line.is_some() {
            write!(f, " ({})", place(self.line, self.layer.as_deref()))?;
        }
        match self.gradient_of {
            None => write!(f, ": value {}", self.value)?,
            Some(arg) => write!(f, ": gradient of operand {arg} is {}", self.value)?,
        }
        if !self.index.is_empty() {
            write!(f, " at {:?}", self.index)?;
        }
        write!(f, ": {}", self.cause)?;
        if let Some((op, line)) = &self.not_taken {
            write!(f, "; the branch not taken of `{op}` at {line}")?;
        }
        Ok(())
    }
}

/// The sweep of [`sweep::backward`], under the tape's policy.
#[inline]
pub(crate) fn backward<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    F::gradients(key, root, seed, all)
}

pub(crate) fn backward_in<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    let policy = values_allowed::<F>(key, root)?;
    let gradients = sweep::backward(key, root, seed.clone(), all)?;
    if policy != OnNonFinite::Off && !gradients.is_finite() {
        report(policy, first_gradient(key, root, &seed)?)?;
    }
    Ok(gradients)
}

/// [`sweep::backward_recorded`], under the tape's policy.
pub(crate) fn backward_recorded<F: Float>(root: Var<F>) -> Result<RecordedGradients<F>, Error> {
    let policy = values_allowed::<F>(root.key, root.id)?;
    let gradients = sweep::backward_recorded(root)?;
    if policy != OnNonFinite::Off {
        let seed = Tensor::full(root.try_value()?.shape(), F::one());
        report(policy, first_gradient(root.key, root.id, &seed)?)?;
    }
    Ok(gradients)
}

/// The tape's policy, after a look at what the output depends on.
fn values_allowed<F: Float>(key: u32, root: u32) -> Result<OnNonFinite, Error> {
    let policy = store::with_store(key, |store: &mut Store<F>| store.on_non_finite)?;
    if policy == OnNonFinite::Off {
        return Ok(policy);
    }
    if key & store::GRADIENT_ONLY != 0 {
        return Err(Error::NoGraph { wanted: "say where a number that is not finite comes from" });
    }
    report(policy, harmful_value(&GraphView::<F>::of_id(key, root)?))?;
    Ok(policy)
}

fn report(policy: OnNonFinite, found: Option<NonFinite>) -> Result<(), Error> {
    match (found, policy) {
        (Some(found), OnNonFinite::Error) => Err(Error::NonFinite(Box::new(found))),
        (Some(found), _) => {
            eprintln!("not finite: {found}");
            Ok(())
        }
        (None, _) => Ok(()),
    }
}
