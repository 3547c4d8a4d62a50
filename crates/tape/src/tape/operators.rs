//! `+ - * /` and negation, between everything that may stand beside each other.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::algebra::{Algebra, Elementwise};
use crate::float::Float;
use crate::kernels::elementwise;
use crate::ops;
use crate::pointwise::{Pointwise, Two};
use crate::readers::{Base, Dual, Symbol, Text};
use crate::shape::Shape;
use crate::tape::{Scalar, Var};
use crate::tensor::Tensor;

/// Operators between values of one type, by value and by reference, and with `f64` on either side.
macro_rules! operators {
    ($([$($generics:tt)*] $t:ty, $before:expr, $behind:expr;)*) => { $(
        operator! { [$($generics)*] $t, $before, $behind, Add add }
        operator! { [$($generics)*] $t, $before, $behind, Sub sub }
        operator! { [$($generics)*] $t, $before, $behind, Mul mul }
        operator! { [$($generics)*] $t, $before, $behind, Div div }
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
    ([$($generics:tt)*] $t:ty, $before:expr, $behind:expr, $op:ident $method:ident) => {
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
                ($before)(&self, ops::$op, rhs)
            }
        }
        impl<$($generics)*> $op<f64> for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: f64) -> $t {
                ($before)(self, ops::$op, rhs)
            }
        }
        impl<$($generics)*> $op<$t> for f64 {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $t) -> $t {
                ($behind)(&rhs, ops::$op, self)
            }
        }
        impl<$($generics)*> $op<&$t> for f64 {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: &$t) -> $t {
                ($behind)(rhs, ops::$op, self)
            }
        }
    };
}

/// An operation of a value and a number.
#[track_caller]
fn before<A: Algebra, P: Pointwise<Arity = Two>>(a: &A, op: P, number: f64) -> A {
    A::pointwise(op, [a, &a.full(Shape::scalar(), number)])
}

/// An operation of a number and a value.
#[track_caller]
fn behind<A: Algebra, P: Pointwise<Arity = Two>>(a: &A, op: P, number: f64) -> A {
    A::pointwise(op, [&a.full(Shape::scalar(), number), a])
}

#[inline(always)]
#[track_caller]
fn scalar_before<F: Float, P: Pointwise<Arity = Two>>(a: &Scalar<F>, op: P, number: f64) -> Scalar<F> {
    a.before_number(op, number)
}

#[inline(always)]
#[track_caller]
fn scalar_behind<F: Float, P: Pointwise<Arity = Two>>(a: &Scalar<F>, op: P, number: f64) -> Scalar<F> {
    a.behind_number(op, number)
}

operators! {
    [F: Float] Tensor<F>, before, behind;
    [F: Float] Var<F>, before, behind;
    [F: Float] Scalar<F>, scalar_before, scalar_behind;
    [A: Base] Dual<A>, before, behind;
    [] Shape, before, behind;
    [F: Float] Symbol<F>, before, behind;
    [] Text, before, behind;
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
    ($($trait:ident $method:ident $op:ident $sign:tt)*) => { $(
        impl<F: Float, R> std::ops::$trait<R> for Scalar<F>
        where
            Scalar<F>: Operator<R>,
        {
            #[inline(always)]
            #[track_caller]
            fn $method(&mut self, rhs: R) {
                *self = self.with(ops::$op, rhs);
            }
        }
        impl<F: Float> std::ops::$trait for Var<F> {
            #[track_caller]
            fn $method(&mut self, rhs: Var<F>) {
                *self = *self $sign rhs;
            }
        }
    )* };
}
assign! { AddAssign add_assign Add + SubAssign sub_assign Sub - MulAssign mul_assign Mul * DivAssign div_assign Div / }

/// What may stand on the right of `+=` beside a scalar.
pub trait Operator<R> {
    /// The operation on this value and `rhs`.
    #[track_caller]
    fn with<P: Pointwise<Arity = Two>>(&self, op: P, rhs: R) -> Self;
}
impl<F: Float> Operator<Scalar<F>> for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn with<P: Pointwise<Arity = Two>>(&self, op: P, rhs: Scalar<F>) -> Self {
        Scalar::pointwise(op, [self, &rhs])
    }
}
impl<F: Float> Operator<&Scalar<F>> for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn with<P: Pointwise<Arity = Two>>(&self, op: P, rhs: &Scalar<F>) -> Self {
        Scalar::pointwise(op, [self, rhs])
    }
}
impl<F: Float> Operator<f64> for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn with<P: Pointwise<Arity = Two>>(&self, op: P, rhs: f64) -> Self {
        self.before_number(op, rhs)
    }
}

impl<F: Float> std::ops::AddAssign<&Tensor<F>> for Tensor<F> {
    /// Adds in place where the buffer is not shared.
    #[track_caller]
    fn add_assign(&mut self, rhs: &Tensor<F>) {
        elementwise::add_to(self, rhs);
    }
}
