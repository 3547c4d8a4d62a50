//! The functions of recorded numbers, as methods of their own.
//!
//! The extension traits of the operations give them too. These are here so that a call stays unambiguous where a trait of
//! numbers (`num_traits::Float`, `nalgebra::RealField`) is in scope beside them.

use std::ops::{Rem, RemAssign};

use super::Scalar;
use crate::ops;
use crate::rule::algebra::Elementwise;
use crate::rule::operand::Operand;
use crate::tensor::float::Float;

/// Functions of one number.
macro_rules! functions {
    ($($method:ident $op:ident)*) => {
        impl<F: Float> Scalar<F> { $(
            #[doc = concat!("[`", stringify!($op), "`](crate::ops::", stringify!($op), ") of this number.")]
            #[inline(always)]
            #[track_caller]
            pub fn $method(self) -> Self {
                Scalar::pointwise(ops::$op::default(), [&self])
            }
        )* }
    };
}
functions! {
    abs Abs
    acos Acos
    acosh Acosh
    asin Asin
    asinh Asinh
    atan Atan
    atanh Atanh
    cbrt Cbrt
    ceil Ceil
    cos Cos
    cosh Cosh
    digamma Digamma
    erf Erf
    erfc Erfc
    erfinv Erfinv
    exp Exp
    exp2 Exp2
    exp_m1 Expm1
    expm1 Expm1
    floor Floor
    gelu Gelu
    gelu_tanh GeluTanh
    hardsigmoid HardSigmoid
    lgamma Lgamma
    ln Ln
    ln_1p Log1p
    log10 Log10
    log1p Log1p
    log2 Log2
    log_sigmoid LogSigmoid
    logit Logit
    mish Mish
    recip Reciprocal
    reciprocal Reciprocal
    relu Relu
    round Round
    rsqrt Rsqrt
    selu Selu
    sigmoid Sigmoid
    sign Sign
    silu Silu
    sin Sin
    sinh Sinh
    softplus Softplus
    softsign Softsign
    sqrt Sqrt
    square Square
    tan Tan
    tanh Tanh
    trunc Trunc
}

/// Functions of two numbers, of which the second may be a plain one.
macro_rules! binary {
    ($($method:ident $op:ident)*) => {
        impl<F: Float> Scalar<F> { $(
            #[doc = concat!("[`", stringify!($op), "`](crate::ops::", stringify!($op), ") of this number and another.")]
            #[inline(always)]
            #[track_caller]
            pub fn $method(self, other: impl Operand<Self>) -> Self {
                Scalar::pointwise(ops::$op, [&self, &other.beside(&self)])
            }
        )* }
    };
}
binary! {
    atan2 Atan2
    fmod Fmod
    hypot Hypot
    maximum Maximum
    minimum Minimum
    pow Pow
    remainder Remainder
    xlogy Xlogy
}

impl<F: Float> Scalar<F> {
    /// [`Powf`](crate::ops::Powf): this number to a fixed power; to that of a recorded number it is [`pow`](Self::pow).
    #[inline(always)]
    #[track_caller]
    pub fn powf(self, exponent: f64) -> Self {
        Scalar::pointwise(ops::Powf { exponent }, [&self])
    }

    /// [`Powi`](crate::ops::Powi): this number to a whole power.
    #[inline(always)]
    #[track_caller]
    pub fn powi(self, n: i32) -> Self {
        Scalar::pointwise(ops::Powi { n }, [&self])
    }

    /// The larger of two numbers; the other one if one is NaN, as for floats. ([`maximum`](Self::maximum) gives NaN.)
    #[track_caller]
    pub fn max(self, other: Self) -> Self {
        match self.other_than_nan(other) {
            Some(number) => number,
            None => self.maximum(other),
        }
    }

    /// The smaller of two numbers; the other one if one is NaN, as for floats. ([`minimum`](Self::minimum) gives NaN.)
    #[track_caller]
    pub fn min(self, other: Self) -> Self {
        match self.other_than_nan(other) {
            Some(number) => number,
            None => self.minimum(other),
        }
    }

    /// Of two numbers the one that is not NaN, if one is.
    fn other_than_nan(self, other: Self) -> Option<Self> {
        match (num_traits::Float::is_nan(self.value()), num_traits::Float::is_nan(other.value())) {
            (true, _) => Some(other),
            (_, true) => Some(self),
            _ => None,
        }
    }

    /// 1 for positive numbers and +0, −1 for negative ones and −0, NaN for NaN, as for floats; without a derivative.
    /// ([`sign`](Self::sign) gives 0 for 0.)
    #[track_caller]
    pub fn signum(self) -> Self {
        let value = num_traits::Float::signum(self.value());
        match self.value() == F::zero() || num_traits::Float::is_nan(value) {
            true => Scalar::constant(value),
            false => self.sign(),
        }
    }

    /// The part after the point: this number without its [`trunc`](Self::trunc).
    #[track_caller]
    pub fn fract(self) -> Self {
        self - self.trunc()
    }

    /// `self · a + b`, as one operation.
    #[inline(always)]
    #[track_caller]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        Self::pointwise(ops::MulAdd, [&self, &a, &b])
    }

    /// Sine and cosine.
    #[track_caller]
    pub fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// The logarithm to a base.
    #[track_caller]
    pub fn log(self, base: Self) -> Self {
        self.ln() / base.ln()
    }

    /// This number with the sign of another. That is a decision, like an `if`: the sign's number gets no gradient.
    #[track_caller]
    pub fn copysign(self, sign: Self) -> Self {
        let negative = |x: F| num_traits::Float::is_sign_negative(x);
        if negative(self.value()) == negative(sign.value()) { self } else { -self }
    }
}

impl<F: Float> Rem for Scalar<F> {
    type Output = Self;
    /// The remainder with the sign of the dividend, as for floats: [`Fmod`](crate::ops::Fmod).
    #[inline(always)]
    #[track_caller]
    fn rem(self, divisor: Self) -> Self {
        self.fmod(divisor)
    }
}

impl<F: Float> RemAssign for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn rem_assign(&mut self, divisor: Self) {
        *self = *self % divisor;
    }
}
