//! Linear recurrences along an axis: what running products are differentiated by.

use crate::error::Error;
use crate::ops::axes::existing;
use crate::ops::{SliceExt, chain, concat};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::case::Case;
use crate::rule::complex::Analytic;
use crate::rule::number::Num;
use crate::rule::op::{Op, Takes, Value};
use crate::rule::real::Real;
use crate::shape::{Shape, product, work};
use crate::tensor::Tensor;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;
use crate::tensor::sizes::signed;

/// `y[i] = a[i] · y[i − 1] + b[i]` along an axis, beginning with `y[0] = b[0]`, or from its end. A factor of 0 begins anew, also
/// where what came before is infinite. Its rules are recurrences again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(serde::Serialize, serde::Deserialize))]
pub struct Recurrence {
    /// The axis.
    pub axis: usize,
    /// Whether it begins at the end of the axis.
    pub from_end: bool,
}

impl Recurrence {
    #[track_caller]
    pub(crate) fn of<A: Algebra>(self, a: &A, b: &A) -> A {
        A::apply(self, &[Arg::Real(a), Arg::Real(b)]).real()
    }

    /// The recurrence as products and sums of entries.
    #[track_caller]
    pub(crate) fn step_by_step<A: Algebra>(self, a: &A, b: &A) -> A {
        let (n, axis) = (a.shape()[self.axis], signed(self.axis));
        let entry = |x: &A, k: usize| {
            let i = if self.from_end { n - 1 - k } else { k };
            x.slice(axis, i..i + 1)
        };
        let mut y = Vec::new();
        for k in 0..n {
            let term = entry(b, k);
            y.push(match y.last() {
                Some(before) => entry(a, k) * before + term,
                None => term,
            });
        }
        if self.from_end {
            y.reverse();
        }
        if y.is_empty() { b.clone() } else { concat(&y.iter().collect::<Vec<_>>(), axis) }
    }

    fn reversed(self) -> Self {
        Recurrence { from_end: !self.from_end, ..self }
    }
}

/// Each entry of an axis in the place of the next, beginning with `first`; from the end of the axis in that of the one before.
#[track_caller]
pub(crate) fn shifted<A: Algebra>(x: &A, axis: usize, from_end: bool, first: f64) -> A {
    let n = x.shape()[axis];
    if n == 0 {
        return x.clone();
    }
    let (at, first) = (signed(axis), x.full(x.shape().with(axis, 1), first));
    match from_end {
        false => concat(&[&first, &x.slice(at, 0..n - 1)], at),
        true => concat(&[&x.slice(at, 1..n), &first], at),
    }
}

/// Calls `step` with the places of each entry, of the one before it along the axis, and whether there is one.
pub(crate) fn for_each_step(shape: &Shape, axis: usize, from_end: bool, mut step: impl FnMut(usize, Option<usize>)) {
    let n = shape[axis];
    let blocks = product(&shape[..axis]);
    let width = product(&shape[axis + 1..]);
    for block in 0..blocks {
        for k in 0..n {
            let i = if from_end { n - 1 - k } else { k };
            for j in 0..width {
                let at = (block * n + i) * width + j;
                let before = if from_end { at + width } else { at.wrapping_sub(width) };
                step(at, (k > 0).then_some(before));
            }
        }
    }
}

impl Op for Recurrence {
    #[inline]
    fn name(&self) -> String {
        "recurrence".into()
    }

    #[inline]
    fn text(&self, args: &[&str]) -> String {
        let from_end = if self.from_end { " from its end" } else { "" };
        format!("recurrence({}, {}, axis {}{from_end})", args[0], args[1], self.axis)
    }

    #[inline]
    fn takes(&self) -> Takes {
        Takes::TWO
    }

    #[inline]
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        if args[0] != args[1] {
            return Err(Error::shape(
                "recurrence",
                format!("factors {} and terms {} differ in shape", args[0], args[1]),
            ));
        }
        existing("recurrence", self.axis, args[0].rank()).map(|_| args[0].clone())
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        let shape = Tensor::shape(&a[0]);
        let (factors, terms) = (a[0].data(), a[1].data());
        let mut y = Buffer::filled(a[0].len(), F::zero());
        for_each_step(shape, self.axis, self.from_end, |at, before| {
            let carried = before.map_or(F::zero(), |before| Num(y[before]).chain(Num(factors[at])).0);
            y[at] = carried + terms[at];
        });
        Tensor::from_parts(shape.clone(), y).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        // what each entry gives to all that come after it
        let reach = self.reversed().of(&shifted(&a[0], self.axis, !self.from_end, 0.0), &g);
        match arg {
            0 => chain(&reach, &shifted(y, self.axis, self.from_end, 0.0)),
            _ => reach,
        }
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        match arg {
            0 => self.of(&a[0], &chain(&d, &shifted(y, self.axis, self.from_end, 0.0))),
            _ => self.of(&a[0], &d),
        }
    }

    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        Some(self.step_by_step(&a[0], &a[1]))
    }

    #[inline]
    fn analytic(&self) -> Analytic {
        Analytic::Composed
    }

    #[inline]
    fn flops(&self, args: &[&Shape], _y: &Shape) -> u64 {
        work([2, args[0].len_elements()])
    }

    #[inline]
    fn cases() -> Vec<Case> {
        let case = |axis, from_end, x: &[usize]| Case::of(Recurrence { axis, from_end }).real(x).real(x);
        vec![
            case(1, false, &[2, 3]),
            case(1, true, &[2, 5, 3]),
            case(0, true, &[3, 2]),
            case(0, false, &[5]),
            case(0, false, &[0, 3]),
        ]
    }
}
