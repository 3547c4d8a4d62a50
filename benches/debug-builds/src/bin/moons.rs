//! Two moons told apart by a network 2-16-1 whose every weight is one recorded number.

use wengert::nn::data;
use wengert::prelude::*;

const SIZES: [usize; 3] = [2, 16, 1];

/// Where the weights of a layer begin: each neuron has its inputs' weights, then its bias.
fn network(w: &[Scalar], x: &[f64]) -> Scalar {
    let mut values: Vec<Scalar> = x.iter().map(|x| Scalar::constant(*x)).collect();
    let mut start = 0;
    for (layer, sizes) in SIZES.windows(2).enumerate() {
        let (inputs, outputs) = (sizes[0], sizes[1]);
        let neuron = |k: usize| {
            let w = &w[start + k * (inputs + 1)..][..inputs + 1];
            let sum: Scalar = w.iter().zip(&values).map(|(w, x)| w * x).sum();
            let sum = sum + w[inputs];
            if layer + 2 < SIZES.len() { sum.relu() } else { sum }
        };
        values = (0..outputs).map(neuron).collect();
        start += outputs * (inputs + 1);
    }
    values[0]
}

fn main() {
    let mut rng = generator(1337);
    let moons = data::moons::<f64>(100, 0.1, &mut rng);
    let points: Vec<&[f64]> = moons.inputs().data().chunks(2).collect();
    let labels: Vec<f64> = moons.targets().data().iter().map(|class| 2.0 * *class as f64 - 1.0).collect();

    let count: usize = SIZES.windows(2).map(|s| s[1] * (s[0] + 1)).sum();
    let mut weights = (Tensor::<f64>::rand([count], &mut rng) * 2.0 - 1.0).into_vec();
    println!("{count} parameters, {} points", points.len());

    let mut tape = Tape::new();
    let mut accuracy = 0.0;
    for step in 0..100 {
        tape.clear();
        let w = tape.scalars(&weights);
        let scores: Vec<Scalar> = points.iter().map(|x| network(&w, x)).collect();
        // max(0, 1 − y · score), averaged, and a little of the weights' squares
        let margin: Scalar = scores.iter().zip(&labels).map(|(s, y)| (1.0 - s * *y).relu()).sum();
        let squares: Scalar = w.iter().map(|w| w * w).sum();
        let loss = margin / points.len() as f64 + squares * 1e-4;
        let gradient = loss.backward();
        let rate = 1.0 - 0.9 * f64::from(step) / 100.0;
        weights.iter_mut().zip(&w).for_each(|(weight, w)| *weight -= rate * gradient[*w]);

        let right = scores.iter().zip(&labels).filter(|(s, y)| (s.value() > 0.0) == (**y > 0.0)).count();
        accuracy = 100.0 * right as f64 / points.len() as f64;
        if step % 20 == 0 || step == 99 {
            println!("step {step:2}  loss {:.4}  accuracy {accuracy} %  nodes {}", loss.value(), tape.len());
        }
    }
}
