//! Parameters: tensors with an identity, which outlives any tape.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::float::Float;
#[cfg(feature = "check")]
use crate::moved::Moved;
use crate::tensor::Tensor;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The identity of a [`Param`]. Clones of a parameter share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(u64);

impl fmt::Display for ParamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {}", self.0)
    }
}

/// A tensor that a model learns.
///
/// [`lift`](crate::Lift::lift) brings it to where another value lives. Lifted twice to one tape (tied or unrolled
/// weights) it is one leaf with one gradient, which [`Gradients::param`](crate::Gradients::param) returns by the
/// parameter's identity.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let w = Param::new(Tensor::from([2.0, 3.0]));
/// let tape = Tape::new();
/// let x = tape.input(Tensor::from([1.0, -1.0]));
/// let y = (x.lift(&w) * x + x.lift(&w)).sum();
/// assert_eq!(y.backward().param(&w).unwrap().data(), [2.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Param<F: Float = f64> {
    id: ParamId,
    value: Tensor<F>,
    frozen: bool,
    #[cfg(feature = "check")]
    moved: Moved<F>,
}

impl<F: Float> Param<F> {
    /// A parameter with a new identity.
    pub fn new(value: Tensor<F>) -> Self {
        Param {
            id: ParamId(NEXT.fetch_add(1, Ordering::Relaxed)),
            value,
            frozen: false,
            #[cfg(feature = "check")]
            moved: Moved::default(),
        }
    }

    /// The identity.
    pub fn id(&self) -> ParamId {
        self.id
    }

    /// The current value.
    pub fn value(&self) -> &Tensor<F> {
        #[cfg(feature = "check")]
        if let Some(moved) = self.moved.value_of(self.id) {
            return moved;
        }
        &self.value
    }

    /// The current value, for an optimiser to change.
    pub fn value_mut(&mut self) -> &mut Tensor<F> {
        #[cfg(feature = "check")]
        self.moved.forget();
        &mut self.value
    }

    /// A parameter with the same value and an identity of its own.
    pub fn fresh(&self) -> Self {
        Param { frozen: self.frozen, ..Param::new(self.value().clone()) }
    }

    /// Whether the parameter is lifted as a constant and not learned.
    pub fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Freezes or frees the parameter.
    pub fn set_frozen(&mut self, frozen: bool) {
        self.frozen = frozen;
    }
}
