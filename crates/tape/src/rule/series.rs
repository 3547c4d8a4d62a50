//! Truncated power series, as numbers in the formulas of operations.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::rule::number::Num;
use crate::rule::pointwise::{Arity, Pointwise};
use crate::rule::real::Real;

/// The highest order of a series.
pub(crate) const MOST: usize = 32;

/// The first coefficients of a power series in a variable `t`: `c₀ + c₁ t + c₂ t² + …`, up to its order.
///
/// It is a number in a derivative formula: with the derivative of an operation as a series, the operation's value is one,
/// since `y′ = Σ ∂y/∂xₖ · xₖ′` gives each coefficient of `y` from lower ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series {
    coefficients: [f64; MOST + 1],
    order: usize,
}

impl Series {
    pub(crate) fn constant(value: f64, order: usize) -> Self {
        let mut coefficients = [0.0; MOST + 1];
        coefficients[0] = value;
        Series { coefficients, order }
    }

    /// The series of the variable at a value: `value + t`.
    pub(crate) fn variable(value: f64, order: usize) -> Self {
        let mut series = Series::constant(value, order);
        if order > 0 {
            series.coefficients[1] = 1.0;
        }
        series
    }

    /// The coefficients, constant first.
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients[..=self.order]
    }

    fn value(&self) -> f64 {
        self.coefficients[0]
    }

    /// The series cut off beyond an order.
    fn up_to(mut self, order: usize) -> Self {
        self.order = order.min(self.order);
        self.coefficients[self.order + 1..].fill(0.0);
        self
    }

    /// Coefficient `k` of the product of this series with the derivative of another.
    fn times_derivative(&self, other: &Series, k: usize) -> f64 {
        (0..=k).map(|j| self.coefficients[k - j] * (j + 1) as f64 * other.coefficients[j + 1]).sum()
    }

    /// A function of this series, from its value and its derivative, which may depend on what is known of the function.
    fn integral(self, value: f64, derivative: impl Fn(Series, Series) -> Series) -> Self {
        let mut y = Series::constant(value, self.order);
        for k in 0..self.order {
            let slope = derivative(self.up_to(k), y.up_to(k));
            y.coefficients[k + 1] = slope.times_derivative(&self, k) / (k + 1) as f64;
        }
        y
    }

    /// Sine and cosine, each of which is the other's derivative.
    fn sin_cos(self) -> (Series, Series) {
        let (s, c) = self.value().sin_cos();
        let (mut s, mut c) = (Series::constant(s, self.order), Series::constant(c, self.order));
        for k in 0..self.order {
            let n = (k + 1) as f64;
            (s.coefficients[k + 1], c.coefficients[k + 1]) =
                (c.times_derivative(&self, k) / n, -s.times_derivative(&self, k) / n);
        }
        (s, c)
    }

    /// Hyperbolic sine and cosine, each of which is the other's derivative.
    fn sinh_cosh(self) -> (Series, Series) {
        let x = self.value();
        let (mut s, mut c) = (Series::constant(x.sinh(), self.order), Series::constant(x.cosh(), self.order));
        for k in 0..self.order {
            let n = (k + 1) as f64;
            (s.coefficients[k + 1], c.coefficients[k + 1]) =
                (c.times_derivative(&self, k) / n, s.times_derivative(&self, k) / n);
        }
        (s, c)
    }

    /// A whole power, by repeated squaring, which needs no logarithm.
    fn whole_power(self, n: i64) -> Self {
        let one = Series::constant(1.0, self.order);
        let (mut base, mut left, mut y) = (self, n.unsigned_abs(), one);
        while left > 0 {
            if left & 1 == 1 {
                y = y * base;
            }
            base = base * base;
            left >>= 1;
        }
        if n < 0 { one / y } else { y }
    }

    /// The value of an operation on series.
    pub(crate) fn apply<P: Pointwise>(op: &P, x: &[Series]) -> Series {
        let value = op.eval(P::Arity::from_fn(|k| Num(x[k].value()))).0;
        Series::composed(value, x, &|arg, k, y| match op.slope(arg) {
            Some(c) => Series::constant(c, k),
            None => op.partial(arg, P::Arity::from_fn(|j| x[j].up_to(k)), y),
        })
    }

    /// The series of a function with the given value of some series, from its derivative by argument `arg` up to power
    /// `k`, which may ask for the powers of the result below that.
    fn composed(value: f64, x: &[Series], slope: &dyn Fn(usize, usize, Series) -> Series) -> Series {
        let order = x.iter().map(|x| x.order).min().unwrap_or(0);
        let mut y = Series::constant(value, order);
        for k in 0..order {
            let mut sum = 0.0;
            for (arg, x) in x.iter().enumerate() {
                // What does not change has no part, whatever its derivative.
                if x.coefficients[1..=order].iter().any(|c| *c != 0.0) {
                    sum += slope(arg, k, y.up_to(k)).times_derivative(x, k);
                }
            }
            y.coefficients[k + 1] = sum / (k + 1) as f64;
        }
        y
    }
}

impl Neg for Series {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}
impl Add for Series {
    type Output = Self;
    fn add(mut self, b: Self) -> Self {
        self.order = self.order.min(b.order);
        self.coefficients.iter_mut().zip(&b.coefficients).for_each(|(a, b)| *a += b);
        self.up_to(self.order)
    }
}
impl Sub for Series {
    type Output = Self;
    fn sub(self, b: Self) -> Self {
        self + -b
    }
}
impl Mul for Series {
    type Output = Self;
    fn mul(self, b: Self) -> Self {
        let order = self.order.min(b.order);
        let mut y = Series::constant(0.0, order);
        for k in 0..=order {
            y.coefficients[k] = (0..=k).map(|j| self.coefficients[j] * b.coefficients[k - j]).sum();
        }
        y
    }
}
impl Div for Series {
    type Output = Self;
    fn div(self, b: Self) -> Self {
        let order = self.order.min(b.order);
        let mut y = Series::constant(0.0, order);
        for k in 0..=order {
            let known: f64 = (0..k).map(|j| y.coefficients[j] * b.coefficients[k - j]).sum();
            y.coefficients[k] = (self.coefficients[k] - known) / b.value();
        }
        y
    }
}
impl Add<f64> for Series {
    type Output = Self;
    fn add(mut self, c: f64) -> Self {
        self.coefficients[0] += c;
        self
    }
}
impl Sub<f64> for Series {
    type Output = Self;
    fn sub(self, c: f64) -> Self {
        self + -c
    }
}
impl Mul<f64> for Series {
    type Output = Self;
    fn mul(mut self, c: f64) -> Self {
        self.coefficients.iter_mut().for_each(|a| *a *= c);
        self
    }
}
impl Div<f64> for Series {
    type Output = Self;
    fn div(mut self, c: f64) -> Self {
        self.coefficients.iter_mut().for_each(|a| *a /= c);
        self
    }
}

impl Real for Series {
    type Mask = bool;

    fn chain(self, derivative: Self) -> Self {
        let is_zero = |series: &Series| series.coefficients.iter().all(|c| *c == 0.0);
        let is_nan = self.coefficients.iter().any(|c| c.is_nan());
        match (is_zero(&self), is_zero(&derivative) && !is_nan) {
            (true, _) => self,
            (_, true) => derivative,
            _ => self * derivative,
        }
    }
    fn number(self, value: f64) -> Self {
        Series::constant(value, self.order)
    }
    fn exp(self) -> Self {
        self.integral(self.value().exp(), |_, y| y)
    }
    fn ln(self) -> Self {
        self.integral(self.value().ln(), |x, _| x.number(1.0) / x)
    }
    fn sqrt(self) -> Self {
        self.integral(self.value().sqrt(), |_, y| y.number(0.5) / y)
    }
    fn sin(self) -> Self {
        self.sin_cos().0
    }
    fn cos(self) -> Self {
        self.sin_cos().1
    }
    fn sinh(self) -> Self {
        self.sinh_cosh().0
    }
    fn cosh(self) -> Self {
        self.sinh_cosh().1
    }
    fn floor(self) -> Self {
        self.number(self.value().floor())
    }
    fn polygamma(self, order: u32) -> Self {
        // The series about the value, whose derivatives are the next polygamma functions, of the series without it.
        let (x, mut moving) = (Num(self.value()), self);
        moving.coefficients[0] = 0.0;
        let (mut y, mut power) = (self.number(x.polygamma(order).0), self.number(1.0));
        for k in 1..=self.order as u32 {
            power = power * moving / f64::from(k);
            y = y + power * x.polygamma(order.saturating_add(k)).0;
        }
        y
    }
    fn erf(self) -> Self {
        self.integral(libm::erf(self.value()), |x, _| (-(x * x)).exp() * std::f64::consts::FRAC_2_SQRT_PI)
    }
    fn erfc(self) -> Self {
        self.integral(libm::erfc(self.value()), |x, _| (-(x * x)).exp() * -std::f64::consts::FRAC_2_SQRT_PI)
    }
    fn sigmoid(self) -> Self {
        self.integral(Num(self.value()).sigmoid().0, |_, y| y * (-y + 1.0))
    }
    fn pow(self, exponent: Self) -> Self {
        match exponent.coefficients[1..].iter().all(|c| *c == 0.0) {
            true => self.powf(exponent.value()),
            false => (self.ln() * exponent).exp(),
        }
    }
    fn powf(self, exponent: f64) -> Self {
        match exponent.fract() == 0.0 && exponent.abs() < 1e15 {
            true => self.whole_power(exponent as i64),
            false => self.integral(self.value().powf(exponent), |x, y| y / x * exponent),
        }
    }
    fn lt(self, other: Self) -> bool {
        self.value() < other.value()
    }
    fn le(self, other: Self) -> bool {
        self.value() <= other.value()
    }
    fn eq(self, other: Self) -> bool {
        self.value() == other.value()
    }
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}
