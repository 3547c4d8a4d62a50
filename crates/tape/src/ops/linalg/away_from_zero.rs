//! A guard of derivative rules that divide.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// `x` itself, rejected where an element is 0 or not told from it by the rounding of the largest: there the derivative of
/// `of` does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AwayFromZero {
    /// The operation whose derivative is asked for.
    pub of: String,
    /// What the elements are.
    pub what: String,
}

impl AwayFromZero {
    /// `x`, if no element is 0.
    #[track_caller]
    pub(super) fn expect<A: Algebra>(of: &str, what: &str, x: &A) -> A {
        A::apply(AwayFromZero { of: of.into(), what: what.into() }, &[Arg::Real(x)]).real()
    }
}

/// The size below which a difference of `row`'s elements is rounding.
pub(super) fn rounding<F: Float>(row: &[F]) -> F {
    let largest = row.iter().map(|x| num_traits::Float::abs(*x)).fold(F::zero(), num_traits::Float::max);
    largest * F::from_f64(row.len() as f64) * <F as num_traits::Float>::epsilon()
}

impl Op for AwayFromZero {
    #[inline]
    fn name(&self) -> String {
        "away_from_zero".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        args[0].into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].rank() {
            0 => Err(Error::shape("away_from_zero", "a number has no axis")),
            _ => Ok(args[0].clone()),
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        let n = Tensor::shape(&a[0]).last().copied().unwrap_or(1).max(1);
        for row in a[0].data().chunks_exact(n) {
            let bound = rounding(row);
            if let Some(i) = row.iter().position(|x| num_traits::Float::abs(*x) <= bound) {
                let (x, what) = (row[i].to_f64(), &self.what);
                let message = format!("{what} {i} is 0 to rounding ({x:e}); no derivative there");
                return Err(Error::NoDerivative { op: self.of.clone(), message });
            }
        }
        Ok(())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].clone().into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        g
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        d
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let op = || AwayFromZero { of: "svd".into(), what: "singular value".into() };
        vec![Case::of(op()).within([2, 3], (1.0, 2.0)), Case::of(op()).within([0], (1.0, 2.0))]
    }
}
