//! The size of matrices, as a power of two.

use crate::error::Error;
use crate::kernels::factor::{matrices, power_of_two};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::matrix;

/// The power of two at or below the largest element of each matrix `[…, m, n]`, as `[…, 1, 1]`; 1 for one that is zero or
/// not finite. A rule that divides by it and multiplies with it again rounds nothing, and no square inside it over- or
/// underflows. It is constant but for its steps, and carries no gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct PowerOfTwo;

impl PowerOfTwo {
    #[track_caller]
    pub(super) fn of<A: Algebra>(a: &A) -> A {
        A::apply(PowerOfTwo, &[Arg::Real(a)]).real()
    }
}

impl Op for PowerOfTwo {
    #[inline]
    fn name(&self) -> String {
        "power_of_two".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (mut y, ..) = matrix("power_of_two", args[0])?;
        y.push(1);
        y.push(1);
        Ok(y)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let y = shape[..shape.rank() - 2].iter().copied().chain([1, 1]).collect::<Shape>();
        Tensor::from_parts(y, matrices(&a[0]).map(power_of_two).collect()).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(PowerOfTwo).exactly(x);
        vec![
            case(Tensor::from([[3.0, -9.0], [0.5, 1.0]])),
            case(Tensor::zeros([2, 2, 3])),
            case(Tensor::zeros([0, 3, 2])),
        ]
    }
}
