//! Discrete convolution, over any number of spatial axes.
//!
//! It is one trilinear form, `Σ y[n, o, p] · w[o, c, k] · x[n, c, s·p + d·k − q]` with stride `s`, dilation `d` and
//! padding `q`, solved for each of its three tensors: [`Conv`] for `y`, [`ConvInput`] for `x`, [`ConvWeight`] for `w`.
//! Each is the derivative rule of the others (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
//! 2016).

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::convolve::Sizes;
use crate::kernels::windows::{Window, Windows};
use crate::ops::{ConvInput, ConvWeight, PerAxis, ReshapeExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::operand::Operand;
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::per_axis::MOST;

/// The zeros around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Padding {
    /// So many before the first entry and after the last, for each axis.
    Each(PerAxis),
    /// So many before the first entry and after the last, for each axis.
    Sides(PerAxis<(usize, usize)>),
    /// None: only windows that lie inside the image.
    Valid,
    /// As many as make the result as long as the image; where their number is odd, one more after than before
    /// (PyTorch's choice). The stride must be 1.
    Same,
    /// As many as give every window that touches the image: `dilation · (size − 1)` on each side.
    Full,
}

impl Padding {
    /// How many zeros lie before and after axis `k`, for windows that span `span`.
    #[inline]
    pub(crate) fn sides(&self, k: usize, span: usize) -> (usize, usize) {
        let around = span.saturating_sub(1);
        match self {
            Padding::Each(each) => (each.at(k), each.at(k)),
            Padding::Sides(sides) => sides[k],
            Padding::Valid => (0, 0),
            Padding::Same => (around / 2, around - around / 2),
            Padding::Full => (around, around),
        }
    }
}

impl<T: Into<PerAxis>> From<T> for Padding {
    fn from(each: T) -> Self {
        Padding::Each(each.into())
    }
}

/// Cross-correlation of an image with filters: `y[n, o, p] = Σ w[o, c, k] · x[n, c, stride·p + dilation·k − padding]`.
///
/// | argument | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` |
/// | `w` | `[filters, channels / groups, …]` |
/// | result | `[batch, filters, …]`, each length `⌊(n + padding before and after − dilation·(k − 1) − 1) / stride⌋ + 1` |
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let conv = Conv::default().stride([2, 1]).padding(Padding::Full);
/// let (x, w) = (Shape::from([10, 3, 8, 8]), Shape::from([6, 3, 5, 5]));
/// assert_eq!(x.conv(&w, conv), [10, 6, 6, 12]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv {
    /// The distance between neighbouring windows.
    pub stride: PerAxis,
    /// The zeros around the image.
    pub padding: Padding,
    /// The distance between neighbouring entries of a window.
    pub dilation: PerAxis,
    /// Channels and filters are cut into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv {
    /// Stride 1, no padding, no dilation, one group.
    #[inline]
    fn default() -> Self {
        Conv { stride: 1.into(), padding: 0.into(), dilation: 1.into(), groups: 1 }
    }
}

impl Conv {
    /// This convolution with another stride, for every axis or each: `2`, `[2, 1]`.
    pub fn stride(self, stride: impl Into<PerAxis>) -> Self {
        Conv { stride: stride.into(), ..self }
    }

    /// This convolution with zeros around the image: `1`, `[1, 2]`, [`Padding::Same`], [`Padding::Full`].
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        Conv { padding: padding.into(), ..self }
    }

    /// This convolution with spread windows, for every axis or each.
    pub fn dilation(self, dilation: impl Into<PerAxis>) -> Self {
        Conv { dilation: dilation.into(), ..self }
    }

    /// This convolution with channels and filters cut into groups. As many groups as channels make it depthwise: each
    /// channel has filters of its own.
    #[inline]
    pub fn groups(self, groups: usize) -> Self {
        Conv { groups, ..self }
    }

    /// The windows of filters of the given lengths.
    #[inline]
    fn windows(&self, sizes: &[usize]) -> Windows {
        let window = |(k, size): (usize, &usize)| {
            let window = Window { size: *size, stride: self.stride.at(k), padding: 0, dilation: self.dilation.at(k) };
            Window { padding: self.padding.sides(k, window.span().unwrap_or(0)).0, ..window }
        };
        sizes.iter().enumerate().map(window).collect()
    }

    /// What is wrong with the options, for `axes` spatial axes.
    #[inline]
    pub(crate) fn check(&self, op: &str, axes: usize) -> Result<(), Error> {
        let error = |message: String| Err(Error::shape(op, message));
        let Conv { stride, padding, dilation, groups } = self;
        if axes > MOST {
            return error(format!("at most {MOST} spatial axes, not {axes}"));
        }
        let given = match padding {
            Padding::Each(each) => each.len(),
            Padding::Sides(sides) if sides.len() != axes => {
                return error(format!("{} pairs of padding for {axes} spatial axes", sides.len()));
            }
            _ => axes,
        };
        for (name, given) in [("stride", stride.len()), ("padding", given), ("dilation", dilation.len())] {
            if ![1, axes].contains(&given) {
                return error(format!("{given} numbers of {name} for {axes} spatial axes"));
            }
        }
        if stride.contains(&0) || dilation.contains(&0) || *groups == 0 {
            let (stride, dilation) = (&stride[..], &dilation[..]);
            return error(format!("stride {stride:?}, dilation {dilation:?} and groups {groups} must be at least 1"));
        }
        if *padding == Padding::Same && stride.iter().any(|s| *s != 1) {
            return error(format!("padding that keeps the lengths has stride 1, not {:?}", &stride[..]));
        }
        Ok(())
    }

    /// The shape of the result, or what does not fit.
    #[inline]
    pub(crate) fn result(&self, op: &str, x: &Shape, w: &Shape) -> Result<Shape, Error> {
        let error = |message: String| Err(Error::shape(op, message));
        if x.rank() < 3 || x.rank() != w.rank() {
            return error(format!(
                "an image [batch, channels, …] and filters of the same rank are needed, not {x} and {w}"
            ));
        }
        self.check(op, x.rank() - 2)?;
        let groups = self.groups;
        if !x[1].is_multiple_of(groups) || !w[0].is_multiple_of(groups) {
            return error(format!("{groups} groups do not divide {} channels and {} filters", x[1], w[0]));
        }
        if x[1] / groups != w[1] {
            return error(format!(
                "filters {w} see {} channels in each of {groups} groups, the image {x} has {}",
                w[1], x[1]
            ));
        }
        if w[2..].contains(&0) {
            return error(format!("filters {w} have no entries"));
        }
        let mut y = Shape::from([x[0], w[0]]);
        for (k, window) in self.windows(&w[2..]).iter().enumerate() {
            let (before, after) = self.padding.sides(k, window.span().unwrap_or(0));
            let padded = x[k + 2].checked_add(before).and_then(|n| n.checked_add(after));
            match padded.and_then(|padded| window.count_in(padded)) {
                Some(n) => y.push(n),
                None => {
                    let padded = padded.unwrap_or(usize::MAX);
                    let span = window.span().unwrap_or(usize::MAX);
                    return error(format!(
                        "filters {w} span {span} along axis {}, the image {x} padded by {before} and {after} has {padded}",
                        k + 2
                    ));
                }
            }
        }
        Ok(y)
    }

    /// Calls `f` with the sizes of the convolution of `x` with `w` to `y`.
    pub(crate) fn sizes<R>(&self, x: &Shape, w: &Shape, y: &Shape, f: impl FnOnce(&Sizes<'_>) -> R) -> R {
        f(&Sizes {
            batch: x[0],
            groups: self.groups,
            channels: w[1],
            filters: w[0] / self.groups,
            windows: &self.windows(&w[2..]),
            lengths: &x[2..],
            counts: &y[2..],
        })
    }
}

impl Op for Conv {
    #[inline]
    fn name(&self) -> String {
        "conv".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{} ⋆ {}", args[0], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        self.result("conv", args[0], args[1])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, w) = (&a[0], &a[1]);
        let y = self.result("conv", Tensor::shape(x), Tensor::shape(w)).or_raise();
        let result = self.sizes(Tensor::shape(x), Tensor::shape(w), &y, |s| s.result(x.data(), w.data()));
        Tensor::from_parts(y, result).into()
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => ConvInput::of(self, &a[0].shape(), &g, &a[1]),
            _ => ConvWeight::of(self, &a[1].shape(), &a[0], &g),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => d.conv(&a[1], *self),
            _ => a[0].conv(d, *self),
        }
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([2, y.len_elements(), product(&args[1][1..])])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |conv: Conv, x: &[usize], w: &[usize]| Case::of(conv).real(x).real(w);
        vec![
            case(Conv::default(), &[2, 1, 7], &[3, 1, 3]),
            case(Conv::default().stride(2).padding(1).dilation(2), &[1, 2, 9], &[3, 2, 3]),
            case(Conv::default(), &[2, 3, 5, 4], &[2, 3, 3, 2]),
            case(Conv::default().stride(2).padding(1).groups(2), &[2, 4, 6, 7], &[6, 2, 2, 3]),
            case(Conv::default().padding(2).dilation(2), &[1, 2, 5, 6], &[3, 2, 2, 3]),
            case(Conv::default().stride(3).padding(1), &[1, 2, 7, 5], &[2, 2, 2, 2]),
            case(Conv::default().stride([2, 1]).padding([0, 2]), &[1, 1, 5, 3], &[2, 1, 3, 5]),
            // a channel for each group, and an image without windows larger than 1 × 1
            case(Conv::default().padding(Padding::Same).groups(3), &[2, 3, 4, 5], &[6, 1, 2, 4]),
            case(Conv::default(), &[2, 3, 2, 4], &[5, 3, 1, 1]),
            case(Conv::default().padding(Padding::Full).dilation([1, 2]), &[1, 1, 3, 2], &[1, 1, 2, 3]),
            case(Conv::default().padding(1), &[1, 1, 2, 3, 2], &[2, 1, 2, 3, 2]),
            // other zeros on each of four sides
            case(
                Conv::default().stride([1, 2]).padding(Padding::Sides([(1, 2), (0, 3)].as_slice().into())),
                &[1, 2, 3, 4],
                &[2, 2, 2, 3],
            ),
            // as large as the padded image, and windows that leave entries out
            case(Conv::default().padding(1), &[1, 2, 3], &[2, 2, 5]),
            case(Conv::default().stride(4), &[1, 1, 9], &[1, 1, 2]),
            case(Conv::default(), &[0, 2, 4, 4], &[3, 2, 2, 2]),
        ]
    }
}

/// The methods of [`Conv`].
pub trait ConvExt: Algebra {
    /// Cross-correlation with filters over any number of spatial axes; see [`Conv`] for shapes and options. What
    /// networks call convolution, and PyTorch `conv1d`, `conv2d` and `conv3d`.
    ///
    /// An image may come without its batch axis; so does the result then. Cost: two operations for each entry of the
    /// result and of its window. Cotangents: [`ConvInput`] and [`ConvWeight`].
    ///
    /// # Panics
    /// If the shapes or options do not fit.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 5], vec![1.0, 2.0, 4.0, 8.0, 16.0]);
    /// let w = Tensor::new([1, 1, 2], vec![-1.0, 1.0]);
    /// assert_eq!(x.conv(&w, Conv::default()).data(), [1.0, 2.0, 4.0, 8.0]);
    /// assert_eq!(x.conv(&w, Conv::default().stride(2)).data(), [1.0, 4.0]);
    /// ```
    #[track_caller]
    fn conv(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let w = w.beside(self);
        let (x, alone) = in_batch(self, w.shape().rank());
        out_of_batch(Self::apply(conv, &[Arg::Real(&x), Arg::Real(&w)]).real(), alone)
    }

    /// [`conv`](Self::conv) over one spatial axis: `[batch, channels, length]`.
    ///
    /// # Panics
    /// If the filters are not of rank 3, or the shapes or options do not fit.
    #[track_caller]
    fn conv1d(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("conv1d");
        let w = w.beside(self);
        expect_rank("conv1d", &w.shape(), 3);
        self.conv(&*w, conv)
    }

    /// [`conv`](Self::conv) over two spatial axes: `[batch, channels, height, width]`.
    ///
    /// # Panics
    /// If the filters are not of rank 4, or the shapes or options do not fit.
    #[track_caller]
    fn conv2d(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("conv2d");
        let w = w.beside(self);
        expect_rank("conv2d", &w.shape(), 4);
        self.conv(&*w, conv)
    }

    /// [`conv`](Self::conv) over three spatial axes: `[batch, channels, depth, height, width]`.
    ///
    /// # Panics
    /// If the filters are not of rank 5, or the shapes or options do not fit.
    #[track_caller]
    fn conv3d(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        let _called = called("conv3d");
        let w = w.beside(self);
        expect_rank("conv3d", &w.shape(), 5);
        self.conv(&*w, conv)
    }
}

impl<A: Algebra> ConvExt for A {}

#[track_caller]
#[inline]
pub(crate) fn expect_rank(op: &str, w: &Shape, rank: usize) {
    if w.rank() != rank {
        Error::shape(op, format!("filters of rank {rank} are needed, not {w}")).raise()
    }
}

/// Images with a batch axis, and whether it was added to one image without.
#[track_caller]
pub(crate) fn in_batch<A: Algebra>(x: &A, rank: usize) -> (A, bool) {
    let shape = x.shape();
    match shape.rank() + 1 == rank {
        true => (ReshapeExt::reshape(x, [1].into_iter().chain(shape.iter().copied()).collect::<Shape>()), true),
        false => (x.clone(), false),
    }
}

/// The result without the batch axis, if that was added.
#[track_caller]
pub(crate) fn out_of_batch<A: Algebra>(y: A, alone: bool) -> A {
    match alone {
        true => ReshapeExt::reshape(&y, y.shape().without(0)),
        false => y,
    }
}
