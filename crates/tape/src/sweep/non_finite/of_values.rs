//! The first value that is not finite.

use super::NonFinite;
use super::cause::{beside, cause, elements, first_element, has, one_of_each, position, real, value_again};
use super::taken::{first_taken, taken_at};
use crate::ops::AnyOp;
use crate::rule::algebra::Any;
use crate::rule::op::{Op, Value};
use crate::tape::graph::{GraphNode, GraphView, NodeKind};
use crate::tensor::float::Float;

/// The first non-finite value of what the graph holds; one that does harm before one that does none.
pub(crate) fn first_value<F: Float>(graph: &GraphView<F>) -> Option<NonFinite> {
    let mut first = None;
    for (node, at) in made(graph) {
        let found = describe(graph, node, at);
        if found.not_taken.is_none() {
            return Some(found);
        }
        first = first.or(Some(found));
    }
    first
}

/// The first value that makes the numbers of a sweep wrong: made of finite numbers, and used; or an infinity that was given
/// to the tape on purpose, where the output is not finite.
pub(super) fn harmful_value<F: Float>(graph: &GraphView<F>) -> Option<NonFinite> {
    let found = made(graph).map(|(node, at)| describe(graph, node, at)).find(|found| found.not_taken.is_none());
    found.or_else(|| {
        graph.nodes.last().filter(|output| first_element(&output.value).is_some())?;
        let recorded = graph.nodes.iter().filter(|node| node.id.is_some());
        recorded.into_iter().find_map(|node| {
            let all: Vec<usize> = elements(&node.value).collect();
            Some(describe(graph, node, first_taken(graph, node, &all)?))
        })
    })
}

/// The recorded nodes that made a NaN or an infinity, with the first such element that is used, or else the first.
///
/// An infinity that came from outside, and what is infinite because of it, is not made: to mask with −∞ is no mistake. NaN made
/// of it is.
fn made<F: Float>(graph: &GraphView<F>) -> impl Iterator<Item = (&GraphNode<F>, usize)> {
    graph.nodes.iter().filter(|node| node.id.is_some()).filter_map(|node| {
        let is_nan = |at: &usize| num_traits::Float::is_nan(real(&node.value, *at));
        let operands = || node.parents.iter().map(|k| &graph.nodes[*k]);
        // NaN among constants is told by the operation that used it first.
        let passes_on =
            operands().any(|operand| operand.id.is_some() && has(&operand.value, num_traits::Float::is_nan));
        let is_finite = operands().all(|operand| first_element(&operand.value).is_none());
        let new: Vec<usize> = match &node.kind {
            NodeKind::Op(_) if passes_on => Vec::new(),
            NodeKind::Op(_) if is_finite => elements(&node.value).collect(),
            NodeKind::Op(op) => {
                let values: Vec<&Value<F>> = operands().map(|operand| &operand.value).collect();
                let mut of_finite = infinite_of_finite(op, &values, &node.value);
                of_finite.extend(elements(&node.value).filter(is_nan));
                of_finite
            }
            _ => elements(&node.value).filter(is_nan).collect(),
        };
        let at = *new.first()?;
        Some((node, first_taken(graph, node, &new).unwrap_or(at)))
    })
}

/// The elements that an operation which acts element by element made infinite of finite ones, where others were infinite
/// already.
fn infinite_of_finite<F: Float>(op: &AnyOp, operands: &[&Value<F>], result: &Value<F>) -> Vec<usize> {
    let shape = result.as_arg().shape();
    let is_of_finite = |at: &usize| {
        let beside_is_finite = |operand: &&Value<F>| match operand {
            Any::Real(_) => beside(&operand.as_arg().shape(), &shape, *at)
                .is_some_and(|k| num_traits::Float::is_finite(real(operand, k))),
            _ => true,
        };
        num_traits::Float::is_infinite(real(result, *at)) && operands.iter().all(beside_is_finite)
    };
    let found: Vec<usize> = elements(result).filter(is_of_finite).collect();
    let again = |operands: &[Value<F>]| value_again(op, operands).map(Any::Real);
    match found.first().and_then(|at| one_of_each(operands, result, *at, &again)) {
        Some(_) => found,
        None => Vec::new(),
    }
}

fn describe<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, at: usize) -> NonFinite {
    let operands: Vec<&Value<F>> = node.parents.iter().map(|k| &graph.nodes[*k].value).collect();
    NonFinite {
        node: node.id.unwrap_or_default(),
        op: node.name(),
        line: node.line,
        layer: node.layer.clone(),
        gradient_of: None,
        index: position(&node.shape(), at),
        value: Float::to_f64(real(&node.value, at)),
        cause: match &node.kind {
            NodeKind::Op(op) => {
                let again = |operands: &[Value<F>]| value_again(op, operands).map(Any::Real);
                cause(&op.name(), &operands, &node.value, at, &again)
            }
            _ => "it was given to the tape like this".into(),
        },
        not_taken: taken_at(graph, node, &[at]),
    }
}
