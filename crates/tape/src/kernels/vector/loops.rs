//! The loops: one for each function.

use super::formulas;
use super::lane::Lane;
use super::{Binary, Unary};
use crate::rule::number::{Num, Number};
use crate::rule::real::Real;

/// `y[i] ← f(x[i])`
#[inline(always)]
fn map<F: Copy>(x: &[F], y: &mut [F], f: impl Fn(F) -> F) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = f(*x);
    }
}

/// [`map`], where `f` holds for most numbers and `slow` for all.
#[inline(always)]
fn map_where<F: Copy>(x: &[F], y: &mut [F], holds: impl Fn(F) -> bool, f: impl Fn(F) -> F, slow: impl Fn(F) -> F) {
    map(x, y, f);
    if x.iter().fold(false, |others, x| others | !holds(*x)) {
        for (y, x) in y.iter_mut().zip(x).filter(|(_, x)| !holds(**x)) {
            *y = slow(*x);
        }
    }
}

/// `y[i] ← f(a[i], b[i])`, where one of the operands may be a single number.
#[inline(always)]
fn zip<F: Copy>(a: &[F], b: &[F], y: &mut [F], f: impl Fn(F, F) -> F) {
    match (a, b) {
        ([a], b) => map(b, y, |b| f(*a, b)),
        (a, [b]) => map(a, y, |a| f(a, *b)),
        (a, b) => {
            for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
                *y = f(*a, *b);
            }
        }
    }
}

#[inline(always)]
pub(super) fn unary<F: Lane + Wide>(f: Unary, x: &[F], y: &mut [F]) {
    macro_rules! plain {
        ($method:ident) => {
            map(x, y, |x| Num(x).$method().0)
        };
    }
    match f {
        Unary::Neg => map(x, y, |x| -x),
        Unary::Abs => map(x, y, num_traits::Float::abs),
        Unary::Sqrt => map(x, y, num_traits::Float::sqrt),
        Unary::Exp => map(x, y, formulas::exp),
        Unary::ExpM1 => map_where(x, y, formulas::has_exp_m1, formulas::exp_m1, |x| Num(x).exp_m1().0),
        Unary::Ln => map_where(x, y, formulas::has_ln, formulas::ln, |x| Num(x).ln().0),
        Unary::Ln1p => map_where(x, y, formulas::has_ln_1p, formulas::ln_1p, |x| Num(x).ln_1p().0),
        Unary::Sigmoid => map(x, y, formulas::sigmoid),
        Unary::Tanh => map(x, y, formulas::tanh),
        Unary::Sin => map_where(
            x,
            y,
            |x| formulas::has_wave(x.wide()),
            |x| F::narrow(formulas::sin(x.wide())),
            |x| Num(x).sin().0,
        ),
        Unary::Cos => map_where(
            x,
            y,
            |x| formulas::has_wave(x.wide()),
            |x| F::narrow(formulas::cos(x.wide())),
            |x| Num(x).cos().0,
        ),
        Unary::Erf => map(x, y, |x| F::narrow(formulas::erf(x.wide()))),
        Unary::Erfc => map(x, y, |x| F::narrow(formulas::erfc(x.wide()))),
        Unary::Floor => map(x, y, num_traits::Float::floor),
        Unary::Ceil => map(x, y, num_traits::Float::ceil),
        Unary::Round => map(x, y, |x| x.round_even()),
        Unary::Trunc => map(x, y, num_traits::Float::trunc),
        Unary::Exp2 => plain!(exp2),
        Unary::Log2 => plain!(log2),
        Unary::Log10 => plain!(log10),
        Unary::Cbrt => plain!(cbrt),
        Unary::Tan => plain!(tan),
        Unary::Asin => plain!(asin),
        Unary::Acos => plain!(acos),
        Unary::Atan => plain!(atan),
        Unary::Sinh => map_where(x, y, formulas::has_exp_m1, formulas::sinh, |x| Num(x).sinh().0),
        Unary::Cosh => map_where(x, y, formulas::has_exp_m1, formulas::cosh, |x| Num(x).cosh().0),
        Unary::Asinh => plain!(asinh),
        Unary::Acosh => plain!(acosh),
        Unary::Atanh => plain!(atanh),
        Unary::Erfinv => plain!(erfinv),
        Unary::Lgamma => plain!(lgamma),
    }
}

#[inline(always)]
pub(super) fn binary<F: Lane + Wide>(f: Binary, a: &[F], b: &[F], y: &mut [F]) {
    let truth = |holds: bool| if holds { F::one() } else { F::zero() };
    match f {
        Binary::Add => zip(a, b, y, |a, b| a + b),
        Binary::Sub => zip(a, b, y, |a, b| a - b),
        Binary::Mul => zip(a, b, y, |a, b| a * b),
        Binary::Div => zip(a, b, y, |a, b| a / b),
        Binary::Chain => zip(a, b, y, |a, b| Num(a).chain(Num(b)).0),
        Binary::Lt => zip(a, b, y, |a, b| truth(a < b)),
        Binary::Le => zip(a, b, y, |a, b| truth(a <= b)),
        Binary::Eq => zip(a, b, y, |a, b| truth(a == b)),
        Binary::Pow => F::pow(a, b, y),
        Binary::Atan2 => zip(a, b, y, |a, b| Num(a).atan2(Num(b)).0),
        Binary::Fmod => zip(a, b, y, |a, b| Num(a).fmod(Num(b)).0),
        Binary::Hypot => zip(a, b, y, |a, b| Num(a).hypot(Num(b)).0),
    }
}

/// `y[i] ← if mask[i] { a[i] } else { b[i] }`
#[inline(always)]
pub(super) fn select<F: Lane>(mask: &[F], a: &[F], b: &[F], y: &mut [F]) {
    for (((y, mask), a), b) in y.iter_mut().zip(mask).zip(a).zip(b) {
        *y = if *mask == F::zero() { *b } else { *a };
    }
}

/// `y[i] ← y[i] + x[i]`
#[inline(always)]
pub(super) fn add_to<F: Lane>(y: &mut [F], x: &[F]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += *x;
    }
}

/// What is the same function for both float types, and another loop.
pub(super) trait Wide: Sized {
    fn wide(self) -> f64;
    fn narrow(x: f64) -> Self;
    fn pow(x: &[Self], p: &[Self], y: &mut [Self]);
}

impl Wide for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn narrow(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn pow(x: &[f64], p: &[f64], y: &mut [f64]) {
        zip(x, p, y, f64::powf);
    }
}

impl Wide for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn narrow(x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn pow(x: &[f32], p: &[f32], y: &mut [f32]) {
        let holds = |x: f32, p: f32| formulas::has_ln(x) & p.is_finite();
        zip(x, p, y, formulas::pow);
        let at = |of: &[f32], i: usize| if of.len() == 1 { of[0] } else { of[i] };
        for (i, y) in y.iter_mut().enumerate() {
            let (x, p) = (at(x, i), at(p, i));
            if !holds(x, p) {
                *y = x.powf(p);
            }
        }
    }
}
