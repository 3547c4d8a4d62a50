//! Classes as vectors.

use crate::error::Error;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::op::{Kind, Op, Takes, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// `y[i…, c] = 1` where `c = index[i…]`, else 0. Positions have no derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct OneHot {
    /// The number of classes.
    pub classes: usize,
}

impl Op for OneHot {
    #[inline]
    fn name(&self) -> String {
        "one_hot".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("one_hot({}, {})", args[0], self.classes)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::Any(&[&[Kind::Index]])
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let mut shape = args[0].clone();
        shape.push(self.classes);
        Ok(shape)
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        match a.index(0).data().iter().find(|i| !(0..self.classes as i64).contains(i)) {
            None => Ok(()),
            Some(i) => Err(Error::shape("one_hot", format!("class {i} of {} classes", self.classes))),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let index = a.index(0);
        let mut shape = index.shape().clone();
        shape.push(self.classes);
        let mut out = Buffer::filled(shape.len_elements(), F::zero());
        index.data().iter().enumerate().for_each(|(k, i)| out[k * self.classes + *i as usize] = F::one());
        Tensor::from_parts(shape, out).into()
    }

    #[inline]
    fn active(&self, _arg: usize) -> bool {
        false
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |classes, index: Tensor<i64>| Case::of(OneHot { classes }).exactly(index);
        vec![case(5, Tensor::from([[2, 0, 1], [1, 1, 4]])), case(3, Tensor::from(2)), case(2, Tensor::new([0], vec![]))]
    }
}

/// For each class a vector of zeros with a 1 at its place: PyTorch's `one_hot`, whose number of classes must be given here.
///
/// # Panics
/// If a class is negative or not below `classes`.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let tape = Tape::new();
/// let labels = tape.input(Tensor::from([1, 0]));
/// let y: Var = one_hot(&labels, 3);
/// assert_eq!(y.value(), Tensor::from([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]));
/// ```
#[track_caller]
pub fn one_hot<A: Algebra>(index: &A::Index, classes: usize) -> A {
    A::apply(OneHot { classes }, &[Arg::Index(index)]).real()
}

impl Tensor<i64> {
    /// For each class a vector of zeros with a 1 at its place.
    ///
    /// # Panics
    /// If a class is negative or not below `classes`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// assert_eq!(Tensor::from([1, 0]).one_hot(2), Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn one_hot<F: Float>(&self, classes: usize) -> Tensor<F> {
        one_hot::<Tensor<F>>(self, classes)
    }
}
