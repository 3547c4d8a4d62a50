//! Products over axes.

use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::kernels::scaled::Scaled;
use crate::ops::recurrence::shifted;
use crate::ops::sum::reduced;
use crate::ops::{Axes, Cumprod, Permute, Recurrence, ReshapeExt, SliceExt, SumToExt, chain};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::{Case, Function};
use crate::rule::complex::Analytic;
use crate::rule::op::{Op, Takes, Value};
use crate::shape::{Shape, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;

/// The product along the last axis, which stays with length 1. It is finite wherever it can be, whatever its parts are.
/// [`ProdOfOthers`] is its derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Prod;

/// For each entry the product of the others along the last axis, also where factors are 0, however many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct ProdOfOthers;

impl Prod {
    #[track_caller]
    fn of<A: Algebra>(self, x: &A) -> A {
        A::apply(self, &[Arg::Real(x)]).real()
    }
}

/// The shape with a last axis of length 1.
fn kept(op: &str, x: &Shape) -> Result<Shape, Error> {
    match x.rank() {
        0 => Err(Error::shape(op, "a number has no axis: reshape it to [1]")),
        rank => Ok(x.with(rank - 1, 1)),
    }
}

/// Shows the entries along the last axis, one row after the other; none if there are none.
fn rows<F: Float>(x: &Tensor<F>) -> impl Iterator<Item = &[F]> {
    let n = Tensor::shape(x).last().copied().unwrap_or(1);
    x.data().chunks_exact(n.max(1))
}

fn times<F: Float>(product: Scaled, x: F) -> Scaled {
    product.times(Scaled::new(x.to_f64()))
}

impl Op for Prod {
    #[inline]
    fn name(&self) -> String {
        "prod".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        kept("prod", args[0])
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]).with(a[0].rank() - 1, 1);
        let mut y = Buffer::filled(shape.len_elements(), F::one());
        let product = |row: &[F]| F::from_f64(row.iter().fold(Scaled::ONE, |y, x| times(y, *x)).value());
        y.iter_mut().zip(rows(&a[0])).for_each(|(y, row)| *y = product(row));
        Tensor::from_parts(shape, y).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        chain(&g, &ProdOfOthers.of(&a[0]))
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        chain(&d, &ProdOfOthers.of(&a[0])).sum_to(y.shape())
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let n = a[0].shape()[a[0].shape().rank() - 1];
        let entries = (0..n).map(|i| a[0].slice(-1, i..i + 1)).reduce(|y, x| y * x);
        Some(entries.unwrap_or_else(|| a[0].full(a[0].shape().with(a[0].shape().rank() - 1, 1), 1.0)))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        args[0].len_elements() as u64
    }

    #[inline]
    fn cases() -> Vec<Case> {
        cases_of(Prod)
    }
}

impl ProdOfOthers {
    #[track_caller]
    fn of<A: Algebra>(self, x: &A) -> A {
        A::apply(self, &[Arg::Real(x)]).real()
    }

    /// What the derivative, a symmetric map, makes of a tangent or cotangent `h`: with the products before and behind each entry,
    /// the one's change times the other.
    #[track_caller]
    fn along<A: Algebra>(self, h: &A, x: &A) -> A {
        let axis = x.shape().rank() - 1;
        let part = |from_end: bool| {
            let of = Cumprod { axis, from_end };
            let y = of.of(x);
            let change = shifted(&of.tangent(h, x, &y), axis, from_end, 0.0);
            (shifted(&y, axis, from_end, 1.0), change)
        };
        let ((before, change), (behind, change_behind)) = (part(false), part(true));
        chain(&change, &behind) + chain(&change_behind, &before)
    }
}

impl Op for ProdOfOthers {
    #[inline]
    fn name(&self) -> String {
        "prod_of_others".into()
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::ONE
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        kept("prod_of_others", args[0]).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let mut y = Buffer::room(a[0].len());
        let mut before = Vec::new();
        for row in rows(&a[0]) {
            before.clear();
            before.extend(row.iter().scan(Scaled::ONE, |product, x| {
                let next = times(*product, *x);
                Some(std::mem::replace(product, next))
            }));
            let mut behind = Scaled::ONE;
            let start = y.len();
            y.resize(start + row.len(), F::zero());
            for (i, x) in row.iter().enumerate().rev() {
                y[start + i] = F::from_f64(before[i].times(behind).value());
                behind = times(behind, *x);
            }
        }
        Tensor::from_parts(Tensor::shape(&a[0]).clone(), y).into()
    }

    fn vjp<A: Algebra>(&self, _arg: usize, g: A, a: Args<'_, A>, _y: &A) -> A {
        self.along(&g, &a[0])
    }

    fn jvp<A: Algebra>(&self, _arg: usize, d: A, a: Args<'_, A>, _y: &A) -> A {
        self.along(&d, &a[0])
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        let x = &a[0];
        let axis = x.shape().rank() - 1;
        let part = |from_end: bool| {
            let of = Recurrence { axis, from_end };
            let first = shifted(&x.full(x.shape(), 0.0), axis, from_end, 1.0);
            shifted(&of.step_by_step(x, &(first * x)), axis, from_end, 1.0)
        };
        Some(part(false) * part(true))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([3, args[0].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        cases_of(ProdOfOthers)
    }
}

#[inline]
fn cases_of<O: Op>(op: O) -> Vec<Case> {
    let zeros = Tensor::from([[2.0, 0.0, 3.0, -1.0, 0.5], [0.0, 1.5, 0.0, 2.0, 3.0]]);
    vec![
        Case::of(op.clone()).real([2, 3]),
        Case::of(op.clone()).real([2, 3, 5]),
        Case::of(op.clone()).real([1]),
        Case::of(op.clone()).real([0, 3]),
        Case::of(op).exactly(zeros),
    ]
}

/// The methods that multiply. The product of nothing is 1. Every derivative is right where factors are 0, however many.
pub trait ProdExt: Algebra {
    /// The product of all elements, of rank 0.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([2.0, 0.0, 4.0]));
    /// let y = x.prod();
    /// assert_eq!((y.item(), y.backward()[x].data()), (0.0, &[0.0, 8.0, 0.0][..]));
    /// ```
    #[track_caller]
    fn prod(&self) -> Self {
        let _called = called("prod");
        Prod.of(&self.flatten(0)).reshape(Shape::scalar())
    }

    /// The product over some axes, which are removed.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.prod_over(0).data(), [3.0, 8.0]);
    /// ```
    #[track_caller]
    fn prod_over(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("prod_over");
        let axes = axes.into();
        let removed = reduced("prod_over", &self.shape(), &axes).1;
        Prod.of(&with_axes_last("prod_over", self, &axes)).reshape(removed)
    }

    /// The product over some axes, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    fn prod_keeping(&self, axes: impl Into<Axes>) -> Self {
        let _called = called("prod_keeping");
        let axes = axes.into();
        let kept = reduced("prod_keeping", &self.shape(), &axes).0;
        Prod.of(&with_axes_last("prod_keeping", self, &axes)).reshape(kept)
    }
}

impl<A: Algebra> ProdExt for A {}

/// The other axes, then the named ones as one.
#[track_caller]
pub(crate) fn with_axes_last<A: Algebra>(op: &str, x: &A, axes: &Axes) -> A {
    let shape = x.shape();
    let named = axes.resolve(op, shape.rank()).or_raise();
    let order: Vec<usize> = (0..shape.rank()).filter(|k| !named.contains(k)).chain(named.iter().copied()).collect();
    let first = shape.rank() - named.len();
    match order.is_sorted() {
        true => x.flatten(first),
        false => A::apply(Permute { axes: order.into() }, &[Arg::Real(x)]).real().flatten(first),
    }
}

/// [`ProdExt::prod_over`], as the tests of all functions see it.
#[derive(Clone, Debug)]
pub struct ProdOver(Axes);

impl Function for ProdOver {
    const NAME: &'static str = "prod_over";
    const TEXT: &'static str = "Π x over some axes";
    fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
        a[0].prod_over(self.0.clone())
    }
    #[inline]
    fn cases() -> Vec<(Self, Case)> {
        let x = || Case::function().real([2, 3, 5]);
        let zeros = Tensor::from([[2.0, 0.0, 3.0, -1.0, 0.5], [0.0, 1.5, 0.0, 2.0, 3.0]]);
        vec![
            (ProdOver(1.into()), x()),
            (ProdOver([0, 2].into()), x()),
            (ProdOver(0.into()), x()),
            (ProdOver(1.into()), Case::function().exactly(zeros)),
        ]
    }
}
