//! Optimisers against PyTorch's formulas, written out one number at a time, and what they skip.

use wengert_nn::prelude::*;
use wengert_nn::{OptimiserState, Step};

/// A model of two parameters, `a` and `b`, whose gradients the tests choose.
#[derive(Clone, Debug)]
struct Pair<F: Float> {
    a: Param<F>,
    b: Param<F>,
}
impl<F: Float> Parameters<F> for Pair<F> {
    parameters! { F: a, b }
}

fn pair<F: Float>() -> Pair<F> {
    let rng = &mut generator(1);
    Pair { a: Param::new(Tensor::randn([2, 3], rng)), b: Param::new(Tensor::randn([5], rng)) }
}

/// Gradients that depend on the parameters and on the step, so that every number takes its own path.
fn gradients<F: Float>(model: &Pair<F>, step: usize) -> wengert_tape::Gradients<F> {
    let tape = Tape::of::<F>();
    let x = tape.input(Tensor::full([], F::from_f64(0.3 + step as f64)));
    ((x.lift(&model.a) * x).sin().sum() + (x.lift(&model.b) + x).powi(2).sum()).backward()
}

/// A number under an optimiser: its value, what is remembered, and the step from 1.
type Rule = fn(p: &mut f64, g: f64, memory: &mut [f64; 2], step: i32);

/// The formulas as PyTorch's documentation has them.
fn rules() -> Vec<(&'static str, Box<dyn Optimiser<f64>>, Rule)> {
    vec![
        ("sgd", Box::new(Sgd::new(0.1)), |p, g, _, _| *p -= 0.1 * g),
        ("sgd with decay", Box::new(Sgd::new(0.1).weight_decay(0.01)), |p, g, _, _| *p -= 0.1 * (g + 0.01 * *p)),
        ("sgd with momentum", Box::new(Sgd::new(0.1).momentum(0.9).weight_decay(0.01)), |p, g, memory, step| {
            let g = g + 0.01 * *p;
            memory[0] = if step == 1 { g } else { 0.9 * memory[0] + g };
            *p -= 0.1 * memory[0];
        }),
        ("sgd with nesterov", Box::new(Sgd::new(0.1).momentum(0.8).nesterov()), |p, g, memory, step| {
            memory[0] = if step == 1 { g } else { 0.8 * memory[0] + g };
            *p -= 0.1 * (g + 0.8 * memory[0]);
        }),
        ("adam", Box::new(Adam::new(0.05)), |p, g, memory, step| {
            memory[0] = 0.9 * memory[0] + 0.1 * g;
            memory[1] = 0.999 * memory[1] + 0.001 * g * g;
            let (m, v) = (memory[0] / (1.0 - 0.9_f64.powi(step)), memory[1] / (1.0 - 0.999_f64.powi(step)));
            *p -= 0.05 * m / (v.sqrt() + 1e-8);
        }),
        (
            "adam with options",
            Box::new(Adam::new(0.05).betas(0.8, 0.9).epsilon(1e-3).weight_decay(0.1)),
            |p, g, memory, step| {
                let g = g + 0.1 * *p;
                memory[0] = 0.8 * memory[0] + 0.2 * g;
                memory[1] = 0.9 * memory[1] + 0.1 * g * g;
                let (m, v) = (memory[0] / (1.0 - 0.8_f64.powi(step)), memory[1] / (1.0 - 0.9_f64.powi(step)));
                *p -= 0.05 * m / (v.sqrt() + 1e-3);
            },
        ),
    ]
}

fn numbers<F: Float>(model: &Pair<F>) -> Vec<f64> {
    model.parameters().iter().flat_map(|(_, p)| p.value().data()).map(|x| Float::to_f64(*x)).collect()
}

#[test]
fn each_step_is_that_of_the_formula() {
    let mut failures = Vec::new();
    for (name, mut optimiser, rule) in rules() {
        let mut model = pair::<f64>();
        let mut expected = numbers(&model);
        let mut memory = vec![[0.0; 2]; expected.len()];
        for step in 1..=20 {
            let gradients = gradients(&model, step);
            let flat: Vec<f64> =
                [&model.a, &model.b].iter().flat_map(|p| gradients.param(p).unwrap().data().to_vec()).collect();
            for ((p, g), memory) in expected.iter_mut().zip(flat).zip(&mut memory) {
                rule(p, g, memory, step as i32);
            }
            let done = optimiser.step(&mut model, &gradients);
            assert_eq!(done, Step { updated: 2, ..Step::default() });
        }
        for (found, expected) in numbers(&model).iter().zip(&expected) {
            if (found - expected).abs() > 1e-13 {
                failures.push(format!("{name}: {found}, not {expected}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn both_float_types_take_the_same_path() {
    let mut single = pair::<f32>();
    let mut double = pair::<f64>();
    let (mut adam_single, mut adam_double) = (Adam::new(0.05), Adam::new(0.05));
    for step in 1..=20 {
        let (gs, gd) = (gradients(&single, step), gradients(&double, step));
        adam_single.step(&mut single, &gs);
        adam_double.step(&mut double, &gd);
    }
    let (single, double) = (numbers(&single), numbers(&double));
    assert!(single.iter().zip(&double).all(|(a, b)| (a - b).abs() < 1e-4), "{single:?}\n{double:?}");
}

#[test]
fn frozen_and_unreached_parameters_are_left_and_named() {
    let mut model = pair::<f64>();
    model.a.set_frozen(true);
    let tape = Tape::new();
    let x = tape.var(Tensor::from(1.0));
    let only_x = (x * x).backward();
    let before = numbers(&model);
    for mut optimiser in rules().into_iter().map(|(_, optimiser, _)| optimiser) {
        let step = optimiser.step(&mut model, &only_x);
        assert_eq!(step, Step { updated: 0, frozen: vec!["a".into()], unreached: vec!["b".into()] });
        assert_eq!(numbers(&model), before);
        // Weight decay and momentum too leave alone what has no gradient.
        let step = optimiser.step(&mut model.tied(), &gradients(&model, 1));
        assert_eq!(step, Step { updated: 1, frozen: vec!["a".into()], unreached: vec![] });
    }
}

/// The numbers stay where they are in memory: nothing is made anew and copied.
#[test]
fn parameters_change_in_place() {
    for (name, mut optimiser, _) in rules() {
        let mut model = pair::<f64>();
        let places = |model: &Pair<f64>| [&model.a, &model.b].map(|param| param.value().data().as_ptr());
        let (before, first) = (places(&model), numbers(&model));
        for step in 1..=3 {
            let gradients = gradients(&model, step);
            optimiser.step(&mut model, &gradients);
        }
        assert_eq!(places(&model), before, "{name}");
        assert_ne!(numbers(&model), first, "{name}");
    }
}

/// Tied weights get one gradient, the sum of both uses, and one step with one memory.
#[test]
fn a_shared_parameter_is_changed_once() {
    let one = Param::new(Tensor::from([1.0, -2.0, 0.5]));
    let mut tied = Pair { a: one.tied(), b: one.tied() };
    let mut alone = one;
    let mut optimisers = [Adam::<f64>::new(0.1), Adam::new(0.1)];
    let function = |a: Var, b: Var| (a.sin() + b * b * b).sum();
    for _ in 0..5 {
        let tape = Tape::new();
        let x = tape.input(Tensor::from(0.0));
        let gradients = function(x.lift(&tied.a), x.lift(&tied.b)).backward();
        assert_eq!(optimisers[0].step(&mut tied, &gradients).updated, 1);
        let tape = Tape::new();
        let x = tape.input(Tensor::from(0.0));
        let gradients = function(x.lift(&alone), x.lift(&alone)).backward();
        optimisers[1].step(&mut alone, &gradients);
    }
    assert_eq!(tied.a.value(), alone.value());
    assert_eq!(tied.b.value(), alone.value());
}

/// 4 + 6 steps, through the state by name and a model built anew, are 10 steps to the bit.
#[test]
fn a_state_is_taken_up() {
    let run = |optimiser: &mut dyn Optimiser<f64>, model: &mut Pair<f64>, steps: std::ops::RangeInclusive<usize>| {
        for step in steps {
            let gradients = gradients(model, step);
            optimiser.step(model, &gradients);
        }
    };
    for ((name, mut straight, _), (_, mut first, _)) in rules().into_iter().zip(rules()) {
        let (mut expected, mut model) = (pair::<f64>(), pair::<f64>());
        run(&mut *straight, &mut expected, 1..=10);
        run(&mut *first, &mut model, 1..=4);
        let state: OptimiserState<f64> = first.state(&model);
        let mut again = model.clone();
        let mut second = rules().into_iter().find(|(n, ..)| *n == name).unwrap().1;
        second.restore(&again, state.clone()).unwrap();
        run(&mut *second, &mut again, 5..=10);
        assert_eq!(numbers(&again), numbers(&expected), "{name}");

        // The state of another model is refused.
        let mut other = Linear::<f64>::new(2, 3, &mut generator(1));
        let message = second.restore(&other, state).unwrap_err().to_string();
        assert!(message.starts_with("optimiser state: the model has no place for "), "{name}: {message}");
        assert_eq!(second.step(&mut other, &gradients(&again, 1)).unreached, ["weight", "bias"]);
    }
}
