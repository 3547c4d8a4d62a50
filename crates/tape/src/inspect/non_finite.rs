//! Where the first NaN or infinity came from.

use std::fmt;
use std::sync::Arc;

use crate::algebra::{Any, Arg, Args};
use crate::error::Error;
use crate::float::Float;
use crate::gradients::Gradients;
use crate::graph::{GraphNode, GraphView, NodeKind, place};
use crate::op::{Op, Value};
use crate::ops::AnyOp;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::store::{self, Line, Store};
use crate::tape::{Parent, Step, step, value_of};
use crate::tensor::Tensor;

/// What a tape does about a value or gradient that is NaN or infinite: [`Tape::on_non_finite`](crate::Tape::on_non_finite).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNonFinite {
    /// Nothing, at no cost.
    #[default]
    Off,
    /// Says on standard error where it came from.
    Warn,
    /// Makes the sweep an [`Error::NonFinite`].
    Error,
}

/// The first node that made a NaN or an infinity of finite numbers.
///
/// Its `Display` is one line: `ln (model.rs:12): value -inf at [3, 7]: ln of 0`.
#[derive(Clone, Debug)]
pub struct NonFinite {
    /// The node's id on the tape.
    pub node: u32,
    /// The operation; `var` or `input` if the number came from outside.
    pub op: String,
    /// Where it was recorded.
    pub line: Option<Line>,
    /// The layer of a model in which it was recorded.
    pub layer: Option<Arc<str>>,
    /// For a gradient, the operand whose cotangent it is; `None` for a value.
    pub gradient_of: Option<usize>,
    /// The position of the first such element.
    pub index: Vec<usize>,
    /// That element.
    pub value: f64,
    /// What it was made from, in words.
    pub cause: String,
    /// Where a `select` drops this element: the number is of a branch that was not taken.
    pub not_taken: Option<(String, Line)>,
}

impl fmt::Display for NonFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.op)?;
        if self.line.is_some() {
            write!(f, " ({})", place(self.line, self.layer.as_deref()))?;
        }
        match self.gradient_of {
            None => write!(f, ": value {}", self.value)?,
            Some(arg) => write!(f, ": gradient of operand {arg} is {}", self.value)?,
        }
        if !self.index.is_empty() {
            write!(f, " at {:?}", self.index)?;
        }
        write!(f, ": {}", self.cause)?;
        if let Some((op, line)) = &self.not_taken {
            write!(f, "; the branch not taken of `{op}` at {line}")?;
        }
        Ok(())
    }
}

/// The first non-finite value of what the graph holds.
pub(crate) fn first_value<F: Float>(graph: &GraphView<F>) -> Option<NonFinite> {
    let node = graph.nodes.iter().find(|node| {
        let made_here = |k: &usize| first_element(&graph.nodes[*k].value).is_none() || graph.nodes[*k].id.is_none();
        first_element(&node.value).is_some() && node.id.is_some() && node.parents.iter().all(made_here)
    })?;
    let at = first_element(&node.value)?;
    let operands: Vec<&Value<F>> = node.parents.iter().map(|k| &graph.nodes[*k].value).collect();
    Some(NonFinite {
        node: node.id?,
        op: node.name(),
        line: node.line,
        layer: node.layer.clone(),
        gradient_of: None,
        index: position(&node.shape(), at),
        value: element(&node.value, at),
        cause: match &node.kind {
            NodeKind::Op(op) => cause(op, &operands, &node.shape(), at),
            _ => "it was given to the tape like this".into(),
        },
        not_taken: not_taken(graph, node, at),
    })
}

/// The first element that is NaN or infinite.
fn first_element<F: Float>(value: &Value<F>) -> Option<usize> {
    match value {
        Any::Real(t) => t.data().iter().position(|x| !num_traits::Float::is_finite(*x)),
        _ => None,
    }
}

fn element<F: Float>(value: &Value<F>, at: usize) -> f64 {
    match value {
        Any::Real(t) => Float::to_f64(t.data()[at]),
        _ => f64::NAN,
    }
}

/// Row-major position of element `at`.
fn position(shape: &Shape, mut at: usize) -> Vec<usize> {
    let mut index: Vec<usize> = shape.iter().rev().map(|n| (at % n, at /= n).0).collect();
    index.reverse();
    index
}

/// The element of an operand that element `at` of the result is made of, if the operand is broadcast to the result.
fn beside(operand: &Shape, shape: &Shape, at: usize) -> Option<usize> {
    if !operand.broadcasts_to(shape) {
        return None;
    }
    let steps = operand.steps_in(shape);
    Some(position(shape, at).iter().zip(&steps).map(|(i, step)| i * step).sum())
}

/// What element `at` of the result was made from.
fn cause<F: Float>(op: &AnyOp, operands: &[&Value<F>], shape: &Shape, at: usize) -> String {
    let single: Option<Vec<String>> = operands
        .iter()
        .map(|operand| {
            let at = beside(&operand.as_arg().shape(), shape, at)?;
            Some(match operand {
                Any::Real(t) => t.data()[at].to_string(),
                Any::Index(t) => t.data()[at].to_string(),
                Any::Mask(t) => t.data()[at].to_string(),
            })
        })
        .collect();
    if let Some(single) = single {
        return format!("{} of {}", op.name(), single.join(" and "));
    }
    let parts: Vec<String> = operands
        .iter()
        .enumerate()
        .filter_map(|(k, operand)| match operand {
            Any::Real(t) => Some(match first_element(operand) {
                Some(at) => format!("operand {k} has {} at {:?}", t.data()[at], position(t.shape(), at)),
                None => {
                    let most = t.data().iter().fold(0.0_f64, |m, x| m.max(Float::to_f64(*x).abs()));
                    format!("operand {k} of shape {} is finite, its largest magnitude {most:e}", t.shape())
                }
            }),
            _ => None,
        })
        .collect();
    parts.join(", ")
}

/// A choice by a mask that takes the node and drops its element `at`.
fn not_taken<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, at: usize) -> Option<(String, Line)> {
    graph.nodes.iter().find_map(|user| {
        let chooses = user.parents.iter().any(|k| matches!(graph.nodes[*k].value, Any::Mask(_)));
        if !chooses || !user.parents.contains(&node.index) {
            return None;
        }
        let Any::Real(result) = &user.value else { return None };
        // The elements of the result that would be made of this one are finite: it was not taken.
        let dropped = (0..result.len())
            .filter(|k| beside(&node.shape(), &user.shape(), *k) == Some(at))
            .all(|k| num_traits::Float::is_finite(result.data()[k]));
        dropped.then_some((user.name(), user.line?))
    })
}

/// The sweep of [`sweep::backward`], under the tape's policy.
#[inline]
pub(crate) fn backward<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    F::gradients(key, root, seed, all)
}

pub(crate) fn backward_in<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    let policy = store::with_store(key, |store: &mut Store<F>| store.on_non_finite)?;
    if policy == OnNonFinite::Off {
        return sweep::backward(key, root, seed, all);
    }
    if key & store::GRADIENT_ONLY != 0 {
        return Err(Error::NoGraph { wanted: "say where a number that is not finite comes from" });
    }
    let found = first_value(&GraphView::<F>::of_id(key, root)?);
    // What a `select` dropped does no harm.
    report(policy, found.filter(|found| found.not_taken.is_none()))?;
    let gradients = sweep::backward(key, root, seed.clone(), all)?;
    if !gradients.is_finite() {
        report(policy, first_gradient(key, root, &seed)?)?;
    }
    Ok(gradients)
}

fn report(policy: OnNonFinite, found: Option<NonFinite>) -> Result<(), Error> {
    match (found, policy) {
        (Some(found), OnNonFinite::Error) => Err(Error::NonFinite(Box::new(found))),
        (Some(found), _) => {
            eprintln!("not finite: {found}");
            Ok(())
        }
        (None, _) => Ok(()),
    }
}

/// The rule that first made a non-finite cotangent of finite numbers, in the order of the sweep.
fn first_gradient<F: Float>(key: u32, root: u32, seed: &Tensor<F>) -> Result<Option<NonFinite>, Error> {
    let at = |id: u32| value_of::<F>(key, id);
    let cotangents = sweep::sweep::<F, _>(key, root, seed.clone(), &at)?;
    for (id, g) in cotangents.iter().rev() {
        let Some(Step { op, parents, line, layer }) = store::with_store(key, |store: &mut Store<F>| step(store, id))?
        else {
            continue;
        };
        if first_element(&Any::Real(g.clone())).is_some() {
            continue;
        }
        let y = at(id)?.real();
        let values = sweep::arguments(&parents, &y, &at)?;
        let args: Vec<Arg<'_, Tensor<F>>> = values.iter().map(Any::as_arg).collect();
        for (arg, parent) in parents.iter().enumerate() {
            if !matches!(parent, Parent::Node { active: true, .. }) || !op.active(arg) {
                continue;
            }
            let c: Value<F> = op.vjp(arg, g.clone(), Args(&args), &y).into();
            let Some(at) = first_element(&c) else { continue };
            let shape = c.as_arg().shape();
            let operands: Vec<&Value<F>> = values.iter().collect();
            return Ok(Some(NonFinite {
                node: id,
                op: op.name(),
                line: Some(line),
                layer,
                gradient_of: Some(arg),
                index: position(&shape, at),
                value: element(&c, at),
                cause: cause(&op, &operands, &shape, at),
                not_taken: None,
            }));
        }
    }
    Ok(None)
}
