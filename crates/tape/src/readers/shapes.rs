//! The reader "shapes": a model is checked, and its sizes known, before there is data.

use crate::algebra::{Algebra, Any, Arg, Elementwise, IndexOperand, Lift, MaskOperand, TruthValues};
use crate::error::Error;
use crate::float::Float;
use crate::op::{Custom, Kind, Op, ReadBy};
use crate::param::Param;
use crate::pointwise::{Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;

impl Elementwise for Shape {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        Op::shape(&op, args.as_ref()).unwrap_or_else(|e| e.raise())
    }
}

/// The shape of the result of an operation, or what is wrong with its arguments.
pub(crate) fn infer<O: Op>(op: &O, args: &[Arg<'_, Shape>]) -> Result<Any<Shape>, Error> {
    let shapes: smallvec::SmallVec<[Shape; 3]> = args.iter().map(Arg::shape).collect();
    let refs: smallvec::SmallVec<[&Shape; 3]> = shapes.iter().collect();
    let shape = op.shape(&refs)?;
    Ok(match op.output() {
        Kind::Real => Any::Real(shape),
        Kind::Index => Any::Index(ShapeOf(shape)),
        Kind::Mask => Any::Mask(ShapeOf(shape)),
    })
}

/// The shape of positions or truth values, beside shapes of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeOf(pub Shape);

impl Algebra for Shape {
    type Index = ShapeOf;
    type Mask = ShapeOf;

    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
        infer(&op, args).unwrap_or_else(|e| e.raise())
    }

    fn shape(&self) -> Shape {
        self.clone()
    }
    fn shape_of_index(index: &ShapeOf) -> Shape {
        index.0.clone()
    }
    fn shape_of_mask(mask: &ShapeOf) -> Shape {
        mask.0.clone()
    }

    fn full(&self, shape: Shape, _value: f64) -> Self {
        shape
    }
    fn index(&self, index: Tensor<i64>) -> ShapeOf {
        ShapeOf(index.shape().clone())
    }
    fn mask(&self, mask: Tensor<bool>) -> ShapeOf {
        ShapeOf(mask.shape().clone())
    }

    fn known_mask(op: &str, _mask: &ShapeOf) -> Result<Tensor<bool>, Error> {
        Err(Error::unknown_mask(op))
    }

    fn read(op: &dyn Custom) -> &dyn ReadBy<Self> {
        op
    }

    fn pointwise_vjp<P: Pointwise>(_op: &P, arg: usize, _g: Self, x: Of<P, &Self>, _y: &Self) -> Self {
        x.as_ref()[arg].clone()
    }
    fn pointwise_jvp<P: Pointwise>(_op: &P, _arg: usize, _d: Self, _x: Of<P, &Self>, y: &Self) -> Self {
        y.clone()
    }
}

impl TruthValues for ShapeOf {
    type Numbers = Shape;
}

impl<F: Float> Lift<F> for Shape {
    fn lift(&self, param: &Param<F>) -> Self {
        param.value().shape().clone()
    }
    fn constant(&self, value: Tensor<F>) -> Self {
        value.shape().clone()
    }
}

impl IndexOperand<Shape> for ShapeOf {
    fn beside(&self, _like: &Shape) -> ShapeOf {
        self.clone()
    }
}
impl MaskOperand<Shape> for ShapeOf {
    fn beside(&self, _like: &Shape) -> ShapeOf {
        self.clone()
    }
}
