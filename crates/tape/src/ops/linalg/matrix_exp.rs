//! The exponential of matrices.

use crate::error::Error;
use crate::kernels::factor::matrices;
use crate::kernels::gemm::{Matrix, multiply};
use crate::ops::{PermuteExt, PowerOfTwo, SliceExt, concat};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

use super::{regular, square};

/// `exp(a) = Σ aᵏ/k!` of square matrices, by scaling, a Padé approximant and squaring (Higham, "The scaling and squaring
/// method for the matrix exponential revisited", 2005).
///
/// Rules: the derivative at `a` in direction `e` is the upper right block of `exp([[a, e], [0, a]])` (Mathias 1996; Al-Mohy and
/// Higham, "Computing the Fréchet derivative of the matrix exponential", 2009, equation 1.2), and the cotangent is that at
/// `aᵀ` in direction `g`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MatrixExp;

impl MatrixExp {
    #[track_caller]
    fn of<A: Algebra>(a: &A) -> A {
        A::apply(MatrixExp, &[Arg::Real(a)]).real()
    }
}

/// The derivative at `a` in direction `e`, which is linear in it: it is taken in one of ordinary size, beside which neither
/// `a` nor the direction is lost.
#[track_caller]
fn derivative<A: Algebra>(a: &A, e: &A) -> A {
    let n = a.shape()[a.shape().rank() - 1];
    let zero = a.full(a.shape(), 0.0);
    let size = PowerOfTwo::of(e);
    let ordinary = e.clone() / &size;
    let blocks = concat(&[&concat(&[a, &ordinary], -1), &concat(&[&zero, a], -1)], -2);
    MatrixExp::of(&blocks).slice(-2, 0..n).slice(-1, n..2 * n) * size
}

/// Coefficients of the numerator of each Padé approximant, and the norm up to which its error is below the unit roundoff
/// of `f64` (Higham 2005, table 2.3 and section 3).
const PADE: [(f64, &[f64]); 5] = [
    (1.495585217958292e-2, &[120.0, 60.0, 12.0, 1.0]),
    (2.53939833006323e-1, &[30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0]),
    (9.504178996162932e-1, &[17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0]),
    (
        2.097847961257068,
        &[17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0, 3960.0, 90.0, 1.0],
    ),
    (
        5.371920351148152,
        &[
            64764752532480000.0,
            32382376266240000.0,
            7771770303897600.0,
            1187353796428800.0,
            129060195264000.0,
            10559470521600.0,
            670442572800.0,
            33522128640.0,
            1323241920.0,
            40840800.0,
            960960.0,
            16380.0,
            182.0,
            1.0,
        ],
    ),
];

fn product<F: Float>(a: &[F], b: &[F], n: usize) -> Vec<F> {
    let of = |data| Matrix { data, rows: n, columns: n, transposed: false };
    let mut c = vec![F::zero(); n * n];
    multiply(of(a), of(b), &mut c, false);
    c
}

/// The exponential of one matrix.
fn exponential<F: Float>(a: &[F], n: usize) -> Vec<F> {
    let norm = (0..n)
        .map(|j| (0..n).map(|i| num_traits::Float::abs(a[i * n + j]).to_f64()).sum::<f64>())
        .fold(0.0, |largest: f64, sum| if sum.is_nan() { sum } else { largest.max(sum) });
    if !norm.is_finite() {
        return vec![F::nan(); n * n];
    }
    let (bound, coefficients) = PADE.iter().find(|(bound, _)| norm <= *bound).unwrap_or(&PADE[4]);
    let halvings = if norm > *bound { (norm / bound).log2().ceil() as i32 } else { 0 };
    let scale = F::from_f64(0.5_f64.powi(halvings));
    let a: Vec<F> = a.iter().map(|x| *x * scale).collect();
    // Even powers of `a` with their coefficients make the part that numerator and denominator share, odd ones the part
    // of which they have opposite signs.
    let squared = product(&a, &a, n);
    let mut power: Vec<F> = (0..n * n).map(|k| if k / n == k % n { F::one() } else { F::zero() }).collect();
    let (mut even, mut odd) = (vec![F::zero(); n * n], vec![F::zero(); n * n]);
    for (k, pair) in coefficients.chunks(2).enumerate() {
        if k > 0 {
            power = product(&power, &squared, n);
        }
        for (sum, c) in [&mut even, &mut odd].into_iter().zip(pair) {
            sum.iter_mut().zip(&power).for_each(|(s, p)| *s += F::from_f64(*c) * *p);
        }
    }
    let odd = product(&a, &odd, n);
    let numerator: Vec<F> = even.iter().zip(&odd).map(|(e, o)| *e + *o).collect();
    let denominator: Vec<F> = even.iter().zip(&odd).map(|(e, o)| *e - *o).collect();
    let approximant = F::lu(&denominator, n).solve(&numerator, n);
    (0..halvings).fold(approximant, |y, _| product(&y, &y, n))
}

impl Op for MatrixExp {
    #[inline]
    fn name(&self) -> String {
        "matrix_exp".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        square("matrix_exp", args[0]).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let n = shape[shape.rank() - 1];
        let all = matrices(&a[0]).flat_map(|x| exponential(x, n)).collect();
        Tensor::from_parts(shape.clone(), all).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        derivative(&a[0].t(), &g)
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        derivative(&a[0], &d)
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        work([20, y.len_elements(), args[0].last().copied().unwrap_or(0)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |x: Tensor<f64>| Case::of(MatrixExp).exactly(x);
        vec![
            case(regular(&[3, 3], 0.2)),
            case(regular(&[2, 2, 2], 0.6) * 0.01),
            case(Tensor::from([[0.0, 4.0], [-4.0, 1.0]])),
            case(Tensor::from([[0.0, 1.0], [0.0, 0.0]])),
            case(regular(&[1, 1], 0.1)),
            case(Tensor::zeros([0, 2, 2])),
        ]
    }
}

/// The method of [`MatrixExp`].
pub trait MatrixExpExt: Algebra {
    /// `exp(a) = Σ aᵏ/k!` of square matrices `[…, n, n]`; not the exponential of each element. Cost: about `20·n³` operations
    /// for each and `2·n³` more for each doubling of its norm; a derivative is the same for matrices of twice the side.
    ///
    /// # Panics
    /// If the last two lengths differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let quarter_turn = (Tensor::from([[0.0, -1.0], [1.0, 0.0]]) * std::f64::consts::FRAC_PI_2).matrix_exp();
    /// let expected = Tensor::from([[0.0, -1.0], [1.0, 0.0]]);
    /// assert!((quarter_turn - expected).data().iter().all(|x: &f64| x.abs() < 1e-15));
    /// ```
    #[track_caller]
    fn matrix_exp(&self) -> Self {
        MatrixExp::of(self)
    }
}

impl<A: Algebra> MatrixExpExt for A {}
