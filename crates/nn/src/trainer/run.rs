//! One training, from its beginning or from a checkpoint to its end.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wengert_tape::{Float, Stored, Tensor};

use super::best::Best;
use super::feed::Batch;
use super::history::{Epoch, Evaluation, History, Means, Progress};
use super::shards::{Outcome, Task, Workers};
use super::{Followers, Identity, Kept, Scheduled, Settings, Watched, checkpoint, evaluate, names};
use crate::data::Dataset;
use crate::error::Error;
use crate::module::{Module, Name};
use crate::optimisers::{ModelGradients, Optimiser};
use crate::training::Statistics;

/// What a training knows between two steps, beside the model and what the optimiser and the schedule remember.
#[derive(Clone, Debug)]
pub(super) struct State<F: Float> {
    /// The epoch, from 1, and how many of its mini-batches are done.
    pub(super) epoch: usize,
    pub(super) step: usize,
    /// Over the epoch so far.
    pub(super) means: Means,
    pub(super) epochs: Vec<Epoch>,
    pub(super) best: Option<Best<F>>,
    /// The number of steps of the optimiser.
    pub(super) updates: u64,
    /// The learning rate that the training began with.
    pub(super) base: f64,
    /// The seconds of this epoch, and of all, before the last interruption.
    pub(super) epoch_seconds: f64,
    pub(super) seconds: f64,
    /// Whether the checkpoint's file is of this training.
    pub(super) kept: bool,
}

impl<F: Float> State<F> {
    pub(super) fn new(base: f64) -> Self {
        State {
            epoch: 1,
            step: 0,
            means: Means::default(),
            epochs: Vec::new(),
            best: None,
            updates: 0,
            base,
            epoch_seconds: 0.0,
            seconds: 0.0,
            kept: false,
        }
    }
}

/// Everything that a training works with.
pub(super) struct Run<'r, 'w, 'a, 'b, F: Float, T: Stored<F>, M> {
    pub(super) settings: &'r Settings,
    pub(super) task: Task<'a, 'b, F, T>,
    pub(super) schedule: &'r mut Scheduled<'b>,
    pub(super) watched: &'r Watched<'b, F, T>,
    pub(super) kept: &'r Kept,
    pub(super) identity: Identity,
    pub(super) followers: &'r mut Followers<'b>,
    pub(super) workers: Workers<'w, 'a, 'b, F, T, M>,
    pub(super) optimiser: &'r mut dyn Optimiser<F>,
    pub(super) state: State<F>,
}

impl<F: Float, T: Stored<F>, M: Module<F> + Send + Sync> Run<'_, '_, '_, '_, F, T, M> {
    pub(super) fn go(mut self, mut batches: impl Iterator<Item = Batch<F, T>>) -> Result<History, Error> {
        let steps = self.settings.steps(self.identity.samples);
        let (begin, before) = (Instant::now(), self.state.seconds);
        let (mut epoch_begin, mut epoch_before) = (Instant::now(), self.state.epoch_seconds);
        let mut pending: Option<Pending<F>> = None;
        let (mut partial, mut due) = (None, false);
        while self.state.epoch <= self.settings.epochs && !self.waited_enough() {
            let Some(batch) = batches.next() else { break };
            self.state.step += 1;
            let number = (self.state.epoch - 1) * steps + self.state.step;
            let samples = batch.samples;
            let Outcome { loss, metrics, gradients, observed } = self.gradients(batch, number)?;
            self.state.means.add(loss, &metrics, samples);
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
            self.state.seconds = before + begin.elapsed().as_secs_f64();
            self.state.epoch_seconds = epoch_before + epoch_begin.elapsed().as_secs_f64();
            self.tell(steps, Moment::Step, None);
            let flagged = self.followers.stop.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed));
            let stops = flagged && pending.is_none();
            if ends {
                self.end_epoch(steps)?;
                (epoch_begin, epoch_before) = (Instant::now(), 0.0);
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
                    partial = Some(self.epoch(None, None));
                }
                return Ok(self.finish(partial, true));
            }
        }
        Ok(self.finish(partial, false))
    }

    /// The gradients over a batch, or why there are none and where a good model is.
    fn gradients(&mut self, batch: Batch<F, T>, number: usize) -> Result<Outcome<F>, Error> {
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
        let State { epoch, step, .. } = self.state;
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
        let State { base, updates, epoch, .. } = self.state;
        match &self.schedule {
            Scheduled::Never | Scheduled::Both => {}
            Scheduled::EachStep(schedule, _) => self.optimiser.set_rate(schedule.rate(base, updates)),
            Scheduled::EachEpoch(schedule, _) => self.optimiser.set_rate(schedule.rate(base, epoch as u64 - 1)),
        }
        let optimiser = &mut self.optimiser;
        self.workers.update(|model| optimiser.step(model, &gradients));
        self.state.updates += 1;
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
        let (loss, metrics) = self.state.means.now(&names(self.task.metrics));
        let State { epoch, step, seconds, .. } = self.state;
        let (epochs, rate) = (self.settings.epochs, self.optimiser.rate());
        let done = ((epoch - 1) * steps + step) as f64 / (epochs as f64 * steps as f64);
        let (metrics, elapsed) = (&metrics[..], Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        let progress = Progress { epoch, epochs, step, steps, loss, metrics, validation, rate, done, elapsed };
        callbacks.iter_mut().for_each(|callback| callback(&progress));
    }

    /// What happens after the last step of an epoch: how does the model do, and is it the best so far?
    fn end_epoch(&mut self, steps: usize) -> Result<(), Error> {
        let Task { loss, metrics, .. } = self.task;
        let look = |data: Option<&Dataset<F, T>>| {
            data.map(|data| self.workers.read(|model| evaluate(loss, metrics, model, data))).transpose()
        };
        let (validation, test) = (look(self.watched.validation)?, look(self.watched.test)?);
        let epoch = self.epoch(validation, test);
        if let Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) = self.schedule {
            schedule.observe(epoch.validation.as_ref().map_or(epoch.loss, |validation| validation.loss));
        }
        if let (Some(monitor), Some(validation)) = (self.watched.monitor(), &epoch.validation) {
            let score = monitor.score(validation)?;
            if self.state.best.as_ref().is_none_or(|best| best.is_beaten_by(score)) {
                self.state.best = Some(self.workers.read(|model| Best::of(epoch.number, score, model)));
            }
        }
        self.tell(steps, Moment::Epoch, epoch.validation.as_ref());
        self.state.epochs.push(epoch);
        (self.state.epoch, self.state.step) = (self.state.epoch + 1, 0);
        (self.state.means, self.state.epoch_seconds) = (Means::default(), 0.0);
        let history = self.history(false);
        self.followers.logs.iter_mut().try_for_each(|log| log.epoch(&history))
    }

    /// The epoch as it is now.
    fn epoch(&self, validation: Option<Evaluation>, test: Option<Evaluation>) -> Epoch {
        let (loss, metrics) = self.state.means.now(&names(self.task.metrics));
        let State { epoch: number, step: steps, epoch_seconds: seconds, .. } = self.state;
        Epoch { number, steps, loss, metrics, validation, test, rate: self.optimiser.rate(), seconds }
    }

    fn history(&self, stopped: bool) -> History {
        let best = self.state.best.as_ref().map(|best| best.epoch);
        History { epochs: self.state.epochs.clone(), seconds: self.state.seconds, stopped, best }
    }

    /// Whether no better model came for as long as somebody wants to wait.
    fn waited_enough(&self) -> bool {
        let best = self.state.best.as_ref().map(|best| best.epoch);
        let patience = self.watched.stopping.as_ref().map(|(_, patience)| *patience);
        matches!((patience, best), (Some(patience), Some(best)) if self.state.epochs.len() - best >= patience)
    }

    /// Writes the checkpoint, if there is one to be.
    fn keep(&mut self) -> Result<(), Error> {
        let Some(path) = &self.kept.path else { return Ok(()) };
        let (optimiser, schedule) = (&*self.optimiser, &*self.schedule);
        self.workers.read(|model| {
            checkpoint::write(path, model, optimiser, schedule, self.settings, &self.identity, &self.state)
        })?;
        self.state.kept = true;
        Ok(())
    }

    /// The end: the best model, if that was asked for, and how it went.
    fn finish(self, partial: Option<Epoch>, stopped: bool) -> History {
        if let Some(best) = &self.state.best {
            self.workers.update(|model| best.restore(model));
        }
        let mut history = self.history(stopped);
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
fn first_not_finite<F: Float>(model: &impl Module<F>, before: &[Tensor<F>]) -> Option<String> {
    let (mut before, mut found) = (before.iter(), None);
    let finite = |x: &F| Float::to_f64(*x).is_finite();
    model.visit(Name::ROOT, &mut |name, param| {
        let numbers = param.value().data().iter().zip(before.by_ref().take(1).flat_map(Tensor::data));
        let wrong = numbers.filter(|(now, _)| !finite(now)).find(|(_, before)| finite(before));
        if let (None, Some((now, _))) = (&found, wrong) {
            found = Some(format!("a number of `{name}` {}", Float::to_f64(*now)));
        }
    });
    found
}
