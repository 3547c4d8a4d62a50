//! The gradients of a mini-batch, from shards of a fixed size over any number of threads.
//!
//! What is added to what depends on the size of a shard alone: each shard has a tape of its own, and the shards are
//! summed in a fixed tree. Threads only decide who computes a shard, and not a bit of the result.

use std::any::Any as Payload;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{PoisonError, RwLock};
use std::thread::Scope;

use wengert_tape::{Any, Float, GraphNode, GraphView, Stored, Tape, Tensor, Var};

use super::feed::Batch;
use super::{Loss, Metric};
use crate::error::Error;
use crate::module::{Module, Parameters};
use crate::optimisers::ModelGradients;
use crate::training::{Observed, Training};

/// What all shards have in common.
pub(super) struct Task<'a, 'b, F: Float, T: Stored<F>> {
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
    pub(super) observed: Vec<Observed<Tensor<F>>>,
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

/// A shard that a thread is asked for.
struct Job<F: Float, T: Stored<F>> {
    shard: usize,
    inputs: Tensor<F>,
    targets: Tensor<T>,
    share: f64,
    /// What is random in the shard follows from it.
    key: [i64; 2],
}

/// A shard that a thread has done; what it panicked with is passed on.
type Done<F> = (usize, Result<Result<Outcome<F>, Failure>, Box<dyn Payload + Send>>);

/// Threads that compute shards beside this one, and the model that they share.
pub(super) struct Workers<'w, 'a, 'b, F: Float, T: Stored<F>, M> {
    task: Task<'a, 'b, F, T>,
    model: &'w RwLock<&'w mut M>,
    tape: Tape<F>,
    helpers: Vec<Sender<Job<F, T>>>,
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
            let (ask, jobs) = channel::<Job<F, T>>();
            let give = give.clone();
            scope.spawn(move || serve(task, model, &jobs, &give));
            ask
        };
        Workers { task, model, tape: Tape::<f64>::of::<F>(), helpers: (0..helpers).map(help).collect(), done }
    }

    /// The mean loss, metrics and gradients over the samples of a batch, which is number `step` of all.
    pub(super) fn gradients(&mut self, batch: &Batch<F, T>, step: usize) -> Result<Outcome<F>, Failure> {
        let workers = self.helpers.len() + 1;
        let job = |shard: usize| {
            let (inputs, targets) = &batch.shards[shard];
            let share = targets.shape()[0] as f64 / batch.samples as f64;
            let number = (step << 20 | shard) as i64;
            let key = [self.task.seed as i64, number];
            Job { shard, inputs: inputs.clone(), targets: targets.clone(), share, key }
        };
        let mut parts: Vec<Option<Result<Outcome<F>, Failure>>> = Vec::new();
        parts.resize_with(batch.shards.len(), || None);
        let mut asked = 0;
        for shard in (0..batch.shards.len()).filter(|shard| shard % workers > 0) {
            // A helper ends only after this thread has dropped the sender.
            asked += usize::from(self.helpers[shard % workers - 1].send(job(shard)).is_ok());
        }
        for shard in (0..batch.shards.len()).step_by(workers) {
            let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
            parts[shard] = Some(compute(self.task, &mut self.tape, &**model, &job(shard)));
        }
        for (shard, outcome) in self.done.iter().take(asked) {
            parts[shard] = Some(outcome.unwrap_or_else(|payload| resume_unwind(payload)));
        }
        let outcome = sum(parts.into_iter().flatten().collect::<Result<_, _>>()?);
        if outcome.gradients.is_finite() {
            return Ok(outcome);
        }
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        for shard in 0..batch.shards.len() {
            self.tape.clear();
            let (loss, ..) = forward(self.task, &self.tape, &**model, &job(shard));
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

/// A helper: computes the shards that it is asked for until nobody can ask any more.
fn serve<F: Float, T: Stored<F>, M: Module<F> + Send + Sync>(
    task: Task<'_, '_, F, T>,
    model: &RwLock<&mut M>,
    jobs: &Receiver<Job<F, T>>,
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

/// The loss and the outputs of a shard, recorded, and what layers saw.
fn forward<F: Float, T: Stored<F>>(
    task: Task<'_, '_, F, T>,
    tape: &Tape<F>,
    model: &impl Module<F>,
    job: &Job<F, T>,
) -> (Var<F>, Var<F>, Vec<Observed<Var<F>>>) {
    let mut training = Training::new(tape.input(Tensor::from(job.key)));
    let output = model.forward_training(&tape.input(job.inputs.clone()), &mut training);
    let loss = (task.loss)(output, tape.input(job.targets.clone()));
    (loss, output, training.observed())
}

/// One shard: forward, loss, backward.
fn compute<F: Float, T: Stored<F>>(
    task: Task<'_, '_, F, T>,
    tape: &mut Tape<F>,
    model: &impl Module<F>,
    job: &Job<F, T>,
) -> Result<Outcome<F>, Failure> {
    tape.clear();
    let (loss, output, observed) = forward(task, tape, model, job);
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
    let metrics = task.metrics.iter().map(|(_, metric)| metric(&output, &job.targets) * job.share).collect();
    let share = F::from_f64(job.share);
    let observed = observed.into_iter().map(|seen| {
        let numbers = seen.numbers.try_value()?.map(|x| share * x);
        Ok(Observed { param: seen.param, share: seen.share, numbers })
    });
    let observed = observed.collect::<Result<_, wengert_tape::Error>>()?;
    // The tape holds the parameters' buffers: an optimiser that finds them shared would have to copy them.
    tape.clear();
    Ok(Outcome { loss: mean * job.share, metrics, gradients, observed })
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
                left.observed.iter_mut().zip(&right.observed).for_each(|(a, b)| a.numbers += &b.numbers);
            }
            sums.push(left);
        }
        parts = sums;
    }
    parts.pop().unwrap_or_else(|| unreachable!("a batch has at least one sample"))
}
