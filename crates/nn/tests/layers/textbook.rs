//! The tape beside the book: the same gradients, the same parameters after an epoch.

use wengert_nn::prelude::*;
use wengert_nn::textbook::{Column, Network, bp1, bp2, bp3, bp4, sigmoid, sigmoid_prime};

fn mlp(sizes: &[usize], seed: u64) -> Mlp<f64> {
    let mut mlp = Mlp::with(sizes, Activation::Sigmoid, Initialiser::Normal, &mut generator(seed));
    let rng = &mut generator(seed + 100);
    for layer in &mut mlp.layers {
        let outputs = layer.outputs();
        layer.bias = Some(Param::new(Tensor::randn([outputs], rng)));
    }
    mlp
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// The parameters of both, one after another: weights and biases of each layer.
fn parameters(net: &Network) -> Vec<f64> {
    net.weights.iter().zip(&net.biases).flat_map(|(w, b)| [w.concat(), b.clone()].concat()).collect()
}

#[test]
fn the_tapes_gradients_are_the_books() {
    for (seed, sizes) in [&[3, 2][..], &[4, 5, 3], &[5, 7, 2, 6], &[784, 30, 10]].into_iter().enumerate() {
        let model = mlp(sizes, seed as u64);
        let net = Network::of_mlp(&model);
        let rng = &mut generator(50 + seed as u64);
        let (x, y) = (Tensor::<f64>::rand([1, sizes[0]], rng), Tensor::<f64>::rand([1, sizes[sizes.len() - 1]], rng));
        let book = net.backprop(x.data(), y.data());

        let tape = Tape::new();
        // Each layer by itself, so that its z and its activation can be asked for.
        let (mut a, mut zs, mut activations) = (tape.input(x.clone()), Vec::new(), Vec::new());
        for layer in &model.layers {
            let z = layer.forward(&a).retain();
            a = z.sigmoid();
            zs.push(z);
            activations.push(a);
        }
        let loss = half_squared_error(a, &y);
        let gradients = loss.backward();
        for (l, layer) in model.layers.iter().enumerate() {
            let gradient = |param: &Param| gradients.param(param).unwrap().clone();
            for (name, tape, book) in [
                ("z", zs[l].value(), book.zs[l].clone()),
                ("activation", activations[l].value(), book.activations[l + 1].clone()),
                ("delta", gradients[zs[l]].clone(), book.deltas[l].clone()),
                ("nabla_w", gradient(&layer.weight), book.nabla_w[l].concat()),
                ("nabla_b", gradient(layer.bias.as_ref().unwrap()), book.nabla_b[l].clone()),
            ] {
                let apart = apart(tape.data(), &book);
                assert!(apart <= 1e-12, "{sizes:?}, layer {l}, {name}: {apart}");
            }
        }
        // The same model in one piece.
        let output = model.forward(&tape.input(x.clone()));
        assert!(apart(output.value().data(), &net.feedforward(x.data())) <= 1e-12);
    }
}

/// The same weights, the same order of the samples, one epoch: the same parameters, but for the order of sums.
#[test]
fn after_an_epoch_both_hold_the_same_parameters() {
    let digits = digits::<f64>().range(0..503).one_hot().flattened();
    let digits = digits.with_inputs(digits.inputs() / 16.0).unwrap();
    let sizes = [64, 30, 10];
    let mut model = mlp(&sizes, 1);
    let mut net = Network::of_mlp(&model);
    let row = |t: &Tensor, width: usize| -> Vec<Column> { t.data().chunks_exact(width).map(<[f64]>::to_vec).collect() };
    let samples: Vec<(Column, Column)> = row(digits.inputs(), 64).into_iter().zip(row(digits.targets(), 10)).collect();

    // `sgd` shuffles as `shuffled` does: the same generator gives the same order.
    net.sgd(&samples, 1, 10, 3.0, &mut generator(7));
    let mut optimiser = Sgd::new(3.0);
    for (x, y) in digits.batches(10).shuffled(&mut generator(7)) {
        let tape = Tape::new();
        let loss = half_squared_error(model.forward(&tape.input(x)), tape.input(y));
        optimiser.step(&mut model, &loss.backward());
    }
    let (book, tape) = (parameters(&net), parameters(&Network::of_mlp(&model)));
    let apart = apart(&book, &tape);
    assert!(apart <= 1e-9, "{apart}");
    assert!(apart > 0.0, "the order of sums differs, so that the bits do");
    assert!(net.evaluate(&samples) > 100);
    let right = accuracy(&model.forward(digits.inputs()), &digits.targets().arg_max(-1)) * 503.0;
    assert_eq!(net.evaluate(&samples), right.round() as usize);
}

/// The four equations against differences of the cost, each by itself.
#[test]
fn the_four_equations_are_derivatives() {
    let rng = &mut generator(3);
    let mut draw = |n: usize| Tensor::<f64>::randn([n], rng).into_vec();
    let (z, y, next) = (draw(3), draw(3), vec![draw(3), draw(3)]);
    let a: Column = z.iter().map(|z| sigmoid(*z)).collect();
    let step = 1e-6;
    let difference = |f: &dyn Fn(&[f64]) -> f64, at: &[f64], k: usize| {
        let moved = |by: f64| {
            let mut at = at.to_vec();
            at[k] += by;
            f(&at)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    };
    let cost = |a: &[f64]| a.iter().zip(&y).map(|(a, y)| (a - y) * (a - y) / 2.0).sum::<f64>();
    let of_z = |z: &[f64]| cost(&z.iter().map(|z| sigmoid(*z)).collect::<Column>());
    let delta = bp1(&a, &y, &z);
    for (k, delta) in delta.iter().enumerate() {
        assert!((sigmoid_prime(z[k]) - difference(&|z| sigmoid(z[0]), &z[k..=k], 0)).abs() < 1e-9);
        assert!((delta - difference(&of_z, &z, k)).abs() < 1e-9, "BP1");
    }
    // BP2: an error (1, -2) of the next layer is the derivative of z₁ − 2 z₂, a function of this layer's z.
    let of_next = |z: &[f64]| {
        let sum = |row: &[f64]| row.iter().zip(z).map(|(w, z)| w * sigmoid(*z)).sum::<f64>();
        sum(&next[0]) - 2.0 * sum(&next[1])
    };
    let before = bp2(&next, &[1.0, -2.0], &z);
    for (k, before) in before.into_iter().enumerate() {
        assert!((before - difference(&of_next, &z, k)).abs() < 1e-9, "BP2");
    }
    // BP3 and BP4: z = w a + b has the derivatives 1 by b and a by w.
    assert_eq!(bp3(&delta), delta);
    assert_eq!(bp4(&[0.5, 2.0], &[3.0, -1.0]), [[1.5, 6.0], [-0.5, -2.0]]);
}
