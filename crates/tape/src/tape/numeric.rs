//! The traits of `num-traits`: code that was written for floats is differentiated as it is.
//!
//! Some of their functions turn a number into something that no tape can follow: `to_f64` and its like, and `NumCast`
//! from a recorded number. What leaves the tape that way is counted in [`Stats::taken`](super::Stats).

use num_traits as nt;

use super::Scalar;
use super::store::{self, Store};
use crate::tensor::float::Float;

impl<F: Float> Scalar<F> {
    /// The number, which leaves the tape without a trace.
    #[track_caller]
    fn taken(&self) -> F {
        if self.key() != 0 {
            // A number whose tape is gone is still a number.
            let _ = store::with_store(self.key(), |store: &mut Store<F>| store.taken += 1);
        }
        self.value()
    }

    /// The nearest whole number, of two the one farther from 0, as for floats; with derivative 0.
    #[track_caller]
    fn round_from_zero(self) -> Self {
        let rounded = nt::Float::round(self.value());
        if rounded >= self.value() { self.ceil() } else { self.floor() }
    }
}

impl<F: Float> nt::Zero for Scalar<F> {
    #[track_caller]
    fn zero() -> Self {
        Scalar::constant(F::zero())
    }
    #[track_caller]
    fn is_zero(&self) -> bool {
        self.value() == F::zero()
    }
}

impl<F: Float> nt::One for Scalar<F> {
    #[track_caller]
    fn one() -> Self {
        Scalar::constant(F::one())
    }
}

impl<F: Float> nt::Num for Scalar<F> {
    type FromStrRadixErr = F::FromStrRadixErr;
    #[track_caller]
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        F::from_str_radix(text, radix).map(Scalar::constant)
    }
}

/// Each of these leaves the tape: what is computed from the result has no derivative. [`Stats::taken`](super::Stats)
/// counts them.
impl<F: Float> nt::ToPrimitive for Scalar<F> {
    #[track_caller]
    fn to_i64(&self) -> Option<i64> {
        nt::ToPrimitive::to_i64(&self.taken())
    }
    #[track_caller]
    fn to_u64(&self) -> Option<u64> {
        nt::ToPrimitive::to_u64(&self.taken())
    }
    #[track_caller]
    fn to_f32(&self) -> Option<f32> {
        nt::ToPrimitive::to_f32(&self.taken())
    }
    #[track_caller]
    fn to_f64(&self) -> Option<f64> {
        nt::ToPrimitive::to_f64(&self.taken())
    }
}

/// A constant; a recorded number that is cast leaves its tape, also if it is cast to itself.
impl<F: Float> nt::NumCast for Scalar<F> {
    #[track_caller]
    fn from<T: nt::ToPrimitive>(number: T) -> Option<Self> {
        <F as nt::NumCast>::from(number).map(Scalar::constant)
    }
}

impl<F: Float> nt::FromPrimitive for Scalar<F> {
    #[track_caller]
    fn from_i64(n: i64) -> Option<Self> {
        <F as nt::NumCast>::from(n).map(Scalar::constant)
    }
    #[track_caller]
    fn from_u64(n: u64) -> Option<Self> {
        <F as nt::NumCast>::from(n).map(Scalar::constant)
    }
    #[track_caller]
    fn from_f32(n: f32) -> Option<Self> {
        <F as nt::NumCast>::from(n).map(Scalar::constant)
    }
    #[track_caller]
    fn from_f64(n: f64) -> Option<Self> {
        <F as nt::NumCast>::from(n).map(Scalar::constant)
    }
}

impl<F: Float> nt::Bounded for Scalar<F> {
    #[track_caller]
    fn min_value() -> Self {
        Scalar::constant(<F as nt::Float>::min_value())
    }
    #[track_caller]
    fn max_value() -> Self {
        Scalar::constant(<F as nt::Float>::max_value())
    }
}

impl<F: Float> nt::Signed for Scalar<F> {
    #[track_caller]
    fn abs(&self) -> Self {
        Scalar::abs(*self)
    }
    #[track_caller]
    fn abs_sub(&self, other: &Self) -> Self {
        if self.value() <= other.value() { Scalar::constant(F::zero()) } else { *self - *other }
    }
    #[track_caller]
    fn signum(&self) -> Self {
        Scalar::signum(*self)
    }
    #[track_caller]
    fn is_positive(&self) -> bool {
        nt::Float::is_sign_positive(self.value())
    }
    #[track_caller]
    fn is_negative(&self) -> bool {
        nt::Float::is_sign_negative(self.value())
    }
}

/// The functions of [`Scalar`] that both `num-traits` and `nalgebra` ask for, inside an implementation of their traits.
macro_rules! functions_of_scalars {
    () => {
        functions_of_scalars! {
            floor() -> Self, ceil() -> Self, trunc() -> Self, fract() -> Self, abs() -> Self, signum() -> Self, recip() -> Self,
            sqrt() -> Self, cbrt() -> Self, exp() -> Self, exp2() -> Self, exp_m1() -> Self, ln() -> Self, ln_1p() -> Self,
            log2() -> Self, log10() -> Self, sin() -> Self, cos() -> Self, tan() -> Self, asin() -> Self, acos() -> Self,
            atan() -> Self, sinh() -> Self, cosh() -> Self, tanh() -> Self, asinh() -> Self, acosh() -> Self, atanh() -> Self,
            sin_cos() -> (Self, Self), log(base: Self) -> Self, hypot(other: Self) -> Self,
            powi(n: i32) -> Self, mul_add(a: Self, b: Self) -> Self
        }
    };
    ($($function:ident($($argument:ident: $type:ty),*) -> $result:ty),*) => {
        $(#[inline(always)]
        #[track_caller]
        fn $function(self, $($argument: $type),*) -> $result {
            Scalar::$function(self, $($argument),*)
        })*
    };
}
#[cfg(feature = "nalgebra")]
pub(super) use functions_of_scalars;

/// Constants and questions, as those of the number.
macro_rules! float {
    (constants: $($constant:ident)*; questions: $($question:ident)*;) => {
        impl<F: Float> nt::Float for Scalar<F> {
            $(fn $constant() -> Self {
                Scalar::constant(<F as nt::Float>::$constant())
            })*
            $(fn $question(self) -> bool {
                nt::Float::$question(self.value())
            })*
            functions_of_scalars! {}
            #[track_caller]
            fn classify(self) -> std::num::FpCategory {
                nt::Float::classify(self.value())
            }
            #[track_caller]
            fn integer_decode(self) -> (u64, i16, i8) {
                nt::Float::integer_decode(self.taken())
            }
            #[track_caller]
            fn round(self) -> Self {
                self.round_from_zero()
            }
            #[inline(always)]
            #[track_caller]
            fn powf(self, exponent: Self) -> Self {
                if exponent.key() == 0 { Scalar::powf(self, exponent.value().to_f64()) } else { self.pow(exponent) }
            }
            #[track_caller]
            fn max(self, other: Self) -> Self {
                Scalar::max(self, other)
            }
            #[track_caller]
            fn min(self, other: Self) -> Self {
                Scalar::min(self, other)
            }
            #[track_caller]
            fn abs_sub(self, other: Self) -> Self {
                nt::Signed::abs_sub(&self, &other)
            }
            #[track_caller]
            fn atan2(self, other: Self) -> Self {
                Scalar::atan2(self, other)
            }
            #[track_caller]
            fn copysign(self, sign: Self) -> Self {
                Scalar::copysign(self, sign)
            }
        }
    };
}
float! {
    constants: nan infinity neg_infinity neg_zero min_value min_positive_value max_value epsilon;
    questions: is_nan is_infinite is_finite is_normal is_sign_positive is_sign_negative;
}

/// Constants of mathematics.
macro_rules! constants {
    ($($name:ident)*) => {
        impl<F: Float> nt::FloatConst for Scalar<F> { $(
            fn $name() -> Self {
                Scalar::constant(F::$name())
            }
        )* }
    };
}
constants! {
    E FRAC_1_PI FRAC_1_SQRT_2 FRAC_2_PI FRAC_2_SQRT_PI FRAC_PI_2 FRAC_PI_3 FRAC_PI_4 FRAC_PI_6 FRAC_PI_8 LN_10 LN_2 LOG10_E
    LOG2_E PI SQRT_2 TAU LOG10_2 LOG2_10
}
