//! The angle of a point.

use crate::rule::algebra::Elementwise;
use crate::rule::number::Number;
use crate::rule::operand::Operand;
use crate::rule::pointwise::{Pointwise, Two};
use crate::rule::real::Real;

/// The angle of the point `(b, a)`, in [−π, π], with derivatives `b/(a² + b²)` and `−a/(a² + b²)`. At the origin both
/// are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Atan2;

impl Pointwise for Atan2 {
    type Arity = Two;
    const NAME: &'static str = "atan2";
    const ANALYTIC: bool = true;
    const DOMAIN: &'static [(f64, f64)] = &[(0.3, 2.0), (-2.0, 2.0)];
    const KINKS: &'static [f64] = &[0.0];
    const AT_KINKS: &'static str = "At the origin both derivatives are 0.";
    const FLOPS: u64 = 25;

    fn eval<R: Number>(&self, [a, b]: [R; 2]) -> R {
        a.atan2(b)
    }

    fn partial<R: Real>(&self, arg: usize, [a, b]: [R; 2], _y: R) -> R {
        // in units of the larger, so that no square overflows or vanishes
        let (zero, one) = (a.number(0.0), a.number(1.0));
        let (p, q) = (R::select(a.lt(zero), -a, a), R::select(b.lt(zero), -b, b));
        let unit = R::select(p.lt(q), b, a);
        let unit = R::select(unit.eq(zero), one, unit);
        let (a, b) = (a / unit, b / unit);
        let square = a * a + b * b;
        let square = R::select(square.eq(zero), one, square);
        if arg == 0 { b / square / unit } else { -(a / square / unit) }
    }
}

/// The method of [`Atan2`].
pub trait Atan2Ext: Elementwise {
    /// The angle of the point `(x, self)`, in [−π, π]. At the origin both derivatives are 0.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 0.0]).atan2(&Tensor::from([0.0, -1.0])).data()[0], std::f64::consts::FRAC_PI_2);
    /// ```
    #[track_caller]
    fn atan2(&self, x: impl Operand<Self>) -> Self {
        Self::pointwise(Atan2, [self, &x.beside(self)])
    }
}

impl<A: Elementwise> Atan2Ext for A {}
