//! Are these gradients right? A comparison with differences that says how far it can be trusted.
//!
//! [`check_gradients`] runs a function at a point, takes its gradient, and measures every derivative by differences with
//! an *error bar*: there is no tolerance to choose. It asks every operation of the recorded graph alone as well, and
//! names the one whose rule is wrong. `docs/check-your-gradients.md` explains the verdicts.
//!
//! It is the uppermost room: it knows all others, and none knows more of it than that an error may carry its report.
//!
//! ```
//! use wengert_tape::prelude::*;
//! let x0 = Tensor::from([0.3, -0.7]);
//! let report = check_gradients(|x| (x.tanh() * x).sum(), &x0)?;
//! println!("{report}");
//!
//! // A number that leaves the tape and comes back as a constant makes a wrong gradient.
//! let error = check_gradients(|x: Var| (x * x.value()).sum(), &x0).unwrap_err();
//! assert!(error.to_string().contains("left the tape"));
//! # Ok::<(), Error>(())
//! ```
//!
//! [`check_op`] runs the cases of an operation of one's own.
//!
//! A gradient that was written by hand, in any library, is checked the same way:
//!
//! ```
//! use wengert_tape::check::check_function;
//! // f = x₀² x₁, and a gradient whose second element is wrong
//! let f = |x: &[f64]| (x[0] * x[0] * x[1], vec![2.0 * x[0] * x[1], 2.0 * x[0] * x[0]]);
//! let report = check_function(f, &[3.0, 5.0]).unwrap_err();
//! assert!(report.to_string().contains("x[1]"));
//! ```

mod checker;
mod complex_step;
mod draws;
mod escape;
mod extrapolation;
mod fault;
mod function;
mod node;
mod operation;
mod oracle;
mod pattern;
mod report;
mod report_json;
mod roundoff;
mod rules;
mod run;
mod self_test;
mod slope;
mod steps;
mod subject;
mod verdict;

pub use checker::Checker;
pub use fault::{Fault, Faulty};
pub use operation::check_op;
pub use pattern::Pattern;
pub use report::{ComplexStep, Element, Identity, Operation, Report, StepError};
pub use self_test::{SelfTest, Trial, Visible};
pub use verdict::Verdict;

use crate::error::Error;
use crate::transform::point::{Numbers, Output, Point};

/// Checks the gradient of a function of recorded values at a point: a number, a tensor, or a tuple, array or slice of
/// them. Parameters that the function lifts are checked too.
///
/// The function is called about twenty times for each number of the point, and each operation is computed as often for
/// each number of its arguments.
///
/// # Errors
/// [`Error::WrongGradient`] with the report if the verdict is [`Verdict::Fail`]; what the function's operations reject.
///
/// # Examples
/// ```
/// use wengert_tape::{check::Verdict, prelude::*};
/// let report = check_gradients(|(a, b)| a * b.sin(), (2.0_f64, 0.5_f64))?;
/// assert_eq!(report.verdict, Verdict::Pass);
///
/// // in f32 the differences are taken in f64, by replaying what was recorded
/// let report = check_gradients(|x| x.sigmoid().ln().sum(), &Tensor::from([0.3_f32, -2.0]))?;
/// assert_eq!((report.verdict, report.float), (Verdict::Pass, "f32"));
///
/// // at a kink the derivative must lie between the one-sided ones
/// let report = check_gradients(|x| x.relu(), 0.0_f64)?;
/// assert_eq!(report.verdict, Verdict::Kink);
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn check_gradients<P: Point<Sweep = Numbers>, Y: Output<P::F>>(
    f: impl Fn(P::Recorded) -> Y,
    at: P,
) -> Result<Report, Error> {
    Checker::new().check(f, at)
}

/// Checks a gradient that is not ours: a function that returns its value and its gradient.
///
/// # Errors
/// As [`check_gradients`]; [`Error::Argument`] if the gradient has another length than the point.
///
/// # Examples
/// ```
/// use wengert_tape::check::check_function;
/// let norm = |x: &[f64]| {
///     let y = x.iter().map(|x| x * x).sum::<f64>().sqrt();
///     (y, x.iter().map(|x| x / y).collect())
/// };
/// check_function(norm, &[3.0, -4.0])?;
/// # Ok::<(), wengert_tape::Error>(())
/// ```
pub fn check_function(f: impl FnMut(&[f64]) -> (f64, Vec<f64>), at: &[f64]) -> Result<Report, Error> {
    failed(Checker::new().report_function(f, at)?)
}

/// The report, or an error with it if it says that a gradient is wrong.
fn failed(report: Report) -> Result<Report, Error> {
    match report.verdict {
        Verdict::Fail => Err(Error::WrongGradient(Box::new(report))),
        _ => Ok(report),
    }
}

/// What [`assert_gradients!`](crate::assert_gradients) calls.
#[doc(hidden)]
#[track_caller]
pub fn assert<P: Point<Sweep = Numbers>, Y: Output<P::F>>(f: impl Fn(P::Recorded) -> Y, at: P, unsure: bool) {
    match Checker::new().report(f, at) {
        Err(error) => error.raise(),
        Ok(report) if report.verdict == Verdict::Fail || report.verdict == Verdict::CannotTell && !unsure => {
            panic!("{report}")
        }
        Ok(_) => {}
    }
}

/// Asserts, in a test, that a gradient is right: [`check_gradients`](crate::check::check_gradients) with the report as
/// the message of the panic.
///
/// "Cannot tell" is refused too, unless `accept_cannot_tell` is written after the point.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// assert_gradients!(|x| x.exp().sum(), &Tensor::from([0.1, 0.2]));
/// // 10¹⁶ + x − 10¹⁶ keeps no digit of x
/// assert_gradients!(|x| ((x + 1e16) - 1e16).sin(), 0.7_f64, accept_cannot_tell);
/// ```
///
/// ```should_panic
/// use wengert_tape::prelude::*;
/// assert_gradients!(|x| ((x + 1e16) - 1e16).sin(), 0.7_f64);
/// ```
#[macro_export]
macro_rules! assert_gradients {
    ($f:expr, $at:expr $(,)?) => {
        $crate::check::assert($f, $at, false)
    };
    ($f:expr, $at:expr, accept_cannot_tell $(,)?) => {
        $crate::check::assert($f, $at, true)
    };
}
