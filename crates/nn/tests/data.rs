//! Splits and batches: every sample where it should be, once.

use std::collections::BTreeSet;

use wengert_nn::prelude::*;

/// Each sample of a set by the digits of its image, which are all different but for copies.
fn samples(data: &Dataset<f64>) -> Vec<Vec<u64>> {
    let row = data.input_shape().len_elements();
    data.inputs().data().chunks_exact(row).map(|x| x.iter().map(|p| *p as u64).collect()).collect()
}

#[test]
fn a_stratified_split_is_proportional_and_whole() {
    let all = digits::<f64>();
    let mut whole = samples(&all);
    whole.sort();
    for seed in 1..=5 {
        let split = all.split_stratified(0.25, &mut generator(seed));
        assert_eq!((split.train().len(), split.test().len()), (1348, 449));
        let mut parts = [samples(split.train()), samples(split.test())].concat();
        parts.sort();
        assert_eq!(parts, whole, "seed {seed}");
        for class in 0..10 {
            let count = |data: &Dataset<f64>| data.targets().data().iter().filter(|k| **k == class).count() as f64;
            let exact = 0.25 * count(&all);
            assert!((count(split.test()) - exact).abs() < 1.0, "seed {seed}, class {class}");
        }
        // The label goes with its image.
        let labelled = |data: &Dataset<f64>| -> BTreeSet<(Vec<u64>, i64)> {
            samples(data).into_iter().zip(data.targets().data().iter().copied()).collect()
        };
        assert!(labelled(split.test()).is_subset(&labelled(&all)));
        assert_eq!(split, all.split_stratified(0.25, &mut generator(seed)));
        assert_ne!(split, all.split_stratified(0.25, &mut generator(seed + 1)));
    }
}

#[test]
fn a_split_has_the_share_that_was_asked() {
    let data = Dataset::new(Tensor::<f64>::arange(10), Tensor::<f64>::arange(10)).unwrap();
    for (share, test) in [(0.0, 0), (0.24, 2), (0.25, 3), (0.5, 5), (1.0, 10)] {
        let split = data.split(share, &mut generator(1));
        assert_eq!((split.test().len(), split.train().len()), (test, 10 - test), "{share}");
    }
}

#[test]
fn an_epoch_has_each_sample_once() {
    let data = Dataset::new(Tensor::<f64>::arange(23), Tensor::<f64>::arange(23).map(|x| x as i64)).unwrap();
    let mut orders = BTreeSet::new();
    for seed in 0..20 {
        let mut seen = Vec::new();
        let batches = data.batches(5).shuffled(&mut generator(seed));
        assert_eq!(batches.len(), 5);
        for (k, (x, y)) in batches.enumerate() {
            assert_eq!(x.len(), if k < 4 { 5 } else { 3 });
            assert!(x.data().iter().zip(y.data()).all(|(x, y)| *x == *y as f64));
            seen.extend_from_slice(y.data());
        }
        let order = seen.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..23).collect::<Vec<i64>>(), "seed {seed}");
        orders.insert(order);
    }
    assert_eq!(orders.len(), 20, "each seed has an order of its own");
    let in_order: Vec<i64> = data.batches(4).flat_map(|(_, y)| y.into_vec()).collect();
    assert_eq!(in_order, (0..23).collect::<Vec<i64>>());
}

/// scikit-learn's `make_moons`: the points without noise lie on the two half circles, at equal angles.
#[test]
fn moons_are_half_circles() {
    let data = moons::<f64>(101, 0.0, &mut generator(1));
    assert_eq!(data.targets().data().iter().sum::<i64>(), 51);
    for (k, p) in data.inputs().data().chunks_exact(2).enumerate() {
        let (n, j, center, side) = if k < 50 { (50, k, [0.0, 0.0], 1.0) } else { (51, k - 50, [1.0, 0.5], -1.0) };
        let angle = std::f64::consts::PI * j as f64 / (n - 1) as f64;
        let on_circle = [center[0] + side * angle.cos(), center[1] + side * angle.sin()];
        assert!(p.iter().zip(on_circle).all(|(a, b)| (a - b).abs() < 1e-12), "{k}: {p:?}");
    }
    let noisy = moons::<f64>(4000, 0.2, &mut generator(1));
    let exact = moons::<f64>(4000, 0.0, &mut generator(1));
    let shifts: Vec<f64> = noisy.inputs().data().iter().zip(exact.inputs().data()).map(|(a, b)| a - b).collect();
    let variance = shifts.iter().map(|s| s * s).sum::<f64>() / shifts.len() as f64;
    assert!((variance.sqrt() - 0.2).abs() < 5.0 * 0.2 / (2.0 * shifts.len() as f64).sqrt(), "{}", variance.sqrt());
}

#[test]
fn one_hot_rows_and_flat_images() {
    let digits = digits::<f32>();
    let hot = digits.one_hot();
    assert_eq!(hot.targets().shape(), &[1797, 10]);
    assert_eq!(hot.targets().arg_max(-1), *digits.targets());
    assert!(hot.targets().data().chunks_exact(10).all(|row| row.iter().sum::<f32>() == 1.0));
    assert_eq!(digits.flattened().inputs().data(), digits.inputs().data());
    assert_eq!(digits.flattened().input_shape(), [64]);
}

#[test]
fn what_does_not_fit_is_named() {
    let message = |e: wengert_nn::Error| e.to_string();
    let (x, y) = (Tensor::<f64>::zeros([3, 2]), Tensor::from([0, 1]));
    assert_eq!(
        message(Dataset::new(x.clone(), y).unwrap_err()),
        "data set: inputs [3, 2] and targets [2] differ in their first axis"
    );
    let error = Dataset::of_classes(x, Tensor::from([0, 1, 2]), vec!["a".into(), "b".into()]).unwrap_err();
    assert_eq!(message(error), "data set: class 2 beside 2 names");
}
