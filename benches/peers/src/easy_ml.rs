//! The crate `easy-ml`: its list is cleared and used again. Functions that it lacks are made with its `unary`.

use easy_ml::differentiation::{Record, WengertList};
use easy_ml::numeric::extra::{Exp, Ln, Sin, Sqrt};

use crate::Peer;
use crate::workloads::{Number, Workload};

#[derive(Default)]
pub struct EasyMl(WengertList<f64>);

impl Peer for EasyMl {
    const NAME: &'static str = "easy-ml";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        self.0.clear();
        let x: Vec<Record<'_, f64>> = workload.at().iter().map(|x| Record::variable(*x, &self.0)).collect();
        let g = workload.value(&x).derivatives();
        x.iter().map(|x| g.at(x)).collect()
    }
}

/// A record made from another by a function of its own.
fn unary<'a>(x: Record<'a, f64>, f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Record<'a, f64> {
    let y = x.unary(f, slope);
    Record::from_existing((y.number, y.index), x.history())
}

impl Number for Record<'_, f64> {
    fn value(self) -> f64 {
        self.number
    }
    fn sin(self) -> Self {
        Sin::sin(self)
    }
    fn exp(self) -> Self {
        Exp::exp(self)
    }
    fn ln(self) -> Self {
        Ln::ln(self)
    }
    fn sqrt(self) -> Self {
        Sqrt::sqrt(self)
    }
    fn erf(self) -> Self {
        unary(self, wengert_tape::Float::erf, |x| (-x * x).exp() * std::f64::consts::FRAC_2_SQRT_PI)
    }
    fn relu(self) -> Self {
        unary(self, |x| x.max(0.0), |x| if x > 0.0 { 1.0 } else { 0.0 })
    }
    fn sum(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a + b).expect("a number")
    }
    fn product(numbers: impl Iterator<Item = Self>) -> Self {
        numbers.reduce(|a, b| a * b).expect("a number")
    }
}
