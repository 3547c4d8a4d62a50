//! What a derivative formula is made of, on every reader: the operations behind [`Real`].

use crate::ops::{
    Chain, Compare, Cos, Cosh, Erf, Erfc, Exp, Floor, Ln, Polygamma, Pow, Powf, Select, Sigmoid, Sin, Sinh, Sqrt,
};
use crate::rule::algebra::Algebra;
use crate::rule::real::Real;
use crate::shape::Shape;

impl<A: Algebra + Copy> Real for A
where
    A::Mask: Copy,
{
    type Mask = A::Mask;

    #[track_caller]
    fn chain(self, derivative: Self) -> Self {
        A::pointwise(Chain, [&self, &derivative])
    }
    #[track_caller]
    fn number(self, value: f64) -> Self {
        self.full(Shape::scalar(), value)
    }
    #[track_caller]
    fn exp(self) -> Self {
        A::pointwise(Exp, [&self])
    }
    #[track_caller]
    fn ln(self) -> Self {
        A::pointwise(Ln, [&self])
    }
    #[track_caller]
    fn sqrt(self) -> Self {
        A::pointwise(Sqrt, [&self])
    }
    #[track_caller]
    fn sin(self) -> Self {
        A::pointwise(Sin, [&self])
    }
    #[track_caller]
    fn cos(self) -> Self {
        A::pointwise(Cos, [&self])
    }
    #[track_caller]
    fn sinh(self) -> Self {
        A::pointwise(Sinh, [&self])
    }
    #[track_caller]
    fn cosh(self) -> Self {
        A::pointwise(Cosh, [&self])
    }
    #[track_caller]
    fn erf(self) -> Self {
        A::pointwise(Erf, [&self])
    }
    #[track_caller]
    fn erfc(self) -> Self {
        A::pointwise(Erfc, [&self])
    }
    #[track_caller]
    fn polygamma(self, order: u32) -> Self {
        A::pointwise(Polygamma { order }, [&self])
    }
    #[track_caller]
    fn floor(self) -> Self {
        A::pointwise(Floor, [&self])
    }
    #[track_caller]
    fn sigmoid(self) -> Self {
        A::pointwise(Sigmoid, [&self])
    }
    #[track_caller]
    fn pow(self, exponent: Self) -> Self {
        A::pointwise(Pow, [&self, &exponent])
    }
    #[track_caller]
    fn powf(self, exponent: f64) -> Self {
        A::pointwise(Powf { exponent }, [&self])
    }
    #[track_caller]
    fn lt(self, other: Self) -> A::Mask {
        Compare::Less.of(&self, &other)
    }
    #[track_caller]
    fn le(self, other: Self) -> A::Mask {
        Compare::LessEqual.of(&self, &other)
    }
    #[track_caller]
    fn eq(self, other: Self) -> A::Mask {
        Compare::Equal.of(&self, &other)
    }
    #[track_caller]
    fn select(mask: A::Mask, a: Self, b: Self) -> Self {
        Select::of(&mask, &a, &b)
    }
}
