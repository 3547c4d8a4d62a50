//! What can go wrong, each with its numbers.

use std::path::PathBuf;

/// Everything that can go wrong in this crate.
///
/// # Examples
/// ```
/// use wengert_nn::{Error, prelude::*};
/// let error: Error = "softmax2".parse::<Activation>().unwrap_err();
/// assert!(matches!(&error, Error::Parse { text, .. } if text == "softmax2"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What the engine rejects.
    #[error(transparent)]
    Tape(#[from] wengert_tape::Error),
    /// A layer, loss or data set that does not fit what it is given.
    #[error("{what}: {message}")]
    Shape {
        /// The layer, loss or data set.
        what: String,
        /// What disagrees, with the numbers.
        message: String,
    },
    /// Text that does not name what it should.
    #[error("`{text}` is not {expected}")]
    Parse {
        /// The text.
        text: String,
        /// What would have been right.
        expected: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// Ctrl-C cannot be listened to.
    #[cfg(feature = "interrupt")]
    #[error("Ctrl-C cannot be listened to: {message}")]
    Interrupt {
        /// Why.
        message: String,
    },
    /// A loss or gradient that is not finite.
    #[error(
        "training stopped in epoch {epoch}, step {step}: {what}; the model is as it was before the step{}",
        checkpoint.as_ref().map_or(String::new(), |path| format!(", and the last good checkpoint is {}", path.display()))
    )]
    NotFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step of the epoch, from 1.
        step: usize,
        /// What was not finite, and the first operation that made it so.
        what: String,
        /// The file of the last checkpoint, if one was written.
        checkpoint: Option<PathBuf>,
    },
}

/// So that `load(path)?` and the like fit into a function that returns the engine's error, which the preludes have.
impl From<Error> for wengert_tape::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tape(error) => error,
            Error::Shape { what, message } => wengert_tape::Error::Shape { op: what, message },
            other => wengert_tape::Error::Outside(std::sync::Arc::new(other)),
        }
    }
}

impl Error {
    pub(crate) fn shape(what: impl Into<String>, message: impl Into<String>) -> Self {
        Error::Shape { what: what.into(), message: message.into() }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Error::File { path: path.into(), message: message.into() }
    }

    pub(crate) fn parse(text: impl Into<String>, expected: impl Into<String>) -> Self {
        Error::Parse { text: text.into(), expected: expected.into() }
    }

    /// Panics with this error's message at the caller's line.
    #[cold]
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        wengert_tape::Error::from(self).raise()
    }
}
