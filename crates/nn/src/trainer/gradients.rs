//! The gradient of a batch as one function.

use std::panic::{Location, resume_unwind};
use std::thread;

use wengert_tape::{Float, Tape, Var, from_line, through_pointer};

use super::HERE;
use super::feed::{Cut, Shard};
use super::objective::Own;
use super::shards::{Failure, Job, Outcome, Task, on, together, work};
use crate::data::Batch;
use crate::error::Error;
use crate::module::Parameters;
use crate::optimisers::{ModelGradients, Optimiser, Step};
use crate::training::{Statistics, Training};

/// How the gradient of a batch is computed: in shards of a fixed size, each on a tape of its own, over any number of threads. The
/// gradients of the shards are summed in a fixed tree, so that the bits do not depend on the number of threads. A
/// [`Trainer`](crate::Trainer) does nothing else.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rng = &mut generator(1);
/// let mut model = Mlp::<f32>::new(&[64, 32, 10], Activation::Relu, rng).output(Activation::Identity);
/// let (data, mut optimiser) = (digits::<f32>().flattened(), Adam::new(0.01));
/// let shards = Shards::new(16).threads(2);
/// let mut losses = Vec::new();
/// for (step, batch) in data.batches(64).shuffled(rng).enumerate() {
///     let mut gradients = shards.gradients(&model, &batch, (7, step), |model, (x, y), training| {
///         cross_entropy(model.forward_training(&x, training), y)
///     })?;
///     gradients.clip_norm(1.0);
///     losses.push(gradients.loss);
///     gradients.step(&mut optimiser, &mut model);
/// }
/// assert!(losses[28] < 0.5 * losses[0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    size: usize,
    threads: Option<usize>,
}

impl Shards {
    /// Shards of so many samples, on this thread. Another number rounds differently; the number of threads does not.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "shards: a shard of 0 samples");
        Shards { size, threads: None }
    }

    /// Batches that are not cut: for a loss that is no mean over samples, such as one of pairs of them.
    pub fn whole() -> Self {
        Shards { size: usize::MAX, threads: None }
    }

    /// With a number of threads: of those that take shards, of which more than there are shards are not used, and for large operations
    /// where there is one shard. If this is not called, large operations take as many as [`threads`](wengert_tape::threads) says.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn threads(self, threads: usize) -> Self {
        assert!(threads > 0, "shards: 0 threads");
        Shards { threads: Some(threads), ..self }
    }

    /// The loss of a model on a batch, and its gradients. `loss` gets the model, a shard of the batch on a tape, and the
    /// [`Training`] for layers that do other in training than in use; it must be a mean over samples. Where a layer looks at all
    /// samples together, such as a [`BatchNorm`](crate::BatchNorm), the batch is not cut.
    ///
    /// What is random follows from `seed`, the number `step` of the batch among all, and the shard.
    ///
    /// # Errors
    /// If the batch is empty, the loss is not one number, or the loss or a gradient is not finite.
    ///
    /// # Panics
    /// If the loss panics, or the parts of the batch are not as many.
    #[track_caller]
    pub fn gradients<F: Float, M: Parameters<F> + Sync, B: Batch<F>>(
        &self,
        model: &M,
        batch: &B,
        (seed, step): (u64, usize),
        loss: impl Fn(&M, B::Recorded, &mut Training<Var<F>>) -> Var<F> + Send + Sync,
    ) -> Result<BatchGradients<F>, Error> {
        let objective = Own::<_, M, B::Recorded>::new(loss);
        let task = Task { data: batch, objective: &objective, seed, strict: true, line: Location::caller() };
        if batch.count() == 0 {
            return Err(Error::shape("gradients", "there are no samples in the batch"));
        }
        let run = |size| run(task, model, size, self.threads.unwrap_or(1), step);
        let all = || match run(self.size) {
            Err(Failure::NeedsWhole) => run(usize::MAX),
            done => done,
        };
        let outcome = through_pointer(HERE, || on(self.threads, all));
        match outcome {
            Ok(Outcome { loss, gradients, observed, .. }) => {
                Ok(BatchGradients { loss, samples: batch.count(), gradients, observed })
            }
            Err(Failure::Other(error)) => Err(error),
            Err(Failure::NotFinite(what)) => Err(Error::shape("gradients", what)),
            Err(Failure::NeedsWhole) => unreachable!("the batch was whole"),
        }
    }
}

/// All shards of a batch, on threads that live as long.
fn run<F: Float, M: Parameters<F> + Sync, B: Batch<F>>(
    task: Task<'_, F, M, B>,
    model: &M,
    size: usize,
    threads: usize,
    step: usize,
) -> Result<Outcome<F>, Failure> {
    let samples = task.data.count();
    let rows: Vec<usize> = (0..samples).collect();
    let shards: Vec<Shard<B>> = match size >= samples {
        true => vec![Shard::Ready(task.data.whole())],
        false => rows.chunks(size).map(|rows| Shard::Rows(rows.to_vec())).collect(),
    };
    let threads = threads.min(shards.len());
    let job = &Job::new(Cut { shards, samples }, step, threads);
    let mut tape = Tape::<f64>::of::<F>();
    let parts = thread::scope(|scope| {
        let work_there = move || work(task, model, &mut Tape::<f64>::of::<F>(), job);
        let help = |_| scope.spawn(move || from_line(HERE, task.line, work_there));
        let helpers: Vec<_> = (1..threads).map(help).collect();
        let mut parts = work(task, model, &mut tape, job);
        for helper in helpers {
            parts.extend(helper.join().unwrap_or_else(|payload| resume_unwind(payload)));
        }
        parts
    });
    together(task, model, &mut tape, job, parts)
}

/// The loss of a batch, the gradients of a model's parameters, and what its layers saw: [`Shards::gradients`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut model = Linear::<f64>::new(2, 1, &mut generator(1));
/// let batch = (Tensor::ones([5, 2]), Tensor::ones([5, 1]));
/// let mut gradients =
///     Shards::whole().gradients(&model, &batch, (7, 1), |model, (x, y), _| mse(model.forward(&x), y))?;
/// assert_eq!(gradients.samples, 5);
/// gradients.clip_norm(1.0);
/// let step = gradients.step(&mut Sgd::new(0.1), &mut model);
/// assert_eq!(step.updated, 2);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchGradients<F: Float> {
    /// The loss: the mean over the samples of the batch.
    pub loss: f64,
    /// The number of samples.
    pub samples: usize,
    /// The gradients of the loss.
    pub gradients: ModelGradients<F>,
    observed: Statistics<F>,
}

impl<F: Float> BatchGradients<F> {
    /// [`ModelGradients::clip_norm`] of the gradients.
    pub fn clip_norm(&mut self, limit: f64) -> f64 {
        self.gradients.clip_norm(limit)
    }

    /// A step of an optimiser; then the model's running statistics follow what its layers saw in the batch, such as the mean
    /// and the variance of a [`BatchNorm`](crate::BatchNorm).
    ///
    /// # Panics
    /// If a layer saw something for a parameter that `model` has not: it is another model than that of the gradients.
    #[track_caller]
    pub fn step(self, optimiser: &mut dyn Optimiser<F>, model: &mut dyn Parameters<F>) -> Step {
        let step = optimiser.step(model, &self.gradients);
        self.observed.move_all(model);
        step
    }
}
