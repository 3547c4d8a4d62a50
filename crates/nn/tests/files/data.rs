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

#[test]
fn parts_are_proportional_and_whole() {
    let digits = digits::<f64>();
    let mut whole = samples(&digits);
    whole.sort();
    for stratified in [false, true] {
        let shares = [0.5, 0.3, 0.2];
        let rng = &mut generator(1);
        let parts =
            if stratified { digits.parts_stratified(&shares, rng) } else { digits.parts(&shares, rng) }.unwrap();
        let mut all: Vec<Vec<u64>> = parts.iter().flat_map(samples).collect();
        all.sort();
        assert_eq!(all, whole, "stratified {stratified}");
        for (part, share) in parts.iter().zip(shares) {
            assert!((part.len() as f64 - share * 1797.0).abs() < 10.0);
            for class in (0..10).filter(|_| stratified) {
                let count = |data: &Dataset<f64>| data.targets().data().iter().filter(|k| **k == class).count() as f64;
                assert!((count(part) - share * count(&digits)).abs() < 1.0, "class {class}");
            }
        }
    }
    let message = digits.parts(&[0.5, 0.6], &mut generator(1)).unwrap_err().to_string();
    assert_eq!(message, "parts: the shares [0.5, 0.6] are not positive with a sum of 1");
}

/// What is fitted to the training part does not know the others, and makes that part standard.
#[test]
fn normalisation_knows_the_training_part_alone() {
    let data = lines::<f64>(100, &[1.0, -2.0, 0.5], 3.0, 0.1, &mut generator(1));
    let parts = data.parts(&[0.7, 0.3], &mut generator(2)).unwrap();
    let standardise = Standardise::fit(parts[0].inputs());
    let scaled = standardise.forward(parts[0].inputs());
    for column in 0..3 {
        let numbers: Vec<f64> = scaled.data().iter().skip(column).step_by(3).copied().collect();
        let mean = numbers.iter().sum::<f64>() / 70.0;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 70.0;
        assert!(mean.abs() < 1e-14 && (variance - 1.0).abs() < 1e-13, "{mean} {variance}");
    }
    // Changing the test part changes nothing.
    let moved = parts[1].with_inputs(parts[1].inputs() * 100.0).unwrap();
    let both = parts[0].followed_by(&moved).unwrap();
    let again = Standardise::fit(both.range(0..70).inputs());
    assert_eq!(
        (again.mean.value(), again.deviation.value()),
        (standardise.mean.value(), standardise.deviation.value())
    );
}

#[test]
fn made_sets_lie_where_they_should() {
    let rng = &mut generator(1);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    let rings = circles::<f64>(11, 0.4, 0.0, rng);
    for (p, class) in rings.inputs().data().chunks_exact(2).zip(rings.targets().data()) {
        assert!(near(p[0].hypot(p[1]), if *class == 0 { 1.0 } else { 0.4 }));
    }
    assert_eq!(rings.targets().data().iter().sum::<i64>(), 6);

    let arms = spirals::<f64>(2, 8, 0.5, 0.0, rng);
    assert_eq!(arms.targets().data(), [[0; 8], [1; 8]].as_flattened());
    // The second arm is the first turned by half a circle; a point's angle grows with its radius.
    let (first, second) = arms.inputs().data().split_at(16);
    assert!(first.iter().zip(second).all(|(a, b)| near(*a, -b)));
    assert!(near(first[8], 0.0) && near(first[9], 0.5), "{first:?}");

    let clouds = blobs::<f64>(&[[5.0, 0.0], [0.0, -5.0]], 1000, 0.5, rng);
    for (class, center) in [[5.0, 0.0], [0.0, -5.0]].into_iter().enumerate() {
        for (axis, center) in center.into_iter().enumerate() {
            let numbers = clouds.inputs().data()[2000 * class..][..2000].iter().skip(axis).step_by(2);
            let mean = numbers.sum::<f64>() / 1000.0;
            assert!((mean - center).abs() < 5.0 * 0.5 / 1000.0_f64.sqrt(), "{mean} and {center}");
        }
    }
}

#[test]
fn samples_follow_each_other() {
    let all = digits::<f32>();
    let both = all.range(0..3).followed_by(&all.range(3..5)).unwrap();
    assert_eq!(both, all.range(0..5));
    let message = all.followed_by(&all.flattened()).unwrap_err().to_string();
    assert_eq!(message, "data set: inputs [1797, 1, 8, 8] and [1797, 64] do not follow each other");
}

/// A shift of any number of pixels: all of them moved out of the image leave nothing.
#[test]
fn shifts_have_no_limit() {
    let image = Tensor::<f64>::ones([1, 1, 3, 3]);
    for (down, right) in [(isize::MIN, 0), (isize::MAX, 0), (0, isize::MIN), (0, isize::MAX), (isize::MIN, isize::MAX)]
    {
        let moved = wengert_nn::data::shifted(&image, down, right).unwrap();
        assert_eq!(moved.data(), [0.0; 9], "{down} down, {right} right");
    }
    let moved = Augmentation::new().shift(usize::MAX).apply(&image, &mut generator(1)).unwrap();
    assert_eq!(moved.data(), [0.0; 9]);
}

/// A quarter turn, and no turn, are exact; a shift is that of `shifted`; elastic changes move ink but make none.
#[test]
fn images_are_moved() {
    let image = Tensor::<f64>::rand([2, 3, 4, 5], &mut generator(1));
    let apply = |a: Augmentation, seed| a.apply(&image, &mut generator(seed)).unwrap();
    assert_eq!(apply(Augmentation::new(), 1), image);
    for (down, right) in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (2, -3), (4, 0), (0, -5), (7, 7)] {
        let moved = wengert_nn::data::shifted(&image, down, right).unwrap();
        for (n, c, y, x) in indices([2, 3, 4, 5]) {
            let from = |k: usize, by: isize| k.checked_add_signed(-by).unwrap_or(usize::MAX);
            let expected = image.get(&[n, c, from(y, down), from(x, right)]).copied().unwrap_or(0.0);
            assert_eq!(moved[[n, c, y, x]], expected, "{down} {right}");
        }
    }
    let mut seen = BTreeSet::new();
    for seed in 0..60 {
        let moved = apply(Augmentation::new().shift(1), seed).rows([0]);
        let place =
            |down: isize, right: isize| wengert_nn::data::shifted(&image, down, right).unwrap().rows([0]) == moved;
        let found = (-1..=1).flat_map(|d| (-1..=1).map(move |r| (d, r))).find(|(d, r)| place(*d, *r));
        seen.insert(found.expect("a shift by at most a pixel"));
    }
    assert_eq!(seen.len(), 9, "every shift comes: {seen:?}");

    let ink = Tensor::<f64>::ones([1, 1, 20, 20]);
    let bent = Augmentation::new().turn(0.3).elastic(3.0, 2.0).apply(&ink, &mut generator(3)).unwrap();
    assert!(bent.data().iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
    // In the middle of ink there is ink, wherever it came from.
    assert!((bent[[0, 0, 10, 10]] - 1.0).abs() < 1e-12);
    assert_ne!(bent, ink);
    let message = Augmentation::new().apply(&Tensor::<f64>::ones([2, 3]), &mut generator(1)).unwrap_err().to_string();
    assert_eq!(message, "augmentation: images [n, channels, height, width] are needed, not [2, 3]");
}

fn indices([n, c, h, w]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..n * c * h * w).map(move |k| (k / (c * h * w), k / (h * w) % c, k / w % h, k % w))
}

/// What is done ahead comes in order, once, and the thread ends when nobody takes any more.
#[test]
fn batches_are_made_ahead() {
    let digits = digits::<f32>();
    let direct: Vec<Tensor<i64>> = digits.batches(100).shuffled(&mut generator(1)).map(|(_, y)| y).collect();
    let (all, three) = std::thread::scope(|scope| {
        let batches = || digits.batches(100).shuffled(&mut generator(1)).map(|(_, y)| y);
        let all: Vec<Tensor<i64>> = wengert_nn::data::ahead(scope, batches(), 2).collect();
        let three: Vec<Tensor<i64>> = wengert_nn::data::ahead(scope, batches(), 2).take(3).collect();
        (all, three)
    });
    assert_eq!(all, direct);
    assert_eq!(three, direct[..3]);
}

/// Classes that are too small to be split exactly: what one part gets too much of one class another gets of the next, so
/// that the parts as a whole are right, and each class is within one sample.
#[test]
fn small_classes_are_parted_in_the_right_proportions() {
    let made = |classes: usize, each: usize| {
        let all: Vec<i64> = (0..classes * each).map(|k| (k % classes) as i64).collect();
        let inputs = Tensor::<f64>::arange(all.len()).reshape([all.len(), 1]);
        Dataset::new(inputs, Tensor::new([all.len()], all)).unwrap()
    };
    let sizes = |data: &Dataset<f64>, shares: &[f64]| -> Vec<usize> {
        let parts = data.parts_stratified(shares, &mut generator(1)).unwrap();
        let mut seen: Vec<f64> = parts.iter().flat_map(|part| part.inputs().to_vec()).collect();
        seen.sort_by(f64::total_cmp);
        assert_eq!(seen, data.inputs().data());
        let each = data.len() as f64 / 50.0;
        for (part, share) in parts.iter().zip(shares) {
            for class in 0..50 {
                let count = part.targets().data().iter().filter(|k| **k == class).count() as f64;
                assert!((count - share * each).abs() < 1.0, "class {class}: {count} of {each}, a share of {share}");
            }
        }
        parts.iter().map(Dataset::len).collect()
    };
    assert_eq!(sizes(&made(50, 4), &[0.7, 0.15, 0.15]), [140, 30, 30]);
    for each in 1..9 {
        for shares in [&[0.7, 0.15, 0.15][..], &[0.5, 0.5], &[0.9, 0.1], &[0.6, 0.2, 0.2], &[0.25; 4], &[1.0, 0.0]] {
            let all = (50 * each) as f64;
            for (found, share) in sizes(&made(50, each), shares).into_iter().zip(shares) {
                assert!((found as f64 - share * all).abs() < 1.0 + 1e-9, "{each} each, {shares:?}: {found}");
            }
        }
    }
}

/// Classes without names are classes as well.
#[test]
fn classes_without_names() {
    let data: Dataset<f64> = Dataset::new(Tensor::zeros([6, 1]), Tensor::from([3, -1, 3, -1, 3, -1])).unwrap();
    let parts = data.parts_stratified(&[2.0 / 3.0, 1.0 / 3.0], &mut generator(1)).unwrap();
    for (part, size) in parts.iter().zip([2, 1]) {
        assert_eq!(part.targets().data().iter().filter(|k| **k == 3).count(), size);
        assert_eq!(part.len(), 2 * size);
    }
    assert_eq!(data.split_stratified(1.0 / 3.0, &mut generator(1)).test().len(), 2);
    let named: Dataset<f64> = Dataset::new(Tensor::zeros([2, 1]), Tensor::from([0, 2])).unwrap();
    assert_eq!(named.one_hot().targets(), &Tensor::from([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]));
}
