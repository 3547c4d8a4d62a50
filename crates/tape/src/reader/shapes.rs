//! The reader "shapes": a model is checked, and its sizes known, before there is data.

use std::cell::Cell;

use crate::error::{Error, OrRaise};
use crate::reader::erased::{Custom, Described, ReadBy, result_shape};
use crate::rule::algebra::{Algebra, Any, Arg, Elementwise, Lift, TruthValues};
use crate::rule::op::{Kind, Op};
use crate::rule::operand::{IndexOperand, MaskOperand};
use crate::rule::param::Param;
use crate::rule::pointwise::{Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// What a dry run adds up: [`cost`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The number of operations.
    pub operations: usize,
    /// The floating point operations of the forward pass.
    pub flops: u64,
    /// The numbers in the results, which a tape keeps for the backward pass. What moves no number, such as a reshape, is
    /// not counted.
    pub results: u64,
}

thread_local! {
    static TALLY: Cell<Option<Cost>> = const { Cell::new(None) };
}

/// Runs `f` and adds up what its operations on shapes would cost on numbers. Dry runs inside it count for it too.
///
/// # Examples
/// ```
/// use wengert_tape::{Cost, cost, prelude::*};
/// let (y, cost) = cost(|| Shape::from([2, 3]).matmul(Shape::from([3, 5])).relu());
/// assert_eq!(y, [2, 5]);
/// assert_eq!(cost, Cost { operations: 2, flops: 2 * 30 + 10, results: 10 + 10 });
/// ```
pub fn cost<T>(f: impl FnOnce() -> T) -> (T, Cost) {
    let outer = TALLY.replace(Some(Cost::default()));
    let result = f();
    let cost = TALLY.replace(outer).unwrap_or_default();
    if let Some(outer) = outer {
        let sum = |a: u64, b: u64| a.saturating_add(b);
        TALLY.set(Some(Cost {
            operations: outer.operations + cost.operations,
            flops: sum(outer.flops, cost.flops),
            results: sum(outer.results, cost.results),
        }));
    }
    (result, cost)
}

/// Adds an operation to the tally, if somebody counts.
fn count(flops: &mut dyn FnMut() -> u64, y: &Shape) {
    if let Some(cost) = TALLY.get() {
        let flops = flops();
        let numbers = if flops > 0 { y.len_elements() as u64 } else { 0 };
        TALLY.set(Some(Cost {
            operations: cost.operations + 1,
            flops: cost.flops.saturating_add(flops),
            results: cost.results.saturating_add(numbers),
        }));
    }
}

impl Elementwise for Shape {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let y = super::pointwise_op::result_shape(&op, args.as_ref()).or_raise();
        count(&mut || Op::flops(&op, args.as_ref(), &y), &y);
        y
    }
}

/// The shape of the result of an operation, or what is wrong with its arguments.
fn infer(op: &dyn Described, args: &[Arg<'_, Shape>]) -> Result<Any<Shape>, Error> {
    let shapes: smallvec::SmallVec<[Shape; 3]> = args.iter().map(Arg::shape).collect();
    let refs = ShortList::from_fn(shapes.len(), |k| &shapes[k]);
    let shape = result_shape(op, &ShortList::from_fn(args.len(), |k| args[k].kind()), &refs)?;
    count(&mut || op.own_flops(&refs, &shape), &shape);
    Ok(match op.own_output() {
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
        infer(&op, args).or_raise()
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        self.clone()
    }
    #[track_caller]
    fn shape_of_index(index: &ShapeOf) -> Shape {
        index.0.clone()
    }
    #[track_caller]
    fn shape_of_mask(mask: &ShapeOf) -> Shape {
        mask.0.clone()
    }

    #[track_caller]
    fn full(&self, shape: Shape, _value: f64) -> Self {
        shape
    }
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> ShapeOf {
        ShapeOf(index.shape().clone())
    }
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> ShapeOf {
        ShapeOf(mask.shape().clone())
    }

    #[track_caller]
    fn known_mask(op: &str, _mask: &ShapeOf) -> Result<Tensor<bool>, Error> {
        Err(Error::unknown_mask(op))
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        f(op.on_shapes())
    }

    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(_op: &P, arg: usize, _g: Self, x: Of<P, &Self>, _y: &Self) -> Self {
        x.as_ref()[arg].clone()
    }
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(_op: &P, _arg: usize, _d: Self, _x: Of<P, &Self>, y: &Self) -> Self {
        y.clone()
    }
}

impl TruthValues for ShapeOf {
    type Numbers = Shape;
}

impl<F: Float> Lift<F> for Shape {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        param.value().shape().clone()
    }
    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        value.shape().clone()
    }
}

impl IndexOperand<Shape> for ShapeOf {
    #[track_caller]
    fn beside(&self, _like: &Shape) -> ShapeOf {
        self.clone()
    }
}
impl MaskOperand<Shape> for ShapeOf {
    #[track_caller]
    fn beside(&self, _like: &Shape) -> ShapeOf {
        self.clone()
    }
}
