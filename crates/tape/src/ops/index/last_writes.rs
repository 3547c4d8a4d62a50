//! Which of several writes to one place is the last.

use crate::error::Error;
use crate::ops::gather::{fits, for_each_position, from_either_end};
use crate::rule::algebra::Args;
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::ceiling::admit;
use crate::tensor::float::Float;

/// Whether no later element of the positions names the same place of a tensor of shape `shape`: which elements of its
/// source [`Scatter`](super::Scatter) keeps. Truth values have no derivative.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct LastWrites {
    /// The axis.
    pub axis: usize,
    /// The shape that is written to.
    pub shape: Shape,
}

impl Op for LastWrites {
    #[inline]
    fn name(&self) -> String {
        "last_writes".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("last_writes({}, axis {} of {})", args[0], self.axis, self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        fits("last_writes", self.axis, &self.shape, args[0]).map(|()| args[0].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        // The result is as large as the index; what is written to may be larger.
        admit("last_writes", &self.shape, size_of::<Option<usize>>())?;
        from_either_end("last_writes", self.axis, a.index(0), self.shape[self.axis])
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Mask
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let index = a.index(0);
        let mut last = vec![None; self.shape.len_elements()];
        for_each_position(&self.shape, self.axis, index, |flat, at| last[at] = Some(flat));
        let mut kept = vec![false; index.len()];
        last.into_iter().flatten().for_each(|flat: usize| kept[flat] = true);
        Tensor::new(index.shape(), kept).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, shape: &[usize], index: Tensor<i64>| {
            Case::of(LastWrites { axis, shape: shape.into() }).exactly(index)
        };
        vec![case(1, &[2, 3], Tensor::from([[2, 0, -1, 2], [1, -2, 1, 1]])), case(0, &[5, 2], Tensor::from([[3, 0]]))]
    }
}
