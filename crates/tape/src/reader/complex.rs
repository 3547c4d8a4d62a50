//! Complex numbers, for one purpose: a derivative read off an imaginary part.
//!
//! With a step `i h` in a direction, `Im f(x + i h)/h` is the derivative of an analytic `f` but for `h²`, and nothing is
//! subtracted: `h` may be so small that its square is nothing (Squire and Trapp 1998). The functions here hold near the
//! real axis, on the branch that the real function is.

use std::f64::consts::PI;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::algebra::Args;
use crate::number::Number;
use crate::pointwise::{Arity, Pointwise, broadcast};
use crate::real::Real;
use crate::tensor::Tensor;

/// How an operation extends to complex arguments: what its file declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analytic {
    /// It does not, or nobody has said so.
    No,
    /// Its formula holds as it stands.
    Formula,
    /// It is linear in all arguments of numbers together, so that real and imaginary parts go through it alone.
    Linear,
    /// It has two arguments of numbers and is linear in each.
    Bilinear,
    /// As the composition does that it declares: [`Op::composed`](crate::Op::composed).
    Composed,
}

/// Real and imaginary part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Complex {
    pub(crate) re: f64,
    pub(crate) im: f64,
}

/// What has no formula here. An operation that declares itself analytic must not meet it; a test holds that.
const UNDEFINED: Complex = Complex { re: f64::NAN, im: f64::NAN };

impl Complex {
    fn new(re: f64, im: f64) -> Self {
        Complex { re, im }
    }

    fn real(re: f64) -> Self {
        Complex { re, im: 0.0 }
    }

    fn square(self) -> Self {
        self * self
    }
}

impl Add for Complex {
    type Output = Self;
    fn add(self, b: Self) -> Self {
        Complex::new(self.re + b.re, self.im + b.im)
    }
}

impl Sub for Complex {
    type Output = Self;
    fn sub(self, b: Self) -> Self {
        Complex::new(self.re - b.re, self.im - b.im)
    }
}

impl Mul for Complex {
    type Output = Self;
    fn mul(self, b: Self) -> Self {
        Complex::new(self.re * b.re - self.im * b.im, self.re * b.im + self.im * b.re)
    }
}

impl Div for Complex {
    type Output = Self;
    /// By the larger part of the divisor, so that no square overflows (Smith 1962).
    fn div(self, b: Self) -> Self {
        if b.re.abs() >= b.im.abs() {
            let r = b.im / b.re;
            let d = b.re + b.im * r;
            Complex::new((self.re + self.im * r) / d, (self.im - self.re * r) / d)
        } else {
            let r = b.re / b.im;
            let d = b.re * r + b.im;
            Complex::new((self.re * r + self.im) / d, (self.im * r - self.re) / d)
        }
    }
}

impl Neg for Complex {
    type Output = Self;
    fn neg(self) -> Self {
        Complex::new(-self.re, -self.im)
    }
}

macro_rules! beside_number {
    ($($op:ident $method:ident)*) => { $(
        impl $op<f64> for Complex {
            type Output = Self;
            fn $method(self, c: f64) -> Self {
                self.$method(Complex::real(c))
            }
        }
    )* };
}
beside_number! { Add add Sub sub Mul mul Div div }

impl Real for Complex {
    type Mask = bool;

    fn number(self, value: f64) -> Self {
        Complex::real(value)
    }
    fn exp(self) -> Self {
        let r = self.re.exp();
        Complex::new(r * self.im.cos(), r * self.im.sin())
    }
    fn ln(self) -> Self {
        if self.re < 0.0 && self.im == 0.0 {
            return UNDEFINED;
        }
        Complex::new(self.re.hypot(self.im).ln(), self.im.atan2(self.re))
    }
    fn sqrt(self) -> Self {
        if self.re < 0.0 && self.im == 0.0 {
            return UNDEFINED;
        }
        let size = self.re.hypot(self.im);
        if size == 0.0 {
            return Complex::real(0.0);
        }
        let r = ((size + self.re.abs()) / 2.0).sqrt();
        let other = self.im / (2.0 * r);
        if self.re >= 0.0 { Complex::new(r, other) } else { Complex::new(other.abs(), r.copysign(self.im)) }
    }
    fn sin(self) -> Self {
        Complex::new(self.re.sin() * self.im.cosh(), self.re.cos() * self.im.sinh())
    }
    fn cos(self) -> Self {
        Complex::new(self.re.cos() * self.im.cosh(), -self.re.sin() * self.im.sinh())
    }
    fn sinh(self) -> Self {
        Complex::new(self.re.sinh() * self.im.cos(), self.re.cosh() * self.im.sin())
    }
    fn cosh(self) -> Self {
        Complex::new(self.re.cosh() * self.im.cos(), self.re.sinh() * self.im.sin())
    }
    fn polygamma(self, _order: u32) -> Self {
        UNDEFINED
    }
    fn floor(self) -> Self {
        UNDEFINED
    }
    /// Abramowitz and Stegun 7.1.29.
    fn erf(self) -> Self {
        let (x, y) = (self.re, self.im);
        let phase = 2.0 * x * y;
        let (near_re, near_im) = match x == 0.0 {
            true => (0.0, y / PI),
            false => (2.0 * (x * y).sin().powi(2) / (2.0 * PI * x), phase.sin() / (2.0 * PI * x)),
        };
        let (mut re, mut im) = (near_re, near_im);
        for n in 1..=16 {
            let n = f64::from(n);
            let weight = 2.0 / PI * (-n * n / 4.0).exp() / (n * n + 4.0 * x * x);
            let (grows, turns) = ((n * y).cosh(), (n * y).sinh());
            re += weight * (2.0 * x - 2.0 * x * grows * phase.cos() + n * turns * phase.sin());
            im += weight * (2.0 * x * grows * phase.sin() + n * turns * phase.cos());
        }
        let bell = (-x * x).exp();
        Complex::new(libm::erf(x) + bell * re, bell * im)
    }
    fn erfc(self) -> Self {
        let y = self.erf();
        Complex::new(libm::erfc(self.re), -y.im)
    }
    fn sigmoid(self) -> Self {
        // exp of a number that is not positive cannot overflow
        let e = if self.re >= 0.0 { (-self).exp() } else { self.exp() };
        let one = Complex::real(1.0);
        (if self.re >= 0.0 { one } else { e }) / (one + e)
    }
    fn pow(self, exponent: Self) -> Self {
        let whole = exponent.im == 0.0 && exponent.re.fract() == 0.0;
        if whole && exponent.re.abs() <= 64.0 {
            return self.powi(exponent.re as i32);
        }
        if self.re < 0.0 {
            // to the left of 0 only whole powers are real
            let sign = if exponent.re.rem_euclid(2.0) == 0.0 { 1.0 } else { -1.0 };
            return if whole { (-self).pow(exponent) * sign } else { UNDEFINED };
        }
        if self.re == 0.0 && self.im == 0.0 {
            return if exponent.re > 0.0 { self } else { UNDEFINED };
        }
        (exponent * self.ln()).exp()
    }
    fn powf(self, exponent: f64) -> Self {
        self.pow(Complex::real(exponent))
    }
    fn chain(self, derivative: Self) -> Self {
        let is_zero = |z: Complex| z.re == 0.0 && z.im == 0.0;
        let is_nan = self.re.is_nan() || self.im.is_nan();
        if is_zero(self) {
            self
        } else if is_zero(derivative) && !is_nan {
            derivative
        } else {
            self * derivative
        }
    }
    fn lt(self, other: Self) -> bool {
        self.re < other.re
    }
    fn le(self, other: Self) -> bool {
        self.re <= other.re
    }
    fn eq(self, other: Self) -> bool {
        self.re == other.re
    }
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}

impl Number for Complex {
    fn exp_m1(self) -> Self {
        // exp(x)(cos y − 1) + exp(x) − 1
        let turned = -2.0 * (0.5 * self.im).sin().powi(2);
        Complex::new(self.re.exp() * turned + self.re.exp_m1(), self.re.exp() * self.im.sin())
    }
    fn ln_1p(self) -> Self {
        let size = 0.5 * (self.re * (2.0 + self.re) + self.im * self.im).ln_1p();
        // where the square overflows 1 is nothing
        let size = if size.is_finite() { size } else { self.re.hypot(self.im).ln() };
        Complex::new(size, self.im.atan2(1.0 + self.re))
    }
    fn tan(self) -> Self {
        self.sin() / self.cos()
    }
    fn tanh(self) -> Self {
        // (tanh x + i tan y) / (1 + i tanh x tan y), with 1 − tanh² x = 1/cosh² x
        let (t, turned, slope) = (self.re.tanh(), self.im.tan(), (1.0 / self.re.cosh()).powi(2));
        let d = 1.0 + t * t * turned * turned;
        Complex::new(t * (1.0 + turned * turned) / d, turned * slope / d)
    }
    fn exp2(self) -> Self {
        let (r, turn) = (self.re.exp2(), self.im * std::f64::consts::LN_2);
        Complex::new(r * turn.cos(), r * turn.sin())
    }
    fn log2(self) -> Self {
        self.ln() / std::f64::consts::LN_2
    }
    fn log10(self) -> Self {
        self.ln() / std::f64::consts::LN_10
    }
    fn cbrt(self) -> Self {
        if self.re < 0.0 {
            return -(-self).cbrt();
        }
        (self.ln() / 3.0).exp()
    }
    fn asin(self) -> Self {
        if self.re.abs() > 1.0 {
            return UNDEFINED;
        }
        // asin z = atan(z/√(1 − z²))
        let cosine = ((-self + 1.0) * (self + 1.0)).sqrt();
        self.atan2(cosine)
    }
    fn acos(self) -> Self {
        if self.re.abs() > 1.0 {
            return UNDEFINED;
        }
        let sine = ((-self + 1.0) * (self + 1.0)).sqrt();
        sine.atan2(self)
    }
    fn atan(self) -> Self {
        self.atan2(Complex::real(1.0))
    }
    /// `−i/2 · ln((x + i y)/(x − i y))`, whose real part is the angle of the real parts but for the square of the step.
    fn atan2(self, x: Self) -> Self {
        // |x + i y|² − |x − i y|² is 4 (Im x · Re y − Re x · Im y), without subtracting what is nearly equal.
        let apart = 4.0 * (x.im * self.re - x.re * self.im);
        let below = (x.re + self.im).powi(2) + (x.im - self.re).powi(2);
        Complex::new(self.re.atan2(x.re), -0.25 * (apart / below).ln_1p())
    }
    fn asinh(self) -> Self {
        if self.re < 0.0 {
            return -(-self).asinh();
        }
        (self + (self.square() + 1.0).sqrt()).ln()
    }
    fn acosh(self) -> Self {
        if self.re < 1.0 {
            return UNDEFINED;
        }
        (self + ((self - 1.0).sqrt() * (self + 1.0).sqrt())).ln()
    }
    fn atanh(self) -> Self {
        if self.re.abs() >= 1.0 {
            return UNDEFINED;
        }
        (self.ln_1p() - (-self).ln_1p()) / 2.0
    }
    fn erfinv(self) -> Self {
        UNDEFINED
    }
    fn lgamma(self) -> Self {
        UNDEFINED
    }
    fn ceil(self) -> Self {
        UNDEFINED
    }
    fn round(self) -> Self {
        UNDEFINED
    }
    fn trunc(self) -> Self {
        UNDEFINED
    }
    fn fmod(self, _divisor: Self) -> Self {
        UNDEFINED
    }
    fn hypot(self, other: Self) -> Self {
        (self.square() + other.square()).sqrt()
    }
    fn abs(self) -> Self {
        if self.re >= 0.0 { self } else { -self }
    }
    fn powi(self, n: i32) -> Self {
        let (mut power, mut base, mut left) = (Complex::real(1.0), self, n.unsigned_abs());
        while left > 0 {
            power = if left % 2 == 1 { power * base } else { power };
            base = base.square();
            left /= 2;
        }
        if n < 0 { Complex::real(1.0) / power } else { power }
    }
}

/// A pointwise operation on complex numbers, by its formula.
pub(crate) fn pointwise<P: Pointwise>(
    op: &P,
    re: Args<'_, Tensor<f64>>,
    im: Args<'_, Tensor<f64>>,
) -> Option<[Tensor<f64>; 2]> {
    each(re, im, &|x| op.eval(P::Arity::from_fn(|k| x[k])))
}

/// [`pointwise`], compiled once and not for each operation.
fn each(
    re: Args<'_, Tensor<f64>>,
    im: Args<'_, Tensor<f64>>,
    f: &dyn Fn(&[Complex]) -> Complex,
) -> Option<[Tensor<f64>; 2]> {
    let (shape, x) = spread(re, im)?;
    let y = (0..shape.len_elements()).map(|i| f(&x.iter().map(|x| x[i]).collect::<Vec<_>>()));
    let (y_re, y_im) = y.map(|y| (y.re, y.im)).unzip();
    Some([Tensor::new(&shape, y_re), Tensor::new(&shape, y_im)])
}

/// The arguments broadcast to their common shape.
fn spread(re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<(crate::Shape, Vec<Vec<Complex>>)> {
    let shapes: Vec<&crate::Shape> = (0..re.len()).map(|k| Tensor::shape(&re[k])).collect();
    let shape = broadcast("complex", &shapes).ok()?;
    let spread = |x: &Tensor<f64>| -> Vec<f64> {
        use crate::ops::BroadcastToExt;
        x.broadcast_to(&shape).data().to_vec()
    };
    let of = |k: usize| spread(&re[k]).into_iter().zip(spread(&im[k])).map(|(re, im)| Complex { re, im }).collect();
    let x = (0..re.len()).map(of).collect();
    Some((shape, x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions of the registry's numbers, each on complex numbers as on real ones, and with its derivative on the
    /// imaginary part.
    #[test]
    fn functions_continue_the_real_ones() {
        type Row = (&'static str, fn(Complex) -> Complex, fn(f64) -> f64, fn(f64) -> f64, &'static [f64]);
        let all: &[f64] = &[-3.0, -0.7, 0.4, 1.9, 8.0];
        let positive: &[f64] = &[1e-9, 0.3, 1.0, 7.0, 1e9];
        let table: &[Row] = &[
            ("exp", Real::exp, f64::exp, f64::exp, all),
            ("ln", Real::ln, f64::ln, |x| 1.0 / x, positive),
            ("sqrt", Real::sqrt, f64::sqrt, |x| 0.5 / x.sqrt(), positive),
            ("sin", Real::sin, f64::sin, f64::cos, all),
            ("cos", Real::cos, f64::cos, |x| -x.sin(), all),
            ("erf", Real::erf, libm::erf, |x| 2.0 / PI.sqrt() * (-x * x).exp(), all),
            ("exp_m1", Number::exp_m1, f64::exp_m1, f64::exp, all),
            ("ln_1p", Number::ln_1p, f64::ln_1p, |x| 1.0 / (1.0 + x), positive),
            ("tan", Number::tan, f64::tan, |x| 1.0 + x.tan().powi(2), all),
            ("tanh", Number::tanh, f64::tanh, |x| 1.0 / x.cosh().powi(2), all),
            ("sinh", Real::sinh, f64::sinh, f64::cosh, all),
            ("cosh", Real::cosh, f64::cosh, f64::sinh, all),
            ("exp2", Number::exp2, f64::exp2, |x| x.exp2() * 2f64.ln(), all),
            ("log2", Number::log2, f64::log2, |x| 1.0 / (x * 2f64.ln()), positive),
            ("log10", Number::log10, f64::log10, |x| 1.0 / (x * 10f64.ln()), positive),
            ("cbrt", Number::cbrt, f64::cbrt, |x| 1.0 / (3.0 * x.cbrt().powi(2)), all),
            ("asin", Number::asin, f64::asin, |x| 1.0 / (1.0 - x * x).sqrt(), &[-0.7, 0.0, 0.4]),
            ("acos", Number::acos, f64::acos, |x| -1.0 / (1.0 - x * x).sqrt(), &[-0.7, 0.0, 0.4]),
            ("atan", Number::atan, f64::atan, |x| 1.0 / (1.0 + x * x), all),
            ("asinh", Number::asinh, f64::asinh, |x| 1.0 / (1.0 + x * x).sqrt(), all),
            ("acosh", Number::acosh, f64::acosh, |x| 1.0 / (x * x - 1.0).sqrt(), &[1.5, 7.0]),
            ("atanh", Number::atanh, f64::atanh, |x| 1.0 / (1.0 - x * x), &[-0.7, 0.1, 0.9]),
            ("erfc", Real::erfc, libm::erfc, |x| -2.0 / PI.sqrt() * (-x * x).exp(), all),
            ("power", |z| z.powf(1.7), |x| x.powf(1.7), |x| 1.7 * x.powf(0.7), positive),
            ("whole power", |z| z.powf(-3.0), |x| x.powi(-3), |x| -3.0 * x.powi(-4), all),
            ("large whole power", |z| z.powf(71.0), |x| x.powi(71), |x| 71.0 * x.powi(70), &[-1.1, 0.9]),
        ];
        let h = 2f64.powi(-100);
        let mut failures = String::new();
        for (name, on_complex, on_real, derivative, points) in table {
            for x in *points {
                let y = on_complex(Complex::new(*x, h));
                let near = |a: f64, b: f64| (a - b).abs() <= 4e-13 * b.abs();
                if !near(y.re, on_real(*x)) || !near(y.im / h, derivative(*x)) {
                    failures += &format!("{name} at {x}: {y:?} for {} and {}\n", on_real(*x), derivative(*x));
                }
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }
}
