//! Convolution solved for its filters.

use crate::error::Error;
use crate::ops::{Conv, ConvExt, ConvInput, Padding, PerAxis};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// [`Conv`] solved for its filters: from the image and the result's cotangent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ConvWeight {
    /// The convolution.
    pub conv: Conv,
    /// The spatial lengths of the filters.
    pub sizes: PerAxis,
}

impl ConvWeight {
    /// Applied to an image and a cotangent, for filters of shape `w`.
    #[track_caller]
    pub(crate) fn of<A: Algebra>(conv: &Conv, w: &Shape, x: &A, g: &A) -> A {
        let op = ConvWeight { conv: *conv, sizes: w[2..].into() };
        A::apply(op, &[Arg::Real(x), Arg::Real(g)]).real()
    }

    /// The shape of the filters.
    #[inline]
    fn filters(&self, x: &Shape, g: &Shape) -> Shape {
        let [filters, channels] = [g, x].map(|s| s.get(1).copied().unwrap_or(0));
        [filters, channels / self.conv.groups.max(1)].into_iter().chain(self.sizes.iter().copied()).collect()
    }
}

impl Op for ConvWeight {
    #[inline]
    fn name(&self) -> String {
        "conv_weight".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("conv_weight({}, {})", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (x, g) = (args[0], args[1]);
        let w = self.filters(x, g);
        let y = self.conv.result("conv_weight", x, &w)?;
        if y != *g {
            return Err(Error::shape("conv_weight", format!("the convolution of {x} with {w} has shape {y}, not {g}")));
        }
        Ok(w)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, g) = (&a[0], &a[1]);
        let w = self.filters(Tensor::shape(x), Tensor::shape(g));
        let filters = self.conv.sizes(Tensor::shape(x), &w, Tensor::shape(g), |s| s.weight(x.data(), g.data()));
        Tensor::from_parts(w, filters).into()
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => ConvInput::of(&self.conv, &a[0].shape(), &a[1], &g),
            _ => a[0].conv(g, self.conv),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => ConvWeight::of(&self.conv, &y.shape(), &d, &a[1]),
            _ => ConvWeight::of(&self.conv, &y.shape(), &a[0], &d),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, args[1].len_elements(), product(&y[1..])])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |conv: Conv, x: &[usize], g: &[usize], sizes: &[usize]| {
            Case::of(ConvWeight { conv, sizes: sizes.into() }).real(x).real(g)
        };
        vec![
            case(Conv::default(), &[2, 2, 7], &[2, 3, 5], &[3]),
            case(Conv::default().stride(2).padding(1).groups(2), &[1, 2, 5, 7], &[1, 4, 3, 4], &[2, 3]),
            case(Conv::default().stride(2), &[1, 3, 5, 4], &[1, 2, 2, 2], &[2, 2]),
            case(Conv::default().padding(Padding::Same), &[2, 1, 3, 4], &[2, 2, 3, 4], &[2, 3]),
        ]
    }
}
