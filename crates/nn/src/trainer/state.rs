//! Where a training is between two steps.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use wengert_tape::Float;

use super::best::{Best, Monitor};
use super::history::{Epoch, Evaluation, History, Means, Progress};
use crate::error::Error;
use crate::module::Parameters;
use crate::optimisers::Optimiser;
use crate::random::{Generator, generator};
use crate::saved::Details;
use crate::schedules::Schedule;

/// What a training knows between two steps, beside the model and what the optimiser and the schedule remember: the counters,
/// the random generators, the epochs so far, the best model. A [`Trainer`](crate::Trainer) has one inside; a loop of one's own
/// holds it, and [`save_checkpoint`](crate::save_checkpoint) and [`load_checkpoint`](crate::load_checkpoint) keep it in the
/// same file.
///
/// # Examples
/// A loop of one's own with a schedule, a progress bar and early stopping, which goes on where it was interrupted:
/// ```
/// use wengert_nn::prelude::*;
/// # let path = std::env::temp_dir().join("wengert-doc-training-state.safetensors");
/// # let _ = std::fs::remove_file(&path);
/// let parts = moons::<f32>(100, 0.2, &mut generator(1)).parts(&[0.8, 0.2], &mut generator(2))?;
/// let mut model = Mlp::<f32>::new(&[2, 8, 2], Activation::Tanh, &mut generator(3)).output(Activation::Identity);
/// let (mut optimiser, mut schedule) = (Adam::new(0.02), Cosine::new(50, 0.001));
/// let mut state = TrainingState::new(&optimiser);
/// let bar = ProgressBar::new();
///
/// load_checkpoint(&path, &mut model, &mut optimiser, &mut schedule, &mut state)?;
/// while state.epoch <= 10 && !state.waited(3) {
///     for (x, y) in parts[0].batches(16).in_epoch(7, state.epoch).skip(state.step) {
///         state.set_rate(&schedule, &mut optimiser);
///         let tape = Tape::of::<f32>();
///         let mut training = Training::new(tape.input(Tensor::from([7, state.updates as i64])));
///         let outputs = model.forward_training(&tape.input(x), &mut training);
///         let measured = [("accuracy", accuracy(&outputs.value(), &y))];
///         let (loss, samples) = (cross_entropy(outputs, &y), y.len());
///         optimiser.step(&mut model, &loss.backward());
///         training.apply(&mut model);
///         state.record(loss.item().into(), &measured, samples);
///         bar.step(&state.progress(10, 5));
///     }
///     let outputs = model.forward(parts[1].inputs());
///     let loss = cross_entropy(outputs, parts[1].targets().clone()).item().into();
///     state.end_epoch(Some(Evaluation { loss, metrics: Vec::new() }));
///     state.keep_best(&Monitor::loss(), &model)?;
///     bar.epoch(&state.progress(10, 5));
///     save_checkpoint(&path, &model, &optimiser, &schedule, &state)?;
/// }
/// state.restore_best(&mut model);
/// assert!(state.history().epochs.len() <= 10 && state.history().best_epoch().is_some());
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Debug)]
pub struct TrainingState<F: Float = f32> {
    /// The epoch that is going on, from 1.
    pub epoch: usize,
    /// How many of its mini-batches are done.
    pub step: usize,
    /// The number of steps of the optimiser so far.
    pub updates: u64,
    /// The learning rate that the training began with, which a schedule starts from.
    pub base: f64,
    /// What the program keeps beside: texts by name.
    pub details: Details,
    /// The states of random generators, by name.
    pub(super) generators: BTreeMap<String, Generator>,
    /// Over the epoch so far, and the names of what else than the loss is measured.
    pub(super) means: Means,
    pub(super) names: Vec<String>,
    /// The means as numbers.
    pub(super) loss: f64,
    pub(super) metrics: Vec<(String, f64)>,
    /// The learning rate of the last step.
    pub(super) rate: f64,
    pub(super) epochs: Vec<Epoch>,
    pub(super) best: Option<Best<F>>,
    /// The seconds of this epoch, and of all, up to the last look at the clock.
    pub(super) epoch_seconds: f64,
    pub(super) seconds: f64,
    pub(super) looked: Instant,
    /// What must be the same for a training to go on with the same bits.
    pub(super) of: Map<String, Value>,
    /// Whether samples are looked at together, so that a batch is not cut, if a trainer has found out.
    pub(super) whole: Option<bool>,
    /// Whether the checkpoint's file is of this training.
    pub(super) kept: bool,
}

impl<F: Float> TrainingState<F> {
    /// The beginning of a training with this optimiser.
    pub fn new(optimiser: &dyn Optimiser<F>) -> Self {
        let base = optimiser.rate();
        TrainingState {
            epoch: 1,
            step: 0,
            updates: 0,
            base,
            details: Details::new(),
            generators: BTreeMap::new(),
            means: Means::default(),
            names: Vec::new(),
            loss: f64::NAN,
            metrics: Vec::new(),
            rate: base,
            epochs: Vec::new(),
            best: None,
            epoch_seconds: 0.0,
            seconds: 0.0,
            looked: Instant::now(),
            of: Map::new(),
            whole: None,
            kept: false,
        }
    }

    /// The same state of a training with this name: a checkpoint of another name is refused.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.of.insert("named".into(), Value::String(name.into()));
        self
    }

    /// The random generator of this name, whose state a checkpoint keeps; it begins with `seed`.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let mut state = TrainingState::<f32>::new(&Sgd::new(0.1));
    /// let noise = Tensor::<f32>::randn([3], state.generator("noise", 5));
    /// assert_eq!(noise, Tensor::randn([3], &mut generator(5)));
    /// assert_ne!(noise, Tensor::randn([3], state.generator("noise", 5)), "it goes on where it was");
    /// ```
    pub fn generator(&mut self, name: &str, seed: u64) -> &mut Generator {
        self.generators.entry(name.into()).or_insert_with(|| generator(seed))
    }

    /// Gives an optimiser the rate of a schedule that counts steps of the optimiser.
    pub fn set_rate(&mut self, schedule: &dyn Schedule, optimiser: &mut dyn Optimiser<F>) {
        self.rate = schedule.rate(self.base, self.updates);
        optimiser.set_rate(self.rate);
    }

    /// A mini-batch is done, and a step of the optimiser: the mean loss and metrics over its samples.
    pub fn record(&mut self, loss: f64, metrics: &[(&str, f64)], samples: usize) {
        self.names = metrics.iter().map(|(name, _)| name.to_string()).collect();
        (self.step, self.updates) = (self.step + 1, self.updates + 1);
        self.note(loss, &metrics.iter().map(|(_, value)| *value).collect::<Vec<_>>(), samples);
    }

    /// What was measured on some samples, under the names that are known.
    pub(super) fn note(&mut self, loss: f64, metrics: &[f64], samples: usize) {
        self.means.add(loss, metrics, samples);
        (self.loss, self.metrics) = self.means.now(&self.names);
        self.tick();
    }

    /// Looks at the clock.
    fn tick(&mut self) {
        let passed = self.looked.elapsed().as_secs_f64();
        self.looked = Instant::now();
        self.seconds += passed;
        self.epoch_seconds += passed;
    }

    /// What has not been counted of the time up to now is nobody's: the training begins, or goes on, here.
    pub(super) fn begin(&mut self) {
        self.looked = Instant::now();
        (self.loss, self.metrics) = self.means.now(&self.names);
    }

    /// The epoch as it is now.
    pub(super) fn epoch_now(&self, validation: Option<Evaluation>, test: Option<Evaluation>) -> Epoch {
        Epoch {
            number: self.epoch,
            steps: self.step,
            loss: self.loss,
            metrics: self.metrics.clone(),
            validation,
            test,
            rate: self.rate,
            seconds: self.epoch_seconds,
        }
    }

    /// The epoch ends, and another begins. How the model does on samples to validate with is what
    /// [`keep_best`](Self::keep_best) goes by.
    pub fn end_epoch(&mut self, validation: Option<Evaluation>) {
        let epoch = self.epoch_now(validation, None);
        self.push(epoch);
    }

    pub(super) fn push(&mut self, epoch: Epoch) {
        self.tick();
        self.epochs.push(epoch);
        (self.epoch, self.step) = (self.epoch + 1, 0);
        (self.means, self.epoch_seconds) = (Means::default(), 0.0);
    }

    /// Keeps the parameters of `model` if the epoch that has just ended is the best so far; the answer is whether it is.
    ///
    /// # Errors
    /// If that epoch has no validation, or it has no such metric.
    pub fn keep_best(&mut self, monitor: &Monitor, model: &(impl Parameters<F> + ?Sized)) -> Result<bool, Error> {
        let last = self.epochs.last().and_then(|epoch| Some((epoch.number, epoch.validation.as_ref()?)));
        let Some((number, validation)) = last else {
            return Err(Error::shape("early stopping", "no epoch has ended with a validation"));
        };
        let score = monitor.score(validation)?;
        Ok(self.keep_if_best(number, score, monitor, model))
    }

    pub(super) fn keep_if_best(
        &mut self,
        epoch: usize,
        score: f64,
        monitor: &Monitor,
        model: &(impl Parameters<F> + ?Sized),
    ) -> bool {
        let better = self.best.as_ref().is_none_or(|best| best.is_beaten_by(score));
        if better {
            self.best = Some(Best::of(epoch, score, monitor, model));
        }
        better
    }

    /// Whether no better model came for so many epochs.
    pub fn waited(&self, patience: usize) -> bool {
        self.best.as_ref().is_some_and(|best| self.epochs.len() - best.epoch.min(self.epochs.len()) >= patience)
    }

    /// Gives a model the parameters of the best epoch, if [`keep_best`](Self::keep_best) kept any.
    pub fn restore_best(&self, model: &mut dyn Parameters<F>) {
        if let Some(best) = &self.best {
            best.restore(model);
        }
    }

    /// How the training went so far: what a [`Log`](crate::Log) is told at the end of an epoch.
    pub fn history(&self) -> History {
        let best = self.best.as_ref().map(|best| best.epoch);
        History { epochs: self.epochs.clone(), seconds: self.seconds, stopped: false, best }
    }

    /// How far the training is, of so many epochs of so many mini-batches each: what a [`ProgressBar`](crate::ProgressBar)
    /// draws. Between two epochs it is the one that has ended.
    pub fn progress(&self, epochs: usize, steps: usize) -> Progress<'_> {
        let elapsed = Duration::try_from_secs_f64(self.seconds).unwrap_or(Duration::MAX);
        let done = ((self.epoch - 1) * steps + self.step) as f64 / (epochs as f64 * steps as f64);
        let now = Progress {
            epoch: self.epoch,
            epochs,
            step: self.step,
            steps,
            loss: self.loss,
            metrics: &self.metrics,
            validation: None,
            rate: self.rate,
            done,
            elapsed,
        };
        match self.epochs.last().filter(|_| self.step == 0) {
            None => now,
            Some(Epoch { number, loss, metrics, validation, .. }) => {
                let (epoch, step, validation) = (*number, steps, validation.as_ref());
                Progress { epoch, step, loss: *loss, metrics, validation, ..now }
            }
        }
    }
}
