//! The tape as its users meet it: leaves, handles, errors, sweeps.

use wengert_tape::ops::MatMul;
use wengert_tape::prelude::*;
use wengert_tape::{Arg, Gradients, GraphView};

/// The message of the panic of `f`.
fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    match result {
        Ok(_) => "no panic".into(),
        Err(e) => e.downcast_ref::<String>().cloned().unwrap_or_else(|| (*e.downcast::<&str>().unwrap()).into()),
    }
}

#[test]
#[allow(clippy::op_ref)] // that references work is what is tested
fn operators_in_every_form() {
    let tape = Tape::new();
    let (a, b) = (tape.scalar(6.0), tape.scalar(2.0));
    let scalars = [
        (a + b, 8.0),
        (&a + &b, 8.0),
        (a - &b, 4.0),
        (&a * b, 12.0),
        (a / b, 3.0),
        (2.0 * a, 12.0),
        (a - 1.0, 5.0),
        (1.0 - a, -5.0),
        (&a / 2.0, 3.0),
        (12.0 / &a, 2.0),
        (-a, -6.0),
        (-&a, -6.0),
        ([a, b].iter().sum(), 8.0),
        ([a, b].into_iter().product(), 12.0),
    ];
    for (k, (found, expected)) in scalars.into_iter().enumerate() {
        assert_eq!(found.value(), expected, "scalar form {k}");
    }
    let mut c = a;
    c += b;
    c -= 1.0;
    c *= 2.0;
    c /= b;
    assert_eq!(c.value(), 7.0);
    assert!(a > b && b < 3.0 && a == 6.0 && a != b);

    let t = Tensor::from([1.0, 2.0]);
    let (x, y) = (tape.var(t.clone()), tape.var(Tensor::from([3.0, 5.0])));
    let tensors = [
        (x + y, [4.0, 7.0]),
        (&x - &y, [-2.0, -3.0]),
        (x * &y, [3.0, 10.0]),
        (y / x, [3.0, 2.5]),
        (2.0 * x, [2.0, 4.0]),
        (x - 1.0, [0.0, 1.0]),
        (1.0 / x, [1.0, 0.5]),
        (-x, [-1.0, -2.0]),
        (x + &t, [2.0, 4.0]),
        (x * t.clone(), [1.0, 4.0]),
        (&t - x, [0.0, 0.0]),
        (t / y, [1.0 / 3.0, 0.4]),
        (x * b, [2.0, 4.0]),
        (b - x, [1.0, 0.0]),
    ];
    for (k, (found, expected)) in tensors.into_iter().enumerate() {
        assert_eq!(found.value().data(), expected, "tensor form {k}");
    }
    let plain = Tensor::from([1.0f32, 2.0]);
    assert_eq!((1.0 - &plain * 2.0 + &plain).data(), [0.0, -1.0]);
}

#[test]
fn leaves_are_of_three_kinds() {
    let tape = Tape::new();
    let w = tape.var(Tensor::from([1.0, 2.0]));
    let x = tape.input(Tensor::from([3.0, 5.0]));
    let c = tape.constant(Tensor::from([10.0, 20.0]));
    assert_eq!(tape.len(), 2, "a constant makes no node");
    let folded = c * 2.0 + c.exp().ln();
    assert_eq!(tape.len(), 2, "what depends on constants alone makes no node");
    let y = (w * x + folded).sum();
    assert_eq!(y.item(), 3.0 + 10.0 + 90.0);
    let g = y.backward();
    assert_eq!(g[w].data(), [3.0, 5.0]);
    let reason = |e: Error| e.to_string();
    let input = reason(g.get(x).unwrap_err());
    assert!(
        input.starts_with("not connected: the leaf made at ")
            && input.ends_with("is an input; only a var has a gradient")
    );
    assert_eq!(reason(g.get(c).unwrap_err()), "not connected: it is a constant");
    assert_eq!(reason(g.get(y.exp()).unwrap_err()), "not connected: it was recorded after the output");
    let intermediate = reason(g.get(w * x).unwrap_err());
    assert!(intermediate.starts_with("not connected: it was recorded after"), "{intermediate}");
    assert_eq!(
        reason(x.sum().try_backward().unwrap_err()),
        "not connected: the output depends on inputs alone, and on no var"
    );
    assert_eq!(
        reason(c.sum().try_backward().unwrap_err()),
        "not connected: the output is a constant and depends on no leaf"
    );
}

#[test]
fn a_gradient_is_never_silently_zero() {
    let tape = Tape::new();
    let (a, unused) = (tape.scalar(3.0), tape.scalar(1.0));
    let w = tape.var(Tensor::from([1.0]));
    let flat = (a * 0.0).sin() + w.sum().scalar() * 0.0;
    let g = flat.backward();
    assert_eq!(g[a], 0.0, "reached, with a zero derivative");
    assert_eq!(g[w].data(), [0.0]);
    assert!(matches!(g.get(unused), Err(Error::NotConnected { .. })));
    let hidden = a * 2.0;
    let message = (hidden * hidden).backward().get(hidden).unwrap_err().to_string();
    assert!(
        message.starts_with("not retained: node ") && message.contains("`mul` (") && message.contains("tape.rs:"),
        "{message}"
    );
    let hidden = hidden.retain();
    assert_eq!((hidden * hidden).backward()[hidden], 12.0);
    let kept = (w * 5.0).retain();
    assert_eq!((kept * kept).sum().backward()[kept].data(), [10.0]);
    assert_eq!((kept * kept).sum().backward_all()[kept].data(), [10.0]);
}

#[test]
fn stale_and_foreign_handles_are_errors() {
    let mut tape = Tape::new();
    let (a, w) = (tape.scalar(1.0), tape.var(Tensor::from([1.0])));
    tape.clear();
    let stale = "stale handle: its tape was cleared or dropped; record it again on the tape in use";
    assert_eq!(panic_message(|| a + a), stale);
    assert_eq!(panic_message(|| w + w), stale);
    assert_eq!(panic_message(|| a.backward()), stale);
    assert_eq!(w.try_value().unwrap_err().to_string(), stale);
    let b = tape.scalar(2.0);
    drop(tape);
    assert_eq!(panic_message(|| b * b), stale);

    let (one, two) = (Tape::new(), Tape::new());
    let foreign = "foreign tape: the operands belong to two tapes; record both on one (a function inside a differentiated one is \
         differentiated at a recorded point: `grad(f, x)` with `x` of the outer tape), or bring the value of one over with \
         `constant`, which carries no derivative";
    assert_eq!(panic_message(|| one.scalar(1.0) + two.scalar(1.0)), foreign);
    let (x, y) = (one.var(Tensor::from([1.0])), two.var(Tensor::from([1.0])));
    assert_eq!(panic_message(|| x + y), foreign);
    assert_eq!(panic_message(|| x + two.scalar(1.0)), foreign);

    let away =
        "foreign thread: the handle belongs to a tape of another thread; a tape is used on the thread that made it";
    let (s, v) = (one.scalar(1.0), x);
    let messages = std::thread::spawn(move || {
        let _own = Tape::new();
        [panic_message(|| s + s), panic_message(|| v + v), panic_message(|| v.value())]
    });
    assert_eq!(messages.join().unwrap(), [away; 3]);
}

#[test]
fn tapes_nest_and_swap() {
    let outer = Tape::new();
    let x = outer.scalar(3.0);
    let inner_gradient = {
        let inner = Tape::new();
        let z = inner.scalar(x.value());
        let y = x * x; // recorded on the outer tape while the inner one lives
        let g = (z * z * z).backward()[z];
        assert_eq!(y.backward()[x], 6.0);
        g
    };
    assert_eq!(inner_gradient, 27.0);
    assert_eq!((x * inner_gradient).backward()[x], 27.0);
    let (mut a, mut b) = (Tape::new(), Tape::new());
    let (p, q) = (a.scalar(2.0), b.scalar(5.0));
    std::mem::swap(&mut a, &mut b);
    drop(b); // the tape of `p`
    assert_eq!((q * q).backward()[q], 10.0);
    assert!(panic_message(|| p * p).starts_with("stale handle"));
    std::mem::forget(a);
    assert_eq!((q * q).backward()[q], 10.0, "a leaked tape lives on");
}

#[test]
fn numbers_and_tensors_share_one_graph() {
    let tape = Tape::new();
    let (a, w) = (tape.scalar(0.5), tape.var(Tensor::from([[1.0, -2.0], [3.0, 0.25]])));
    let s = a.sin() * 2.0;
    let y = (w * s + a).sigmoid().sum(); // numbers enter a tensor operation
    let z = (y.scalar() * a).exp(); // and a tensor's sum enters a scalar one
    let g = z.backward();
    let f = |a: f64, w: &[f64]| {
        let s = 2.0 * a.sin();
        let y: f64 = w.iter().map(|w| 1.0 / (1.0 + (-(w * s + a)).exp())).sum();
        (y * a).exp()
    };
    let w0 = [1.0, -2.0, 3.0, 0.25];
    let h = 1e-5;
    let da = (f(0.5 + h, &w0) - f(0.5 - h, &w0)) / (2.0 * h);
    assert!((g[a] - da).abs() < 1e-8 * da.abs(), "{} {da}", g[a]);
    for i in 0..4 {
        let at = |d: f64| {
            let mut w = w0;
            w[i] += d;
            f(0.5, &w)
        };
        let dw = (at(h) - at(-h)) / (2.0 * h);
        assert!((g[w].data()[i] - dw).abs() < 1e-8, "element {i}");
    }
    // The recorded sweep sees the same graph.
    let recorded = z.backward_recorded();
    assert!((recorded[a].value() - g[a]).abs() < 1e-12);
    assert!((recorded[w].value().data()[3] - g[w].data()[3]).abs() < 1e-12);
}

#[test]
fn derivatives_of_any_order() {
    // d⁴/dx⁴ of x⁵ = 120 x, on scalars and on tensors
    let tape = Tape::new();
    let x = tape.scalar(2.0);
    let mut y = x.powi(5);
    for _ in 0..4 {
        y = y.backward_recorded()[x];
    }
    assert!((y.value() - 240.0).abs() < 1e-9, "{}", y.value());
    let x = tape.var(Tensor::from([2.0]));
    let mut y = x.powi(5).sum();
    for _ in 0..4 {
        y = y.backward_recorded()[x].sum();
    }
    assert!((y.item() - 240.0).abs() < 1e-9, "{}", y.item());
    // sin⁗ = sin
    let third = |x0: f64| {
        grad(
            |x: Var| {
                let first = x.sin().sum().backward_recorded()[x];
                first.sum().backward_recorded()[x].sum()
            },
            &Tensor::from([x0]),
        )
    };
    assert!((third(0.3).unwrap().item() + 0.3f64.cos()).abs() < 1e-12);
}

#[test]
fn a_long_chain_records_differentiates_and_drops() {
    let mut tape = Tape::new();
    for _ in 0..2 {
        let x = tape.scalar(1.0);
        let mut y = x;
        for _ in 0..1_000_000 {
            y = y * 0.999_999 + 1e-9;
        }
        let g = y.backward();
        assert!((g[x] - 0.999_999f64.powi(1_000_000)).abs() < 1e-9);
        let t = tape.var(Tensor::from([1.0, 2.0]));
        let mut y = t;
        for _ in 0..100_000 {
            y = y.sin();
        }
        assert!(y.sum().backward()[t].data().iter().all(|g| g.is_finite()));
        tape.clear();
    }
}

#[test]
fn clearing_keeps_memory_and_forgets_nodes() {
    let mut tape = Tape::of::<f32>();
    let mut bytes = Vec::new();
    for _ in 0..3 {
        let w = tape.var(Tensor::ones([100, 100]));
        let x = tape.scalars(&[1.0, 2.0, 3.0]);
        let y = (w.matmul(w) * x[1]).sum();
        assert_eq!(y.backward()[x[1]], 100.0 * 100.0 * 100.0);
        let stats = tape.stats();
        assert_eq!((stats.nodes, stats.tensor_nodes, stats.constants), (7, 4, 0));
        assert_eq!(stats.value_bytes, 4 * (3 * 100 * 100 + 1));
        bytes.push(stats.node_bytes);
        tape.clear();
        assert_eq!((tape.len(), tape.stats().value_bytes), (0, 0));
    }
    assert_eq!(bytes[1], bytes[2]);
}

/// What a call returned does not matter, but that it did.
fn ignore<T>(_: T) {}

#[test]
fn errors_carry_numbers_and_places() {
    let tape = Tape::new();
    let a = tape.var(Tensor::zeros([2, 3]));
    let b = tape.var(Tensor::zeros([4, 5]));
    let nodes = tape.len();
    let message = panic_message(|| a.matmul(b));
    let head = "matmul: inner dimensions differ: [2, 3] · [4, 5] (3 ≠ 4); operand 0 was made at ";
    assert!(message.starts_with(head) && message.contains("tape.rs:"), "{message}");
    let table: Vec<(&str, Box<dyn Fn()>)> = vec![
        (
            "add: shapes do not broadcast: [2, 3] and [4, 5] (axis 1 from the end: 3 ≠ 5)",
            Box::new(move || ignore(a + b)),
        ),
        ("reshape: [2, 3] has 6 elements, [4] has 4", Box::new(move || ignore(a.reshape([4])))),
        ("sum_over: axis 2 of a tensor of rank 2", Box::new(move || ignore(a.sum_over(2)))),
        ("sum_over: axis 0 is named twice", Box::new(move || ignore(a.sum_over([0, 0])))),
        ("slice: 1..4 of axis 1 of [2, 3], which has length 3", Box::new(move || ignore(a.slice(1, 1..4)))),
        (
            "gather: position 3 on axis 1, which has length 3",
            Box::new(move || ignore(a.gather(1, Tensor::from([[3], [0]])))),
        ),
        ("concat: [2, 3] and [4, 5] differ beside axis 0", Box::new(move || ignore(concat(&[&a, &b], 0)))),
        ("log_softmax: axis -3 of a tensor of rank 2", Box::new(move || ignore(a.log_softmax(-3)))),
        ("conv2d: filters of rank 4 are needed, not [4, 5]", Box::new(move || ignore(a.conv2d(b, Conv::default())))),
        ("max_pool2d: an image of rank 4 is needed, not [2, 3]", Box::new(move || ignore(a.max_pool2d(2, 2)))),
    ];
    let wrong: Vec<String> = table
        .iter()
        .map(|(expected, f)| (expected, panic_message(f)))
        .filter(|(expected, found)| !found.starts_with(**expected))
        .map(|(expected, found)| format!("{found}\n  instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(Var::try_apply(MatMul, &[Arg::Real(&a), Arg::Real(&b)]).is_err());
    assert_eq!(tape.len(), nodes, "after an error the tape is as it was");
    let message = panic_message(|| a.backward());
    assert!(
        message
            .starts_with("not a scalar: backward starts from a single number, this output has shape [2, 3] (made at ")
    );
}

#[test]
fn broadcasting_sums_gradients_back() {
    let tape = Tape::new();
    let (x, row, column, one) = (
        tape.var(Tensor::<f64>::ones([2, 3])),
        tape.var(Tensor::from([1.0, 2.0, 3.0])),
        tape.var(Tensor::from([[1.0], [2.0]])),
        tape.var(Tensor::from(2.0)),
    );
    let g = ((x + row) * column * one).sum().backward();
    assert_eq!(g[x], Tensor::from([[2.0, 2.0, 2.0], [4.0, 4.0, 4.0]]));
    assert_eq!(g[row].data(), [6.0, 6.0, 6.0]);
    assert_eq!(g[column], Tensor::from([[18.0], [18.0]]));
    assert_eq!(g[one].item(), 9.0 + 18.0);
}

#[test]
fn parameters_are_one_leaf_for_each_tape() {
    let mut w = Param::new(Tensor::from([2.0]));
    let step = |w: &Param| -> Gradients {
        let tape = Tape::new();
        let x = tape.input(Tensor::from([3.0]));
        let y = x.lift(w) * x * x.lift(w);
        assert_eq!(tape.len(), 4, "one leaf for two lifts");
        y.sum().backward()
    };
    assert_eq!(step(&w).param(&w).unwrap().data(), [12.0]);
    assert_eq!(step(&w.tied()).param(&w).unwrap().data(), [12.0], "what is tied shares the identity");
    let other = w.clone();
    assert_eq!(
        step(&w).param(&other).unwrap_err().to_string(),
        "not connected: the parameter was not used on this tape"
    );
    w.set_frozen(true);
    let tape = Tape::new();
    let x = tape.var(Tensor::from([3.0]));
    let g = (x.lift(&w) * x).sum().backward();
    assert_eq!(g[x].data(), [2.0]);
    assert_eq!(g.param(&w).unwrap_err().to_string(), "not connected: the parameter is frozen");
}

#[test]
fn a_gradient_only_tape_gives_the_same_numbers() {
    let formula = |x: Scalar, y: Scalar| {
        let a = (x * y).sin() + x.exp() / (1.0 + y * y);
        (a * a + (x - y).tanh() * 3.0).powi(2).ln() + x.abs().sqrt()
    };
    let (full, light) = (Tape::new(), Tape::gradient_only::<f64>());
    let (x, y) = (full.scalar(0.7), full.scalar(-1.3));
    let (p, q) = (light.scalar(0.7), light.scalar(-1.3));
    let (f, g) = (formula(x, y), formula(p, q));
    assert_eq!(f.value(), g.value());
    let (df, dg) = (f.backward(), g.backward());
    assert!((df[x] - dg[p]).abs() < 1e-14 * df[x].abs() && (df[y] - dg[q]).abs() < 1e-14 * df[y].abs());
    assert!(light.len() < full.len());
    let folded = p * 2.0;
    assert!((folded * q).backward().get(folded).unwrap_err().to_string().starts_with("folded: "));
    let kept = folded.retain();
    assert_eq!((kept * kept).backward()[kept], 2.0 * kept.value());
    let message = panic_message(|| g.backward_recorded());
    assert_eq!(
        message,
        "no graph: a gradient-only tape keeps slopes and no operations, and cannot record gradients; record on `Tape::new()`"
    );
    assert!(GraphView::of_scalar(g).is_err());
    // A number enters a tensor operation with its slope.
    let w = light.var(Tensor::from([2.0, 5.0]));
    let z = (w * (p * p)).sum().backward();
    assert!((z[p] - 7.0 * 2.0 * 0.7).abs() < 1e-12);
}

#[test]
fn a_function_is_differentiated_where_its_point_is() {
    let (w0, b0) = (Tensor::from([[1.0, 2.0]]), Tensor::from([0.5]));
    let loss = |(w, b): (Var, Var)| (w * w * b).sum();
    let (value, (gw, gb)) = value_and_grad(loss, (&w0, &b0)).unwrap();
    assert_eq!((value, gw, gb.data()), (2.5, Tensor::from([[1.0, 2.0]]), &[5.0][..]));
    let points = [1.0f32, 2.0, 3.0];
    let g = grad(|x: Vec<Scalar<f32>>| x[0] * x[1] + x[2], &points[..]).unwrap();
    assert_eq!(g, [2.0, 1.0, 1.0]);
    let g = grad(|[a, b]: [Scalar; 2]| a / b, [6.0, 2.0]).unwrap();
    assert_eq!(g, [0.5, -1.5]);
    // At a recorded point the gradient is recorded: differentiate it again.
    let tape = Tape::new();
    let x = tape.var(Tensor::from([2.0]));
    let (_, g) = value_and_grad(|x: Var| x.powi(3).sum(), x).unwrap();
    assert_eq!(g.sum().backward()[x].data(), [12.0]);
    let error = grad(|(a, _b): (Scalar, Scalar)| a * a, (1.0, 2.0)).unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }));
}
