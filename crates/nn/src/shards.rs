//! The gradients of a mini-batch, from shards of a fixed size over any number of threads.
//!
//! What is added to what depends on the size of a shard alone: each shard has a tape of its own, and the shards are
//! summed in a fixed tree. Threads only decide who computes a shard, and not a bit of the result.

use std::any::Any as Payload;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{PoisonError, RwLock};
use std::thread;

use wengert_tape::{Any, Float, GraphView, Stored, Tape, Tensor};

use crate::data::Dataset;
use crate::error::Error;
use crate::module::{Module, Parameters};
use crate::optimisers::ModelGradients;
use crate::trainer::{Loss, Metric};

/// What all shards have in common.
pub(crate) struct Task<'a, 'b, F: Float, T: Stored<F>> {
    pub(crate) data: &'a Dataset<F, T>,
    pub(crate) loss: &'a Loss<'b, F, T>,
    pub(crate) metrics: &'a [(String, Box<Metric<'b, F, T>>)],
}

impl<F: Float, T: Stored<F>> Clone for Task<'_, '_, F, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<F: Float, T: Stored<F>> Copy for Task<'_, '_, F, T> {}

/// The loss, metrics and gradients of a shard, each times the shard's share of the batch, or of a whole batch.
pub(crate) struct Outcome<F: Float> {
    pub(crate) loss: f64,
    pub(crate) metrics: Vec<f64>,
    pub(crate) gradients: ModelGradients<F>,
}

/// Why there are no gradients.
pub(crate) enum Failure {
    /// Something is not finite.
    NotFinite(String),
    /// Anything else.
    Other(Error),
}

impl Failure {
    /// The error, in an epoch at a step.
    pub(crate) fn at(self, epoch: usize, step: usize) -> Error {
        match self {
            Failure::NotFinite(what) => Error::NotFinite { epoch, step, what },
            Failure::Other(error) => error,
        }
    }
}

impl From<wengert_tape::Error> for Failure {
    fn from(e: wengert_tape::Error) -> Self {
        Failure::Other(e.into())
    }
}

/// A shard that a thread is asked for.
struct Job {
    shard: usize,
    rows: Vec<usize>,
    share: f64,
}

/// A shard that a thread has done; what it panicked with is passed on.
type Done<F> = (usize, Result<Result<Outcome<F>, Failure>, Box<dyn Payload + Send>>);

/// Threads that compute shards beside this one, and the model that they share.
pub(crate) struct Workers<'w, 'a, 'b, F: Float, T: Stored<F>, M> {
    task: Task<'a, 'b, F, T>,
    shard: usize,
    model: &'w RwLock<&'w mut M>,
    tape: Tape<F>,
    helpers: Vec<Sender<Job>>,
    done: Receiver<Done<F>>,
}

impl<'a, 'b, F: Float, T: Stored<F>, M: Module<F> + Send + Sync> Workers<'_, 'a, 'b, F, T, M> {
    /// Runs `f` with this thread and `helpers` others at work.
    pub(crate) fn with<R>(
        task: Task<'a, 'b, F, T>,
        shard: usize,
        helpers: usize,
        model: &mut M,
        f: impl FnOnce(&mut Workers<'_, 'a, 'b, F, T, M>) -> R,
    ) -> R {
        let model = &RwLock::new(model);
        thread::scope(|scope| {
            let (give, done) = channel();
            let help = |_| {
                let (ask, jobs) = channel::<Job>();
                let give = give.clone();
                scope.spawn(move || serve(task, model, &jobs, &give));
                ask
            };
            let helpers = (0..helpers).map(help).collect();
            // When `f` is over the senders are dropped, and the helpers end.
            f(&mut Workers { task, shard, model, tape: Tape::<f64>::of::<F>(), helpers, done })
        })
    }

    /// The mean loss, metrics and gradients over the samples `rows`.
    pub(crate) fn gradients(&mut self, rows: &[usize]) -> Result<Outcome<F>, Failure> {
        let shards = rows.chunks(self.shard).enumerate();
        let workers = self.helpers.len() + 1;
        let mut parts: Vec<Option<Result<Outcome<F>, Failure>>> = Vec::new();
        parts.resize_with(shards.len(), || None);
        let job = |(shard, part): (usize, &[usize])| {
            let share = part.len() as f64 / rows.len() as f64;
            Job { shard, rows: part.to_vec(), share }
        };
        let mut asked = 0;
        for (k, part) in shards.clone().filter(|(k, _)| k % workers > 0) {
            // A helper ends only after this thread has dropped the sender.
            asked += usize::from(self.helpers[k % workers - 1].send(job((k, part))).is_ok());
        }
        for (k, part) in shards.filter(|(k, _)| k % workers == 0) {
            let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
            parts[k] = Some(compute(self.task, &mut self.tape, &**model, &job((k, part))));
        }
        for (shard, outcome) in self.done.iter().take(asked) {
            parts[shard] = Some(outcome.unwrap_or_else(|payload| resume_unwind(payload)));
        }
        let outcome = sum(parts.into_iter().flatten().collect::<Result<_, _>>()?);
        match outcome.gradients.is_finite() {
            true => Ok(outcome),
            false => Err(Failure::NotFinite("a gradient is not finite, though the loss is".into())),
        }
    }

    /// Changes the model while nobody reads it.
    pub(crate) fn update<R>(&self, f: impl FnOnce(&mut dyn Parameters<F>) -> R) -> R
    where
        M: Sized,
    {
        let mut model = self.model.write().unwrap_or_else(PoisonError::into_inner);
        f(&mut **model)
    }
}

/// A helper: computes the shards that it is asked for until nobody can ask any more.
fn serve<F: Float, T: Stored<F>, M: Module<F> + Send + Sync>(
    task: Task<'_, '_, F, T>,
    model: &RwLock<&mut M>,
    jobs: &Receiver<Job>,
    give: &Sender<Done<F>>,
) {
    let mut tape = Tape::<f64>::of::<F>();
    for job in jobs {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let model = model.read().unwrap_or_else(PoisonError::into_inner);
            compute(task, &mut tape, &**model, &job)
        }));
        if give.send((job.shard, outcome)).is_err() {
            return;
        }
    }
}

/// One shard: forward, loss, backward.
fn compute<F: Float, T: Stored<F>>(
    task: Task<'_, '_, F, T>,
    tape: &mut Tape<F>,
    model: &impl Module<F>,
    job: &Job,
) -> Result<Outcome<F>, Failure> {
    let rows = || job.rows.iter().copied();
    let (x, y) = (task.data.inputs().rows(rows()), task.data.targets().rows(rows()));
    let output = model.forward(&tape.input(x));
    let loss = (task.loss)(output, tape.input(y.clone()));
    let value = loss.try_value()?;
    if value.len() != 1 {
        return Err(Failure::Other(Error::shape(
            "trainer",
            format!("a loss of shape {} is not one number", value.shape()),
        )));
    }
    let mean = Float::to_f64(value.item());
    if !mean.is_finite() {
        return Err(Failure::NotFinite(format!("the loss is {mean}{}", first_not_finite(tape)?)));
    }
    let gradients = loss.backward_from(Tensor::full(value.shape(), F::from_f64(job.share)))?;
    let gradients = ModelGradients::of(model, &gradients);
    let output = output.try_value()?;
    let metrics = task.metrics.iter().map(|(_, metric)| metric(&output, &y) * job.share).collect();
    // The tape holds the parameters' buffers: an optimiser that finds them shared would have to copy them.
    tape.clear();
    Ok(Outcome { loss: mean * job.share, metrics, gradients })
}

/// Where the first number that is not finite was made, in words.
fn first_not_finite<F: Float>(tape: &Tape<F>) -> Result<String, wengert_tape::Error> {
    let graph = GraphView::of_tape(tape)?;
    let first = graph.nodes.iter().find(|node| match &node.value {
        Any::Real(t) => t.data().iter().any(|x| !Float::to_f64(*x).is_finite()),
        _ => false,
    });
    Ok(first.map_or(String::new(), |node| {
        let at = node.line.map_or(String::new(), |line| format!(", recorded at {line}"));
        format!("; the first number that is not finite is in `{}` of shape {}{at}", node.name(), node.shape())
    }))
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
            }
            sums.push(left);
        }
        parts = sums;
    }
    parts.pop().unwrap_or_else(|| unreachable!("a batch has at least one sample"))
}
