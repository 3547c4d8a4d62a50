//! The networks of the books on MNIST: `published RECIPE [SEED] [EPOCHS]` with the folder of the IDX files in
//! `WENGERT_DATA`. Without arguments, the first of them on the embedded digits, to show how it goes.

use std::path::PathBuf;

use wengert::nn::data::{Mnist, mnist};
use wengert::nn::published::{Recipe, Run};
use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |k: usize| arguments.get(k).map(|text| text.parse::<u64>()).transpose();
    let (seed, epochs) = (number(1)?.unwrap_or(1), number(2)?.map(|n| n as usize));
    let (recipe, data, epochs) = match arguments.first() {
        Some(name) => {
            let folder = std::env::var_os("WENGERT_DATA").ok_or("WENGERT_DATA does not name the folder of MNIST")?;
            (Recipe::named(name)?, mnist::<f32>(PathBuf::from(folder), 1.0 / 256.0)?, epochs)
        }
        None => (Recipe::ALL[0], small(), Some(30)),
    };
    println!("{}: {}, published {} %", recipe.name, recipe.source, recipe.published);
    let path = arguments.first().map(|name| PathBuf::from(format!("{name}-{seed}.safetensors")));
    let told = |p: &wengert::nn::Progress<'_>| {
        let share = p.validation.and_then(|v| v.get("accuracy")).unwrap_or(f64::NAN);
        println!(
            "epoch {:2}  loss {:.4}  validation {:.2} %  {:.0} s",
            p.epoch,
            p.loss,
            100.0 * share,
            p.elapsed.as_secs_f64()
        );
    };
    let run = Run { seed, epochs, checkpoint: path.as_deref(), on_epoch: Some(Box::new(told)), ..Run::default() };
    let trained = recipe.run(&data, run)?;
    let (best, last) = trained.test_accuracy().ok_or("there was no epoch")?;
    let epoch = trained.history.best.unwrap_or(0);
    let seconds = trained.history.seconds;
    let validated = trained.history.best_epoch().and_then(|epoch| epoch.validation.as_ref()?.get("accuracy"));
    println!(
        "seed {seed}: test {:.2} % at epoch {epoch}, the best on validation with {:.2} %; {:.2} % at the last; {seconds:.0} s",
        100.0 * best,
        100.0 * validated.unwrap_or(f64::NAN),
        100.0 * last
    );
    assert!(!arguments.is_empty() || best > 0.8);
    Ok(())
}

/// The embedded digits of 8 × 8 in the middle of images of 28 × 28.
fn small() -> Mnist<f32> {
    let digits = digits::<f32>();
    let mut images = Tensor::zeros([digits.len(), 1, 28, 28]);
    let planes = images.data_mut().chunks_exact_mut(784).zip(digits.inputs().data().chunks_exact(64));
    for (to, from) in planes {
        (0..24 * 24).for_each(|k| to[(k / 24 + 2) * 28 + k % 24 + 2] = from[k / 72 * 8 + k % 24 / 3] / 16.0);
    }
    let rng = &mut generator(1);
    let digits = digits.with_inputs(images).unwrap_or_else(|e| unreachable!("{e}"));
    let parts = digits.parts_stratified(&[0.7, 0.15, 0.15], rng).unwrap_or_else(|e| unreachable!("{e}"));
    let [train, validation, test] = parts.try_into().unwrap_or_else(|_| unreachable!("three shares, three parts"));
    Mnist { train, validation, test }
}
