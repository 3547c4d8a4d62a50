//! Mini-batches in the order of training, made ahead of it.

use std::panic::Location;

use wengert_tape::from_line;

use super::shards::on;
use super::{HERE, Settings};
use crate::data::{Samples, order};
use crate::random::{Generator, stream};

/// The generator of the changes of images in step `s` is stream `CHANGES + s` of the seed: a resumed run draws the same.
const CHANGES: u64 = 1 << 48;
/// About this many numbers travel from thread to thread at once; a mini-batch may hold fewer.
const AT_ONCE: usize = 1 << 14;
/// How many such loads are ready.
pub(super) const DEPTH: usize = 3;

/// What changes batches before they are learned from.
pub(super) type Change<'a, B> = dyn Fn(B, &mut Generator) -> B + Send + Sync + 'a;

/// A mini-batch, cut into shards.
pub(super) struct Cut<B> {
    pub(super) shards: Vec<Shard<B>>,
    pub(super) samples: usize,
}

/// The samples of a shard.
pub(super) enum Shard<B> {
    /// Copied, and changed if that was asked for.
    Ready(B),
    /// Where they are in the data set.
    Rows(Vec<usize>),
}

impl<B: Samples<Batch = B> + Clone + Send + 'static> Shard<B> {
    /// The number of samples.
    pub(super) fn len(&self) -> usize {
        match self {
            Shard::Ready(batch) => batch.count(),
            Shard::Rows(rows) => rows.len(),
        }
    }

    /// The samples as a batch.
    pub(super) fn samples(&self, data: &dyn Samples<Batch = B>) -> B {
        match self {
            Shard::Ready(batch) => batch.clone(),
            Shard::Rows(rows) => data.pick(rows),
        }
    }
}

/// The mini-batches from a step of an epoch on, several in each item.
pub(super) struct Feed<'a, B> {
    data: &'a dyn Samples<Batch = B>,
    change: Option<&'a Change<'a, B>>,
    settings: Settings,
    /// Whether samples are copied here. One thread is helped by that; several are faster where each copies its own: this
    /// one would take a core from them, and send the numbers from one core to another.
    copies: bool,
    /// The epoch, from 1, and how many of its steps are done.
    epoch: usize,
    step: usize,
    order: Vec<usize>,
    /// Where the user asked for it.
    line: &'static Location<'static>,
}

impl<'a, B: Samples<Batch = B> + Clone + Send + 'static> Feed<'a, B> {
    pub(super) fn new(
        data: &'a dyn Samples<Batch = B>,
        change: Option<&'a Change<'a, B>>,
        settings: Settings,
        helpers: usize,
        (epoch, step): (usize, usize),
        line: &'static Location<'static>,
    ) -> Self {
        let copies = helpers == 0 || change.is_some();
        let mut feed = Feed { data, change, settings, copies, epoch, step, order: Vec::new(), line };
        feed.shuffle();
        feed
    }

    fn shuffle(&mut self) {
        self.order = order(self.data.count(), self.settings.seed, self.epoch);
    }

    fn batch(&mut self) -> Option<Cut<B>> {
        let steps = self.settings.steps(self.data.count());
        if self.step == steps {
            (self.epoch, self.step) = (self.epoch + 1, 0);
            self.shuffle();
        }
        if self.epoch > self.settings.epochs {
            return None;
        }
        let size = self.settings.batch.min(self.order.len());
        let from = self.step * size;
        // The last batch takes what is left: fewer samples than the others, or the one more that is none of its own.
        let to = if self.step + 1 == steps { self.order.len() } else { from + size };
        let rows = &self.order[from..to];
        self.step += 1;
        let changes = CHANGES + ((self.epoch - 1) * steps + self.step) as u64;
        let mut rng = stream(self.settings.seed, changes);
        let mut shard = |rows: &[usize]| {
            if !self.copies {
                return Shard::Rows(rows.to_vec());
            }
            let batch = self.data.pick(rows);
            Shard::Ready(match self.change {
                Some(change) => from_line(HERE, self.line, || change(batch, &mut rng)),
                None => batch,
            })
        };
        Some(Cut { shards: rows.chunks(self.settings.shard()).map(&mut shard).collect(), samples: rows.len() })
    }
}

impl<B: Samples<Batch = B> + Clone + Send + 'static> Iterator for Feed<'_, B> {
    type Item = Vec<Cut<B>>;

    fn next(&mut self) -> Option<Vec<Cut<B>>> {
        let size = self.settings.batch.min(self.data.count());
        let numbers = size * self.data.numbers().max(1);
        // This is a thread of its own beside those that were asked for: it takes no others.
        let alone = self.settings.threads.map(|_| 1);
        let load = on(alone, || (0..(AT_ONCE / numbers).clamp(1, 64)).map_while(|_| self.batch()).collect::<Vec<_>>());
        (!load.is_empty()).then_some(load)
    }
}
