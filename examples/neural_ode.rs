//! A neural differential equation (Chen et al. 2018): a network y' = f(y) that is fitted through its solver to spirals.

use wengert::prelude::*;

/// The states after each of 40 steps of 0.1 by Runge and Kutta's method of order four: `[batch, 41, numbers]`.
fn solve<A: Reader<f64>>(f: impl Fn(&A) -> A, start: &A) -> A {
    let step = |y: &A| {
        let k1 = f(y);
        let k2 = f(&k1.mul_add(0.05, y));
        let k3 = f(&k2.mul_add(0.05, y));
        let k4 = f(&k3.mul_add(0.1, y));
        Some((k1 + (k2 + k3) * 2.0 + k4).mul_add(0.1 / 6.0, y))
    };
    stack(&std::iter::successors(Some(start.clone()), step).take(41).collect::<Vec<_>>(), 1)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rng, turn) = (&mut generator(1), Tensor::from([[-0.1, 2.0], [-2.0, -0.1]]));
    let start = Tensor::rand([30, 2], rng) * 2.0 - 1.0;
    let seen = solve(|y: &Tensor| y.powi(3).matmul(&turn), &start);
    let mut net = Mlp::<f64>::new(&[2, 50, 2], Activation::Tanh, rng).output(Activation::Identity);
    let error = |net: &Mlp<f64>, (start, seen): (Var, Var)| mse(solve(|y| net.forward(&y.powi(3)), &start), seen);
    let mut trainer = Trainer::of(|net, batch, _| error(net, batch)).epochs(200).batch(30).clip_norm(1.0).bar();
    let loss = trainer.train(&mut net, &mut Adam::new(0.01), &(start, seen))?.loss();
    println!("{} parameters, mean square of the errors {loss:.1e}", net.parameter_count());
    assert!(loss < 1e-3);
    Ok(())
}
