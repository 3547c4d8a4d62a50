//! Lengths of axes, one of which may be left open.

use smallvec::SmallVec;

use crate::error::Error;
use crate::shape::Shape;

/// The lengths that a reshape asks for. One of them may be −1: the length that is left.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let x = Tensor::<f64>::zeros([2, 3, 4]);
/// assert_eq!(x.reshape([-1, 4]).shape(), &[6, 4]);
/// assert_eq!(x.reshape([4, 6]).shape(), &[4, 6]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(SmallVec<[isize; 4]>);

impl Sizes {
    /// The lengths as they were given.
    pub fn lengths(&self) -> &[isize] {
        &self.0
    }

    /// The shape in which the elements of a tensor of shape `from` are laid out.
    ///
    /// # Errors
    /// If the number of elements differs, or an open length is not determined by it.
    pub fn resolve(&self, op: &str, from: &Shape) -> Result<Shape, Error> {
        let open = self.0.iter().filter(|n| **n == -1).count();
        if open > 1 || self.0.iter().any(|n| *n < -1) {
            return Err(Error::shape(op, format!("{:?}: one length may be -1, and none less", self.0)));
        }
        let lengths: Shape = self.0.iter().filter(|n| **n != -1).map(|n| n.unsigned_abs()).collect();
        let (known, elements) = (lengths.len_elements(), from.len_elements());
        let fits = match open {
            _ if !lengths.is_possible() => false,
            0 => known == elements,
            _ => known > 0 && elements.is_multiple_of(known),
        };
        if !fits {
            let message = match open {
                0 if !lengths.is_possible() => {
                    format!("{from} has {elements} elements, {:?} more than any tensor", self.0)
                }
                0 => format!("{from} has {elements} elements, {:?} has {known}", self.0),
                _ => format!(
                    "{from} has {elements} elements, from which the open length of {:?} does not follow",
                    self.0
                ),
            };
            return Err(Error::shape(op, message));
        }
        Ok(self.0.iter().map(|n| if *n == -1 { elements / known } else { n.unsigned_abs() }).collect())
    }
}

impl From<Shape> for Sizes {
    fn from(shape: Shape) -> Self {
        Sizes::from(&shape[..])
    }
}
impl From<&Shape> for Sizes {
    fn from(shape: &Shape) -> Self {
        Sizes::from(&shape[..])
    }
}

/// A number as one with a sign. The greatest stands for those that are too great, which are no length of any axis either.
pub(crate) fn signed<N: TryInto<isize>>(n: N) -> isize {
    n.try_into().unwrap_or(isize::MAX)
}

macro_rules! sizes_from {
    ($($t:ty)*) => { $(
        impl From<$t> for Sizes {
            #[inline]
            fn from(length: $t) -> Self {
                Sizes(SmallVec::from_slice(&[signed(length)]))
            }
        }
        impl<const N: usize> From<[$t; N]> for Sizes {
            #[inline]
            fn from(lengths: [$t; N]) -> Self {
                Sizes(lengths.iter().map(|n| signed(*n)).collect())
            }
        }
        impl From<&[$t]> for Sizes {
            #[inline]
            fn from(lengths: &[$t]) -> Self {
                Sizes(lengths.iter().map(|n| signed(*n)).collect())
            }
        }
        impl From<Vec<$t>> for Sizes {
            #[inline]
            fn from(lengths: Vec<$t>) -> Self {
                Sizes::from(&lengths[..])
            }
        }
    )* };
}
sizes_from! { i32 isize usize }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_length_follows_from_the_others_or_is_an_error() {
        let from = Shape::from([2, 3, 4]);
        let of = |lengths: &[i32], from: &Shape| Sizes::from(lengths).resolve("reshape", from);
        assert_eq!(of(&[-1, 4], &from).unwrap(), [6, 4]);
        assert_eq!(of(&[24], &from).unwrap(), [24]);
        assert_eq!(of(&[-1], &Shape::scalar()).unwrap(), [1]);
        assert_eq!(of(&[-1, 3], &Shape::from([0, 3])).unwrap(), [0, 3]);
        let table: &[(&[i32], &str)] = &[
            (&[5, 5], "reshape: [2, 3, 4] has 24 elements, [5, 5] has 25"),
            (&[-1, 5], "reshape: [2, 3, 4] has 24 elements, from which the open length of [-1, 5] does not follow"),
            (&[-1, 0], "reshape: [2, 3, 4] has 24 elements, from which the open length of [-1, 0] does not follow"),
            (&[-1, -1], "reshape: [-1, -1]: one length may be -1, and none less"),
            (&[-2, 12], "reshape: [-2, 12]: one length may be -1, and none less"),
        ];
        for (lengths, message) in table {
            assert_eq!(of(lengths, &from).unwrap_err().to_string(), *message);
        }
    }
}
