//! Brightness, contrast and saturation.

use rand::{Rng, RngExt};
use wengert_tape::Float;

/// The shares of red, green and blue in how bright a colour is (ITU-R BT.601, as PyTorch has them).
const GREY: [f64; 3] = [0.299, 0.587, 0.114];

/// How far each may be from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Colour {
    pub(super) brightness: f64,
    pub(super) contrast: f64,
    pub(super) saturation: f64,
}

impl Colour {
    /// Changes an image `[channels, pixels]`: x ← b x; then x ← m + c (x − m), with the mean m of its grey; then, of three
    /// channels, x ← g + s (x − g), with the grey g of each pixel. Of other images the grey is the mean of the channels.
    pub(super) fn apply<F: Float>(self, image: &mut [F], channels: usize, rng: &mut (impl Rng + ?Sized)) {
        if self == Colour::default() {
            return;
        }
        let mut factor = |bound: f64| (1.0 + bound * (2.0 * rng.random::<f64>() - 1.0)).max(0.0);
        let [brightness, contrast, saturation] = [self.brightness, self.contrast, self.saturation].map(&mut factor);
        image.iter_mut().for_each(|x| *x = F::from_f64(brightness * Float::to_f64(*x)));
        let pixels = image.len() / channels.max(1);
        let grey = |image: &[F], pixel: usize| -> f64 {
            let channel = |c: usize| Float::to_f64(image[c * pixels + pixel]);
            match channels {
                3 => (0..3).map(|c| GREY[c] * channel(c)).sum(),
                _ => (0..channels).map(channel).sum::<f64>() / channels as f64,
            }
        };
        let mean = (0..pixels).map(|pixel| grey(image, pixel)).sum::<f64>() / pixels.max(1) as f64;
        let away = |x: &mut F, from: f64, factor: f64| *x = F::from_f64(from + factor * (Float::to_f64(*x) - from));
        image.iter_mut().for_each(|x| away(x, mean, contrast));
        if channels == 3 {
            for pixel in 0..pixels {
                let grey = grey(image, pixel);
                (0..3).for_each(|c| away(&mut image[c * pixels + pixel], grey, saturation));
            }
        }
    }
}
