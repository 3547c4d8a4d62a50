//! What scalar tapes hold: bytes for each operation, chunks that come back, no page faults on a second gradient.

#[path = "../../../benches/workloads/mod.rs"]
mod workloads;

use wengert_tape::prelude::*;
use workloads::{NAMES, Visit, Workload};

/// Collects workloads that hold more than they may.
struct Bytes(Vec<String>);

impl Bytes {
    fn check<F: Float>(&mut self, workload: &impl Workload) {
        let tape = Tape::gradient_only::<F>();
        let at: Vec<F> = workload.at().iter().map(|x| F::from_f64(*x)).collect();
        let x = tape.scalars(&at);
        workload.value(&x);
        let bytes = tape.stats().node_bytes as f64 / (workload.operations() + at.len()) as f64;
        let most = if workload.name().contains("product") { 32.0 } else { 24.0 };
        if bytes > most {
            self.0.push(format!(
                "{} in {}: {bytes:.1} bytes for each operation, {most} allowed",
                workload.name(),
                F::NAME
            ));
        }
    }
}

impl Visit for Bytes {
    fn visit(&mut self, workload: &impl Workload) {
        self.check::<f64>(workload);
        self.check::<f32>(workload);
    }
}

#[test]
fn a_gradient_only_tape_holds_at_most_24_bytes_for_each_operation() {
    let mut bytes = Bytes(Vec::new());
    for name in NAMES {
        workloads::visit(name, &mut bytes);
    }
    assert!(bytes.0.is_empty(), "\n{}", bytes.0.join("\n"));
}

/// `steps` operations that each take a record of a gradient-only tape: a chain of two numbers.
fn chain(x: Scalar, by: Scalar, steps: usize) -> Scalar {
    (0..steps).fold(x, |y, _| y * by)
}

/// Ten million operations; with `WENGERT_OPERATIONS=100000000`, a hundred million.
#[test]
fn many_operations_are_recorded_within_what_stats_says() {
    let steps = std::env::var("WENGERT_OPERATIONS").map_or(10_000_000, |n| n.parse().unwrap());
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/statm").ok()?;
        status.split_whitespace().nth(1)?.parse::<usize>().ok().map(|pages| pages * 4096)
    };
    for (tape, each) in [(Tape::gradient_only(), 24), (Tape::new(), 48)] {
        let before = resident();
        let (x, by) = (tape.scalar(1.0), tape.scalar(1.0 - 1e-9));
        let y = chain(x, by, steps);
        let stats = tape.stats();
        assert_eq!(stats.nodes, steps + 2);
        // The end of a piece or chunk may stay empty: a thousandth, and the last one.
        let most = steps * each + steps * each / 500 + (1 << 20);
        assert!((steps * each..=most).contains(&stats.node_bytes), "{stats:?}");
        if let (Some(before), Some(after)) = (before, resident()) {
            // The other test of this program may run beside this one: its tapes take tens of megabytes.
            assert!(
                after.saturating_sub(before) <= stats.node_bytes + stats.node_bytes / 10 + (256 << 20),
                "{stats:?}"
            );
        }
        let g = y.backward();
        assert!((g[x] - y.value()).abs() <= 1e-7, "{}", g[x]);
    }
}

#[test]
fn cleared_and_dropped_tapes_give_their_chunks_back() {
    let steps = 300_000;
    for open in [Tape::new as fn() -> Tape, Tape::gradient_only] {
        let gradient = |tape: &Tape| {
            let (x, by) = (tape.scalar(1.0), tape.scalar(1.0 - 1e-9));
            chain(x, by, steps).backward()[x]
        };
        let mut tape = open();
        let first = gradient(&tape);
        let held = tape.stats().node_bytes;
        tape.clear();
        assert!(tape.stats().node_bytes <= 384 << 10, "a cleared tape holds one chunk of each kind");
        let faults = page_faults();
        assert_eq!((gradient(&tape), tape.stats().node_bytes), (first, held));
        drop(tape);
        let tape = open();
        assert_eq!((gradient(&tape), tape.stats().node_bytes), (first, held));
        if let (Some(before), Some(after)) = (faults, page_faults()) {
            // Two gradients wrote megabytes each, in pages of 4 KiB: some hundreds of pages for any new memory.
            assert!(
                after - before < 100,
                "{} page faults in the second and third gradient of {held} bytes",
                after - before
            );
        }
    }
}

/// Page faults of this thread that read nothing from a disk, where the system tells.
fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    // The name in parentheses may hold spaces; eight fields after it stands the count.
    stat.rsplit(')').next()?.split_whitespace().nth(7)?.parse().ok()
}
