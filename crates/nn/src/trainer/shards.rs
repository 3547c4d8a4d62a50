//! The gradients of a mini-batch, from shards of a fixed size over any number of threads.
//!
//! What is added to what depends on the size of a shard alone: each shard has a tape of its own, and the shards are
//! summed in a fixed tree. Threads only decide who computes a part of the tree, and not a bit of the result.

use std::any::Any as Payload;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::Scope;

use wengert_tape::{Any, Float, GraphNode, GraphView, Stored, Tape, Tensor, Var};

use super::evaluate::one_number;
use super::feed::Batch;
use super::{Loss, Metric};
use crate::data::Dataset;
use crate::error::Error;
use crate::module::{Module, Parameters};
use crate::optimisers::ModelGradients;
use crate::training::{Observed, Statistics, Training};

/// What all shards have in common.
pub(super) struct Task<'a, 'b, F: Float, T: Stored<F>> {
    pub(super) data: &'a Dataset<F, T>,
    pub(super) loss: &'a Loss<'b, F, T>,
    pub(super) metrics: &'a [(String, Box<Metric<'b, F, T>>)],
    pub(super) seed: u64,
}

impl<F: Float, T: Stored<F>> Clone for Task<'_, '_, F, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: Float, T: Stored<F>> Copy for Task<'_, '_, F, T> {}

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
    /// Anything else.
    Other(Error),
}

impl Failure {
    /// The error, in an epoch at a step.
    pub(super) fn at(self, epoch: usize, step: usize, checkpoint: Option<PathBuf>) -> Error {
        match self {
            Failure::NotFinite(what) => Error::NotFinite { epoch, step, what, checkpoint },
            Failure::Other(error) => error,
        }
    }
}

impl From<wengert_tape::Error> for Failure {
    fn from(e: wengert_tape::Error) -> Self {
        Failure::Other(e.into())
    }
}

/// So many parts of a batch for each thread, so that one that is late does less and none waits for long.
const PARTS_FOR_EACH: usize = 4;

/// A batch that several threads work on: whoever is free takes the next part of it.
struct Job<F: Float, T: Stored<F>> {
    batch: Batch<F, T>,
    /// The number of the batch among all.
    step: usize,
    /// The shards of a part: a power of two, so that their sum is one of the sums of the tree.
    part: usize,
    /// The first shard that nobody has taken.
    next: AtomicUsize,
}

impl<F: Float, T: Stored<F>> Job<F, T> {
    fn new(batch: Batch<F, T>, step: usize, threads: usize) -> Self {
        let shards = batch.shards.len();
        let part = match threads {
            1 => shards.next_power_of_two(),
            _ => 1 << (shards / (PARTS_FOR_EACH * threads)).max(1).ilog2(),
        };
        Job { batch, step, part, next: AtomicUsize::new(0) }
    }

    fn parts(&self) -> usize {
        self.batch.shards.len().div_ceil(self.part)
    }

    /// The shards of a part that nobody else does.
    fn take(&self) -> Option<Range<usize>> {
        let from = self.next.fetch_add(self.part, Ordering::Relaxed);
        (from < self.batch.shards.len()).then(|| from..self.batch.shards.len().min(from + self.part))
    }

    fn sample(&self, data: &Dataset<F, T>, seed: u64, shard: usize) -> Sample<F, T> {
        let (inputs, targets) = self.batch.shards[shard].samples(data);
        let share = self.batch.shards[shard].len() as f64 / self.batch.samples as f64;
        Sample { inputs, targets, share, key: [seed as i64, (self.step << 20 | shard) as i64] }
    }
}

/// The samples of a shard.
struct Sample<F: Float, T: Stored<F>> {
    inputs: Tensor<F>,
    targets: Tensor<T>,
    /// Of the batch.
    share: f64,
    /// What is random in the shard follows from it.
    key: [i64; 2],
}

/// The parts that a thread has done, by their first shards.
type Parts<F> = Vec<(usize, Result<Outcome<F>, Failure>)>;
/// What a thread has done; what it panicked with is passed on.
type Done<F> = Result<Parts<F>, Box<dyn Payload + Send>>;

/// Threads that compute shards beside this one, and the model that they share.
pub(super) struct Workers<'w, 'a, 'b, F: Float, T: Stored<F>, M> {
    task: Task<'a, 'b, F, T>,
    model: &'w RwLock<&'w mut M>,
    tape: Tape<F>,
    helpers: Vec<Sender<Arc<Job<F, T>>>>,
    done: Receiver<Done<F>>,
}

impl<'w, 'a, 'b, F: Float, T: Stored<F>, M: Module<F> + Send + Sync> Workers<'w, 'a, 'b, F, T, M> {
    /// This thread and `helpers` others, which end when the workers are dropped.
    pub(super) fn new<'scope>(
        scope: &'scope Scope<'scope, '_>,
        task: Task<'a, 'b, F, T>,
        helpers: usize,
        model: &'w RwLock<&'w mut M>,
    ) -> Self
    where
        'w: 'scope,
        'a: 'scope,
        'b: 'scope,
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
    pub(super) fn gradients(&mut self, batch: Batch<F, T>, step: usize) -> Result<Outcome<F>, Failure> {
        let job = Arc::new(Job::new(batch, step, self.helpers.len() + 1));
        // A helper ends only after this thread has dropped the sender.
        for helper in self.helpers.iter().take(job.parts() - 1) {
            let _ = helper.send(Arc::clone(&job));
        }
        let mut parts = work(self.task, self.model, &mut self.tape, &job);
        while parts.len() < job.parts() {
            let Ok(done) = self.done.recv() else { unreachable!("a helper that took a part says what became of it") };
            parts.extend(done.unwrap_or_else(|payload| resume_unwind(payload)));
        }
        parts.sort_by_key(|(first, _)| *first);
        let outcome = sum(parts.into_iter().map(|(_, outcome)| outcome).collect::<Result<_, _>>()?);
        if outcome.gradients.is_finite() {
            return Ok(outcome);
        }
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        for shard in 0..job.batch.shards.len() {
            self.tape.clear();
            let sample = job.sample(self.task.data, self.task.seed, shard);
            let (loss, ..) = forward(self.task, &self.tape, &**model, &sample);
            if let Some(what) = first_gradient_not_finite(loss)? {
                return Err(Failure::NotFinite(format!("a gradient is not finite, though the loss is; {what}")));
            }
        }
        Err(Failure::NotFinite("the sum of the gradients of a batch is not finite, though each is".into()))
    }

    /// Looks at the model.
    pub(super) fn read<R>(&self, f: impl FnOnce(&M) -> R) -> R {
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        f(&**model)
    }

    /// Changes the model while nobody reads it.
    pub(super) fn update<R>(&self, f: impl FnOnce(&mut dyn Parameters<F>) -> R) -> R
    where
        M: Sized,
    {
        let mut model = self.model.write().unwrap_or_else(PoisonError::into_inner);
        f(&mut **model)
    }
}

/// A helper: works on what it is asked for until nobody can ask any more.
fn serve<F: Float, T: Stored<F>, M: Module<F> + Send + Sync>(
    task: Task<'_, '_, F, T>,
    model: &RwLock<&mut M>,
    jobs: &Receiver<Arc<Job<F, T>>>,
    give: &Sender<Done<F>>,
) {
    let mut tape = Tape::<f64>::of::<F>();
    for job in jobs {
        let done = catch_unwind(AssertUnwindSafe(|| work(task, model, &mut tape, &job)));
        // Who comes too late for a part has nothing to say, and nobody waits for it.
        if done.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        if give.send(done).is_err() {
            return;
        }
    }
}

/// Takes parts of a batch until there are no more: each is the sum of its shards.
fn work<F: Float, T: Stored<F>, M: Module<F>>(
    task: Task<'_, '_, F, T>,
    model: &RwLock<&mut M>,
    tape: &mut Tape<F>,
    job: &Job<F, T>,
) -> Parts<F> {
    let mut parts = Vec::new();
    while let Some(shards) = job.take() {
        let model = model.read().unwrap_or_else(PoisonError::into_inner);
        let first = shards.start;
        let outcomes = shards.map(|shard| compute(task, tape, &**model, &job.sample(task.data, task.seed, shard)));
        parts.push((first, outcomes.collect::<Result<_, _>>().map(sum)));
    }
    parts
}

/// The loss and the outputs of a shard, recorded, and what layers saw.
fn forward<F: Float, T: Stored<F>>(
    task: Task<'_, '_, F, T>,
    tape: &Tape<F>,
    model: &impl Module<F>,
    sample: &Sample<F, T>,
) -> (Var<F>, Var<F>, Vec<Observed<Var<F>>>) {
    let mut training = Training::new(tape.input(Tensor::from(sample.key)));
    let output = model.forward_training(&tape.input(sample.inputs.clone()), &mut training);
    let loss = (task.loss)(output, tape.input(sample.targets.clone()));
    (loss, output, training.observed())
}

/// One shard: forward, loss, backward.
fn compute<F: Float, T: Stored<F>>(
    task: Task<'_, '_, F, T>,
    tape: &mut Tape<F>,
    model: &impl Module<F>,
    sample: &Sample<F, T>,
) -> Result<Outcome<F>, Failure> {
    tape.clear();
    let (loss, output, observed) = forward(task, tape, model, sample);
    let value = loss.try_value()?;
    let mean = one_number(&value).map_err(Failure::Other)?;
    if !mean.is_finite() {
        return Err(Failure::NotFinite(format!("the loss is {mean}{}", first_not_finite(tape)?)));
    }
    let gradients = loss.backward_from(Tensor::full(value.shape(), F::from_f64(sample.share)))?;
    let gradients = ModelGradients::of(model, &gradients);
    let output = output.try_value()?;
    let metrics = task.metrics.iter().map(|(_, metric)| metric(&output, &sample.targets) * sample.share).collect();
    let mut statistics = Statistics::default();
    for Observed { param, share, numbers } in observed {
        statistics.observe(Observed { param, share, numbers: numbers.try_value()? }, sample.share);
    }
    // The tape holds the parameters' buffers, and whoever takes the next part would keep them from being used again.
    tape.clear();
    Ok(Outcome { loss: mean * sample.share, metrics, gradients, observed: statistics })
}

fn is_finite<F: Float>(tensor: &Tensor<F>) -> bool {
    tensor.data().iter().all(|x| Float::to_f64(*x).is_finite())
}

/// A node in words.
fn words<F: Float>(node: &GraphNode<F>) -> String {
    let at = node.line.map_or(String::new(), |line| format!(", recorded at {line}"));
    format!("`{}` of shape {}{at}", node.name(), node.shape())
}

/// Where the first number that is not finite was made, in words.
fn first_not_finite<F: Float>(tape: &Tape<F>) -> Result<String, wengert_tape::Error> {
    let graph = GraphView::of_tape(tape)?;
    let first = graph.nodes.iter().find(|node| matches!(&node.value, Any::Real(t) if !is_finite(t)));
    Ok(first.map_or(String::new(), |node| format!("; the first number that is not finite is in {}", words(node))))
}

/// Which operation's derivative was the first of the backward pass that is not finite, in words; `None` if all are.
fn first_gradient_not_finite<F: Float>(loss: Var<F>) -> Result<Option<String>, wengert_tape::Error> {
    let gradients = loss.backward_all();
    let graph = GraphView::of_var(loss)?;
    let wrong = |node: &&GraphNode<F>| graph.gradient(node, &gradients).is_some_and(|g| !is_finite(&g));
    // The pass goes from the last node to the first: the operations that the first wrong gradient came from had right ones.
    let Some(first) = graph.nodes.iter().rev().find(wrong) else {
        return Ok(None);
    };
    let makers: Vec<String> = graph.nodes.iter().filter(|n| n.parents.contains(&first.index)).map(words).collect();
    Ok(Some(format!("the first is in the derivative of {}", makers.join(" or of "))))
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
