//! A number for each spatial axis.

use std::fmt;
use std::ops::Deref;

use crate::error::{Error, OrRaise};

/// The most spatial axes for which there are numbers.
pub(crate) const MOST: usize = 4;

/// A number for each spatial axis, or one for all: `2`, `[2, 1]`. For [`Padding::Sides`](super::Padding::Sides) it is a
/// pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PerAxis<T = usize> {
    /// Those behind the last number are all the same, so that equal lists are equal.
    numbers: [T; MOST],
    len: usize,
}

impl<T: Copy + Default> PerAxis<T> {
    /// The numbers, if there are not too many.
    #[inline]
    fn of(given: &[T]) -> Result<Self, Error> {
        if given.len() > MOST {
            return Err(Error::Argument(format!("per axis: {} numbers, and at most {MOST} spatial axes", given.len())));
        }
        let mut numbers = [T::default(); MOST];
        numbers[..given.len()].copy_from_slice(given);
        Ok(PerAxis { numbers, len: given.len() })
    }

    /// The number for axis `k`.
    #[inline]
    pub(crate) fn at(&self, k: usize) -> T {
        self.get(k).or(self.first()).copied().unwrap_or_default()
    }
}

impl<T> Deref for PerAxis<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        &self.numbers[..self.len]
    }
}

#[cfg(feature = "json")]
impl<T: serde::Serialize> serde::Serialize for PerAxis<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(feature = "json")]
impl<'de, T: Copy + Default + serde::Deserialize<'de>> serde::Deserialize<'de> for PerAxis<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<T>::deserialize(deserializer)?;
        PerAxis::of(&numbers).map_err(serde::de::Error::custom)
    }
}

impl<T: fmt::Debug> fmt::Debug for PerAxis<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PerAxis").field(&&**self).finish()
    }
}

impl From<usize> for PerAxis {
    #[inline]
    fn from(n: usize) -> Self {
        PerAxis::from([n])
    }
}
impl<T: Copy + Default, const N: usize> From<[T; N]> for PerAxis<T> {
    /// # Panics
    /// If there are more than four.
    #[inline]
    #[track_caller]
    fn from(n: [T; N]) -> Self {
        PerAxis::from(&n[..])
    }
}
impl<T: Copy + Default> From<&[T]> for PerAxis<T> {
    /// # Panics
    /// If there are more than four.
    #[inline]
    #[track_caller]
    fn from(n: &[T]) -> Self {
        PerAxis::of(n).or_raise()
    }
}
impl From<Vec<usize>> for PerAxis {
    /// # Panics
    /// If there are more than four.
    #[inline]
    #[track_caller]
    fn from(n: Vec<usize>) -> Self {
        PerAxis::from(&n[..])
    }
}
impl<T: Copy + Default> FromIterator<T> for PerAxis<T> {
    /// # Panics
    /// If there are more than four.
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = T>>(n: I) -> Self {
        PerAxis::from(&n.into_iter().collect::<Vec<T>>()[..])
    }
}
