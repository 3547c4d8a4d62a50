//! Recorded tensors.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use super::Scalar;
use super::read::{is_active, line_of, value_of};
use super::store::{self, CONSTANT, GRADIENT_ONLY, Store};
use crate::algebra::{Any, Arg};
use crate::error::{Error, OrRaise};
use crate::float::{Element, Float};
use crate::gradients::{Gradients, RecordedGradients};
use crate::non_finite;
use crate::op::{Op, Value};
use crate::ops::AnyOp;
use crate::sweep;
use crate::tensor::Tensor;

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

impl<F: Float, E: Stored<F>> Var<F, E> {
    /// The tensor; its buffer is shared, not copied.
    ///
    /// # Panics
    /// If the tape was cleared or dropped or belongs to another thread; [`try_value`](Self::try_value) returns it.
    #[track_caller]
    pub fn value(&self) -> Tensor<E> {
        self.try_value().or_raise()
    }

    /// [`value`](Self::value), with errors returned.
    ///
    /// # Errors
    /// [`Error::StaleHandle`], [`Error::ForeignThread`].
    pub fn try_value(&self) -> Result<Tensor<E>, Error> {
        value_of(self.key, self.id).map(E::load)
    }
}

impl<F: Float> Var<F> {
    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one, or the tape is gone.
    #[track_caller]
    pub fn item(&self) -> F {
        self.value().item()
    }

    /// The same recorded number as a [`Scalar`].
    ///
    /// # Panics
    /// If the rank is not 0, or the tape is gone.
    #[track_caller]
    pub fn scalar(&self) -> Scalar<F> {
        let value = self.value();
        assert!(value.rank() == 0, "scalar: a tensor of shape {} is not of rank 0", value.shape());
        if self.id & CONSTANT != 0 {
            return Scalar::constant(value.item());
        }
        Scalar::node(self.key, self.id, value.item())
    }

    /// The derivatives of this number by the leaves of its tape: one sweep backwards over the tape.
    ///
    /// The gradients are a value: the sweep records nothing and may be repeated.
    ///
    /// # Panics
    /// If the output is not a single number, or its tape is gone; [`try_backward`](Self::try_backward) returns it.
    #[track_caller]
    pub fn backward(&self) -> Gradients<F> {
        self.try_backward().or_raise()
    }

    /// [`backward`](Self::backward), with errors returned.
    ///
    /// # Errors
    /// [`Error::NotScalar`], [`Error::NotConnected`] for a constant, [`Error::StaleHandle`], [`Error::ForeignThread`].
    pub fn try_backward(&self) -> Result<Gradients<F>, Error> {
        let seed = self.seed()?;
        non_finite::backward(self.key, self.id, seed, false)
    }

    /// The product of `cotangent` with the derivatives of this tensor by the leaves of its tape.
    ///
    /// # Errors
    /// [`Error::Shape`] if the cotangent has another shape; then as [`try_backward`](Self::try_backward).
    pub fn backward_from(&self, cotangent: Tensor<F>) -> Result<Gradients<F>, Error> {
        let shape = self.try_value()?.shape().clone();
        if *cotangent.shape() != shape {
            return Err(Error::shape(
                "vjp",
                format!("the cotangent has shape {}, the output {shape}", cotangent.shape()),
            ));
        }
        self.connected()?;
        non_finite::backward(self.key, self.id, cotangent, false)
    }

    /// [`backward`](Self::backward), keeping the derivative by every node and not by leaves alone.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_all(&self) -> Gradients<F> {
        self.graph("keep every gradient")
            .and_then(|()| self.seed())
            .and_then(|seed| non_finite::backward(self.key, self.id, seed, true))
            .or_raise()
    }

    /// The derivatives of this number as recorded values, which can be differentiated again.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_recorded(&self) -> RecordedGradients<F> {
        self.try_backward_recorded().or_raise()
    }

    /// [`backward_recorded`](Self::backward_recorded), with errors returned.
    ///
    /// # Errors
    /// As [`try_backward`](Self::try_backward), and [`Error::NoGraph`].
    pub fn try_backward_recorded(&self) -> Result<RecordedGradients<F>, Error> {
        self.graph("record gradients")?;
        self.seed()?;
        non_finite::backward_recorded(*self)
    }

    /// Keeps the derivative by this intermediate in every later sweep. Of a constant there is none.
    ///
    /// # Panics
    /// If the tape is gone.
    #[track_caller]
    pub fn retain(self) -> Self {
        let done = store::with_store(self.key, |store: &mut Store<F>| {
            if self.id & CONSTANT != 0 {
                return;
            }
            if let Some(k) = store.wide_position(self.id) {
                store.wide[k].retained = true;
            } else if let Err(at) = store.retained.binary_search(&self.id) {
                store.retained.insert(at, self.id);
            }
        });
        done.or_raise();
        self
    }

    /// Shows the value to `f`, in the middle of a chain of methods.
    ///
    /// # Panics
    /// If the tape is gone.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, -2.0]));
    /// let mut active = 0;
    /// let y = x.relu().on_value(|v| active = v.data().iter().filter(|v| **v > 0.0).count()).sum();
    /// assert_eq!((active, y.item()), (1, 1.0));
    /// ```
    #[track_caller]
    pub fn on_value(self, f: impl FnOnce(&Tensor<F>)) -> Self {
        f(&self.value());
        self
    }

    /// Shows the gradient of this node to `f` in every later sweep of an output that depends on it, once: when it is
    /// complete, before it is handed on. Sweeps that record show its value. A sweep that `f` itself starts shows nothing.
    ///
    /// The gradient cannot be changed here: that is a derivative rule, and an operation of its own (`docs/add-an-op.md`)
    /// has it in every mode.
    ///
    /// # Panics
    /// If the tape is gone.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, 2.0]));
    /// let seen = Rc::new(Cell::new(0.0));
    /// let largest = Rc::clone(&seen);
    /// let y = x.powi(2).on_gradient(move |g| largest.set(g.data()[1]));
    /// let g = (y * 3.0).sum().backward();
    /// assert_eq!((seen.get(), g[x].data()), (3.0, &[6.0, 12.0][..]));
    /// ```
    #[track_caller]
    pub fn on_gradient(self, f: impl Fn(&Tensor<F>) + 'static) -> Self {
        let done = store::with_store(self.key, |store: &mut Store<F>| {
            if self.id & CONSTANT != 0 {
                return;
            }
            if store.wide_position(self.id).is_none()
                && let Err(at) = store.retained.binary_search(&self.id)
            {
                store.retained.insert(at, self.id);
            }
            store.hooks.get_or_insert_with(self.id, Vec::new).push(Rc::new(f));
        });
        done.or_raise();
        self
    }

    /// Applies an operation; the fallible door to every operation, your own among them.
    ///
    /// # Errors
    /// What the operation's shape rule rejects, [`Error::ForeignTape`], [`Error::StaleHandle`],
    /// [`Error::ForeignThread`]. After an error the tape is as it was.
    #[track_caller]
    pub fn try_apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Result<Any<Self>, Error> {
        F::apply_recorded(AnyOp::compiled_for::<F, O>(op), args, Location::caller())
    }

    fn seed(&self) -> Result<Tensor<F>, Error> {
        let value = self.try_value()?;
        if value.len() != 1 {
            return Err(Error::NotScalar {
                shape: value.shape().clone(),
                at: line_of::<F>(self.key, self.id)?.unwrap_or(Location::caller()),
            });
        }
        self.connected()?;
        Ok(Tensor::full(value.shape().clone(), F::one()))
    }

    fn connected(&self) -> Result<(), Error> {
        F::connected(*self)
    }

    pub(crate) fn connected_in(self) -> Result<(), Error> {
        let reason = match self.id & CONSTANT {
            0 if is_active::<F>(self.key, self.id) => return Ok(()),
            0 => sweep::why_inactive::<F>(self.key, self.id)?,
            _ => "the output is a constant and depends on no leaf".into(),
        };
        Err(Error::NotConnected { reason })
    }

    fn graph(&self, wanted: &'static str) -> Result<(), Error> {
        match self.key & GRADIENT_ONLY {
            0 => Ok(()),
            _ => Err(Error::NoGraph { wanted }),
        }
    }
}

impl<F: Float, E> fmt::Debug for Var<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id & CONSTANT {
            0 => write!(f, "Var({})", self.id),
            _ => write!(f, "Var(constant {})", self.id & !CONSTANT),
        }
    }
}

impl<F: Float, E: Stored<F>> fmt::Display for Var<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_value() {
            Ok(value) => fmt::Display::fmt(&value, f),
            Err(e) => write!(f, "<{e}>"),
        }
    }
}
