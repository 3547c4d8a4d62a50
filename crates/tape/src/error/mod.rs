//! What can go wrong, each with its numbers, and what the user called when it did: the method, the layer, the line.
//!
//! It knows shapes. What a watch and a check have found it carries and does not look into.

mod raise;
pub(crate) mod scope;
mod words;

use std::panic::Location;
use std::sync::Arc;

use crate::shape::Shape;
pub use raise::try_with;
pub(crate) use raise::{OrRaise, Raised, caught, reraise};
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
}
