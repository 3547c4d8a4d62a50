//! What would people think of what they never saw? A table with most of its cells missing, as the product of two thin ones.

use wengert::prelude::*;

const PEOPLE: usize = 40;
const FILMS: usize = 30;
const TASTES: usize = 3;

fn main() {
    let rng = &mut generator(1);
    // The truth: each person has 3 tastes, each film 3 qualities. Three cells in five were never filled in.
    let truth = Tensor::<f64>::randn([PEOPLE, TASTES], rng).matmul(Tensor::randn([TASTES, FILMS], rng));
    let seen = Tensor::<f64>::rand([PEOPLE, FILMS], rng).map(|u| f64::from(u8::from(u < 0.4)));
    let count = seen.data().iter().sum::<f64>();

    let mut factors = vec![
        Param::new(Tensor::randn([PEOPLE, TASTES], rng) * 0.3),
        Param::new(Tensor::randn([TASTES, FILMS], rng) * 0.3),
    ];
    let mut optimiser = Adam::new(0.03);
    for step in 0..=1500 {
        let tape = Tape::new();
        let beside = tape.input(Tensor::from(0.0));
        let table = beside.lift(&factors[0]).matmul(beside.lift(&factors[1]));
        let error = (table - &truth) * &seen;
        let loss = error.powi(2).sum() / count;
        if step % 300 == 0 {
            println!("step {step:4}  error of the cells that are known {:.6}", loss.item().sqrt());
        }
        optimiser.step(&mut factors, &loss.backward());
    }

    let table = factors[0].value().matmul(factors[1].value());
    let squares = |wanted: f64| {
        let cells = table.data().iter().zip(truth.data()).zip(seen.data());
        let apart: Vec<f64> = cells.filter(|(_, s)| **s == wanted).map(|((a, b), _)| (a - b).powi(2)).collect();
        (apart.iter().sum::<f64>() / apart.len() as f64).sqrt()
    };
    let (known, unknown) = (squares(1.0), squares(0.0));
    let spread = (truth.data().iter().map(|x| x * x).sum::<f64>() / truth.len() as f64).sqrt();
    println!("known cells {known:.4}, unknown cells {unknown:.4}; cells are about {spread:.1} in size");
    assert!(known < 0.01 && unknown < 0.1 * spread);
}
