//! The workloads on which scalar tapes are compared: nine formulas, written once for every number type and with nothing
//! in them for speed's sake, each with its gradient written by hand.
//!
//! They are shared by `benches/scalar.rs` and `benches/count.rs`, by the comparison with other crates in `benches/peers`,
//! and by the tests that hold the gradients of both kinds of tape to the hand-written ones and count their bytes.

#![allow(dead_code, unreachable_pub)] // each of them uses a part
#![allow(clippy::needless_range_loop)] // formulas are written by index, as on paper

mod black_scholes;
mod heat;
mod iteration;
mod log_sum_exp;
mod mixture;
mod mlp;
mod product;
mod rosenbrock;

use std::ops::{Add, Div, Mul, Neg, Sub};

pub use black_scholes::BlackScholes;
pub use heat::Heat;
pub use iteration::Iteration;
pub use log_sum_exp::LogSumExp;
pub use mixture::Mixture;
pub use mlp::Mlp;
pub use product::Product;
pub use rosenbrock::Rosenbrock;

use wengert_tape::{Float, Scalar};

/// What the formulas ask of a number.
pub trait Number:
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
    fn value(self) -> f64;
    fn sin(self) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn erf(self) -> Self;
    fn relu(self) -> Self;
    /// `numbers.sum()`, for types that have it.
    fn sum(numbers: impl Iterator<Item = Self>) -> Self;
    /// `numbers.product()`, for types that have it.
    fn product(numbers: impl Iterator<Item = Self>) -> Self;
}

impl Number for f64 {
    fn value(self) -> f64 {
        self
    }
    fn sin(self) -> f64 {
        f64::sin(self)
    }
    fn exp(self) -> f64 {
        f64::exp(self)
    }
    fn ln(self) -> f64 {
        f64::ln(self)
    }
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    fn erf(self) -> f64 {
        Float::erf(self)
    }
    fn relu(self) -> f64 {
        self.max(0.0)
    }
    fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
        numbers.sum()
    }
    fn product(numbers: impl Iterator<Item = f64>) -> f64 {
        numbers.product()
    }
}

impl<F: Float> Number for Scalar<F> {
    #[inline]
    fn value(self) -> f64 {
        Scalar::value(&self).to_f64()
    }
    #[inline]
    #[track_caller]
    fn sin(self) -> Self {
        wengert_tape::ops::SinExt::sin(&self)
    }
    #[inline]
    #[track_caller]
    fn exp(self) -> Self {
        wengert_tape::ops::ExpExt::exp(&self)
    }
    #[inline]
    #[track_caller]
    fn ln(self) -> Self {
        wengert_tape::ops::LnExt::ln(&self)
    }
    #[inline]
    #[track_caller]
    fn sqrt(self) -> Self {
        wengert_tape::ops::SqrtExt::sqrt(&self)
    }
    #[inline]
    #[track_caller]
    fn erf(self) -> Self {
        wengert_tape::ops::ErfExt::erf(&self)
    }
    #[inline]
    #[track_caller]
    fn relu(self) -> Self {
        wengert_tape::ops::ReluExt::relu(&self)
    }
    #[inline]
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.sum()
    }
    #[inline]
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.product()
    }
}

/// A function of many numbers, where its gradient is taken, and that gradient by hand.
pub trait Workload {
    /// The row of the table.
    fn name(&self) -> String;
    /// Elementary operations of one evaluation.
    fn operations(&self) -> usize;
    /// The point.
    fn at(&self) -> &[f64];
    /// The formula.
    fn value<T: Number>(&self, x: &[T]) -> T;
    /// The value and the gradient at the point, written by hand.
    fn by_hand(&self) -> (f64, Vec<f64>);
}

/// What is done with each workload.
pub trait Visit {
    fn visit(&mut self, workload: &impl Workload);
}

/// The names, in the order of the table.
pub const NAMES: [&str; 9] = ["S1", "S2", "S2-large", "S3-product", "S3-lse", "S4", "S5", "S6a", "S6b"];

/// Visits the workload of one name.
///
/// # Panics
/// If there is none.
pub fn visit(name: &str, visitor: &mut impl Visit) {
    match name {
        "S1" => visitor.visit(&Mlp::moons()),
        "S2" => visitor.visit(&Rosenbrock::new(1_000)),
        "S2-large" => visitor.visit(&Rosenbrock::new(1_000_000)),
        "S3-product" => visitor.visit(&Product::new(1_000)),
        "S3-lse" => visitor.visit(&LogSumExp::new(1_000)),
        "S4" => visitor.visit(&Iteration::new(1_000_000)),
        "S5" => visitor.visit(&Mixture::new(10, 25, 1_000)),
        "S6a" => visitor.visit(&BlackScholes::new(100_000)),
        "S6b" => visitor.visit(&Heat::new(500, 1_000)),
        _ => panic!("no workload {name}; there are {NAMES:?}"),
    }
}

/// Visits the workload of one name with fewer points or steps, where its own would take long to count the instructions
/// of. The instructions for each operation are nearly the same.
///
/// # Panics
/// If there is none.
pub fn visit_short(name: &str, visitor: &mut impl Visit) {
    match name {
        "S2-large" => visitor.visit(&Rosenbrock::new(20_000)),
        "S4" => visitor.visit(&Iteration::new(10_000)),
        "S5" => visitor.visit(&Mixture::new(10, 25, 20)),
        "S6a" => visitor.visit(&BlackScholes::new(2_000)),
        "S6b" => visitor.visit(&Heat::new(500, 40)),
        _ => visit(name, visitor),
    }
}

/// Numbers that fill `low..high` evenly and in no order: multiples of an irrational number modulo 1 (Weyl 1916).
fn spread(count: usize, low: f64, high: f64, irrational: f64) -> impl Iterator<Item = f64> {
    (1..=count).map(move |k| low + (high - low) * (irrational * k as f64).fract())
}
