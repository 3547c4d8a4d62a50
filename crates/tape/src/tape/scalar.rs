//! Recorded numbers.

use std::fmt;
use std::panic::Location;

use super::Var;
use super::store::{self, Extra, FOLDED, GRADIENT_ONLY, Node, ScalarOp};
use crate::algebra::{Arg, Elementwise, Held, Operand};
use crate::error::Error;
use crate::float::Float;
use crate::gradients::{Gradients, RecordedGradients};
use crate::non_finite;
use crate::number::Num;
use crate::ops::AnyOp;
use crate::pointwise::{Arity, Of, Pointwise};
use crate::sweep;
use crate::tensor::Tensor;

/// A recorded number: a `Copy` handle of 24 bytes (16 in `f32`) with its value.
///
/// Comparison compares values. A `Scalar` made by [`Scalar::constant`] belongs to no tape.
#[derive(Clone, Copy)]
pub struct Scalar<F: Float = f64> {
    pub(crate) key: u32,
    pub(crate) id: u32,
    value: F,
    /// On a gradient-only tape, the derivative by the node `id`.
    slope: F,
}

impl<F: Float> Scalar<F> {
    #[inline(always)]
    pub(crate) fn node(key: u32, id: u32, value: F) -> Self {
        Scalar { key, id, value, slope: F::one() }
    }

    /// A number that belongs to no tape.
    #[inline(always)]
    pub fn constant(value: F) -> Self {
        Scalar::node(0, 0, value)
    }

    /// The number.
    #[inline(always)]
    pub fn value(&self) -> F {
        self.value
    }

    /// The derivatives of this number by the leaves of its tape: one sweep backwards over the tape.
    ///
    /// The gradients are a value: the sweep records nothing and may be repeated.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped; [`try_backward`](Self::try_backward) returns it.
    #[track_caller]
    pub fn backward(&self) -> Gradients<F> {
        self.try_backward().unwrap_or_else(|e| e.raise())
    }

    /// [`backward`](Self::backward), with errors returned.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a constant, [`Error::StaleHandle`], [`Error::ForeignThread`].
    pub fn try_backward(&self) -> Result<Gradients<F>, Error> {
        let seed = if self.is_folding() { self.slope } else { F::one() };
        non_finite::backward(self.connected()?, self.id & !FOLDED, seed.into(), false)
    }

    /// [`backward`](Self::backward), keeping the derivative by every node and not by leaves alone.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_all(&self) -> Gradients<F> {
        self.graph("keep every gradient")
            .and_then(|key| non_finite::backward(key, self.id, F::one().into(), true))
            .unwrap_or_else(|e| e.raise())
    }

    /// The derivatives of this number as recorded values, which can be differentiated again.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_recorded(&self) -> RecordedGradients<F> {
        self.graph("record gradients")
            .and_then(|key| sweep::backward_recorded(Var::new(key, self.id)))
            .unwrap_or_else(|e| e.raise())
    }

    /// Keeps the derivative by this intermediate in every later sweep. The result stands for the same number; on a
    /// gradient-only tape it is a node of its own, to be used from here on.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped.
    #[track_caller]
    pub fn retain(self) -> Self {
        let retained = self.connected().and_then(|key| {
            let mut node = self;
            if self.id & FOLDED != 0 {
                let id = self.push([self.id & !FOLDED, 0], [self.slope, F::zero()], self.value, &ScalarOp::Leaf);
                node = Scalar::node(key, id, self.value);
            }
            store::with_store(key, |store: &mut store::Store<F>| match store.wide_position(node.id) {
                Some(k) => store.wide[k].retained = true,
                None => {
                    if let Err(at) = store.retained.binary_search(&node.id) {
                        store.retained.insert(at, node.id);
                    }
                }
            })?;
            Ok(node)
        });
        retained.unwrap_or_else(|e| e.raise())
    }

    /// Shows the gradient of this number to `f` in every later sweep that reaches it, and keeps it, as
    /// [`retain`](Self::retain) does; on a gradient-only tape go on with the result.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.scalar(3.0);
    /// let seen = Rc::new(Cell::new(0.0));
    /// let shown = Rc::clone(&seen);
    /// let y = (x * x).on_gradient(move |g| shown.set(g));
    /// assert_eq!((y * 2.0).backward()[x], 12.0);
    /// assert_eq!(seen.get(), 2.0);
    /// ```
    #[track_caller]
    pub fn on_gradient(self, f: impl Fn(F) + 'static) -> Self {
        let node = self.retain();
        let hook = move |g: &Tensor<F>| f(g.item());
        let done = store::with_store(node.key, |store: &mut store::Store<F>| {
            store.hooks.entry(node.id).or_default().push(std::rc::Rc::new(hook));
        });
        done.unwrap_or_else(|e| e.raise());
        node
    }

    #[inline(always)]
    fn is_folding(&self) -> bool {
        self.key & GRADIENT_ONLY != 0
    }

    pub(crate) fn slope(&self) -> F {
        self.slope
    }

    fn connected(&self) -> Result<u32, Error> {
        if self.key == 0 {
            return Err(Error::NotConnected { reason: "the output is a constant and depends on no leaf".into() });
        }
        Ok(self.key)
    }

    fn graph(&self, wanted: &'static str) -> Result<u32, Error> {
        if self.is_folding() {
            return Err(Error::NoGraph { wanted });
        }
        self.connected()
    }

    #[inline(always)]
    #[track_caller]
    fn push(&self, parents: [u32; 2], slopes: [F; 2], value: F, op: &'static ScalarOp) -> u32 {
        let line = Location::caller();
        store::push(self.key, Node { parents, slopes }, Extra { value, line, op })
    }

    /// `value` is a function of this number with derivative `slope`; `free` is what the free slot keeps.
    #[inline(always)]
    #[track_caller]
    fn unary(self, value: F, slope: F, free: F, op: &'static ScalarOp, side: usize) -> Self {
        if self.key == 0 {
            return Scalar::constant(value);
        }
        if self.is_folding() {
            return Scalar { id: self.id | FOLDED, value, slope: times(self.slope, slope), ..self };
        }
        let (parents, slopes) = match side {
            0 => ([self.id, 0], [slope, free]),
            _ => ([0, self.id], [free, slope]),
        };
        let id = self.push(parents, slopes, value, op);
        Scalar::node(self.key, id, value)
    }

    /// `value` is a function of two numbers with these derivatives.
    #[inline(always)]
    #[track_caller]
    fn binary(self, other: Self, value: F, slopes: [F; 2], op: &'static ScalarOp) -> Self {
        if self.key != other.key {
            if other.key == 0 {
                return self.unary(value, slopes[0], other.value, op, 0);
            }
            if self.key == 0 {
                return other.unary(value, slopes[1], self.value, op, 1);
            }
            Error::ForeignTape.raise()
        }
        if self.key == 0 {
            return Scalar::constant(value);
        }
        if !self.is_folding() {
            let id = self.push([self.id, other.id], slopes, value, op);
            return Scalar::node(self.key, id, value);
        }
        let slopes = [times(self.slope, slopes[0]), times(other.slope, slopes[1])];
        let parents = [self.id & !FOLDED, other.id & !FOLDED];
        if parents[0] == parents[1] {
            return Scalar { id: self.id | FOLDED, value, slope: slopes[0] + slopes[1], ..self };
        }
        let id = self.push(parents, slopes, value, op);
        Scalar::node(self.key, id, value)
    }
}

/// A chain of two slopes. A zero derivative absorbs an infinite slope, as a full tape skips a zero adjoint.
#[inline(always)]
fn times<F: Float>(slope: F, derivative: F) -> F {
    if derivative == F::zero() { derivative } else { slope * derivative }
}

/// What a scalar node says of its operation: one table entry for each type.
struct Entry<P>(std::marker::PhantomData<P>);

impl<P: Pointwise> Entry<P> {
    const OP: &'static ScalarOp =
        &ScalarOp::Pointwise { make: |attribute| AnyOp::new(P::with_attribute(attribute)), arity: P::Arity::N };
}

impl<F: Float> Elementwise for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let args = args.as_ref();
        let x = P::Arity::from_fn(|k| Num(args[k].value));
        let slope = |arg: usize, y: Num<F>| match op.slope(arg) {
            Some(c) => F::from_f64(c),
            None => op.partial(arg, x, y).0,
        };
        match P::Arity::N {
            1 => {
                let y = op.eval(x);
                args[0].unary(y.0, slope(0, y), F::from_f64(op.attribute()), Entry::<P>::OP, 0)
            }
            2 => {
                let y = op.eval(x);
                args[0].binary(*args[1], y.0, [slope(0, y), slope(1, y)], Entry::<P>::OP)
            }
            _ => wide(op, args),
        }
    }
}

impl<F: Float> Operand<Scalar<F>> for Scalar<F> {
    #[inline(always)]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Borrowed(self)
    }
}
impl<F: Float> Operand<Scalar<F>> for &Scalar<F> {
    #[inline(always)]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Borrowed(self)
    }
}
impl<F: Float> Operand<Scalar<F>> for f64 {
    #[inline(always)]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Own(Scalar::constant(F::from_f64(*self)))
    }
}

/// An operation of more arguments than a scalar node has room for is recorded as a tensor node of rank 0.
#[cold]
#[track_caller]
fn wide<F: Float, P: Pointwise>(op: P, args: &[&Scalar<F>]) -> Scalar<F> {
    let Some(key) = args.iter().map(|a| a.key).find(|key| *key != 0) else {
        let x = P::Arity::from_fn(|k| Num(args[k].value));
        return Scalar::constant(op.eval(x).0);
    };
    let vars: Vec<Var<F>> = args.iter().map(|a| Var::beside_key(key, **a)).collect();
    let args: Vec<Arg<'_, Var<F>>> = vars.iter().map(Arg::Real).collect();
    Var::try_apply(op, &args).unwrap_or_else(|e| e.raise()).real().scalar()
}

impl ScalarOp {
    /// The operation of a node, from the number in its free slot.
    pub(crate) fn op<F: Float>(&self, node: &Node<F>) -> Option<AnyOp> {
        match self {
            ScalarOp::Pointwise { make, arity } => {
                let attribute = if *arity == 1 { node.slopes[1].to_f64() } else { 0.0 };
                Some(make(attribute))
            }
            _ => None,
        }
    }
}

impl<F: Float> PartialEq for Scalar<F> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<F: Float> PartialOrd for Scalar<F> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<F: Float> PartialEq<F> for Scalar<F> {
    fn eq(&self, other: &F) -> bool {
        self.value == *other
    }
}

impl<F: Float> PartialOrd<F> for Scalar<F> {
    fn partial_cmp(&self, other: &F) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(other)
    }
}

impl<F: Float> Default for Scalar<F> {
    /// The constant 0.
    fn default() -> Self {
        Scalar::constant(F::zero())
    }
}

impl<F: Float> From<F> for Scalar<F> {
    fn from(value: F) -> Self {
        Scalar::constant(value)
    }
}

impl<F: Float> fmt::Display for Scalar<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<F: Float> fmt::Debug for Scalar<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scalar({})", self.value)
    }
}
