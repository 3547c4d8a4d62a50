//! The algebra that rules are written over: its one verb is "apply an operation to values of some kind".

use std::fmt::Debug;
use std::ops::{Add, Div, Index, Mul, Neg, Sub};

use crate::error::Error;
use crate::reader::erased::{Custom, ReadBy};
use crate::rule::op::{Kind, Op};
use crate::rule::operand::{IndexOperand, MaskOperand};
use crate::rule::param::Param;
use crate::rule::pointwise::{Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A reader of pointwise operations: all of [`Algebra`], and [`Scalar`](crate::Scalar).
#[diagnostic::on_unimplemented(
    message = "no function of numbers or tensors takes a `{Self}`",
    label = "neither a `Scalar`, nor a `Tensor`, `Var`, `Dual` or `Shape`",
    note = "a plain number is brought to a tape by `tape.scalar(x)` or `tape.constant(Tensor::from(x))`"
)]
pub trait Elementwise: Sized + Clone {
    /// Applies a pointwise operation.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self;
}

/// That something holds of `T`, which is `That`, for every type that implements a trait. A bound on `&Self` beside a trait
/// would have to be repeated by everybody who uses the trait; said of an associated type it follows.
#[doc(hidden)]
pub trait Implies<T>: sealed::Implies<T, That = T> {}
impl<S: ?Sized, T> Implies<T> for S {}

mod sealed {
    pub trait Implies<T> {
        type That;
    }
    impl<S: ?Sized, T> Implies<T> for S {
        type That = T;
    }
}

/// The operators of a reference to an `A`.
#[doc(hidden)]
pub trait ReferenceTo<A>:
    Sized
    + Neg<Output = A>
    + Add<Output = A>
    + Sub<Output = A>
    + Mul<Output = A>
    + Div<Output = A>
    + Add<A, Output = A>
    + Sub<A, Output = A>
    + Mul<A, Output = A>
    + Div<A, Output = A>
    + Add<f64, Output = A>
    + Sub<f64, Output = A>
    + Mul<f64, Output = A>
    + Div<f64, Output = A>
{
}
impl<A, R> ReferenceTo<A> for R where
    R: Neg<Output = A>
        + Add<Output = A>
        + Sub<Output = A>
        + Mul<Output = A>
        + Div<Output = A>
        + Add<A, Output = A>
        + Sub<A, Output = A>
        + Mul<A, Output = A>
        + Div<A, Output = A>
        + Add<f64, Output = A>
        + Sub<f64, Output = A>
        + Mul<f64, Output = A>
        + Div<f64, Output = A>
{
}

/// A kind of value that rules can be read with: numbers at once ([`Tensor`]), recorded ([`Var`](crate::Var)), with
/// tangents ([`Dual`](crate::Dual)), shapes alone ([`Shape`]), or as text ([`Text`](crate::Text)).
#[diagnostic::on_unimplemented(
    message = "no operation on tensors takes a `{Self}`",
    label = "neither a `Tensor`, nor a `Var`, `Dual` or `Shape`",
    note = "a recorded number `s` becomes a recorded tensor of rank 0 by `Var::from(s)`; a plain one becomes a tensor by \
            `Tensor::from(x)`"
)]
pub trait Algebra:
    Elementwise
    + Debug
    + 'static
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + for<'a> Mul<&'a Self, Output = Self>
    + for<'a> Div<&'a Self, Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// Whole numbers beside such values: positions along an axis.
    type Index: Clone + Debug + 'static + IndexOperand<Self>;
    /// Truth values beside such values.
    type Mask: TruthValues + Debug + 'static + MaskOperand<Self>;

    /// Applies an operation.
    ///
    /// # Panics
    /// If the operation does not accept the arguments' shapes.
    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self>;

    /// The shape.
    #[track_caller]
    fn shape(&self) -> Shape;
    /// The shape of an index.
    #[track_caller]
    fn shape_of_index(index: &Self::Index) -> Shape;
    /// The shape of a mask.
    #[track_caller]
    fn shape_of_mask(mask: &Self::Mask) -> Shape;

    /// Whether the last two axes lie in memory in the other order. A rule may ask it, so that a cotangent lies as the operand
    /// does; what it gives must not depend on it. A reader without memory says no.
    fn lies_transposed(&self) -> bool {
        false
    }

    /// A constant beside this value, every element equal to `value`.
    #[track_caller]
    fn full(&self, shape: Shape, value: f64) -> Self;
    /// A constant index beside this value.
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> Self::Index;
    /// A constant mask beside this value.
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> Self::Mask;

    /// The truth values themselves, for an operation whose shape depends on them.
    ///
    /// # Errors
    /// [`Error::NoRule`](crate::Error::NoRule) in the name of `op` for a reader that knows shapes alone.
    #[track_caller]
    fn known_mask(op: &str, mask: &Self::Mask) -> Result<Tensor<bool>, Error>;

    /// Reads an operation whose type is not known, as this reader does.
    #[doc(hidden)]
    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R;

    /// `g` times the derivative of `op` by argument `arg`, summed to the shape of that argument.
    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self;

    /// `d` times the derivative of `op` by argument `arg`, in the shape of `y`.
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self;
}

/// Positions on a tape, which the methods on positions are for. (Those off it are a [`Tensor`], which has its own.)
pub trait RecordedPositions: Clone {
    /// Numbers that stand beside them.
    type Numbers: Algebra<Index = Self>;
}

/// Truth values, which the methods on masks are for.
pub trait TruthValues: Clone {
    /// Numbers that stand beside them.
    type Numbers: Algebra<Mask = Self>;
}

/// A reader that can hold parameters and plain tensors of float type `F`.
///
/// In code that is generic over it the operators take references as well: `&a * 0.5`, `&h + layer.forward(&h)`. Over an
/// [`Algebra`] alone the left operand is a value: `a.clone() * 0.5`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold parameters of `{F}`",
    label = "this is not of `{F}`",
    note = "a model of `f32` is run on a tape of `f32`, which is made by `Tape::of::<f32>()`, and on tensors of `f32`; \
            `Tape::new()` is of `f64`, as a `Linear::<f64>` is"
)]
pub trait Lift<F: Float>: Algebra + for<'a> Implies<&'a Self, That: ReferenceTo<Self>> {
    /// Brings a parameter to where this value lives: one leaf for each tape and parameter, however often it is lifted.
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self;
    /// A plain tensor as a constant beside this value.
    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self;
}

/// An argument of an operation.
#[derive(Debug)]
pub enum Arg<'a, A: Algebra> {
    /// Numbers.
    Real(&'a A),
    /// Positions.
    Index(&'a A::Index),
    /// Truth values.
    Mask(&'a A::Mask),
}

impl<A: Algebra> Clone for Arg<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A: Algebra> Copy for Arg<'_, A> {}

impl<A: Algebra> Arg<'_, A> {
    /// The argument's kind.
    pub fn kind(&self) -> Kind {
        match self {
            Arg::Real(_) => Kind::Real,
            Arg::Index(_) => Kind::Index,
            Arg::Mask(_) => Kind::Mask,
        }
    }

    /// The argument's shape.
    #[track_caller]
    pub fn shape(&self) -> Shape {
        match self {
            Arg::Real(a) => a.shape(),
            Arg::Index(i) => A::shape_of_index(i),
            Arg::Mask(m) => A::shape_of_mask(m),
        }
    }
}

/// The shapes of some values.
#[track_caller]
pub(crate) fn shapes_of<A: Algebra>(values: &[&A]) -> Vec<Shape> {
    // Not a closure, which would have no line of the caller.
    let mut shapes = Vec::with_capacity(values.len());
    for x in values {
        shapes.push(x.shape());
    }
    shapes
}

/// The arguments that a rule sees. Indexing gives numbers: `a[0]`.
#[derive(Debug)]
pub struct Args<'a, A: Algebra>(pub &'a [Arg<'a, A>]);

impl<A: Algebra> Clone for Args<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A: Algebra> Copy for Args<'_, A> {}

impl<'a, A: Algebra> Args<'a, A> {
    /// The number of arguments.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Argument `arg`, which is an index.
    ///
    /// # Panics
    /// If it is something else.
    #[allow(clippy::should_implement_trait)] // beside `a[0]` for numbers stand `a.index(1)` and `a.mask(0)`
    #[track_caller]
    pub fn index(&self, arg: usize) -> &'a A::Index {
        match self.0[arg] {
            Arg::Index(i) => i,
            other => panic!("argument {arg} is {other:?}, not an index"),
        }
    }

    /// Argument `arg`, which is a mask.
    ///
    /// # Panics
    /// If it is something else.
    #[track_caller]
    pub fn mask(&self, arg: usize) -> &'a A::Mask {
        match self.0[arg] {
            Arg::Mask(m) => m,
            other => panic!("argument {arg} is {other:?}, not a mask"),
        }
    }
}

impl<A: Algebra> Index<usize> for Args<'_, A> {
    type Output = A;
    #[inline(always)]
    #[track_caller]
    fn index(&self, arg: usize) -> &A {
        match self.0[arg] {
            Arg::Real(a) => a,
            ref other => panic!("argument {arg} is {other:?}, not numbers"),
        }
    }
}

/// A value of any kind: what an operation returns, and what a node holds.
#[derive(Clone, Debug)]
pub enum Any<A: Algebra> {
    /// Numbers.
    Real(A),
    /// Positions.
    Index(A::Index),
    /// Truth values.
    Mask(A::Mask),
}

impl<A: Algebra> Any<A> {
    /// The numbers.
    ///
    /// # Panics
    /// If it is an index or a mask.
    #[track_caller]
    pub fn real(self) -> A {
        match self {
            Any::Real(a) => a,
            other => panic!("{other:?} is not numbers"),
        }
    }

    /// The index.
    ///
    /// # Panics
    /// If it is something else.
    #[track_caller]
    pub fn index(self) -> A::Index {
        match self {
            Any::Index(i) => i,
            other => panic!("{other:?} is not an index"),
        }
    }

    /// The mask.
    ///
    /// # Panics
    /// If it is something else.
    #[track_caller]
    pub fn mask(self) -> A::Mask {
        match self {
            Any::Mask(m) => m,
            other => panic!("{other:?} is not a mask"),
        }
    }

    /// This value as an argument.
    pub fn as_arg(&self) -> Arg<'_, A> {
        match self {
            Any::Real(a) => Arg::Real(a),
            Any::Index(i) => Arg::Index(i),
            Any::Mask(m) => Arg::Mask(m),
        }
    }
}
