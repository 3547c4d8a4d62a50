//! What does not go together is refused before anything happens.

use wengert_tape::Float;

use super::Trainer;
use super::objective::{Goal, Objective};
use super::settings::{Scheduled, Settings};
use crate::data::Samples;
use crate::error::Error;

impl<F: Float, T, O: Goal<F>> Trainer<'_, F, T, O> {
    pub(super) fn check<M>(&self, model: &M, data: &dyn Samples<Batch = O::Batch>) -> Result<(), Error>
    where
        O: Objective<F, M>,
    {
        let error = |message: &str| Err(Error::shape("trainer", message));
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
        let names = self.objective.names();
        if let Some(name) = names.iter().enumerate().find(|(k, name)| *name == "loss" || names[..*k].contains(name)) {
            return error(format!("two things to measure are called `{}`", name.1));
        }
        let Some(monitor) = self.watched.monitor() else { return Ok(()) };
        if self.watched.validation.is_none() {
            return error("the best epoch is asked for, but there are no samples to validate with".into());
        }
        monitor.check(&names)
    }

    pub(super) fn check_shape<M>(&self, model: &M, data: &dyn Samples<Batch = O::Batch>) -> Result<(), Error>
    where
        O: Objective<F, M>,
    {
        let error = |message: &str| Err(Error::shape("trainer", message));
        let Settings { batch, shard, threads, accumulate, .. } = self.settings;
        match data.count() {
            0 => error("there are no samples"),
            _ if [batch, shard, threads.unwrap_or(1), accumulate].contains(&0) => {
                error("the batch, its shards and the threads must be at least 1")
            }
            samples => self.objective.check(model, data, batch.min(samples)),
        }
    }
}
