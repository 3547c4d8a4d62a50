//! The training loop.

mod apart;
mod bar;
mod best;
mod check;
mod checkpoint;
mod entries;
mod evaluate;
mod feed;
mod gradients;
mod history;
mod logs;
mod loss;
mod objective;
mod run;
mod settings;
mod shards;
mod state;
mod trouble;

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::thread;

use wengert_tape::{Float, Stored, Tensor, Var, through_pointer};

pub use bar::ProgressBar;
pub use best::Monitor;
pub use checkpoint::{load_checkpoint, save_checkpoint};
pub use gradients::{BatchGradients, Shards};
pub use history::{Epoch, Evaluation, History, Progress};
pub use logs::{CsvLog, Log, TensorBoardLog};
pub use state::TrainingState;
pub use trouble::Trouble;

use checkpoint::Wanted;
use feed::{Change, Feed};
use loss::Cutting;
use objective::{Goal, Objective, Own, OwnLoss, Supervised};
use run::Run;
use settings::{Followers, Kept, Scheduled, Settings, Watched};
use shards::{Task, Workers, on};

use crate::data::{Batch, OnTape, Samples, ahead};
use crate::error::Error;
use crate::files;
use crate::module::Parameters;
use crate::optimisers::Optimiser;
use crate::random::Generator;
use crate::schedules::Schedule;
use crate::training::Training;

/// These files call the user's functions through pointers: no line of them is the user's.
const HERE: &str = file!().split_at(file!().len() - "mod.rs".len()).0;

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
///
/// Any other model, on any other data, with any loss of the two: [`of`](Trainer::of).
pub struct Trainer<'a, F: Float, T, O: Goal<F> = Supervised<'a, F, T>> {
    settings: Settings,
    objective: O,
    change: Option<Box<Change<'a, O::Batch>>>,
    schedule: Scheduled<'a>,
    watched: Watched<'a, O::Batch>,
    kept: Kept,
    named: Option<String>,
    followers: Followers<'a>,
    targets: PhantomData<fn(F, T)>,
}

impl<'a, F: Float, T: Stored<F>> Trainer<'a, F, T> {
    /// A trainer that makes `loss` small: a function of outputs and targets of a batch. It runs 10 epochs of batches of 32 on
    /// one thread.
    ///
    /// The calls that follow may come in any order; of two that set the same thing, the last counts.
    pub fn new(loss: impl Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a) -> Self {
        Trainer::with(Supervised { loss: Box::new(loss), metrics: Vec::new() })
    }

    /// With something to measure on outputs and targets: a mean over samples, such as [`accuracy`](crate::accuracy).
    pub fn metric(
        mut self,
        name: impl Into<String>,
        metric: impl Fn(&Tensor<F>, &Tensor<T>) -> f64 + Send + Sync + 'a,
    ) -> Self {
        self.objective.metrics.push((name.into(), Box::new(metric)));
        self
    }

    /// With a change of the inputs of each shard before they are learned from, such as
    /// [`Augmentation::apply`](crate::data::Augmentation::apply). It is made ahead, on another thread.
    pub fn change(self, change: impl Fn(&Tensor<F>, &mut Generator) -> Tensor<F> + Send + Sync + 'a) -> Self {
        self.change_batch(move |(inputs, targets), rng| (change(&inputs, rng), targets))
    }
}

impl<'a, F: Float, M, R: OnTape<F>> Trainer<'a, F, F, Own<OwnLoss<'a, F, M, R>, M, R>> {
    /// A trainer of any model, with any loss of model and batch: a variational autoencoder, a siamese network, a language model.
    /// `loss` gets the model, a batch on a tape (a [`Var`] or a tuple of them, of numbers, positions or truth values), and
    /// the [`Training`] for [`forward_training`](crate::Module::forward_training) and what is drawn. What is trained on are
    /// [`Samples`]: a [`Dataset`](crate::data::Dataset), a tensor, or a tuple of tensors.
    ///
    /// Where the loss is no mean over samples, the trainer finds out by itself, if nothing is drawn; else batches are said to be
    /// whole by [`shard(usize::MAX)`](Self::shard). In [`evaluate`](Self::evaluate) and on samples to validate with, the loss is
    /// the mean over batches of 256, and layers are [in use](Training::in_use).
    ///
    /// # Examples
    /// A variational autoencoder:
    /// ```
    /// use wengert_nn::prelude::*;
    /// struct Vae { mean: Linear, spread: Linear, decoder: Linear }
    /// impl Parameters<f32> for Vae {
    ///     parameters! { f32: mean, spread, decoder }
    /// }
    /// impl Vae {
    ///     fn loss(&self, x: Var<f32>, training: &mut Training<Var<f32>>) -> Var<f32> {
    ///         let (mean, spread) = (self.mean.forward(&x), self.spread.forward(&x));
    ///         let z = mean + (spread * 0.5).exp() * training.randn(mean.shape());
    ///         let apart = self.decoder.forward(&z).binary_cross_entropy_with_logits(x, Reduction::Sum);
    ///         let divergence = (mean.square() + spread.exp() - spread - 1.0).sum() * 0.5;
    ///         (apart + divergence) / x.shape()[0] as f64
    ///     }
    /// }
    /// let rng = &mut generator(1);
    /// let mut model = Vae { mean: Linear::new(64, 4, rng), spread: Linear::new(64, 4, rng), decoder: Linear::new(4, 64, rng) };
    /// let images = digits::<f32>().flattened().inputs().rows(0..400);
    /// let mut trainer = Trainer::of(Vae::loss).epochs(3);
    /// let before = trainer.evaluate(&model, &images)?.loss;
    /// trainer.train(&mut model, &mut Adam::new(0.01), &images)?;
    /// assert!(trainer.evaluate(&model, &images)?.loss < 0.8 * before);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn of(loss: impl Fn(&M, R, &mut Training<Var<F>>) -> Var<F> + Send + Sync + 'a) -> Self {
        Trainer::with(Own::new(Box::new(loss)))
    }
}

impl<'a, F: Float, T, O: Goal<F>> Trainer<'a, F, T, O> {
    fn with(objective: O) -> Self {
        let (accumulate, clip_value, clip_norm) = (1, None, None);
        let settings = Settings {
            epochs: 10,
            batch: 32,
            shard: 16,
            whole: false,
            threads: None,
            seed: 0,
            accumulate,
            clip_value,
            clip_norm,
        };
        Trainer {
            settings,
            objective,
            change: None,
            schedule: Scheduled::Never,
            watched: Watched { validation: None, test: None, best: None, stopping: None },
            kept: Kept::default(),
            named: None,
            followers: Followers::default(),
            targets: PhantomData,
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

    /// With a number of threads: of those that take shards of a batch, of which more than there are shards are not used, and for
    /// large operations where there is one shard. If this is not called, shards are on this thread alone, and large operations on
    /// as many as [`threads`](wengert_tape::threads) says.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = Some(threads);
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

    /// With a change of each shard before it is learned from. It is made ahead, on another thread.
    pub fn change_batch(mut self, change: impl Fn(O::Batch, &mut Generator) -> O::Batch + Send + Sync + 'a) -> Self {
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
    pub fn validate(mut self, data: &'a impl Samples<Batch = O::Batch>) -> Self {
        self.watched.validation = Some(data);
        self
    }

    /// With samples that are looked at after each epoch and that nothing is decided by.
    pub fn test(mut self, data: &'a impl Samples<Batch = O::Batch>) -> Self {
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

    /// With a [`ProgressBar`]. [`Progress`] as text is the same.
    pub fn bar(self) -> Self {
        let bar = Rc::new(ProgressBar::new());
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
    #[track_caller]
    pub fn train<M: Parameters<F> + Send + Sync>(
        &mut self,
        model: &mut M,
        optimiser: &mut dyn Optimiser<F>,
        data: &impl Samples<Batch = O::Batch>,
    ) -> Result<History, Error>
    where
        O: Objective<F, M>,
    {
        let (line, rate, threads) = (Location::caller(), optimiser.rate(), self.settings.threads);
        let history = through_pointer(HERE, || {
            self.check(model, data)?;
            on(threads, || self.train_checked(model, optimiser, data, line))
        });
        optimiser.set_rate(rate);
        history
    }

    fn train_checked<M: Parameters<F> + Send + Sync>(
        &mut self,
        model: &mut M,
        optimiser: &mut dyn Optimiser<F>,
        data: &dyn Samples<Batch = O::Batch>,
        line: &'static Location<'static>,
    ) -> Result<History, Error>
    where
        O: Objective<F, M>,
    {
        let Trainer { settings, objective, change, schedule, watched, kept, named, followers, .. } = self;
        if let Scheduled::EachStep(schedule, begin) | Scheduled::EachEpoch(schedule, begin) = schedule {
            schedule.restore(begin)?;
        }
        followers.logs.iter_mut().try_for_each(|log| log.begin())?;
        let Settings { batch, shard, seed, .. } = *settings;
        let task = Task { data, objective: &*objective, seed, strict: false, line };
        let whole = objective.needs_whole_batches(model, data, Cutting { batch, shard, seed })?;
        let checksums = if kept.path.is_some() { Batch::<F>::checksums(&data.whole()) } else { Vec::new() };
        let (names, monitor) = (objective.names(), watched.monitor().map(Monitor::to_string));
        let identity = settings.identity(named.as_deref(), data.count(), &checksums, &names);
        let mut state = TrainingState { of: identity, ..TrainingState::new(optimiser) };
        if let Some(path) = kept.path.as_ref().filter(|_| kept.resume)
            && files::is_there(path)?
        {
            let schedule = schedule.get_mut();
            let best = monitor.as_deref().map_or(Wanted::No, Wanted::By);
            state = checkpoint::read(path, model, optimiser, schedule, &state.of, &best)?;
        }
        // What was found of the model at the beginning holds, whatever the numbers of the model are now.
        let whole = *state.whole.get_or_insert(whole);
        state.names = names;
        state.begin();
        let settings = &Settings { whole, ..*settings };
        let threads = settings.threads.unwrap_or(1);
        let helpers = threads.min(settings.batch.min(data.count()).div_ceil(settings.shard())) - 1;
        let model = &RwLock::new(model);
        thread::scope(|scope| {
            let workers = Workers::new(scope, task, helpers, model);
            let feed = Feed::new(data, change.as_deref(), *settings, helpers, (state.epoch, state.step), line);
            let batches = ahead(scope, feed, feed::DEPTH).flatten();
            Run { settings, task, schedule, watched, kept, followers, workers, optimiser, state }.go(batches)
        })
    }

    /// The loss and the metrics of `model` on `data`, of all samples together; nothing is trained.
    ///
    /// # Errors
    /// [`Error::Shape`] if the data do not fit the model, there are none, or the loss is not one number.
    #[track_caller]
    pub fn evaluate<M>(&self, model: &M, data: &impl Samples<Batch = O::Batch>) -> Result<Evaluation, Error>
    where
        O: Objective<F, M>,
    {
        through_pointer(HERE, || {
            self.check_shape(model, data)?;
            on(self.settings.threads, || self.objective.evaluate(model, data))
        })
    }
}

impl<F: Float, T, O: Goal<F>> fmt::Debug for Trainer<'_, F, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.objective.names();
        f.debug_struct("Trainer").field("settings", &self.settings).field("metrics", &metrics).finish_non_exhaustive()
    }
}
