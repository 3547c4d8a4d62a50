//! Are these gradients right? A comparison with differences that says how far it can be trusted.
//!
//! [`check_gradients`] runs a function at a point, takes its gradient, and measures every derivative by differences with
//! an *error bar*: there is no tolerance to choose. It asks every operation of the recorded graph alone as well, and
//! names the one whose rule is wrong. `docs/check-your-gradients.md` explains the verdicts.
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

pub use fault::{Fault, Faulty};
pub use operation::check_op;
pub use pattern::Pattern;
pub use report::{ComplexStep, Element, Identity, Operation, Report, StepError};
pub use self_test::{SelfTest, Trial, Visible};
pub use verdict::Verdict;

use crate::error::Error;
use crate::ops::AnyOp;
use crate::rule::op::{Op, Value};
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::transform::point::{Numbers, Output, Point};
use draws::Random;
use run::{Checked, run};
use subject::{Names, Subject};

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

/// How a check is made. All methods have good defaults: most checks are [`check_gradients`].
///
/// # Examples
/// ```
/// use wengert_tape::{check::Checker, prelude::*};
/// let f = |(w, b): (Var, Var)| (w * 3.0 + b).tanh().sum();
/// let point = (Tensor::from([0.1, 0.2]), Tensor::from([-0.3, 0.4]));
/// let report = Checker::new().names(["w", "b"]).order(2).check(f, &point)?;
/// assert_eq!(report.elements[3].name, "b[1]");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checker {
    /// Derivatives that are all measured; of more, a sample.
    limit: usize,
    sample: usize,
    directions: Option<usize>,
    operations: usize,
    order: u8,
    seed: u64,
    names: Names,
    forward_mode: Option<bool>,
}

impl Default for Checker {
    fn default() -> Self {
        Checker {
            limit: 2000,
            sample: 500,
            directions: None,
            operations: 5000,
            order: 1,
            seed: 0,
            names: Names::default(),
            forward_mode: None,
        }
    }
}

impl Checker {
    /// Every derivative of up to 2,000; of more, a random sample of 500 and 8 random directions. Every operation of up to
    /// 5,000; of more, a random sample.
    pub fn new() -> Self {
        Self::default()
    }

    /// Measures every derivative and asks every operation, however many there are.
    pub fn everything(self) -> Self {
        Checker { limit: usize::MAX, operations: usize::MAX, ..self }
    }

    /// Measures a random sample of `count` derivatives if there are more.
    pub fn sample(self, count: usize) -> Self {
        Checker { limit: count, sample: count, ..self }
    }

    /// Measures the derivative along so many random directions in all leaves.
    pub fn directions(self, count: usize) -> Self {
        Checker { directions: Some(count), ..self }
    }

    /// Checks the gradient of the gradient (`2`): that of its product with random weights. `1` is the gradient.
    ///
    /// # Panics
    /// If the order is 0.
    #[track_caller]
    pub fn order(self, order: u8) -> Self {
        assert!(order > 0, "checker: order 0 is the function itself, which has nothing to check");
        Checker { order, ..self }
    }

    /// Draws other random cotangents, directions and samples.
    pub fn seed(self, seed: u64) -> Self {
        Checker { seed, ..self }
    }

    /// Names of the parts of the point, in order, for the report.
    pub fn names<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let arguments = names.into_iter().map(Into::into).collect();
        Checker { names: Names { arguments, ..self.names }, ..self }
    }

    /// Names and shapes of the parts of a flat vector, in order: the point of a function of numbers that is not ours, whose
    /// parameters stand one after the other. The report then says `W1[2, 3]` for number 15, and which parts are right.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::check::{Checker, Verdict};
    /// // y = w₁₁ x₁ + w₁₂ x₂ + b with x = (2, 3), squared; the derivative by b forgets a factor.
    /// let f = |p: &[f64]| {
    ///     let y = 2.0 * p[0] + 3.0 * p[1] + p[2];
    ///     (y * y, vec![4.0 * y, 6.0 * y, y])
    /// };
    /// let report = Checker::new().blocks([("w", &[1, 2][..]), ("b", &[1])]).report_function(f, &[0.5, -1.0, 3.0])?;
    /// assert_eq!(report.parts(), [("w".to_string(), Verdict::Pass), ("b".to_string(), Verdict::Fail)]);
    /// assert_eq!(report.elements[1].name, "w[0, 1]");
    /// # Ok::<(), wengert_tape::Error>(())
    /// ```
    pub fn blocks<S: Into<String>, D: Into<Shape>>(self, blocks: impl IntoIterator<Item = (S, D)>) -> Self {
        let blocks = blocks.into_iter().map(|(name, shape)| (name.into(), shape.into())).collect();
        Checker { names: Names { blocks, ..self.names }, ..self }
    }

    /// Names of parameters that the function lifts, for the report: a model's, say, by `model.parameters()`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{check::Checker, prelude::*};
    /// let w = Param::new(Tensor::from([0.5, -1.0]));
    /// let checker = Checker::new().parameters([("layer.weight", w.id())]);
    /// let report = checker.check(|x: Var| (x.lift(&w) * x).sin().sum(), &Tensor::from([1.0, 2.0]))?;
    /// assert_eq!(report.elements[2].name, "layer.weight[0]");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn parameters<S: Into<String>>(self, names: impl IntoIterator<Item = (S, ParamId)>) -> Self {
        let parameters = names.into_iter().map(|(name, id)| (id, name.into())).collect();
        Checker { names: Names { parameters, ..self.names }, ..self }
    }

    /// Whether forward mode is compared with reverse mode. It is unless an operation of the graph has no forward rule, which
    /// the report says. Asked for, a missing rule is [`Error::NoRule`].
    pub fn forward_mode(self, compared: bool) -> Self {
        Checker { forward_mode: Some(compared), ..self }
    }

    /// Checks a function of recorded values: [`check_gradients`].
    ///
    /// # Errors
    /// [`Error::WrongGradient`] with the report if the verdict is [`Verdict::Fail`]; what the function's operations
    /// reject.
    #[track_caller]
    pub fn check<P: Point<Sweep = Numbers>, Y: Output<P::F>>(
        &self,
        f: impl Fn(P::Recorded) -> Y,
        at: P,
    ) -> Result<Report, Error> {
        failed(self.report(f, at)?)
    }

    /// Checks a function of recorded values and returns the report whatever it says.
    ///
    /// # Errors
    /// What the function's operations reject; [`Error::NotConnected`] if it depends on nothing.
    #[track_caller]
    pub fn report<P: Point<Sweep = Numbers>, Y: Output<P::F>>(
        &self,
        f: impl Fn(P::Recorded) -> Y,
        at: P,
    ) -> Result<Report, Error> {
        let mut random = Random::new(self.seed);
        let subject = Subject::recorded(&f, &at, &self.names, self.order, &mut random)?;
        Ok(run(self, subject, &mut random)?.report)
    }

    /// Checks a function that returns its value and its gradient, and returns the report whatever it says.
    ///
    /// # Errors
    /// [`Error::Argument`] if the gradient has another length than the point, or the [blocks](Self::blocks) together have.
    pub fn report_function(&self, f: impl FnMut(&[f64]) -> (f64, Vec<f64>), at: &[f64]) -> Result<Report, Error> {
        let f = std::cell::RefCell::new(f);
        self.report_pair(|x| (f.borrow_mut())(x).0, |x| (f.borrow_mut())(x).1, at)
    }

    /// Checks a function and its gradient, two closures, and returns the report whatever it says.
    ///
    /// # Errors
    /// [`Error::Argument`] if the gradient has another length than the point.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::check::{Checker, Verdict};
    /// let report = Checker::new().report_pair(|x| x[0].exp() * x[1], |x| vec![x[0].exp() * x[1], x[0].exp()], &[0.5, 2.0])?;
    /// assert_eq!(report.verdict, Verdict::Pass);
    /// # Ok::<(), wengert_tape::Error>(())
    /// ```
    pub fn report_pair(
        &self,
        value: impl FnMut(&[f64]) -> f64,
        gradient: impl FnOnce(&[f64]) -> Vec<f64>,
        at: &[f64],
    ) -> Result<Report, Error> {
        let subject = Subject::plain(value, gradient, at, &self.names)?;
        Ok(run(self, subject, &mut Random::new(self.seed))?.report)
    }

    /// Checks one operation alone: the derivatives of its result, contracted with a random cotangent, by every number of
    /// its arguments.
    ///
    /// # Errors
    /// What the operation rejects; [`Error::Argument`] if its result is not numbers.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::check::{Checker, Verdict};
    /// use wengert_tape::{ops, prelude::*};
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[0.5], [-1.0]]));
    /// let report = Checker::new().report_op(ops::MatMul, &[a.into(), b.into()])?;
    /// assert_eq!((report.verdict, report.elements.len()), (Verdict::Pass, 4));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn report_op(&self, op: impl Op, args: &[Value<f64>]) -> Result<Report, Error> {
        let mut random = Random::new(self.seed);
        let subject = Subject::operation(&AnyOp::new(op), args, &self.names, &mut random)?;
        Ok(run(self, subject, &mut random)?.report)
    }

    /// Injects faults of known kind and size into the rules of the graph that a function records, and says how many are
    /// caught, how many are named, and how small a relative fault shows.
    ///
    /// # Errors
    /// [`Error::WrongGradient`] if the gradient is wrong to begin with; what the function's operations reject.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{check::Checker, prelude::*};
    /// let test = Checker::new().self_test(|x| (x.sin() * x).sum(), &Tensor::from([0.3, 1.5]))?;
    /// assert_eq!(test.caught(), test.trials.len());
    /// assert!(test.smallest_visible() <= 1e-6);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn self_test<P: Point<Sweep = Numbers>, Y: Output<P::F>>(
        &self,
        f: impl Fn(P::Recorded) -> Y,
        at: P,
    ) -> Result<SelfTest, Error> {
        let mut random = Random::new(self.seed);
        let subject = Subject::recorded(&f, &at, &self.names, self.order, &mut random)?;
        let checked = run(self, subject, &mut random)?;
        let test = self_test::self_test(&checked);
        let Checked { report, .. } = checked;
        failed(report).map(|_| test)
    }
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
