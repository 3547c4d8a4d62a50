//! The parts of a gradient on the gradient-only tape.

use std::hint::black_box;

use cpu_time::ThreadTime;
use wengert_tape::Tape;

use crate::child::median;
use crate::workloads::{self, Visit, Workload};

/// Prints nanoseconds for each elementary operation: of recording the leaves, of the formula, of the sweep, and of looking
/// the gradients up. Medians of many gradients.
pub fn print(workload: &str) {
    workloads::visit(workload, &mut Phases);
}

const NAMES: [&str; 4] = ["leaves", "formula", "sweep", "look-ups"];

struct Phases;

impl Visit for Phases {
    fn visit(&mut self, workload: &impl Workload) {
        let operations = workload.operations() as f64;
        let repeats = (1e7 / operations).ceil().clamp(15.0, 10_000.0) as usize;
        let mut times = [const { Vec::new() }; NAMES.len()];
        // The first pays the page faults.
        for repeat in 0..=repeats {
            let mut clock = ThreadTime::now();
            let mut lap = || {
                let (now, before) = (ThreadTime::now(), clock);
                clock = now;
                now.duration_since(before).as_nanos() as f64 / operations
            };
            let tape: Tape = Tape::gradient_only();
            let x = tape.scalars(workload.at());
            let leaves = lap();
            let y = black_box(workload.value(black_box(&x)));
            let formula = lap();
            let g = y.backward();
            let sweep = lap();
            black_box(x.iter().map(|x| g[*x]).collect::<Vec<f64>>());
            let all = [leaves, formula, sweep, lap()];
            if repeat > 0 {
                times.iter_mut().zip(all).for_each(|(times, time)| times.push(time));
            }
        }
        for (name, times) in NAMES.iter().zip(&mut times) {
            println!("{name:8} {:.2}", median(times));
        }
    }
}
