//! Inside a model too the line that an error or a graph names is the user's own, and the layer stands beside it.

use std::cell::{Cell as StdCell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use wengert_nn::prelude::*;
use wengert_tape::{GraphView, OnNonFinite, check::Checker, layer};

thread_local! {
    static WATCHED: StdCell<bool> = const { StdCell::new(false) };
    static PANIC: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// What `call` panics with, and the line of this file; 0 for a line of another.
fn panics<T>(call: impl FnOnce() -> T) -> Option<(String, u32)> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let other = take_hook();
        set_hook(Box::new(move |info| match WATCHED.get() {
            true => PANIC.set(info.location().map(|l| (l.file().to_owned(), l.line()))),
            false => other(info),
        }));
    });
    WATCHED.set(true);
    let panic = catch_unwind(AssertUnwindSafe(call)).err();
    WATCHED.set(false);
    let message = panic?.downcast_ref::<String>().cloned().unwrap_or_default();
    let (file, line) = PANIC.take()?;
    Some((message, if file == file!() { line } else { 0 }))
}

/// The lines and layers of what is on a tape after its first `known` nodes.
fn recorded(tape: &Tape, known: usize) -> Vec<(String, u32, Option<String>)> {
    let graph = GraphView::of_tape(tape).unwrap();
    let nodes = graph.nodes.iter().filter(|n| n.id.is_some_and(|id| id as usize > known));
    nodes
        .map(|n| {
            let line = n.line.unwrap();
            let own = if line.file() == file!() { line.line() } else { 0 };
            (format!("{} at {line}", n.name()), own, n.layer.as_deref().map(str::to_owned))
        })
        .collect()
}

/// Asks all of one layer: by itself, and behind a pointer at place 1 of a model.
fn ask<M: Module<f64> + Clone + std::fmt::Debug + Send + Sync + 'static>(name: &str, module: &M, shape: &[usize]) {
    let model = Sequential::new().then(Activation::Identity).then(module.clone());
    let nested = Sequential::new().then(Residual::new(Activation::Tanh)).then(model.clone());
    let tape = Tape::new();
    let x = tape.var(Tensor::ones(shape));
    let mut training = Training::new(tape.input(Tensor::from([1, 2])));
    type Call<'a> = &'a dyn Fn(Var, &mut Training<Var>) -> Var;
    let (first, calls): (u32, [(Call<'_>, Option<&str>); 5]) = (
        line!() + 2,
        [
            (&|x, _| module.forward(&x), None),
            (&|x, t| module.forward_training(&x, t), None),
            (&|x, _| model.forward(&x), Some("1")),
            (&|x, t| model.forward_training(&x, t), Some("1")),
            (&|x, _| nested.forward(&x), Some("1.1")),
        ],
    );
    let gone = Tape::new().var(Tensor::ones(shape));
    for (k, (call, path)) in calls.into_iter().enumerate() {
        let line = first + k as u32;
        let known = tape.len();
        call(x, &mut training);
        let nodes = recorded(&tape, known);
        for (node, at, layer) in nodes {
            assert_eq!(at, line, "{name}, call {k}: {node}");
            let inside = path.is_none_or(|path| {
                layer.as_deref().is_some_and(|l| l.starts_with(path)) || path == "1.1" && layer.as_deref() == Some("0")
            });
            assert!(inside, "{name}, call {k}: {node} in {layer:?}");
        }
        let refused = panics(|| call(gone, &mut training)).unwrap_or_else(|| panic!("{name}, call {k}: not refused"));
        assert_eq!(refused.1, line, "{name}, call {k}: {}", refused.0);
        // What does not fit in shape is named by its layer.
        let wrong = tape.var(Tensor::ones([2, 2, 2, 2, 2, 2, 2]));
        if let Some((message, at)) = panics(|| call(wrong, &mut training)) {
            assert_eq!(at, line, "{name}, call {k}: {message}");
            let place = path.map_or(String::new(), |path| format!(" (in layer {path}"));
            assert!(message.contains(&place), "{name}, call {k}: {message}");
        }
    }
}

#[test]
fn what_layers_record_and_refuse_has_the_users_line_and_the_layers_name() {
    let rng = &mut generator(3);
    ask("linear", &Linear::new(3, 5, rng), &[2, 3]);
    ask("mlp", &Mlp::new(&[3, 4, 2], Activation::Tanh, rng), &[2, 3]);
    ask("conv1d", &Conv1d::new(2, 3, 3, Conv::default(), rng), &[2, 2, 7]);
    ask("conv2d", &Conv2d::new(2, 3, 3, Conv::default(), rng), &[2, 2, 5, 4]);
    ask("conv3d", &Conv3d::new(1, 2, 2, Conv::default(), rng), &[2, 1, 3, 3, 3]);
    ask("conv_transpose1d", &ConvTranspose1d::new(2, 3, 3, Conv::default(), rng), &[2, 2, 3]);
    ask("conv_transpose2d", &ConvTranspose2d::new(2, 3, 3, Conv::default(), rng), &[2, 2, 3, 3]);
    ask("conv_transpose3d", &ConvTranspose3d::new(1, 2, 2, Conv::default(), rng), &[2, 1, 2, 2, 2]);
    for cell in [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru] {
        ask("recurrent", &Recurrent::new(cell, 3, 2, 2, rng), &[2, 4, 3]);
    }
    ask("residual", &Residual::new(Linear::new(3, 3, rng)), &[5, 3]);
    ask("impute", &Impute::fit(&Tensor::randn([7, 3], rng)), &[5, 3]);
    ask("batch_norm", &BatchNorm::new(3), &[5, 3]);
    ask("batch_norm without weights", &BatchNorm::new(3).without_weights(), &[5, 3]);
    ask("layer_norm", &LayerNorm::new([5]), &[2, 3, 5]);
    ask("layer_norm without bias", &LayerNorm::new([5]).without_bias(), &[2, 3, 5]);
    ask("rms_norm", &RmsNorm::new([5]), &[2, 3, 5]);
    ask("group_norm", &GroupNorm::new(2, 4), &[2, 4, 3]);
    ask("attention", &MultiHeadAttention::new(4, 2, rng), &[2, 3, 4]);
    ask("max_pool1d", &MaxPool1d::new(2), &[2, 2, 4]);
    ask("max_pool2d", &MaxPool2d::new(2), &[2, 2, 4, 4]);
    ask("max_pool3d", &MaxPool3d::new(2), &[1, 1, 4, 4, 4]);
    ask("avg_pool1d", &AvgPool1d::new(2), &[2, 2, 4]);
    ask("avg_pool2d", &AvgPool2d::new(2), &[2, 2, 4, 4]);
    ask("avg_pool3d", &AvgPool3d::new(2), &[1, 1, 4, 4, 4]);
    ask("adaptive_avg_pool2d", &AdaptiveAvgPool2d::new([2, 2]), &[2, 2, 4, 4]);
    ask("adaptive_max_pool2d", &AdaptiveMaxPool2d::new([2, 2]), &[2, 2, 4, 4]);
    ask("flatten", &Flatten, &[2, 3, 4]);
    ask("standardise", &Standardise::fit(&Tensor::randn([7, 3], rng)), &[5, 3]);
    let whiten = Whiten::within_classes(&Tensor::randn([7, 3], rng), &Tensor::from([0, 1, 0, 1, 0, 1, 0])).unwrap();
    ask("whiten", &whiten, &[5, 3]);
    ask("perceptron", &Perceptron::new(3), &[5, 3]);
    for activation in Activation::ALL.into_iter().filter(|a| *a != Activation::Identity) {
        ask(&activation.to_string(), &activation, &[2, 3]);
    }
}

/// A model of one's own, which names its parts.
#[derive(Clone, Debug)]
struct Net {
    encoder: Sequential<f64>,
    head: Linear<f64>,
}

impl Parameters<f64> for Net {
    parameters! { f64: encoder, head }
}

impl Module<f64> for Net {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        let hidden = {
            let _inside = layer("encoder");
            self.encoder.forward(x)
        };
        let _inside = layer("head");
        self.head.forward(&hidden)
    }
}

fn net() -> Net {
    let rng = &mut generator(1);
    let encoder = Sequential::new().then(Linear::new(3, 4, rng)).then(Activation::Softplus);
    Net { encoder, head: Linear::new(4, 2, rng) }
}

#[test]
fn an_error_in_a_model_names_the_layer_by_its_path() {
    let net = net();
    let line = line!() + 1;
    let (message, at) = panics(|| net.forward(&Tensor::ones([2, 5]))).unwrap();
    assert_eq!(message, "linear: inputs […, 3] are needed, not [2, 5] (in layer encoder.0)");
    assert_eq!(at, line);
    let error = try_with(|| net.forward(&Shape::from([2, 5]))).unwrap_err();
    assert_eq!(error.to_string(), message);
    let wrong = Net { head: Linear::new(9, 2, &mut generator(1)), ..net };
    let error = try_with(|| wrong.forward(&Tensor::ones([2, 3]))).unwrap_err();
    assert_eq!(error.to_string(), "linear: inputs […, 9] are needed, not [2, 4] (in layer head)");
}

#[test]
fn reports_name_the_layer_beside_the_line() {
    let net = net();
    let tape = Tape::new();
    tape.on_non_finite(OnNonFinite::Error);
    let x = tape.var(Tensor::full([2, 3], f64::MAX));
    let line = line!() + 1;
    let y = net.forward(&x).sum();
    let error = y.try_backward().unwrap_err().to_string();
    assert!(error.contains(&format!("{}:{line}:", file!())) && error.contains(", layer encoder.0)"), "{error}");

    // The checker, of an operation whose rule is wrong inside a layer.
    use wengert_tape::check::{Fault, Faulty};
    use wengert_tape::{Arg, ops};
    let wrong = |x: Var| {
        let _inside = layer("squash");
        Var::apply(Faulty::new(ops::Tanh, Fault::Factor(2.0)), &[Arg::Real(&x)]).real().sum()
    };
    let report = Checker::new().report(wrong, Tensor::from([0.3, 0.4])).unwrap();
    let found = report.wrong_operations().next().unwrap();
    assert_eq!(found.layer.as_deref(), Some("squash"), "{report}");
    assert!(report.to_string().contains(", layer squash)"), "{report}");
}

#[test]
#[rustfmt::skip] // a call stands on the line of its name
fn losses_and_metrics_refuse_at_the_users_line_in_their_own_name() {
    let (x, wrong) = (Tensor::<f64>::ones([2, 3]), Tensor::ones([2]));
    let (classes, far) = (Tensor::from([0]), Tensor::from([0, 3]));
    let (first, calls): (u32, Vec<(&str, Box<dyn Fn()>)>) = (line!() + 1, vec![
        ("mse", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = mse(x.clone(), &y)) }),
        ("sum_squared_error", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = sum_squared_error(x.clone(), &y)) }),
        ("half_squared_error", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = half_squared_error(x.clone(), &y)) }),
        ("cross_entropy", { let (x, y) = (x.clone(), classes.clone()); Box::new(move || _ = cross_entropy(x.clone(), &y)) }),
        ("cross_entropy", { let (x, y) = (x.clone(), far.clone()); Box::new(move || _ = cross_entropy(x.clone(), &y)) }),
        ("accuracy", { let (x, y) = (x.clone(), classes.clone()); Box::new(move || _ = accuracy(&x, &y)) }),
        ("binary_accuracy", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = binary_accuracy(&x, &y)) }),
        ("top_k_accuracy", { let (x, y) = (x.clone(), classes.clone()); Box::new(move || _ = top_k_accuracy(2, &x, &y)) }),
        ("mean_squared_error", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = mean_squared_error(&x, &y)) }),
        ("mean_absolute_error", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = mean_absolute_error(&x, &y)) }),
        ("r_squared", { let (x, y) = (x.clone(), wrong.clone()); Box::new(move || _ = r_squared(&x, &y)) }),
    ]);
    for (k, (name, call)) in calls.iter().enumerate() {
        let (message, line) = panics(call).unwrap_or_else(|| panic!("{name} refuses nothing"));
        assert!(message.starts_with(&format!("{name}: ")), "{name}: {message}");
        assert_eq!(line, first + k as u32, "{name}: {message}");
    }
}

#[test]
fn losses_record_at_the_users_line() {
    let tape = Tape::new();
    let (x, y) = (tape.var(Tensor::ones([2, 3])), Tensor::full([2, 3], 0.25));
    let known = tape.len();
    let line = line!() + 1;
    let _ = (mse(x, &y), sum_squared_error(x, &y), half_squared_error(x, &y), cross_entropy(x, Tensor::from([0, 2])));
    for (node, at, _) in recorded(&tape, known) {
        assert_eq!(at, line, "{node}");
    }
}
