//! Wrong rules that no single derivative shows: the checker finds each by default, and says what is wrong.

use std::fmt::Write;

use wengert_tape::check::{Checker, Report, Verdict, check_op};
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Arg, Args, Case, Number, One, Op, Pointwise, Real, Value};

/// `y = x³` with rules that are wrong in some way: the value is always right.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cube {
    Right,
    /// `g` is cut off at ±2.
    Clamped,
    /// Cut off far beyond ordinary numbers, or far below.
    ClampedFar,
    LostWhenTiny,
    /// Negative cotangents are dropped.
    Rectified,
    /// Depends on the size of `g`, not on its direction.
    Normalised,
    /// Sees only whether all of `g` is positive.
    OfAllSigns,
    /// Something is added whatever `g` is.
    Shifted,
    /// The forward rule is 100 times the right one; NaN; zero; takes sizes for directions; is cut off.
    ForwardFactor,
    ForwardNan,
    ForwardZero,
    ForwardSize,
    ForwardClamped,
    /// There is no forward rule.
    NoForward,
    /// The cotangent or the tangent has another shape.
    ShapeOfReverse,
    ShapeOfForward,
}

impl Op for Cube {
    fn name(&self) -> String {
        "cube".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].powi(3).into()
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let slope = a[0].square() * 3.0;
        match self {
            Cube::Clamped => g.clamp(-2.0, 2.0) * slope,
            Cube::ClampedFar => g.clamp(-1e9, 1e9) * slope,
            Cube::LostWhenTiny => (g.clone() + 1e4 - 1e4) * slope,
            Cube::Rectified => g.relu() * slope,
            Cube::Normalised => g.clone() / (g.square().mean() + 1e-3).sqrt() * slope,
            Cube::OfAllSigns => (g.clone() + (g.min().relu() - g.min())) * slope,
            Cube::Shifted => g * slope + 1e-3,
            Cube::ShapeOfReverse => (g * slope).sum(),
            _ => g * slope,
        }
    }
    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        let right = d.clone() * a[0].square() * 3.0;
        match self {
            Cube::ForwardFactor => right * 100.0,
            Cube::ForwardNan => right * f64::NAN,
            Cube::ForwardZero => right * 0.0,
            Cube::ForwardSize => right.abs(),
            Cube::ForwardClamped => d.clamp(-1e6, 1e6) * a[0].square() * 3.0,
            Cube::ShapeOfForward => right.sum(),
            Cube::NoForward => OnlyReverse.jvp(arg, d, a, _y),
            _ => right,
        }
    }
    fn cases() -> Vec<Case> {
        vec![Case::of(Cube::Right).real([3]), Case::of(Cube::Right).real([0])]
    }
}

/// An operation that has no forward rule.
#[derive(Clone, Copy, Debug, PartialEq)]
struct OnlyReverse;

impl Op for OnlyReverse {
    fn name(&self) -> String {
        "cube".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].powi(3).into()
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        g * a[0].square() * 3.0
    }
}

fn cube<A: Algebra>(op: Cube, x: &A) -> A {
    A::apply(op, &[Arg::Real(x)]).real()
}

/// What the checker says of a cube in a loss that gives it cotangents of the size `scale`.
fn report(op: Cube, scale: f64) -> Result<Report, Error> {
    let f = move |x: Var| (cube(op, &x) * scale).sum() + x.square().sum();
    Checker::new().report(f, Tensor::from([0.5, -1.5, 0.25]))
}

/// Kind of fault; what the report says.
const BROKEN: &[(Cube, &str)] = &[
    (Cube::Clamped, "is not linear in what it is given"),
    (Cube::ClampedFar, "is not linear in what it is given"),
    (Cube::LostWhenTiny, "is not linear in what it is given"),
    (Cube::Rectified, "`cube`"),
    (Cube::Normalised, "`cube`"),
    (Cube::OfAllSigns, "`cube`"),
    (Cube::Shifted, "`cube`"),
    (Cube::ForwardFactor, "forward rule (jvp) of argument 0 disagrees with the reverse rule"),
    (Cube::ForwardNan, "forward rule (jvp) of argument 0 disagrees with the reverse rule"),
    (Cube::ForwardZero, "forward rule (jvp) of argument 0 disagrees with the reverse rule"),
    (Cube::ForwardSize, "forward rule (jvp) of argument 0"),
    (Cube::ForwardClamped, "forward rule (jvp) of argument 0 is not linear in what it is given"),
];

#[test]
fn rules_that_are_right_at_one_cotangent_alone_fail() {
    let mut failures = String::new();
    for scale in [10.0, -0.3, 1.0] {
        for (op, says) in BROKEN {
            let report = report(*op, scale).unwrap();
            if report.verdict != Verdict::Fail || !report.to_string().contains(says) {
                writeln!(failures, "{op:?}, cotangents of {scale}: {report}").unwrap();
            }
        }
        let right = report(Cube::Right, scale).unwrap();
        if right.verdict != Verdict::Pass {
            writeln!(failures, "right, cotangents of {scale}: {right}").unwrap();
        }
    }
    for (op, says) in BROKEN {
        let alone = Checker::new().report_op(*op, &[Tensor::from([0.5, -1.5]).into()]).unwrap();
        if alone.verdict != Verdict::Fail || !alone.to_string().contains(says) {
            writeln!(failures, "{op:?} alone: {alone}").unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn a_missing_forward_rule_is_said_and_a_wrong_shape_is_an_error() {
    let x = Tensor::from([0.5, -1.5]);
    let none = report(Cube::NoForward, 1.0).unwrap();
    assert_eq!(none.verdict, Verdict::Pass);
    assert!(none.to_string().contains("not checked: forward mode: `cube` has no forward rule"), "{none}");
    let asked = Checker::new().forward_mode(true).report(|x: Var| cube(Cube::NoForward, &x).sum(), &x).unwrap_err();
    assert!(asked.to_string().starts_with("cube: it has no rule for forward mode by argument 0"), "{asked}");
    let tangent = jvp(|x: Var| cube(Cube::NoForward, &x), &x, &x).unwrap_err();
    assert_eq!(tangent.to_string(), asked.to_string());
    let silent = Checker::new().forward_mode(false).report(|x: Var| cube(Cube::ForwardNan, &x).sum(), &x).unwrap();
    assert_eq!(silent.verdict, Verdict::Pass, "{silent}");

    let reverse = "cube: its vjp by argument 0 returns shape [] for an argument of shape [2]";
    let forward = "cube: its jvp by argument 0 returns shape [] for a value of shape [2]";
    let in_reverse = |x: Var| cube(Cube::ShapeOfReverse, &x).sum();
    assert_eq!(grad(in_reverse, &x).unwrap_err().to_string(), reverse);
    assert_eq!(check_gradients(in_reverse, &x).unwrap_err().to_string(), reverse);
    let alone = Checker::new().report_op(Cube::ShapeOfReverse, &[x.clone().into()]);
    assert_eq!(alone.unwrap_err().to_string(), reverse);
    let in_forward = |x: Var| cube(Cube::ShapeOfForward, &x);
    assert_eq!(jvp(in_forward, &x, &x).unwrap_err().to_string(), forward);
    assert_eq!(check_gradients(|x| in_forward(x).sum(), &x).unwrap_err().to_string(), forward);
}

/// A parameter's value that leaves the tape is seen, wherever it is read, in both float types and at second order.
#[test]
fn the_value_of_a_parameter_that_leaves_the_tape_is_seen() {
    let w = Param::new(Tensor::from([2.0, -0.5, 1.5]));
    let x0 = Tensor::from([0.3, 0.7, -1.1]);
    let check = |f: &dyn Fn(Var) -> Var, order: u8| Checker::new().order(order).report(f, &x0).unwrap();
    type Row<'a> = (&'a str, &'a dyn Fn(Var) -> Var);
    let leaving: &[Row<'_>] = &[
        ("as a tensor", &|x| (x * x.lift(&w) * w.value().clone()).sum()),
        ("as a number", &|x| (x * x.lift(&w)).sum() * w.value().square().sum().item()),
        ("one element of it", &|x| (x * x.lift(&w)).sum() * w.value()[[1]]),
        ("through the leaf", &|x| (x * x.lift(&w) * x.lift(&w).value().exp()).sum()),
        ("as a divisor", &|x| (x * x.lift(&w)).sum() / (w.value().square().sum().item() + 1.0)),
    ];
    let staying: &[Row<'_>] = &[
        ("its shape", &|x| (x * x.lift(&w)).sum() * w.value().shape().len_elements() as f64),
        ("its sign, which does not move", &|x| (x * x.lift(&w) * w.value().map(f64::signum)).sum()),
        ("nothing", &|x| (x.lift(&w).tanh() * x).sum()),
    ];
    let mut failures = String::new();
    for order in [1, 2] {
        for (name, f) in leaving {
            let report = check(*f, order);
            if report.verdict != Verdict::Fail || !report.to_string().contains("left the tape") {
                writeln!(failures, "order {order}, {name}: {report}").unwrap();
            }
        }
        for (name, f) in staying {
            let report = check(*f, order);
            if report.verdict != Verdict::Pass {
                writeln!(failures, "order {order}, {name}: {report}").unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert_eq!(w.value().data(), [2.0, -0.5, 1.5]);

    let single = Param::new(w.value().cast::<f32>());
    let f = |x: Var<f32>| (x * x.lift(&single) * single.value().clone()).sum();
    let error = check_gradients(f, x0.cast::<f32>()).unwrap_err().to_string();
    assert!(error.contains("left the tape"), "{error}");
    let f = |x: Var<f32>| (x * x.lift(&single)).sum().tanh();
    assert_eq!(check_gradients(f, x0.cast::<f32>()).unwrap().verdict, Verdict::Pass);
}

/// `y = x` with the derivative 0.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Still;

impl Op for Still {
    fn name(&self) -> String {
        "still".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].clone().into()
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        g * 0.0
    }
}

/// What can be wrong with an operation beside its derivatives in f64 at first order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    Vjp,
    Jvp,
    Linearity,
    ShapeRule,
    OnlyInSingle,
    SecondOrder,
    GradientInEmpty,
}

/// `y[i] = Σ_j x[i, j]²`, wrong as the number says: an operation's cases are those of its type.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RowSquares<const WRONG: usize>;

const WRONG: [Wrong; 8] = [
    Wrong::Nothing,
    Wrong::Vjp,
    Wrong::Jvp,
    Wrong::Linearity,
    Wrong::ShapeRule,
    Wrong::OnlyInSingle,
    Wrong::SecondOrder,
    Wrong::GradientInEmpty,
];

impl<const W: usize> Op for RowSquares<W> {
    fn name(&self) -> String {
        "row_squares".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match (&args[0][..], WRONG[W]) {
            ([m, n], Wrong::ShapeRule) => Ok(Shape::from([*m.max(n)])),
            ([m, _], _) => Ok(Shape::from([*m])),
            _ => Err(Error::Shape { op: self.name(), message: format!("a matrix is needed: {}", args[0]) }),
        }
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let factor = if WRONG[W] == Wrong::OnlyInSingle && F::NAME == "f32" { 1.01 } else { 1.0 };
        (a[0].square().sum_over(1) * factor).into()
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let right = g.unsqueeze(1) * &a[0] * 2.0;
        match WRONG[W] {
            Wrong::Vjp => g.unsqueeze(1) * &a[0],
            Wrong::Linearity => g.clamp(-2.0, 2.0).unsqueeze(1) * &a[0] * 2.0,
            // The derivative of the recorded rule lacks a term.
            Wrong::SecondOrder => g.unsqueeze(1) * A::apply(Still, &[Arg::Real(&a[0])]).real() * 2.0,
            Wrong::GradientInEmpty if a[0].shape()[1] == 0 => a[0].full(Shape::from([1, 1]), 0.0),
            _ => right,
        }
    }
    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        let factor = if WRONG[W] == Wrong::Jvp { 200.0 } else { 2.0 };
        (d * &a[0]).sum_over(1) * factor
    }
    fn cases() -> Vec<Case> {
        let case = |shape: [usize; 2]| Case::of(RowSquares::<W>).real(shape);
        vec![case([2, 3]), case([3, 0]), case([1, 1])]
    }
}

#[test]
fn the_cases_of_an_operation_are_run_by_one_call() {
    check_op::<RowSquares<0>>().unwrap();
    let table: &[(Result<(), Error>, &str)] = &[
        (check_op::<RowSquares<1>>(), "gradient of argument 0 is 0.5× the numeric one"),
        (check_op::<RowSquares<2>>(), "forward rule (jvp) of argument 0 disagrees with the reverse rule"),
        (check_op::<RowSquares<3>>(), "is not linear in what it is given"),
        (check_op::<RowSquares<4>>(), "row_squares: its shape rule says [3] where forward gives [2]"),
        (check_op::<RowSquares<5>>(), "the value in f32 is"),
        (check_op::<RowSquares<6>>(), "second derivatives: gradient check: fail"),
        (check_op::<RowSquares<7>>(), "[3, 0]"),
    ];
    let mut failures = String::new();
    for (k, (found, says)) in table.iter().enumerate() {
        match found {
            Err(Error::WrongOperation { op, .. }) if op == "row_squares" => {
                let text = found.as_ref().unwrap_err().to_string();
                if !text.contains(says) || !text.starts_with("row_squares: ") {
                    writeln!(failures, "row {k}: {text}").unwrap();
                }
            }
            other => writeln!(failures, "row {k}: {other:?}").unwrap(),
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(check_op::<OnlyReverse>().unwrap_err().to_string().contains("has no cases to be checked at"));
    check_op::<wengert_tape::ops::MatMul>().unwrap();
    check_op::<wengert_tape::ops::MaxOver>().unwrap();
}

/// `y = a x` with `a` 3, of which an operation that acts element by element says several things twice: each wrong once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Times<const WRONG: usize> {
    a: f64,
}

impl<const W: usize> Default for Times<W> {
    fn default() -> Self {
        Times { a: 3.0 }
    }
}

impl<const W: usize> Pointwise for Times<W> {
    type Arity = One;
    const NAME: &'static str = "times";

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x * x * self.a
    }
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        x * (2.0 * self.a)
    }
    fn partials<R: Number>(&self, [x]: [R; 1], y: R) -> [R; 1] {
        [self.partial(0, [x], y) * if W == 1 { 1.01 } else { 1.0 }]
    }
    fn attribute(&self) -> f64 {
        self.a
    }
    fn with_attribute(a: f64) -> Self {
        Times { a: if W == 2 { 3.0 } else { a } }
    }
    fn variants() -> Vec<Self> {
        vec![Times { a: 3.0 }, Times { a: 0.5 }]
    }
}

/// `y = x b` that says to have no derivative by `b`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Silent;

impl Op for Silent {
    fn name(&self) -> String {
        "silent".into()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        (&a[0] * &a[1]).into()
    }
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }
    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        g * &a[1]
    }
    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        d * &a[1]
    }
    fn cases() -> Vec<Case> {
        vec![Case::of(Silent).real([2, 3]).real([2, 3])]
    }
}

/// What is right on tensors and wrong by another door, or leaves an argument out.
#[test]
fn what_an_operation_says_a_second_time_is_asked_too() {
    check_op::<Times<0>>().unwrap();
    let says = |found: Result<(), Error>| found.map_or_else(|e| e.to_string(), |()| "nothing was found".into());
    let partials = says(check_op::<Times<1>>());
    assert!(partials.contains("the derivatives on numbers of a tape is"), "{partials}");
    let attribute = says(check_op::<Times<2>>());
    assert!(attribute.contains("the derivatives on numbers, recorded is"), "{attribute}");
    let silent = says(check_op::<Silent>());
    assert!(silent.contains("the value depends on argument 1, which `active` says"), "{silent}");
    check_op::<wengert_tape::ops::StopGradient>().unwrap();
    check_op::<wengert_tape::ops::AttentionInput>().unwrap();
    check_op::<wengert_tape::ops::Hypot>().unwrap();
    check_op::<wengert_tape::ops::Powf>().unwrap();
}
