//! Physics fitted through a solver: length and friction of a pendulum from what a camera saw of it.
//!
//! The tape records every step of a Runge–Kutta solver of θ″ = −(g/l) sin θ − k θ′, so that the gradient of the error goes
//! through the solver to the two numbers that are wanted: a differential equation with parameters that are learned.

use wengert::prelude::*;

const GRAVITY: f64 = 9.81;
const STEP: f64 = 0.05;

/// The angles after each of `steps` steps from `start`, released at rest.
fn swing(length: Scalar, friction: Scalar, start: f64, steps: usize) -> Vec<Scalar> {
    let slope = |[angle, speed]: [Scalar; 2]| [speed, -(GRAVITY / length) * angle.sin() - friction * speed];
    let moved = |s: [Scalar; 2], d: [Scalar; 2], by: f64| [s[0] + by * d[0], s[1] + by * d[1]];
    let mut state = [Scalar::constant(start), Scalar::constant(0.0)];
    let step = |_| {
        let k1 = slope(state);
        let k2 = slope(moved(state, k1, STEP / 2.0));
        let k3 = slope(moved(state, k2, STEP / 2.0));
        let k4 = slope(moved(state, k3, STEP));
        state = [0, 1].map(|i| state[i] + STEP / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]));
        state[0]
    };
    (0..steps).map(step).collect()
}

fn main() {
    // What was seen: a pendulum of 0.8 m with friction 0.3 / s for six seconds, with errors of 0.02 rad.
    let tape = Tape::new();
    let truth = swing(tape.scalar(0.8), tape.scalar(0.3), 1.2, 120);
    let errors = Tensor::<f64>::randn([120], &mut generator(1));
    let seen: Vec<f64> = truth.iter().zip(errors.data()).map(|(angle, z)| angle.value() + 0.02 * z).collect();

    // From the first seconds to all of them: over many swings the error has valleys where the guess is a swing behind.
    let mut guess = Param::new(Tensor::from([1.5, 0.05]));
    for steps in [20, 40, 120] {
        let minimum = Lbfgs::new().tolerance(1e-8).minimise(&mut guess, |guess| {
            let tape = Tape::new();
            let p = tape.input(Tensor::from(0.0)).lift(guess);
            let [length, friction] = [0, 1].map(|k| p.slice(0, k..k + 1).sum().scalar());
            let angles = swing(length, friction, 1.2, steps);
            let error: Scalar = angles.iter().zip(&seen).map(|(a, s)| (a - *s).powi(2)).sum();
            let loss = error / steps as f64;
            Ok((loss.value(), ModelGradients::of(guess, &loss.backward())))
        });
        let minimum = minimum.unwrap_or_else(|e| panic!("{e}"));
        let [length, friction] = guess.value().data() else { unreachable!("two numbers") };
        println!(
            "{:.1} s seen: length {length:.4} m, friction {friction:.4} / s, error {:.4} rad, {} iterations",
            STEP * steps as f64,
            minimum.loss.sqrt(),
            minimum.iterations
        );
    }
    let found = guess.value().data();
    println!("the truth: length 0.8 m, friction 0.3 / s, error 0.02 rad");
    assert!((found[0] - 0.8).abs() < 0.01 && (found[1] - 0.3).abs() < 0.02);
}
