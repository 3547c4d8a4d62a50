//! How an operation on recorded tensors is recorded, and what may stand beside them.

use std::panic::Location;

use smallvec::SmallVec;

use super::lifted::lift_value;
use super::read::{Operands, line_of, read};
use super::store::{self, CONSTANT, GRADIENT_ONLY, Origin, Store};
use super::{Scalar, Var, constant_id};
use crate::rule::algebra::{Algebra, Any, Arg, Args, Elementwise, Lift, RecordedPositions, TruthValues};
use crate::rule::operand::{Held, IndexOperand, MaskOperand, Operand};

use crate::error::{Error, Line, OrRaise};
use crate::ops::AnyOp;
use crate::reader::erased::{Custom, ReadBy};
use crate::reader::{Base, BySymbol, Dual, by_formula, evaluate};
use crate::rule::op::{Kind, Op, Value};
use crate::rule::param::Param;
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

impl<F: Float> Var<F> {
    /// [`try_apply`](Self::try_apply), compiled once and not for each type of operation.
    pub(crate) fn apply_in(op: AnyOp, args: &[Arg<'_, Self>], line: Line) -> Result<Any<Self>, Error> {
        let handles = ShortList::from_fn(args.len(), |k| handle(&args[k]));
        if args.is_empty() {
            op.takes().check(&|| op.name(), &[])?;
            return Err(Error::shape(op.name(), "without arguments it belongs to no tape"));
        }
        let key = handles.first().map_or(0, |h| h.0);
        if handles.iter().any(|h| h.0 != key) {
            return Err(Error::ForeignTape);
        }
        let mut operands = Operands::new();
        store::with_store(key, |store: &mut Store<F>| read(store, handles.iter().map(|h| h.1), &mut operands))??;
        let numbers = ShortList::from_fn(operands.len(), |k| operands[k].0.as_arg());
        let value = evaluate(&op, Args(&numbers)).map_err(|e| made_at::<F>(e, key, &handles))?;
        if handles.iter().all(|h| h.1 & CONSTANT != 0) {
            let id = store::with_store(key, |store| constant_id(store, value))?;
            return Ok(of_kind(op.output(), key, id));
        }
        let active =
            op.output() == Kind::Real && operands.iter().enumerate().any(|(k, (_, active))| *active && op.active(k));
        let parents = handles.iter().map(|h| h.1).collect();
        let kind = op.output();
        let id = store::push_wide(key, Origin::Op(op), parents, value, line, active)?;
        Ok(of_kind(kind, key, id))
    }

    /// A recorded or constant number as a tensor of rank 0 on the tape `key`.
    #[track_caller]
    pub(crate) fn beside_key(key: u32, scalar: Scalar<F>) -> Self {
        if scalar.key() == 0 {
            let value = Tensor::from(scalar.value()).into();
            let id = store::with_store(key, |store| constant_id(store, value)).or_raise();
            return Var::new(key, id);
        }
        if scalar.is_folding() {
            // No scalar node of such a tape has a value: the number enters as a tensor node with its slope.
            let parents = SmallVec::from_slice(&[scalar.id()]);
            let value = Tensor::from(scalar.value()).into();
            let id = store::push_wide(
                scalar.key(),
                Origin::Slope(scalar.slope().to_f64()),
                parents,
                value,
                Location::caller(),
                true,
            );
            return Var::new(scalar.key(), id.or_raise());
        }
        Var::new(scalar.key(), scalar.id())
    }
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
        Var::try_apply(op, args).or_raise()
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        self.value().shape().clone()
    }
    #[track_caller]
    fn shape_of_index(index: &Var<F, i64>) -> Shape {
        index.value().shape().clone()
    }
    #[track_caller]
    fn shape_of_mask(mask: &Var<F, bool>) -> Shape {
        mask.value().shape().clone()
    }

    fn lies_transposed(&self) -> bool {
        self.try_value().is_ok_and(|value| value.layout().1)
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

    #[track_caller]
    fn known_mask(_op: &str, mask: &Var<F, bool>) -> Result<Tensor<bool>, Error> {
        mask.try_value()
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        f(&BySymbol::of(op))
    }

    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
        by_formula::vjp(op, arg, g, x, y)
    }
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
        by_formula::jvp(op, arg, d, x, y)
    }
}

impl<F: Float> Base for Var<F> {
    fn any_op<O: Op>(op: O) -> AnyOp {
        AnyOp::compiled_for::<F, O>(op)
    }
    fn read_dual<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Dual<Self>>) -> R) -> R {
        f(&BySymbol::of(op))
    }
    #[track_caller]
    fn dual_vjp<P: Pointwise>(op: &P, arg: usize, g: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self> {
        by_formula::vjp(op, arg, g, x, y)
    }
    #[track_caller]
    fn dual_jvp<P: Pointwise>(op: &P, arg: usize, d: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self> {
        by_formula::jvp(op, arg, d, x, y)
    }
}

#[track_caller]
fn constant<F: Float, E>(key: u32, value: Value<F>) -> Var<F, E> {
    let id = store::with_store(key, |store| constant_id(store, value)).or_raise();
    Var::new(key, id)
}

impl<F: Float> Lift<F> for Var<F> {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        if param.is_frozen() {
            return Lift::constant(self, param.value().clone());
        }
        let id = lift_value(self.key, param.id(), Location::caller(), param.value());
        Var::new(self.key, id.or_raise())
    }

    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        constant(self.key, value.into())
    }
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
    #[track_caller]
    fn beside(&self, _like: &Var<F>) -> Var<F, i64> {
        *self
    }
}
impl<F: Float> RecordedPositions for Var<F, i64> {
    type Numbers = Var<F>;
}
impl<F: Float> TruthValues for Var<F, bool> {
    type Numbers = Var<F>;
}
impl<F: Float> MaskOperand<Var<F>> for Var<F, bool> {
    #[track_caller]
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
