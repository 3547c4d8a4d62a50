//! Numbers that are not what they should be: inputs as they came, and probabilities taken for sums.

use std::collections::BTreeSet;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Any, Arg, Args, Float, NodeKind, Op, Tensor, Value, try_with};

use super::stuck::slope_at;
use super::{Concern, Looked, Remark, along, unit_axis};

/// Inputs should be near 1: from this size on they are as they came.
const LARGE: f64 = 10.0;
/// A mean that is that large, and so many times the spread, hides the spread.
const OFFSET: f64 = 3.0;
/// The largest number of one feature beside that of another. Grey values of 255 that are rarely above 1 are below it.
const APART: f64 = 300.0;
/// How far a sum of probabilities may be from 1.
const ROUNDING: f64 = 1e-4;
/// How far out a loss of sums has the slopes of its ends.
const FAR: f64 = 40.0;

impl<F: Float> Looked<'_, F> {
    /// Data that meets what is learned as it came.
    pub(super) fn unscaled(&self, remarks: &mut Vec<Remark>) {
        let nodes = &self.view.graph.nodes;
        let mut seen = BTreeSet::new();
        for index in (0..nodes.len()).filter(|index| self.reached[*index]) {
            let mut learned = self.carried(index).map(|(_, parent)| self.behind(parent));
            if !learned.any(|parent| nodes[parent].kind == NodeKind::Var) {
                continue;
            }
            for data in nodes[index].parents.iter().filter(|parent| !self.active[**parent]) {
                let Some(x) = self.numbers(*data).filter(|x| x.shape().rank() > 1) else { continue };
                if let Some(what) = unscaled(x).filter(|_| seen.insert(self.behind(*data))) {
                    let advice = "bring each feature to mean 0 and variance 1 first";
                    remarks.push(self.remark(Concern::Unscaled, self.behind(*data), what, advice));
                }
            }
        }
    }

    /// Probabilities that go where a softmax or sigmoid is taken once more.
    pub(super) fn twice_normalised(&self, remarks: &mut Vec<Remark>) {
        let nodes = &self.view.graph.nodes;
        for index in (0..nodes.len()).filter(|index| self.reached[*index]) {
            let NodeKind::Op(op) = &nodes[index].kind else { continue };
            let operands: Vec<&Value<F>> = nodes[index].parents.iter().map(|parent| &nodes[*parent].value).collect();
            for (arg, parent) in self.carried(index) {
                let from = self.behind(parent);
                let Some(x) = self.numbers(parent).filter(|_| matches!(nodes[from].kind, NodeKind::Op(_))) else {
                    continue;
                };
                let twice = are_shares(x) && takes_softmax(op, arg, &operands)
                    || are_between(x) && self.is_bounded(from) && takes_sigmoid(op, arg, &operands);
                if twice {
                    let what = format!(
                        "it takes sums and makes them probabilities itself, but is given probabilities, by {}",
                        self.place(from)
                    );
                    let advice = "leave the first softmax or sigmoid out";
                    remarks.push(self.remark(Concern::DoubleSoftmax, index, what, advice));
                }
            }
        }
    }

    /// Whether a node is an operation that is flat far out.
    fn is_bounded(&self, index: usize) -> bool {
        let nodes = &self.view.graph.nodes;
        let (NodeKind::Op(op), [parent]) = (&nodes[index].kind, &nodes[index].parents[..]) else { return false };
        let slope = |x: f64| slope_at(op, 0, &[&nodes[*parent].value], x).is_some_and(|slope| slope.abs() < ROUNDING);
        op.formulas().is_some() && slope(FAR) && slope(-FAR)
    }
}

/// What of inputs was not scaled, in words.
fn unscaled<F: Float>(x: &Tensor<F>) -> Option<String> {
    let numbers: Vec<f64> = x.data().iter().map(|x| Float::to_f64(*x)).collect();
    let features = along(x.shape(), unit_axis(x.shape().rank())?, &numbers);
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let size = |of: &[f64]| mean(&of.iter().map(|x| x * x).collect::<Vec<_>>()).sqrt();
    for (k, feature) in features.iter().enumerate() {
        let (middle, size) = (mean(feature), size(feature));
        let spread = (size * size - middle * middle).max(0.0).sqrt();
        if size > LARGE {
            return Some(format!("feature {k} of {} is about {size:.3} large", features.len()));
        }
        if feature.len() > 1 && middle.abs() > OFFSET && middle.abs() > OFFSET * spread {
            let of = features.len();
            return Some(format!("feature {k} of {of} has a mean of {middle:.3} and spreads by {spread:.3} alone"));
        }
    }
    let largest = features.iter().map(|feature| feature.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
    let largest: Vec<(usize, f64)> = largest.enumerate().filter(|(_, most)| *most > 0.0).collect();
    let least = largest.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let most = largest.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (most.1 > APART * least.1)
        .then(|| format!("feature {} goes up to {:.3} and feature {} to {:.3}", most.0, most.1, least.0, least.1))
}

/// Whether numbers are shares of 1 along an axis.
fn are_shares<F: Float>(x: &Tensor<F>) -> bool {
    let (shape, numbers) = (x.shape(), x.data().iter().map(|x| Float::to_f64(*x)).collect::<Vec<_>>());
    let one = |axis: usize| {
        let parts = along(shape, axis, &numbers);
        (0..parts[0].len()).all(|k| (parts.iter().map(|part| part[k]).sum::<f64>() - 1.0).abs() < ROUNDING)
    };
    are_between(x) && (0..shape.rank()).any(|axis| shape[axis] > 1 && one(axis))
}

/// Whether numbers are all from 0 to 1.
fn are_between<F: Float>(x: &Tensor<F>) -> bool {
    !x.data().is_empty() && x.data().iter().all(|x| (0.0..=1.0).contains(&Float::to_f64(*x)))
}

/// Whether an operation looks at the differences of an operand's numbers alone, and at how large they are: a softmax, or what
/// begins with one. A normalisation to variance 1 does not care how large they are.
fn takes_softmax<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>]) -> bool {
    let value = |change: &dyn Fn(F) -> F| {
        let mut operands: Vec<Value<F>> = operands.iter().map(|operand| (*operand).clone()).collect();
        if let Any::Real(x) = &operands[arg] {
            operands[arg] = x.map(change).into();
        }
        let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(|operand| operand.as_arg()).collect();
        match try_with(|| op.forward(Args(&args))) {
            Ok(Any::Real(y)) => Some(y.data().iter().map(|y| Float::to_f64(*y)).collect::<Vec<_>>()),
            _ => None,
        }
    };
    let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).any(|(a, b)| (a - b).abs() > 10.0 * ROUNDING);
    let changed = [value(&|x| x), value(&|x| x + F::one() + F::one()), value(&|x| x * F::from_f64(4.0))];
    let [Some(here), Some(moved), Some(larger)] = changed else { return false };
    op.formulas().is_none() && !apart(&here, &moved) && apart(&here, &larger)
}

/// Whether an operation begins with a sigmoid: number by number, smooth, and between its ends the slope rises by 1.
fn takes_sigmoid<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>]) -> bool {
    if op.formulas().is_none() || operands.len() < 2 || !op.at_kinks().is_empty() {
        return false;
    }
    // One number of each of the others, which are of one shape.
    let ones: Option<Vec<Value<F>>> = operands
        .iter()
        .map(|operand| match operand {
            Any::Real(t) => t.data().first().map(|x| Tensor::from(*x).into()),
            _ => None,
        })
        .collect();
    let Some(ones) = ones else { return false };
    let ones: Vec<&Value<F>> = ones.iter().collect();
    let slope = |x: f64| slope_at(op, arg, &ones, x);
    let ends = [slope(-2.0 * FAR), slope(-FAR), slope(FAR), slope(2.0 * FAR)];
    let [Some(a), Some(b), Some(c), Some(d)] = ends else { return false };
    let same = |a: f64, b: f64| (a - b).abs() < ROUNDING;
    same(a, b) && same(c, d) && same((c - b).abs(), 1.0)
}
