//! Changes of images, each on pixels that are known.

use wengert_nn::data::Augmentation;
use wengert_nn::prelude::*;

const HEIGHT: usize = 5;
const WIDTH: usize = 7;

/// The pixel at y, x of channel c is 1 + x + 10 y + 100 c: linear, so that what lies between pixels is known.
fn images(n: usize, channels: usize) -> Tensor<f64> {
    let pixel = |k: usize| 1.0 + (k % WIDTH) as f64 + 10.0 * (k / WIDTH % HEIGHT) as f64;
    let image = |k: usize| pixel(k) + 100.0 * (k / (WIDTH * HEIGHT) % channels) as f64;
    Tensor::new([n, channels, HEIGHT, WIDTH], (0..n * channels * HEIGHT * WIDTH).map(image).collect())
}

fn changed(by: Augmentation, n: usize, channels: usize) -> Tensor<f64> {
    let first = by.apply(&images(n, channels), &mut generator(1)).unwrap();
    assert_eq!(first, by.apply(&images(n, channels), &mut generator(1)).unwrap(), "the same seed, the same images");
    first
}

#[test]
fn mirrors() {
    let x = images(1, 2);
    assert_eq!(changed(Augmentation::new().flip(1.0), 1, 2), x.flip([3]));
    assert_eq!(changed(Augmentation::new().flip_vertical(1.0), 1, 2), x.flip([2]));
    assert_eq!(changed(Augmentation::new().flip(1.0).flip_vertical(1.0), 1, 2), x.flip([2, 3]));
    assert_eq!(changed(Augmentation::new().flip(0.0), 1, 2), x);
    let half = changed(Augmentation::new().flip(0.5), 400, 1);
    let mirrored = half.iter().filter(|image| image.data()[0] == WIDTH as f64).count();
    let as_it_was = half.iter().filter(|image| image.data()[0] == 1.0).count();
    // 200 ± 5 standard deviations of 10
    assert!(mirrored + as_it_was == 400 && (150..250).contains(&mirrored), "{mirrored}");
}

/// What a linear image is at the place of each pixel, or 0 outside.
fn linear(place: impl Fn(f64, f64) -> (f64, f64)) -> Vec<f64> {
    let at = |k: usize| {
        let (y, x) = place((k / WIDTH) as f64, (k % WIDTH) as f64);
        let inside = |at: f64, length: usize| (-1e-9..=(length - 1) as f64 + 1e-9).contains(&at);
        if inside(y, HEIGHT) && inside(x, WIDTH) { 1.0 + x + 10.0 * y } else { f64::NAN }
    };
    (0..HEIGHT * WIDTH).map(at).collect()
}

fn assert_near(found: &Tensor<f64>, expected: &[f64]) {
    for (a, b) in found.data().iter().zip(expected) {
        // At the border the image falls to 0.
        assert!(b.is_nan() || (a - b).abs() < 1e-9, "{found} {expected:?}");
    }
}

#[test]
fn zooms_and_windows() {
    let [middle_y, middle_x] = [(HEIGHT - 1) as f64 / 2.0, (WIDTH - 1) as f64 / 2.0];
    for factor in [0.5, 1.0, 2.0, 3.7] {
        let zoomed = changed(Augmentation::new().scale(factor, factor), 1, 1);
        let place = |y, x| (middle_y + (y - middle_y) / factor, middle_x + (x - middle_x) / factor);
        assert_near(&zoomed, &linear(place));
    }
    // A window of the whole is the image; any other has the corners of a window in it, and steps of its share.
    assert_near(&changed(Augmentation::new().crop(1.0), 1, 1), &linear(|y, x| (y, x)));
    for window in changed(Augmentation::new().crop(0.4), 50, 1).iter() {
        let at = |y: usize, x: usize| window.data()[y * WIDTH + x];
        let (share, share_y) = (at(0, 1) - at(0, 0), (at(1, 0) - at(0, 0)) / 10.0);
        assert!((0.4 - 1e-9..1.0 + 1e-9).contains(&share) && (share - share_y).abs() < 1e-9, "{share} {share_y}");
        let first = at(0, 0) - 1.0;
        // first = left + 10 top, where a window fits: 0 ≤ left ≤ (1 − share) · 6 and 0 ≤ top ≤ (1 − share) · 4.
        assert!((-1e-9..=(1.0 - share) * (6.0 + 40.0) + 1e-9).contains(&first), "{first}");
        let place = |y: f64, x: f64| first + share * (x + 10.0 * y) + 1.0;
        let expected: Vec<f64> = (0..HEIGHT * WIDTH).map(|k| place((k / WIDTH) as f64, (k % WIDTH) as f64)).collect();
        assert_near(&window, &expected);
    }
}

#[test]
fn colours() {
    let x = images(30, 3);
    let mean = |image: &Tensor<f64>, c: usize| image.data()[c * 35..][..35].iter().sum::<f64>() / 35.0;
    // Brightness: every pixel times one factor.
    for (before, after) in x.iter().zip(&changed(Augmentation::new().colour(0.3, 0.0, 0.0), 30, 3)) {
        let factor = after.data()[0] / before.data()[0];
        assert!((0.7..1.3).contains(&factor));
        assert!((&after - &before * factor).abs().max().item() < 1e-9);
    }
    // Contrast: away from the mean grey, which stays.
    let grey = |image: &Tensor<f64>| 0.299 * mean(image, 0) + 0.587 * mean(image, 1) + 0.114 * mean(image, 2);
    for (before, after) in x.iter().zip(&changed(Augmentation::new().colour(0.0, 0.5, 0.0), 30, 3)) {
        let factor = (after.data()[1] - after.data()[0]) / (before.data()[1] - before.data()[0]);
        let middle = grey(&before);
        assert!((0.5..1.5).contains(&factor) && (grey(&after) - middle).abs() < 1e-9);
        assert!((&after - ((&before - middle) * factor + middle)).abs().max().item() < 1e-9);
    }
    // Saturation: away from each pixel's own grey. Channels are 100 apart.
    for (before, after) in x.iter().zip(&changed(Augmentation::new().colour(0.0, 0.0, 0.5), 30, 3)) {
        let factor = (after.data()[35] - after.data()[0]) / 100.0;
        assert!((0.5..1.5).contains(&factor));
        for pixel in 0..35 {
            let grey = (0..3).map(|c| [0.299, 0.587, 0.114][c] * before.data()[c * 35 + pixel]).sum::<f64>();
            for c in [0, 1, 2].map(|c| c * 35 + pixel) {
                assert!((after.data()[c] - (grey + factor * (before.data()[c] - grey))).abs() < 1e-9);
            }
        }
    }
    // Of one channel there is no saturation.
    assert_eq!(changed(Augmentation::new().colour(0.0, 0.0, 0.5), 2, 1), images(2, 1));
}

#[test]
fn a_rectangle_is_hidden() {
    let (x, mut hidden) = (images(300, 2), 0);
    for (before, after) in x.iter().zip(&changed(Augmentation::new().erase(0.5), 300, 2)) {
        let gone: Vec<usize> = (0..70).filter(|k| after.data()[*k] == 0.0).collect();
        assert!((0..70).all(|k| gone.contains(&k) || after.data()[k] == before.data()[k]));
        if gone.is_empty() {
            continue;
        }
        hidden += 1;
        let (first, count) = (gone[0], gone.len() / 2);
        let columns = gone.iter().take_while(|k| **k / WIDTH == first / WIDTH).count();
        let rows = count / columns;
        let expected: Vec<usize> = (0..2)
            .flat_map(|c| (0..rows * columns).map(move |k| c * 35 + first + k / columns * WIDTH + k % columns))
            .collect();
        assert_eq!(gone, expected, "a rectangle, the same in each channel");
        // 0.33 of 35 pixels at most, but for rounding to whole sides.
        assert!(count <= 16, "{count}");
    }
    // 150 ± 5 standard deviations of 8.7
    assert!((107..193).contains(&hidden), "{hidden}");
    assert_eq!(changed(Augmentation::new().erase(0.0), 3, 2), images(3, 2));
}
