//! Whether a result depends on an element: another number is put in its place, and the graph computed anew.

use super::cause::{first_element, same, value_again};
use crate::error::Line;
use crate::rule::algebra::Any;
use crate::tape::graph::{GraphNode, GraphView, NodeKind};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Finite numbers to put in the place of others, so different that what depends on one shows it.
fn substitutes<F: Float>() -> [F; 4] {
    [0.5, 0.625, -1e30, 1e30].map(F::from_f64)
}

/// The first of some elements of a node that is used, if one is.
pub(super) fn first_taken<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, elements: &[usize]) -> Option<usize> {
    let (mut from, mut to) = (0, elements.len());
    if from == to || taken_at(graph, node, elements).is_some() {
        return None;
    }
    // Of those before the middle one is used, or else of those behind it.
    while to - from > 1 {
        let middle = from.midpoint(to);
        match taken_at(graph, node, &elements[from..middle]) {
            None => to = middle,
            Some(_) => from = middle,
        }
    }
    Some(elements[from])
}

/// Where some elements of a node are dropped, if no result depends on them: whatever numbers stand in their place, the results
/// are the same, with each recorded decision as it was.
pub(super) fn taken_at<F: Float>(
    graph: &GraphView<F>,
    node: &GraphNode<F>,
    elements: &[usize],
) -> Option<(String, Line)> {
    let [first, others @ ..] = substitutes::<F>().map(|x| results_with(graph, node, elements, x));
    let first = first?;
    let mut dropped = None;
    let mut is_used = vec![false; graph.nodes.len()];
    graph.nodes[node.index..].iter().for_each(|user| user.parents.iter().for_each(|k| is_used[*k] = true));
    for other in others {
        let other = other?;
        let differs = |k: &usize| match (&first[*k], &other[*k]) {
            (Some(a), Some(b)) => a.shape() != b.shape() || a.data().iter().zip(b.data()).any(|(a, b)| !same(*a, *b)),
            _ => false,
        };
        for user in &graph.nodes[node.index..] {
            if differs(&user.index) {
                if !is_used[user.index] {
                    return None;
                }
            } else if user.parents.iter().any(differs) && matches!(user.value, Any::Real(_)) {
                dropped = dropped.or(user.line.map(|line| (user.name(), line)));
            }
        }
    }
    dropped
}

/// What the nodes from this one on hold with a number in the place of some of its elements, where it depends on them. Every other
/// number that is not finite is made finite, since nothing more could be told behind it.
fn results_with<F: Float>(
    graph: &GraphView<F>,
    node: &GraphNode<F>,
    elements: &[usize],
    substitute: F,
) -> Option<Vec<Option<Tensor<F>>>> {
    let finite = |value: &Tensor<F>| match first_element(&value.clone().into()) {
        None => value.clone(),
        Some(_) => value.map(|x| if num_traits::Float::is_finite(x) { x } else { F::from_f64(0.5) }),
    };
    let Any::Real(value) = &node.value else { return None };
    let mut other = finite(value);
    elements.iter().for_each(|at| other.data_mut()[*at] = substitute);
    let mut results: Vec<Option<Tensor<F>>> = vec![None; graph.nodes.len()];
    results[node.index] = Some(other);
    for user in &graph.nodes[node.index + 1..] {
        let (NodeKind::Op(op), Any::Real(_)) = (&user.kind, &user.value) else { continue };
        if user.parents.iter().all(|k| results[*k].is_none()) {
            continue;
        }
        let of = |k: &usize| match (&results[*k], &graph.nodes[*k].value) {
            (Some(value), _) => Any::Real(value.clone()),
            (None, Any::Real(value)) => Any::Real(finite(value)),
            (None, other) => other.clone(),
        };
        let again = value_again(op, &user.parents.iter().map(of).collect::<Vec<_>>())?;
        results[user.index] = Some(finite(&again));
    }
    Some(results)
}
