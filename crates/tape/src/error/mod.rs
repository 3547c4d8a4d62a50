//! What can go wrong, each with its numbers.

use std::cell::Cell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;

pub(crate) mod scope;

use crate::shape::Shape;
pub(crate) use scope::Line;

/// Everything that can go wrong in this crate.
///
/// Operators, method chains and indexing panic with the message of one of these at the caller's line; functions whose
/// name begins with `try_`, differential operators, and `get` return it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes, axes or attributes an operation does not accept.
    Shape {
        /// The operation.
        op: String,
        /// What disagrees, with the numbers.
        message: String,
    },
    /// A call that asks for more memory than [`max_bytes`](crate::max_bytes) allows.
    TooLarge {
        /// The operation or function.
        op: String,
        /// The shape of what was asked for, if it is a tensor.
        shape: Option<Shape>,
        /// The bytes that it takes.
        bytes: u64,
        /// The most that may be asked for at once.
        ceiling: u64,
    },
    /// A handle whose tape was cleared or dropped.
    StaleHandle,
    /// A handle used on a thread that does not own its tape.
    ForeignThread,
    /// Operands that belong to two tapes.
    ForeignTape,
    /// More than a million threads have tapes, or keep some that were made long ago.
    KeysExhausted,
    /// A tape was asked for while its thread was ending.
    ThreadEnding,
    /// A tape holds as many nodes as it may; with the id that the next would have.
    TapeFull(u32),
    /// `backward` of something that is not a single number.
    NotScalar {
        /// The output's shape.
        shape: Shape,
        /// Where the output was recorded.
        at: &'static Location<'static>,
    },
    /// The gradient of a leaf that the output does not depend on.
    NotConnected {
        /// Why there is no gradient.
        reason: String,
    },
    /// The gradient of a parameter that was changed between two uses on one tape, of an output that depends on both.
    TwoValues {
        /// The parameter.
        param: String,
        /// Where it was lifted with the first value.
        first: &'static Location<'static>,
        /// Where it was lifted with the second.
        then: &'static Location<'static>,
    },
    /// The gradient of an intermediate that was not kept.
    NotRetained {
        /// The node.
        id: u32,
        /// Its operation.
        op: String,
        /// Where it was recorded.
        at: &'static Location<'static>,
    },
    /// The gradient of an intermediate that a gradient-only tape folded into its parent.
    Folded,
    /// Something that needs the graph was asked of a tape that does not keep it.
    NoGraph {
        /// What was asked.
        wanted: &'static str,
    },
    /// A replay in which a recorded decision comes out otherwise.
    BranchChanged {
        /// The position of the node.
        node: usize,
        /// Its operation.
        op: String,
        /// Where it was recorded.
        line: String,
    },
    /// An operation cannot be read in the asked way.
    NoRule {
        /// The operation.
        op: String,
        /// Which rule is missing, and what to do.
        message: String,
    },
    /// A value or gradient that is NaN or infinite, on a tape that was told to refuse it.
    NonFinite(Box<crate::sweep::non_finite::NonFinite>),
    /// A matrix that has no inverse or no such factor.
    Singular {
        /// The operation.
        op: String,
        /// Which matrix, and what shows it.
        message: String,
    },
    /// A value at which a derivative does not exist.
    NoDerivative {
        /// The operation.
        op: String,
        /// Which elements, and why.
        message: String,
    },
    /// A gradient that differs from the numeric one.
    #[cfg(feature = "check")]
    WrongGradient(Box<crate::check::Report>),
    /// An operation that does not keep what operations promise.
    #[cfg(feature = "check")]
    WrongOperation {
        /// The operation.
        op: String,
        /// What is wrong, each with its case.
        failures: Vec<String>,
    },
    /// An argument of a function that is not an operation.
    Argument(String),
    /// An error of what is built on the engine, such as a file that is no model, or of the system.
    Outside(Arc<dyn std::error::Error + Send + Sync>),
}

// Written by hand: a macro for it is a second and a half of building a program on the engine alone.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Shape { op, message }
            | Error::NoRule { op, message }
            | Error::Singular { op, message }
            | Error::NoDerivative { op, message } => write!(f, "{op}: {message}"),
            Error::TooLarge { op, shape, bytes, ceiling } => {
                let what = shape.as_ref().map_or(String::new(), |shape| format!("a result of shape {shape} "));
                write!(
                    f,
                    "{op}: {what}takes {bytes} bytes, more than the {ceiling} that one call may ask for; make it smaller, or \
                     raise the ceiling with `set_max_bytes` or the environment variable WENGERT_MAX_BYTES"
                )
            }
            Error::StaleHandle => {
                f.write_str("stale handle: its tape was cleared or dropped; record it again on the tape in use")
            }
            Error::ForeignThread => f.write_str(
                "foreign thread: the handle belongs to a tape of another thread; a tape is used on the thread that made it",
            ),
            Error::ForeignTape => f.write_str(
                "foreign tape: the operands belong to two tapes; record both on one (a function inside a differentiated one is \
                 differentiated at a recorded point: `grad(f, x)` with `x` of the outer tape), or bring the value of one over \
                 with `constant`, which carries no derivative",
            ),
            Error::KeysExhausted => {
                f.write_str(
                    "tape keys exhausted: more than a million threads have tapes, or keep some that were made long ago; drop some",
                )
            }
            Error::ThreadEnding => f.write_str("the thread is ending: its tapes are gone"),
            Error::TapeFull(nodes) => {
                // Id 0 is no node.
                let nodes = nodes.saturating_sub(1);
                write!(f, "tape full: {nodes} nodes; clear it or cut the computation into pieces")
            }
            Error::NotScalar { shape, at } => write!(
                f,
                "not a scalar: backward starts from a single number, this output has shape {shape} (made at {at}); take a \
                 `sum()` or `mean()`, or use `vjp` with a cotangent of that shape"
            ),
            Error::NotConnected { reason } => write!(f, "not connected: {reason}"),
            Error::TwoValues { param, first, then } => write!(
                f,
                "two values: {param} was changed between {first} and {then}, and the output depends on both values; begin a \
                 tape after each change, or `clone` the parameter that is to keep the old value"
            ),
            Error::NotRetained { id, op, at } => write!(
                f,
                "not retained: node {id} `{op}` ({at}) is not a leaf, and `backward` keeps the gradients of leaves; call \
                 `.retain()` on it before the sweep, or use `backward_all`"
            ),
            Error::Folded => f.write_str(
                "folded: a gradient-only tape keeps no node for this intermediate; call `.retain()` on it before going on",
            ),
            Error::NoGraph { wanted } => write!(
                f,
                "no graph: a gradient-only tape keeps slopes and no operations, and cannot {wanted}; record on `Tape::new()`"
            ),
            Error::BranchChanged { node, op, line } => write!(
                f,
                "branch changed: `{op}` ({line}), node {node}, decides otherwise at these values; record the program again"
            ),
            Error::NonFinite(found) => write!(f, "not finite: {found}"),
            #[cfg(feature = "check")]
            Error::WrongGradient(report) => write!(f, "{report}"),
            #[cfg(feature = "check")]
            Error::WrongOperation { op, failures } => {
                write!(f, "{op}: {} failures at its cases", failures.len())?;
                failures.iter().try_for_each(|failure| write!(f, "\n  {}", failure.replace('\n', "\n  ")))
            }
            Error::Argument(message) => f.write_str(message),
            Error::Outside(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Outside(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::Outside(Arc::new(error))
    }
}

impl Error {
    pub(crate) fn shape(op: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Shape { op: op.into(), message: message.into() }
    }

    /// An operation whose shape depends on a mask, asked of a reader that knows shapes alone.
    pub(crate) fn unknown_mask(op: &str) -> Self {
        let message = "the shape of the result depends on the values of a mask, of which only the shape is known here; \
                       `select(mask, x, 0.0)` keeps the shape of x";
        Error::NoRule { op: op.into(), message: message.into() }
    }

    pub(crate) fn reshape(from: &Shape, to: &Shape) -> Self {
        Error::shape("reshape", format!("{from} has {} elements, {to} has {}", from.len_elements(), to.len_elements()))
    }

    /// What an operation asked for on its way, in its name.
    pub(crate) fn asked_by(self, name: impl FnOnce() -> String) -> Self {
        match self {
            Error::TooLarge { shape: None, bytes, ceiling, .. } => {
                Error::TooLarge { op: name(), shape: None, bytes, ceiling }
            }
            other => other,
        }
    }

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
