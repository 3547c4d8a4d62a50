//! A deep network whose backward pass recomputes instead of keeping: less memory, more time, the same bits.

use std::time::Instant;

use peak_alloc::PeakAlloc;
use wengert::checkpoint;
use wengert::prelude::*;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LAYERS: usize = 64;
const BLOCK: usize = 8;
const WIDTH: usize = 256;
const BATCH: usize = 256;

fn block(layers: &[Linear<f32>], x: Var<f32>) -> Var<f32> {
    layers.iter().fold(x, |x, layer| layer.forward(&x).tanh())
}

/// Peak bytes above what was there before, seconds, and the first layer's gradient.
fn run(layers: &[Linear<f32>], x: &Tensor<f32>, recompute: bool) -> (usize, f64, Tensor<f32>) {
    MEMORY.reset_peak_usage();
    let (before, begin) = (MEMORY.current_usage(), Instant::now());
    let tape = Tape::of::<f32>();
    let mut y = tape.input(x.clone());
    for part in layers.chunks(BLOCK) {
        let held: Vec<Linear<f32>> = part.iter().map(Linear::tied).collect(); // shares parameters and their memory
        y = match recompute {
            true => checkpoint(move |a: &[Var<f32>]| block(&held, a[0]), &[y]).unwrap(),
            false => block(part, y),
        };
    }
    let gradients = (y * y).mean().backward();
    let (peak, seconds) = (MEMORY.peak_usage() - before, begin.elapsed().as_secs_f64());
    (peak, seconds, gradients.param(&layers[0].weight).unwrap().clone())
}

fn main() {
    let mut rng = generator(1);
    let layers: Vec<Linear<f32>> = (0..LAYERS).map(|_| Linear::new(WIDTH, WIDTH, &mut rng)).collect();
    let x = Tensor::<f32>::randn([BATCH, WIDTH], &mut rng);
    let median = |recompute: bool| {
        let mut runs: Vec<_> = (0..5).map(|_| run(&layers, &x, recompute)).collect();
        runs.sort_by(|a, b| a.1.total_cmp(&b.1));
        runs.swap_remove(2)
    };
    // Buffers that a run gives back stay in the thread's pool, so the run that needs less goes first.
    let (recomputed, kept) = (median(true), median(false));
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    println!("{LAYERS} layers of {WIDTH}, a batch of {BATCH}, blocks of {BLOCK} layers");
    println!("kept        peak {:6.1} MB  {:6.1} ms", megabytes(kept.0), 1e3 * kept.1);
    println!("recomputed  peak {:6.1} MB  {:6.1} ms", megabytes(recomputed.0), 1e3 * recomputed.1);
    println!("{:.2} × the memory, {:.2} × the time", recomputed.0 as f64 / kept.0 as f64, recomputed.1 / kept.1);
    assert_eq!(kept.2, recomputed.2, "the same bits");
    assert!(recomputed.0 < kept.0);
}
