//! A tape that is full says so, stays as it was, and goes on being right: whatever was asked of it, and however often.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::prelude::*;
use wengert_tape::{Error, Float};

/// Lets a value go.
fn keep<T>(_: T) {}

/// What a panic says.
fn message(call: impl FnOnce()) -> Option<String> {
    catch_unwind(AssertUnwindSafe(call)).err().map(|e| e.downcast_ref::<String>().cloned().unwrap_or_default())
}

type Entry<F> = (&'static str, fn(&Tape<F>, &[Scalar<F>], &Var<F>));

/// Every way in which nodes are made: it makes some thousand, or as many as it is called.
fn entries<F: Float>() -> Vec<Entry<F>>
where
    for<'a> Scalar<F>: std::iter::Sum<&'a Scalar<F>> + std::iter::Product<&'a Scalar<F>>,
{
    vec![
        ("scalars", |tape, _, _| drop(tape.scalars(&[F::one(); 100_000]))),
        ("scalar", |tape, _, _| (0..100_000).for_each(|_| keep(tape.scalar(F::one())))),
        ("arithmetic", |_, x, _| {
            (0..100_000).fold(x[0], |y, _| y * x[1] + x[2].sin());
        }),
        ("sum of numbers that are no run", |_, x, _| {
            (0..100_000).for_each(|k| keep([x[k % 7], x[5], x[k % 3], x[6], x[1]].iter().sum::<Scalar<F>>()));
        }),
        ("sum of a run", |_, x, _| (0..100_000).for_each(|_| keep(x.iter().sum::<Scalar<F>>()))),
        ("product", |_, x, _| (0..100_000).for_each(|_| keep(x.iter().product::<Scalar<F>>()))),
        ("dot", |_, x, _| (0..100_000).for_each(|_| keep(Scalar::dot(x, x)))),
        ("log_sum_exp", |_, x, _| (0..100_000).for_each(|_| keep(Scalar::log_sum_exp_of(x)))),
        ("var", |tape, _, _| (0..100_000).for_each(|_| keep(tape.var(Tensor::from([F::one()]))))),
        ("tensors", |_, _, v| {
            (0..100_000).fold(*v, |v, _| v + v);
        }),
        ("scalars as tensors", |_, x, _| (0..100_000).for_each(|_| keep(Var::from(x[0] * x[1]).exp()))),
    ]
}

/// A gradient that uses every kind of node, of numbers in which it is exact.
fn check<F: Float>(tape: &Tape<F>, x: &[Scalar<F>], v: &Var<F>, what: &str) {
    let three = F::from_f64(3.0);
    let y = x[0] * x[1] * three;
    let g = y.backward();
    assert_eq!((g[x[0]], g[x[1]]), (x[1].value() * three, x[0].value() * three), "{what}");
    let g = v.sum().backward();
    assert!(g[*v].data().iter().all(|g| *g == F::one()), "{what}");
    assert!(!tape.is_empty());
}

fn fill<F: Float>(open: fn() -> Tape<F>, kind: &str)
where
    for<'a> Scalar<F>: std::iter::Sum<&'a Scalar<F>> + std::iter::Product<&'a Scalar<F>>,
{
    // A chunk's end, one before and after it, and far from one.
    for limit in [1 << 14, (1 << 14) - 1, (1 << 14) + 1, 20_011] {
        for (name, entry) in entries::<F>() {
            let what = format!("{name} on {kind}, {limit} nodes");
            let mut tape = open();
            let x: Vec<Scalar<F>> = tape.scalars(&[2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0].map(F::from_f64));
            let v = tape.var(Tensor::from([F::one(), F::from_f64(-2.0)]));
            let before = x[2] * x[3];
            tape.limit_nodes(limit);
            for again in 0..3 {
                let said = message(|| entry(&tape, &x, &v));
                assert!(said.as_ref().is_some_and(|s| s.starts_with("tape full: ")), "{what}: {said:?}");
                assert!(tape.len() <= limit, "{what}: {} nodes", tape.len());
                // Another tape was in use meanwhile.
                let other = open();
                let a = other.scalar(F::from_f64(4.0));
                assert_eq!((a * a).backward()[a], F::from_f64(8.0), "{what}");
                assert_eq!(before.backward()[x[2]], F::from_f64(7.0), "{what}, {again}");
            }
            // With more room it goes on where it was.
            tape.limit_nodes(limit + (1 << 15));
            check(&tape, &x, &v, &what);
            drop(message(|| entry(&tape, &x, &v)));
            tape.limit_nodes(usize::MAX);
            check(&tape, &x, &v, &what);
            // And empty it has room.
            tape.limit_nodes(limit);
            tape.clear();
            let x = tape.scalars(&[2.0, 3.0].map(F::from_f64));
            let v = tape.var(Tensor::from([F::one(), F::from_f64(-2.0)]));
            check(&tape, &x, &v, &what);
        }
    }
}

#[test]
fn a_full_tape_of_f64_stays_as_it_was() {
    fill::<f64>(Tape::new, "a full tape");
}

#[test]
fn a_full_tape_of_f32_stays_as_it_was() {
    fill::<f32>(Tape::of::<f32>, "a full tape of f32");
}

#[test]
fn a_full_gradient_only_tape_stays_as_it_was() {
    fill::<f64>(Tape::gradient_only, "a gradient-only tape");
    fill::<f32>(Tape::gradient_only, "a gradient-only tape of f32");
}

/// The sample that ended in a segmentation fault: leaves that do not fit, then a product.
#[test]
fn leaves_that_do_not_fit_leave_the_next_operation_right() {
    let tape = Tape::new();
    tape.limit_nodes(1 << 16);
    let x = tape.scalar(3.0);
    assert_eq!(
        message(|| drop(tape.scalars(&[0.5; 100_000]))).as_deref(),
        Some("tape full: 1 nodes; clear it or cut the computation into pieces")
    );
    let y = x * x;
    assert_eq!((y.value(), y.backward()[x], tape.len()), (9.0, 6.0, 2));
    assert!(Var::from(y).try_backward().is_ok(), "{}", Error::Folded);
}
