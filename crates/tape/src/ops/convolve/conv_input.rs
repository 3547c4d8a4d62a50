//! Convolution solved for its image.

use crate::error::Error;
use crate::ops::{Conv, ConvExt, ConvWeight, Padding, PerAxis};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// [`Conv`] solved for its image: from the result's cotangent and the filters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ConvInput {
    /// The convolution.
    pub conv: Conv,
    /// The spatial lengths of the image, which the stride makes ambiguous.
    pub lengths: PerAxis,
}

impl ConvInput {
    /// Applied to a cotangent and filters, for an image of shape `x`.
    #[track_caller]
    pub(crate) fn of<A: Algebra>(conv: &Conv, x: &Shape, g: &A, w: &A) -> A {
        let op = ConvInput { conv: *conv, lengths: x[2..].into() };
        A::apply(op, &[Arg::Real(g), Arg::Real(w)]).real()
    }

    /// The shape of the image.
    #[inline]
    fn image(&self, g: &Shape, w: &Shape) -> Shape {
        let channels = if w.rank() > 1 { product(&[w[1], self.conv.groups]) } else { 0 };
        [g.first().copied().unwrap_or(0), channels].into_iter().chain(self.lengths.iter().copied()).collect()
    }
}

impl Op for ConvInput {
    #[inline]
    fn name(&self) -> String {
        "conv_input".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("conv_input({}, {})", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (g, w) = (args[0], args[1]);
        let x = self.image(g, w);
        let y = self.conv.result("conv_input", &x, w)?;
        if y != *g {
            return Err(Error::shape("conv_input", format!("the convolution of {x} with {w} has shape {y}, not {g}")));
        }
        Ok(x)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (g, w) = (&a[0], &a[1]);
        let x = self.image(Tensor::shape(g), Tensor::shape(w));
        let image = self.conv.sizes(&x, Tensor::shape(w), Tensor::shape(g), |s| s.image(g.data(), w.data()));
        Tensor::from_parts(x, image).into()
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => g.conv(&a[1], self.conv),
            _ => ConvWeight::of(&self.conv, &a[1].shape(), &g, &a[0]),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => ConvInput::of(&self.conv, &y.shape(), &d, &a[1]),
            _ => ConvInput::of(&self.conv, &y.shape(), &a[0], &d),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements(), product(&args[1][1..])])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |conv: Conv, g: &[usize], w: &[usize], lengths: &[usize]| {
            Case::of(ConvInput { conv, lengths: lengths.into() }).real(g).real(w)
        };
        let sides = Padding::Sides([(1, 0), (0, 2)].as_slice().into());
        vec![
            case(Conv::default(), &[2, 3, 5], &[3, 2, 3], &[7]),
            case(Conv::default().stride(2).padding(1).groups(2), &[1, 4, 3, 4], &[4, 1, 2, 3], &[5, 7]),
            case(Conv::default().stride(2), &[1, 2, 2, 2], &[2, 3, 2, 2], &[5, 4]),
            case(Conv::default().padding(sides), &[1, 2, 3, 4], &[2, 1, 2, 3], &[3, 4]),
        ]
    }
}
