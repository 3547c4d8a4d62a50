//! Recorded tensors.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use smallvec::SmallVec;

use super::store::{self, CONSTANT, GRADIENT_ONLY, Inherit, Line, Node, ScalarOp, Store, What};
use super::{Scalar, constant_id};
use crate::algebra::{
    Algebra, Any, Arg, Args, Elementwise, Held, IndexOperand, Lift, MaskOperand, Operand, TruthValues,
};
use crate::error::Error;
use crate::few::Few;
use crate::float::{Element, Float};
use crate::gradients::{Gradients, RecordedGradients};
use crate::kernels::slopes::Parents;
use crate::non_finite;
use crate::op::{Custom, Kind, Op, ReadBy, Value};
use crate::ops::AnyOp;
use crate::param::{Param, ParamId};
use crate::pointwise::{Arity, Of, Pointwise};
use crate::readers::{BySymbol, formula};
use crate::shape::Shape;
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
        self.try_value().unwrap_or_else(|e| e.raise())
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
        self.try_backward().unwrap_or_else(|e| e.raise())
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
            .unwrap_or_else(|e| e.raise())
    }

    /// The derivatives of this number as recorded values, which can be differentiated again.
    ///
    /// # Panics
    /// As `backward`, and on a gradient-only tape.
    #[track_caller]
    pub fn backward_recorded(&self) -> RecordedGradients<F> {
        self.try_backward_recorded().unwrap_or_else(|e| e.raise())
    }

    /// [`backward_recorded`](Self::backward_recorded), with errors returned.
    ///
    /// # Errors
    /// As [`try_backward`](Self::try_backward), and [`Error::NoGraph`].
    pub fn try_backward_recorded(&self) -> Result<RecordedGradients<F>, Error> {
        self.graph("record gradients")?;
        self.seed()?;
        sweep::backward_recorded(*self)
    }

    /// Keeps the derivative by this intermediate in every later sweep.
    ///
    /// # Panics
    /// If the tape is gone.
    #[track_caller]
    pub fn retain(self) -> Self {
        let done = store::with_store(self.key, |store: &mut Store<F>| {
            if let Some(k) = store.wide_position(self.id) {
                store.wide[k].retained = true;
            } else if let Err(at) = store.retained.binary_search(&self.id) {
                store.retained.insert(at, self.id);
            }
        });
        done.unwrap_or_else(|e| e.raise());
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

    /// Shows the gradient of this node to `f` in every later sweep that reaches it: when it is complete, before it is
    /// handed on. Sweeps that record show its value.
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
            if store.wide_position(self.id).is_none()
                && self.id & CONSTANT == 0
                && let Err(at) = store.retained.binary_search(&self.id)
            {
                store.retained.insert(at, self.id);
            }
            store.hooks.get_or_insert_with(self.id, Vec::new).push(Rc::new(f));
        });
        done.unwrap_or_else(|e| e.raise());
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

    /// [`try_apply`](Self::try_apply), compiled once and not for each type of operation.
    pub(crate) fn apply_in(op: AnyOp, args: &[Arg<'_, Self>], line: Line) -> Result<Any<Self>, Error> {
        let handles = Few::from_fn(args.len(), |k| handle(&args[k]));
        let key = handles.first().map_or(0, |h| h.0);
        if handles.iter().any(|h| h.0 != key) {
            return Err(Error::ForeignTape);
        }
        let mut operands = Operands::new();
        store::with_store(key, |store: &mut Store<F>| read(store, handles.iter().map(|h| h.1), &mut operands))??;
        let numbers = Few::from_fn(operands.len(), |k| operands[k].0.as_arg());
        let value = evaluate(&op, Args(&numbers)).map_err(|e| made_at::<F>(e, key, &handles))?;
        if handles.iter().all(|h| h.1 & CONSTANT != 0) {
            let id = store::with_store(key, |store| constant_id(store, value))?;
            return Ok(of_kind(op.output(), key, id));
        }
        let active =
            op.output() == Kind::Real && operands.iter().enumerate().any(|(k, (_, active))| *active && op.active(k));
        let parents = handles.iter().map(|h| h.1).collect();
        let kind = op.output();
        let id = store::push_wide(key, What::Op(op), parents, value, line, active)?;
        Ok(of_kind(kind, key, id))
    }

    /// A recorded or constant number as a tensor of rank 0 on the tape `key`.
    #[track_caller]
    pub(crate) fn beside_key(key: u32, scalar: Scalar<F>) -> Self {
        if scalar.key() == 0 {
            let value = Tensor::from(scalar.value()).into();
            let id = store::with_store(key, |store| constant_id(store, value)).unwrap_or_else(|e| e.raise());
            return Var::new(key, id);
        }
        if scalar.is_folding() {
            // No scalar node of such a tape has a value: the number enters as a tensor node with its slope.
            let parents = SmallVec::from_slice(&[scalar.id()]);
            let value = Tensor::from(scalar.value()).into();
            let id = store::push_wide(
                scalar.key(),
                What::Slope(scalar.slope().to_f64()),
                parents,
                value,
                Location::caller(),
                true,
            );
            return Var::new(scalar.key(), id.unwrap_or_else(|e| e.raise()));
        }
        Var::new(scalar.key(), scalar.id())
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

/// Checks the arguments of an operation and computes it.
pub(crate) fn evaluate<O: Op, F: Float>(op: &O, args: Args<'_, Tensor<F>>) -> Result<Value<F>, Error> {
    let shape = op.shape(&shapes_of(args))?;
    op.check(args)?;
    let value = op.forward(args);
    debug_assert_eq!(value.as_arg().shape(), shape, "{op:?}: the shape rule and forward disagree");
    Ok(value)
}

fn shapes_of<'a, F: Float>(args: Args<'a, Tensor<F>>) -> Few<&'a Shape> {
    Few::from_fn(args.len(), |k| match args.0[k] {
        Arg::Real(t) => t.shape(),
        Arg::Index(t) => t.shape(),
        Arg::Mask(t) => t.shape(),
    })
}

/// Adds to a shape error where the operands were made.
#[cold]
fn made_at<F: Float>(error: Error, key: u32, handles: &[(u32, u32)]) -> Error {
    let Error::Shape { op, message } = error else { return error };
    let places: Vec<String> = handles
        .iter()
        .enumerate()
        .filter_map(|(k, h)| Some(format!("operand {k} was made at {}", line_of::<F>(key, h.1).ok()??)))
        .collect();
    let message = if places.is_empty() { message } else { format!("{message}; {}", places.join(", ")) };
    Error::Shape { op, message }
}

fn line_of<F: Float>(key: u32, id: u32) -> Result<Option<Line>, Error> {
    if id & CONSTANT != 0 {
        return Ok(None);
    }
    store::with_store(key, |store: &mut Store<F>| match store.wide(id) {
        Some(wide) => Some(wide.line),
        None => store.extra(id).map(|e| e.line),
    })
}

/// Tape and id of an argument.
fn handle<F: Float>(arg: &Arg<'_, Var<F>>) -> (u32, u32) {
    match arg {
        Arg::Real(v) => (v.key, v.id),
        Arg::Index(v) => (v.key, v.id),
        Arg::Mask(v) => (v.key, v.id),
    }
}

/// A handle of the kind that an operation returns.
pub(crate) fn of_kind<F: Float>(kind: Kind, key: u32, id: u32) -> Any<Var<F>> {
    match kind {
        Kind::Real => Any::Real(Var::new(key, id)),
        Kind::Index => Any::Index(Var::new(key, id)),
        Kind::Mask => Any::Mask(Var::new(key, id)),
    }
}

/// The value of a node or constant.
#[inline]
pub(crate) fn value_of<F: Float>(key: u32, id: u32) -> Result<Value<F>, Error> {
    F::value_of(key, id)
}

pub(crate) fn value_in<F: Float>(key: u32, id: u32) -> Result<Value<F>, Error> {
    store::with_store(key, |store| operand(store, id).map(|(value, _)| value))?
}

/// The values of operands, and whether each depends on a `var`. A few hundred bytes: they are filled in where they are
/// used, and not moved.
pub(crate) type Operands<F> = SmallVec<[(Value<F>, bool); 3]>;

/// Reads operands.
pub(crate) fn read<F: Float>(
    store: &Store<F>,
    ids: impl Iterator<Item = u32>,
    operands: &mut Operands<F>,
) -> Result<(), Error> {
    for id in ids {
        operands.push(operand(store, id)?);
    }
    Ok(())
}

/// The value of a node or constant, and whether it depends on a `var`.
fn operand<F: Float>(store: &Store<F>, id: u32) -> Result<(Value<F>, bool), Error> {
    if id & CONSTANT != 0 {
        return Ok((store.constants[(id & !CONSTANT) as usize].clone(), false));
    }
    match store.wide(id) {
        Some(wide) => Ok((wide.value.clone(), wide.active)),
        None => match store.extra(id) {
            Some(extra) => Ok((Tensor::from(extra.value).into(), true)),
            None => Err(Error::NoGraph { wanted: "read the value of a scalar node" }),
        },
    }
}

/// Whether a node depends on a `var`.
pub(crate) fn is_active<F: Float>(key: u32, id: u32) -> bool {
    id & CONSTANT == 0
        && store::with_store(key, |store: &mut Store<F>| store.wide(id).is_none_or(|w| w.active)).unwrap_or(false)
}

/// The operands as scalars, if they all are scalar nodes or constant numbers of a full tape and one is a node.
pub(crate) fn scalars_of<F: Float>(vars: &[&Var<F>]) -> Option<[Scalar<F>; 2]> {
    let key = vars.first()?.key;
    if vars.len() > 2 || key & GRADIENT_ONLY != 0 || vars.iter().any(|v| v.key != key) {
        return None;
    }
    let of = |store: &Store<F>, v: &Var<F>| {
        if v.id & CONSTANT != 0 {
            return match &store.constants[(v.id & !CONSTANT) as usize] {
                Any::Real(t) if t.rank() == 0 => Some(Scalar::constant(t.item())),
                _ => None,
            };
        }
        if store.wide(v.id).is_some() {
            return None;
        }
        Some(Scalar::node(key, v.id, store.extra(v.id)?.value))
    };
    let scalars = store::with_store(key, |store: &mut Store<F>| {
        let first = of(store, vars[0])?;
        Some([first, if vars.len() == 2 { of(store, vars[1])? } else { first }])
    });
    scalars.ok()?.filter(|s| s.iter().any(|s| s.key() != 0))
}

impl<F: Float> Elementwise for Var<F> {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let vars = args.as_ref();
        if let Some(scalars) = scalars_of(vars) {
            let y = Scalar::pointwise(op, P::Arity::from_fn(|k| &scalars[k]));
            return Var::beside_key(vars[0].key, y);
        }
        Var::apply(op, P::Arity::from_fn(|k| Arg::Real(vars[k])).as_ref()).real()
    }
}

impl<F: Float> Algebra for Var<F> {
    type Index = Var<F, i64>;
    type Mask = Var<F, bool>;

    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
        Var::try_apply(op, args).unwrap_or_else(|e| e.raise())
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        self.value().shape().clone()
    }
    fn shape_of_index(index: &Var<F, i64>) -> Shape {
        index.value().shape().clone()
    }
    fn shape_of_mask(mask: &Var<F, bool>) -> Shape {
        mask.value().shape().clone()
    }

    #[track_caller]
    fn full(&self, shape: Shape, value: f64) -> Self {
        self.constant(Tensor::full(shape, F::from_f64(value)))
    }
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> Var<F, i64> {
        constant(self.key, index.into())
    }
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> Var<F, bool> {
        constant(self.key, mask.into())
    }

    fn known_mask(_op: &str, mask: &Var<F, bool>) -> Result<Tensor<bool>, Error> {
        mask.try_value()
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        f(&BySymbol::of(op))
    }

    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
        formula::vjp(op, arg, g, x, y)
    }
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
        formula::jvp(op, arg, d, x, y)
    }
}

#[track_caller]
fn constant<F: Float, E>(key: u32, value: Value<F>) -> Var<F, E> {
    let id = store::with_store(key, |store| constant_id(store, value)).unwrap_or_else(|e| e.raise());
    Var::new(key, id)
}

impl<F: Float> Lift<F> for Var<F> {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        if param.is_frozen() {
            return Lift::constant(self, param.value().clone());
        }
        let id = lift_value(self.key, param.id(), Location::caller(), || param.value().clone());
        Var::new(self.key, id.unwrap_or_else(|e| e.raise()))
    }

    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        constant(self.key, value.into())
    }
}

/// The leaf of a parameter on the tape `key`, if there is one.
#[cfg(feature = "check")]
pub(crate) fn param_node<F: Float>(key: u32, param: &ParamId) -> Option<u32> {
    store::with_store(key, |store: &mut Store<F>| store.params.get(param).copied()).ok().flatten()
}

/// The leaf of a parameter on the tape `key`, made of `value` if there is none yet.
pub(crate) fn lift_value<F: Float>(
    key: u32,
    param: ParamId,
    line: Line,
    value: impl FnOnce() -> Tensor<F>,
) -> Result<u32, Error> {
    if let Some(id) = store::with_store(key, |store: &mut Store<F>| store.params.get(&param).copied())? {
        return Ok(id);
    }
    let id = store::push_wide(key, What::Var, SmallVec::new(), value().into(), line, true)?;
    store::with_store(key, |store: &mut Store<F>| store.params.insert(param, id))?;
    Ok(id)
}

impl<F: Float> Operand<Var<F>> for Tensor<F> {
    #[track_caller]
    fn beside(&self, like: &Var<F>) -> Held<'_, Var<F>> {
        Held::Own(Lift::constant(like, self.clone()))
    }
}
impl<F: Float> Operand<Var<F>> for &Tensor<F> {
    #[track_caller]
    fn beside(&self, like: &Var<F>) -> Held<'_, Var<F>> {
        Held::Own(Lift::constant(like, (*self).clone()))
    }
}
impl<F: Float> Operand<Var<F>> for Scalar<F> {
    #[track_caller]
    fn beside(&self, like: &Var<F>) -> Held<'_, Var<F>> {
        Held::Own(Var::beside_key(like.key, *self))
    }
}
impl<F: Float> IndexOperand<Var<F>> for Var<F, i64> {
    fn beside(&self, _like: &Var<F>) -> Var<F, i64> {
        *self
    }
}
impl<F: Float> TruthValues for Var<F, bool> {
    type Numbers = Var<F>;
}
impl<F: Float> MaskOperand<Var<F>> for Var<F, bool> {
    fn beside(&self, _like: &Var<F>) -> Var<F, bool> {
        *self
    }
}

impl<F: Float> From<Scalar<F>> for Var<F> {
    /// The same recorded number as a tensor of rank 0.
    ///
    /// # Panics
    /// If the number is a constant: it belongs to no tape.
    #[track_caller]
    fn from(scalar: Scalar<F>) -> Self {
        assert!(scalar.key() != 0, "a constant belongs to no tape: use `tape.constant`");
        Var::beside_key(scalar.key(), scalar)
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

/// Where a node stands among its parents: what a sweep reads of it.
pub(crate) struct Step<F: Float> {
    pub(crate) op: AnyOp,
    pub(crate) parents: SmallVec<[Parent<F>; 3]>,
    pub(crate) line: Line,
}

/// A parent of a node: a node, a constant tensor, or a plain number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent<F> {
    Node { id: u32, active: bool },
    Constant(u32),
    Number(F),
}

/// Operation, parents and line of a node; `None` for a leaf.
pub(crate) fn step<F: Float>(store: &Store<F>, id: u32) -> Option<Step<F>> {
    if let Some(wide) = store.wide(id) {
        let op = match &wide.what {
            What::Op(op) => op.clone(),
            _ => return None,
        };
        let parents = wide
            .parents
            .iter()
            .map(|p| match p & CONSTANT {
                0 => Parent::Node { id: *p, active: store.wide(*p).is_none_or(|w| w.active) },
                _ => Parent::Constant(*p),
            })
            .collect();
        return Some(Step { op, parents, line: wide.line });
    }
    let (node, extra) = (store.node(id), store.extra(id)?);
    let op = extra.op.op(&node)?;
    let mut parents = SmallVec::new();
    let arity = if let ScalarOp::Pointwise { arity, .. } = extra.op { *arity } else { 2 };
    arguments(store, &node, arity.min(2), &mut parents);
    Some(Step { op, parents, line: store.line(id)? })
}

/// The arguments of a scalar node: its parents, or what a part among them stands for.
fn arguments<F: Float>(store: &Store<F>, node: &Node<F>, count: usize, found: &mut SmallVec<[Parent<F>; 3]>) {
    let mut slot = 0;
    node.depends_on().for_each(|id| {
        match (id, store.extra(id).map(|e| e.op)) {
            _ if slot == count && matches!(node.depends_on(), Parents::Two(_)) => return,
            (0, _) => found.push(Parent::Number(node.slopes[slot])),
            (_, Some(ScalarOp::Part { arguments: count })) => arguments(store, &store.node(id), *count, found),
            _ => found.push(Parent::Node { id, active: store.wide(id).is_none_or(|w| w.active) }),
        }
        slot += 1;
    });
}

/// Nodes recorded while the result lives are said to come from `line`.
pub(crate) fn inherit<F: Float>(line: Line) -> Inherit<F> {
    Inherit::line(line)
}
