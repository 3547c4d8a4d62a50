//! Products of vectors.

use crate::error::Error;
use crate::error::scope::called;
use crate::ops::{MatMulExt, SqueezeExt};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::{Case, Function};
use crate::rule::operand::Operand;

/// The methods that multiply vectors.
pub trait DotExt: Algebra {
    /// The scalar product of two vectors of one length.
    ///
    /// # Panics
    /// If an operand is not a vector, or the lengths differ.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1.0, 2.0]).dot(Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    #[track_caller]
    fn dot(&self, rhs: impl Operand<Self>) -> Self {
        let _called = called("dot");
        let rhs = rhs.beside(self);
        vectors("dot", self, &rhs);
        if self.shape() != rhs.shape() {
            Error::shape("dot", format!("lengths differ: {} · {}", self.shape(), rhs.shape())).raise()
        }
        self.matmul(&*rhs)
    }

    /// The product of each element of a vector with each of another: `y[i, j] = a[i] · b[j]`.
    ///
    /// # Panics
    /// If an operand is not a vector.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let y = Tensor::from([1.0, 2.0]).outer(Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(y, Tensor::from([[3.0, 4.0, 5.0], [6.0, 8.0, 10.0]]));
    /// ```
    #[track_caller]
    fn outer(&self, rhs: impl Operand<Self>) -> Self {
        let _called = called("outer");
        let rhs = rhs.beside(self);
        vectors("outer", self, &rhs);
        self.unsqueeze(-1) * &*rhs
    }
}

impl<A: Algebra> DotExt for A {}

#[track_caller]
fn vectors<A: Algebra>(op: &str, a: &A, b: &A) {
    if a.shape().rank() != 1 || b.shape().rank() != 1 {
        Error::shape(op, format!("operands of shapes {} and {} are not both vectors", a.shape(), b.shape())).raise()
    }
}

/// [`DotExt::dot`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Dot;

impl Function for Dot {
    const NAME: &'static str = "dot";
    const TEXT: &'static str = "Σ a[i] · b[i]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].dot(&a[1])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        [3, 1, 0, 19].map(|n| (Dot, Case::function().real([n]).real([n]))).to_vec()
    }
}

/// [`DotExt::outer`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Outer;

impl Function for Outer {
    const NAME: &'static str = "outer";
    const TEXT: &'static str = "a[i] · b[j]";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].outer(&a[1])
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        [(2, 3), (3, 1), (0, 2)].map(|(n, m)| (Outer, Case::function().real([n]).real([m]))).to_vec()
    }
}
