//! Numbers that a formula is evaluated on.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::rule::real::Real;
use crate::rule::special;
use crate::tensor::float::Float;

/// What the forward formula of a pointwise operation may use: arithmetic, choices and the functions that every number
/// type computes natively. A derivative may use the fewer functions of [`Real`], since it must also be recordable.
pub trait Number: Real {
    /// `exp(x) − 1`, accurate near 0.
    fn exp_m1(self) -> Self;
    /// `ln(1 + x)`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// `2ˣ`
    fn exp2(self) -> Self;
    /// The logarithm to base 2.
    fn log2(self) -> Self;
    /// The logarithm to base 10.
    fn log10(self) -> Self;
    /// The cube root, of negative numbers too.
    fn cbrt(self) -> Self;
    /// The tangent.
    fn tan(self) -> Self;
    /// The angle in [−π/2, π/2] with this sine.
    fn asin(self) -> Self;
    /// The angle in [0, π] with this cosine.
    fn acos(self) -> Self;
    /// The angle in [−π/2, π/2] with this tangent.
    fn atan(self) -> Self;
    /// The angle of the point `(x, self)`, in [−π, π].
    fn atan2(self, x: Self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The inverse of the hyperbolic sine.
    fn asinh(self) -> Self;
    /// The inverse of the hyperbolic cosine that is not negative.
    fn acosh(self) -> Self;
    /// The inverse of the hyperbolic tangent.
    fn atanh(self) -> Self;
    /// The inverse of the error function.
    fn erfinv(self) -> Self;
    /// The logarithm of `|Γ(x)|`.
    fn lgamma(self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// The smallest whole number that is not smaller.
    fn ceil(self) -> Self;
    /// The nearest whole number; of two, the even one.
    fn round(self) -> Self;
    /// The whole number that is nearest towards 0.
    fn trunc(self) -> Self;
    /// What is left of a division whose quotient is rounded towards 0.
    fn fmod(self, divisor: Self) -> Self;
    /// `√(a² + b²)`, without overflow.
    fn hypot(self, other: Self) -> Self;
    /// `x` to a whole power.
    fn powi(self, n: i32) -> Self;
    /// This number where the mask holds, as it nearly always does, else what `rarely` gives. Where many numbers are read as one, that is
    /// asked only if it is needed for one of them.
    fn unless(mask: Self::Mask, usual: Self, rarely: impl FnOnce() -> Self) -> Self {
        Self::select(mask, usual, rarely())
    }
}

/// A float as a [`Number`]: the wrapper carries arithmetic with `f64` constants, which bare `f32` cannot have.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
#[repr(transparent)]
pub struct Num<F>(pub F);

macro_rules! arithmetic {
    ($($op:ident $method:ident)*) => { $(
        impl<F: Float> $op for Num<F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: Self) -> Self {
                Num(self.0.$method(rhs.0))
            }
        }
        impl<F: Float> $op<f64> for Num<F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, rhs: f64) -> Self {
                Num(self.0.$method(parameter(rhs)))
            }
        }
    )* };
}
arithmetic! { Add add Sub sub Mul mul Div div }

/// A parameter of a formula in `F`. One that is too small or too large for it is the nearest that is, as it is itself, neither 0 nor
/// infinite: a formula may divide by it.
#[inline(always)]
fn parameter<F: Float>(x: f64) -> F {
    let nearest = F::from_f64(x);
    let end = match nearest {
        n if n == F::zero() && x != 0.0 => F::min_positive_value(),
        n if num_traits::Float::is_infinite(n) && x.is_finite() => F::max_value(),
        n => return n,
    };
    if x < 0.0 { -end } else { end }
}

impl<F: Float> Neg for Num<F> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Num(-self.0)
    }
}

macro_rules! native {
    ($($method:ident)*) => { $(
        #[inline(always)]
        fn $method(self) -> Self {
            Num(num_traits::Float::$method(self.0))
        }
    )* };
}

impl<F: Float> Real for Num<F> {
    type Mask = bool;
    native! { exp ln sqrt sin cos sinh cosh floor }
    #[inline(always)]
    fn chain(self, derivative: Self) -> Self {
        let product = self * derivative;
        let zero = F::zero();
        // 0 absorbs an infinite derivative or NaN, and a derivative of 0 an infinite number, but not NaN.
        let absorbed = self.0 == zero || derivative.0 == zero && !num_traits::Float::is_nan(self.0);
        if absorbed { Num(zero) } else { product }
    }
    #[inline(always)]
    fn number(self, value: f64) -> Self {
        Num(parameter(value))
    }
    #[inline(always)]
    fn erf(self) -> Self {
        Num(self.0.erf())
    }
    #[inline(always)]
    fn erfc(self) -> Self {
        Num(self.0.erfc())
    }
    fn polygamma(self, order: u32) -> Self {
        Num(F::from_f64(special::polygamma(order, self.0.to_f64())))
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        // exp of a number that is not positive cannot overflow
        let e = num_traits::Float::exp(-num_traits::Float::abs(self.0));
        let one = F::one();
        Num(if self.0 >= F::zero() { one } else { e } / (one + e))
    }
    #[inline(always)]
    fn pow(self, exponent: Self) -> Self {
        Num(num_traits::Float::powf(self.0, exponent.0))
    }
    #[inline(always)]
    fn powf(self, exponent: f64) -> Self {
        Num(num_traits::Float::powf(self.0, parameter(exponent)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self.0 < other.0
    }
    #[inline(always)]
    fn le(self, other: Self) -> bool {
        self.0 <= other.0
    }
    #[inline(always)]
    fn eq(self, other: Self) -> bool {
        self.0 == other.0
    }
    #[inline(always)]
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}

impl<F: Float> Number for Num<F> {
    native! { exp_m1 ln_1p exp2 log2 log10 cbrt tan asin acos atan tanh abs ceil trunc }
    #[inline(always)]
    fn atan2(self, x: Self) -> Self {
        Num(num_traits::Float::atan2(self.0, x.0))
    }
    #[inline(always)]
    fn asinh(self) -> Self {
        let size = num_traits::Float::abs(self.0);
        // for a number so large that 1 is nothing beside it, √(x² + 1) = x, and the sum may overflow
        let far = num_traits::Float::ln(size) + F::LN_2();
        let y = if size > F::from_f64(1e15) { far } else { num_traits::Float::asinh(size) };
        Num(y.copysign(self.0))
    }
    #[inline(always)]
    fn atanh(self) -> Self {
        // of the absolute value, since 1 + x loses the digits of a number near −1
        let size = num_traits::Float::abs(self.0);
        let half = F::from_f64(0.5);
        let y = num_traits::Float::ln_1p((size + size) / (F::one() - size)) * half;
        Num(y.copysign(self.0))
    }
    #[inline(always)]
    fn acosh(self) -> Self {
        // ln(x + √(x² − 1)), as that of 1 and what is above it, which keeps its digits near 1
        let above = self.0 - F::one();
        let root = num_traits::Float::sqrt(above) * num_traits::Float::sqrt(self.0 + F::one());
        let near = num_traits::Float::ln_1p(above + root);
        // for a number so large that 1 is nothing beside it, √(x² − 1) = x, and the sum may overflow
        let far = num_traits::Float::ln(self.0) + F::LN_2();
        Num(if self.0 > F::from_f64(1e15) { far } else { near })
    }
    fn erfinv(self) -> Self {
        Num(F::from_f64(special::inverse_error(self.0.to_f64())))
    }
    #[inline(always)]
    fn lgamma(self) -> Self {
        Num(self.0.lgamma())
    }
    #[inline(always)]
    fn round(self) -> Self {
        Num(self.0.round_even())
    }
    #[inline(always)]
    fn fmod(self, divisor: Self) -> Self {
        Num(self.0 % divisor.0)
    }
    #[inline(always)]
    fn hypot(self, other: Self) -> Self {
        Num(num_traits::Float::hypot(self.0, other.0))
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        Num(num_traits::Float::powi(self.0, n))
    }
}

/// A number and its directional derivative, `value + slope·ε` with `ε² = 0`: how a derivative formula on tensors gets
/// its own tangent in one pass.
#[derive(Clone, Copy, Debug)]
pub struct DualNumber<F> {
    /// The number.
    pub value: Num<F>,
    /// Its tangent.
    pub tangent: Num<F>,
}

impl<F: Float> DualNumber<F> {
    /// A function's value beside its derivative times the tangent.
    #[inline(always)]
    fn chain(self, value: Num<F>, derivative: Num<F>) -> Self {
        DualNumber { value, tangent: self.tangent.chain(derivative) }
    }
}

impl<F: Float> Add for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        DualNumber { value: self.value + b.value, tangent: self.tangent + b.tangent }
    }
}
impl<F: Float> Sub for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self + -b
    }
}
impl<F: Float> Mul for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        let tangent = self.tangent.chain(b.value) + b.tangent.chain(self.value);
        DualNumber { value: self.value * b.value, tangent }
    }
}
impl<F: Float> Div for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        let by_divisor = b.tangent.chain(-value / b.value);
        DualNumber { value, tangent: self.tangent.chain(b.value.number(1.0) / b.value) + by_divisor }
    }
}
impl<F: Float> Neg for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        DualNumber { value: -self.value, tangent: -self.tangent }
    }
}
macro_rules! dual_beside_number {
    ($($op:ident $method:ident)*) => { $(
        impl<F: Float> $op<f64> for DualNumber<F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                let c = self.number(c);
                self.$method(c)
            }
        }
    )* };
}
dual_beside_number! { Add add Sub sub Mul mul Div div }

impl<F: Float> Real for DualNumber<F> {
    type Mask = bool;
    #[inline(always)]
    fn chain(self, derivative: Self) -> Self {
        let tangent = self.tangent.chain(derivative.value) + self.value.chain(derivative.tangent);
        DualNumber { value: self.value.chain(derivative.value), tangent }
    }
    #[inline(always)]
    fn number(self, value: f64) -> Self {
        DualNumber { value: self.value.number(value), tangent: self.value.number(0.0) }
    }
    fn exp(self) -> Self {
        let y = self.value.exp();
        self.chain(y, y)
    }
    fn ln(self) -> Self {
        self.chain(self.value.ln(), self.value.number(1.0) / self.value)
    }
    fn sqrt(self) -> Self {
        let y = self.value.sqrt();
        self.chain(y, self.value.number(0.5) / y)
    }
    fn sin(self) -> Self {
        self.chain(self.value.sin(), self.value.cos())
    }
    fn cos(self) -> Self {
        self.chain(self.value.cos(), -self.value.sin())
    }
    fn sinh(self) -> Self {
        self.chain(self.value.sinh(), self.value.cosh())
    }
    fn cosh(self) -> Self {
        self.chain(self.value.cosh(), self.value.sinh())
    }
    fn polygamma(self, order: u32) -> Self {
        self.chain(self.value.polygamma(order), self.value.polygamma(order.checked_add(1).unwrap_or(u32::MAX - 1)))
    }
    fn floor(self) -> Self {
        DualNumber { value: self.value.floor(), tangent: self.value.number(0.0) }
    }
    fn erf(self) -> Self {
        let slope = (-(self.value * self.value)).exp() * std::f64::consts::FRAC_2_SQRT_PI;
        self.chain(self.value.erf(), slope)
    }
    fn erfc(self) -> Self {
        let slope = (-(self.value * self.value)).exp() * -std::f64::consts::FRAC_2_SQRT_PI;
        self.chain(self.value.erfc(), slope)
    }
    fn sigmoid(self) -> Self {
        let y = self.value.sigmoid();
        self.chain(y, y * (-y + 1.0))
    }
    fn pow(self, exponent: Self) -> Self {
        let (x, p) = (self.value, exponent.value);
        let y = x.pow(p);
        let zero = x.number(0.0);
        // Where the exponent is 0 the base does not matter; where the base is 0 its logarithm is not taken.
        let by_base = if p.eq(zero) { zero } else { p * x.pow(p - 1.0) };
        let by_exponent = if x.eq(zero) { zero } else { y * x.ln() };
        DualNumber { value: y, tangent: self.tangent.chain(by_base) + exponent.tangent.chain(by_exponent) }
    }
    fn powf(self, exponent: f64) -> Self {
        let x = self.value;
        let slope = if exponent == 0.0 { x.number(0.0) } else { x.powf(exponent - 1.0) * exponent };
        self.chain(x.powf(exponent), slope)
    }
    fn lt(self, other: Self) -> bool {
        self.value.lt(other.value)
    }
    fn le(self, other: Self) -> bool {
        self.value.le(other.value)
    }
    fn eq(self, other: Self) -> bool {
        self.value.eq(other.value)
    }
    #[inline(always)]
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}
