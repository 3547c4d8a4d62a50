//! Columns added to the images that they are windows of.

use crate::error::{Error, OrRaise};
use crate::kernels::windows::{self, Window, Windows, entries};
use crate::ops::Unfold;
use crate::ops::unfold::counts;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// Columns `[n, c · k, l]` added to the images `[n, c, s…]` that they are windows of. [`Unfold`] is its rule.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Fold {
    /// The windows along each spatial axis.
    pub windows: Windows,
    /// The lengths of the spatial axes of the images.
    pub lengths: Shape,
}

impl Op for Fold {
    #[inline]
    fn name(&self) -> String {
        "fold".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("fold({}, {})", args[0], self.lengths)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let columns = counts("fold", &self.windows, &self.lengths)?.len_elements();
        let entries = entries(&self.windows);
        if x.rank() != 3 || !x[1].is_multiple_of(entries) || x[2] != columns {
            let message = format!(
                "columns of shape {x}; images with lengths {} have [batch, channels · {entries}, {columns}]",
                self.lengths
            );
            return Err(Error::shape("fold", message));
        }
        Ok([x[0], x[1] / entries].iter().chain(&self.lengths[..]).copied().collect())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let x = Tensor::shape(&a[0]);
        let counts = counts("fold", &self.windows, &self.lengths).or_raise();
        let entries = entries(&self.windows);
        let shape: Shape = [x[0], x[1] / entries].iter().chain(&self.lengths[..]).copied().collect();
        let (image, matrix) = (self.lengths.len_elements(), product(&[entries, counts.len_elements()]));
        let mut out = Buffer::filled(shape.len_elements(), F::zero());
        for (k, out) in out.chunks_exact_mut(image.max(1)).enumerate() {
            windows::fold(&a[0].data()[k * matrix..][..matrix], &self.windows, &self.lengths, &counts, out);
        }
        Tensor::from_parts(shape, out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(Unfold { windows: self.windows.clone() }, &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |windows: &[[usize; 4]], lengths: &[usize], x: &[usize]| {
            let windows = windows.iter().map(|[size, stride, padding, dilation]| Window {
                size: *size,
                stride: *stride,
                padding: *padding,
                dilation: *dilation,
            });
            Case::of(Fold { windows: windows.collect(), lengths: lengths.into() }).real(x)
        };
        vec![
            case(&[[3, 1, 0, 1], [2, 1, 0, 1]], &[5, 3], &[2, 6, 6]),
            case(&[[2, 3, 1, 2], [3, 2, 1, 1]], &[5, 4], &[1, 12, 4]),
            case(&[[2, 1, 0, 1]], &[5], &[2, 6, 4]),
        ]
    }
}
