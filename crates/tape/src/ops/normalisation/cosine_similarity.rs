//! The cosine of the angle between vectors.

use crate::error::OrRaise;
use crate::error::scope::called;
use crate::ops::axes::axis;
use crate::ops::{BroadcastToExt, MaximumExt, NormExt, SumExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;
use crate::rule::pointwise::broadcast;

use super::normalise::not_negative;

/// The method of the cosine similarity.
pub trait CosineSimilarityExt: Algebra {
    /// `Σ a b / (max(‖a‖, ε) · max(‖b‖, ε))` along an axis: PyTorch's `cosine_similarity`. With a vector of zeros it is 0.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `b` | broadcast against each other |
    /// | result | that shape without the axis |
    ///
    /// # Panics
    /// If the shapes do not broadcast, or the axis is out of range.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (a, b) = (Tensor::from([[3.0, 4.0], [0.0, 0.0]]), Tensor::from([1.0, 0.0]));
    /// let y = a.cosine_similarity(&b, 1, 1e-8);
    /// assert!((y[[0]] - 0.6_f64).abs() < 1e-15);
    /// assert_eq!(y[[1]], 0.0);
    /// ```
    #[track_caller]
    fn cosine_similarity(&self, b: impl Operand<Self>, at: isize, epsilon: f64) -> Self {
        let _called = called("cosine_similarity");
        not_negative("cosine_similarity", epsilon).or_raise();
        let b = b.beside(self);
        let shape = broadcast("cosine_similarity", &[&self.shape(), &b.shape()]).or_raise();
        let axis = axis("cosine_similarity", at, shape.rank()).or_raise();
        // Each is divided by its length first: a product of lengths may overflow or vanish.
        let direction = |x: &Self| {
            let x = x.broadcast_to(&shape);
            let length = x.norm_keeping(axis, 2.0).maximum(epsilon);
            x / length
        };
        (direction(self) * direction(&b)).sum_over(axis)
    }
}

impl<A: Algebra> CosineSimilarityExt for A {}

/// [`CosineSimilarityExt::cosine_similarity`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct CosineSimilarity {
    axis: isize,
    epsilon: f64,
}

impl Function for CosineSimilarity {
    const NAME: &'static str = "cosine_similarity";
    const TEXT: &'static str = "Σ a b / (max(‖a‖, ε) · max(‖b‖, ε)) along an axis";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].cosine_similarity(&a[1], self.axis, self.epsilon)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |axis, epsilon, a: &[usize], b: &[usize]| {
            (CosineSimilarity { axis, epsilon }, Case::function().real(a).real(b))
        };
        vec![
            case(1, 1e-8, &[2, 3], &[2, 3]),
            case(0, 1e-8, &[3, 2], &[3, 2]),
            case(-1, 0.1, &[2, 3, 5], &[5]),
            case(0, 10.0, &[3], &[3]),
            case(1, 1e-8, &[0, 3], &[0, 3]),
        ]
    }
}
