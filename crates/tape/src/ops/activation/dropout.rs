//! Dropout.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::IndexOperand;
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `y = x / (1 − p)`, and 0 with probability `p` (Srivastava et al. 2014). Which elements are dropped depends on the key
/// and on their position alone, so that the same key drops the same elements in a gradient, a replay or another float
/// type. It is linear in `x` and its own rule.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Dropout {
    /// The probability that an element is dropped.
    pub p: f64,
}

/// A hash of 64 bits whose outputs for neighbouring numbers have nothing to do with each other: the finaliser of
/// SplitMix64 (Steele, Lea and Flood 2014).
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// For each element in turn whether it is kept.
#[inline]
fn kept(key: i64, p: f64) -> impl Iterator<Item = bool> {
    // A number of 53 bits is below p · 2⁵³ with probability p.
    let threshold = (p * 2f64.powi(53)) as u64;
    let start = mix(key.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15));
    (1_u64..).map(move |i| mix(start.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> 11 >= threshold)
}

impl Op for Dropout {
    #[inline]
    fn name(&self) -> String {
        "dropout".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("dropout({}, p = {}, key {})", args[0], self.p, args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if !(0.0..=1.0).contains(&self.p) {
            return Err(Error::shape("dropout", format!("probability {} is not between 0 and 1", self.p)));
        }
        if args[1].rank() != 0 {
            return Err(Error::shape("dropout", format!("the key is one whole number, not {}", args[1])));
        }
        Ok(args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let scale = F::from_f64(1.0 / (1.0 - self.p));
        let kept = kept(a.index(1).item(), self.p);
        let value = |(x, kept): (&F, bool)| if kept { *x * scale } else { F::zero() };
        Tensor::collect(Tensor::shape(&a[0]).clone(), a[0].data().iter().zip(kept).map(value)).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(*self, &[Arg::Real(&g), Arg::Index(a.index(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(*self, &[Arg::Real(&d), Arg::Index(a.index(1))]).real()
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], y: &Shape) -> u64 {
        work([6, y.len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |p, key: i64, x: &[usize]| Case::of(Dropout { p }).real(x).exactly(Tensor::from(key));
        vec![
            case(0.5, 3, &[3, 5]),
            case(0.2, -1, &[2, 3, 5]),
            case(0.0, 0, &[2, 3]),
            case(1.0, 7, &[3]),
            case(0.5, 1, &[0, 3]),
        ]
    }
}

/// The method of [`Dropout`].
pub trait DropoutExt: Algebra {
    /// `x / (1 − p)`, and 0 with probability `p`: PyTorch's `dropout` in training.
    ///
    /// Which elements are dropped depends on the key and on their position alone. On a tape the key is an
    /// [`input`](crate::Tape::input): a replay with another key draws anew, with the same key the same elements.
    ///
    /// # Panics
    /// If `p` is not between 0 and 1, or the key is not a single number.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::ones([1000]));
    /// let key = tape.input(Tensor::from(7_i64));
    /// let y = x.dropout(0.25, key);
    /// let kept = y.value().data().iter().filter(|y| **y > 0.0).count();
    /// assert!((700..800).contains(&kept));
    /// assert_eq!(y.sum().backward()[x], y.value()); // 1 / 0.75 where kept, else 0
    /// ```
    #[track_caller]
    fn dropout(&self, p: f64, key: impl IndexOperand<Self>) -> Self {
        Self::apply(Dropout { p }, &[Arg::Real(self), Arg::Index(&key.beside(self))]).real()
    }
}

impl<A: Algebra> DropoutExt for A {}

#[cfg(test)]
mod tests {
    use super::*;

    /// With 10⁶ draws a share differs from p by more than 5 √(p (1 − p) / 10⁶) once in two million times.
    #[test]
    fn elements_are_dropped_as_often_as_asked_and_independently() {
        let n = 1_000_000;
        for p in [0.1, 0.5, 0.9] {
            let within = |count: usize, expected: f64| {
                let bound = 5.0 * (expected * (1.0 - expected) / n as f64).sqrt();
                assert!((count as f64 / n as f64 - expected).abs() < bound, "{count} of {n} at {p}: {expected}");
            };
            let draw = |key| kept(key, p).take(n + 1).collect::<Vec<_>>();
            let (a, b) = (draw(0), draw(1));
            let share = 1.0 - p;
            within(a[..n].iter().filter(|k| **k).count(), share);
            // neighbours, and the same position under the next key
            within(a.windows(2).filter(|w| w[0] && w[1]).count(), share * share);
            within(a[..n].iter().zip(&b).filter(|(a, b)| **a && **b).count(), share * share);
        }
    }
}
