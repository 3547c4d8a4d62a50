//! What does not go together is refused before anything happens.

use wengert_tape::{Float, Shape, Stored};

use super::{Scheduled, Settings, Trainer, names};
use crate::data::Dataset;
use crate::error::Error;
use crate::module::Module;

impl<F: Float, T: Stored<F>> Trainer<'_, F, T> {
    pub(super) fn check(&self, model: &impl Module<F>, data: &Dataset<F, T>) -> Result<(), Error> {
        let error = |message: &str| Err(Error::shape("trainer", message));
        let Settings { batch, shard, threads, accumulate, .. } = self.settings;
        if [batch, shard, threads, accumulate].contains(&0) && !data.is_empty() {
            return error("the batch, its shards and the threads must be at least 1");
        }
        let limits = [("clip_value", self.settings.clip_value), ("clip_norm", self.settings.clip_norm)];
        for (name, limit) in limits {
            if let Some(limit) = limit.filter(|limit| !(*limit > 0.0)) {
                return error(&format!(
                    "{name} {limit} is not positive, and would leave nothing of a gradient or turn it round"
                ));
            }
        }
        if matches!(self.schedule, Scheduled::Both) {
            return error("a schedule of steps and one of epochs are asked for; give one of them");
        }
        if self.kept.resume && self.kept.path.is_none() {
            return error("a training is to be resumed, but no checkpoint is named");
        }
        self.check_names()?;
        let others = [Some(data), self.watched.validation, self.watched.test];
        others.into_iter().flatten().try_for_each(|data| self.check_shape(model, data))
    }

    /// Each metric has a name of its own, and what is monitored is one of them.
    fn check_names(&self) -> Result<(), Error> {
        let error = |message: String| Err(Error::shape("trainer", message));
        let names = names(&self.metrics);
        if let Some(name) = names.iter().enumerate().find(|(k, name)| *name == "loss" || names[..*k].contains(name)) {
            return error(format!("two things to measure are called `{}`", name.1));
        }
        let Some(monitor) = self.watched.monitor() else { return Ok(()) };
        if self.watched.validation.is_none() {
            return error("the best epoch is asked for, but there are no samples to validate with".into());
        }
        monitor.check(&names)
    }

    pub(super) fn check_shape(&self, model: &impl Module<F>, data: &Dataset<F, T>) -> Result<(), Error> {
        if data.is_empty() {
            return Err(Error::shape("trainer", "there are no samples"));
        }
        let samples = self.settings.batch.clamp(1, data.len());
        let batch: Shape = [samples].into_iter().chain(data.input_shape().iter().copied()).collect();
        model.output_shape(&batch).map(drop)
    }
}
