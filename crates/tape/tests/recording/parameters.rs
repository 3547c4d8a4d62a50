//! What a clone of a parameter is, what is tied, and what becomes of one that changes while a tape holds it.

use wengert_tape::{checkpoint, prelude::*};

fn set(param: &mut Param, value: f64) {
    param.value_mut().data_mut().fill(value);
}

/// On one tape, beside its original, lifted before or after it, changed or not: a clone answers with its own numbers, and each
/// gets its own gradient, that of w·c by both.
#[test]
fn a_clone_answers_with_its_own_numbers() {
    let mut failures = Vec::new();
    for original_first in [true, false] {
        for change in [None, Some(false), Some(true)] {
            let mut w = Param::new(Tensor::from([2.0]));
            let mut copy = w.clone();
            let tape = Tape::new();
            let x = tape.input(Tensor::from([1.0]));
            match change {
                Some(true) => set(&mut w, 5.0),
                Some(false) => set(&mut copy, 5.0),
                None => {}
            }
            let lift = |param: &Param| x.lift(param);
            let (a, b) = if original_first {
                (lift(&w), lift(&copy))
            } else {
                let b = lift(&copy);
                (lift(&w), b)
            };
            let g = (a * b).sum().backward();
            let found = (a.value(), b.value(), g.param(&w).cloned(), g.param(&copy).cloned());
            let right = found.0 == *w.value() && found.1 == *copy.value();
            let gradients = found.2.as_ref().ok() == Some(copy.value()) && found.3.as_ref().ok() == Some(w.value());
            if !right || !gradients {
                failures.push(format!("original first {original_first}, changed {change:?}: {found:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Σ (w·x − 3)² by hand, on a tape that is never cleared, and on one for each step: the same numbers.
#[test]
fn steps_on_one_tape_see_the_parameter_as_it_is() {
    let train = |one_tape: bool| {
        let mut w = Param::new(Tensor::from([1.0, -2.0]));
        let mut tape = Tape::new();
        for _ in 0..50 {
            if !one_tape {
                tape.clear();
            }
            let x = tape.input(Tensor::from([1.0, 0.5]));
            let loss = (x.lift(&w) * x - 3.0).powi(2).sum();
            let g = loss.backward().param(&w).unwrap() * 0.2;
            *w.value_mut() = w.value() - &g;
        }
        w.value().to_vec()
    };
    assert_eq!(train(true), train(false));
    assert!((train(true)[0] - 3.0).abs() < 1e-9 && (train(true)[1] - 6.0).abs() < 0.1);
}

#[test]
fn a_gradient_by_two_values_is_refused() {
    let mut w = Param::new(Tensor::from([2.0]));
    let tape = Tape::new();
    let x = tape.input(Tensor::from([3.0]));
    let (line, before) = (line!(), x.lift(&w));
    set(&mut w, 1.0);
    let after = x.lift(&w);
    assert_eq!((before.item(), after.item(), x.lift(&w).value() == after.value()), (2.0, 1.0, true));
    let g = (before * after * x).sum().backward();
    // by the leaves, there are gradients
    assert_eq!((g[before].data(), g[after].data()), (&[3.0][..], &[6.0][..]));
    let message = g.param(&w).unwrap_err().to_string();
    assert!(message.starts_with(&format!("two values: {} was changed between ", w.id())), "{message}");
    assert!(message.contains(&format!("parameters.rs:{line}:")) && message.contains("`clone`"), "{message}");
    // an output of one of them has one, and the other is reached by none
    assert_eq!((after * x).sum().backward().param(&w).unwrap().data(), [3.0]);
    assert_eq!((before * x).sum().backward().param(&w).unwrap().data(), [3.0]);
    assert_eq!((x.var_of() * 2.0).sum().backward().unreached(), [w.id()]);
    // back at the first value, by its buffer or by its numbers
    set(&mut w, 2.0);
    assert_eq!(x.lift(&w).item(), 2.0);
}

/// A var beside a recorded value.
trait Beside {
    fn var_of(&self) -> Var;
}
impl Beside for Var {
    fn var_of(&self) -> Var {
        self.lift(&Param::new(Tensor::from([1.0])))
    }
}

/// Tied places that were read from a file hold equal numbers in two buffers: they are still one leaf.
#[test]
fn equal_numbers_in_two_buffers_are_one_leaf() {
    let mut a = Param::new(Tensor::from([2.0, f64::NAN]));
    let mut b = a.tied();
    *a.value_mut() = Tensor::from([1.0, f64::NAN]);
    *b.value_mut() = Tensor::from([1.0, f64::NAN]);
    let tape = Tape::new();
    let x = tape.input(Tensor::from([3.0, 0.0]));
    let y = (x.lift(&a) * x + x.lift(&b)).sum();
    assert_eq!(y.backward().param(&a).unwrap().data(), [4.0, 1.0]);
}

#[test]
fn a_checkpoint_of_two_values_is_refused() {
    let w = Param::new(Tensor::from([2.0]));
    let mut changed = w.tied();
    set(&mut changed, 5.0);
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0]));
    let message = checkpoint(move |a: &[Var]| a[0].lift(&w) * a[0].lift(&changed), &[x]).unwrap_err().to_string();
    assert!(message.starts_with("checkpoint: parameter ") && message.ends_with("clone one of them"), "{message}");
}
