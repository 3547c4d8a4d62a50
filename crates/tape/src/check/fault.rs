//! Wrong rules made on purpose: what a checker must find.

use std::sync::Arc;

use super::pattern::{repeated_positions, transposed_position};
use crate::error::Error;
use crate::ops::AnyOp;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::number::Number;
use crate::rule::op::{Kind, Op, Value};
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Where [`Fault::Cutoff`] cuts.
const CUTOFF: f64 = 2.0;

/// A way in which a rule can be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The cotangent has the opposite sign.
    Sign,
    /// The cotangent is multiplied by a number.
    Factor(f64),
    /// The cotangent is zero.
    Zero,
    /// The cotangent's elements are in the order of the transposed matrix.
    Transposed,
    /// The cotangent is not summed over the axes along which the argument was repeated.
    MissingSum,
    /// The cotangent is shifted by one position.
    OffByOne,
    /// One element of the output is left out.
    DroppedTerm,
    /// Cotangents beyond ±2 count as ±2: right for small ones.
    Cutoff,
    /// The forward rule gives twice the tangent; the reverse rule is right.
    Forward,
}

impl Fault {
    /// One of each kind.
    pub const ALL: [Fault; 9] = [
        Fault::Sign,
        Fault::Factor(2.0),
        Fault::Zero,
        Fault::Transposed,
        Fault::MissingSum,
        Fault::OffByOne,
        Fault::DroppedTerm,
        Fault::Cutoff,
        Fault::Forward,
    ];

    /// The name in tables.
    pub fn name(&self) -> String {
        match self {
            Fault::Sign => "sign".into(),
            Fault::Factor(c) => format!("× {c}"),
            Fault::Zero => "zero".into(),
            Fault::Transposed => "transposed".into(),
            Fault::MissingSum => "missing sum".into(),
            Fault::OffByOne => "off by one".into(),
            Fault::DroppedTerm => "dropped term".into(),
            Fault::Cutoff => "cutoff".into(),
            Fault::Forward => "forward rule".into(),
        }
    }

    /// Whether the fault can be made in the cotangent of an argument of shape `x`, where the output has shape `y`.
    ///
    /// | fault | applies to |
    /// | --- | --- |
    /// | sign, factor, zero, cutoff, forward rule | every argument with elements |
    /// | transposed | arguments whose last two axes are both longer than 1 |
    /// | missing sum | arguments that are repeated along an axis of the output |
    /// | off by one | arguments of more than one element |
    /// | dropped term | outputs of more than one element |
    pub fn applies(&self, x: &Shape, y: &Shape) -> bool {
        let n = x.len_elements();
        let exists = n > 0 && y.len_elements() > 0;
        exists
            && match self {
                Fault::Sign | Fault::Factor(_) | Fault::Zero | Fault::Cutoff | Fault::Forward => true,
                Fault::Transposed => x.rank() >= 2 && x[x.rank() - 1] > 1 && x[x.rank() - 2] > 1,
                Fault::MissingSum => x.broadcasts_to(y) && n < y.len_elements(),
                Fault::OffByOne => n > 1,
                Fault::DroppedTerm => y.len_elements() > 1,
            }
    }
}

/// An operation with a wrong rule; everything else is the operation's own. It enters a graph as any custom
/// operation does.
///
/// Where a fault does not [apply](Fault::applies) to an argument, the rule is right.
///
/// # Examples
/// ```
/// use wengert_tape::check::{Fault, Faulty};
/// use wengert_tape::{Arg, ops, prelude::*};
///
/// let f = |x: Var| {
///     let tanh = Faulty::new(ops::Tanh, Fault::Factor(2.0));
///     Var::apply(tanh, &[Arg::Real(&x)]).real().sum()
/// };
/// let error = check_gradients(f, &Tensor::from([0.3, -0.7])).unwrap_err();
/// assert!(error.to_string().contains("`tanh`"));
/// assert!(error.to_string().contains("gradient of argument 0 is 2× the numeric one"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Faulty {
    op: AnyOp,
    fault: Fault,
    /// The one argument whose rule is wrong; `None` for all.
    only: Option<usize>,
}

impl Faulty {
    /// `op` with a fault in the rule of every argument that it applies to.
    pub fn new(op: impl Op, fault: Fault) -> Self {
        Faulty { op: AnyOp::new(op), fault, only: None }
    }

    /// The fault in the rule of one argument alone.
    pub fn in_argument(self, arg: usize) -> Self {
        Faulty { only: Some(arg), ..self }
    }

    /// The operation whose rule it spoils.
    pub fn op(&self) -> &AnyOp {
        &self.op
    }
}

impl Op for Faulty {
    fn name(&self) -> String {
        self.op.name()
    }

    fn text(&self, args: &[&str]) -> String {
        self.op.text(args)
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        self.op.shape(args)
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        self.op.check(a)
    }

    fn output(&self) -> Kind {
        self.op.output()
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        self.op.forward(a)
    }

    fn active(&self, arg: usize) -> bool {
        self.op.active(arg)
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let (x_shape, y_shape) = (a[arg].shape(), y.shape());
        if self.only.is_some_and(|only| only != arg) || !self.fault.applies(&x_shape, &y_shape) {
            return self.op.vjp(arg, g, a, y);
        }
        let n = x_shape.len_elements();
        match self.fault {
            Fault::Sign => -self.op.vjp(arg, g, a, y),
            Fault::Factor(c) => self.op.vjp(arg, g, a, y) * c,
            Fault::Zero => a[arg].full(x_shape, 0.0),
            Fault::Transposed => {
                let [rows, columns] = [x_shape[x_shape.rank() - 2], x_shape[x_shape.rank() - 1]];
                Rearrange::of(&self.op.vjp(arg, g, a, y), |i| Some(transposed_position(i, rows, columns)))
            }
            Fault::OffByOne => Rearrange::of(&self.op.vjp(arg, g, a, y), |i| Some((i + 1) % n)),
            Fault::MissingSum => {
                let repeated = repeated_positions(&x_shape, &y_shape);
                self.op.vjp(arg, Rearrange::of(&g, |i| (repeated[i] == 0).then_some(i)), a, y)
            }
            Fault::DroppedTerm => {
                let dropped = (y_shape.len_elements() - 1) / 2;
                self.op.vjp(arg, Rearrange::of(&g, |i| (i != dropped).then_some(i)), a, y)
            }
            Fault::Cutoff => self.op.vjp(arg, A::pointwise(Cut, [&g]), a, y),
            Fault::Forward => self.op.vjp(arg, g, a, y),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let tangent = self.op.jvp(arg, d, a, y);
        match self.fault == Fault::Forward && self.only.is_none_or(|only| only == arg) {
            true => tangent * 2.0,
            false => tangent,
        }
    }

    fn at_kinks(&self) -> &'static str {
        self.op.at_kinks()
    }

    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        self.op.flops(args, y)
    }
}

/// `x`, cut off at ±[`CUTOFF`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cut;

impl Pointwise for Cut {
    type Arity = One;
    const NAME: &'static str = "cut";

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let [low, high] = [-CUTOFF, CUTOFF].map(|c| x.number(c));
        let above = R::select(x.lt(low), low, x);
        R::select(high.lt(x), high, above)
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], y: R) -> R {
        R::select(x.eq(y), x.number(1.0), x.number(0.0))
    }
}

/// The elements of a tensor in other places of a tensor of the same shape: `y[to] += x[from]` for each pair.
#[derive(Clone, Debug, PartialEq)]
struct Rearrange {
    pairs: Arc<[(usize, usize)]>,
}

impl Rearrange {
    /// The tensor whose element `i` is that at `from(i)`, or 0.
    fn of<A: Algebra>(x: &A, from: impl Fn(usize) -> Option<usize>) -> A {
        let pairs = (0..x.shape().len_elements()).filter_map(|i| Some((from(i)?, i))).collect();
        A::apply(Rearrange { pairs }, &[Arg::Real(x)]).real()
    }

    fn backwards(&self) -> Self {
        Rearrange { pairs: self.pairs.iter().map(|(from, to)| (*to, *from)).collect() }
    }
}

impl Op for Rearrange {
    fn name(&self) -> String {
        "rearrange".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        Ok(args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mut y = Tensor::<F>::zeros(Tensor::shape(&a[0]));
        let x = a[0].data();
        let out = y.data_mut();
        self.pairs.iter().for_each(|(from, to)| out[*to] += x[*from]);
        y.into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.backwards(), &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }
}
