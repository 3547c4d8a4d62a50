//! Micrograd's demonstration on our scalars: from its points and its first weights, its losses
//! (`tests/reference/micrograd_moons.py`).

use std::path::Path;

use serde_json::Value;
use wengert_nn::prelude::*;

const SIZES: [usize; 4] = [2, 16, 16, 1];

/// The score of a point; each neuron has its inputs' weights, then its bias.
fn score(weights: &[Scalar], point: &[f64]) -> Scalar {
    let mut values: Vec<Scalar> = point.iter().map(|x| Scalar::constant(*x)).collect();
    let mut neurons = weights;
    for (layer, sizes) in SIZES.windows(2).enumerate() {
        let width = sizes[0] + 1;
        let (these, rest) = neurons.split_at(sizes[1] * width);
        let neuron = |w: &[Scalar]| {
            let sum = w.iter().zip(&values).fold(w[sizes[0]], |sum, (w, x)| sum + w * x);
            if layer + 2 < SIZES.len() { sum.relu() } else { sum }
        };
        values = these.chunks_exact(width).map(neuron).collect();
        neurons = rest;
    }
    values[0]
}

#[test]
fn its_losses_step_by_step() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference/micrograd_moons.json");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<f64>>();
    let points: Vec<Vec<f64>> = case["points"].as_array().unwrap().iter().map(&numbers).collect();
    let (labels, mut weights) = (numbers(&case["labels"]), numbers(&case["weights"]));
    let steps: Vec<Vec<f64>> = case["steps"].as_array().unwrap().iter().map(numbers).collect();
    assert_eq!((points.len(), weights.len(), steps.len()), (100, 337, 100));

    let mut tape = Tape::new();
    let mut failures = Vec::new();
    for (k, expected) in steps.iter().enumerate() {
        tape.clear();
        let w = tape.scalars(&weights);
        let scores: Vec<Scalar> = points.iter().map(|point| score(&w, point)).collect();
        let margins = scores.iter().zip(&labels).map(|(s, y)| (1.0 + -*y * *s).relu());
        let loss = margins.sum::<Scalar>() * 0.01 + 1e-4 * w.iter().map(|w| w * w).sum::<Scalar>();
        let right = scores.iter().zip(&labels).filter(|(s, y)| (s.value() > 0.0) == (**y > 0.0)).count();
        if !((loss.value() - expected[0]).abs() < 1e-9) || right as f64 != (100.0 * expected[1]).round() {
            failures.push(format!("step {k}: {} and {right} right, not {expected:?}", loss.value()));
        }
        let gradients = loss.backward();
        let rate = 1.0 - 0.9 * k as f64 / 100.0;
        weights.iter_mut().zip(&w).for_each(|(weight, w)| *weight -= rate * gradients[*w]);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(steps[99][1], 1.0);
}
