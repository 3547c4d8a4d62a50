//! The shape of a tensor, and NumPy's rules of broadcasting.
//!
//! This is the only file that multiplies lengths. A shape is whatever lengths it was given: it may name more elements than
//! any memory has, as a file or an attribute may claim. The number of elements then is [`TOO_MANY`], and no tensor and no
//! result of an operation has such a shape.

use std::fmt;
use std::ops::Deref;

use smallvec::SmallVec;

/// The most elements that a shape of a tensor has: of the widest numbers, no more bytes than an address can be counted in.
/// Axes of length 0 are left out of this count, so that the steps from one entry of an axis to the next are numbers as well.
const MOST: usize = isize::MAX as usize / 16;

/// What counts as the number of elements where it is greater than that of any tensor.
pub(crate) const TOO_MANY: usize = usize::MAX;

/// The number of elements over some axes, of these lengths: their product, or [`TOO_MANY`].
#[inline]
pub(crate) fn product(lengths: &[usize]) -> usize {
    let (mut elements, mut empty) = (1_usize, false);
    for n in lengths {
        match n {
            0 => empty = true,
            n => elements = elements.saturating_mul(*n),
        }
    }
    match empty {
        _ if elements > MOST => TOO_MANY,
        true => 0,
        false => elements,
    }
}

/// How much work it is to do something for each combination of so many things: a product as large as can be said.
#[inline]
pub(crate) fn work<const N: usize>(factors: [usize; N]) -> u64 {
    factors.iter().fold(1, |work: u64, n| work.saturating_mul(*n as u64))
}

/// The lengths of a tensor's axes, outermost first. Rank 0 (`[]`) is a single number.
///
/// # Examples
/// ```
/// use wengert_tape::Shape;
/// let s = Shape::from([2, 3]);
/// assert_eq!((s.rank(), s.len_elements(), s.to_string().as_str()), (2, 6, "[2, 3]"));
/// ```
#[derive(PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Shape(SmallVec<[usize; 4]>);

impl Clone for Shape {
    /// A copy of a few words, and not the loop over an iterator that the derived one is.
    #[inline]
    fn clone(&self) -> Self {
        Shape(SmallVec::from_slice(&self.0))
    }
}

impl Shape {
    /// The shape of a single number, `[]`.
    pub fn scalar() -> Self {
        Shape::default()
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements: the product of the lengths, 1 for rank 0. `usize::MAX` where no tensor
    /// [can have](Self::is_possible) this shape.
    #[inline]
    pub fn len_elements(&self) -> usize {
        product(&self.0)
    }

    /// Whether a tensor can have this shape: whether its lengths, those that are 0 left out, multiply to a number of elements
    /// that can be addressed. What cannot is refused where a tensor would be made of it, and as the result of an operation.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert!(Shape::from([1 << 20, 0, 1 << 20]).is_possible());
    /// assert!(!Shape::from([1 << 32, 1 << 32]).is_possible());
    /// assert!(!Shape::from([1 << 40, 0, 1 << 40]).is_possible());
    /// assert!(Tensor::<f64>::try_new([1 << 32, 1 << 32], vec![]).is_err());
    /// ```
    #[inline]
    pub fn is_possible(&self) -> bool {
        self.len_elements() != TOO_MANY
    }

    /// The shape without its axis `axis`.
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn without(&self, axis: usize) -> Shape {
        let mut s = self.clone();
        s.0.remove(axis);
        s
    }

    /// The shape with axis `axis` of length `len`.
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn with(&self, axis: usize, len: usize) -> Shape {
        let mut s = self.clone();
        s.0[axis] = len;
        s
    }

    /// Appends an axis.
    pub fn push(&mut self, len: usize) {
        self.0.push(len);
    }

    /// The last two axes exchanged.
    pub(crate) fn swapped(&self) -> Shape {
        let mut s = self.clone();
        let r = s.rank();
        s.0.swap(r - 2, r - 1);
        s
    }

    /// The distance in elements between neighbours along each axis, for row-major storage.
    pub fn strides(&self) -> SmallVec<[usize; 4]> {
        let mut strides: SmallVec<[usize; 4]> = SmallVec::from_elem(1, self.rank());
        for k in (1..self.rank()).rev() {
            strides[k - 1] = strides[k].saturating_mul(self[k]);
        }
        strides
    }

    /// The shape that both broadcast to under NumPy's rules: shapes are aligned at their last axes, and an axis of
    /// length 1, or a missing one, is repeated. `None` where two lengths differ and neither is 1.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::Shape;
    /// let (a, b) = (Shape::from([4, 1, 3]), Shape::from([2, 1]));
    /// assert_eq!(a.broadcast(&b), Some(Shape::from([4, 2, 3])));
    /// assert_eq!(Shape::from([2]).broadcast(&Shape::from([3])), None);
    /// ```
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        (0..rank)
            .map(|k| match (self.aligned(k, rank), other.aligned(k, rank)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect()
    }

    /// Whether a tensor of this shape broadcasts to `to`.
    pub fn broadcasts_to(&self, to: &Shape) -> bool {
        self.rank() <= to.rank() && (0..to.rank()).all(|k| [1, to[k]].contains(&self.aligned(k, to.rank())))
    }

    /// The length of axis `k` of the shape written with `rank` axes (1 where it has none).
    fn aligned(&self, k: usize, rank: usize) -> usize {
        (k + self.rank()).checked_sub(rank).map_or(1, |k| self[k])
    }

    /// For each axis of `to`, the step in elements that this (row-major) tensor takes along it: 0 where it repeats.
    pub(crate) fn steps_in(&self, to: &Shape) -> SmallVec<[usize; 4]> {
        let strides = self.strides();
        (0..to.rank())
            .map(|k| match (k + self.rank()).checked_sub(to.rank()) {
                Some(k) if self[k] != 1 => strides[k],
                _ => 0,
            })
            .collect()
    }
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0[..], f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0[..], f)
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(lengths: I) -> Self {
        Shape(lengths.into_iter().collect())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(lengths: [usize; N]) -> Self {
        Shape(SmallVec::from_slice(&lengths))
    }
}

impl From<&[usize]> for Shape {
    fn from(lengths: &[usize]) -> Self {
        Shape(SmallVec::from_slice(lengths))
    }
}

impl From<Vec<usize>> for Shape {
    fn from(lengths: Vec<usize>) -> Self {
        Shape(SmallVec::from_vec(lengths))
    }
}

impl From<usize> for Shape {
    fn from(len: usize) -> Self {
        Shape::from([len])
    }
}

impl From<&Shape> for Shape {
    fn from(s: &Shape) -> Self {
        s.clone()
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self.0[..] == other[..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        let table: &[(&[usize], &[usize], Option<&[usize]>)] = &[
            (&[], &[], Some(&[])),
            (&[3], &[], Some(&[3])),
            (&[2, 3], &[3], Some(&[2, 3])),
            (&[2, 1], &[3], Some(&[2, 3])),
            (&[4, 1, 3], &[2, 1], Some(&[4, 2, 3])),
            (&[0], &[1], Some(&[0])),
            (&[0], &[2], None),
            (&[2, 3], &[2], None),
        ];
        for (a, b, expected) in table {
            let (a, b) = (Shape::from(*a), Shape::from(*b));
            assert_eq!(a.broadcast(&b), expected.map(Shape::from), "{a} {b}");
            assert_eq!(b.broadcast(&a), expected.map(Shape::from), "{b} {a}");
        }
    }

    /// The number of elements is what it is, or said to be too many: also where the product of all lengths wraps to a small
    /// number, and where a length of 0 hides that the others' does.
    #[test]
    fn a_number_of_elements_never_wraps() {
        let third = 6_148_914_691_236_517_272; // three times this is 200 beyond 2⁶⁴
        let table: &[(&[usize], usize)] = &[
            (&[], 1),
            (&[2, 3, 5], 30),
            (&[2, 0, 5], 0),
            (&[MOST], MOST),
            (&[MOST, 0], 0),
            (&[MOST + 1], TOO_MANY),
            (&[1 << 32, 1 << 32], TOO_MANY),
            (&[3, third], TOO_MANY),
            (&[0, 1 << 40, 1 << 40], TOO_MANY),
            (&[1 << 40, 0, 1 << 40], TOO_MANY),
            (&[usize::MAX, 0], TOO_MANY),
            (&[usize::MAX, usize::MAX, 2], TOO_MANY),
        ];
        for (lengths, elements) in table {
            let shape = Shape::from(*lengths);
            assert_eq!(shape.len_elements(), *elements, "{shape}");
            assert_eq!(shape.is_possible(), *elements != TOO_MANY, "{shape}");
            assert_eq!(shape.strides().len(), shape.rank());
        }
    }
}
