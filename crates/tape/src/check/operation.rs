//! The cases of one's own operation, run through everything that an operation promises.

use super::{Checker, Verdict};
use crate::error::{Error, caught};
use crate::ops::{AnyOp, SumExt};
use crate::rule::algebra::{Algebra, Any, Arg, Args, Lift};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Value};
use crate::shape::Shape;
use crate::tape::{Scalar, Stored, Tape, Var};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// How far two ways to the same number in `f64` may be apart, relative to the largest, and the same for `f32`.
const APART: [f64; 2] = [1e-12, 1e-3];

/// Checks an operation of one's own at each of its [cases](Op::cases):
///
/// - first derivatives by every number of every argument, by differences with error bars, and second ones where the case
///   asks for them (`order` 2, the default);
/// - rules that are linear, and a forward rule, if there is one, that agrees with the reverse rule, at both orders;
/// - the shape rule and the shapes of what the rules return;
/// - the recorded value beside the plain one, `f32` beside `f64`, and arguments whose last two axes lie in memory in the
///   other order;
/// - that the value depends on no argument that the operation says to have no derivative, unless it stops gradients on purpose;
/// - of an operation that acts element by element, the value and derivatives on single numbers, of both kinds of tape, recorded and
///   replayed: what [`Pointwise`](crate::Pointwise) says of itself a second time there (`slope`, `partials`, `attribute`).
///
/// A case [at a kink](Case::at_kink) is asked for derivatives that are finite and between the one-sided ones.
///
/// # Errors
/// [`Error::WrongOperation`] with all that was found; [`Error::Argument`] if the operation has no cases.
///
/// # Examples
/// ```
/// use wengert_tape::check::check_op;
/// use wengert_tape::ops;
/// check_op::<ops::MatMul>()?;
/// # Ok::<(), wengert_tape::Error>(())
/// ```
pub fn check_op<O: Op>() -> Result<(), Error> {
    let cases = O::cases();
    let Some(name) = cases.iter().find_map(|case| Some(case.op.as_ref()?.name())) else {
        let name = std::any::type_name::<O>();
        return Err(Error::Argument(format!("check_op: {name} has no cases to be checked at; `Op::cases` gives them")));
    };
    let mut failures = Vec::new();
    for case in &cases {
        let mut found = Vec::new();
        if let Err(error) = check_case(case, &mut found) {
            found.push(error.to_string());
        }
        if let Some(op) = case.op.as_ref().and_then(AnyOp::downcast_ref::<O>).filter(|_| !case.kink) {
            on_numbers(op, &case.args, &mut found);
        }
        failures.extend(found.into_iter().map(|failure| format!("{}: {failure}", case.label())));
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(Error::WrongOperation { op: name, failures }),
    }
}

/// Checks one case; what is wrong goes to `found`.
fn check_case(case: &Case, found: &mut Vec<String>) -> Result<(), Error> {
    let Some(op) = &case.op else { return Ok(()) };
    let value = value_of(op, &case.args)?;
    shapes(op, case, &value, found);
    let Any::Real(y) = &value else { return Ok(()) };
    let (active, still): (Vec<usize>, Vec<usize>) =
        (0..case.args.len()).filter(|k| case.args[*k].as_real().is_some()).partition(|k| op.active(*k));
    if op.output() == Kind::Real && !op.stops_gradient() {
        found.extend(still.into_iter().filter_map(|k| moves(op, &case.args, k)));
    }
    if op.output() != Kind::Real || active.is_empty() {
        return Ok(());
    }
    let report = Checker::new().everything().report_op(op.clone(), &case.args)?;
    if report.verdict == Verdict::Fail {
        found.push(report.to_string());
        return Ok(());
    }
    if case.order >= 2 && !case.kink && !y.is_empty() {
        let leaves: Vec<Tensor<f64>> = active.iter().filter_map(|k| case.args[*k].as_real().cloned()).collect();
        let f = |leaves: Vec<Var>| apply(op, &case.args, &active, &leaves);
        let report = Checker::new().everything().order(2).report(f, &leaves[..])?;
        if report.verdict == Verdict::Fail {
            found.push(format!("second derivatives: {report}"));
        }
    }
    let (own, gradient) = recorded::<f64>(op, &case.args, &active)?;
    compare("the recorded value", &own, y, APART[0], found);
    let turned: Vec<Value<f64>> = case.args.iter().map(turned).collect();
    let (other, turned) = recorded::<f64>(op, &turned, &active)?;
    compare("the value with axes in the other order in memory", &other, y, APART[0], found);
    let (single, in_single) = recorded::<f32>(op, &case.args, &active)?;
    if !case.kink {
        compare("the value in f32", &single, y, APART[1], found);
    }
    for (k, argument) in active.iter().enumerate() {
        let name = |what: &str| format!("the gradient of argument {argument} {what}");
        compare(&name("with axes in the other order in memory"), &turned[k], &gradient[k], APART[0], found);
        if !case.kink {
            compare(&name("in f32"), &in_single[k], &gradient[k], APART[1], found);
        }
    }
    Ok(())
}

/// Says so if the value moves with an argument that is said to have no derivative: alike at two steps, so that it is no choice
/// between values that stand still.
fn moves(op: &AnyOp, args: &[Value<f64>], k: usize) -> Option<String> {
    let x = args[k].as_real()?;
    let slope = |h: f64| -> Option<(f64, f64)> {
        let at = |h: f64| {
            let mut args = args.to_vec();
            args[k] = Any::Real(x.map(|x| x + h * x.abs().max(1.0)));
            match value_of(op, &args) {
                Ok(Any::Real(y)) => Some(y),
                _ => None,
            }
        };
        let (left, right) = (at(-h)?, at(h)?);
        let weighted = |y: &Tensor<f64>| y.data().iter().zip(1..).map(|(y, i)| y * f64::from(i).sin()).sum::<f64>();
        let size = right.data().iter().fold(0.0, |m: f64, y| m.max(y.abs()));
        Some(((weighted(&right) - weighted(&left)) / (2.0 * h), size))
    };
    let ((d, size), (again, _)) = (slope(1e-3)?, slope(5e-4)?);
    let depends = d.abs() > 1e-6 * size && (d - again).abs() <= 0.1 * d.abs();
    depends.then(|| {
        format!("the value depends on argument {k}, which `active` says to have no derivative (about {d:e} along a direction)")
    })
}

/// A number with its derivatives by the arguments.
type Slopes = (f64, Vec<f64>);

/// What an operation that acts element by element says on single numbers, beside the same on tensors of one number.
fn on_numbers<O: Op>(op: &O, args: &[Value<f64>], found: &mut Vec<String>) {
    let elements: Vec<&[f64]> = args.iter().filter_map(|a| Some(a.as_real()?.data())).collect();
    let count = elements.iter().map(|e| e.len()).min().unwrap_or(0).min(3);
    for i in 0..count {
        let x: Vec<f64> = elements.iter().map(|e| e[i]).collect();
        let on_tensors = || -> Result<Option<(Slopes, Slopes)>, Error> {
            let tape = Tape::new();
            let leaves: Vec<Var> = x.iter().map(|x| tape.var(Tensor::from(*x))).collect();
            let Some(y) = op.on_numbers(&leaves) else { return Ok(None) };
            let (g, recorded) = (y.try_backward()?, y.try_backward_recorded()?);
            let of = |leaf: &Var| g.get(*leaf).map_or(0.0, Tensor::item);
            let again = |leaf: &Var| recorded.get(*leaf).map_or(0.0, Var::item);
            let first = (y.item(), leaves.iter().map(of).collect());
            Ok(Some((first, (y.item(), leaves.iter().map(again).collect()))))
        };
        let on_tape = |tape: Tape, recorded: bool| -> Result<Option<Slopes>, Error> {
            let leaves = tape.scalars(&x);
            let Some(y) = op.on_numbers(&leaves) else { return Ok(None) };
            let slopes = match recorded {
                false => {
                    let g = y.try_backward()?;
                    leaves.iter().map(|leaf| g.get(*leaf).copied().unwrap_or(0.0)).collect()
                }
                true => {
                    let g = Var::from(y).try_backward_recorded()?;
                    leaves.iter().map(|leaf| g.get(*leaf).map_or(0.0, Scalar::value)).collect()
                }
            };
            Ok(Some((y.value(), slopes)))
        };
        // What does not accept these numbers, or has no recorded rule, has said so elsewhere.
        let Ok(Some((right, recorded))) = caught(on_tensors) else { return };
        let doors: [(&str, Tape, &Slopes); 3] = [
            ("on numbers of a tape", Tape::new(), &right),
            ("on numbers of a gradient-only tape", Tape::gradient_only(), &right),
            ("on numbers, recorded", Tape::new(), &recorded),
        ];
        for (k, (door, tape, right)) in doors.into_iter().enumerate() {
            match caught(|| on_tape(tape, k == 2)) {
                Ok(Some(slopes)) => {
                    compare(
                        &format!("the value {door}"),
                        &Tensor::from(slopes.0),
                        &Tensor::from(right.0),
                        APART[0],
                        found,
                    );
                    let [a, b] = [&slopes.1, &right.1].map(|slopes| Tensor::from(slopes.clone()));
                    compare(&format!("the derivatives {door}"), &a, &b, APART[0], found);
                }
                Ok(None) => {}
                Err(error) => found.push(format!("{door}: {error}")),
            }
        }
    }
}

/// The plain value.
fn value_of(op: &AnyOp, args: &[Value<f64>]) -> Result<Value<f64>, Error> {
    caught(|| Ok(Tensor::apply(op.clone(), &as_args(args))))
}

/// Whether the rules on shapes alone give those of arguments and value. (That the shape rule tells the shape of the value is
/// checked wherever one is computed.)
fn shapes(op: &AnyOp, case: &Case, value: &Value<f64>, found: &mut Vec<String>) {
    let shapes: Vec<Any<Shape>> = case
        .args
        .iter()
        .map(|a| match a {
            Any::Real(t) => Any::Real(t.shape().clone()),
            Any::Index(t) => Any::Index(Shape::scalar().index(t.clone())),
            Any::Mask(t) => Any::Mask(Shape::scalar().mask(t.clone())),
        })
        .collect();
    let args: Vec<Arg<'_, Shape>> = shapes.iter().map(Any::as_arg).collect();
    let dry = caught(|| Ok(Shape::apply(op.clone(), &args)));
    let dry = match dry {
        Ok(dry) => dry.as_arg().shape(),
        Err(error) => return found.push(format!("on shapes alone: {error}")),
    };
    let Any::Real(_) = value else { return };
    for k in (0..shapes.len()).filter(|k| op.active(*k)) {
        let Any::Real(x) = &shapes[k] else { continue };
        let rules = [
            ("vjp", x, caught(|| Ok(op.vjp(k, dry.clone(), Args(&args), &dry)))),
            ("jvp", &dry, caught(|| Ok(op.jvp(k, x.clone(), Args(&args), &dry)))),
        ];
        for (rule, expected, given) in rules {
            match given {
                Ok(given) if given == *expected => {}
                Ok(given) => {
                    found.push(format!("its {rule} by argument {k} returns shape {given} instead of {expected}"))
                }
                Err(Error::NoRule { .. }) if rule == "jvp" => {}
                Err(error) => found.push(format!("its {rule} by argument {k} on shapes alone: {error}")),
            }
        }
    }
}

fn as_args<A: Algebra>(values: &[Any<A>]) -> Vec<Arg<'_, A>> {
    values.iter().map(Any::as_arg).collect()
}

/// The operation at recorded leaves in the places `active`, and inputs in the others.
fn apply<F: Float>(op: &AnyOp, args: &[Value<f64>], active: &[usize], leaves: &[Var<F>]) -> Var<F>
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    let beside = leaves[0];
    let values: Vec<Any<Var<F>>> = (0..args.len())
        .map(|k| match (&args[k], active.iter().position(|a| *a == k)) {
            (_, Some(leaf)) => Any::Real(leaves[leaf]),
            (Any::Real(t), None) => Any::Real(Lift::constant(&beside, t.cast())),
            (Any::Index(t), None) => Any::Index(beside.index(t.clone())),
            (Any::Mask(t), None) => Any::Mask(beside.mask(t.clone())),
        })
        .collect();
    Var::apply(op.clone(), &as_args(&values)).real()
}

/// The recorded value, and the gradients of a weighted sum of it by the arguments `active`.
fn recorded<F: Float>(
    op: &AnyOp,
    args: &[Value<f64>],
    active: &[usize],
) -> Result<(Tensor<f64>, Vec<Tensor<f64>>), Error>
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    let tape = Tape::of::<F>();
    let reals = active.iter().filter_map(|k| args[*k].as_real());
    let leaves: Vec<Var<F>> = reals.map(|x| tape.var(x.cast())).collect();
    let y = caught(|| Ok(apply(op, args, active, &leaves)))?;
    let value = y.try_value()?;
    let weights = (0..value.len()).map(|i| F::from_f64(0.6 + 0.3 * (i as f64).sin())).collect();
    let gradients = (y * y.constant(Tensor::new(value.shape(), weights))).sum().try_backward()?;
    let of = |x: &Var<F>| gradients.get(*x).map_or_else(|_| Tensor::zeros(x.shape()), |g| g.cast());
    Ok((value.cast(), leaves.iter().map(of).collect()))
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

/// Says so if two tensors are apart by more than `tolerance` of the largest element. NaN is apart from everything but NaN.
fn compare(what: &str, a: &Tensor<f64>, b: &Tensor<f64>, tolerance: f64, found: &mut Vec<String>) {
    if a.shape() != b.shape() {
        return found.push(format!("{what} has shape {} instead of {}", a.shape(), b.shape()));
    }
    let size = b.data().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * size;
    if let Some(i) = (0..a.len()).find(|i| !same(a.data()[*i], b.data()[*i])) {
        found.push(format!("{what} is {:e} instead of {:e} at element {i}", a.data()[i], b.data()[i]));
    }
}
