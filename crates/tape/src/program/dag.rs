//! What a program is compiled from: the nodes that its outputs depend on, operands before results.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{Error, Line};
use crate::ops::AnyOp;
use crate::rule::algebra::Any;
use crate::rule::op::{Kind, Op, Value};
use crate::rule::role::Role;
use crate::shape::Shape;
use crate::tape::graph::{GraphView, NodeKind};
use crate::tape::value_of;
use crate::tensor::float::Float;

/// What a node of a program is.
#[derive(Clone, Debug)]
pub(crate) enum What<F: Float> {
    /// A leaf, which has another value in each run: a `var` or an `input`, by its id on the tape.
    Leaf(u32, Value<F>),
    /// What never changes.
    Constant(Value<F>),
    /// An operation, and what it is to a program.
    Op(AnyOp, Arc<Role>),
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct DagNode<F: Float> {
    pub(crate) what: What<F>,
    pub(crate) operands: SmallVec<[usize; 3]>,
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
    pub(crate) line: Option<Line>,
}

impl<F: Float> DagNode<F> {
    /// What it is to a program, if it is an operation.
    pub(crate) fn role(&self) -> Option<&Role> {
        match &self.what {
            What::Op(_, role) => Some(role),
            _ => None,
        }
    }
}

/// Nodes in an order in which they can be computed, and which of them are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Dag<F: Float> {
    pub(crate) nodes: Vec<DagNode<F>>,
    pub(crate) outputs: Vec<usize>,
}

impl<F: Float> Dag<F> {
    /// What some nodes of a tape depend on.
    ///
    /// # Errors
    /// As [`GraphView::of_var`].
    pub(crate) fn of_ids(key: u32, ids: &[u32]) -> Result<Self, Error> {
        let graph = GraphView::<F>::of_ids(key, ids)?;
        let mut roles = Roles::default();
        let nodes = graph.nodes.iter().map(|node| DagNode {
            shape: node.value.as_arg().shape(),
            kind: node.value.as_arg().kind(),
            operands: node.parents.iter().copied().collect(),
            line: node.line,
            what: match (&node.kind, node.id) {
                (NodeKind::Op(op), _) => What::Op(op.clone(), roles.of(op, node.parents.len())),
                (NodeKind::Var | NodeKind::Input, Some(id)) => What::Leaf(id, node.value.clone()),
                _ => What::Constant(node.value.clone()),
            },
        });
        let mut nodes: Vec<DagNode<F>> = nodes.collect();
        let at: HashMap<u32, usize> = graph.nodes.iter().filter_map(|node| Some((node.id?, node.index))).collect();
        let mut outputs = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(at) = at.get(id) {
                outputs.push(*at);
                continue;
            }
            // a constant that nothing has to be computed for
            let value = value_of::<F>(key, *id)?;
            let (shape, kind) = (value.as_arg().shape(), value.as_arg().kind());
            outputs.push(nodes.len());
            nodes.push(DagNode { what: What::Constant(value), operands: SmallVec::new(), shape, kind, line: None });
        }
        Ok(Dag { nodes, outputs })
    }

    /// The same with other operands: `place[k]` is the node that stands for node `k`, which comes no later.
    pub(crate) fn with_places(mut self, place: &[usize]) -> Self {
        for node in &mut self.nodes {
            node.operands.iter_mut().for_each(|operand| *operand = place[*operand]);
        }
        self.outputs.iter_mut().for_each(|output| *output = place[*output]);
        self
    }
}

impl<F: Float> fmt::Display for Dag<F> {
    /// A line for each node: `%3 = mul(%0, %1) [2, 3]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, node) in self.nodes.iter().enumerate() {
            let operands: Vec<String> = node.operands.iter().map(|operand| format!("%{operand}")).collect();
            let what = match &node.what {
                What::Leaf(..) => "leaf".to_owned(),
                What::Constant(Any::Real(x)) if x.len() == 1 => format!("constant {}", x.item()),
                What::Constant(_) => "constant".to_owned(),
                What::Op(op, _) => format!("{}({})", op.name(), operands.join(", ")),
            };
            writeln!(f, "%{k} = {what} {}", node.shape)?;
        }
        let outputs: Vec<String> = self.outputs.iter().map(|output| format!("%{output}")).collect();
        writeln!(f, "return {}", outputs.join(", "))
    }
}

/// What operations are to a program, asked once for each.
#[derive(Default)]
struct Roles(HashMap<(TypeId, usize), Vec<(AnyOp, Arc<Role>)>>);

impl Roles {
    fn of(&mut self, op: &AnyOp, operands: usize) -> Arc<Role> {
        let known = self.0.entry((op.type_id(), operands)).or_default();
        if let Some((_, role)) = known.iter().find(|(other, _)| other == op) {
            return Arc::clone(role);
        }
        let role = Arc::new(op.role(operands));
        known.push((op.clone(), Arc::clone(&role)));
        role
    }
}
