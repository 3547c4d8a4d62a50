//! How an error is raised where there is nothing to return it, and caught by who can.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, Location};

use super::{Error, scope};

impl Error {
    /// Panics with this error's message at the caller's line; inside [`caught`], ends that with this error.
    #[cold]
    #[doc(hidden)]
    #[track_caller]
    pub fn raise(self) -> ! {
        Box::new(self).raise_boxed()
    }

    /// [`raise`](Self::raise), in little code for the caller: a box is one register.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn raise_boxed(mut self: Box<Self>) -> ! {
        self.name_as_called();
        reraise(Raised(self))
    }
}

/// What a method that cannot return an error does with one.
pub(crate) trait OrRaise {
    /// What is returned where nothing went wrong.
    type Out;
    /// The value, or the error [raised](Error::raise) at the line of the caller's caller: a method and no closure, since the
    /// caller's line does not reach into closures.
    #[track_caller]
    fn or_raise(self) -> Self::Out;
}

impl<T> OrRaise for Result<T, Error> {
    type Out = T;
    #[inline]
    #[track_caller]
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => error.raise(),
        }
    }
}

thread_local! {
    /// How many [`caught`] are running.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
}

/// An error on its way to [`caught`], or to the user's line.
pub(crate) struct Raised(Box<Error>);

/// Panics with an error at the caller's line, or sends it to who waits for it.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn reraise(raised: Raised) -> ! {
    // A program that aborts on panic is told at least what was wrong.
    let waited_for = CATCHING.get() > 0 || scope::is_behind_pointer(Location::caller());
    if waited_for && cfg!(panic = "unwind") {
        // Without a word on stderr.
        panic::resume_unwind(Box::new(raised));
    }
    panic!("{}", raised.0)
}

/// Runs any expression and returns the error that an operator, a method or an index in it would panic with.
///
/// What is recorded before the error stays on the tape. Any other panic goes on; a program that aborts on panic aborts.
///
/// # Errors
/// What the first operation that does not accept its arguments says.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (a, b) = (Tensor::<f64>::ones([2, 3]), Tensor::ones([3]));
/// assert_eq!(try_with(|| (&a + &b).sum().item())?, 12.0);
/// let error = try_with(|| a.matmul(&a) + &b).unwrap_err();
/// assert_eq!(error.to_string(), "matmul: inner dimensions differ: [2, 3] · [2, 3] (3 ≠ 2)");
/// # Ok::<(), Error>(())
/// ```
pub fn try_with<T>(f: impl FnOnce() -> T) -> Result<T, Error> {
    caught(|| Ok(f()))
}

/// Runs derivative rules, whose operators raise what they cannot return, and returns what was raised. Any other panic goes
/// on. (In a program that aborts on panic it aborts.)
pub(crate) fn caught<T>(run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            CATCHING.set(CATCHING.get() - 1);
        }
    }
    CATCHING.set(CATCHING.get() + 1);
    let guard = Guard;
    // The tape is whole between two rules: no borrow of it is held while one runs.
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    drop(guard);
    result.unwrap_or_else(|payload| match payload.downcast::<Raised>() {
        Ok(raised) => Err(*raised.0),
        Err(other) => panic::resume_unwind(other),
    })
}
