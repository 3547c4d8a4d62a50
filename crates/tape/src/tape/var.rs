//! Recorded tensors.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use smallvec::SmallVec;

use super::read::value_of;
use super::store::{self, CONSTANT, Origin, Store};
use super::{Scalar, Stored, Var};
use crate::error::{Error, OrRaise};
use crate::ops::AnyOp;
use crate::rule::algebra::{Any, Arg, Lift};
use crate::rule::op::Op;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

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

impl<F: Float> Var<F, i64> {
    /// A constant number on the tape of these positions: what parameters are lifted beside where a model has positions alone.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let table = Param::new(Tensor::from([[0.0, 1.0], [2.0, 3.0]]));
    /// let tape = Tape::new();
    /// let positions = tape.input(Tensor::from([1_i64, 1]));
    /// let rows = positions.number(0.0).lift(&table).embedding(positions);
    /// assert_eq!(rows.sum().backward().param(&table)?.data(), [0.0, 0.0, 2.0, 2.0]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Panics
    /// If the tape is gone.
    #[track_caller]
    pub fn number(&self, value: F) -> Var<F> {
        // Of a handle beside which something is made the tape alone counts.
        Var::<F>::new(self.key, CONSTANT).constant(Tensor::from(value))
    }
}

impl<F: Float> Var<F> {
    /// The same numbers as a leaf of this tape, which is differentiated by: PyTorch's `x.detach().requires_grad_()`. What a
    /// loss that has derivatives of a model by its input begins with, since a batch is an input of its tape and no leaf. In a
    /// replay it is a leaf like any other, and does not follow what it was made from.
    ///
    /// # Panics
    /// If the tape is gone or full.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let (w, x) = (tape.var(Tensor::from(3.0)), tape.input(Tensor::from([1.0, 2.0])).leaf());
    /// let slope = (w * x.powi(2)).sum().backward_recorded()[x]; // 2 w x
    /// assert_eq!(slope.value().data(), [6.0, 12.0]);
    /// assert_eq!(slope.sum().backward()[w].item(), 6.0);
    /// ```
    #[track_caller]
    pub fn leaf(&self) -> Self {
        let value = self.value().into();
        let id = store::push_wide(self.key, Origin::Var, SmallVec::new(), value, Location::caller(), true).or_raise();
        Var::new(self.key, id)
    }

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
