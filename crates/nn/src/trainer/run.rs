//! One training, from its beginning or from a checkpoint to its end.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use wengert_tape::{Float, Tensor};

use super::checkpoint;
use super::feed::Cut;
use super::history::{Epoch, Evaluation, History, Progress};
use super::objective::Objective;
use super::settings::{Followers, Kept, Scheduled, Settings, Watched};
use super::shards::{Outcome, Task, Workers};
use super::state::TrainingState;
use crate::data::{Batch, Samples};
use crate::error::Error;
use crate::module::{Name, Parameters};
use crate::optimisers::{ModelGradients, Optimiser};
use crate::training::Statistics;

/// Everything that a training works with.
pub(super) struct Run<'r, 'w, 'a, 'b, F: Float, M, B> {
    pub(super) settings: &'r Settings,
    pub(super) task: Task<'a, F, M, B>,
    pub(super) schedule: &'r mut Scheduled<'b>,
    pub(super) watched: &'r Watched<'b, B>,
    pub(super) kept: &'r Kept,
    pub(super) followers: &'r mut Followers<'b>,
    pub(super) workers: Workers<'w, 'a, F, M, B>,
    pub(super) optimiser: &'r mut dyn Optimiser<F>,
    pub(super) state: TrainingState<F>,
}

impl<F: Float, M: Parameters<F> + Send + Sync, B: Batch<F>> Run<'_, '_, '_, '_, F, M, B> {
    pub(super) fn go(mut self, mut batches: impl Iterator<Item = Cut<B>>) -> Result<History, Error> {
        let steps = self.settings.steps(self.task.data.count());
        let mut pending: Option<Pending<F>> = None;
        let (mut partial, mut due) = (None, false);
        while self.state.epoch <= self.settings.epochs && !self.waited_enough() {
            let Some(batch) = batches.next() else { break };
            self.state.step += 1;
            let number = (self.state.epoch - 1) * steps + self.state.step;
            let samples = batch.samples;
            let Outcome { loss, metrics, gradients, observed } = self.gradients(batch, number)?;
            self.state.note(loss, &metrics, samples);
            let ends = self.state.step == steps;
            let mean = Pending::after(pending.take(), gradients, samples);
            let ready = match mean.batches == self.settings.accumulate || ends {
                true => Some(mean.gradients),
                false => {
                    pending = Some(mean);
                    None
                }
            };
            self.change(ready, &observed)?;
            self.tell(steps, Moment::Step, None);
            let flagged = self.followers.stop.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
            let stops = flagged && pending.is_none();
            if ends {
                self.end_epoch(steps)?;
            }
            // Gradients that wait for others are not kept: a checkpoint that is due waits for the step.
            due |= self.kept.every.is_some_and(|every| number.is_multiple_of(every));
            if ends || stops || due && pending.is_none() {
                self.keep()?;
                due = false;
            }
            if stops {
                if !ends {
                    self.tell(steps, Moment::Epoch, None);
                    partial = Some(self.state.epoch_now(None, None));
                }
                return Ok(self.finish(partial, true));
            }
        }
        Ok(self.finish(partial, false))
    }

    /// The gradients over a batch, or why there are none and where a good model is.
    fn gradients(&mut self, batch: Cut<B>, number: usize) -> Result<Outcome<F>, Error> {
        self.workers
            .gradients(batch, number)
            .map_err(|failure| failure.at(self.state.epoch, self.state.step, self.checkpoint()))
    }

    /// The file of the last checkpoint of this training.
    fn checkpoint(&self) -> Option<PathBuf> {
        self.kept.path.clone().filter(|_| self.state.kept)
    }

    /// A step of the optimiser, if there are gradients for one, and what layers saw; neither if something would not be
    /// finite after it.
    fn change(&mut self, gradients: Option<ModelGradients<F>>, observed: &Statistics<F>) -> Result<(), Error> {
        if gradients.is_none() && observed.is_empty() {
            return Ok(());
        }
        let mut before: Vec<Tensor<F>> = Vec::new();
        self.workers.read(|model| model.visit(Name::ROOT, &mut |_, param| before.push(param.value().clone())));
        if let Some(gradients) = gradients {
            self.update(gradients);
        }
        self.workers.update(|model| observed.follow(model));
        let rate = self.optimiser.rate();
        let Some(what) = self.workers.read(|model| first_not_finite(model, &before)) else { return Ok(()) };
        let mut values = before.into_iter();
        self.workers.update(|model| {
            model.visit_mut(Name::ROOT, &mut |_, param| {
                values.by_ref().take(1).for_each(|value| *param.value_mut() = value)
            });
        });
        let what = format!("the step, at a rate of {rate}, makes {what}");
        let TrainingState { epoch, step, .. } = self.state;
        Err(Error::NotFinite { epoch, step, what, checkpoint: self.checkpoint() })
    }

    /// A step of the optimiser.
    fn update(&mut self, mut gradients: ModelGradients<F>) {
        if let Some(limit) = self.settings.clip_value {
            gradients.clip_value(limit);
        }
        if let Some(limit) = self.settings.clip_norm {
            gradients.clip_norm(limit);
        }
        let TrainingState { base, updates, epoch, .. } = self.state;
        match &self.schedule {
            Scheduled::Never | Scheduled::Both => {}
            Scheduled::EachStep(schedule, _) => self.optimiser.set_rate(schedule.rate(base, updates)),
            Scheduled::EachEpoch(schedule, _) => self.optimiser.set_rate(schedule.rate(base, epoch as u64 - 1)),
        }
        let optimiser = &mut self.optimiser;
        self.workers.update(|model| optimiser.step(model, &gradients));
        (self.state.updates, self.state.rate) = (updates + 1, self.optimiser.rate());
    }

    /// Calls the callbacks: those of an epoch at its end, those of a step else.
    fn tell(&mut self, steps: usize, of: Moment, validation: Option<&Evaluation>) {
        let callbacks = match of {
            Moment::Step => &mut self.followers.on_step,
            Moment::Epoch => &mut self.followers.on_epoch,
        };
        if callbacks.is_empty() {
            return;
        }
        let progress = Progress { validation, ..self.state.progress(self.settings.epochs, steps) };
        callbacks.iter_mut().for_each(|callback| callback(&progress));
    }

    /// What happens after the last step of an epoch: how does the model do, and is it the best so far?
    fn end_epoch(&mut self, steps: usize) -> Result<(), Error> {
        let objective: &dyn Objective<F, M, Batch = B> = self.task.objective;
        let look = |data: Option<&dyn Samples<Batch = B>>| {
            data.map(|data| self.workers.read(|model| objective.evaluate(model, data))).transpose()
        };
        let (validation, test) = (look(self.watched.validation)?, look(self.watched.test)?);
        let epoch = self.state.epoch_now(validation, test);
        if let Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) = self.schedule {
            schedule.observe(epoch.validation.as_ref().map_or(epoch.loss, |validation| validation.loss));
        }
        if let (Some(monitor), Some(validation)) = (self.watched.monitor(), &epoch.validation) {
            let (score, state) = (monitor.score(validation)?, &mut self.state);
            self.workers.read(|model| state.keep_if_best(epoch.number, score, monitor, model));
        }
        self.tell(steps, Moment::Epoch, epoch.validation.as_ref());
        self.state.push(epoch);
        let history = self.state.history();
        self.followers.logs.iter_mut().try_for_each(|log| log.epoch(&history))
    }

    /// Whether no better model came for as long as somebody wants to wait.
    fn waited_enough(&self) -> bool {
        self.watched.stopping.as_ref().is_some_and(|(_, patience)| self.state.waited(*patience))
    }

    /// Writes the checkpoint, if there is one to be.
    fn keep(&mut self) -> Result<(), Error> {
        let Some(path) = &self.kept.path else { return Ok(()) };
        let (optimiser, schedule) = (&*self.optimiser, self.schedule.state());
        self.workers.read(|model| checkpoint::write(path, model, optimiser, &schedule, &self.state))?;
        self.state.kept = true;
        Ok(())
    }

    /// The end: the best model, if that was asked for, and how it went.
    fn finish(self, partial: Option<Epoch>, stopped: bool) -> History {
        self.workers.update(|model| self.state.restore_best(model));
        let mut history = History { stopped, ..self.state.history() };
        history.epochs.extend(partial);
        history
    }
}

/// When callbacks are called.
#[derive(Clone, Copy)]
enum Moment {
    Step,
    Epoch,
}

/// The mean gradient over batches, each counted by its samples.
struct Pending<F: Float> {
    gradients: ModelGradients<F>,
    samples: usize,
    batches: usize,
}

impl<F: Float> Pending<F> {
    fn after(before: Option<Self>, mut gradients: ModelGradients<F>, samples: usize) -> Self {
        let Some(Pending { gradients: mut mean, samples: others, batches }) = before else {
            return Pending { gradients, samples, batches: 1 };
        };
        let all = samples + others;
        mean.scale(others as f64 / all as f64);
        gradients.scale(samples as f64 / all as f64);
        mean.add(&gradients);
        Pending { gradients: mean, samples: all, batches: batches + 1 }
    }
}

/// The first number of a model that is not finite and was before, in words.
fn first_not_finite<F: Float>(model: &impl Parameters<F>, before: &[Tensor<F>]) -> Option<String> {
    let (mut before, mut found) = (before.iter(), None);
    let finite = |x: &F| Float::to_f64(*x).is_finite();
    model.visit(Name::ROOT, &mut |name, param| {
        let (now, Some(before)) = (param.value().data(), before.next()) else { return };
        // without a branch, so that it is a few instructions for many numbers
        if now.iter().fold(true, |all, x| all & finite(x)) {
            return;
        }
        let wrong = now.iter().zip(before.data()).find(|(now, before)| !finite(now) && finite(before));
        if let (None, Some((now, _))) = (&found, wrong) {
            found = Some(format!("a number of `{name}` {}", Float::to_f64(*now)));
        }
    });
    found
}
