//! What looks wrong in a recorded graph, for its numbers: what no gradient reaches, what is stuck, what was forgotten.
//!
//! No operation is known by its name here: each is asked for slopes and values, and judged by these.

mod flow;
mod scale;
mod stuck;

use std::fmt;

use wengert_tape::{Any, Error, Float, NodeKind, Op, Tensor};

use crate::View;
use crate::label::id;
use crate::steps::Steps;
use crate::view::one_line;

/// What a [`Remark`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Concern {
    /// A parameter that the output does not depend on, or that no gradient reaches.
    Unused,
    /// Units of an activation that is flat on one side, such as ReLU, which are on it for all samples.
    Dead,
    /// An activation that is flat on both sides, such as a sigmoid or tanh, and is there.
    Saturated,
    /// Probabilities that are made probabilities once more: a softmax before a cross-entropy.
    DoubleSoftmax,
    /// Units of a weight that are equal and have equal gradients, so that they stay equal.
    Symmetric,
    /// A loss that is a sum over the batch.
    SumOverBatch,
    /// Inputs that were never scaled.
    Unscaled,
}

/// Something that looks wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// The kind.
    pub concern: Concern,
    /// The position of the node in the graph; `None` for a parameter that is not in it.
    pub node: Option<usize>,
    /// Where it is: the node, the line that recorded it, the layer.
    pub place: String,
    /// What is wrong, with its numbers.
    pub what: String,
    /// What to do.
    pub advice: &'static str,
    /// The share of the node that it is about: of its units, or its numbers.
    pub share: f64,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.advice)
    }
}

/// What looks wrong in a recorded graph: [`View::lint`].
///
/// As text it is a line for each remark, and nothing if there are none.
#[derive(Clone, Debug, Default)]
pub struct Lint {
    /// The remarks, by kind and then in the order of the graph.
    pub remarks: Vec<Remark>,
    /// Why gradients could not be looked at, if they could not: an operation without a reverse rule.
    pub without_gradients: Option<Error>,
}

impl Lint {
    /// Whether there is nothing to remark.
    pub fn is_clean(&self) -> bool {
        self.remarks.is_empty()
    }

    /// Whether there is a remark of this kind.
    pub fn has(&self, concern: Concern) -> bool {
        self.remarks.iter().any(|remark| remark.concern == concern)
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        match &self.without_gradients {
            Some(error) => writeln!(f, "gradients were not looked at: {error}"),
            None => Ok(()),
        }
    }
}

impl<F: Float> View<F> {
    /// Looks at the graph with its numbers for what hinders learning: parameters that the output does not depend on; dead
    /// ReLUs and saturated sigmoids, or any activation of such a shape; a softmax before a cross-entropy; a weight whose units
    /// are equal and stay so; a loss that is a sum over the batch; inputs that were never scaled.
    ///
    /// The output is the last single number that a gradient flows from, or else the last operation. The batch is the first axis.
    /// An activation that is the last before the loss may be sure of itself: it is only said to be saturated where the output is
    /// above 0.01. With [`parameters`](View::parameters) those of a model that were not recorded at all are found too.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::{Concern, ViewExt};
    /// let tape = Tape::new();
    /// let x = tape.input(Tensor::from([[0.5, -1.0], [1.0, 2.0]]));
    /// let w = tape.var(Tensor::from([[1.0, -30.0], [-0.5, 40.0]]));
    /// let loss = (x.matmul(w).tanh() - Tensor::from([[0.2, -0.1], [0.3, 0.4]])).square().mean();
    /// let lint = loss.view().name(w, "w").lint();
    /// assert!(lint.has(Concern::Saturated) && lint.remarks.len() == 1);
    /// assert!(lint.to_string().contains("tanh %4"));
    /// ```
    pub fn lint(&self) -> Lint {
        let Some(output) = self.judged() else { return Lint::default() };
        let (steps, without_gradients) = match self.steps_from(output) {
            Ok(steps) => (Some(steps), None),
            Err(error) => (None, Some(error)),
        };
        let looked = Looked { view: self, output, steps, active: self.active(), reached: self.reached(output) };
        let mut remarks = Vec::new();
        looked.unused(&mut remarks);
        looked.stuck(&mut remarks);
        looked.twice_normalised(&mut remarks);
        looked.symmetric(&mut remarks);
        looked.summed(&mut remarks);
        looked.unscaled(&mut remarks);
        remarks.sort_by_key(|remark| (remark.concern, remark.node));
        Lint { remarks, without_gradients }
    }

    /// The output: the last single number that a gradient flows from, or else the last operation.
    fn judged(&self) -> Option<usize> {
        let (nodes, active) = (&self.graph.nodes, self.active());
        let is_op = |k: &usize| matches!((&nodes[*k].kind, &nodes[*k].value), (NodeKind::Op(_), Any::Real(_)));
        let is_loss = |k: &usize| is_op(k) && active[*k] && nodes[*k].shape().len_elements() == 1;
        (0..nodes.len()).rev().find(is_loss).or((0..nodes.len()).rev().find(is_op))
    }

    /// For each node whether a gradient from the output reaches it.
    fn reached(&self, output: usize) -> Vec<bool> {
        let active = self.active();
        let mut reached = vec![false; self.graph.nodes.len()];
        reached[output] = true;
        for index in (0..=output).rev().filter(|k| self.graph.nodes[*k].kind != NodeKind::Var) {
            if reached[index] {
                for (arg, parent) in self.graph.nodes[index].parents.iter().enumerate() {
                    reached[*parent] |= self.carries(&active, index, arg);
                }
            }
        }
        reached
    }
}

/// A graph with what the checks ask of it.
struct Looked<'v, F: Float> {
    view: &'v View<F>,
    output: usize,
    steps: Option<Steps<F>>,
    active: Vec<bool>,
    reached: Vec<bool>,
}

impl<F: Float> Looked<'_, F> {
    /// The numbers of a node, if it holds numbers.
    fn numbers(&self, index: usize) -> Option<&Tensor<F>> {
        match &self.view.graph.nodes[index].value {
            Any::Real(value) => Some(value),
            _ => None,
        }
    }

    /// The node, its line and its layer: `tanh %4 at src/main.rs:12:5, layer 0`.
    fn place(&self, index: usize) -> String {
        let node = &self.view.graph.nodes[index];
        let name = match (self.view.name_of(index), &node.kind) {
            (Some(name), NodeKind::Op(_)) => format!("{} {} ({name})", one_line(&node.name()), id(node)),
            (Some(name), _) => format!("{} `{name}`", if node.param.is_some() { "parameter" } else { "leaf" }),
            (None, _) => format!("{} {}", one_line(&node.name()), id(node)),
        };
        match (self.view.lines, node.place(), &node.layer) {
            (true, place, _) if !place.is_empty() => format!("{name} at {place}"),
            (false, _, Some(layer)) => format!("{name} in layer {layer}"),
            _ => name,
        }
    }

    fn remark(&self, concern: Concern, index: usize, what: String, advice: &'static str) -> Remark {
        Remark { concern, node: Some(index), place: self.place(index), what, advice, share: 1.0 }
    }

    /// The operands through which a gradient flows from a node.
    fn carried(&self, index: usize) -> impl Iterator<Item = (usize, usize)> {
        let parents = &self.view.graph.nodes[index].parents;
        let carries = move |(arg, _): &(usize, usize)| self.view.carries(&self.active, index, *arg);
        parents.iter().copied().enumerate().filter(carries)
    }

    /// The node that another only hands on: past operations of one operand that compute nothing.
    fn behind(&self, mut index: usize) -> usize {
        while let (NodeKind::Op(op), [only]) =
            (&self.view.graph.nodes[index].kind, &self.view.graph.nodes[index].parents[..])
        {
            let (shape, from) = (self.view.graph.nodes[index].shape(), self.view.graph.nodes[*only].shape());
            if op.flops(&[&from], &shape) > 0 {
                break;
            }
            index = *only;
        }
        index
    }
}

/// The axis of features, units or channels: the second of a batch of rows or images, the last of a batch of sequences.
fn unit_axis(rank: usize) -> Option<usize> {
    match rank {
        0 | 1 => None,
        3 => Some(2),
        _ => Some(1),
    }
}

/// The elements along an axis, each position by itself.
fn along<T: Copy>(shape: &[usize], axis: usize, data: &[T]) -> Vec<Vec<T>> {
    let inner: usize = shape[axis + 1..].iter().product::<usize>().max(1);
    let mut parts = vec![Vec::new(); shape[axis]];
    data.iter().enumerate().for_each(|(k, x)| parts[k / inner % shape[axis]].push(*x));
    parts
}
