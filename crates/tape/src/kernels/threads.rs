//! The threads that large operations share.
//!
//! Work is cut so that no bit depends on the number of threads: a number of a result is computed in one part, in the order in which
//! it would be computed alone, and what is summed over parts is cut by its size. The pool is that of `rayon-core`; a hand-off costs
//! some microseconds, so that what takes less is done where it is.

use std::cell::Cell;
#[cfg(feature = "threads")]
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "threads")]
use crate::error::{Error, caught};

/// What [`set_threads`] said; 0 before.
static ASKED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What [`with_threads`] said on this thread; 0 outside.
    static HERE: Cell<usize> = const { Cell::new(0) };
    /// Whether the smallest work is cut.
    static FINELY: Cell<bool> = const { Cell::new(false) };
}

/// How many threads an operation on large tensors may use, that calls it among them.
///
/// That is what [`set_threads`] said, else the environment variable `WENGERT_THREADS`, else as many as the machine can run at once.
/// Without the feature `threads` it is one.
pub fn threads() -> usize {
    if !cfg!(feature = "threads") {
        return 1;
    }
    match (HERE.get(), ASKED.load(Ordering::Relaxed)) {
        (0, 0) => default_threads(),
        (0, asked) => asked,
        (here, _) => here,
    }
}

fn default_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        let said = std::env::var("WENGERT_THREADS").ok().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
        said.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    })
}

/// Sets how many threads an operation on large tensors may use, on every thread of the program. The results have the same bits
/// whatever the number.
///
/// # Panics
/// If it is 0.
///
/// # Examples
/// ```
/// use wengert_tape::{set_threads, threads};
/// set_threads(1);
/// assert_eq!(threads(), 1);
/// ```
pub fn set_threads(count: usize) {
    assert!(count > 0, "set_threads: an operation needs at least one thread");
    ASKED.store(count, Ordering::Relaxed);
}

/// Calls `f`, in which operations of this thread use at most so many threads: for a program that is parallel itself.
///
/// # Panics
/// If the count is 0.
///
/// # Examples
/// ```
/// use wengert_tape::{threads, with_threads};
/// assert_eq!(with_threads(1, threads), 1);
/// ```
pub fn with_threads<R>(count: usize, f: impl FnOnce() -> R) -> R {
    assert!(count > 0, "with_threads: an operation needs at least one thread");
    let _before = Before(HERE.replace(count), FINELY.get());
    f()
}

/// Calls `f`, in which also the smallest work is shared by so many threads: for tests.
#[doc(hidden)]
pub fn with_threads_for_all<R>(count: usize, f: impl FnOnce() -> R) -> R {
    let _before = Before(HERE.replace(count), FINELY.replace(true));
    f()
}

/// What held on this thread, to hold again.
struct Before(usize, bool);

impl Drop for Before {
    fn drop(&mut self) {
        HERE.set(self.0);
        FINELY.set(self.1);
    }
}

/// About how many numbers a part of a work has.
pub(crate) fn part() -> usize {
    if FINELY.get() { 2 } else { 1 << 14 }
}

/// The work from which on handing a part of it over pays: about this many additions.
#[cfg(any(test, feature = "threads"))]
pub(crate) const WORTH: u64 = 1 << 19;

/// A part of this much work is worth several threads by itself.
const LARGE: u64 = 8 << 20;

/// The work of so many elements, each of so many operations: what is read and written counts as well.
pub(crate) fn work_of(elements: usize, flops: u64) -> u64 {
    (elements as u64).saturating_mul(flops.saturating_add(4))
}

/// Calls `f` for each of some parts of a work, on this thread and on helpers of the pool, and waits until all are done. An error that
/// is raised in a part is raised here.
#[cfg(feature = "threads")]
pub(crate) fn each<T: Send>(parts: impl ExactSizeIterator<Item = T> + Send, work: u64, f: impl Fn(T) + Sync) {
    let count = if work < WORTH && !FINELY.get() { 1 } else { threads().min(parts.len()) };
    let Some(pool) = (count > 1).then(|| pool(threads() - 1)).flatten() else {
        return parts.for_each(f);
    };
    let parts = Mutex::new((parts, None::<Error>));
    let next = || match &mut *parts.lock().ok()? {
        (parts, None) => parts.next(),
        (_, Some(_)) => None,
    };
    let take = || {
        // Raised here it would be nobody's: who waits for it, and whose call it is, is known on the thread that asked.
        let raised = caught(|| {
            while let Some(part) = next() {
                f(part);
            }
            Ok(())
        });
        if let (Err(error), Ok(mut parts)) = (raised, parts.lock()) {
            parts.1.get_or_insert(error);
        }
    };
    pool.in_place_scope(|scope| {
        (1..count).for_each(|_| scope.spawn(|_| take()));
        with_threads(1, take);
    });
    if let Ok((_, Some(error))) = parts.into_inner() {
        error.raise();
    }
}

/// Calls `f` for each of some parts of a work.
#[cfg(not(feature = "threads"))]
pub(crate) fn each<T: Send>(parts: impl ExactSizeIterator<Item = T> + Send, _work: u64, f: impl Fn(T) + Sync) {
    parts.for_each(f);
}

/// [`each`] for parts that can be shared by threads themselves: they are, one after the other, where there are fewer of them than
/// threads and each is large.
pub(crate) fn each_or_inside<T: Send>(
    mut parts: impl ExactSizeIterator<Item = T> + Send,
    work: u64,
    f: impl Fn(T) + Sync,
) {
    let each_is_large = work / parts.len().max(1) as u64 >= LARGE;
    match each_is_large && parts.len() < threads() {
        true => parts.by_ref().for_each(f),
        false => each(parts, work, f),
    }
}

/// The pool of at least so many helpers, or none where the system has no threads for it.
#[cfg(feature = "threads")]
fn pool(helpers: usize) -> Option<std::sync::Arc<rayon_core::ThreadPool>> {
    static POOL: Mutex<Option<(usize, std::sync::Arc<rayon_core::ThreadPool>)>> = Mutex::new(None);
    let mut pool = POOL.lock().ok()?;
    // One with more helpers does: as many take part as there are jobs.
    if let Some((count, pool)) = &*pool
        && *count >= helpers
    {
        return Some(pool.clone());
    }
    let made = rayon_core::ThreadPoolBuilder::new()
        .num_threads(helpers)
        .thread_name(|k| format!("wengert-{k}"))
        .start_handler(|_| HERE.set(1))
        .build()
        .ok()?;
    let made = std::sync::Arc::new(made);
    *pool = Some((helpers, made.clone()));
    Some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_and_inside_it_there_is_one_thread() {
        for count in [1, 2, 3, 8] {
            with_threads(count, || {
                let done: Vec<AtomicUsize> = (0..100).map(|_| AtomicUsize::new(0)).collect();
                each(done.iter(), WORTH, |part| {
                    part.fetch_add(threads(), Ordering::Relaxed);
                });
                assert!(done.iter().all(|n| n.load(Ordering::Relaxed) == 1));
            });
        }
    }

    /// An error of a part that a helper does is an error for who waits for it on the thread that asked.
    #[test]
    fn an_error_in_a_part_is_raised_where_the_work_was_asked_for() {
        let here = std::thread::current().id();
        for _ in 0..20 {
            let work = |k: usize| match std::thread::current().id() == here {
                true => std::thread::sleep(std::time::Duration::from_millis(1)),
                false => Error::Argument(format!("part {k}")).raise(),
            };
            let parts = [(); 50].into_iter().enumerate();
            let error = crate::try_with(|| with_threads(3, || each(parts, WORTH, |(k, ())| work(k)))).unwrap_err();
            assert!(error.to_string().contains("part "), "{error}");
        }
    }

    #[test]
    fn a_panic_in_a_part_reaches_the_caller() {
        let panicked =
            std::panic::catch_unwind(|| with_threads(3, || each(0..50, WORTH, |k| assert!(k != 30, "part {k}"))));
        let message = *panicked.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(message, "part 30");
    }
}
