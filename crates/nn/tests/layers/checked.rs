//! Whole models with their losses, checked parameter by parameter.

use wengert_nn::prelude::*;
use wengert_tape::check::{Checker, Fault, Faulty, Report, Verdict};
use wengert_tape::{Arg, ops};

/// A checker that calls a model's parameters by their names.
fn checker<F: Float>(model: &impl Parameters<F>) -> Checker {
    Checker::new().names(["x"]).parameters(model.parameters().into_iter().map(|(name, param)| (name, param.id())))
}

/// Every parameter of the model is in the report, with each of its numbers.
fn assert_complete<F: Float>(model: &impl Parameters<F>, report: &Report) {
    for (name, param) in model.parameters() {
        let of_param = report.elements.iter().filter(|e| e.name.starts_with(&format!("{name}[")));
        assert_eq!(of_param.count(), param.value().len(), "{name}: {report}");
    }
}

#[test]
fn a_perceptron_of_three_layers_with_its_loss() {
    let rng = &mut generator(3);
    let model = Mlp::<f64>::new(&[4, 5, 3], Activation::Tanh, rng);
    let (x, classes) = (Tensor::randn([6, 4], rng), Tensor::from([0, 2, 1, 1, 0, 2]));
    let report = checker(&model).report(|x: Var| cross_entropy(model.forward(&x), classes.clone()), &x).unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert_complete(&model, &report);
    let report =
        checker(&model).order(2).report(|x: Var| half_squared_error(model.forward(&x), Tensor::full([6, 3], 0.3)), &x);
    let report = report.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "order 2: {report}");
}

#[test]
fn a_convolution_network_in_f32() {
    let rng = &mut generator(5);
    let model = Sequential::<f32>::new()
        .then(Conv2d::new(1, 2, 3, Conv::default(), rng))
        .then(Activation::Sigmoid)
        .then(MaxPool2d::new(2))
        .then(Flatten)
        .then(Linear::new(8, 3, rng));
    let (x, classes) = (Tensor::<f32>::randn([2, 1, 6, 6], rng), Tensor::from([2, 0]));
    let report = checker(&model).report(|x: Var<f32>| cross_entropy(model.forward(&x), classes.clone()), &x).unwrap();
    assert_eq!((report.verdict, report.float), (Verdict::Pass, "f32"), "{report}");
    assert_complete(&model, &report);
}

/// Two layers with a squashing between whose rule is wrong.
#[derive(Clone, Debug)]
struct Net {
    hidden: Linear<f64>,
    output: Linear<f64>,
}

impl Parameters<f64> for Net {
    parameters! { f64: hidden, output }
}

impl Module<f64> for Net {
    fn forward<A: Reader<f64>>(&self, x: &A) -> A {
        let wrong = Faulty::new(ops::Tanh, Fault::Factor(2.0));
        let squashed = A::apply(wrong, &[Arg::Real(&self.hidden.forward(x))]).real();
        self.output.forward(&squashed)
    }
}

#[test]
fn a_wrong_rule_in_a_model_is_named_and_its_parameters_fail() {
    let rng = &mut generator(5);
    let net = Net { hidden: Linear::new(3, 4, rng), output: Linear::new(4, 1, rng) };
    let x = Tensor::randn([5, 3], rng);
    let report = checker(&net).report(|x: Var| half_squared_error(net.forward(&x), Tensor::ones([5, 1])), &x).unwrap();
    let wrong: Vec<_> = report.wrong_operations().collect();
    assert!(report.verdict == Verdict::Fail && wrong.len() == 1 && wrong[0].name == "tanh", "{report}");
    assert!(wrong[0].line.is_some_and(|line| line.file().ends_with("checked.rs")), "{report}");
    // The layer after the fault is right, the one before it is not.
    let verdicts = |name: &str| -> Vec<Verdict> {
        report.elements.iter().filter(|e| e.name.starts_with(name)).map(|e| e.verdict).collect()
    };
    assert!(verdicts("output.weight").iter().all(|v| *v == Verdict::Pass), "{report}");
    assert!(verdicts("hidden.weight").iter().all(|v| *v == Verdict::Fail), "{report}");
}
