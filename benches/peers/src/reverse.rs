//! The crate `reverse`: its tape is cleared and used again. It has no error function, and no rectifier but a branch.

use reverse::{Gradient, Tape, Var};

use crate::Peer;
use crate::workloads::{Number, Workload};

#[derive(Default)]
pub struct Reverse(Tape);

impl Peer for Reverse {
    const NAME: &'static str = "reverse";
    fn lacks(workload: &str) -> Option<&'static str> {
        (workload == "S6a").then_some("erf")
    }
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        self.0.clear();
        let x = self.0.add_vars(workload.at());
        workload.value(&x).grad().wrt(&x)
    }
}

impl Number for Var<'_> {
    fn value(self) -> f64 {
        self.val
    }
    fn sin(self) -> Self {
        Var::sin(&self)
    }
    fn exp(self) -> Self {
        Var::exp(&self)
    }
    fn ln(self) -> Self {
        Var::ln(&self)
    }
    fn sqrt(self) -> Self {
        Var::sqrt(&self)
    }
    fn erf(self) -> Self {
        unreachable!("the workload that needs it is left out")
    }
    fn relu(self) -> Self {
        if self.val > 0.0 { self } else { self * 0.0 }
    }
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a + b).expect("a number")
    }
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a * b).expect("a number")
    }
}
