//! The reader "numbers": operations are computed at once.

use crate::algebra::{Algebra, Any, Arg, Args, Elementwise, Lift, TruthValues};
use crate::ceiling::admit;
use crate::error::{Error, OrRaise};
use crate::float::Float;
use crate::kernels::elementwise;
use crate::op::{Custom, Op, ReadBy, on_float};
use crate::ops::{BroadcastToExt, SumToExt};
use crate::param::Param;
use crate::pointwise::{Arity, Of, Pointwise, result_shape};
use crate::shape::Shape;
use crate::tape::evaluate;
use crate::tensor::Tensor;

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
