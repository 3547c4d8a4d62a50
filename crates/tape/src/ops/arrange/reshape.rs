//! The same elements in another shape.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::ops::Axes;
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::role::Role;
use crate::shape::{Shape, product};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::sizes::{Sizes, signed};

/// The elements of `x`, in row-major order, in another shape.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Reshape {
    /// The shape of the result.
    pub shape: Shape,
}

impl Op for Reshape {
    #[inline]
    fn name(&self) -> String {
        "reshape".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        format!("reshape({}, {})", args[0], self.shape)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match args[0].len_elements() == self.shape.len_elements() {
            true => Ok(self.shape.clone()),
            false => Err(Error::reshape(args[0], &self.shape)),
        }
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].reshape(&self.shape).into()
    }

    #[inline]
    fn role(&self, _operands: usize) -> Role {
        Role::Reshaped
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        ReshapeExt::reshape(&g, a[0].shape())
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, _a: Args<'_, A>, _y: &A) -> A {
        ReshapeExt::reshape(&d, &self.shape)
    }

    #[inline]
    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Linear
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let table: &[(&[usize], &[usize])] =
            &[(&[2, 3], &[3, 2]), (&[2, 3, 5], &[30]), (&[], &[1, 1]), (&[0, 3], &[5, 0])];
        let case = |(x, to): &(&[usize], &[usize])| Case::of(Reshape { shape: Shape::from(*to) }).real(*x);
        table.iter().map(case).collect()
    }
}

#[track_caller]
fn to_sizes<A: Algebra>(x: &A, sizes: &Sizes) -> A {
    let from = x.shape();
    let shape = sizes.resolve("reshape", &from).or_raise();
    if from == shape {
        return x.clone();
    }
    A::apply(Reshape { shape }, &[Arg::Real(x)]).real()
}

/// The methods of [`Reshape`].
pub trait ReshapeExt: Algebra {
    /// The same elements, in row-major order, in another shape; one of its lengths may be −1, which is what is left.
    /// Numbers share their buffer.
    ///
    /// # Panics
    /// If the number of elements differs, or the open length does not follow.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::arange(6));
    /// assert_eq!(x.reshape([2, 3]).value(), Tensor::from([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]));
    /// assert_eq!(x.reshape([-1, 2]).value().shape(), &[3, 2]);
    /// ```
    #[track_caller]
    fn reshape(&self, sizes: impl Into<Sizes>) -> Self {
        to_sizes(self, &sizes.into())
    }

    /// All axes from one on as one; `x.flatten(1)` keeps the batch, `x.flatten(-2)` makes the last two one. Two numbers are
    /// the first axis and the last: `x.flatten([1, 2])`, PyTorch's `flatten(1, 2)`.
    ///
    /// # Panics
    /// If there are no such axes, or the last is before the first.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 3, 5, 7]);
    /// assert_eq!(x.flatten(1).shape(), &[2, 105]);
    /// assert_eq!(x.flatten(-2).shape(), &[2, 3, 35]);
    /// assert_eq!(x.flatten([1, 2]).shape(), &[2, 15, 7]);
    /// ```
    #[track_caller]
    fn flatten(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("flatten");
        let axes = axes.into();
        // A number is flattened like a vector of one, as in PyTorch.
        let shape = if self.shape().rank() == 0 { Shape::from([1]) } else { self.shape() };
        let rank = signed(shape.rank());
        let place = |at: isize| if at < 0 { at + rank } else { at };
        let (first, end) = match *axes.as_slice() {
            [first] => (place(first), rank),
            [first, last] => (place(first), place(last).saturating_add(1)),
            ref all => Error::shape("flatten", format!("{} axes are not a first and a last", all.len())).raise(),
        };
        // Behind the last axis there is an empty run of axes, which is one of length 1.
        let behind = axes.as_slice().len() == 1 && first == end;
        if first < 0 || end > rank || first >= end && !behind {
            let named: Vec<String> = axes.as_slice().iter().map(ToString::to_string).collect();
            Error::shape("flatten", format!("from axis {} of a tensor of shape {}", named.join(" to "), self.shape()))
                .raise()
        }
        let (first, end) = (first as usize, end as usize);
        let mut flat = Shape::from(&shape[..first]);
        flat.push(product(&shape[first..end]));
        shape[end..].iter().for_each(|n| flat.push(*n));
        ReshapeExt::reshape(self, flat)
    }
}

impl<A: Algebra> ReshapeExt for A {}

/// [`ReshapeExt::flatten`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct Flatten(usize);

impl Function for Flatten {
    const NAME: &'static str = "flatten";
    const TEXT: &'static str = "all axes from one on as one";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].flatten(self.0)
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let case = |first, x: &[usize]| (Flatten(first), Case::function().real(x));
        vec![case(0, &[2, 3]), case(1, &[2, 3, 5]), case(0, &[]), case(1, &[2]), case(1, &[0, 3])]
    }
}
