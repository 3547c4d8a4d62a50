//! Each operation alone, at its recorded inputs, with a random cotangent that is not constant.
//!
//! A wrong gradient at the end of a graph says that some rule is wrong; here each rule is asked by itself. A fault behind
//! a saturated operation, which no gradient passes, is found too. Where an operation's own derivative is too small to be
//! measured at the recorded inputs (a saturated tanh, a dead rectifier), its rule is asked at other inputs of ordinary
//! size as well.

use smallvec::SmallVec;

use super::extrapolation::UNIT;
use super::function::{Along, Contracted, largest, replayed};
use super::pattern::{Evidence, Pattern};
use super::random::{Random, direction_of};
use super::report::Operation;
use super::roundoff::roundoff;
use super::rules::{Broken, Rules};
use super::slope::Slope;
use super::verdict::{Judgement, Verdict, judge, stated_bar};
use crate::ops::AnyOp;
use crate::rule::algebra::{Any, Args};
use crate::rule::op::{Op, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::transform::replay::Replay;

/// Elements of an argument that are all measured; of more, a sample and some directions are.
pub(crate) const ELEMENTS: usize = 256;
const SAMPLED: usize = 64;
const DIRECTIONS: usize = 4;
/// Other inputs that are tried.
const ATTEMPTS: usize = 6;

/// An operation alone, measured: what its rules are judged by.
pub(crate) struct Measured {
    replay: Replay<f64>,
    cotangent: Tensor<f64>,
    /// The cotangent that the graph gives the operation, where there is one.
    graph: Option<Tensor<f64>>,
    /// Whether forward rules are asked.
    forward: bool,
    arguments: Vec<Argument>,
    /// The same at inputs of ordinary size, where the recorded ones do not say enough.
    elsewhere: Option<Box<Measured>>,
    pub(crate) evaluations: usize,
}

struct Argument {
    index: usize,
    elements: Vec<(usize, Slope)>,
    directions: Vec<(Tensor<f64>, Slope)>,
}

/// What is said of the rule of one argument.
struct Judged {
    argument: usize,
    judgement: Judgement,
    /// Some derivative that is not zero was measured as well as it needs to be.
    seen: bool,
    worst: Worst,
}

/// The element that the judgement is due to.
#[derive(Clone, Copy, Default)]
struct Worst {
    element: Option<usize>,
    analytic: f64,
    numeric: f64,
    bar: f64,
}

impl Measured {
    /// Measures an operation at some arguments, of which those `active` carry a gradient. `None` if it has no value.
    pub(crate) fn new(
        op: &AnyOp,
        args: &[Value<f64>],
        active: &[usize],
        tolerance: f64,
        random: &mut Random,
    ) -> Option<Self> {
        let mut measured = Self::at(op, args, active, tolerance, random)?;
        let unsure = |j: &Judged| !j.seen || !matches!(j.judgement, Judgement::Pass | Judgement::Fail);
        if measured.judge_here(op, tolerance).iter().any(unsure) {
            // Inputs at which every rule gives something, or the last that have a value.
            for attempt in 0..ATTEMPTS {
                let args = ordinary(args, attempt % 2 == 1, random);
                let Some(elsewhere) = Self::at(op, &args, active, tolerance, random) else { continue };
                measured.evaluations += elsewhere.evaluations;
                let seen = elsewhere.judge_here(op, tolerance).iter().all(|j| j.seen);
                measured.elsewhere = Some(Box::new(elsewhere));
                if seen {
                    break;
                }
            }
        }
        Some(measured)
    }

    /// As part of a graph that gives it the cotangent `graph`; whether its forward rules are asked too.
    pub(crate) fn in_graph(self, graph: Option<Tensor<f64>>, forward: bool) -> Self {
        Measured { graph, forward, ..self }
    }

    fn at(op: &AnyOp, args: &[Value<f64>], active: &[usize], tolerance: f64, random: &mut Random) -> Option<Self> {
        let replay = Replay::of_op(op, args.to_vec()).ok()?;
        let Any::Real(y) = &replay.values()[replay.len() - 1] else { return None };
        if !y.data().iter().all(|y| y.is_finite()) {
            return None;
        }
        let cotangent = random.weights(y.shape());
        let real: Vec<usize> = (0..args.len()).filter(|k| matches!(args[*k], Any::Real(_))).collect();
        let point: Vec<Tensor<f64>> = real.iter().filter_map(|k| replay.real(*k).cloned()).collect();
        let mut contracted = Contracted {
            function: replayed(&replay, real.iter().copied().map(Some).collect()),
            value: y.clone(),
            cotangent: cotangent.clone(),
            floor: roundoff_of_output(&replay, random),
            opaque: false,
            tolerance,
            point,
        };
        let mut evaluations = 0;
        let mut arguments = Vec::new();
        for index in active {
            let Some(leaf) = real.iter().position(|k| k == index) else { continue };
            let x = contracted.point[leaf].clone();
            let chosen = if x.len() <= ELEMENTS { (0..x.len()).collect() } else { random.sample(SAMPLED, x.len()) };
            let elements: Vec<_> = chosen.into_iter().map(|i| (i, contracted.slope(Along::Element(leaf, i)))).collect();
            let count = if x.len() <= ELEMENTS { 0 } else { DIRECTIONS };
            let directions: Vec<_> = (0..count)
                .map(|_| {
                    let direction = direction_of(&x, random);
                    let mut all: Vec<Tensor<f64>> = contracted.point.iter().map(|t| Tensor::zeros(t.shape())).collect();
                    all[leaf] = direction.clone();
                    (direction, contracted.slope(Along::Direction(&all)))
                })
                .collect();
            let slopes = elements.iter().map(|e| &e.1).chain(directions.iter().map(|d| &d.1));
            evaluations += slopes.map(|s| s.evaluations).sum::<usize>();
            arguments.push(Argument { index: *index, elements, directions });
        }
        drop(contracted);
        Some(Measured { replay, cotangent, graph: None, forward: true, arguments, elsewhere: None, evaluations })
    }

    /// Whether every element of every argument was measured.
    pub(crate) fn is_complete(&self) -> bool {
        self.arguments.iter().all(|a| a.directions.is_empty())
    }

    /// Judges the rules of `op`, which computes what the measured operation does.
    pub(crate) fn judge(&self, op: &AnyOp, tolerance: f64) -> Vec<Operation> {
        let mut all = self.judge_reverse(op, tolerance);
        for at in [Some(self), self.elsewhere.as_deref()].into_iter().flatten() {
            at.judge_linear(op, self.forward, &mut all);
        }
        all
    }

    /// Whether the rules of `op` are linear, and agree with each other: says so of each argument that nothing is said
    /// against yet, and adds the forward rules that are wrong.
    fn judge_linear(&self, op: &AnyOp, forward: bool, all: &mut Vec<Operation>) {
        let last = self.replay.len() - 1;
        let (args, y) = (self.replay.args(last), self.replay.output());
        let need: SmallVec<[usize; 3]> = self.arguments.iter().map(|a| a.index).collect();
        let rules = Rules { op, args: &args, y, need: &need };
        let replay = self.replay.with_op(last, op.clone());
        let errors = roundoff(&replay, &self.cotangent, &mut Random::new(0)).leaves;
        for (argument, cotangent) in need.iter().copied().zip(rules.reverse(&self.cotangent)) {
            if all.iter().any(|o| o.argument == argument && o.verdict == Verdict::Fail) {
                continue;
            }
            let Some(operation) = all.iter_mut().find(|o| o.argument == argument) else { continue };
            let units = errors[argument].as_deref().unwrap_or(&[]);
            if let Some(broken) = rules.reverse_broken(argument, &self.cotangent, self.graph.as_ref(), units) {
                operation.breaks(broken, cotangent.shape());
            } else if forward
                && let Ok(Some(broken)) = rules.forward_broken(argument, &self.cotangent, &cotangent, units)
            {
                let mut rule = Operation { forward: true, elsewhere: false, ..operation.clone() };
                rule.breaks(broken, y.shape());
                all.push(rule);
            }
        }
    }

    /// Judges the reverse rule by what was measured.
    fn judge_reverse(&self, op: &AnyOp, tolerance: f64) -> Vec<Operation> {
        let (here, there) = (self.judge_here(op, tolerance), self.elsewhere.as_ref());
        let there = there.map(|m| (&**m, m.judge_here(op, tolerance)));
        let mut all = Vec::new();
        for (k, found) in here.into_iter().enumerate() {
            let other = there.as_ref().map(|(m, judged)| (*m, &judged[k]));
            let (at, judged, elsewhere) = match &other {
                Some((m, other)) if other.judgement == Judgement::Fail && found.judgement != Judgement::Fail => {
                    (*m, *other, true)
                }
                _ => (self, &found, false),
            };
            // What is too small here was asked elsewhere.
            let vouched = other.as_ref().is_some_and(|(_, o)| o.judgement == Judgement::Pass);
            let verdict = match judged.judgement {
                Judgement::Fail => Verdict::Fail,
                Judgement::Kink => Verdict::Kink,
                Judgement::Pass => Verdict::Pass,
                Judgement::Resolved | Judgement::Small | Judgement::CannotTell if vouched => Verdict::Pass,
                Judgement::Resolved | Judgement::Small | Judgement::CannotTell => Verdict::CannotTell,
            };
            let x = at.replay.real(judged.argument).map(|x| x.shape().clone()).unwrap_or_default();
            all.push(Operation {
                node: None,
                name: op.name(),
                line: None,
                layer: None,
                argument: judged.argument,
                forward: false,
                verdict,
                pattern: (verdict == Verdict::Fail).then(|| at.pattern(op, judged.argument)).flatten(),
                element: judged.worst.element.map(|i| position(&x, i)),
                analytic: judged.worst.analytic,
                numeric: judged.worst.numeric,
                bar: stated_bar(verdict, judged.worst.analytic, judged.worst.numeric, judged.worst.bar),
                elsewhere,
            });
        }
        all
    }

    fn judge_here(&self, op: &AnyOp, tolerance: f64) -> Vec<Judged> {
        let replay = self.replay.with_op(self.replay.len() - 1, op.clone());
        let gradients = self.gradients(op);
        // The round-off of a rule is that of the operation's own sweep.
        let errors = roundoff(&replay, &self.cotangent, &mut Random::new(0)).leaves;
        self.arguments
            .iter()
            .map(|argument| {
                let a = &gradients[argument.index];
                let zeros = vec![0.0; a.len()];
                let units = errors[argument.index].as_deref().unwrap_or(&zeros);
                let mut judged = Judged {
                    argument: argument.index,
                    judgement: Judgement::Pass,
                    seen: argument.elements.is_empty(),
                    worst: Worst::default(),
                };
                let mut heaviest = -1.0;
                let elements = argument.elements.iter().map(|(i, s)| (Some(*i), a.data()[*i], UNIT * units[*i], s));
                let directions = argument.directions.iter().map(|(d, s)| {
                    let along = |x: &[f64]| x.iter().zip(d.data()).map(|(x, d)| x * d).sum::<f64>();
                    let rounding = units.iter().zip(d.data()).map(|(u, d)| u * d.abs()).sum::<f64>();
                    (None, along(a.data()), UNIT * rounding, s)
                });
                for (element, analytic, rounding, slope) in elements.chain(directions) {
                    let judgement = judge(analytic, rounding, slope, tolerance);
                    judged.seen |= judgement == Judgement::Pass && slope.resolves(tolerance) && analytic != 0.0;
                    let weight = weight(judgement, analytic, slope, rounding);
                    if weight > heaviest {
                        heaviest = weight;
                        let bar = slope.bar + rounding;
                        judged.judgement = judgement;
                        judged.worst = Worst { element, analytic, numeric: slope.value, bar };
                    }
                }
                judged
            })
            .collect()
    }

    /// The cotangents of all arguments by the rule of `op`.
    fn gradients(&self, op: &AnyOp) -> Vec<Tensor<f64>> {
        let last = self.replay.len() - 1;
        let args = self.replay.args(last);
        let zeros = |k: usize| self.replay.real(k).map_or(Tensor::from(0.0), |x| Tensor::zeros(x.shape()));
        let mut all: Vec<Tensor<f64>> = (0..last).map(zeros).collect();
        let need: SmallVec<[usize; 3]> = self.arguments.iter().map(|a| a.index).collect();
        // All at once, as a sweep asks.
        let cotangents = op.cotangents(&need, self.cotangent.clone(), Args(&args), self.replay.output());
        need.iter().zip(cotangents).for_each(|(k, c)| all[*k] = c);
        all
    }

    /// Whether a fault in the rule of `op` changes what it gives here.
    pub(crate) fn differs(&self, op: &AnyOp, other: &AnyOp) -> bool {
        let apart = |a: &Tensor<f64>, b: &Tensor<f64>| largest(&(a - b)) > 1e-9 * largest(a).max(largest(b));
        let here = self.answers(op).iter().zip(&self.answers(other)).any(|(a, b)| apart(a, b));
        here || self.elsewhere.as_ref().is_some_and(|m| m.differs(op, other))
    }

    /// What the rules of `op` give: at the cotangent, at a larger one, and forwards.
    fn answers(&self, op: &AnyOp) -> Vec<Tensor<f64>> {
        let last = self.replay.len() - 1;
        let (args, y) = (self.replay.args(last), self.replay.output());
        let need: SmallVec<[usize; 3]> = self.arguments.iter().map(|a| a.index).collect();
        let rules = Rules { op, args: &args, y, need: &need };
        let mut answers = rules.reverse(&self.cotangent);
        answers.extend(rules.reverse(&(&self.cotangent * 8.0)));
        answers.extend(need.iter().filter_map(|k| rules.forward(*k, self.replay.real(*k)?).ok()));
        answers
    }

    fn pattern(&self, op: &AnyOp, argument: usize) -> Option<Pattern> {
        let measured = self.arguments.iter().find(|a| a.index == argument)?;
        let analytic = self.gradients(op).swap_remove(argument);
        if measured.elements.len() < analytic.len() {
            // From a sample only what holds for each element can be seen.
            let chosen = |f: &dyn Fn(&(usize, Slope)) -> f64| measured.elements.iter().map(f).collect::<Vec<f64>>();
            let (numeric, bars) = (chosen(&|e| e.1.value), chosen(&|e| e.1.bar));
            let sampled = chosen(&|e| analytic.data()[e.0]);
            let shape = Shape::from(sampled.len());
            let evidence = Evidence { shape: &shape, analytic: &sampled, numeric: &numeric, bars: &bars, terms: None };
            return evidence.guess().filter(|p| !matches!(p, Pattern::OffByOne));
        }
        let numeric: Vec<f64> = measured.elements.iter().map(|e| e.1.value).collect();
        let bars: Vec<f64> = measured.elements.iter().map(|e| e.1.bar).collect();
        let terms = self.terms(argument);
        Evidence {
            shape: analytic.shape(),
            analytic: analytic.data(),
            numeric: &numeric,
            bars: &bars,
            terms: Some((self.cotangent.shape(), &terms)),
        }
        .guess()
    }

    /// What each element of the output contributes to the gradient by an argument: plain differences, since a pattern
    /// does not need many digits.
    fn terms(&self, argument: usize) -> Vec<Vec<f64>> {
        let x = self.replay.real(argument).cloned().unwrap_or_else(|| Tensor::from(0.0));
        let mut terms = vec![vec![0.0; x.len()]; self.cotangent.len()];
        for i in 0..x.len() {
            let h = 1e-6 * if x.data()[i] == 0.0 { 1.0 } else { x.data()[i].abs() };
            let at = |t: f64| {
                let mut moved = x.clone();
                moved.data_mut()[i] += t;
                self.replay.with(&[(argument, moved)]).ok()
            };
            let (Some(right), Some(left)) = (at(h), at(-h)) else { continue };
            for (k, term) in terms.iter_mut().enumerate() {
                let difference = right.output().data()[k] - left.output().data()[k];
                term[i] = self.cotangent.data()[k] * difference / (2.0 * h);
            }
        }
        terms
    }
}

impl Operation {
    /// Says that a rule is wrong whatever the derivative is; `shape` is that of its result.
    fn breaks(&mut self, broken: Broken, shape: &Shape) {
        self.verdict = Verdict::Fail;
        self.pattern = Some(broken.pattern);
        self.element = broken.element.map(|i| position(shape, i));
        (self.analytic, self.numeric, self.bar) = (broken.found, broken.expected, broken.bar);
        self.elsewhere = false;
    }
}

/// How much a judgement counts: first what it says, then how far the two are apart.
fn weight(judgement: Judgement, analytic: f64, slope: &Slope, rounding: f64) -> f64 {
    let kind = match judgement {
        Judgement::Pass => 0.0,
        Judgement::Resolved | Judgement::Small => 1.0,
        Judgement::Kink => 2.0,
        Judgement::CannotTell => 3.0,
        Judgement::Fail => 4.0,
    };
    let size = analytic.abs().max(slope.value.abs());
    let apart = (analytic - slope.value).abs().max(slope.bar + rounding) / size;
    kind + if size == 0.0 { 0.0 } else { 0.5 * (apart / (1.0 + apart)).max(0.0) }
}

fn roundoff_of_output(replay: &Replay<f64>, random: &mut Random) -> Vec<f64> {
    let nothing = Tensor::zeros(replay.output().shape());
    roundoff(replay, &nothing, random).output
}

/// Arguments of ordinary size, with the signs of the given ones or positive.
fn ordinary(args: &[Value<f64>], positive: bool, random: &mut Random) -> SmallVec<[Value<f64>; 3]> {
    let mut number = |x: f64| {
        let w = random.weight();
        match x == 0.0 || positive {
            true if positive => w.abs(),
            true => w,
            false => w.abs() * x.signum(),
        }
    };
    let drawn = args.iter().map(|value| match value {
        Any::Real(x) => Any::Real(x.map(&mut number)),
        other => other.clone(),
    });
    let mut drawn: SmallVec<[Value<f64>; 3]> = drawn.collect();
    // Arguments that lay above others, such as the bounds of a range, still do.
    for _ in 0..args.len() {
        for (low, high) in (0..args.len()).flat_map(|low| (0..args.len()).map(move |high| (low, high))) {
            let apart = |all: &[Value<f64>]| Some(range(&all[high])?.0 - range(&all[low])?.1);
            if apart(args).is_some_and(|d| d > 0.0)
                && let (Some(lacks), Any::Real(x)) = (apart(&drawn).filter(|d| *d <= 0.0), &drawn[high])
            {
                drawn[high] = Any::Real(x + (0.5 - lacks));
            }
        }
    }
    drawn
}

/// The smallest and the largest number of an argument; `None` if it has none.
fn range(value: &Value<f64>) -> Option<(f64, f64)> {
    let Any::Real(x) = value else { return None };
    let (low, high) = x.data().iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    (low <= high).then_some((low, high))
}

/// The position of an element along each axis.
pub(crate) fn position(shape: &Shape, flat: usize) -> Vec<usize> {
    shape.strides().iter().zip(shape.iter()).map(|(stride, n)| flat / stride % n).collect()
}
