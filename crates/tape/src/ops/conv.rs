//! Discrete convolution, over any number of spatial axes.
//!
//! It is one trilinear form, `Σ y[n, o, p] · w[o, c, k] · x[n, c, s·p + d·k − q]` with stride `s`, dilation `d` and
//! padding `q`, solved for each of its three tensors: [`Conv`] for `y`, [`ConvInput`] for `x`, [`ConvWeight`] for `w`.
//! Each is the derivative rule of the others (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning",
//! 2016).

use smallvec::SmallVec;

use crate::algebra::{Algebra, Arg, Args, Operand};
use crate::buffer::Buffer;
use crate::case::Case;
use crate::complex::Analytic;
use crate::error::Error;
use crate::float::Float;
use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::windows::{Window, Windows, fold, unfold};
use crate::op::{Op, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A number for each spatial axis, or one for all.
pub type PerAxis = SmallVec<[usize; 2]>;

/// Cross-correlation of an image with filters: `y[n, o, p] = Σ w[o, c, k] · x[n, c, stride·p + dilation·k − padding]`.
///
/// | argument | shape |
/// | --- | --- |
/// | `x` | `[batch, channels, …]` |
/// | `w` | `[filters, channels / groups, …]` |
/// | result | `[batch, filters, …]`, each length `⌊(n + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1` |
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Conv {
    /// The distance between neighbouring windows.
    pub stride: PerAxis,
    /// The number of zeros before the first entry and after the last.
    pub padding: PerAxis,
    /// The distance between neighbouring entries of a window.
    pub dilation: PerAxis,
    /// Channels and filters are cut into this many groups that do not see each other.
    pub groups: usize,
}

impl Default for Conv {
    /// Stride 1, no padding, no dilation, one group.
    fn default() -> Self {
        Conv {
            stride: SmallVec::from_slice(&[1]),
            padding: SmallVec::from_slice(&[0]),
            dilation: SmallVec::from_slice(&[1]),
            groups: 1,
        }
    }
}

impl Conv {
    /// This convolution with another stride, for every axis.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = SmallVec::from_slice(&[stride]);
        self
    }

    /// This convolution with zeros around the image, on every side.
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = SmallVec::from_slice(&[padding]);
        self
    }

    /// This convolution with spread windows, for every axis.
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.dilation = SmallVec::from_slice(&[dilation]);
        self
    }

    /// This convolution with channels and filters cut into groups.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// The windows of filters of the given lengths.
    fn windows(&self, sizes: &[usize]) -> Windows {
        let at = |all: &PerAxis, k: usize| all.get(k).or(all.first()).copied().unwrap_or(0);
        let window = |(k, size): (usize, &usize)| Window {
            size: *size,
            stride: at(&self.stride, k),
            padding: at(&self.padding, k),
            dilation: at(&self.dilation, k),
        };
        sizes.iter().enumerate().map(window).collect()
    }

    /// The shape of the result, or what does not fit.
    fn result(&self, op: &str, x: &Shape, w: &Shape) -> Result<Shape, Error> {
        let error = |message: String| Err(Error::shape(op, message));
        if x.rank() < 3 || x.rank() != w.rank() {
            return error(format!(
                "an image [batch, channels, …] and filters of the same rank are needed, not {x} and {w}"
            ));
        }
        let d = x.rank() - 2;
        for (name, given) in [("stride", &self.stride), ("padding", &self.padding), ("dilation", &self.dilation)] {
            if given.len() != 1 && given.len() != d {
                return error(format!("{} numbers of {name} for {d} spatial axes", given.len()));
            }
        }
        if self.stride.contains(&0) || self.dilation.contains(&0) || self.groups == 0 {
            let Conv { stride, dilation, groups, .. } = self;
            return error(format!("stride {stride:?}, dilation {dilation:?} and groups {groups} must be at least 1"));
        }
        let divides = |n: usize| n.is_multiple_of(self.groups);
        if !divides(x[1]) || !divides(w[0]) || x[1] / self.groups != w[1] {
            return error(format!(
                "filters {w} see {} channels in each of {} groups, the image {x} has {}",
                w[1], self.groups, x[1]
            ));
        }
        let mut y = Shape::from([x[0], w[0]]);
        for (k, window) in self.windows(&w[2..]).iter().enumerate() {
            match window.count(x[k + 2]) {
                Some(n) => y.push(n),
                None => return error(format!("filters {w} are larger than the padded image {x} along axis {}", k + 2)),
            }
        }
        Ok(y)
    }

    /// Calls `f` for each image and group with what the three products have in common.
    fn for_each_group(&self, x: &Shape, w: &Shape, y: &Shape, mut f: impl FnMut(Group)) {
        let (rows, columns) = (w[1..].iter().product(), y[2..].iter().product());
        let plane: usize = x[2..].iter().product();
        let filters = w[0] / self.groups;
        for n in 0..x[0] {
            for g in 0..self.groups {
                f(Group {
                    image: (n * x[1] + g * w[1]) * plane,
                    plane,
                    channels: w[1],
                    filters,
                    rows,
                    columns,
                    weight: g * filters * rows,
                    result: (n * w[0] + g * filters) * columns,
                });
            }
        }
    }
}

/// One image and one group of channels: where its parts begin, and their sizes.
struct Group {
    image: usize,
    plane: usize,
    channels: usize,
    filters: usize,
    /// Entries of a window, over all channels of the group.
    rows: usize,
    /// Windows.
    columns: usize,
    weight: usize,
    result: usize,
}

impl Group {
    /// Lays out the windows of all channels, one row for each entry.
    fn unfold<F: Float>(&self, x: &[F], windows: &[Window], lengths: &[usize], counts: &[usize], out: &mut [F]) {
        let part = self.rows / self.channels * self.columns;
        for c in 0..self.channels {
            let image = &x[self.image + c * self.plane..][..self.plane];
            unfold(image, windows, lengths, counts, &mut out[c * part..][..part]);
        }
    }

    fn weights<'a, F>(&self, w: &'a [F], transposed: bool) -> Matrix<'a, F> {
        let data = &w[self.weight..][..self.filters * self.rows];
        let (rows, columns) = if transposed { (self.rows, self.filters) } else { (self.filters, self.rows) };
        Matrix { data, rows, columns, transposed }
    }

    fn results<'a, F>(&self, y: &'a [F]) -> Matrix<'a, F> {
        Matrix {
            data: &y[self.result..][..self.filters * self.columns],
            rows: self.filters,
            columns: self.columns,
            transposed: false,
        }
    }
}

impl Op for Conv {
    fn name(&self) -> String {
        "conv".into()
    }

    fn text(&self, args: &[&str]) -> String {
        format!("{} ⋆ {}", args[0], args[1])
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        self.result("conv", args[0], args[1])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, w) = (&a[0], &a[1]);
        let (sx, sw) = (Tensor::shape(x), Tensor::shape(w));
        let sy = self.result("conv", sx, sw).unwrap_or_else(|e| e.raise());
        let windows = self.windows(&sw[2..]);
        let mut y = Buffer::filled(sy.len_elements(), F::zero());
        let mut matrix =
            Buffer::filled(sw[1..].iter().product::<usize>() * sy[2..].iter().product::<usize>(), F::zero());
        self.for_each_group(sx, sw, &sy, |part| {
            part.unfold(x.data(), &windows, &sx[2..], &sy[2..], &mut matrix);
            let columns = Matrix { data: &matrix, rows: part.rows, columns: part.columns, transposed: false };
            let out = &mut y[part.result..][..part.filters * part.columns];
            multiply(part.weights(w.data(), false), columns, out, false);
        });
        Buffer::recycle(matrix);
        Tensor::from_parts(sy, y).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => ConvInput::of(self, &a[0].shape(), &g, &a[1]),
            _ => ConvWeight::of(self, &a[1].shape(), &a[0], &g),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => d.conv(&a[1], self.clone()),
            _ => a[0].conv(d, self.clone()),
        }
    }

    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        2 * (y.len_elements() * args[1][1..].iter().product::<usize>()) as u64
    }

    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
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
            case(
                Conv { stride: [2, 1].into(), padding: [0, 2].into(), ..Conv::default() },
                &[1, 1, 5, 3],
                &[2, 1, 3, 5],
            ),
            case(Conv::default().padding(1), &[1, 1, 2, 3, 2], &[2, 1, 2, 3, 2]),
            case(Conv::default(), &[0, 2, 4, 4], &[3, 2, 2, 2]),
        ]
    }
}

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
    fn of<A: Algebra>(conv: &Conv, x: &Shape, g: &A, w: &A) -> A {
        let op = ConvInput { conv: conv.clone(), lengths: x[2..].into() };
        A::apply(op, &[Arg::Real(g), Arg::Real(w)]).real()
    }

    /// The shape of the image.
    fn image(&self, g: &Shape, w: &Shape) -> Shape {
        let channels = if w.rank() > 1 { w[1] * self.conv.groups } else { 0 };
        [g.first().copied().unwrap_or(0), channels].into_iter().chain(self.lengths.iter().copied()).collect()
    }
}

impl Op for ConvInput {
    fn name(&self) -> String {
        "conv_input".into()
    }

    fn text(&self, args: &[&str]) -> String {
        format!("conv_input({}, {})", args[0], args[1])
    }

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
        let (sg, sw) = (Tensor::shape(g), Tensor::shape(w));
        let sx = self.image(sg, sw);
        let windows = self.conv.windows(&sw[2..]);
        let mut x = Buffer::filled(sx.len_elements(), F::zero());
        let mut matrix =
            Buffer::filled(sw[1..].iter().product::<usize>() * sg[2..].iter().product::<usize>(), F::zero());
        self.conv.for_each_group(&sx, sw, sg, |part| {
            multiply(part.weights(w.data(), true), part.results(g.data()), &mut matrix, false);
            let rows = part.rows / part.channels * part.columns;
            for c in 0..part.channels {
                let image = &mut x[part.image + c * part.plane..][..part.plane];
                fold(&matrix[c * rows..][..rows], &windows, &sx[2..], &sg[2..], image);
            }
        });
        Buffer::recycle(matrix);
        Tensor::from_parts(sx, x).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => g.conv(&a[1], self.conv.clone()),
            _ => ConvWeight::of(&self.conv, &a[1].shape(), &g, &a[0]),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => ConvInput::of(&self.conv, &y.shape(), &d, &a[1]),
            _ => ConvInput::of(&self.conv, &y.shape(), &a[0], &d),
        }
    }

    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        2 * (args[0].len_elements() * args[1][1..].iter().product::<usize>()) as u64
    }

    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |conv: Conv, g: &[usize], w: &[usize], lengths: &[usize]| {
            Case::of(ConvInput { conv, lengths: lengths.into() }).real(g).real(w)
        };
        vec![
            case(Conv::default(), &[2, 3, 5], &[3, 2, 3], &[7]),
            case(Conv::default().stride(2).padding(1).groups(2), &[1, 4, 3, 4], &[4, 1, 2, 3], &[5, 7]),
            case(Conv::default().stride(2), &[1, 2, 2, 2], &[2, 3, 2, 2], &[5, 4]),
        ]
    }
}

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
    fn of<A: Algebra>(conv: &Conv, w: &Shape, x: &A, g: &A) -> A {
        let op = ConvWeight { conv: conv.clone(), sizes: w[2..].into() };
        A::apply(op, &[Arg::Real(x), Arg::Real(g)]).real()
    }

    /// The shape of the filters.
    fn filters(&self, x: &Shape, g: &Shape) -> Shape {
        let [filters, channels] = [g, x].map(|s| s.get(1).copied().unwrap_or(0));
        [filters, channels / self.conv.groups.max(1)].into_iter().chain(self.sizes.iter().copied()).collect()
    }
}

impl Op for ConvWeight {
    fn name(&self) -> String {
        "conv_weight".into()
    }

    fn text(&self, args: &[&str]) -> String {
        format!("conv_weight({}, {})", args[0], args[1])
    }

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
        let (sx, sg) = (Tensor::shape(x), Tensor::shape(g));
        let sw = self.filters(sx, sg);
        let windows = self.conv.windows(&sw[2..]);
        let mut w = Buffer::filled(sw.len_elements(), F::zero());
        let mut matrix =
            Buffer::filled(sw[1..].iter().product::<usize>() * sg[2..].iter().product::<usize>(), F::zero());
        self.conv.for_each_group(sx, &sw, sg, |part| {
            part.unfold(x.data(), &windows, &sx[2..], &sg[2..], &mut matrix);
            let columns = Matrix { data: &matrix, rows: part.columns, columns: part.rows, transposed: true };
            let out = &mut w[part.weight..][..part.filters * part.rows];
            multiply(part.results(g.data()), columns, out, true);
        });
        Buffer::recycle(matrix);
        Tensor::from_parts(sw, w).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => ConvInput::of(&self.conv, &a[0].shape(), &a[1], &g),
            _ => a[0].conv(g, self.conv.clone()),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => ConvWeight::of(&self.conv, &y.shape(), &d, &a[1]),
            _ => ConvWeight::of(&self.conv, &y.shape(), &a[0], &d),
        }
    }

    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        2 * (args[1].len_elements() * y[1..].iter().product::<usize>()) as u64
    }

    fn analytic(&self) -> Analytic {
        Analytic::Bilinear
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
        ]
    }
}

/// The methods of [`Conv`].
pub trait ConvExt: Algebra {
    /// Cross-correlation with filters over any number of spatial axes; see [`Conv`] for shapes and options.
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
        Self::apply(conv, &[Arg::Real(self), Arg::Real(&w.beside(self))]).real()
    }

    /// [`conv`](Self::conv) over one spatial axis: `[batch, channels, length]`.
    ///
    /// # Panics
    /// If the rank is not 3, or the shapes or options do not fit.
    #[track_caller]
    fn conv1d(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        expect_rank("conv1d", &self.shape(), 3);
        self.conv(w, conv)
    }

    /// [`conv`](Self::conv) over two spatial axes: `[batch, channels, height, width]`.
    ///
    /// # Panics
    /// If the rank is not 4, or the shapes or options do not fit.
    #[track_caller]
    fn conv2d(&self, w: impl Operand<Self>, conv: Conv) -> Self {
        expect_rank("conv2d", &self.shape(), 4);
        self.conv(w, conv)
    }
}

impl<A: Algebra> ConvExt for A {}

#[track_caller]
fn expect_rank(op: &str, x: &Shape, rank: usize) {
    if x.rank() != rank {
        Error::shape(op, format!("an image of rank {rank} is needed, not {x}")).raise()
    }
}
