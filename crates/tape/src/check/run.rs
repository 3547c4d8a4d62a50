//! A check from beginning to end.

use super::Checker;
use super::complex_step::complex_step;
use super::draws::{Random, direction_of};
use super::escape;
use super::function::Along;
use super::node::{Measured, position};
use super::oracle;
use super::pattern::{Evidence, Pattern};
use super::report::{Element, Operation, Report, StepError};
use super::slope::Slope;
use super::subject::{Subject, projected};
use super::verdict::{Judgement, Verdict, judge, stated_bar};
use crate::error::{Error, caught};
use crate::ops::AnyOp;
use crate::rule::op::{Kind, Op};
use crate::tape::graph::NodeKind;
use crate::tensor::Tensor;
use crate::transform::replay::Replay;

/// What was measured, to be judged again with other rules.
pub(crate) struct Checked<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) report: Report,
    /// Each measured derivative: leaf, element, slope.
    pub(crate) slopes: Vec<(usize, usize, Slope)>,
    /// Each operation alone, by its position in the replay.
    pub(crate) nodes: Vec<(usize, Measured)>,
}

/// Runs all checks.
///
/// # Errors
/// What forward rules reject.
pub(crate) fn run<'a>(options: &Checker, mut subject: Subject<'a>, random: &mut Random) -> Result<Checked<'a>, Error> {
    let mut report = Report {
        verdict: Verdict::Pass,
        float: subject.float,
        order: options.order,
        elements: Vec::new(),
        directions: Vec::new(),
        operations: Vec::new(),
        identity: None,
        complex_step: None,
        taylor: None,
        curve: Vec::new(),
        unchecked: Vec::new(),
        evaluations: 0,
        operation_evaluations: 0,
    };
    let nodes = operations(options, &subject, &mut report, random);
    let smooth = options.smooth || is_smooth(&subject, &report, &nodes);
    let known = Known { sound: is_sound(&subject, &report, &nodes), smooth };
    let slopes = elements(options, &mut subject, &mut report, known, random);
    patterns(&subject, &mut report, &slopes);
    if let Some(worst) = report.worst().first().map(|e| (e.leaf, e.position.clone(), e.analytic)) {
        let found = slopes
            .iter()
            .find(|(leaf, i, _)| (*leaf, position(subject.point()[*leaf].shape(), *i)) == (worst.0, worst.1.clone()));
        let point = |(step, difference): &(f64, f64)| StepError {
            step: *step,
            difference: *difference,
            error: (difference - worst.2).abs(),
        };
        report.curve = found.map_or(Vec::new(), |(_, _, slope)| slope.curve.iter().map(point).collect());
        report.curve.sort_by(|a, b| b.step.total_cmp(&a.step));
    }
    escape::of_parameters(&mut subject, &mut report, random);
    other_methods(options, &mut subject, &mut report, random)?;
    if subject.leaves.iter().any(|l| !l.is_argument && !l.is_parameter && subject.escapes.is_some()) {
        report.unchecked.push("what numbers of leaves that the function makes do beside the tape".into());
    }
    if !subject.held.is_empty() {
        let all = subject.held.join(", ");
        report.unchecked.push(format!(
            "what numbers do that leave the tape: the function is replayed, with the value of {all} held still"
        ));
    }
    let all = report.elements.iter().chain(&report.directions).map(|e| e.verdict);
    // A kink of an operation that no derivative shows is none of the function.
    let rules = report.operations.iter().map(|o| o.verdict).filter(|v| *v != Verdict::Kink);
    let forward = report.identity.as_ref().filter(|i| !i.holds()).map(|_| Verdict::Fail);
    let complex = report.complex_step.as_ref().filter(|c| !c.holds()).map(|_| Verdict::Fail);
    report.verdict = all.chain(rules).chain(forward).chain(complex).max().unwrap_or(Verdict::Pass);
    Ok(Checked { subject, report, slopes, nodes })
}

/// Asks every operation alone.
fn operations(
    options: &Checker,
    subject: &Subject<'_>,
    report: &mut Report,
    random: &mut Random,
) -> Vec<(usize, Measured)> {
    let Some((_, replay)) = &subject.replayed else { return Vec::new() };
    let entries = replay.entries();
    let active: Vec<usize> = (0..replay.len())
        .filter(|node| entries[*node].active && matches!(entries[*node].kind, NodeKind::Op(_)))
        .collect();
    // What is not ours is asked first: nobody else has.
    let (theirs, ours): (Vec<usize>, Vec<usize>) =
        active.iter().copied().partition(|n| operation_at(replay, *n).is_some_and(|op| !op.is_registered()));
    let mut sample = |of: &[usize], count: usize| match of.len() > count {
        false => of.to_vec(),
        true => random.sample(count, of.len()).into_iter().map(|k| of[k]).collect(),
    };
    let mut chosen = sample(&theirs, options.operations);
    chosen.extend(sample(&ours, options.operations - chosen.len()));
    chosen.sort_unstable();
    if chosen.len() < active.len() {
        let (chosen, all) = (chosen.len(), active.len());
        report
            .unchecked
            .push(format!("the rules of {} of {all} operations; a random sample of {chosen} was", all - chosen));
    }
    let forward = options.forward_mode != Some(false);
    let mut cotangents = match &subject.replayed {
        Some((contracted, replay)) => replay.cotangents(contracted.cotangent.clone()),
        None => Vec::new(),
    };
    let mut measured = Vec::new();
    let (mut sampled, mut without_value) = (0, 0);
    for node in chosen {
        let NodeKind::Op(op) = &entries[node].kind else { continue };
        match alone(replay, node, op, random).map(|m| m.in_graph(cotangents[node].take(), forward)) {
            None => without_value += 1,
            Some(m) => {
                sampled += usize::from(!m.is_complete());
                report.operation_evaluations += m.evaluations;
                report.operations.extend(judged(replay, node, op, &m));
                measured.push((node, m));
            }
        }
    }
    if sampled > 0 {
        report.unchecked.push(format!(
            "every element of large arguments of {sampled} operations; random samples and directions were"
        ));
    }
    if without_value > 0 {
        report.unchecked.push(format!("the rules of {without_value} operations whose value is not finite"));
    }
    measured
}

/// A relative error in a rule that must show, whatever the float type: rules are asked in f64.
const OF_A_RULE: f64 = 1e-6;

fn alone(replay: &Replay<f64>, node: usize, op: &AnyOp, random: &mut Random) -> Option<Measured> {
    let entries = replay.entries();
    let args: Vec<_> = entries[node].parents.iter().map(|p| replay.values()[*p].clone()).collect();
    Measured::new(op, &args, &entries[node].active_arguments(entries), OF_A_RULE, random)
}

/// What is said of the rules of an operation of the graph, or of another in its place.
pub(crate) fn judged(replay: &Replay<f64>, node: usize, op: &AnyOp, measured: &Measured) -> Vec<Operation> {
    let entry = &replay.entries()[node];
    let mut operations = measured.judge(op, OF_A_RULE);
    for o in &mut operations {
        (o.node, o.line, o.layer) = (entry.id, entry.line, entry.layer.clone());
    }
    operations
}

/// Whether every rule was asked and is right, and the gradient is what the chain rule makes of them: then a
/// difference that says otherwise is not to be trusted.
fn is_sound(subject: &Subject<'_>, report: &Report, nodes: &[(usize, Measured)]) -> bool {
    let Some((contracted, replay)) = &subject.replayed else { return false };
    let right = report.operations.iter().all(|o| o.verdict <= Verdict::Kink);
    // Of an operation of ours a sample of a large argument is enough: its tests ask every element.
    let asked = |node: usize| {
        let ours = operation_at(replay, node).is_some_and(AnyOp::is_registered);
        nodes.iter().any(|(n, m)| *n == node && (ours || m.is_complete()))
    };
    let operations = (0..replay.len()).filter(|n| replay.entries()[*n].active && operation_at(replay, *n).is_some());
    if !right || !operations.into_iter().all(asked) {
        return false;
    }
    let swept = replay.cotangents(contracted.cotangent.clone());
    subject.leaves.iter().all(|leaf| {
        let zeros = Tensor::zeros(leaf.analytic.shape());
        let g = leaf.position.and_then(|p| swept[p].as_ref()).unwrap_or(&zeros);
        let pairs = g.data().iter().zip(leaf.analytic.data()).zip(&leaf.rounding);
        // NaN is not sound
        pairs.into_iter().all(|((a, b), rounding)| (a - b).abs() <= 2.0 * rounding + 1e-14 * a.abs())
    })
}

/// What is known of a function beside its values.
#[derive(Clone, Copy)]
struct Known {
    /// [`is_sound`]
    sound: bool,
    /// [`is_smooth`]
    smooth: bool,
}

/// Whether the recorded graph has no kink at this point: nothing is chosen by a comparison, and each of its operations is
/// one of ours that has no kink anywhere, or was asked in full and showed none.
fn is_smooth(subject: &Subject<'_>, report: &Report, nodes: &[(usize, Measured)]) -> bool {
    let Some((_, replay)) = &subject.replayed else { return false };
    if report.operations.iter().any(|o| o.verdict == Verdict::Kink) {
        return false;
    }
    let measured = |node: usize| nodes.iter().any(|(n, m)| *n == node && m.is_complete());
    let smooth = |node: usize| match operation_at(replay, node) {
        Some(op) if op.output() != Kind::Real => false,
        Some(op) if replay.entries()[node].active => op.is_registered() && op.at_kinks().is_empty() || measured(node),
        _ => true,
    };
    (0..replay.len()).all(smooth)
}

/// Measures the derivatives by single numbers, and along directions if those are only a sample.
fn elements(
    options: &Checker,
    subject: &mut Subject<'_>,
    report: &mut Report,
    known: Known,
    random: &mut Random,
) -> Vec<(usize, usize, Slope)> {
    let places: Vec<(usize, usize)> =
        subject.leaves.iter().enumerate().flat_map(|(l, leaf)| (0..leaf.analytic.len()).map(move |i| (l, i))).collect();
    let whole = places.len() <= options.limit;
    let chosen: Vec<(usize, usize)> = match whole {
        true => places.clone(),
        false => random.sample(options.sample, places.len()).into_iter().map(|k| places[k]).collect(),
    };
    let (mut slopes, mut judgements) = (Vec::with_capacity(chosen.len()), Vec::with_capacity(chosen.len()));
    for (leaf, i) in chosen {
        let Some(contracted) = subject.function(leaf) else { continue };
        let slope = contracted.slope(Along::Element(leaf, i));
        report.evaluations += slope.evaluations;
        let (element, judgement) = one(subject, leaf, i, &slope, known);
        report.elements.push(element);
        judgements.push(judgement);
        slopes.push((leaf, i, slope));
    }
    parts_of_their_leaves(subject, report, &judgements, &slopes);
    let directions = if whole { options.directions.unwrap_or(0) } else { options.directions.unwrap_or(DIRECTIONS) };
    if !whole {
        report.unchecked.push(format!(
            "{} of {} derivatives by single numbers; a random sample of {} and {directions} random directions were",
            places.len() - slopes.len(),
            places.len(),
            slopes.len()
        ));
    }
    for k in 0..directions {
        let direction: Vec<Tensor<f64>> = subject.point().iter().map(|x| direction_of(x, random)).collect();
        report.directions.extend(along(subject, report.evaluations, k, &direction, known).map(
            |(element, evaluations)| {
                report.evaluations = evaluations;
                element
            },
        ));
    }
    slopes
}

/// The share of a leaf's derivatives that must be measured by themselves for the rest to be judged as parts of it.
const BY_THEMSELVES: f64 = 0.9;

/// Of many derivatives some are small by chance, and cannot be measured to as many digits of their own. Where nearly all of a
/// leaf's are resolved and right, what such a one may be wrong by matters beside them: it passes if that would have shown at
/// the tolerance. Which are few stay as they are: each may be what its user is after.
fn parts_of_their_leaves(
    subject: &Subject<'_>,
    report: &mut Report,
    judgements: &[Judgement],
    slopes: &[(usize, usize, Slope)],
) {
    for (l, leaf) in subject.leaves.iter().enumerate() {
        let of_leaf: Vec<usize> = (0..slopes.len()).filter(|k| slopes[*k].0 == l).collect();
        let passing = of_leaf.iter().filter(|k| report.elements[**k].verdict == Verdict::Pass).count() as f64;
        if passing < BY_THEMSELVES * of_leaf.len() as f64 {
            continue;
        }
        let squares: f64 = of_leaf.iter().map(|k| report.elements[*k].analytic.powi(2)).sum();
        let typical = (squares / of_leaf.len() as f64).sqrt();
        for k in of_leaf {
            let (_, i, slope) = &slopes[k];
            let unsure = report.elements[k].verdict == Verdict::CannotTell;
            let agrees = matches!(judgements[k], Judgement::Resolved | Judgement::Small);
            let wrong_by = slope.bar + leaf.rounding[*i] + slope.unseen();
            if unsure && agrees && wrong_by <= 0.5 * subject.tolerance * typical {
                (report.elements[k].verdict, report.elements[k].unseen) = (Verdict::Pass, None);
            }
        }
    }
}

/// Directions beside a sample of elements.
const DIRECTIONS: usize = 8;

/// Judges one derivative.
fn one(subject: &mut Subject<'_>, leaf: usize, i: usize, slope: &Slope, known: Known) -> (Element, Judgement) {
    let tolerance = subject.tolerance;
    let Leafed { name, at, analytic, rounding } = leafed(subject, leaf, i);
    let mut judgement = judge(analytic, rounding, slope, tolerance);
    let mut pattern = None;
    if judgement == Judgement::Fail {
        // Does the recorded graph have the derivative that the function does not?
        let called = subject.called.is_some() && subject.leaves[leaf].is_argument;
        let replayed = subject.replay_function().filter(|_| called).map(|f| f.slope(Along::Element(leaf, i)));
        let agrees = replayed.map(|s| judge(analytic, rounding, &s, tolerance));
        match agrees {
            Some(Judgement::Pass | Judgement::Resolved | Judgement::Small | Judgement::Kink) => {
                pattern = Some(Pattern::StaleConstant)
            }
            _ if known.sound => judgement = Judgement::CannotTell,
            _ => {}
        }
    }
    let mut verdict = settled(judgement, known);
    if verdict < Verdict::Fail
        && let Some(escaped) = escape::of_element(subject, leaf, i, slope)
    {
        verdict = verdict.max(escaped);
        pattern = (escaped == Verdict::Fail).then_some(Pattern::StaleConstant);
    }
    let element = Element {
        name,
        leaf,
        position: at,
        analytic,
        numeric: slope.value,
        bar: stated_bar(verdict, analytic, slope.value, slope.bar + rounding),
        sides: (slope.is_kink(tolerance) || slope.edge).then(|| slope.sides()),
        unseen: unseen_kink(judgement, verdict, slope),
        verdict,
        pattern,
    };
    (element, judgement)
}

/// The jump of a kink that might be here unseen, if that alone is why a derivative is "cannot tell".
fn unseen_kink(judgement: Judgement, verdict: Verdict, slope: &Slope) -> Option<f64> {
    (judgement == Judgement::Resolved && verdict == Verdict::CannotTell).then(|| 2.0 * slope.unseen())
}

/// A derivative that is small beside the function is vouched for by the rules, if those are; that there is no kink, by
/// the operations.
fn settled(judgement: Judgement, known: Known) -> Verdict {
    match judgement {
        Judgement::Pass => Verdict::Pass,
        Judgement::Resolved if known.sound || known.smooth => Verdict::Pass,
        Judgement::Small if known.sound => Verdict::Pass,
        Judgement::Resolved | Judgement::Small | Judgement::CannotTell => Verdict::CannotTell,
        Judgement::Kink => Verdict::Kink,
        Judgement::Fail => Verdict::Fail,
    }
}

struct Leafed {
    name: String,
    at: Vec<usize>,
    analytic: f64,
    rounding: f64,
}

fn leafed(subject: &Subject<'_>, leaf: usize, i: usize) -> Leafed {
    let l = &subject.leaves[leaf];
    let at = position(l.analytic.shape(), i);
    let name = if at.is_empty() { l.name.clone() } else { format!("{}{at:?}", l.name) };
    Leafed { name, at, analytic: l.analytic.data()[i], rounding: l.rounding[i] }
}

/// Judges the derivative along a direction in all leaves.
fn along(
    subject: &mut Subject<'_>,
    evaluations: usize,
    k: usize,
    direction: &[Tensor<f64>],
    known: Known,
) -> Option<(Element, usize)> {
    let tolerance = subject.tolerance;
    let slope = subject.whole()?.slope(Along::Direction(direction));
    let (analytic, rounding) = projected(subject, direction);
    let judgement = match judge(analytic, rounding, &slope, tolerance) {
        Judgement::Fail if known.sound => Judgement::CannotTell,
        other => other,
    };
    let verdict = settled(judgement, known);
    let element = Element {
        name: format!("direction {k}"),
        leaf: k,
        position: Vec::new(),
        analytic,
        numeric: slope.value,
        bar: stated_bar(verdict, analytic, slope.value, slope.bar + rounding),
        sides: slope.is_kink(tolerance).then(|| slope.sides()),
        unseen: unseen_kink(judgement, verdict, &slope),
        verdict,
        pattern: None,
    };
    Some((element, evaluations + slope.evaluations))
}

/// Guesses how the gradient of each leaf is wrong.
fn patterns(subject: &Subject<'_>, report: &mut Report, slopes: &[(usize, usize, Slope)]) {
    for (l, leaf) in subject.leaves.iter().enumerate() {
        let of_leaf: Vec<&Slope> = slopes.iter().filter(|(at, ..)| *at == l).map(|(_, _, s)| s).collect();
        let wrong = |e: &&mut Element| e.leaf == l && e.verdict == Verdict::Fail && e.pattern.is_none();
        if of_leaf.len() < leaf.analytic.len() || !report.elements.iter_mut().any(|e| wrong(&e)) {
            continue;
        }
        let numeric: Vec<f64> = of_leaf.iter().map(|s| s.value).collect();
        let bars: Vec<f64> = of_leaf.iter().map(|s| s.bar).collect();
        let evidence = Evidence {
            shape: leaf.analytic.shape(),
            analytic: leaf.analytic.data(),
            numeric: &numeric,
            bars: &bars,
            terms: None,
        };
        let pattern = evidence.guess();
        report.elements.iter_mut().filter(wrong).for_each(|e| e.pattern = pattern);
    }
}

/// Forward mode, a complex step, and the remainder of the Taylor expansion.
fn other_methods(
    options: &Checker,
    subject: &mut Subject<'_>,
    report: &mut Report,
    random: &mut Random,
) -> Result<(), Error> {
    let direction: Vec<Tensor<f64>> = subject.point().iter().map(|x| direction_of(x, random)).collect();
    let (derivative, _) = projected(subject, &direction);
    if let Some(function) = subject.whole() {
        report.taylor = oracle::taylor(function, &direction, derivative);
    }
    if subject.replayed.is_none() {
        return Ok(());
    }
    let identity = match options.forward_mode {
        Some(false) => Err("it was not asked".to_string()),
        _ => match caught(|| Ok(oracle::identity(subject, &direction))) {
            Ok(identity) => Ok(identity),
            // Whoever asks for it must have it.
            Err(Error::NoRule { op, .. }) if options.forward_mode.is_none() => {
                Err(format!("`{op}` has no forward rule"))
            }
            Err(other) => return Err(other),
        },
    };
    // A formula that is analytic beside a kink is so nowhere near: its branches meet there.
    if report.elements.iter().chain(&report.directions).any(|e| e.verdict == Verdict::Kink) {
        report.unchecked.push("a complex step: the function has a kink here".into());
    } else {
        report.complex_step = complex_step(subject, &direction, identity.is_ok());
    }
    match identity {
        Ok(identity) => report.identity = identity,
        Err(reason) => report.unchecked.push(format!("forward mode: {reason}")),
    }
    Ok(())
}

/// The operation at a node.
pub(crate) fn operation_at(replay: &Replay<f64>, node: usize) -> Option<&AnyOp> {
    match &replay.entries()[node].kind {
        NodeKind::Op(op) => Some(op),
        _ => None,
    }
}

/// The operation's name at a node, for tables.
pub(crate) fn name_at(replay: &Replay<f64>, node: usize) -> String {
    operation_at(replay, node).map_or(String::new(), Op::name)
}
