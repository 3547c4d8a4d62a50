//! The round-off of a gradient, measured by disturbing every operation of the graph.
//!
//! Each operation is given arguments moved by random multiples of what rounding can do to them, forwards and backwards,
//! and the change of the result is carried on (Monte Carlo arithmetic, Parker 1997). The moves are made much larger than
//! rounding and the changes scaled back, so that they are seen above it; a change that is not proportional to the move
//! (a branch was crossed, or values that belong together were taken apart) says nothing about rounding and is left out.
//!
//! Everything here is in units: times the rounding of the float type it is an error.

use smallvec::SmallVec;

use super::extrapolation::UNIT;
use super::random::Random;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::{Op, Value};
use crate::tape::graph::NodeKind;
use crate::tensor::Tensor;
use crate::transform::replay::Replay;

/// The size of a move, relative to the argument. Its square is near the rounding of f64, so that neither curvature nor
/// rounding disturb what is measured by more than a part in a thousand.
const MOVE: f64 = 1.0 / (1 << 26) as f64;
/// How often a move is made smaller if the change is not proportional to it, and by how much.
const RUNGS: i32 = 4;
const RUNG: f64 = 1.0 / 256.0;
/// An argument that has lost as many of its digits moves so far by rounding that it is moved as far.
const LOST: f64 = 1.0 / 4096.0;
/// Disturbed runs; the largest change counts.
const RUNS: usize = 3;
/// How many times the largest change of few runs an error may be.
const SAFETY: f64 = 8.0;

/// The round-off of an output and of a gradient, in units.
pub(crate) struct Roundoff {
    /// Of each element of the output.
    pub(crate) output: Vec<f64>,
    /// Of each element of each leaf's gradient, by the leaf's position; `None` where the output does not reach it.
    pub(crate) leaves: Vec<Option<Vec<f64>>>,
}

/// Measures the round-off of the output of `replay` and of its gradients when the output has the cotangent `seed`.
pub(crate) fn roundoff(replay: &Replay<f64>, seed: &Tensor<f64>, random: &mut Random) -> Roundoff {
    let mut worst = Roundoff { output: vec![1.0; replay.output().len()], leaves: vec![None; replay.len()] };
    worst.output.iter_mut().zip(replay.output().data()).for_each(|(w, y)| *w = y.abs());
    for _ in 0..RUNS {
        let mut run = Run { replay, random, errors: vec![None; replay.len()] };
        run.forward();
        if let Some(Some(e)) = run.errors.last() {
            grow(&mut worst.output, e);
        }
        for (leaf, e) in run.backward(seed).into_iter().enumerate() {
            if let Some(e) = e.filter(|_| replay.entries()[leaf].kind == NodeKind::Var) {
                grow(worst.leaves[leaf].get_or_insert_with(|| vec![0.0; e.len()]), &e);
            }
        }
    }
    worst
}

fn grow(worst: &mut [f64], e: &Tensor<f64>) {
    worst.iter_mut().zip(e.data()).for_each(|(w, e)| *w = w.max((SAFETY * e.abs()).min(f64::MAX)));
}

struct Run<'a> {
    replay: &'a Replay<f64>,
    random: &'a mut Random,
    /// The error of each node's value; none where it is exact.
    errors: Vec<Option<Tensor<f64>>>,
}

impl Run<'_> {
    fn forward(&mut self) {
        for (node, entry) in self.replay.entries().iter().enumerate() {
            let (NodeKind::Op(op), Some(y)) = (&entry.kind, self.replay.real(node)) else { continue };
            let moves = self.moves(node);
            let own = self.rounding(y);
            let at = |p: f64| match evaluate(op, Args(&as_args(&moved(&self.values(node), &moves, p)))) {
                Ok(Any::Real(z)) => Some(scaled(&z, y, p)),
                _ => None,
            };
            let p = size_of_step(&self.values(node), &moves);
            let mut error = match response(at, p) {
                Some(change) => change + own,
                None => own,
            };
            if p < LOST * MOVE
                && let Some(actual) = at(UNIT).filter(|a| a.data().iter().all(|x| x.is_finite()))
            {
                // Of an argument that is mostly rounding, the function bends over the error.
                error = larger(&error, &actual);
            }
            self.errors[node] = Some(error);
        }
    }

    /// The errors of the cotangents.
    fn backward(&mut self, seed: &Tensor<f64>) -> Vec<Option<Tensor<f64>>> {
        let mut cotangents: Vec<Option<Tensor<f64>>> = vec![None; self.replay.len()];
        let mut errors: Vec<Option<Tensor<f64>>> = vec![None; self.replay.len()];
        if let Some(last) = cotangents.last_mut() {
            *last = Some(seed.clone());
        }
        let entries = self.replay.entries();
        for (node, entry) in entries.iter().enumerate().rev() {
            let (NodeKind::Op(op), Some(y), Some(g)) = (&entry.kind, self.replay.real(node), cotangents[node].clone())
            else {
                continue;
            };
            let values = self.values(node);
            let y_error = match &self.errors[node] {
                Some(e) => e.clone() + self.rounding(y),
                None => self.rounding(y),
            };
            for k in entry.active_arguments(entries) {
                let args = as_args(&values);
                let c = op.vjp(k, g.clone(), Args(&args), y);
                let mut error = self.rounding(&c);
                if let Some(e) = &errors[node] {
                    error += &op.vjp(k, e.clone(), Args(&args), y);
                }
                let (moves, g_move) = (self.moves(node), self.rounding(&g));
                let at = |p: f64| {
                    let values = moved(&values, &moves, p);
                    let y = y + &(&y_error * p);
                    Some(scaled(&op.vjp(k, &g + &(&g_move * p), Args(&as_args(&values)), &y), &c, p))
                };
                if let Some(change) = response(at, size_of_step(&values, &moves)) {
                    error += &change;
                }
                add_to(&mut cotangents[entry.parents[k]], c);
                add_to(&mut errors[entry.parents[k]], error);
            }
        }
        errors
    }

    fn values(&self, node: usize) -> SmallVec<[Value<f64>; 3]> {
        self.replay.entries()[node].parents.iter().map(|p| self.replay.values()[*p].clone()).collect()
    }

    /// By how much each argument of a node may be off: what it brings, and a rounding of its own, since a sum or product
    /// inside the operation rounds as if its terms had been rounded.
    fn moves(&mut self, node: usize) -> SmallVec<[Option<Tensor<f64>>; 3]> {
        let replay = self.replay;
        let parents = &replay.entries()[node].parents;
        parents
            .iter()
            .map(|p| {
                let own = self.rounding(replay.real(*p)?);
                Some(match &self.errors[*p] {
                    Some(e) => own + e,
                    None => own,
                })
            })
            .collect()
    }

    /// A rounding of each element, of a random size and direction.
    fn rounding(&mut self, x: &Tensor<f64>) -> Tensor<f64> {
        x.map(|x| x * self.random.within(-1.0, 1.0))
    }
}

/// How far arguments may be moved: [`MOVE`] of their size.
fn size_of_step(values: &[Value<f64>], moves: &[Option<Tensor<f64>>]) -> f64 {
    let largest = |t: &Tensor<f64>| t.data().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let relative = values.iter().zip(moves).map(|(value, by)| match (value, by) {
        // Where everything has cancelled, sizes are those of ordinary numbers.
        (Any::Real(x), Some(by)) => largest(by) / if largest(x) > 0.0 { largest(x) } else { 1.0 },
        _ => 0.0,
    });
    MOVE / relative.fold(1.0, f64::max)
}

fn moved(values: &[Value<f64>], moves: &[Option<Tensor<f64>>], p: f64) -> SmallVec<[Value<f64>; 3]> {
    let values = values.iter().zip(moves);
    values
        .map(|(value, by)| match (value, by) {
            (Any::Real(x), Some(by)) => Any::Real(x + &(by * p)),
            _ => value.clone(),
        })
        .collect()
}

fn as_args(values: &[Value<f64>]) -> SmallVec<[Arg<'_, Tensor<f64>>; 3]> {
    values.iter().map(Any::as_arg).collect()
}

fn scaled(moved: &Tensor<f64>, x: &Tensor<f64>, p: f64) -> Tensor<f64> {
    (moved - x) / p
}

/// A change that is proportional to the move, as a change by rounding is; `None` for any other.
fn response(at: impl Fn(f64) -> Option<Tensor<f64>>, p: f64) -> Option<Tensor<f64>> {
    (0..RUNGS).find_map(|k| proportional(&at, p * RUNG.powi(k)))
}

fn proportional(at: impl Fn(f64) -> Option<Tensor<f64>>, p: f64) -> Option<Tensor<f64>> {
    let (large, small) = (at(p)?, at(p / 8.0)?);
    let norm = |t: &Tensor<f64>| {
        t.data().iter().fold(0.0_f64, |m, x| if x.is_finite() { m.max(x.abs()) } else { f64::INFINITY })
    };
    let apart = norm(&(&large - &small));
    (apart.is_finite() && apart <= 0.5 * norm(&large)).then_some(large)
}

/// Of two errors of each element the larger.
fn larger(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
    let pairs = a.data().iter().zip(b.data());
    Tensor::new(a.shape(), pairs.map(|(a, b)| if a.abs() >= b.abs() { *a } else { *b }).collect())
}

fn add_to(slot: &mut Option<Tensor<f64>>, part: Tensor<f64>) {
    match slot {
        None => *slot = Some(part),
        Some(sum) => *sum += &part,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// The measured error of the derivative of `f` at `x`, in units.
    fn error_of(f: impl Fn(Var) -> Var, x: f64) -> f64 {
        let tape = Tape::new();
        let x = tape.var(Tensor::from(x));
        let replay = Replay::of(f(x)).unwrap();
        let found = roundoff(&replay, &Tensor::from(1.0), &mut Random::new(1));
        found.leaves[replay.position(x).unwrap()].as_ref().unwrap()[0]
    }

    #[test]
    fn errors_are_as_large_as_rounding_makes_them() {
        // Each row: a function, a point, and what an error analysis by hand says of the derivative, in units.
        type Row = (&'static str, fn(Var) -> Var, f64, f64);
        let table: &[Row] = &[
            ("3x² has a relative error of a few units", |x| x.powi(3), 2.0, 12.0),
            // y is rounded to a unit of 1, and 1 − y² inherits two
            ("1 − tanh² loses all but the unit of 1", |x| (-x.tanh().square() + 1.0) * x, 15.0, 2.0),
            // an argument of 10⁸ is off by 10⁸ units, and so is a cosine of it
            ("a phase of 10⁸", |x| (x * 1e8).sin(), 0.3, 3e7 * 1e8 * (3e7_f64).sin().abs()),
            // 1 + x is rounded to a unit of 1, which is 10⁹ units of what is left
            ("a cancellation", |x| ((x + 1.0) - 1.0).powi(2), 1e-9, 2.0),
        ];
        let mut failures = String::new();
        for (name, f, x, expected) in table {
            let found = error_of(f, *x);
            if !(found > 0.3 * expected && found < 100.0 * expected) {
                failures += &format!("{name}: {found} instead of {expected}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }

    #[test]
    fn what_is_lost_in_the_value_is_seen() {
        // Each row: a function, a point, and by how much its value may be off, in units: as much as its argument is,
        // which is rounded to a unit of 10¹⁶.
        type Row = (&'static str, fn(Var) -> Var, f64, [f64; 2]);
        let table: &[Row] = &[
            ("nothing is left", |x| ((x + 1e16) - 1e16).sin(), 0.7, [3e15, 1e18]),
            ("a digit is left", |x| ((x + 1e15) - 1e15).sin(), 0.7, [3e14, 1e17]),
            ("at the top of a wave", |x| ((x + 1e16) - 1e16).cos(), 0.7, [1e14, 1e18]),
            ("nothing is lost", |x| (x - 0.5).sin(), 0.7, [0.1, 100.0]),
            ("all is gone, exactly", |x| (x - 1.0).abs(), 1.0, [0.1, 100.0]),
        ];
        let mut failures = String::new();
        for (name, f, x, [low, high]) in table {
            let tape = Tape::new();
            let replay = Replay::of(f(tape.var(Tensor::from(*x)))).unwrap();
            let found = roundoff(&replay, &Tensor::from(1.0), &mut Random::new(1)).output[0];
            if !(found >= *low && found <= *high) {
                failures += &format!("{name}: {found} instead of {low} to {high}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
    }

    #[test]
    fn ties_are_not_taken_for_rounding() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([1.0, 1.0, 0.5]));
        let replay = Replay::of(x.max() * x.relu().sum()).unwrap();
        let found = roundoff(&replay, &Tensor::from(1.0), &mut Random::new(1));
        let error = found.leaves[replay.position(x).unwrap()].clone().unwrap();
        assert!(error.iter().all(|e| *e < 200.0), "{error:?}");
    }
}
