//! The divergence of Kullback and Leibler.

use crate::error::scope::called;
use crate::ops::Reduction;
use crate::ops::reduction::targets;
use crate::rule::algebra::Algebra;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// `y = t (ln t − x)`, with 0 for `t = 0`: a term of the divergence of the distribution `exp(x)` from `t` (Kullback and
/// Leibler 1951). At `t = 0` the derivative by `t` is that by the left out term, `−x`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct KlDiv;

/// `y = exp(t) (t − x)`: [`KlDiv`] for a target that is given by its logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct KlDivOfLog;

impl Pointwise for KlDiv {
    type Arity = Two;
    const NAME: &'static str = "kl_div";
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (0.1, 1.0)];
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At t = 0 the derivative by t is −x.";
    const FLOPS: u64 = 20;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        let zero = t.number(0.0);
        R::select(t.eq(zero), zero, t * (t.ln() - x))
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        if arg == 0 {
            return -t;
        }
        let (zero, one) = (t.number(0.0), t.number(1.0));
        let absent = t.eq(zero);
        // The logarithm is not taken of 0, so that its derivative is not either.
        let safe = R::select(absent, one, t);
        R::select(absent, zero, safe.ln() + 1.0) - x
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("{1} · (ln({1}) − {0})", args[0], args[1])
    }
}

impl Pointwise for KlDivOfLog {
    type Arity = Two;
    const NAME: &'static str = "kl_div_of_log";
    const FLOPS: u64 = 22;

    #[inline(always)]
    fn eval<R: Number>(&self, [x, t]: [R; 2]) -> R {
        // a target of probability 0 adds nothing, also where its logarithm is −∞
        (t - x).chain(t.exp())
    }

    #[inline(always)]
    fn partial<R: Real>(&self, arg: usize, [x, t]: [R; 2], _y: R) -> R {
        if arg == 0 { -t.exp() } else { (t - x + 1.0).chain(t.exp()) }
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("exp({1}) · ({1} − {0})", args[0], args[1])
    }
}

/// The methods of [`KlDiv`].
pub trait KlDivExt: Algebra {
    /// `t (ln t − x)`, reduced, for `self` the logarithm of a probability: PyTorch's `kl_div`. A target 0 adds nothing.
    ///
    /// | argument | shape |
    /// | --- | --- |
    /// | `self`, `wanted` | the same |
    /// | result | `[]`, or that shape for [`Reduction::None`] |
    ///
    /// The mean is over all elements; PyTorch's `batchmean` is the sum divided by the batch. At a target 0 the derivative
    /// by the target is −x, where PyTorch's is NaN.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (q, p) = (Tensor::from([0.5_f64, 0.5]), Tensor::from([1.0, 0.0]));
    /// assert_eq!(q.ln().kl_div(&p, Reduction::Sum).item(), 2.0_f64.ln());
    /// ```
    #[track_caller]
    fn kl_div(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("kl_div");
        let t = targets("kl_div", self, &wanted);
        reduction.of(Self::pointwise(KlDiv, [self, &t]))
    }

    /// [`kl_div`](Self::kl_div) for targets that are logarithms too: PyTorch's `kl_div` with `log_target`.
    ///
    /// # Panics
    /// If the shapes differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (q, p) = (Tensor::from([0.5_f64, 0.5]), Tensor::from([0.25, 0.75]));
    /// let (a, b) = (q.ln().kl_div(&p, Reduction::Sum).item(), q.ln().kl_div_of_log(p.ln(), Reduction::Sum).item());
    /// assert!((a - b).abs() < 1e-15);
    /// ```
    #[track_caller]
    fn kl_div_of_log(&self, wanted: impl Operand<Self>, reduction: Reduction) -> Self {
        let _called = called("kl_div_of_log");
        let t = targets("kl_div_of_log", self, &wanted);
        reduction.of(Self::pointwise(KlDivOfLog, [self, &t]))
    }
}

impl<A: Algebra> KlDivExt for A {}
