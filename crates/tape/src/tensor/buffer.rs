//! Memory of tensors: vectors that return to the thread's pool when they are dropped.
//!
//! A training step makes and drops the same sizes again and again. Memory that is given back to the system is paid for
//! a second time in page faults, so a freed buffer is kept (up to a bound) and handed to the next tensor of its size.

use std::ops::Deref;

use crate::error::{Error, OrRaise};
use crate::tensor::ceiling::check_bytes;
use crate::tensor::float::Element;

/// Buffers shorter than this are left to the allocator, which is fast for them.
const SMALLEST: usize = 256;
/// A thread keeps at most this many bytes of free buffers for each element type.
const KEPT_BYTES: usize = 256 << 20;
/// And at most this many of one size class.
const KEPT_OF_A_CLASS: usize = 64;

/// A vector that goes back to the pool of the thread that drops it.
pub(crate) struct Buffer<E: Element>(Vec<E>);

impl<E: Element> Buffer<E> {
    /// An empty vector with room for at least `len` elements, from the pool if it has one. More than
    /// [`max_bytes`](crate::max_bytes) is [raised](Error::raise) as an error.
    pub(crate) fn room(len: usize) -> Vec<E> {
        if len < SMALLEST {
            return Vec::with_capacity(len);
        }
        let mut v = Self::pooled(len);
        v.clear();
        v
    }

    /// A vector from the pool, as it was left, or a new one with room for at least `len` elements.
    fn pooled(len: usize) -> Vec<E> {
        let bytes = len.saturating_mul(size_of::<E>());
        if bytes > KEPT_BYTES {
            return Self::beyond_the_pool(len, bytes);
        }
        E::pool(|pool| pool.take(len)).flatten().unwrap_or_else(|| {
            check_bytes("memory", bytes as u64).or_raise();
            Vec::with_capacity(len.next_power_of_two())
        })
    }

    /// A new vector that no pool will keep. That there is no memory for it is an error like any other.
    #[cold]
    fn beyond_the_pool(len: usize, bytes: usize) -> Vec<E> {
        let bytes = bytes as u64;
        check_bytes("memory", bytes).or_raise();
        let mut v = Vec::new();
        // Refused is what there is no room for just now.
        let refused = |_| Error::TooLarge { op: "memory".into(), shape: None, bytes, ceiling: bytes - 1 };
        v.try_reserve_exact(len).map_err(refused).or_raise();
        v
    }

    /// A vector of `len` elements that somebody is about to write; what they are is left open.
    pub(crate) fn any(len: usize) -> Vec<E> {
        if len < SMALLEST {
            return vec![E::default(); len];
        }
        let mut v = Self::pooled(len);
        v.resize(len, E::default());
        v
    }

    /// A vector of `len` elements equal to `value`, from the pool if it has one.
    pub(crate) fn filled(len: usize, value: E) -> Vec<E> {
        let mut v = Self::room(len);
        v.resize(len, value);
        v
    }

    /// Gives a vector that is no longer needed to the pool.
    pub(crate) fn recycle(v: Vec<E>) {
        drop(Buffer(v));
    }

    /// The vector, for the caller to change or keep.
    pub(crate) fn into_vec(mut self) -> Vec<E> {
        std::mem::take(&mut self.0)
    }

    /// The elements, for the only owner to change.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [E] {
        &mut self.0
    }
}

impl<E: Element> From<Vec<E>> for Buffer<E> {
    fn from(v: Vec<E>) -> Self {
        Buffer(v)
    }
}

impl<E: Element> Deref for Buffer<E> {
    type Target = [E];
    #[inline(always)]
    fn deref(&self) -> &[E] {
        &self.0
    }
}

impl<E: Element> Drop for Buffer<E> {
    fn drop(&mut self) {
        if self.0.capacity() >= SMALLEST {
            let v = std::mem::take(&mut self.0);
            E::pool(|pool| pool.give(v));
        }
    }
}

/// The free buffers of one element type on one thread, by the power of two that their capacity reaches.
#[doc(hidden)]
pub struct Pool<E> {
    classes: [Vec<Vec<E>>; 64],
    bytes: usize,
}

impl<E> Pool<E> {
    pub(crate) const fn new() -> Self {
        Pool { classes: [const { Vec::new() }; 64], bytes: 0 }
    }

    fn take(&mut self, len: usize) -> Option<Vec<E>> {
        let class = len.next_power_of_two().trailing_zeros() as usize;
        let v = self.classes[class].pop()?;
        self.bytes -= v.capacity() * size_of::<E>();
        Some(v)
    }

    fn give(&mut self, v: Vec<E>) {
        let class = v.capacity().ilog2() as usize;
        let bytes = v.capacity() * size_of::<E>();
        if self.bytes + bytes <= KEPT_BYTES && self.classes[class].len() < KEPT_OF_A_CLASS {
            self.bytes += bytes;
            self.classes[class].push(v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_serves_the_next_of_its_size() {
        let v = Buffer::<f64>::filled(5000, 1.0);
        let at = v.as_ptr();
        drop(Buffer::from(v));
        let again = Buffer::<f64>::filled(6000, 2.0);
        assert_eq!(at, again.as_ptr());
        assert!(again.iter().all(|x| *x == 2.0) && again.len() == 6000);
    }
}
