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

#![cfg_attr(docsrs, feature(doc_cfg))]

// The rooms, lowest first: each may know those above it in this list. `tests/architecture.rs` holds it.

mod shape;

mod error;

mod tensor;

mod rule;

mod kernels;

mod reader;

pub mod ops;

mod tape;

mod sweep;

mod transform;

mod program;

#[cfg(feature = "check")]
pub mod check;

pub mod prelude;

#[cfg(feature = "check")]
pub use check::check_gradients;
pub use error::scope::{InLayer, layer};
#[doc(hidden)]
pub use error::scope::{from_line, through_pointer};
pub use error::{Error, try_with};
#[doc(hidden)]
pub use kernels::threads::with_threads_for_all;
pub use kernels::threads::{set_threads, threads, with_threads};
pub use kernels::windows::Window;
pub use program::{Program, Rebound};
pub use reader::custom_op::CustomOp;
pub use reader::erased::{Custom, ForwardBy, ReadBy};
pub use reader::var_handle::{Stored, Var};
pub use reader::{Base, Cost, Dual, Text, cost};
pub use rule::algebra::{Algebra, Any, Arg, Args, Elementwise, Lift, RecordedPositions, TruthValues};
pub use rule::case::{Case, Function};
pub use rule::complex::Analytic;
pub use rule::number::{DualNumber, Num, Number};
pub use rule::op::{Cotangents, Kind, Named, Op, Takes, Value};
pub use rule::operand::{Held, IndexOperand, Listed, MaskOperand, Operand};
pub use rule::param::{Param, ParamId};
pub use rule::pointwise::{Arity, Of, One, Pointwise, Three, Two};
pub use rule::real::Real;
pub use rule::role::Role;
pub use rule::series::Series;
pub use rule::written::{Formula, Formulas, Term};
pub use shape::Shape;
pub use sweep::gradients::{GradientPart, GradientVector, Gradients, Handle, RecordedGradients, RecordedHandle};
pub use sweep::non_finite::NonFinite;
#[cfg(feature = "nalgebra")]
pub use tape::NalgebraFloat;
pub use tape::graph::{GraphNode, GraphView, NodeKind};
pub use tape::operators::Operator;
pub use tape::{OnNonFinite, Scalar, Stats, Tape};
pub use tensor::ceiling::{check_bytes, max_bytes, set_max_bytes};
pub use tensor::float::{Element, Float};
pub use tensor::sizes::Sizes;
pub use tensor::{Rows, Tensor};
pub use transform::checkpoint::checkpoint;
pub use transform::differential::{grad, hessian, hvp, jacobian, jvp, value_and_grad, value_and_grad_aux, vjp};
pub use transform::per_sample::{per_sample_gradients, per_sample_norms};
pub use transform::point::{Numbers, Output, Point, Recorded, Recorder, Sweep};
pub use transform::replay::Replay;
pub use transform::taylor::taylor;

/// The page on linear algebra for those who come from PyTorch: every line compiled and run.
#[cfg(all(doctest, feature = "linalg"))]
#[doc = include_str!("../../../docs/from-pytorch-linear-algebra.md")]
mod from_pytorch_linear_algebra {}
