//! Tensors drawn from a generator: their distributions, and what is refused.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use wengert_tape::prelude::*;
use wengert_tape::try_with;

fn rng(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed)
}

/// The share of each of `n` positions among many.
fn shares(positions: &Tensor<i64>, n: usize) -> Vec<f64> {
    let count = |k: usize| positions.data().iter().filter(|p| **p == k as i64).count();
    (0..n).map(|k| count(k) as f64 / positions.len() as f64).collect()
}

/// Five standard deviations of a share of `p` among `n`.
fn five(p: f64, n: usize) -> f64 {
    5.0 * (p * (1.0 - p) / n as f64).sqrt() + 1e-12
}

#[test]
fn positions_come_as_often_as_their_weights_say() {
    const N: usize = 20_000;
    for weights in
        [vec![1.0], vec![0.0, 1.0, 3.0, 0.0, 4.0], vec![1e-300, 2e-300], vec![1e308, 1e308, 0.0], vec![0.2; 5]]
    {
        let largest: f64 = weights.iter().copied().fold(0.0, f64::max);
        let sum: f64 = weights.iter().map(|w| w / largest).sum();
        let drawn = Tensor::from(weights.clone()).multinomial(N, true, &mut rng(1));
        for (k, (share, weight)) in shares(&drawn, weights.len()).into_iter().zip(&weights).enumerate() {
            let expected = weight / largest / sum;
            assert!((share - expected).abs() <= five(expected, N), "{weights:?}: {share} of {k}, not {expected}");
        }
    }
    // Without replacement the first is drawn as with it, the second by what is left: P(0, 1) = 1/6 · 2/5.
    let rows = Tensor::new([N, 3], [1.0, 2.0, 3.0].repeat(N));
    let drawn = rows.multinomial(3, false, &mut rng(2));
    let orders = drawn.data().chunks(3);
    assert!(orders.clone().all(|order| order.iter().sum::<i64>() == 3 && order[0] != order[1]));
    let first = orders.filter(|order| **order == [0, 1, 2]).count() as f64 / N as f64;
    assert!((first - 1.0 / 15.0).abs() < five(1.0 / 15.0, N), "{first}");
}

#[test]
fn numbers_are_of_their_distribution() {
    const N: usize = 20_000;
    let x = Tensor::<f64>::normal([N], -3.0, 2.0, &mut rng(3));
    // The mean of N has a deviation of 2/√N, the variance one of 4 √(2/N).
    assert!((x.mean().item() + 3.0).abs() < 5.0 * 2.0 / (N as f64).sqrt());
    assert!((x.var_over(0, 1.0).item() - 4.0).abs() < 5.0 * 4.0 * (2.0 / N as f64).sqrt());
    assert_eq!(Tensor::<f32>::normal([3], 1.5, 0.0, &mut rng(1)).data(), [1.5; 3]);
    let same = |x: Tensor<f32>| x.map(f64::from);
    let narrow = same(Tensor::<f32>::normal([5], 1.0, 2.0, &mut rng(4)));
    let wide = Tensor::<f64>::normal([5], 1.0, 2.0, &mut rng(4));
    assert!((narrow - wide).abs().max().item() < 1e-6);

    let k = Tensor::randint([N / 2, 2], -1..4, &mut rng(5)).map(|k| k + 1);
    for share in shares(&k, 5) {
        assert!((share - 0.2).abs() < five(0.2, N), "{share}");
    }
    let p = Tensor::<f32>::full([N], 0.3).bernoulli(&mut rng(6));
    let ones = p.data().iter().filter(|x| **x == 1.0).count() as f64 / N as f64;
    assert!((ones - 0.3).abs() < five(0.3, N) && p.data().iter().all(|x| [0.0, 1.0].contains(x)));
    // Each number is as often at each place.
    let places: Vec<i64> = (0..2000).flat_map(|seed| Tensor::randperm(4, &mut rng(seed)).to_vec()).collect();
    for place in 0..4 {
        let at: Vec<i64> = places.iter().copied().skip(place).step_by(4).collect();
        for share in shares(&Tensor::from(at), 4) {
            assert!((share - 0.25).abs() < five(0.25, 2000), "{place}: {share}");
        }
    }
    assert_eq!(Tensor::randperm(0, &mut rng(1)).shape()[..], [0]);
}

#[test]
fn what_is_no_distribution_is_refused() {
    let x = |numbers: &[f64]| Tensor::from(numbers);
    let message = |f: &dyn Fn()| try_with(f).unwrap_err().to_string();
    let r = || rng(1);
    let cases: Vec<(&str, String)> = vec![
        (
            "normal: a standard deviation of -1 is not from 0",
            message(&|| drop(Tensor::<f64>::normal([1], 0.0, -1.0, &mut r()))),
        ),
        ("bernoulli: a probability of 1.5 is not from 0 to 1", message(&|| drop(x(&[0.5, 1.5]).bernoulli(&mut r())))),
        ("bernoulli: a probability of NaN is not from 0 to 1", message(&|| drop(x(&[f64::NAN]).bernoulli(&mut r())))),
        (
            "randint: there is no whole number from 3 to below 3",
            message(&|| drop(Tensor::randint([1], 3..3, &mut r()))),
        ),
        (
            "multinomial: 3 positions of a row of 3 with 2 weights that are not 0",
            message(&|| drop(x(&[1.0, 0.0, 2.0]).multinomial(3, false, &mut r()))),
        ),
        (
            "multinomial: 1 positions of a row of 2 with 0 weights that are not 0",
            message(&|| drop(x(&[0.0, 0.0]).multinomial(5, true, &mut r()))),
        ),
        (
            "multinomial: a weight of -1 is not from 0, or not finite",
            message(&|| drop(x(&[1.0, -1.0]).multinomial(1, true, &mut r()))),
        ),
        (
            "multinomial: a weight of inf is not from 0, or not finite",
            message(&|| drop(x(&[f64::INFINITY]).multinomial(1, true, &mut r()))),
        ),
        (
            "multinomial: rows of weights are needed, not a tensor of shape []",
            message(&|| drop(Tensor::from(1.0).multinomial(1, true, &mut r()))),
        ),
        (
            "iter: one number has no axis to go along; its value is `item()`",
            message(&|| drop(Tensor::from(1.0).iter().next())),
        ),
    ];
    for (expected, found) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn a_tensor_is_its_rows() {
    for shape in [vec![3], vec![3, 2], vec![2, 3, 5], vec![0, 2], vec![2, 0]] {
        let x = Tensor::<f64>::arange(shape.iter().product()).reshape(&shape[..]);
        let rows: Vec<Tensor> = x.iter().collect();
        assert_eq!(rows.len(), shape[0]);
        assert_eq!(x.iter().len(), shape[0]);
        for (k, row) in (&x).into_iter().enumerate() {
            assert_eq!(row, x.rows([k]).reshape(&shape[1..]), "{shape:?}");
        }
        let backwards: Vec<Tensor> = x.iter().rev().collect();
        assert!(backwards.iter().rev().eq(&rows));
        assert_eq!(x.iter().nth(1), rows.get(1).cloned());
    }
}
