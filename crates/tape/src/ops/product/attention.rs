//! Scaled dot-product attention.

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::gemm::{Matrix, multiply};
use crate::kernels::reduce::broadcast_to;
use crate::kernels::running::{sum, sum_of};
use crate::ops::masked_product::weigh;
use crate::ops::softmax;
use crate::ops::{Logical, MaskedProduct, MatMulExt, PermuteExt, Select, SoftmaxExt, SumExt};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::operand::{MaskOperand, Operand};
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y = softmax(scale · q kᵀ) v` (Vaswani et al. 2017), where what is masked has probability 0.
///
/// | argument | shape |
/// | --- | --- |
/// | `q` | `[…, n, e]` |
/// | `k` | `[…, m, e]` |
/// | `v` | `[…, m, f]` |
/// | mask, if there is one | broadcasts to `[…, n, m]`; true where attention may fall |
/// | result | `[…, n, f]` |
///
/// A query that may attend to nothing gets zeros. What is masked is not read: NaN and infinity there reach nothing. The probabilities are not kept: [`AttentionInput`], its rule, computes
/// them again.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Attention {
    /// What the products are multiplied by.
    pub scale: f64,
    /// Whether query `i` sees the keys up to `i` alone.
    pub causal: bool,
}

/// The cotangent of `q`, `k` or `v` in [`Attention`], from that of the result, which is the first argument.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct AttentionInput {
    /// The attention.
    pub of: Attention,
    /// 0 for `q`, 1 for `k`, 2 for `v`.
    pub slot: usize,
}

/// Batches, queries, keys, and the widths of keys and values.
struct Sizes {
    batches: usize,
    n: usize,
    m: usize,
    e: usize,
    f: usize,
}

impl Attention {
    /// The shape of the probabilities, or what does not fit.
    #[inline]
    fn scores(args: &[&Shape]) -> Result<Shape, Error> {
        let (q, k, v) = (args[0], args[1], args[2]);
        let r = q.rank();
        let fits = r >= 2 && k.rank() == r && v.rank() == r && q[..r - 2] == k[..r - 2] && q[..r - 2] == v[..r - 2];
        if !fits || q[r - 1] != k[r - 1] || k[r - 2] != v[r - 2] {
            let message = format!("queries {q}, keys {k} and values {v} are not […, n, e], […, m, e] and […, m, f]");
            return Err(Error::shape("attention", message));
        }
        let scores = q.with(r - 1, k[r - 2]);
        match args.get(3) {
            Some(mask) if !mask.broadcasts_to(&scores) => {
                Err(Error::shape("attention", format!("a mask {mask} does not broadcast to {scores}")))
            }
            _ => Ok(scores),
        }
    }

    fn sizes<F: Float>(q: &Tensor<F>, k: &Tensor<F>, v: &Tensor<F>) -> Sizes {
        let (q, k, v) = (Tensor::shape(q), Tensor::shape(k), Tensor::shape(v));
        let r = q.rank();
        Sizes { batches: product(&q[..r - 2]), n: q[r - 2], m: k[r - 2], e: q[r - 1], f: v[r - 1] }
    }

    /// Calls `f` with the number of each batch, its probabilities, and which key each query sees.
    fn for_each_batch<F: Float>(
        &self,
        (q, k): (&Tensor<F>, &Tensor<F>),
        s: &Sizes,
        mask: Option<&Tensor<bool>>,
        mut f: impl FnMut(usize, &mut [F], &dyn Fn(usize, usize) -> bool),
    ) {
        let Sizes { n, m, e, .. } = *s;
        let scale = F::from_f64(self.scale);
        let whole = Tensor::shape(q).with(q.rank() - 1, m);
        let mask = mask.map(|mask| broadcast_to(mask, &whole));
        let mut p = Buffer::filled(n * m, F::zero());
        for b in 0..s.batches {
            multiply(rows(q, b, n, e), columns(k, b, m, e), &mut p, false);
            let seen = mask.as_ref().map(|mask| &mask.data()[b * n * m..][..n * m]);
            let sees = |i: usize, j: usize| seen.is_none_or(|seen| seen[i * m + j]) && (!self.causal || j <= i);
            for (i, row) in p.chunks_exact_mut(m.max(1)).enumerate() {
                if row.iter().enumerate().any(|(j, x)| sees(i, j) && !num_traits::Float::is_finite(*x)) {
                    let k = &k.data()[b * m * e..][..m * e];
                    scaled_products(&q.data()[(b * n + i) * e..][..e], k, row, self.scale, |j| sees(i, j));
                    softmax_of(row, F::one(), |j| sees(i, j));
                } else {
                    softmax_of(row, scale, |j| sees(i, j));
                }
            }
            f(b, &mut p, &sees);
        }
        Buffer::recycle(p);
    }

    /// Which key each query sees, as one mask; none if it sees all.
    #[track_caller]
    fn seen<A: Algebra>(&self, q: &A, k: &A, mask: Option<&A::Mask>) -> Option<A::Mask> {
        let (n, m) = (q.shape()[q.shape().rank() - 2], k.shape()[k.shape().rank() - 2]);
        let causal = || q.mask(Tensor::new([n, m], (0..n * m).map(|at| at % m <= at / m).collect()));
        match (mask, self.causal) {
            (None, false) => None,
            (None, true) => Some(causal()),
            (Some(mask), false) => Some(mask.clone()),
            (Some(mask), true) => Some(A::apply(Logical::And, &[Arg::Mask(mask), Arg::Mask(&causal())]).mask()),
        }
    }

    /// The probabilities.
    #[track_caller]
    fn probabilities<A: Algebra>(&self, q: &A, k: &A, seen: Option<&A::Mask>) -> A {
        let scores = q.matmul(k.t()) * self.scale;
        let Some(seen) = seen else { return scores.softmax(-1) };
        // A finite number, so that a query that sees nothing has numbers on the way to its zeros; below any score that an f32 holds.
        let (low, zero) = (q.full(Shape::scalar(), f64::from(f32::MIN)), q.full(Shape::scalar(), 0.0));
        Select::of(seen, &Select::of(seen, &scores, &low).softmax(-1), &zero)
    }

    /// The tangent of the probabilities along a tangent `h` of `q` (argument 0) or `k` (1).
    #[track_caller]
    fn probability_tangent<A: Algebra>(&self, p: &A, arg: usize, h: &A, [q, k]: [&A; 2], seen: Option<&A::Mask>) -> A {
        let scores = if arg == 0 { products(h, k, seen) } else { products(q, h, seen) } * self.scale;
        centred(p, &scores)
    }

    /// The tangent of the result along a tangent `h` of argument `arg`.
    #[track_caller]
    fn tangent<A: Algebra>(&self, arg: usize, h: &A, [q, k, v]: [&A; 3], mask: Option<&A::Mask>) -> A {
        let seen = self.seen(q, k, mask);
        let seen = seen.as_ref();
        let p = self.probabilities(q, k, seen);
        match arg {
            2 => weighted(&p, h, seen),
            _ => weighted(&self.probability_tangent(&p, arg, h, [q, k], seen), v, seen),
        }
    }

    #[track_caller]
    fn apply<A: Algebra>(&self, args: [&A; 3], mask: Option<&A::Mask>) -> A {
        apply(*self, &args, mask)
    }
}

#[track_caller]
fn apply<A: Algebra, O: Op>(op: O, args: &[&A], mask: Option<&A::Mask>) -> A {
    let args: Vec<Arg<'_, A>> = args.iter().map(|a| Arg::Real(*a)).chain(mask.map(Arg::Mask)).collect();
    A::apply(op, &args).real()
}

/// `a bᵀ`, with 0 for what is not seen, which is not read.
#[track_caller]
fn products<A: Algebra>(a: &A, b: &A, seen: Option<&A::Mask>) -> A {
    let products = a.matmul(b.t());
    match seen {
        Some(seen) => Select::of(seen, &products, &a.full(Shape::scalar(), 0.0)),
        None => products,
    }
}

/// `w r`, without what is not seen.
#[track_caller]
fn weighted<A: Algebra>(w: &A, r: &A, seen: Option<&A::Mask>) -> A {
    match seen {
        Some(seen) => MaskedProduct { transposed: false }.of(w, r, seen),
        None => w.matmul(r),
    }
}

/// `wᵀ r`, without what is not seen.
#[track_caller]
fn weighted_by_transpose<A: Algebra>(w: &A, r: &A, seen: Option<&A::Mask>) -> A {
    match seen {
        Some(seen) => MaskedProduct { transposed: true }.of(w, r, seen),
        None => w.t().matmul(r),
    }
}

/// `p ∘ (x − Σ p x)`, row by row: what the softmax's derivative makes of `x`.
#[track_caller]
fn centred<A: Algebra>(p: &A, x: &A) -> A {
    softmax::centred(x, p, p.shape().rank() - 1)
}

/// The mask, which is the argument after the numbers.
#[track_caller]
fn mask_of<'a, A: Algebra>(a: Args<'a, A>, numbers: usize) -> Option<&'a A::Mask> {
    (a.len() > numbers).then(|| a.mask(numbers))
}

/// Matrix `b` of a batch of `n × e`.
fn rows<F: Float>(x: &Tensor<F>, b: usize, n: usize, e: usize) -> Matrix<'_, F> {
    Matrix { data: &x.data()[b * n * e..][..n * e], rows: n, columns: e, transposed: false }
}

/// The transpose of matrix `b` of a batch of `n × e`.
fn columns<F: Float>(x: &Tensor<F>, b: usize, n: usize, e: usize) -> Matrix<'_, F> {
    Matrix { rows: e, columns: n, transposed: true, ..rows(x, b, n, e) }
}

/// The products of a query and the keys times the scale, less the largest: where products leave the range of numbers, their
/// differences may not, and what is far below the largest has probability 0. Taken of numbers near 1, whose size comes back
/// behind the difference. Nothing is done where a number that is seen is not finite itself.
#[cold]
fn scaled_products<F: Float>(q: &[F], k: &[F], row: &mut [F], scale: f64, sees: impl Fn(usize) -> bool) {
    let e = q.len();
    let largest = |x: &[F]| x.iter().fold(0.0, |most: f64, x| f64::max(most, Float::to_f64(*x).abs()));
    let seen: Vec<usize> = (0..row.len()).filter(|j| sees(*j)).collect();
    let key = |j: usize| &k[j * e..][..e];
    let finite = |x: &[F]| x.iter().all(|x| num_traits::Float::is_finite(*x));
    if !finite(q) || !seen.iter().all(|j| finite(key(*j))) {
        return row.iter_mut().for_each(|x| *x *= F::from_f64(scale));
    }
    let (size_q, size_k) = (largest(q), seen.iter().map(|j| largest(key(*j))).fold(0.0, f64::max));
    let product = |j: usize| {
        q.iter().zip(key(j)).map(|(q, k)| (Float::to_f64(*q) / size_q) * (Float::to_f64(*k) / size_k)).sum::<f64>()
    };
    let products: Vec<f64> = seen.iter().map(|j| scale.signum() * product(*j)).collect();
    let most = products.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (j, product) in seen.into_iter().zip(products) {
        row[j] = F::from_f64((product - most) * scale.abs() * size_q * size_k);
    }
}

/// The softmax of `scale · row` over what is seen; zeros elsewhere, and everywhere if nothing is.
fn softmax_of<F: Float>(row: &mut [F], scale: F, sees: impl Fn(usize) -> bool) {
    let mut largest = F::neg_infinity();
    for (j, x) in row.iter_mut().enumerate() {
        *x = if sees(j) { *x * scale } else { F::neg_infinity() };
        largest = num_traits::Float::max(largest, *x);
    }
    if largest == F::neg_infinity() && !row.iter().any(|x| num_traits::Float::is_nan(*x)) {
        return row.fill(F::zero());
    }
    row.iter_mut().for_each(|x| *x = num_traits::Float::exp(*x - largest));
    let sum = sum(row);
    // Not what is hidden, which is 0 also where a score that is seen is NaN.
    row.iter_mut().enumerate().filter(|(j, _)| sees(*j)).for_each(|(_, x)| *x /= sum);
}

impl Op for Attention {
    #[inline]
    fn name(&self) -> String {
        "attention".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let causal = if self.causal { ", causal" } else { "" };
        format!("attention({}{causal})", args.join(", "))
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Real, Kind::Real, Kind::Real], &[Kind::Real, Kind::Real, Kind::Real, Kind::Mask]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let scores = Attention::scores(args)?;
        let r = scores.rank();
        Ok(scores.with(r - 1, args[2][r - 1]))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (q, k, v) = (&a[0], &a[1], &a[2]);
        let s = Attention::sizes(q, k, v);
        let Sizes { n, m, f, .. } = s;
        let mut out = Buffer::filled(s.batches * n * f, F::zero());
        self.for_each_batch((q, k), &s, mask_of(a, 3), |b, p, sees| {
            let p = Matrix { data: p, rows: n, columns: m, transposed: false };
            weigh(p, rows(v, b, m, f), sees, &mut out[b * n * f..][..n * f]);
        });
        Tensor::from_parts(Tensor::shape(q).with(q.rank() - 1, f), out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        arg < 3
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        apply(AttentionInput { of: *self, slot: arg }, &[&g, &a[0], &a[1], &a[2]], mask_of(a, 3))
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        self.tangent(arg, &d, [&a[0], &a[1], &a[2]], mask_of(a, 3))
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let seen = self.seen(&a[0], &a[1], mask_of(a, 3));
        Some(weighted(&self.probabilities(&a[0], &a[1], seen.as_ref()), &a[2], seen.as_ref()))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        let (q, r) = (args[0], args[0].rank());
        let m = args[1][r - 2];
        let softmax = work([24, q.len_elements() / q[r - 1].max(1), m]);
        work([2, y.len_elements(), m]).saturating_add(work([2, q.len_elements(), m])).saturating_add(softmax)
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |causal, q: &[usize], k: &[usize], v: &[usize]| {
            Case::of(Attention { scale: 0.6, causal }).real(q).real(k).real(v)
        };
        let mask = || Tensor::from([[true, false, true, true, false], [true, true, true, false, true], [false; 5]]);
        vec![
            case(false, &[3, 2], &[5, 2], &[5, 4]),
            case(true, &[3, 2], &[5, 2], &[5, 4]),
            case(false, &[2, 3, 2], &[2, 5, 2], &[2, 5, 4]),
            case(true, &[2, 3, 2], &[2, 5, 2], &[2, 5, 4]).exactly(mask()),
            case(false, &[3, 2], &[5, 2], &[5, 4]).exactly(mask()),
            case(false, &[0, 3, 2], &[0, 5, 2], &[0, 5, 4]),
        ]
    }
}

impl Op for AttentionInput {
    #[inline]
    fn name(&self) -> String {
        format!("attention_{}", ["q", "k", "v"].get(self.slot).unwrap_or(&"input"))
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let causal = if self.of.causal { ", causal" } else { "" };
        format!("{}({}{causal})", self.name(), args.join(", "))
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[
            &[Kind::Real, Kind::Real, Kind::Real, Kind::Real],
            &[Kind::Real, Kind::Real, Kind::Real, Kind::Real, Kind::Mask],
        ])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if self.slot > 2 {
            return Err(Error::shape(self.name(), format!("slot {}: 0 is q, 1 is k, 2 is v", self.slot)));
        }
        let y = self.of.shape(&args[1..])?;
        if *args[0] != y {
            return Err(Error::shape(self.name(), format!("a cotangent {} for {y}", args[0])));
        }
        Ok(args[1 + self.slot].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let (g, q, k, v) = (&a[0], &a[1], &a[2], &a[3]);
        let s = Attention::sizes(q, k, v);
        let Sizes { n, m, e, f, .. } = s;
        let x = [q, k, v][self.slot];
        let size = x.len().checked_div(s.batches).unwrap_or(0);
        let mut out = Buffer::filled(x.len(), F::zero());
        let scale = F::from_f64(self.of.scale);
        let mut scores = Buffer::filled(if self.slot == 2 { 0 } else { product(&[n, m]) }, F::zero());
        self.of.for_each_batch((q, k), &s, mask_of(a, 4), |b, p, sees| {
            let out = &mut out[b * size..][..size];
            // A query whose cotangent is 0 gives nothing, whatever its numbers are.
            let silent: Vec<bool> =
                (0..n).map(|i| g.data()[(b * n + i) * f..][..f].iter().all(|g| *g == F::zero())).collect();
            let sees = |i: usize, j: usize| sees(i, j) && !silent[i];
            for (row, _) in p.chunks_exact_mut(m.max(1)).zip(&silent).filter(|(_, silent)| **silent) {
                row.fill(F::zero());
            }
            if self.slot == 2 {
                let transposed = Matrix { data: p, rows: m, columns: n, transposed: true };
                return weigh(transposed, rows(g, b, n, f), sees, out);
            }
            multiply(rows(g, b, n, f), columns(v, b, m, f), &mut scores, false);
            for (i, (row, p)) in scores.chunks_exact_mut(m.max(1)).zip(p.chunks_exact(m.max(1))).enumerate() {
                row.iter_mut().enumerate().filter(|(j, _)| !sees(i, *j)).for_each(|(_, g)| *g = F::zero());
                // As in the softmax's own rule: beside the likeliest key, whose 1 − p keeps its digits then.
                let likeliest = (0..m).fold(0, |at, j| if p[j] > p[at] { j } else { at });
                if let Some(beside) = row.get(likeliest).copied() {
                    row.iter_mut().enumerate().filter(|(j, _)| sees(i, *j)).for_each(|(_, g)| *g -= beside);
                }
                let total = sum_of(m, |j| row[j] * p[j]);
                row.iter_mut().zip(p).for_each(|(g, p)| *g = scale * *p * (*g - total));
                // Of NaN nothing comes to what is hidden.
                row.iter_mut().enumerate().filter(|(j, _)| !sees(i, *j)).for_each(|(_, g)| *g = F::zero());
            }
            match self.slot {
                0 => {
                    let scores = Matrix { data: &scores[..], rows: n, columns: m, transposed: false };
                    weigh(scores, rows(k, b, m, e), sees, out);
                }
                _ => {
                    let scores = Matrix { data: &scores[..], rows: m, columns: n, transposed: true };
                    weigh(scores, rows(q, b, n, e), sees, out);
                }
            }
        });
        Buffer::recycle(scores);
        Tensor::from_parts(Tensor::shape(x).clone(), out).into()
    }

    #[inline]
    fn active(&self, arg: usize) -> bool {
        // The cotangent of v is pᵀ g, whatever v is.
        arg < 3 || arg == 3 && self.slot != 2
    }

    // With F = ⟨g, attention(q, k, v)⟩ this operation is ∂F/∂(q, k or v). Its derivative by another argument, applied to
    // `h` from either side, is a second derivative of F, and those are symmetric.

    fn vjp<A: Algebra>(&self, arg: usize, h: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => self.of.tangent(self.slot, &h, [&a[1], &a[2], &a[3]], mask_of(a, 4)),
            _ => AttentionInput { slot: arg - 1, ..*self }.along(self.slot + 1, &h, a),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => apply(*self, &[&d, &a[1], &a[2], &a[3]], mask_of(a, 4)),
            _ => self.along(arg, &d, a),
        }
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let (g, q, k, v) = (&a[0], &a[1], &a[2], &a[3]);
        let seen = self.of.seen(q, k, mask_of(a, 4));
        let seen = seen.as_ref();
        let p = self.of.probabilities(q, k, seen);
        let scores = || centred(&p, &products(g, v, seen)) * self.of.scale;
        Some(match self.slot {
            0 => weighted(&scores(), k, seen),
            1 => weighted_by_transpose(&scores(), q, seen),
            _ => weighted_by_transpose(&p, g, seen),
        })
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        let products = if self.slot == 2 { 1 } else { 2 };
        self.of.flops(&args[1..], args[0]).saturating_mul(products)
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let mask = Tensor::from([[true, false, true, true, false], [true, true, true, false, true], [false; 5]]);
        let mut cases = Vec::new();
        for slot in 0..3 {
            let case = |causal, batch: &[usize]| {
                let shape = |n: usize, m: usize| Shape::from([batch, &[n, m]].concat());
                let of = Attention { scale: 0.6, causal };
                let case = Case::of(AttentionInput { of, slot });
                case.real(shape(3, 4)).real(shape(3, 2)).real(shape(5, 2)).real(shape(5, 4))
            };
            cases.extend([
                case(false, &[]),
                case(true, &[2]),
                case(false, &[2]).exactly(mask.clone()),
                case(false, &[0]),
            ]);
        }
        cases
    }
}

impl AttentionInput {
    /// The tangent of this cotangent along a tangent `h` of argument 1 (`q`), 2 (`k`) or 3 (`v`).
    #[track_caller]
    fn along<A: Algebra>(&self, arg: usize, h: &A, a: Args<'_, A>) -> A {
        let (g, q, k, v) = (&a[0], &a[1], &a[2], &a[3]);
        let scale = self.of.scale;
        let seen = self.of.seen(q, k, mask_of(a, 4));
        let seen = seen.as_ref();
        let p = self.of.probabilities(q, k, seen);
        let dp = || self.of.probability_tangent(&p, arg - 1, h, [q, k], seen);
        if self.slot == 2 {
            return weighted_by_transpose(&dp(), g, seen);
        }
        // scores = p ∘ (gp − Σ p gp) with gp = g vᵀ
        let gp = products(g, v, seen);
        let d_scores = match arg {
            3 => centred(&p, &products(g, h, seen)),
            _ => {
                let dp = dp();
                let mean = (p.clone() * &gp).sum_keeping(-1);
                let change = (dp.clone() * &gp).sum_keeping(-1);
                dp * (gp.clone() - mean) - p.clone() * change
            }
        };
        let scores = || centred(&p, &gp);
        let tangent = match (self.slot, arg) {
            (0, 2) => weighted(&d_scores, k, seen) + weighted(&scores(), h, seen),
            (0, _) => weighted(&d_scores, k, seen),
            (_, 1) => weighted_by_transpose(&d_scores, q, seen) + weighted_by_transpose(&scores(), h, seen),
            _ => weighted_by_transpose(&d_scores, q, seen),
        };
        tangent * scale
    }
}

/// The methods of [`Attention`].
pub trait AttentionExt: Algebra {
    /// `softmax(q kᵀ / √e) v`, with `self` the queries: PyTorch's `scaled_dot_product_attention`.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self` | `[…, n, e]` |
    /// | `k` | `[…, m, e]` |
    /// | `v` | `[…, m, f]` |
    /// | result | `[…, n, f]` |
    ///
    /// With `causal`, query `i` sees the keys up to `i` alone. Two matrix products forward, eight backward, and none of
    /// the `n × m` probabilities is kept.
    ///
    /// # Panics
    /// If the shapes do not fit; batches are not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (q, k) = (Tensor::from([[0.0], [1.0]]), Tensor::from([[3.0_f64.ln()], [0.0]]));
    /// let v = Tensor::from([[4.0], [8.0]]);
    /// let y = q.scaled_dot_product_attention(&k, &v, false);
    /// assert!((y - Tensor::from([[6.0], [5.0]])).abs().max().item() < 1e-14);
    /// assert_eq!(q.scaled_dot_product_attention(&k, &v, true)[[0, 0]], 4.0);
    /// ```
    #[track_caller]
    fn scaled_dot_product_attention(&self, k: impl Operand<Self>, v: impl Operand<Self>, causal: bool) -> Self {
        let _called = called("scaled_dot_product_attention");
        attention(causal, self).apply([self, &k.beside(self), &v.beside(self)], None)
    }

    /// [`scaled_dot_product_attention`](Self::scaled_dot_product_attention) where the mask says which keys each query may
    /// see; with `causal`, both must allow it. A query that may see nothing gets zeros.
    ///
    /// # Panics
    /// If the shapes do not fit; the mask broadcasts to `[…, n, m]`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (q, k, v) = (Tensor::from([[0.0], [1.0]]), Tensor::from([[3.0], [0.0]]), Tensor::from([[4.0], [8.0]]));
    /// let mask = Tensor::from([[false, true], [false, false]]);
    /// assert_eq!(q.masked_attention(&k, &v, mask, false), Tensor::from([[8.0], [0.0]]));
    /// ```
    #[track_caller]
    fn masked_attention(
        &self,
        k: impl Operand<Self>,
        v: impl Operand<Self>,
        mask: impl MaskOperand<Self>,
        causal: bool,
    ) -> Self {
        let _called = called("masked_attention");
        let mask = mask.beside(self);
        attention(causal, self).apply([self, &k.beside(self), &v.beside(self)], Some(&mask))
    }
}

impl<A: Algebra> AttentionExt for A {}

/// Attention with the usual scale, `1 / √e`.
#[track_caller]
fn attention<A: Algebra>(causal: bool, q: &A) -> Attention {
    let width = q.shape().last().copied().unwrap_or(1);
    Attention { scale: 1.0 / (width as f64).sqrt(), causal }
}
