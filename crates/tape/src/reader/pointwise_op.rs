//! An operation that acts element by element, as one that every reader reads: its formula on numbers gives it all.

use smallvec::SmallVec;

use crate::error::Error;
use crate::kernels::elementwise;
use crate::reader::any_op::AnyOp;
use crate::rule::algebra::{Algebra, Args, Elementwise};
use crate::rule::case::Case;
use crate::rule::complex::{self, Analytic};
use crate::rule::op::{Named, Op, Takes, Value};
use crate::rule::pointwise::{Arity, Pointwise, broadcast};
use crate::rule::role::Role;
use crate::rule::series::Series;
use crate::rule::written::{Formula, Formulas};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::ceiling::possible;
use crate::tensor::float::Float;

impl<P: Pointwise> Op for P {
    fn name(&self) -> String {
        P::NAME.into()
    }

    fn text(&self, args: &[&str]) -> String {
        Pointwise::text(self, args)
    }

    fn takes(&self) -> Takes {
        [Takes::ONE, Takes::TWO, Takes::THREE][P::Arity::N - 1]
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        match self.fault() {
            None => broadcast(P::NAME, args),
            Some(fault) => Err(Error::shape(P::NAME, fault)),
        }
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        self.check_values(P::Arity::from_fn(|k| &a[k]))
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        elementwise::eval(self, P::Arity::from_fn(|k| &a[k])).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        A::pointwise_vjp(self, arg, g, P::Arity::from_fn(|k| &a[k]), y)
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        A::pointwise_jvp(self, arg, d, P::Arity::from_fn(|k| &a[k]), y)
    }

    fn analytic(&self) -> Analytic {
        if P::ANALYTIC { Analytic::Formula } else { Analytic::No }
    }

    fn on_complex(&self, re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<[Tensor<f64>; 2]> {
        if P::ANALYTIC { complex::pointwise(self, re, im) } else { None }
    }

    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        if P::Arity::N == 1 { &[("missing sum", "the one argument is not repeated")] } else { &[] }
    }

    fn series(&self, x: &[Series]) -> Option<Series> {
        Some(Series::apply(self, x))
    }

    fn role(&self, _operands: usize) -> Role {
        if P::REFUSES {
            return Role::Called;
        }
        Role::Elementwise(Formula::of_operands(P::Arity::N, |x| self.eval(P::Arity::from_fn(|k| x[k]))))
    }

    fn formulas(&self) -> Option<Formulas> {
        Some(Formulas::of(self))
    }

    fn on_numbers<S: Elementwise>(&self, x: &[S]) -> Option<S> {
        let args: SmallVec<[&S; 3]> = x.iter().collect();
        Some(S::pointwise(*self, P::Arity::from_fn(|k| args[k])))
    }

    fn at_kinks(&self) -> &'static str {
        P::AT_KINKS
    }

    fn flops(&self, _args: &[&Shape], y: &Shape) -> u64 {
        P::FLOPS.saturating_mul(y.len_elements() as u64)
    }

    /// Plain, rank 0, empty; with two or more arguments also each way of broadcasting; and the kinks.
    fn cases() -> Vec<Case> {
        let domain = |k: usize| P::DOMAIN[k.min(P::DOMAIN.len() - 1)];
        let shapes: &[[Shape; 3]] = &[
            [Shape::from([2, 3]), Shape::from([2, 3]), Shape::from([2, 3])],
            [Shape::scalar(), Shape::scalar(), Shape::scalar()],
            [Shape::from([0, 3]), Shape::from([3]), Shape::from([1, 3])],
            [Shape::from([2, 3]), Shape::from([3]), Shape::scalar()],
            [Shape::from([5, 1]), Shape::from([2, 1, 3]), Shape::from([3])],
            [Shape::scalar(), Shape::from([3]), Shape::from([2, 1])],
        ];
        let count = if P::Arity::N == 1 { 3 } else { shapes.len() };
        let mut cases = Vec::new();
        for op in P::variants() {
            for shapes in &shapes[..count] {
                let case = Case::of(op);
                cases.push((0..P::Arity::N).fold(case, |case, k| case.within(shapes[k].clone(), domain(k))));
            }
            if !P::KINKS.is_empty() {
                let n = P::KINKS.len();
                let at = |k: usize| match k {
                    0 => Tensor::new([n, 1], P::KINKS.to_vec()),
                    _ => Tensor::from(P::KINKS),
                };
                cases.push((0..P::Arity::N).fold(Case::of(op).at_kink(), |case, k| case.exactly(at(k))));
            }
        }
        cases
    }

    fn named() -> Option<Named> {
        // Only an operation with a number is another one for another number.
        let has_attribute = P::with_attribute(2.0) != P::with_attribute(3.0);
        Some(Named {
            name: P::NAME,
            operands: P::Arity::N,
            attribute: has_attribute.then(|| P::default().attribute()),
            make: |attribute| {
                let op = P::with_attribute(attribute);
                (op.attribute() == attribute).then(|| AnyOp::new(op))
            },
        })
    }
}

/// The shape of the result of a pointwise operation, for a reader that has as many arguments as it takes.
#[inline]
pub(crate) fn result_shape<P: Pointwise>(op: &P, args: &[&Shape]) -> Result<Shape, Error> {
    let shape = Op::shape(op, args)?;
    possible(&|| P::NAME.into(), &shape)?;
    Ok(shape)
}
