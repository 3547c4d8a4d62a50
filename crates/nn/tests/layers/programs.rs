//! Every layer, compiled: value and gradients of a program are those of the tape, also for another input and other parameters.

use wengert_nn::prelude::*;
use wengert_tape::Program;

use crate::layers::{layers, weighted};

fn input(shape: &[usize], shift: f64) -> Tensor {
    let n = shape.iter().product::<usize>();
    Tensor::new(shape, (0..n).map(|i| (i as f64 * 1.3 + shift).sin()).collect())
}

/// The loss and the gradients by the input and by all parameters that it depends on, on the tape.
fn on_tape(layer: &impl Module<f64>, x: &Tensor) -> Vec<Tensor> {
    let tape = Tape::new();
    let x = tape.var(x.clone());
    let loss = weighted(&layer.forward(&x));
    let g = loss.backward();
    let params = layer.parameters();
    let by_param = params.iter().filter_map(|(_, param)| g.param(param).ok());
    [loss.value(), g[x].clone()].into_iter().chain(by_param.cloned()).collect()
}

#[test]
fn every_layer_runs_in_a_program() {
    let mut failures = Vec::new();
    for (name, mut layer, shape) in layers() {
        let tape = Tape::new();
        let x = tape.var(input(&shape, 0.2));
        let loss = weighted(&layer.forward(&x));
        let g = loss.backward_recorded();
        let leaves: Vec<Var> = layer.parameters().iter().map(|(_, param)| tape.param(param)).collect();
        let reached: Vec<Var> = leaves.iter().copied().filter(|leaf| g.get(*leaf).is_ok()).collect();
        let outputs = [loss, g[x]].into_iter().chain(reached.iter().map(|leaf| g[*leaf]));
        let mut program = Program::of(outputs).unwrap();
        for round in 0..2 {
            let x1 = input(&shape, 0.2 + f64::from(round));
            program.set(x, x1.clone()).unwrap();
            if round == 1 {
                for (_, param) in layer.parameters_mut().into_iter().filter(|(_, param)| !param.is_frozen()) {
                    *param.value_mut() = param.value().map(|p| p * 1.01 + 0.01);
                }
                for ((_, param), leaf) in layer.parameters().iter().zip(&leaves) {
                    if reached.iter().any(|other| format!("{other:?}") == format!("{leaf:?}")) {
                        program.set(*leaf, param.value().clone()).unwrap();
                    }
                }
            }
            program.run().unwrap();
            let expected = on_tape(&layer, &x1);
            for (k, expected) in expected.iter().enumerate() {
                let found = program.output(k);
                let size = expected.data().iter().fold(1.0_f64, |size, x| size.max(x.abs()));
                let far = |(a, b): (&f64, &f64)| !((a - b).abs() <= 1e-11 * size);
                if found.shape() != expected.shape() || found.data().iter().zip(expected.data()).any(far) {
                    failures.push(format!("{name}, round {round}, output {k}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
