//! What a trainer was told: numbers, schedules, who follows it, what is watched, where its state is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value, json};

use super::best::Monitor;
use super::history::Progress;
use super::logs::Log;
use crate::data::Samples;
use crate::schedules::Schedule;

pub(super) type Callback<'a> = Box<dyn FnMut(&Progress<'_>) + 'a>;

/// The numbers of a training.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) epochs: usize,
    pub(super) batch: usize,
    pub(super) shard: usize,
    /// Whether samples are looked at together, so that a batch is not cut.
    pub(super) whole: bool,
    /// For shards of a batch and for large operations; `None` for one, and as many as the engine takes.
    pub(super) threads: Option<usize>,
    pub(super) seed: u64,
    pub(super) accumulate: usize,
    pub(super) clip_value: Option<f64>,
    pub(super) clip_norm: Option<f64>,
}

impl Settings {
    /// The number of mini-batches in an epoch of so many samples.
    pub(super) fn steps(&self, samples: usize) -> usize {
        // Of one sample alone there is no variance: where samples are looked at together, it joins the batch before.
        let joins = self.whole && samples > self.batch && samples % self.batch == 1;
        samples.div_ceil(self.batch) - usize::from(joins)
    }

    /// The number of samples of a shard.
    pub(super) fn shard(&self) -> usize {
        if self.whole { usize::MAX } else { self.shard }
    }

    /// What must be the same for a training to go on with the same bits: of the caller's own `name`, on so many samples with
    /// these checksums, measured so.
    pub(super) fn identity(
        &self,
        named: Option<&str>,
        samples: usize,
        checksums: &[u64],
        metrics: &[String],
    ) -> Map<String, Value> {
        let checksum = |k: usize| format!("{:016x}", checksums.get(k).copied().unwrap_or(0));
        let identity = json!({
            "named": named,
            "seed": self.seed,
            "samples": samples,
            "inputs": checksum(0),
            "targets": checksum(1),
            "others": checksums.iter().skip(2).map(|sum| format!("{sum:016x}")).collect::<Vec<_>>(),
            "metrics": metrics,
            "batch": self.batch,
            "shard": self.shard,
            "accumulate": self.accumulate,
            "clip_value": self.clip_value,
            "clip_norm": self.clip_norm,
        });
        match identity {
            Value::Object(identity) => identity,
            _ => Map::new(),
        }
    }
}

/// Who follows a training, and who ends it.
#[derive(Default)]
pub(super) struct Followers<'a> {
    pub(super) stop: Option<Arc<AtomicBool>>,
    pub(super) on_step: Vec<Callback<'a>>,
    pub(super) on_epoch: Vec<Callback<'a>>,
    pub(super) logs: Vec<Box<dyn Log + 'a>>,
}

/// When the learning rate changes, and what a schedule remembered when it was given.
pub(super) enum Scheduled<'a> {
    Never,
    EachStep(Box<dyn Schedule + 'a>, Vec<f64>),
    EachEpoch(Box<dyn Schedule + 'a>, Vec<f64>),
    /// Two schedules were given, which is refused.
    Both,
}

impl Scheduled<'_> {
    pub(super) fn get_mut(&mut self) -> Option<&mut (dyn Schedule + '_)> {
        match self {
            Scheduled::Never | Scheduled::Both => None,
            Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) => Some(&mut **schedule),
        }
    }

    /// What the schedule remembers.
    pub(super) fn state(&self) -> Vec<f64> {
        match self {
            Scheduled::Never | Scheduled::Both => Vec::new(),
            Scheduled::EachStep(schedule, _) | Scheduled::EachEpoch(schedule, _) => schedule.state(),
        }
    }
}

/// What is looked at beside the training samples.
pub(super) struct Watched<'a, B> {
    pub(super) validation: Option<&'a dyn Samples<Batch = B>>,
    pub(super) test: Option<&'a dyn Samples<Batch = B>>,
    pub(super) best: Option<Monitor>,
    pub(super) stopping: Option<(Monitor, usize)>,
}

impl<B> Watched<'_, B> {
    /// What the best epoch is found by.
    pub(super) fn monitor(&self) -> Option<&Monitor> {
        self.stopping.as_ref().map(|(monitor, _)| monitor).or(self.best.as_ref())
    }
}

/// Where the state of a training is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) path: Option<PathBuf>,
    /// After so many mini-batches, beside each epoch.
    pub(super) every: Option<usize>,
    pub(super) resume: bool,
}
