//! Images of another size.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::average_pool::along_each;
use crate::ops::pool::{adaptive_counts, spatial};
use crate::ops::{PerAxis, Scheme};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::ceiling::possible;

/// How an image is read between its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The entry at `⌊i · n / k⌋`: PyTorch's `nearest`, which favours entries before the place.
    Nearest,
    /// The entry whose middle is nearest: PyTorch's `nearest-exact`.
    NearestExact,
    /// Straight lines between neighbours, along each axis in turn: PyTorch's `linear`, `bilinear` and `trilinear`. The
    /// outer edges of both images lie on each other.
    Linear,
    /// As `Linear`, with the middles of the corner entries on each other: `align_corners=True`.
    LinearAligned,
}

impl Interpolation {
    /// The weights along an axis of length `from` for one of length `to`; `factor` is the growth if it was given.
    #[inline]
    fn scheme(self, from: usize, to: usize, factor: Option<f64>) -> Scheme {
        let step = factor.map_or(from as f64 / to as f64, |factor| 1.0 / factor);
        match self {
            Interpolation::Nearest => Scheme::Nearest { step, shift: 0.0 },
            Interpolation::NearestExact => Scheme::Nearest { step, shift: 0.5 },
            Interpolation::Linear => Scheme::Linear { step, align_corners: false },
            Interpolation::LinearAligned => {
                let step = if to > 1 { from.saturating_sub(1) as f64 / (to - 1) as f64 } else { 0.0 };
                Scheme::Linear { step, align_corners: true }
            }
        }
    }
}

/// The methods that resize.
pub trait InterpolateExt: Algebra {
    /// Images `[batch, channels, …]` resized to the given lengths, over any number of spatial axes: a
    /// [`Resample`](crate::ops::Resample) along each. The gradient is the transpose of the same weights.
    ///
    /// # Panics
    /// If there is no spatial axis or entry, or not a length for each axis, or a length is 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2], vec![1.0, 3.0]);
    /// assert_eq!(x.interpolate(4, Interpolation::Nearest).data(), [1.0, 1.0, 3.0, 3.0]);
    /// assert_eq!(x.interpolate(4, Interpolation::Linear).data(), [1.0, 1.5, 2.5, 3.0]);
    /// assert_eq!(x.interpolate(3, Interpolation::LinearAligned).data(), [1.0, 2.0, 3.0]);
    /// ```
    #[track_caller]
    fn interpolate(&self, lengths: impl Into<PerAxis>, mode: Interpolation) -> Self {
        let _called = called("interpolate");
        let lengths = lengths.into();
        let to = adaptive_counts("interpolate", &lengths, &self.shape()).or_raise();
        if to.contains(&0) {
            Error::shape("interpolate", format!("{} resized to lengths {:?}", self.shape(), &to[..])).raise()
        }
        resized(self, &to, |from, to| mode.scheme(from, to, None))
    }

    /// Images whose lengths are `factor` times as large, rounded down: PyTorch's `scale_factor`. Neighbours of the
    /// result lie `1 / factor` apart, whatever the rounding.
    ///
    /// # Panics
    /// If there is no spatial axis or entry, or a length would be 0, or the factor is not positive.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2], vec![1.0, 3.0]);
    /// assert_eq!(x.interpolate_by(1.5, Interpolation::Nearest).data(), [1.0, 1.0, 3.0]);
    /// ```
    #[track_caller]
    fn interpolate_by(&self, factor: f64, mode: Interpolation) -> Self {
        let _called = called("interpolate_by");
        let shape = self.shape();
        let axes = spatial("interpolate", &shape).or_raise();
        let to: PerAxis = (0..axes).map(|k| (shape[k + 2] as f64 * factor).floor() as usize).collect();
        if to.contains(&0) || !(factor > 0.0) {
            Error::shape("interpolate", format!("{shape} times {factor} has lengths {:?}", &to[..])).raise()
        }
        resized(self, &to, |from, to| mode.scheme(from, to, Some(factor)))
    }
}

impl<A: Algebra> InterpolateExt for A {}

#[track_caller]
fn resized<A: Algebra>(x: &A, to: &[usize], scheme: impl Fn(usize, usize) -> Scheme) -> A {
    let shape: Shape = x.shape()[..2].iter().chain(to).copied().collect();
    possible(&|| "interpolate".into(), &shape).or_raise();
    along_each(x, to, |_, from, to| scheme(from, to))
}

/// [`InterpolateExt::interpolate`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Interpolate(PerAxis, Interpolation);

impl Function for Interpolate {
    const NAME: &'static str = "interpolate";
    const TEXT: &'static str = "x resized, axis by axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].interpolate(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        use Interpolation::*;
        let case = |to: &[usize], mode, x: &[usize]| (Interpolate(to.into(), mode), Case::function().real(x));
        vec![
            case(&[5], Nearest, &[2, 1, 3]),
            case(&[2], NearestExact, &[2, 1, 5]),
            case(&[5, 3], Linear, &[1, 2, 3, 4]),
            case(&[2, 5], LinearAligned, &[1, 2, 3, 3]),
            case(&[1, 3, 2], Linear, &[1, 1, 2, 2, 3]),
            case(&[3], LinearAligned, &[0, 1, 2]),
        ]
    }
}

/// [`InterpolateExt::interpolate_by`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct InterpolateBy(f64, Interpolation);

impl Function for InterpolateBy {
    const NAME: &'static str = "interpolate_by";
    const TEXT: &'static str = "x resized by a factor, axis by axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].interpolate_by(self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |factor, mode, x: &[usize]| (InterpolateBy(factor, mode), Case::function().real(x));
        vec![
            case(1.7, Interpolation::Nearest, &[1, 2, 3]),
            case(2.0, Interpolation::Linear, &[1, 1, 2, 3]),
            case(0.6, Interpolation::LinearAligned, &[1, 2, 5]),
        ]
    }
}
