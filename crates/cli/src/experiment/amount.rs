//! Accuracy against the amount of data, and of training.

use serde_json::json;
use wengert::nn::{Error, accuracy, cross_entropy};
use wengert::prelude::*;

use super::{Findings, digits, network, percent};

const SAMPLES: [usize; 6] = [20, 50, 100, 200, 500, 1348];
const EPOCHS: [usize; 6] = [1, 2, 5, 10, 20, 50];
/// Steps of the runs that differ in their samples: as many as 50 epochs of all samples have.
const STEPS: usize = 2150;
const BATCH: usize = 32;

pub(super) fn run(seed: u64) -> Result<Findings, Error> {
    let split = digits(seed);
    let mut rows = Vec::new();
    let mut ends = Vec::new();
    for samples in SAMPLES {
        let share = samples as f64 / split.train().len() as f64;
        let rng = &mut stream(seed, 4);
        let train = match share < 1.0 {
            true => split.train().parts_stratified(&[share, 1.0 - share], rng)?.swap_remove(0),
            false => split.train().clone(),
        };
        let epochs = STEPS / train.len().div_ceil(BATCH);
        let right = learn(&train, split.test(), epochs, seed)?;
        rows.push(vec![json!(train.len()), json!(epochs), percent(right)]);
        ends.push(right);
    }
    for epochs in EPOCHS {
        let right = learn(split.train(), split.test(), epochs, seed)?;
        rows.push(vec![json!(split.train().len()), json!(epochs), percent(right)]);
    }
    Ok(Findings {
        about: format!(
            "64-30-10, tanh, Adam, batches of {BATCH}; {} digits held out. The first rows differ in samples and have the same \
             number of steps, the last differ in epochs and have all samples.",
            split.test().len()
        ),
        columns: vec!["samples", "epochs", "right"],
        rows,
        shows: format!(
            "with the same number of steps, {} samples give {:.1} % and {} give {:.1} %",
            SAMPLES[0],
            100.0 * ends[0],
            split.train().len(),
            100.0 * ends[ends.len() - 1]
        ),
    })
}

fn learn(train: &Dataset<f32>, test: &Dataset<f32>, epochs: usize, seed: u64) -> Result<f64, Error> {
    let mut model = network(&[64, 30, 10], Activation::Tanh, seed);
    Trainer::new(|y, t| cross_entropy(y, t)).epochs(epochs).batch(BATCH).shard(BATCH).seed(seed).train(
        &mut model,
        &mut Adam::new(0.005),
        train,
    )?;
    Ok(accuracy(&model.forward(test.inputs()), test.targets()))
}
