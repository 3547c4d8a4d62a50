//! Random search against descent.

use serde_json::json;
use wengert::nn::{Name, Optimiser, accuracy, cross_entropy};
use wengert::prelude::*;

use super::{Findings, digits, network, percent};

/// How long a random step is, for each weight.
const STEP: f64 = 0.03;
/// A gradient costs about as much as three looks at the loss: forward, and twice that back.
const GRADIENT: usize = 3;
/// Numbers of looks at which the three are compared.
const LOOKS: [usize; 5] = [3, 30, 300, 1500, 3000];

pub(super) fn run(seed: u64) -> Findings {
    let split = digits(seed);
    let (train, test) = (split.train(), split.test());
    let begin = network(&[64, 16, 10], Activation::Tanh, seed);
    let loss =
        |model: &Mlp<f32>| f64::from(cross_entropy(model.forward(train.inputs()), train.targets().clone()).item());
    let right = |model: &Mlp<f32>| accuracy(&model.forward(test.inputs()), test.targets());
    let (mut guessed, mut walked, mut descended) = (begin.clone(), begin.clone(), begin.clone());
    let (mut guessed_loss, mut walked_loss) = (loss(&begin), loss(&begin));
    let rng = &mut stream(seed, 3);
    let mut optimiser = Sgd::new(1.0);
    let mut rows = Vec::new();
    let mut done = 0;
    for looks in LOOKS {
        while done < looks {
            done += 1;
            let guess = Mlp::new(&[64, 16, 10], Activation::Tanh, rng).output(Activation::Identity);
            keep_better(&mut guessed, &mut guessed_loss, guess, loss);
            let mut step = walked.clone();
            step.visit_mut(Name::ROOT, &mut |_, param| {
                let noise = Tensor::<f32>::randn(param.value().shape(), rng) * STEP;
                let moved = param.value().clone() + noise;
                *param.value_mut() = moved;
            });
            keep_better(&mut walked, &mut walked_loss, step, loss);
            if done % GRADIENT == 0 {
                let tape = Tape::of::<f32>();
                let y = descended.forward(&tape.input(train.inputs().clone()));
                let gradients = cross_entropy(y, tape.input(train.targets().clone())).backward();
                optimiser.step(&mut descended, &gradients);
            }
        }
        rows.push(vec![
            json!(looks),
            json!(guessed_loss),
            percent(right(&guessed)),
            json!(walked_loss),
            percent(right(&walked)),
            json!(loss(&descended)),
            percent(right(&descended)),
        ]);
    }
    Findings {
        about: format!(
            "64-16-10, tanh, cross-entropy over all {} training digits. Guessing draws new weights every time and keeps the \
             best; walking adds a small random step and keeps it if it helps; descent follows the gradient, one step for \
             {GRADIENT} looks, which is what a gradient costs.",
            train.len()
        ),
        columns: vec!["looks", "guessing: loss", "right", "walking: loss", "right ", "descent: loss", "right  "],
        rows,
        shows: format!(
            "after {done} looks: guessing {:.1} %, walking {:.1} %, descent {:.1} % of {} digits held out; there are {} weights to \
             get right, and a gradient says something about each",
            100.0 * right(&guessed),
            100.0 * right(&walked),
            100.0 * right(&descended),
            test.len(),
            begin.parameter_count(),
        ),
    }
}

fn keep_better(model: &mut Mlp<f32>, least: &mut f64, other: Mlp<f32>, loss: impl Fn(&Mlp<f32>) -> f64) {
    let found = loss(&other);
    if found < *least {
        (*model, *least) = (other, found);
    }
}
