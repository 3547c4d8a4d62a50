//! Sample inputs of operations, and functions composed of them, for the tests that iterate over all.

use crate::reader::any_op::AnyOp;
use crate::rule::algebra::{Algebra, Any, Args};
use crate::rule::op::{Op, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A sample input of an operation or a function.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is applied; for a [`Function`], `None`.
    pub op: Option<AnyOp>,
    /// The arguments.
    pub args: Vec<Value<f64>>,
    /// Whether the arguments lie at kinks, where derivatives are decided and not measured.
    pub kink: bool,
    /// Whether the derivatives are compared with differences at second order too.
    pub order: u8,
}

impl Case {
    /// A case of `op`, without arguments yet.
    pub fn of<O: Op>(op: O) -> Self {
        Case { op: Some(AnyOp::new(op)), ..Case::function() }
    }

    /// A case of a function, without arguments yet.
    pub fn function() -> Self {
        Case { op: None, args: Vec::new(), kink: false, order: 2 }
    }

    /// Adds an argument of numbers between −2 and 2.
    pub fn real(self, shape: impl Into<Shape>) -> Self {
        self.within(shape, (-2.0, 2.0))
    }

    /// Adds an argument of numbers between two bounds, no two of them near each other.
    pub fn within(self, shape: impl Into<Shape>, (low, high): (f64, f64)) -> Self {
        let shape = shape.into();
        let n = shape.len_elements();
        // Multiples of an irrational number modulo 1 fill the interval evenly (Weyl 1916); another number for each
        // argument keeps arguments apart.
        let step = [0.618_033_988_749_895, 0.414_213_562_373_095, 0.732_050_807_568_877][self.args.len() % 3];
        let start = 0.35 + 0.17 * self.args.len() as f64;
        let data = (0..n).map(|i| low + (high - low) * (start + step * i as f64).fract()).collect();
        self.exactly(Tensor::new(shape, data))
    }

    /// Adds the argument `value`.
    pub fn exactly(mut self, value: impl Into<Value<f64>>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Says that the arguments lie at kinks.
    pub fn at_kink(mut self) -> Self {
        self.kink = true;
        self
    }

    /// The arguments' shapes.
    pub fn shapes(&self) -> Vec<Shape> {
        self.args.iter().map(|a| a.as_arg().shape()).collect()
    }

    /// The case in a line: the operation and the shapes.
    pub fn label(&self) -> String {
        let shapes: Vec<String> = self.shapes().iter().map(ToString::to_string).collect();
        match &self.op {
            Some(op) => format!("{op:?} at {}", shapes.join(", ")),
            None => shapes.join(", "),
        }
    }
}

/// A public function that is a composition of operations, with its cases. It has no derivative rule of its own.
pub trait Function: Sized {
    /// The name of the method.
    const NAME: &'static str;
    /// What it computes, as text.
    const TEXT: &'static str;
    /// The composition.
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A;
    /// Sample inputs, each with the function's attributes.
    fn cases() -> Vec<(Self, Case)>;
}

/// Numbers, as the registry's tests see a value.
impl Value<f64> {
    /// The numbers, if it holds numbers.
    pub fn as_real(&self) -> Option<&Tensor<f64>> {
        match self {
            Any::Real(t) => Some(t),
            _ => None,
        }
    }
}
