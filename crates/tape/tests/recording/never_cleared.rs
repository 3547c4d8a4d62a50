//! Gradients in a loop on a tape that is never cleared: a sweep costs what its output depends on, and not what was recorded
//! before it; and the gradients are those of a tape of its own.

use wengert_tape::prelude::*;
use wengert_tape::{Error, Float};

/// One step of a program: numbers that it updates, on a tape; returns the loss and the leaves.
type Step<F> = fn(&Tape<F>, &[Var<F>], &[Scalar<F>], usize) -> Scalar<F>;

fn numbers<F: Float>(tape: &Tape<F>, _w: &[Var<F>], p: &[Scalar<F>], step: usize) -> Scalar<F> {
    // Leaves of the step's own, the old ones, and a node in which the derivative is 0.
    let x = tape.scalars(&[0.5, 0.25, 1.0].map(|x| F::from_f64(x + 0.01 * (step % 7) as f64)));
    let mut y = p[0] * x[0] + p[1];
    for _ in 0..10 {
        y = (y * x[1] + p[2]).sin();
    }
    let all: Scalar<F> = x.iter().chain(p).fold(y, |sum, x| sum + *x * *x);
    all + Scalar::dot(p, &x) + (y - y.value()).relu() * p[0]
}

fn tensors<F: Float>(tape: &Tape<F>, w: &[Var<F>], _p: &[Scalar<F>], step: usize) -> Scalar<F> {
    let x = tape.input(Tensor::full([2, 3], F::from_f64(0.1 + 0.01 * (step % 5) as f64)));
    let b = tape.var(Tensor::full([3], F::from_f64(0.3)));
    let y = (x.matmul(w[0]) + b).tanh();
    (y * y).sum().scalar()
}

fn both<F: Float>(tape: &Tape<F>, w: &[Var<F>], p: &[Scalar<F>], step: usize) -> Scalar<F> {
    let a = numbers(tape, w, p, step);
    let v = Var::from(a * p[0]);
    (w[0].sum() * v).scalar() + p[2]
}

const OLD: [f64; 3] = [0.7, -0.3, 1.1];

fn old<F: Float>(tape: &Tape<F>) -> (Vec<Var<F>>, Vec<Scalar<F>>) {
    let w: Vec<f64> = (0..9).map(|k| 0.1 * f64::from(k) - 0.4).collect();
    let w = Tensor::new([3, 3], w.into_iter().map(F::from_f64).collect());
    (vec![tape.var(w)], tape.scalars(&OLD.map(F::from_f64)))
}

/// The gradients by the old leaves, or why there are none.
fn gradients<F: Float>(y: Scalar<F>, w: &[Var<F>], p: &[Scalar<F>], all: bool) -> Vec<Result<Vec<F>, String>> {
    let g = if all { Var::from(y).backward_all() } else { y.backward() };
    let said = |e: Error| e.to_string().split(':').next().unwrap_or_default().to_owned();
    let of_tensors = w.iter().map(|w| g.get(*w).map(|g| g.to_vec()).map_err(said));
    of_tensors.chain(p.iter().map(|p| g.get(*p).map(|g| vec![*g]).map_err(said))).collect()
}

/// How many nodes `steps` steps look at; each has the same gradients as alone.
fn looked<F: Float>(open: fn() -> Tape<F>, step: Step<F>, steps: usize) -> u64 {
    let tape = open();
    let (w, p) = old(&tape);
    for k in 0..steps {
        let together = gradients(step(&tape, &w, &p, k), &w, &p, false);
        if k % 97 == 0 {
            let tape = open();
            let (w, p) = old(&tape);
            let alone = gradients(step(&tape, &w, &p, k), &w, &p, false);
            assert_eq!(together, alone, "step {k} of {steps}");
        }
    }
    tape.stats().looked
}

#[test]
fn a_sweep_looks_at_what_its_output_depends_on() {
    fn check<F: Float>(open: fn() -> Tape<F>, kind: &str, steps: usize) {
        let table: [(&str, Step<F>); 3] = [("numbers", numbers), ("tensors", tensors), ("both", both)];
        for (name, step) in table {
            let (few, many) = (looked(open, step, steps), looked(open, step, 8 * steps));
            // Linear is 8, quadratic 64.
            assert!(many <= 12 * few, "{name} on {kind}: {few} nodes in {steps} steps, {many} in {}", 8 * steps);
        }
    }
    check::<f64>(Tape::new, "a full tape", 300);
    // Records are walked over by pieces of some thousand.
    check::<f32>(Tape::gradient_only, "a gradient-only tape", 600);
}

/// What a sweep does not look at has no gradient, and says why, as in a sweep of everything.
#[test]
fn what_is_beside_the_way_is_not_connected() {
    let tape = Tape::new();
    let (w, p) = old(&tape);
    let other = (tape.scalar(2.0), tape.var(Tensor::from([1.0, 2.0])), tape.input(Tensor::from([1.0])));
    let between = other.0 * other.0;
    for k in 0..300 {
        let y = both(&tape, &w, &p, k);
        let g = y.backward();
        let message = |e: Result<(), Error>| e.unwrap_err().to_string();
        assert_eq!(message(g.get(other.0).map(|_| ())), "not connected: the output does not depend on it");
        let said = message(g.get(other.1).map(|_| ()));
        assert!(said.starts_with("not connected: the output does not depend on the var made at "), "{said}");
        let said = message(g.get(other.2).map(|_| ()));
        assert!(said.starts_with("not connected: the leaf made at ") && said.contains(" is an input"), "{said}");
        let said = message(g.get(between).map(|_| ()));
        assert!(said.starts_with("not connected: ") || said.starts_with("not retained: "), "{said}");
        assert!(message(g.get(y).map(|_| ())).starts_with("not retained: "));
        assert!(matches!(g.get(tape.scalar(1.0)), Err(Error::NotConnected { .. })));
        assert!(g.unreached().is_empty() && g.get(w[0]).is_ok());
    }
}

/// Retained nodes, hooks, gradients of everything and sums of gradients are those of a sweep of everything.
#[test]
fn other_readers_of_a_sweep_see_the_same() {
    let long = |tape: &Tape| {
        let x = tape.scalar(1.0);
        (0..4000).fold(x, |y, _| y.sin() * x);
    };
    let run = |steps: usize| {
        let tape = Tape::new();
        let (w, p) = old(&tape);
        (0..steps).for_each(|_| long(&tape));
        // The second sweep may look for what it needs.
        drop(p[0].sin().backward());
        (0..steps).for_each(|_| long(&tape));
        let a = (p[0] * p[1]).exp();
        a.retain();
        let b = Var::from(a * p[2]) * w[0].sum();
        b.retain();
        let seen = std::rc::Rc::new(std::cell::Cell::new(0.0));
        let note = std::rc::Rc::clone(&seen);
        b.on_gradient(move |g| note.set(g.item()));
        let y = (b * b).scalar() + a;
        let mut g = y.backward();
        let kept = (g[a], g[b].item(), seen.get());
        let all = Var::from(y).backward_all();
        let everything = (all[a], all[b].item(), all[w[0]].to_vec(), all[p[1]]);
        g.accumulate(&(p[1] * 3.0).backward()).unwrap();
        (kept, everything, g[p[1]], g[p[0]], g[w[0]].to_vec(), gradients(y, &w, &p, true))
    };
    assert_eq!(run(0), run(20));
}
