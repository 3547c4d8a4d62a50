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

pub(crate) use level::{Vector, plain_is_asked_for};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Neg,
    Abs,
    Sqrt,
    Exp,
    ExpM1,
    Ln,
    Ln1p,
    Sigmoid,
    Tanh,
    Sin,
    Cos,
    Erf,
    Erfc,
    Floor,
    Ceil,
    Round,
    Trunc,
    Exp2,
    Log2,
    Log10,
    Cbrt,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    Erfinv,
    Lgamma,
}

/// A function of two numbers. What is true is 1, what is false 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Chain,
    Pow,
    Lt,
    Le,
    Eq,
    Atan2,
    Fmod,
    Hypot,
}
