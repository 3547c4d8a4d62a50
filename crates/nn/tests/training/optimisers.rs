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

/// One parameter of one number, whose gradient the tests choose.
#[derive(Debug)]
struct Slope<F: Float>(Tensor<F>);
impl<F: Float> wengert_nn::ParameterGradients<F> for Slope<F> {
    fn of_parameter(&self, _param: &Param<F>) -> Option<&Tensor<F>> {
        Some(&self.0)
    }
}

fn walked<F: Float>(optimiser: &mut dyn Optimiser<F>, slope: f64, steps: usize) -> f64 {
    let (mut param, slope) = (Param::new(Tensor::<F>::zeros([1])), Slope(Tensor::full([1], F::from_f64(slope))));
    (0..steps).for_each(|_| drop(optimiser.step(&mut param, &slope)));
    Float::to_f64(param.value().item())
}

/// Every optimiser, with decays near 1 where it has any, for either type of number and gradients of about this size.
fn of_floats<F: Float>(size: f64) -> Vec<(&'static str, Box<dyn Optimiser<F>>)> {
    let centred = || RmsProp::new(1e-3).centred().epsilon(0.05 * size);
    vec![
        ("sgd", Box::new(Sgd::new(1e-3))),
        ("sgd with momentum", Box::new(Sgd::new(1e-3).momentum(0.9).nesterov())),
        ("adam", Box::new(Adam::new(1e-3))),
        ("adam, near 1", Box::new(Adam::new(1e-3).betas(0.99, 0.9999))),
        ("adam, nearer", Box::new(Adam::new(1e-3).betas(0.9, 1.0 - 1e-8))),
        ("adam, no average", Box::new(Adam::new(1e-3).betas(0.0, 0.0))),
        ("adam_w", Box::new(AdamW::new(1e-3))),
        ("rms_prop", Box::new(RmsProp::new(1e-3))),
        ("rms_prop, near 1", Box::new(RmsProp::new(1e-3).decay(0.9999).momentum(0.5))),
        // The deviation of what is always the same is 0, and ε all that is divided by: in `f32` the first comes out at a few
        // millionths of the gradient, which a small ε would show.
        ("rms_prop, centred", Box::new(centred())),
        ("rms_prop, centred, near 1", Box::new(centred().decay(0.9999))),
        ("adagrad", Box::new(Adagrad::new(0.1))),
        ("adadelta", Box::new(Adadelta::new(1.0))),
        ("adadelta, near 1", Box::new(Adadelta::new(1.0).decay(0.9999))),
        ("lion", Box::new(Lion::new(1e-3))),
        ("lion, near 1", Box::new(Lion::new(1e-3).betas(0.999, 0.9999).weight_decay(0.1))),
    ]
}

/// A gradient that never changes, 8,000 times: with numbers of 32 bits the way is that of 64.
#[test]
fn a_long_way_in_f32_is_that_in_f64() {
    let mut failures = Vec::new();
    for slope in [1.0_f64, -0.3, 7e3] {
        for ((name, mut narrow), (_, mut wide)) in
            of_floats::<f32>(slope.abs()).into_iter().zip(of_floats::<f64>(slope.abs()))
        {
            let (found, expected) = (walked(&mut *narrow, slope, 8000), walked(&mut *wide, slope, 8000));
            if !((found - expected).abs() <= 1e-3 * expected.abs()) {
                failures.push(format!("{name}, slope {slope}: {found}, not {expected}"));
            }
        }
        // With the ε of its paper the steps grow without end; they stay numbers.
        let mut centred = RmsProp::<f32>::new(1e-3).centred();
        let far = walked(&mut centred, slope, 8000);
        if !(far.is_finite() && far * slope < 0.0) {
            failures.push(format!("rms_prop, centred, slope {slope}: {far}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A gradient whose square an `f32` does not hold: no step is taken then, as in PyTorch, or one of a finite size; never NaN.
#[test]
fn squares_that_overflow_make_no_nan() {
    let mut failures = Vec::new();
    for slope in [1e20_f64, -1e25, 3e36] {
        for steps in [1, 2, 30] {
            for (name, mut optimiser) in of_floats::<f32>(1.0) {
                let far = walked(&mut *optimiser, slope, steps);
                if !(far.is_finite() && far * slope <= 0.0) {
                    failures.push(format!("{name}, slope {slope:e}, {steps} steps: {far}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The first step of Adam is as long as its rate, whatever the decays are.
#[test]
fn the_first_step_of_adam_is_its_rate() {
    for first in [0.0, 0.9, 0.9999, 1.0 - 1e-8] {
        for second in [0.0, 0.5, 0.999, 0.9999, 1.0 - 1e-8, 1.0 - 1e-12] {
            for slope in [1.0, 1e-3, -40.0] {
                let expected = -f64::signum(slope);
                let narrow = walked(&mut Adam::<f32>::new(1.0).betas(first, second).epsilon(0.0), slope, 1);
                let wide = walked(&mut Adam::<f64>::new(1.0).betas(first, second).epsilon(0.0), slope, 1);
                assert!((narrow - expected).abs() < 1e-6, "{first}, {second}, {slope}: {narrow}");
                assert!((wide - expected).abs() < 1e-14, "{first}, {second}, {slope}: {wide}");
            }
        }
    }
}

/// What a weight loses to its decay when nothing else moves it, in steps that are small beside it.
#[test]
fn a_small_decay_is_not_rounded_away() {
    let mut param = Param::new(Tensor::<f32>::ones([1]));
    let mut optimiser = AdamW::new(1e-5).weight_decay(0.02);
    (0..5000).for_each(|_| drop(optimiser.step(&mut param, &Slope(Tensor::zeros([1])))));
    let expected = (-5000.0 * 2e-7_f64).exp();
    assert!((f64::from(param.value().item()) - expected).abs() < 2e-4, "{}", param.value().item());
}

/// Every schedule, over groups of other rates: the ratio of the rates never changes, also from a rate of 0 on.
#[test]
fn schedules_keep_the_ratios_of_groups() {
    let schedules: Vec<Box<dyn Schedule>> = vec![
        Box::new(Constant),
        Box::new(Steps::new(3, 0.1)),
        Box::new(Exponential::new(0.5)),
        Box::new(Cosine::new(8, 0.0)),
        Box::new(WarmUp::new(4, 0.0, Cosine::new(4, 0.0))),
        Box::new(OneCycle::new(10).ends(0.0, 0.0)),
        Box::new(OnPlateau::new(0.5, 0)),
    ];
    for schedule in schedules {
        let mut groups = Groups::<f64>::new(Sgd::new(0.1)).group(|name| name == "a", Sgd::new(1.0));
        // Two parameters of one number, with a gradient of 1 each: they move by the rates of their groups.
        let mut model = Pair { a: Param::new(Tensor::zeros([])), b: Param::new(Tensor::zeros([])) };
        for step in (0..12).chain([0, 5]) {
            let before = [model.a.value().item(), model.b.value().item()];
            let rate = schedule.rate(0.1, step);
            groups.set_rate(rate);
            groups.step(&mut model, &Slope(Tensor::from(1.0)));
            let moved = [before[0] - model.a.value().item(), before[1] - model.b.value().item()];
            let close = (moved[0] - 10.0 * rate).abs() < 1e-12 && (moved[1] - rate).abs() < 1e-12;
            assert!(close, "{schedule:?}, step {step}: {moved:?} at {rate}");
        }
    }
    // A rest that stands still does not hold the groups.
    let mut groups = Groups::<f64>::new(Sgd::new(0.0)).group(|name| name == "a", Sgd::new(1.0));
    let mut model = Pair { a: Param::new(Tensor::zeros([])), b: Param::new(Tensor::zeros([])) };
    groups.set_rate(groups.rate());
    groups.step(&mut model, &Slope(Tensor::from(1.0)));
    assert_eq!((model.a.value().item(), model.b.value().item()), (-1.0, 0.0));
}

/// Optimisers in groups, averages in groups and groups in averages: what one remembers, another takes up, to the bit.
#[test]
fn states_of_composed_optimisers_are_taken_up() {
    let averaged = |optimiser: Box<dyn Optimiser<f64>>| Averaged::new(optimiser, WeightAverage::exponential(0.9));
    let adam = || -> Box<dyn Optimiser<f64>> { Box::new(Adam::new(0.1)) };
    let sgd = || -> Box<dyn Optimiser<f64>> { Box::new(Sgd::new(0.1)) };
    let is_a = |name: &str| name == "a";
    let all = || -> Vec<(&str, Box<dyn Optimiser<f64>>)> {
        vec![
            ("a group", Box::new(Groups::new(adam()).group(is_a, sgd()))),
            ("an averaged group", Box::new(Groups::new(adam()).group(is_a, averaged(sgd())))),
            ("an averaged rest", Box::new(Groups::new(averaged(adam())).group(is_a, sgd()))),
            ("both averaged", Box::new(Groups::new(averaged(sgd())).group(is_a, averaged(adam())))),
            ("groups averaged", Box::new(averaged(Box::new(Groups::new(sgd()).group(is_a, adam()))))),
            (
                "an averaged group of groups",
                Box::new(
                    Groups::new(sgd())
                        .group(|_| true, averaged(Box::new(Groups::new(adam()).group(is_a, averaged(sgd()))))),
                ),
            ),
            ("an average of averages", Box::new(averaged(Box::new(averaged(adam()))))),
            ("centred", Box::new(RmsProp::new(0.1).centred().momentum(0.5))),
        ]
    };
    for ((name, mut straight), ((_, mut first), (_, mut second))) in all().into_iter().zip(all().into_iter().zip(all()))
    {
        let mut expected = pair::<f64>();
        let mut found = expected.clone();
        for step in 0..9 {
            let slopes = gradients(&expected, step);
            straight.step(&mut expected, &slopes);
            if step == 4 {
                let state = first.state(&found);
                second.restore(&found, state).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
            let optimiser = if step < 4 { &mut first } else { &mut second };
            let slopes = gradients(&found, step);
            optimiser.step(&mut found, &slopes);
        }
        assert_eq!(found.a.value(), expected.a.value(), "{name}");
        assert_eq!(found.b.value(), expected.b.value(), "{name}");
        assert_eq!(second.state(&found), straight.state(&expected), "{name}");
    }
}

/// A weight that stands in two groups belongs to the first, and its memory too.
#[test]
fn a_shared_weight_has_one_memory() {
    let shared = Param::new(Tensor::from([1.0, 2.0]));
    let model = Pair { a: shared.tied(), b: shared };
    let groups = || Groups::new(Sgd::new(0.1)).group(|name| name == "a", Adam::new(0.1));
    let (mut trained, mut optimiser) = (model, groups());
    optimiser.step(&mut trained, &Slope(Tensor::from([1.0, -1.0])));
    let mut again = groups();
    again.restore(&trained, optimiser.state(&trained)).unwrap();
    assert_eq!(again.state(&trained), optimiser.state(&trained));
}

/// Where the gradient is no number a search cannot go, and it does not end there; a minimum on this side of it is found.
#[test]
fn a_search_stays_where_gradients_are_numbers() {
    let find = |bad: f64, from: f64| {
        let mut point = Param::new(Tensor::from([from]));
        let minimum = Lbfgs::new().minimise(&mut point, |point| {
            let x = point.value().item();
            let tape = Tape::new();
            let loss = (tape.input(Tensor::from(0.0)).lift(point) - 2.0).powi(2).sum();
            let mut gradients = ModelGradients::of(point, &loss.backward());
            // Beyond 2.5 the loss is a number and its gradient is not.
            gradients.scale(if x > 2.5 { bad } else { 1.0 });
            Ok((loss.item(), gradients))
        });
        (minimum, point.value().item())
    };
    for bad in [f64::NAN, f64::INFINITY] {
        let (minimum, x) = find(bad, -7.0);
        let minimum = minimum.unwrap();
        assert!((x - 2.0).abs() < 1e-9 && minimum.slope < 1e-8 && minimum.iterations > 0, "{minimum:?}, {x}");
        let message = find(bad, 3.0).0.unwrap_err().to_string();
        let expected = format!("lbfgs: the gradient has {bad} at the start, where the loss is 1");
        assert_eq!(message, expected);
    }
}

/// Losses that stay, rise or fall, above 0 and below, with the number of cuts by a patience of 1 over ten of them.
#[test]
fn a_plateau_is_one_below_zero_too() {
    let rate = |losses: &mut dyn Iterator<Item = f64>| {
        let mut schedule = OnPlateau::new(0.5, 1);
        losses.take(10).for_each(|loss| schedule.observe(loss));
        schedule.rate(1.0, 0)
    };
    for level in [1.0, -1.0, 1e-9, -1e-9, 1e9, -1e9, 0.0] {
        assert_eq!(rate(&mut std::iter::repeat(level)), 0.0625, "always {level}");
        let size = f64::abs(level);
        assert_eq!(rate(&mut (0..).map(|k| level + 1e-6 * size * f64::from(k))), 0.0625, "slowly up from {level}");
        assert_eq!(rate(&mut (0..).map(|k| level - 1e-6 * size * f64::from(k))), 0.0625, "hardly down from {level}");
    }
    for level in [1.0, -1.0, 1e9, -1e9] {
        let size = f64::abs(level);
        assert_eq!(rate(&mut (0..).map(|k| level - 1e-2 * size * f64::from(k))), 1.0, "down from {level}");
    }
    // From above 0 to below.
    assert_eq!(rate(&mut (0..).map(|k| 0.5 - 0.1 * f64::from(k))), 1.0);
    assert_eq!(rate(&mut std::iter::repeat(f64::NAN)), 0.5_f64.powi(5));
}

/// Gradients whose squares leave the range of numbers are shortened to what was asked for.
#[test]
fn long_and_short_gradients_have_a_length() {
    for size in [1e-200, 1e-160, 1.0, 1e160, 1e200] {
        let mut gradients =
            ModelGradients::of(&Param::new(Tensor::zeros([2])), &Slope(Tensor::from([3.0 * size, 4.0 * size])));
        assert!((gradients.norm() / (5.0 * size) - 1.0).abs() < 1e-14, "{size}: {}", gradients.norm());
        gradients.clip_norm(0.5);
        let expected = size.min(0.1) * 5.0;
        assert!((gradients.norm() / expected - 1.0).abs() < 1e-6, "{size}: {}", gradients.norm());
    }
}
