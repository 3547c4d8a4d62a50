//! The same positions in another shape.

use crate::error::{Error, OrRaise};
use crate::rule::algebra::{Algebra, Arg, Args, RecordedPositions};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::sizes::Sizes;

/// The positions, in row-major order, in another shape. Positions have no derivative.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ReshapePositions {
    /// The shape of the result.
    pub shape: Shape,
}

impl Op for ReshapePositions {
    #[inline]
    fn name(&self) -> String {
        "reshape_positions".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("reshape_positions({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].len_elements() == self.shape.len_elements() {
            true => Ok(self.shape.clone()),
            false => Err(Error::reshape(args[0], &self.shape)),
        }
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a.index(0).reshape(&self.shape).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case =
            |to: &[usize], index: Tensor<i64>| Case::of(ReshapePositions { shape: Shape::from(to) }).exactly(index);
        vec![
            case(&[3, 2], Tensor::from([[2, 0, 1], [1, 1, 4]])),
            case(&[1, 1], Tensor::from(2)),
            case(&[3, 0], Tensor::new([0], vec![])),
        ]
    }
}

/// The method of [`ReshapePositions`].
pub trait ReshapePositionsExt: RecordedPositions {
    /// The same positions, in row-major order, in another shape; one of its lengths may be −1, which is what is left.
    ///
    /// # Panics
    /// If the number of positions differs, or the open length does not follow.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let letters = tape.input(Tensor::from([[2_i64, 0], [1, 3]]));
    /// assert_eq!(letters.reshape([-1]).value(), Tensor::from([2, 0, 1, 3]));
    /// ```
    #[track_caller]
    fn reshape(&self, sizes: impl Into<Sizes>) -> Self {
        let shape = sizes.into().resolve("reshape", &Self::Numbers::shape_of_index(self)).or_raise();
        Self::Numbers::apply(ReshapePositions { shape }, &[Arg::Index(self)]).index()
    }
}

impl<P: RecordedPositions> ReshapePositionsExt for P {}
