//! The engine of `wengert`: tensors, operations, the tape and its sweeps, differential operators and the gradient
//! checker.
//!
//! A [`Tape`] records operations on numbers ([`Scalar`]) and tensors ([`Var`]) into one directed acyclic graph. The
//! backward pass applies the chain rule to it in reverse topological order:
//!
//! ```
//! use wengert_tape::prelude::*;
//!
//! let tape = Tape::new();
//! let b = tape.scalar(0.5);
//! let w = tape.var(Tensor::from([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0]]));
//! let x = tape.input(Tensor::from([[1.0, 2.0, 3.0]]));
//! let y = (x.matmul(w) + b).sigmoid().sum();
//! let g = y.backward();
//! println!("{} {} {}", y.value(), g[w], g[b]);
//! ```
//!
//! Derivative rules are written once, over an [`Algebra`], and read in many ways: on numbers, recorded (so that a
//! derivative can be differentiated again), with tangents, on shapes, as text.
//!
//! This crate knows no networks, no files and no pictures; those are `wengert-nn` and `wengert-view`. The facade
//! `wengert` brings them together.

// The rooms, lowest first: each may know those above it in this list.

mod error;
mod scope;

mod tensor;

mod kernels;

mod rule;

mod reader;

mod registry;

pub mod ops;

mod tape;

mod sweep;

mod inspect;

mod transform;

#[cfg(feature = "check")]
pub mod check;

pub mod prelude;

use inspect::{graph, non_finite};
use reader as readers;
use reader::{complex, series};
use registry::{any_op, compiled, custom_op};
#[cfg(feature = "check")]
use rule::moved;
use rule::{algebra, case, number, op, param, pointwise, real, special};
use sweep::gradients;
use tape::{by_id, operators};
use tensor::{buffer, ceiling, few, float, shape, sizes};
#[cfg(feature = "check")]
use transform::replay_complex;
use transform::{differential, point, replay};

pub use algebra::{
    Algebra, Any, Arg, Args, Elementwise, Held, IndexOperand, Lift, MaskOperand, Operand, RecordedPositions,
    TruthValues,
};
pub use case::{Case, Function};
pub use ceiling::{check_bytes, max_bytes, set_max_bytes};
#[cfg(feature = "check")]
pub use check::check_gradients;
pub use complex::Analytic;
pub use custom_op::CustomOp;
pub use differential::{
    grad, hessian, hvp, jacobian, jvp, per_sample_gradients, per_sample_norms, value_and_grad, value_and_grad_aux, vjp,
};
pub use error::{Error, try_with};
pub use float::{Element, Float};
pub use gradients::{GradientPart, GradientVector, Gradients, Handle, RecordedGradients, RecordedHandle};
pub use graph::{GraphNode, GraphView, NodeKind};
pub use kernels::windows::Window;
pub use non_finite::{NonFinite, OnNonFinite};
pub use number::{DualNumber, Num, Number};
pub use op::{Cotangents, Custom, ForwardBy, Kind, Named, Op, ReadBy, Takes, Value};
pub use operators::Operator;
pub use param::{Param, ParamId};
pub use point::{Numbers, Output, Point, Recorded, Recorder, Sweep};
pub use pointwise::{Arity, Of, One, Pointwise, Three, Two};
pub use readers::{Base, Cost, Dual, Text, cost};
pub use real::Real;
pub use replay::Replay;
#[doc(hidden)]
pub use scope::through_pointer;
pub use scope::{InLayer, layer};
pub use series::{Series, taylor};
pub use shape::Shape;
pub use sizes::Sizes;
#[cfg(feature = "nalgebra")]
pub use tape::NalgebraFloat;
pub use tape::{Scalar, Stats, Stored, Tape, Var};
pub use tensor::{Rows, Tensor};
pub use transform::checkpoint::checkpoint;

/// The page on linear algebra for those who come from PyTorch: every line compiled and run.
#[cfg(all(doctest, feature = "linalg"))]
#[doc = include_str!("../../../docs/from-pytorch-linear-algebra.md")]
mod from_pytorch_linear_algebra {}
