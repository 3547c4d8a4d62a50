//! Truth values combined, element by element.

use crate::error::Error;
use crate::kernels::elementwise;
use crate::rule::algebra::{Algebra, Arg, Args, TruthValues};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::rule::pointwise::broadcast;
use crate::rule::real::Real;
use crate::rule::role::Role;
use crate::rule::written::Formula;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A function of truth values, element by element, with broadcasting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub enum Logical {
    /// Where both hold.
    And,
    /// Where one or both hold.
    Or,
    /// Where one holds and the other does not.
    Xor,
    /// Where it does not hold.
    Not,
}

impl Op for Logical {
    #[inline]
    fn name(&self) -> String {
        match self {
            Logical::And => "logical_and",
            Logical::Or => "logical_or",
            Logical::Xor => "logical_xor",
            Logical::Not => "logical_not",
        }
        .into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        match self {
            Logical::And => format!("{} ∧ {}", args[0], args[1]),
            Logical::Or => format!("{} ∨ {}", args[0], args[1]),
            Logical::Xor => format!("{} ⊕ {}", args[0], args[1]),
            Logical::Not => format!("¬{}", args[0]),
        }
    }

    #[inline]
    fn takes(&self) -> Takes {
        match self {
            Logical::Not => Takes::Any(&[&[Kind::Mask]]),
            _ => Takes::Any(&[&[Kind::Mask; 2]]),
        }
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        broadcast(&self.name(), args)
    }

    #[inline]
    fn output(&self) -> Kind {
        Kind::Mask
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        match self {
            Logical::And => elementwise::zip(a.mask(0), a.mask(1), |a, b| *a && *b),
            Logical::Or => elementwise::zip(a.mask(0), a.mask(1), |a, b| *a || *b),
            Logical::Xor => elementwise::zip(a.mask(0), a.mask(1), |a, b| a != b),
            Logical::Not => a.mask(0).map(|a| !a),
        }
        .into()
    }

    #[inline]
    fn role(&self, operands: usize) -> Role {
        Role::Elementwise(Formula::of_operands(operands, |x| {
            let (no, yes) = (x[0].number(0.0), x[0].number(1.0));
            match self {
                Logical::And => Real::select(x[0], x[1], no),
                Logical::Or => Real::select(x[0], yes, x[1]),
                Logical::Xor => Real::select(x[0].eq(x[1]), no, yes),
                Logical::Not => Real::select(x[0], no, yes),
            }
        }))
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let a = Tensor::from([[true, false, true], [false, false, true]]);
        let b = Tensor::from([true, false, false]);
        let two = [Logical::And, Logical::Or, Logical::Xor];
        let mut cases: Vec<Case> = two.iter().map(|op| Case::of(*op).exactly(a.clone()).exactly(b.clone())).collect();
        cases.push(Case::of(Logical::Not).exactly(a));
        cases
    }
}

/// The methods of [`Logical`], on truth values.
pub trait LogicalExt: TruthValues {
    /// Where both hold.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([-1.0, 0.5, 2.0]);
    /// assert_eq!(x.greater(0.0).logical_and(&x.less(1.0)).data(), [false, true, false]);
    /// ```
    #[track_caller]
    fn logical_and(&self, rhs: &Self) -> Self {
        Self::Numbers::apply(Logical::And, &[Arg::Mask(self), Arg::Mask(rhs)]).mask()
    }

    /// Where one or both hold.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    fn logical_or(&self, rhs: &Self) -> Self {
        Self::Numbers::apply(Logical::Or, &[Arg::Mask(self), Arg::Mask(rhs)]).mask()
    }

    /// Where one holds and the other does not.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    fn logical_xor(&self, rhs: &Self) -> Self {
        Self::Numbers::apply(Logical::Xor, &[Arg::Mask(self), Arg::Mask(rhs)]).mask()
    }

    /// Where it does not hold.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([true, false]).logical_not().data(), [false, true]);
    /// ```
    #[track_caller]
    fn logical_not(&self) -> Self {
        Self::Numbers::apply(Logical::Not, &[Arg::Mask(self)]).mask()
    }
}

impl<M: TruthValues> LogicalExt for M {}
