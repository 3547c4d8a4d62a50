//! The training loop: the same bits on any number of threads, what stops it, and what it says.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use wengert_nn::prelude::*;
use wengert_nn::{Error, History};

fn data() -> Dataset<f32> {
    moons(83, 0.1, &mut generator(3))
}

fn model() -> Mlp<f32> {
    Mlp::new(&[2, 8, 2], Activation::Tanh, &mut generator(4)).output(Activation::Identity)
}

fn bits(model: &impl Parameters<f32>) -> Vec<u32> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(f32::to_bits).collect()
}

fn train(threads: usize, shard: usize) -> (Vec<u32>, History) {
    let mut model = model();
    let mut trainer =
        Trainer::new(cross_entropy).epochs(5).batch(30).shard(shard).threads(threads).metric("accuracy", accuracy);
    let history = trainer.train(&mut model, &mut Adam::new(0.01), &data()).unwrap();
    (bits(&model), history)
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    for shard in [1, 4, 7, 30, 100] {
        let (expected, history) = train(1, shard);
        for threads in [2, 3, 8] {
            let (found, other) = train(threads, shard);
            assert_eq!(found, expected, "{threads} threads, shards of {shard}");
            for (a, b) in history.epochs.iter().zip(&other.epochs) {
                assert_eq!((a.loss.to_bits(), &a.metrics), (b.loss.to_bits(), &b.metrics), "{threads} threads");
            }
        }
    }
}

/// Whoever copies samples: in each epoch of a training each comes once, and in another order than before.
#[test]
fn each_sample_is_learned_from_once_in_an_epoch() {
    let numbers = Tensor::arange(83).reshape([83, 1]);
    let data: Dataset<f64, f64> = Dataset::new(numbers.clone(), numbers.clone()).unwrap();
    for threads in [1, 3] {
        let seen = Mutex::new(Vec::new());
        let look = |outputs: &Tensor, targets: &Tensor| {
            assert_eq!(outputs, targets);
            seen.lock().unwrap().extend(targets.to_vec());
            0.0
        };
        // A model that gives what it gets, and at this rate learns nothing.
        let mut model = Linear::from_weights(Tensor::from([[1.0]]), None);
        let loss = |y: Var, t: Var| mse(y, t);
        let mut trainer = Trainer::new(loss).epochs(2).batch(10).shard(3).threads(threads).metric("seen", look);
        trainer.train(&mut model, &mut Sgd::new(0.0), &data).unwrap();
        drop(trainer);
        let mut seen = seen.into_inner().unwrap();
        assert_eq!(seen.len(), 2 * 83);
        let (first, second) = seen.split_at_mut(83);
        assert!(first != second && !first.is_sorted(), "{threads} threads");
        for epoch in [first, second] {
            epoch.sort_by(f64::total_cmp);
            assert_eq!(epoch, numbers.data(), "{threads} threads");
        }
    }
}

/// One step on a whole set, in shards, is the step of the loss recorded in one piece, up to rounding.
#[test]
fn shards_are_the_batch() {
    let data: Dataset<f64> = moons(83, 0.1, &mut generator(3));
    let begin = Mlp::<f64>::new(&[2, 8, 2], Activation::Tanh, &mut generator(4)).output(Activation::Identity);
    let (mut whole, mut sharded) = (begin.clone(), begin);
    let tape = Tape::new();
    let output = whole.forward(&tape.input(data.inputs().clone()));
    let loss = cross_entropy(output, tape.input(data.targets().clone()));
    Sgd::new(1.0).step(&mut whole, &loss.backward());
    let mut trainer = Trainer::new(cross_entropy).epochs(1).batch(83).shard(9).threads(2).metric("accuracy", accuracy);
    let before = trainer.evaluate(&sharded, &data).unwrap();
    let history = trainer.train(&mut sharded, &mut Sgd::new(1.0), &data).unwrap();
    for ((name, a), (_, b)) in whole.parameters().iter().zip(sharded.parameters()) {
        let apart = a.value().data().iter().zip(b.value().data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-14, "{name}: {apart}");
    }
    assert!((history.loss() - loss.item()).abs() < 1e-14 && (before.loss - loss.item()).abs() < 1e-14);
    assert!((history.last("accuracy").unwrap() - before.metrics[0].1).abs() < 1e-14);
}

#[test]
fn training_learns_and_says_how() {
    let steps = RefCell::new(Vec::new());
    let mut model = model();
    let mut trainer = Trainer::new(cross_entropy)
        .epochs(60)
        .batch(10)
        .metric("accuracy", accuracy)
        .on_step(|p| steps.borrow_mut().push((p.epoch, p.step, p.steps, p.done)))
        .on_epoch(|p| assert!(p.step == p.steps && p.remaining() <= p.elapsed.mul_f64(59.1)));
    let history = trainer.train(&mut model, &mut Adam::new(0.02), &data()).unwrap();
    assert!(history.last("accuracy").unwrap() > 0.95, "{history:?}");
    assert!(history.epochs[0].loss > 5.0 * history.loss());
    let evaluation = trainer.evaluate(&model, &data()).unwrap();
    assert!((evaluation.loss - history.loss()).abs() < 0.1);
    drop(trainer);
    let steps = steps.into_inner();
    assert_eq!(steps.len(), 60 * 9);
    assert_eq!((steps[0].0, steps[0].1, steps[0].2), (1, 1, 9));
    assert_eq!(steps[539].3, 1.0);
}

#[test]
fn a_seed_gives_the_same_order_and_another_seed_another() {
    let run = |seed| {
        let mut model = model();
        Trainer::new(cross_entropy).seed(seed).epochs(2).train(&mut model, &mut Sgd::new(0.1), &data()).unwrap();
        bits(&model)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_flag_stops_after_the_step() {
    let stop = Arc::new(AtomicBool::new(false));
    let epochs = RefCell::new(0);
    let mut trainer = Trainer::new(cross_entropy)
        .epochs(50)
        .batch(10)
        .stop(stop.clone())
        .on_step(|p| stop.store(p.epoch == 3 && p.step == 4, Ordering::Relaxed))
        .on_epoch(|_| *epochs.borrow_mut() += 1);
    let history = trainer.train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap();
    assert!(history.stopped);
    assert_eq!(history.epochs.iter().map(|e| e.steps).collect::<Vec<_>>(), [9, 9, 4]);
    drop(trainer);
    assert_eq!(epochs.into_inner(), 3);
}

#[test]
fn a_loss_that_is_not_finite_stops_and_is_named() {
    for threads in [1, 2] {
        let mut trained = model();
        let before = bits(&trained);
        // The logarithm of a negative output is NaN.
        let mut trainer = Trainer::new(|y: Var<f32>, t| (y - 1e3).ln().mean() + cross_entropy(y, t)).threads(threads);
        let error = trainer.train(&mut trained, &mut Sgd::new(0.1), &data()).unwrap_err();
        assert!(matches!(error, Error::NotFinite { epoch: 1, step: 1, .. }));
        let message = error.to_string();
        let begin = "training stopped in epoch 1, step 1: the loss is NaN; the first number that is not finite: ln (";
        assert!(message.starts_with(begin) && message.contains(": value NaN at ["), "{message}");
        assert!(message.contains("trainer.rs:"), "{message}");
        assert_eq!(bits(&trained), before);

        // A finite loss with an infinite slope: the root at 0.
        let root = |y: Var<f32>, t| (y - y.stop_gradient()).sqrt().sum() + cross_entropy(y, t);
        let mut trainer = Trainer::new(root).threads(threads);
        let message = trainer.train(&mut trained, &mut Sgd::new(0.1), &data()).unwrap_err().to_string();
        let expected = "a gradient is not finite, though the loss is; the first: sqrt (";
        assert!(message.contains(expected) && message.contains(": gradient of operand 0 is "), "{message}");
        assert!(message.contains("trainer.rs:"), "{message}");
        assert_eq!(bits(&trained), before);
    }
}

#[test]
fn what_does_not_fit_is_an_error_before_anything_happens() {
    let message = |e: Error| e.to_string();
    let images = digits::<f32>();
    let mut trainer = Trainer::new(cross_entropy);
    let error = trainer.train(&mut model(), &mut Sgd::new(0.1), &images).unwrap_err();
    assert_eq!(message(error), "linear: inputs […, 2] are needed, not [32, 1, 8, 8]");
    let error = trainer.train(&mut model(), &mut Sgd::new(0.1), &data().rows(&[])).unwrap_err();
    assert_eq!(message(error), "trainer: there are no samples");
    let error = Trainer::new(cross_entropy).batch(0).train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap_err();
    assert_eq!(message(error), "trainer: the batch, its shards and the threads must be at least 1");
    for monitor in [Monitor::most("accurracy"), Monitor::least("")] {
        let validation = data();
        let mut trainer =
            Trainer::new(cross_entropy).metric("accuracy", accuracy).validate(&validation).keep_best(monitor);
        let error = message(trainer.train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap_err());
        assert!(
            error.starts_with("trainer: there is no metric `") && error.ends_with("`, only loss, accuracy"),
            "{error}"
        );
    }
    for name in ["accuracy", "loss"] {
        let mut trainer = Trainer::new(cross_entropy).metric("accuracy", accuracy).metric(name, accuracy);
        let error = message(trainer.train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap_err());
        assert_eq!(error, format!("trainer: two things to measure are called `{name}`"));
    }
    let error = Trainer::new(cross_entropy).keep_best(Monitor::loss()).train(&mut model(), &mut Sgd::new(0.1), &data());
    let expected = "trainer: the best epoch is asked for, but there are no samples to validate with";
    assert_eq!(message(error.unwrap_err()), expected);
    let error = Trainer::new(|y: Var<f32>, _: Var<f32, i64>| y).evaluate(&model(), &data()).unwrap_err();
    assert_eq!(message(error), "trainer: a loss of shape [83, 2] is not one number");
    let error = Trainer::new(|y: Var<f32>, _: Var<f32, i64>| y).train(&mut model(), &mut Sgd::new(0.1), &data());
    assert_eq!(message(error.unwrap_err()), "trainer: a loss of shape [16, 2] is not one number");
}

/// A batch that is larger than any set of samples is the whole set; a number of epochs that never ends can be stopped.
#[test]
fn the_largest_numbers_do_not_overflow() {
    let train = |batch: usize| {
        let mut model = model();
        let trainer = Trainer::new(cross_entropy).epochs(2).batch(batch).threads(2);
        { trainer }.train(&mut model, &mut Sgd::new(0.1), &data()).unwrap();
        bits(&model)
    };
    assert_eq!(train(usize::MAX), train(83));
    let (stop, done) = (Arc::new(AtomicBool::new(false)), RefCell::new(Vec::new()));
    let flag = stop.clone();
    let mut trainer = Trainer::new(cross_entropy).epochs(usize::MAX).stop(stop).on_step(|progress| {
        flag.store(progress.epoch == 3, Ordering::Relaxed);
        done.borrow_mut().push(progress.done);
    });
    let history = trainer.train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap();
    assert!(history.stopped && done.borrow().is_sorted() && done.borrow()[6] < 1e-18, "{done:?}");
}

/// Whatever order the calls of a builder come in, they mean the same: every permutation trains to the same bits, with the
/// same checkpoint and the same history, or is refused in the same words.
#[test]
fn the_calls_of_a_builder_come_in_any_order() {
    type Call = (&'static str, for<'a> fn(Trainer<'a, f32, i64>, &'a Dataset<f32>, &'a Path) -> Trainer<'a, f32, i64>);
    let sets: Vec<Vec<Call>> = vec![
        vec![
            ("checkpoint", |t, _, path| t.checkpoint(path)),
            ("resume", |t, _, _| t.resume(true)),
            ("named", |t, _, _| t.named("a")),
            ("epochs", |t, _, _| t.epochs(3)),
            ("batch", |t, _, _| t.batch(20)),
        ],
        vec![
            ("checkpoint_steps", |t, _, path| t.checkpoint_steps(path, 2)),
            ("checkpoint", |t, _, path| t.checkpoint(path)),
            ("accumulate", |t, _, _| t.accumulate(3)),
            ("resume", |t, _, _| t.resume(true)),
        ],
        vec![
            ("keep_best", |t, _, _| t.keep_best(Monitor::loss())),
            ("early_stopping", |t, _, _| t.early_stopping(Monitor::most("accuracy"), 2)),
            ("validate", |t, data, _| t.validate(data)),
            ("metric", |t, _, _| t.metric("accuracy", accuracy)),
        ],
        vec![
            ("schedule_steps", |t, _, _| t.schedule_steps(Exponential::new(0.9))),
            ("schedule_epochs", |t, _, _| t.schedule_epochs(Exponential::new(0.5))),
            ("epochs", |t, _, _| t.epochs(2)),
        ],
        vec![
            ("clip_norm", |t, _, _| t.clip_norm(0.1)),
            ("clip_value", |t, _, _| t.clip_value(0.05)),
            ("shard", |t, _, _| t.shard(5)),
            ("threads", |t, _, _| t.threads(2)),
            ("seed", |t, _, _| t.seed(3)),
        ],
        vec![("resume", |t, _, _| t.resume(true)), ("epochs", |t, _, _| t.epochs(2))],
    ];
    let path = std::env::temp_dir().join(format!("wengert-trainer-order-{}.safetensors", std::process::id()));
    let (data, validation) = (moons(23, 0.1, &mut generator(3)), moons(10, 0.1, &mut generator(5)));
    for set in sets {
        let mut results: Vec<(String, Vec<&str>)> = Vec::new();
        for order in permutations(set.len()) {
            let _ = std::fs::remove_file(&path);
            let calls: Vec<Call> = order.into_iter().map(|k| set[k]).collect();
            let run = |from: Model| {
                let begin = Trainer::new(cross_entropy).epochs(2);
                let mut trainer = calls.iter().fold(begin, |trainer, (_, call)| call(trainer, &validation, &path));
                let mut model = from;
                let mut history = trainer.train(&mut model, &mut Adam::new(0.02), &data);
                if let Ok(history) = &mut history {
                    history.seconds = 0.0;
                    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
                }
                let history = history.map_err(|e| e.to_string());
                (bits(&model), history, std::fs::read(&path).is_ok())
            };
            // Where the training is to be resumed, the second finds it done, whatever it begins with.
            let result = format!("{:?}", [run(model()), run(model())]);
            results.push((result, calls.iter().map(|(name, _)| *name).collect()));
        }
        for (result, order) in &results {
            assert_eq!(*result, results[0].0, "{order:?} and {:?}", results[0].1);
        }
    }
    std::fs::remove_file(&path).unwrap_or(());
}

type Model = Mlp<f32>;

fn permutations(n: usize) -> Vec<Vec<usize>> {
    match n {
        0 => vec![Vec::new()],
        _ => permutations(n - 1)
            .into_iter()
            .flat_map(|rest| (0..n).map(move |at| [&rest[..at], &[n - 1], &rest[at..]].concat()))
            .collect(),
    }
}

/// A second training with the same trainer and the same optimiser is as the first would have been: the schedule, what it
/// remembers, the rate and the logs begin anew.
#[test]
fn a_trainer_begins_anew() {
    let folder = std::env::temp_dir().join(format!("wengert-trainer-anew-{}", std::process::id()));
    let events = || std::fs::read_dir(&folder).unwrap().count();
    let schedules: [fn(Trainer<'_, f32, i64>) -> Trainer<'_, f32, i64>; 3] = [
        |t| t.schedule_steps(Exponential::new(0.2)),
        |t| t.schedule_epochs(Exponential::new(0.2)),
        |t| t.schedule_epochs(OnPlateau::new(0.1, 0).threshold(10.0)),
    ];
    for schedule in schedules {
        let log = TensorBoardLog::new(&folder).unwrap();
        let mut trainer = schedule(Trainer::new(cross_entropy).epochs(4)).log(log);
        // Without a memory, so that the optimiser has nothing of its own to carry over.
        let mut optimiser = Sgd::new(0.1);
        let mut run = || {
            let mut model = model();
            let history = trainer.train(&mut model, &mut optimiser, &data()).unwrap();
            (bits(&model), history.epochs.iter().map(|epoch| epoch.rate).collect::<Vec<_>>())
        };
        let (first, before) = (run(), events());
        assert_eq!(run(), first);
        assert_eq!(events(), before + 1, "the second training has a file of its own");
        assert_eq!(Optimiser::<f32>::rate(&optimiser), 0.1);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// Metrics that are NaN in the first epochs hold neither the best epoch nor the end of the waiting.
#[test]
fn an_epoch_that_is_no_number_is_never_the_best() {
    let scores = |scores: &'static [f64], patience: usize| {
        let validation = moons(10, 0.1, &mut generator(5));
        let epoch = std::sync::atomic::AtomicUsize::new(0);
        // The metric of training is asked for beside that of validation, which has ten samples.
        let score = |_: &Tensor<f32>, classes: &Tensor<i64>| match classes.len() {
            10 => scores[epoch.fetch_add(1, Ordering::Relaxed)],
            _ => 0.0,
        };
        let trainer = Trainer::new(cross_entropy).metric("score", score).validate(&validation).epochs(scores.len());
        let mut trainer = trainer.early_stopping(Monitor::most("score"), patience);
        let history = trainer.train(&mut model(), &mut Sgd::new(0.1), &data()).unwrap();
        (history.best, history.epochs.len())
    };
    assert_eq!(scores(&[f64::NAN, 1.0, 2.0, f64::NAN, 1.5], 10), (Some(3), 5));
    assert_eq!(scores(&[f64::NAN, f64::NAN, -3.0, -4.0, -5.0, 9.0], 2), (Some(3), 5));
    assert_eq!(scores(&[f64::NAN, f64::NAN, f64::NAN, f64::NAN], 2), (Some(1), 3));
    assert_eq!(scores(&[1.0, f64::NAN, f64::NAN, 2.0], 2), (Some(1), 3));
    assert_eq!(scores(&[f64::NEG_INFINITY, f64::NAN, -1e300], 5), (Some(3), 3));
}

/// What the optimiser makes is looked at before anybody is given it: the model is as it was before the step.
#[test]
fn a_step_that_leaves_the_numbers_is_an_error() {
    let path = std::env::temp_dir().join(format!("wengert-trainer-overflow-{}.safetensors", std::process::id()));
    let inputs = Tensor::from([[1e3_f32], [2e3]]);
    let data: Dataset<f32, f32> = Dataset::new(inputs, Tensor::from([[0.0], [0.0]])).unwrap();
    // Somebody else's file, which is no checkpoint of this training.
    std::fs::write(&path, "another").unwrap();
    for threads in [1, 2] {
        let mut model = Sequential::new().then(Linear::from_weights(Tensor::from([[1.0_f32]]), None));
        let mut trainer =
            Trainer::new(|y: Var<f32>, t| mse(y, t)).epochs(3).checkpoint(&path).threads(threads).shard(1);
        let error = trainer.train(&mut model, &mut Sgd::new(1e38), &data).unwrap_err();
        let Error::NotFinite { epoch: 1, step: 1, checkpoint: None, .. } = &error else { panic!("{error}") };
        let message = error.to_string();
        let expected = "training stopped in epoch 1, step 1: the step, at a rate of 100000000000000000000000000000000000000, \
                        makes a number of `0.weight` -inf; the model is as it was before the step";
        assert_eq!(message, expected);
        assert_eq!(model.parameters()[0].1.value().item(), 1.0);
        assert_eq!(std::fs::read(&path).unwrap(), b"another");
    }
    // Later on, the last good checkpoint is the one of before.
    let mut model = Sequential::new().then(Linear::from_weights(Tensor::from([[1e-3_f32]]), None));
    let mut trainer = Trainer::new(|y: Var<f32>, t| mse(y, t)).epochs(100).checkpoint(&path);
    let error = trainer.train(&mut model, &mut Sgd::new(1.0), &data).unwrap_err();
    let Error::NotFinite { checkpoint: Some(kept), .. } = &error else { panic!("{error}") };
    let kept = load::<f32>(kept).unwrap().model;
    assert!(kept.parameters()[0].1.value().item().is_finite());
    std::fs::remove_file(&path).unwrap();
}

/// A panic of a model reaches the caller, whichever thread it happens on.
#[test]
fn a_panic_is_passed_on() {
    #[derive(Clone, Debug)]
    struct Picky;
    impl Parameters<f32> for Picky {
        parameters! { f32: }
    }
    impl Module<f32> for Picky {
        fn forward<A: Reader<f32>>(&self, x: &A) -> A {
            assert!(x.shape()[0] != 3, "not three");
            x.clone()
        }
    }
    // Shards of 16, 16 and 3: the last goes to the third thread.
    let data = moons(35, 0.1, &mut generator(3));
    let run = || Trainer::new(cross_entropy).batch(35).threads(3).train(&mut Picky, &mut Sgd::new(0.1), &data);
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"not three"));
}

/// A limit of 0 or below would leave nothing of a gradient or turn it round.
#[test]
fn limits_of_gradients_are_positive() {
    let data = xor::<f64>();
    for limit in [0.0, -1.0, f64::NAN] {
        for (name, mut trainer) in [
            ("clip_norm", Trainer::new(mse::<Var<f64>>).clip_norm(limit)),
            ("clip_value", Trainer::new(mse::<Var<f64>>).clip_value(limit)),
        ] {
            let mut model = Mlp::<f64>::new(&[2, 1], Activation::Identity, &mut generator(1));
            let error = trainer.train(&mut model, &mut Sgd::new(0.1), &data).unwrap_err().to_string();
            assert!(error.starts_with(&format!("trainer: {name} {limit} is not positive")), "{error}");
        }
    }
}
