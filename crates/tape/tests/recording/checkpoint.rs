//! Recompute instead of keep: the same bits, less memory, every mode.

use wengert_tape::check::{Checker, Verdict};
use wengert_tape::{checkpoint, prelude::*};

fn numbers(shape: impl Into<Shape>, seed: f64) -> Tensor {
    let shape = shape.into();
    let n = shape.len_elements();
    Tensor::new(shape, (0..n).map(|i| ((i as f64 + seed) * 1.7).sin()).collect())
}

/// A block with two arguments and a parameter that it uses twice.
fn block(w: &Param) -> impl Fn(&[Var]) -> Var + Send + Sync + Clone + 'static {
    let w = w.tied();
    move |a: &[Var]| {
        let w = a[0].lift(&w);
        ((a[0].matmul(w) + a[1]).tanh().matmul(w) * a[1]).softmax(1)
    }
}

struct Both {
    kept: Vec<Tensor>,
    recomputed: Vec<Tensor>,
}

/// The gradients of two blocks after each other, kept and recomputed.
fn gradients(recorded: bool) -> Both {
    let params = [Param::new(numbers([3, 3], 0.2)), Param::new(numbers([3, 3], 5.0))];
    let of = |recompute: bool| {
        let tape = Tape::new();
        let (x, b) = (tape.var(numbers([2, 3], 1.0)), tape.var(numbers([3], 2.0)));
        let step = |x: Var, w: &Param| match recompute {
            true => checkpoint(block(w), &[x, b]).unwrap(),
            false => block(w)(&[x, b]),
        };
        let y = (step(step(x, &params[0]), &params[1]) * numbers([2, 3], 3.0)).sum();
        let first = y.backward();
        let lifted = [x.lift(&params[0]), x.lift(&params[1])];
        let all = [x, b, lifted[0], lifted[1]];
        if !recorded {
            assert_eq!(first.param(&params[1]).unwrap(), &first[lifted[1]]);
            return all.map(|v| first[v].clone()).to_vec();
        }
        let g = y.backward_recorded();
        let square: Var = all.map(|v| (g[v] * g[v]).sum()).into_iter().reduce(|a, b| a + b).unwrap();
        let second = square.backward();
        all.map(|v| second[v].clone()).to_vec()
    };
    Both { kept: of(false), recomputed: of(true) }
}

#[test]
fn gradients_are_equal_bit_for_bit() {
    let Both { kept, recomputed } = gradients(false);
    assert_eq!(kept, recomputed);
}

#[test]
fn gradients_of_gradients_agree() {
    let Both { kept, recomputed } = gradients(true);
    for (a, b) in kept.iter().zip(&recomputed) {
        for (a, b) in a.data().iter().zip(b.data()) {
            assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}

#[test]
fn forward_mode_and_hessian_products_read_it() {
    let w = Param::new(numbers([3, 3], 0.2));
    let (x0, d) = (numbers([2, 3], 1.0), numbers([2, 3], 7.0));
    let kept = |x: Var| block(&w)(&[x, x.constant(numbers([3], 2.0))]);
    let recomputed = |x: Var| checkpoint(block(&w), &[x, x.constant(numbers([3], 2.0))]).unwrap();
    assert_eq!(jvp(kept, &x0, &d).unwrap(), jvp(recomputed, &x0, &d).unwrap());
    let (a, b) = (hvp(|x: Var| kept(x).powi(2).sum(), &x0, &d), hvp(|x: Var| recomputed(x).powi(2).sum(), &x0, &d));
    for (a, b) in a.unwrap().data().iter().zip(b.unwrap().data()) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{a} {b}");
    }
}

#[test]
fn the_checker_passes_it() {
    let w = Param::new(numbers([3, 3], 0.2));
    let f = |(x, b): (Var, Var)| (checkpoint(block(&w), &[x, b]).unwrap() * numbers([2, 3], 3.0)).sum();
    let report = Checker::new().report(f, &(numbers([2, 3], 1.0), numbers([3], 2.0))).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
}

#[test]
fn the_tape_keeps_arguments_and_results_alone() {
    let deep = |recompute: bool| {
        let tape = Tape::new();
        let mut x = tape.var(numbers([64, 64], 0.1));
        for _ in 0..8 {
            let chain = |a: &[Var]| (0..8).fold(a[0], |x, _| x.tanh());
            x = if recompute { checkpoint(chain, &[x]).unwrap() } else { chain(&[x]) };
        }
        (tape.stats().value_bytes, x.sum().backward().is_finite())
    };
    let bytes = 64 * 64 * 8;
    assert_eq!(deep(false), (65 * bytes, true));
    assert_eq!(deep(true), (9 * bytes, true));
}

#[test]
fn what_cannot_be_is_said() {
    let tape = Tape::new();
    let (x, outside) = (tape.var(numbers([2], 0.0)), tape.var(numbers([2], 1.0)));
    let none: Result<Var, Error> = checkpoint(|a: &[Var]| a[0], &[]);
    assert!(none.unwrap_err().to_string().contains("at least one argument"));
    let captured = checkpoint(move |_: &[Var]| outside, &[x]);
    assert!(captured.unwrap_err().to_string().contains("pass all recorded values as arguments"));
    // A function that does not depend on its argument has a gradient of zeros.
    let y = checkpoint(|a: &[Var]| a[0].constant(Tensor::from([1.0, 2.0])), &[x]).unwrap();
    assert_eq!(y.sum().backward()[x].data(), [0.0, 0.0]);
}

/// Two and three blocks that share a parameter and an argument, with uses of both between the blocks: the sum over all uses is
/// taken in the same order.
#[test]
fn what_blocks_share_is_the_same_to_the_bit() {
    let (shared, own) = (Param::new(numbers([3, 3], 0.2)), Param::new(numbers([3, 3], 4.0)));
    type Found = Vec<Vec<f64>>;
    let run = |recompute: bool, blocks: usize, sweep: &str| -> Found {
        let tape = Tape::new();
        let (mut x, b) = (tape.var(numbers([2, 3], 1.0)), tape.var(numbers([3], 2.0)));
        let leaf = x;
        for k in 0..blocks {
            let w = if k == 1 && blocks == 3 { &own } else { &shared };
            let y = if recompute { checkpoint(block(w), &[x, b]).unwrap() } else { block(w)(&[x, b]) };
            x = (y * b + x).matmul(x.lift(&shared)) * 1.3;
        }
        let y = (x * numbers([2, 3], 3.0)).sum();
        let all = [leaf, b, leaf.lift(&shared)];
        match sweep {
            "leaves" => {
                let g = y.backward();
                all.map(|v| g[v].to_vec()).to_vec()
            }
            "all" => {
                let g = y.backward_all();
                all.map(|v| g[v].to_vec()).to_vec()
            }
            _ => {
                let g = y.backward_recorded();
                all.map(|v| g[v].value().to_vec()).to_vec()
            }
        }
    };
    for blocks in 1..=4 {
        for sweep in ["leaves", "all", "recorded"] {
            assert_eq!(run(false, blocks, sweep), run(true, blocks, sweep), "{blocks} blocks, {sweep}");
        }
    }
}

/// A function that gives another value each time is found out in every sweep that computes it again.
#[test]
fn a_function_that_draws_at_random_is_refused() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let drawn = || {
        let calls = AtomicU64::new(0);
        move |a: &[Var]| a[0] * Tensor::from([1.0, 1.0 + calls.fetch_add(1, Ordering::Relaxed) as f64])
    };
    let f = |x: Var| checkpoint(drawn(), &[x]).unwrap().sum();
    let x0 = Tensor::from([2.0, 3.0]);
    let tape = Tape::new();
    let x = tape.var(x0.clone());
    let recorded = f(x).try_backward_recorded().map(drop);
    for (mode, found) in [
        ("backward", grad(f, &x0).map(drop)),
        ("forward", jvp(f, &x0, &x0).map(drop)),
        ("hvp", hvp(f, &x0, &x0).map(drop)),
        ("recorded", recorded),
    ] {
        let message = found.unwrap_err().to_string();
        assert!(message.starts_with("checkpoint: the function gave 3.0 at element 1, and "), "{mode}: {message}");
        assert!(message.contains("comes in as an argument"), "{mode}: {message}");
    }
    // The same key gives the same numbers, and NaN is the same as NaN.
    let key = Tensor::from([7_i64]);
    let fixed = move |a: &[Var]| a[0] * Tensor::from([key.data()[0] as f64, f64::NAN]);
    let tape = Tape::new();
    let x = tape.var(x0);
    assert_eq!(checkpoint(fixed, &[x]).unwrap().sum().backward()[x].data()[0], 7.0);
}
