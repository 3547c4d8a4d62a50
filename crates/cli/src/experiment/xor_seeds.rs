//! Exclusive or over many seeds: a small network gets stuck sometimes.

use serde_json::json;
use wengert::nn::{Optimiser, data, mse};
use wengert::prelude::*;

use super::Findings;

/// The same for every network and seed.
const RATE: f64 = 2.0;
const MOST_UPDATES: usize = 10_000;
const NEAR: f64 = 0.1;

pub(super) fn run(seeds: u16) -> Findings {
    let mut rows = Vec::new();
    let mut shares = Vec::new();
    for hidden in [2, 3] {
        let updates: Vec<Option<usize>> = (1..=u64::from(seeds)).map(|seed| learn(hidden, seed)).collect();
        let mut learned: Vec<usize> = updates.iter().copied().flatten().collect();
        learned.sort_unstable();
        let stuck: Vec<String> =
            updates.iter().zip(1..).filter(|(u, _)| u.is_none()).map(|(_, seed)| format!("{seed}")).collect();
        let median = learned.get(learned.len() / 2).copied();
        let stuck = if stuck.is_empty() { "none".to_string() } else { stuck.join(" ") };
        rows.push(vec![
            json!(format!("2-{hidden}-1")),
            json!(learned.len()),
            json!(seeds),
            json!(median),
            json!(stuck),
        ]);
        shares.push(format!("2-{hidden}-1 for {} of {seeds} seeds", learned.len()));
    }
    Findings {
        about: format!(
            "Exclusive or, tanh and a sigmoid at the end, mean squared error, plain descent on all four rows with rate {RATE}. \
             Learned means: all four outputs within {NEAR} of their targets within {MOST_UPDATES} updates."
        ),
        columns: vec!["network", "learned", "seeds", "median updates", "stuck at"],
        rows,
        shows: format!("learned: {}", shares.join(", ")),
    }
}

/// The number of updates after which all outputs are near their targets.
fn learn(hidden: usize, seed: u64) -> Option<usize> {
    let rows = data::xor::<f64>();
    let mut model =
        Mlp::<f64>::new(&[2, hidden, 1], Activation::Tanh, &mut stream(seed, 2)).output(Activation::Sigmoid);
    let (mut optimiser, mut tape) = (Sgd::new(RATE), Tape::new());
    for updates in 0..=MOST_UPDATES {
        tape.clear();
        let output = model.forward(&tape.input(rows.inputs().clone()));
        let value = output.value();
        let near = |(output, target): (&f64, &f64)| (output - target).abs() < NEAR;
        if value.data().iter().zip(rows.targets().data()).all(near) {
            return Some(updates);
        }
        optimiser.step(&mut model, &mse(output, rows.targets()).backward());
    }
    None
}
