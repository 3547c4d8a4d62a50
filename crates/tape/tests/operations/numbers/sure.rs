//! What a softmax leaves of a class that is nearly sure: `1 − p` with its digits, in first and second derivatives, by every door.

use std::fmt::Write;

use wengert_tape::ops::{Attention, CrossEntropy};
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Arg};

/// How far the likelier of two classes is ahead: at 40 its probability is 1 in `f64`, and was in `f32` long before.
const AHEAD: [f64; 4] = [2.0, 15.0, 40.0, 80.0];

fn attend<A: Algebra>(args: &[&A; 3], scale: f64) -> A {
    A::apply(Attention { scale, causal: false }, &args.map(|x| Arg::Real(x))).real()
}

/// Functions of `(t, 0)` with `p = 1 / (1 + e⁻ᵗ)`: name, what is computed, and whether that is `p (1 − p)` or `1 − p`.
fn derivatives<F: Float>(t: f64) -> Vec<(&'static str, Vec<Tensor<F>>, bool)> {
    let x = Tensor::new([2], vec![F::from_f64(t), F::zero()]);
    let first = Tensor::new([2], vec![F::one(), F::zero()]);
    let likely = |y: Var<F>| y.at(0, 0);
    let gradient = |f: &dyn Fn(Var<F>) -> Var<F>| {
        let tape = Tape::of::<F>();
        let x = tape.var(x.clone());
        let recorded = f(x).backward_recorded()[x];
        vec![f(x).backward()[x].clone(), recorded.value()]
    };
    // The derivative of the derivative by the first number: a row of the Hessian.
    let row = |f: &dyn Fn(Var<F>) -> Var<F>| {
        let tape = Tape::of::<F>();
        let x = tape.var(x.clone());
        let slope = f(x).backward_recorded()[x];
        vec![slope.at(0, 0).backward()[x].clone()]
    };
    let loss = |x: Var<F>| x.cross_entropy(Tensor::from(0_i64), &CrossEntropy::default());
    let forward = jvp(|x: Var<F>| x.softmax(0), &x, &first).unwrap().1;
    let logarithms = jvp(|x: Var<F>| x.log_softmax(0), &x, &first).unwrap().1;
    let attended = |keys: Var<F>| {
        let (one, values) = (Tensor::ones([1, 1]), first.reshape([2, 1]));
        let query = keys.constant(one);
        attend(&[&query, &keys.reshape([2, 1]), &keys.constant(values)], 1.0).sum()
    };
    vec![
        ("softmax", gradient(&|x| likely(x.softmax(0))), true),
        ("softmax, forward", vec![forward], true),
        ("log_softmax", gradient(&|x| likely(x.log_softmax(0))), false),
        ("log_softmax, forward", vec![Tensor::new([2], vec![logarithms.data()[0], -logarithms.data()[0]])], false),
        ("cross_entropy", gradient(&|x| -loss(x)), false),
        ("cross_entropy, second", row(&loss), true),
        ("log_softmax, second", row(&|x| -likely(x.log_softmax(0))), true),
        ("attention", gradient(&attended), true),
    ]
}

fn wrong_by<F: Float>(digits: f64, failures: &mut String) {
    for t in AHEAD {
        let (rest, p) = ((-t).exp() / (1.0 + (-t).exp()), 1.0 / (1.0 + (-t).exp()));
        for (name, found, both) in derivatives::<F>(t) {
            let right = if both { p * rest } else { rest };
            for found in found {
                let [a, b] = found.data() else { panic!("{name}: two numbers") };
                for (x, right) in [(a, right), (b, -right)] {
                    if !((Float::to_f64(*x) - right).abs() <= digits * right.abs()) {
                        writeln!(failures, "{name}, {} at {t}: {x} and not {right}", F::NAME).unwrap();
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_left_beside_a_sure_class_keeps_its_digits() {
    let mut failures = String::new();
    wrong_by::<f64>(1e-12, &mut failures);
    wrong_by::<f32>(1e-5, &mut failures);
    assert!(failures.is_empty(), "\n{failures}");
}

/// Products of a query and keys beyond the range of numbers, whose differences say which key is meant. (PyTorch's
/// `scaled_dot_product_attention` gave NaN for three of the four that were tried there.)
#[test]
fn attention_is_right_where_products_leave_the_range_of_numbers() {
    fn rows<F: Float, const N: usize>(rows: [[f64; 2]; N]) -> Tensor<F> {
        Tensor::from(rows).cast()
    }
    fn try_in<F: Float>(far: f64) {
        let values = rows([[1.0, 2.0], [3.0, 5.0]]);
        let table: [([f64; 2], [[f64; 2]; 2], f64, [f64; 2]); 6] = [
            ([far, 0.0], [[far, 0.0], [0.5 * far, 0.0]], 1.0, [1.0, 2.0]),
            ([far, 0.0], [[far, 0.0], [far, 0.0]], 1.0, [2.0, 3.5]),
            ([far, 1.0], [[-far, 1.0], [-far, 1.0]], 1.0, [2.0, 3.5]),
            ([far, far], [[far, far], [-far, -far]], 1.0, [1.0, 2.0]),
            ([far, far], [[far, far], [-far, -far]], -1.0, [3.0, 5.0]),
            ([far, far], [[2.0 * far, 0.0], [0.0, 1.8 * far]], 0.1, [1.0, 2.0]),
        ];
        for (query, keys, scale, right) in table {
            let tape = Tape::of::<F>();
            let leaves = [rows::<F, 1>([query]), rows(keys), values.clone()].map(|x| tape.var(x));
            let y = attend(&[&leaves[0], &leaves[1], &leaves[2]], scale);
            assert_eq!(y.value(), rows([right]), "{query:?} · {keys:?}");
            let g = y.sum().backward();
            assert!(leaves.iter().all(|x| g[*x].data().iter().all(|g| num_traits::Float::is_finite(*g))), "{query:?}");
        }
        // A number that is none stays one.
        let infinite = attend(&[&rows([[f64::INFINITY, 0.0]]), &rows([[1.0, 0.0], [2.0, 0.0]]), &values], 1.0);
        assert!(infinite.data().iter().all(|y| num_traits::Float::is_nan(*y)));
    }
    try_in::<f32>(2e19);
    try_in::<f64>(2e160);
}
