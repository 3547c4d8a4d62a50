//! Whether a batch may be cut into shards: not where a layer or the loss looks at several samples together.
//!
//! A layer says so in a dry run. A model or a loss of one's own need not: they are tried, on the numbers of the first batch
//! and on all targets, and what they say of a part of a batch is compared with what they say of it in the whole. The part is a
//! shard, and a third of a batch, so that as much is found out where a batch is one shard: the last batch may be of one sample.

use wengert_tape::Stored;
use wengert_tape::prelude::{Algebra, Float, Shape, Tape, Tensor, Var, concat, try_with};

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
    let order = order(samples, seed, 1);
    let whole = inputs.rows(order[..batch].iter().copied());
    let pass = |x: &Tensor<F>| {
        let mut training = Training::new(Tensor::from([seed.cast_signed(), 0]));
        let outputs = model.forward_training(x, &mut training);
        (!training.drew()).then_some(outputs)
    };
    let (outputs, in_training) = (model.forward(&whole), pass(&whole));
    for cut in cuts(batch, batch, shard) {
        let part = whole.rows(0..cut);
        // What is drawn for a batch is not what is drawn for a part of it.
        let of_part = try_with(|| (model.forward(&part), in_training.as_ref().and_then(|_| pass(&part))));
        let Ok((of_part, part_in_training)) = of_part else { return Ok(true) };
        let same_in_training = match (&in_training, &part_in_training) {
            (Some(whole), Some(part)) => begins_with(whole, part),
            _ => true,
        };
        if !begins_with(&outputs, &of_part) || !same_in_training {
            return Ok(true);
        }
    }
    let is_mean = |rows: &[usize]| {
        cuts(rows.len(), batch, shard).into_iter().all(|cut| is_mean(loss, &targets, &outputs, rows, cut))
    };
    Ok(!order.chunks(batch).all(is_mean))
}

/// After how many samples one of the batches is cut, to see whether its parts are the whole: a last batch that is no longer
/// than a shard is not.
fn cuts(samples: usize, batch: usize, shard: usize) -> Vec<usize> {
    // An odd number: where there are as many samples of one class as of another, half of them may be as the whole is.
    let third = if samples == batch { (samples / 3) | 1 } else { 0 };
    let mut cuts = vec![shard, third];
    cuts.retain(|cut| (1..samples).contains(cut));
    cuts
}

/// What a batch shows of a loss.
struct Look<F: Float> {
    value: Tensor<F>,
    drew: bool,
    looked: bool,
}

/// So many batches show of a loss of a model whether it is a mean over samples: each costs some forward passes.
const BATCHES: usize = 4;

/// Whether a loss of a model and a batch needs all samples together: a layer looks at all, or the first batches show that
/// the loss is no mean over samples. Where something is drawn the batch alone cannot show it, since a part draws other numbers.
pub(super) fn loss_needs_whole_batches<F: Float, B: Samples<Batch = B> + Clone + Send + 'static>(
    loss: &dyn Fn(&B, &Tape<F>, &mut Training<Var<F>>) -> Var<F>,
    data: &dyn Samples<Batch = B>,
    Cutting { batch, shard, seed }: Cutting,
) -> Result<bool, Error> {
    let samples = batch.min(data.count());
    let look = |rows: &[usize]| -> Result<Look<F>, Error> {
        let tape = Tape::<f64>::of::<F>();
        let mut training = Training::new(tape.input(Tensor::from([seed.cast_signed(), 0])));
        let loss = loss(&data.pick(rows), &tape, &mut training);
        Ok(Look { value: loss.try_value()?, drew: training.drew(), looked: training.looked() })
    };
    let number = |look: Look<F>| look.value.data().first().map_or(f64::NAN, |x| Float::to_f64(*x));
    for rows in order(data.count(), seed, 1).chunks_exact(samples.max(1)).take(BATCHES) {
        let whole = look(rows)?;
        // What is wrong with a loss that is not one number is said where it is trained with.
        if whole.looked || whole.drew || whole.value.len() != 1 {
            return Ok(whole.looked);
        }
        let all = number(whole);
        for cut in cuts(samples, samples, shard) {
            let (first, rest) = rows.split_at(cut);
            let parts = try_with(|| Ok::<_, Error>([number(look(first)?), number(look(rest)?)]));
            // Parts that are refused, where the whole is not, need each other.
            let Ok(parts) = parts else { return Ok(true) };
            let ([a, b], share) = (parts?, first.len() as f64 / samples as f64);
            let (a, b) = (share * a, (1.0 - share) * b);
            if !same(&[all, a, b], &[a + b, a, b]) {
                return Ok(true);
            }
        }
    }
    Ok(false)
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
/// the others, from `cut` on: in its value, and in the gradient by the outputs.
fn is_mean<F: Float, T: Stored<F>>(
    loss: &Loss<'_, F, T>,
    targets: &Tensor<T>,
    outputs: &Tensor<F>,
    rows: &[usize],
    cut: usize,
) -> bool {
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
    let Some(all) = look(0, rows.len()) else { return true };
    // Parts that are refused, where the whole is not, need each other.
    let Ok(parts) = try_with(|| (look(0, cut), look(cut, rows.len()))) else { return false };
    let (Some(first), Some(rest)) = parts else { return true };
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
