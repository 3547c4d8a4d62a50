//! Memory of tensors: vectors that return to a pool when they are dropped.
//!
//! A training step makes and drops the same sizes again and again. Memory that is given back to the system is paid for
//! a second time in page faults, so a freed buffer is kept (up to a bound) and handed to the next tensor of its size. Small ones stay
//! with the thread; large ones are shared by all threads, since what one makes another often drops.

use std::ops::Deref;

use crate::error::{Error, OrRaise};
use crate::tensor::ceiling::{ceiling, check_bytes};
use crate::tensor::float::Element;

/// Buffers shorter than this are left to the allocator, which is fast for them.
const SMALLEST: usize = 256;
/// Buffers of more bytes than this are shared by all threads.
const SHARED: usize = 1 << 16;
/// A thread keeps at most this many bytes of free buffers for each element type.
const KEPT_BY_A_THREAD: usize = 16 << 20;
/// A new buffer of so many bytes is one of zeros, which the system makes page by page when they are read; of a larger one it is found
/// out whether there is room for it, and zeros are written.
const ZEROED: u64 = 16 << 20;
/// All threads together keep at most this part of what a call may ask for ([`max_bytes`](crate::max_bytes)).
const SHARE: usize = 8;
/// And at most this many of one size.
const KEPT_OF_A_SIZE: usize = 64;

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
        let of_a_size = if bytes <= SHARED { E::pool(|pool| pool.take(len)) } else { E::shared(|pool| pool.take(len)) };
        of_a_size.flatten().unwrap_or_else(|| Self::fresh(len))
    }

    /// A new vector. That there is no memory for it is an error like any other.
    #[cold]
    fn fresh(len: usize) -> Vec<E> {
        let room = size(len);
        let bytes = room.saturating_mul(size_of::<E>()) as u64;
        check_bytes("memory", bytes).or_raise();
        if bytes <= ZEROED {
            let mut v = vec![E::default(); room];
            v.truncate(len);
            return v;
        }
        let refused = |_| Error::TooLarge { op: "memory".into(), shape: None, bytes, ceiling: bytes - 1 };
        let mut v = Vec::new();
        v.try_reserve_exact(room).map_err(refused).or_raise();
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
        let bytes = self.0.capacity() * size_of::<E>();
        if self.0.capacity() < SMALLEST {
            return;
        }
        let v = std::mem::take(&mut self.0);
        if bytes <= SHARED {
            E::pool(|pool| pool.give(v, KEPT_BY_A_THREAD));
        } else {
            E::shared(|pool| pool.give(v, ceiling().unwrap_or(0) / SHARE));
        }
    }
}

/// The sizes that buffers have: eight between a power of two and the next, so that at most an eighth is not used.
fn size(len: usize) -> usize {
    len.next_multiple_of(step(len))
}

/// The distance between neighbouring sizes.
fn step(len: usize) -> usize {
    (1 << len.max(SMALLEST).ilog2()) / 8
}

/// The place of a buffer of this capacity among the sizes.
fn class(len: usize) -> usize {
    let len = len.max(SMALLEST);
    (len.ilog2() as usize - SMALLEST.ilog2() as usize) * 8 + len / step(len) - 8
}

/// The free buffers of one element type, by size.
#[doc(hidden)]
pub struct Pool<E> {
    sizes: Vec<Vec<Vec<E>>>,
    bytes: usize,
}

impl<E> Pool<E> {
    pub(crate) const fn new() -> Self {
        Pool { sizes: Vec::new(), bytes: 0 }
    }

    fn take(&mut self, len: usize) -> Option<Vec<E>> {
        let v = self.sizes.get_mut(class(size(len)))?.pop()?;
        self.bytes -= v.capacity() * size_of::<E>();
        Some(v)
    }

    /// Keeps a buffer, as long as there are no more bytes than `most`.
    fn give(&mut self, v: Vec<E>, most: usize) {
        let (class, bytes) = (class(v.capacity()), v.capacity() * size_of::<E>());
        if self.bytes + bytes > most {
            return;
        }
        if self.sizes.len() <= class {
            self.sizes.resize_with(class + 1, Vec::new);
        }
        if self.sizes[class].len() < KEPT_OF_A_SIZE {
            self.bytes += bytes;
            self.sizes[class].push(v);
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
        let again = Buffer::<f64>::filled(5100, 2.0);
        assert_eq!(at, again.as_ptr());
        assert!(again.iter().all(|x| *x == 2.0) && again.len() == 5100);
    }

    /// A buffer that is found for a length has room for it, and at most an eighth more; the sizes are in order.
    #[test]
    fn sizes_waste_at_most_an_eighth() {
        let mut last = 0;
        for len in (256..10_000).chain((14..40).map(|k| 3 << k)).chain([usize::MAX / 16]) {
            let room = size(len);
            assert!(room >= len && room - len <= len / 8, "{len}: {room}");
            assert_eq!(class(room), class(size(room)), "{len}");
            assert!(class(room) >= last && (room == len || class(room) > class(len)), "{len}");
            last = class(room);
        }
    }

    /// What a thread makes and another drops serves a third.
    #[test]
    fn large_buffers_are_shared() {
        let len = 123_457;
        let at = std::thread::spawn(move || {
            let v = Buffer::<f32>::filled(len, 1.0);
            let at = v.as_ptr() as usize;
            std::thread::spawn(move || drop(Buffer::from(v))).join().unwrap();
            at
        });
        let at = at.join().unwrap();
        let again = Buffer::<f32>::any(len);
        assert_eq!(at, again.as_ptr() as usize);
    }
}
