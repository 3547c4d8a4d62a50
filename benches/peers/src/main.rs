//! Gradients of the same formulas on several scalar tapes, measured in one run: one process for each tape and workload,
//! several rounds in turn so that a slow moment of the machine falls on all, medians (or, on a machine that others load,
//! the least of the rounds), and the ratios that `docs/performance.md` reports.
//!
//! ```text
//! cargo run --release --ignore-rust-version --manifest-path benches/peers/Cargo.toml -- [--rounds N] [--least] [--cycles | --instructions] [WORKLOAD …]
//! ```
//!
//! `-- phases WORKLOAD` tells what the leaves, the formula, the sweep and the look-ups take on the gradient-only tape, and
//! `-- by-hand WORKLOAD` writes what `benches/cpp` compares its gradients with.

mod child;
mod easy_ml;
mod echidna;
mod micrograd;
mod ours;
mod phases;
mod plain;
mod reverse;
mod rustquant;
mod table;
mod xad;

#[path = "../../workloads/mod.rs"]
mod workloads;

use std::process::{Command, Stdio};

use workloads::{NAMES, Workload};

/// A way to compute a gradient.
trait Peer: Default {
    /// The name in the table.
    const NAME: &'static str;
    /// The operation that it lacks for a workload.
    fn lacks(_workload: &str) -> Option<&'static str> {
        None
    }
    /// One gradient: recorded and swept, as a user would.
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64>;
}

/// The tapes of the table, in its order. The first four are not crates that we compare with.
const PEERS: [&str; 10] = [
    "plain f64",
    "by hand",
    "full",
    "gradient-only",
    "reverse",
    "RustQuant",
    "xad-rs",
    "echidna",
    "easy-ml",
    "micrograd",
];
/// Where the Rust crates that we compare with stand among them.
const CRATES: std::ops::Range<usize> = 4..9;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, unit, peer, workload] = &arguments[..]
        && command == "measure"
    {
        return child::measure(unit, peer, workload);
    }
    if let [command, workload] = &arguments[..]
        && command == "by-hand"
    {
        return child::by_hand(workload);
    }
    if let [command, workload] = &arguments[..]
        && command == "phases"
    {
        return phases::print(workload);
    }
    let (mut rounds, mut unit, mut least) = (5, "ns", false);
    let mut names: Vec<&str> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => rounds = rest.next().and_then(|n| n.parse().ok()).expect("--rounds takes a number"),
            "--least" => least = true,
            "--cycles" => unit = "cycles",
            "--instructions" => unit = "instructions",
            name => names.push(name),
        }
    }
    if names.is_empty() {
        names = NAMES.to_vec();
    }
    let python = if unit == "ns" { micrograd::prepare() } else { None };
    let mut rows = Vec::new();
    for name in names {
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); PEERS.len()];
        for _ in 0..rounds {
            for (peer, times) in PEERS.iter().zip(&mut times) {
                let time = match *peer {
                    "micrograd" => python.as_deref().and_then(|python| micrograd::measure(python, name)),
                    _ => run(unit, peer, name),
                };
                times.extend(time);
            }
        }
        let row = table::Row::new(name, times, least);
        println!("{}", row.progress());
        rows.push(row);
    }
    println!("\n{}", table::markdown(&rows));
}

/// Measures in a process of its own; the cost of an elementary operation, or nothing if the peer lacks one.
fn run(unit: &str, peer: &str, workload: &str) -> Option<f64> {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new(program)
        .args(["measure", unit, peer, workload])
        .stderr(Stdio::inherit())
        .output()
        .expect("a process of this program");
    assert!(output.status.success(), "{peer} on {workload} failed");
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}
