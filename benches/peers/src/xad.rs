//! The crate `xad-rs`: its tape is kept and recorded anew, which its documentation says is fastest.

use xad_rs::ops::compute_gradient_rev_with;
use xad_rs::{AReal, Real, Tape};

use crate::Peer;
use crate::workloads::{Number, Workload};

pub struct Xad(Tape<f64>);

impl Default for Xad {
    fn default() -> Self {
        Xad(Tape::new(false))
    }
}

impl Peer for Xad {
    const NAME: &'static str = "xad-rs";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        compute_gradient_rev_with(&mut self.0, workload.at(), |x| workload.value(x)).1
    }
}

impl Number for AReal<f64> {
    fn value(self) -> f64 {
        AReal::value(&self)
    }
    fn sin(self) -> Self {
        Real::sin(&self)
    }
    fn exp(self) -> Self {
        Real::exp(&self)
    }
    fn ln(self) -> Self {
        Real::ln(&self)
    }
    fn sqrt(self) -> Self {
        Real::sqrt(&self)
    }
    fn erf(self) -> Self {
        Real::erf(&self)
    }
    fn relu(self) -> Self {
        Real::max(&self, &AReal::new(0.0))
    }
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a + b).expect("a number")
    }
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a * b).expect("a number")
    }
}
