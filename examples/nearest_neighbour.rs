//! The nearest neighbour has no gradient to learn from; its soft version has one.
//!
//! The answer of the nearest neighbour jumps from one class to another where two samples are equally near, and does not
//! change between: its derivative by anything is 0 where it exists. Weights that fall with the distance, a softmax of
//! −distance² / t, make an answer that changes smoothly; it becomes the nearest neighbour's as t goes to 0. So the scale of
//! each feature can be learned.

use wengert::prelude::*;

/// Probabilities of class 1 for `x`, from samples with known answers: weights fall with the distance in `scales`.
fn soft(x: &Tensor, known: &Tensor, answers: &Tensor, scales: Var) -> Var {
    let [n, m] = [x.shape()[0], known.shape()[0]];
    let features = x.shape()[1];
    let difference = x.reshape([n, 1, features]) - known.reshape([1, m, features]);
    let distance = (Lift::constant(&scales, difference) * scales).powi(2).sum_over(2);
    (-distance).softmax(1).matmul(Lift::constant(&scales, answers.reshape([m, 1])))
}

/// The share of samples whose nearest other sample in these scales is of the same class.
fn hard(x: &Tensor, known: &Tensor, wanted: &Tensor, answers: &Tensor, scales: &Tensor) -> f64 {
    let nearest = |row: &[f64]| {
        let distance = |other: &[f64]| {
            row.iter().zip(other).zip(scales.data()).map(|((a, b), s)| (s * (a - b)).powi(2)).sum::<f64>()
        };
        let all = known.data().chunks(3).map(distance).enumerate();
        all.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(k, _)| k)
    };
    let right = x.data().chunks(3).zip(wanted.data()).filter(|(row, y)| answers.data()[nearest(row)] == **y).count();
    right as f64 / wanted.len() as f64
}

fn main() -> Result<(), Error> {
    let rng = &mut generator(1);
    // Two moons, and a third feature that says nothing but is ten times as large as the others.
    let with_noise = |data: &Dataset<f64>, rng: &mut Generator| {
        let noise = Tensor::<f64>::randn([data.len()], rng);
        let rows = data.inputs().data().chunks(2).zip(noise.data());
        let rows: Vec<f64> = rows.flat_map(|(p, z)| [p[0], p[1], 10.0 * z]).collect();
        (Tensor::new([data.len(), 3], rows), data.targets().map(|k| k as f64))
    };
    let (known, answers) = with_noise(&moons(100, 0.1, rng), rng);
    let (x, wanted) = with_noise(&moons(100, 0.1, rng), rng);
    let (unseen, truth) = with_noise(&moons(300, 0.1, rng), rng);

    let mut scales = Tensor::from([1.0, 1.0, 1.0]);
    let before = hard(&unseen, &known, &truth, &answers, &scales);
    println!("nearest neighbour with all scales 1: {:.1} %", 100.0 * before);
    for step in 0..=300 {
        let column = wanted.reshape([wanted.len(), 1]);
        let loss = |s: Var| (soft(&x, &known, &answers, s) - &column).powi(2).mean();
        let (value, gradient) = value_and_grad(loss, &scales)?;
        if step % 100 == 0 {
            println!("step {step:3}  loss {value:.5}  scales {scales:.3}");
        }
        scales -= gradient * 5.0;
    }
    let after = hard(&unseen, &known, &truth, &answers, &scales);
    println!("nearest neighbour with the learned scales: {:.1} %", 100.0 * after);
    // A small change of the scales changes no answer: the hard version's slope is 0.
    let moved = hard(&unseen, &known, &truth, &answers, &(&scales + 1e-9));
    println!("its change when the scales change by 1e-9: {}", moved - after);
    assert!(after > 0.97 && after > before + 0.1 && moved == after);
    Ok(())
}
