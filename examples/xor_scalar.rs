//! XOR on scalars: a 2-3-1 network written as plain formulas, trained by gradient descent.
//!
//! Each weight is one recorded number, so that every step of the chain rule is visible. See `xor_tensor` for the same
//! network as matrices.

use wengert::prelude::*;

const ROWS: [([f64; 2], f64); 4] = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)];
const HIDDEN: usize = 3;

/// The network's answer: three hidden neurons, each inputs × weights + bias through tanh, and one output neuron.
fn network(w: &[Scalar], [x1, x2]: [f64; 2]) -> Scalar {
    let hidden = |k: usize| (w[3 * k] * x1 + w[3 * k + 1] * x2 + w[3 * k + 2]).tanh();
    let output = &w[3 * HIDDEN..];
    let sum: Scalar = (0..HIDDEN).map(|k| output[k] * hidden(k)).sum();
    (sum + output[HIDDEN]).sigmoid()
}

fn main() {
    let mut rng = generator(1);
    let mut weights = (Tensor::<f64>::rand([4 * HIDDEN + 1], &mut rng) * 2.0 - 1.0).into_vec();
    let mut tape = Tape::new();
    for step in 0..=2000 {
        tape.clear();
        let w = tape.scalars(&weights);
        let cost: Scalar = ROWS.iter().map(|(x, y)| (network(&w, *x) - *y).powi(2)).sum::<Scalar>() / 4.0;
        let gradient = cost.backward();
        for (weight, w) in weights.iter_mut().zip(&w) {
            *weight -= 2.0 * gradient[*w];
        }
        if step % 500 == 0 {
            println!("step {step:4}  cost {:.6}", cost.value());
        }
    }
    tape.clear();
    let w = tape.scalars(&weights);
    let mut right = 0;
    for (x, y) in ROWS {
        let answer = network(&w, x).value();
        right += usize::from((answer - y).abs() < 0.1);
        println!("{} xor {} = {answer:.3}", x[0], x[1]);
    }
    println!("{right} of 4 within 0.1");
    assert_eq!(right, 4);
}
