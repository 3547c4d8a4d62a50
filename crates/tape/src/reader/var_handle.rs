//! A recorded value: the handle. How operations are applied to it is the tape's, which lies above.

use std::marker::PhantomData;

use crate::rule::algebra::Any;
use crate::rule::op::Value;
use crate::tensor::Tensor;
use crate::tensor::float::{Element, Float};

/// What a node on a tape of `F` can hold a tensor of: `F` itself, `i64` or `bool`.
pub trait Stored<F: Float>: Element {
    /// The tensor as a node's value.
    #[doc(hidden)]
    fn store(tensor: Tensor<Self>) -> Value<F>;
    /// The tensor in a node's value.
    #[doc(hidden)]
    fn load(value: Value<F>) -> Tensor<Self>;
}

impl<F: Float> Stored<F> for F {
    fn store(tensor: Tensor<F>) -> Value<F> {
        Any::Real(tensor)
    }
    fn load(value: Value<F>) -> Tensor<F> {
        value.real()
    }
}
impl<F: Float> Stored<F> for i64 {
    fn store(tensor: Tensor<i64>) -> Value<F> {
        Any::Index(tensor)
    }
    fn load(value: Value<F>) -> Tensor<i64> {
        value.index()
    }
}
impl<F: Float> Stored<F> for bool {
    fn store(tensor: Tensor<bool>) -> Value<F> {
        Any::Mask(tensor)
    }
    fn load(value: Value<F>) -> Tensor<bool> {
        value.mask()
    }
}

/// A recorded tensor: a `Copy` handle of 8 bytes.
///
/// `E` is what the tensor holds: `F`, or `i64` and `bool` for positions and masks.
pub struct Var<F: Float = f64, E = F> {
    pub(crate) key: u32,
    pub(crate) id: u32,
    element: PhantomData<fn() -> (F, E)>,
}

impl<F: Float, E> Clone for Var<F, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: Float, E> Copy for Var<F, E> {}

impl<F: Float, E> Var<F, E> {
    pub(crate) fn new(key: u32, id: u32) -> Self {
        Var { key, id, element: PhantomData }
    }
}
