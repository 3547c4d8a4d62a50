//! The crate `RustQuant_autodiff`: its graph is cleared and used again.

use RustQuant_autodiff::{Accumulate, Gradient, Graph, Max, Variable};

use crate::Peer;
use crate::workloads::{Number, Workload};

#[derive(Default)]
pub struct RustQuant(Graph);

impl Peer for RustQuant {
    const NAME: &'static str = "RustQuant";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        self.0.clear();
        let x = self.0.vars(workload.at());
        workload.value(&x).accumulate().wrt(&x)
    }
}

impl Number for Variable<'_> {
    fn value(self) -> f64 {
        self.value
    }
    fn sin(self) -> Self {
        Variable::sin(self)
    }
    fn exp(self) -> Self {
        Variable::exp(self)
    }
    fn ln(self) -> Self {
        Variable::ln(self)
    }
    fn sqrt(self) -> Self {
        Variable::sqrt(self)
    }
    fn erf(self) -> Self {
        Variable::erf(self)
    }
    fn relu(self) -> Self {
        Max::max(&self, 0.0)
    }
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a + b).expect("a number")
    }
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a * b).expect("a number")
    }
}
