//! The second derivative of the determinant.

use crate::error::Error;
use crate::kernels::factor::matrices;
use crate::kernels::pivots::Pivoted;
use crate::ops::{Cofactors, InverseExt, MatMulExt, PermuteExt, PowerOfTwo, PowiExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

use super::cofactors::together;
use super::{element, regular, square};

/// The derivative of the [`Cofactors`] of `a` in direction `d`, which is a polynomial of `a`, and linear in `d`.
///
/// It is computed with nothing divided by that might be 0, so that it holds at any rank. Being a second derivative, it is
/// symmetric: its own transpose by `d`. By `a`, from four rows on, it has the rules of a regular matrix,
/// `a⁻¹` in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct CofactorsSlope;

impl CofactorsSlope {
    #[track_caller]
    pub(super) fn of<A: Algebra>(a: &A, d: &A) -> A {
        A::apply(CofactorsSlope, &[Arg::Real(a), Arg::Real(d)]).real()
    }
}

/// The third derivative of the determinant in two directions, by the remaining one. Of up to three rows it does not depend on
/// `a`; of more it is that of `⟨d, a⁻ᵀ⟩·c − a⁻ᵀ·dᵀ·c`, which the slope of a regular matrix is, `c` being the cofactors. That is taken at the
/// size 1, and scaled as a polynomial of degree `n − 3`: the cofactors may be no numbers where it is one.
#[track_caller]
fn third<A: Algebra>(a: &A, d: &A, e: &A) -> A {
    match a.shape().last() {
        Some(0..=2) => return a.full(a.shape(), 0.0),
        Some(3) => return CofactorsSlope::of(d, e),
        _ => {}
    }
    let unit = PowerOfTwo::of(a);
    let degree = signed(a.shape().last().copied().unwrap_or(0)) as i32 - 3;
    let a = &(a.clone() / &unit);
    let b = a.inverse().t();
    let c = Cofactors::of(a);
    let dot = |x: &A, y: &A| element(&(x.clone() * y).sum_over([-2, -1]));
    let turned = b.matmul(d.t());
    let first = dot(d, &b) * CofactorsSlope::of(a, e) - dot(e, &c) * turned.matmul(&b);
    let second = turned.matmul(&c).matmul(e.t()).matmul(&b);
    (first + second - CofactorsSlope::of(a, &d.matmul(b.t()).matmul(e))) * unit.powi(degree)
}

impl Op for CofactorsSlope {
    #[inline]
    fn name(&self) -> String {
        "cofactors_slope".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("cofactors_slope", args[0])?;
        match args[0] == args[1] {
            true => Ok(args[0].clone()),
            false => Err(Error::shape("cofactors_slope", format!("a direction of shape {} for {}", args[1], args[0]))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let n = shape[shape.rank() - 1];
        let all = matrices(&a[0]).zip(matrices(&a[1])).flat_map(|(x, d)| {
            let small = match n {
                3 => together(x, d, n)
                    .zip(together(d, x, n))
                    .map(|(a, b)| a.iter().zip(&b).map(|(a, b)| *a + *b).collect()),
                _ => together(x, d, n),
            };
            let found = small.or_else(|| Some(Pivoted::of(x, n)?.slope(d)));
            found.unwrap_or_else(|| vec![F::nan(); n * n])
        });
        Tensor::from_parts(shape.clone(), all.collect()).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => third(&a[0], &a[1], &g),
            _ => CofactorsSlope::of(&a[0], &g),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        self.vjp(arg, d, a, y)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([30, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| {
            let d = x.shape().clone();
            Case::of(CofactorsSlope).exactly(x).real(d)
        };
        vec![
            case(regular(&[3, 3], 0.3)),
            case(regular(&[2, 2, 2], 0.6)),
            case(regular(&[4, 4], 0.1)),
            case(regular(&[1, 1], 0.1)),
            case(Tensor::zeros([0, 2, 2])),
        ]
    }
}
