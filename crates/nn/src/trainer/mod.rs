//! The training loop.

mod apart;
mod bar;
mod best;
mod check;
mod checkpoint;
mod evaluate;
mod feed;
mod history;
mod logs;
mod run;
mod shards;

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::thread;

use wengert_tape::{Any, Float, Stored, Tensor, Var};

pub use best::Monitor;
pub use history::{Epoch, Evaluation, History, Progress};
pub use logs::{CsvLog, Log, TensorBoardLog};

use bar::Bar;
use evaluate::evaluate;
use feed::{Change, Feed};
use run::{Run, State};
use shards::{Task, Workers};

use crate::data::{Dataset, ahead};
use crate::error::Error;
use crate::files;
use crate::module::Module;
use crate::optimisers::Optimiser;
use crate::random::Generator;
use crate::schedules::Schedule;

type Loss<'a, F, T> = dyn Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a;
type Metric<'a, F, T> = dyn Fn(&Tensor<F>, &Tensor<T>) -> f64 + Send + Sync + 'a;
type Callback<'a> = Box<dyn FnMut(&Progress<'_>) + 'a>;

/// The numbers of a training.
#[derive(Clone, Copy, Debug)]
struct Settings {
    epochs: usize,
    batch: usize,
    shard: usize,
    /// Whether samples are looked at together, so that a batch is not cut.
    whole: bool,
    threads: usize,
    seed: u64,
    accumulate: usize,
    clip_value: Option<f64>,
    clip_norm: Option<f64>,
}

impl Settings {
    /// The number of mini-batches in an epoch of so many samples.
    fn steps(&self, samples: usize) -> usize {
        // Of one sample alone there is no variance: where samples are looked at together, it joins the batch before.
        let joins = self.whole && samples > self.batch && samples % self.batch == 1;
        samples.div_ceil(self.batch) - usize::from(joins)
    }

    /// The number of samples of a shard.
    fn shard(&self) -> usize {
        if self.whole { usize::MAX } else { self.shard }
    }
}

/// Who follows a training, and who ends it.
#[derive(Default)]
struct Followers<'a> {
    stop: Option<Arc<AtomicBool>>,
    on_step: Vec<Callback<'a>>,
    on_epoch: Vec<Callback<'a>>,
    logs: Vec<Box<dyn Log + 'a>>,
}

/// When the learning rate changes, and what a schedule remembered when it was given.
enum Scheduled<'a> {
    Never,
    EachStep(Box<dyn Schedule + 'a>, Vec<f64>),
    EachEpoch(Box<dyn Schedule + 'a>, Vec<f64>),
    /// Two schedules were given, which is refused.
    Both,
}

/// What is looked at beside the training samples.
struct Watched<'a, F: Float, T: Stored<F>> {
    validation: Option<&'a Dataset<F, T>>,
    test: Option<&'a Dataset<F, T>>,
    best: Option<Monitor>,
    stopping: Option<(Monitor, usize)>,
}

impl<F: Float, T: Stored<F>> Watched<'_, F, T> {
    /// What the best epoch is found by.
    fn monitor(&self) -> Option<&Monitor> {
        self.stopping.as_ref().map(|(monitor, _)| monitor).or(self.best.as_ref())
    }
}

/// Where the state of a training is kept.
#[derive(Clone, Debug, Default)]
struct Kept {
    path: Option<PathBuf>,
    /// After so many mini-batches, beside each epoch.
    every: Option<usize>,
    resume: bool,
}

/// What must be the same for a training to go on with the same bits, beside the numbers of its settings.
#[derive(Clone, Debug)]
struct Identity {
    /// What the caller says that it is.
    named: Option<String>,
    samples: usize,
    /// Checksums of inputs and targets.
    inputs: u64,
    targets: u64,
    metrics: Vec<String>,
    /// What the best epoch is found by, if one is wanted.
    monitor: Option<String>,
}

/// Trains a model: epochs of shuffled mini-batches, one step of the optimiser for each.
///
/// A mini-batch is cut into shards of a fixed size, whatever the number of threads; each is recorded on a tape of its
/// own, and their gradients are summed in a fixed tree. So the same seed gives the same bits on any number of threads.
///
/// Where samples cannot be taken apart, batches are not cut, so that one thread does them: where a layer looks at all
/// samples together, such as a [`BatchNorm`](crate::BatchNorm), or a loss is no mean over samples, such as a cross-entropy
/// with weights. The trainer finds out by itself, from a dry run and from what model and loss say of a part of a batch. A
/// last batch of one sample then joins the one before.
///
/// Mini-batches are drawn on a thread of their own, ahead of the training, and [changed](Self::change) there; one training
/// thread finds their samples copied too, of several each copies those that it works on.
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
///
/// With samples to validate with, the best epoch's model is what remains, and training stops when none better comes:
///
/// ```
/// use wengert_nn::prelude::*;
/// let rng = &mut generator(1);
/// let parts = moons::<f32>(200, 0.2, rng).parts_stratified(&[0.6, 0.2, 0.2], rng)?;
/// let mut model = Mlp::<f32>::new(&[2, 16, 2], Activation::Tanh, rng).output(Activation::Identity);
/// let mut trainer = Trainer::new(cross_entropy)
///     .metric("accuracy", accuracy)
///     .validate(&parts[1])
///     .early_stopping(Monitor::loss(), 5)
///     .epochs(1000);
/// let history = trainer.train(&mut model, &mut Adam::new(0.02), &parts[0])?;
/// let best = history.best_epoch().unwrap();
/// assert!(history.epochs.len() == best.number + 5 || history.epochs.len() == 1000);
/// assert_eq!(trainer.evaluate(&model, &parts[1])?.loss, best.validation.as_ref().unwrap().loss);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub struct Trainer<'a, F: Float, T: Stored<F>> {
    settings: Settings,
    loss: Box<Loss<'a, F, T>>,
    metrics: Vec<(String, Box<Metric<'a, F, T>>)>,
    change: Option<Box<Change<'a, F>>>,
    schedule: Scheduled<'a>,
    watched: Watched<'a, F, T>,
    kept: Kept,
    named: Option<String>,
    followers: Followers<'a>,
}

impl<'a, F: Float, T: Stored<F>> Trainer<'a, F, T> {
    /// A trainer that makes `loss` small: a function of outputs and targets of a batch. It runs 10 epochs of batches of 32 on
    /// one thread.
    ///
    /// The calls that follow may come in any order; of two that set the same thing, the last counts.
    pub fn new(loss: impl Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a) -> Self {
        let (accumulate, clip_value, clip_norm) = (1, None, None);
        let settings = Settings {
            epochs: 10,
            batch: 32,
            shard: 16,
            whole: false,
            threads: 1,
            seed: 0,
            accumulate,
            clip_value,
            clip_norm,
        };
        Trainer {
            settings,
            loss: Box::new(loss),
            metrics: Vec::new(),
            change: None,
            schedule: Scheduled::Never,
            watched: Watched { validation: None, test: None, best: None, stopping: None },
            kept: Kept::default(),
            named: None,
            followers: Followers::default(),
        }
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
    /// threads does not. Where batches are not cut it has no effect.
    pub fn shard(mut self, shard: usize) -> Self {
        self.settings.shard = shard;
        self
    }

    /// With a number of threads. More than a batch has shards are not used.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// With a seed for the order of the samples, and for what layers and changes of the inputs draw.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// With the mean gradient over the samples of so many batches for each step of the optimiser. The last step of an epoch
    /// takes what is left.
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.settings.accumulate = batches;
        self
    }

    /// With gradients whose numbers are cut to between −`limit` and `limit`, before [`clip_norm`](Self::clip_norm).
    pub fn clip_value(mut self, limit: f64) -> Self {
        self.settings.clip_value = Some(limit);
        self
    }

    /// With gradients that, all as one vector, are at most so long.
    pub fn clip_norm(mut self, limit: f64) -> Self {
        self.settings.clip_norm = Some(limit);
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

    /// With a change of the inputs of each shard before they are learned from, such as
    /// [`Augmentation::apply`](crate::data::Augmentation::apply). It is made ahead, on another thread.
    pub fn change(mut self, change: impl Fn(&Tensor<F>, &mut Generator) -> Tensor<F> + Send + Sync + 'a) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// With a schedule of the learning rate that counts steps of the optimiser. There is one schedule: with
    /// [`schedule_epochs`](Self::schedule_epochs) beside it, training is refused.
    pub fn schedule_steps(mut self, schedule: impl Schedule + 'a) -> Self {
        let begin = schedule.state();
        self.schedule = match self.schedule {
            Scheduled::Never | Scheduled::EachStep(..) => Scheduled::EachStep(Box::new(schedule), begin),
            Scheduled::EachEpoch(..) | Scheduled::Both => Scheduled::Both,
        };
        self
    }

    /// With a schedule of the learning rate that counts epochs. It sees the loss of each epoch: on the validation samples,
    /// if there are any.
    pub fn schedule_epochs(mut self, schedule: impl Schedule + 'a) -> Self {
        let begin = schedule.state();
        self.schedule = match self.schedule {
            Scheduled::Never | Scheduled::EachEpoch(..) => Scheduled::EachEpoch(Box::new(schedule), begin),
            Scheduled::EachStep(..) | Scheduled::Both => Scheduled::Both,
        };
        self
    }

    /// With samples that are looked at after each epoch.
    pub fn validate(mut self, data: &'a Dataset<F, T>) -> Self {
        self.watched.validation = Some(data);
        self
    }

    /// With samples that are looked at after each epoch and that nothing is decided by.
    pub fn test(mut self, data: &'a Dataset<F, T>) -> Self {
        self.watched.test = Some(data);
        self
    }

    /// With the model of the best epoch on the validation samples as the result. An epoch whose number is NaN is never better
    /// than another, and any number is better than NaN.
    pub fn keep_best(mut self, monitor: Monitor) -> Self {
        self.watched.best = Some(monitor);
        self
    }

    /// [`keep_best`](Self::keep_best), and an end after so many epochs without a better one. If both are called, it is this
    /// monitor that says which epoch is best.
    pub fn early_stopping(mut self, monitor: Monitor, patience: usize) -> Self {
        self.watched.stopping = Some((monitor, patience));
        self
    }

    /// With a file that holds the whole state of the training after each epoch, and where it is stopped: parameters, what
    /// the optimiser remembers, the schedule, the step, the seed and the place in the order of samples. It is written to a
    /// temporary file, synced and renamed, so that there is always a whole one. It is a model file as well:
    /// [`load`](crate::load) reads the model, with [`keep_best`](Self::keep_best) that of the best epoch so far.
    pub fn checkpoint(mut self, path: impl AsRef<Path>) -> Self {
        self.kept.path = Some(path.as_ref().into());
        self
    }

    /// [`checkpoint`](Self::checkpoint), also after every so many batches; with [`accumulate`](Self::accumulate), after the
    /// next step of the optimiser then.
    pub fn checkpoint_steps(self, path: impl AsRef<Path>, every: usize) -> Self {
        let mut trainer = self.checkpoint(path);
        trainer.kept.every = Some(every.max(1));
        trainer
    }

    /// With a beginning where the [`checkpoint`](Self::checkpoint) ended, if there is one: the result has the bits of a
    /// training that was never interrupted. A checkpoint of another seed, other sizes of batches, other inputs or targets,
    /// other metrics or other layers is refused.
    pub fn resume(mut self, resume: bool) -> Self {
        self.kept.resume = resume;
        self
    }

    /// With a name for everything that a trainer does not see, such as the loss and the options of the optimiser: a
    /// checkpoint of another name is refused.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.named = Some(name.into());
        self
    }

    /// With a flag that ends the training after the step at which somebody sets it. The checkpoint, if there is one, is
    /// written then.
    pub fn stop(mut self, flag: Arc<AtomicBool>) -> Self {
        self.followers.stop = Some(flag);
        self
    }

    /// With something to call after each batch.
    pub fn on_step(mut self, callback: impl FnMut(&Progress<'_>) + 'a) -> Self {
        self.followers.on_step.push(Box::new(callback));
        self
    }

    /// With something to call after each epoch.
    pub fn on_epoch(mut self, callback: impl FnMut(&Progress<'_>) + 'a) -> Self {
        self.followers.on_epoch.push(Box::new(callback));
        self
    }

    /// With a bar on standard error that says how far the training is, what the loss and the metrics are, and how long the
    /// rest will take. It stays as a line for each epoch; where standard error is no terminal, the line is all. [`Progress`] as
    /// text is the same.
    pub fn bar(self) -> Self {
        let bar = Rc::new(Bar::new());
        let same = Rc::clone(&bar);
        self.on_step(move |progress| bar.step(progress)).on_epoch(move |progress| same.epoch(progress))
    }

    /// With a log of the epochs.
    pub fn log(mut self, log: impl Log + 'a) -> Self {
        self.followers.logs.push(Box::new(log));
        self
    }

    /// Trains `model` on `data`. Each call begins anew: the schedule with nothing seen, and the rate with that of the
    /// optimiser, which has it again at the end.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data do not fit the model, there are none, batches are too small for a layer, or what was
    /// asked for does not go together. [`Error::NotFinite`] if the loss, a gradient or what the optimiser makes of a
    /// parameter is not finite; the model is then as it was before that step. [`Error::File`] if a checkpoint or a log cannot
    /// be written, or the checkpoint to begin with is of another training.
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
        let rate = optimiser.rate();
        let history = self.train_checked(model, optimiser, data);
        optimiser.set_rate(rate);
        history
    }

    fn train_checked<M: Module<F> + Send + Sync>(
        &mut self,
        model: &mut M,
        optimiser: &mut dyn Optimiser<F>,
        data: &Dataset<F, T>,
    ) -> Result<History, Error> {
        let Trainer { settings, loss, metrics, change, schedule, watched, kept, named, followers } = self;
        if let Scheduled::EachStep(schedule, begin) | Scheduled::EachEpoch(schedule, begin) = schedule {
            schedule.restore(begin)?;
        }
        followers.logs.iter_mut().try_for_each(|log| log.begin())?;
        let task = Task { data, loss: &**loss, metrics, seed: settings.seed };
        let mut settings = Settings { whole: apart::needs_whole_batches(task, model, settings)?, ..*settings };
        let mut state = State::new(optimiser.rate());
        let [inputs, targets] = match kept.path {
            Some(_) => [checksum::<F, F>(data.inputs()), checksum::<F, T>(data.targets())],
            None => [0, 0],
        };
        let (metrics, monitor) = (names(metrics), watched.monitor().map(Monitor::to_string));
        let identity = Identity { named: named.clone(), samples: data.len(), inputs, targets, metrics, monitor };
        if let Some(path) = kept.path.as_ref().filter(|_| kept.resume)
            && files::is_there(path)?
        {
            let (read, whole) = checkpoint::read(path, model, optimiser, schedule, &settings, &identity)?;
            (state, settings.whole) = (read, whole);
        }
        let helpers = settings.threads.min(settings.batch.min(data.len()).div_ceil(settings.shard())) - 1;
        let model = &RwLock::new(model);
        thread::scope(|scope| {
            let workers = Workers::new(scope, task, helpers, model);
            let feed = Feed::new(data, change.as_deref(), settings, helpers, (state.epoch, state.step));
            let batches = ahead(scope, feed, feed::DEPTH).flatten();
            let settings = &settings;
            Run { settings, task, schedule, watched, kept, identity, followers, workers, optimiser, state }.go(batches)
        })
    }

    /// The loss and the metrics of `model` on `data`, of all samples together; nothing is trained.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data do not fit the model, there are none, or the loss is not one number.
    pub fn evaluate(&self, model: &impl Module<F>, data: &Dataset<F, T>) -> Result<Evaluation, Error> {
        self.check_shape(model, data)?;
        evaluate(&*self.loss, &self.metrics, model, data)
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

/// A number that other numbers hardly have.
fn checksum<F: Float, T: Stored<F>>(tensor: &Tensor<T>) -> u64 {
    // Fowler, Noll and Vo's, a number at a time.
    let add = |sum: u64, bits: u64| (sum ^ bits).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    let begin = 0xcbf2_9ce4_8422_2325;
    match T::store(tensor.clone()) {
        Any::Real(numbers) => numbers.data().iter().fold(begin, |sum, x| add(sum, Float::to_f64(*x).to_bits())),
        Any::Index(classes) => classes.data().iter().fold(begin, |sum, class| add(sum, class.cast_unsigned())),
        Any::Mask(mask) => mask.data().iter().fold(begin, |sum, set| add(sum, u64::from(*set))),
    }
}
