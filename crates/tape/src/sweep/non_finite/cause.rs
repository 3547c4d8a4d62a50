//! What an element of a result was made from.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::caught;
use crate::ops::AnyOp;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::Value;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The elements that are NaN or infinite.
pub(super) fn elements<F: Float>(value: &Value<F>) -> impl Iterator<Item = usize> {
    let data = if let Any::Real(t) = value { t.data() } else { &[] };
    data.iter().enumerate().filter(|(_, x)| !num_traits::Float::is_finite(**x)).map(|(at, _)| at)
}

pub(super) fn first_element<F: Float>(value: &Value<F>) -> Option<usize> {
    elements(value).next()
}

pub(super) fn has<F: Float>(value: &Value<F>, what: fn(F) -> bool) -> bool {
    matches!(value, Any::Real(t) if t.data().iter().any(|x| what(*x)))
}

pub(super) fn real<F: Float>(value: &Value<F>, at: usize) -> F {
    match value {
        Any::Real(t) => t.data()[at],
        _ => F::nan(),
    }
}

/// Row-major position of element `at`.
pub(super) fn position(shape: &Shape, mut at: usize) -> Vec<usize> {
    let mut index: Vec<usize> = shape.iter().rev().map(|n| (at % n, at /= n).0).collect();
    index.reverse();
    index
}

/// The element of an operand that element `at` of the result is made of, if the operand is broadcast to the result.
pub(super) fn beside(operand: &Shape, shape: &Shape, at: usize) -> Option<usize> {
    if !operand.broadcasts_to(shape) {
        return None;
    }
    let steps = operand.steps_in(shape);
    Some(position(shape, at).iter().zip(&steps).map(|(i, step)| i * step).sum())
}

/// The value of an operation on other operands; `None` where it has none.
pub(super) fn value_again<F: Float>(op: &AnyOp, operands: &[Value<F>]) -> Option<Tensor<F>> {
    let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(Any::as_arg).collect();
    // An operation of one's own may refuse other numbers by a panic.
    match catch_unwind(AssertUnwindSafe(|| caught(|| evaluate(op, Args(&args))))) {
        Ok(Ok(Any::Real(value))) => Some(value),
        _ => None,
    }
}

/// Whether both are the same number, or both NaN.
pub(super) fn same<F: Float>(a: F, b: F) -> bool {
    a == b || num_traits::Float::is_nan(a) && num_traits::Float::is_nan(b)
}

/// The number in few digits: powers of ten only where there are many places.
pub(super) fn short<F: Float>(x: F) -> String {
    let size = Float::to_f64(x).abs();
    match size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite() {
        true => x.to_string(),
        false => format!("{:e}", Float::to_f64(x)),
    }
}

/// The one element of each operand of which element `at` of the result is made, if it is made of one of each: this is tried, with
/// other numbers in all other places; `again` computes the result of other operands.
pub(super) fn one_of_each<F: Float>(
    operands: &[&Value<F>],
    result: &Value<F>,
    at: usize,
    again: &dyn Fn(&[Value<F>]) -> Option<Value<F>>,
) -> Option<Vec<usize>> {
    let shape = result.as_arg().shape();
    let of = |operand: &&Value<F>| beside(&operand.as_arg().shape(), &shape, at);
    let places: Vec<usize> = operands.iter().map(of).collect::<Option<_>>()?;
    let alone = |substitute: f64| {
        let others = operands.iter().zip(&places).map(|(operand, at)| match operand {
            Any::Real(t) => {
                let mut t = Tensor::full(t.shape(), F::from_f64(substitute));
                t.data_mut()[*at] = real(operand, *at);
                t.into()
            }
            other => (*other).clone(),
        });
        let value = again(&others.collect::<Vec<_>>())?;
        (value.as_arg().shape() == shape).then(|| real(&value, at))
    };
    let is_alone = |substitute: f64| alone(substitute).is_some_and(|x| same(x, real(result, at)));
    (is_alone(0.5) && is_alone(0.25)).then_some(places)
}

/// What element `at` of the result was made from.
pub(super) fn cause<F: Float>(
    name: &str,
    operands: &[&Value<F>],
    result: &Value<F>,
    at: usize,
    again: &dyn Fn(&[Value<F>]) -> Option<Value<F>>,
) -> String {
    if let Some(places) = one_of_each(operands, result, at, again) {
        let texts = operands.iter().zip(&places).map(|(operand, at)| match operand {
            Any::Real(t) => short(t.data()[*at]),
            Any::Index(t) => t.data()[*at].to_string(),
            Any::Mask(t) => t.data()[*at].to_string(),
        });
        return format!("{name} of {}", texts.collect::<Vec<_>>().join(" and "));
    }
    let parts = operands.iter().enumerate().filter_map(|(k, operand)| match operand {
        Any::Real(t) => Some(match first_element(operand) {
            Some(at) => format!("operand {k} has {} at {:?}", short(t.data()[at]), position(t.shape(), at)),
            None => {
                let most = t.data().iter().fold(0.0_f64, |m, x| m.max(Float::to_f64(*x).abs()));
                format!("operand {k} of shape {} is finite, its largest magnitude {most:e}", t.shape())
            }
        }),
        _ => None,
    });
    parts.collect::<Vec<_>>().join(", ")
}
