//! Number types: what a tensor can hold, and what can be differentiated.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, SubAssign};

use crate::sweep::engine::Engine;
use crate::tensor::buffer::Pool;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
}

/// What a [`Tensor`](crate::Tensor) can hold: `f32`, `f64`, `i64` (indices) or `bool` (masks).
pub trait Element: sealed::Sealed + Copy + PartialEq + Debug + Display + Default + Send + Sync + 'static {
    /// Runs `f` on this thread's pool of buffers, or returns `None` while the thread is ending.
    #[doc(hidden)]
    fn pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
    /// Runs `f` on the pool of large buffers that all threads share.
    #[doc(hidden)]
    fn shared<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R>;
}

/// What can be recorded and differentiated: `f32` or `f64`.
pub trait Float:
    Element
    + num_traits::Float
    + num_traits::FloatConst
    + num_traits::NumAssign
    + Sum
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Engine
{
    /// The name of the type, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;

    /// This number as `f64` (exact).
    fn to_f64(self) -> f64;

    /// The error function `erf(x) = 2/√π · ∫₀ˣ exp(−t²) dt`.
    #[doc(hidden)]
    fn erf(self) -> Self;

    /// `1 − erf(x)`, accurate where it is small.
    #[doc(hidden)]
    fn erfc(self) -> Self;

    /// The logarithm of `|Γ(x)|`.
    #[doc(hidden)]
    fn lgamma(self) -> Self;

    /// The nearest whole number, the even one of two.
    #[doc(hidden)]
    fn round_even(self) -> Self;
}

impl Float for f32 {
    const NAME: &'static str = "f32";
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn erf(self) -> Self {
        libm::erff(self)
    }
    fn erfc(self) -> Self {
        libm::erfcf(self)
    }
    fn lgamma(self) -> Self {
        libm::lgammaf(self)
    }
    #[inline(always)]
    fn round_even(self) -> Self {
        self.round_ties_even()
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";
    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    fn erf(self) -> Self {
        libm::erf(self)
    }
    fn erfc(self) -> Self {
        libm::erfc(self)
    }
    fn lgamma(self) -> Self {
        libm::lgamma(self)
    }
    #[inline(always)]
    fn round_even(self) -> Self {
        self.round_ties_even()
    }
}

/// The largest power of two that is not above a positive number, or the smallest normal number.
pub(crate) fn power_of_two(x: f64) -> f64 {
    f64::from_bits(x.max(f64::MIN_POSITIVE).to_bits() & 0x7ff0_0000_0000_0000)
}

macro_rules! elements {
    ($($e:ty)*) => { $(const _: () = {
        thread_local! {
            static POOL: std::cell::RefCell<Pool<$e>> = const { std::cell::RefCell::new(Pool::new()) };
        }
        static SHARED: std::sync::Mutex<Pool<$e>> = std::sync::Mutex::new(Pool::new());
        impl Element for $e {
            fn pool<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R> {
                POOL.try_with(|p| p.try_borrow_mut().ok().map(|mut p| f(&mut p))).ok().flatten()
            }
            fn shared<R>(f: impl FnOnce(&mut Pool<Self>) -> R) -> Option<R> {
                SHARED.lock().ok().map(|mut p| f(&mut p))
            }
        }
    };)* };
}
elements! { f32 f64 i64 bool }
