//! Asking for memory ahead of its use.

#![allow(unsafe_code)] // the instruction is given an address

/// How far ahead a tape is asked for, in bytes. The processor guesses by itself what is read or written next, but only as
/// far as the end of a page; what a tape of millions of numbers walks over is then waited for at the beginning of each.
pub(crate) const AHEAD: usize = 6 << 10;

/// Asks for what stands at `at`, which need not exist, so that it is in a cache when it is used. On other processors than
/// those of x86-64 there is no such instruction in stable Rust, and nothing is done.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which may be given any address.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
