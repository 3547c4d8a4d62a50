//! Finite numbers in the place of others.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::pointwise::{One, Pointwise};
use crate::rule::real::Real;

/// `nan` in the place of NaN, the largest finite number in the place of ∞ and its negative in that of −∞. Where a
/// number is replaced the derivative is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct NanToNum {
    /// What stands in the place of NaN.
    pub nan: f64,
}

impl Default for NanToNum {
    #[inline]
    fn default() -> Self {
        NanToNum { nan: 0.0 }
    }
}

impl Pointwise for NanToNum {
    type Arity = One;
    const NAME: &'static str = "nan_to_num";

    fn eval<R: Number>(&self, [x]: [R; 1]) -> R {
        let largest = x.number(f64::MAX);
        // ∞ in f32
        let largest = R::select(largest.eq(x.number(f64::INFINITY)), x.number(f32::MAX.into()), largest);
        let finite = R::select(x.eq(x.number(f64::NEG_INFINITY)), -largest, x);
        let finite = R::select(x.eq(x.number(f64::INFINITY)), largest, finite);
        R::select(x.eq(x), finite, x.number(self.nan))
    }

    fn partial<R: Real>(&self, _arg: usize, [x]: [R; 1], _y: R) -> R {
        let zero = x.number(0.0);
        // no number times 0 is anything but 0, unless it is infinite or NaN
        R::select((x * 0.0).eq(zero), x.number(1.0), zero)
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("nan_to_num({}, {})", args[0], self.nan)
    }

    #[inline]
    fn attribute(&self) -> f64 {
        self.nan
    }

    #[inline]
    fn with_attribute(nan: f64) -> Self {
        NanToNum { nan }
    }

    #[inline]
    fn variants() -> Vec<Self> {
        [0.0, 2.0].map(|nan| NanToNum { nan }).into()
    }
}

/// The method of [`NanToNum`].
pub trait NanToNumExt: Elementwise {
    /// `nan` in the place of NaN, and the largest and lowest finite number in that of ±∞. Where a number is replaced
    /// the derivative is 0. PyTorch's `posinf` and `neginf` are not taken: bound the result with `clamp`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([f64::NAN, 1.0, f64::NEG_INFINITY]).nan_to_num(0.0);
    /// assert_eq!(y.data(), [0.0, 1.0, f64::MIN]);
    /// ```
    #[track_caller]
    fn nan_to_num(&self, nan: f64) -> Self {
        Self::pointwise(NanToNum { nan }, [self])
    }
}

impl<A: Elementwise> NanToNumExt for A {}
