//! Optimisers, schedules and clipping against numbers that PyTorch computed (`tests/reference/optimisers.py`).

use std::collections::BTreeMap;

use serde_json::Value;
use wengert_nn::ParameterGradients;
use wengert_nn::prelude::*;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../../tests/reference/optimisers.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// A gradient that the file gives.
#[derive(Debug)]
struct Given(Tensor);
impl ParameterGradients<f64> for Given {
    fn of_parameter(&self, _param: &Param<f64>) -> Option<&Tensor> {
        Some(&self.0)
    }
}

fn optimisers() -> Vec<(&'static str, Box<dyn Optimiser<f64>>)> {
    let sgd = || Sgd::new(0.1);
    vec![
        ("sgd", Box::new(sgd())),
        ("sgd with decay", Box::new(sgd().weight_decay(0.01))),
        ("sgd with momentum", Box::new(sgd().momentum(0.9).weight_decay(0.01))),
        ("sgd with nesterov", Box::new(sgd().momentum(0.8).nesterov().weight_decay(0.02))),
        ("adam", Box::new(Adam::new(0.05))),
        ("adam with options", Box::new(Adam::new(0.05).betas(0.8, 0.9).epsilon(1e-3).weight_decay(0.1))),
        ("adam_w", Box::new(AdamW::new(0.05))),
        ("adam_w with options", Box::new(AdamW::new(0.05).betas(0.8, 0.9).epsilon(1e-3).weight_decay(0.3))),
        ("rms_prop", Box::new(RmsProp::new(0.02))),
        (
            "rms_prop with options",
            Box::new(RmsProp::new(0.02).decay(0.9).epsilon(1e-4).momentum(0.7).centred().weight_decay(0.1)),
        ),
        ("adagrad", Box::new(Adagrad::new(0.1))),
        ("adagrad with options", Box::new(Adagrad::new(0.1).rate_decay(0.1).epsilon(1e-4).weight_decay(0.1))),
        ("adadelta", Box::new(Adadelta::new(1.0))),
        ("adadelta with options", Box::new(Adadelta::new(0.5).decay(0.8).epsilon(1e-4).weight_decay(0.1))),
    ]
}

#[test]
fn each_optimiser_goes_pytorchs_way() {
    let reference = reference();
    let (begin, gradients) = (numbers(&reference["begin"]), rows(&reference["gradients"]));
    let named = reference["optimisers"].as_object().unwrap();
    assert_eq!(named.len(), optimisers().len());
    let mut failures = Vec::new();
    for (name, mut optimiser) in optimisers() {
        let mut param = Param::new(Tensor::from(&begin[..]));
        for (t, (gradient, expected)) in gradients.iter().zip(rows(&named[name])).enumerate() {
            optimiser.step(&mut param, &Given(Tensor::from(&gradient[..])));
            for (k, (found, expected)) in param.value().data().iter().zip(&expected).enumerate() {
                if !((found - expected).abs() <= 1e-12) {
                    failures.push(format!("{name}, step {t}, number {k}: {found}, PyTorch {expected}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every optimiser, stopped in the middle and taken up by a new one from its state, takes the same steps to the bit.
#[test]
fn a_state_is_taken_up() {
    let gradients = rows(&reference()["gradients"]);
    let all = || {
        let lion: Box<dyn Optimiser<f64>> = Box::new(Lion::new(0.03));
        optimisers().into_iter().chain([("lion", lion)])
    };
    for ((name, mut straight), ((_, mut first), (_, mut second))) in all().zip(all().zip(all())) {
        let mut expected = Param::new(Tensor::from([0.5, -1.0, 2.0, 0.0, 1.0]));
        let mut found = expected.clone();
        for (t, gradient) in gradients.iter().enumerate() {
            let gradient = Given(Tensor::from(&gradient[..]));
            straight.step(&mut expected, &gradient);
            if t == 7 {
                second.restore(&found, first.state(&found)).unwrap();
            }
            let optimiser = if t < 7 { &mut first } else { &mut second };
            optimiser.step(&mut found, &gradient);
        }
        assert_eq!(found.value(), expected.value(), "{name}");
    }
}

/// Algorithm 2 of the paper, one number at a time; PyTorch has none.
#[test]
fn lion_is_the_algorithm_of_its_paper() {
    let reference = reference();
    let mut param = Param::new(Tensor::from(numbers(&reference["begin"])));
    let mut expected: Vec<(f64, f64)> = param.value().data().iter().map(|p| (*p, 0.0)).collect();
    let mut lion = Lion::new(0.03).betas(0.8, 0.95).weight_decay(0.2);
    for gradient in rows(&reference["gradients"]) {
        for ((p, m), g) in expected.iter_mut().zip(&gradient) {
            let c = 0.8 * *m + 0.2 * g;
            let update = if c > 0.0 {
                1.0
            } else if c < 0.0 {
                -1.0
            } else {
                0.0
            };
            *p -= 0.03 * (update + 0.2 * *p);
            *m = 0.95 * *m + 0.05 * g;
        }
        lion.step(&mut param, &Given(Tensor::from(gradient)));
    }
    for (found, (expected, _)) in param.value().data().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} and {expected}");
    }
}

#[test]
fn each_schedule_is_pytorchs() {
    let reference = reference();
    let schedules: Vec<(&str, Box<dyn Schedule>)> = vec![
        ("steps", Box::new(Steps::new(7, 0.3))),
        ("exponential", Box::new(Exponential::new(0.9))),
        ("cosine", Box::new(Cosine::new(30, 0.003))),
        ("warm-up", Box::new(WarmUp::new(10, 0.2, Constant))),
        ("warm-up and exponential", Box::new(WarmUp::new(10, 0.2, Exponential::new(0.9)))),
        ("one cycle", Box::new(OneCycle::new(31))),
        ("one cycle with options", Box::new(OneCycle::new(31).rise(0.4).ends(0.1, 0.001))),
    ];
    let named = reference["schedules"].as_object().unwrap();
    assert_eq!(named.len(), schedules.len());
    let mut failures = Vec::new();
    for (name, schedule) in schedules {
        for (step, expected) in numbers(&named[name]).into_iter().enumerate() {
            let found = schedule.rate(0.1, step as u64);
            if !((found - expected).abs() <= 1e-14) {
                failures.push(format!("{name}, step {step}: {found}, PyTorch {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// On the way its state is taken up by another.
#[test]
fn a_plateau_is_seen_where_pytorch_sees_it() {
    let reference = reference();
    let new = || OnPlateau::new(0.3, 2).threshold(1e-3).least(0.002);
    let mut schedule = new();
    let (losses, rates) = (numbers(&reference["losses"]), numbers(&reference["plateau"]));
    for (step, (loss, expected)) in losses.into_iter().zip(rates).enumerate() {
        schedule.observe(loss);
        let found = schedule.rate(0.1, step as u64);
        assert!((found - expected).abs() < 1e-15, "step {step}: {found}, PyTorch {expected}");
        let state = schedule.state();
        schedule = new();
        schedule.restore(&state).unwrap();
    }
    let message = schedule.restore(&[1.0]).unwrap_err().to_string();
    assert_eq!(message, "on plateau: 1 numbers of state, not 3");
    let message = Constant.restore(&[1.0, 2.0]).unwrap_err().to_string();
    assert_eq!(message, "schedule: 2 numbers of state for one that remembers none");
}

#[test]
fn gradients_are_clipped_as_pytorch_does() {
    let reference = reference();
    let given = rows(&reference["gradients"]);
    let model: Vec<Param<f64>> = (0..2).map(|_| Param::new(Tensor::zeros([5]))).collect();
    let gradients = || {
        let tape = Tape::new();
        let x = tape.input(Tensor::from(0.0));
        let product = |k: usize| (x.lift(&model[k]) * tape.input(Tensor::from(&given[k][..]))).sum();
        ModelGradients::of(&model, &(product(0) + product(1)).backward())
    };
    let check = |gradients: &ModelGradients<f64>, name: &str| {
        for (param, expected) in model.iter().zip(rows(&reference[name])) {
            let found = gradients.of_parameter(param).unwrap();
            for (found, expected) in found.data().iter().zip(expected) {
                assert!((found - expected).abs() < 1e-14, "{name}: {found}, PyTorch {expected}");
            }
        }
    };
    let mut by_norm = gradients();
    assert!((by_norm.clip_norm(0.7) - reference["norm"].as_f64().unwrap()).abs() < 1e-14);
    check(&by_norm, "clipped by norm");
    let mut by_value = gradients();
    by_value.clip_value(0.4);
    check(&by_value, "clipped by value");
    // Gradients within the bounds stay as they are.
    let mut short = gradients();
    short.clip_norm(1e3);
    assert_eq!(short.norm(), gradients().norm());
}

/// The point that PyTorch's L-BFGS finds, and the convex function whose least point is known.
#[test]
fn lbfgs_finds_the_least_point() {
    let expected = numbers(&reference()["lbfgs"]);
    let mut point = Param::new(Tensor::from([-1.2, 1.0, 0.7]));
    let minimum = Lbfgs::new()
        .iterations(500)
        .tolerance(1e-11)
        .minimise(&mut point, |point| {
            let tape = Tape::new();
            let p = tape.input(Tensor::from(0.0)).lift(point);
            let [x, y, z] = [0, 1, 2].map(|k| p.slice(0, k..k + 1));
            let first = 10.0 * (y - x.powi(2));
            let loss = (first.powi(2) + (1.0 - x).powi(2) + (z.powi(2) + x * z - 2.0).powi(2)).sum();
            Ok((loss.item(), ModelGradients::of(point, &loss.backward())))
        })
        .unwrap();
    assert!(minimum.loss < 1e-20 && minimum.iterations < 100, "{minimum:?}");
    for (found, expected) in point.value().data().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found}, PyTorch {expected}");
    }

    // Tied and frozen parameters: a + b = 2a with b tied to a, c frozen.
    let a = Param::new(Tensor::from([5.0, -3.0]));
    let mut c = Param::new(Tensor::from([1.0, 1.0]));
    c.set_frozen(true);
    let mut model = vec![a.tied(), a, c];
    let minimum = Lbfgs::new()
        .minimise(&mut model, |m| {
            let tape = Tape::new();
            let x = tape.input(Tensor::from(0.0));
            let loss = (x.lift(&m[0]) + x.lift(&m[1]) - x.lift(&m[2])).powi(2).sum();
            Ok((loss.item(), ModelGradients::of(m, &loss.backward())))
        })
        .unwrap();
    assert!(minimum.loss < 1e-18, "{minimum:?}");
    assert_eq!(model[0].value(), model[1].value());
    assert!(model[0].value().data().iter().all(|a| (a - 0.5).abs() < 1e-9), "{}", model[0].value());
    assert_eq!(model[2].value().data(), [1.0, 1.0]);
}

#[test]
fn a_loss_that_fails_leaves_the_best_point() {
    let mut point = Param::new(Tensor::from([3.0]));
    let message = Lbfgs::new()
        .minimise(&mut point, |p| {
            let x = p.value().item();
            let tape = Tape::new();
            let v = tape.input(Tensor::from(0.0)).lift(p);
            let gradients = ModelGradients::of(p, &v.powi(2).sum().backward());
            Ok((if x == 3.0 { f64::NAN } else { x * x }, gradients))
        })
        .unwrap_err()
        .to_string();
    assert_eq!(message, "lbfgs: the loss is NaN at the start");
    assert_eq!(point.value().item(), 3.0);
}

/// Two groups are two optimisers on two models; their state goes by name, and a wrong one changes nothing.
#[test]
fn groups_are_optimisers_of_parts() {
    let reference = reference();
    let given = rows(&reference["gradients"]);
    let begin = numbers(&reference["begin"]);
    let param = || Param::new(Tensor::from(&begin[..]));
    let new = || Groups::new(Adam::new(0.05)).group(|name| name == "1", Sgd::new(0.1).momentum(0.9));
    let (mut model, mut alone) = (vec![param(), param()], [param(), param()]);
    let (mut groups, mut adam, mut sgd) = (new(), Adam::new(0.05), Sgd::new(0.1).momentum(0.9));
    for (t, gradient) in given.iter().enumerate() {
        let gradient = Given(Tensor::from(&gradient[..]));
        if t == 10 {
            let state = groups.state(&model);
            assert_eq!(state.steps, BTreeMap::from([("0".into(), 10), ("1".into(), 10)]));
            groups = new();
            groups.restore(&model, state).unwrap();
            groups.set_rate(0.025);
            adam.set_rate(0.025);
            sgd.set_rate(0.05);
        }
        assert_eq!(groups.step(&mut model, &gradient).updated, 2);
        adam.step(&mut alone[0], &gradient);
        sgd.step(&mut alone[1], &gradient);
    }
    assert_eq!((model[0].value(), model[1].value()), (alone[0].value(), alone[1].value()));

    let other = Linear::<f64>::new(2, 3, &mut generator(1));
    let before = groups.state(&model);
    assert!(groups.restore(&other, before.clone()).is_err());
    assert_eq!(groups.state(&model), before);
}

#[test]
fn averages_of_weights() {
    let path = [4.0, 1.0, 1.0, 2.0];
    for (mut average, expected) in [
        (WeightAverage::<f64>::new(), 2.0_f64),
        (WeightAverage::exponential(0.5), ((4.0 * 0.5 + 0.5) * 0.5 + 0.5) * 0.5 + 1.0),
    ] {
        let mut param = Param::new(Tensor::from([0.0]));
        for p in path {
            param.value_mut().data_mut()[0] = p;
            average.update(&param);
        }
        average.write(&mut param);
        assert!((param.value().item() - expected).abs() < 1e-15, "{} and {expected}", param.value().item());
    }
}
