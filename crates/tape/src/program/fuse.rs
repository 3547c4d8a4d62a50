//! Which nodes are computed together: what acts number by number on one shape, with the sums that are taken of it.
//!
//! Each node has a level, which is greater than those of what it needs from elsewhere. So what is computed together needs nothing that
//! needs it, and the levels are an order in which everything can be computed.

use std::collections::HashMap;

use super::dag::{Dag, DagNode, What};
use super::listing::Writer;
use crate::kernels::fused::{Listing, Over, Source};
use crate::rule::algebra::Any;
use crate::rule::op::Kind;
use crate::rule::role::Role;
use crate::shape::Shape;
use crate::tensor::float::Float;

/// What is computed in one go.
#[derive(Clone, Debug)]
pub(super) enum Work<F: Float> {
    /// An operation, called.
    Call(usize),
    /// Nodes of one shape, tile by tile.
    Fused(Box<Fused<F>>),
}

/// Nodes of one shape that are computed together.
#[derive(Clone, Debug)]
pub(super) struct Fused<F: Float> {
    /// The nodes, for those who want to know what was made of what.
    pub(super) members: Vec<usize>,
    /// What is read.
    pub(super) operands: Vec<usize>,
    /// What is written.
    pub(super) outputs: Vec<usize>,
    /// What is summed on the way: the nodes of the sums.
    pub(super) sums: Vec<usize>,
    pub(super) listing: Listing<F>,
}

/// How a node comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is there before a run.
    Given,
    /// It is another node, read otherwise.
    View,
    Called,
    /// With others of its shape: the number of the group.
    In(usize),
    /// As a sum of what is in a group.
    SumOf(usize),
}

struct Group {
    shape: Shape,
    level: u32,
    members: Vec<usize>,
    sums: Vec<(usize, Over)>,
}

/// The work of a program, in order.
pub(super) fn fuse<F: Float>(dag: &Dag<F>) -> Vec<Work<F>> {
    let (places, levels, mut groups) = placed(dag);
    // what is read elsewhere than where it is made, or asked for
    let mut stored = vec![false; dag.nodes.len()];
    dag.outputs.iter().for_each(|output| stored[*output] = true);
    let mut called: Vec<usize> = Vec::new();
    for (k, node) in dag.nodes.iter().enumerate().rev() {
        let is_called = match places[k] {
            Place::Called => true,
            // truth values are numbers only inside a group
            Place::In(_) => node.kind == Kind::Mask && stored[k],
            _ => false,
        };
        if is_called {
            called.push(k);
        }
        for operand in &node.operands {
            let inside = match (places[k], places[*operand]) {
                (Place::In(group), Place::In(other)) => group == other && !is_called,
                (Place::SumOf(group), Place::In(other)) => group == other,
                _ => false,
            };
            stored[*operand] |= !inside;
        }
    }
    let mut work: Vec<(u32, usize, Work<F>)> = Vec::new();
    for k in called {
        work.push((level_outside(&places, &levels, dag, k), k, Work::Call(k)));
    }
    for (number, group) in groups.iter_mut().enumerate() {
        let fused = written(dag, group, number, &places, &stored);
        work.push((group.level, group.members[0], Work::Fused(Box::new(fused))));
    }
    work.sort_by_key(|(level, first, _)| (*level, *first));
    work.into_iter().map(|(_, _, work)| work).collect()
}

/// The level from which on a node can be read outside of where it is made.
fn level_outside<F: Float>(places: &[Place], levels: &[u32], dag: &Dag<F>, k: usize) -> u32 {
    let is_called_apart = matches!(places[k], Place::In(_)) && dag.nodes[k].kind == Kind::Mask;
    levels[k] + u32::from(is_called_apart)
}

fn placed<F: Float>(dag: &Dag<F>) -> (Vec<Place>, Vec<u32>, Vec<Group>) {
    let (mut places, mut levels) = (Vec::with_capacity(dag.nodes.len()), Vec::with_capacity(dag.nodes.len()));
    let mut groups: Vec<Group> = Vec::new();
    let mut at: HashMap<(Shape, u32), usize> = HashMap::new();
    for (k, node) in dag.nodes.iter().enumerate() {
        let outside = |operand: &usize| level_outside(&places, &levels, dag, *operand);
        let after = node.operands.iter().map(outside).max().unwrap_or(0);
        let (place, level) = match node.role() {
            None => (Place::Given, 0),
            Some(Role::Reshaped | Role::Transposed) if is_view(dag, &places, k) => (Place::View, after),
            Some(Role::Elementwise(_)) if is_fusible(dag, node) => {
                let group = joined(dag, node, &places, &levels, &groups).unwrap_or_else(|| {
                    *at.entry((node.shape.clone(), after + 1)).or_insert_with(|| {
                        let members = Vec::new();
                        groups.push(Group { shape: node.shape.clone(), level: after + 1, members, sums: Vec::new() });
                        groups.len() - 1
                    })
                });
                groups[group].members.push(k);
                (Place::In(group), groups[group].level)
            }
            Some(Role::Summed) => match summed(dag, node, &places, &groups) {
                Some((group, over)) => {
                    groups[group].sums.push((k, over));
                    (Place::SumOf(group), groups[group].level)
                }
                None => (Place::Called, after + 1),
            },
            Some(_) => (Place::Called, after + 1),
        };
        places.push(place);
        levels.push(level);
    }
    (places, levels, groups)
}

/// Whether an operand is read as it lies: what lies transposed is not given another shape.
fn is_view<F: Float>(dag: &Dag<F>, places: &[Place], k: usize) -> bool {
    let node = &dag.nodes[k];
    let operand = node.operands[0];
    node.kind == Kind::Real
        && dag.nodes[operand].kind == Kind::Real
        && !(places[operand] == Place::View && matches!(dag.nodes[operand].role(), Some(Role::Transposed)))
        && !matches!(dag.nodes[operand].what, What::Constant(_))
}

/// Whether the formula of a node can be a part of a listing: its operands are numbers or truth values, and it has elements.
fn is_fusible<F: Float>(dag: &Dag<F>, node: &DagNode<F>) -> bool {
    node.shape.len_elements() > 0
        && node.operands.iter().all(|operand| dag.nodes[*operand].kind != Kind::Index)
        && node.kind != Kind::Index
}

/// The last group that has an operand, if nothing else that is read there comes later.
fn joined<F: Float>(
    dag: &Dag<F>,
    node: &DagNode<F>,
    places: &[Place],
    levels: &[u32],
    groups: &[Group],
) -> Option<usize> {
    let among = node.operands.iter().filter_map(|operand| match places[*operand] {
        Place::In(group) if groups[group].shape == node.shape => Some(group),
        _ => None,
    });
    let group = among.max_by_key(|group| groups[*group].level)?;
    let fits = |operand: &usize| {
        places[*operand] == Place::In(group) || level_outside(places, levels, dag, *operand) < groups[group].level
    };
    node.operands.iter().all(fits).then_some(group)
}

/// The group in which a sum can be taken on the way.
fn summed<F: Float>(dag: &Dag<F>, node: &DagNode<F>, places: &[Place], groups: &[Group]) -> Option<(usize, Over)> {
    let operand = node.operands[0];
    let Place::In(group) = places[operand] else { return None };
    let over = Over::between(&dag.nodes[operand].shape, &node.shape).filter(|over| over.is_cheap())?;
    // all rows of a group are cut at the same places
    let mut others = groups[group].sums.iter().filter_map(|(_, over)| over.row());
    let fits = over.row().is_none_or(|row| others.all(|other| other == row));
    fits.then_some((group, over))
}

/// The listing of a group.
fn written<F: Float>(dag: &Dag<F>, group: &Group, number: usize, places: &[Place], stored: &[bool]) -> Fused<F> {
    let mut writer = Writer::new(group.shape.clone());
    let mut operands: Vec<usize> = Vec::new();
    let mut sources: HashMap<usize, Source> = HashMap::new();
    for k in &group.members {
        let node = &dag.nodes[*k];
        let from: Vec<Source> = (node.operands.iter())
            .map(|operand| {
                if let Some(source) = sources.get(operand) {
                    return *source;
                }
                let source = match constant(&dag.nodes[*operand]) {
                    Some(x) => writer.number(x),
                    None => {
                        operands.push(*operand);
                        writer.operand(&dag.nodes[*operand].shape)
                    }
                };
                sources.insert(*operand, source);
                source
            })
            .collect();
        let Some(Role::Elementwise(formula)) = node.role() else { unreachable!("a member acts number by number") };
        let source = writer.formula(formula, &from);
        sources.insert(*k, source);
    }
    debug_assert!(group.members.iter().all(|k| places[*k] == Place::In(number)));
    let is_output = |k: &&usize| stored[**k] && dag.nodes[**k].kind == Kind::Real;
    let outputs: Vec<usize> = group.members.iter().filter(is_output).copied().collect();
    outputs.iter().for_each(|k| writer.output(sources[k]));
    for (k, over) in &group.sums {
        writer.sum(sources[&dag.nodes[*k].operands[0]], *over);
    }
    let sums = group.sums.iter().map(|(k, _)| *k).collect();
    Fused { members: group.members.clone(), operands, outputs, sums, listing: writer.done() }
}

/// The number that all elements of a constant are.
fn constant<F: Float>(node: &DagNode<F>) -> Option<F> {
    match &node.what {
        What::Constant(Any::Real(x)) => {
            let (first, rest) = x.data().split_first()?;
            let bits = |x: &F| Float::to_f64(*x).to_bits();
            let same = |y: &F| bits(y) == bits(first);
            rest.iter().all(same).then_some(*first)
        }
        What::Constant(Any::Mask(x)) => {
            let (first, rest) = x.data().split_first()?;
            rest.iter().all(|y| y == first).then(|| if *first { F::one() } else { F::zero() })
        }
        _ => None,
    }
}
