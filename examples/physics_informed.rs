//! A physics-informed network (Raissi et al. 2019): Burgers' equation uₜ + u uₓ = ν uₓₓ, solved by a network that is told the
//! equation, and the solution −sin πx at the start and at the edges.

use std::f64::consts::PI;

use wengert::prelude::*;

/// What the equation leaves at points (x, t), and how far the network is from the values at the border.
fn loss(net: &Mlp<f64>, (points, border, values): (Var, Var, Var), _: &mut Training<Var>) -> Var {
    let points = points.leaf();
    let u = net.forward(&points);
    let slope = u.sum().backward_recorded()[points];
    let (ux, ut) = (slope.slice(1, ..1), slope.slice(1, 1..));
    let uxx = ux.sum().backward_recorded()[points].slice(1, ..1);
    (ut + u * ux - uxx * (0.05 / PI)).square().mean() + mse(net.forward(&border), values)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut generator(1);
    let mut net = Mlp::<f64>::new(&[2, 20, 20, 20, 1], Activation::Tanh, rng).output(Activation::Identity);
    let mut points = |n| Tensor::rand([n, 2], rng) * Tensor::from([2.0, 1.0]) - Tensor::from([1.0, 0.0]);
    let (start, edge) = (points(250) * Tensor::from([1.0, 0.0]), points(250));
    let edge = concat(&[&edge.slice(1, ..1).sign(), &edge.slice(1, 1..)], 1);
    let border = concat(&[&start, &edge], 0);
    let values = -(border.slice(1, ..1) * PI).sin();
    let samples = (points(500), border, values);

    let mut trainer = Trainer::of(loss).epochs(500).batch(500).shard(500).bar();
    let loss = trainer.train(&mut net, &mut Adam::new(5e-3), &samples)?.loss();
    println!("{} parameters, mean square of what is left {loss:.1e}", net.parameter_count());
    assert!(loss < 3e-2);
    Ok(())
}
