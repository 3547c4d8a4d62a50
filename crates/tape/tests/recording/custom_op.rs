//! Operations of two closures, in every mode that the closures allow.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::check::{Checker, Verdict};
use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, CustomOp, GraphView, NodeKind, Number, One, Pointwise, Real, Replay};

/// `y = a · b²`, with `b` one number for each row of `a`.
fn scaled() -> CustomOp {
    CustomOp::new(
        "scaled",
        |a: &[Tensor]| &a[0] * a[1].map(|b| b * b).reshape([2, 1]),
        |g, a, _y| {
            let by_b = (g * &a[0]).sum_over(1) * a[1].map(|b| 2.0 * b);
            vec![g * a[1].map(|b| b * b).reshape([2, 1]), by_b]
        },
    )
}

fn point() -> (Tensor, Tensor) {
    (Tensor::from([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]), Tensor::from([0.5, -2.0]))
}

/// The message of a panic.
fn message(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn it_is_a_node_like_any_other() {
    let (op, (a0, b0)) = (scaled(), point());
    // plain, and on shapes alone
    let plain = op.call(&[&a0, &b0]);
    assert_eq!(plain.data(), [0.25, -0.5, 0.125, 12.0, 1.0, -4.0]);
    assert_eq!(op.call(&[&Shape::from([2, 3]), &Shape::from([2])]), [2, 3]);
    // recorded, with its gradient: ∂Σy/∂a = b², ∂Σy/∂b = 2b Σa
    let tape = Tape::new();
    let (a, b) = (tape.var(a0.clone()), tape.var(b0.clone()));
    let y = op.call(&[&a, &b]);
    assert_eq!(y.value(), plain);
    let g = y.sum().backward();
    assert_eq!(g[a].data(), [0.25, 0.25, 0.25, 4.0, 4.0, 4.0]);
    assert_eq!(g[b].data(), [-0.5, -9.0]);
    // the gradient as a recorded value, by name in the graph
    let recorded = y.sum().backward_recorded();
    assert_eq!(recorded[b].value(), g[b]);
    let view = wengert_tape::GraphView::of_var(recorded[b]).unwrap();
    let names: Vec<String> = view.nodes.iter().map(|n| format!("{:?}", n.kind)).collect();
    assert!(names.iter().any(|n| n.contains("scaled")), "{names:?}");
    // in the other float type
    let tape = Tape::of::<f32>();
    let (a, b) = (tape.var(a0.cast::<f32>()), tape.var(b0.cast::<f32>()));
    assert_eq!(op.call(&[&a, &b]).sum().backward()[b].data(), [-0.5_f32, -9.0]);
}

#[test]
fn it_is_checked_on_request() {
    let (op, (a0, b0)) = (scaled(), point());
    let args = [Any::Real(a0.clone()), Any::Real(b0.clone())];
    let report = Checker::new().report_op(op, &args).unwrap();
    assert_eq!(report.verdict, Verdict::Pass);
    // a wrong factor is found and named
    let wrong = CustomOp::new("wrong", |a: &[Tensor]| a[0].map(f64::sin), |g, a, _y| vec![g * a[0].map(f64::sin)]);
    let error = check_gradients(|x: Var| (wrong.call(&[&x]) * 2.0).sum(), &b0).unwrap_err();
    assert!(error.to_string().contains("wrong"), "{error}");
}

#[test]
fn what_a_closure_cannot_say_is_a_named_error() {
    let (op, (a0, b0)) = (scaled(), point());
    let f = |b: Var| op.call(&[&Lift::constant(&b, a0.clone()), &b]).sum();
    // The recorded gradient is a value; differentiating it is what the closure cannot say.
    let tape = Tape::new();
    let b = tape.var(b0.clone());
    let gradient = f(b).backward_recorded()[b];
    let twice = message(|| drop(gradient.sum().backward()));
    assert!(twice.contains("scaled: its rule is a closure, which cannot be differentiated again"), "{twice}");
    let second = hessian(f, &b0).unwrap_err().to_string();
    // What a `hessian` really lacks is said at once: a rule for forward mode would not be the last.
    let lacking = "rules over the algebra";
    let product = hvp(f, &b0, &b0).unwrap_err().to_string();
    assert!(second.contains(lacking) && product.contains(lacking), "{second}\n{product}");
    let forward = jvp(f, &b0, &b0).unwrap_err().to_string();
    assert!(forward.contains("scaled: it has no rule for forward mode"), "{forward}");
    // with a rule, forward mode agrees with reverse mode: ∂Σy along b is Σ 2b² Σa
    let op = scaled().with_jvp(|k, d, a, _y| match k {
        0 => d * a[1].map(|b| b * b).reshape([2, 1]),
        _ => &a[0] * (a[1].map(|b| 2.0 * b) * d).reshape([2, 1]),
    });
    let f = |b: Var| op.call(&[&Lift::constant(&b, a0.clone()), &b]).sum();
    let (_, tangent) = jvp(f, &b0, &b0).unwrap();
    assert_eq!(tangent.item(), -0.5 * 0.5 + -9.0 * -2.0);
    let second = hessian(f, &b0).unwrap_err().to_string();
    assert!(second.contains(lacking), "{second}");
    // a cotangent of the wrong shape
    let bad = CustomOp::new("bad", |a: &[Tensor]| a[0].clone(), |g, _a, _y| vec![g.sum()]);
    let shape = value_and_grad(|b: Var| bad.call(&[&b]).sum(), &b0).unwrap_err().to_string();
    assert_eq!(shape, "bad: its vjp returns cotangents of shapes [[]] for arguments of shapes [[2]]");
}

/// `y = x³`, an operation of one's own by its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cube;

impl Pointwise for Cube {
    type Arity = One;
    const NAME: &'static str = "cube";
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x * x * x
    }
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x * x * 3.0
    }
}

#[test]
fn what_is_recorded_in_f64_is_read_in_f32_where_it_is_compiled_for_it() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, -2.0]));
    let graph = |op: AnyOp| Var::try_apply(op, &[Arg::Real(&x)]).unwrap().real().sum();

    // As a closure or for both, it is; and so are all operations of the library.
    let closures = CustomOp::new("scaled", |a: &[Tensor]| &a[0] * 3.0, |g, _a, _y| vec![g * 3.0]).call(&[&x]).sum();
    for (y, expected) in [(graph(AnyOp::new(Cube)), -7.0), (closures, -3.0), ((x * x).exp().ln().sum(), 5.0)] {
        let replay = Replay::of(y).unwrap().cast::<f32>().unwrap();
        assert!((replay.output().item() - expected).abs() < 1e-5, "{}", replay.output());
    }

    // By its type alone it is not, and the error says what to do.
    let y = Var::try_apply(Cube, &[Arg::Real(&x)]).unwrap().real().sum();
    let error = Replay::of(y).unwrap().cast::<f32>().unwrap_err().to_string();
    assert!(error.contains("cube") && error.contains("AnyOp::new"), "{error}");

    // The other way it is: what is recorded in f32 is checked in f64.
    let other = Tape::of::<f32>();
    let z = other.var(Tensor::from([0.1_f32, -2.0]));
    let cube = Var::try_apply(Cube, &[Arg::Real(&z)]).unwrap().real();
    let exact = f64::from(0.1_f32).powi(3) - 8.0;
    assert!((Replay::of(cube.sum()).unwrap().cast::<f64>().unwrap().output().item() - exact).abs() < 1e-15);

    // An operation out of a graph of f64 is none on a tape of f32: an error, and nothing is recorded.
    let view = GraphView::of_var(y).unwrap();
    let op = view.nodes.iter().find_map(|node| match &node.kind {
        NodeKind::Op(op) if op.downcast_ref::<Cube>().is_some() => Some(op.clone()),
        _ => None,
    });
    let before = other.stats();
    let error = Var::try_apply(op.unwrap(), &[Arg::Real(&z)]).unwrap_err().to_string();
    assert!(error.contains("cube") && error.contains("f32"), "{error}");
    assert_eq!(other.stats(), before);
}
