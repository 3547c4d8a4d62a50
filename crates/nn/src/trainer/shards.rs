//! The gradients of a mini-batch, from shards of a fixed size over any number of threads.
//!
//! What is added to what depends on the size of a shard alone: each shard has a tape of its own, and the shards are
//! summed in a fixed tree. Threads only decide who computes a part of the tree, and not a bit of the result.

use std::any::Any as Payload;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::Scope;

use wengert_tape::{Float, OnNonFinite, Tape, Tensor, from_line, with_threads};

use super::HERE;
use super::evaluate::one_number;
use super::feed::Cut;
use super::objective::Objective;
use crate::data::{Batch, Samples};
use crate::error::Error;
use crate::module::Parameters;
use crate::optimisers::ModelGradients;
use crate::training::{Observed, Statistics, Training};

/// What all shards have in common.
pub(super) struct Task<'a, F: Float, M, B> {
    pub(super) data: &'a dyn Samples<Batch = B>,
    pub(super) objective: &'a (dyn Objective<F, M, Batch = B> + 'a),
    pub(super) seed: u64,
    /// Whether a part of a batch will not do where a layer looks at all samples together.
    pub(super) strict: bool,
    /// Where the user asked for it: other threads do not know.
    pub(super) line: &'static Location<'static>,
}

impl<F: Float, M, B> Clone for Task<'_, F, M, B> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: Float, M, B> Copy for Task<'_, F, M, B> {}

/// The loss, metrics and gradients of a shard, each times the shard's share of the batch, or of a whole batch.
pub(super) struct Outcome<F: Float> {
    pub(super) loss: f64,
    pub(super) metrics: Vec<f64>,
    pub(super) gradients: ModelGradients<F>,
    pub(super) observed: Statistics<F>,
}

/// Why there are no gradients.
pub(super) enum Failure {
    /// Something is not finite.
    NotFinite(String),
    /// A layer needs all samples of the batch together.
    NeedsWhole,
    /// Anything else.
    Other(Error),
}

impl Failure {
    /// The error, in an epoch at a step.
    pub(super) fn at(self, epoch: usize, step: usize, checkpoint: Option<PathBuf>) -> Error {
        match self {
            Failure::NotFinite(what) => Error::NotFinite { epoch, step, what, checkpoint },
            Failure::NeedsWhole => Error::shape("trainer", "a layer needs all samples of a batch together"),
            Failure::Other(error) => error,
        }
    }
}

impl From<wengert_tape::Error> for Failure {
    fn from(e: wengert_tape::Error) -> Self {
        Failure::Other(e.into())
    }
}

/// Does something of which large operations use at most so many threads, if that was said.
pub(super) fn on<R>(threads: Option<usize>, f: impl FnOnce() -> R) -> R {
    match threads {
        None => f(),
        Some(threads) => with_threads(threads, f),
    }
}

/// So many parts of a batch for each thread, so that one that is late does less and none waits for long.
const PARTS_FOR_EACH: usize = 4;

/// A batch that several threads work on: whoever is free takes the next part of it.
pub(super) struct Job<B> {
    batch: Cut<B>,
    /// The number of the batch among all.
    step: usize,
    /// The shards of a part: a power of two, so that their sum is one of the sums of the tree.
    part: usize,
    /// Whether several threads work on it; then each is one.
    shared: bool,
    /// The first shard that nobody has taken.
    next: AtomicUsize,
}

impl<B: Samples<Batch = B> + Clone + Send + 'static> Job<B> {
    pub(super) fn new(batch: Cut<B>, step: usize, threads: usize) -> Self {
        let shards = batch.shards.len();
        let part = match threads {
            1 => shards.next_power_of_two(),
            _ => 1 << (shards / (PARTS_FOR_EACH * threads)).max(1).ilog2(),
        };
        Job { batch, step, part, shared: threads > 1 && shards > 1, next: AtomicUsize::new(0) }
    }

    pub(super) fn parts(&self) -> usize {
        self.batch.shards.len().div_ceil(self.part)
    }

    /// The shards of a part that nobody else does.
    fn take(&self) -> Option<Range<usize>> {
        let from = self.next.fetch_add(self.part, Ordering::Relaxed);
        (from < self.batch.shards.len()).then(|| from..self.batch.shards.len().min(from + self.part))
    }

    fn sample(&self, data: &dyn Samples<Batch = B>, seed: u64, shard: usize) -> Sample<B> {
        let batch = self.batch.shards[shard].samples(data);
        let share = self.batch.shards[shard].len() as f64 / self.batch.samples as f64;
        Sample { batch, share, key: [seed as i64, (self.step << 20 | shard) as i64] }
    }
}

/// The samples of a shard.
struct Sample<B> {
    batch: B,
    /// Of the batch.
    share: f64,
    /// What is random in the shard follows from it.
    key: [i64; 2],
}

/// The parts that a thread has done, by their first shards.
pub(super) type Parts<F> = Vec<(usize, Result<Outcome<F>, Failure>)>;
/// What a thread has done; what it panicked with is passed on.
type Done<F> = Result<Parts<F>, Box<dyn Payload + Send>>;

/// Threads that compute shards beside this one, and the model that they share.
pub(super) struct Workers<'w, 'a, F: Float, M, B> {
    task: Task<'a, F, M, B>,
    model: &'w RwLock<&'w mut M>,
    tape: Tape<F>,
    helpers: Vec<Sender<Arc<Job<B>>>>,
    done: Receiver<Done<F>>,
}

impl<'w, 'a, F: Float, M: Parameters<F> + Send + Sync, B: Batch<F>> Workers<'w, 'a, F, M, B> {
    /// This thread and `helpers` others, which end when the workers are dropped.
    pub(super) fn new<'scope>(
        scope: &'scope Scope<'scope, '_>,
        task: Task<'a, F, M, B>,
        helpers: usize,
        model: &'w RwLock<&'w mut M>,
    ) -> Self
    where
        'w: 'scope,
        'a: 'scope,
        M: 'scope,
    {
        let (give, done) = channel();
        let help = |_| {
            let (ask, jobs) = channel();
            let give = give.clone();
            scope.spawn(move || serve(task, model, &jobs, &give));
            ask
        };
        Workers { task, model, tape: Tape::<f64>::of::<F>(), helpers: (0..helpers).map(help).collect(), done }
    }

    /// The mean loss, metrics and gradients over the samples of a batch, which is number `step` of all.
    pub(super) fn gradients(&mut self, batch: Cut<B>, step: usize) -> Result<Outcome<F>, Failure> {
        let job = Arc::new(Job::new(batch, step, self.helpers.len() + 1));
        // A helper ends only after this thread has dropped the sender.
        for helper in self.helpers.iter().take(job.parts() - 1) {
            let _ = helper.send(Arc::clone(&job));
        }
        let mut parts = locked(self.task, self.model, &mut self.tape, &job);
        while parts.len() < job.parts() {
            let Ok(done) = self.done.recv() else { unreachable!("a helper that took a part says what became of it") };
            parts.extend(done.unwrap_or_else(|payload| resume_unwind(payload)));
        }
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        together(self.task, &**model, &mut self.tape, &job, parts)
    }

    /// Looks at the model.
    pub(super) fn read<R>(&self, f: impl FnOnce(&M) -> R) -> R {
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        f(&**model)
    }

    /// Changes the model while nobody reads it.
    pub(super) fn update<R>(&self, f: impl FnOnce(&mut dyn Parameters<F>) -> R) -> R {
        let mut model = self.model.write().unwrap_or_else(PoisonError::into_inner);
        f(&mut **model)
    }
}

/// A helper: works on what it is asked for until nobody can ask any more.
fn serve<F: Float, M: Parameters<F> + Send + Sync, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &RwLock<&mut M>,
    jobs: &Receiver<Arc<Job<B>>>,
    give: &Sender<Done<F>>,
) {
    let mut tape = Tape::<f64>::of::<F>();
    for job in jobs {
        let work = || from_line(HERE, task.line, || locked(task, model, &mut tape, &job));
        let done = catch_unwind(AssertUnwindSafe(work));
        // Who comes too late for a part has nothing to say, and nobody waits for it.
        if done.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        if give.send(done).is_err() {
            return;
        }
    }
}

/// [`work`] on a model that nobody changes meanwhile.
fn locked<F: Float, M: Parameters<F>, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &RwLock<&mut M>,
    tape: &mut Tape<F>,
    job: &Job<B>,
) -> Parts<F> {
    let model = model.read().unwrap_or_else(PoisonError::into_inner);
    work(task, &**model, tape, job)
}

/// Takes parts of a batch until there are no more: each is the sum of its shards.
pub(super) fn work<F: Float, M: Parameters<F>, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &M,
    tape: &mut Tape<F>,
    job: &Job<B>,
) -> Parts<F> {
    on(job.shared.then_some(1), || parts_of(task, model, tape, job))
}

fn parts_of<F: Float, M: Parameters<F>, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &M,
    tape: &mut Tape<F>,
    job: &Job<B>,
) -> Parts<F> {
    let mut parts = Vec::new();
    while let Some(shards) = job.take() {
        let first = shards.start;
        let outcomes = shards.map(|shard| compute(task, tape, model, &job.sample(task.data, task.seed, shard)));
        parts.push((first, outcomes.collect::<Result<_, _>>().map(sum)));
    }
    parts
}

/// The sum of all parts of a batch, or why there is none.
pub(super) fn together<F: Float, M: Parameters<F>, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &M,
    tape: &mut Tape<F>,
    job: &Job<B>,
    mut parts: Parts<F>,
) -> Result<Outcome<F>, Failure> {
    parts.sort_by_key(|(first, _)| *first);
    let outcome = sum(parts.into_iter().map(|(_, outcome)| outcome).collect::<Result<_, _>>()?);
    if outcome.gradients.is_finite() {
        return Ok(outcome);
    }
    for shard in 0..job.batch.shards.len() {
        tape.clear();
        let sample = job.sample(task.data, task.seed, shard);
        let mut training = Training::new(tape.input(Tensor::from(sample.key)));
        let (loss, _) = task.objective.record(model, &sample.batch, tape, &mut training);
        // The engine's own watch says where.
        tape.on_non_finite(OnNonFinite::Error);
        let found = loss.try_backward();
        tape.on_non_finite(OnNonFinite::Off);
        match found {
            Err(wengert_tape::Error::NonFinite(first)) => {
                let what = format!("a gradient is not finite, though the loss is; the first: {first}");
                return Err(Failure::NotFinite(what));
            }
            other => other.map(drop)?,
        }
    }
    Err(Failure::NotFinite("the sum of the gradients of a batch is not finite, though each is".into()))
}

/// One shard: forward, loss, backward.
fn compute<F: Float, M: Parameters<F>, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    tape: &mut Tape<F>,
    model: &M,
    sample: &Sample<B>,
) -> Result<Outcome<F>, Failure> {
    tape.clear();
    let mut training = Training::new(tape.input(Tensor::from(sample.key)));
    let may_not_do = task.strict && sample.share < 1.0;
    if may_not_do {
        training = training.of_part();
    }
    let (loss, output) = task.objective.record(model, &sample.batch, tape, &mut training);
    if may_not_do && training.looked() {
        return Err(Failure::NeedsWhole);
    }
    let value = loss.try_value()?;
    let mean = one_number(&value).map_err(Failure::Other)?;
    if !mean.is_finite() {
        let first = tape
            .first_non_finite()?
            .map_or(String::new(), |first| format!("; the first number that is not finite: {first}"));
        return Err(Failure::NotFinite(format!("the loss is {mean}{first}")));
    }
    let gradients = loss.backward_from(Tensor::full(value.shape(), F::from_f64(sample.share)))?;
    let gradients = ModelGradients::of(model, &gradients);
    let metrics = match output {
        Some(output) => task.objective.measure(&output.try_value()?, &sample.batch),
        None => Vec::new(),
    };
    let metrics = metrics.into_iter().map(|metric| metric * sample.share).collect();
    let mut statistics = Statistics::default();
    for Observed { param, share, numbers } in training.observed() {
        statistics.observe(Observed { param, share, numbers: numbers.try_value()? }, sample.share);
    }
    // The tape holds the parameters' buffers, and whoever takes the next part would keep them from being used again.
    tape.clear();
    Ok(Outcome { loss: mean * sample.share, metrics, gradients, observed: statistics })
}

/// The sum of all parts, in a tree whose form depends on their number alone.
fn sum<F: Float>(mut parts: Vec<Outcome<F>>) -> Outcome<F> {
    while parts.len() > 1 {
        let mut pairs = parts.into_iter();
        let mut sums = Vec::new();
        while let Some(mut left) = pairs.next() {
            if let Some(right) = pairs.next() {
                left.loss += right.loss;
                left.metrics.iter_mut().zip(&right.metrics).for_each(|(a, b)| *a += b);
                left.gradients.add(&right.gradients);
                left.observed.add(right.observed);
            }
            sums.push(left);
        }
        parts = sums;
    }
    parts.pop().unwrap_or_else(|| unreachable!("a batch has at least one sample"))
}
