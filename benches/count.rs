//! One gradient of one workload, for counting instructions: `scripts/count-instructions.sh` runs it under callgrind, which
//! collects inside `counted_gradient` alone. The gradient before it has filled the pools.
//!
//! ```text
//! count WORKLOAD full|gradient-only
//! ```

mod workloads;

use std::hint::black_box;

use wengert::prelude::*;
use workloads::{Visit, Workload};

#[inline(never)]
fn counted_gradient(tape: Tape, workload: &impl Workload) -> Vec<f64> {
    gradient(&tape, workload)
}

fn gradient(tape: &Tape, workload: &impl Workload) -> Vec<f64> {
    let x = tape.scalars(workload.at());
    let g = workload.value(&x).backward();
    x.iter().map(|x| g[*x]).collect()
}

struct Count {
    open: fn() -> Tape,
}

impl Visit for Count {
    fn visit(&mut self, workload: &impl Workload) {
        black_box(gradient(&(self.open)(), workload));
        black_box(counted_gradient((self.open)(), black_box(workload)));
        println!("{}", workload.operations());
    }
}

fn main() {
    // Cargo adds `--bench` of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let (name, open): (&str, fn() -> Tape) = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [name, "full"] => (name, Tape::new),
        [name, "gradient-only"] => (name, Tape::gradient_only),
        _ => return println!("count WORKLOAD full|gradient-only; workloads: {}", workloads::NAMES.join(" ")),
    };
    workloads::visit_short(name, &mut Count { open });
}
