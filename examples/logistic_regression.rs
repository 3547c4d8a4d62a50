//! Logistic regression: the probability of a class from a weighted sum, and what the weights say.

use wengert::prelude::*;

fn main() -> Result<(), Error> {
    let rng = &mut generator(1);
    let data = blobs::<f64>(&[[-1.0, 0.5], [1.0, -0.5]], 500, 0.8, rng);
    let (x, classes) = (data.inputs(), data.targets());
    let wanted = Tensor::new([1000, 1], classes.data().iter().map(|k| *k as f64).collect());

    // −[y ln σ(z) + (1 − y) ln(1 − σ(z))] = ln(1 + exp(z)) − y z
    let loss = |(w, b): (Var, Var)| {
        let z = Lift::constant(&w, x.clone()).matmul(w) + b;
        (z.softplus() - z * &wanted).mean()
    };
    let (mut w, mut b) = (Tensor::zeros([2, 1]), Tensor::zeros([1]));
    for step in 0..=200 {
        let (value, (gw, gb)) = value_and_grad(loss, (&w, &b))?;
        if step % 50 == 0 {
            println!("step {step:3}  loss {value:.6}");
        }
        (w, b) = (w - gw * 2.0, b - gb * 2.0);
    }

    // For two normal clouds with the same deviation s the best weights are known: (c₁ − c₀) / s².
    let best = [2.0 / 0.64, -1.0 / 0.64];
    println!("weights {w:.3}, of the clouds themselves {best:.3?}");
    let right =
        (x.matmul(&w) + &b).data().iter().zip(wanted.data()).filter(|(z, y)| (**z > 0.0) == (**y > 0.5)).count();
    // No rule does better than Φ(d / 2s) of the distance d between the centers: 91.9 %.
    println!("{:.1} % right", right as f64 / 10.0);
    assert!(right > 900 && w.data().iter().zip(best).all(|(w, best)| (w - best).abs() < 0.6));
    Ok(())
}
