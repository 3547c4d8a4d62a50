//! The reader "numbers": operations are computed at once.

use crate::error::{Error, OrRaise, caught};
use crate::kernels::elementwise;
use crate::ops::{BroadcastToExt, SumToExt};
use crate::reader::erased::{Custom, ReadBy, checked_shape, on_float};
use crate::reader::pointwise_op::result_shape;
use crate::rule::algebra::{Algebra, Any, Arg, Args, Elementwise, Lift, TruthValues};
use crate::rule::op::{Kind, Op, Value};
use crate::rule::param::Param;
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::ceiling::{admit, admit_result};
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

impl<F: Float> Elementwise for Tensor<F> {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let shapes = P::Arity::from_fn(|k| Tensor::shape(args.as_ref()[k]));
        let shape =
            result_shape(&op, shapes.as_ref()).and_then(|shape| op.check_values(args).map(|()| shape)).or_raise();
        admit(P::NAME, &shape, size_of::<F>()).or_raise();
        elementwise::eval(&op, args)
    }
}

impl<F: Float> Algebra for Tensor<F> {
    type Index = Tensor<i64>;
    type Mask = Tensor<bool>;

    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
        evaluate(&op, Args(args)).or_raise()
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        Tensor::shape(self).clone()
    }
    #[track_caller]
    fn shape_of_index(index: &Tensor<i64>) -> Shape {
        index.shape().clone()
    }
    #[track_caller]
    fn shape_of_mask(mask: &Tensor<bool>) -> Shape {
        mask.shape().clone()
    }

    fn lies_transposed(&self) -> bool {
        self.layout().1
    }

    #[track_caller]
    fn full(&self, shape: Shape, value: f64) -> Self {
        Tensor::full(shape, F::from_f64(value))
    }
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> Tensor<i64> {
        index
    }
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> Tensor<bool> {
        mask
    }

    #[track_caller]
    fn known_mask(_op: &str, mask: &Tensor<bool>) -> Result<Tensor<bool>, Error> {
        Ok(mask.clone())
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        f(on_float(op).or_raise())
    }

    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
        elementwise::times_partial(op, arg, g, x, y).sum_to(Tensor::shape(x.as_ref()[arg]))
    }
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
        let d = d.broadcast_to(Tensor::shape(y));
        elementwise::times_partial(op, arg, d, x, y)
    }
}

impl TruthValues for Tensor<bool> {
    type Numbers = Tensor<f64>;
}

impl<F: Float> Lift<F> for Tensor<F> {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        param.value().clone()
    }
    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        value
    }
}

/// An operation with this many elements in its result or in an argument may ask for much on its way: an error that it meets
/// there is told in its name.
const LARGE: usize = 1 << 16;

/// Checks the arguments of an operation and computes it.
pub(crate) fn evaluate<O: Op, F: Float>(op: &O, args: Args<'_, Tensor<F>>) -> Result<Value<F>, Error> {
    let shapes = shapes_of(args);
    let kinds = ShortList::from_fn(args.len(), |k| args.0[k].kind());
    let shape = checked_shape(op, &kinds, || op.shape_of(args, &shapes))?;
    op.check(args)?;
    let kind = op.output();
    if shape.len_elements() == 0 {
        return Ok(empty(kind, shape));
    }
    admit_result(&|| op.name(), &shape, size_of_element::<F>(kind))?;
    let is_large = shapes.iter().any(|s| s.len_elements() >= LARGE) || shape.len_elements() >= LARGE;
    let value = match is_large {
        true => caught(|| Ok(op.forward(args))).map_err(|e| e.asked_by(|| op.name()))?,
        false => op.forward(args),
    };
    let found = value.as_arg().shape();
    if found != shape {
        return Err(Error::shape(op.name(), format!("its shape rule says {shape} where forward gives {found}")));
    }
    Ok(value)
}

/// A result without elements: there is nothing to compute, however long the axes are along which nothing lies.
fn empty<F: Float>(kind: Kind, shape: Shape) -> Value<F> {
    match kind {
        Kind::Real => Tensor::<F>::from_parts(shape, Vec::new()).into(),
        Kind::Index => Tensor::<i64>::from_parts(shape, Vec::new()).into(),
        Kind::Mask => Tensor::<bool>::from_parts(shape, Vec::new()).into(),
    }
}

fn size_of_element<F>(kind: Kind) -> usize {
    match kind {
        Kind::Real => size_of::<F>(),
        Kind::Index => size_of::<i64>(),
        Kind::Mask => size_of::<bool>(),
    }
}

fn shapes_of<'a, F: Float>(args: Args<'a, Tensor<F>>) -> ShortList<&'a Shape> {
    ShortList::from_fn(args.len(), |k| match args.0[k] {
        Arg::Real(t) => t.shape(),
        Arg::Index(t) => t.shape(),
        Arg::Mask(t) => t.shape(),
    })
}
