//! Mini-batches in the order of training, made ahead of it.

use rand::seq::SliceRandom;
use wengert_tape::{Float, Stored, Tensor};

use super::Settings;
use crate::data::Dataset;
use crate::random::{Generator, stream};

/// The generator of the order of samples in epoch `e` is stream `ORDER + e` of the seed, and that of the changes of images
/// in step `s` is stream `CHANGES + s`: a resumed run draws the same.
const ORDER: u64 = 1 << 32;
const CHANGES: u64 = 1 << 48;
/// About this many numbers travel from thread to thread at once; a mini-batch may hold fewer.
const AT_ONCE: usize = 1 << 14;
/// How many such loads are ready.
pub(super) const DEPTH: usize = 3;

/// What changes inputs before they are learned from.
pub(super) type Change<'a, F> = dyn Fn(&Tensor<F>, &mut Generator) -> Tensor<F> + Send + Sync + 'a;

/// A mini-batch, cut into shards.
pub(super) struct Batch<F: Float, T: Stored<F>> {
    pub(super) shards: Vec<Shard<F, T>>,
    pub(super) samples: usize,
}

/// The samples of a shard.
pub(super) enum Shard<F: Float, T: Stored<F>> {
    /// Copied, and changed if that was asked for.
    Ready(Tensor<F>, Tensor<T>),
    /// Where they are in the data set.
    Rows(Vec<usize>),
}

impl<F: Float, T: Stored<F>> Shard<F, T> {
    /// The number of samples.
    pub(super) fn len(&self) -> usize {
        match self {
            Shard::Ready(_, targets) => targets.shape()[0],
            Shard::Rows(rows) => rows.len(),
        }
    }

    /// Inputs and targets.
    pub(super) fn samples(&self, data: &Dataset<F, T>) -> (Tensor<F>, Tensor<T>) {
        match self {
            Shard::Ready(inputs, targets) => (inputs.clone(), targets.clone()),
            Shard::Rows(rows) => copied(data, rows),
        }
    }
}

/// The positions of so many samples in the order of an epoch.
pub(super) fn order(samples: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(&mut stream(seed, ORDER + epoch as u64));
    order
}

fn copied<F: Float, T: Stored<F>>(data: &Dataset<F, T>, rows: &[usize]) -> (Tensor<F>, Tensor<T>) {
    (data.inputs().rows(rows.iter().copied()), data.targets().rows(rows.iter().copied()))
}

/// The mini-batches from a step of an epoch on, several in each item.
pub(super) struct Feed<'a, F: Float, T: Stored<F>> {
    data: &'a Dataset<F, T>,
    change: Option<&'a Change<'a, F>>,
    settings: Settings,
    /// Whether samples are copied here. One thread is helped by that; several are faster where each copies its own: this
    /// one would take a core from them, and send the numbers from one core to another.
    copies: bool,
    /// The epoch, from 1, and how many of its steps are done.
    epoch: usize,
    step: usize,
    order: Vec<usize>,
}

impl<'a, F: Float, T: Stored<F>> Feed<'a, F, T> {
    pub(super) fn new(
        data: &'a Dataset<F, T>,
        change: Option<&'a Change<'a, F>>,
        settings: Settings,
        helpers: usize,
        (epoch, step): (usize, usize),
    ) -> Self {
        let copies = helpers == 0 || change.is_some();
        let mut feed = Feed { data, change, settings, copies, epoch, step, order: Vec::new() };
        feed.shuffle();
        feed
    }

    fn shuffle(&mut self) {
        self.order = order(self.data.len(), self.settings.seed, self.epoch);
    }

    fn batch(&mut self) -> Option<Batch<F, T>> {
        let steps = self.settings.steps(self.data.len());
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
            let (inputs, targets) = copied(self.data, rows);
            Shard::Ready(self.change.map_or(inputs.clone(), |change| change(&inputs, &mut rng)), targets)
        };
        Some(Batch { shards: rows.chunks(self.settings.shard()).map(&mut shard).collect(), samples: rows.len() })
    }
}

impl<F: Float, T: Stored<F>> Iterator for Feed<'_, F, T> {
    type Item = Vec<Batch<F, T>>;

    fn next(&mut self) -> Option<Vec<Batch<F, T>>> {
        let size = self.settings.batch.min(self.data.len());
        let numbers = size * self.data.input_shape().len_elements().max(1);
        let load: Vec<Batch<F, T>> = (0..(AT_ONCE / numbers).clamp(1, 64)).map_while(|_| self.batch()).collect();
        (!load.is_empty()).then_some(load)
    }
}
