//! Numbers that leave the tape: the function itself does something else than its replay.

use super::draws::{Random, direction_of};
use super::pattern::Pattern;
use super::report::{Element, Report};
use super::slope::Slope;
use super::subject::{Escape, Subject, projected};
use super::verdict::Verdict;
use crate::tensor::Tensor;

/// The displacements at which the two are compared, relative to the size over which the function varies. What differs at
/// all of them differs however short the step.
const STEPS: [f64; 3] = [0.05, 0.05 / 16.0, 0.05 / 256.0];

/// For a function that is replayed in f64: whether the function itself, in its own float type, does something else than
/// its replay when an element moves. On both sides: a number that depends on the element entered as a constant. On one,
/// however short the step: the function takes another branch there.
pub(crate) fn of_element(subject: &mut Subject<'_>, leaf: usize, i: usize, slope: &Slope) -> Option<Verdict> {
    if !subject.leaves[leaf].is_argument || subject.called.is_some() {
        return None;
    }
    let unit = |x: &Tensor<f64>| {
        let mut unit = Tensor::zeros(x.shape());
        unit.data_mut()[i] = slope.scale;
        unit
    };
    let matters = slope.value.abs().max(slope.natural) * slope.scale;
    escaped(subject, leaf, &unit(&subject.point()[leaf].clone()), matters).map(|(verdict, _)| verdict)
}

/// The same for each parameter that the function lifts, along a direction in all its elements: the function is called with
/// the parameter changed, on the tape and beside it.
pub(crate) fn of_parameters(subject: &mut Subject<'_>, report: &mut Report, random: &mut Random) {
    for leaf in 0..subject.leaves.len() {
        let Some(x) = subject.point().get(leaf).cloned() else { continue };
        if !subject.leaves[leaf].is_parameter || x.is_empty() || subject.escapes.is_none() {
            continue;
        }
        let direction = direction_of(&x, random);
        let Some((Verdict::Fail, escape)) = escaped(subject, leaf, &direction, 0.0) else { continue };
        let all: Vec<Tensor<f64>> = subject.point().iter().map(|x| Tensor::zeros(x.shape())).collect();
        let all: Vec<Tensor<f64>> =
            (0..all.len()).map(|k| if k == leaf { direction.clone() } else { all[k].clone() }).collect();
        report.directions.push(Element {
            name: format!("{} as a whole", subject.leaves[leaf].name),
            leaf,
            position: Vec::new(),
            analytic: projected(subject, &all).0,
            numeric: escape.called / STEPS[STEPS.len() - 1],
            bar: escape.rounding / STEPS[STEPS.len() - 1],
            sides: None,
            unseen: None,
            verdict: Verdict::Fail,
            pattern: Some(Pattern::StaleConstant),
        });
    }
}

/// Whether the function and its replay part along a direction in a leaf, and by how much at the shortest step. `matters` is
/// a change over the whole direction beside which a difference counts.
fn escaped(subject: &mut Subject<'_>, leaf: usize, direction: &Tensor<f64>, matters: f64) -> Option<(Verdict, Escape)> {
    let tolerance = subject.tolerance;
    let escapes = subject.escapes.as_mut()?;
    let mut differs = |t: f64| {
        escapes(leaf, &(direction * t)).filter(|e| {
            let apart = (e.called - e.replayed).abs();
            let size = e.called.abs().max(e.replayed.abs()).max(matters * t.abs());
            apart > 4.0 * e.rounding && apart > tolerance * size
        })
    };
    let mut found = None;
    for t in STEPS {
        found = match (differs(t), differs(-t)) {
            (None, None) => return None,
            (Some(right), Some(_)) => Some((Verdict::Fail, right)),
            (Some(side), None) | (None, Some(side)) => Some((Verdict::Kink, side)),
        };
    }
    found
}
