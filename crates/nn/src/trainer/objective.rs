//! What a trainer makes small: a loss of outputs and targets, or any loss of a model and a batch.

use std::marker::PhantomData;

use wengert_tape::{Float, Shape, Stored, Tape, Tensor, Var};

use super::apart;
use super::evaluate::{evaluate, one_number};
use super::history::Evaluation;
use super::loss::{Cutting, Loss, Metrics};
use crate::data::{Batch, OnTape, Samples};
use crate::error::Error;
use crate::module::Module;
use crate::training::Training;

/// What a trainer makes small.
pub trait Goal<F: Float>: Send + Sync {
    /// On what.
    type Batch: Batch<F>;

    /// The names of what else is measured.
    fn names(&self) -> Vec<String>;
}

/// What a trainer makes small, of a model of this type.
#[diagnostic::on_unimplemented(
    message = "this trainer does not train a `{M}`",
    label = "this trainer is for other models",
    note = "`Trainer::new` is for a `Module`, whose outputs the loss compares with targets; for any other model, or a loss that \
            sees the model itself, there is `Trainer::of(|model: &Model, batch, training| ..)`"
)]
pub trait Objective<F: Float, M: ?Sized>: Goal<F> {
    /// The loss of a batch, and the outputs that are measured.
    fn record(
        &self,
        model: &M,
        batch: &Self::Batch,
        tape: &Tape<F>,
        training: &mut Training<Var<F>>,
    ) -> (Var<F>, Option<Var<F>>);

    /// What else is measured, as the mean over a batch.
    fn measure(&self, output: &Tensor<F>, batch: &Self::Batch) -> Vec<f64>;

    /// Whether batches of so many samples fit the model.
    fn check(&self, model: &M, data: &dyn Samples<Batch = Self::Batch>, samples: usize) -> Result<(), Error>;

    /// Whether the model in training, or the loss, needs all samples of a batch together.
    fn needs_whole_batches(
        &self,
        model: &M,
        data: &dyn Samples<Batch = Self::Batch>,
        cutting: Cutting,
    ) -> Result<bool, Error>;

    /// How the model does.
    fn evaluate(&self, model: &M, data: &dyn Samples<Batch = Self::Batch>) -> Result<Evaluation, Error>;
}

/// A loss of the outputs of a module and what is wanted.
pub struct Supervised<'a, F: Float, T: Stored<F>> {
    pub(super) loss: Box<Loss<'a, F, T>>,
    pub(super) metrics: Metrics<'a, F, T>,
}

impl<F: Float, T: Stored<F>> Goal<F> for Supervised<'_, F, T> {
    type Batch = (Tensor<F>, Tensor<T>);

    fn names(&self) -> Vec<String> {
        self.metrics.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl<F: Float, T: Stored<F>, M: Module<F>> Objective<F, M> for Supervised<'_, F, T> {
    fn record(
        &self,
        model: &M,
        batch: &Self::Batch,
        tape: &Tape<F>,
        training: &mut Training<Var<F>>,
    ) -> (Var<F>, Option<Var<F>>) {
        let (inputs, targets) = batch.record(tape);
        let output = model.forward_training(&inputs, training);
        ((self.loss)(output, targets), Some(output))
    }

    fn measure(&self, output: &Tensor<F>, (_, targets): &Self::Batch) -> Vec<f64> {
        self.metrics.iter().map(|(_, metric)| metric(output, targets)).collect()
    }

    fn check(&self, model: &M, data: &dyn Samples<Batch = Self::Batch>, samples: usize) -> Result<(), Error> {
        let (inputs, _) = data.whole();
        let batch: Shape = [samples].into_iter().chain(inputs.shape()[1..].iter().copied()).collect();
        model.output_shape(&batch).map(drop)
    }

    fn needs_whole_batches(
        &self,
        model: &M,
        data: &dyn Samples<Batch = Self::Batch>,
        cutting: Cutting,
    ) -> Result<bool, Error> {
        apart::needs_whole_batches(&*self.loss, model, data, cutting)
    }

    fn evaluate(&self, model: &M, data: &dyn Samples<Batch = Self::Batch>) -> Result<Evaluation, Error> {
        evaluate(&*self.loss, &self.metrics, model, data)
    }
}

/// A loss of a model and a batch, which is `R` on the tape.
pub struct Own<L, M: ?Sized, R> {
    loss: L,
    of: PhantomData<fn(&M, R)>,
}

impl<L, M: ?Sized, R> Own<L, M, R> {
    pub(super) fn new(loss: L) -> Self {
        Own { loss, of: PhantomData }
    }
}

/// The loss of [`Own`] in a trainer.
pub(super) type OwnLoss<'a, F, M, R> = Box<dyn Fn(&M, R, &mut Training<Var<F>>) -> Var<F> + Send + Sync + 'a>;

impl<F: Float, L: Send + Sync, M: ?Sized, R: OnTape<F>> Goal<F> for Own<L, M, R> {
    type Batch = R::Batch;

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// In a look at a data set so many samples are looked at at once.
const AT_ONCE: usize = 256;

impl<F, L, M, R> Objective<F, M> for Own<L, M, R>
where
    F: Float,
    L: Fn(&M, R, &mut Training<Var<F>>) -> Var<F> + Send + Sync,
    M: ?Sized,
    R: OnTape<F>,
{
    fn record(
        &self,
        model: &M,
        batch: &Self::Batch,
        tape: &Tape<F>,
        training: &mut Training<Var<F>>,
    ) -> (Var<F>, Option<Var<F>>) {
        ((self.loss)(model, batch.record(tape), training), None)
    }

    fn measure(&self, _: &Tensor<F>, _: &Self::Batch) -> Vec<f64> {
        Vec::new()
    }

    fn check(&self, _: &M, _: &dyn Samples<Batch = Self::Batch>, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn needs_whole_batches(
        &self,
        model: &M,
        data: &dyn Samples<Batch = Self::Batch>,
        cutting: Cutting,
    ) -> Result<bool, Error> {
        let loss = |batch: &Self::Batch, tape: &Tape<F>, training: &mut Training<Var<F>>| {
            self.record(model, batch, tape, training).0
        };
        apart::loss_needs_whole_batches(&loss, data, cutting)
    }

    /// The mean over batches, as layers are in use and not in training.
    fn evaluate(&self, model: &M, data: &dyn Samples<Batch = Self::Batch>) -> Result<Evaluation, Error> {
        let rows: Vec<usize> = (0..data.count()).collect();
        let mut tape = Tape::<f64>::of::<F>();
        let mut sum = 0.0;
        for (k, rows) in rows.chunks(AT_ONCE).enumerate() {
            tape.clear();
            let mut use_of_it = Training::in_use_with(tape.input(Tensor::from([0, k as i64])));
            let (loss, _) = self.record(model, &data.pick(rows), &tape, &mut use_of_it);
            sum += one_number(&loss.try_value()?)? * rows.len() as f64;
        }
        Ok(Evaluation { loss: sum / rows.len() as f64, metrics: Vec::new() })
    }
}
