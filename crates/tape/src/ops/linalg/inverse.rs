//! The inverse.

use crate::error::Error;
use crate::kernels::factor::lu_of;
use crate::ops::{MatMulExt, PermuteExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{definite, regular, square, which};

/// `a⁻¹` of square matrices, by LU factorisation with row pivots.
///
/// Rules: `−yᵀ·g·yᵀ` and `−y·d·y` (Giles, "An extended collection of matrix derivative results for forward and reverse
/// mode algorithmic differentiation", 2008, section 2.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Inverse;

/// Whether every matrix has an inverse.
pub(crate) fn is_regular<F: Float>(op: &str, a: &Tensor<F>) -> Result<(), Error> {
    for (k, lu) in lu_of(a).iter().enumerate() {
        if let Some(i) = lu.pivots().position(|pivot| pivot == F::zero()) {
            let message = format!("{} is singular: pivot {i} is 0", which(k, Tensor::shape(a)));
            return Err(Error::Singular { op: op.into(), message });
        }
    }
    Ok(())
}

impl Op for Inverse {
    #[inline]
    fn name(&self) -> String {
        "inverse".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{}⁻¹", args[0])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("inverse", args[0]).map(|_| args[0].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        is_regular("inverse", &a[0])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let inverses = lu_of(&a[0]).iter().flat_map(|lu| lu.inverse()).collect();
        Tensor::from_parts(Tensor::shape(&a[0]).clone(), inverses).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, y: &A) -> A {
        -y.t().matmul(g).matmul(y.t())
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, y: &A) -> A {
        -y.matmul(d).matmul(y)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(Inverse).exactly(x);
        vec![
            case(regular(&[3, 3], 0.2)),
            case(definite(&[2, 2, 2], 0.7)),
            case(regular(&[1, 1], 0.4)),
            case(Tensor::from([[0.0, 2.0], [-1.5, 0.0]])),
            case(Tensor::zeros([0, 0])),
            case(Tensor::zeros([0, 2, 2])),
        ]
    }
}

/// The method of [`Inverse`].
pub trait InverseExt: Algebra {
    /// The inverse of square matrices `[…, n, n]`. To multiply with it, [`solve`](crate::ops::SolveExt::solve) is faster
    /// and more exact. Cost: `2·n³` operations for each.
    ///
    /// # Panics
    /// If the last two lengths differ, or a matrix is singular ([`Error::Singular`]).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let a = Tensor::from([[2.0, 0.0], [1.0, 4.0]]);
    /// assert_eq!(a.inverse(), Tensor::from([[0.5, 0.0], [-0.125, 0.25]]));
    /// ```
    #[track_caller]
    fn inverse(&self) -> Self {
        Self::apply(Inverse, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> InverseExt for A {}
