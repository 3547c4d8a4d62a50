//! The page's own evaluator against the engine, operation by operation.

use std::collections::BTreeSet;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Elementwise, GraphView, Num, Number, One, Op, Pointwise, Real, Value, try_with};
use wengert_view::{View, ViewExt};

use crate::browser::run;

/// Computes every node from what was recorded of its operands, what it gives back from the cotangent that was recorded, and holds the
/// rule forwards against the rule backwards. The answer, parted by lines of their own: what differs, what the page has no function for, and which
/// of its functions were not tried.
const DRIVER: &str = include_str!("evaluator.js");

/// Every case of every operation, in one graph: `Σ op(…) · w`.
fn all_operations<F: Float>() -> (View<F>, BTreeSet<String>) {
    let tape = Tape::of::<F>();
    let narrow = |t: &Tensor<f64>| Tensor::new(t.shape().clone(), t.data().iter().map(|x| F::from_f64(*x)).collect());
    let (mut total, mut names) = (tape.var(Tensor::from(F::one())), BTreeSet::new());
    for (k, case) in AnyOp::registered_cases().into_iter().enumerate() {
        let Some(op) = case.op else { continue };
        let recorded = try_with(|| {
            let args: Vec<Any<Var<F>>> = case
                .args
                .iter()
                .map(|arg: &Value<f64>| match arg {
                    Any::Real(t) => Any::Real(tape.var(narrow(t))),
                    Any::Index(t) => Any::Index(tape.input(t.clone())),
                    Any::Mask(t) => Any::Mask(tape.input(t.clone())),
                })
                .collect();
            let args: Vec<Arg<'_, Var<F>>> = args.iter().map(Any::as_arg).collect();
            // Unequal weights, so that a number that is put into the wrong place is seen; variables, so that what has no derivative
            // itself is on the page too.
            let weights = |shape: &Shape| {
                let n = shape.len_elements();
                let weights = (0..n).map(|i| F::from_f64(0.3 + ((i * 7 + k) % 11) as f64 / 11.0)).collect();
                tape.var(Tensor::new(shape.clone(), weights))
            };
            let finite = |y: &Tensor<F>| y.data().iter().all(|x| Float::to_f64(*x).is_finite());
            match Var::apply(op.clone(), &args) {
                Any::Real(y) if !y.shape().contains(&0) && finite(&y.value()) => Some((y * weights(&y.shape())).sum()),
                Any::Mask(mask) if !mask.value().shape().contains(&0) => {
                    let w = weights(mask.value().shape());
                    Some(select(mask, &w, w * -0.5).sum())
                }
                Any::Index(at) if !at.value().shape().contains(&0) => {
                    let most = at.value().data().iter().map(|k| k.unsigned_abs() as usize).max().unwrap_or(0);
                    let hot: Var<F> = one_hot(&at, most + 1);
                    Some((hot * weights(&hot.shape())).sum())
                }
                _ => None,
            }
        });
        if let Ok(Some(term)) = recorded {
            // What has no gradient here, as of an infinite slope, would be NaN for all.
            let finite = try_with(|| term.backward_all()).is_ok_and(|g| {
                let nodes = GraphView::of_var(term).unwrap();
                nodes.nodes.iter().all(|n| {
                    nodes.gradient(n, &g).is_none_or(|g| g.data().iter().all(|x| Float::to_f64(*x).is_finite()))
                })
            });
            if finite {
                names.insert(op.name());
                total += term;
            }
        }
    }
    (total.view(), names)
}

fn agrees<F: Float>(name: &str, tolerance: f64) {
    let (view, names) = all_operations::<F>();
    let html = view.html().unwrap();
    let Some(told) = run(name, &html, [800, 600], &DRIVER.replace("TOLERANCE", &format!("{tolerance:e}"))) else {
        return;
    };
    let [wrong, lacking, untried] = told.split("\n---\n").collect::<Vec<_>>()[..] else { panic!("{told}") };
    assert!(wrong.is_empty(), "{} wrong:\n{wrong}", wrong.lines().count());
    assert!(untried.is_empty(), "functions of the page that no case tries: {untried}");
    let lacking: BTreeSet<&str> = lacking.lines().collect();
    println!("{} operations, of which the page lacks {}: {lacking:?}", names.len(), lacking.len());
    assert!(lacking.len() * 4 < names.len(), "{lacking:?}");
}

#[test]
fn every_operation_in_double_precision() {
    agrees::<f64>("evaluator-f64", 1e-12);
}

#[test]
fn every_operation_in_single_precision() {
    agrees::<f32>("evaluator-f32", 1e-6);
}

/// A user's own formula, and a user's own operation on tensors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bump;

impl Pointwise for Bump {
    type Arity = One;
    const NAME: &'static str = "bump";
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        (-(x * x)).exp()
    }
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], y: R) -> R {
        x * y * -2.0
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Twice;

impl Op for Twice {
    fn name(&self) -> String {
        "twice".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        Any::Real(&a[0] * 2.0)
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        g * 2.0
    }
}

#[test]
fn a_formula_of_ones_own_is_on_the_page_like_any_other() {
    let tape = Tape::new();
    let x = tape.scalar(0.4);
    let y = Scalar::pointwise(Bump, [&x]) * x;
    let script = "expect(lacking === null, lacking); chooseNode(0); change(0, 0, -1.3); return String(state.values.at(-1).data[0]) + ' ' + state.cotangents[0].data[0];";
    let script = format!("const expect = (holds, what) => {{ if (!holds) throw new Error(what); }}; {script}");
    let Some(told) = run("own-formula", &y.view().html().unwrap(), [800, 600], &script) else { return };
    let numbers: Vec<f64> = told.split(' ').map(|x| x.parse().unwrap()).collect();
    // y = x exp(−x²), y′ = (1 − 2 x²) exp(−x²)
    let x: f64 = -1.3;
    let bump = Num((-x * x).exp()).0;
    assert!((numbers[0] - x * bump).abs() < 1e-15 && (numbers[1] - (1.0 - 2.0 * x * x) * bump).abs() < 1e-15, "{told}");
}

#[test]
fn an_operation_that_the_page_lacks_is_named_and_stepped_through() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 3.0]));
    let y = Var::try_apply(Twice, &[Arg::Real(&x)]).unwrap().real().sum();
    let script = "go(walkSteps.length - 1); chooseNode(0); document.getElementById('node-part').open = true; writeChosen(); \
                  return `${document.getElementById('lacking').textContent} ${state.cotangents[0].data.join()} ${document.getElementById('changed') === null}`;";
    let Some(told) = run("lacking", &y.view().html().unwrap(), [800, 600], script) else { return };
    assert_eq!(
        told,
        "Leaves cannot be changed here: the page cannot compute twice. The steps are those that were recorded. 2,2 true"
    );
}
