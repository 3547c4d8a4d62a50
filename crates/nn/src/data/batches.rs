//! Mini-batches.

use rand::Rng;
use rand::seq::SliceRandom;
use wengert_tape::{Element, Float, Tensor};

use super::Dataset;

/// The samples of a data set in mini-batches: each sample once. The last batch is smaller where the size does not divide
/// the number of samples.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let data = xor::<f64>();
/// let sizes: Vec<usize> = data.batches(3).shuffled(&mut generator(1)).map(|(x, _)| x.shape()[0]).collect();
/// assert_eq!(sizes, [3, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Batches<'a, F: Float, T: Element> {
    data: &'a Dataset<F, T>,
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl<'a, F: Float, T: Element> Batches<'a, F, T> {
    #[track_caller]
    pub(super) fn new(data: &'a Dataset<F, T>, size: usize) -> Self {
        assert!(size > 0, "batches: a batch of 0 samples");
        Batches { data, order: (0..data.len()).collect(), size, next: 0 }
    }

    /// The samples in an order drawn from `rng`.
    pub fn shuffled(mut self, rng: &mut (impl Rng + ?Sized)) -> Self {
        self.order.shuffle(rng);
        self
    }

    /// The positions of the samples of the next batch in the data set, instead of the samples.
    pub fn next_rows(&mut self) -> Option<&[usize]> {
        let (from, to) = (self.next, self.order.len().min(self.next + self.size));
        self.next = to;
        (from < to).then(|| &self.order[from..to])
    }
}

impl<F: Float, T: Element> Iterator for Batches<'_, F, T> {
    type Item = (Tensor<F>, Tensor<T>);

    fn next(&mut self) -> Option<Self::Item> {
        let data = self.data;
        let rows = self.next_rows()?;
        Some((data.inputs().rows(rows.iter().copied()), data.targets().rows(rows.iter().copied())))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<F: Float, T: Element> ExactSizeIterator for Batches<'_, F, T> {}
