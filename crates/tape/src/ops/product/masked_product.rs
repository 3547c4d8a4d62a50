//! Matrix products of weights, some of which are hidden.

use crate::error::Error;
use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::reduce::broadcast_to;
use crate::ops::{MatMulExt, PermuteExt, Select};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y = w r`, or `wᵀ r`, with 0 in place of the weights that a mask hides. What a hidden weight stands for is not read: NaN and
/// infinity there reach nothing.
///
/// | argument | shape |
/// | --- | --- |
/// | `w` | `[…, n, m]` |
/// | `r` | `[…, m, f]`; `[…, n, f]` if transposed |
/// | mask | broadcasts to that of `w`; true where a weight counts |
/// | result | `[…, n, f]`; `[…, m, f]` if transposed |
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct MaskedProduct {
    /// Whether it is `wᵀ` that is multiplied.
    pub transposed: bool,
}

impl MaskedProduct {
    #[track_caller]
    pub(crate) fn of<A: Algebra>(self, w: &A, r: &A, mask: &A::Mask) -> A {
        A::apply(self, &[Arg::Real(w), Arg::Real(r), Arg::Mask(mask)]).real()
    }
}

/// Weights `n × m` that are 0 where `sees` does not hold, or their transpose, times rows of width `f`.
pub(crate) fn weigh<F: Float>(
    weights: Matrix<'_, F>,
    rows: Matrix<'_, F>,
    sees: impl Fn(usize, usize) -> bool,
    out: &mut [F],
) {
    if rows.data.iter().all(|x| num_traits::Float::is_finite(*x)) {
        return multiply(weights, rows, out, false);
    }
    out.fill(F::zero());
    // Row by row of the weights as they are stored.
    let f = rows.columns;
    let m = if weights.transposed { weights.rows } else { weights.columns };
    for (at, weight) in weights.data.iter().enumerate() {
        let (i, j) = (at / m, at % m);
        if sees(i, j) {
            let (to, from) = if weights.transposed { (j, i) } else { (i, j) };
            let row = &rows.data[from * f..][..f];
            out[to * f..][..f].iter_mut().zip(row).for_each(|(y, x)| *y += *weight * *x);
        }
    }
}

impl Op for MaskedProduct {
    #[inline]
    fn name(&self) -> String {
        "masked_product".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let transposed = if self.transposed { "ᵀ" } else { "" };
        format!("({} where {}){transposed} · {}", args[0], args[2], args[1])
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Real, Kind::Mask]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (w, r, mask) = (args[0], args[1], args[2]);
        let rank = w.rank();
        let (kept, summed) = if self.transposed { (1, 2) } else { (2, 1) };
        let fits = rank >= 2 && r.rank() == rank && w[..rank - 2] == r[..rank - 2] && w[rank - summed] == r[rank - 2];
        if !fits || !mask.broadcasts_to(w) {
            return Err(Error::shape("masked_product", format!("weights {w}, rows {r} and a mask {mask}")));
        }
        Ok(r.with(rank - 2, w[rank - kept]))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (w, r) = (&a[0], &a[1]);
        let (shape, rank) = (Tensor::shape(w), w.rank());
        let (n, m, f) = (shape[rank - 2], shape[rank - 1], Tensor::shape(r)[rank - 1]);
        let batches = product(&shape[..rank - 2]);
        let mask = broadcast_to(a.mask(2), shape);
        let (from, to) = if self.transposed { (n, m) } else { (m, n) };
        let mut out = Buffer::filled(batches * to * f, F::zero());
        let mut weights = Buffer::any(n * m);
        for b in 0..batches {
            let (w, seen) = (&w.data()[b * n * m..][..n * m], &mask.data()[b * n * m..][..n * m]);
            weights.iter_mut().zip(w.iter().zip(seen)).for_each(|(y, (w, s))| *y = if *s { *w } else { F::zero() });
            let weights = Matrix { data: &weights[..], rows: to, columns: from, transposed: self.transposed };
            let rows =
                Matrix { data: &r.data()[b * from * f..][..from * f], rows: from, columns: f, transposed: false };
            weigh(weights, rows, |i, j| seen[i * m + j], &mut out[b * to * f..][..to * f]);
        }
        Buffer::recycle(weights);
        Tensor::from_parts(Tensor::shape(r).with(rank - 2, to), out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg < 2
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        if arg == 1 {
            return MaskedProduct { transposed: !self.transposed }.of(&a[0], &g, a.mask(2));
        }
        let zero = g.full(Shape::scalar(), 0.0);
        let by_weights = if self.transposed { a[1].matmul(g.t()) } else { g.matmul(a[1].t()) };
        Select::of(a.mask(2), &by_weights, &zero)
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => self.of(&d, &a[1], a.mask(2)),
            _ => self.of(&a[0], &d, a.mask(2)),
        }
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let w = Select::of(a.mask(2), &a[0], &a[0].full(Shape::scalar(), 0.0));
        Some(if self.transposed { w.t() } else { w }.matmul(&a[1]))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements(), args[1].last().copied().unwrap_or(1)])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let mask = || Tensor::from([[true, false, true, true, false], [true, true, true, false, true], [false; 5]]);
        let case = |transposed, w: &[usize], r: &[usize]| {
            Case::of(MaskedProduct { transposed }).real(w).real(r).exactly(mask())
        };
        vec![
            case(false, &[3, 5], &[5, 4]),
            case(true, &[3, 5], &[3, 4]),
            case(false, &[2, 3, 5], &[2, 5, 4]),
            case(true, &[2, 3, 5], &[2, 3, 4]),
            case(false, &[0, 3, 5], &[0, 5, 4]),
        ]
    }
}
