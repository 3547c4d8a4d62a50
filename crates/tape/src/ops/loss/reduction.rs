//! What becomes of the losses of many elements.

use crate::error::Error;
use crate::ops::{MeanExt, SumExt};
use crate::rule::algebra::Algebra;
use crate::rule::operand::{Held, Operand};

/// What becomes of the losses of many elements: PyTorch's `reduction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their sum.
    Sum,
    /// Their mean; NaN if there are none.
    #[default]
    Mean,
}

impl Reduction {
    /// The reduced losses.
    #[track_caller]
    pub(crate) fn of<A: Algebra>(self, losses: A) -> A {
        match self {
            Reduction::None => losses,
            Reduction::Sum => losses.sum(),
            Reduction::Mean => losses.mean(),
        }
    }
}

/// The targets beside the outputs that they belong to: a loss broadcasts nothing, since an output `[n, 1]` beside a target
/// `[n]` is a mistake.
#[track_caller]
pub(crate) fn targets<'t, A: Algebra>(loss: &str, outputs: &A, targets: &'t impl Operand<A>) -> Held<'t, A> {
    let targets = targets.beside(outputs);
    let (x, t) = (outputs.shape(), targets.shape());
    if x != t {
        Error::shape(loss, format!("outputs {x} and targets {t} differ in shape")).raise()
    }
    targets
}
