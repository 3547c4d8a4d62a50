//! The crate `echidna`: its function `grad` keeps the tape in a pool. It has no error function.

use echidna::Reverse;
use num_traits::Float;

use crate::Peer;
use crate::workloads::{Number, Workload};

#[derive(Default)]
pub struct Echidna;

impl Peer for Echidna {
    const NAME: &'static str = "echidna";
    fn lacks(workload: &str) -> Option<&'static str> {
        (workload == "S6a").then_some("erf")
    }
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        echidna::grad(|x| workload.value(x), workload.at())
    }
}

impl Number for Reverse<f64> {
    fn value(self) -> f64 {
        echidna::Scalar::value(&self)
    }
    fn sin(self) -> Self {
        Float::sin(self)
    }
    fn exp(self) -> Self {
        Float::exp(self)
    }
    fn ln(self) -> Self {
        Float::ln(self)
    }
    fn sqrt(self) -> Self {
        Float::sqrt(self)
    }
    fn erf(self) -> Self {
        unreachable!("the workload that needs it is left out")
    }
    fn relu(self) -> Self {
        Float::max(self, Reverse::constant(0.0))
    }
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a + b).expect("a number")
    }
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a * b).expect("a number")
    }
}
