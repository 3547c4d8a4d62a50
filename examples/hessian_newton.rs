//! Newton's method on Rosenbrock's function: the Hessian by forward over reverse.
//!
//! Gradient descent needs thousands of steps in the curved valley; Newton's method, which divides by the curvature, a
//! handful.

use wengert::prelude::*;

/// Rosenbrock (1960): `(1 − x)² + 100 (y − x²)²`, smallest at (1, 1).
fn rosenbrock(p: Var) -> Var {
    let (x, y) = (p.slice(0, 0..1), p.slice(0, 1..2));
    ((1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)).sum()
}

fn main() -> Result<(), Error> {
    let mut p = Tensor::from([-1.2, 1.0]);
    let mut steps = 0;
    loop {
        let (value, g) = value_and_grad(rosenbrock, &p)?;
        println!("step {steps}: f({:.6}, {:.6}) = {value:.3e}", p[[0]], p[[1]]);
        if g.data().iter().all(|d| d.abs() < 1e-12) {
            break;
        }
        // The step solves H s = −g: two equations in two unknowns, by Cramer's rule.
        let h = hessian(rosenbrock, &p)?;
        let determinant = h[[0, 0]] * h[[1, 1]] - h[[0, 1]] * h[[1, 0]];
        let s = Tensor::from([
            (h[[0, 1]] * g[[1]] - h[[1, 1]] * g[[0]]) / determinant,
            (h[[1, 0]] * g[[0]] - h[[0, 0]] * g[[1]]) / determinant,
        ]);
        p += s;
        steps += 1;
        assert!(steps < 20, "Newton's method converges in a few steps");
    }
    // Far from the minimum too, a Hessian–vector product is the Hessian times the vector.
    let (at, v) = (Tensor::from([-0.5, 2.0]), Tensor::from([0.3, -1.0]));
    let (product, matrix) = (hvp(rosenbrock, &at, &v)?, hessian(rosenbrock, &at)?);
    let error = (product - matrix.matmul(&v)).abs().max().item();
    println!("reached (1, 1) in {steps} steps; |hvp − H v| = {error:.1e}");
    assert!((p - 1.0).abs().max().item() < 1e-9 && error < 1e-9);
    Ok(())
}
