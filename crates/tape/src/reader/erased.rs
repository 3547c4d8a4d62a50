//! An operation with its type erased: what it says of itself, how each reader reads it, and for which
//! float types.

use std::any::Any as StdAny;
use std::fmt::Debug;
use std::marker::PhantomData;

use crate::error::Error;
use crate::reader::any_op::AnyOp;
use crate::reader::{Dual, Symbol};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::complex::Analytic;
use crate::rule::op::{Cotangents, Kind, Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::series::Series;
use crate::rule::written::Formulas;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::ceiling::possible;
use crate::tensor::float::Float;

/// How a reader of kind `A` reads an operation whose type is not known.
pub trait ReadBy<A: Algebra> {
    /// [`Op::vjp`]
    fn vjp_as(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A;
    /// [`Op::vjps`]
    fn vjps_as(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>>;
    /// [`Op::vjps_onto`]
    #[doc(hidden)]
    fn vjps_onto_as(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>>;
    /// [`Op::jvp`]
    fn jvp_as(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A;
    /// [`Op::composed`]
    fn composed_as(&self, a: Args<'_, A>) -> Option<A>;
}

impl<O: Op, A: Algebra> ReadBy<A> for O {
    fn vjp_as(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        self.vjp(arg, g, a, y)
    }
    fn vjps_as(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        self.vjps(need, g, a, y)
    }
    fn vjps_onto_as(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>> {
        self.vjps_onto(need, g, a, y, sum)
    }
    fn jvp_as(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        self.jvp(arg, d, a, y)
    }
    fn composed_as(&self, a: Args<'_, A>) -> Option<A> {
        self.composed(a)
    }
}

/// How an operation whose type is not known computes on numbers of type `F`.
pub trait ForwardBy<F: Float> {
    /// [`Op::forward`]
    fn forward_as(&self, a: Args<'_, Tensor<F>>) -> Value<F>;
    /// [`Op::forward_into`]
    #[doc(hidden)]
    fn forward_into_as(&self, a: Args<'_, Tensor<F>>, out: &mut [F]);
    /// [`Op::check`]
    fn check_as(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error>;
    /// [`Op::shape_of`]
    #[doc(hidden)]
    fn shape_of_as(&self, a: Args<'_, Tensor<F>>, shapes: &[&Shape]) -> Result<Shape, Error>;
}

impl<O: Op, F: Float> ForwardBy<F> for O {
    fn forward_as(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        self.forward(a)
    }
    fn forward_into_as(&self, a: Args<'_, Tensor<F>>, out: &mut [F]) {
        self.forward_into(a, out);
    }
    fn check_as(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        self.check(a)
    }
    fn shape_of_as(&self, a: Args<'_, Tensor<F>>, shapes: &[&Shape]) -> Result<Shape, Error> {
        self.shape_of(a, shapes)
    }
}

/// What an operation whose type is not known does with numbers of one float type. Every [`Op`] does it: nothing needs to
/// be written for it.
#[doc(hidden)]
pub trait OnFloat<F: Float>: ForwardBy<F> + ReadBy<Tensor<F>> + ReadBy<Dual<Tensor<F>>> + ReadBy<Symbol<F>> {}
impl<O: Op, F: Float> OnFloat<F> for O {}

/// What an operation whose type is not known says of itself, whatever the numbers.
#[doc(hidden)]
pub trait Described: Debug {
    /// The operation as a value of its type.
    fn any(&self) -> &dyn StdAny;
    /// Whether `other` is of the same type and equal.
    fn equals(&self, other: &dyn StdAny) -> bool;
    /// [`Op::name`]
    fn own_name(&self) -> String;
    /// [`Op::text`]
    fn own_text(&self, args: &[&str]) -> String;
    /// [`Op::takes`]
    fn own_takes(&self) -> Takes;
    /// [`Op::shape`]
    fn own_shape(&self, args: &[&Shape]) -> Result<Shape, Error>;
    /// [`Op::output`]
    fn own_output(&self) -> Kind;
    /// [`Op::active`]
    fn own_active(&self, arg: usize) -> bool;
    /// [`Op::analytic`]
    fn own_analytic(&self) -> Analytic;
    /// [`Op::on_complex`]
    fn own_on_complex(&self, re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<[Tensor<f64>; 2]>;
    /// [`Op::immune`]
    fn own_immune(&self) -> &'static [(&'static str, &'static str)];
    /// [`Op::series`]
    fn own_series(&self, x: &[Series]) -> Option<Series>;
    /// [`Op::role`]
    fn own_role(&self, operands: usize) -> Role;
    /// [`Op::formulas`]
    fn own_formulas(&self) -> Option<Formulas>;
    /// [`Op::at_kinks`]
    fn own_at_kinks(&self) -> &'static str;
    /// [`Op::stops_gradient`]
    fn own_stops_gradient(&self) -> bool;
    /// [`Op::flops`]
    fn own_flops(&self, args: &[&Shape], y: &Shape) -> u64;
}

impl<O: Op> Described for O {
    fn any(&self) -> &dyn StdAny {
        self
    }
    fn equals(&self, other: &dyn StdAny) -> bool {
        other.downcast_ref::<O>() == Some(self)
    }
    fn own_name(&self) -> String {
        self.name()
    }
    fn own_text(&self, args: &[&str]) -> String {
        self.text(args)
    }
    fn own_takes(&self) -> Takes {
        self.takes()
    }
    fn own_shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        self.shape(args)
    }
    fn own_output(&self) -> Kind {
        self.output()
    }
    fn own_active(&self, arg: usize) -> bool {
        self.active(arg)
    }
    fn own_analytic(&self) -> Analytic {
        self.analytic()
    }
    fn own_on_complex(&self, re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<[Tensor<f64>; 2]> {
        self.on_complex(re, im)
    }
    fn own_immune(&self) -> &'static [(&'static str, &'static str)] {
        self.immune()
    }
    fn own_series(&self, x: &[Series]) -> Option<Series> {
        self.series(x)
    }
    fn own_role(&self, operands: usize) -> Role {
        self.role(operands)
    }
    fn own_formulas(&self) -> Option<Formulas> {
        self.formulas()
    }
    fn own_at_kinks(&self) -> &'static str {
        self.at_kinks()
    }
    fn own_stops_gradient(&self) -> bool {
        self.stops_gradient()
    }
    fn own_flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        self.flops(args, y)
    }
}

/// An operation behind a pointer.
#[doc(hidden)]
pub trait Custom: Send + Sync {
    /// What it says of itself.
    fn described(&self) -> &dyn Described;
    /// What it does with shapes.
    fn on_shapes(&self) -> &dyn ReadBy<Shape>;
    /// What it does with numbers of type `f64`.
    fn on_f64(&self) -> &dyn OnFloat<f64>;
    /// What it does with numbers of type `f32`, if it is compiled for them.
    fn on_f32(&self) -> Option<&dyn OnFloat<f32>>;
}

/// The float types that an operation behind a pointer is compiled for, told by the numbers that it is recorded for.
///
/// Of `f32` it is both, since what is recorded in `f32` is checked in `f64`; of `f64` it is that alone, so that a program
/// without `f32` compiles nothing for it.
#[doc(hidden)]
pub trait Floats: Send + Sync + 'static {
    fn on_f32<O: Op>(op: &O) -> Option<&dyn OnFloat<f32>>;
}

impl Floats for f32 {
    fn on_f32<O: Op>(op: &O) -> Option<&dyn OnFloat<f32>> {
        Some(op)
    }
}
impl Floats for f64 {
    fn on_f32<O: Op>(_op: &O) -> Option<&dyn OnFloat<f32>> {
        None
    }
}

/// An operation, compiled for the float types that go with `S`.
pub(crate) struct CompiledFor<S, O> {
    op: O,
    floats: PhantomData<S>,
}

impl<S: Floats, O: Op> CompiledFor<S, O> {
    pub(crate) fn new(op: O) -> Self {
        CompiledFor { op, floats: PhantomData }
    }
}

impl<S: Floats, O: Op> Custom for CompiledFor<S, O> {
    fn described(&self) -> &dyn Described {
        &self.op
    }
    fn on_shapes(&self) -> &dyn ReadBy<Shape> {
        &self.op
    }
    fn on_f64(&self) -> &dyn OnFloat<f64> {
        &self.op
    }
    fn on_f32(&self) -> Option<&dyn OnFloat<f32>> {
        S::on_f32(&self.op)
    }
}

/// How each float type finds what an operation does with it.
#[doc(hidden)]
pub trait OfFloat: Floats + Sized {
    /// What an operation does with numbers of this type, if it is compiled for them.
    fn of(op: &dyn Custom) -> Option<&dyn OnFloat<Self>>
    where
        Self: Float;

    /// The operation, compiled for this type too; `None` for a user's own that is not.
    fn with(op: &AnyOp) -> Option<AnyOp>;
}

impl OfFloat for f32 {
    #[inline]
    fn of(op: &dyn Custom) -> Option<&dyn OnFloat<f32>> {
        op.on_f32()
    }
    #[inline]
    fn with(op: &AnyOp) -> Option<AnyOp> {
        op.for_both_floats()
    }
}
impl OfFloat for f64 {
    #[inline]
    fn of(op: &dyn Custom) -> Option<&dyn OnFloat<f64>> {
        Some(op.on_f64())
    }
    #[inline]
    fn with(op: &AnyOp) -> Option<AnyOp> {
        Some(op.clone())
    }
}

/// What an operation does with numbers of type `F`.
///
/// # Errors
/// If it was recorded in `f64` and `F` is `f32`.
pub(crate) fn on_float<F: Float>(op: &dyn Custom) -> Result<&dyn OnFloat<F>, Error> {
    F::of(op).ok_or_else(|| not_for_f32(&op.described().own_name()))
}

pub(crate) fn not_for_f32(name: &str) -> Error {
    Error::Argument(format!(
        "{name}: this operation was recorded in f64 and is not compiled for f32: record it on a tape of f32, or apply \
         `AnyOp::new` of it"
    ))
}

/// The shape of the result of an operation, for every reader: what the shape rule says of arguments of such number and kinds
/// as it takes, if a tensor can have it.
///
/// # Errors
/// In the name of the operation, whatever is wrong.
pub(crate) fn result_shape(op: &dyn Described, kinds: &[Kind], shapes: &[&Shape]) -> Result<Shape, Error> {
    checked_shape(op, kinds, || op.own_shape(shapes))
}

/// [`result_shape`], where the rule has more than shapes to go by.
pub(crate) fn checked_shape(
    op: &dyn Described,
    kinds: &[Kind],
    rule: impl FnOnce() -> Result<Shape, Error>,
) -> Result<Shape, Error> {
    op.own_takes().check(&|| op.own_name(), kinds)?;
    let shape = rule()?;
    possible(&|| op.own_name(), &shape)?;
    Ok(shape)
}
