//! Functions that lose most of their digits on the way.

use wengert_tape::prelude::*;

use super::Category::IllConditioned;
use super::Row;
use super::Subject::{Numbers, Tensor as Of};

pub(crate) const ROWS: &[Row] = &[
    ("x + 10⁸ − 10⁸", IllConditioned, Numbers(|x| (x[0] + 1e8) - 1e8, &[0.7])),
    ("x + 10¹² − 10¹²", IllConditioned, Numbers(|x| (x[0] + 1e12) - 1e12, &[0.7])),
    ("corner a billionth away", IllConditioned, Numbers(|x| (x[0] - 1.0).abs() * x[0], &[1.0 + 1e-9])),
    ("sin(x + 10¹⁵ − 10¹⁵)", IllConditioned, Numbers(|x| ((x[0] + 1e15) - 1e15).sin(), &[0.7])),
    ("a wave on 10¹⁴", IllConditioned, Numbers(|x| x[0].sin() + 1e14, &[0.7])),
    ("1 + 10⁻²⁰ x", IllConditioned, Numbers(|x| 1e-20 * x[0] + 1.0, &[0.7])),
    (
        "(x − 1)⁷ multiplied out",
        IllConditioned,
        Numbers(
            |x| {
                let c = [-1.0, 7.0, -21.0, 35.0, -35.0, 21.0, -7.0, 1.0];
                (1..8).fold(x[0] * 0.0 + c[0], |s, k| s + c[k as usize] * x[0].powi(k))
            },
            &[1.01],
        ),
    ),
    ("exp(x) − 1 − x near 0", IllConditioned, Numbers(|x| x[0].exp() - 1.0 - x[0], &[1e-5])),
    ("(1 − cos x) / x² near 0", IllConditioned, Numbers(|x| (1.0 - x[0].cos()) / (x[0] * x[0]), &[1e-6])),
    ("ln(1 + x) near 0", IllConditioned, Numbers(|x| (x[0] + 1.0).ln(), &[1e-11])),
    ("difference of roots", IllConditioned, Numbers(|x| (x[0] + 1.0).sqrt() - x[0].sqrt(), &[1e11])),
    ("tangent at its pole", IllConditioned, Numbers(|x| x[0].tan(), &[1.570_796_326_7])),
    ("wave of 10¹⁰", IllConditioned, Numbers(|x| (1e10 * x[0]).sin(), &[0.3])),
    ("x − sin x near 0", IllConditioned, Numbers(|x| x[0] - x[0].sin(), &[1e-5])),
    (
        "smaller root of a quadratic",
        IllConditioned,
        Numbers(|x| (x[0] - (x[0] * x[0] - 4.0 * x[1]).sqrt()) / 2.0, &[1e7, 1.0]),
    ),
    ("logistic map, 40 turns", IllConditioned, Numbers(|x| (0..40).fold(x[0], |y, _| 3.9 * y * (1.0 - y)), &[0.3])),
    (
        "series of exp(−25)",
        IllConditioned,
        Numbers(
            |x| {
                let (mut sum, mut term) = (x[0] * 0.0 + 1.0, x[0] * 0.0 + 1.0);
                for k in 1..100 {
                    term = term * x[0] / f64::from(k);
                    sum += term;
                }
                sum
            },
            &[-25.0],
        ),
    ),
    (
        "Wilkinson's polynomial at a root",
        IllConditioned,
        Numbers(|x| (1..21).fold(x[0] * 0.0 + 1.0, |p, k| p * (x[0] - f64::from(k))), &[14.5]),
    ),
    (
        "Bessel's recurrence downhill",
        IllConditioned,
        Numbers(
            |x| {
                let (mut a, mut b) = (x[0].cos(), x[0].sin() / x[0]);
                for k in 0..12 {
                    (a, b) = (b, f64::from(2 * k + 1) / x[0] * b - a);
                }
                b
            },
            &[1.0],
        ),
    ),
    (
        "variance as a difference",
        IllConditioned,
        Of(|x| (x * x).mean() - x.mean() * x.mean(), &[4], &[1e6 + 1.0, 1e6 + 2.0, 1e6 - 1.0, 1e6]),
    ),
    (
        "a sum that cancels",
        IllConditioned,
        Of(|x| (x * x.constant(Tensor::from([1e9, -1e9, 1.0]))).sum(), &[3], &[0.3, 0.3, 0.5]),
    ),
    (
        "determinant of a near-singular matrix",
        IllConditioned,
        Numbers(|x| x[0] * x[3] - x[1] * x[2], &[1e8 + 1.0, 1e8, 1e8, 1e8 - 1.0]),
    ),
];
