//! Gradients of the nine workloads on both kinds of tape, beside the formula on plain numbers and the gradient by hand.
//!
//! `cargo bench --bench scalar`; names are `workload/way`, and the throughput is in elementary operations. A tape is made
//! anew for each gradient, as a user does. `benches/peers` measures other crates beside these; `programs/…` are compiled graphs.

#![allow(missing_docs)] // the macro makes a function without docs

mod workloads;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wengert::prelude::*;
use wengert::{Program, with_threads};
use workloads::{NAMES, Visit, Workload};

/// One gradient: recorded and swept.
fn gradient(tape: &Tape, workload: &impl Workload) -> Vec<f64> {
    let x = tape.scalars(workload.at());
    let g = workload.value(&x).backward();
    x.iter().map(|x| g[*x]).collect()
}

struct Row<'a> {
    criterion: &'a mut Criterion,
    name: &'static str,
}

impl Visit for Row<'_> {
    fn visit(&mut self, workload: &impl Workload) {
        let mut group = self.criterion.benchmark_group(self.name);
        group.throughput(Throughput::Elements(workload.operations() as u64));
        group.bench_function("plain", |b| b.iter(|| workload.value(black_box(workload.at()))));
        group.bench_function("by hand", |b| b.iter(|| black_box(workload).by_hand()));
        group.bench_function("gradient-only", |b| b.iter(|| gradient(&Tape::gradient_only(), black_box(workload))));
        group.bench_function("full", |b| b.iter(|| gradient(&Tape::new(), black_box(workload))));
        group.finish();
    }
}

/// Gradients on one thread, and on two at once: each has its own tape, and where two processors are free the time is the same.
fn threads(criterion: &mut Criterion) {
    let workload = workloads::Mlp::moons();
    let mut group = criterion.benchmark_group("threads");
    for count in [1, 2] {
        group.bench_function(format!("S1 on {count}"), |b| {
            b.iter_custom(|gradients| {
                let work = || {
                    let start = Instant::now();
                    (0..gradients)
                        .for_each(|_| drop(black_box(gradient(&Tape::gradient_only(), black_box(&workload)))));
                    start.elapsed()
                };
                std::thread::scope(|scope| {
                    let all: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
                    all.into_iter().map(|t| t.join().expect("a gradient")).max().expect("a thread")
                })
            });
        });
    }
    group.finish();
}

/// A formula and its gradient as a program: all recorded once.
fn program(workload: &impl Workload) -> (Vec<Scalar>, Program) {
    let tape = Tape::new();
    let x = tape.scalars(workload.at());
    let y = workload.value(&x);
    let g = y.backward_recorded();
    let outputs = std::iter::once(y).chain(x.iter().map(|x| g[*x]));
    let program = Program::of(outputs.collect::<Vec<_>>()).expect("a graph of numbers");
    (x, program)
}

/// Programs: one option of Black and Scholes with its five Greeks, recorded once and run over 100,000, beside the gradient by hand; and
/// graphs whose leaves are many numbers, in nanoseconds for an operation.
fn programs(criterion: &mut Criterion) {
    let many = workloads::BlackScholes::new(100_000);
    let (leaves, one) = program(&workloads::BlackScholes::new(1));
    let mut over = one.over(100_000, leaves.iter().copied()).expect("numbers alone");
    for (k, leaf) in leaves.into_iter().enumerate() {
        let column = many.at().iter().skip(k).step_by(5).copied().collect();
        over.set(leaf, Tensor::new([100_000], column)).expect("a leaf");
    }
    let mut group = criterion.benchmark_group("programs");
    group.bench_function("S6a by hand", |b| b.iter(|| black_box(&many).by_hand()));
    for count in [1, 2] {
        group.bench_function(format!("S6a over 100,000 on {count}"), |b| {
            with_threads(count, || b.iter(|| over.run().expect("a run")));
        });
    }
    let moons = workloads::Mlp::moons();
    group.throughput(Throughput::Elements(moons.operations() as u64));
    let (_, mut run) = program(&moons);
    group.bench_function("S1", |b| b.iter(|| run.run().expect("a run")));
    let rosenbrock = workloads::Rosenbrock::new(1000);
    group.throughput(Throughput::Elements(rosenbrock.operations() as u64));
    let (_, mut run) = program(&rosenbrock);
    group.bench_function("S2, n = 1,000", |b| b.iter(|| run.run().expect("a run")));
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    for name in NAMES {
        workloads::visit(name, &mut Row { criterion, name });
    }
}

criterion_group! {
    name = scalar;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = rows, threads, programs
}
criterion_main!(scalar);
