//! What other methods say: forward mode, and the remainder of the Taylor expansion.

use super::function::{Along, Contracted};
use super::report::Identity;
use super::subject::Subject;
use crate::rule::algebra::Args;
use crate::rule::op::Op;
use crate::tape::graph::{self, NodeKind};
use crate::tensor::Tensor;
use crate::transform::replay::Replay;

/// How many bars of a gradient's round-off the two modes may be apart: they round differently.
const APART: f64 = 16.0;
/// Relative to the terms of the products, the rounding of sums that nobody measures.
const SUMS: f64 = 1e-12;

/// The forward–reverse identity along a direction.
pub(crate) fn identity(subject: &Subject<'_>, direction: &[Tensor<f64>]) -> Option<Identity> {
    let (contracted, replay) = subject.replayed.as_ref()?;
    let placed = subject.leaves.iter().zip(direction);
    let directions: Vec<_> = placed.filter_map(|(l, d)| Some((l.position?, d.clone()))).collect();
    let tangents = replay.tangents(&directions);
    let forward = tangents.last()?.as_ref().map_or(0.0, |d| dot(d.data(), contracted.cotangent.data()));
    let (reverse, bar) = reverse(subject, direction);
    let mut identity = Identity { forward, reverse, bar, operation: None };
    if !forward.is_finite() || !reverse.is_finite() {
        // An infinite derivative times a direction is nothing to compare.
        return None;
    }
    if !identity.holds() {
        identity.operation = disagreeing(replay, &tangents);
    }
    Some(identity)
}

/// The gradient along a direction, and how far another method may be from it by rounding.
pub(crate) fn reverse(subject: &Subject<'_>, direction: &[Tensor<f64>]) -> (f64, f64) {
    let placed = || subject.leaves.iter().zip(direction);
    let reverse = placed().map(|(l, d)| dot(l.analytic.data(), d.data())).sum();
    let terms = |a: &[f64], d: &Tensor<f64>| a.iter().zip(d.data()).map(|(a, d)| (a * d).abs()).sum::<f64>();
    let bar = placed().map(|(l, d)| APART * terms(&l.rounding, d) + SUMS * terms(l.analytic.data(), d)).sum();
    (reverse, bar)
}

/// A node in words: its id, the operation, the line.
pub(crate) fn place(replay: &Replay<f64>, node: usize) -> String {
    let entry = &replay.entries()[node];
    let line = entry.line.map_or(String::new(), |_| format!(" ({})", graph::place(entry.line, entry.layer.as_deref())));
    let id = entry.id.map_or(String::new(), |id| format!("node {id} "));
    let name = if let NodeKind::Op(op) = &entry.kind { op.name() } else { "leaf".into() };
    format!("{id}`{name}`{line}")
}

/// The first operation whose forward rule, at the tangents of this run, disagrees with its reverse rule.
fn disagreeing(replay: &Replay<f64>, tangents: &[Option<Tensor<f64>>]) -> Option<String> {
    let entries = replay.entries();
    entries.iter().enumerate().find_map(|(node, entry)| {
        let NodeKind::Op(op) = &entry.kind else { return None };
        let y = replay.real(node)?;
        let args = replay.args(node);
        let g = y.map(|y| 1.0 + 0.5 * y.sin());
        let wrong = entry.active_arguments(entries).into_iter().find(|k| {
            let Some(d) = &tangents[entry.parents[*k]] else { return false };
            let forward = op.jvp(*k, d.clone(), Args(&args), y);
            let reverse = op.vjp(*k, g.clone(), Args(&args), y);
            let size: f64 = reverse.data().iter().zip(d.data()).map(|(a, b)| (a * b).abs()).sum();
            (dot(forward.data(), g.data()) - dot(reverse.data(), d.data())).abs() > 1e-9 * size
        })?;
        Some(format!("{}, argument {wrong}", place(replay, node)))
    })
}

/// How fast the remainder |φ(h) − φ(0) − h φ′| falls with `h`: the median, over pairs of neighbouring steps, of the power
/// of the step. `None` if it is round-off at all of them.
pub(crate) fn taylor(contracted: &mut Contracted<'_>, direction: &[Tensor<f64>], derivative: f64) -> Option<f64> {
    let slope = contracted.slope(Along::Direction(direction));
    let noise = slope.bar * slope.curve.iter().map(|(h, _)| *h).fold(f64::INFINITY, f64::min);
    let steps: Vec<f64> = (4..40).map(|k| 2f64.powi(-k)).collect();
    let remainder = |h: f64| {
        let (delta, size) = contracted.difference(Along::Direction(direction), h)?;
        let floor = 64.0 * super::extrapolation::UNIT * size + noise.min(f64::MAX);
        let remainder = (delta - h * derivative).abs();
        (remainder > floor).then_some(remainder)
    };
    let remainders: Vec<Option<f64>> = steps.into_iter().map(remainder).collect();
    let mut powers: Vec<f64> =
        remainders.windows(2).filter_map(|pair| Some((pair[0]? / pair[1]?).log2())).filter(|p| p.is_finite()).collect();
    powers.sort_by(f64::total_cmp);
    powers.get(powers.len() / 2).copied()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
