//! Making tensors: from arrays and vectors, filled, spaced, drawn.

use rand::Rng;
use rand::distr::{Distribution, StandardUniform};
use rand_distr::StandardNormal;

use super::Tensor;
use crate::error::OrRaise;
use crate::shape::Shape;
use crate::tensor::buffer::Buffer;
use crate::tensor::ceiling::admit;
use crate::tensor::float::{Element, Float};

impl<E: Element> Tensor<E> {
    /// A tensor filled with `value`.
    ///
    /// # Panics
    /// If it takes more than [`max_bytes`](crate::max_bytes), as do all constructors.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: E) -> Self {
        Self::filled("full", shape.into(), value)
    }

    #[track_caller]
    fn filled(op: &str, shape: Shape, value: E) -> Self {
        admit(op, &shape, size_of::<E>()).or_raise();
        let data = Buffer::filled(shape.len_elements(), value);
        Self::from_parts(shape, data)
    }
}

impl<F: Float> Tensor<F> {
    /// A tensor of zeros.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::filled("zeros", shape.into(), F::zero())
    }

    /// A tensor of ones.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::filled("ones", shape.into(), F::one())
    }

    /// The numbers 0, 1, …, `n` − 1.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn arange(n: usize) -> Self {
        Self::made("arange", Shape::from(n), (0..n).map(|i| F::from_f64(i as f64))).or_raise()
    }

    /// `n` numbers from `first` to `last`, both included, equally spaced.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn linspace(first: f64, last: f64, n: usize) -> Self {
        let parts = n.saturating_sub(1).max(1) as f64;
        let step = match last - first {
            all if all.is_finite() => all / parts,
            // Of ends whose distance is no number.
            _ => last / parts - first / parts,
        };
        // From the nearer end: the last number is `last`, and no product is larger than the distance.
        let number = |i: usize| match 2 * i < n || n == 1 {
            true => first + step * i as f64,
            false => last - step * (n - 1 - i) as f64,
        };
        Self::made("linspace", Shape::from(n), (0..n).map(|i| F::from_f64(number(i)))).or_raise()
    }

    /// The identity matrix of shape `[n, n]`.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn eye(n: usize) -> Self {
        let mut t = Self::filled("eye", Shape::from([n, n]), F::zero());
        t.data_mut().iter_mut().step_by(n + 1).for_each(|x| *x = F::one());
        t
    }

    /// Numbers drawn uniformly from [0, 1).
    ///
    /// The same generator in the same state gives the same numbers, rounded, in `f32` and `f64`.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn rand<R: Rng + ?Sized>(shape: impl Into<Shape>, rng: &mut R) -> Self {
        let shape = shape.into();
        let n = shape.len_elements();
        Self::made("rand", shape, (0..n).map(|_| F::from_f64(Distribution::<f64>::sample(&StandardUniform, rng))))
            .or_raise()
    }

    /// Numbers drawn from the normal distribution with mean 0 and variance 1.
    ///
    /// The same generator in the same state gives the same numbers, rounded, in `f32` and `f64`.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    #[track_caller]
    pub fn randn<R: Rng + ?Sized>(shape: impl Into<Shape>, rng: &mut R) -> Self {
        let shape = shape.into();
        let n = shape.len_elements();
        Self::made("randn", shape, (0..n).map(|_| F::from_f64(Distribution::<f64>::sample(&StandardNormal, rng))))
            .or_raise()
    }
}

impl<E: Element> From<E> for Tensor<E> {
    fn from(value: E) -> Self {
        Self::full(Shape::scalar(), value)
    }
}

impl<E: Element> From<Vec<E>> for Tensor<E> {
    fn from(data: Vec<E>) -> Self {
        Self::from_parts(Shape::from(data.len()), data)
    }
}

/// A vector of what an iterator gives.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let squares: Tensor = (0..4).map(|k| f64::from(k * k)).collect();
/// assert_eq!(squares.data(), [0.0, 1.0, 4.0, 9.0]);
/// ```
impl<E: Element> FromIterator<E> for Tensor<E> {
    fn from_iter<I: IntoIterator<Item = E>>(elements: I) -> Self {
        Self::from(Vec::from_iter(elements))
    }
}

/// Rows of a matrix that were gathered one by one.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let mut rows = vec![[1.0, 2.0]];
/// rows.push([3.0, 4.0]);
/// assert_eq!(Tensor::from(rows), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// ```
impl<E: Element, const N: usize> From<Vec<[E; N]>> for Tensor<E> {
    fn from(rows: Vec<[E; N]>) -> Self {
        Self::from_parts(Shape::from([rows.len(), N]), rows.into_flattened())
    }
}

impl<E: Element> From<&[E]> for Tensor<E> {
    fn from(data: &[E]) -> Self {
        Self::from(data.to_vec())
    }
}

impl<E: Element, const N: usize> From<[E; N]> for Tensor<E> {
    fn from(data: [E; N]) -> Self {
        Self::from(data.to_vec())
    }
}

impl<E: Element, const N: usize, const M: usize> From<[[E; N]; M]> for Tensor<E> {
    fn from(rows: [[E; N]; M]) -> Self {
        Self::from_parts(Shape::from([M, N]), rows.into_iter().flatten().collect())
    }
}

impl<E: Element, const N: usize, const M: usize, const L: usize> From<[[[E; N]; M]; L]> for Tensor<E> {
    fn from(planes: [[[E; N]; M]; L]) -> Self {
        Self::from_parts(Shape::from([L, M, N]), planes.into_iter().flatten().flatten().collect())
    }
}

impl<E: Element, const N: usize, const M: usize, const L: usize, const K: usize> From<[[[[E; N]; M]; L]; K]>
    for Tensor<E>
{
    fn from(blocks: [[[[E; N]; M]; L]; K]) -> Self {
        let data = blocks.into_iter().flatten().flatten().flatten().collect();
        Self::from_parts(Shape::from([K, L, M, N]), data)
    }
}

impl<E: Element> From<Tensor<E>> for Vec<E> {
    fn from(t: Tensor<E>) -> Self {
        t.into_vec()
    }
}

impl<E: Element> From<&Tensor<E>> for Tensor<E> {
    fn from(t: &Tensor<E>) -> Self {
        t.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructors() {
        assert_eq!(Tensor::<f32>::arange(3).data(), [0.0, 1.0, 2.0]);
        assert_eq!(Tensor::<f64>::linspace(-1.0, 1.0, 5).data(), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert_eq!(Tensor::<f64>::linspace(2.0, 9.0, 1).data(), [2.0]);
        assert_eq!(Tensor::<f64>::eye(2), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
        assert!(Tensor::<f64>::eye(0).is_empty());
        assert_eq!(Tensor::from([[[1i64], [2]]]).shape(), &[1, 2, 1]);
        assert_eq!(Vec::from(Tensor::from([true, false])), [true, false]);
    }
}
