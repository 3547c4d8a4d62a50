//! Every public function given what it cannot take: an error, or a panic that says whose it is and what was wrong, and never
//! one of the language's own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_nn::data::shifted;
use wengert_nn::prelude::*;
use wengert_nn::{Description, Error, textbook};

/// What a call ended with, if not with a value: the words of an error or of a panic.
type Ending = Option<String>;

fn call<R>(f: impl FnOnce() -> R) -> Ending {
    let payload = catch_unwind(AssertUnwindSafe(f)).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    text.or(payload.downcast_ref::<&str>().map(ToString::to_string))
}

fn tried<R>(f: impl FnOnce() -> Result<R, Error>) -> Ending {
    let mut error = None;
    call(|| error = f().err().map(|e| e.to_string())).or(error)
}

fn zeros(shape: impl Into<Shape>) -> Tensor {
    Tensor::zeros(shape.into())
}

fn classes(of: &[i64]) -> Tensor<i64> {
    Tensor::new([of.len()], of.to_vec())
}

/// Calls with inputs that do not fit, and what the message begins with.
fn bad_calls() -> Vec<(&'static str, Ending)> {
    let rng = &mut generator(1);
    let names = ["a".to_string(), "b".to_string()];
    let table = Confusion::of(&names, &classes(&[0, 1]), &classes(&[0, 1])).unwrap();
    let data: Dataset<f64> = Dataset::of_classes(zeros([4, 2]), classes(&[0, 1, 0, 1]), names.to_vec()).unwrap();
    let others: Dataset<f64, f64> = Dataset::new(zeros([4, 2]), zeros([4, 1])).unwrap();
    let image = zeros([1, 1, 4, 4]);
    let attention = MultiHeadAttention::<f64>::new(4, 2, rng);
    let column = vec![0.5, 0.5];
    let network = textbook::Network::new(&[2, 3, 1], rng);
    vec![
        ("accuracy", call(|| accuracy(&zeros([]), &classes(&[])))),
        ("accuracy", call(|| accuracy(&zeros([2, 0]), &classes(&[0, 1])))),
        ("accuracy", call(|| accuracy(&zeros([2, 3]), &classes(&[0])))),
        ("binary_accuracy", call(|| binary_accuracy(&zeros([2]), &zeros([2, 1])))),
        ("top_k_accuracy", call(|| top_k_accuracy(1, &zeros([2, 3]), &classes(&[0, 3])))),
        ("top_k_accuracy", call(|| top_k_accuracy(1, &zeros([2, 3]), &classes(&[0, -1])))),
        ("top_k_accuracy", call(|| top_k_accuracy(1, &zeros([2, 0]), &classes(&[0, 0])))),
        ("top_k_accuracy", call(|| top_k_accuracy(1, &zeros([2]), &classes(&[0, 0])))),
        ("mean_absolute_error", call(|| mean_absolute_error(&zeros([2]), &zeros([3])))),
        ("mean_squared_error", call(|| mean_squared_error(&zeros([2]), &zeros([3])))),
        ("r_squared", call(|| r_squared(&zeros([2]), &zeros([3])))),
        ("confusion", tried(|| Confusion::of(&names, &classes(&[0]), &classes(&[0, 1])))),
        ("confusion", tried(|| Confusion::of(&names, &classes(&[2]), &classes(&[0])))),
        ("confusion", tried(|| Confusion::of(&names, &classes(&[0]), &classes(&[-1])))),
        ("confusion", tried(|| Confusion::of_outputs(&names, &classes(&[0]), &zeros([1, 0])))),
        ("confusion", tried(|| Confusion::of_outputs(&names, &classes(&[0]), &zeros([3])))),
        ("confusion", call(|| table.count(2, 0))),
        ("confusion", call(|| table.count(0, 2))),
        ("confusion", call(|| table.precision(2))),
        ("confusion", call(|| table.recall(7))),
        ("confusion", call(|| table.f1(2))),
        ("data set", tried(|| Dataset::<f64>::new(zeros([]), classes(&[0])))),
        ("data set", tried(|| Dataset::<f64>::new(zeros([2, 1]), classes(&[0])))),
        ("data set", tried(|| Dataset::<f64>::of_classes(zeros([1, 1]), classes(&[2]), names.to_vec()))),
        ("data set", tried(|| data.with_inputs(zeros([3, 2])))),
        ("data set", tried(|| data.followed_by(&Dataset::new(zeros([1, 3]), classes(&[0])).unwrap()))),
        ("data set", tried(|| others.followed_by(&Dataset::new(zeros([1, 3]), zeros([1, 1])).unwrap()))),
        ("rows", call(|| data.rows(&[4]))),
        ("rows", call(|| data.range(2..7))),
        ("parts", tried(|| data.parts(&[0.5, 0.6], &mut generator(1)))),
        ("parts", tried(|| data.parts_stratified(&[f64::NAN, 0.5], &mut generator(1)))),
        ("parts", tried(|| data.parts_stratified(&[], &mut generator(1)))),
        ("split", call(|| data.split(1.5, &mut generator(1)))),
        ("split", call(|| data.split_stratified(f64::NAN, &mut generator(1)))),
        ("batches", call(|| data.batches(0))),
        ("one_hot", call(|| Dataset::<f64>::new(zeros([1, 1]), classes(&[-1])).unwrap().one_hot())),
        ("linear", call(|| Linear::<f64>::from_weights(zeros([3]), None))),
        ("linear", call(|| Linear::<f64>::from_weights(zeros([3, 2]), Some(zeros([2]))))),
        ("conv", call(|| Conv2d::<f64>::from_weights(zeros([3]), None, Conv::default()))),
        ("conv", call(|| Conv2d::<f64>::new(3, 4, 3, Conv::default().groups(2), rng))),
        ("conv", call(|| Conv2d::<f64>::new(3, 4, 3, Conv::default().groups(0), rng))),
        ("conv", call(|| ConvTranspose1d::<f64>::from_weights(zeros([3]), None, Conv::default()))),
        ("embedding", call(|| Embedding::from_weights(zeros([3])))),
        ("embedding", call(|| Embedding::from_weights(zeros([3, 2])).rows(&zeros([]), classes(&[3])))),
        ("group_norm", call(|| GroupNorm::<f64>::new(0, 4))),
        ("group_norm", call(|| GroupNorm::<f64>::new(3, 4))),
        ("layer_norm", call(|| LayerNorm::<f64>::new([0; 0]))),
        ("rms_norm", call(|| RmsNorm::<f64>::new([0; 0]))),
        ("recurrent", call(|| Recurrent::<f64>::new(Cell::Gru, 2, 3, 0, rng))),
        ("multi_head_attention", call(|| MultiHeadAttention::<f64>::new(6, 4, rng))),
        ("multi_head_attention", call(|| MultiHeadAttention::<f64>::new(6, 0, rng))),
        ("multi_head_attention", call(|| attention.attend(&zeros([4]), &zeros([4]), &zeros([4])))),
        (
            "scaled_dot_product_attention",
            call(|| attention.attend(&zeros([1, 2, 4]), &zeros([1, 3, 4]), &zeros([1, 2, 4]))),
        ),
        ("multi_head_attention", call(|| attention.attend(&zeros([1, 2, 3]), &zeros([1, 2, 4]), &zeros([1, 2, 4])))),
        ("mlp", call(|| Mlp::<f64>::new(&[], Activation::Tanh, rng))),
        ("mlp", call(|| Mlp::<f64>::new(&[3], Activation::Tanh, rng))),
        ("perceptron", call(|| Perceptron::<f64>::new(2).correct(&[1.0], true))),
        ("perceptron", tried(|| Perceptron::<f64>::new(2).learn(&zeros([2, 2]), &[true], 3))),
        ("linear", call(|| Perceptron::<f64>::new(2).forward(&zeros([2, 3])))),
        ("whiten", tried(|| Whiten::within_classes(&zeros([3]), &classes(&[0])))),
        ("whiten", tried(|| Whiten::within_classes(&zeros([2, 2]), &classes(&[0])))),
        ("standardise", call(|| Standardise::fit(&zeros([])))),
        ("standardise", call(|| Standardise::fit(&zeros([0, 2])))),
        ("standardise", call(|| Standardise::fit_together(&zeros([0])))),
        ("impute", call(|| Impute::fit(&zeros([])))),
        ("dropout", call(|| Dropout::new(1.5))),
        ("dropout", call(|| Dropout::new(f64::NAN))),
        ("steps", call(|| Steps::new(0, 0.5))),
        ("one cycle", call(|| OneCycle::new(10).rise(1.0))),
        ("one cycle", call(|| OneCycle::new(10).rise(f64::NAN))),
        ("augmentation", tried(|| Augmentation::new().shift(1).apply(&zeros([2, 2]), rng))),
        ("augmentation", tried(|| shifted(&zeros([2]), 1, 0))),
        ("mse", call(|| mse(image.clone(), zeros([2])))),
        ("sum_squared_error", call(|| sum_squared_error(image.clone(), zeros([2])))),
        ("half_squared_error", call(|| half_squared_error(image.clone(), zeros([2])))),
        ("cross_entropy", call(|| cross_entropy(zeros([2, 3]), classes(&[0, 3])))),
        ("cross_entropy", call(|| cross_entropy(zeros([2, 3]), classes(&[0])))),
        ("network", call(|| textbook::Network::new(&[2], rng))),
        ("network", call(|| network.feedforward(&[0.5]))),
        ("network", call(|| network.backprop(&[0.5], &[1.0]))),
        ("bp1", call(|| network.backprop(&column, &[1.0, 2.0]))),
        ("update_mini_batch", call(|| network.clone().update_mini_batch(&[], 0.5))),
        ("sgd", call(|| network.clone().sgd(&[(column.clone(), vec![1.0])], 1, 0, 0.5, &mut generator(1)))),
        ("bp1", call(|| textbook::bp1(&[0.5], &[0.5, 0.5], &[0.5]))),
        ("bp1", call(|| textbook::bp1(&[0.5], &[0.5], &[0.5, 0.5]))),
        ("bp2", call(|| textbook::bp2(&[vec![0.5]], &[0.5, 0.5], &[0.5]))),
        ("bp2", call(|| textbook::bp2(&[vec![0.5]], &[0.5], &[0.5, 0.5]))),
        ("linear", tried(|| Description::new("linear").get_whole("inputs"))),
        ("lbfgs", tried(|| Lbfgs::new().minimise(&mut Param::new(zeros([1])), |p| Ok((f64::NAN, of(p, 0.0)))))),
        ("lbfgs", tried(|| Lbfgs::new().minimise(&mut Param::new(zeros([1])), |p| Ok((1.0, of(p, f64::NAN)))))),
        ("lbfgs", tried(|| Lbfgs::new().minimise(&mut Param::new(zeros([1])), |p| Ok((1.0, of(p, f64::INFINITY)))))),
        ("trainer", tried(|| Trainer::new(|y: Var, _: Var<f64, i64>| y).evaluate(&Flatten, &data))),
        ("trainer", tried(|| Trainer::new(cross_entropy).threads(0).evaluate(&Flatten, &data))),
        ("trainer", tried(|| Trainer::new(cross_entropy).threads(0).train(&mut Flatten, &mut Sgd::new(0.1), &data))),
    ]
}

/// A gradient of one number, at a parameter.
fn of(param: &Param, slope: f64) -> ModelGradients<f64> {
    let tape = Tape::new();
    ModelGradients::of(param, &(tape.input(Tensor::from(slope)).lift(param) * slope).sum().backward())
}

#[test]
fn what_cannot_be_taken_is_refused_by_name() {
    let mut failures = Vec::new();
    for (name, ending) in bad_calls() {
        match ending {
            None => failures.push(format!("{name}: nothing was refused")),
            Some(message) if message.starts_with(name) => {}
            Some(message) => failures.push(format!("{name}: {message}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
