//! The cross-entropy of targets and the softmax, with its rule: one pass over each row.

use crate::error::Error;
use crate::kernels::pairs;
use crate::kernels::rows::beside_largest;
use crate::kernels::running::{sum, sum_of};
use crate::ops::softmax::{beside_likeliest, centred};
use crate::ops::{LogSoftmaxExt, ReshapeExt, SoftmaxExt, SumExt, SumToExt, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

/// `y = Σ t (ln Σ exp(x) − x)` along an axis: the cross-entropy of the targets `t` and the softmax of `x`. A target of 0
/// counts for nothing, whatever stands beside it. [`SoftmaxCrossEntropyInput`] is its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SoftmaxCrossEntropy {
    /// The axis, which the result does not have.
    pub axis: usize,
}

/// The cotangent of `x` in [`SoftmaxCrossEntropy`]: `g · (softmax(x) Σ t − t)`, of which `g` is the first argument. Where
/// all targets are 0 it is 0, whatever `g` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct SoftmaxCrossEntropyInput {
    /// The axis, which `g` does not have.
    pub axis: usize,
}

/// Where the largest number of a row is, that number, and the logarithm of the sum of exponentials less that.
fn parts<F: Float>(x: &[F]) -> (usize, F, F) {
    let (at, others) = beside_largest(x);
    // With no finite largest term there is nothing to take out, and ∞ − ∞ must not arise.
    match x.get(at).copied().filter(|largest| num_traits::Float::is_finite(*largest)) {
        // The largest term is 1, which would take the digits of all others.
        Some(largest) => (at, largest, num_traits::Float::ln_1p(others)),
        None => (at, F::zero(), num_traits::Float::ln(sum_of(x.len(), |i| num_traits::Float::exp(x[i])))),
    }
}

/// `x` with an axis of length 1.
#[track_caller]
fn keep<A: Algebra>(x: &A, like: &A, axis: usize) -> A {
    ReshapeExt::reshape(x, like.shape().with(axis, 1))
}

impl SoftmaxCrossEntropy {
    #[track_caller]
    pub(super) fn of<A: Algebra>(self, x: &A, t: &A) -> A {
        A::apply(self, &[Arg::Real(x), Arg::Real(t)]).real()
    }

    #[track_caller]
    fn input<A: Algebra>(self, g: &A, x: &A, t: &A) -> A {
        let op = SoftmaxCrossEntropyInput { axis: self.axis };
        A::apply(op, &[Arg::Real(g), Arg::Real(x), Arg::Real(t)]).real()
    }
}

impl Op for SoftmaxCrossEntropy {
    #[inline]
    fn name(&self) -> String {
        "softmax_cross_entropy".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("softmax_cross_entropy({}, {}, axis {})", args[0], args[1], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let (x, t) = (args[0], args[1]);
        if x != t || self.axis >= x.rank() {
            let message = format!("outputs {x} and targets {t} along axis {}", self.axis);
            return Err(Error::shape("softmax_cross_entropy", message));
        }
        Ok(x.without(self.axis))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let loss = |x: &[F], t: &[F]| {
            let (_, largest, ln) = parts(x);
            let term = |i: usize| if t[i] == F::zero() { F::zero() } else { t[i] * (ln - (x[i] - largest)) };
            sum_of(x.len(), term)
        };
        pairs::fold(&a[0], &a[1], self.axis, loss).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        match arg {
            0 => self.input(&g, &a[0], &a[1]),
            _ => -(a[0].log_softmax(signed(self.axis)) * keep(&g, &a[0], self.axis)),
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => chain(&d, &self.input(&y.full(y.shape(), 1.0), &a[0], &a[1])).sum_over(self.axis),
            _ => self.of(&a[0], &d),
        }
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some(-(a[0].log_softmax(signed(self.axis)) * &a[1]).sum_over(self.axis))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([25, args[0].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, x: &[usize]| Case::of(SoftmaxCrossEntropy { axis }).real(x).within(x, (0.0, 1.0));
        vec![case(1, &[2, 3]), case(1, &[2, 3, 5]), case(0, &[5]), case(0, &[3, 2]), case(1, &[0, 3])]
    }
}

impl Op for SoftmaxCrossEntropyInput {
    #[inline]
    fn name(&self) -> String {
        "softmax_cross_entropy_input".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("softmax_cross_entropy_input({}, axis {})", args.join(", "), self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::THREE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let y = SoftmaxCrossEntropy { axis: self.axis }.shape(&args[1..])?;
        if *args[0] != y {
            return Err(Error::shape(self.name(), format!("a cotangent {} for {y}", args[0])));
        }
        Ok(args[1].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let g = a[0].data();
        let row = |at: usize, x: &[F], t: &[F], out: &mut [F]| {
            if t.iter().all(|t| *t == F::zero()) {
                return;
            }
            let (first, largest, ln) = parts(x);
            let total = sum(t);
            let share = |x: F| num_traits::Float::exp(x - largest - ln);
            for ((out, x), t) in out.iter_mut().zip(x).zip(t) {
                *out = total * share(*x) - *t;
            }
            // Where the softmax is nearly 1 and its target more than all others, the difference is that of the others.
            let size = |i: usize| num_traits::Float::abs(t[i]);
            if ln < F::one() && size(first) + size(first) > sum_of(t.len(), size) {
                out[first] = F::zero();
                out[first] = -sum(out);
            }
            out.iter_mut().for_each(|out| *out *= g[at]);
        };
        pairs::map(&a[1], &a[2], self.axis, row).into()
    }

    #[inline]
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn vjp<A: Algebra>(&self, arg: usize, h: A, a: Args<'_, A>, y: &A) -> A {
        let (g, x, t) = (&a[0], &a[1], &a[2]);
        let of = SoftmaxCrossEntropy { axis: self.axis };
        let kept = x.shape().with(self.axis, 1);
        match arg {
            0 => (of.input(&g.full(g.shape(), 1.0), x, t) * h).sum_over(self.axis),
            1 => self.by_x(&h, a),
            _ => {
                let (g, p) = (keep(g, y, self.axis), x.softmax(signed(self.axis)));
                let h = beside_likeliest(&h, &p, self.axis);
                ((p * &h).sum_to(&kept) - h) * g
            }
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        let (g, x, t) = (&a[0], &a[1], &a[2]);
        let of = SoftmaxCrossEntropy { axis: self.axis };
        match arg {
            0 => of.input(&d, x, t),
            1 => self.by_x(&d, a),
            // linear in t
            _ => of.input(g, x, &d),
        }
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let (x, t) = (&a[1], &a[2]);
        let total = t.sum_to(x.shape().with(self.axis, 1));
        Some((x.softmax(signed(self.axis)) * total - t) * keep(&a[0], x, self.axis))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([45, args[1].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, g: &[usize], x: &[usize]| {
            Case::of(SoftmaxCrossEntropyInput { axis }).real(g).real(x).within(x, (0.1, 1.0))
        };
        vec![
            case(1, &[2], &[2, 3]),
            case(1, &[2, 5], &[2, 3, 5]),
            case(0, &[], &[5]),
            case(0, &[2], &[3, 2]),
            case(1, &[0], &[0, 3]),
        ]
    }
}

impl SoftmaxCrossEntropyInput {
    /// The derivative of `g (p Σ t − t)` by `x` times `h`: `g Σ t · p (h − Σ p h)`, a symmetric map of `h`.
    #[track_caller]
    fn by_x<A: Algebra>(&self, h: &A, a: Args<'_, A>) -> A {
        let (g, x, t) = (&a[0], &a[1], &a[2]);
        let kept = x.shape().with(self.axis, 1);
        let p = x.softmax(signed(self.axis));
        // one after the other: the product of the factors may overflow where the whole does not
        centred(h, &p, self.axis) * t.sum_to(&kept) * keep(g, x, self.axis)
    }
}
