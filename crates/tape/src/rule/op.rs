//! What an operation is: one file gives its formula, shapes, forward, derivatives, cost and cases.

use std::any::Any as StdAny;
use std::fmt::Debug;
use std::marker::PhantomData;

use smallvec::SmallVec;

use crate::algebra::{Algebra, Any, Args};
use crate::any_op::AnyOp;
use crate::case::Case;
use crate::ceiling::possible;
use crate::complex::Analytic;
use crate::error::Error;
use crate::float::Float;
use crate::readers::{Dual, Symbol};
use crate::series::Series;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// What a node holds: numbers, positions or truth values.
pub type Value<F> = Any<Tensor<F>>;

impl<F: Float> From<Tensor<F>> for Value<F> {
    fn from(t: Tensor<F>) -> Self {
        Any::Real(t)
    }
}
impl<F: Float> From<Tensor<i64>> for Value<F> {
    fn from(t: Tensor<i64>) -> Self {
        Any::Index(t)
    }
}
impl<F: Float> From<Tensor<bool>> for Value<F> {
    fn from(t: Tensor<bool>) -> Self {
        Any::Mask(t)
    }
}

/// The cotangents of some arguments of an operation.
pub type Cotangents<A> = SmallVec<[A; 3]>;

/// The kind of value that an operation returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Real,
    /// Positions.
    Index,
    /// Truth values.
    Mask,
}

/// How many arguments an operation takes, and of which kinds: [`Op::takes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One of these lists of arguments.
    Any(&'static [&'static [Kind]]),
    /// So many arguments or more, all of one kind.
    AtLeast(usize, Kind),
    /// What the shape rule accepts: it looks itself how many there are.
    Unsaid,
}

impl Takes {
    /// One tensor of numbers.
    pub const ONE: Takes = Takes::Any(&[&[Kind::Real]]);
    /// Two tensors of numbers.
    pub const TWO: Takes = Takes::Any(&[&[Kind::Real; 2]]);
    /// Three tensors of numbers.
    pub const THREE: Takes = Takes::Any(&[&[Kind::Real; 3]]);

    /// Whether arguments of these kinds are among them.
    ///
    /// # Errors
    /// [`Error::Shape`] in the name of the operation, which says what it takes.
    pub(crate) fn check(self, name: &dyn Fn() -> String, given: &[Kind]) -> Result<(), Error> {
        let fits = match self {
            Takes::Any(lists) => lists.contains(&given),
            Takes::AtLeast(least, kind) => given.len() >= least && given.iter().all(|k| *k == kind),
            Takes::Unsaid => true,
        };
        if fits { Ok(()) } else { Err(self.refused(name(), given)) }
    }

    #[cold]
    fn refused(self, op: String, given: &[Kind]) -> Error {
        let list = |kinds: &[Kind]| match kinds {
            [] => "nothing".to_owned(),
            _ => kinds.iter().map(|k| k.word()).collect::<Vec<_>>().join(", "),
        };
        let wanted = match self {
            Takes::Any(lists) => lists.iter().map(|kinds| list(kinds)).collect::<Vec<_>>().join("; or "),
            Takes::AtLeast(least, kind) => format!("{least} or more of {}", kind.word()),
            Takes::Unsaid => unreachable!("what is not said is not refused"),
        };
        Error::shape(op, format!("it takes {wanted}; given are {}", list(given)))
    }
}

impl Kind {
    /// What such a value is called.
    fn word(self) -> &'static str {
        match self {
            Kind::Real => "numbers",
            Kind::Index => "positions",
            Kind::Mask => "truth values",
        }
    }
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

/// An elementary operation.
///
/// The derivative rules are written over an [`Algebra`], in the methods that a user writes, and are read in many ways.
/// The shape rule rejects what the operation does not accept; forward and the rules then rely on it.
///
/// Operations that act element by element are written as [`Pointwise`](crate::Pointwise) and get this trait from it.
/// A type of your own that has it works wherever the built-in ones do: see `docs/add-an-op.md`.
pub trait Op: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The name in errors, pictures and tables.
    fn name(&self) -> String;

    /// The formula as text.
    fn text(&self, args: &[&str]) -> String {
        format!("{}({})", self.name(), args.join(", "))
    }

    /// How many arguments there are, and of which kinds. The shape rule is asked about such arguments alone.
    fn takes(&self) -> Takes {
        Takes::Unsaid
    }

    /// The shape of the result, or what is wrong with the arguments.
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error>;

    /// [`shape`](Self::shape), where the arguments are at hand too: for an operation that must compute to know it.
    #[doc(hidden)]
    fn shape_of<F: Float>(&self, _a: Args<'_, Tensor<F>>, shapes: &[&Shape]) -> Result<Shape, Error> {
        self.shape(shapes)
    }

    /// What is wrong with the values of the arguments, such as a position outside an axis.
    fn check<F: Float>(&self, _a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        Ok(())
    }

    /// The kind of the result.
    fn output(&self) -> Kind {
        Kind::Real
    }

    /// The result, on numbers.
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F>;

    /// Whether the result has a derivative by argument `arg`.
    fn active(&self, _arg: usize) -> bool {
        true
    }

    /// The cotangent of argument `arg` from `g`, the cotangent of the result `y`. Called for active arguments alone. An
    /// operation without it has no gradient: [`Error::NoRule`].
    fn vjp<A: Algebra>(&self, arg: usize, _g: A, _a: Args<'_, A>, _y: &A) -> A {
        missing(self.name(), arg, "vjp", "reverse")
    }

    /// For an operation whose arguments share work: the cotangents of the arguments `need`, in that order. Of others
    /// [`vjp`](Self::vjp) is called for each.
    fn vjps<A: Algebra>(&self, _need: &[usize], _g: &A, _a: Args<'_, A>, _y: &A) -> Option<Cotangents<A>> {
        None
    }

    /// For an operation that stands for several: what [`vjps`](Self::vjps) gives, each added to what the operand's other uses gave so
    /// far, in the order in which the several would be: `sum` hands that over, for the operand of a place in `need`.
    #[doc(hidden)]
    fn vjps_onto<A: Algebra>(
        &self,
        _need: &[usize],
        _g: &A,
        _a: Args<'_, A>,
        _y: &A,
        _sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>> {
        None
    }

    /// The part of the tangent of the result `y` that comes from `d`, the tangent of argument `arg`. Called for active
    /// arguments alone. An operation without it works in reverse mode alone: what asks for more is [`Error::NoRule`].
    fn jvp<A: Algebra>(&self, arg: usize, _d: A, _a: Args<'_, A>, _y: &A) -> A {
        missing(self.name(), arg, "jvp", "forward")
    }

    /// For an operation that could be written with others: that composition, which must agree with it.
    fn composed<A: Algebra>(&self, _a: Args<'_, A>) -> Option<A> {
        None
    }

    /// How the operation extends to complex arguments: where it is declared, derivatives are also told by a complex step.
    fn analytic(&self) -> Analytic {
        Analytic::No
    }

    /// For [`Analytic::Formula`]: real and imaginary part of the result, from those of the arguments.
    #[doc(hidden)]
    fn on_complex(&self, _re: Args<'_, Tensor<f64>>, _im: Args<'_, Tensor<f64>>) -> Option<[Tensor<f64>; 2]> {
        None
    }

    /// Kinds of fault that make no difference to the reverse rule whatever the arguments, by their name
    /// ([`Fault::name`](crate::check::Fault::name)), each with the reason. A test holds that these and no others make
    /// none in the operation's cases.
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[("missing sum", "no argument is repeated")]
    }

    /// The value on power series, for an operation that acts number by number: what [`taylor`](crate::taylor) asks.
    fn series(&self, _x: &[Series]) -> Option<Series> {
        None
    }

    /// What the derivative is where there is none, in words; empty for smooth operations.
    fn at_kinks(&self) -> &'static str {
        ""
    }

    /// Whether the value counts as a constant though it is computed from the arguments, on purpose: the gradient checker
    /// then holds it still.
    fn stops_gradient(&self) -> bool {
        false
    }

    /// Floating point operations of forward.
    fn flops(&self, _args: &[&Shape], y: &Shape) -> u64 {
        y.len_elements() as u64
    }

    /// The operation behind a pointer, for numbers of the float types that go with `S`.
    #[doc(hidden)]
    fn into_any<S: Floats>(self) -> AnyOp {
        AnyOp::behind::<S, Self>(self)
    }

    /// Sample inputs, chosen to be hard.
    fn cases() -> Vec<Case>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// For an operation that acts element by element: what calling it by its name needs.
    fn named() -> Option<Named>
    where
        Self: Sized,
    {
        None
    }
}

#[cold]
fn missing(op: String, arg: usize, rule: &str, mode: &str) -> ! {
    let message = format!("it has no rule for {mode} mode by argument {arg}; give it a `{rule}`");
    Error::NoRule { op, message }.raise()
}

/// An operation that acts element by element, to be called by its name: [`AnyOp::named`].
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// The number of operands.
    pub operands: usize,
    /// The number that sets it apart from others of its type, such as a slope, where it has one: its usual value.
    pub attribute: Option<f64>,
    /// Makes the operation from that number, 0 where it has none; `None` for a number that it cannot have, such as half
    /// a whole power.
    pub make: fn(f64) -> Option<AnyOp>,
}

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
