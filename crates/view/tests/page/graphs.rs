//! The graphs that the page must serve: twelve numbers, a network on numbers, two networks on tensors.

use wengert_nn::prelude::*;
use wengert_view::{View, ViewExt};

/// The last two neurons of a chain, as in the fourth of 3Blue1Brown's chapters, each named as there.
pub(crate) fn chain() -> (View<f64>, Gradients) {
    let tape = Tape::new();
    let a_0 = tape.scalar(0.73);
    let (w_1, b_1) = (tape.scalar(1.4), tape.scalar(-0.3));
    let (w_2, b_2) = (tape.scalar(-2.1), tape.scalar(0.5));
    let y = tape.input(Tensor::from(0.9));
    let z_1 = w_1 * a_0 + b_1;
    let a_1 = z_1.sigmoid();
    let z_2 = w_2 * a_1 + b_2;
    let a_2 = z_2.sigmoid();
    let cost = (Var::from(a_2) - y).powi(2);
    let view = cost.view().name(cost, "C").name(z_1, "z_1").name(a_1, "a_1").name(z_2, "z_2").name(a_2, "a_2");
    let view = [("a_0", a_0), ("w_1", w_1), ("b_1", b_1), ("w_2", w_2), ("b_2", b_2)]
        .into_iter()
        .fold(view, |view, (name, node)| view.name(node, name));
    (view.name(y, "y"), cost.backward_all())
}

/// Two layers on numbers and a squared error: about five thousand nodes.
pub(crate) fn scalar_network() -> (View<f64>, Gradients) {
    let tape = Tape::new();
    let mut k = 0.0;
    let mut number = || {
        k += 1.0;
        (f64::sin(k * 12.9898) * 43758.5453).fract() * 0.5
    };
    let x: Vec<Scalar> = (0..8).map(|_| tape.scalar(number())).collect();
    let mut layer = |inputs: &[Scalar], outputs: usize| -> Vec<Scalar> {
        (0..outputs)
            .map(|_| {
                let mut sum = tape.scalar(number());
                for input in inputs {
                    sum += tape.scalar(number()) * *input;
                }
                sum.tanh()
            })
            .collect()
    };
    let hidden = layer(&x, 36);
    let hidden = layer(&hidden, 36);
    let outputs = layer(&hidden, 2);
    let loss = (outputs[0] - 1.0).powi(2) + (outputs[1] + 1.0).powi(2);
    (loss.view(), loss.backward_all())
}

/// Nielsen's first network on four images.
pub(crate) fn digits_network() -> (View<f32>, Gradients<f32>) {
    let model = Mlp::<f32>::new(&[784, 30, 10], Activation::Sigmoid, &mut generator(1));
    let tape = Tape::of::<f32>();
    let x = tape.input(Tensor::randn([4, 784], &mut generator(2)));
    let y = tape.input(Tensor::from([3i64, 1, 4, 1]));
    let loss = cross_entropy(model.forward(&x), y);
    let parameters = model.parameters();
    let view = loss.view().parameters(parameters).name(x, "x").name(y, "classes").name(loss, "loss");
    (view, loss.backward_all())
}

/// A convolution, a pool and a layer on two small images.
pub(crate) fn convolution() -> (View<f32>, Gradients<f32>) {
    let mut rng = generator(3);
    let model = Sequential::<f32>::new()
        .then(Conv2d::new(1, 4, 3, wengert_tape::ops::Conv::default().padding(1), &mut rng))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(4 * 4 * 4, 10, &mut rng));
    let tape = Tape::of::<f32>();
    let x = tape.input(Tensor::randn([2, 1, 8, 8], &mut rng));
    let y = tape.input(Tensor::from([7i64, 2]));
    let loss = cross_entropy(model.forward(&x), y);
    let view = loss.view().parameters(model.parameters()).name(x, "x").name(y, "classes").name(loss, "loss");
    (view, loss.backward_all())
}
