//! Where gradients go: what they do not reach, what they keep equal, and a sum that should be a mean.

use std::collections::BTreeSet;

use wengert_tape::{Float, NodeKind, Op, Tensor};

use super::{Concern, Looked, Remark, along};
use crate::label::id;

/// A loss is a sum over a batch if each sample's part counts at least this much,
const WHOLE: f64 = 0.5;
/// and that much more than in the mean.
const ABOVE_MEAN: f64 = 1.5;

impl<F: Float> Looked<'_, F> {
    /// Leaves that no gradient reaches, and parameters that were not even recorded.
    pub(super) fn unused(&self, remarks: &mut Vec<Remark>) {
        let nodes = &self.view.graph.nodes;
        let output = id(&nodes[self.output]);
        let below = self.needed();
        for node in nodes.iter().filter(|node| node.kind == NodeKind::Var && !self.reached[node.index]) {
            let (what, advice) = match below[node.index] {
                true => (
                    format!("the output {output} depends on it, but no gradient reaches it"),
                    "see what stands between that is not differentiated, such as a comparison or a stopped gradient",
                ),
                false => {
                    (format!("the output {output} does not depend on it"), "use it, or take it out of what is learned")
                }
            };
            remarks.push(self.remark(Concern::Unused, node.index, what, advice));
        }
        remarks.extend(self.view.missing.iter().map(|name| Remark {
            concern: Concern::Unused,
            node: None,
            place: format!("parameter `{name}`"),
            what: format!("the output {output} does not depend on it: it was not recorded"),
            advice: "use it, or take it out of what is learned",
            share: 1.0,
        }));
    }

    /// For each node whether the output is computed from it.
    fn needed(&self) -> Vec<bool> {
        let nodes = &self.view.graph.nodes;
        let mut needed = vec![false; nodes.len()];
        needed[self.output] = true;
        for index in (0..=self.output).rev().filter(|k| nodes[*k].kind != NodeKind::Var) {
            if needed[index] {
                nodes[index].parents.iter().for_each(|parent| needed[*parent] = true);
            }
        }
        needed
    }

    /// Weights whose units are equal, and so are their gradients: they will never part. And those that only other weights set
    /// apart, which begin as one unit.
    pub(super) fn symmetric(&self, remarks: &mut Vec<Remark>) {
        let Some(steps) = &self.steps else { return };
        for node in self.view.graph.nodes.iter().filter(|node| node.kind == NodeKind::Var) {
            let (Some(value), Some(gradient)) = (self.numbers(node.index), &steps.cotangents[node.index]) else {
                continue;
            };
            let shape = value.shape();
            let zero = |t: &Tensor<F>| t.data().iter().all(|x| *x == F::zero());
            if shape.rank() < 2 || zero(gradient) && !zero(value) {
                continue;
            }
            let equal = |axis: &usize| shape[*axis] > 1 && alike(value, *axis, 0.0);
            let stays = |axis: &usize| equal(axis) && alike(gradient, *axis, 1e-6);
            let (axis, how) = match ((0..2).find(stays), (0..2).find(equal)) {
                (Some(axis), _) => (axis, "and so are their gradients: they stay equal, as one"),
                (None, Some(axis)) if !zero(value) && value.len() > shape[axis] && self.is_hidden_table(node.index) => {
                    (axis, "and begin as one: only what comes after them sets them apart")
                }
                _ => continue,
            };
            let what = format!("the {} parts along axis {axis} of this {shape} are equal, {how}", shape[axis]);
            remarks.push(self.remark(Concern::Symmetric, node.index, what, "begin with random numbers"));
        }
    }

    /// Whether a leaf goes into a product or the like, and not number by number, and something learned comes after that.
    fn is_hidden_table(&self, index: usize) -> bool {
        let nodes = &self.view.graph.nodes;
        (index + 1..=self.output).filter(|k| self.reached[*k]).any(|k| match &nodes[k].kind {
            NodeKind::Op(op) if op.formulas().is_none() && self.behind(k) == k => {
                self.carried(k).any(|(_, parent)| self.behind(parent) == index) && self.is_hidden(k)
            }
            _ => false,
        })
    }

    /// A loss to which each sample of a batch gives its whole, however many there are.
    pub(super) fn summed(&self, remarks: &mut Vec<Remark>) {
        let Some(steps) = &self.steps else { return };
        let nodes = &self.view.graph.nodes;
        if nodes[self.output].shape().len_elements() != 1 {
            return;
        }
        let batches = self.batches();
        let mut before = vec![false; nodes.len()];
        before[self.output] = true;
        for step in steps.steps.iter() {
            if !before[step.node] {
                continue;
            }
            for part in &step.parts {
                let shape = nodes[part.node].shape();
                let samples = shape.first().copied().unwrap_or(1);
                if !batches.contains(&samples) || !self.is_of_batch(part.node, samples) {
                    before[part.node] = true;
                    continue;
                }
                let share = part.product.data().first().map_or(0.0, |x| Float::to_f64(*x));
                let same = part.product.data().iter().all(|x| Float::to_f64(*x) == share);
                if same && share.abs() >= WHOLE && share.abs() * samples as f64 >= ABOVE_MEAN {
                    let what = format!(
                        "it is a sum over {samples} samples, to which each gives {share} times its part: the step grows with the batch"
                    );
                    let advice = "take the mean over the batch";
                    remarks.push(self.remark(Concern::SumOverBatch, step.node, what, advice));
                    return;
                }
            }
        }
    }

    /// How many samples there may be in a batch: the first axis of what is not learned and has more axes.
    fn batches(&self) -> BTreeSet<usize> {
        let data = self.view.graph.nodes.iter().filter(|node| node.parents.is_empty() && !self.active[node.index]);
        data.map(|node| node.shape()).filter(|s| s.rank() > 1 && s[0] > 1).map(|s| s[0]).collect()
    }

    /// Whether a node is computed from data of so many samples.
    fn is_of_batch(&self, index: usize, samples: usize) -> bool {
        let nodes = &self.view.graph.nodes;
        let (mut waiting, mut seen) = (vec![index], BTreeSet::new());
        while let Some(next) = waiting.pop().filter(|_| seen.len() <= nodes.len()) {
            let (node, shape) = (&nodes[next], nodes[next].shape());
            if node.parents.is_empty() && !self.active[next] && shape.rank() > 1 && shape[0] == samples {
                return true;
            }
            waiting.extend(node.parents.iter().filter(|parent| seen.insert(**parent)));
        }
        false
    }
}

/// Whether the parts along an axis are equal, but for so large a share of the largest number.
fn alike<F: Float>(t: &Tensor<F>, axis: usize, share: f64) -> bool {
    let numbers: Vec<f64> = t.data().iter().map(|x| Float::to_f64(*x)).collect();
    let room = share * numbers.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let parts = along(t.shape(), axis, &numbers);
    parts.iter().all(|part| part.iter().zip(&parts[0]).all(|(a, b)| (a - b).abs() <= room))
}
