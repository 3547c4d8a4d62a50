//! Activations that no gradient passes: dead ones and saturated ones.

use std::collections::BTreeMap;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Any, Arg, Args, Float, NodeKind, Op, Tensor, Value, try_with};

use super::{Concern, Looked, Remark, along, unit_axis};
use crate::rule::{rule, value_and_slope};

/// Far out, where an activation is as flat as it becomes.
const FAR: f64 = 30.0;
/// Of its steepest slope; `atan` and `softsign` have a thousandth left that far out.
const LEVEL: f64 = 2e-3;
/// An activation is saturated where its slope is below this share of the steepest: beyond 3 for tanh, 6 for a sigmoid.
const SATURATED: f64 = 0.01;
/// A side is flat without any slope worth the name.
const NOTHING: f64 = 1e-6;
/// A slope above this is no activation's: an exponential is flat on the left too.
const STEEP: f64 = 2.0;
/// Below this an output is taken for a loss that is done.
const DONE: f64 = 0.01;

const REVIVE: &str = "lower the rate, begin with smaller weights or with biases above 0, or take an activation with a slope on both sides";
const DESATURATE: &str = "scale the inputs, begin with smaller weights, or lower the rate";

/// How an operation bends by one operand: where it is flat, and its steepest slope.
#[derive(Clone, Copy)]
struct Bend {
    both: bool,
    steepest: f64,
}

impl Bend {
    fn is_flat(self, slope: f64) -> bool {
        slope.abs() <= self.steepest * if self.both { SATURATED } else { NOTHING }
    }

    fn concern(self) -> Concern {
        if self.both { Concern::Saturated } else { Concern::Dead }
    }
}

/// Nodes of numbers that one line recorded by one operation, each with whether it is flat.
type Alike = BTreeMap<(String, String), (Bend, Vec<(usize, bool)>)>;

impl<F: Float> Looked<'_, F> {
    pub(super) fn stuck(&self, remarks: &mut Vec<Remark>) {
        let nodes = &self.view.graph.nodes;
        let mut alike = Alike::new();
        for index in (0..nodes.len()).filter(|index| self.reached[*index]) {
            let Some((bend, slopes)) = self.bent(index) else { continue };
            let flat: Vec<bool> = slopes.data().iter().map(|x| bend.is_flat(Float::to_f64(*x))).collect();
            let some = flat.contains(&true);
            if !some && slopes.len() > 1 || some && self.is_done(index, bend) {
                continue;
            }
            match slopes.shape().rank() {
                // Without lines nothing says which belong together.
                0 => {
                    let line = if self.view.lines { nodes[index].place() } else { index.to_string() };
                    let line = alike.entry((line, nodes[index].name())).or_insert((bend, Vec::new()));
                    line.1.push((index, flat[0]));
                }
                _ => remarks.extend(self.stuck_units(index, bend, slopes.shape(), &flat)),
            }
        }
        remarks.extend(alike.into_values().filter_map(|(bend, line)| self.stuck_line(bend, &line)));
    }

    /// What is to be said of a tensor: units that are flat for all samples, or most of it.
    fn stuck_units(&self, index: usize, bend: Bend, shape: &[usize], flat: &[bool]) -> Option<Remark> {
        let (count, all, samples) = (flat.iter().filter(|flat| **flat).count(), flat.len(), shape[0]);
        let units = unit_axis(shape.len()).filter(|_| samples > 1).map_or(Vec::new(), |axis| along(shape, axis, flat));
        let stuck = units.iter().filter(|unit| unit.iter().all(|flat| *flat)).count();
        let word = if bend.both { "saturated" } else { "dead" };
        let what = match stuck {
            1.. => format!("{stuck} of {} units are {word}: flat on all {samples} samples", units.len()),
            0 if count == all => format!("all {all} numbers are {word}: flat there"),
            0 if bend.both && 2 * count >= all => format!("{count} of {all} numbers are {word}: nearly flat there"),
            _ => return None,
        };
        let share = if stuck > 0 { stuck as f64 / units.len() as f64 } else { count as f64 / all as f64 };
        Some(Remark { share, ..self.stuck_remark(index, bend, what) })
    }

    /// What is to be said of numbers that one line recorded.
    fn stuck_line(&self, bend: Bend, line: &[(usize, bool)]) -> Option<Remark> {
        let (count, all) = (line.iter().filter(|(_, flat)| *flat).count(), line.len());
        let (first, _) = line.iter().find(|(_, flat)| *flat)?;
        let value = self.numbers(*first)?.item();
        let word = if bend.both { "saturated" } else { "dead" };
        let what = match (count, all) {
            (1, 1) => format!("it is {word}: flat where its value is {value}"),
            _ if count == all => format!("all {all} numbers of this line are {word}: flat there"),
            _ if bend.both && 2 * count >= all => {
                format!("{count} of {all} numbers of this line are {word}: nearly flat there")
            }
            _ => return None,
        };
        Some(Remark { share: count as f64 / all as f64, ..self.stuck_remark(*first, bend, what) })
    }

    fn stuck_remark(&self, index: usize, bend: Bend, what: String) -> Remark {
        let what = format!("{what}, so that {} gradient passes", if bend.both { "hardly any" } else { "no" });
        self.remark(bend.concern(), index, what, if bend.both { DESATURATE } else { REVIVE })
    }

    /// Whether an activation is the last before a loss that is as good as done: then it may be sure of itself.
    fn is_done(&self, index: usize, bend: Bend) -> bool {
        let small = self.numbers(self.output).is_some_and(|y| y.data().iter().all(|y| Float::to_f64(*y).abs() < DONE));
        bend.both && small && index != self.output && !self.is_hidden(index)
    }

    /// Whether something that is learned comes between a node and the output.
    pub(super) fn is_hidden(&self, index: usize) -> bool {
        let nodes = &self.view.graph.nodes;
        let mut after = vec![false; nodes.len()];
        after[index] = true;
        (index + 1..=self.output).any(|k| {
            after[k] = self.carried(k).any(|(_, parent)| after[parent]);
            after[k] && self.reached[k] && self.carried(k).any(|(_, parent)| !after[parent])
        })
    }

    /// How a node bends by the one operand that a gradient flows through, and its slopes there; `None` for what is no activation.
    fn bent(&self, index: usize) -> Option<(Bend, Tensor<F>)> {
        let nodes = &self.view.graph.nodes;
        let (NodeKind::Op(op), Some(y)) = (&nodes[index].kind, self.numbers(index)) else { return None };
        let mut carried = self.carried(index);
        let ((arg, _), None) = (carried.next()?, carried.next()) else { return None };
        op.formulas()?;
        let operands: Vec<&Value<F>> = nodes[index].parents.iter().map(|parent| &nodes[*parent].value).collect();
        let others = operands.iter().enumerate().filter(|(k, _)| *k != arg);
        if !others.map(|(_, operand)| operand).all(|operand| matches!(operand, Any::Real(t) if t.len() == 1)) {
            return None;
        }
        let bend = bend(op, arg, &operands)?;
        let args: Vec<Arg<'_, Tensor<F>>> = operands.iter().map(|operand| operand.as_arg()).collect();
        let ones = Tensor::full(y.shape().clone(), F::one());
        let slopes = try_with(|| rule(op, arg, ones, Args(&args), y)).ok()?;
        Some((bend, slopes))
    }
}

/// Whether an operation is flat by an operand far out, on one side or on both, where the others are as they are.
fn bend<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>]) -> Option<Bend> {
    let slope = |x: f64| slope_at(op, arg, operands, x).filter(|slope| slope.is_finite());
    let (left, middle, right) = (slope(-FAR)?.abs(), slope(0.0)?.abs(), slope(FAR)?.abs());
    if left.max(right) <= LEVEL * middle {
        return Some(Bend { both: true, steepest: middle });
    }
    let steepest = left.max(middle).max(right);
    let one = left.min(right) <= NOTHING * steepest && left.max(right) >= 0.5 * steepest && steepest <= STEEP;
    one.then_some(Bend { both: false, steepest })
}

/// The derivative by an operand where that is `x`.
pub(super) fn slope_at<F: Float>(op: &AnyOp, arg: usize, operands: &[&Value<F>], x: f64) -> Option<f64> {
    value_and_slope(op, arg, operands, x).map(|[_, slope]| slope)
}
