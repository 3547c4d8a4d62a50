//! A number for each spatial axis.

use std::ops::Deref;

use smallvec::SmallVec;

/// A number for each spatial axis, or one for all: `2`, `[2, 1]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct PerAxis(SmallVec<[usize; 3]>);

impl PerAxis {
    /// The number for axis `k`.
    #[inline]
    pub(crate) fn at(&self, k: usize) -> usize {
        self.0.get(k).or(self.0.first()).copied().unwrap_or(0)
    }
}

impl Deref for PerAxis {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<usize> for PerAxis {
    #[inline]
    fn from(n: usize) -> Self {
        PerAxis(SmallVec::from_slice(&[n]))
    }
}
impl<const N: usize> From<[usize; N]> for PerAxis {
    #[inline]
    fn from(n: [usize; N]) -> Self {
        PerAxis(SmallVec::from_slice(&n))
    }
}
impl From<&[usize]> for PerAxis {
    #[inline]
    fn from(n: &[usize]) -> Self {
        PerAxis(SmallVec::from_slice(n))
    }
}
impl From<Vec<usize>> for PerAxis {
    #[inline]
    fn from(n: Vec<usize>) -> Self {
        PerAxis(SmallVec::from_vec(n))
    }
}
impl FromIterator<usize> for PerAxis {
    fn from_iter<I: IntoIterator<Item = usize>>(n: I) -> Self {
        PerAxis(n.into_iter().collect())
    }
}
