//! Average-pooling, and its transpose.

use smallvec::SmallVec;

use crate::algebra::{Algebra, Arg, Args};
use crate::buffer::Buffer;
use crate::case::Case;
use crate::complex::Analytic;
use crate::error::Error;
use crate::float::Float;
use crate::kernels::windows::{Window, fold, unfold};
use crate::op::{Op, Value};
use crate::ops::arg_max_pool::counts;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The mean of each window, zeros of the padding counted (PyTorch's default). [`AveragePoolInput`] is its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragePool {
    /// The windows along each spatial axis.
    pub windows: SmallVec<[Window; 2]>,
}

/// The transpose of [`AveragePool`]: each number spread evenly over its window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AveragePoolInput {
    /// The windows along each spatial axis.
    pub windows: SmallVec<[Window; 2]>,
    /// The spatial lengths of the image.
    pub lengths: SmallVec<[usize; 2]>,
}

/// The number of entries of a window.
fn entries(windows: &[Window]) -> usize {
    windows.iter().map(|w| w.size).product()
}

impl Op for AveragePool {
    fn name(&self) -> String {
        "average_pool".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let counts = counts("average_pool", &self.windows, args[0])?;
        Ok(args[0][..2].iter().copied().chain(counts).collect())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (x, shape) = (&a[0], Tensor::shape(&a[0]));
        let y = self.shape(&[shape]).unwrap_or_else(|e| e.raise());
        let (lengths, counts) = (&shape[2..], &y[2..]);
        let columns: usize = counts.iter().product();
        let weight = F::from_f64(1.0 / entries(&self.windows) as f64);
        let mut matrix = Buffer::filled(entries(&self.windows) * columns, F::zero());
        let mut out = Buffer::filled(y.len_elements(), F::zero());
        let planes = x.data().chunks_exact(lengths.iter().product::<usize>().max(1));
        for (image, out) in planes.zip(out.chunks_exact_mut(columns.max(1))) {
            unfold(image, &self.windows, lengths, counts, &mut matrix);
            for row in matrix.chunks_exact(columns) {
                out.iter_mut().zip(row).for_each(|(o, x)| *o += *x);
            }
            out.iter_mut().for_each(|o| *o *= weight);
        }
        Buffer::recycle(matrix);
        Tensor::from_parts(y, out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        let op = AveragePoolInput { windows: self.windows.clone(), lengths: a[0].shape()[2..].into() };
        A::apply(op, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    fn flops(&self, _args: &[&Shape], y: &Shape) -> u64 {
        (y.len_elements() * entries(&self.windows)) as u64
    }

    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let w = |size, stride, padding| Window { size, stride, padding, dilation: 1 };
        let case = |windows: &[Window], x: &[usize]| Case::of(AveragePool { windows: windows.into() }).real(x);
        vec![
            case(&[w(2, 2, 0), w(2, 2, 0)], &[2, 3, 4, 6]),
            case(&[w(3, 2, 1), w(2, 1, 0)], &[1, 2, 5, 4]),
            case(&[w(2, 3, 0)], &[2, 1, 7]),
        ]
    }
}

impl Op for AveragePoolInput {
    fn name(&self) -> String {
        "average_pool_input".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x: Shape = args[0].iter().take(2).chain(&self.lengths).copied().collect();
        let pool = AveragePool { windows: self.windows.clone() };
        let y = pool.shape(&[&x])?;
        if y != *args[0] {
            return Err(Error::shape("average_pool_input", format!("pooling {x} gives {y}, not {}", args[0])));
        }
        Ok(x)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (g, shape) = (&a[0], Tensor::shape(&a[0]));
        let x = self.shape(&[shape]).unwrap_or_else(|e| e.raise());
        let (lengths, counts) = (&x[2..], &shape[2..]);
        let columns: usize = counts.iter().product();
        let weight = F::from_f64(1.0 / entries(&self.windows) as f64);
        let mut matrix = Buffer::filled(entries(&self.windows) * columns, F::zero());
        let mut out = Buffer::filled(x.len_elements(), F::zero());
        let planes = out.chunks_exact_mut(lengths.iter().product::<usize>().max(1));
        for (image, g) in planes.zip(g.data().chunks_exact(columns.max(1))) {
            for row in matrix.chunks_exact_mut(columns) {
                row.iter_mut().zip(g).for_each(|(m, g)| *m = *g * weight);
            }
            fold(&matrix, &self.windows, lengths, counts, image);
        }
        Buffer::recycle(matrix);
        Tensor::from_parts(x, out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(AveragePool { windows: self.windows.clone() }, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        (args[0].len_elements() * entries(&self.windows)) as u64
    }

    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let w = |size, stride, padding| Window { size, stride, padding, dilation: 1 };
        let case = |windows: &[Window], g: &[usize], lengths: &[usize]| {
            Case::of(AveragePoolInput { windows: windows.into(), lengths: lengths.into() }).real(g)
        };
        vec![case(&[w(2, 2, 0), w(2, 2, 0)], &[2, 3, 2, 3], &[4, 6]), case(&[w(3, 2, 1)], &[1, 2, 3], &[6])]
    }
}

/// The methods of [`AveragePool`].
pub trait AveragePoolExt: Algebra {
    /// The mean of each window of an image `[batch, channels, height, width]`; the windows are squares of `size`,
    /// `stride` apart.
    ///
    /// # Panics
    /// If the rank is not 4 or no window fits.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::new([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 3.0, 4.0, 6.0, 7.0]);
    /// assert_eq!(x.average_pool2d(2, 2).data(), [2.5, 4.5]);
    /// ```
    #[track_caller]
    fn average_pool2d(&self, size: usize, stride: usize) -> Self {
        self.average_pool(&[Window { size, stride, padding: 0, dilation: 1 }; 2])
    }

    /// The mean of each window, with a window for each spatial axis.
    ///
    /// # Panics
    /// If the rank is not two more than the number of windows, or no window fits.
    #[track_caller]
    fn average_pool(&self, windows: &[Window]) -> Self {
        Self::apply(AveragePool { windows: windows.into() }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> AveragePoolExt for A {}
