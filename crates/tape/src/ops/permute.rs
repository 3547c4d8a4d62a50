//! The axes in another order.

use smallvec::SmallVec;

use crate::algebra::{Algebra, Arg, Args};
use crate::buffer::Buffer;
use crate::case::Case;
use crate::error::Error;
use crate::float::Float;
use crate::kernels::elementwise::for_each_row;
use crate::op::{Op, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;

/// The axes of `x` in another order: axis `k` of the result is axis `axes[k]` of `x`.
#[derive(Clone, Debug, PartialEq)]
pub struct Permute {
    /// Which axis of `x` each axis of the result is.
    pub axes: SmallVec<[usize; 4]>,
}

impl Permute {
    /// The permutation that undoes this one.
    fn inverse(&self) -> Permute {
        let mut axes = self.axes.clone();
        for (k, axis) in self.axes.iter().enumerate() {
            axes[*axis] = k;
        }
        Permute { axes }
    }

    /// Whether this exchanges the last two axes and nothing else.
    fn is_transpose(&self) -> bool {
        let r = self.axes.len();
        r >= 2 && (0..r - 2).all(|k| self.axes[k] == k) && self.axes[r - 2] == r - 1
    }
}

impl Op for Permute {
    fn name(&self) -> String {
        "permute".into()
    }

    fn text(&self, args: &[&str]) -> String {
        match self.is_transpose() {
            true => format!("{}ᵀ", args[0]),
            false => format!("permute({}, {:?})", args[0], self.axes),
        }
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let x = args[0];
        let mut sorted = self.axes.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..x.rank()) {
            return Err(Error::shape(
                "permute",
                format!("{:?} does not order the {} axes of {x}", self.axes, x.rank()),
            ));
        }
        Ok(self.axes.iter().map(|k| x[*k]).collect())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        if self.is_transpose() {
            return a[0].transposed().into();
        }
        let (x, strides) = (&a[0], a[0].shape().strides());
        let shape: Shape = self.axes.iter().map(|k| x.shape()[*k]).collect();
        let steps: SmallVec<[usize; 4]> = self.axes.iter().map(|k| strides[*k]).collect();
        let (width, step) = (shape.last().copied().unwrap_or(1), steps.last().copied().unwrap_or(1));
        let data = x.data();
        let mut out = Buffer::room(x.len());
        for_each_row(&shape, [&steps[..]], |[at]| out.extend((0..width).map(|j| data[at + j * step])));
        Tensor::from_parts(shape, out).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.inverse(), &[Arg::Real(&g)]).real()
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        A::apply(self.clone(), &[Arg::Real(&d)]).real()
    }

    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axes: &[usize], x: &[usize]| Case::of(Permute { axes: axes.into() }).real(x);
        vec![
            case(&[1, 0], &[2, 3]),
            case(&[0, 2, 1], &[2, 3, 5]),
            case(&[2, 0, 1], &[2, 3, 5]),
            case(&[1, 0], &[0, 3]),
            case(&[], &[]),
        ]
    }
}

/// The methods of [`Permute`].
pub trait PermuteExt: Algebra {
    /// The axes in another order: axis `k` of the result is axis `axes[k]` of this value.
    ///
    /// # Panics
    /// If `axes` does not name each axis once.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 3, 5]);
    /// assert_eq!(x.permute([2, 0, 1]).shape(), &[5, 2, 3]);
    /// ```
    #[track_caller]
    fn permute<const N: usize>(&self, axes: [usize; N]) -> Self {
        Self::apply(Permute { axes: axes.as_slice().into() }, &[Arg::Real(self)]).real()
    }

    /// The last two axes exchanged: the transpose of a matrix, or of each matrix of a batch. On numbers this is a view.
    ///
    /// # Panics
    /// If the rank is below 2.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0, 3.0]]);
    /// assert_eq!(x.t(), Tensor::from([[1.0], [2.0], [3.0]]));
    /// ```
    #[track_caller]
    fn t(&self) -> Self {
        let r = self.shape().rank();
        assert!(r >= 2, "t: a tensor of shape {} has fewer than two axes", self.shape());
        let mut axes: SmallVec<[usize; 4]> = (0..r).collect();
        axes.swap(r - 2, r - 1);
        Self::apply(Permute { axes }, &[Arg::Real(self)]).real()
    }
}

impl<A: Algebra> PermuteExt for A {}
