//! The operations, one file each. This list is the only place beside its file that knows an operation.

use std::any::TypeId;

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::op::{Named, Op};

mod axes;
pub use axes::Axes;

mod abs;
mod add;
mod arg_max;
mod arg_max_pool;
mod average_pool;
mod bilinear;
mod broadcast_to;
mod chain;
mod compare;
mod concat;
mod conv;
mod cos;
mod diagonal;
mod div;
mod dot;
mod einsum;
mod erf;
mod exp;
mod expand;
mod flip;
mod fold;
mod gather;
mod gelu;
mod index_add;
mod index_select;
mod last_writes;
mod leaky_relu;
mod ln;
mod log_softmax;
mod log_sum_exp;
mod masked_fill;
mod masked_scatter;
mod masked_select;
mod matmul;
mod max_over;
mod maximum;
mod mean;
mod meshgrid;
mod minimum;
mod mul;
mod neg;
mod one_hot;
mod pad;
mod permute;
mod pow;
mod powf;
mod powi;
mod relu;
mod repeat;
mod reshape;
mod roll;
mod scatter;
mod scatter_add;
mod select;
mod sigmoid;
mod sin;
mod slice;
mod softmax;
mod softplus;
mod split;
mod sqrt;
mod squeeze;
mod stack;
mod stop_gradient;
mod sub;
mod sum;
mod sum_to;
mod tan;
mod tanh;
mod triangle;
mod unfold;

pub use abs::*;
pub use add::*;
pub use arg_max::*;
pub use arg_max_pool::*;
pub use average_pool::*;
pub use bilinear::*;
pub use broadcast_to::*;
pub use chain::*;
pub use compare::*;
pub use concat::*;
pub use conv::*;
pub use cos::*;
pub use diagonal::*;
pub use div::*;
pub use dot::*;
pub use einsum::*;
pub use erf::*;
pub use exp::*;
pub use expand::*;
pub use flip::*;
pub use fold::*;
pub use gather::*;
pub use gelu::*;
pub use index_add::*;
pub use index_select::*;
pub use last_writes::*;
pub use leaky_relu::*;
pub use ln::*;
pub use log_softmax::*;
pub use log_sum_exp::*;
pub use masked_fill::*;
pub use masked_scatter::*;
pub use masked_select::*;
pub use matmul::*;
pub use max_over::*;
pub use maximum::*;
pub use mean::*;
pub use meshgrid::*;
pub use minimum::*;
pub use mul::*;
pub use neg::*;
pub use one_hot::*;
pub use pad::*;
pub use permute::*;
pub use pow::*;
pub use powf::*;
pub use powi::*;
pub use relu::*;
pub use repeat::*;
pub use reshape::*;
pub use roll::*;
pub use scatter::*;
pub use scatter_add::*;
pub use select::*;
pub use sigmoid::*;
pub use sin::*;
pub use slice::*;
pub use softmax::*;
pub use softplus::*;
pub use split::*;
pub use sqrt::*;
pub use squeeze::*;
pub use stack::*;
pub use stop_gradient::*;
pub use sub::*;
pub use sum::*;
pub use sum_to::*;
pub use tan::*;
pub use tanh::*;
pub use triangle::*;
pub use unfold::*;

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
    pub use super::DiagonalExt;
    pub use super::DotExt;
    pub use super::ErfExt;
    pub use super::ExpExt;
    pub use super::ExpandExt;
    pub use super::FlipExt;
    pub use super::GatherExt;
    pub use super::GeluExt;
    pub use super::IndexAddExt;
    pub use super::IndexSelectExt;
    pub use super::LeakyReluExt;
    pub use super::LnExt;
    pub use super::LogSoftmaxExt;
    pub use super::LogSumExpExt;
    pub use super::MaskedFillExt;
    pub use super::MaskedSelectExt;
    pub use super::MatMulExt;
    pub use super::MaxOverExt;
    pub use super::MaxPoolExt;
    pub use super::MaximumExt;
    pub use super::MeanExt;
    pub use super::MinimumExt;
    pub use super::PadExt;
    pub use super::PadMode;
    pub use super::PermuteExt;
    pub use super::PowExt;
    pub use super::PowfExt;
    pub use super::PowiExt;
    pub use super::ReluExt;
    pub use super::RepeatExt;
    pub use super::ReshapeExt;
    pub use super::RollExt;
    pub use super::ScatterAddExt;
    pub use super::ScatterExt;
    pub use super::SigmoidExt;
    pub use super::SinExt;
    pub use super::SliceExt;
    pub use super::SoftmaxExt;
    pub use super::SoftplusExt;
    pub use super::SplitExt;
    pub use super::SqrtExt;
    pub use super::SqueezeExt;
    pub use super::StopGradientExt;
    pub use super::SumExt;
    pub use super::SumToExt;
    pub use super::TanExt;
    pub use super::TanhExt;
    pub use super::TriangleExt;
    pub use super::UnfoldExt;
    pub use super::bilinear;
    pub use super::concat;
    pub use super::einsum;
    pub use super::meshgrid;
    pub use super::one_hot;
    pub use super::select;
    pub use super::stack;
}

pub use crate::any_op::AnyOp;

/// Turns the list of operations into what iterates over it.
macro_rules! ops {
    ($($name:ident)*) => {
        impl AnyOp {
            /// The cases of every operation in the registry.
            #[inline]
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
            #[inline]
            pub fn named() -> Vec<Named> {
                let mut named = Vec::new();
                $(named.extend(<$name as Op>::named());)*
                named
            }

            /// The name of each type in the registry.
            pub const REGISTERED: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The name of the operation's type, if it is one of the registry.
            pub fn registered_name(&self) -> Option<&'static str> {
                let types = [$(TypeId::of::<$name>()),*];
                types.iter().position(|t| *t == self.type_id()).map(|k| Self::REGISTERED[k])
            }

            /// The name of the operation's type and its attributes; `None` for a user's own.
            #[cfg(feature = "json")]
            pub(crate) fn to_json(&self) -> Option<(&'static str, serde_json::Value)> {
                $(if let Some(op) = self.downcast_ref::<$name>() {
                    return Some((stringify!($name), serde_json::to_value(op).ok()?));
                })*
                None
            }

            /// The operation of that name with those attributes; `None` if there is none.
            #[cfg(feature = "json")]
            pub(crate) fn from_json(name: &str, attributes: serde_json::Value) -> Option<serde_json::Result<AnyOp>> {
                match name {
                    $(stringify!($name) => Some(serde_json::from_value::<$name>(attributes).map(AnyOp::new)),)*
                    _ => None,
                }
            }

            /// Whether the operation is one of the registry, and not a user's own.
            pub fn is_registered(&self) -> bool {
                [$(TypeId::of::<$name>()),*].contains(&self.type_id())
            }
        }
    };
}

/// Has the rules of every operation compiled here, for all test programs together. A release build compiles what a
/// program uses.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub fn compiled_once() -> usize {
    AnyOp::registered_cases().len() + AnyFunction::registered_cases().len() + AnyOp::named().len()
}

ops! {
    Abs
    Add
    ArgMax
    ArgMaxPool
    AveragePool
    AveragePoolInput
    BroadcastTo
    Chain
    Compare
    Concat
    Conv
    ConvInput
    ConvWeight
    Cos
    Div
    Erf
    Exp
    Flip
    Fold
    Gather
    Gelu
    IndexAdd
    IndexSelect
    LastWrites
    LeakyRelu
    Ln
    LogSoftmax
    LogSumExp
    MaskedScatter
    MaskedSelect
    MatMul
    MaxOver
    Maximum
    Minimum
    Mul
    Neg
    OneHot
    Permute
    Pow
    Powf
    Powi
    Relu
    Reshape
    Scatter
    ScatterAdd
    Select
    Sigmoid
    Sin
    Slice
    Softmax
    Softplus
    Sqrt
    StopGradient
    Sub
    SumTo
    Tan
    Tanh
    Unfold
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
            #[inline]
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
    Bilinear
    Chunk
    DiagEmbed
    Diagonal
    Dot
    Einsum
    Embedding
    Expand
    Flatten
    MaskedFill
    MatMulOfVectors
    MaxPool
    MeanOver
    Meshgrid
    MoveAxis
    Narrow
    Outer
    Pad
    Repeat
    RepeatInterleave
    Roll
    SliceBack
    Sliding
    Split
    Squeeze
    Stack
    SumOver
    Tile
    Trace
    Transpose
    Tril
    Triu
    Unsqueeze
}
