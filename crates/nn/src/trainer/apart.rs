//! Whether a batch may be cut into shards: not where a layer or the loss looks at several samples together.
//!
//! A layer says so in a dry run. A model or a loss of one's own need not: they are tried, on the numbers of the first batch
//! and on all targets, and what they say of a part of a batch is compared with what they say of it in the whole.

use wengert_tape::Stored;
use wengert_tape::prelude::{Algebra, Float, Shape, Tape, Tensor, Var, concat};

use super::loss::{Cutting, Loss};
use crate::data::{Samples, order};
use crate::error::Error;
use crate::module::Module;
use crate::training::Training;

/// Samples that a [`Module`] learns from.
type Pairs<'a, F, T> = dyn Samples<Batch = (Tensor<F>, Tensor<T>)> + 'a;

/// Whether `model` in training, or the loss, needs all samples of a batch together.
///
/// # Errors
/// If a layer needs more samples than the smallest batch has.
pub(super) fn needs_whole_batches<F: Float, T: Stored<F>>(
    loss: &Loss<'_, F, T>,
    model: &impl Module<F>,
    data: &Pairs<'_, F, T>,
    Cutting { batch, shard, seed }: Cutting,
) -> Result<bool, Error> {
    let (inputs, targets) = data.whole();
    let (samples, batch) = (data.count(), batch.min(data.count()));
    let shape = |n: usize| -> Shape { [n].into_iter().chain(inputs.shape()[1..].iter().copied()).collect() };
    if Training::looks_at_all(model, &shape(batch))? {
        // A last batch of one sample is not: it joins the one before.
        let last = samples % batch;
        if last > 1 {
            Training::looks_at_all(model, &shape(last))?;
        }
        return Ok(true);
    }
    if batch <= shard {
        return Ok(false);
    }
    let order = order(samples, seed, 1);
    let rows = &order[..batch];
    let (whole, part) = [rows, &rows[..shard]].map(|rows| inputs.rows(rows.iter().copied())).into();
    let outputs = model.forward(&whole);
    if !begins_with(&outputs, &model.forward(&part)) {
        return Ok(true);
    }
    let pass = |x: &Tensor<F>| {
        let mut training = Training::new(Tensor::from([seed.cast_signed(), 0]));
        let outputs = model.forward_training(x, &mut training);
        (!training.drew()).then_some(outputs)
    };
    // What is drawn for a batch is not what is drawn for a part of it.
    if let (Some(whole), Some(part)) = (pass(&whole), pass(&part))
        && !begins_with(&whole, &part)
    {
        return Ok(true);
    }
    Ok(order.chunks(batch).any(|rows| !is_mean(loss, &targets, &outputs, rows, shard)))
}

/// What a batch shows of a loss.
struct Look<F: Float> {
    value: Tensor<F>,
    drew: bool,
    looked: bool,
}

/// Whether a loss of a model and a batch needs all samples together: a layer looks at all, or the first batch shows that
/// the loss is no mean over samples. Where something is drawn the batch alone cannot show it, since a part draws other numbers.
pub(super) fn loss_needs_whole_batches<F: Float, B: Samples<Batch = B> + Clone + Send + 'static>(
    loss: &dyn Fn(&B, &Tape<F>, &mut Training<Var<F>>) -> Var<F>,
    data: &dyn Samples<Batch = B>,
    Cutting { batch, shard, seed }: Cutting,
) -> Result<bool, Error> {
    let samples = batch.min(data.count());
    let order = order(data.count(), seed, 1);
    let (first, rest) = order[..samples].split_at(shard.min(samples));
    let look = |rows: &[usize]| -> Result<Look<F>, Error> {
        let tape = Tape::<f64>::of::<F>();
        let mut training = Training::new(tape.input(Tensor::from([seed.cast_signed(), 0])));
        let loss = loss(&data.pick(rows), &tape, &mut training);
        Ok(Look { value: loss.try_value()?, drew: training.drew(), looked: training.looked() })
    };
    let whole = look(&order[..samples])?;
    // What is wrong with a loss that is not one number is said where it is trained with.
    if whole.looked || whole.drew || rest.is_empty() || whole.value.len() != 1 {
        return Ok(whole.looked);
    }
    let [all, a, b] = [whole.value, look(first)?.value, look(rest)?.value].map(|value| Float::to_f64(value.data()[0]));
    let share = first.len() as f64 / samples as f64;
    Ok(!same(&[all, share * a, (1.0 - share) * b], &[share * a + (1.0 - share) * b, share * a, (1.0 - share) * b]))
}

/// Whether the outputs of the first samples are the same without the others.
fn begins_with<F: Float>(whole: &Tensor<F>, part: &Tensor<F>) -> bool {
    match (whole.shape().split_first(), part.shape().split_first()) {
        (Some((_, row)), Some((_, of_part))) if row == of_part && part.len() <= whole.len() => {
            same(&whole.data()[..part.len()], part.data())
        }
        _ => false,
    }
}

/// Whether the loss of the samples at `rows`, with any `outputs`, is the mean of what it is for the first of them and for
/// the others: in its value, and in the gradient by the outputs.
fn is_mean<F: Float, T: Stored<F>>(
    loss: &Loss<'_, F, T>,
    targets: &Tensor<T>,
    outputs: &Tensor<F>,
    rows: &[usize],
    shard: usize,
) -> bool {
    if rows.len() <= shard {
        return true;
    }
    let look = |from: usize, to: usize| {
        let tape = Tape::<f64>::of::<F>();
        let y = tape.var(outputs.rows(from..to));
        let loss = loss(y, tape.input(targets.rows(rows[from..to].iter().copied())));
        let value = loss.try_value().ok().filter(|value| value.len() == 1)?;
        let gradient = loss.try_backward().ok()?.get(y).cloned();
        let share = F::from_f64((to - from) as f64 / rows.len() as f64);
        let gradient = gradient.unwrap_or_else(|_| Tensor::zeros(y.shape()));
        Some((value.item(), share * value.item(), gradient.map(|x| share * x)))
    };
    // What is wrong with a loss that is no number, or has no gradient, is said where it is trained with.
    let (Some(all), Some(first), Some(rest)) = (look(0, rows.len()), look(0, shard), look(shard, rows.len())) else {
        return true;
    };
    let parts = concat(&[&first.2, &rest.2], 0);
    // In the measure of the parts: they may nearly cancel.
    let sum = first.1 + rest.1;
    let values =
        if sum.is_finite() { same(&[all.0, first.1, rest.1], &[sum, first.1, rest.1]) } else { same(&[all.0], &[sum]) };
    values && same(all.2.data(), parts.data())
}

/// Whether numbers of a part are those of the whole but for rounding, in the measure of the largest. If the whole is not
/// finite nothing can be said; a part that is not, of a whole that is, says that it needs the rest.
fn same<F: Float>(whole: &[F], part: &[F]) -> bool {
    let numbers = |x: &[F]| x.iter().map(|x| Float::to_f64(*x)).collect::<Vec<_>>();
    let (whole, part) = (numbers(whole), numbers(part));
    if !whole.iter().all(|x| x.is_finite()) {
        return true;
    }
    let bound = Float::to_f64(F::epsilon()).sqrt() * whole.iter().fold(0.0, |largest, x| x.abs().max(largest));
    whole.iter().zip(part).all(|(a, b)| (a - b).abs() <= bound)
}
