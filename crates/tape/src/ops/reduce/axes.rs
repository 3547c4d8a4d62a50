//! Naming axes.

use smallvec::SmallVec;

use crate::error::Error;
use crate::ops::ReshapeExt;
use crate::rule::algebra::Algebra;
use crate::shape::Shape;
use crate::tensor::sizes::signed;

/// One axis or several: `1`, `-1` (the last), `[0, 2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Axes(SmallVec<[isize; 4]>);

impl Axes {
    /// The axes as positions, in ascending order. A number, of rank 0, may be asked along axis 0 or −1, as in PyTorch and
    /// NumPy: then there are none.
    ///
    /// # Errors
    /// If an axis is out of range for `rank` or named twice.
    #[inline]
    pub fn resolve(&self, op: &str, rank: usize) -> Result<SmallVec<[usize; 4]>, Error> {
        if rank == 0 && matches!(self.0[..], [0 | -1]) {
            return Ok(SmallVec::new());
        }
        let mut found = self.in_order(op, rank)?;
        found.sort_unstable();
        Ok(found)
    }

    /// The numbers as they were given.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[isize] {
        &self.0
    }

    /// The axes as positions, in the order in which they were named.
    ///
    /// # Errors
    /// If an axis is out of range for `rank` or named twice.
    #[inline]
    pub fn in_order(&self, op: &str, rank: usize) -> Result<SmallVec<[usize; 4]>, Error> {
        let mut found: SmallVec<[usize; 4]> = SmallVec::new();
        for axis in &self.0 {
            let k = if *axis < 0 { axis + signed(rank) } else { *axis };
            if !(0..signed(rank)).contains(&k) {
                return Err(Error::shape(op, format!("axis {axis} of a tensor of rank {rank}")));
            }
            if found.contains(&(k as usize)) {
                return Err(Error::shape(op, format!("axis {axis} is named twice")));
            }
            found.push(k as usize);
        }
        Ok(found)
    }
}

/// The position of one axis, which may count from the end.
#[inline]
pub(crate) fn axis(op: &str, axis: isize, rank: usize) -> Result<usize, Error> {
    Axes::from(axis).in_order(op, rank).map(|k| k[0])
}

/// A number, of rank 0, as a vector of one, if `at` is an axis along which it may be asked.
#[track_caller]
pub(crate) fn number_as_vector<A: Algebra>(x: &A, at: isize) -> Option<A> {
    match x.shape().rank() == 0 && matches!(at, 0 | -1) {
        true => Some(ReshapeExt::reshape(x, [1])),
        false => None,
    }
}

/// The only element of a vector of one.
#[track_caller]
pub(crate) fn vector_as_number<A: Algebra>(x: &A) -> A {
    ReshapeExt::reshape(x, Shape::scalar())
}

/// An axis that is a field of an operation, which may come from a file: what is wrong with it, if it is none.
#[inline]
pub(crate) fn existing(op: &str, axis: usize, rank: usize) -> Result<usize, Error> {
    match axis < rank {
        true => Ok(axis),
        false => Err(Error::shape(op, format!("axis {axis} of a tensor of rank {rank}"))),
    }
}

macro_rules! axes_from {
    ($($t:ty)*) => { $(
        impl From<$t> for Axes {
            #[inline]
            fn from(axis: $t) -> Self {
                Axes(SmallVec::from_slice(&[signed(axis)]))
            }
        }
        impl<const N: usize> From<[$t; N]> for Axes {
            #[inline]
            fn from(axes: [$t; N]) -> Self {
                Axes(axes.iter().map(|a| signed(*a)).collect())
            }
        }
        impl From<Vec<$t>> for Axes {
            #[inline]
            fn from(axes: Vec<$t>) -> Self {
                Axes::from(&axes[..])
            }
        }
        impl From<&[$t]> for Axes {
            #[inline]
            fn from(axes: &[$t]) -> Self {
                Axes(axes.iter().map(|a| signed(*a)).collect())
            }
        }
    )* };
}
axes_from! { i32 isize usize }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(Axes::from([-1, 0]).resolve("sum", 3).unwrap()[..], [0, 2]);
        let message = |axes: Axes| axes.resolve("sum", 2).unwrap_err().to_string();
        assert_eq!(message(Axes::from(2)), "sum: axis 2 of a tensor of rank 2");
        assert_eq!(message(Axes::from([0, -2])), "sum: axis -2 is named twice");
    }
}
