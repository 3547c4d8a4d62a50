//! A straight line through points by gradient descent, beside the closed form of least squares.

use wengert::prelude::*;

fn main() -> Result<(), Error> {
    let mut rng = generator(7);
    let n = 50;
    let x = Tensor::linspace(-1.0, 3.0, n);
    let y = &x * 2.5 - 0.7 + Tensor::randn([n], &mut rng) * 0.2;

    let cost = |(slope, offset): (Scalar, Scalar)| {
        let slope = Var::from(slope);
        (slope * &x + offset - &y).powi(2).mean()
    };
    let mut point = (0.0, 0.0);
    for step in 0..=400 {
        let (value, (d_slope, d_offset)) = value_and_grad(cost, &point)?;
        point = (point.0 - 0.2 * d_slope, point.1 - 0.2 * d_offset);
        if step % 100 == 0 {
            println!("step {step:3}  cost {value:.6}  y = {:.6} x + {:.6}", point.0, point.1);
        }
    }

    // slope = covariance / variance, offset = mean y − slope · mean x
    let (mx, my) = (x.mean().item(), y.mean().item());
    let slope = ((&x - mx) * (&y - my)).sum().item() / (&x - mx).powi(2).sum().item();
    let offset = my - slope * mx;
    println!("closed form:        y = {slope:.6} x + {offset:.6}");
    let error = (point.0 - slope).abs().max((point.1 - offset).abs());
    println!("largest difference {error:.1e}");
    assert!(error < 1e-6);
    Ok(())
}
