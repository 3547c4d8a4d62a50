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

fn main() {
    let x0 = Tensor::from([[0.5, -1.5], [2.0, 0.25]]);
    let right = check_gradients(|x: Var| (x.sin() * x).log_sum_exp(1).sum(), &x0);
    println!("a right gradient: {}", right.as_ref().map_or_else(ToString::to_string, ToString::to_string));

    let wrong = check_gradients(
        |x: Var| {
            let hidden = (x * 3.0).tanh();
            (Var::pointwise(MySoftsign, [&hidden]) * x).sum()
        },
        &x0,
    );
    let report = match wrong {
        Ok(report) => panic!("a wrong gradient passed: {report}"),
        Err(error) => error.to_string(),
    };
    println!("\na wrong one:\n{report}");
    assert!(right.is_ok() && report.contains("my_softsign") && report.contains("check_my_gradient.rs"));
}
