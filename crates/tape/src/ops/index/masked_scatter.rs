//! Elements put where a mask holds.

use crate::error::Error;
use crate::kernels::reduce;
use crate::ops::MaskedSelect;
use crate::ops::masked_select::holds_at;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Zeros of a given shape, with the elements of `x` in order where a mask holds. [`MaskedSelect`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MaskedScatter {
    /// The shape of the result.
    pub shape: Shape,
}

impl Op for MaskedScatter {
    #[inline]
    fn name(&self) -> String {
        "masked_scatter".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("masked_scatter({}, {}, {})", args[0], args[1], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Mask]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].rank() == 1 && args[1].broadcasts_to(&self.shape) {
            true => Ok(self.shape.clone()),
            false => {
                let message = format!("{} elements by a mask of shape {} into {}", args[0], args[1], self.shape);
                Err(Error::shape("masked_scatter", message))
            }
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        holds_at("masked_scatter", a.mask(1), &self.shape, a[0].len())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mask = reduce::broadcast_to(a.mask(1), &self.shape);
        let mut elements = a[0].data().iter();
        let mut out = Buffer::room(mask.len());
        out.extend(mask.data().iter().map(|m| match m {
            true => elements.next().copied().unwrap_or_else(F::zero),
            false => F::zero(),
        }));
        Tensor::from_parts(self.shape.clone(), out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg == 0
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(MaskedSelect { count: a[0].shape()[0] }, &[Arg::Real(&g), Arg::Mask(a.mask(1))]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d), Arg::Mask(a.mask(1))]).real()
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[("transposed", "its argument has one axis")]
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |count: usize, shape: &[usize], mask: Tensor<bool>| {
            Case::of(MaskedScatter { shape: shape.into() }).real(count).exactly(mask)
        };
        vec![
            case(3, &[2, 3], Tensor::from([[true, false, true], [false, false, true]])),
            case(4, &[2, 3], Tensor::from([true, false, true])),
            case(0, &[2, 3], Tensor::from(false)),
        ]
    }
}
