//! How a model does on a data set.

use wengert_tape::Stored;
use wengert_tape::prelude::{Float, Tape, Tensor, concat};

use super::history::Evaluation;
use super::loss::{Loss, Metric};
use crate::data::Samples;
use crate::error::Error;
use crate::module::Module;

/// The model looks at so many samples at once.
const AT_ONCE: usize = 256;

/// The loss and the metrics of a model on data that fit it. They are those of all samples, and not means over parts of
/// them: a metric such as the share of a variance that is explained is no such mean.
pub(super) fn evaluate<F: Float, T: Stored<F>>(
    loss: &Loss<'_, F, T>,
    metrics: &[(String, Box<Metric<'_, F, T>>)],
    model: &impl Module<F>,
    data: &dyn Samples<Batch = (Tensor<F>, Tensor<T>)>,
) -> Result<Evaluation, Error> {
    let (inputs, targets) = data.whole();
    let outputs: Vec<Tensor<F>> = inputs.batches(AT_ONCE).map(|x| model.forward(&x)).collect();
    let outputs = match &outputs[..] {
        [all] => all.clone(),
        parts => concat(&parts.iter().collect::<Vec<_>>(), 0),
    };
    let tape = Tape::<f64>::of::<F>();
    let loss = loss(tape.input(outputs.clone()), tape.input(targets.clone())).try_value()?;
    let metrics = metrics.iter().map(|(name, metric)| (name.clone(), metric(&outputs, &targets))).collect();
    Ok(Evaluation { loss: one_number(&loss)?, metrics })
}

/// The value of a loss.
///
/// # Errors
/// If it is not one number.
pub(super) fn one_number<F: Float>(loss: &Tensor<F>) -> Result<f64, Error> {
    match loss.data() {
        [value] => Ok(Float::to_f64(*value)),
        _ => Err(Error::shape("trainer", format!("a loss of shape {} is not one number", loss.shape()))),
    }
}
