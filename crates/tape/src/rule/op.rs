//! What an operation is: one file gives its formula, shapes, forward, derivatives, cost and cases.

use std::fmt::Debug;

use smallvec::SmallVec;

use crate::error::Error;
use crate::reader::any_op::AnyOp;
use crate::reader::erased::Floats;
use crate::rule::algebra::{Algebra, Any, Args, Elementwise};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::role::Role;
use crate::rule::series::Series;
use crate::rule::written::Formulas;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

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

    /// [`forward`](Self::forward), into numbers as long as the result. An operation whose result is large may write it there itself.
    #[doc(hidden)]
    fn forward_into<F: Float>(&self, a: Args<'_, Tensor<F>>, out: &mut [F]) {
        out.copy_from_slice(self.forward(a).real().data());
    }

    /// What it is to a program that is compiled from a recorded graph, with so many operands.
    #[doc(hidden)]
    fn role(&self, _operands: usize) -> Role {
        Role::Called
    }

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

    /// Value and derivatives written down as formulas, for an operation that acts number by number.
    fn formulas(&self) -> Option<Formulas> {
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

    /// The value on single numbers of any kind, for an operation that acts on such: what the checker asks.
    #[doc(hidden)]
    fn on_numbers<S: Elementwise>(&self, _x: &[S]) -> Option<S> {
        None
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
