//! The operations, one file each. This list is the only place beside its file that knows an operation.

use std::any::Any as StdAny;
use std::sync::Arc;

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::error::Error;
use crate::float::Float;
use crate::op::{Custom, Kind, Named, Op, Value};
use crate::shape::Shape;
use crate::tensor::Tensor;

mod axes;
pub use axes::Axes;

mod abs;
mod add;
mod arg_max;
mod arg_max_pool;
mod average_pool;
mod broadcast_to;
mod compare;
mod concat;
mod conv;
mod cos;
mod div;
mod erf;
mod exp;
mod gather;
mod gelu;
mod leaky_relu;
mod ln;
mod log_softmax;
mod log_sum_exp;
mod matmul;
mod max_over;
mod maximum;
mod mean;
mod minimum;
mod mul;
mod neg;
mod permute;
mod pow;
mod powf;
mod powi;
mod relu;
mod reshape;
mod scatter_add;
mod select;
mod sigmoid;
mod sin;
mod slice;
mod softmax;
mod softplus;
mod sqrt;
mod sub;
mod sum;
mod sum_to;
mod tan;
mod tanh;

pub use abs::*;
pub use add::*;
pub use arg_max::*;
pub use arg_max_pool::*;
pub use average_pool::*;
pub use broadcast_to::*;
pub use compare::*;
pub use concat::*;
pub use conv::*;
pub use cos::*;
pub use div::*;
pub use erf::*;
pub use exp::*;
pub use gather::*;
pub use gelu::*;
pub use leaky_relu::*;
pub use ln::*;
pub use log_softmax::*;
pub use log_sum_exp::*;
pub use matmul::*;
pub use max_over::*;
pub use maximum::*;
pub use mean::*;
pub use minimum::*;
pub use mul::*;
pub use neg::*;
pub use permute::*;
pub use pow::*;
pub use powf::*;
pub use powi::*;
pub use relu::*;
pub use reshape::*;
pub use scatter_add::*;
pub use select::*;
pub use sigmoid::*;
pub use sin::*;
pub use slice::*;
pub use softmax::*;
pub use softplus::*;
pub use sqrt::*;
pub use sub::*;
pub use sum::*;
pub use sum_to::*;
pub use tan::*;
pub use tanh::*;

/// The methods and functions that users call.
pub mod methods {
    pub use super::AbsExt;
    pub use super::ArgMaxExt;
    pub use super::AveragePoolExt;
    pub use super::BroadcastToExt;
    pub use super::CompareExt;
    pub use super::Conv;
    pub use super::ConvExt;
    pub use super::CosExt;
    pub use super::ErfExt;
    pub use super::ExpExt;
    pub use super::GatherExt;
    pub use super::GeluExt;
    pub use super::LeakyReluExt;
    pub use super::LnExt;
    pub use super::LogSoftmaxExt;
    pub use super::LogSumExpExt;
    pub use super::MatMulExt;
    pub use super::MaxOverExt;
    pub use super::MaxPoolExt;
    pub use super::MaximumExt;
    pub use super::MeanExt;
    pub use super::MinimumExt;
    pub use super::PermuteExt;
    pub use super::PowExt;
    pub use super::PowfExt;
    pub use super::PowiExt;
    pub use super::ReluExt;
    pub use super::ReshapeExt;
    pub use super::ScatterAddExt;
    pub use super::SigmoidExt;
    pub use super::SinExt;
    pub use super::SliceExt;
    pub use super::SoftmaxExt;
    pub use super::SoftplusExt;
    pub use super::SqrtExt;
    pub use super::SumExt;
    pub use super::SumToExt;
    pub use super::TanExt;
    pub use super::TanhExt;
    pub use super::concat;
    pub use super::select;
}

/// Turns the list of operations into what iterates over it.
macro_rules! ops {
    ($($name:ident)*) => {
        /// Any operation: one of the registry, or a user's own.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnyOp {
            $(#[doc = concat!("[`", stringify!($name), "`]")] $name($name),)*
            /// An operation that is not in the registry.
            Custom(Arc<dyn Custom>),
        }

        impl AnyOp {
            /// An operation of any type; one that the registry does not know becomes [`AnyOp::Custom`].
            pub fn new<O: Op>(op: O) -> AnyOp {
                let any: &dyn StdAny = &op;
                $(if let Some(op) = any.downcast_ref::<$name>() {
                    return AnyOp::$name(op.clone());
                })*
                if let Some(op) = any.downcast_ref::<AnyOp>() {
                    return op.clone();
                }
                AnyOp::Custom(Arc::new(op))
            }

            /// The cases of every operation in the registry.
            pub fn registered_cases() -> Vec<Case> {
                let mut cases = Vec::new();
                $(cases.extend(<$name as Op>::cases());)*
                cases
            }

            /// Every operation of the registry that acts element by element, by name.
            ///
            /// # Examples
            /// ```
            /// use wengert_tape::{Algebra, Arg, Tensor, ops::AnyOp};
            /// let named = |name: &str| AnyOp::named().into_iter().find(|op| op.name == name).unwrap();
            /// let op = (named("tanh").make)(0.0).unwrap();
            /// assert_eq!(Tensor::apply(op, &[Arg::Real(&Tensor::from(100.0))]).real().item(), 1.0);
            /// assert!((named("powi").make)(2.5).is_none());
            /// ```
            pub fn named() -> Vec<Named> {
                let mut named = Vec::new();
                $(named.extend(<$name as Op>::named());)*
                named
            }

            /// The name of each type in the registry.
            pub const REGISTERED: &'static [&'static str] = &[$(stringify!($name)),*];
        }

        impl Op for AnyOp {
            fn name(&self) -> String {
                match self { $(AnyOp::$name(op) => op.name(),)* AnyOp::Custom(op) => op.custom_name() }
            }
            fn text(&self, args: &[&str]) -> String {
                match self { $(AnyOp::$name(op) => Op::text(op, args),)* AnyOp::Custom(op) => op.custom_text(args) }
            }
            fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
                match self { $(AnyOp::$name(op) => op.shape(args),)* AnyOp::Custom(op) => op.custom_shape(args) }
            }
            fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), Error> {
                match self { $(AnyOp::$name(op) => op.check(a),)* AnyOp::Custom(op) => F::forward(&**op).check_as(a) }
            }
            fn output(&self) -> Kind {
                match self { $(AnyOp::$name(op) => op.output(),)* AnyOp::Custom(op) => op.custom_output() }
            }
            fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
                match self { $(AnyOp::$name(op) => op.forward(a),)* AnyOp::Custom(op) => F::forward(&**op).forward_as(a) }
            }
            fn active(&self, arg: usize) -> bool {
                match self { $(AnyOp::$name(op) => op.active(arg),)* AnyOp::Custom(op) => op.custom_active(arg) }
            }
            fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
                match self {
                    $(AnyOp::$name(op) => op.vjp(arg, g, a, y),)*
                    AnyOp::Custom(op) => A::read(&**op).vjp_as(arg, g, a, y),
                }
            }
            fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
                match self {
                    $(AnyOp::$name(op) => op.jvp(arg, d, a, y),)*
                    AnyOp::Custom(op) => A::read(&**op).jvp_as(arg, d, a, y),
                }
            }
            fn composed<A: Algebra>(&self, a: Args<'_, A>) -> Option<A> {
                match self { $(AnyOp::$name(op) => op.composed(a),)* AnyOp::Custom(_) => None }
            }
            fn at_kinks(&self) -> &'static str {
                match self { $(AnyOp::$name(op) => op.at_kinks(),)* AnyOp::Custom(op) => op.custom_at_kinks() }
            }
            fn flops(&self, args: &[&Shape], y: &Shape) -> u64 {
                match self { $(AnyOp::$name(op) => op.flops(args, y),)* AnyOp::Custom(op) => op.custom_flops(args, y) }
            }
        }
    };
}

ops! {
    Abs
    Add
    ArgMax
    ArgMaxPool
    AveragePool
    AveragePoolInput
    BroadcastTo
    Compare
    Concat
    Conv
    ConvInput
    ConvWeight
    Cos
    Div
    Erf
    Exp
    Gather
    Gelu
    LeakyRelu
    Ln
    LogSoftmax
    LogSumExp
    MatMul
    MaxOver
    Maximum
    Minimum
    Mul
    Neg
    Permute
    Pow
    Powf
    Powi
    Relu
    Reshape
    ScatterAdd
    Select
    Sigmoid
    Sin
    Slice
    Softmax
    Softplus
    Sqrt
    Sub
    SumTo
    Tan
    Tanh
    Unslice
}

/// Turns the list of functions into what iterates over it.
macro_rules! functions {
    ($($name:ident)*) => {
        /// A public function that is a composition of operations.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyFunction {
            $(#[doc = concat!("[`", stringify!($name), "`]")] $name($name),)*
        }

        impl AnyFunction {
            /// The cases of every function.
            pub fn registered_cases() -> Vec<(AnyFunction, Case)> {
                let mut cases = Vec::new();
                $(cases.extend($name::cases().into_iter().map(|(f, case)| (AnyFunction::$name(f), case)));)*
                cases
            }

            /// The name of the method, and what it computes.
            pub fn describe(&self) -> (&'static str, &'static str) {
                match self { $(AnyFunction::$name(_) => ($name::NAME, $name::TEXT),)* }
            }

            /// The composition.
            pub fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
                match self { $(AnyFunction::$name(f) => f.call(a),)* }
            }
        }
    };
}

functions! {
    MatMulOfVectors
    MaxPool
    MeanOver
    SumOver
}
