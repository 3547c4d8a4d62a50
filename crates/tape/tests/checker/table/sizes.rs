//! Functions that vary fast, and functions of large and of tiny numbers.

use wengert_tape::prelude::*;

use super::Category::{Large, Stiff, Tiny};
use super::Row;
use super::Subject::{Numbers, Tensor as Of};

/// Chebyshev polynomials, by their recurrence.
fn chebyshev(x: Scalar, n: usize) -> Scalar {
    let (mut a, mut b) = (x * 0.0 + 1.0, x);
    for _ in 1..n {
        (a, b) = (b, 2.0 * x * b - a);
    }
    b
}

pub(crate) const ROWS: &[Row] = &[
    ("exp(50x)", Stiff, Numbers(|x| (50.0 * x[0]).exp(), &[1.0])),
    ("exp(−200x)", Stiff, Numbers(|x| (-200.0 * x[0]).exp(), &[0.3])),
    ("tanh wall", Stiff, Numbers(|x| (1e4 * (x[0] - 0.5)).tanh(), &[0.50003])),
    ("steeper tanh wall", Stiff, Numbers(|x| (1e6 * (x[0] - 0.5)).tanh(), &[0.500_000_4])),
    ("sigmoid wall", Stiff, Numbers(|x| (1e3 * (x[0] - 0.5)).sigmoid(), &[0.5011])),
    ("softplus corner", Stiff, Numbers(|x| (1e4 * (x[0] - 1.0)).softplus() * 1e-4, &[1.00002])),
    ("erf edge", Stiff, Numbers(|x| (500.0 * (x[0] - 0.3)).erf(), &[0.301])),
    ("fast wave", Stiff, Numbers(|x| (1e3 * x[0]).sin(), &[0.9])),
    ("faster wave", Stiff, Numbers(|x| (1e5 * x[0]).sin(), &[0.9])),
    ("wave in step with its point", Stiff, Numbers(|x| (64.0 * std::f64::consts::TAU * x[0]).sin(), &[1.0])),
    ("chirp", Stiff, Numbers(|x| (2000.0 * x[0] * x[0]).cos(), &[1.3])),
    ("narrow bell", Stiff, Numbers(|x| (-1e4 * (x[0] - 0.2) * (x[0] - 0.2)).exp(), &[0.207])),
    ("narrow line", Stiff, Numbers(|x| 1.0 / (1.0 + 1e6 * (x[0] - 0.7) * (x[0] - 0.7)), &[0.7008])),
    ("pole near", Stiff, Numbers(|x| 1.0 / (x[0] - 1.0), &[1.0001])),
    ("double pole near", Stiff, Numbers(|x| (x[0] - 1.0).powi(-2), &[1.001])),
    ("logarithm near its edge", Stiff, Numbers(|x| (x[0] - 1.0).ln(), &[1.00001])),
    ("root near its edge", Stiff, Numbers(|x| (x[0] - 1.0).sqrt(), &[1.0001])),
    ("tangent near its pole", Stiff, Numbers(|x| x[0].tan(), &[1.57])),
    ("fiftieth power", Stiff, Numbers(|x| x[0].powi(50), &[1.4])),
    ("thirtieth inverse power", Stiff, Numbers(|x| x[0].powi(-30), &[0.7])),
    ("Chebyshev T₂₀", Stiff, Numbers(|x| chebyshev(x[0], 20), &[0.99])),
    ("sinh(30x)", Stiff, Numbers(|x| (30.0 * x[0]).exp() - (-30.0 * x[0]).exp(), &[0.8])),
    ("boundary layer", Stiff, Numbers(|x| 1.0 - (-x[0] / 1e-4).exp() + x[0], &[2e-4])),
    ("fast and slow decay", Stiff, Numbers(|x| (-1000.0 * x[0]).exp() + (-x[0]).exp(), &[0.004])),
    ("steep spring", Stiff, Numbers(|x| 5e7 * (x[0] - 1.0).powi(2) + x[1], &[1.0003, 2.0])),
    (
        "Robertson's kinetics, a step",
        Stiff,
        Numbers(
            |x| {
                let (a, b, c) = (x[0], x[1], x[2]);
                let slow = 0.04 * a - 1e4 * b * c;
                let fast = 3e7 * b * b;
                (a - 1e-4 * slow) + 2.0 * (b + 1e-4 * (slow - fast)) + 3.0 * (c + 1e-4 * fast)
            },
            &[0.9, 3e-5, 0.1],
        ),
    ),
    (
        "van der Pol, 5 steps",
        Stiff,
        Numbers(
            |x| {
                let (mut u, mut v) = (x[0], x[1]);
                for _ in 0..5 {
                    (u, v) = (u + 1e-4 * v, v + 1e-4 * (1000.0 * (1.0 - u * u) * v - u));
                }
                u + v
            },
            &[1.9, -0.4],
        ),
    ),
    ("tower of exponentials", Stiff, Numbers(|x| x[0].exp().exp().exp(), &[0.6])),
    (
        "product of fifteen",
        Stiff,
        Numbers(|x| (1..16).fold(x[0] * 0.0 + 1.0, |p, k| p * (x[0] - f64::from(k))), &[0.5]),
    ),
    ("chain of steep tanh", Stiff, Numbers(|x| (0..4).fold(x[0], |y, _| (8.0 * y).tanh() - 0.9 * y), &[0.02])),
    ("Arrhenius", Stiff, Numbers(|x| 1e13 * (-12000.0 / x[0]).exp(), &[310.0])),
    ("sharp softmax", Stiff, Of(|x| (x * 40.0).softmax(0).powi(2).sum(), &[3], &[0.31, 0.33, 0.28])),
    ("ripple on a slope", Stiff, Numbers(|x| x[0] + 1e-4 * (1e4 * x[0]).sin(), &[0.9])),
    ("x² sin(1/x) near 0", Stiff, Numbers(|x| x[0] * x[0] * (1.0 / x[0]).sin(), &[1e-3])),
    ("penalty beside a loss", Stiff, Of(|x| (x * x).sum() + (x.sum() - 1.0).powi(2) * 1e6, &[3], &[0.2, 0.5, 0.303])),
    //
    ("square of 10⁸", Large, Numbers(|x| x[0] * x[0], &[3e8])),
    ("logarithm of 10¹⁰", Large, Numbers(|x| x[0].ln(), &[2e10])),
    ("root of 10¹²", Large, Numbers(|x| x[0].sqrt(), &[3e12])),
    ("wave at 10⁶", Large, Numbers(|x| x[0].sin(), &[1e6])),
    ("slow wave at 10⁹", Large, Numbers(|x| (x[0] * 1e-9).cos(), &[2e9])),
    ("wave of height 10¹⁵", Large, Numbers(|x| 1e15 * x[0].sin(), &[0.8])),
    ("exp(200)", Large, Numbers(|x| x[0].exp(), &[200.0])),
    ("twentieth power of 100", Large, Numbers(|x| x[0].powi(20), &[100.0])),
    ("gravity at the earth's surface", Large, Numbers(|x| 3.986e14 / (x[0] * x[0]), &[6.371e6])),
    ("kinetic energy of a planet", Large, Numbers(|x| 0.5 * x[0] * x[1] * x[1], &[5.97e24, 2.98e4])),
    (
        "Rosenbrock far out",
        Large,
        Numbers(|x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2), &[1e3, 7e5]),
    ),
    ("Stirling's formula", Large, Numbers(|x| x[0] * x[0].ln() - x[0] + 0.5 * (6.283 * x[0]).ln(), &[1e5])),
    ("power law", Large, Numbers(|x| x[0].powf(2.35), &[4e9])),
    ("polynomial at 10⁵", Large, Numbers(|x| ((x[0] - 3.0) * x[0] + 2.0) * x[0] - 7.0, &[1e5])),
    ("large beside small", Large, Numbers(|x| x[0] * x[1], &[1e12, 1e-9])),
    ("near the largest number", Large, Numbers(|x| x[0] * 2.0, &[8e307])),
    ("square that nearly overflows", Large, Numbers(|x| x[0] * x[0], &[1.2e154])),
    ("exp(700)", Large, Numbers(|x| x[0].exp(), &[700.0])),
    ("1e300", Large, Numbers(|x| x[0] * 2.0, &[1e300])),
    ("ratio of large numbers", Large, Numbers(|x| x[0] / (x[0] + x[1]), &[3e15, 5e15])),
    ("tanh of a scaled number", Large, Numbers(|x| (x[0] / 1e7).tanh(), &[8e6])),
    ("bell of width 10⁶", Large, Numbers(|x| (-(x[0] / 1e6).powi(2)).exp(), &[7e5])),
    ("large logits", Large, Of(|x| (x.log_softmax(0) * x).sum(), &[3], &[1000.0, 1001.0, 999.5])),
    ("sum of large squares", Large, Of(|x| (x * x).sum(), &[4], &[1e7, -2e7, 3e6, 5e7])),
    ("product of large matrices", Large, Of(|x| x.matmul(x.t()).sum(), &[2, 2], &[1e6, -2e6, 3e6, 4e6])),
    //
    ("square of 10⁻¹⁰", Tiny, Numbers(|x| x[0] * x[0], &[1e-10])),
    ("sin of 10⁻¹²", Tiny, Numbers(|x| x[0].sin(), &[1e-12])),
    ("cos of 10⁻⁹ times 10⁻³⁰", Tiny, Numbers(|x| x[0].cos() * 1e-30, &[0.7])),
    ("fast wave at 10⁻¹²", Tiny, Numbers(|x| (x[0] * 1e12).sin(), &[1e-12])),
    ("logarithm of 10⁻¹⁵", Tiny, Numbers(|x| x[0].ln(), &[2e-15])),
    ("root of 10⁻¹⁴", Tiny, Numbers(|x| x[0].sqrt(), &[3e-14])),
    ("tanh of 10⁻⁹", Tiny, Numbers(|x| x[0].tanh(), &[1e-9])),
    ("erf of 10⁻¹⁰", Tiny, Numbers(|x| x[0].erf(), &[-1e-10])),
    ("sigmoid near 0", Tiny, Numbers(|x| x[0].sigmoid(), &[1e-12])),
    ("bell's tail", Tiny, Numbers(|x| (-x[0] * x[0]).exp(), &[17.0])),
    ("exp(−300)", Tiny, Numbers(|x| (-x[0]).exp(), &[300.0])),
    ("product of tiny numbers", Tiny, Numbers(|x| x[0] * x[1], &[1e-70, 3e-80])),
    ("tiny times ordinary", Tiny, Numbers(|x| 1e-20 * x[0].exp(), &[0.4])),
    ("tiny power law", Tiny, Numbers(|x| x[0].powf(1.7), &[1e-9])),
    ("Planck's constant", Tiny, Numbers(|x| 6.626e-34 * x[0] / (1.38e-23 * x[1]), &[5e14, 300.0])),
    ("capacitor", Tiny, Numbers(|x| 0.5 * x[0] * x[1] * x[1], &[4.7e-12, 3.3])),
    ("ratio of tiny numbers", Tiny, Numbers(|x| x[0] / (x[0] + x[1]), &[3e-15, 5e-15])),
    ("root of 10⁻³⁰⁰", Tiny, Numbers(|x| x[0].sqrt(), &[1e-300])),
    ("logarithm of 10⁻³⁰⁰", Tiny, Numbers(|x| x[0].ln(), &[1e-300])),
    ("nearly flat power", Tiny, Numbers(|x| x[0].powi(21), &[0.01])),
    ("nearly flat bell", Tiny, Numbers(|x| (-1.0 / (x[0] * x[0])).exp(), &[0.05])),
    ("cube of 10⁻⁵", Tiny, Numbers(|x| x[0].powi(3), &[-2e-5])),
    ("softplus of a very negative number", Tiny, Numbers(|x| x[0].softplus(), &[-40.0])),
    ("sigmoid of a very negative number", Tiny, Numbers(|x| x[0].sigmoid(), &[-60.0])),
    ("tiny differences", Tiny, Numbers(|x| (x[0] - x[1]) * (x[0] + x[1]), &[3e-9, 1e-9])),
    ("tiny squares", Tiny, Of(|x| (x * x).sum(), &[4], &[1e-8, -2e-8, 3e-9, 5e-8])),
    ("norm of a tiny vector", Tiny, Of(|x| (x * x).sum().sqrt(), &[3], &[1e-20, -2e-20, 3e-20])),
];
