//! Images moved, turned, bent, mirrored, zoomed, coloured and hidden a little: more training samples from those that there are.

mod colour;
mod erasing;

use rand::{Rng, RngExt};
use wengert_tape::{Float, Tensor};

use crate::error::Error;
use colour::Colour;
use erasing::erase;

/// Random changes of images `[n, channels, height, width]`, for each image anew. All that move pixels are one map of places, so
/// that values are interpolated once; then colours change, and then a part is hidden.
///
/// | change | formula, for a pixel at y, x and the middle m | PyTorch |
/// | --- | --- | --- |
/// | [`shift`](Self::shift) | from y − d, x − e, whole d and e up to the bound | `RandomCrop` with padding |
/// | [`turn`](Self::turn) | from m + R (p − m), R by an angle up to the bound | `RandomRotation` |
/// | [`scale`](Self::scale) | from m + (p − m) / s, s between the bounds | `RandomAffine(scale=..)` |
/// | [`crop`](Self::crop) | a window of a share of each side, at a random place, as large as the image | `RandomResizedCrop` |
/// | [`flip`](Self::flip), [`flip_vertical`](Self::flip_vertical) | from w − 1 − x, or h − 1 − y | `RandomHorizontalFlip`, `RandomVerticalFlip` |
/// | [`elastic`](Self::elastic) | see below | `ElasticTransform` |
/// | [`colour`](Self::colour) | b x; m + c (x − m); g + s (x − g) with the pixel's grey g | `ColorJitter` |
/// | [`erase`](Self::erase) | a rectangle of 0 | `RandomErasing` |
///
/// Elastic changes are those of Simard, Steinkraus and Platt (2003), to which Nielsen's chapter 6 points: every pixel is
/// moved by a random field, smoothed by a normal window with standard deviation `smoothness` and scaled by `strength`.
/// Between pixels, the value is interpolated from the four around; outside the image it is 0.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let augmentation = Augmentation::new().shift(1).turn(0.2).elastic(4.0, 2.0);
/// let digits = digits::<f32>();
/// let images = augmentation.apply(digits.inputs(), &mut generator(1))?;
/// assert_eq!(images.shape(), digits.inputs().shape());
/// assert_eq!(images, augmentation.apply(digits.inputs(), &mut generator(1))?);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    shift: usize,
    turn: f64,
    strength: f64,
    smoothness: f64,
    /// Bounds of a factor, if there is one.
    scale: Option<[f64; 2]>,
    /// The least share of a side that is seen, if not all is.
    crop: Option<f64>,
    /// The probabilities of a mirror image, up and down, and left and right.
    flips: [f64; 2],
    colour: Colour,
    erase: f64,
}

impl Augmentation {
    /// Nothing is changed.
    pub fn new() -> Self {
        Self::default()
    }

    /// With shifts of up to `pixels` whole pixels along each axis.
    pub fn shift(self, pixels: usize) -> Self {
        Augmentation { shift: pixels, ..self }
    }

    /// With turns of up to `radians` in either direction around the middle.
    pub fn turn(self, radians: f64) -> Self {
        Augmentation { turn: radians, ..self }
    }

    /// With elastic changes.
    pub fn elastic(self, strength: f64, smoothness: f64) -> Self {
        Augmentation { strength, smoothness, ..self }
    }

    /// With images that are larger by a factor between these: below 1 they are smaller, with 0 around.
    ///
    /// # Panics
    /// If they are not positive and in order.
    #[track_caller]
    pub fn scale(self, least: f64, most: f64) -> Self {
        let fits = 0.0 < least && least <= most && most.is_finite();
        assert!(fits, "augmentation: scales from {least} to {most} are not positive and in order");
        Augmentation { scale: Some([least, most]), ..self }
    }

    /// With a window that has at least this share of the height and of the width, the same of both, at a random place, as large
    /// as the image.
    ///
    /// # Panics
    /// If the share is not above 0 and at most 1.
    #[track_caller]
    pub fn crop(self, least: f64) -> Self {
        assert!(
            0.0 < least && least <= 1.0,
            "augmentation: a share of {least} of each side is not above 0 and at most 1"
        );
        Augmentation { crop: Some(least), ..self }
    }

    /// With images that are mirrored, left and right exchanged, with this probability.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[track_caller]
    pub fn flip(self, probability: f64) -> Self {
        Augmentation { flips: [self.flips[0], checked(probability)], ..self }
    }

    /// With images that are mirrored, up and down exchanged, with this probability.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[track_caller]
    pub fn flip_vertical(self, probability: f64) -> Self {
        Augmentation { flips: [checked(probability), self.flips[1]], ..self }
    }

    /// With another brightness, contrast and saturation: each is a factor that is up to so far from 1, and not below 0. Numbers are
    /// not cut to where colours lie.
    pub fn colour(self, brightness: f64, contrast: f64, saturation: f64) -> Self {
        Augmentation { colour: Colour { brightness, contrast, saturation }, ..self }
    }

    /// With a rectangle of 0, with this probability: 0.02 to 0.33 of the image, 0.3 to 3.3 times as high as wide.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[track_caller]
    pub fn erase(self, probability: f64) -> Self {
        Augmentation { erase: checked(probability), ..self }
    }

    /// Changed images.
    ///
    /// # Errors
    /// If the images are not `[n, channels, height, width]`.
    pub fn apply<F: Float>(&self, images: &Tensor<F>, rng: &mut (impl Rng + ?Sized)) -> Result<Tensor<F>, Error> {
        let [channels, height, width] = *sizes(images)?;
        let mut data = Vec::with_capacity(images.len());
        for image in images.data().chunks_exact((channels * height * width).max(1)) {
            let field = self.field(height, width, rng);
            for plane in image.chunks_exact(height * width) {
                let place = |k: usize| ((k / width) as f64 + field[k][0], (k % width) as f64 + field[k][1]);
                data.extend((0..height * width).map(|k| between(plane, height, width, place(k))));
            }
            let begin = data.len() - image.len();
            self.colour.apply(&mut data[begin..], channels, rng);
            erase(&mut data[begin..], [height, width], self.erase, rng);
        }
        Ok(Tensor::new(images.shape(), data))
    }

    /// From where each pixel of an image comes, relative to itself: down and right.
    fn field(&self, height: usize, width: usize, rng: &mut (impl Rng + ?Sized)) -> Vec<[f64; 2]> {
        let mut symmetric = |bound: f64| bound * (2.0 * rng.random::<f64>() - 1.0);
        let angle = symmetric(self.turn);
        let mut whole = || {
            let (most, choices) = (self.shift as f64, 2.0 * self.shift as f64 + 1.0);
            ((symmetric(1.0) + 1.0) / 2.0 * choices).floor().min(choices - 1.0) - most
        };
        let shift = [whole(), whole()];
        let (sin, cos) = angle.sin_cos();
        let middle = [(height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0];
        let rigid = |k: usize| {
            let [y, x] = [(k / width) as f64 - middle[0], (k % width) as f64 - middle[1]];
            [cos * y - sin * x - y - shift[0], sin * y + cos * x - x - shift[1]]
        };
        let mut field: Vec<[f64; 2]> = (0..height * width).map(rigid).collect();
        if self.strength != 0.0 {
            for axis in 0..2 {
                let noise: Vec<f64> = (0..height * width).map(|_| symmetric(1.0)).collect();
                let smooth = smoothed(&noise, height, width, self.smoothness);
                field.iter_mut().zip(smooth).for_each(|(place, by)| place[axis] += self.strength * by);
            }
        }
        self.zoom_and_flip(&mut field, [height, width], rng);
        field
    }
}

impl Augmentation {
    /// Turns places in a mirrored window of a zoomed image into places in the image. What is not asked for draws nothing.
    fn zoom_and_flip(&self, field: &mut [[f64; 2]], lengths: [usize; 2], rng: &mut (impl Rng + ?Sized)) {
        let mut between = |from: f64, to: f64| from + (to - from) * rng.random::<f64>();
        let last = lengths.map(|length| length as f64 - 1.0);
        // The place is `begin + share · place` along each axis.
        let (mut begin, mut share) = ([0.0; 2], [1.0; 2]);
        if let Some([least, most]) = self.scale {
            let factor = between(least, most);
            share = [1.0 / factor; 2];
            begin = last.map(|last| last / 2.0 * (1.0 - 1.0 / factor));
        }
        if let Some(least) = self.crop {
            let side = between(least, 1.0);
            for axis in 0..2 {
                begin[axis] += share[axis] * between(0.0, last[axis] * (1.0 - side));
                share[axis] *= side;
            }
        }
        for axis in 0..2 {
            if self.flips[axis] > 0.0 && between(0.0, 1.0) < self.flips[axis] {
                begin[axis] += share[axis] * last[axis];
                share[axis] = -share[axis];
            }
        }
        if (begin, share) == ([0.0; 2], [1.0; 2]) {
            return;
        }
        let width = lengths[1];
        for (k, by) in field.iter_mut().enumerate() {
            for (axis, own) in [k / width, k % width].into_iter().enumerate() {
                by[axis] = begin[axis] + share[axis] * (own as f64 + by[axis]) - own as f64;
            }
        }
    }
}

/// A probability.
#[track_caller]
fn checked(probability: f64) -> f64 {
    assert!((0.0..=1.0).contains(&probability), "augmentation: a probability of {probability} is not from 0 to 1");
    probability
}

/// Every image moved by whole pixels, down and right; what comes in from outside is 0. Nielsen's expanded set is the
/// images and these by one pixel in four directions.
///
/// # Errors
/// If the images are not `[n, channels, height, width]`.
///
/// # Examples
/// ```
/// use wengert_nn::data::shifted;
/// use wengert_nn::prelude::*;
/// let image = Tensor::from([[[[1.0, 2.0], [3.0, 4.0]]]]);
/// assert_eq!(shifted(&image, 1, 0)?.data(), [0.0, 0.0, 1.0, 2.0]);
/// assert_eq!(shifted(&image, 0, -1)?.data(), [2.0, 0.0, 4.0, 0.0]);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn shifted<F: Float>(images: &Tensor<F>, down: isize, right: isize) -> Result<Tensor<F>, Error> {
    let [_, height, width] = *sizes(images)?;
    let mut moved = Tensor::zeros(images.shape());
    let planes = images.data().chunks_exact((height * width).max(1));
    for (from, to) in planes.zip(moved.data_mut().chunks_exact_mut((height * width).max(1))) {
        for y in 0..height {
            let source = if down < 0 { y.checked_add(down.unsigned_abs()) } else { y.checked_sub(down.unsigned_abs()) };
            let Some(source) = source.filter(|y| *y < height) else { continue };
            let row = &from[source * width..][..width];
            let length = width.saturating_sub(right.unsigned_abs());
            let (begin, end) = (right.max(0) as usize, right.min(0).unsigned_abs());
            if length > 0 {
                to[y * width..][begin..begin + length].copy_from_slice(&row[end..end + length]);
            }
        }
    }
    Ok(moved)
}

fn sizes<F: Float>(images: &Tensor<F>) -> Result<&[usize; 3], Error> {
    let sizes = images.shape().split_first().and_then(|(_, rest)| rest.try_into().ok());
    sizes.ok_or_else(|| {
        Error::shape("augmentation", format!("images [n, channels, height, width] are needed, not {}", images.shape()))
    })
}

/// The value at a place between pixels; 0 outside.
fn between<F: Float>(plane: &[F], height: usize, width: usize, (y, x): (f64, f64)) -> F {
    let (top, left) = (y.floor(), x.floor());
    let (down, right) = (y - top, x - left);
    let pixel = |y: f64, x: f64| {
        let inside = y >= 0.0 && x >= 0.0 && y < height as f64 && x < width as f64;
        if inside { Float::to_f64(plane[y as usize * width + x as usize]) } else { 0.0 }
    };
    let upper = (1.0 - right) * pixel(top, left) + right * pixel(top, left + 1.0);
    let lower = (1.0 - right) * pixel(top + 1.0, left) + right * pixel(top + 1.0, left + 1.0);
    F::from_f64((1.0 - down) * upper + down * lower)
}

/// The mean of each place's surroundings under a normal window, which is cut at three standard deviations; what lies
/// outside counts as 0.
fn smoothed(field: &[f64], height: usize, width: usize, deviation: f64) -> Vec<f64> {
    let reach = (3.0 * deviation).ceil().max(0.0) as isize;
    let weight = |d: isize| if deviation > 0.0 { (-0.5 * (d as f64 / deviation).powi(2)).exp() } else { 1.0 };
    let window: Vec<f64> = (-reach..=reach).map(weight).collect();
    let sum: f64 = window.iter().sum();
    // Along one axis and then along the other: the window is a product.
    let along = |field: &[f64], length: usize, step: usize, lines: usize, line_step: usize| {
        let mut smooth = vec![0.0; field.len()];
        for line in 0..lines {
            for k in 0..length {
                let near = window.iter().enumerate().filter_map(|(j, weight)| {
                    let k = k.checked_add_signed(j as isize - reach).filter(|k| *k < length)?;
                    Some(weight * field[line * line_step + k * step])
                });
                smooth[line * line_step + k * step] = near.sum::<f64>() / sum;
            }
        }
        smooth
    };
    let rows = along(field, width, 1, height, width);
    along(&rows, height, width, width, 1)
}
