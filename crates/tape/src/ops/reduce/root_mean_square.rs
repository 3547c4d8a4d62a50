//! Lengths: roots of sums of squares.

use crate::error::Error;
use crate::kernels::groups::Groups;
use crate::ops::{CompareExt, SqrtExt, SumTo, SumToExt, chain, select};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y = √(Σ x² / terms)` over the axes along which a tensor of the given shape would repeat: the Euclidean norm with 1, the
/// root mean square with the number of terms, of numbers less their mean the standard deviation. No square overflows or
/// vanishes on the way. Where `y` is 0, so is its derivative.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct RootMeanSquare {
    /// The shape of the result, which broadcasts to that of `x`.
    pub shape: Shape,
    /// What the sum of squares is divided by.
    pub terms: f64,
}

impl RootMeanSquare {
    #[track_caller]
    pub(crate) fn of<A: Algebra>(self, x: &A) -> A {
        A::apply(self, &[Arg::Real(x)]).real()
    }

    /// `x / y`, which times `1 / terms` is the derivative: neither is squared.
    #[track_caller]
    fn direction<A: Algebra>(&self, x: &A, y: &A) -> A {
        let one = x.full(Shape::scalar(), 1.0);
        x.clone() / select(y.equal(0.0), &one, y)
    }
}

impl Op for RootMeanSquare {
    #[inline]
    fn name(&self) -> String {
        "root_mean_square".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("√(sum_to({}², {}) / {})", args[0], self.shape, self.terms)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        SumTo { shape: self.shape.clone() }.shape(args)
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let groups = Groups::new(Tensor::shape(&a[0]), &self.shape);
        let centres = Buffer::filled(self.shape.len_elements(), F::zero());
        let roots = groups.roots(a[0].data(), &centres, self.terms);
        Buffer::recycle(centres);
        Tensor::from_parts(self.shape.clone(), roots).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        chain(&g, &self.direction(&a[0], y)) / self.terms
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        chain(&d, &self.direction(&a[0], y)).sum_to(&self.shape) / self.terms
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some(((a[0].clone() * &a[0]).sum_to(&self.shape) / self.terms).sqrt())
    }

    #[inline]
    fn at_kinks(&self) -> &'static str {
        "Where the result is 0 the derivative is 0."
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements()])
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let of = |to: &[usize], terms| Case::of(RootMeanSquare { shape: Shape::from(to), terms });
        vec![
            of(&[3, 1], 1.0).real([2, 3, 5]),
            of(&[], 6.0).real([2, 3]),
            of(&[2, 1], 1.0).real([2, 3]),
            of(&[3], 2.0).real([2, 3]),
            of(&[2, 1], 1.0).exactly(Tensor::from([[0.0, 0.0], [0.0, 1.5]])).at_kink(),
        ]
    }
}
