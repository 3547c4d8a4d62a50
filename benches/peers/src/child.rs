//! What a measuring process does.

use std::hint::black_box;
use std::io::Write;

use cpu_time::ThreadTime;
use perf_event::Counter;
use perf_event::events::Hardware;

use crate::Peer;
use crate::workloads::{self, Visit, Workload};

/// Measures one peer on one workload and prints its cost for each elementary operation, or `-`.
pub fn measure(unit: &str, peer: &str, workload: &str) {
    match peer {
        "plain f64" => on::<crate::plain::Plain>(unit, workload),
        "by hand" => on::<crate::plain::ByHand>(unit, workload),
        "full" => on::<crate::ours::Full>(unit, workload),
        "gradient-only" => on::<crate::ours::GradientOnly>(unit, workload),
        "reverse" => on::<crate::reverse::Reverse>(unit, workload),
        "RustQuant" => on::<crate::rustquant::RustQuant>(unit, workload),
        "xad-rs" => on::<crate::xad::Xad>(unit, workload),
        "echidna" => on::<crate::echidna::Echidna>(unit, workload),
        "easy-ml" => on::<crate::easy_ml::EasyMl>(unit, workload),
        _ => panic!("no peer {peer}"),
    }
}

fn on<P: Peer>(unit: &str, workload: &str) {
    match P::lacks(workload) {
        Some(_) => println!("-"),
        None => workloads::visit(workload, &mut Timer { peer: P::default(), clock: Clock::new(unit) }),
    }
}

/// Writes the value, the point and the gradient by hand of one workload as numbers of eight bytes, which the programs in
/// `benches/cpp` compare theirs with.
pub fn by_hand(workload: &str) {
    workloads::visit(workload, &mut Writer);
}

struct Writer;

impl Visit for Writer {
    fn visit(&mut self, workload: &impl Workload) {
        let (value, gradient) = workload.by_hand();
        let numbers = std::iter::once(&value).chain(workload.at()).chain(&gradient);
        let bytes: Vec<u8> = numbers.flat_map(|number| number.to_ne_bytes()).collect();
        std::io::stdout().write_all(&bytes).expect("standard output takes the numbers");
    }
}

/// What is missing where the processor cannot be asked.
const COUNTERS: &str = "the processor's counters";

struct Timer<P> {
    peer: P,
    clock: Clock,
}

impl<P: Peer> Visit for Timer<P> {
    fn visit(&mut self, workload: &impl Workload) {
        let Timer { peer, clock } = self;
        let mut gradient = || black_box(peer.gradient(black_box(workload)));
        check(P::NAME, workload, &gradient());
        // A batch is long against the clock; what is timed first pays the page faults and is left out.
        let once = clock.time(1, &mut gradient);
        let batch = (2e5 / once).ceil().clamp(1.0, 10_000.0) as u32;
        let (mut times, mut total) = (Vec::new(), 0.0);
        while times.len() < 5 || (total < 4e8 && times.len() < 1_000) {
            let time = clock.time(batch, &mut gradient);
            total += time;
            times.push(time / f64::from(batch));
        }
        println!("{}", median(&mut times) / workload.operations() as f64);
    }
}

/// What is counted.
enum Clock {
    /// Nanoseconds of this thread on a processor.
    Time,
    /// Cycles or instructions of this thread outside the kernel, where the system lets us count them: what other work on
    /// the machine disturbs least.
    Counter(Counter),
}

impl Clock {
    fn new(unit: &str) -> Self {
        let kind = match unit {
            "cycles" => Hardware::CPU_CYCLES,
            "instructions" => Hardware::INSTRUCTIONS,
            _ => return Clock::Time,
        };
        let mut counter = perf_event::Builder::new().kind(kind).build().expect(COUNTERS);
        counter.enable().expect(COUNTERS);
        Clock::Counter(counter)
    }

    fn time<R>(&mut self, batch: u32, mut f: impl FnMut() -> R) -> f64 {
        let (start, count) = (ThreadTime::now(), self.count());
        for _ in 0..batch {
            f();
        }
        match self {
            Clock::Time => start.elapsed().as_nanos() as f64,
            Clock::Counter(_) => (self.count() - count) as f64,
        }
    }

    fn count(&mut self) -> u64 {
        match self {
            Clock::Time => 0,
            Clock::Counter(counter) => counter.read().expect(COUNTERS),
        }
    }
}

pub fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0
}

/// A comparison of speed is worth nothing if the numbers differ.
fn check(peer: &str, workload: &impl Workload, gradient: &[f64]) {
    let (_, hand) = workload.by_hand();
    if peer == crate::plain::Plain::NAME {
        return; // plain evaluation has no gradient
    }
    let scale = hand.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let off = |a: f64, b: f64| (a - b).abs() / scale;
    // A NaN is within no bound.
    if gradient.len() != hand.len() || !gradient.iter().zip(&hand).all(|(a, b)| off(*a, *b) <= 1e-12) {
        let worst = gradient.iter().zip(&hand).map(|(a, b)| off(*a, *b)).fold(0.0, f64::max);
        eprintln!("{peer} on {}: its gradient is off by {worst:e}", workload.name());
    }
}
