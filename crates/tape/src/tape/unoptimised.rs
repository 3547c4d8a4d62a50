//! Numbers recorded by a program that is not optimised: its debug build, whose dependencies may be.
//!
//! In a release build an operation on numbers is compiled into the formula that uses it. So it is in a debug build, where that
//! means: in a hundred calls of one instruction each. There the same functions are compiled here, with this crate.

use super::chained_slope::Slope;
use super::{Scalar, Summation};
use crate::tape::store::ScalarOp;
use crate::tensor::float::{Element, Float};

/// What `arithmetic.rs` and `summation.rs` do, in this crate.
#[doc(hidden)]
pub trait Recording: Element {
    /// A function of a number, with its slope and whether that is known to be neither 0 nor infinite.
    #[track_caller]
    fn record_unary(
        x: Scalar<Self>,
        value: Self,
        slope: (Self, bool),
        free: Self,
        op: &'static ScalarOp,
        side: usize,
    ) -> Scalar<Self>
    where
        Self: Float;

    /// A function of two numbers, with its slopes.
    #[track_caller]
    fn record_binary(
        a: Scalar<Self>,
        b: Scalar<Self>,
        value: Self,
        slopes: [Self; 2],
        op: &'static ScalarOp,
        ones: bool,
    ) -> Scalar<Self>
    where
        Self: Float;

    /// A sum, which is expected to begin at a place.
    #[track_caller]
    fn record_sum(next: u64, numbers: &[Scalar<Self>], op: &'static ScalarOp) -> Scalar<Self>
    where
        Self: Float;
}

macro_rules! recording {
    ($($f:ident)*) => { $(
        impl Recording for $f {
            #[track_caller]
            fn record_unary(
                x: Scalar<$f>,
                value: $f,
                (by, is_plain): ($f, bool),
                free: $f,
                op: &'static ScalarOp,
                side: usize,
            ) -> Scalar<$f> {
                x.unary_here(value, Slope { by, is_plain }, free, op, side)
            }
            #[track_caller]
            fn record_binary(
                a: Scalar<$f>,
                b: Scalar<$f>,
                value: $f,
                [s, t]: [$f; 2],
                op: &'static ScalarOp,
                ones: bool,
            ) -> Scalar<$f> {
                a.binary_here(b, value, s, t, op, ones)
            }
            #[track_caller]
            fn record_sum(next: u64, numbers: &[Scalar<$f>], op: &'static ScalarOp) -> Scalar<$f> {
                Summation::of_here(next, numbers.iter().copied(), op)
            }
        }
    )* };
}
recording! { f32 f64 }
