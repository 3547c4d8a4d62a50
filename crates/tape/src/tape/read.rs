//! What sweeps and other readers read of a tape: values, operations, parents, lines.

use std::rc::Rc;

use smallvec::SmallVec;

use super::store::{self, CONSTANT, Inherit, Node, Origin, ScalarOp, Store};
use crate::error::{Error, Line};
use crate::kernels::slopes::Parents;
use crate::ops::AnyOp;
use crate::rule::op::Value;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The value of a node or constant.
#[inline]
pub(crate) fn value_of<F: Float>(key: u32, id: u32) -> Result<Value<F>, Error> {
    F::value_of(key, id)
}

pub(crate) fn value_in<F: Float>(key: u32, id: u32) -> Result<Value<F>, Error> {
    store::with_store(key, |store| operand(store, id).map(|(value, _)| value))?
}

/// The values of operands, and whether each depends on a `var`. A few hundred bytes: they are filled in where they are
/// used, and not moved.
pub(crate) type Operands<F> = SmallVec<[(Value<F>, bool); 3]>;

/// Reads operands.
pub(crate) fn read<F: Float>(
    store: &Store<F>,
    ids: impl Iterator<Item = u32>,
    operands: &mut Operands<F>,
) -> Result<(), Error> {
    for id in ids {
        operands.push(operand(store, id)?);
    }
    Ok(())
}

/// The value of a node or constant, and whether it depends on a `var`.
fn operand<F: Float>(store: &Store<F>, id: u32) -> Result<(Value<F>, bool), Error> {
    if id & CONSTANT != 0 {
        return Ok((store.constants[(id & !CONSTANT) as usize].clone(), false));
    }
    match store.wide(id) {
        Some(wide) => Ok((wide.value.clone(), wide.active)),
        None => match store.extra(id) {
            Some(extra) => Ok((Tensor::from(extra.value).into(), true)),
            None => Err(Error::NoGraph { wanted: "read the value of a scalar node" }),
        },
    }
}

/// Whether a node depends on a `var`.
pub(crate) fn is_active<F: Float>(key: u32, id: u32) -> bool {
    id & CONSTANT == 0
        && store::with_store(key, |store: &mut Store<F>| store.wide(id).is_none_or(|w| w.active)).unwrap_or(false)
}

/// Where a node was recorded; `None` for a constant.
pub(crate) fn line_of<F: Float>(key: u32, id: u32) -> Result<Option<Line>, Error> {
    if id & CONSTANT != 0 {
        return Ok(None);
    }
    store::with_store(key, |store: &mut Store<F>| match store.wide(id) {
        Some(wide) => Some(wide.line),
        None => store.extra(id).map(|e| e.line),
    })
}

/// Where a node stands among its parents: what a sweep reads of it.
pub(crate) struct Step<F: Float> {
    pub(crate) op: AnyOp,
    pub(crate) parents: SmallVec<[Parent<F>; 3]>,
    pub(crate) line: Line,
    pub(crate) layer: Option<Rc<str>>,
}

/// A parent of a node: a node, a constant tensor, or a plain number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parent<F> {
    Node { id: u32, active: bool },
    Constant(u32),
    Number(F),
}

/// The position of a tensor node in the store; `None` for a scalar node.
pub(crate) fn tensor_position<F: Float>(key: u32, id: u32) -> Result<Option<usize>, Error> {
    store::with_store(key, |store: &mut Store<F>| store.wide_position(id))
}

/// Operation, parents and line of a node; `None` for a leaf.
pub(crate) fn step<F: Float>(key: u32, id: u32) -> Result<Option<Step<F>>, Error> {
    store::with_store(key, |store: &mut Store<F>| step_in(store, id))
}

fn step_in<F: Float>(store: &Store<F>, id: u32) -> Option<Step<F>> {
    if let Some(wide) = store.wide(id) {
        let op = match &wide.origin {
            Origin::Op(op) => op.clone(),
            _ => return None,
        };
        let parents = wide
            .parents
            .iter()
            .map(|p| match p & CONSTANT {
                0 => Parent::Node { id: *p, active: store.wide(*p).is_none_or(|w| w.active) },
                _ => Parent::Constant(*p),
            })
            .collect();
        return Some(Step { op, parents, line: wide.line, layer: wide.layer.clone() });
    }
    let (node, extra) = (store.node(id), store.extra(id)?);
    let op = extra.op.op(&node)?;
    let mut parents = SmallVec::new();
    let arity = if let ScalarOp::Pointwise { arity, .. } = extra.op { *arity } else { 2 };
    arguments(store, &node, arity.min(2), &mut parents);
    Some(Step { op, parents, line: store.line(id)?, layer: None })
}

/// The arguments of a scalar node: its parents, or what a part among them stands for.
fn arguments<F: Float>(store: &Store<F>, node: &Node<F>, count: usize, found: &mut SmallVec<[Parent<F>; 3]>) {
    let mut slot = 0;
    node.depends_on().for_each(|id| {
        match (id, store.extra(id).map(|e| e.op)) {
            _ if slot == count && matches!(node.depends_on(), Parents::Two(_)) => return,
            (0, _) => found.push(Parent::Number(node.slopes[slot])),
            (_, Some(ScalarOp::Part { arguments: count })) => arguments(store, &store.node(id), *count, found),
            _ => found.push(Parent::Node { id, active: store.wide(id).is_none_or(|w| w.active) }),
        }
        slot += 1;
    });
}

/// Nodes recorded while the result lives are said to come from `line`.
pub(crate) fn inherit<F: Float>(line: Line) -> Inherit<F> {
    Inherit::line(line)
}
