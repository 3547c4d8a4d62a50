//! A short list of small values.

use std::ops::Deref;

/// Up to three values in place, more on the heap. For values that are copied: of it a compiler makes a tenth of the code
/// that it makes of a vector that can grow.
#[derive(Clone, Debug)]
pub(crate) enum ShortList<T: Copy> {
    Here([T; 3], usize),
    Heap(Vec<T>),
}

impl<T: Copy> ShortList<T> {
    /// The values `f(0)`, …, `f(n − 1)`.
    #[inline]
    pub(crate) fn from_fn(n: usize, mut f: impl FnMut(usize) -> T) -> Self {
        ShortList::by(n, &mut f)
    }

    fn by(n: usize, f: &mut dyn FnMut(usize) -> T) -> Self {
        if n == 0 || n > 3 {
            let mut heap = Vec::with_capacity(n);
            for k in 0..n {
                heap.push(f(k));
            }
            return ShortList::Heap(heap);
        }
        let mut here = [f(0); 3];
        for (k, value) in here.iter_mut().enumerate().take(n).skip(1) {
            *value = f(k);
        }
        ShortList::Here(here, n)
    }

    /// The values that are there.
    #[inline]
    pub(crate) fn those(n: usize, mut f: impl FnMut(usize) -> Option<T>) -> Self {
        ShortList::those_by(n, &mut f)
    }

    fn those_by(n: usize, f: &mut dyn FnMut(usize) -> Option<T>) -> Self {
        let mut found: Option<[T; 3]> = None;
        let mut heap = Vec::new();
        let mut count = 0;
        for k in 0..n {
            let Some(value) = f(k) else { continue };
            match (&mut found, count) {
                (None, _) => found = Some([value; 3]),
                (Some(here), 1 | 2) => here[count] = value,
                (Some(here), _) => {
                    if heap.is_empty() {
                        heap.extend_from_slice(here);
                    }
                    heap.push(value);
                }
            }
            count += 1;
        }
        match found {
            Some(here) if count <= 3 => ShortList::Here(here, count),
            _ => ShortList::Heap(heap),
        }
    }
}

impl<T: Copy> Deref for ShortList<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            ShortList::Here(here, n) => &here[..*n],
            ShortList::Heap(heap) => heap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_are() {
        for n in 0..6 {
            assert_eq!(*ShortList::from_fn(n, |k| k), *(0..n).collect::<Vec<_>>());
            let odd = |k: usize| (k % 2 == 1).then_some(k);
            assert_eq!(*ShortList::those(2 * n, odd), *(0..2 * n).filter(|k| k % 2 == 1).collect::<Vec<_>>());
        }
    }
}
