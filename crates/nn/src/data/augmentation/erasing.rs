//! A rectangle of zeros (Zhong et al. 2017).

use rand::{Rng, RngExt};
use wengert_tape::Float;

/// The shares of the image that a rectangle may have, and the ratios of its height to its width, as PyTorch's
/// `RandomErasing` has them.
const SHARES: [f64; 2] = [0.02, 0.33];
const RATIOS: [f64; 2] = [0.3, 3.3];

/// Sets a rectangle of an image `[channels, height, width]` to 0, with this probability. Its share of the image is uniform from
/// 0.02 to 0.33, the logarithm of its ratio uniform between those of 0.3 and 3.3, and its place uniform; what is longer than the
/// image is cut.
pub(super) fn erase<F: Float>(
    image: &mut [F],
    [height, width]: [usize; 2],
    probability: f64,
    rng: &mut (impl Rng + ?Sized),
) {
    if probability == 0.0 || rng.random::<f64>() >= probability {
        return;
    }
    let mut between = |from: f64, to: f64| from + (to - from) * rng.random::<f64>();
    let area = between(SHARES[0], SHARES[1]) * (height * width) as f64;
    let ratio = between(RATIOS[0].ln(), RATIOS[1].ln()).exp();
    let long = |length: f64, all: usize| (length.round() as usize).clamp(1, all);
    let (rows, columns) = (long((area * ratio).sqrt(), height), long((area / ratio).sqrt(), width));
    let mut place = |all: usize, long: usize| rng.random_range(0..=all - long);
    let (top, left) = (place(height, rows), place(width, columns));
    for plane in image.chunks_exact_mut(height * width) {
        for row in top..top + rows {
            plane[row * width + left..][..columns].fill(F::zero());
        }
    }
}
