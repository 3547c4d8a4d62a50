//! Loops of one's own in the checkpoints of the trainer: saved and resumed by either, with the same bits.

use std::path::{Path, PathBuf};

use wengert_nn::prelude::*;

use crate::killed;

const EPOCHS: usize = 6;
const BATCH: usize = 10;
const SEED: u64 = 5;

fn data() -> Dataset<f32> {
    moons(83, 0.2, &mut generator(3))
}

/// With dropout and a batch norm, so that random numbers are drawn in each step and statistics followed.
fn model(batch_norm: bool) -> Sequential<f32> {
    let rng = &mut generator(4);
    let mut model = Sequential::new().then(Linear::new(2, 12, rng));
    if batch_norm {
        model.push(BatchNorm::new(12));
    }
    model.then(Activation::Tanh).then(Dropout::new(0.2)).then(Linear::new(12, 2, rng))
}

fn bits(model: &impl Parameters<f32>) -> Vec<u32> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(f32::to_bits).collect()
}

fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wengert-loop-{name}-{}.safetensors", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn optimisers() -> Vec<(&'static str, Box<dyn Optimiser<f32>>)> {
    let biases = |name: &str| name.ends_with("bias");
    vec![
        ("sgd", Box::new(Sgd::new(0.1).momentum(0.9))),
        ("adam_w", Box::new(AdamW::new(0.02))),
        ("averaged", Box::new(Averaged::new(Adam::new(0.02), WeightAverage::new()))),
        ("groups", Box::new(Groups::new(Adam::new(0.02)).group(biases, Sgd::new(0.1).momentum(0.5)))),
    ]
}

fn schedule() -> WarmUp<Cosine> {
    WarmUp::new(4, 0.1, Cosine::new(60, 0.001))
}

fn trainer<'a>() -> Trainer<'a, f32, i64> {
    let trainer = Trainer::new(cross_entropy).batch(BATCH).shard(4).seed(SEED);
    trainer.clip_norm(1.0).schedule_steps(schedule()).metric("accuracy", accuracy)
}

/// The same training as a loop: to the end of an epoch, or to a step of it, with a checkpoint at its end or after each step.
fn go(path: &Path, model: &mut Sequential<f32>, optimiser: &mut dyn Optimiser<f32>, to: (usize, usize), each: bool) {
    let (data, mut schedule) = (data(), schedule());
    let mut state = TrainingState::new(optimiser);
    load_checkpoint(path, model, optimiser, &mut schedule, &mut state).unwrap();
    let (shards, steps) = (Shards::new(4).threads(2), data.batches(BATCH).len());
    while state.epoch <= to.0 {
        for batch in data.batches(BATCH).in_epoch(SEED, state.epoch).skip(state.step) {
            let number = (state.epoch - 1) * steps + state.step + 1;
            let loss =
                |model: &Sequential<f32>, (x, y): (Var<f32>, Var<f32, i64>), training: &mut Training<Var<f32>>| {
                    cross_entropy(model.forward_training(&x, training), y)
                };
            let mut gradients = shards.gradients(&*model, &batch, (SEED, number), loss).unwrap();
            gradients.clip_norm(1.0);
            state.set_rate(&schedule, optimiser);
            let loss = gradients.loss;
            gradients.step(optimiser, model);
            state.record(loss, &[("accuracy", 0.5)], batch.1.len());
            if each || (state.epoch, state.step) == to {
                save_checkpoint(path, model, optimiser, &schedule, &state).unwrap();
            }
            if (state.epoch, state.step) == to {
                return;
            }
        }
        state.end_epoch(None);
        save_checkpoint(path, model, optimiser, &schedule, &state).unwrap();
    }
}

/// A part by the trainer, a part by a loop, a part by the trainer again: all are parts of the same training.
#[test]
fn a_loop_and_the_trainer_go_on_from_each_other() {
    let (data, path) = (data(), file("interchanged"));
    for batch_norm in [false, true] {
        for (k, (name, mut straight)) in optimisers().into_iter().enumerate() {
            let mut expected = model(batch_norm);
            trainer().epochs(EPOCHS).train(&mut expected, &mut *straight, &data).unwrap();
            type Part = (&'static str, (usize, usize));
            let ways: [&[Part]; 4] = [
                &[("loop", (2, 3)), ("loop", (3, 1)), ("loop", (EPOCHS, 0))],
                &[("trainer", (2, 0)), ("loop", (EPOCHS, 0))],
                &[("loop", (2, 5)), ("trainer", (EPOCHS, 0))],
                &[("loop", (1, 4)), ("trainer", (3, 0)), ("loop", (4, 2)), ("trainer", (EPOCHS, 0))],
            ];
            for way in ways {
                let _ = std::fs::remove_file(&path);
                let mut found = model(batch_norm);
                for (who, to) in way {
                    // Everything comes from the file.
                    found
                        .parameters_mut()
                        .into_iter()
                        .for_each(|(_, p)| *p.value_mut() = Tensor::zeros(p.value().shape()));
                    if *to == way[0].1 {
                        found = model(batch_norm);
                    }
                    let mut optimiser = optimisers().swap_remove(k).1;
                    match *who {
                        "loop" => go(&path, &mut found, &mut *optimiser, *to, false),
                        _ => {
                            let mut trainer = trainer().epochs(to.0).checkpoint(&path).resume(true);
                            trainer.train(&mut found, &mut *optimiser, &data).unwrap();
                        }
                    }
                }
                assert_eq!(bits(&found), bits(&expected), "{name}, batch norm {batch_norm}, {way:?}");
                // It is a model file as well.
                assert_eq!(bits(&load::<f32>(&path).unwrap().model), bits(&expected));
            }
        }
    }
    std::fs::remove_file(path).unwrap();
}

/// Where a child of this test trains.
const CHILD: &str = "WENGERT_TEST_LOOP";

#[test]
fn child() {
    if let Some(path) = std::env::var_os(CHILD) {
        go(Path::new(&path), &mut model(true), &mut Adam::new(0.02), (EPOCHS, 0), true);
    }
}

/// The process is killed again and again, wherever it is: in a step, while it writes, between the two.
#[test]
fn a_loop_that_is_killed_at_any_moment_ends_as_if_nothing_had_been() {
    let (path, whole) = (file("killed"), file("whole"));
    let mut expected = model(true);
    go(&whole, &mut expected, &mut Adam::new(0.02), (EPOCHS, 0), true);
    let kills = killed::again_and_again("loops::child", CHILD, &path, || {});
    let mut found = model(true);
    go(&path, &mut found, &mut Adam::new(0.02), (EPOCHS, 0), true);
    assert_eq!(bits(&found), bits(&expected), "after {kills} kills");
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(whole).unwrap();
}

/// A model of two inputs and two outputs, which is no module.
#[derive(Clone, Debug)]
struct Pair(Linear, Param<f32>);

impl Parameters<f32> for Pair {
    fn visit<'a>(&'a self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::Visit<'_, 'a, f32>) {
        self.0.visit(at.position(0), visit);
        visit(at.position(1), &self.1);
    }
    fn visit_mut<'a>(&'a mut self, at: wengert_nn::Name<'_>, visit: &mut wengert_nn::VisitMut<'_, 'a, f32>) {
        self.0.visit_mut(at.position(0), visit);
        visit(at.position(1), &mut self.1);
    }
}

/// Counters, details, generators, the best model and the epochs come back, of any parameters.
#[test]
fn everything_comes_back() {
    let path = file("everything");
    let begin = || Pair(Linear::new(2, 1, &mut generator(1)), Param::new(Tensor::from([1.0, 2.0])));
    let (mut model, mut optimiser, mut schedule) = (begin(), RmsProp::new(0.01), OnPlateau::new(0.5, 0));
    let mut state = TrainingState::new(&optimiser).named("pairs");
    let mut nothing = TrainingState::new(&optimiser);
    assert!(!load_checkpoint(&path, &mut model, &mut optimiser, &mut schedule, &mut nothing).unwrap());
    for (loss, validation) in [(3.0, 1.0), (2.0, 2.0)] {
        let tape = Tape::of::<f32>();
        let x = tape.input(Tensor::randn([5, 2], state.generator("inputs", 9)));
        let loss_of = model.0.forward(&x).square().mean() + tape.param(&model.1).square().sum();
        optimiser.step(&mut model, &loss_of.backward());
        state.record(loss, &[("half", loss / 2.0)], 5);
        state.details.insert("told".into(), format!("{loss}"));
        state.end_epoch(Some(Evaluation { loss: validation, metrics: vec![("other".into(), f64::INFINITY)] }));
        schedule.observe(validation);
        assert_eq!(state.keep_best(&Monitor::loss(), &model).unwrap(), validation == 1.0);
    }
    state.record(1.0, &[("half", 0.5)], 3);
    save_checkpoint(&path, &model, &optimiser, &schedule, &state).unwrap();

    let (mut other, mut another, mut again) = (begin(), RmsProp::new(7.0), OnPlateau::new(0.5, 0));
    let mut resumed = TrainingState::new(&another);
    assert!(load_checkpoint(&path, &mut other, &mut another, &mut again, &mut resumed).unwrap());
    assert_eq!(bits(&other), bits(&model));
    assert_eq!((another.rate(), another.state(&other)), (optimiser.rate(), optimiser.state(&model)));
    assert_eq!(again.state(), schedule.state());
    assert_eq!((resumed.epoch, resumed.step, resumed.updates, resumed.base), (3, 1, 3, 0.01));
    assert_eq!(resumed.details, state.details);
    assert_eq!(resumed.history(), state.history());
    assert_eq!(resumed.progress(9, 2).metrics, [("half".to_string(), 0.5)]);
    let next = |state: &mut TrainingState| Tensor::<f32>::rand([3], state.generator("inputs", 0));
    assert_eq!(next(&mut resumed), next(&mut state));
    assert!(resumed.waited(1) && !resumed.waited(2));
    resumed.restore_best(&mut other);
    state.restore_best(&mut model);
    assert_eq!(bits(&other), bits(&model));
    assert!(load_parameters(&mut begin(), &path).unwrap()["told"] == "2");

    let mut wrong = TrainingState::new(&another).named("others");
    let before = bits(&other);
    let error = load_checkpoint(&path, &mut other, &mut another, &mut again, &mut wrong).unwrap_err().to_string();
    assert!(error.ends_with("the checkpoint is of another training: named \"pairs\" and not \"others\""), "{error}");
    let mut adam = Adam::new(0.1);
    let mut fresh = TrainingState::new(&adam);
    let error = load_checkpoint(&path, &mut other, &mut adam, &mut again, &mut fresh).unwrap_err().to_string();
    assert!(error.contains("optimiser state: "), "{error}");
    assert!(bits(&other) == before && fresh.epoch == 1);
    std::fs::remove_file(path).unwrap();
}
