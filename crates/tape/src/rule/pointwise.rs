//! Operations that act element by element: a formula on numbers serves every reader.

use crate::error::Error;
use crate::rule::number::Number;
use crate::rule::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// How many arguments a pointwise operation has: [`One`], [`Two`] or [`Three`].
pub trait Arity: Copy + Send + Sync + 'static {
    /// The number.
    const N: usize;
    /// An array of that length.
    type Of<T: Copy>: Copy + AsRef<[T]>;
    /// The array whose entry `k` is `f(k)`.
    fn from_fn<T: Copy>(f: impl FnMut(usize) -> T) -> Self::Of<T>;
}

macro_rules! arity {
    ($($(#[$doc:meta])* $name:ident $n:literal [$($k:literal)*])*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Arity for $name {
            const N: usize = $n;
            type Of<T: Copy> = [T; $n];
            #[inline(always)]
            fn from_fn<T: Copy>(mut f: impl FnMut(usize) -> T) -> [T; $n] {
                [$(f($k)),*]
            }
        }
    )* };
}
arity! {
    /// One argument.
    One 1 [0]
    /// Two arguments.
    Two 2 [0 1]
    /// Three arguments.
    Three 3 [0 1 2]
}

/// An array of as many entries as `P` has arguments.
pub type Of<P, T> = <<P as Pointwise>::Arity as Arity>::Of<T>;

/// An operation that acts element by element, with NumPy's broadcasting.
///
/// The two formulas, on numbers, give the operation to every reader: floats, whole tensors in one pass, recorded
/// values (so that its derivative can be differentiated again), dual numbers, shapes and text.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// use wengert_tape::{Case, Number, One, Pointwise, Real, Elementwise};
///
/// #[derive(Clone, Copy, Debug, Default, PartialEq)]
/// struct Cube;
///
/// impl Pointwise for Cube {
///     type Arity = One;
///     const NAME: &'static str = "cube";
///     fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
///         x * x * x
///     }
///     fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
///         x * x * 3.0
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.scalar(2.0);
/// let y = Scalar::pointwise(Cube, [&x]);
/// assert_eq!((y.value(), y.backward()[x]), (8.0, 12.0));
/// ```
pub trait Pointwise: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// The number of arguments.
    type Arity: Arity;

    /// The name in errors, pictures and tables.
    const NAME: &'static str;

    /// Where each argument may lie; cases are drawn from there.
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0); 3];

    /// Values at which the derivative is decided by convention.
    const KINKS: &'static [f64] = &[];

    /// What the derivative is at the kinks, in words.
    const AT_KINKS: &'static str = "";

    /// Whether [`eval`](Self::eval) is the formula of an analytic function, and holds on complex numbers as it stands:
    /// then derivatives are also told by a complex step. Choices between formulas are made by the real parts.
    const ANALYTIC: bool = false;

    /// The value.
    fn eval<R: Number>(&self, x: Of<Self, R>) -> R;

    /// The derivative by argument `arg`, from the arguments and the value `y`.
    fn partial<R: Real>(&self, arg: usize, x: Of<Self, R>, y: R) -> R;

    /// The derivatives by all arguments, on plain numbers. An operation whose derivatives share work may say how.
    #[inline(always)]
    fn partials<R: Number>(&self, x: Of<Self, R>, y: R) -> Of<Self, R> {
        Self::Arity::from_fn(|arg| self.partial(arg, x, y))
    }

    /// The derivative by argument `arg` if it is the same everywhere.
    fn slope(&self, _arg: usize) -> Option<f64> {
        None
    }

    /// The formula as text.
    fn text(&self, args: &[&str]) -> String {
        format!("{}({})", Self::NAME, args.join(", "))
    }

    /// The number that sets this operation apart from others of its type, such as an exponent.
    fn attribute(&self) -> f64 {
        0.0
    }

    /// The operation with that number.
    fn with_attribute(_attribute: f64) -> Self {
        Self::default()
    }

    /// What is wrong with the attributes, if they make no such operation, in words and with the numbers.
    #[inline(always)]
    fn fault(&self) -> Option<String> {
        None
    }

    /// Whether there are numbers that the operation does not accept: then [`fault_at`](Self::fault_at) and
    /// [`check_values`](Self::check_values) say which.
    const REFUSES: bool = false;

    /// What is wrong with the arguments, if the operation does not accept every number.
    #[inline(always)]
    fn fault_at(&self, _x: Of<Self, f64>) -> Option<String> {
        None
    }

    /// [`fault_at`](Self::fault_at), of tensors that broadcast against each other.
    ///
    /// # Errors
    /// If the operation does not accept some of the numbers.
    #[inline(always)]
    fn check_values<F: Float>(&self, _x: Of<Self, &Tensor<F>>) -> Result<(), Error> {
        Ok(())
    }

    /// Operations of this type to try, each with its number.
    fn variants() -> Vec<Self> {
        vec![Self::default()]
    }

    /// Floating point operations for each element.
    const FLOPS: u64 = 1;
}

/// The common shape of operands that are broadcast against each other.
pub(crate) fn broadcast(op: &str, args: &[&Shape]) -> Result<Shape, Error> {
    if let Some((first, rest)) = args.split_first()
        && rest.iter().all(|s| s == first)
    {
        return Ok((*first).clone());
    }
    args.iter().try_fold(Shape::scalar(), |all, s| {
        all.broadcast(s).ok_or_else(|| {
            let shapes: Vec<String> = args.iter().map(ToString::to_string).collect();
            Error::shape(op, format!("shapes do not broadcast: {}{}", shapes.join(" and "), disagreement(&all, s)))
        })
    })
}

/// The first axis, from the last, at which two shapes disagree: ` (axis 1 from the end: 2 ≠ 3)`.
fn disagreement(a: &Shape, b: &Shape) -> String {
    a.iter()
        .rev()
        .zip(b.iter().rev())
        .enumerate()
        .find(|(_, (a, b))| a != b && **a != 1 && **b != 1)
        .map_or(String::new(), |(k, (a, b))| format!(" (axis {} from the end: {a} ≠ {b})", k + 1))
}
