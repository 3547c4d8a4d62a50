//! Newton's method on a loss of 64 weights, and Hamiltonian Monte Carlo (Neal 2011) on a posterior that is written on numbers.

use wengert::prelude::*;

/// y ~ Normal(a + b x, s): the priors are Normal(0, 10) of a and b, and Normal(0, 1) of ln s.
fn log_posterior(q: &[Scalar], x: &Tensor, y: &Tensor) -> Scalar {
    let (a, b, log_s) = (q[0], q[1], q[2]);
    let z = x.data().iter().zip(y.data()).map(|(x, y)| (*y - (a + b * *x)) / log_s.exp());
    z.map(|z| -0.5 * z * z - log_s).sum::<Scalar>() - (a * a + b * b) / 200.0 - log_s * log_s / 2.0
}

fn main() -> Result<(), Error> {
    let (rng, digits) = (&mut generator(1), digits::<f64>().flattened());
    let rows: Vec<usize> = (0..digits.len()).filter(|k| [3, 8].contains(&digits.targets().data()[*k])).collect();
    let (x, y) = (digits.inputs().rows(rows.clone()) / 16.0, digits.targets().rows(rows).map(|k| f64::from(k == 8)));
    let loss = |w: Var| w.matmul(x.t()).binary_cross_entropy_with_logits(&y, Reduction::Mean) + w.dot(w) * 0.5e-3;
    let mut w = Tensor::zeros([64]);
    for _ in 0..8 {
        w -= hessian(loss, &w)?.solve(&grad(loss, &w)?);
    }
    let (value, slope) = value_and_grad(loss, &w).map(|(v, g)| (v, g.abs().max().item()))?;
    println!("3 or 8: loss {value:.10}, its largest slope {slope:.1e}");
    assert!(slope < 1e-12);

    let x = Tensor::linspace(0.0, 5.0, 50);
    let y = &x * 2.0 + 1.0 + Tensor::randn([50], rng) * 0.5;
    let at = |q: &Tensor| value_and_grad(|q| log_posterior(&q, &x, &y), q.data()).map(|(v, g)| (v, Tensor::from(g)));
    let (mut q, mut draws, mut accepted) = (Tensor::zeros([3]), vec![], 0);
    let (mut value, mut slope) = at(&q)?;
    for _ in 0..2200 {
        let mut p = Tensor::randn([3], rng);
        let (before, mut to, mut v, mut g) = (value - p.dot(&p).item() / 2.0, q.clone(), value, slope.clone());
        for _ in 0..20 {
            p += g * 0.015;
            to += &p * 0.03;
            (v, g) = at(&to)?;
            p += &g * 0.015;
        }
        if Tensor::<f64>::rand([], rng).item().ln() < v - p.dot(&p).item() / 2.0 - before {
            (q, value, slope, accepted) = (to, v, g, accepted + 1);
        }
        draws.push(q.clone());
    }
    let means = draws[200..].iter().sum::<Tensor>() / 2000.0;
    println!("{} % accepted, means of a, b and ln s {means}", accepted / 22);
    assert!(accepted > 1100 && (means - Tensor::from([1.0, 2.0, 0.5_f64.ln()])).abs().max().item() < 0.4);
    Ok(())
}
