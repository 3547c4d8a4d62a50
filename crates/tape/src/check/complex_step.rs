//! The recorded graph replayed on complex numbers: a derivative along a direction without a difference.
//!
//! The leaves move by `i h` in the direction. An operation whose file declares how it extends to complex numbers carries
//! the imaginary part by its formula, with no rule of ours; any other by its forward rule, and is listed.

use smallvec::SmallVec;

use super::draws::Random;
use super::oracle::{self, dot};
use super::report::ComplexStep;
use super::subject::Subject;
use crate::ops::AnyOp;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Value};
use crate::tape::graph::NodeKind;
use crate::tensor::Tensor;
use crate::transform::replay::Replay;
use crate::transform::replay_complex::composition;

/// The step. Its square is nothing beside 1, and the smallest numbers times it are still numbers.
const STEP: f64 = 1.0 / (1u128 << 100) as f64;
/// Smaller imaginary parts have lost digits.
const SMALLEST: f64 = f64::MIN_POSITIVE / f64::EPSILON;
/// By how much, relative to its terms, an operation's own rule may be off.
const OF_A_RULE: f64 = 1e-9;

/// The derivative along a direction by a complex step; `None` if there is no recorded graph, if an operation has neither
/// a complex formula nor a forward rule, or if something is not finite.
pub(crate) fn complex_step(
    subject: &Subject<'_>,
    direction: &[Tensor<f64>],
    has_forward_rules: bool,
) -> Option<ComplexStep> {
    let (contracted, replay) = subject.replayed.as_ref()?;
    let placed = subject.leaves.iter().zip(direction);
    let leaves: Vec<_> = placed.filter_map(|(l, d)| Some((l.position?, d * STEP))).collect();
    let swept = Imaginary::of(replay, &leaves, has_forward_rules)?;
    let last = swept.parts.last()?.as_ref();
    let derivative = last.map_or(0.0, |d| dot(d.data(), contracted.cotangent.data()) / STEP);
    let (reverse, bar) = oracle::reverse(subject, direction);
    if !derivative.is_finite() || !reverse.is_finite() {
        return None;
    }
    let mut step = ComplexStep {
        derivative,
        reverse,
        bar,
        operations: swept.by_formula.len(),
        not_analytic: swept.not_analytic.clone(),
        operation: None,
    };
    if !step.holds() {
        // If every operation agrees, the imaginary part was lost on the way: numbers are too small for this step.
        step.operation = Some(swept.disagreeing(replay)?);
    }
    Some(step)
}

/// The imaginary part of every node.
struct Imaginary {
    parts: Vec<Option<Tensor<f64>>>,
    /// The nodes that carried it by a complex formula.
    by_formula: Vec<usize>,
    /// The names of the other operations, each once.
    not_analytic: Vec<String>,
}

impl Imaginary {
    fn of(replay: &Replay<f64>, leaves: &[(usize, Tensor<f64>)], has_forward_rules: bool) -> Option<Self> {
        let mut swept = Imaginary { parts: vec![None; replay.len()], by_formula: Vec::new(), not_analytic: Vec::new() };
        leaves.iter().for_each(|(leaf, part)| swept.parts[*leaf] = Some(part.clone()));
        let entries = replay.entries();
        for (node, entry) in entries.iter().enumerate() {
            let NodeKind::Op(op) = &entry.kind else { continue };
            let moving: SmallVec<[usize; 3]> = entry
                .active_arguments(entries)
                .into_iter()
                .filter(|k| swept.parts[entry.parents[*k]].is_some())
                .collect();
            let Some(y) = replay.real(node).filter(|_| op.output() == Kind::Real && !moving.is_empty()) else {
                continue;
            };
            if let Some(part) = on_complex(op, &replay.args(node), &swept.arguments(replay, node), has_forward_rules) {
                swept.parts[node] = Some(part);
                swept.by_formula.push(node);
                continue;
            }
            if !has_forward_rules && !op.is_registered() {
                return None;
            }
            if !swept.not_analytic.contains(&op.name()) {
                swept.not_analytic.push(op.name());
            }
            let args = replay.args(node);
            let parts = moving.iter().filter_map(|k| {
                let part = swept.parts[entry.parents[*k]].clone()?;
                Some(op.jvp(*k, part, Args(&args), y))
            });
            swept.parts[node] = parts.reduce(|sum, part| sum + part);
        }
        Some(swept)
    }

    /// The imaginary parts of a node's arguments of numbers, zeros where there are none; other arguments as they are.
    fn arguments(&self, replay: &Replay<f64>, node: usize) -> SmallVec<[Value<f64>; 3]> {
        let parents = &replay.entries()[node].parents;
        parents
            .iter()
            .map(|p| match (&replay.values()[*p], &self.parts[*p]) {
                (Any::Real(_), Some(part)) => Any::Real(part.clone()),
                (Any::Real(x), None) => Any::Real(Tensor::zeros(x.shape())),
                (other, _) => other.clone(),
            })
            .collect()
    }

    /// The first operation whose complex formula disagrees with its reverse rule.
    fn disagreeing(&self, replay: &Replay<f64>) -> Option<String> {
        let entries = replay.entries();
        let wrong = self.by_formula.iter().find(|node| {
            let (entry, Some(y)) = (&entries[**node], replay.real(**node)) else { return false };
            let (NodeKind::Op(op), Some(part)) = (&entry.kind, &self.parts[**node]) else { return false };
            let g = Random::new(1).weights(y.shape());
            let args = replay.args(**node);
            let parts = entry.parents.iter().filter_map(|p| self.parts[*p].as_ref()).chain([part]);
            if parts.flat_map(|part| part.data()).any(|x| *x != 0.0 && x.abs() < SMALLEST) {
                return false;
            }
            let pairs = entry.active_arguments(entries).into_iter().filter_map(|k| {
                let part = self.parts[entry.parents[k]].as_ref()?;
                let c = op.vjp(k, g.clone(), Args(&args), y);
                let size: f64 = c.data().iter().zip(part.data()).map(|(a, b)| (a * b).abs()).sum();
                Some((dot(c.data(), part.data()), size))
            });
            let (reverse, size) = pairs.fold((0.0, 0.0), |(r, s), (reverse, size)| (r + reverse, s + size));
            (dot(part.data(), g.data()) - reverse).abs() > OF_A_RULE * size
        })?;
        Some(oracle::place(replay, *wrong))
    }
}

/// The imaginary part of an operation's result, if the operation extends to complex numbers.
fn on_complex(
    op: &AnyOp,
    re: &[Arg<'_, Tensor<f64>>],
    im: &[Value<f64>],
    has_forward_rules: bool,
) -> Option<Tensor<f64>> {
    let im: SmallVec<[Arg<'_, Tensor<f64>>; 3]> = im.iter().map(Any::as_arg).collect();
    let part = match op.analytic() {
        Analytic::No => return None,
        Analytic::Formula => op.on_complex(Args(re), Args(&im)).map(|[_, im]| im),
        Analytic::Linear => Some(op.forward(Args(&im)).real()),
        Analytic::Bilinear => {
            let real = |arg: &Arg<'_, Tensor<f64>>| matches!(arg, Arg::Real(_));
            let first = re.iter().position(real)?;
            // a·b + i(a·b′ + a′·b), with nothing of a′·b′ left
            let with = |first_is_im: bool| {
                let args: SmallVec<[Arg<'_, Tensor<f64>>; 3]> =
                    (0..re.len()).map(|k| if (k == first) == first_is_im { im[k] } else { re[k] }).collect();
                op.forward::<f64>(Args(&args)).real()
            };
            Some(with(true) + with(false))
        }
        Analytic::Composed => composed(op, re, &im, has_forward_rules),
    };
    part.filter(|part| part.data().iter().all(|x| x.is_finite()))
}

/// The composition that an operation declares, recorded and replayed on complex numbers.
fn composed(
    op: &AnyOp,
    re: &[Arg<'_, Tensor<f64>>],
    im: &[Arg<'_, Tensor<f64>>],
    has_forward_rules: bool,
) -> Option<Tensor<f64>> {
    let (replay, places) = composition(op, re)?;
    let leaves = places.into_iter().zip(im).filter_map(|(at, im)| match im {
        Arg::Real(im) => Some((at?, (*im).clone())),
        _ => None,
    });
    let swept = Imaginary::of(&replay, &leaves.collect::<Vec<_>>(), has_forward_rules)?;
    // A composition of other than analytic operations is none.
    if swept.not_analytic.is_empty() { swept.parts.into_iter().next_back()? } else { None }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::rule::case::Case;

    /// ⟨c, derivative of an operation along a direction⟩ by a complex step and by the reverse rule, and the size of the
    /// terms; `None` if the operation has no complex formula.
    fn both_ways(op: &AnyOp, case: &Case) -> Option<(f64, f64, f64)> {
        let mut random = Random::new(3);
        let re: Vec<Arg<'_, Tensor<f64>>> = case.args.iter().map(Any::as_arg).collect();
        let y = op.forward(Args(&re)).real();
        let active = |k: usize| op.active(k) && matches!(case.args[k], Any::Real(_));
        let directions: Vec<Value<f64>> = (0..re.len())
            .map(|k| match &case.args[k] {
                Any::Real(x) if active(k) => Any::Real(random.weights(x.shape()) * STEP),
                Any::Real(x) => Any::Real(Tensor::zeros(x.shape())),
                other => other.clone(),
            })
            .collect();
        let part = on_complex(op, &re, &directions, true)?;
        let c = random.weights(y.shape());
        let (mut reverse, mut size) = (0.0, 0.0);
        for k in (0..re.len()).filter(|k| active(*k)) {
            let g = op.vjp(k, c.clone(), Args(&re), &y);
            let Any::Real(d) = &directions[k] else { continue };
            reverse += dot(g.data(), d.data()) / STEP;
            size += g.data().iter().zip(d.data()).map(|(a, b)| (a * b).abs()).sum::<f64>() / STEP;
        }
        Some((dot(part.data(), c.data()) / STEP, reverse, size))
    }

    #[test]
    fn what_is_declared_analytic_has_the_derivative_of_its_rule() {
        let (mut failures, mut analytic) = (String::new(), 0);
        for case in AnyOp::registered_cases().into_iter().filter(|case| !case.kink) {
            let Some(op) = case.op.clone().filter(|op| op.analytic() != Analytic::No && op.output() == Kind::Real)
            else {
                continue;
            };
            analytic += 1;
            match both_ways(&op, &case) {
                Some((found, reverse, size)) if (found - reverse).abs() <= 1e-13 * (1.0 + size) => {}
                other => writeln!(failures, "{}: {other:?}", case.label()).unwrap(),
            }
        }
        assert!(analytic > 100, "{analytic} cases");
        assert!(failures.is_empty(), "\n{failures}");
    }
}
