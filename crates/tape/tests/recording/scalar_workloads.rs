//! The gradients of all workloads, on both kinds of tape and in both precisions, are those written by hand.

#[path = "../../../../benches/workloads/mod.rs"]
mod workloads;

use wengert_tape::prelude::*;
use workloads::{NAMES, Visit, Workload};

/// Compares value and gradient with those by hand, relative to the largest entry.
struct Compare {
    failures: Vec<String>,
}

impl Compare {
    fn on<F: Float>(&mut self, tape: Tape<F>, kind: &str, tolerance: f64, w: &impl Workload, hand: &(f64, Vec<f64>)) {
        let at: Vec<F> = w.at().iter().map(|x| F::from_f64(*x)).collect();
        let x = tape.scalars(&at);
        let y = w.value(&x);
        let g = y.backward();
        let gradient = x.iter().map(|x| g[*x].to_f64());
        let scale = hand.1.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        let worst = gradient.zip(&hand.1).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f64::max);
        let value = (y.value().to_f64() - hand.0).abs() / hand.0.abs();
        // `!(a <= b)` fails on NaN too.
        if !(worst <= tolerance) || !(value <= tolerance) {
            let name = w.name();
            self.failures.push(format!("{name}, {kind}: value off by {value:e}, gradient by {worst:e}"));
        }
    }
}

impl Visit for Compare {
    fn visit(&mut self, workload: &impl Workload) {
        let hand = workload.by_hand();
        let plain = workload.value(workload.at());
        if (plain - hand.0).abs() > 1e-12 * hand.0.abs() {
            self.failures.push(format!("{}: plain {plain}, by hand {}", workload.name(), hand.0));
        }
        self.on(Tape::new(), "full tape", 1e-13, workload, &hand);
        self.on(Tape::gradient_only::<f64>(), "gradient-only tape", 1e-13, workload, &hand);
        // A rounding error of f32 is 6e-8, and the longest sum here has a million terms of one sign.
        self.on(Tape::of::<f32>(), "full tape of f32", 1e-2, workload, &hand);
        self.on(Tape::gradient_only::<f32>(), "gradient-only tape of f32", 1e-2, workload, &hand);
    }
}

#[test]
fn gradients_of_all_workloads_are_those_by_hand() {
    let mut compare = Compare { failures: Vec::new() };
    for name in NAMES {
        workloads::visit(name, &mut compare);
    }
    assert!(compare.failures.is_empty(), "\n{}", compare.failures.join("\n"));
}
