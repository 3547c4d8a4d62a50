//! The training loop.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wengert_tape::{Float, Shape, Stored, Tape, Tensor, Var};

use crate::data::Dataset;
use crate::error::Error;
use crate::module::Module;
use crate::optimisers::Optimiser;
use crate::random::stream;
use crate::shards::{Task, Workers};

/// Batches in which [`Trainer::evaluate`] looks at a data set.
const EVALUATED_AT_ONCE: usize = 256;
/// The generator of the order of samples in epoch `e` is stream `ORDER + e` of the seed: a resumed run draws the same.
const ORDER: u64 = 1 << 32;

pub(crate) type Loss<'a, F, T> = dyn Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a;
pub(crate) type Metric<'a, F, T> = dyn Fn(&Tensor<F>, &Tensor<T>) -> f64 + Send + Sync + 'a;
type Callback<'a> = Box<dyn FnMut(&Progress<'_>) + 'a>;

/// The numbers of a training.
#[derive(Clone, Copy, Debug)]
struct Settings {
    epochs: usize,
    batch: usize,
    shard: usize,
    threads: usize,
    seed: u64,
}

/// Who follows a training, and who ends it.
#[derive(Default)]
struct Followers<'a> {
    stop: Option<Arc<AtomicBool>>,
    on_step: Vec<Callback<'a>>,
    on_epoch: Vec<Callback<'a>>,
}

/// Trains a model: epochs of shuffled mini-batches, one step of the optimiser for each.
///
/// A mini-batch is cut into shards of a fixed size, whatever the number of threads; each is recorded on a tape of its
/// own, and their gradients are summed in a fixed order. So the same seed gives the same bits on any number of threads.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(500).batch(4).metric("accuracy", binary_accuracy);
/// let history = trainer.train(&mut model, &mut Adam::new(0.05), &xor())?;
/// assert_eq!(history.epochs.len(), 500);
/// assert!(history.last("accuracy") == Some(1.0) && history.loss() < 0.05);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub struct Trainer<'a, F: Float, T: Stored<F>> {
    settings: Settings,
    loss: Box<Loss<'a, F, T>>,
    metrics: Vec<(String, Box<Metric<'a, F, T>>)>,
    followers: Followers<'a>,
}

impl<'a, F: Float, T: Stored<F>> Trainer<'a, F, T> {
    /// A trainer that makes `loss` small: a function of outputs and targets that is a mean over samples, as those of this
    /// crate are. It runs 10 epochs of batches of 32 on one thread.
    pub fn new(loss: impl Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a) -> Self {
        let settings = Settings { epochs: 10, batch: 32, shard: 16, threads: 1, seed: 0 };
        Trainer { settings, loss: Box::new(loss), metrics: Vec::new(), followers: Followers::default() }
    }

    /// With a number of passes over the data.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// With a number of samples for each step.
    pub fn batch(mut self, batch: usize) -> Self {
        self.settings.batch = batch;
        self
    }

    /// With a number of samples for each tape, 16 if this is not called. Another number rounds differently; the number of
    /// threads does not.
    pub fn shard(mut self, shard: usize) -> Self {
        self.settings.shard = shard;
        self
    }

    /// With a number of threads. More than a batch has shards are not used.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// With a seed for the order of the samples.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// With something to measure on outputs and targets: a mean over samples, such as [`accuracy`](crate::accuracy).
    pub fn metric(
        mut self,
        name: impl Into<String>,
        metric: impl Fn(&Tensor<F>, &Tensor<T>) -> f64 + Send + Sync + 'a,
    ) -> Self {
        self.metrics.push((name.into(), Box::new(metric)));
        self
    }

    /// With a flag that ends the training after the step at which somebody sets it.
    pub fn stop(mut self, flag: Arc<AtomicBool>) -> Self {
        self.followers.stop = Some(flag);
        self
    }

    /// With something to call after each step.
    pub fn on_step(mut self, callback: impl FnMut(&Progress<'_>) + 'a) -> Self {
        self.followers.on_step.push(Box::new(callback));
        self
    }

    /// With something to call after each epoch.
    pub fn on_epoch(mut self, callback: impl FnMut(&Progress<'_>) + 'a) -> Self {
        self.followers.on_epoch.push(Box::new(callback));
        self
    }

    /// Trains `model` on `data`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data do not fit the model, or there are none. [`Error::NotFinite`] if the loss or a gradient
    /// is not finite; the model is then as it was before that step.
    ///
    /// # Panics
    /// If the model or the loss panics.
    pub fn train<M: Module<F> + Send + Sync>(
        &mut self,
        model: &mut M,
        optimiser: &mut dyn Optimiser<F>,
        data: &Dataset<F, T>,
    ) -> Result<History, Error> {
        self.check(model, data)?;
        let (settings, followers, begin) = (self.settings, &mut self.followers, Instant::now());
        let task = Task { data, loss: &*self.loss, metrics: &self.metrics };
        let shards = settings.batch.min(data.len()).div_ceil(settings.shard);
        let helpers = settings.threads.min(shards) - 1;
        Workers::with(task, settings.shard, helpers, model, |workers| {
            let mut history = History { epochs: Vec::new(), seconds: 0.0, stopped: false };
            while history.epochs.len() < settings.epochs && !history.stopped {
                let number = history.epochs.len() + 1;
                let (epoch, stopped) = followers.epoch(settings, number, begin, task, workers, optimiser)?;
                history.epochs.push(epoch);
                history.stopped = stopped;
            }
            history.seconds = begin.elapsed().as_secs_f64();
            Ok(history)
        })
    }

    /// The loss and the metrics of `model` on `data`; nothing is trained.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data do not fit the model, or there are none.
    pub fn evaluate(&self, model: &impl Module<F>, data: &Dataset<F, T>) -> Result<Evaluation, Error> {
        self.check(model, data)?;
        let names = names(&self.metrics);
        let (mut means, mut tape) = (Means::new(&names), Tape::<f64>::of::<F>());
        for (x, y) in data.batches(EVALUATED_AT_ONCE) {
            tape.clear();
            let (samples, output) = (x.shape()[0], model.forward(&x));
            let loss = (self.loss)(tape.input(output.clone()), tape.input(y.clone())).try_value()?;
            let metrics: Vec<f64> = self.metrics.iter().map(|(_, metric)| metric(&output, &y)).collect();
            means.add(Float::to_f64(loss.item()), &metrics, samples);
        }
        let (loss, metrics) = means.now();
        Ok(Evaluation { loss, metrics })
    }

    fn check(&self, model: &impl Module<F>, data: &Dataset<F, T>) -> Result<(), Error> {
        let error = |message: &str| Err(Error::shape("trainer", message));
        if data.is_empty() {
            return error("there are no samples");
        }
        if [self.settings.batch, self.settings.shard, self.settings.threads].contains(&0) {
            return error("the batch, its shards and the threads must be at least 1");
        }
        let batch: Shape =
            [self.settings.batch.min(data.len())].into_iter().chain(data.input_shape().iter().copied()).collect();
        model.output_shape(&batch).map(drop)
    }
}

impl<F: Float, T: Stored<F>> fmt::Debug for Trainer<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = names(&self.metrics);
        f.debug_struct("Trainer").field("settings", &self.settings).field("metrics", &metrics).finish_non_exhaustive()
    }
}

fn names<F: Float, T: Stored<F>>(metrics: &[(String, Box<Metric<'_, F, T>>)]) -> Vec<String> {
    metrics.iter().map(|(name, _)| name.clone()).collect()
}

impl Followers<'_> {
    /// One pass over the data, and whether somebody ended the training in it.
    fn epoch<F: Float, T: Stored<F>, M: Module<F> + Send + Sync>(
        &mut self,
        settings: Settings,
        number: usize,
        begin: Instant,
        task: Task<'_, '_, F, T>,
        workers: &mut Workers<'_, '_, '_, F, T, M>,
        optimiser: &mut dyn Optimiser<F>,
    ) -> Result<(Epoch, bool), Error> {
        let (names, epoch_begin) = (names(task.metrics), Instant::now());
        let mut order = stream(settings.seed, ORDER + number as u64);
        let mut batches = task.data.batches(settings.batch).shuffled(&mut order);
        let (steps, mut means) = (batches.len(), Means::new(&names));
        let (mut step, mut stopped) = (0, false);
        while let Some(rows) = batches.next_rows().filter(|_| !stopped) {
            step += 1;
            let outcome = workers.gradients(rows).map_err(|failure| failure.at(number, step))?;
            workers.update(|model| optimiser.step(model, &outcome.gradients));
            means.add(outcome.loss, &outcome.metrics, rows.len());
            let (loss, metrics) = means.now();
            let done = ((number - 1) * steps + step) as f64 / (settings.epochs * steps) as f64;
            let (epochs, metrics, elapsed) = (settings.epochs, &metrics[..], begin.elapsed());
            let progress = Progress { epoch: number, epochs, step, steps, loss, metrics, done, elapsed };
            self.on_step.iter_mut().for_each(|callback| callback(&progress));
            stopped = self.stop.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
            if stopped || step == steps {
                self.on_epoch.iter_mut().for_each(|callback| callback(&progress));
            }
        }
        let (loss, metrics) = means.now();
        let seconds = epoch_begin.elapsed().as_secs_f64();
        Ok((Epoch { number, steps: step, loss, metrics, seconds }, stopped))
    }
}

/// Means over the samples seen so far.
struct Means<'a> {
    names: &'a [String],
    sums: Vec<f64>,
    samples: usize,
}

impl<'a> Means<'a> {
    fn new(names: &'a [String]) -> Self {
        Means { names, sums: vec![0.0; names.len() + 1], samples: 0 }
    }

    fn add(&mut self, loss: f64, metrics: &[f64], samples: usize) {
        let all = [loss].into_iter().chain(metrics.iter().copied());
        self.sums.iter_mut().zip(all).for_each(|(sum, mean)| *sum += mean * samples as f64);
        self.samples += samples;
    }

    fn now(&self) -> (f64, Vec<(String, f64)>) {
        let mut means = self.sums.iter().map(|sum| sum / self.samples as f64);
        let loss = means.next().unwrap_or(f64::NAN);
        (loss, self.names.iter().cloned().zip(means).collect())
    }
}

/// How far training is: what callbacks see.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The step of the epoch, from 1.
    pub step: usize,
    /// The number of steps in an epoch.
    pub steps: usize,
    /// The mean loss over the epoch so far.
    pub loss: f64,
    /// The mean of each metric over the epoch so far.
    pub metrics: &'a [(String, f64)],
    /// The share of all steps that is done.
    pub done: f64,
    /// The time since the beginning.
    pub elapsed: Duration,
}

impl Progress<'_> {
    /// The time that the rest will take if it goes on as before.
    pub fn remaining(&self) -> Duration {
        self.elapsed.mul_f64(1.0 / self.done - 1.0)
    }
}

/// How a training went.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The epochs, in order. The last one is partial if the training was stopped in it.
    pub epochs: Vec<Epoch>,
    /// The seconds that the training took.
    pub seconds: f64,
    /// Whether the stop flag ended it.
    pub stopped: bool,
}

impl History {
    /// The mean loss over the last epoch; NaN if there was none.
    pub fn loss(&self) -> f64 {
        self.epochs.last().map_or(f64::NAN, |epoch| epoch.loss)
    }

    /// The mean of a metric over the last epoch.
    pub fn last(&self, metric: &str) -> Option<f64> {
        self.epochs.last()?.metrics.iter().find(|(name, _)| name == metric).map(|(_, value)| *value)
    }
}

/// One pass over the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// The number, from 1.
    pub number: usize,
    /// The number of steps.
    pub steps: usize,
    /// The mean loss over the epoch, while the model changed.
    pub loss: f64,
    /// The mean of each metric over the epoch.
    pub metrics: Vec<(String, f64)>,
    /// The seconds that it took.
    pub seconds: f64,
}

/// How a model does on a data set: [`Trainer::evaluate`].
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean loss.
    pub loss: f64,
    /// The mean of each metric.
    pub metrics: Vec<(String, f64)>,
}
