//! A plain n-dimensional array: shape, shared row-major buffer, no recording.

use std::ops::Index;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, OrRaise};
use crate::shape::{Shape, product};
use crate::tensor::buffer::Buffer;
use crate::tensor::ceiling::{admit, possible};
use crate::tensor::float::{Element, Float};
use crate::tensor::sizes::Sizes;

/// A plain n-dimensional array of `f32`, `f64`, `i64` or `bool`.
///
/// Cloning and [reshaping](Tensor::reshape) share the buffer. [Transposing](Tensor::transposed) the last two axes is a
/// view that matrix products read as it is; its row-major copy is made when somebody asks for the elements.
///
/// A tensor of floats is also the reader "numbers" of every operation: the methods that record on a
/// [`Var`](crate::Var) compute at once here.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// assert_eq!(x.shape(), &[2, 3]);
/// assert_eq!(x[[1, 2]], 6.0);
/// assert_eq!((&x * 2.0).sum().item(), 42.0);
/// ```
pub struct Tensor<E: Element = f64> {
    shape: Shape,
    buffer: Arc<Buffer<E>>,
    /// `Some` if the buffer holds the last two axes in the other order; the row-major copy, once made, is kept in it.
    transposed: Option<RowMajor<E>>,
}

/// The row-major copy of what lies transposed, once somebody has asked for it.
pub(crate) type RowMajor<E> = Arc<OnceLock<Buffer<E>>>;

impl<E: Element> Clone for Tensor<E> {
    fn clone(&self) -> Self {
        Tensor { shape: self.shape.clone(), buffer: Arc::clone(&self.buffer), transposed: self.transposed.clone() }
    }
}

impl<E: Element> Tensor<E> {
    /// A tensor of the given shape over `data` in row-major order.
    ///
    /// # Errors
    /// If the number of elements is not the product of the shape's lengths, or that is more than
    /// [can be addressed](Shape::is_possible).
    pub fn try_new(shape: impl Into<Shape>, data: Vec<E>) -> Result<Self, Error> {
        let shape = shape.into();
        if !shape.is_possible() {
            return Err(Error::shape("tensor", format!("shape {shape} has more elements than can be addressed")));
        }
        if shape.len_elements() != data.len() {
            return Err(Error::shape(
                "tensor",
                format!("shape {shape} has {} elements, the data {}", shape.len_elements(), data.len()),
            ));
        }
        Ok(Self::from_parts(shape, data))
    }

    /// A tensor of the given shape over `data` in row-major order.
    ///
    /// # Panics
    /// If the number of elements is not the product of the shape's lengths; [`try_new`](Tensor::try_new) returns it.
    #[track_caller]
    pub fn new(shape: impl Into<Shape>, data: Vec<E>) -> Self {
        Self::try_new(shape, data).or_raise()
    }

    pub(crate) fn from_parts(shape: Shape, data: Vec<E>) -> Self {
        assert_eq!(shape.len_elements(), data.len(), "tensor: shape {shape} and the data");
        Tensor { shape, buffer: Arc::new(data.into()), transposed: None }
    }

    /// A tensor whose elements are those of `elements`, in row-major order, in a buffer from the pool.
    pub(crate) fn collect(shape: Shape, elements: impl IntoIterator<Item = E>) -> Self {
        let mut data = Buffer::room(shape.len_elements());
        data.extend(elements);
        Self::from_parts(shape, data)
    }

    /// [`collect`](Self::collect) for the function `op`, if a tensor of this shape may be made.
    pub(crate) fn made(op: &str, shape: Shape, elements: impl IntoIterator<Item = E>) -> Result<Self, Error> {
        admit(op, &shape, size_of::<E>())?;
        Ok(Self::collect(shape, elements))
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The elements in row-major order.
    pub fn data(&self) -> &[E] {
        match &self.transposed {
            None => &self.buffer,
            Some(rows) => rows.get_or_init(|| transpose(&self.shape, &self.buffer).into()),
        }
    }

    /// Whether both are the same buffer, read in the same way.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.buffer, &other.buffer)
            && self.shape == other.shape
            && self.transposed.is_some() == other.transposed.is_some()
    }

    /// The same buffer in another shape of as many elements, which it is known to have.
    pub(crate) fn in_shape(&self, shape: &Shape) -> Self {
        debug_assert_eq!(shape.len_elements(), self.len());
        Tensor { shape: shape.clone(), buffer: Arc::clone(&self.buffer), transposed: None }
    }

    /// [`transposed`](Self::transposed), whose row-major copy is kept at a place that is there.
    pub(crate) fn transposed_at(&self, place: &RowMajor<E>) -> Self {
        let transposed = if self.transposed.is_some() { None } else { Some(Arc::clone(place)) };
        Tensor { shape: self.shape.swapped(), buffer: Arc::clone(&self.buffer), transposed }
    }

    /// The buffer as it lies, and whether its last two axes are in the other order.
    pub(crate) fn layout(&self) -> (&[E], bool) {
        (&self.buffer, self.transposed.is_some())
    }

    /// The elements in row-major order, copied.
    pub fn to_vec(&self) -> Vec<E> {
        self.data().to_vec()
    }

    /// The elements in row-major order; not copied if nothing else shares the buffer.
    pub fn into_vec(self) -> Vec<E> {
        if self.transposed.is_some() {
            return self.to_vec();
        }
        match Arc::try_unwrap(self.buffer) {
            Ok(buffer) => buffer.into_vec(),
            Err(shared) => shared.to_vec(),
        }
    }

    /// The elements in row-major order for writing; copied first if something else shares the buffer.
    pub fn data_mut(&mut self) -> &mut [E] {
        if self.transposed.is_some() || Arc::get_mut(&mut self.buffer).is_none() {
            *self = Self::collect(self.shape.clone(), self.data().iter().copied());
        }
        match Arc::get_mut(&mut self.buffer) {
            Some(buffer) => buffer.as_mut_slice(),
            None => unreachable!("the buffer was just made"),
        }
    }

    /// Whether nothing else shares the buffer.
    pub(crate) fn has_one_owner(&self) -> bool {
        Arc::strong_count(&self.buffer) == 1
    }

    /// Whether [`data_mut`](Self::data_mut) copies nothing.
    pub(crate) fn is_alone(&mut self) -> bool {
        self.transposed.is_none() && Arc::get_mut(&mut self.buffer).is_some()
    }

    /// The buffer as it lies for writing, and that of a tensor of the same shape that lies in the same order; `None` if
    /// they do not lie alike, or something else shares the first.
    pub(crate) fn alike_mut<'a>(&'a mut self, other: &'a Self) -> Option<(&'a mut [E], &'a [E])> {
        let alike = self.shape == other.shape && self.transposed.is_some() == other.transposed.is_some();
        let buffer = Arc::get_mut(&mut self.buffer).filter(|_| alike)?;
        // What was read of it in the other order is about to be another's.
        self.transposed.iter_mut().for_each(|rows| *rows = Arc::default());
        Some((buffer.as_mut_slice(), &other.buffer))
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[track_caller]
    pub fn item(&self) -> E {
        assert!(self.len() == 1, "item: a tensor of shape {} has {} elements, not 1", self.shape, self.len());
        self.buffer[0]
    }

    /// The element at `index`, or `None` outside the shape.
    pub fn get(&self, index: &[usize]) -> Option<&E> {
        (index.len() == self.rank() && index.iter().zip(self.shape.iter()).all(|(i, n)| i < n)).then(|| {
            let at: usize = index.iter().zip(&self.shape.strides()).map(|(i, s)| i * s).sum();
            &self.data()[at]
        })
    }

    /// The same elements in another shape, of which one length may be −1, which is what is left; the buffer is shared.
    ///
    /// # Panics
    /// If the number of elements differs, or the open length does not follow.
    #[track_caller]
    pub fn reshape(&self, sizes: impl Into<Sizes>) -> Self {
        let shape = sizes.into().resolve("reshape", &self.shape).or_raise();
        let mut t = match self.transposed {
            None => self.clone(),
            Some(_) => Self::collect(self.shape.clone(), self.data().iter().copied()),
        };
        t.shape = shape;
        t
    }

    /// A view with the last two axes exchanged; matrix products read it as it is.
    ///
    /// # Panics
    /// If the rank is below 2.
    #[track_caller]
    pub fn transposed(&self) -> Self {
        assert!(self.rank() >= 2, "transposed: a tensor of shape {} has fewer than two axes", self.shape);
        Tensor {
            shape: self.shape.swapped(),
            buffer: Arc::clone(&self.buffer),
            transposed: match &self.transposed {
                Some(_) => None,
                None => Some(Arc::new(OnceLock::new())),
            },
        }
    }

    /// A tensor of the same shape with `f` applied to each element.
    pub fn map<T: Element>(&self, f: impl FnMut(E) -> T) -> Tensor<T> {
        Tensor::collect(self.shape.clone(), self.data().iter().copied().map(f))
    }

    /// The rows `rows` along the first axis, copied.
    ///
    /// # Panics
    /// If the rank is 0 or a row is outside.
    #[track_caller]
    pub fn rows(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        assert!(self.rank() >= 1, "rows: a tensor of rank 0 has no rows");
        let width = product(&self.shape[1..]);
        let (rows, from) = (rows.into_iter(), self.data());
        let mut data = Buffer::room(product(&[rows.size_hint().0, width]));
        let mut count = 0;
        for row in rows {
            assert!(row < self.shape[0], "rows: row {row} of a tensor of shape {}", self.shape);
            data.extend_from_slice(&from[row * width..][..width]);
            count += 1;
        }
        let shape = self.shape.with(0, count);
        possible(&|| "rows".into(), &shape).or_raise();
        Self::from_parts(shape, data)
    }
}

impl<F: Float> Tensor<F> {
    /// The same numbers in another float type.
    pub fn cast<G: Float>(&self) -> Tensor<G> {
        self.map(|x| G::from_f64(x.to_f64()))
    }
}

/// The last two axes of `data` exchanged; `shape` is the shape of the result.
fn transpose<E: Element>(shape: &Shape, data: &[E]) -> Vec<E> {
    let (n, m) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
    let mut out = Buffer::room(data.len());
    if n * m > 0 {
        for matrix in data.chunks_exact(n * m) {
            for i in 0..n {
                out.extend((0..m).map(|j| matrix[j * n + i]));
            }
        }
    }
    out
}

impl<E: Element> PartialEq for Tensor<E> {
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape && self.data() == other.data()
    }
}

impl<E: Element, const N: usize> Index<[usize; N]> for Tensor<E> {
    type Output = E;
    #[track_caller]
    fn index(&self, index: [usize; N]) -> &E {
        match self.get(&index) {
            Some(element) => element,
            None => panic!("index {index:?} is outside a tensor of shape {}", self.shape),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_view_reads_as_its_copy() {
        let x = Tensor::from([[1, 2, 3], [4, 5, 6]]);
        let t = x.transposed();
        assert_eq!(t, Tensor::from([[1, 4], [2, 5], [3, 6]]));
        assert_eq!(t.reshape([6]).data(), [1, 4, 2, 5, 3, 6]);
        assert_eq!(t.transposed(), x);
        assert!(!t.transposed().layout().1);
        assert_eq!(t.into_vec(), [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn sums_of_transposed_views_are_those_of_their_copies() {
        let x = || Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).transposed();
        let plain = Tensor::from([[10.0, 40.0], [20.0, 50.0], [30.0, 60.0]]);
        let view = Tensor::from([[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]]).transposed();
        let expected = Tensor::from([[11.0, 44.0], [22.0, 55.0], [33.0, 66.0]]);
        for other in [&plain, &view] {
            // Read before, so that there is a copy of the old numbers; and shared.
            let (mut a, mut b) = (x(), x());
            assert_eq!(a.data()[1], 4.0);
            let kept = b.clone();
            a += other;
            b += other;
            assert_eq!((&a, &b, &kept), (&expected, &expected, &x()));
        }
    }

    #[test]
    fn writing_copies_what_is_shared() {
        let x = Tensor::from([1.0, 2.0]);
        let mut y = x.clone();
        y.data_mut()[0] = 5.0;
        assert_eq!((x.data(), y.data()), (&[1.0, 2.0][..], &[5.0, 2.0][..]));
    }

    #[test]
    #[should_panic(expected = "tensor: shape [2, 3] has 6 elements, the data 5")]
    fn a_wrong_length_is_named() {
        let _ = Tensor::new([2, 3], vec![0.0; 5]);
    }
}
