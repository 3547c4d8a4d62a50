//! A hyperbolic tangent made of three lines.

use crate::error::Error;
use crate::ops::BroadcastToExt;
use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Three, broadcast};
use crate::rule::real::Real;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The nearest number to `x` in [a, b]. At a bound the derivative is that of the bound, and so 0 by `x`, as in
/// PyTorch; that is how it differs from `clamp`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct HardTanh;

impl Pointwise for HardTanh {
    type Arity = Three;
    const NAME: &'static str = "hardtanh";
    const DOMAIN: &'static [(f64, f64)] = &[(-2.0, 2.0), (-1.5, -0.5), (0.5, 1.5)];
    const KINKS: &'static [f64] = &[-1.0, 0.0, 1.0];
    const AT_KINKS: &'static str = "At a bound the derivative is 0 by the number and 1 by the bound.";

    #[inline]
    fn fault_at(&self, [_, a, b]: [f64; 3]) -> Option<String> {
        (a > b).then(|| format!("the least result {a} is above the greatest, {b}"))
    }

    #[inline]
    fn check_values<F: Float>(&self, [_, a, b]: [&Tensor<F>; 3]) -> Result<(), Error> {
        // Most often both bounds are a number.
        let numbers = |t: &Tensor<F>| if t.len() == 1 { t.data().first().copied() } else { None };
        let (a, b) = match (numbers(a), numbers(b)) {
            (Some(a), Some(b)) => (vec![a], vec![b]),
            _ => {
                let shape = broadcast("hardtanh", &[a.shape(), b.shape()])?;
                (a.broadcast_to(&shape).into_vec(), b.broadcast_to(&shape).into_vec())
            }
        };
        let fault = a.iter().zip(&b).find_map(|(a, b)| self.fault_at([0.0, Float::to_f64(*a), Float::to_f64(*b)]));
        fault.map_or(Ok(()), |fault| Err(Error::shape("hardtanh", fault)))
    }

    const REFUSES: bool = true;

    fn eval<R: Number>(&self, [x, a, b]: [R; 3]) -> R {
        let raised = R::select(a.le(x), x, R::select(x.eq(x), a, x));
        R::select(raised.le(b), raised, R::select(raised.eq(raised), b, raised))
    }

    fn partial<R: Real>(&self, arg: usize, [x, a, b]: [R; 3], _y: R) -> R {
        let (one, zero) = (x.number(1.0), x.number(0.0));
        match arg {
            0 => R::select(x.le(a), zero, R::select(b.le(x), zero, one)),
            1 => R::select(x.le(a), one, zero),
            _ => R::select(b.le(x), one, zero),
        }
    }
}

/// The method of [`HardTanh`].
pub trait HardTanhExt: Elementwise {
    /// The nearest number between two bounds, which are −1 and 1 usually. At a bound the derivative by the number is 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or `min` is above `max`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([-2.0, 0.5, 3.0]).hardtanh(-1.0, 1.0).data(), [-1.0, 0.5, 1.0]);
    /// ```
    #[track_caller]
    fn hardtanh(&self, min: impl Operand<Self>, max: impl Operand<Self>) -> Self {
        Self::pointwise(HardTanh, [self, &min.beside(self), &max.beside(self)])
    }
}

impl<A: Elementwise> HardTanhExt for A {}
