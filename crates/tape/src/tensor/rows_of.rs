//! A tensor as its rows.

use std::iter::FusedIterator;
use std::ops::Range;

use super::Tensor;
use crate::error::Error;
use crate::tensor::float::Element;

/// The rows of a tensor, along its first axis: each a tensor of one axis less. [`Tensor::iter`].
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// for (k, row) in x.iter().enumerate() {
///     assert_eq!(row, Tensor::from([2.0 * k as f64 + 1.0, 2.0 * k as f64 + 2.0]));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Rows<'a, E: Element> {
    tensor: &'a Tensor<E>,
    left: Range<usize>,
}

impl<E: Element> Rows<'_, E> {
    fn row(&self, k: usize) -> Tensor<E> {
        let shape = self.tensor.shape().without(0);
        let width = shape.len_elements();
        Tensor::new(shape, self.tensor.data()[k * width..][..width].to_vec())
    }
}

impl<E: Element> Iterator for Rows<'_, E> {
    type Item = Tensor<E>;

    fn next(&mut self) -> Option<Tensor<E>> {
        self.left.next().map(|k| self.row(k))
    }
    fn nth(&mut self, n: usize) -> Option<Tensor<E>> {
        self.left.nth(n).map(|k| self.row(k))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<E: Element> DoubleEndedIterator for Rows<'_, E> {
    fn next_back(&mut self) -> Option<Tensor<E>> {
        self.left.next_back().map(|k| self.row(k))
    }
}

impl<E: Element> ExactSizeIterator for Rows<'_, E> {}
impl<E: Element> FusedIterator for Rows<'_, E> {}

impl<E: Element> Tensor<E> {
    /// The rows along the first axis, each a tensor of one axis less, as `for row in tensor` gives them in NumPy and PyTorch; so
    /// does `for row in &tensor` here. The single numbers are [`data`](Tensor::data).
    ///
    /// # Panics
    /// If there is no axis: the tensor is one number.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.iter().map(|row| row.sum().item()).collect::<Vec<f64>>(), [3.0, 7.0, 11.0]);
    /// let numbers = Tensor::from([2.0, 4.0]);
    /// assert_eq!((&numbers).into_iter().map(|x| x.item()).sum::<f64>(), 6.0);
    /// assert_eq!(x.iter().rev().next(), Some(Tensor::from([5.0, 6.0])));
    /// ```
    #[track_caller]
    pub fn iter(&self) -> Rows<'_, E> {
        match self.shape().first() {
            Some(rows) => Rows { tensor: self, left: 0..*rows },
            None => Error::shape("iter", "one number has no axis to go along; its value is `item()`").raise(),
        }
    }
}

impl<'a, E: Element> IntoIterator for &'a Tensor<E> {
    type Item = Tensor<E>;
    type IntoIter = Rows<'a, E>;

    #[track_caller]
    fn into_iter(self) -> Rows<'a, E> {
        self.iter()
    }
}
