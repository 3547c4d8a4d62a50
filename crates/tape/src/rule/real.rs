//! What a derivative formula may use.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::algebra::Algebra;
use crate::ops::{
    Chain, Compare, Cos, Cosh, Erf, Exp, Floor, Ln, Polygamma, Pow, Powf, Select, Sigmoid, Sin, Sinh, Sqrt,
};
use crate::shape::Shape;

/// A number in a derivative formula: a float, a dual number, a recorded value, or a piece of text.
///
/// The functions here are those that derivatives are written in; each is itself an operation, so that a recorded
/// derivative can be differentiated again.
pub trait Real:
    Copy
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// The outcome of a comparison.
    type Mask: Copy;

    /// This cotangent or tangent times a derivative: 0 where it is 0, also if the derivative is infinite there.
    fn chain(self, derivative: Self) -> Self;
    /// A constant beside this number.
    fn number(self, value: f64) -> Self;
    /// The exponential.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// The sine.
    fn sin(self) -> Self;
    /// The cosine.
    fn cos(self) -> Self;
    /// The hyperbolic sine.
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    fn cosh(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// The derivative of order `order` of the digamma function.
    fn polygamma(self, order: u32) -> Self;
    /// The largest whole number that is not larger.
    fn floor(self) -> Self;
    /// `1 / (1 + exp(−x))`, without overflow.
    fn sigmoid(self) -> Self;
    /// This number to the power of another.
    fn pow(self, exponent: Self) -> Self;
    /// This number to a fixed power.
    fn powf(self, exponent: f64) -> Self;
    /// `self < other`
    fn lt(self, other: Self) -> Self::Mask;
    /// `self ≤ other`
    fn le(self, other: Self) -> Self::Mask;
    /// `self = other`
    fn eq(self, other: Self) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
}

impl<A: Algebra + Copy> Real for A
where
    A::Mask: Copy,
{
    type Mask = A::Mask;

    fn chain(self, derivative: Self) -> Self {
        A::pointwise(Chain, [&self, &derivative])
    }
    fn number(self, value: f64) -> Self {
        self.full(Shape::scalar(), value)
    }
    fn exp(self) -> Self {
        A::pointwise(Exp, [&self])
    }
    fn ln(self) -> Self {
        A::pointwise(Ln, [&self])
    }
    fn sqrt(self) -> Self {
        A::pointwise(Sqrt, [&self])
    }
    fn sin(self) -> Self {
        A::pointwise(Sin, [&self])
    }
    fn cos(self) -> Self {
        A::pointwise(Cos, [&self])
    }
    fn sinh(self) -> Self {
        A::pointwise(Sinh, [&self])
    }
    fn cosh(self) -> Self {
        A::pointwise(Cosh, [&self])
    }
    fn erf(self) -> Self {
        A::pointwise(Erf, [&self])
    }
    fn polygamma(self, order: u32) -> Self {
        A::pointwise(Polygamma { order }, [&self])
    }
    fn floor(self) -> Self {
        A::pointwise(Floor, [&self])
    }
    fn sigmoid(self) -> Self {
        A::pointwise(Sigmoid, [&self])
    }
    fn pow(self, exponent: Self) -> Self {
        A::pointwise(Pow, [&self, &exponent])
    }
    fn powf(self, exponent: f64) -> Self {
        A::pointwise(Powf { exponent }, [&self])
    }
    fn lt(self, other: Self) -> A::Mask {
        Compare::Less.of(&self, &other)
    }
    fn le(self, other: Self) -> A::Mask {
        Compare::LessEqual.of(&self, &other)
    }
    fn eq(self, other: Self) -> A::Mask {
        Compare::Equal.of(&self, &other)
    }
    fn select(mask: A::Mask, a: Self, b: Self) -> Self {
        Select::of(&mask, &a, &b)
    }
}
