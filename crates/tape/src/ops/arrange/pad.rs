//! Entries added before and after.

use smallvec::SmallVec;

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::{IndexSelectExt, SliceExt, Unslice, concat};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::ceiling::possible;
use crate::tensor::sizes::signed;

/// What [`PadExt::pad`] adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// A number.
    Constant(f64),
    /// The entries next to the edge, mirrored; the edge itself is not repeated: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The entry at the edge: `1 1 | 1 2 3 | 3 3`.
    Replicate,
    /// The entries of the other end: `2 3 | 1 2 3 | 1 2`.
    Circular,
}

impl PadMode {
    /// Which entry of an axis of length `n` stands at each place of the padded axis.
    #[track_caller]
    #[inline]
    fn positions(self, n: usize, before: usize, after: usize) -> Tensor<i64> {
        let (n, before, after) = (n as i64, before as i64, after as i64);
        let position = |at: i64| match self {
            PadMode::Reflect if at < 0 => -at,
            PadMode::Reflect if at >= n => 2 * (n - 1) - at,
            PadMode::Circular => at.rem_euclid(n),
            _ => at.clamp(0, n - 1),
        };
        let length = usize::try_from(n + before + after).unwrap_or(usize::MAX);
        Tensor::made("pad", Shape::from(length), (-before..n + after).map(position)).or_raise()
    }

    /// How many entries can be added on one side of an axis of length `n`.
    #[inline]
    fn most(self, n: usize) -> usize {
        match self {
            PadMode::Constant(_) => usize::MAX,
            PadMode::Reflect => n.saturating_sub(1),
            PadMode::Replicate if n > 0 => usize::MAX,
            PadMode::Replicate => 0,
            PadMode::Circular => n,
        }
    }
}

/// The method that pads.
pub trait PadExt: Algebra {
    /// The last axes with entries added: `widths` has, for each of them in order, the number before and after.
    ///
    /// A negative number takes entries away. The pairs are in the order of the axes, as in NumPy; PyTorch's list begins with the last axis.
    ///
    /// # Panics
    /// If there are more pairs than axes, more is taken away than there is, or an axis is too short to reflect or repeat from.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad([(1, 2)], PadMode::Constant(0.0)).data(), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
    /// assert_eq!(x.pad([(2, 1)], PadMode::Reflect).data(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    /// assert_eq!(x.pad([(2, 0)], PadMode::Replicate).data(), [1.0, 1.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad([(1, 1)], PadMode::Circular).data(), [3.0, 1.0, 2.0, 3.0, 1.0]);
    /// assert_eq!(x.pad([(-1, 1)], PadMode::Constant(0.0)).data(), [2.0, 3.0, 0.0]);
    /// ```
    #[track_caller]
    fn pad(&self, widths: impl Into<Widths>, mode: PadMode) -> Self {
        let _called = called("pad");
        let (shape, Widths(widths)) = (self.shape(), widths.into());
        let Some(first) = shape.rank().checked_sub(widths.len()) else {
            Error::shape("pad", format!("{} pairs of widths for the {} axes of {shape}", widths.len(), shape.rank()))
                .raise()
        };
        let mut y = self.clone();
        for (k, (before, after)) in widths.iter().copied().enumerate() {
            let (axis, n) = (first + k, shape[first + k]);
            // What is taken away is taken first.
            let (from, to) = (before.min(0).unsigned_abs(), after.min(0).unsigned_abs());
            let Some(left) = n.checked_sub(from).and_then(|n| n.checked_sub(to)) else {
                let message =
                    format!("{from} entries at the beginning and {to} at the end taken from axis {axis} of {shape}");
                Error::shape("pad", message).raise()
            };
            if left < n {
                y = y.slice(signed(axis), from..n - to);
            }
            let (before, after) = (before.max(0).unsigned_abs(), after.max(0).unsigned_abs());
            let most = mode.most(left);
            if before > most || after > most {
                let message = format!(
                    "{before} entries before and {after} after axis {axis} of {shape}: at most {most} can be taken from \
                     {left}"
                );
                Error::shape("pad", message).raise()
            }
            let room = left.saturating_add(before).saturating_add(after);
            possible(&|| "pad".into(), &y.shape().with(axis, room)).or_raise();
            if (before, after) != (0, 0) {
                y = padded(&y, axis, before, after, mode);
            }
        }
        y
    }
}

/// How many entries are added before and after each axis; fewer than none are taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Widths(SmallVec<[(isize, isize); 4]>);

macro_rules! widths_from {
    ($($t:ty)*) => { $(
        impl<const N: usize> From<[($t, $t); N]> for Widths {
            #[inline]
            fn from(widths: [($t, $t); N]) -> Self {
                Widths::from(&widths[..])
            }
        }
        impl<const N: usize> From<&[($t, $t); N]> for Widths {
            #[inline]
            fn from(widths: &[($t, $t); N]) -> Self {
                Widths::from(&widths[..])
            }
        }
        impl From<&[($t, $t)]> for Widths {
            #[inline]
            fn from(widths: &[($t, $t)]) -> Self {
                Widths(widths.iter().map(|(before, after)| (signed(*before), signed(*after))).collect())
            }
        }
        impl From<Vec<($t, $t)>> for Widths {
            #[inline]
            fn from(widths: Vec<($t, $t)>) -> Self {
                Widths::from(&widths[..])
            }
        }
        impl From<&Vec<($t, $t)>> for Widths {
            #[inline]
            fn from(widths: &Vec<($t, $t)>) -> Self {
                Widths::from(&widths[..])
            }
        }
    )* };
}
widths_from! { i32 isize usize }

impl<A: Algebra> PadExt for A {}

#[track_caller]
fn padded<A: Algebra>(x: &A, axis: usize, before: usize, after: usize, mode: PadMode) -> A {
    let shape = x.shape();
    match mode {
        PadMode::Constant(0.0) => {
            let whole = Unslice { axis, start: before, step: 1, len: before + shape[axis] + after };
            A::apply(whole, &[Arg::Real(x)]).real()
        }
        PadMode::Constant(value) => {
            let block = |n: usize| x.full(shape.with(axis, n), value);
            concat(&[&block(before), x, &block(after)], signed(axis))
        }
        _ => x.index_select(signed(axis), mode.positions(shape[axis], before, after)),
    }
}

/// [`PadExt::pad`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Pad {
    widths: Vec<(usize, usize)>,
    mode: PadMode,
}

impl Function for Pad {
    const NAME: &'static str = "pad";
    const TEXT: &'static str = "x with entries before and after";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].pad(&self.widths, self.mode)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |widths: &[(usize, usize)], mode, x: &[usize]| {
            (Pad { widths: widths.to_vec(), mode }, Case::function().real(Shape::from(x)))
        };
        vec![
            case(&[(1, 2)], PadMode::Constant(0.0), &[2, 3]),
            case(&[(1, 0), (0, 3)], PadMode::Constant(-1.5), &[2, 3]),
            case(&[(1, 2)], PadMode::Constant(2.0), &[2, 0]),
            case(&[(2, 1), (0, 4)], PadMode::Reflect, &[2, 3, 5]),
            case(&[(1, 1), (2, 3)], PadMode::Replicate, &[2, 3, 2]),
            case(&[(3, 2)], PadMode::Circular, &[2, 3]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    #[should_panic(expected = "pad: 3 entries before and 0 after axis 1 of [2, 3]: at most 2 can be taken from 3")]
    fn too_wide_a_reflection_is_named() {
        let _ = Tensor::<f64>::zeros([2, 3]).pad([(3, 0)], PadMode::Reflect);
    }
}
