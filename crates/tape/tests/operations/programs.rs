//! Programs against the tape: every operation of the registry, and graphs drawn at random.

use std::fmt::Write;
use std::sync::OnceLock;

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Algebra, Any, Arg, Args, Kind, Op, Program, Role, Shape, Stored, Value, with_threads_for_all};

use crate::properties::{args, for_all, other, record};

/// Numbers beside those of a case, near enough that every operation still takes them.
fn beside(value: &Value<f64>) -> Value<f64> {
    match value {
        Any::Real(t) => {
            let n = t.len() as f64;
            let data = t.data().iter().enumerate().map(|(i, x)| x * (1.0 + 0.01 * (i as f64 + 1.0) / n)).collect();
            Any::Real(Tensor::new(t.shape(), data))
        }
        other => other.clone(),
    }
}

fn near<F: Float>(found: &Tensor<F>, expected: &Tensor<F>, tolerance: f64) -> Result<(), String> {
    if found.shape() != expected.shape() {
        return Err(format!("shape {} instead of {}", found.shape(), expected.shape()));
    }
    let size = expected.data().iter().map(|x| Float::to_f64(*x).abs()).filter(|x| x.is_finite()).fold(0.0, f64::max);
    for (i, (a, b)) in found.data().iter().zip(expected.data()).enumerate() {
        let (a, b): (f64, f64) = (Float::to_f64(*a), Float::to_f64(*b));
        let same = a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * (size + b.abs());
        if !same {
            return Err(format!("element {i} is {a} instead of {b}"));
        }
    }
    Ok(())
}

/// Every operation, with its gradients, at the point where it was recorded and at another.
#[test]
fn every_operation_runs_in_a_program() {
    for_all(false, |subject, case, out| {
        let active = subject.active(case);
        let tape = Tape::new();
        let vars = record(&tape, &case.args, &active);
        let Any::Real(y) = subject.call(Args(&args(&vars))) else { return };
        let moved: Vec<Value<f64>> = case.args.iter().map(beside).collect();
        let leaves: Vec<Var> = active.iter().map(|k| vars[*k].clone().real()).collect();
        let mut outputs = vec![y];
        if !leaves.is_empty() {
            let gradients = (y * other(&y.shape(), 0.3)).sum().backward_recorded();
            outputs.extend(leaves.iter().map(|x| gradients[*x]));
        }
        let mut program = match Program::of(outputs.iter().copied()) {
            Ok(program) => program,
            Err(error) => return writeln!(out, "  {error}").unwrap(),
        };
        for at in [&case.args, &moved] {
            let there = Tape::new();
            let again = record(&there, at, &active);
            let Any::Real(z) = subject.call(Args(&args(&again))) else { unreachable!() };
            let mut expected = vec![z.value()];
            if !leaves.is_empty() {
                let gradients = (z * other(&z.shape(), 0.3)).sum().backward();
                expected.extend(active.iter().map(|k| gradients[again[*k].clone().real()].clone()));
            }
            for (var, value) in vars.iter().zip(at) {
                if let (Any::Real(var), Any::Real(value)) = (var, value) {
                    program.set(*var, value.clone()).unwrap();
                }
            }
            if let Err(error) = program.run() {
                return writeln!(out, "  {error}").unwrap();
            }
            for (k, expected) in expected.iter().enumerate() {
                if let Err(wrong) = near(&program.output(k), expected, 1e-12) {
                    writeln!(out, "  output {k}: {wrong}\n{}", program.explain()).unwrap();
                }
            }
        }
    });
}

/// A source of numbers for the graphs that are drawn: a linear congruence (Knuth, MMIX).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// The operations that act number by number, with where each of their operands may lie.
fn elementwise() -> &'static [(AnyOp, Vec<(f64, f64)>)] {
    static ALL: OnceLock<Vec<(AnyOp, Vec<(f64, f64)>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let cases = AnyOp::registered_cases().into_iter().filter(|case| !case.kink);
        let of = cases.filter_map(|case| {
            let op = case.op.clone()?;
            let range = |value: &Value<f64>| {
                let x = value.as_real().filter(|x| x.shape() == &[2, 3])?;
                let ends = x.data().iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
                Some(ends)
            };
            let ranges: Option<Vec<(f64, f64)>> = case.args.iter().map(range).collect();
            let shape = Shape::from([4, 5]);
            let keeps = op.shape(&vec![&shape; case.args.len()]).is_ok_and(|y| y == shape);
            // a loss that depends on nothing else has no gradient
            let is_one = keeps
                && !op.stops_gradient()
                && op.output() == Kind::Real
                && matches!(op.role(case.args.len()), Role::Elementwise(_));
            ranges.filter(|_| is_one).map(|ranges| (op, ranges))
        });
        of.collect()
    })
}

/// One of them, of operands that are brought to where they may lie.
fn applied<F: Float>(rng: &mut Draw, all: &[Var<F>], shape: [usize; 2]) -> Var<F> {
    let (op, ranges) = &elementwise()[rng.below(elementwise().len())];
    let operands: Vec<Var<F>> = ranges
        .iter()
        .map(|(low, high)| {
            let x = all[all.len() - 1 - rng.below(all.len().min(9))].broadcast_to(shape);
            (x * 0.3).tanh() * F::from_f64((high - low) / 2.2) + F::from_f64((low + high) / 2.0)
        })
        .collect();
    let y = Var::apply(op.clone(), &operands.iter().map(Arg::Real).collect::<Vec<_>>()).real();
    // what grows fast is brought back
    (y * 0.1).tanh()
}

/// A graph of so many operations on a tape: leaves, and outputs that depend on most of it. Operations are drawn by number, so that a
/// graph is the same on every tape.
fn draw<F: Float>(tape: &Tape<F>, seed: u64, count: usize, leaves: &[Tensor<F>]) -> (Vec<Var<F>>, Vec<Var<F>>)
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    let mut rng = Draw(seed);
    let vars: Vec<Var<F>> = leaves.iter().map(|x| tape.var(x.clone())).collect();
    let mut all = vars.clone();
    let (r, c) = (leaves[0].shape()[0], leaves[0].shape()[1]);
    for _ in 0..count {
        // of late ones more often, so that chains are long; the same one twice, now and then
        let pick = |rng: &mut Draw, all: &[Var<F>]| match rng.below(3) {
            0 => all[rng.below(all.len())],
            _ => all[all.len() - 1 - rng.below(all.len().min(6))],
        };
        let (a, b) = (pick(&mut rng, &all), pick(&mut rng, &all));
        // everything is brought to one of a few shapes, and kept near 1
        let full = |x: Var<F>| x.broadcast_to([r, c]);
        let y = match rng.below(36) {
            0 => full(a) + full(b),
            1 => full(a) - b.tanh(),
            2 => (full(a) * full(b)).tanh(),
            3 => a.sin(),
            4 => (a * a + 1.0).ln(),
            5 => a.sigmoid() * b.sigmoid(),
            6 => full(a).sum_keeping(1) * 0.1,
            7 => full(a).sum_keeping(0) * 0.1,
            8 => full(a).mean(),
            9 => full(a).matmul(full(b).t()).tanh().sum_keeping(1),
            10 => full(a).t().matmul(full(b)).sum_keeping(0).tanh(),
            11 => full(a).softmax(-1),
            12 => full(a).log_softmax(0) * 0.1,
            13 => select(a.greater(b * 0.5), &a, b),
            14 => a.relu() - (b * 0.1).abs(),
            15 => full(a).max_over(1).reshape([r, 1]),
            16 => full(a).reshape([c, r]).t().sin(),
            17 => full(a).slice(1, 0..c).tanh(),
            18 => (a.exp() + 1.0).sqrt() - 1.0,
            19 => full(a).cumsum(0) * 0.1,
            20 => a.powi(3) / (b * b + 2.0),
            21 => full(a).flip([0]) * 0.5,
            22 => a.maximum(b) - a.minimum(b),
            23 => full(a).reshape([r * c]).sum_over(0) * 0.05,
            _ => applied(&mut rng, &all, [r, c]),
        };
        all.push(y);
    }
    let outputs = vec![all[all.len() - 1], all[all.len() - 2], all[all.len() / 2]];
    (vars, outputs)
}

/// The loss and its gradients, and some values on the way.
fn outputs<F: Float>(vars: &[Var<F>], some: &[Var<F>]) -> (Var<F>, Vec<Var<F>>) {
    let loss = some.iter().map(|y| y.sum()).reduce(|a, b| a + b).unwrap();
    let _ = vars;
    (loss, some.to_vec())
}

fn a_graph_agrees<F: Float>(seed: u64, count: usize, tolerance: f64) -> Result<(), String>
where
    i64: Stored<F>,
    bool: Stored<F>,
{
    let shapes: [[usize; 2]; 3] = [[3, 4], [7, 5], [2, 90]];
    let [r, c] = shapes[seed as usize % 3];
    let leaf = |k: usize| other(&[r, c].into(), k as f64 + seed as f64).cast::<F>();
    let at = |k: usize| vec![leaf(k), leaf(k + 1).slice_rows(k), leaf(k + 2)];
    let tape = Tape::of::<F>();
    let (vars, some) = draw(&tape, seed, count, &at(0));
    let (loss, mut all) = outputs(&vars, &some);
    let gradients = loss.backward_recorded();
    let reached: Vec<usize> = (0..vars.len()).filter(|k| gradients.get(vars[*k]).is_ok()).collect();
    all.push(loss);
    all.extend(reached.iter().map(|k| gradients[vars[*k]]));
    let mut program = Program::of(all.iter().copied()).map_err(|e| e.to_string())?;
    for point in [0, 5] {
        let values = at(point);
        let there = Tape::of::<F>();
        let (again, some) = draw(&there, seed, count, &values);
        let (loss, mut expected) = outputs(&again, &some);
        expected.push(loss);
        let gradients = loss.backward();
        let mut expected: Vec<Tensor<F>> = expected.iter().map(Var::value).collect();
        for k in &reached {
            expected.push(gradients.get(again[*k]).map_err(|e| format!("leaf {k}: {e}"))?.clone());
        }
        for (var, value) in vars.iter().zip(&values) {
            program
                .set(*var, value.clone())
                .or_else(|e| if e.to_string().contains("no such leaf") { Ok(()) } else { Err(e.to_string()) })?;
        }
        program.run().map_err(|e| e.to_string())?;
        for (k, expected) in expected.iter().enumerate() {
            near(&program.output(k), expected, tolerance)
                .map_err(|wrong| format!("output {k}, point {point}: {wrong}"))?;
        }
        let bits = |program: &Program<F>| -> Vec<u64> {
            (0..all.len()).flat_map(|k| program.output(k).into_vec()).map(|x| Float::to_f64(x).to_bits()).collect()
        };
        let with = |threads: usize| {
            let mut program = program.clone();
            with_threads_for_all(threads, || program.run().unwrap());
            bits(&program)
        };
        let one = with(1);
        if [2, 3, 8].iter().any(|threads| with(*threads) != one) {
            return Err("other bits on another number of threads".into());
        }
    }
    Ok(())
}

trait SliceRows {
    fn slice_rows(&self, k: usize) -> Self;
}
impl<F: Float> SliceRows for Tensor<F> {
    /// A row of a matrix, as one that is repeated.
    fn slice_rows(&self, k: usize) -> Self {
        let c = self.shape()[1];
        let row = k % self.shape()[0];
        Tensor::new([1, c], self.data()[row * c..][..c].to_vec())
    }
}

/// Graphs that were drawn, in both float types; a graph that fails is made smaller until the last operation that is needed.
#[test]
fn graphs_drawn_at_random_agree() {
    let count: u64 = std::env::var("WENGERT_GRAPHS").ok().and_then(|n| n.parse().ok()).unwrap_or(150);
    let mut failures = Vec::new();
    for seed in 0..count {
        let size = 1 + (seed as usize * 7) % 60;
        let fails = |size: usize| {
            let found = a_graph_agrees::<f64>(seed, size, 1e-9).map_err(|e| format!("f64: {e}"));
            found.and_then(|()| a_graph_agrees::<f32>(seed, size, 2e-3).map_err(|e| format!("f32: {e}"))).err()
        };
        if fails(size).is_some() {
            let smallest = (1..=size).find(|size| fails(*size).is_some()).unwrap();
            failures.push(format!("graph {seed} of {smallest} operations: {}", fails(smallest).unwrap()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
