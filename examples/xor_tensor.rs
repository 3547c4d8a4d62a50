//! XOR on tensors: the four rows as one batch, a layer as matrix × matrix.

use wengert::prelude::*;

fn main() -> Result<(), Error> {
    let mut rng = generator(1);
    let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
    let y = Tensor::from([[0.0], [1.0], [1.0], [0.0]]);
    let network = |(w1, b1, w2, b2): (Var, Var, Var, Var)| {
        let x = Lift::constant(&w1, x.clone()); // a plain tensor beside a recorded one
        let hidden = (x.matmul(w1) + b1).tanh();
        (hidden.matmul(w2) + b2).sigmoid()
    };
    let mut parameters =
        (Tensor::randn([2, 4], &mut rng), Tensor::zeros([4]), Tensor::randn([4, 1], &mut rng), Tensor::zeros([1]));
    let cost = |p| (network(p) - &y).powi(2).mean();
    for step in 0..=1000 {
        let (value, (g1, g2, g3, g4)) = value_and_grad(cost, &parameters)?;
        let (w1, b1, w2, b2) = parameters;
        parameters = (w1 - g1 * 2.0, b1 - g2 * 2.0, w2 - g3 * 2.0, b2 - g4 * 2.0);
        if step % 250 == 0 {
            println!("step {step:4}  cost {value:.6}");
        }
    }
    let tape = Tape::new();
    let (w1, b1, w2, b2) = parameters;
    let answers = network((tape.constant(w1), tape.constant(b1), tape.constant(w2), tape.constant(b2))).value();
    println!("{answers:.3}");
    let right = answers.data().iter().zip(y.data()).filter(|(a, y)| (*a - *y).abs() < 0.1).count();
    println!("{right} of 4 within 0.1");
    assert_eq!(right, 4);
    Ok(())
}
