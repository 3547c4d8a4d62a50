//! A recorded graph as plain data: run again with other leaves, in another float type, with other operations.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::Line;
use crate::error::{Error, OrRaise};
use crate::ops::AnyOp;
use crate::reader::erased::not_for_f32;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::{Op, Value};
use crate::sweep::expect_shape;
use crate::tape::Var;
use crate::tape::graph::{GraphView, NodeKind, place};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A copy of what an output depends on, without its tape: nodes in recording order, parents before children, the output
/// last.
///
/// A replay runs the recorded operations. What the program decided with plain Rust (`if`, loops, numbers taken out with
/// `.value()`) stays as it was recorded.
///
/// # Examples
/// ```
/// use wengert_tape::{Replay, prelude::*};
/// let tape = Tape::of::<f32>();
/// let x = tape.var(Tensor::from([0.5_f32, 2.0]));
/// let replay = Replay::of((x * x).sum())?;
/// let [leaf] = replay.leaves()[..] else { panic!("one leaf") };
///
/// // in f64, at another point
/// let moved = replay.cast::<f64>()?.with(&[(leaf, Tensor::from([3.0, 4.0]))])?;
/// assert_eq!(moved.output().item(), 25.0);
/// let gradients = moved.cotangents(Tensor::from(1.0));
/// assert_eq!(gradients[leaf], Some(Tensor::from([6.0, 8.0])));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Replay<F: Float = f64> {
    entries: Arc<[Entry]>,
    values: Vec<Value<F>>,
    /// The tape on which it was recorded; 0 for none.
    key: u32,
}

/// A node without its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: NodeKind,
    pub(crate) parents: SmallVec<[usize; 3]>,
    /// The id on the tape; `None` for a constant.
    pub(crate) id: Option<u32>,
    pub(crate) line: Option<Line>,
    pub(crate) layer: Option<Arc<str>>,
    /// Whether it depends on a `var` through differentiable arguments.
    pub(crate) active: bool,
}

impl Entry {
    /// A node of no tape, after `before`, which holds its operands.
    pub(crate) fn new<F: Float>(
        kind: NodeKind,
        parents: SmallVec<[usize; 3]>,
        value: &Value<F>,
        before: &[Entry],
    ) -> Self {
        let mut entry = Entry { active: kind == NodeKind::Var, kind, parents, id: None, line: None, layer: None };
        entry.active |= matches!(value, Any::Real(_)) && !entry.active_arguments(before).is_empty();
        entry
    }

    /// The same node with an operation that is compiled for `G`.
    fn on<G: Float>(&self) -> Result<Entry, Error> {
        let mut entry = self.clone();
        if let NodeKind::Op(op) = &mut entry.kind {
            *op = G::with(op).ok_or_else(|| not_for_f32(&op.name()))?;
        }
        Ok(entry)
    }

    /// The arguments by which the output can depend on a `var`.
    #[inline]
    pub(crate) fn active_arguments(&self, entries: &[Entry]) -> SmallVec<[usize; 3]> {
        let NodeKind::Op(op) = &self.kind else { return SmallVec::new() };
        (0..self.parents.len()).filter(|k| op.active(*k) && entries[self.parents[*k]].active).collect()
    }
}

impl<F: Float> Replay<F> {
    /// A copy of what a recorded tensor depends on.
    ///
    /// # Errors
    /// As [`GraphView::of_var`].
    pub fn of(output: Var<F>) -> Result<Self, Error> {
        Ok(Self::of_graph(&GraphView::of_var(output)?))
    }

    /// A copy of a graph; its last node is the output.
    pub fn of_graph(graph: &GraphView<F>) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            let parents = node.parents.iter().copied().collect();
            let entry = Entry::new(node.kind.clone(), parents, &node.value, &entries);
            entries.push(Entry { id: node.id, line: node.line, layer: node.layer.clone(), ..entry });
        }
        let values = graph.nodes.iter().map(|n| n.value.clone()).collect();
        Replay { key: graph.key(), ..Self::from_parts(entries, values) }
    }

    /// The same graph with every value that stops gradients as a constant, and where those are.
    #[cfg(feature = "check")]
    pub(crate) fn holding_still(self) -> (Self, Vec<String>) {
        let stops = |e: &Entry| matches!(&e.kind, NodeKind::Op(op) if op.stops_gradient());
        let mut held = Vec::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for (entry, value) in self.entries.iter().zip(&self.values) {
            let mut entry = entry.clone();
            if stops(&entry) {
                let line =
                    entry.line.map_or(String::new(), |_| format!(" ({})", place(entry.line, entry.layer.as_deref())));
                if let NodeKind::Op(op) = &entry.kind {
                    held.push(format!("`{}`{line}", op.name()));
                }
                (entry.kind, entry.parents, entry.active) = (NodeKind::Constant, SmallVec::new(), false);
            } else if entry.kind != NodeKind::Var {
                entry.active = matches!(value, Any::Real(_)) && !entry.active_arguments(&entries).is_empty();
            }
            entries.push(entry);
        }
        (Replay { key: self.key, ..Self::from_parts(entries, self.values) }, held)
    }

    pub(crate) fn from_parts(entries: Vec<Entry>, values: Vec<Value<F>>) -> Self {
        Replay { entries: entries.into(), values, key: 0 }
    }

    /// A graph of one operation, its arguments of numbers being leaves.
    #[cfg(feature = "check")]
    ///
    /// # Errors
    /// What the operation rejects.
    pub(crate) fn of_op(op: &AnyOp, args: Vec<Value<F>>) -> Result<Self, Error> {
        let leaf = |value: &Value<F>| Entry {
            kind: if let Any::Real(_) = value { NodeKind::Var } else { NodeKind::Constant },
            parents: SmallVec::new(),
            id: None,
            line: None,
            layer: None,
            active: matches!(value, Any::Real(_)),
        };
        let mut entries: Vec<Entry> = args.iter().map(leaf).collect();
        entries.push(Entry {
            kind: NodeKind::Op(op.clone()),
            parents: (0..args.len()).collect(),
            id: None,
            line: None,
            layer: None,
            active: true,
        });
        let mut replay = Self::from_parts(entries, args);
        replay.values.push(Tensor::from(F::zero()).into());
        replay.compute(replay.len() - 1).map(|value| replay.values[replay.entries.len() - 1] = value)?;
        Ok(replay)
    }

    /// The number of nodes, leaves and constants included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The values of all nodes.
    pub fn values(&self) -> &[Value<F>] {
        &self.values
    }

    /// The value of the output.
    ///
    /// # Panics
    /// If it is not numbers.
    #[track_caller]
    pub fn output(&self) -> &Tensor<F> {
        match self.values.last() {
            Some(Any::Real(y)) => y,
            other => panic!("the output is {other:?}, not numbers"),
        }
    }

    /// The positions of the differentiable leaves.
    pub fn leaves(&self) -> Vec<usize> {
        (0..self.len()).filter(|k| self.entries[*k].kind == NodeKind::Var).collect()
    }

    /// The position of a recorded tensor; `None` if the output does not depend on it, or it is of another tape than this was
    /// recorded on.
    pub fn position(&self, var: Var<F>) -> Option<usize> {
        if var.key != self.key {
            return None;
        }
        self.entries.iter().position(|e| e.id == Some(var.id))
    }

    /// The operation at a node with the positions of its operands, if it is one.
    pub(crate) fn operation(&self, node: usize) -> Option<(&AnyOp, &[usize])> {
        match &self.entries[node].kind {
            NodeKind::Op(op) => Some((op, &self.entries[node].parents)),
            _ => None,
        }
    }

    #[cfg(feature = "check")]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The numbers of a node, if it holds numbers.
    pub(crate) fn real(&self, node: usize) -> Option<&Tensor<F>> {
        match &self.values[node] {
            Any::Real(t) => Some(t),
            _ => None,
        }
    }

    /// The operands of a node.
    pub(crate) fn args(&self, node: usize) -> SmallVec<[Arg<'_, Tensor<F>>; 3]> {
        self.entries[node].parents.iter().map(|p| self.values[*p].as_arg()).collect()
    }

    /// The same operations on the same leaves in another float type.
    ///
    /// # Errors
    /// What an operation rejects; [`Error::Argument`] for `f32`, if an operation of your own was recorded in `f64`.
    pub fn cast<G: Float>(&self) -> Result<Replay<G>, Error> {
        let cast = |value: &Value<F>| match value {
            Any::Real(t) => Any::Real(t.cast()),
            Any::Index(i) => Any::Index(i.clone()),
            Any::Mask(m) => Any::Mask(m.clone()),
        };
        let entries = self.entries.iter().map(Entry::on::<G>).collect::<Result<_, _>>()?;
        let mut other = Replay { entries, values: self.values.iter().map(cast).collect(), key: 0 };
        other.recompute(0..self.len())?;
        Ok(other)
    }

    /// The same operations with other values for some nodes without operands, of the same shapes.
    ///
    /// # Errors
    /// [`Error::Shape`] for a value of another shape than the node's; what an operation rejects.
    ///
    /// # Panics
    /// If one of the nodes is an operation, holds no numbers, or there is none of this position.
    #[track_caller]
    pub fn with(&self, leaves: &[(usize, Tensor<F>)]) -> Result<Self, Error> {
        let mut other = self.clone();
        for (leaf, value) in leaves {
            let before = self.numbers("with", *leaf);
            assert!(!matches!(self.entries[*leaf].kind, NodeKind::Op(_)), "with: node {leaf} is an operation");
            if before.shape() != value.shape() {
                let message = format!(
                    "node {leaf} has shape {}, given {}; record the program again",
                    before.shape(),
                    value.shape()
                );
                return Err(Error::shape("with", message));
            }
            other.values[*leaf] = value.clone().into();
        }
        let changed: Vec<usize> = leaves.iter().map(|(leaf, _)| *leaf).collect();
        other.recompute(self.dependents(&changed))?;
        Ok(other)
    }

    /// The same graph with another operation in the place of one, with the same value.
    ///
    /// # Panics
    /// If the node is not an operation.
    #[track_caller]
    pub fn with_op(&self, node: usize, op: AnyOp) -> Self {
        assert!(matches!(self.entries[node].kind, NodeKind::Op(_)), "with_op: node {node} is a leaf");
        let mut other = self.clone();
        Arc::make_mut(&mut other.entries)[node].kind = NodeKind::Op(op);
        other
    }

    /// [`with`](Self::with), refused where a recorded decision comes out otherwise: a comparison, a mask, the position of a
    /// largest element. The values are then those of another branch than a program with `if` would take.
    ///
    /// # Errors
    /// [`Error::BranchChanged`] with the operation and its line; what an operation rejects.
    ///
    /// # Panics
    /// If one of the nodes is an operation.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{Replay, prelude::*};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, -2.0]));
    /// let replay = Replay::of(select(x.greater(0.0), &x, x * 0.1).sum())?;
    /// let leaf = replay.leaves()[0];
    /// assert_eq!(replay.with_same_branches(&[(leaf, Tensor::from([5.0, -3.0]))])?.output().item(), 4.7);
    /// let error = replay.with_same_branches(&[(leaf, Tensor::from([5.0, 3.0]))]).unwrap_err();
    /// assert!(error.to_string().starts_with("branch changed: `greater` ("));
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn with_same_branches(&self, leaves: &[(usize, Tensor<F>)]) -> Result<Self, Error> {
        let other = self.with(leaves)?;
        let Some(node) = self.branch_changed(&other) else { return Ok(other) };
        let entry = &self.entries[node];
        let op = if let NodeKind::Op(op) = &entry.kind { op.name() } else { "input".into() };
        Err(Error::BranchChanged {
            node,
            op,
            line: entry.line.map_or("no line known".into(), |_| place(entry.line, entry.layer.as_deref())),
        })
    }

    /// The first node that decided otherwise than in `other`: a comparison, or the position of a largest element.
    pub fn branch_changed(&self, other: &Replay<F>) -> Option<usize> {
        self.values.iter().zip(&other.values).position(|values| match values {
            (Any::Index(a), Any::Index(b)) => a != b,
            (Any::Mask(a), Any::Mask(b)) => a != b,
            _ => false,
        })
    }

    /// The nodes that depend on some of the leaves, in order.
    pub(crate) fn dependents(&self, leaves: &[usize]) -> Vec<usize> {
        let mut reached = vec![false; self.len()];
        leaves.iter().for_each(|leaf| reached[*leaf] = true);
        let mut dependents = Vec::new();
        for (node, entry) in self.entries.iter().enumerate() {
            if entry.parents.iter().any(|p| reached[*p]) {
                reached[node] = true;
                dependents.push(node);
            }
        }
        dependents
    }

    /// Gives a leaf another value and computes the nodes that depend on it.
    #[cfg(feature = "check")]
    pub(crate) fn set(&mut self, leaf: usize, value: Tensor<F>, dependents: &[usize]) -> Result<(), Error> {
        self.values[leaf] = value.into();
        self.recompute(dependents.iter().copied())
    }

    fn recompute(&mut self, nodes: impl IntoIterator<Item = usize>) -> Result<(), Error> {
        for node in nodes {
            if let NodeKind::Op(_) = self.entries[node].kind {
                self.values[node] = self.compute(node)?;
            }
        }
        Ok(())
    }

    fn compute(&self, node: usize) -> Result<Value<F>, Error> {
        match &self.entries[node].kind {
            NodeKind::Op(op) => evaluate(op, Args(&self.args(node))),
            _ => Ok(self.values[node].clone()),
        }
    }

    /// The numbers of a node.
    #[track_caller]
    fn numbers(&self, what: &str, node: usize) -> &Tensor<F> {
        assert!(
            node < self.len(),
            "{what}: there is no node {node}, the last of {} is {}",
            self.len(),
            self.len().wrapping_sub(1)
        );
        self.real(node).unwrap_or_else(|| panic!("{what}: node {node} holds no numbers"))
    }

    /// The cotangent of every node that the output depends on through differentiable arguments; `seed` is that of the
    /// output.
    ///
    /// # Panics
    /// If `seed` has another shape than the output, or the rule of an operation of one's own gives another shape than its
    /// argument has.
    #[track_caller]
    pub fn cotangents(&self, seed: Tensor<F>) -> Vec<Option<Tensor<F>>> {
        let (given, shape) = (seed.shape(), self.output().shape());
        assert!(given == shape, "cotangents: the output has shape {shape}, its cotangent {given}");
        let mut all: Vec<Option<Tensor<F>>> = vec![None; self.len()];
        if let Some(last) = all.last_mut() {
            *last = Some(seed);
        }
        for (node, entry) in self.entries.iter().enumerate().rev() {
            let (NodeKind::Op(op), Some(g), Some(y)) = (&entry.kind, all[node].clone(), self.real(node)) else {
                continue;
            };
            let args = self.args(node);
            let need = entry.active_arguments(&self.entries);
            for (k, c) in need.iter().zip(op.cotangents(&need, g, Args(&args), y)) {
                expect_shape(op, "vjp", *k, c.shape(), &args[*k].shape()).or_raise();
                add_to(&mut all[entry.parents[*k]], c);
            }
        }
        all
    }

    /// The tangent of every node that some directions of the leaves reach: forward mode.
    ///
    /// # Panics
    /// If a direction has another shape than its node, or there is no node of this position; if an operation of one's own has
    /// no forward rule, or one that gives another shape than its value has.
    #[track_caller]
    pub fn tangents(&self, directions: &[(usize, Tensor<F>)]) -> Vec<Option<Tensor<F>>> {
        let mut all: Vec<Option<Tensor<F>>> = vec![None; self.len()];
        for (leaf, direction) in directions {
            let (given, shape) = (direction.shape(), self.numbers("tangents", *leaf).shape());
            assert!(given == shape, "tangents: node {leaf} has shape {shape}, its direction {given}");
            all[*leaf] = Some(direction.clone());
        }
        for (node, entry) in self.entries.iter().enumerate() {
            let (NodeKind::Op(op), Some(y)) = (&entry.kind, self.real(node)) else { continue };
            let args = self.args(node);
            let mut sum = None;
            for k in entry.active_arguments(&self.entries) {
                if let Some(d) = &all[entry.parents[k]] {
                    let part = op.jvp(k, d.clone(), Args(&args), y);
                    expect_shape(op, "jvp", k, part.shape(), y.shape()).or_raise();
                    add_to(&mut sum, part);
                }
            }
            all[node] = all[node].take().or(sum);
        }
        all
    }
}

fn add_to<F: Float>(slot: &mut Option<Tensor<F>>, part: Tensor<F>) {
    match slot {
        None => *slot = Some(part),
        Some(sum) => *sum += &part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// Σ (x·w)² over the entries where x·w > 1, with x and w on the tape.
    fn graph(x: Var, w: Var) -> Var {
        let p = x * w;
        let zero = p * 0.0;
        select(p.greater(1.0), &(p * p), zero).sum()
    }

    #[test]
    fn a_replay_gives_what_recording_gives() {
        let (x0, w0) = (Tensor::from([1.0, 2.0, -3.0]), Tensor::from([0.5, 1.5, -2.0]));
        let (x1, w1) = (Tensor::from([4.0, 0.1, -1.0]), Tensor::from([0.3, 1.0, -5.0]));
        let tape = Tape::new();
        let (x, w) = (tape.var(x0), tape.var(w0));
        let replay = Replay::of(graph(x, w)).unwrap();
        let (at_x, at_w) = (replay.position(x).unwrap(), replay.position(w).unwrap());
        assert_eq!(replay.leaves(), [at_x, at_w]);
        let moved = replay.with(&[(at_x, x1.clone()), (at_w, w1.clone())]).unwrap();
        let (x, w) = (tape.var(x1), tape.var(w1));
        let y = graph(x, w);
        assert_eq!(*moved.output(), y.value());
        let (found, expected) = (moved.cotangents(Tensor::from(1.0)), y.backward());
        assert_eq!((found[at_x].as_ref(), found[at_w].as_ref()), (Some(&expected[x]), Some(&expected[w])));
        let direction = Tensor::from([1.0, -2.0, 0.5]);
        let tangent = moved.tangents(&[(at_x, direction.clone())]).pop().flatten().unwrap();
        assert_eq!(tangent.item(), (&expected[x] * &direction).sum().item());
        // 1·0.5 > 1 does not hold, 4·0.3 > 1 does
        let changed = replay.branch_changed(&moved).unwrap();
        assert!(matches!(&replay.entries()[changed].kind, NodeKind::Op(op) if op.name() == "greater"));
    }

    #[test]
    fn another_float_type_computes_anew() {
        let tape = Tape::of::<f32>();
        let x = tape.scalar(1.0e-9);
        let y = (x + 1.0) - 1.0; // 0 in f32
        let replay = Replay::of(Var::from(y)).unwrap();
        assert_eq!(replay.output().item(), 0.0);
        let found = replay.cast::<f64>().unwrap().output().item();
        assert!((found - 1e-9).abs() < 1e-15, "{found}");

        let tape = Tape::new();
        let y = (tape.scalar(1.0e-9) + 1.0) - 1.0;
        assert_eq!(Replay::of(Var::from(y)).unwrap().cast::<f32>().unwrap().output().item(), 0.0);
    }
}
