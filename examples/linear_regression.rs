//! Linear regression by descent, beside the solution in closed form.

use wengert::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rng = &mut generator(1);
    let data = lines::<f64>(200, &[2.0, -1.0, 0.5], 3.0, 0.1, rng);
    let mut model = Linear::<f64>::with(3, 1, Initialiser::Zeros, rng);

    // The mean squared error is a quadratic form: a method that learns curvature needs few steps.
    let minimum = Lbfgs::new().tolerance(1e-10).minimise(&mut model, |model| {
        let tape = Tape::new();
        let loss = mse(model.forward(&tape.input(data.inputs().clone())), data.targets());
        Ok((loss.item(), ModelGradients::of(model, &loss.backward())))
    })?;
    println!("descent      loss {:.9} after {} iterations", minimum.loss, minimum.iterations);

    // (XᵀX) w = Xᵀy, with a column of ones for the bias.
    let rows: Vec<Vec<f64>> = data.inputs().data().chunks(3).map(|x| [x, &[1.0]].concat()).collect();
    let y = data.targets().data();
    let sum = |f: &dyn Fn(&[f64], f64) -> f64| rows.iter().zip(y).map(|(row, y)| f(row, *y)).sum::<f64>();
    let system = (0..4).map(|i| (0..4).map(|j| sum(&|r, _| r[i] * r[j])).chain([sum(&|r, y| r[i] * y)]).collect());
    let exact = solve(system.collect());
    let bias = model.bias.as_ref().ok_or("the layer has a bias")?;
    let found = [model.weight.value().data(), bias.value().data()].concat();
    println!("closed form  {exact:.6?}\ndescent      {found:.6?}");

    let apart = exact.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("apart by at most {apart:.1e}");
    assert!(apart < 1e-6);
    Ok(())
}

/// Gauss and Jordan's elimination of a system with the right side in the last column.
fn solve(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    for k in 0..system.len() {
        let pivot = (k..system.len()).max_by(|a, b| system[*a][k].abs().total_cmp(&system[*b][k].abs())).unwrap_or(k);
        system.swap(k, pivot);
        let row: Vec<f64> = system[k].iter().map(|x| x / system[k][k]).collect();
        for other in &mut system {
            let factor = other[k];
            other.iter_mut().zip(&row).for_each(|(x, r)| *x -= factor * r);
        }
        system[k] = row;
    }
    system.into_iter().map(|row| row[row.len() - 1]).collect()
}
