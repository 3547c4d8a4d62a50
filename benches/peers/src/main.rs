//! Gradients of the same formulas on several scalar tapes, measured in one run: one process for each tape and workload,
//! several rounds in turn so that a slow moment of the machine falls on all, medians and the ratios that
//! `docs/performance.md` reports; then the same of the least of the rounds, which tells more on a machine that others load.
//! [`USAGE`] says how it is called.

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

const USAGE: &str = "\
cargo run --release --ignore-rust-version --manifest-path benches/peers/Cargo.toml -- COMMAND

  [--rounds N] [--cycles | --instructions] [WORKLOAD …]
                        gradients on all tapes and crates, 5 rounds if not said otherwise; all workloads if none is named;
                        nanoseconds of processor time for each elementary operation, or what the processor counts
  phases WORKLOAD       what leaves, formula, sweep and look-ups take on the gradient-only tape
  by-hand WORKLOAD      the gradient by hand, as numbers of eight bytes: what benches/cpp compares its own with

workloads:";

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
        && let Some(part) =
            [("by-hand", child::by_hand as fn(&str)), ("phases", phases::print)].iter().find(|c| c.0 == command)
    {
        return part.1(known(workload));
    }
    let (mut rounds, mut unit) = (5, "ns");
    let mut names: Vec<&str> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--rounds" => match rest.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => rounds = n,
                None => refuse("--rounds takes a number from 1"),
            },
            "--cycles" => unit = "cycles",
            "--instructions" => unit = "instructions",
            "--help" | "-h" => return println!("{USAGE} {}", NAMES.join(" ")),
            name => names.push(known(name)),
        }
    }
    if names.is_empty() {
        names = NAMES.to_vec();
    }
    let python = if unit == "ns" { micrograd::prepare() } else { None };
    let (mut medians, mut least) = (Vec::new(), Vec::new());
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
        let row = table::Row::medians(name, &times);
        println!("{}", row.progress());
        medians.push(row);
        least.push(table::Row::least(name, &times));
    }
    println!("\nMedians of {rounds}:\n\n{}", table::markdown(&medians));
    println!("The least of {rounds}:\n\n{}", table::markdown(&least));
}

/// The name of a workload, or the end.
fn known(name: &str) -> &str {
    if !NAMES.contains(&name) {
        refuse(&format!("no workload {name}"));
    }
    name
}

fn refuse(why: &str) -> ! {
    eprintln!("{why}\n\n{USAGE} {}", NAMES.join(" "));
    std::process::exit(2)
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
