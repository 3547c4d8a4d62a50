//! Numbers that a formula is evaluated on.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::float::Float;
use crate::real::Real;

/// What the forward formula of a pointwise operation may use: arithmetic, choices and the functions that every number
/// type computes natively. A derivative may use the fewer functions of [`Real`], since it must also be recordable.
pub trait Number: Real {
    /// `exp(x) − 1`, accurate near 0.
    fn exp_m1(self) -> Self;
    /// `ln(1 + x)`, accurate near 0.
    fn ln_1p(self) -> Self;
    /// The tangent.
    fn tan(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The absolute value.
    fn abs(self) -> Self;
    /// `x` to a whole power.
    fn powi(self, n: i32) -> Self;
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
                Num(self.0.$method(F::from_f64(rhs)))
            }
        }
    )* };
}
arithmetic! { Add add Sub sub Mul mul Div div }

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
    native! { exp ln sqrt sin cos }
    #[inline(always)]
    fn chain(self, derivative: Self) -> Self {
        if self.0 == F::zero() { self } else { self * derivative }
    }
    #[inline(always)]
    fn number(self, value: f64) -> Self {
        Num(F::from_f64(value))
    }
    #[inline(always)]
    fn erf(self) -> Self {
        Num(self.0.erf())
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
        Num(num_traits::Float::powf(self.0, F::from_f64(exponent)))
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
    native! { exp_m1 ln_1p tan tanh abs }
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
        DualNumber { value, tangent: derivative * self.tangent }
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
        DualNumber { value: self.value * b.value, tangent: self.tangent * b.value + self.value * b.tangent }
    }
}
impl<F: Float> Div for DualNumber<F> {
    type Output = Self;
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        let value = self.value / b.value;
        DualNumber { value, tangent: (self.tangent - value * b.tangent) / b.value }
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
    fn erf(self) -> Self {
        let slope = (-(self.value * self.value)).exp() * std::f64::consts::FRAC_2_SQRT_PI;
        self.chain(self.value.erf(), slope)
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
        DualNumber { value: y, tangent: by_base * self.tangent + by_exponent * exponent.tangent }
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
