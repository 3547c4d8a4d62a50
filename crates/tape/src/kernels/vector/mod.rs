//! Functions of many numbers at once, as wide as the processor can.
//!
//! A loop without branches becomes vector instructions. What the compiler may assume of a processor is little, though: so the loops
//! are compiled three times, for any processor and for those with AVX2 and AVX-512, and chosen at run time. The formulas are the
//! same in each, and none fuses a multiplication with an addition: so are the bits. Functions that are rarely asked for in large
//! numbers are those of the standard library, one number at a time.

mod formulas;
mod lane;
mod level;
mod loops;
mod registers;

pub(crate) use level::{Vector, plain_is_asked_for};
pub(crate) use registers::{Function, Registers, Source, Step};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// −x
    Neg,
    /// The absolute value.
    Abs,
    /// The square root.
    Sqrt,
    /// The exponential.
    Exp,
    /// `exp(x) − 1`
    ExpM1,
    /// The natural logarithm.
    Ln,
    /// `ln(1 + x)`
    Ln1p,
    /// `1 / (1 + exp(−x))`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// The sine.
    Sin,
    /// The cosine.
    Cos,
    /// The error function.
    Erf,
    /// `1 − erf(x)`
    Erfc,
    /// The largest whole number that is not larger.
    Floor,
    /// The smallest whole number that is not smaller.
    Ceil,
    /// The nearest whole number; of two, the even one.
    Round,
    /// The whole number that is nearest towards 0.
    Trunc,
    /// `2ˣ`
    Exp2,
    /// The logarithm to base 2.
    Log2,
    /// The logarithm to base 10.
    Log10,
    /// The cube root.
    Cbrt,
    /// The tangent.
    Tan,
    /// The angle with this sine.
    Asin,
    /// The angle with this cosine.
    Acos,
    /// The angle with this tangent.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The inverse of the hyperbolic sine.
    Asinh,
    /// The inverse of the hyperbolic cosine.
    Acosh,
    /// The inverse of the hyperbolic tangent.
    Atanh,
    /// The inverse of the error function.
    Erfinv,
    /// The logarithm of `|Γ(x)|`.
    Lgamma,
}

#[cfg(test)]
impl Unary {
    const ALL: [Self; 32] = [
        Self::Neg,
        Self::Abs,
        Self::Sqrt,
        Self::Exp,
        Self::ExpM1,
        Self::Ln,
        Self::Ln1p,
        Self::Sigmoid,
        Self::Tanh,
        Self::Sin,
        Self::Cos,
        Self::Erf,
        Self::Erfc,
        Self::Floor,
        Self::Ceil,
        Self::Round,
        Self::Trunc,
        Self::Exp2,
        Self::Log2,
        Self::Log10,
        Self::Cbrt,
        Self::Tan,
        Self::Asin,
        Self::Acos,
        Self::Atan,
        Self::Sinh,
        Self::Cosh,
        Self::Asinh,
        Self::Acosh,
        Self::Atanh,
        Self::Erfinv,
        Self::Lgamma,
    ];
}

/// A function of two numbers. What is true is 1, what is false 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Sub,
    /// a · b
    Mul,
    /// a / b
    Div,
    /// a · b, of which 0 absorbs what is infinite: [`Real::chain`](crate::rule::real::Real::chain)
    Chain,
    /// a to the power b
    Pow,
    /// Whether a < b.
    Lt,
    /// Whether a ≤ b.
    Le,
    /// Whether a = b.
    Eq,
    /// The angle of the point (b, a).
    Atan2,
    /// What is left of a / b, rounded towards 0.
    Fmod,
    /// `√(a² + b²)`, without overflow
    Hypot,
}

#[cfg(test)]
impl Binary {
    const ALL: [Self; 12] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Chain,
        Self::Pow,
        Self::Lt,
        Self::Le,
        Self::Eq,
        Self::Atan2,
        Self::Fmod,
        Self::Hypot,
    ];
}
