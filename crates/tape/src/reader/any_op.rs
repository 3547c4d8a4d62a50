//! An operation whose type is not known: what a node holds.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, OrRaise};
use crate::reader::erased::{CompiledFor, Custom, Described, Floats, on_float};
use crate::rule::algebra::{Algebra, Args};
use crate::rule::complex::Analytic;
use crate::rule::op::{Cotangents, Kind, Op, Takes, Value};
use crate::rule::role::Role;
use crate::rule::series::Series;
use crate::rule::written::Formulas;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Any operation, of this crate or a user's own, behind a pointer.
///
/// Nothing is compiled for an operation before a program makes an `AnyOp` of it, so that a program pays for the
/// operations that it uses and not for those that there are.
#[derive(Clone)]
pub struct AnyOp(Handle);

#[derive(Clone)]
enum Handle {
    /// An operation without attributes has no bytes, and needs none allocated.
    Unit(&'static dyn Custom),
    Shared(Arc<dyn Custom>),
}

impl AnyOp {
    /// An operation of any type, for numbers of both float types.
    pub fn new<O: Op>(op: O) -> AnyOp {
        AnyOp::compiled_for::<f32, O>(op)
    }

    /// An operation of any type, for numbers of the float types that go with `S`.
    pub(crate) fn compiled_for<S: Floats, O: Op>(op: O) -> AnyOp {
        // What uses this may be compiled without optimisation, but this crate with it.
        #[cfg(debug_assertions)]
        if let Some(op) = AnyOp::compiled_here(&op) {
            return op;
        }
        op.into_any::<S>()
    }

    /// An operation behind a pointer of its own.
    pub(crate) fn behind<S: Floats, O: Op>(op: O) -> AnyOp {
        let op = CompiledFor::<S, O>::new(op);
        match size_of::<O>() {
            0 => AnyOp(Handle::Unit(Box::leak(Box::new(op)))),
            _ => AnyOp(Handle::Shared(Arc::new(op))),
        }
    }

    fn custom(&self) -> &dyn Custom {
        match &self.0 {
            Handle::Unit(op) => *op,
            Handle::Shared(op) => &**op,
        }
    }

    fn described(&self) -> &dyn Described {
        self.custom().described()
    }

    pub(crate) fn is_for_f32(&self) -> bool {
        self.custom().on_f32().is_some()
    }

    /// The operation as one of type `O`, if it is.
    pub fn downcast_ref<O: Op>(&self) -> Option<&O> {
        self.described().any().downcast_ref()
    }

    /// The cotangents of the arguments `need`, in that order; the last rule may work in the buffer of `g`.
    #[doc(hidden)]
    pub fn cotangents<A: Algebra>(&self, need: &[usize], g: A, a: Args<'_, A>, y: &A) -> Cotangents<A> {
        if let Some(shared) = self.vjps(need, &g, a, y) {
            return shared;
        }
        let mut cotangents = Cotangents::new();
        let Some((last, others)) = need.split_last() else { return cotangents };
        for arg in others {
            cotangents.push(self.vjp(*arg, g.clone(), a, y));
        }
        cotangents.push(self.vjp(*last, g, a, y));
        cotangents
    }

    pub(crate) fn type_id(&self) -> TypeId {
        self.described().any().type_id()
    }
}

impl fmt::Debug for AnyOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.described().fmt(f)
    }
}

impl PartialEq for AnyOp {
    /// Whether both are of one type and equal.
    fn eq(&self, other: &Self) -> bool {
        self.described().equals(other.described().any())
    }
}

impl Op for AnyOp {
    fn into_any<S: Floats>(self) -> AnyOp {
        self
    }
    fn name(&self) -> String {
        self.described().own_name()
    }
    fn text(&self, args: &[&str]) -> String {
        self.described().own_text(args)
    }
    fn takes(&self) -> Takes {
        self.described().own_takes()
    }
    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        self.described().own_shape(args)
    }
    fn shape_of<F: Float>(&self, a: Args<'_, Tensor<F>>, shapes: &[&Shape]) -> Result<Shape, Error> {
        on_float(self.custom())?.shape_of_as(a, shapes)
    }
    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
        on_float(self.custom())?.check_as(a)
    }
    fn output(&self) -> Kind {
        self.described().own_output()
    }
    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        on_float(self.custom()).or_raise().forward_as(a)
    }
    fn active(&self, arg: usize) -> bool {
        self.described().own_active(arg)
    }
    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        A::read(self.custom(), |op| op.vjp_as(arg, g, a, y))
    }
    fn vjps<A: Algebra>(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        A::read(self.custom(), |op| op.vjps_as(need, g, a, y))
    }
    fn vjps_onto<A: Algebra>(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>> {
        A::read(self.custom(), |op| op.vjps_onto_as(need, g, a, y, sum))
    }
    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        A::read(self.custom(), |op| op.jvp_as(arg, d, a, y))
    }
    fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
        A::read(self.custom(), |op| op.composed_as(a))
    }
    fn analytic(&self) -> Analytic {
        self.described().own_analytic()
    }
    fn on_complex(&self, re: Args<'_, Tensor<f64>>, im: Args<'_, Tensor<f64>>) -> Option<[Tensor<f64>; 2]> {
        self.described().own_on_complex(re, im)
    }
    fn immune(&self) -> &'static [(&'static str, &'static str)] {
        self.described().own_immune()
    }
    fn series(&self, x: &[Series]) -> Option<Series> {
        self.described().own_series(x)
    }
    fn forward_into<F: Float>(&self, a: Args<'_, Tensor<F>>, out: &mut [F]) {
        on_float(self.custom()).or_raise().forward_into_as(a, out);
    }
    fn role(&self, operands: usize) -> Role {
        self.described().own_role(operands)
    }
    fn formulas(&self) -> Option<Formulas> {
        self.described().own_formulas()
    }
    fn at_kinks(&self) -> &'static str {
        self.described().own_at_kinks()
    }
    fn stops_gradient(&self) -> bool {
        self.described().own_stops_gradient()
    }
    fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
        self.described().own_flops(args, y)
    }
}
