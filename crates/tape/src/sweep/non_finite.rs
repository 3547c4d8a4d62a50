//! Where the first NaN or infinity came from.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::{Error, Line, caught};
use crate::ops::AnyOp;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::{Op, Value};
use crate::shape::Shape;
use crate::sweep;
use crate::sweep::gradients::{Gradients, RecordedGradients};
use crate::tape::graph::{GraphNode, GraphView, NodeKind, place};
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, Store};
use crate::tape::{OnNonFinite, Parent, Step, Var, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The first node that made a NaN or an infinity.
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
fn harmful_value<F: Float>(graph: &GraphView<F>) -> Option<NonFinite> {
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

/// The elements that are NaN or infinite.
fn elements<F: Float>(value: &Value<F>) -> impl Iterator<Item = usize> {
    let data = if let Any::Real(t) = value { t.data() } else { &[] };
    data.iter().enumerate().filter(|(_, x)| !num_traits::Float::is_finite(**x)).map(|(at, _)| at)
}

fn first_element<F: Float>(value: &Value<F>) -> Option<usize> {
    elements(value).next()
}

fn has<F: Float>(value: &Value<F>, what: fn(F) -> bool) -> bool {
    matches!(value, Any::Real(t) if t.data().iter().any(|x| what(*x)))
}

fn real<F: Float>(value: &Value<F>, at: usize) -> F {
    match value {
        Any::Real(t) => t.data()[at],
        _ => F::nan(),
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

/// Finite numbers to put in the place of others, so different that what depends on one shows it.
fn substitutes<F: Float>() -> [F; 4] {
    [0.5, 0.625, -1e30, 1e30].map(F::from_f64)
}

/// The value of an operation on other operands; `None` where it has none.
fn value_again<F: Float>(op: &AnyOp, operands: &[Value<F>]) -> Option<Tensor<F>> {
    let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(Any::as_arg).collect();
    // An operation of one's own may refuse other numbers by a panic.
    match catch_unwind(AssertUnwindSafe(|| caught(|| evaluate(op, Args(&args))))) {
        Ok(Ok(Any::Real(value))) => Some(value),
        _ => None,
    }
}

/// Whether both are the same number, or both NaN.
fn same<F: Float>(a: F, b: F) -> bool {
    a == b || num_traits::Float::is_nan(a) && num_traits::Float::is_nan(b)
}

/// The number in few digits: powers of ten only where there are many places.
fn short<F: Float>(x: F) -> String {
    let size = Float::to_f64(x).abs();
    match size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite() {
        true => x.to_string(),
        false => format!("{:e}", Float::to_f64(x)),
    }
}

/// The one element of each operand of which element `at` of the result is made, if it is made of one of each: this is tried, with
/// other numbers in all other places; `again` computes the result of other operands.
fn one_of_each<F: Float>(
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
fn cause<F: Float>(
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

/// The first of some elements of a node that is used, if one is.
fn first_taken<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, elements: &[usize]) -> Option<usize> {
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
fn taken_at<F: Float>(graph: &GraphView<F>, node: &GraphNode<F>, elements: &[usize]) -> Option<(String, Line)> {
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

/// The sweep of [`sweep::backward`], under the tape's policy.
#[inline]
pub(crate) fn backward<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    F::gradients(key, root, seed, all)
}

pub(crate) fn backward_in<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    let policy = values_allowed::<F>(key, root)?;
    let gradients = sweep::backward(key, root, seed.clone(), all)?;
    if policy != OnNonFinite::Off && !gradients.is_finite() {
        report(policy, first_gradient(key, root, &seed)?)?;
    }
    Ok(gradients)
}

/// [`sweep::backward_recorded`], under the tape's policy.
pub(crate) fn backward_recorded<F: Float>(root: Var<F>) -> Result<RecordedGradients<F>, Error> {
    let policy = values_allowed::<F>(root.key, root.id)?;
    let gradients = sweep::backward_recorded(root)?;
    if policy != OnNonFinite::Off {
        let seed = Tensor::full(root.try_value()?.shape(), F::one());
        report(policy, first_gradient(root.key, root.id, &seed)?)?;
    }
    Ok(gradients)
}

/// The tape's policy, after a look at what the output depends on.
fn values_allowed<F: Float>(key: u32, root: u32) -> Result<OnNonFinite, Error> {
    let policy = store::with_store(key, |store: &mut Store<F>| store.on_non_finite)?;
    if policy == OnNonFinite::Off {
        return Ok(policy);
    }
    if key & store::GRADIENT_ONLY != 0 {
        return Err(Error::NoGraph { wanted: "say where a number that is not finite comes from" });
    }
    report(policy, harmful_value(&GraphView::<F>::of_id(key, root)?))?;
    Ok(policy)
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

/// The rule that first made a non-finite cotangent of finite numbers, in the order of the sweep, or the last of several whose sum is
/// not finite.
fn first_gradient<F: Float>(key: u32, root: u32, seed: &Tensor<F>) -> Result<Option<NonFinite>, Error> {
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
