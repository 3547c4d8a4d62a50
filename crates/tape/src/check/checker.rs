//! How a check is made.

use super::draws::Random;
use super::failed;
use super::report::Report;
use super::run::{Checked, run};
use super::self_test::{self, SelfTest};
use super::subject::{Names, Subject};
use crate::error::Error;
use crate::ops::AnyOp;
use crate::rule::op::{Op, Value};
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::transform::point::{Numbers, Output, Point};

/// How a check is made. All methods have good defaults: most checks are [`check_gradients`](crate::check_gradients).
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
    pub(super) limit: usize,
    pub(super) sample: usize,
    pub(super) directions: Option<usize>,
    pub(super) operations: usize,
    pub(super) order: u8,
    pub(super) seed: u64,
    pub(super) names: Names,
    pub(super) forward_mode: Option<bool>,
    pub(super) smooth: bool,
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
            smooth: false,
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

    /// Says that the function has no kink at its point. Of a graph of our operations that is known; of a closure it is not, and
    /// a small derivative is "cannot tell" where a kink that is too weak to be seen might be as large as what must show. A
    /// kink that is seen is said to be one all the same.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::check::{Checker, Verdict};
    /// // The derivative by y is a hundred-thousandth of that by x.
    /// let f = |p: &[f64]| ((p[0] + 1e-5 * p[1]).exp(), vec![(p[0] + 1e-5 * p[1]).exp(), 1e-5 * (p[0] + 1e-5 * p[1]).exp()]);
    /// let report = Checker::new().smooth().report_function(f, &[0.5, 2.0])?;
    /// assert_eq!(report.verdict, Verdict::Pass);
    /// # Ok::<(), wengert_tape::Error>(())
    /// ```
    pub fn smooth(self) -> Self {
        Checker { smooth: true, ..self }
    }

    /// Checks a function of recorded values: [`check_gradients`](crate::check_gradients).
    ///
    /// # Errors
    /// [`Error::WrongGradient`] with the report if the verdict is [`Verdict::Fail`](crate::check::Verdict::Fail); what the function's operations
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
