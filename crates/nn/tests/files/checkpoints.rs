//! Training that is interrupted, and goes on as if it had not been.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wengert_nn::prelude::*;
use wengert_nn::{Error, History};

use crate::killed;

const EPOCHS: usize = 10;
const SAMPLES: usize = 83;

fn data() -> Dataset<f32> {
    moons(SAMPLES, 0.2, &mut generator(3))
}

/// With dropout, so that random numbers are drawn in each step.
fn model() -> Sequential<f32> {
    let rng = &mut generator(4);
    Sequential::new()
        .then(Linear::new(2, 12, rng))
        .then(Activation::Tanh)
        .then(Dropout::new(0.2))
        .then(Linear::new(12, 2, rng))
}

fn bits(model: &impl Parameters<f32>) -> Vec<u32> {
    model.parameters().iter().flat_map(|(_, p)| p.value().to_vec()).map(f32::to_bits).collect()
}

/// What of a history does not depend on the clock.
fn timeless(history: &History) -> String {
    let mut history = history.clone();
    history.seconds = 0.0;
    history.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    format!("{history:?}")
}

fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("wengert-checkpoint-{name}-{}.safetensors", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn optimisers() -> Vec<(&'static str, Box<dyn Optimiser<f32>>)> {
    let biases = |name: &str| name.ends_with("bias");
    vec![
        ("sgd", Box::new(Sgd::new(0.1))),
        ("momentum", Box::new(Sgd::new(0.1).momentum(0.9).nesterov())),
        ("adam", Box::new(Adam::new(0.02))),
        ("adam_w", Box::new(AdamW::new(0.02))),
        ("rms_prop", Box::new(RmsProp::new(0.01).momentum(0.5).centred())),
        ("adagrad", Box::new(Adagrad::new(0.1))),
        ("adadelta", Box::new(Adadelta::new(1.0))),
        ("lion", Box::new(Lion::new(0.002))),
        ("averaged", Box::new(Averaged::new(Adam::new(0.02), WeightAverage::new()))),
        ("groups", Box::new(Groups::new(Adam::new(0.02)).group(biases, Sgd::new(0.1).momentum(0.5)))),
    ]
}

/// A trainer with all that has a state: a schedule that watches the loss, early stopping, changes of the inputs.
fn trainer(validation: &Dataset<f32>) -> Trainer<'_, f32, i64> {
    Trainer::new(cross_entropy)
        .epochs(EPOCHS)
        .batch(10)
        .shard(4)
        .seed(5)
        .accumulate(2)
        .clip_norm(1.0)
        .metric("accuracy", accuracy)
        .validate(validation)
        .keep_best(Monitor::loss())
        .schedule_epochs(OnPlateau::new(0.5, 0))
        .change(|x, rng| x.clone() + Tensor::randn(x.shape(), rng) * 0.05)
}

#[test]
fn four_and_six_epochs_are_ten() {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let mut earlier = 0;
    for ((name, mut straight), ((_, mut first), (_, mut second))) in
        optimisers().into_iter().zip(optimisers().into_iter().zip(optimisers()))
    {
        let mut expected = model();
        let history = trainer(&validation).train(&mut expected, &mut *straight, &data).unwrap();

        let path = file("four-and-six");
        let mut begun = model();
        trainer(&validation).epochs(4).checkpoint(&path).train(&mut begun, &mut *first, &data).unwrap();
        // Another model and another optimiser: everything comes from the file. Threads do not matter.
        let mut resumed = model();
        resumed.parameters_mut().into_iter().for_each(|(_, p)| *p.value_mut() = Tensor::zeros(p.value().shape()));
        let mut again = trainer(&validation).threads(3).checkpoint(&path).resume(true);
        let went = again.train(&mut resumed, &mut *second, &data).unwrap();
        assert_eq!(bits(&resumed), bits(&expected), "{name}");
        assert_eq!(timeless(&went), timeless(&history), "{name}");
        assert_eq!(went.epochs.len(), EPOCHS);

        // The file is a model as well: that of the best epoch, which is the result too.
        let loaded = load::<f32>(&path).unwrap().model;
        assert_eq!(bits(&loaded), bits(&expected), "{name}");
        earlier += usize::from(history.best.is_some_and(|best| best < EPOCHS));
        std::fs::remove_file(path).unwrap();
    }
    assert!(earlier > 0, "somebody's best epoch is not the last");
}

/// Every schedule, by steps and by epochs, over every kind of composed optimiser: interrupted, a training goes on with the
/// same bits.
#[test]
fn schedules_and_groups_go_on() {
    type Scheduled = (&'static str, fn(Trainer<'_, f32, i64>) -> Trainer<'_, f32, i64>);
    let schedules: Vec<Scheduled> = vec![
        ("steps", |t| t.schedule_steps(Steps::new(7, 0.5))),
        ("exponential", |t| t.schedule_epochs(Exponential::new(0.5))),
        ("cosine to 0", |t| t.schedule_steps(Cosine::new(12, 0.0))),
        ("warm up from 0", |t| t.schedule_steps(WarmUp::new(10, 0.0, Exponential::new(0.9)))),
        ("one cycle", |t| t.schedule_steps(OneCycle::new(36))),
        ("on plateau", |t| t.schedule_epochs(WarmUp::new(1, 0.5, OnPlateau::new(0.5, 0).threshold(0.5)))),
    ];
    let averaged = |rate: f64| Averaged::new(Adam::new(rate), WeightAverage::exponential(0.9));
    let biases = |name: &str| name.ends_with("bias");
    let optimisers: [(&str, &dyn Fn() -> Box<dyn Optimiser<f32>>); 3] = [
        ("groups", &|| Box::new(Groups::new(RmsProp::new(0.01).centred()).group(biases, Sgd::new(0.1).momentum(0.5)))),
        ("an averaged group", &|| Box::new(Groups::new(Lion::new(0.001)).group(biases, averaged(0.02)))),
        ("averaged groups", &|| {
            let groups = Groups::new(averaged(0.02)).group(biases, averaged(0.1));
            Box::new(Averaged::new(groups, WeightAverage::new()))
        }),
    ];
    let (data, path) = (data(), file("pairs"));
    for (schedule_name, schedule) in schedules {
        for (name, optimiser) in optimisers {
            let trainer = || schedule(Trainer::new(cross_entropy).batch(10).accumulate(2).epochs(4));
            let mut expected = model();
            let history = trainer().train(&mut expected, &mut optimiser(), &data).unwrap();
            let _ = std::fs::remove_file(&path);
            for epochs in [1, 3, 4] {
                let (mut found, mut optimiser) = (model(), optimiser());
                let mut trainer = trainer().epochs(epochs).checkpoint(&path).resume(true);
                let went = trainer.train(&mut found, &mut *optimiser, &data).unwrap();
                if epochs == 4 {
                    assert_eq!(bits(&found), bits(&expected), "{schedule_name}, {name}");
                    assert_eq!(timeless(&went), timeless(&history), "{schedule_name}, {name}");
                }
            }
        }
    }
    std::fs::remove_file(path).unwrap();
}

/// The average of the weights too goes on where it was.
#[test]
fn an_average_is_of_all_steps() {
    let (data, path) = (data(), file("averaged"));
    let begin = || Averaged::new(Adam::new(0.02), WeightAverage::exponential(0.9));
    let averaged = |parts: &[usize]| {
        let _ = std::fs::remove_file(&path);
        let mut last = model();
        for epochs in parts {
            let (mut model, mut optimiser) = (model(), begin());
            let mut trainer = Trainer::new(cross_entropy).epochs(*epochs).checkpoint(&path).resume(true);
            trainer.train(&mut model, &mut optimiser, &data).unwrap();
            let end = bits(&model);
            optimiser.average().write(&mut model);
            assert_ne!(bits(&model), end);
            last = model;
        }
        bits(&last)
    };
    assert_eq!(averaged(&[4, 10]), averaged(&[10]));
    let error =
        Trainer::new(cross_entropy).checkpoint(&path).resume(true).train(&mut model(), &mut Adam::new(0.02), &data);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("optimiser state: the model has no place for average of 0.bias"), "{message}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_stop_in_the_middle_of_an_epoch_changes_nothing() {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let mut expected = model();
    let history = trainer(&validation).train(&mut expected, &mut Adam::new(0.02), &data).unwrap();
    let path = file("stopped");
    for at in [1, 4, 9, 10, 32, 60, 89] {
        let _ = std::fs::remove_file(&path);
        let (stop, mut begun) = (Arc::new(AtomicBool::new(false)), model());
        let mut stopped = trainer(&validation)
            .checkpoint(&path)
            .stop(stop.clone())
            .on_step(|p| stop.store((p.epoch - 1) * p.steps + p.step >= at, Ordering::Relaxed));
        let went = stopped.train(&mut begun, &mut Adam::new(0.02), &data).unwrap();
        assert!(went.stopped && went.epochs.len() <= at.div_ceil(9) + 1);
        let mut resumed = model();
        let mut again = trainer(&validation).checkpoint(&path).resume(true);
        let went = again.train(&mut resumed, &mut Adam::new(0.02), &data).unwrap();
        assert_eq!(bits(&resumed), bits(&expected), "stopped after batch {at}");
        assert_eq!(timeless(&went), timeless(&history), "stopped after batch {at}");
    }
    std::fs::remove_file(path).unwrap();
}

/// Where a child of this test trains; a test of its own process otherwise has nothing to do here.
const CHILD: &str = "WENGERT_TEST_CHECKPOINT";

fn train_in_child(path: &Path) -> (Vec<u32>, String) {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let mut trained = model();
    let mut trainer = trainer(&validation).checkpoint_steps(path, 2).resume(true);
    let history = trainer.train(&mut trained, &mut Adam::new(0.02), &data).unwrap();
    (bits(&trained), timeless(&history))
}

#[test]
fn child() {
    if let Some(path) = std::env::var_os(CHILD) {
        train_in_child(Path::new(&path));
    }
}

/// The process is killed again and again, wherever it is: in a step, while it writes, between the two.
#[test]
fn a_training_that_is_killed_at_any_moment_ends_as_if_nothing_had_been() {
    let expected = {
        let path = file("whole");
        let result = train_in_child(&path);
        std::fs::remove_file(path).unwrap();
        result
    };
    let path = file("killed");
    let folder = path.parent().unwrap();
    let kills = killed::again_and_again("checkpoints::child", CHILD, &path, || {
        // What is there is whole.
        if path.exists() {
            load::<f32>(&path).unwrap();
        }
    });
    let found = train_in_child(&path);
    assert_eq!(found, expected, "after {kills} kills");
    std::fs::remove_file(&path).unwrap();
    // A kill may leave a temporary file; who writes there next sweeps it.
    let name = format!(".{}.", path.file_name().unwrap().to_string_lossy());
    let left = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|entry| entry.to_string_lossy().starts_with(&name)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn early_stopping_ends_with_the_best_model() {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let mut best = model();
    let mut stopping = trainer(&validation).epochs(500).early_stopping(Monitor::most("accuracy"), 3);
    let history = stopping.train(&mut best, &mut Adam::new(0.05), &data).unwrap();
    let scores: Vec<f64> = history.epochs.iter().map(|e| e.validation.as_ref().unwrap().metrics[0].1).collect();
    let most = scores.iter().copied().fold(0.0, f64::max);
    let first = scores.iter().position(|score| *score == most).unwrap() + 1;
    assert_eq!((history.best, history.epochs.len()), (Some(first), first + 3), "{scores:?}");
    let evaluation = stopping.evaluate(&best, &validation).unwrap();
    assert_eq!(Some(&evaluation), history.best_epoch().unwrap().validation.as_ref());
}

#[test]
fn what_is_no_checkpoint_of_this_training_is_refused() {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let path = file("refused");
    let message = |trainer: Trainer<'_, f32, i64>, model: &mut Sequential<f32>, optimiser: &mut dyn Optimiser<f32>| {
        let before = bits(model);
        let error = trainer.checkpoint(&path).resume(true).train(model, optimiser, &data).unwrap_err();
        assert_eq!(bits(model), before);
        error.to_string().strip_prefix(&format!("{}: ", path.display())).unwrap().to_string()
    };
    save(&model(), &Details::new(), &path).unwrap();
    let found = message(trainer(&validation), &mut model(), &mut Adam::new(0.1));
    assert_eq!(found, "not a checkpoint: it holds a model and no training");

    trainer(&validation).epochs(1).checkpoint(&path).train(&mut model(), &mut Adam::new(0.1), &data).unwrap();
    let found = message(trainer(&validation).seed(6), &mut model(), &mut Adam::new(0.1));
    assert_eq!(found, "the checkpoint is of another training: seed 5 and not 6");
    let found = message(trainer(&validation).named("another"), &mut model(), &mut Adam::new(0.1));
    assert_eq!(found, "the checkpoint is of another training: named null and not \"another\"");
    let (other, validate) = (moons(data.len(), 0.3, &mut generator(9)), &validation);
    let error = trainer(validate).checkpoint(&path).resume(true).train(&mut model(), &mut Adam::new(0.1), &other);
    assert!(error.unwrap_err().to_string().contains("the checkpoint is of another training: inputs "));
    let flipped = data.targets().data().iter().map(|class| 1 - class).collect();
    let other = Dataset::new(data.inputs().clone(), Tensor::new([data.len()], flipped)).unwrap();
    let error = trainer(validate).checkpoint(&path).resume(true).train(&mut model(), &mut Adam::new(0.1), &other);
    assert!(error.unwrap_err().to_string().contains("the checkpoint is of another training: targets "));
    let found = message(trainer(&validation).metric("second", accuracy), &mut model(), &mut Adam::new(0.1));
    assert!(found.starts_with("the checkpoint is of another training: metrics [\"accuracy\"] and not "), "{found}");
    let found = message(trainer(&validation).keep_best(Monitor::most("accuracy")), &mut model(), &mut Adam::new(0.1));
    let expected = "the checkpoint is of another training: the best epoch by \"least loss\" and not most accuracy";
    assert_eq!(found, expected);
    // The same parameters, another function.
    let rng = &mut generator(4);
    let mut relu = Sequential::new().then(Linear::new(2, 12, rng)).then(Activation::Relu).then(Dropout::new(0.2));
    relu.push(Linear::new(12, 2, rng));
    let found = message(trainer(&validation), &mut relu, &mut Adam::new(0.1));
    assert!(found.starts_with("the checkpoint is of other layers: ") && found.contains("relu"), "{found}");
    let found = message(trainer(&validation), &mut model(), &mut Sgd::new(0.1));
    assert!(found.starts_with("optimiser state: the model has no place for exp_avg of 0.bias, "), "{found}");
    let mut other = Sequential::new().then(Linear::new(2, 2, &mut generator(1)));
    let found = message(trainer(&validation), &mut other, &mut Adam::new(0.1));
    assert_eq!(found, "`0.weight` has shape [12, 2] in the file, [2, 2] in the model");

    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let found = message(trainer(&validation), &mut model(), &mut Adam::new(0.1));
    assert!(found.starts_with("not a whole safetensors file"), "{found}");
    std::fs::remove_file(&path).unwrap();
}

/// What went wrong, where, and from where one can go on.
#[test]
fn a_loss_that_is_not_finite_names_the_last_checkpoint() {
    let path = file("diverged");
    let data = data();
    let step = std::cell::Cell::new(0);
    let poison = Arc::new(AtomicBool::new(false));
    let read = poison.clone();
    let loss = move |y: Var<f32>, t: Var<f32, i64>| {
        let loss = cross_entropy(y, t);
        if read.load(Ordering::Relaxed) { loss - (y - y).sum().ln() } else { loss }
    };
    let mut trainer = Trainer::new(loss).batch(10).checkpoint(&path).on_step(|_| {
        step.set(step.get() + 1);
        poison.store(step.get() == 12, Ordering::Relaxed);
    });
    let error = trainer.train(&mut model(), &mut Adam::new(0.01), &data).unwrap_err();
    let Error::NotFinite { epoch: 2, step: 4, checkpoint: Some(at), .. } = &error else { panic!("{error}") };
    assert_eq!(*at, path);
    let message = error.to_string();
    let expected = "training stopped in epoch 2, step 4: the loss is inf; the first number that is not finite: ln (";
    assert!(message.starts_with(expected), "{message}");
    let end = format!("and the last good checkpoint is {}", path.display());
    assert!(message.ends_with(&end), "{message}");
    // It is good.
    let loaded = load::<f32>(&path).unwrap().model;
    assert!(loaded.forward(data.inputs()).data().iter().all(|x| x.is_finite()));
    std::fs::remove_file(path).unwrap();
}

/// A checkpoint that is due between two steps of the optimiser is written after the next.
#[test]
fn checkpoints_inside_an_epoch_wait_for_the_step() {
    let (data, path) = (data(), file("due"));
    for (every, accumulate) in [(2, 3), (1, 4), (5, 2), (3, 3)] {
        let _ = std::fs::remove_file(&path);
        let written = std::cell::RefCell::new(Vec::new());
        let mut trainer = Trainer::new(cross_entropy).epochs(1).batch(4).accumulate(accumulate);
        trainer = trainer.checkpoint_steps(&path, every).on_step(|p| {
            if path.exists() {
                written.borrow_mut().push(p.step);
                std::fs::remove_file(&path).unwrap();
            }
        });
        trainer.train(&mut model(), &mut Adam::new(0.01), &data).unwrap();
        drop(trainer);
        // 21 batches; what is written after a batch is seen after the next.
        let due = (1..21).filter(|step| step % every == 0);
        let mut expected: Vec<usize> = due.map(|step| step.div_ceil(accumulate) * accumulate + 1).collect();
        expected.retain(|step| *step <= 21);
        expected.dedup();
        assert_eq!(*written.borrow(), expected, "every {every}, {accumulate} together");
    }
    std::fs::remove_file(&path).unwrap();
}

/// A log holds each epoch once, also after a training that went on.
#[test]
fn logs_of_epochs() {
    let (data, validation) = (data(), moons(40, 0.2, &mut generator(8)));
    let folder = std::env::temp_dir().join(format!("wengert-logs-{}", std::process::id()));
    let (path, csv) = (file("logged"), folder.join("log.csv"));
    for epochs in [2, 5] {
        let mut logged = trainer(&validation)
            .test(&validation)
            .epochs(epochs)
            .checkpoint(&path)
            .resume(true)
            .log(TensorBoardLog::new(&folder).unwrap())
            .log(CsvLog::new(&csv));
        let history = logged.train(&mut model(), &mut Adam::new(0.02), &data).unwrap();
        let text = std::fs::read_to_string(&csv).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "epoch,rate,loss,accuracy,validation loss,validation accuracy,test loss,test accuracy,seconds"
        );
        assert_eq!(lines.len(), epochs + 1);
        for (line, epoch) in lines[1..].iter().zip(&history.epochs) {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(
                (cells[0], cells[2], cells[4]),
                (epoch.number as f64, epoch.loss, epoch.validation.as_ref().unwrap().loss)
            );
        }
    }
    let mut steps = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for events in files.iter().filter(|path| path.to_string_lossy().contains("tfevents")) {
        let (mut bytes, mut first) = (&std::fs::read(events).unwrap()[..], true);
        while !bytes.is_empty() {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let event = &bytes[12..12 + length];
            // Field 1 is a time of 8 bytes, field 2 the step, field 3 the version, field 5 the numbers.
            assert_eq!((event[0], event[9]), (1 << 3 | 1, 2 << 3));
            match first {
                true => assert_eq!(&event[13..], b"brain.Event:2"),
                false => {
                    steps.push(event[10]);
                    let text = String::from_utf8_lossy(event);
                    assert!(["loss", "accuracy", "validation loss", "rate"].iter().all(|name| text.contains(name)));
                }
            }
            first = false;
            bytes = &bytes[length + 16..];
        }
    }
    // The second file holds what was before too: the whole history of the checkpoint.
    assert_eq!(steps, [1, 2, 1, 2, 3, 4, 5]);
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::remove_file(path).unwrap();
}
