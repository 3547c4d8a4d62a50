//! What a hidden neuron looks for.

use serde_json::{Value, json};
use wengert::nn::{Error, accuracy, cross_entropy};
use wengert::prelude::*;

use super::{Findings, digits, network, percent};

/// From strongly against ink, to strongly for it.
const SHADES: [&str; 5] = ["==", "--", "  ", "++", "##"];
/// How many of the digits that excite the neuron most are named.
const MOST: usize = 12;

pub(super) fn run(seed: u64, neuron: usize) -> Result<Findings, Error> {
    let split = digits(seed);
    let (train, test) = (split.train(), split.test());
    let mut model = network(&[64, 16, 10], Activation::Sigmoid, seed);
    Trainer::new(|y, t| cross_entropy(y, t)).epochs(40).seed(seed).train(&mut model, &mut Adam::new(0.01), train)?;

    let [hidden, output] = [0, 1].map(|layer| model.layers[layer].weight.value().clone());
    let activations = model.activation.of(&model.layers[0].forward(test.inputs()));
    let excited: Vec<f32> = activations.data().iter().skip(neuron).step_by(16).copied().collect();
    let mut order: Vec<usize> = (0..excited.len()).collect();
    order.sort_by(|a, b| excited[*b].total_cmp(&excited[*a]));
    let most: Vec<String> = order[..MOST].iter().map(|row| test.targets().data()[*row].to_string()).collect();

    let row = |digit: usize| -> Vec<Value> {
        let of = excited.iter().zip(test.targets().data()).filter(|(_, class)| **class == digit as i64);
        let (sum, count) = of.fold((0.0, 0), |(sum, count), (x, _)| (sum + f64::from(*x), count + 1));
        let effect = output.data()[digit * 16 + neuron];
        vec![json!(digit.to_string()), json!(sum / f64::from(count.max(1))), json!(f64::from(effect))]
    };
    Ok(Findings {
        about: format!(
            "64-16-10, sigmoid, trained on {} digits; it reads {} of {} held out. Hidden neuron {neuron}: its weights on the 8 × 8 \
             pixels (## strongly for ink, ++ for, -- against, == strongly against)\n\n{}",
            train.len(),
            percent(accuracy(&model.forward(test.inputs()), test.targets())).as_str().unwrap_or_default(),
            test.len(),
            picture(&hidden.data()[neuron * 64..][..64]),
        ),
        columns: vec!["digit", "mean activation", "weight to its output"],
        rows: (0..10).map(row).collect(),
        shows: format!("the {MOST} digits held out that excite it most: {}", most.join(" ")),
    })
}

/// Eight lines of eight weights, against the largest of them.
fn picture(weights: &[f32]) -> String {
    let largest = weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
    let shade = |w: &f32| match w / largest {
        r if r < -0.6 => SHADES[0],
        r if r < -0.2 => SHADES[1],
        r if r <= 0.2 => SHADES[2],
        r if r <= 0.6 => SHADES[3],
        _ => SHADES[4],
    };
    let line = |row: &[f32]| format!("  |{}|", row.iter().map(shade).collect::<String>());
    weights.chunks_exact(8).map(line).collect::<Vec<_>>().join("\n")
}
