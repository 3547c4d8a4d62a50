//! The recorded graph, for reading: what pictures and exports are made from.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{Error, Line};
use crate::ops::AnyOp;
use crate::rule::algebra::Any;
use crate::rule::op::{Op, Value};
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, CONSTANT, Origin, Store};
use crate::tape::{Parent, Scalar, Tape, Var, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// A differentiable leaf.
    Var,
    /// A leaf that is not differentiated.
    Input,
    /// A constant operand. It is not a node of the tape; the view shows it as one.
    Constant,
    /// An operation.
    Op(AnyOp),
}

/// One node of a recorded graph.
#[derive(Clone, Debug)]
pub struct GraphNode<F: Float> {
    /// The position in [`GraphView::nodes`].
    pub index: usize,
    /// The id on the tape; `None` for a constant.
    pub id: Option<u32>,
    /// What it is.
    pub kind: NodeKind,
    /// The positions of the operands.
    pub parents: Vec<usize>,
    /// The value.
    pub value: Value<F>,
    /// Where it was recorded; `None` for a constant. Of `iter.sum()`, whose line the standard library does not tell, that
    /// of its last summand, or one of the standard library if that is a leaf.
    pub line: Option<Line>,
    /// The layer of a model in which it was recorded: `encoder.0`; `None` outside and for numbers.
    pub layer: Option<Arc<str>>,
    /// The parameter that a leaf stands for, if it is one's.
    pub param: Option<ParamId>,
}

impl<F: Float> GraphNode<F> {
    /// The name: of the operation, or `var`, `input`, `constant`.
    pub fn name(&self) -> String {
        match &self.kind {
            NodeKind::Var => "var".into(),
            NodeKind::Input => "input".into(),
            NodeKind::Constant => "constant".into(),
            NodeKind::Op(op) => op.name(),
        }
    }

    /// Where it was recorded: `model.rs:12:5`, and the layer if it was inside one: `model.rs:12:5, layer encoder.0`. Empty
    /// for a constant.
    pub fn place(&self) -> String {
        place(self.line, self.layer.as_deref())
    }

    /// The shape of the value.
    pub fn shape(&self) -> Shape {
        self.value.as_arg().shape()
    }

    /// The value as text; a precision applies to its elements.
    pub fn value_text(&self, precision: Option<usize>) -> String {
        match (&self.value, precision) {
            (Any::Real(t), Some(p)) => format!("{t:.p$}"),
            (Any::Real(t), None) => t.to_string(),
            (Any::Index(t), _) => t.to_string(),
            (Any::Mask(t), _) => t.to_string(),
        }
    }
}

/// A recorded graph, for reading: nodes in recording order, parents before children.
///
/// # Examples
/// ```
/// use wengert_tape::{GraphView, prelude::*};
/// let tape = Tape::new();
/// let (x, w) = (tape.scalar(0.5), tape.scalar(-2.0));
/// let y = (x * w).tanh();
/// let graph = GraphView::of_scalar(y)?;
/// let names: Vec<String> = graph.nodes.iter().map(|n| n.name()).collect();
/// assert_eq!(names, ["var", "var", "mul", "tanh"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GraphView<F: Float> {
    /// The nodes.
    pub nodes: Vec<GraphNode<F>>,
    key: u32,
}

impl<F: Float> GraphView<F> {
    /// Everything on a tape.
    ///
    /// # Errors
    /// [`Error::NoGraph`] on a gradient-only tape.
    pub fn of_tape(tape: &Tape<F>) -> Result<Self, Error> {
        Self::build(tape.key(), tape.len() as u32, &[])
    }

    /// What a tensor depends on.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a constant; [`Error::StaleHandle`], [`Error::ForeignThread`], [`Error::NoGraph`].
    pub fn of_var<E>(output: Var<F, E>) -> Result<Self, Error> {
        if output.id & CONSTANT != 0 && output.key & store::GRADIENT_ONLY == 0 {
            return Err(Error::NotConnected { reason: "a constant has no graph".into() });
        }
        Self::build(output.key, output.id, &[output.id])
    }

    /// What a number depends on.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a constant; then as [`of_var`](Self::of_var).
    pub fn of_scalar(output: Scalar<F>) -> Result<Self, Error> {
        if output.key() == 0 {
            return Err(Error::NotConnected { reason: "a constant has no graph".into() });
        }
        Self::build(output.key(), output.id(), &[output.id()])
    }

    /// What a node depends on.
    pub(crate) fn of_id(key: u32, id: u32) -> Result<Self, Error> {
        Self::build(key, id, &[id])
    }

    /// What some nodes of a tape depend on; constants among them are left out.
    pub(crate) fn of_ids(key: u32, ids: &[u32]) -> Result<Self, Error> {
        let nodes: SmallVec<[u32; 4]> = ids.iter().copied().filter(|id| id & CONSTANT == 0).collect();
        match nodes.iter().max() {
            Some(last) => Self::build(key, *last, &nodes),
            None => Err(Error::NotConnected { reason: "a constant has no graph".into() }),
        }
    }

    /// The node of a recorded tensor; `None` if it is not in this graph, or of another tape.
    pub fn find<E>(&self, var: Var<F, E>) -> Option<&GraphNode<F>> {
        self.find_id(var.key, var.id)
    }

    /// The node of a recorded number; `None` if it is not in this graph, or of another tape.
    pub fn find_scalar(&self, scalar: Scalar<F>) -> Option<&GraphNode<F>> {
        self.find_id(scalar.key(), scalar.id())
    }

    /// The tape.
    pub(crate) fn key(&self) -> u32 {
        self.key
    }

    fn find_id(&self, key: u32, id: u32) -> Option<&GraphNode<F>> {
        self.nodes.iter().find(|n| n.id == Some(id) && key == self.key)
    }

    /// What the outputs depend on; without any, all up to the last.
    fn build(key: u32, last: u32, outputs: &[u32]) -> Result<Self, Error> {
        if key & store::GRADIENT_ONLY != 0 {
            return Err(Error::NoGraph { wanted: "show its graph" });
        }
        let mut wanted = vec![outputs.is_empty(); last as usize + 1];
        if !outputs.is_empty() && last & CONSTANT == 0 {
            outputs.iter().for_each(|output| wanted[*output as usize] = true);
            for id in (1..=last).rev() {
                if wanted[id as usize] {
                    for parent in parents_of::<F>(key, id)? {
                        if let Parent::Node { id, .. } = parent {
                            wanted[id as usize] = true;
                        }
                    }
                }
            }
        }
        let mut view = GraphView { nodes: Vec::new(), key };
        let mut constants = NodeMap::default();
        let mut index = vec![usize::MAX; last as usize + 1];
        for id in 1..=last {
            if !wanted[id as usize] || store::with_store(key, |store: &mut Store<F>| store.is_part(id))? {
                continue;
            }
            let ((kind, line, layer), param) =
                store::with_store(key, |store: &mut Store<F>| (describe(store, id), store.param_of.get(&id).copied()))?;
            let mut parents = Vec::new();
            for parent in parents_of::<F>(key, id)? {
                parents.push(match parent {
                    Parent::Node { id, .. } => index[id as usize],
                    Parent::Constant(constant) => match constants.get(constant) {
                        Some(index) => *index,
                        None => {
                            let index = view.constant(value_of(key, constant)?);
                            constants.insert(constant, index);
                            index
                        }
                    },
                    Parent::Number(x) => view.constant(Tensor::from(x).into()),
                });
            }
            index[id as usize] = view.nodes.len();
            let value = value_of(key, id)?;
            view.nodes.push(GraphNode {
                index: view.nodes.len(),
                id: Some(id),
                kind,
                parents,
                value,
                line: Some(line),
                layer,
                param,
            });
        }
        Ok(view)
    }

    fn constant(&mut self, value: Value<F>) -> usize {
        let index = self.nodes.len();
        self.nodes.push(GraphNode {
            index,
            id: None,
            kind: NodeKind::Constant,
            parents: Vec::new(),
            value,
            line: None,
            layer: None,
            param: None,
        });
        index
    }
}

/// A line and a layer in words.
pub(crate) fn place(line: Option<Line>, layer: Option<&str>) -> String {
    let layer = layer.map(|layer| format!("layer {layer}"));
    line.map(ToString::to_string).into_iter().chain(layer).collect::<Vec<_>>().join(", ")
}

fn parents_of<F: Float>(key: u32, id: u32) -> Result<Vec<Parent<F>>, Error> {
    Ok(step(key, id)?.map_or(Vec::new(), |s| s.parents.to_vec()))
}

fn describe<F: Float>(store: &Store<F>, id: u32) -> (NodeKind, Line, Option<Arc<str>>) {
    if let Some(wide) = store.wide(id) {
        let kind = match &wide.origin {
            Origin::Op(op) => NodeKind::Op(op.clone()),
            Origin::Input => NodeKind::Input,
            Origin::Var | Origin::Slope(_) => NodeKind::Var,
        };
        return (kind, wide.line, wide.layer.as_deref().map(Arc::from));
    }
    match store.extra(id) {
        Some(extra) => match extra.op.op(&store.node(id)) {
            Some(op) => (NodeKind::Op(op), store.line(id).unwrap_or(extra.line), None),
            None => (NodeKind::Var, extra.line, None),
        },
        None => (NodeKind::Var, std::panic::Location::caller(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Gradients;
    use crate::ops::MatMulExt;

    #[test]
    fn another_tape_is_not_mistaken_for_this_one() {
        let (here, there) = (Tape::new(), Tape::new());
        let (x, foreign) = (here.scalar(2.0), there.scalar(3.0));
        let (y, z) = (x * x, foreign * foreign);
        let graph = GraphView::of_scalar(y).unwrap();
        assert!(graph.find_scalar(x).is_some() && graph.find_scalar(foreign).is_none());
        let gradients = |g: &Gradients| graph.nodes.iter().filter(|n| graph.gradient(n, g).is_some()).count();
        assert_eq!((gradients(&y.backward_all()), gradients(&z.backward_all())), (2, 0));
    }

    #[test]
    fn a_product_knows_the_line_that_asked_for_it() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([[1.0, 2.0]]));
        let (line, y) = (line!(), x.matmul(Tensor::from([[3.0], [4.0]])));
        let graph = GraphView::of_var(y).unwrap();
        let at = graph.find(y).and_then(|node| node.line).unwrap();
        assert_eq!((at.file(), at.line()), (file!(), line));
    }

    #[test]
    fn a_constant_used_twice_is_one_node() {
        let tape = Tape::new();
        let c = tape.constant(Tensor::from([1.0, 2.0]));
        let y = (tape.var(Tensor::from([3.0, 4.0])) + c) * c;
        let graph = GraphView::of_var(y).unwrap();
        assert_eq!(graph.nodes.iter().filter(|n| n.kind == NodeKind::Constant).count(), 1);
        assert_eq!(graph.nodes[3].parents, [2, 1]);
        assert!(matches!(GraphView::of_var(c), Err(Error::NotConnected { .. })));
    }
}
