//! How far training is, and how it went.

use std::time::Duration;

/// How far training is: what callbacks see.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let state = TrainingState::new(&Sgd::<f32>::new(0.5));
/// let progress = state.progress(10, 20); // of epochs and steps in each
/// assert_eq!((progress.epoch, progress.epochs, progress.steps, progress.done), (1, 10, 20, 0.0));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The number of epochs.
    pub epochs: usize,
    /// The mini-batch of the epoch, from 1.
    pub step: usize,
    /// The number of mini-batches in an epoch.
    pub steps: usize,
    /// The mean loss over the epoch so far.
    pub loss: f64,
    /// The mean of each metric over the epoch so far.
    pub metrics: &'a [(String, f64)],
    /// How the model does on the validation samples, at the end of an epoch.
    pub validation: Option<&'a Evaluation>,
    /// The learning rate of the last step.
    pub rate: f64,
    /// The share of all steps that is done.
    pub done: f64,
    /// The time since the beginning, before an interruption too.
    pub elapsed: Duration,
}

impl Progress<'_> {
    /// The time that the rest will take if it goes on as before; the longest that there is if it never ends.
    pub fn remaining(&self) -> Duration {
        let seconds = self.elapsed.as_secs_f64() * (1.0 / self.done - 1.0);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

/// How a training went.
///
/// # Examples
/// ```
/// use wengert_nn::History;
/// use wengert_nn::prelude::*;
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(3).metric("accuracy", binary_accuracy);
/// let history: History = trainer.train(&mut model, &mut Adam::new(0.05), &xor())?;
/// assert_eq!((history.epochs.len(), history.stopped, history.best), (3, false, None));
/// assert!(history.last("accuracy").is_some() && history.last("recall").is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The epochs, in order. The last one is partial if the training was stopped in it.
    pub epochs: Vec<Epoch>,
    /// The seconds that the training took.
    pub seconds: f64,
    /// Whether the stop flag ended it.
    pub stopped: bool,
    /// The number of the epoch whose model was best on the validation samples, if that was asked for.
    pub best: Option<usize>,
}

impl History {
    /// The mean loss over the last epoch; NaN if there was none.
    pub fn loss(&self) -> f64 {
        self.epochs.last().map_or(f64::NAN, |epoch| epoch.loss)
    }

    /// The mean of a metric over the last epoch.
    pub fn last(&self, metric: &str) -> Option<f64> {
        find(&self.epochs.last()?.metrics, metric)
    }

    /// The epoch whose model was best on the validation samples.
    pub fn best_epoch(&self) -> Option<&Epoch> {
        self.epochs.iter().find(|epoch| Some(epoch.number) == self.best)
    }
}

/// One pass over the data.
///
/// # Examples
/// ```
/// use wengert_nn::Epoch;
/// use wengert_nn::prelude::*;
/// let mut model = Mlp::<f64>::new(&[2, 4, 1], Activation::Sigmoid, &mut generator(1));
/// let mut trainer = Trainer::new(mse).epochs(3).metric("accuracy", binary_accuracy);
/// let epochs: Vec<Epoch> = trainer.train(&mut model, &mut Adam::new(0.05), &xor())?.epochs;
/// assert_eq!((epochs[2].number, epochs[2].steps, epochs[2].rate), (3, 1, 0.05));
/// assert!(epochs[2].loss < epochs[0].loss && epochs[2].validation.is_none());
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// The number, from 1.
    pub number: usize,
    /// The number of mini-batches.
    pub steps: usize,
    /// The mean loss over the epoch, while the model changed.
    pub loss: f64,
    /// The mean of each metric over the epoch.
    pub metrics: Vec<(String, f64)>,
    /// How the model did on the validation samples at the end of the epoch.
    pub validation: Option<Evaluation>,
    /// How the model did on the test samples at the end of the epoch. Nothing is decided by it.
    pub test: Option<Evaluation>,
    /// The learning rate of the last step.
    pub rate: f64,
    /// The seconds that it took.
    pub seconds: f64,
}

/// How a model does on a data set.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let evaluation = Evaluation { loss: 0.25, metrics: vec![("accuracy".into(), 0.75)] };
/// assert_eq!((evaluation.get("loss"), evaluation.get("accuracy"), evaluation.get("recall")), (Some(0.25), Some(0.75), None));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean loss.
    pub loss: f64,
    /// The mean of each metric.
    pub metrics: Vec<(String, f64)>,
}

impl Evaluation {
    /// The mean of a metric; the loss is called `loss`.
    pub fn get(&self, metric: &str) -> Option<f64> {
        if metric == "loss" { Some(self.loss) } else { find(&self.metrics, metric) }
    }
}

fn find(metrics: &[(String, f64)], name: &str) -> Option<f64> {
    metrics.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
}

/// Means over the samples seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Means {
    /// Of the loss, and of each metric.
    pub(super) sums: Vec<f64>,
    pub(super) samples: usize,
}

impl Means {
    pub(super) fn add(&mut self, loss: f64, metrics: &[f64], samples: usize) {
        let all = [loss].into_iter().chain(metrics.iter().copied());
        self.sums.resize(metrics.len() + 1, 0.0);
        self.sums.iter_mut().zip(all).for_each(|(sum, mean)| *sum += mean * samples as f64);
        self.samples += samples;
    }

    /// The mean loss, and the mean of each metric of these names.
    pub(super) fn now(&self, names: &[String]) -> (f64, Vec<(String, f64)>) {
        let mut means = self.sums.iter().map(|sum| sum / self.samples as f64);
        let loss = means.next().unwrap_or(f64::NAN);
        (loss, names.iter().cloned().zip(means).collect())
    }
}
