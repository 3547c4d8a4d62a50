//! What a derivative formula may use.

use std::ops::{Add, Div, Mul, Neg, Sub};

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

    /// This cotangent or tangent times a derivative: 0 where it is 0, also if the derivative is infinite or NaN there, and
    /// where the derivative is 0, also if this is infinite there.
    #[track_caller]
    fn chain(self, derivative: Self) -> Self;
    /// A constant beside this number.
    #[track_caller]
    fn number(self, value: f64) -> Self;
    /// The exponential.
    #[track_caller]
    fn exp(self) -> Self;
    /// The natural logarithm.
    #[track_caller]
    fn ln(self) -> Self;
    /// The square root.
    #[track_caller]
    fn sqrt(self) -> Self;
    /// The sine.
    #[track_caller]
    fn sin(self) -> Self;
    /// The cosine.
    #[track_caller]
    fn cos(self) -> Self;
    /// The hyperbolic sine.
    #[track_caller]
    fn sinh(self) -> Self;
    /// The hyperbolic cosine.
    #[track_caller]
    fn cosh(self) -> Self;
    /// The error function.
    #[track_caller]
    fn erf(self) -> Self;
    /// `1 − erf(x)`, accurate where it is small.
    #[track_caller]
    fn erfc(self) -> Self;
    /// The derivative of order `order` of the digamma function.
    #[track_caller]
    fn polygamma(self, order: u32) -> Self;
    /// The largest whole number that is not larger.
    #[track_caller]
    fn floor(self) -> Self;
    /// `1 / (1 + exp(−x))`, without overflow.
    #[track_caller]
    fn sigmoid(self) -> Self;
    /// This number to the power of another.
    #[track_caller]
    fn pow(self, exponent: Self) -> Self;
    /// This number to a fixed power.
    #[track_caller]
    fn powf(self, exponent: f64) -> Self;
    /// `self < other`
    #[track_caller]
    fn lt(self, other: Self) -> Self::Mask;
    /// `self ≤ other`
    #[track_caller]
    fn le(self, other: Self) -> Self::Mask;
    /// `self = other`
    #[track_caller]
    fn eq(self, other: Self) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    #[track_caller]
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
}
