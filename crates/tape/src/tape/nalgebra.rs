//! The traits that `nalgebra` asks of a number, so that its matrices may hold recorded ones.

use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, Field, RealField, SimdValue};
use simba::scalar::{SubsetOf, SupersetOf};

use super::Scalar;
use super::numeric::functions_of_scalars;
use crate::tensor::float::Float;

/// The floats whose recorded numbers `nalgebra` can compute with: `f32` and `f64`.
pub trait NalgebraFloat: Float + RealField + UlpsEq<Epsilon = Self> + SupersetOf<f32> + SupersetOf<f64> {}
impl NalgebraFloat for f32 {}
impl NalgebraFloat for f64 {}

impl<F: NalgebraFloat> SimdValue for Scalar<F> {
    const LANES: usize = 1;
    type Element = Self;
    type SimdBool = bool;

    #[track_caller]
    fn splat(value: Self) -> Self {
        value
    }
    #[track_caller]
    fn extract(&self, _lane: usize) -> Self {
        *self
    }
    #[allow(unsafe_code)] // the trait's signature; there is nothing to be careful about
    #[track_caller]
    unsafe fn extract_unchecked(&self, _lane: usize) -> Self {
        *self
    }
    #[track_caller]
    fn replace(&mut self, _lane: usize, value: Self) {
        *self = value;
    }
    #[allow(unsafe_code)] // the trait's signature; there is one lane
    #[track_caller]
    unsafe fn replace_unchecked(&mut self, _lane: usize, value: Self) {
        *self = value;
    }
    #[track_caller]
    fn select(self, condition: bool, other: Self) -> Self {
        if condition { self } else { other }
    }
}

impl<F: NalgebraFloat> Field for Scalar<F> {}

impl<F: NalgebraFloat> SubsetOf<Scalar<F>> for Scalar<F> {
    #[track_caller]
    fn to_superset(&self) -> Self {
        *self
    }
    #[track_caller]
    fn from_superset_unchecked(number: &Self) -> Self {
        *number
    }
    #[track_caller]
    fn is_in_subset(_number: &Self) -> bool {
        true
    }
}

/// Floats become constants; a recorded number that becomes a float leaves the tape, and is counted.
macro_rules! superset_of {
    ($($t:ident $take:ident)*) => { $(
        impl<F: NalgebraFloat> SupersetOf<$t> for Scalar<F> {
            #[track_caller]
            fn is_in_subset(&self) -> bool {
                <F as SupersetOf<$t>>::is_in_subset(&self.value())
            }
            #[track_caller]
            fn to_subset_unchecked(&self) -> $t {
                num_traits::ToPrimitive::$take(self).unwrap_or($t::NAN)
            }
            #[track_caller]
            fn from_subset(number: &$t) -> Self {
                Scalar::constant(<F as SupersetOf<$t>>::from_subset(number))
            }
        }
    )* };
}
superset_of! { f32 to_f32 f64 to_f64 }

impl<F: NalgebraFloat> AbsDiffEq for Scalar<F> {
    type Epsilon = Self;
    #[track_caller]
    fn default_epsilon() -> Self {
        Scalar::constant(<F as AbsDiffEq>::default_epsilon())
    }
    #[track_caller]
    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        self.value().abs_diff_eq(&other.value(), epsilon.value())
    }
}

impl<F: NalgebraFloat> RelativeEq for Scalar<F> {
    #[track_caller]
    fn default_max_relative() -> Self {
        Scalar::constant(F::default_max_relative())
    }
    #[track_caller]
    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        self.value().relative_eq(&other.value(), epsilon.value(), max_relative.value())
    }
}

impl<F: NalgebraFloat> UlpsEq for Scalar<F> {
    #[track_caller]
    fn default_max_ulps() -> u32 {
        F::default_max_ulps()
    }
    #[track_caller]
    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        self.value().ulps_eq(&other.value(), epsilon.value(), max_ulps)
    }
}

impl<F: NalgebraFloat> ComplexField for Scalar<F> {
    type RealField = Self;
    functions_of_scalars! {}
    #[track_caller]
    fn round(self) -> Self {
        num_traits::Float::round(self)
    }
    #[track_caller]
    fn from_real(real: Self) -> Self {
        real
    }
    #[track_caller]
    fn real(self) -> Self {
        self
    }
    #[track_caller]
    fn imaginary(self) -> Self {
        Scalar::default()
    }
    #[track_caller]
    fn conjugate(self) -> Self {
        self
    }
    #[track_caller]
    fn modulus(self) -> Self {
        self.abs()
    }
    #[track_caller]
    fn modulus_squared(self) -> Self {
        self * self
    }
    #[track_caller]
    fn norm1(self) -> Self {
        self.abs()
    }
    #[track_caller]
    fn argument(self) -> Self {
        if self.value() >= <F as num_traits::Zero>::zero() { Scalar::default() } else { Self::pi() }
    }
    #[track_caller]
    fn scale(self, factor: Self) -> Self {
        self * factor
    }
    #[track_caller]
    fn unscale(self, factor: Self) -> Self {
        self / factor
    }
    #[track_caller]
    fn powf(self, exponent: Self) -> Self {
        num_traits::Float::powf(self, exponent)
    }
    #[track_caller]
    fn powc(self, exponent: Self) -> Self {
        num_traits::Float::powf(self, exponent)
    }
    #[track_caller]
    fn is_finite(&self) -> bool {
        num_traits::Float::is_finite(self.value())
    }
    #[track_caller]
    fn try_sqrt(self) -> Option<Self> {
        (self.value() >= <F as num_traits::Zero>::zero()).then(|| self.sqrt())
    }
}

/// Constants of mathematics.
macro_rules! real_field {
    ($($constant:ident)*) => {
        impl<F: NalgebraFloat> RealField for Scalar<F> {
            $(fn $constant() -> Self {
                Scalar::constant(<F as RealField>::$constant())
            })*
            #[track_caller]
            fn is_sign_positive(&self) -> bool {
                num_traits::Float::is_sign_positive(self.value())
            }
            #[track_caller]
            fn is_sign_negative(&self) -> bool {
                num_traits::Float::is_sign_negative(self.value())
            }
            #[track_caller]
            fn copysign(self, sign: Self) -> Self {
                Scalar::copysign(self, sign)
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
            fn clamp(self, low: Self, high: Self) -> Self {
                Scalar::min(Scalar::max(self, low), high)
            }
            #[track_caller]
            fn atan2(self, other: Self) -> Self {
                Scalar::atan2(self, other)
            }
            #[track_caller]
            fn min_value() -> Option<Self> {
                <F as RealField>::min_value().map(Scalar::constant)
            }
            #[track_caller]
            fn max_value() -> Option<Self> {
                <F as RealField>::max_value().map(Scalar::constant)
            }
        }
    };
}
real_field! {
    pi two_pi frac_pi_2 frac_pi_3 frac_pi_4 frac_pi_6 frac_pi_8 frac_1_pi frac_2_pi frac_2_sqrt_pi e log2_e log10_e ln_2 ln_10
}
