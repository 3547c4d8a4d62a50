//! What the checker can see in the graph at hand: faults of known kind and size are injected into it.

use std::fmt;

use super::fault::{Fault, Faulty};
use super::node::Measured;
use super::report::Operation;
use super::run::{Checked, judged, name_at, operation_at};
use super::verdict::{Judgement, Verdict, judge};
use crate::ops::AnyOp;
use crate::transform::replay::Replay;

/// Relative faults that are tried: 10⁻² down to 10⁻¹⁴.
const DECADES: std::ops::RangeInclusive<i32> = 2..=14;

/// What became of injected faults: [`Checker::self_test`](super::Checker::self_test).
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// One entry for each fault that was injected.
    pub trials: Vec<Trial>,
    /// For each operation of the graph, the smallest power of ten that showed as a relative fault of its rule.
    pub visible: Vec<Visible>,
    /// Operations in which nothing was injected, since their rules could not be measured or give nothing but zeros.
    pub left_out: usize,
}

/// A fault that was injected.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The position of the operation in the graph.
    pub position: usize,
    /// The operation.
    pub operation: String,
    /// The fault.
    pub fault: Fault,
    /// The verdict on the faulty graph.
    pub verdict: Verdict,
    /// Whether exactly the faulty operation was named.
    pub named: bool,
    /// Whether the derivatives alone, without asking each operation, showed it.
    pub by_derivatives: bool,
}

/// The smallest relative fault that shows in an operation's rule.
#[derive(Clone, Debug)]
pub struct Visible {
    /// The position of the operation in the graph.
    pub position: usize,
    /// The operation.
    pub operation: String,
    /// The fault: its size and every larger power of ten were seen.
    pub smallest: f64,
}

impl SelfTest {
    /// How many of the injected faults had the verdict fail.
    pub fn caught(&self) -> usize {
        self.trials.iter().filter(|t| t.verdict == Verdict::Fail).count()
    }

    /// For how many of them exactly the faulty operation was named.
    pub fn named(&self) -> usize {
        self.trials.iter().filter(|t| t.named).count()
    }

    /// The relative fault that shows in every operation's rule: the largest of the smallest visible ones.
    pub fn smallest_visible(&self) -> f64 {
        self.visible.iter().map(|v| v.smallest).fold(0.0, f64::max)
    }
}

impl fmt::Display for SelfTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.trials.len();
        write!(f, "self-test: {} of {n} injected faults caught, {} named", self.caught(), self.named())?;
        write!(f, "; a relative fault of {:.0e} shows in every rule", self.smallest_visible())?;
        for kind in Fault::ALL {
            let of_kind: Vec<&Trial> = self.trials.iter().filter(|t| t.fault == kind).collect();
            let count = |what: &dyn Fn(&Trial) -> bool| of_kind.iter().filter(|t| what(t)).count();
            let caught = count(&|t| t.verdict == Verdict::Fail);
            let (named, alone) = (count(&|t| t.named), count(&|t| t.by_derivatives));
            let (name, n) = (kind.name(), of_kind.len());
            if n == 0 {
                continue;
            }
            write!(
                f,
                "\n  {name:12} {n:4} injected, {caught:4} caught, {named:4} named, {alone:4} by derivatives alone"
            )?;
        }
        if self.left_out > 0 {
            write!(
                f,
                "\n  {} operations left out: their rules give zeros here, or could not be measured",
                self.left_out
            )?;
        }
        Ok(())
    }
}

/// Injects faults into every operation that was measured.
pub(crate) fn self_test(checked: &Checked<'_>) -> SelfTest {
    let mut test = SelfTest { trials: Vec::new(), visible: Vec::new(), left_out: 0 };
    let Some((_, replay)) = &checked.subject.replayed else { return test };
    for (node, measured) in &checked.nodes {
        let Some(op) = operation_at(replay, *node) else { continue };
        let operation = name_at(replay, *node);
        let faulty = |fault: Fault| AnyOp::new(Faulty::new(op.clone(), fault));
        let shows = |fault: Fault| measured.differs(op, &faulty(fault));
        if !shows(Fault::Sign) {
            test.left_out += 1;
            continue;
        }
        for fault in Fault::ALL.into_iter().filter(|f| shows(*f)) {
            let (rules, by_derivatives) = with_fault(checked, replay, *node, measured, &faulty(fault));
            let named = rules.iter().any(|o| o.verdict == Verdict::Fail) && others_pass(checked, replay, *node);
            let verdict = match named || by_derivatives {
                true => Verdict::Fail,
                false => rules.iter().map(|o| o.verdict).chain([checked.report.verdict]).max().unwrap_or(Verdict::Pass),
            };
            test.trials.push(Trial {
                position: *node,
                operation: operation.clone(),
                fault,
                verdict,
                named,
                by_derivatives,
            });
        }
        let seen = |power: i32| {
            let op = faulty(Fault::Factor(1.0 + 10f64.powi(-power)));
            judged(replay, *node, &op, measured).iter().any(|o| o.verdict == Verdict::Fail)
        };
        let smallest = DECADES.take_while(|power| seen(*power)).last().map_or(1.0, |power| 10f64.powi(-power));
        test.visible.push(Visible { position: *node, operation, smallest });
    }
    test
}

/// The verdicts on the rules of a faulty operation, and whether the derivatives of a graph with it show the fault.
fn with_fault(
    checked: &Checked<'_>,
    replay: &Replay<f64>,
    node: usize,
    measured: &Measured,
    op: &AnyOp,
) -> (Vec<Operation>, bool) {
    let rules = judged(replay, node, op, measured);
    let Some((contracted, _)) = &checked.subject.replayed else { return (rules, false) };
    let gradients = replay.with_op(node, op.clone()).cotangents(contracted.cotangent.clone());
    let by_derivatives = checked.slopes.iter().any(|(l, i, slope)| {
        let leaf = &checked.subject.leaves[*l];
        let analytic = leaf.position.and_then(|p| gradients[p].as_ref()).map_or(0.0, |g| g.data()[*i]);
        judge(analytic, leaf.rounding[*i], slope, checked.subject.tolerance) == Judgement::Fail
    });
    (rules, by_derivatives)
}

/// Whether the rules of all other operations stand.
fn others_pass(checked: &Checked<'_>, replay: &Replay<f64>, node: usize) -> bool {
    let id = replay.entries()[node].id;
    checked.report.operations.iter().all(|o| o.node == id || o.verdict != Verdict::Fail)
}
