//! `+ - * /` and negation, between everything that may stand beside each other.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::error::Error;
use crate::error::scope::called;
use crate::kernels::elementwise;
use crate::ops;
use crate::reader::{Base, Dual, Symbol, Text};
use crate::rule::algebra::{Algebra, Elementwise};
use crate::rule::pointwise::{Pointwise, Two};
use crate::shape::Shape;
use crate::tape::{Scalar, Var};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Operators between values of one type, by value and by reference, and with `f64` on either side.
macro_rules! operators {
    ($([$($generics:tt)*] $t:ty, $before:expr;)*) => { $(
        operator! { [$($generics)*] $t, $before, Add add }
        operator! { [$($generics)*] $t, $before, Sub sub }
        operator! { [$($generics)*] $t, $before, Mul mul }
        operator! { [$($generics)*] $t, $before, Div div }
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
    ([$($generics:tt)*] $t:ty, $before:expr, $op:ident $method:ident) => {
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
        impl<N: Float, $($generics)*> $op<N> for $t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: N) -> $t {
                ($before)(&self, ops::$op, Float::to_f64(rhs))
            }
        }
        impl<N: Float, $($generics)*> $op<N> for &$t {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: N) -> $t {
                ($before)(self, ops::$op, Float::to_f64(rhs))
            }
        }
    };
}

/// Operators of a plain number on the left. It has the type of the numbers on the right, so that a literal has one too.
macro_rules! numbers_first {
    ($([$($generics:tt)*] $number:ty, $t:ty, $behind:expr;)*) => { $(
        numbers_first! { @ [$($generics)*] $number, $t, $behind, Add add }
        numbers_first! { @ [$($generics)*] $number, $t, $behind, Sub sub }
        numbers_first! { @ [$($generics)*] $number, $t, $behind, Mul mul }
        numbers_first! { @ [$($generics)*] $number, $t, $behind, Div div }
    )* };
    (@ [$($generics:tt)*] $number:ty, $t:ty, $behind:expr, $op:ident $method:ident) => {
        impl<$($generics)*> $op<$t> for $number {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: $t) -> $t {
                ($behind)(&rhs, ops::$op, Float::to_f64(self))
            }
        }
        impl<$($generics)*> $op<&$t> for $number {
            type Output = $t;
            #[inline(always)]
            #[track_caller]
            fn $method(self, rhs: &$t) -> $t {
                ($behind)(rhs, ops::$op, Float::to_f64(self))
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
    [F: Float] Tensor<F>, before;
    [F: Float] Var<F>, before;
    [F: Float] Scalar<F>, scalar_before;
    [A: Base] Dual<A>, before;
    [] Shape, before;
    [F: Float] Symbol<F>, before;
    [] Text, before;
}

numbers_first! {
    [] f64, Tensor<f64>, behind;
    [] f32, Tensor<f32>, behind;
    [] f64, Var<f64>, behind;
    [] f32, Var<f32>, behind;
    [] f64, Scalar<f64>, scalar_behind;
    [] f32, Scalar<f32>, scalar_behind;
    [A: Base] f64, Dual<A>, behind;
    [] f64, Shape, behind;
    [] f64, Text, behind;
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
                let rhs = crate::rule::operand::Operand::<Var<F>>::beside(&rhs.to_owned(), &self).to_owned();
                Var::pointwise(ops::$op, [&self, &rhs])
            }
        }
        impl<F: Float> $op<Var<F>> for $other {
            type Output = Var<F>;
            #[track_caller]
            fn $method(self, rhs: Var<F>) -> Var<F> {
                let lhs = crate::rule::operand::Operand::<Var<F>>::beside(&self.to_owned(), &rhs).to_owned();
                Var::pointwise(ops::$op, [&lhs, &rhs])
            }
        }
    )* };
}
mixed! { Add add Sub sub Mul mul Div div }

/// `a += b` for everything that stands on the right of `a + b`.
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
        impl<F: Float, R> std::ops::$trait<R> for Var<F>
        where
            Var<F>: $op<R, Output = Var<F>>,
        {
            #[track_caller]
            fn $method(&mut self, rhs: R) {
                *self = *self $sign rhs;
            }
        }
        impl<A: Base, R> std::ops::$trait<R> for Dual<A>
        where
            Dual<A>: $op<R, Output = Dual<A>>,
        {
            #[track_caller]
            fn $method(&mut self, rhs: R) {
                *self = self.clone() $sign rhs;
            }
        }
    )* };
}
assign! { AddAssign add_assign Add + SubAssign sub_assign Sub - MulAssign mul_assign Mul * DivAssign div_assign Div / }

/// `a += b` for tensors: the result has the shape of `a`.
macro_rules! assign_tensor {
    ($($trait:ident $method:ident $op:ident)*) => { $(
        impl<F: Float> std::ops::$trait<&Tensor<F>> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, rhs: &Tensor<F>) {
                assign(stringify!($method), self, ops::$op, rhs);
            }
        }
        impl<F: Float> std::ops::$trait<Tensor<F>> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, rhs: Tensor<F>) {
                assign(stringify!($method), self, ops::$op, &rhs);
            }
        }
        impl<F: Float, N: Float> std::ops::$trait<N> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, rhs: N) {
                *self = before(self, ops::$op, Float::to_f64(rhs));
            }
        }
    )* };
}
assign_tensor! { AddAssign add_assign Add SubAssign sub_assign Sub MulAssign mul_assign Mul DivAssign div_assign Div }

/// An operation whose result takes the place of its first operand.
#[track_caller]
fn assign<F: Float, P: Pointwise<Arity = Two>>(method: &'static str, a: &mut Tensor<F>, op: P, b: &Tensor<F>) {
    let _called = called(method);
    if P::NAME == <ops::Add as Pointwise>::NAME && a.shape() == b.shape() {
        // In place where the buffer is not shared.
        return elementwise::add_to(a, b);
    }
    let y = Tensor::pointwise(op, [&*a, b]);
    if y.shape() != a.shape() {
        let message = format!("{} does not fit into {}: the result would be {}", b.shape(), a.shape(), y.shape());
        Error::shape(method, message).raise()
    }
    *a = y;
}

impl<F: Float> Sum for Var<F> {
    /// The sum, from left to right.
    ///
    /// # Panics
    /// If there are no tensors: no tape is known on which a 0 could be.
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(mut values: I) -> Self {
        let Some(mut sum) = values.next() else {
            Error::shape("sum", "no tensors, and so no tape; begin a `fold` with a constant").raise()
        };
        for x in values {
            sum += x;
        }
        sum
    }
}

impl<'a, F: Float> Sum<&'a Var<F>> for Var<F> {
    /// The sum, from left to right.
    ///
    /// # Panics
    /// If there are no tensors: no tape is known on which a 0 could be.
    #[track_caller]
    fn sum<I: Iterator<Item = &'a Self>>(values: I) -> Self {
        values.copied().sum()
    }
}

impl<F: Float> Sum for Tensor<F> {
    /// The sum, from left to right; of no tensors the number 0.
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(mut values: I) -> Self {
        let Some(mut sum) = values.next() else { return Tensor::from(F::zero()) };
        for x in values {
            // Not in place, since a later one may be longer.
            sum = &sum + &x;
        }
        sum
    }
}

impl<'a, F: Float> Sum<&'a Tensor<F>> for Tensor<F> {
    /// The sum, from left to right; of no tensors the number 0.
    #[track_caller]
    fn sum<I: Iterator<Item = &'a Self>>(values: I) -> Self {
        values.cloned().sum()
    }
}

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
impl<F: Float, N: Float> Operator<N> for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn with<P: Pointwise<Arity = Two>>(&self, op: P, rhs: N) -> Self {
        self.before_number(op, Float::to_f64(rhs))
    }
}
