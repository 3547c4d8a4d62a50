//! What holds for every operation and function of the registry. A new operation is no new code here.

use std::fmt::Write;

use wengert_tape::ops::{AnyFunction, AnyOp};
use wengert_tape::prelude::*;
use wengert_tape::{
    Algebra, Any, Arg, Args, Case, Dual, Kind, Op, Shape, Stored, Text, Value, with_threads, with_threads_for_all,
};

/// An operation or a function, to be called on any kind of value.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Op(AnyOp),
    Function(AnyFunction),
}

impl Subject {
    pub(crate) fn call<A: Algebra>(&self, a: Args<'_, A>) -> Any<A> {
        match self {
            Subject::Op(op) => A::apply(op.clone(), a.0),
            Subject::Function(f) => Any::Real(f.call(a)),
        }
    }

    /// The arguments whose derivative there is.
    pub(crate) fn active(&self, case: &Case) -> Vec<usize> {
        let real = |k: &usize| case.args[*k].as_real().is_some();
        let differentiable = |k: &usize| match self {
            Subject::Op(op) => op.output() == Kind::Real && op.active(*k),
            Subject::Function(_) => true,
        };
        (0..case.args.len()).filter(real).filter(differentiable).collect()
    }

    fn label(&self, case: &Case) -> String {
        match self {
            Subject::Op(_) => case.label(),
            Subject::Function(f) => format!("{f:?} at {}", case.label()),
        }
    }
}

/// Every case of the registry.
pub(crate) fn all() -> Vec<(Subject, Case)> {
    let ops = AnyOp::registered_cases().into_iter().map(|case| (Subject::Op(case.op.clone().unwrap()), case));
    let functions = AnyFunction::registered_cases().into_iter().map(|(f, case)| (Subject::Function(f), case));
    ops.chain(functions).collect()
}

/// Runs a property on every case that is not at a kink, or only on those, and panics with all failures at once.
pub(crate) fn for_all(kinks: bool, property: impl Fn(&Subject, &Case, &mut String)) {
    let (mut failures, mut count) = (String::new(), 0);
    for (subject, case) in all().iter().filter(|(_, case)| case.kink == kinks) {
        let mut found = String::new();
        property(subject, case, &mut found);
        if !found.is_empty() {
            writeln!(failures, "{}:\n{found}", subject.label(case)).unwrap();
        }
        count += 1;
    }
    assert!(count > 0);
    assert!(failures.is_empty(), "\n{failures}");
}

/// Numbers that have nothing to do with the case's.
pub(crate) fn other(shape: &Shape, seed: f64) -> Tensor<f64> {
    let n = shape.len_elements();
    Tensor::new(shape, (0..n).map(|i| ((i as f64 + seed) * 1.7).sin() + 0.1).collect())
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.data().iter().zip(b.data()).map(|(a, b)| a * b).sum()
}

/// The arguments on a tape: those that are differentiated as variables, the others as inputs.
pub(crate) fn record<F: Float>(tape: &Tape<F>, values: &[Value<F>], active: &[usize]) -> Vec<Any<Var<F>>>
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    values
        .iter()
        .enumerate()
        .map(|(k, value)| match value {
            Any::Real(t) if active.contains(&k) => Any::Real(tape.var(t.clone())),
            Any::Real(t) => Any::Real(tape.input(t.clone())),
            Any::Index(t) => Any::Index(tape.input(t.clone())),
            Any::Mask(t) => Any::Mask(tape.input(t.clone())),
        })
        .collect()
}

pub(crate) fn args<A: Algebra>(values: &[Any<A>]) -> Vec<Arg<'_, A>> {
    values.iter().map(Any::as_arg).collect()
}

/// ⟨c, f(args)⟩ on numbers.
fn contracted(subject: &Subject, values: &[Value<f64>], c: &Tensor<f64>) -> f64 {
    dot(&subject.call(Args(&args(values))).real(), c)
}

/// The gradient of ⟨c, f⟩ by each active argument, on numbers.
fn gradient(subject: &Subject, values: &[Value<f64>], active: &[usize], c: &Tensor<f64>) -> Vec<Tensor<f64>> {
    let tape = Tape::new();
    let vars = record(&tape, values, active);
    let y = subject.call(Args(&args(&vars))).real();
    let g = y.backward_from(c.clone()).unwrap();
    active.iter().map(|k| g[vars[*k].clone().real()].clone()).collect()
}

/// The derivative of `f` by element `i` of argument `k`: central differences at two steps, extrapolated.
fn difference(values: &[Value<f64>], k: usize, i: usize, f: &dyn Fn(&[Value<f64>]) -> f64) -> f64 {
    let at = |step: f64| {
        let mut moved = values.to_vec();
        let mut t = moved[k].clone().real();
        t.data_mut()[i] += step;
        moved[k] = Any::Real(t);
        f(&moved)
    };
    let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
    let h = 2e-4;
    (4.0 * central(h) - central(2.0 * h)) / 3.0
}

fn compare(what: &str, found: f64, expected: f64, tolerance: f64, out: &mut String) {
    // NaN must not pass
    if !((found - expected).abs() <= tolerance * (1.0 + expected.abs())) {
        writeln!(out, "  {what}: {found} instead of {expected}").unwrap();
    }
}

#[test]
fn first_derivatives_agree_with_differences() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        if active.is_empty() {
            return;
        }
        let y = subject.call(Args(&args(&case.args))).real();
        let c = other(y.shape(), 0.3);
        let g = gradient(subject, &case.args, &active, &c);
        for (g, k) in g.iter().zip(&active) {
            for i in 0..g.len() {
                let numeric = difference(&case.args, *k, i, &|values| contracted(subject, values, &c));
                compare(&format!("argument {k}, element {i}"), g.data()[i], numeric, 1e-8, out);
            }
        }
    });
}

#[test]
fn second_derivatives_agree_with_differences() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        if active.is_empty() || case.order < 2 {
            return;
        }
        let tape = Tape::new();
        let vars = record(&tape, &case.args, &active);
        let y = subject.call(Args(&args(&vars))).real();
        let c = other(&y.shape(), 0.3);
        let weights: Vec<Tensor<f64>> =
            active.iter().map(|k| other(case.args[*k].as_real().unwrap().shape(), 2.1)).collect();
        // s = Σ ⟨w, gradient of ⟨c, f⟩⟩, recorded, and its gradient
        let recorded = (y * &c).sum().backward_recorded();
        let mut s = (vars[active[0]].clone().real() * 0.0).sum();
        for (w, k) in weights.iter().zip(&active) {
            s += (recorded[vars[*k].clone().real()] * w).sum();
        }
        let g = s.backward();
        let of = |values: &[Value<f64>]| {
            let g = gradient(subject, values, &active, &c);
            g.iter().zip(&weights).map(|(g, w)| dot(g, w)).sum::<f64>()
        };
        for k in &active {
            let x = vars[*k].clone().real();
            let zero = Tensor::zeros(x.shape());
            let g = g.get(x).unwrap_or(&zero);
            for i in 0..g.len() {
                let numeric = difference(&case.args, *k, i, &of);
                compare(&format!("argument {k}, element {i}"), g.data()[i], numeric, 1e-7, out);
            }
        }
    });
}

#[test]
fn forward_and_reverse_mode_are_adjoint() {
    for_all(false, |subject, case, out| {
        for k in subject.active(case) {
            let x = case.args[k].as_real().unwrap();
            let f = |x: Var| {
                // The other arguments are constants beside this one.
                let values: Vec<Any<Var>> = (0..case.args.len())
                    .map(|j| match &case.args[j] {
                        Any::Real(_) if j == k => Any::Real(x),
                        Any::Real(t) => Any::Real(Lift::constant(&x, t.clone())),
                        Any::Index(t) => Any::Index(x.index(t.clone())),
                        Any::Mask(t) => Any::Mask(x.mask(t.clone())),
                    })
                    .collect();
                subject.call(Args(&args(&values))).real()
            };
            let direction = other(x.shape(), 5.5);
            let (y, dy) = jvp(f, x, &direction).unwrap();
            let c = other(y.shape(), 0.3);
            let (_, g) = vjp(f, x, &c).unwrap();
            compare(&format!("argument {k}: ⟨c, J d⟩"), dot(&c, &dy), dot(&g, &direction), 1e-12, out);
            // Forward over reverse against reverse over reverse.
            if case.order >= 2 {
                let scalar = |x: Var| (f(x) * &c).sum();
                let product = hvp(scalar, x, &direction).unwrap();
                let twice = grad(
                    |x: Var| {
                        let g = scalar(x).backward_recorded();
                        (g[x] * &direction).sum() + (x * 0.0).sum()
                    },
                    x,
                )
                .unwrap();
                for i in 0..x.len() {
                    let what = format!("argument {k}, element {i}: hvp");
                    compare(&what, product.data()[i], twice.data()[i], 1e-11, out);
                }
            }
        }
    });
}

#[test]
fn recorded_equals_numeric() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        let tape = Tape::new();
        let vars = record(&tape, &case.args, &active);
        let recorded = subject.call(Args(&args(&vars)));
        let numeric = subject.call(Args(&args(&case.args)));
        let same = match (&recorded, &numeric) {
            (Any::Real(r), Any::Real(n)) => r.value() == *n,
            (Any::Index(r), Any::Index(n)) => r.value() == *n,
            (Any::Mask(r), Any::Mask(n)) => r.value() == *n,
            _ => false,
        };
        if !same {
            writeln!(out, "  the recorded value differs").unwrap();
        }
        if let (Any::Real(y), false) = (recorded, active.is_empty()) {
            let s = (y * other(&y.shape(), 0.3)).sum();
            let (numbers, recorded) = (s.backward(), s.backward_recorded());
            for k in &active {
                let x = vars[*k].clone().real();
                for i in 0..numbers[x].len() {
                    let (found, expected) = (recorded[x].value().data()[i], numbers[x].data()[i]);
                    compare(&format!("argument {k}, element {i}: recorded gradient"), found, expected, 1e-13, out);
                }
            }
        }
    });
}

#[test]
fn the_shapes_reader_tells_the_real_shapes() {
    for_all(false, |subject, case, out| {
        let shapes: Vec<Any<Shape>> = case
            .args
            .iter()
            .map(|a| match a {
                Any::Real(t) => Any::Real(t.shape().clone()),
                Any::Index(t) => Any::Index(Shape::scalar().index(t.clone())),
                Any::Mask(t) => Any::Mask(Shape::scalar().mask(t.clone())),
            })
            .collect();
        let (real, dry) = (subject.call(Args(&args(&case.args))), subject.call(Args(&args(&shapes))));
        if real.as_arg().shape() != dry.as_arg().shape() {
            writeln!(out, "  {} on shapes, {} on numbers", dry.as_arg().shape(), real.as_arg().shape()).unwrap();
        }
        let Subject::Op(op) = subject else { return };
        for k in subject.active(case) {
            let y = dry.clone().real();
            let x = case.args[k].as_real().unwrap().shape().clone();
            let g = op.vjp(k, y.clone(), Args(&args(&shapes)), &y);
            let d = op.jvp(k, x.clone(), Args(&args(&shapes)), &y);
            if (&g, &d) != (&x, &y) {
                writeln!(out, "  argument {k}: vjp {g} for {x}, jvp {d} for {y}").unwrap();
            }
        }
    });
}

#[test]
fn fused_equals_composed() {
    for_all(false, |subject, case, out| {
        let Subject::Op(op) = subject else { return };
        let Some(composed) = op.composed(Args(&args(&case.args))) else { return };
        let fused = subject.call(Args(&args(&case.args))).real();
        for i in 0..fused.len() {
            compare(&format!("element {i}"), fused.data()[i], composed.data()[i], 1e-12, out);
        }
    });
}

#[test]
fn derivatives_at_kinks_are_decided() {
    for_all(true, |subject, case, out| {
        let active = subject.active(case);
        let tape = Tape::new();
        let vars = record(&tape, &case.args, &active);
        let Any::Real(y) = subject.call(Args(&args(&vars))) else { return };
        let recorded = y.sum().backward_recorded();
        let mut s = (vars[active[0]].clone().real() * 0.0).sum();
        for k in &active {
            let g = recorded[vars[*k].clone().real()];
            if !g.value().data().iter().all(|x| x.is_finite()) {
                writeln!(out, "  argument {k}: gradient {}", g.value()).unwrap();
            }
            s += (g * g).sum();
        }
        let second = s.backward();
        for k in &active {
            // A gradient that is constant has no second derivative by this argument.
            let Ok(h) = second.get(vars[*k].clone().real()) else { continue };
            if !h.data().iter().all(|x| x.is_finite()) {
                writeln!(out, "  argument {k}: second derivatives {h}").unwrap();
            }
        }
        if let Subject::Op(op) = subject
            && op.at_kinks().is_empty()
        {
            writeln!(out, "  the derivative at the kink is not said in words").unwrap();
        }
    });
}

/// The same numbers, with the last two axes in memory in the other order.
fn turned(value: &Value<f64>) -> Value<f64> {
    match value {
        Any::Real(t) if t.rank() >= 2 => {
            let turned = t.transposed();
            Any::Real(Tensor::new(turned.shape(), turned.to_vec()).transposed())
        }
        other => other.clone(),
    }
}

#[test]
fn the_order_in_memory_does_not_matter() {
    for_all(false, |subject, case, out| {
        let (active, turned) = (subject.active(case), case.args.iter().map(turned).collect::<Vec<_>>());
        match (subject.call(Args(&args(&case.args))), subject.call(Args(&args(&turned)))) {
            (Any::Real(a), Any::Real(b)) => {
                let c = other(a.shape(), 0.3);
                let rows = |values: &[Value<f64>]| gradient(subject, values, &active, &c);
                let mut pairs = vec![(a, b)];
                if !active.is_empty() {
                    pairs.extend(rows(&case.args).into_iter().zip(rows(&turned)));
                }
                for (k, (a, b)) in pairs.iter().enumerate() {
                    assert_eq!(a.shape(), b.shape());
                    for (i, (a, b)) in a.data().iter().zip(b.data()).enumerate() {
                        compare(&format!("value or gradient {k}, element {i}"), *b, *a, 1e-13, out);
                    }
                }
            }
            (Any::Index(a), Any::Index(b)) if a == b => {}
            (Any::Mask(a), Any::Mask(b)) if a == b => {}
            _ => writeln!(out, "  positions or truth values differ").unwrap(),
        }
    });
}

#[test]
fn threads_change_no_bit() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        let results = [1, 2, 3, 8].map(|count| {
            with_threads_for_all(count, || {
                let y = subject.call(Args(&args(&case.args)));
                let gradients = match &y {
                    Any::Real(y) if !active.is_empty() => {
                        gradient(subject, &case.args, &active, &other(y.shape(), 0.3))
                    }
                    _ => Vec::new(),
                };
                let bits = |t: &Tensor| t.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                let of_value = match &y {
                    Any::Real(y) => bits(y),
                    Any::Index(y) => y.data().iter().map(|i| *i as u64).collect(),
                    Any::Mask(y) => y.data().iter().map(|holds| u64::from(*holds)).collect(),
                };
                (of_value, gradients.iter().map(bits).collect::<Vec<_>>())
            })
        });
        if results.iter().any(|result| *result != results[0]) {
            writeln!(out, "  other bits on another number of threads").unwrap();
        }
    });
}

/// Work that is large enough for threads as it is.
#[test]
fn threads_change_no_bit_of_large_work() {
    let wave = |n: usize| Tensor::<f32>::linspace(-1.0, 2.0, n).map(|x| (37.0 * x).sin());
    let (x, w) = (wave(40 * 3 * 14 * 14).reshape([40, 3, 14, 14]), wave(8 * 3 * 5 * 5).reshape([8, 3, 5, 5]));
    let (long, stack) = (wave(300_000), wave(5 * 90 * 90).reshape([5, 90, 90]));
    let results = [1, 2, 3, 8].map(|count| {
        with_threads(count, || {
            let tape = Tape::of::<f32>();
            let [x, w, long, stack] = [&x, &w, &long, &stack].map(|t| tape.var(t.clone()));
            let y =
                x.conv2d(w, Conv::default()).sum() + (long * long + long).sum() + stack.matmul(stack).square().sum();
            let g = y.backward();
            let bits = |t: &Tensor<f32>| t.data().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            (y.item().to_bits(), [x, w, long, stack].map(|leaf| bits(&g[leaf])))
        })
    });
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn f32_agrees_with_f64() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        if active.is_empty() {
            return;
        }
        let single: Vec<Value<f32>> = case
            .args
            .iter()
            .map(|a| match a {
                Any::Real(t) => Any::Real(t.cast()),
                Any::Index(t) => Any::Index(t.clone()),
                Any::Mask(t) => Any::Mask(t.clone()),
            })
            .collect();
        let y = subject.call(Args(&args(&case.args))).real();
        let c = other(y.shape(), 0.3);
        let expected = gradient(subject, &case.args, &active, &c);
        let tape = Tape::of::<f32>();
        let vars = record(&tape, &single, &active);
        let recorded = subject.call(Args(&args(&vars))).real();
        let g = recorded.backward_from(c.cast()).unwrap();
        for i in 0..y.len() {
            compare(&format!("element {i}"), f64::from(recorded.value().data()[i]), y.data()[i], 2e-5, out);
        }
        for (expected, k) in expected.iter().zip(&active) {
            for i in 0..expected.len() {
                let found = f64::from(g[vars[*k].clone().real()].data()[i]);
                compare(&format!("argument {k}, element {i}: gradient"), found, expected.data()[i], 1e-4, out);
            }
        }
    });
}

#[test]
fn rules_print_themselves() {
    for_all(false, |subject, case, out| {
        let Subject::Op(op) = subject else { return };
        let names = ["a", "b", "c", "d", "e"];
        let texts: Vec<Any<Text>> = (0..case.args.len())
            .map(|k| {
                let text = Text::new(names[k], case.shapes()[k].clone());
                match &case.args[k] {
                    Any::Real(_) => Any::Real(text),
                    Any::Index(_) => Any::Index(text),
                    Any::Mask(_) => Any::Mask(text),
                }
            })
            .collect();
        for k in subject.active(case) {
            let y = subject.call(Args(&args(&texts))).real();
            let g = op.vjp(k, Text::new("g", y.shape()), Args(&args(&texts)), &Text::new("y", y.shape()));
            if g.to_string().is_empty() || g.shape() != case.shapes()[k] {
                writeln!(out, "  argument {k}: `{g}` of shape {}", g.shape()).unwrap();
            }
        }
    });
}

/// Tangents of duals follow the same rules as everything else: a dual of a recorded value differentiates twice.
#[test]
fn duals_of_recorded_values_compose() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        let Some(k) = active.first().copied() else { return };
        let tape = Tape::new();
        let vars = record(&tape, &case.args, &active);
        let direction = other(case.args[k].as_real().unwrap().shape(), 5.5);
        let duals: Vec<Any<Dual<Var>>> = vars
            .iter()
            .enumerate()
            .map(|(j, v)| match v {
                Any::Real(v) if j == k => {
                    Any::Real(Dual { value: *v, tangent: Some(Lift::constant(v, direction.clone())) })
                }
                Any::Real(v) => Any::Real(Dual::still(*v)),
                Any::Index(i) => Any::Index(Dual::still(vars[k].clone().real()).index(i.value())),
                Any::Mask(m) => Any::Mask(Dual::still(vars[k].clone().real()).mask(m.value())),
            })
            .collect();
        let y = subject.call(Args(&args(&duals))).real();
        let Some(dy) = y.tangent else { return };
        let c = other(&dy.shape(), 0.3);
        let g = gradient(subject, &case.args, &active, &c);
        compare("⟨c, J d⟩", dot(&dy.value(), &c), dot(&g[0], &direction), 1e-12, out);
    });
}

/// Rules are linear: a cotangent or tangent that is larger by a power of two, which rounds nothing, gives what is larger by
/// it, to the last digit.
#[test]
fn rules_are_linear_to_the_last_digit() {
    fn exactly<F: Float>(subject: &Subject, case: &Case, out: &mut String)
    where
        i64: Stored<F>,
        bool: Stored<F>,
    {
        let Subject::Op(op) = subject else { return };
        let cast = |a: &Value<f64>| match a {
            Any::Real(t) => Any::Real(t.cast::<F>()),
            Any::Index(t) => Any::Index(t.clone()),
            Any::Mask(t) => Any::Mask(t.clone()),
        };
        let values: Vec<Value<F>> = case.args.iter().map(cast).collect();
        let args = args(&values);
        for k in subject.active(case) {
            let y = subject.call(Args(&args)).real();
            let x = case.args[k].as_real().unwrap();
            let (g, d) = (other(y.shape(), 0.3).cast::<F>(), other(x.shape(), 5.5).cast::<F>());
            for power in [27, -27] {
                let factor = F::from_f64(2f64.powi(power));
                let times = |t: &Tensor<F>| t.map(|x: F| x * factor);
                let pairs = [
                    (op.vjp(k, times(&g), Args(&args), &y), times(&op.vjp(k, g.clone(), Args(&args), &y))),
                    (op.jvp(k, times(&d), Args(&args), &y), times(&op.jvp(k, d.clone(), Args(&args), &y))),
                ];
                for (mode, (found, expected)) in ["vjp", "jvp"].iter().zip(&pairs) {
                    if found != expected {
                        let name = F::NAME;
                        writeln!(out, "  {name}, argument {k}: {mode} at 2^{power}: {found} instead of {expected}")
                            .unwrap();
                    }
                }
            }
        }
    }
    for kinks in [false, true] {
        for_all(kinks, |subject, case, out| {
            exactly::<f64>(subject, case, out);
            exactly::<f32>(subject, case, out);
        });
    }
}
