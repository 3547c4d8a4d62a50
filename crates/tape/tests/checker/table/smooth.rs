//! Smooth functions of numbers of ordinary size.

use wengert_tape::prelude::*;

use super::Category::Smooth;
use super::Row;
use super::Subject::Numbers;

/// Between −1 and 1, as a number that a loop makes.
fn chebyshev(x: Scalar, n: usize) -> Scalar {
    let (mut a, mut b) = (x * 0.0 + 1.0, x);
    for _ in 1..n {
        (a, b) = (b, 2.0 * x * b - a);
    }
    b
}

/// The area under the normal density left of `x`.
fn normal_cdf(x: Scalar) -> Scalar {
    0.5 * ((x / std::f64::consts::SQRT_2).erf() + 1.0)
}

pub(crate) const ROWS: &[Row] = &[
    ("sin", Smooth, Numbers(|x| x[0].sin(), &[0.7])),
    ("cos", Smooth, Numbers(|x| x[0].cos(), &[0.7])),
    ("cos at its top", Smooth, Numbers(|x| x[0].cos(), &[0.0])),
    ("tan", Smooth, Numbers(|x| x[0].tan(), &[-1.1])),
    ("exp", Smooth, Numbers(|x| x[0].exp(), &[1.3])),
    ("exp of a negative number", Smooth, Numbers(|x| x[0].exp(), &[-4.0])),
    ("ln", Smooth, Numbers(|x| x[0].ln(), &[0.4])),
    ("sqrt", Smooth, Numbers(|x| x[0].sqrt(), &[2.5])),
    ("tanh", Smooth, Numbers(|x| x[0].tanh(), &[-0.8])),
    ("tanh, saturating", Smooth, Numbers(|x| x[0].tanh(), &[6.0])),
    ("sigmoid", Smooth, Numbers(|x| x[0].sigmoid(), &[1.9])),
    ("sigmoid, saturating", Smooth, Numbers(|x| x[0].sigmoid(), &[-12.0])),
    ("softplus", Smooth, Numbers(|x| x[0].softplus(), &[-0.6])),
    ("gelu", Smooth, Numbers(|x| x[0].gelu(), &[0.9])),
    ("erf", Smooth, Numbers(|x| x[0].erf(), &[0.35])),
    ("square", Smooth, Numbers(|x| x[0].powi(2), &[-1.7])),
    ("square at 0", Smooth, Numbers(|x| x[0].powi(2), &[0.0])),
    ("cube", Smooth, Numbers(|x| x[0].powi(3), &[-1.7])),
    ("seventh power", Smooth, Numbers(|x| x[0].powi(7), &[1.2])),
    ("reciprocal", Smooth, Numbers(|x| x[0].powi(-1), &[0.3])),
    ("inverse square", Smooth, Numbers(|x| x[0].powi(-2), &[-0.9])),
    ("three halves", Smooth, Numbers(|x| x[0].powf(1.5), &[0.8])),
    ("a negative power", Smooth, Numbers(|x| x[0].powf(-0.7), &[1.8])),
    ("rectifier, on", Smooth, Numbers(|x| x[0].relu() * 2.0, &[0.6])),
    ("rectifier, off", Smooth, Numbers(|x| x[0].relu() + x[0], &[-0.6])),
    ("leaky rectifier, off", Smooth, Numbers(|x| x[0].leaky_relu(0.1), &[-0.6])),
    ("absolute value", Smooth, Numbers(|x| x[0].abs() * x[0], &[-2.0])),
    ("constant times", Smooth, Numbers(|x| 3.25 * x[0], &[0.2])),
    ("affine", Smooth, Numbers(|x| 1.0 - 3.25 * x[0], &[0.2])),
    ("exp of sin", Smooth, Numbers(|x| x[0].sin().exp(), &[0.9])),
    ("sin of exp", Smooth, Numbers(|x| x[0].exp().sin(), &[0.9])),
    ("ln of 1 + x²", Smooth, Numbers(|x| (x[0] * x[0] + 1.0).ln(), &[1.4])),
    ("hyperbola", Smooth, Numbers(|x| (x[0] * x[0] + 1.0).sqrt(), &[-0.7])),
    ("sinc", Smooth, Numbers(|x| x[0].sin() / x[0], &[0.8])),
    ("bell", Smooth, Numbers(|x| (-x[0] * x[0]).exp(), &[0.6])),
    ("Lorentzian", Smooth, Numbers(|x| 1.0 / (1.0 + x[0] * x[0]), &[1.1])),
    ("slope of the sigmoid", Smooth, Numbers(|x| x[0].sigmoid() * (1.0 - x[0].sigmoid()), &[0.5])),
    ("log-sigmoid", Smooth, Numbers(|x| x[0].sigmoid().ln(), &[-1.5])),
    ("x to the x", Smooth, Numbers(|x| (x[0] * x[0].ln()).exp(), &[1.3])),
    ("cosh", Smooth, Numbers(|x| (x[0].exp() + (-x[0]).exp()) / 2.0, &[0.4])),
    ("sinh", Smooth, Numbers(|x| (x[0].exp() - (-x[0]).exp()) / 2.0, &[0.4])),
    ("artanh", Smooth, Numbers(|x| 0.5 * ((1.0 + x[0]) / (1.0 - x[0])).ln(), &[0.4])),
    ("arsinh", Smooth, Numbers(|x| (x[0] + (x[0] * x[0] + 1.0).sqrt()).ln(), &[0.7])),
    ("normal density", Smooth, Numbers(|x| 0.398_942_280_401_432_7 * (-0.5 * x[0] * x[0]).exp(), &[1.2])),
    ("swish", Smooth, Numbers(|x| x[0] * x[0].sigmoid(), &[-0.7])),
    ("mish", Smooth, Numbers(|x| x[0] * x[0].softplus().tanh(), &[0.7])),
    ("Horner's polynomial", Smooth, Numbers(|x| ((2.0 * x[0] - 3.0) * x[0] + 0.5) * x[0] - 1.0, &[0.9])),
    ("rational", Smooth, Numbers(|x| (x[0] * x[0] - 2.0) / (x[0] * x[0] + x[0] + 3.0), &[0.6])),
    ("Chebyshev T₅", Smooth, Numbers(|x| chebyshev(x[0], 5), &[0.3])),
    ("Newton's square root", Smooth, Numbers(|x| (0..6).fold(x[0], |r, _| 0.5 * (r + x[0] / r)), &[2.0])),
    ("logistic map, 5 turns", Smooth, Numbers(|x| (0..5).fold(x[0], |y, _| 3.2 * y * (1.0 - y)), &[0.3])),
    ("continued fraction", Smooth, Numbers(|x| (0..8).fold(x[0], |y, _| 1.0 / (1.0 + x[0] * y)), &[0.8])),
    ("damped wave", Smooth, Numbers(|x| (-0.3 * x[0]).exp() * (4.0 * x[0]).cos(), &[1.1])),
    ("Morse potential", Smooth, Numbers(|x| (1.0 - (-1.3 * (x[0] - 1.0)).exp()).powi(2), &[1.6])),
    ("Lennard-Jones", Smooth, Numbers(|x| 4.0 * (x[0].powi(-12) - x[0].powi(-6)), &[1.3])),
    ("Planck's law", Smooth, Numbers(|x| x[0].powi(3) / (x[0].exp() - 1.0), &[2.0])),
    ("Black–Scholes delta", Smooth, Numbers(|x| x[0] * normal_cdf(x[0].ln() + 0.1), &[1.1])),
    ("a product", Smooth, Numbers(|x| x[0] * x[1], &[0.3, -2.0])),
    ("a quotient", Smooth, Numbers(|x| x[0] / x[1], &[0.3, -2.0])),
    ("a difference of squares", Smooth, Numbers(|x| x[0] * x[0] - x[1] * x[1], &[0.5, 1.5])),
    ("Rosenbrock", Smooth, Numbers(|x| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2), &[-1.2, 1.0])),
    (
        "Himmelblau",
        Smooth,
        Numbers(|x| (x[0] * x[0] + x[1] - 11.0).powi(2) + (x[0] + x[1] * x[1] - 7.0).powi(2), &[1.0, 2.0]),
    ),
    (
        "Beale",
        Smooth,
        Numbers(
            |x| {
                let term = |c: f64, n: i32| (c - x[0] + x[0] * x[1].powi(n)).powi(2);
                term(1.5, 1) + term(2.25, 2) + term(2.625, 3)
            },
            &[1.1, 0.4],
        ),
    ),
    ("Booth", Smooth, Numbers(|x| (x[0] + 2.0 * x[1] - 7.0).powi(2) + (2.0 * x[0] + x[1] - 5.0).powi(2), &[0.3, 0.9])),
    (
        "Branin",
        Smooth,
        Numbers(
            |x| {
                let bend = x[1] - 0.129 * x[0] * x[0] + 1.592 * x[0] - 6.0;
                bend * bend + 9.602 * x[0].cos() + 10.0
            },
            &[2.0, 3.0],
        ),
    ),
    (
        "Ackley",
        Smooth,
        Numbers(
            |x| {
                let r = ((x[0] * x[0] + x[1] * x[1]) / 2.0).sqrt();
                let tau = std::f64::consts::TAU;
                let waves = ((tau * x[0]).cos() + (tau * x[1]).cos()) / 2.0;
                -20.0 * (-0.2 * r).exp() - waves.exp() + 22.718_281_828_459_045
            },
            &[0.6, -1.3],
        ),
    ),
    (
        "Rastrigin",
        Smooth,
        Numbers(
            |x| x.iter().fold(x[0] * 0.0, |s, x| s + *x * *x - 10.0 * (std::f64::consts::TAU * *x).cos() + 10.0),
            &[0.3, -0.8, 1.7],
        ),
    ),
    (
        "Griewank",
        Smooth,
        Numbers(|x| (x[0] * x[0] + x[1] * x[1]) / 4000.0 - x[0].cos() * (x[1] / 2f64.sqrt()).cos() + 1.0, &[3.0, -5.0]),
    ),
    (
        "Styblinski–Tang",
        Smooth,
        Numbers(|x| x[0].powi(4) - 16.0 * x[0] * x[0] + 5.0 * x[0] + x[1].powi(4) - 16.0 * x[1] * x[1], &[1.0, -2.0]),
    ),
    (
        "six-hump camel",
        Smooth,
        Numbers(
            |x| {
                let a = x[0] * x[0];
                (4.0 - 2.1 * a + a * a / 3.0) * a + x[0] * x[1] + 4.0 * (x[1] * x[1] - 1.0) * x[1] * x[1]
            },
            &[0.5, -0.6],
        ),
    ),
    ("McCormick", Smooth, Numbers(|x| (x[0] + x[1]).sin() + (x[0] - x[1]).powi(2) - 1.5 * x[0], &[-0.5, 1.5])),
    ("pendulum's energy", Smooth, Numbers(|x| 0.5 * x[1] * x[1] + 9.81 * (1.0 - x[0].cos()), &[0.8, -0.4])),
    ("van der Waals", Smooth, Numbers(|x| x[0] / (x[1] - 0.04) - 1.4 / (x[1] * x[1]), &[2.5, 0.9])),
    ("Hill equation", Smooth, Numbers(|x| x[0].powf(2.7) / (x[1].powf(2.7) + x[0].powf(2.7)), &[0.8, 1.1])),
    ("Kepler's equation, 5 turns", Smooth, Numbers(|x| (0..5).fold(x[0], |e, _| x[0] + x[1] * e.sin()), &[0.9, 0.3])),
    (
        "Lotka–Volterra, 10 steps",
        Smooth,
        Numbers(
            |x| {
                let (mut a, mut b) = (x[0], x[1]);
                for _ in 0..10 {
                    (a, b) = (a + 0.05 * a * (1.0 - b), b + 0.05 * b * (a - 1.0));
                }
                a - b
            },
            &[1.4, 0.7],
        ),
    ),
    (
        "Runge–Kutta for y′ = −y³",
        Smooth,
        Numbers(
            |x| {
                let f = |y: Scalar| -(y * y * y);
                (0..4).fold(x[0], |y, _| {
                    let a = f(y);
                    let b = f(y + 0.05 * a);
                    let c = f(y + 0.05 * b);
                    let d = f(y + 0.1 * c);
                    y + (0.1 / 6.0) * (a + 2.0 * b + 2.0 * c + d)
                })
            },
            &[1.2],
        ),
    ),
    ("log-sum-exp of three", Smooth, Numbers(|x| (x[0].exp() + x[1].exp() + x[2].exp()).ln(), &[0.2, -1.0, 0.7])),
    (
        "a softmax probability",
        Smooth,
        Numbers(|x| x[0].exp() / (x[0].exp() + x[1].exp() + x[2].exp()), &[0.2, -1.0, 0.7]),
    ),
    ("cross-entropy", Smooth, Numbers(|x| -(0.3 * x[0].sigmoid().ln() + 0.7 * (1.0 - x[0].sigmoid()).ln()), &[0.4])),
    ("Gaussian likelihood", Smooth, Numbers(|x| x[1].ln() + 0.5 * ((1.3 - x[0]) / x[1]).powi(2), &[0.4, 0.8])),
    ("a neuron", Smooth, Numbers(|x| (x[0] * 0.3 + x[1] * -0.8 + x[2]).tanh().powi(2), &[0.5, 1.1, 0.2])),
    (
        "determinant of 3×3",
        Smooth,
        Numbers(
            |x| {
                x[0] * (x[4] * x[8] - x[5] * x[7]) - x[1] * (x[3] * x[8] - x[5] * x[6])
                    + x[2] * (x[3] * x[7] - x[4] * x[6])
            },
            &[2.0, -1.0, 0.5, 0.3, 1.5, -0.7, 0.9, 0.4, 3.0],
        ),
    ),
    (
        "distance of two points",
        Smooth,
        Numbers(|x| ((x[0] - x[2]).powi(2) + (x[1] - x[3]).powi(2)).sqrt(), &[0., 1., 2., 3.]),
    ),
    ("twenty links", Smooth, Numbers(|x| (0..20).fold(x[0], |y, _| (y * 1.1).sin() + 0.2 * x[0]), &[0.5])),
    (
        "used many times",
        Smooth,
        Numbers(|x| (1..12).fold(x[0] * 0.5, |y, k| y + x[0].powi(k) / f64::from(k + 1)), &[0.6]),
    ),
];
