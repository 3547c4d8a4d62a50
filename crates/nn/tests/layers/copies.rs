//! Copies of models, and what is tied: on one tape, under optimisers and averages.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_nn::prelude::*;
use wengert_tape::ParamId;

fn ids(model: &(impl Parameters<f64> + ?Sized)) -> BTreeSet<ParamId> {
    model.parameters().into_iter().map(|(_, param)| param.id()).collect()
}

fn values(model: &(impl Parameters<f64> + ?Sized)) -> Vec<Tensor> {
    model.parameters().into_iter().map(|(_, param)| param.value().clone()).collect()
}

/// Every kind of layer with parameters, alone and inside others.
fn layers() -> Vec<Box<dyn Layer<f64>>> {
    let rng = &mut generator(3);
    let inner = || Sequential::new().then(LayerNorm::new([4])).then(Linear::new(4, 4, &mut generator(5)));
    vec![
        Box::new(Linear::new(4, 3, rng)),
        Box::new(Mlp::new(&[4, 5, 3], Activation::Tanh, rng)),
        Box::new(Conv2d::new(1, 2, 3, Conv::default(), rng)),
        Box::new(ConvTranspose2d::new(1, 2, 3, Conv::default(), rng)),
        Box::new(BatchNorm::new(4)),
        Box::new(GroupNorm::new(2, 4)),
        Box::new(RmsNorm::new([4])),
        Box::new(MultiHeadAttention::new(4, 2, rng)),
        Box::new(Residual::new(inner())),
        Box::new(inner()),
        Box::new(Perceptron::new(4)),
    ]
}

#[test]
fn a_clone_of_any_layer_is_a_copy_and_what_is_tied_is_not() {
    for layer in layers() {
        let (copy, tied) = (layer.clone(), layer.tied());
        assert_eq!(values(&layer), values(&copy), "{layer:?}");
        assert!(!layer.parameters().is_empty() && ids(&layer).is_disjoint(&ids(&copy)), "{layer:?}");
        assert_eq!((ids(&layer), values(&layer)), (ids(&tied), values(&tied)), "{layer:?}");
        assert!(ids(&tied.clone()).is_disjoint(&ids(&layer)), "{layer:?}");
    }
}

/// The loss of a network against its own copy of 50 steps ago, on one tape: r + 0.9 max Q'(s').
#[test]
fn a_target_network_keeps_its_numbers_on_the_tape_of_the_other() {
    let rng = &mut generator(1);
    let mut q = Mlp::<f64>::new(&[2, 8, 3], Activation::Tanh, rng).output(Activation::Identity);
    let target = q.clone();
    let (s, next) = (Tensor::randn([4, 2], rng), Tensor::randn([4, 2], rng));
    let mut optimiser = Adam::new(0.1);
    for _ in 0..50 {
        let tape = Tape::new();
        let loss = (q.forward(&tape.input(s.clone())) - 3.0).square().mean();
        optimiser.step(&mut q, &loss.backward());
    }
    for target_first in [false, true] {
        let tape = Tape::new();
        let (s, next_state) = (tape.input(s.clone()), tape.input(next.clone()));
        let early = target_first.then(|| target.forward(&next_state));
        let prediction = q.forward(&s).max_over(1);
        let ahead = early.unwrap_or_else(|| target.forward(&next_state));
        assert_eq!(ahead.value(), target.forward(&next));
        assert_ne!(ahead.value(), q.forward(&next));
        let g = (prediction - ahead.max_over(1) * 0.9).square().sum().backward();
        // The same loss with the target's numbers as constants.
        let other = Tape::new();
        let fixed = target.forward(&next).max_over(1) * 0.9;
        let expected = (q.forward(&other.input(s.value())).max_over(1) - fixed).square().sum().backward();
        for (name, param) in q.parameters() {
            assert_eq!(g.param(param).unwrap(), expected.param(param).unwrap(), "{name}");
        }
        assert!(target.parameters().iter().all(|(_, param)| g.param(param).is_ok()));
    }
}

#[derive(Clone, Debug)]
struct Words {
    table: Embedding<f64>,
    hidden: Linear<f64>,
    output: Linear<f64>,
}
impl Parameters<f64> for Words {
    parameters! { f64: table, hidden, output }
}

/// An embedding whose table is the output layer's weight too.
fn words() -> Words {
    let rng = &mut generator(2);
    let table = Embedding::new(5, 3, rng);
    let mut output = Linear::new(3, 5, rng);
    output.weight = table.weight.tied();
    Words { hidden: Linear::new(3, 3, rng), output, table }
}

#[test]
fn a_copy_of_a_tied_model_is_tied() {
    let mut words = words();
    let count = 5 * 3 + (3 * 3 + 3) + 5;
    let mut copy = words.clone();
    let twice = copy.clone();
    assert_eq!([&words, &copy, &twice].map(Parameters::parameter_count), [count; 3]);
    assert!(ids(&words).is_disjoint(&ids(&copy)) && ids(&copy).is_disjoint(&ids(&twice)));
    let step = |words: &mut Words| {
        let tape = Tape::new();
        let x = tape.input(Tensor::from(0.0));
        let rows = words.table.rows(&x, Tensor::from([1_i64, 4]));
        let loss = words.output.forward(&words.hidden.forward(&rows).tanh()).square().sum();
        assert_eq!(Sgd::new(0.1).step(words, &loss.backward()).updated, 4);
    };
    let before = values(&words);
    step(&mut copy);
    assert_eq!(copy.table.weight.value(), copy.output.weight.value());
    assert_eq!((values(&words), values(&twice)), (before.clone(), before));
    step(&mut words);
    assert_eq!(values(&words), values(&copy));
}

#[test]
fn a_stack_of_equal_layers_learns_each_by_itself() {
    let layer = Linear::<f64>::new(3, 3, &mut generator(4));
    let mut stack = vec![layer.clone(); 3];
    let tape = Tape::new();
    let x = tape.input(Tensor::from([[1.0, -2.0, 0.5]]));
    let y = stack.iter().fold(x, |x, layer| layer.forward(&x).tanh());
    let gradients = y.square().sum().backward();
    assert_eq!(Sgd::new(0.1).step(&mut stack, &gradients).updated, 6);
    assert!((0..3).all(|k| stack[k].weight.value() != stack[(k + 1) % 3].weight.value()));
    // Unrolled, one layer three times has the sum of the three gradients.
    let g = layer.forward(&layer.forward(&layer.forward(&x).tanh()).tanh()).tanh().square().sum().backward();
    let sum = |of: fn(&Linear<f64>) -> &Param| {
        let parts = stack.iter().map(|layer| gradients.param(of(layer)).unwrap().clone());
        parts.reduce(|a, b| a + b).unwrap()
    };
    for (found, expected) in g.param(&layer.weight).unwrap().data().iter().zip(sum(|l| &l.weight).data()) {
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }
}

#[test]
fn an_average_is_written_into_a_copy() {
    for tied in [false, true] {
        let mut model = words();
        if !tied {
            model.output.weight = model.output.weight.clone();
        }
        let mut averaged = model.clone();
        let mut average = WeightAverage::new();
        for k in 1..=3 {
            for (_, param) in model.parameters_mut() {
                let shape = param.value().shape().clone();
                *param.value_mut() = Tensor::full(shape, f64::from(k));
            }
            average.update(&model);
        }
        average.write(&mut averaged);
        assert!(averaged.parameters().iter().all(|(_, p)| p.value().data().iter().all(|x| *x == 2.0)), "tied {tied}");
        let other = Linear::<f64>::new(3, 3, &mut generator(1));
        let mut other = Words { output: other.clone(), hidden: other, table: Embedding::new(5, 3, &mut generator(1)) };
        let panic = catch_unwind(AssertUnwindSafe(|| average.write(&mut other))).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.starts_with("average: `output."), "{message}");
    }
}

/// Steps on one tape that is never cleared are those on a tape for each; a loss over two of the steps is refused.
#[test]
fn a_step_on_a_tape_that_goes_on() {
    let train = |one_tape: bool| {
        let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Tanh, &mut generator(6));
        let (mut optimiser, mut tape) = (Adam::new(0.05), Tape::new());
        for _ in 0..20 {
            if !one_tape {
                tape = Tape::new();
            }
            let loss = mse(model.forward(&tape.input(Tensor::from([[0.5, -1.0]]))), Tensor::from([[0.3]]));
            optimiser.step(&mut model, &loss.backward());
        }
        values(&model)
    };
    assert_eq!(train(true), train(false));

    let mut model = Linear::<f64>::new(2, 1, &mut generator(7));
    let tape = Tape::new();
    let x = tape.input(Tensor::from([[0.5, -1.0]]));
    let mut optimiser = Sgd::new(0.1);
    let first = model.forward(&x).square().sum();
    optimiser.step(&mut model, &first.backward());
    let both = first + model.forward(&x).square().sum();
    let panic = catch_unwind(AssertUnwindSafe(|| optimiser.step(&mut model, &both.backward()))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with("two values: parameter ") && message.contains("begin a tape after each change"),
        "{message}"
    );
}
