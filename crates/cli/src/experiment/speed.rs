//! Samples per second: one at a time and as matrices, by size of batch and number of threads.

use std::array;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use serde_json::{Value, json};
use wengert::nn::Error;
use wengert::prelude::*;
use wengert::{cost, with_threads};

use super::Findings;
use crate::output;

const SIZES: [usize; 3] = [784, 30, 10];
const BATCHES: [usize; 6] = [1, 10, 32, 100, 320, 1000];
const THREADS: [usize; 4] = [1, 2, 3, 8];
/// Samples for each tape, as a trainer has them by default.
const SHARD: usize = 16;
/// Every figure is the median of so many, taken in turns, so that what else the machine does for a while spoils few of each.
const ROUNDS: usize = 5;
/// The least number of samples to train on.
const SAMPLES: usize = 3000;
/// More epochs than there is time for.
const EPOCHS: usize = 1 << 20;

pub(super) fn run(seed: u64, seconds: f64) -> Result<Findings, Error> {
    let model = Mlp::<f32>::new(&SIZES, Activation::Sigmoid, &mut stream(seed, 2));
    let parameters = model.parameter_count() as f64;
    let work = Work::of_a_sample();
    let mut rows = Vec::new();
    let mut multiples = Vec::new();
    for (batch, number) in BATCHES.into_iter().zip(1..) {
        output::say(&format!("batches of {batch} ({number} of {})", BATCHES.len()));
        let shards = batch.div_ceil(SHARD);
        let rates = measure(&model, batch, seconds / ROUNDS as f64, seed)?;
        // The time of a pass in the times that the forward products take for one weight.
        let multiple = rates.forward / rates.matrices * work.forward / parameters;
        multiples.push(multiple);
        let threads = THREADS.iter().zip(rates.threads).map(|(threads, rate)| match rate {
            Some(rate) => rounded(rate),
            None => json!(format!("as {}", shards.min(*threads))),
        });
        let alone = [rates.one_at_a_time, rates.matrices, rates.products].map(rounded);
        let row = [json!(batch), json!(shards)].into_iter().chain(alone).chain([json!(format!("{multiple:.1}"))]);
        rows.push(row.chain(threads).collect());
    }
    let (least, most) = multiples.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), m| (a.min(*m), b.max(*m)));
    let last = BATCHES.len() - 1;
    Ok(Findings {
        about: format!(
            "Samples per second for 784-30-10 (sigmoid, half the squared error, f32, random pixels), each the median of {ROUNDS} \
             measurements of {:.2} s. Gradients of a whole batch, without a step: recorded one sample at a time and averaged, and \
             recorded as matrices; beside them the matrix products of such a pass alone, without a tape. Then training, with \
             a step of descent for each batch, by number of threads, beside one that draws the batches: a batch is cut \
             into shards of {SHARD} samples, one thread for each at most.",
            seconds / ROUNDS as f64
        ),
        columns: vec![
            "batch",
            "shards",
            "one at a time",
            "matrices",
            "products",
            "× parameters",
            "1 thread",
            "2 threads",
            "3 threads",
            "8 threads",
        ],
        rows,
        shows: format!(
            "\"as 1\": the batch has no more shards than that, so more threads would have nothing to do; here are {} \
             processors, and threads beyond them cannot help either.\n\
             What a sample costs beside the number of parameters: in multiply-adds {:.0} forward and {:.0} backward, {:.2} \
             times the {parameters} parameters ({:.2} if the pixels had gradients too). In time, where 1 is what the forward \
             products take for one weight, that is the column × parameters: {least:.1} to {most:.1}, {:.1} for batches of \
             {}.\n\
             \"Two to three times as large as the number of parameters\" is how large the classic note wants batches to be: \
             here {:.0} to {:.0} samples.",
            available_parallelism().map_or(1, usize::from),
            work.forward,
            work.backward,
            (work.forward + work.backward) / parameters,
            (work.forward + work.backward + work.pixels) / parameters,
            multiples[last],
            BATCHES[last],
            2.0 * parameters,
            3.0 * parameters,
        ),
    })
}

/// Samples per second, in every way.
struct Rates {
    one_at_a_time: f64,
    matrices: f64,
    products: f64,
    forward: f64,
    /// For each of [`THREADS`]; `None` where a batch has no work for more threads than the entry before had.
    threads: [Option<f64>; THREADS.len()],
}

/// The medians of all rounds, in each of which all have their turn.
fn measure(model: &Mlp<f32>, batch: usize, seconds: f64, seed: u64) -> Result<Rates, Error> {
    let rng = &mut stream(seed, 3);
    let samples = batch * SAMPLES.div_ceil(batch);
    let data = Dataset::new(Tensor::rand([samples, SIZES[0]], rng), Tensor::<f32>::rand([samples, SIZES[2]], rng))?;
    let first = data.range(0..batch);
    let weights: [Tensor<f32>; 2] = array::from_fn(|k| model.layers[k].weight.value().clone());
    let work_for = |threads: usize| threads.min(batch.div_ceil(SHARD));
    let mut tape = Tape::of::<f32>();
    let mut alone: [Vec<f64>; 4] = Default::default();
    let mut threads: [Vec<f64>; THREADS.len()] = Default::default();
    for _ in 0..ROUNDS {
        let [one_at_a_time, matrices, products, passes] = &mut alone;
        // on one thread, beside which the others are set
        let rate = |rates: &mut Vec<f64>, work: &mut dyn FnMut()| {
            rates.push(with_threads(1, || per_second(batch, seconds, work)));
        };
        rate(one_at_a_time, &mut || drop(black_box(gradients(model, &mut tape, &first, 1))));
        rate(matrices, &mut || drop(black_box(gradients(model, &mut tape, &first, batch))));
        rate(products, &mut || {
            let sums = forward(first.inputs(), &weights);
            black_box(backward(first.inputs(), &weights, &sums));
        });
        rate(passes, &mut || drop(black_box(forward(first.inputs(), &weights))));
        for (k, number) in THREADS.into_iter().enumerate() {
            if k == 0 || work_for(number) > work_for(THREADS[k - 1]) {
                threads[k].push(training(model, &data, (batch, number), seconds)?);
            }
        }
    }
    let [one_at_a_time, matrices, products, forward] = alone.map(|rates| median(rates).unwrap_or(f64::NAN));
    Ok(Rates { one_at_a_time, matrices, products, forward, threads: threads.map(median) })
}

/// The one in the middle, if there are any.
fn median(mut rates: Vec<f64>) -> Option<f64> {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied()
}

/// How many samples a second are worked on, if `work` is for `samples` of them.
fn per_second(samples: usize, seconds: f64, work: &mut dyn FnMut()) -> f64 {
    let (begin, mut done) = (Instant::now(), 0);
    loop {
        work();
        done += samples;
        let elapsed = begin.elapsed().as_secs_f64();
        if elapsed >= seconds {
            return done as f64 / elapsed;
        }
    }
}

/// The mean gradients over the samples, so many of which are recorded at once.
fn gradients(
    model: &Mlp<f32>,
    tape: &mut Tape<f32>,
    data: &Dataset<f32, f32>,
    at_once: usize,
) -> Option<ModelGradients<f32>> {
    let mut sum: Option<ModelGradients<f32>> = None;
    for (x, y) in data.batches(at_once) {
        tape.clear();
        let loss = half_squared_error(model.forward(&tape.input(x)), tape.input(y));
        let gradients = ModelGradients::of(model, &loss.backward());
        match &mut sum {
            Some(sum) => sum.add(&gradients),
            None => sum = Some(gradients),
        }
    }
    sum.iter_mut().for_each(|sum| sum.scale(at_once as f64 / data.len() as f64));
    sum
}

/// Samples per second of a training that is stopped when the time is over.
fn training(
    model: &Mlp<f32>,
    data: &Dataset<f32, f32>,
    (batch, threads): (usize, usize),
    seconds: f64,
) -> Result<f64, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&stop);
    let mut trainer = Trainer::new(half_squared_error::<Var<f32>>)
        .epochs(EPOCHS)
        .batch(batch)
        .shard(SHARD)
        .threads(threads)
        .stop(stop)
        .on_step(move |progress| over.store(progress.elapsed.as_secs_f64() >= seconds, Ordering::Relaxed));
    let history = trainer.train(&mut model.clone(), &mut Sgd::new(0.1), data)?;
    let steps: usize = history.epochs.iter().map(|epoch| epoch.steps).sum();
    Ok((steps * batch) as f64 / history.seconds)
}

/// The matrix products of a forward pass: on numbers to be timed, on shapes to be counted.
fn forward<A: Algebra>(x: &A, [first, last]: &[A; 2]) -> [A; 2] {
    let hidden = x.matmul(first.t());
    let outputs = hidden.matmul(last.t());
    [hidden, outputs]
}

/// Those of a backward pass: the gradients of the weights, and of the hidden layer on the way. Sums stand for the numbers
/// of the same shape that a pass would have there.
fn backward<A: Algebra>(x: &A, [_, last]: &[A; 2], [hidden, outputs]: &[A; 2]) -> [A; 2] {
    let back = outputs.matmul(last.clone());
    [back.t().matmul(x.clone()), outputs.t().matmul(hidden.clone())]
}

/// Multiplications, each with an addition, for one sample, from a dry run.
struct Work {
    forward: f64,
    backward: f64,
    /// What the gradients of the pixels, which nobody asks for, would cost.
    pixels: f64,
}

impl Work {
    fn of_a_sample() -> Work {
        let x = Shape::from([1, SIZES[0]]);
        let weights: [Shape; 2] = array::from_fn(|k| Shape::from([SIZES[k + 1], SIZES[k]]));
        let (sums, there) = cost(|| forward(&x, &weights));
        let (_, back) = cost(|| backward(&x, &weights, &sums));
        let (_, pixels) = cost(|| sums[0].matmul(weights[0].clone()));
        let [forward, backward, pixels] = [there, back, pixels].map(|cost| cost.flops as f64 / 2.0);
        Work { forward, backward, pixels }
    }
}

/// A rate to three digits, which is more than repeats.
fn rounded(rate: f64) -> Value {
    let unit = 10_f64.powf((rate.max(1.0).log10().floor() - 2.0).max(0.0));
    json!(((rate / unit).round() * unit) as u64)
}
