//! This project's two tapes, each made anew for a gradient, as a user does.

use wengert_tape::Tape;

use crate::Peer;
use crate::workloads::Workload;

#[derive(Default)]
pub struct Full;

impl Peer for Full {
    const NAME: &'static str = "full";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        on(&Tape::new(), workload)
    }
}

#[derive(Default)]
pub struct GradientOnly;

impl Peer for GradientOnly {
    const NAME: &'static str = "gradient-only";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        on(&Tape::gradient_only(), workload)
    }
}

fn on(tape: &Tape, workload: &impl Workload) -> Vec<f64> {
    let x = tape.scalars(workload.at());
    let g = workload.value(&x).backward();
    x.iter().map(|x| g[*x]).collect()
}
