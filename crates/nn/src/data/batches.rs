//! Mini-batches.

use rand::Rng;
use rand::seq::SliceRandom;

use super::Samples;
use crate::random::stream;

/// The generator of the order of samples in epoch `e` is stream `ORDER + e` of the seed.
const ORDER: u64 = 1 << 32;

/// The positions of so many samples in the order of an epoch of a training with this seed.
pub(crate) fn order(samples: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples).collect();
    order.shuffle(&mut stream(seed, ORDER + epoch as u64));
    order
}

/// Samples in mini-batches: each sample once. The last batch is smaller where the size does not divide the number of
/// samples.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = xor::<f64>();
/// let sizes: Vec<usize> = data.batches(3).shuffled(&mut generator(1)).map(|(x, _)| x.shape()[0]).collect();
/// assert_eq!(sizes, [3, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches<'a, S> {
    data: &'a S,
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl<'a, S: Samples> Batches<'a, S> {
    #[track_caller]
    pub(super) fn new(data: &'a S, size: usize) -> Self {
        assert!(size > 0, "batches: a batch of 0 samples");
        Batches { data, order: (0..data.count()).collect(), size, next: 0 }
    }

    /// The samples in an order drawn from `rng`.
    pub fn shuffled(mut self, rng: &mut (impl Rng + ?Sized)) -> Self {
        self.order.shuffle(rng);
        self
    }

    /// The samples in the order that a [`Trainer`](crate::Trainer) of this seed has in this epoch, counted from 1. Any epoch's
    /// can be asked for at any time: a loop that goes on in the middle of one skips the batches that it has seen.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let data = moons::<f32>(10, 0.1, &mut generator(1));
    /// let epoch = || data.batches(4).in_epoch(7, 3);
    /// assert_eq!(epoch().nth(2), epoch().skip(2).next());
    /// assert_ne!(epoch().next(), data.batches(4).in_epoch(7, 4).next());
    /// ```
    pub fn in_epoch(mut self, seed: u64, epoch: usize) -> Self {
        self.order = order(self.order.len(), seed, epoch);
        self
    }

    /// The positions of the samples of the next batch, instead of the samples.
    pub fn next_rows(&mut self) -> Option<&[usize]> {
        let (from, to) = (self.next, self.order.len().min(self.next + self.size));
        self.next = to;
        (from < to).then(|| &self.order[from..to])
    }
}

impl<S: Samples> Iterator for Batches<'_, S> {
    type Item = S::Batch;

    fn next(&mut self) -> Option<Self::Item> {
        let data = self.data;
        self.next_rows().map(|rows| data.pick(rows))
    }

    fn nth(&mut self, n: usize) -> Option<Self::Item> {
        // What is skipped is not copied.
        self.next = self.order.len().min(self.next.saturating_add(n.saturating_mul(self.size)));
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<S: Samples> ExactSizeIterator for Batches<'_, S> {}
