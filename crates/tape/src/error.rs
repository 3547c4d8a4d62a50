//! What can go wrong, each with its numbers.

use std::panic::Location;

use crate::shape::Shape;

/// Everything that can go wrong in this crate.
///
/// Operators, method chains and indexing panic with the message of one of these at the caller's line; functions whose
/// name begins with `try_`, differential operators, and `get` return it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes, axes or attributes an operation does not accept.
    #[error("{op}: {message}")]
    Shape {
        /// The operation.
        op: String,
        /// What disagrees, with the numbers.
        message: String,
    },
    /// A handle whose tape was cleared or dropped.
    #[error("stale handle: its tape was cleared or dropped; record it again on the tape in use")]
    StaleHandle,
    /// A handle used on a thread that does not own its tape.
    #[error(
        "foreign thread: the handle belongs to a tape of another thread; a tape is used on the thread that made it"
    )]
    ForeignThread,
    /// Operands that belong to two tapes.
    #[error("foreign tape: the operands belong to two tapes; bring the value of one over with `constant` or `var`")]
    ForeignTape,
    /// The process has made 2³¹ tapes, or cleared them as often.
    #[error("tape keys exhausted: this process made or cleared a thousand million tapes")]
    KeysExhausted,
    /// A tape was asked for while its thread was ending.
    #[error("the thread is ending: its tapes are gone")]
    ThreadEnding,
    /// A tape holds as many nodes as an index can name.
    #[error("tape full: {0} nodes; clear it or cut the computation into pieces")]
    TapeFull(u32),
    /// `backward` of something that is not a single number.
    #[error(
        "not a scalar: backward starts from a single number, this output has shape {shape} (made at {at}); take a \
         `sum()` or `mean()`, or use `vjp` with a cotangent of that shape"
    )]
    NotScalar {
        /// The output's shape.
        shape: Shape,
        /// Where the output was recorded.
        at: &'static Location<'static>,
    },
    /// The gradient of a leaf that the output does not depend on.
    #[error("not connected: {reason}")]
    NotConnected {
        /// Why there is no gradient.
        reason: String,
    },
    /// The gradient of an intermediate that was not kept.
    #[error(
        "not retained: node {id} `{op}` ({at}) is not a leaf, and `backward` keeps the gradients of leaves; call \
         `.retain()` on it before the sweep, or use `backward_all`"
    )]
    NotRetained {
        /// The node.
        id: u32,
        /// Its operation.
        op: String,
        /// Where it was recorded.
        at: &'static Location<'static>,
    },
    /// The gradient of an intermediate that a gradient-only tape folded into its parent.
    #[error("folded: a gradient-only tape keeps no node for this intermediate; call `.retain()` on it before going on")]
    Folded,
    /// Something that needs the graph was asked of a tape that does not keep it.
    #[error(
        "no graph: a gradient-only tape keeps slopes and no operations, and cannot {wanted}; record on `Tape::new()`"
    )]
    NoGraph {
        /// What was asked.
        wanted: &'static str,
    },
    /// A replay in which a recorded decision comes out otherwise.
    #[error(
        "branch changed: `{op}` ({line}), node {node}, decides otherwise at these values; record the program again"
    )]
    BranchChanged {
        /// The position of the node.
        node: usize,
        /// Its operation.
        op: String,
        /// Where it was recorded.
        line: String,
    },
    /// An operation cannot be read in the asked way.
    #[error("{op}: {message}")]
    NoRule {
        /// The operation.
        op: String,
        /// Which rule is missing, and what to do.
        message: String,
    },
    /// A value or gradient that is NaN or infinite, on a tape that was told to refuse it.
    #[error("not finite: {0}")]
    NonFinite(Box<crate::non_finite::NonFinite>),
    /// A matrix that has no inverse or no such factor.
    #[error("{op}: {message}")]
    Singular {
        /// The operation.
        op: String,
        /// Which matrix, and what shows it.
        message: String,
    },
    /// A value at which a derivative does not exist.
    #[error("{op}: {message}")]
    NoDerivative {
        /// The operation.
        op: String,
        /// Which elements, and why.
        message: String,
    },
    /// A gradient that differs from the numeric one.
    #[error("{0}")]
    WrongGradient(Box<crate::check::Report>),
    /// An argument of a function that is not an operation.
    #[error("{0}")]
    Argument(String),
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

    /// Panics with this error's message at the caller's line.
    #[cold]
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        panic!("{self}")
    }
}
