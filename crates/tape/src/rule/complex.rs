//! Complex numbers, for one purpose: a derivative read off an imaginary part.
//!
//! With a step `i h` in a direction, `Im f(x + i h)/h` is the derivative of an analytic `f` but for `h²`, and nothing is
//! subtracted: `h` may be so small that its square is nothing (Squire and Trapp 1998). The functions here hold on the whole
//! plane, on the principal branch (Kahan, "Branch cuts for complex elementary functions", 1987), but for the cube root, which
//! is that of the real function on each half plane, and for what is a choice of formulas by the real part.

use std::f64::consts::PI;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::rule::algebra::Args;
use crate::rule::number::Number;
use crate::rule::pointwise::{Arity, Pointwise, broadcast};
use crate::rule::real::Real;
use crate::tensor::Tensor;
use crate::tensor::float::power_of_two;

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

/// A product in which 0 is 0, however large the other factor: the sine of a real number is real.
fn part(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
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

    /// `√(1 − z)` and `√(1 + z)`, on the side of a cut that the sign of a zero says.
    fn roots_beside_one(self) -> (Self, Self) {
        (Complex::new(1.0 - self.re, -self.im).sqrt(), Complex::new(1.0 + self.re, self.im).sqrt())
    }

    /// `erf(x + i y) − erf(x)`: Abramowitz and Stegun 7.1.29, with as many terms as a large `y` needs, each of which is taken
    /// together with the factor `exp(−x²)` that it may overflow without.
    fn erf_beyond(self) -> Self {
        let (x, y) = (self.re, self.im);
        let phase = 2.0 * x * y;
        let (turn, wave) = phase.sin_cos();
        let bell = (-x * x).exp();
        let (near_re, near_im) = match x == 0.0 {
            true => (0.0, y / PI),
            false => ((x * y).sin().powi(2) / (PI * x), turn / (2.0 * PI * x)),
        };
        let (mut re, mut im) = (part(bell, near_re), part(bell, near_im));
        let terms = 16 + (2.0 * y.abs()).min(1e4) as i32;
        for n in 1..=terms {
            let n = f64::from(n);
            let weight = 2.0 / PI / (n * n + 4.0 * x * x);
            let middle = (-n * n / 4.0 - x * x).exp();
            // half of exp(±n y), with all that makes it small
            let up = 0.5 * (n * y.abs() - n * n / 4.0 - x * x).exp();
            let down = 0.5 * (-n * y.abs() - n * n / 4.0 - x * x).exp();
            // For a small y the two nearly cancel.
            let turns = match n * y.abs() < 1.0 {
                true => middle * (n * y).sinh(),
                false => (up - down).copysign(y),
            };
            let grows = up + down;
            re += weight * (2.0 * x * (middle - part(grows, wave)) + part(n * turns, turn));
            im += weight * (2.0 * x * part(grows, turn) + part(n * turns, wave));
        }
        Complex::new(re, im)
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
        Complex::new(r * self.im.cos(), part(r, self.im.sin()))
    }
    fn ln(self) -> Self {
        let size = self.re.hypot(self.im);
        // Near the unit circle the logarithm is small, and what it is of must not be rounded to 1.
        let near = (0.5..2.0).contains(&size);
        let (long, short) = (self.re.abs().max(self.im.abs()), self.re.abs().min(self.im.abs()));
        let log = if near { 0.5 * ((long - 1.0) * (long + 1.0) + short * short).ln_1p() } else { size.ln() };
        Complex::new(log, self.im.atan2(self.re))
    }
    fn sqrt(self) -> Self {
        let size = self.re.hypot(self.im);
        if size == 0.0 {
            return Complex::new(0.0, self.im);
        }
        let r = (size / 2.0 + self.re.abs() / 2.0).sqrt();
        let other = self.im / (2.0 * r);
        if self.re >= 0.0 { Complex::new(r, other) } else { Complex::new(other.abs(), r.copysign(self.im)) }
    }
    fn sin(self) -> Self {
        Complex::new(part(self.re.sin(), self.im.cosh()), part(self.re.cos(), self.im.sinh()))
    }
    fn cos(self) -> Self {
        Complex::new(part(self.re.cos(), self.im.cosh()), -part(self.re.sin(), self.im.sinh()))
    }
    fn sinh(self) -> Self {
        Complex::new(part(self.re.sinh(), self.im.cos()), part(self.re.cosh(), self.im.sin()))
    }
    fn cosh(self) -> Self {
        Complex::new(part(self.re.cosh(), self.im.cos()), part(self.re.sinh(), self.im.sin()))
    }
    fn polygamma(self, _order: u32) -> Self {
        UNDEFINED
    }
    fn floor(self) -> Self {
        UNDEFINED
    }
    fn erf(self) -> Self {
        let beyond = self.erf_beyond();
        Complex::new(libm::erf(self.re) + beyond.re, beyond.im)
    }
    fn erfc(self) -> Self {
        let beyond = self.erf_beyond();
        Complex::new(libm::erfc(self.re) - beyond.re, -beyond.im)
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
        if whole && self.re < 0.0 {
            // a whole power has no cut, and is real to the left of 0
            let sign = if exponent.re.rem_euclid(2.0) == 0.0 { 1.0 } else { -1.0 };
            return (-self).pow(exponent) * sign;
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
    /// Both parts: what is done at a number alone is not done beside it.
    fn eq(self, other: Self) -> bool {
        self.re == other.re && self.im == other.im
    }
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
}

impl Number for Complex {
    fn exp_m1(self) -> Self {
        // exp(x)(cos y − 1) + exp(x) − 1
        let turned = -2.0 * (0.5 * self.im).sin().powi(2);
        let r = self.re.exp();
        Complex::new(part(r, turned) + self.re.exp_m1(), part(r, self.im.sin()))
    }
    fn ln_1p(self) -> Self {
        let size = 0.5 * (self.re * (2.0 + self.re) + self.im * self.im).ln_1p();
        // where the square overflows 1 is nothing
        let size = if size.is_finite() { size } else { self.re.hypot(self.im).ln() };
        Complex::new(size, self.im.atan2(1.0 + self.re))
    }
    fn tan(self) -> Self {
        // tan z = −i tanh(i z), whose parts do not overflow
        let turned = Complex::new(-self.im, self.re).tanh();
        Complex::new(turned.im, -turned.re)
    }
    fn tanh(self) -> Self {
        // (tanh x + i tan y) / (1 + i tanh x tan y), with 1 − tanh² x = 1/cosh² x
        let (t, turned, slope) = (self.re.tanh(), self.im.tan(), (1.0 / self.re.cosh()).powi(2));
        let d = 1.0 + t * t * turned * turned;
        Complex::new(t * (1.0 + turned * turned) / d, turned * slope / d)
    }
    fn exp2(self) -> Self {
        let (r, turn) = (self.re.exp2(), self.im * std::f64::consts::LN_2);
        Complex::new(r * turn.cos(), part(r, turn.sin()))
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
        let (minus, plus) = self.roots_beside_one();
        let cross = minus.re * plus.im - minus.im * plus.re;
        Complex::new(self.re.atan2(minus.re * plus.re - minus.im * plus.im), cross.asinh())
    }
    fn acos(self) -> Self {
        let (minus, plus) = self.roots_beside_one();
        let cross = plus.re * minus.im - plus.im * minus.re;
        Complex::new(2.0 * minus.re.atan2(plus.re), cross.asinh())
    }
    fn atan(self) -> Self {
        // atan z = −i atanh(i z)
        let turned = Complex::new(-self.im, self.re).atanh();
        Complex::new(turned.im, -turned.re)
    }
    /// `−i/2 · ln((x + i y)/(x − i y))`, of all its values that which lies nearest to the angle of the real parts.
    fn atan2(self, x: Self) -> Self {
        // |x + i y|² − |x − i y|² is 4 (Im x · Re y − Re x · Im y), without subtracting what is nearly equal.
        let apart = 4.0 * (x.im * self.re - x.re * self.im);
        let below = (x.re + self.im).powi(2) + (x.im - self.re).powi(2);
        let arg = |im: f64, re: f64| im.atan2(re);
        let between = arg(x.im + self.re, x.re - self.im) - arg(-(self.re - x.im), x.re + self.im);
        let of_reals = self.re.atan2(x.re);
        let turns = ((of_reals - 0.5 * between) / PI).round();
        Complex::new(0.5 * between + turns * PI, -0.25 * (apart / below).ln_1p())
    }
    fn asinh(self) -> Self {
        // asinh z = −i asin(i z)
        let turned = Complex::new(-self.im, self.re).asin();
        Complex::new(turned.im, -turned.re)
    }
    fn acosh(self) -> Self {
        let minus = Complex::new(self.re - 1.0, self.im).sqrt();
        let plus = Complex::new(self.re + 1.0, self.im).sqrt();
        Complex::new((minus.re * plus.re + minus.im * plus.im).asinh(), 2.0 * minus.im.atan2(plus.re))
    }
    fn atanh(self) -> Self {
        if self.re < 0.0 {
            return -(-self).atanh();
        }
        let (x, y) = (self.re, self.im);
        let below = (1.0 - x).powi(2) + y * y;
        let size = x.hypot(y);
        // Where a square overflows, it is nearly 1/z, a quarter turn beside it.
        let re = if below.is_finite() { 0.25 * (4.0 * x / below).ln_1p() } else { x / size / size };
        let turn = if below.is_finite() { (2.0 * y).atan2((1.0 - x) * (1.0 + x) - y * y) } else { PI.copysign(y) };
        Complex::new(re, 0.5 * turn)
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
        let parts = [self.re, self.im, other.re, other.im];
        let largest = parts.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        if largest == 0.0 || !largest.is_finite() {
            return (self.square() + other.square()).sqrt();
        }
        // Nothing is rounded by it, and no square over- or underflows.
        let size = power_of_two(largest);
        let scaled = |z: Complex| Complex::new(z.re / size, z.im / size).square();
        let root = (scaled(self) + scaled(other)).sqrt();
        Complex::new(root.re * size, root.im * size)
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
fn spread(re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<(crate::shape::Shape, Vec<Vec<Complex>>)> {
    let shapes: Vec<&crate::shape::Shape> = (0..re.len()).map(|k| Tensor::shape(&re[k])).collect();
    let shape = broadcast("complex", &shapes).ok()?;
    let spread = |x: &Tensor<f64>| -> Vec<f64> {
        let steps = x.shape().steps_in(&shape);
        let place = |mut flat: usize| {
            let axes = shape.iter().zip(&steps).rev();
            axes.map(|(length, step)| (flat % length * step, flat /= length).0).sum::<usize>()
        };
        (0..shape.len_elements()).map(|flat| x.data()[place(flat)]).collect()
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
                // The square of the step is in the real part.
                let near = |a: f64, b: f64| (a - b).abs() <= 4e-13 * b.abs() + h * h;
                if !near(y.re, on_real(*x)) || !near(y.im / h, derivative(*x)) {
                    failures += &format!("{name} at {x}: {y:?} for {} and {}\n", on_real(*x), derivative(*x));
                }
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }
}
