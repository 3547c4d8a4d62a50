//! Is my gradient right? A hand-written rule with a wrong factor is caught, and named.

use wengert::prelude::*;
use wengert::{Elementwise, Number, One, Pointwise, Real};

/// Softsign, `x / (1 + |x|)`, with a derivative that forgets a square: it should be `1 / (1 + |x|)²`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct MySoftsign;

impl Pointwise for MySoftsign {
    type Arity = One;
    const NAME: &'static str = "my_softsign";
    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        x / (x.abs() + 1.0)
    }
    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let size = R::select(x.lt(x.number(0.0)), -x, x);
        x.number(1.0) / (size + 1.0)
    }
}

/// What the checker says of a right gradient and of a wrong one.
pub(crate) fn reports() -> (String, String) {
    let x0 = Tensor::from([[0.5, -1.5], [2.0, 0.25]]);
    let said = |result: Result<wengert::check::Report, Error>| result.map_or_else(|e| e.to_string(), |r| r.to_string());
    let right = check_gradients(|x: Var| (x.sin() * x).log_sum_exp(1).sum(), &x0);
    let wrong = check_gradients(
        |x: Var| {
            let hidden = (x * 3.0).tanh();
            (Var::pointwise(MySoftsign, [&hidden]) * x).sum()
        },
        &x0,
    );
    assert!(right.is_ok() && wrong.is_err());
    (said(right), said(wrong))
}

pub(crate) fn main() {
    let (right, wrong) = reports();
    println!("a right gradient: {right}\n\na wrong one:\n{wrong}");
    assert!(wrong.contains("my_softsign") && wrong.contains("check_my_gradient.rs"));
}
