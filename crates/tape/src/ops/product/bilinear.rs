//! Forms that are linear in each of two vectors.

use crate::error::scope::called;
use crate::ops::einsum;
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};

/// `y[…, k] = Σ a[…, i] · w[k, i, j] · b[…, j]`: PyTorch's `bilinear`, without its bias.
///
/// | argument | shape |
/// | --- | --- |
/// | `a` | `[…, n]` |
/// | `w` | `[k, n, m]` |
/// | `b` | `[…, m]` |
/// | result | `[…, k]` |
///
/// # Panics
/// If the lengths differ, or the leading axes do not broadcast.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let w = Tensor::from([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]]]);
/// assert_eq!(bilinear(&a, &w, &b).data(), [11.0, 4.0]);
/// ```
#[track_caller]
pub fn bilinear<A: Algebra>(a: &A, w: &A, b: &A) -> A {
    let _called = called("bilinear");
    einsum("...i,kij,...j->...k", &[a, w, b])
}

/// [`bilinear`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Bilinear;

impl Function for Bilinear {
    const NAME: &'static str = "bilinear";
    const TEXT: &'static str = "Σ a[…, i] · w[k, i, j] · b[…, j]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        bilinear(&a[0], &a[1], &a[2])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |a: &[usize], w: &[usize], b: &[usize]| (Bilinear, Case::function().real(a).real(w).real(b));
        vec![case(&[2, 3], &[4, 3, 5], &[2, 5]), case(&[3], &[2, 3, 1], &[1]), case(&[0, 3], &[2, 3, 2], &[0, 2])]
    }
}
