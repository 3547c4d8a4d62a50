//! The line that an error, a graph and a report name is the user's own: of every method, at every operator, in every layer
//! of calls.
//!
//! A call is found again by its text: the line that is named must be one of this file on which the method stands.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use wengert_tape::{Algebra, Dual, GraphView, Param, Real, checkpoint, layer, prelude::*};

use crate::calls::{self, Operands, REFUSED, VALID};

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// Where `call` panics: file and line.
fn panics_at(call: impl FnOnce()) -> Option<(String, u32)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = take_hook();
        set_hook(Box::new(move |info| match WATCHED.get() {
            true => PANIC.set(info.location().map(|l| (l.file().to_owned(), l.line()))),
            false => other(info),
        }));
    });
    WATCHED.set(true);
    let panicked = catch_unwind(AssertUnwindSafe(call)).is_err();
    WATCHED.set(false);
    panicked.then(|| PANIC.take())?
}

const SOURCE: [(&str, &str); 2] = [(file!(), include_str!("lines.rs")), (calls::FILE, include_str!("calls.rs"))];

/// Whether a line of one of these files has this text.
fn has(file: &str, line: u32, text: &str) -> bool {
    let source = SOURCE.iter().find(|(path, _)| *path == file).map(|(_, source)| *source);
    source.and_then(|s| s.lines().nth(line as usize - 1)).is_some_and(|l| l.contains(text))
}

/// Whether a method is called on a line of one of these files.
fn calls(file: &str, line: u32, method: &str) -> bool {
    has(file, line, &format!("{method}(")) || has(file, line, &format!("{method}::<"))
}

#[test]
fn what_every_method_records_has_the_line_of_its_call() {
    let mut failures = String::new();
    for (name, call) in VALID {
        let tape = Tape::new();
        let operands = Operands::on(&tape);
        let before = tape.len();
        if let Err(e) = try_with(|| call(&operands)) {
            failures += &format!("{name}: {e}\n");
        }
        let graph = GraphView::of_tape(&tape).unwrap();
        let recorded: Vec<_> = graph.nodes.iter().filter(|n| n.id.is_some_and(|id| id as usize > before)).collect();
        if recorded.is_empty() {
            failures += &format!("{name} records nothing\n");
        }
        for node in recorded {
            let line = node.line.unwrap();
            if !calls(line.file(), line.line(), name) {
                failures += &format!("{name}: `{}` at {line}\n", node.name());
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A handle of a tape that is gone is refused by every method.
#[test]
fn what_every_method_refuses_has_the_line_of_its_call() {
    let mut failures = String::new();
    for (name, call) in VALID {
        let operands = Operands::on(&Tape::new());
        match panics_at(|| call(&operands)) {
            Some((file, line)) if calls(&file, line, name) => {}
            other => failures += &format!("{name}: {other:?}\n"),
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// What does not fit is refused in the name of the method that was called, at its line, whatever it is made of; and
/// `try_with` returns the same.
#[test]
fn every_method_refuses_in_its_own_name() {
    let mut failures = String::new();
    for (k, (name, call)) in REFUSED.iter().enumerate() {
        let tape = Tape::new();
        let operands = Operands::on(&tape);
        match catch_unwind(AssertUnwindSafe(|| try_with(|| call(&operands)))).unwrap_or(Ok(())) {
            Err(e) if e.to_string().starts_with(&format!("{name}: ")) => {}
            other => failures += &format!("{k}: {name}: {other:?}\n"),
        }
        match panics_at(|| call(&operands)) {
            Some((file, line)) if calls(&file, line, name) => {}
            other => failures += &format!("{k}: {name}: {other:?}\n"),
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// No method is forgotten here: the traits of all operations are read.
#[test]
fn every_method_is_called() {
    let called: BTreeSet<&str> = VALID.iter().map(|(name, _)| *name).collect();
    let mut missing = Vec::new();
    for (name, source) in calls::sources() {
        for method in calls::declared(&source) {
            if !called.contains(method.as_str()) {
                missing.push(format!("{method} of {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The formulas of derivatives, used by a user.
#[test]
#[rustfmt::skip] // a call stands on the line of its name
fn the_functions_of_formulas_have_the_line_of_their_call() {
    type Call = fn(Var) -> Var;
    let calls: &[(&str, Call)] = &[
        ("chain(", |x| Real::chain(x, x)),
        ("exp(", |x| Real::exp(x)),
        ("ln(", |x| Real::ln(x)),
        ("sqrt(", |x| Real::sqrt(x)),
        ("sin(", |x| Real::sin(x)),
        ("cos(", |x| Real::cos(x)),
        ("sinh(", |x| Real::sinh(x)),
        ("cosh(", |x| Real::cosh(x)),
        ("erf(", |x| Real::erf(x)),
        ("polygamma(", |x| Real::polygamma(x, 1)),
        ("floor(", |x| Real::floor(x)),
        ("sigmoid(", |x| Real::sigmoid(x)),
        ("pow(", |x| Real::pow(x, x)),
        ("powf(", |x| Real::powf(x, 1.5)),
        ("select(", |x| Real::select(Real::lt(x, x), x, x)),
        ("select(", |x| Real::select(Real::le(x, x), x, x)),
        ("select(", |x| Real::select(Real::eq(x, x), x, x)),
        ("+", |x| x + x), ("-", |x| x - x), ("*", |x| x * x), ("/", |x| x / x), ("-", |x| -x),
        ("+", |x| x + 1.0), ("-", |x| 1.0 - x), ("*", |x| x * Tensor::ones([2])), ("/", |x| Tensor::ones([2]) / x),
        ("/", |x| 1.0 / &x),
        ("+=", |x| { let mut y = x; y += x; y }),
        ("*=", |x| { let mut y = x; y *= 2.0; y }),
        ("-=", |x| { let mut y = x; y -= Tensor::ones([2]); y }),
    ];
    for (text, call) in calls {
        let tape = Tape::new();
        let y = call(tape.var(Tensor::from([0.5, 2.0])));
        for node in &GraphView::of_tape(&tape).unwrap().nodes[1..] {
            let line = node.line.unwrap_or(Location::caller());
            assert!(node.id.is_none() || has(line.file(), line.line(), text), "{text}: {} at {line}", node.name());
        }
        drop(tape);
        let (file, line) = panics_at(|| _ = call(y)).unwrap();
        assert!(has(&file, line, text), "{text} panics at {file}:{line}");
    }
}

#[test]
#[rustfmt::skip] // a call stands on the line of its name
fn what_tapes_numbers_and_tensors_refuse_has_the_line_of_its_call() {
    let x = || Tensor::from([1.0, 2.0]);
    let gone = || Tape::new().scalar(2.0);
    let var = || Tape::new().var(Tensor::from([1.0, 2.0]));
    let shape = || Shape::from([2]);
    let table: &[(&str, &dyn Fn())] = &[
        ("+", &|| _ = x() + Tensor::ones([3])),
        ("-", &|| _ = &x() - &Tensor::ones([3])),
        ("*", &|| _ = gone() * gone()),
        ("/", &|| _ = Scalar::constant(1.0) / gone() / gone()),
        ("+=", &|| { let mut a = gone(); a += gone(); }),
        ("+", &|| _ = shape() + Shape::from([3])),
        ("exp(", &|| { gone().exp(); }),
        ("ln(", &|| { Real::ln(var()); }),
        ("pow(", &|| { gone().pow(gone()); }),
        ("max(", &|| { gone().max(gone()); }),
        ("sin_cos(", &|| { gone().sin_cos(); }),
        ("copysign(", &|| { gone().copysign(Scalar::constant(-1.0)); }),
        ("fract(", &|| { gone().fract(); }),
        ("log(", &|| { gone().log(gone()); }),
        ("dot(", &|| { Scalar::dot(&[gone()], &[gone(), gone()]); }),
        ("backward(", &|| { gone().backward(); }),
        ("backward_all(", &|| { gone().backward_all(); }),
        ("backward_recorded(", &|| { gone().backward_recorded(); }),
        ("retain(", &|| { gone().retain(); }),
        ("on_gradient(", &|| { gone().on_gradient(drop); }),
        ("value(", &|| { var().value(); }),
        ("item(", &|| { var().item(); }),
        ("scalar(", &|| { var().scalar(); }),
        ("backward(", &|| { var().backward(); }),
        ("backward_all(", &|| { var().backward_all(); }),
        ("retain(", &|| { var().retain(); }),
        ("on_value(", &|| { var().on_value(|_| ()); }),
        ("on_gradient(", &|| { var().on_gradient(|_| ()); }),
        ("shape(", &|| { Algebra::shape(&var()); }),
        ("full(", &|| { var().full(shape(), 1.0); }),
        ("lift(", &|| { var().lift(&Param::new(x())); }),
        ("constant(", &|| { Lift::constant(&var(), x()); }),
        ("g[", &|| { let g = Tape::new().scalar(1.0).backward_at_once(); _ = g[gone()]; }),
        ("x()[", &|| _ = x()[[5]]),
        ("item(", &|| { x().item(); }),
        ("new(", &|| { Tensor::new([3], vec![1.0]); }),
        ("matmul(", &|| { Dual::still(x()).matmul(Dual::still(Tensor::ones([3, 1]))); }),
        ("matmul(", &|| { shape().matmul(Shape::from([3, 1])); }),
        ("reshape(", &|| { Tensor::<i64>::from([1, 2]).reshape([5]); }),
        ("reshape(", &|| { Tensor::from([true]).reshape([5]); }),
    ];
    let mut failures = String::new();
    for (k, (text, call)) in table.iter().enumerate() {
        match panics_at(call) {
            Some((file, line)) if has(&file, line, text) => {}
            other => failures += &format!("{k}: {text} {other:?}\n"),
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A sweep of a number, whose tape is gone when the gradients are asked.
trait AtOnce {
    fn backward_at_once(self) -> Gradients;
}
impl AtOnce for Scalar {
    fn backward_at_once(self) -> Gradients {
        let tape = Tape::new();
        tape.scalar(1.0).backward()
    }
}

/// What rules record has the line of the forward call; with tangents too.
#[test]
fn what_rules_record_has_the_line_of_the_forward_call() {
    let tape = Tape::new();
    let (x, d) = (tape.var(Tensor::from([0.5, 2.0])), tape.var(Tensor::from([1.0, 3.0])));
    let y = Dual { value: x, tangent: Some(d) }.softplus().cumsum(0).sum();
    let _ = y.tangent.unwrap();
    for node in &GraphView::of_tape(&tape).unwrap().nodes[2..] {
        let at = node.line.map(|l| (l.file(), l.line()));
        assert!(at.is_none_or(|(file, line)| has(file, line, "softplus()")), "{} at {at:?}", node.name());
    }
}

#[test]
fn a_layer_is_named_beside_the_line() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, 2.0]]));
    let outer = layer("encoder");
    let error = {
        let _inner = layer(0);
        x.tanh();
        try_with(|| x.matmul(x)).unwrap_err().to_string()
    };
    drop(outer);
    assert!(error.starts_with("matmul: inner dimensions differ: [1, 2] · [1, 2] (2 ≠ 1); "), "{error}");
    assert!(error.ends_with(" (in layer encoder.0)"), "{error}");
    let graph = GraphView::of_tape(&tape).unwrap();
    assert_eq!(graph.nodes[1].layer.as_deref(), Some("encoder.0"));
    assert!(graph.nodes[1].place().ends_with(", layer encoder.0"), "{}", graph.nodes[1].place());
    assert_eq!(x.sqrt().sum().item(), 1.0 + 2f64.sqrt()); // and the layer has ended
    assert_eq!(GraphView::of_tape(&tape).unwrap().nodes[2].layer, None);
}

#[test]
fn an_error_inside_a_checkpoint_is_raised_at_the_users_line() {
    let tape = Tape::new();
    let x = tape.var(Tensor::ones([2, 3]));
    let (file, line) = panics_at(|| drop(checkpoint(|x| x[0].matmul(x[0]), &[x]))).unwrap();
    assert!(has(&file, line, "matmul("), "{file}:{line}");
}
