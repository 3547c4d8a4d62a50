//! Samples, and a network that learns from them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::seq::SliceRandom;
use wengert::Stored;
use wengert::nn::{CsvLog, Details, History, load, save};
use wengert::prelude::*;

use super::explore::explore;
use super::follow::Follow;
use super::options::{Defaults, Options, Settings};
use super::outcome::{Outcome, Score};
use super::page::{Head, Live, course, ended, preformatted};
use super::report::{Folds, Report};
use super::seen::{Seen, first_weights, image_of};
use super::why::{Why, why};
use super::{Error, destination, thousands};
use crate::{interrupt, output};

/// The stream of a seed that the first weights are drawn from.
const WEIGHTS: u64 = 2;
/// The stream of a seed that says which samples are in which part of a cross-validation.
const PARTS: u64 = 3;
/// What a saved model says of its outputs where a softmax is to follow.
pub(crate) const SUMS: &str = "sums";
/// What a saved model says of the numbers that it is fed with before they are scaled: the least, for paper, and the most, for ink.
pub(crate) const RANGE: &str = "range";
/// Samples that the network sees at once when it is asked.
const AT_ONCE: usize = 256;

/// Samples, and what it takes to learn from them.
pub(super) struct Job<T: Stored<f32>> {
    pub(super) task: &'static str,
    /// The file that the samples come from, if they come from one.
    pub(super) source: Option<PathBuf>,
    /// What the model's file is called if nobody says.
    pub(super) stem: String,
    /// What there is to say before anything else, in lines.
    pub(super) about: Vec<String>,
    /// What is kept beside the model, apart from what every task keeps.
    pub(super) details: Details,
    pub(super) train: Dataset<f32, T>,
    /// What the network is asked at the end. Nothing else looks at it.
    pub(super) test: Dataset<f32, T>,
    /// Whether `test` holds other samples than `train`.
    pub(super) held_out: bool,
    /// The names of the classes, if there are any.
    pub(super) names: Vec<String>,
    /// A group for each training sample, so that the parts of a cross-validation have the same share of each.
    pub(super) groups: Option<Vec<usize>>,
    /// How many numbers the network gives for a sample.
    pub(super) outputs: usize,
    /// The first layers, which prepare inputs, fitted to those that are learned from.
    pub(super) prepare: Box<dyn Fn(&Dataset<f32, T>) -> Sequential<f32> + Send + Sync>,
    /// What follows the last layer.
    pub(super) last: Activation,
    /// What brings the outputs to the unit of the targets.
    pub(super) finish: fn(&Dataset<f32, T>) -> Option<Standardise<f32>>,
    pub(super) loss: Box<dyn Fn(Var<f32>, Var<f32, T>) -> Var<f32> + Send + Sync>,
    pub(super) score: Score<T>,
    /// Whether outputs are better than one answer for all samples, whatever they are.
    pub(super) is_learned: fn(&Tensor<f32>, &Dataset<f32, T>) -> bool,
    /// The class of each sample; none where targets are no classes.
    pub(super) classes: fn(&Dataset<f32, T>) -> Vec<usize>,
    /// What came out, sample by sample or class by class.
    pub(super) table: fn(&Tensor<f32>, &Dataset<f32, T>) -> Result<Outcome, wengert::nn::Error>,
}

impl<T: Stored<f32>> Job<T> {
    /// Does what the options ask for.
    pub(super) fn run(&self, defaults: &Defaults, options: &Options) -> Result<ExitCode, Error> {
        let settings = Settings::new(options, defaults);
        match options.folds {
            Some(folds) => self.cross_validate(folds, &settings, options).map(|()| ExitCode::SUCCESS),
            None => self.train_and_save(&settings, options),
        }
    }

    fn train_and_save(&self, settings: &Settings, options: &Options) -> Result<ExitCode, Error> {
        let read: Vec<(&str, &Path)> = self.source.iter().map(|path| ("FILE", path.as_path())).collect();
        let path = destination(options, &self.stem, &read)?;
        let checkpoint = options.checkpoint().map_err(Error::Arguments)?;
        let mut model = self.network(&self.train, settings)?;
        self.announce(&model, settings, &format!("{} held out to test with", thousands(self.test.len())));
        let image = image_of(&self.train.input_shape());
        let before = first_weights(&model, image);
        let head = self.head(&model, settings);
        let live = options.report.clone().filter(|_| options.live);
        let live = live.map(|path| Live::new(head.clone(), path, self.score.name));
        let last = live.as_ref().map(|live| Rc::clone(&live.last));
        let history = self.fit(&mut model, &self.train, settings, interrupt::flag()?, |trainer| {
            let trainer = match checkpoint {
                Some(path) => trainer.checkpoint(path).resume(options.resume).named(self.name(settings)),
                None => trainer,
            };
            let trainer = match live {
                Some(live) => trainer.log(live),
                None => trainer,
            };
            match &options.log {
                Some(path) => trainer.log(CsvLog::new(path)),
                None => trainer,
            }
        });
        if let (Err(error), Some(path), Some(last)) = (&history, &options.report, &last) {
            ended(&head, path, last, self.score.name, error)?;
        }
        let history = history?;
        let details = self.details(settings);
        save(&model, &details, &path)?;
        let outputs = outputs(&model, &self.test);
        let read_back = same_bits(&outputs, &self::outputs(&load::<f32>(&path)?.model, &self.test), &path)?;
        if let Some(page) = &options.explore {
            explore(&model, |outputs, targets| (self.loss)(outputs, targets), &self.test, page)?;
        }
        let learned = (self.is_learned)(&self::outputs(&model, &self.train), &self.train);
        let Why { reasons, broke } =
            if learned { Why::default() } else { why(&model, &self.loss, &self.train, &history) };
        if !learned {
            output::say(&format!(
                "{}: nothing was learned: on the samples that it learned from, the network is no better than one answer for all; \
                 another --rate than {:?} may help, or more --epochs than {}",
                self.task, settings.rate, settings.epochs
            ));
            reasons.iter().for_each(|reason| output::say(&format!("{}: why it may be: {reason}", self.task)));
        }
        let report = Report {
            task: self.task,
            learned,
            why: reasons,
            settings,
            history: &history,
            held_out: self.held_out,
            samples: [self.train.len(), self.test.len()],
            parameters: model.parameter_count(),
            score: self.score.name,
            test_score: (self.score.of)(&outputs, self.test.targets()),
            table: (self.table)(&outputs, &self.test)?,
            model: read_back,
        };
        if let Some(path) = &options.report {
            let seen = Seen {
                model: &model,
                loss: &self.loss,
                train: &self.train,
                test: &self.test,
                classes: (self.classes)(&self.test),
                names: &self.names,
                image,
                before,
                activation: Some(settings.activation.to_string()),
            };
            let result = [("Result", preformatted(&report.text())), course(&history, self.score.name)];
            head.write(path, &result.into_iter().chain(seen.sections()).collect::<Vec<_>>(), false)?;
        }
        output::print(&if options.json { report.json() } else { report.text() })?;
        Ok(ExitCode::from(u8::from(broke)))
    }

    fn cross_validate(&self, folds: usize, settings: &Settings, options: &Options) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::Arguments(format!("--folds {folds}: {why}")));
        let written = [
            ("--save", &options.save),
            ("--checkpoint", &options.checkpoint),
            ("--log", &options.log),
            ("--explore", &options.explore),
            ("--report", &options.report),
        ];
        if let Some((option, _)) = written.into_iter().find(|(_, path)| path.is_some()) {
            return refuse(format!("nothing is written then; leave {option} out"));
        }
        let Some(groups) = &self.groups else {
            return refuse(format!("{} has no samples to spare; leave the option out", self.task));
        };
        if folds > self.train.len() {
            return refuse(format!("there are {} training samples; give at most as many parts", self.train.len()));
        }
        let parts = parts(groups, folds, settings.seed);
        let (stop, mut scores) = (interrupt::flag()?, Vec::new());
        for fold in 0..folds {
            let rows = |inside: bool| -> Vec<usize> {
                (0..parts.len()).filter(|row| (parts[*row] == fold) == inside).collect()
            };
            let (train, validation) = (self.train.rows(&rows(false)), self.train.rows(&rows(true)));
            let mut model = self.network(&train, settings)?;
            if fold == 0 {
                self.announce(&model, settings, &format!("in {folds} parts, each left out once"));
            }
            let history = self.fit(&mut model, &train, settings, stop.clone(), |trainer| trainer)?;
            if history.stopped {
                break;
            }
            scores.push((self.score.of)(&outputs(&model, &validation), validation.targets()));
        }
        let score = self.score.name;
        let report = Folds { task: self.task, settings, score, scores, stopped: stop.load(Ordering::Relaxed) };
        output::print(&if options.json { report.json() } else { report.text() })?;
        Ok(())
    }

    /// An untrained network whose first and last layers were fitted to `train`.
    fn network(&self, train: &Dataset<f32, T>, settings: &Settings) -> Result<Sequential<f32>, Error> {
        let first = (self.prepare)(train);
        let (layers, rng) = (&settings.layers, &mut stream(settings.seed, WEIGHTS));
        let mut model = layers
            .network(&train.input_shape(), self.outputs, settings.activation, first, self.last, rng)
            .map_err(Error::Arguments)?;
        if let Some(finish) = (self.finish)(train) {
            model.push(finish);
        }
        Ok(model)
    }

    /// What the page of a training begins with.
    fn head(&self, model: &Sequential<f32>, settings: &Settings) -> Head {
        let Settings { layers, activation, batch, rate, decay, optimiser, seed, threads, .. } = settings;
        let decay = decay.map_or(String::new(), |decay| format!(", decay {decay:?}"));
        let network = layers.describe(&self.train.input_shape(), self.outputs);
        Head::new(
            self.task,
            vec![
                ("seed", seed.to_string()),
                (
                    "samples",
                    format!(
                        "{} to learn from, {} to test with",
                        thousands(self.train.len()),
                        thousands(self.test.len())
                    ),
                ),
                ("network", format!("{network}, {activation}, {} parameters", thousands(model.parameter_count()))),
                ("steps", format!("{optimiser}, rate {rate:?}{decay}, batches of {batch}, {threads} threads")),
            ],
        )
    }

    fn announce(&self, model: &Sequential<f32>, settings: &Settings, rest: &str) {
        let Settings { layers, activation, batch, rate, decay, optimiser, seed, threads, .. } = settings;
        let decay = decay.map_or(String::new(), |decay| format!(", decay {decay:?}"));
        let samples = thousands(self.train.len());
        let rest = if self.held_out { format!(", {rest}") } else { String::new() };
        self.about.iter().for_each(|line| output::say(line));
        output::say(&format!("{}: {samples} samples to learn from{rest}", self.task));
        output::say(&format!(
            "network {}, {activation}, {} parameters; {optimiser}, rate {rate:?}{decay}, batches of {batch}; seed {seed}, {threads} \
             thread{}",
            layers.describe(&self.train.input_shape(), self.outputs),
            thousands(model.parameter_count()),
            if *threads == 1 { "" } else { "s" },
        ));
    }

    fn fit(
        &self,
        model: &mut Sequential<f32>,
        train: &Dataset<f32, T>,
        settings: &Settings,
        stop: Arc<AtomicBool>,
        more: impl FnOnce(Trainer<'_, f32, T>) -> Trainer<'_, f32, T>,
    ) -> Result<History, Error> {
        let Settings { epochs, batch, seed, threads, rate, decay, optimiser, .. } = *settings;
        let follow = Follow::new();
        let trainer = Trainer::new(|outputs, targets| (self.loss)(outputs, targets))
            .epochs(epochs)
            .batch(batch)
            .seed(seed)
            .threads(threads)
            .metric(self.score.name, self.score.of)
            .stop(stop)
            .on_step(|progress| follow.step(progress))
            .on_epoch(|progress| follow.epoch(progress));
        let history = more(trainer).train(model, &mut *optimiser.with(rate, decay), train);
        follow.end();
        history.map_err(|error| match error {
            error @ wengert::nn::Error::NotFinite { .. } => Error::Diverged { error, rate },
            other => other.into(),
        })
    }

    /// The training in words: all that was chosen but the number of epochs, after each of which it can go on.
    fn name(&self, settings: &Settings) -> String {
        let Settings { layers, activation, rate, decay, optimiser, .. } = settings;
        let decay = decay.map_or(String::new(), |decay| format!(", decay {decay:?}"));
        format!("{}: {layers}, {activation}, {optimiser}, rate {rate:?}{decay}", self.task)
    }

    /// What is kept beside the parameters.
    fn details(&self, settings: &Settings) -> Details {
        let input = self.train.input_shape().to_vec();
        let entries = [
            ("task", self.task.to_string()),
            ("seed", settings.seed.to_string()),
            ("input", serde_json::json!(input).to_string()),
            ("outputs", if self.last == Activation::Identity { SUMS } else { "activated" }.to_string()),
            ("classes", serde_json::json!(self.names).to_string()),
        ];
        let entries = entries.into_iter().map(|(name, value)| (name.to_string(), value));
        entries.chain(self.details.clone()).collect()
    }
}

/// What the network gives for every sample.
pub(crate) fn outputs<T: Stored<f32>>(model: &impl Module<f32>, data: &Dataset<f32, T>) -> Tensor<f32> {
    let numbers = data.batches(AT_ONCE).flat_map(|(x, _)| model.forward(&x).into_vec()).collect::<Vec<_>>();
    let row = numbers.len() / data.len();
    Tensor::new([data.len(), row], numbers)
}

/// The file, if what was read from it gives the same outputs to the bit.
pub(super) fn same_bits<'a>(kept: &Tensor<f32>, read: &Tensor<f32>, path: &'a Path) -> Result<&'a Path, Error> {
    let same = kept.data().iter().zip(read.data()).all(|(a, b)| a.to_bits() == b.to_bits());
    match same && kept.shape() == read.shape() {
        true => Ok(path),
        false => Err(Error::Arguments(format!("{}: the file gives other outputs than what was saved", path.display()))),
    }
}

/// The part of each sample: of every group as many in each part as can be.
fn parts(groups: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.shuffle(&mut stream(seed, PARTS));
    order.sort_by_key(|row| groups[*row]);
    let mut parts = vec![0; groups.len()];
    order.into_iter().enumerate().for_each(|(k, row)| parts[row] = k % folds);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_an_equal_share_of_every_group() {
        let groups: Vec<usize> = (0..100).map(|k| usize::from(k % 4 == 0)).collect();
        let parts = parts(&groups, 5, 1);
        for part in 0..5 {
            let of = |group| (0..100).filter(|row| parts[*row] == part && groups[*row] == group).count();
            assert_eq!((of(0), of(1)), (15, 5), "part {part}");
        }
        assert_ne!(parts, self::parts(&groups, 5, 2));
    }
}
