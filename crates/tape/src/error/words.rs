//! Errors in words.

use std::fmt;

use super::Error;

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
