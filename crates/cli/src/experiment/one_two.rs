//! What one sample wants, and what all of them want.

use serde_json::{Value, json};
use wengert::nn::{Error, accuracy, cross_entropy};
use wengert::prelude::*;

use super::{Findings, digits, network, percent};

const RATE: f64 = 0.5;
/// Steps at which the network is looked at.
const LOOKS: [usize; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

pub(super) fn run(seed: u64) -> Result<Findings, Error> {
    let split = digits(seed);
    let (train, test) = (split.train(), split.test());
    let two = train.targets().data().iter().position(|class| *class == 2).unwrap_or(0);
    let one = train.rows(&[two]);
    let mut model = network(&[64, 30, 10], Activation::Sigmoid, seed);
    let mut rows = Vec::new();
    let mut look = |model: &Mlp<f32>, trained: &str, steps: usize| {
        let outputs = model.forward(test.inputs());
        let answers = outputs.arg_max(-1);
        let twos = answers.data().iter().filter(|class| **class == 2).count() as f64 / answers.len() as f64;
        let right = accuracy(&outputs, test.targets());
        let row: Vec<Value> = vec![json!(trained), json!(steps), percent(twos), percent(right)];
        rows.push(row);
        (twos, right)
    };
    let ill = descend(&mut model, &one, seed, |model, steps| look(model, "one 2", steps))?;
    let cured = descend(&mut model, train, seed, |model, steps| look(model, "all digits", steps))?;
    Ok(Findings {
        about: format!(
            "64-30-10, sigmoid, cross-entropy, descent with rate {RATE}. First every step follows the gradient of one and the \
             same 2; then the average over batches of 32 of all {} training digits. Looked at: {} digits held out.",
            train.len(),
            test.len()
        ),
        columns: vec!["learns from", "steps", "says 2", "right"],
        rows,
        shows: format!(
            "after the one 2 the network says 2 to {:.1} % of all digits; after the average over all it reads {:.1} %",
            100.0 * ill.0,
            100.0 * cured.1
        ),
    })
}

/// Descends, and looks at the model after some of the steps; returns the last look.
fn descend<T>(
    model: &mut Mlp<f32>,
    data: &Dataset<f32>,
    seed: u64,
    mut look: impl FnMut(&Mlp<f32>, usize) -> T,
) -> Result<T, Error> {
    let mut last = look(model, 0);
    for looks in LOOKS.windows(2) {
        let mut optimiser = Sgd::new(RATE);
        // An epoch of one sample is a step; one of all is 43, of which as many are taken as are wanted.
        let (mut left, mut round) = (looks[1] - looks[0], looks[0] as u64);
        let scale = if data.len() == 1 { 1 } else { 10 };
        left *= scale;
        while left > 0 {
            round += 1;
            for (x, y) in data.batches(32).shuffled(&mut stream(seed, 100 + round)).take(left) {
                let tape = Tape::of::<f32>();
                let loss = cross_entropy(model.forward(&tape.input(x)), tape.input(y));
                optimiser.step(model, &loss.backward());
                left -= 1;
            }
        }
        last = look(model, looks[1] * scale);
    }
    Ok(last)
}
