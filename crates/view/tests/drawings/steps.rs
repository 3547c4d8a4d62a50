//! A backward pass taken apart gives what a sweep gives, to the bit.

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Op, Value, try_with};
use wengert_view::{Steps, View, ViewExt};

/// Whether both are the same numbers, to the bit.
fn same<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> bool {
    let bits = |x: &F| Float::to_f64(*x).to_bits();
    a.shape() == b.shape() && a.data().iter().map(bits).eq(b.data().iter().map(bits))
}

/// What of the steps differs from the gradients of every node, and what does not add up.
fn faults<F: Float>(name: &str, view: &View<F>, steps: &Steps<F>, gradients: &Gradients<F>) -> Vec<String> {
    let mut wrong = Vec::new();
    for node in &view.graph().nodes {
        match (view.graph().gradient(node, gradients), &steps.cotangents[node.index]) {
            (Some(swept), Some(stepped)) if same(&swept, stepped) => {}
            (None, None) => {}
            // A sweep of all nodes tells those that it does not reach from those it gives zeros to.
            (Some(swept), None) if swept.data().iter().all(|x| *x == F::zero()) => {}
            (swept, stepped) => wrong.push(format!("{name}: node {}: {swept:?} and {stepped:?}", node.index)),
        }
    }
    for part in steps.steps.iter().flat_map(|step| &step.parts) {
        if let (Some(local), 1) = (part.local, part.product.len()) {
            let arrived = steps.steps.iter().find(|step| step.parts.iter().any(|p| std::ptr::eq(p, part))).unwrap();
            let (product, expected) = (part.product.data()[0], arrived.arrived.data()[0] * local);
            let difference = Float::to_f64(product - expected).abs();
            // a rule may round in another order than the product, and that of a matrix exponential is an algorithm
            if !(difference <= 32.0 * Float::to_f64(F::epsilon()) * Float::to_f64(expected).abs()) {
                wrong.push(format!("{name}: {product:?} is not {expected:?}"));
            }
        }
    }
    wrong
}

#[test]
fn every_operation_taken_apart_gives_the_gradients_of_a_sweep() {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for case in AnyOp::registered_cases() {
        let Some(op) = case.op.clone() else { continue };
        let args: Vec<Value<f64>> = case.args.clone();
        let tape = Tape::new();
        let recorded = try_with(|| {
            let vars: Vec<Any<Var>> = args
                .iter()
                .map(|arg| match arg {
                    Any::Real(t) => Any::Real(tape.var(t.clone())),
                    Any::Index(t) => Any::Index(tape.input(t.clone())),
                    Any::Mask(t) => Any::Mask(tape.input(t.clone())),
                })
                .collect();
            let vars: Vec<Arg<'_, Var>> = vars.iter().map(|var| var.as_arg()).collect();
            match Var::apply(op.clone(), &vars) {
                Any::Real(y) if !y.shape().contains(&0) => Some((y * y.sigmoid()).sum()),
                _ => None,
            }
        });
        let Ok(Some(y)) = recorded else { continue };
        let Ok(gradients) = try_with(|| y.backward_all()) else { continue };
        let view = y.view();
        match view.steps() {
            Ok(steps) => wrong.extend(faults(&op.name(), &view, &steps, &gradients)),
            Err(error) => wrong.push(format!("{}: {error}", op.name())),
        }
        tried += 1;
    }
    assert!(tried > 300, "{tried} cases");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn numbers_taken_apart_give_the_gradients_of_a_sweep() {
    let tape = Tape::new();
    let x = tape.scalars(&[0.3, -1.2, 0.7, 2.1]);
    let sum: Scalar = x.iter().map(|x| *x * *x).sum();
    let y = (x[0] * x[1] + sum.sin()).tanh() * x[2].exp() - Scalar::dot(&x, &[x[3], x[0], x[1], x[2]]) / x[3].powi(3);
    let view = y.view();
    let steps = view.steps().unwrap();
    assert_eq!(faults("numbers", &view, &steps, &y.backward_all()), [""; 0]);
    // and the fast sweep, which multiplies by slopes that it kept
    let gradients = y.backward();
    for leaf in &x {
        let node = view.graph().find_scalar(*leaf).unwrap().index;
        assert_eq!(steps.cotangents[node].as_ref().unwrap().item().to_bits(), gradients[*leaf].to_bits());
    }
}

#[test]
fn single_precision_is_taken_apart_in_single_precision() {
    let tape = Tape::of::<f32>();
    let w = tape.var(Tensor::from([[0.1f32, 0.7], [-0.4, 1.3]]));
    let x = tape.input(Tensor::from([[0.3f32, -0.9]]));
    let y = (x.matmul(w).tanh() * x.matmul(w)).sum();
    let view = y.view();
    assert_eq!(faults("f32", &view, &view.steps().unwrap(), &y.backward_all()), [""; 0]);
}
