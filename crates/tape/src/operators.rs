//! `+ - * /` and negation, between everything that may stand beside each other.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::algebra::{Algebra, Elementwise};
use crate::float::Float;
use crate::kernels::elementwise;
use crate::ops;
use crate::readers::{Base, Dual, Text};
use crate::shape::Shape;
use crate::tape::{Scalar, Var};
use crate::tensor::Tensor;

/// Operators between values of one type, by value and by reference, and with `f64` on either side.
macro_rules! operators {
    ($([$($generics:tt)*] $t:ty, $number:expr;)*) => { $(
        operator! { [$($generics)*] $t, $number, Add add }
        operator! { [$($generics)*] $t, $number, Sub sub }
        operator! { [$($generics)*] $t, $number, Mul mul }
        operator! { [$($generics)*] $t, $number, Div div }
        impl<$($generics)*> Neg for $t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn neg(self) -> $t {
                <$t>::pointwise(ops::Neg, [&self])
            }
        }
        impl<$($generics)*> Neg for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn neg(self) -> $t {
                <$t>::pointwise(ops::Neg, [self])
            }
        }
    )* };
}

/// One operator for one type.
macro_rules! operator {
    ([$($generics:tt)*] $t:ty, $number:expr, $op:ident $method:ident) => {
        impl<$($generics)*> $op for $t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $t) -> $t {
                <$t>::pointwise(ops::$op, [&self, &rhs])
            }
        }
        impl<$($generics)*> $op<&$t> for $t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: &$t) -> $t {
                <$t>::pointwise(ops::$op, [&self, rhs])
            }
        }
        impl<$($generics)*> $op<$t> for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $t) -> $t {
                <$t>::pointwise(ops::$op, [self, &rhs])
            }
        }
        impl<$($generics)*> $op<&$t> for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: &$t) -> $t {
                <$t>::pointwise(ops::$op, [self, rhs])
            }
        }
        impl<$($generics)*> $op<f64> for $t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: f64) -> $t {
                let rhs = ($number)(&self, rhs);
                <$t>::pointwise(ops::$op, [&self, &rhs])
            }
        }
        impl<$($generics)*> $op<f64> for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: f64) -> $t {
                let rhs = ($number)(self, rhs);
                <$t>::pointwise(ops::$op, [self, &rhs])
            }
        }
        impl<$($generics)*> $op<$t> for f64 {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $t) -> $t {
                let lhs = ($number)(&rhs, self);
                <$t>::pointwise(ops::$op, [&lhs, &rhs])
            }
        }
        impl<$($generics)*> $op<&$t> for f64 {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: &$t) -> $t {
                let lhs = ($number)(rhs, self);
                <$t>::pointwise(ops::$op, [&lhs, rhs])
            }
        }
    };
}

#[track_caller]
fn beside<A: Algebra>(like: &A, number: f64) -> A {
    like.full(Shape::scalar(), number)
}

#[inline(always)]
fn constant<F: Float>(_like: &Scalar<F>, number: f64) -> Scalar<F> {
    Scalar::constant(F::from_f64(number))
}

operators! {
    [F: Float] Tensor<F>, beside;
    [F: Float] Var<F>, beside;
    [F: Float] Scalar<F>, constant;
    [A: Base] Dual<A>, beside;
    [] Shape, beside;
    [] Text, beside;
}

/// Operators between a recorded tensor and what is brought beside it.
macro_rules! mixed {
    ($($op:ident $method:ident)*) => { $(
        mixed! { @ $op $method Tensor<F>, &Tensor<F>, Scalar<F>, &Scalar<F> }
    )* };
    (@ $op:ident $method:ident $($other:ty),*) => { $(
        impl<F: Float> $op<$other> for Var<F> {
            type Output = Var<F>;
            #[track_caller]
            fn $method(self, rhs: $other) -> Var<F> {
                let rhs = crate::algebra::Operand::<Var<F>>::beside(&rhs.to_owned(), &self).to_owned();
                Var::pointwise(ops::$op, [&self, &rhs])
            }
        }
        impl<F: Float> $op<Var<F>> for $other {
            type Output = Var<F>;
            #[track_caller]
            fn $method(self, rhs: Var<F>) -> Var<F> {
                let lhs = crate::algebra::Operand::<Var<F>>::beside(&self.to_owned(), &rhs).to_owned();
                Var::pointwise(ops::$op, [&lhs, &rhs])
            }
        }
    )* };
}
mixed! { Add add Sub sub Mul mul Div div }

/// `a += b` for recorded values and numbers beside them.
macro_rules! assign {
    ($($trait:ident $method:ident $op:tt)*) => { $(
        impl<F: Float, R> std::ops::$trait<R> for Scalar<F>
        where
            Scalar<F>: Operator<R>,
        {
            #[inline(always)]
            #[track_caller]
            fn $method(&mut self, rhs: R) {
                *self = *self $op <Scalar<F> as Operator<R>>::operand(rhs);
            }
        }
        impl<F: Float> std::ops::$trait for Var<F> {
            #[track_caller]
            fn $method(&mut self, rhs: Var<F>) {
                *self = *self $op rhs;
            }
        }
    )* };
}
assign! { AddAssign add_assign + SubAssign sub_assign - MulAssign mul_assign * DivAssign div_assign / }

/// What may stand on the right of `+=` beside a scalar.
pub trait Operator<R> {
    /// The operand as a scalar.
    fn operand(rhs: R) -> Self;
}
impl<F: Float> Operator<Scalar<F>> for Scalar<F> {
    #[inline(always)]
    fn operand(rhs: Scalar<F>) -> Self {
        rhs
    }
}
impl<F: Float> Operator<&Scalar<F>> for Scalar<F> {
    #[inline(always)]
    fn operand(rhs: &Scalar<F>) -> Self {
        *rhs
    }
}
impl<F: Float> Operator<f64> for Scalar<F> {
    #[inline(always)]
    fn operand(rhs: f64) -> Self {
        Scalar::constant(F::from_f64(rhs))
    }
}

impl<F: Float> std::ops::AddAssign<&Tensor<F>> for Tensor<F> {
    /// Adds in place where the buffer is not shared.
    #[track_caller]
    fn add_assign(&mut self, rhs: &Tensor<F>) {
        elementwise::add_to(self, rhs);
    }
}

impl<F: Float> std::iter::Sum for Scalar<F> {
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.reduce(|a, b| a + b).unwrap_or_default()
    }
}
impl<'a, F: Float> std::iter::Sum<&'a Scalar<F>> for Scalar<F> {
    fn sum<I: Iterator<Item = &'a Scalar<F>>>(numbers: I) -> Self {
        numbers.copied().sum()
    }
}
impl<F: Float> std::iter::Product for Scalar<F> {
    fn product<I: Iterator<Item = Self>>(numbers: I) -> Self {
        numbers.reduce(|a, b| a * b).unwrap_or(Scalar::constant(F::one()))
    }
}
