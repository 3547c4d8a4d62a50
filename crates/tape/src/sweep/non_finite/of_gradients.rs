//! The first cotangent that is not finite.

use std::sync::Arc;

use super::NonFinite;
use super::cause::{cause, first_element, position, real, short, value_again};
use crate::error::{Error, caught};
use crate::ops::AnyOp;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::{Op, Value};
use crate::sweep;
use crate::tape::node_map::NodeMap;
use crate::tape::{Parent, Step, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The rule that first made a non-finite cotangent of finite numbers, in the order of the sweep, or the last of several whose sum is
/// not finite.
pub(super) fn first_gradient<F: Float>(key: u32, root: u32, seed: &Tensor<F>) -> Result<Option<NonFinite>, Error> {
    let at = |id: u32| value_of::<F>(key, id);
    let cotangents = sweep::sweep::<F, _>(key, root, seed.clone(), &at)?;
    let mut sums: NodeMap<Tensor<F>> = NodeMap::default();
    for (id, g) in cotangents.iter().rev() {
        let Some(Step { op, parents, line, layer }) = step::<F>(key, id)? else {
            continue;
        };
        let y = at(id)?.real();
        let values = sweep::arguments(&parents, &y, &at)?;
        let args: Vec<Arg<'_, Tensor<F>>> = values.iter().map(Any::as_arg).collect();
        for (arg, parent) in parents.iter().enumerate() {
            let Parent::Node { active: true, id: parent } = *parent else { continue };
            if !op.active(arg) {
                continue;
            }
            let part: Value<F> = op.vjp(arg, g.clone(), Args(&args), &y).into();
            let found = |c: &Value<F>, at: usize, cause: String| NonFinite {
                node: id,
                op: op.name(),
                line: Some(line),
                layer: layer.as_deref().map(Arc::from),
                gradient_of: Some(arg),
                index: position(&c.as_arg().shape(), at),
                value: Float::to_f64(real(c, at)),
                cause,
                not_taken: None,
            };
            if let Some(at) = first_element(&part) {
                let operands: Vec<&Value<F>> = values.iter().collect();
                let again = |operands: &[Value<F>]| gradient_again(&op, arg, g, operands);
                return Ok(Some(found(&part, at, cause(&op.name(), &operands, &part, at, &again))));
            }
            let part = part.real();
            let sum = match sums.take(parent) {
                Some(sum) => sum + &part,
                None => part.clone(),
            };
            let sum: Value<F> = sum.into();
            if let Some(at) = first_element(&sum) {
                let last = short(part.data()[at]);
                let cause = format!("the sum over several uses, of which this gives {last}, is too large");
                return Ok(Some(found(&sum, at, cause)));
            }
            sums.insert(parent, sum.real());
        }
    }
    Ok(None)
}

/// What a rule gives on other operands; `None` where it gives nothing.
fn gradient_again<F: Float>(op: &AnyOp, arg: usize, g: &Tensor<F>, operands: &[Value<F>]) -> Option<Value<F>> {
    let y = value_again(op, operands)?;
    let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(Any::as_arg).collect();
    caught(|| Ok(op.vjp(arg, g.clone(), Args(&args), &y))).ok().map(Any::Real)
}
