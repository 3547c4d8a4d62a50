//! Values with tangents: forward mode, and forward over reverse.

use std::panic::Location;

use crate::error::scope::asked_at;
use crate::error::{Error, OrRaise};
use crate::ops::SumToExt;
use crate::reader::any_op::AnyOp;
use crate::reader::dual_formula;
use crate::reader::erased::{Custom, ReadBy, on_float};
use crate::rule::algebra::{Algebra, Any, Arg, Args, Elementwise, Lift, TruthValues};
use crate::rule::op::Op;
use crate::rule::operand::{IndexOperand, MaskOperand};
use crate::rule::param::Param;
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// A value and its directional derivative. No tangent stands for a zero one.
#[derive(Clone, Copy, Debug)]
pub struct Dual<A> {
    /// The value.
    pub value: A,
    /// Its tangent, of the same shape.
    pub tangent: Option<A>,
}

impl<A> Dual<A> {
    /// A value that does not change in the direction.
    pub fn still(value: A) -> Self {
        Dual { value, tangent: None }
    }
}

/// A reader that can carry tangents: numbers and recorded values.
pub trait Base: Algebra {
    /// How a value of this reader with its tangent reads a user's operation.
    #[doc(hidden)]
    fn read_dual<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Dual<Self>>) -> R) -> R;

    /// An operation behind a pointer, for the numbers of this reader.
    #[doc(hidden)]
    fn any_op<O: Op>(op: O) -> AnyOp;

    /// [`Algebra::pointwise_vjp`] on values with tangents.
    #[track_caller]
    fn dual_vjp<P: Pointwise>(op: &P, arg: usize, g: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self>;

    /// [`Algebra::pointwise_jvp`] on values with tangents.
    #[track_caller]
    fn dual_jvp<P: Pointwise>(op: &P, arg: usize, d: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self>;
}

impl<F: Float> Base for Tensor<F> {
    fn any_op<O: Op>(op: O) -> AnyOp {
        AnyOp::compiled_for::<F, O>(op)
    }
    fn read_dual<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Dual<Self>>) -> R) -> R {
        f(on_float(op).or_raise())
    }
    #[track_caller]
    fn dual_vjp<P: Pointwise>(op: &P, arg: usize, g: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self> {
        let shape = Tensor::shape(&x.as_ref()[arg].value).clone();
        dual_formula::dual_times_partial(op, arg, g, x, y).sum_to(shape)
    }
    #[track_caller]
    fn dual_jvp<P: Pointwise>(op: &P, arg: usize, d: Dual<Self>, x: Of<P, &Dual<Self>>, y: &Dual<Self>) -> Dual<Self> {
        use crate::ops::BroadcastToExt;
        dual_formula::dual_times_partial(op, arg, d.broadcast_to(Tensor::shape(&y.value)), x, y)
    }
}

impl<A: Base> Elementwise for Dual<A> {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let args = args.as_ref();
        let _line = asked_at(Location::caller());
        let x = P::Arity::from_fn(|k| &args[k].value);
        let value = A::pointwise(op, x);
        let mut tangent = None;
        for (arg, dual) in args.iter().enumerate() {
            if let Some(d) = &dual.tangent {
                let part = A::pointwise_jvp(&op, arg, d.clone(), x, &value);
                tangent = plus(tangent, Some(part));
            }
        }
        Dual { value, tangent }
    }
}

impl<A: Base> Algebra for Dual<A> {
    type Index = DualIndex<A>;
    type Mask = DualMask<A>;

    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
        apply(&A::any_op(op), args)
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        self.value.shape()
    }
    #[track_caller]
    fn shape_of_index(index: &DualIndex<A>) -> Shape {
        A::shape_of_index(&index.0)
    }
    #[track_caller]
    fn shape_of_mask(mask: &DualMask<A>) -> Shape {
        A::shape_of_mask(&mask.0)
    }

    fn lies_transposed(&self) -> bool {
        self.value.lies_transposed()
    }

    #[track_caller]
    fn full(&self, shape: Shape, value: f64) -> Self {
        Dual::still(self.value.full(shape, value))
    }
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> DualIndex<A> {
        DualIndex(self.value.index(index))
    }
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> DualMask<A> {
        DualMask(self.value.mask(mask))
    }

    #[track_caller]
    fn known_mask(op: &str, mask: &DualMask<A>) -> Result<Tensor<bool>, Error> {
        A::known_mask(op, &mask.0)
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        A::read_dual(op, f)
    }

    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
        A::dual_vjp(op, arg, g, x, y)
    }
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
        A::dual_jvp(op, arg, d, x, y)
    }
}

impl<F: Float, A: Base + Lift<F>> Lift<F> for Dual<A> {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        Dual::still(self.value.lift(param))
    }
    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        Dual::still(self.value.constant(value))
    }
}

/// [`Algebra::apply`], compiled once and not for each type of operation.
#[track_caller]
fn apply<A: Base>(op: &AnyOp, args: &[Arg<'_, Dual<A>>]) -> Any<Dual<A>> {
    let _line = asked_at(Location::caller());
    let values = ShortList::from_fn(args.len(), |k| match args[k] {
        Arg::Real(d) => Arg::Real(&d.value),
        Arg::Index(i) => Arg::Index(&i.0),
        Arg::Mask(m) => Arg::Mask(&m.0),
    });
    let value = match A::apply(op.clone(), &values) {
        Any::Real(value) => value,
        Any::Index(i) => return Any::Index(DualIndex(i)),
        Any::Mask(m) => return Any::Mask(DualMask(m)),
    };
    let mut tangent = None;
    for (k, arg) in args.iter().enumerate() {
        if let Arg::Real(Dual { tangent: Some(d), .. }) = arg
            && op.active(k)
        {
            tangent = plus(tangent, Some(op.jvp(k, d.clone(), Args(&values), &value)));
        }
    }
    Any::Real(Dual { value, tangent })
}

/// The sum of two tangents, either of which may be zero.
#[track_caller]
fn plus<A: Algebra>(a: Option<A>, b: Option<A>) -> Option<A> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// Positions beside duals: they have no tangent.
pub struct DualIndex<A: Algebra>(pub(crate) A::Index);
/// Truth values beside duals: they have no tangent.
pub struct DualMask<A: Algebra>(pub(crate) A::Mask);

impl<A: Algebra> Clone for DualIndex<A> {
    fn clone(&self) -> Self {
        DualIndex(self.0.clone())
    }
}
impl<A: Algebra> Clone for DualMask<A> {
    fn clone(&self) -> Self {
        DualMask(self.0.clone())
    }
}
impl<A: Algebra> Copy for DualIndex<A> where A::Index: Copy {}
impl<A: Algebra> Copy for DualMask<A> where A::Mask: Copy {}

impl<A: Algebra> std::fmt::Debug for DualIndex<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl<A: Algebra> std::fmt::Debug for DualMask<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: Base> IndexOperand<Dual<A>> for DualIndex<A> {
    #[track_caller]
    fn beside(&self, _like: &Dual<A>) -> DualIndex<A> {
        self.clone()
    }
}
impl<A: Base> TruthValues for DualMask<A> {
    type Numbers = Dual<A>;
}
impl<A: Base> MaskOperand<Dual<A>> for DualMask<A> {
    #[track_caller]
    fn beside(&self, _like: &Dual<A>) -> DualMask<A> {
        self.clone()
    }
}
