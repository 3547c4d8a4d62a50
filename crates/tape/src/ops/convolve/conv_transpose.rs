//! Transposed convolution: the derivative of a convolution by its image, as an operation on signals.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::windows::Window;
use crate::ops::conv::{expect_rank, in_batch, out_of_batch};
use crate::ops::{Conv, ConvInput, Padding, PerAxis, Unslice};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;
use crate::shape::{Shape, product};

/// The methods of transposed convolution.
pub trait ConvTransposeExt: Algebra {
    /// Transposed cross-correlation, PyTorch's `conv_transpose1d`, `2d` and `3d`: [`ConvInput`], with the lengths of the
    /// result told by `output_padding`, since a stride makes them ambiguous. With the same options and filters it maps
    /// the results of [`conv`](crate::ops::ConvExt::conv) to the images that they may come from.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, channels, …]` |
    /// | `w` | `[channels, filters / groups, …]` |
    /// | result | `[batch, filters, …]`, each length `(n − 1)·stride + dilation·(k − 1) + 1 − padding before and after + output_padding` |
    ///
    /// An image may come without its batch axis; so does the result then. Cost: as the convolution's.
    ///
    /// # Panics
    /// If the shapes or options do not fit, or `output_padding` is neither below the stride nor below the dilation.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, w) = (Tensor::new([1, 1, 2], vec![1.0, 10.0]), Tensor::new([1, 1, 3], vec![1.0, 2.0, 3.0]));
    /// assert_eq!(x.conv_transpose(&w, Conv::default(), 0).data(), [1.0, 12.0, 23.0, 30.0]);
    /// assert_eq!(x.conv_transpose(&w, Conv::default().stride(2), 1).data(), [1.0, 2.0, 13.0, 20.0, 30.0, 0.0]);
    /// ```
    #[track_caller]
    fn conv_transpose(&self, w: impl Operand<Self>, conv: Conv, output_padding: impl Into<PerAxis>) -> Self {
        let _called = called("conv_transpose");
        let (w, output_padding) = (w.beside(self), output_padding.into());
        let (x, alone) = in_batch(self, w.shape().rank());
        let (op, lengths) = transposed(&x.shape(), &w.shape(), &conv, &output_padding).or_raise();
        let mut y = Self::apply(op, &[Arg::Real(&x), Arg::Real(&w)]).real();
        for (k, len) in lengths.iter().copied().enumerate() {
            if y.shape()[k + 2] < len {
                y = Self::apply(Unslice { axis: k + 2, start: 0, step: 1, len }, &[Arg::Real(&y)]).real();
            }
        }
        out_of_batch(y, alone)
    }

    /// [`conv_transpose`](Self::conv_transpose) over one spatial axis.
    ///
    /// # Panics
    /// If the filters are not of rank 3, or the shapes or options do not fit.
    #[track_caller]
    fn conv_transpose1d(&self, w: impl Operand<Self>, conv: Conv, output_padding: impl Into<PerAxis>) -> Self {
        let _called = called("conv_transpose1d");
        let w = w.beside(self);
        expect_rank("conv_transpose1d", &w.shape(), 3);
        self.conv_transpose(&*w, conv, output_padding)
    }

    /// [`conv_transpose`](Self::conv_transpose) over two spatial axes.
    ///
    /// # Panics
    /// If the filters are not of rank 4, or the shapes or options do not fit.
    #[track_caller]
    fn conv_transpose2d(&self, w: impl Operand<Self>, conv: Conv, output_padding: impl Into<PerAxis>) -> Self {
        let _called = called("conv_transpose2d");
        let w = w.beside(self);
        expect_rank("conv_transpose2d", &w.shape(), 4);
        self.conv_transpose(&*w, conv, output_padding)
    }

    /// [`conv_transpose`](Self::conv_transpose) over three spatial axes.
    ///
    /// # Panics
    /// If the filters are not of rank 5, or the shapes or options do not fit.
    #[track_caller]
    fn conv_transpose3d(&self, w: impl Operand<Self>, conv: Conv, output_padding: impl Into<PerAxis>) -> Self {
        let _called = called("conv_transpose3d");
        let w = w.beside(self);
        expect_rank("conv_transpose3d", &w.shape(), 5);
        self.conv_transpose(&*w, conv, output_padding)
    }
}

impl<A: Algebra> ConvTransposeExt for A {}

impl Conv {
    /// The shape of the result of [`conv_transpose`](ConvTransposeExt::conv_transpose) for a batch of images `x` and
    /// filters `w`.
    ///
    /// # Errors
    /// If the shapes or options do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, w) = (Shape::from([10, 3, 4, 4]), Shape::from([3, 6, 5, 5]));
    /// assert_eq!(Conv::default().stride(2).transposed_shape(&x, &w, 1)?, [10, 6, 12, 12]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn transposed_shape(&self, x: &Shape, w: &Shape, output_padding: impl Into<PerAxis>) -> Result<Shape, Error> {
        let (_, lengths) = transposed(x, w, self, &output_padding.into())?;
        Ok([x[0], product(&[w[1], self.groups])].into_iter().chain(lengths.iter().copied()).collect())
    }
}

/// The operation, and the lengths of the result; where the operation's are shorter, zeros follow.
#[inline]
fn transposed(x: &Shape, w: &Shape, conv: &Conv, output_padding: &PerAxis) -> Result<(ConvInput, PerAxis), Error> {
    let error = |message: String| Err(Error::shape("conv_transpose", message));
    if x.rank() < 3 || x.rank() != w.rank() {
        return error(format!(
            "an image [batch, channels, …] and filters of the same rank are needed, not {x} and {w}"
        ));
    }
    let axes = x.rank() - 2;
    conv.check("conv_transpose", axes)?;
    if ![1, axes].contains(&output_padding.len()) {
        return error(format!("{} numbers of output padding for {axes} spatial axes", output_padding.len()));
    }
    if x[1] != w[0] || !x[1].is_multiple_of(conv.groups) {
        return error(format!(
            "filters {w} in {} groups see {} channels, the image {x} has {}",
            conv.groups, w[0], x[1]
        ));
    }
    if x[2..].contains(&0) || w[2..].contains(&0) {
        return error(format!("the image {x} or the filters {w} have no entries"));
    }
    let (mut lengths, mut computed, mut sides) = (Vec::new(), Vec::new(), Vec::new());
    for k in 0..axes {
        let (n, stride, dilation) = (x[k + 2], conv.stride.at(k), conv.dilation.at(k));
        let (window, more) = (Window { size: w[k + 2], stride, padding: 0, dilation }, output_padding.at(k));
        let too_long =
            || Error::shape("conv_transpose", format!("axis {} of the result of {x} and {w} has no length", k + 2));
        let span = window.span().ok_or_else(too_long)?;
        if more >= stride && more >= dilation {
            return error(format!(
                "output padding {more} is neither below stride {stride} nor below dilation {dilation}"
            ));
        }
        let (before, after) = conv.padding.sides(k, span);
        let full = (n - 1).checked_mul(stride).and_then(|n| n.checked_add(span)).ok_or_else(too_long)?;
        let (whole, cut) = (full.checked_add(more).ok_or_else(too_long)?, before.saturating_add(after));
        if whole <= cut {
            return error(format!(
                "axis {} of the result would have length {full} + {more} − {before} − {after}",
                k + 2
            ));
        }
        // What is asked for beyond the padding's end was never computed: zeros, as in PyTorch.
        let shown = more.min(after);
        lengths.push(whole - cut);
        computed.push(full + shown - cut);
        sides.push((before, after - shown));
    }
    let conv = Conv { padding: Padding::Sides(sides.as_slice().into()), ..*conv };
    Ok((ConvInput { conv, lengths: computed.into() }, lengths.into()))
}

/// [`ConvTransposeExt::conv_transpose`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct ConvTranspose(Conv, PerAxis);

impl Function for ConvTranspose {
    const NAME: &'static str = "conv_transpose";
    const TEXT: &'static str = "conv_input(x, w), with zeros beyond the padding";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].conv_transpose(&a[1], self.0, self.1)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |conv: Conv, output_padding: usize, x: &[usize], w: &[usize]| {
            (ConvTranspose(conv, output_padding.into()), Case::function().real(x).real(w))
        };
        vec![
            case(Conv::default(), 0, &[2, 3, 4], &[3, 2, 3]),
            case(Conv::default().stride(2).padding(1), 1, &[1, 2, 3, 4], &[2, 3, 3, 2]),
            case(Conv::default().stride(3).groups(2), 2, &[1, 4, 2, 3], &[4, 1, 2, 3]),
            case(Conv::default().dilation(3).padding(1), 2, &[1, 2, 3], &[2, 1, 2]),
            case(Conv::default().padding(1), 0, &[2, 3], &[2, 1, 2]),
            case(Conv::default().stride(2), 0, &[1, 1, 2, 1, 2], &[1, 2, 1, 2, 2]),
            case(Conv::default().stride(2), 1, &[0, 2, 3], &[2, 1, 2]),
        ]
    }
}
