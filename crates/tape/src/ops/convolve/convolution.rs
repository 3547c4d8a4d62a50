//! The two textbook definitions by their names, and depthwise convolution.

use crate::error::scope::called;
use crate::ops::{Conv, ConvExt, FlipExt, Padding};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;

/// The methods that name what they compute.
pub trait ConvolutionExt: Algebra {
    /// Cross-correlation, `yⱼ = Σ wᵢ · xⱼ₊ᵢ` for each pair of filter and channel: [`conv`](ConvExt::conv) by its exact
    /// name.
    ///
    /// # Panics
    /// If the shapes or options do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, w) = (Tensor::new([1, 1, 3], vec![1.0, 10.0, 100.0]), Tensor::new([1, 1, 2], vec![1.0, 2.0]));
    /// assert_eq!(x.cross_correlation(&w, Conv::default()).data(), [21.0, 210.0]);
    /// ```
    #[track_caller]
    fn cross_correlation(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("cross_correlation");
        self.conv(w, conv)
    }

    /// Convolution, `yⱼ = Σ wᵢ · xⱼ₋ᵢ` for each pair of filter and channel: [`conv`](ConvExt::conv) with filters that
    /// are flipped along each spatial axis. With [`Padding::Full`] `y₀` is `w₀ · x₀`, as in NumPy's `convolve`.
    ///
    /// # Panics
    /// If the shapes or options do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (x, w) = (Tensor::new([1, 1, 3], vec![1.0, 10.0, 100.0]), Tensor::new([1, 1, 2], vec![1.0, 2.0]));
    /// assert_eq!(x.convolution(&w, Conv::default().padding(Padding::Full)).data(), [1.0, 12.0, 120.0, 200.0]);
    /// assert_eq!(x.convolution(&w, Conv::default().padding(Padding::Valid)).data(), [12.0, 120.0]);
    /// ```
    #[track_caller]
    fn convolution(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("convolution");
        let w = w.beside(self);
        let spatial: Vec<usize> = (2..w.shape().rank()).collect();
        self.conv(w.flip(&spatial[..]), conv)
    }

    /// [`conv`](ConvExt::conv) with as many groups as channels: each channel has filters of its own.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[batch, channels, …]` |
    /// | `w` | `[channels · multiplier, 1, …]` |
    /// | result | `[batch, channels · multiplier, …]` |
    ///
    /// # Panics
    /// If the shapes or options do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// let w = Tensor::new([2, 1, 1], vec![10.0, 100.0]);
    /// assert_eq!(x.depthwise_conv(&w, Conv::default()).data(), [10.0, 20.0, 300.0, 400.0]);
    /// ```
    #[track_caller]
    fn depthwise_conv(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("depthwise_conv");
        let w = w.beside(self);
        // The channel axis is the one before the spatial axes, of which the filters have two fewer than axes.
        let channels = (self.shape().rank() + 1)
            .checked_sub(w.shape().rank())
            .and_then(|k| self.shape().get(k).copied())
            .unwrap_or(1);
        self.conv(&*w, conv.groups(channels))
    }
}

impl<A: Algebra> ConvolutionExt for A {}

/// [`ConvolutionExt::convolution`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Convolution(Conv);

impl Function for Convolution {
    const NAME: &'static str = "convolution";
    const TEXT: &'static str = "conv(x, w flipped along each spatial axis)";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].convolution(&a[1], self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |conv: Conv, x: &[usize], w: &[usize]| (Convolution(conv), Case::function().real(x).real(w));
        vec![
            case(Conv::default().padding(Padding::Full), &[2, 1, 4], &[3, 1, 3]),
            case(Conv::default().stride([2, 1]).padding(1), &[1, 2, 5, 4], &[3, 2, 2, 3]),
            case(Conv::default().padding(Padding::Same), &[1, 1, 2, 3, 2], &[1, 1, 2, 2, 3]),
        ]
    }
}

/// [`ConvolutionExt::depthwise_conv`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct DepthwiseConv(Conv);

impl Function for DepthwiseConv {
    const NAME: &'static str = "depthwise_conv";
    const TEXT: &'static str = "conv(x, w) with a group for each channel";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].depthwise_conv(&a[1], self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |conv: Conv, x: &[usize], w: &[usize]| (DepthwiseConv(conv), Case::function().real(x).real(w));
        vec![
            case(Conv::default(), &[2, 3, 4], &[6, 1, 2]),
            case(Conv::default().stride(2).padding(1), &[1, 2, 5, 4], &[2, 1, 3, 2]),
            case(Conv::default(), &[3, 4], &[3, 1, 2]),
        ]
    }
}
