//! Of each thing that hinders learning the smallest graph that has it, and the smallest that has not.

use wengert_nn::prelude::*;
use wengert_view::{Concern, Lint, ViewExt};

/// Rows of four samples.
fn samples() -> Tensor {
    Tensor::from([[0.5, -1.0], [1.0, 2.0], [-1.5, 0.3], [0.2, 0.7]])
}

fn weights() -> Tensor {
    Tensor::from([[0.5, -0.3, 0.8], [-0.7, 0.4, 0.6]])
}

fn targets() -> Tensor {
    Tensor::from([[0.2, 0.9, -0.4], [0.1, 0.3, 0.5], [-0.3, 0.6, 0.2], [0.7, 0.1, 0.4]])
}

/// A layer on samples, activated and beside targets.
fn layer(x: Tensor, w: Tensor, bias: f64, activate: impl Fn(Var) -> Var) -> Lint {
    let tape = Tape::new();
    let (x, w) = (tape.input(x), tape.var(w));
    mse(activate(x.matmul(w) + bias), targets()).lint()
}

/// Two layers, the first one activated.
fn network(first: Tensor, activate: impl Fn(Var) -> Var) -> Lint {
    let tape = Tape::new();
    let (x, w) = (tape.input(samples()), tape.var(first));
    let v = tape.var(Tensor::from([[0.3, -0.5, 0.9], [0.8, 0.2, -0.4], [-0.6, 0.7, 0.1]]));
    mse(activate(x.matmul(w)).matmul(v), targets()).lint()
}

/// What each concern is found in, and what it is not found in.
fn pairs() -> Vec<(Concern, &'static str, Lint, Lint)> {
    let times = |factor: f64| weights() * factor;
    let mut pairs = vec![
        (
            Concern::Dead,
            "relu",
            layer(samples(), weights(), -9.0, |z| z.relu()),
            layer(samples(), weights(), 0.1, |z| z.relu()),
        ),
        (
            Concern::Dead,
            "softplus",
            network(times(1e-3), |z| (z - 40.0).softplus()),
            network(times(1.0), |z| z.softplus()),
        ),
        (
            Concern::Saturated,
            "sigmoid",
            layer(samples(), times(40.0), 0.0, |z| z.sigmoid()),
            layer(samples(), weights(), 0.0, |z| z.sigmoid()),
        ),
        (Concern::Saturated, "tanh", network(times(40.0), |z| z.tanh()), network(times(1.0), |z| z.tanh())),
        (Concern::Saturated, "atan", network(times(400.0), |z| z.atan()), network(times(1.0), |z| z.atan())),
        (
            Concern::Symmetric,
            "equal units",
            network(Tensor::full([2, 3], 0.5), |z| z.tanh()),
            network(weights(), |z| z.tanh()),
        ),
        (
            Concern::Unscaled,
            "large",
            layer(samples() * 100.0, weights(), 0.0, |z| z),
            layer(samples(), weights(), 0.0, |z| z),
        ),
        (
            Concern::Unscaled,
            "a large mean",
            layer(samples() + 9.0, weights(), 0.0, |z| z),
            layer(samples() + 1.0, weights(), 0.0, |z| z),
        ),
        (
            Concern::Unscaled,
            "different scales",
            layer(samples() * Tensor::from([1.0, 1e-3]), weights(), 0.0, |z| z),
            layer(samples() * Tensor::from([1.0, 0.1]), weights(), 0.0, |z| z),
        ),
    ];
    let shared = |first: Tensor| {
        let tape = Tape::new();
        let (w, v) = (tape.var(first), tape.var(Tensor::full([3, 1], 0.4)));
        mse(tape.input(samples()).matmul(w).tanh().matmul(v), Tensor::from([[0.1], [0.2], [0.3], [0.5]])).lint()
    };
    let (zeros, equal) = (Tensor::zeros([2, 3]), Tensor::full([2, 3], 0.5));
    pairs.push((Concern::Symmetric, "units that stay equal", shared(equal), network(weights(), |z| z.tanh())));
    let last = layer(samples(), zeros.clone(), 0.0, |z| z);
    pairs.push((Concern::Symmetric, "zeros", shared(zeros), last));
    let tape = Tape::new();
    let w = tape.var(weights());
    let (x, classes) = (tape.input(samples()), Tensor::from([0, 1, 2, 0]));
    let z = x.matmul(w);
    let shares = (z.exp() / z.exp().sum_keeping([1])).cross_entropy(classes.clone(), &CrossEntropy::default());
    let plain = cross_entropy(z, classes.clone());
    pairs.push((Concern::DoubleSoftmax, "softmax", cross_entropy(z.softmax(1), classes.clone()).lint(), plain.lint()));
    pairs.push((Concern::DoubleSoftmax, "written out", shares.lint(), z.log_softmax(1).mean().lint()));
    let wanted = Tensor::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    let binary = |z: Var| z.binary_cross_entropy_with_logits(wanted.clone(), Reduction::Mean).lint();
    pairs.push((Concern::DoubleSoftmax, "sigmoid", binary(z.sigmoid()), binary(z)));
    let error = z - targets();
    pairs.push((Concern::SumOverBatch, "sum", error.square().sum().lint(), error.square().mean().lint()));
    let halved = error.square().sum() * 0.5;
    pairs.push((Concern::SumOverBatch, "half a sum", halved.lint(), half_squared_error(z, targets()).lint()));
    let sum = CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() };
    pairs.push((Concern::SumOverBatch, "entropy", z.cross_entropy(classes, &sum).lint(), plain.lint()));
    let decayed = error.square().mean() + w.square().sum();
    pairs.push((Concern::SumOverBatch, "of means", error.square().mean_over([1]).sum().lint(), decayed.lint()));
    pairs
}

#[test]
fn each_concern_is_found_where_it_is_and_nowhere_else() {
    let mut wrong = Vec::new();
    for (concern, name, with, without) in pairs() {
        if !with.has(concern) {
            wrong.push(format!("{name}: no {concern:?}: {with}"));
        }
        if !without.is_clean() {
            wrong.push(format!("{name}: where nothing is wrong: {without}"));
        }
        let others: Vec<_> = with.remarks.iter().filter(|remark| remark.concern != concern).collect();
        if !others.is_empty() {
            wrong.push(format!("{name}: besides {concern:?}: {others:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_no_gradient_reaches_is_named() {
    let tape = Tape::new();
    let (w, held, unused) = (tape.scalar(0.5), tape.scalar(2.0), tape.scalar(3.0));
    let loss = (Var::from(w) * Var::from(held).stop_gradient()).square();
    assert_eq!(loss.lint().remarks.len(), 1);
    let lint = tape.view().name(held, "held").name(unused, "unused").lint();
    assert_eq!(lint.remarks.len(), 2);
    let said: Vec<String> = lint.remarks.iter().map(|remark| format!("{}: {}", remark.place, remark.what)).collect();
    assert!(said.iter().any(|said| said.contains("`held`") && said.contains("no gradient reaches it")), "{said:?}");
    assert!(said.iter().any(|said| said.contains("`unused`") && said.contains("does not depend on it")), "{said:?}");
}

#[test]
fn parameters_that_were_not_recorded_are_named() {
    let rng = &mut generator(1);
    let model: Sequential<f64> = Sequential::new().then(Linear::new(2, 3, rng)).then(Linear::new(3, 3, rng));
    let tape = Tape::new();
    let x = tape.input(samples());
    let whole = mse(model.forward(&x), targets());
    assert!(whole.view().parameters(model.parameters()).lint().is_clean());
    let half = mse(x.matmul(x.lift(model.parameters()[0].1).t()), targets());
    let lint = half.view().parameters(model.parameters()).lint();
    let names: Vec<&str> = lint.remarks.iter().map(|remark| remark.place.as_str()).collect();
    assert_eq!(names, ["parameter `0.bias`", "parameter `1.weight`", "parameter `1.bias`"]);
}

/// The node, the user's line and the layer.
#[test]
fn a_remark_says_where_it_is() {
    let model: Sequential<f64> = Sequential::new()
        .then(Linear::from_weights(weights().t() * 50.0, Some(Tensor::zeros([3]))))
        .then(Activation::Tanh)
        .then(Linear::new(3, 3, &mut generator(1)));
    let tape = Tape::new();
    let x = tape.input(samples());
    let (line, outputs) = (line!(), model.forward(&x));
    let lint = mse(outputs, targets()).lint();
    let [remark] = &lint.remarks[..] else { panic!("{lint}") };
    assert!(remark.place.starts_with("tanh %") && remark.place.contains(&format!("lint.rs:{line}:")), "{remark}");
    assert!(remark.place.ends_with("layer 1"), "{remark}");
    assert_eq!(remark.concern, Concern::Saturated);
}

#[test]
fn numbers_of_one_line_are_judged_together() {
    let tape = Tape::new();
    let w = tape.scalars(&[-3.0, -2.0, -4.0]);
    let some = |x: [f64; 3]| -> Lint {
        let sum: Scalar = w.iter().zip(x).map(|(w, x)| (*w * x).relu()).sum();
        sum.lint()
    };
    assert!(some([1.0, -1.0, 2.0]).is_clean());
    let lint = some([1.0, 2.0, 3.0]);
    assert!(lint.has(Concern::Dead) && lint.remarks.len() == 1, "{lint}");
    assert!(lint.to_string().contains("all 3 numbers of this line are dead"), "{lint}");
}

/// An activation that is the last may be sure, where the loss says that it is right.
#[test]
fn a_trained_output_may_be_sure_of_itself() {
    let tape = Tape::new();
    let (x, w) = (tape.input(Tensor::from([[-1.0], [1.0]])), tape.var(Tensor::from([[9.0]])));
    let right = mse(x.matmul(w).sigmoid(), Tensor::from([[0.0], [1.0]]));
    let wrong = mse(x.matmul(w).sigmoid(), Tensor::from([[1.0], [0.0]]));
    assert!(right.lint().is_clean(), "{}", right.lint());
    assert!(wrong.lint().has(Concern::Saturated));
}

/// Whatever is recorded of one operation, looking at it is no error.
#[test]
fn every_operation_can_be_looked_at() {
    use wengert_tape::ops::AnyOp;
    use wengert_tape::{Any, Arg, try_with};
    let mut looked = 0;
    for case in AnyOp::registered_cases() {
        let Some(op) = case.op.clone() else { continue };
        let tape = Tape::new();
        let recorded = try_with(|| {
            let vars: Vec<Any<Var>> = (case.args.iter())
                .map(|arg| match arg {
                    Any::Real(t) => Any::Real(tape.var(t.clone())),
                    Any::Index(t) => Any::Index(tape.input(t.clone())),
                    Any::Mask(t) => Any::Mask(tape.input(t.clone())),
                })
                .collect();
            let vars: Vec<Arg<'_, Var>> = vars.iter().map(|var| var.as_arg()).collect();
            Var::apply(op.clone(), &vars);
        });
        if recorded.is_ok() {
            let lint = tape.lint();
            assert!(lint.without_gradients.is_none() || !lint.to_string().is_empty());
            looked += 1;
        }
    }
    assert!(looked > 300, "{looked} cases");
}
