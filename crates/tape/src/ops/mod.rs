//! The operations, one file each. This list is the only place beside its file that knows an operation.

use std::any::TypeId;

use crate::algebra::{Algebra, Args};
use crate::case::{Case, Function};
use crate::op::{Named, Op};

mod axes;
pub use axes::Axes;

mod abs;
mod absolute_error;
mod acos;
mod acosh;
mod add;
mod any_over;
mod arg_max;
mod arg_max_pool;
mod arg_min;
mod arg_sort;
mod asin;
mod asinh;
mod atan;
mod atan2;
mod atanh;
mod attention;
mod average_pool;
mod batch_norm;
mod bce_with_logits;
mod bilinear;
mod broadcast_to;
mod cbrt;
mod ceil;
mod celu;
mod chain;
mod clamp;
mod class_targets;
mod compare;
mod concat;
mod conv;
mod conv_input;
mod conv_transpose;
mod conv_weight;
mod convolution;
mod cos;
mod cosh;
mod cosine_similarity;
mod cross_entropy;
mod cumprod;
mod cumsum;
mod diagonal;
mod digamma;
mod div;
mod dot;
mod dot_of;
mod dropout;
mod einsum;
mod elu;
mod erf;
mod erfc;
mod erfinv;
mod exp;
mod exp2;
mod expand;
mod expm1;
mod flip;
mod floor;
mod fmod;
mod fold;
mod gather;
mod gelu;
mod gelu_tanh;
mod group_norm;
mod hardsigmoid;
mod hardtanh;
mod hinge;
mod huber;
mod hypot;
mod index_add;
mod index_select;
mod interpolate;
mod kl_div;
mod last_writes;
mod layer_norm;
mod leaky_relu;
mod lerp;
mod lgamma;
#[cfg(feature = "linalg")]
mod linalg;
mod ln;
mod log10;
mod log1p;
mod log2;
mod log_sigmoid;
mod log_softmax;
mod log_sum_exp;
mod log_sum_exp_of;
mod logical;
mod logit;
mod masked_fill;
mod masked_scatter;
mod masked_select;
mod matmul;
mod max_over;
mod max_pool;
mod maximum;
mod mean;
mod median;
mod meshgrid;
mod min;
mod minimum;
mod mish;
mod mul;
mod mul_add;
mod nan_to_num;
mod neg;
mod norm;
mod normalise;
mod one_hot;
mod pad;
mod per_axis;
mod permute;
mod polygamma;
mod pool;
mod pow;
mod powf;
mod powi;
mod prod;
mod reciprocal;
mod reduction;
mod relu;
mod remainder;
mod repeat;
mod resample;
mod reshape;
mod roll;
mod round;
mod rsqrt;
mod scatter;
mod scatter_add;
mod select;
mod selu;
mod sigmoid;
mod sign;
mod silu;
mod sin;
mod sinh;
mod slice;
mod softmax;
mod softplus;
mod softsign;
mod sort;
mod split;
mod sqrt;
mod square;
mod squared_error;
mod squeeze;
mod stack;
mod stop_gradient;
mod sub;
mod sum;
mod sum_of;
mod sum_to;
mod tan;
mod tanh;
mod triangle;
mod trunc;
mod unfold;
mod variance;
mod xlogy;

pub use abs::*;
pub use absolute_error::*;
pub use acos::*;
pub use acosh::*;
pub use add::*;
pub use any_over::*;
pub use arg_max::*;
pub use arg_max_pool::*;
pub use arg_min::*;
pub use arg_sort::*;
pub use asin::*;
pub use asinh::*;
pub use atan::*;
pub use atan2::*;
pub use atanh::*;
pub use attention::*;
pub use average_pool::*;
pub use batch_norm::*;
pub use bce_with_logits::*;
pub use bilinear::*;
pub use broadcast_to::*;
pub use cbrt::*;
pub use ceil::*;
pub use celu::*;
pub use chain::*;
pub use clamp::*;
pub use class_targets::*;
pub use compare::*;
pub use concat::*;
pub use conv::*;
pub use conv_input::*;
pub use conv_transpose::*;
pub use conv_weight::*;
pub use convolution::*;
pub use cos::*;
pub use cosh::*;
pub use cosine_similarity::*;
pub use cross_entropy::*;
pub use cumprod::*;
pub use cumsum::*;
pub use diagonal::*;
pub use digamma::*;
pub use div::*;
pub use dot::*;
pub use dot_of::*;
pub use dropout::*;
pub use einsum::*;
pub use elu::*;
pub use erf::*;
pub use erfc::*;
pub use erfinv::*;
pub use exp::*;
pub use exp2::*;
pub use expand::*;
pub use expm1::*;
pub use flip::*;
pub use floor::*;
pub use fmod::*;
pub use fold::*;
pub use gather::*;
pub use gelu::*;
pub use gelu_tanh::*;
pub use group_norm::*;
pub use hardsigmoid::*;
pub use hardtanh::*;
pub use hinge::*;
pub use huber::*;
pub use hypot::*;
pub use index_add::*;
pub use index_select::*;
pub use interpolate::*;
pub use kl_div::*;
pub use last_writes::*;
pub use layer_norm::*;
pub use leaky_relu::*;
pub use lerp::*;
pub use lgamma::*;
#[cfg(feature = "linalg")]
pub use linalg::*;
pub use ln::*;
pub use log_sigmoid::*;
pub use log_softmax::*;
pub use log_sum_exp::*;
pub use log_sum_exp_of::*;
pub use log1p::*;
pub use log2::*;
pub use log10::*;
pub use logical::*;
pub use logit::*;
pub use masked_fill::*;
pub use masked_scatter::*;
pub use masked_select::*;
pub use matmul::*;
pub use max_over::*;
pub use max_pool::*;
pub use maximum::*;
pub use mean::*;
pub use median::*;
pub use meshgrid::*;
pub use min::*;
pub use minimum::*;
pub use mish::*;
pub use mul::*;
pub use mul_add::*;
pub use nan_to_num::*;
pub use neg::*;
pub use norm::*;
pub use normalise::*;
pub use one_hot::*;
pub use pad::*;
pub use per_axis::*;
pub use permute::*;
pub use polygamma::*;
pub use pool::*;
pub use pow::*;
pub use powf::*;
pub use powi::*;
pub use prod::*;
pub use reciprocal::*;
pub use reduction::*;
pub use relu::*;
pub use remainder::*;
pub use repeat::*;
pub use resample::*;
pub use reshape::*;
pub use roll::*;
pub use round::*;
pub use rsqrt::*;
pub use scatter::*;
pub use scatter_add::*;
pub use select::*;
pub use selu::*;
pub use sigmoid::*;
pub use sign::*;
pub use silu::*;
pub use sin::*;
pub use sinh::*;
pub use slice::*;
pub use softmax::*;
pub use softplus::*;
pub use softsign::*;
pub use sort::*;
pub use split::*;
pub use sqrt::*;
pub use square::*;
pub use squared_error::*;
pub use squeeze::*;
pub use stack::*;
pub use stop_gradient::*;
pub use sub::*;
pub use sum::*;
pub use sum_of::*;
pub use sum_to::*;
pub use tan::*;
pub use tanh::*;
pub use triangle::*;
pub use trunc::*;
pub use unfold::*;
pub use variance::*;
pub use xlogy::*;

/// The methods and functions that users call.
pub mod methods {
    #[cfg(feature = "linalg")]
    pub use super::{
        CholeskyExt, DetExt, EighExt, InverseExt, MatrixExpExt, QrExt, SlogdetExt, SolveExt, SvdExt, Triangle,
        TriangularSolveExt,
    };

    pub use super::AbsExt;
    pub use super::AbsoluteErrorExt;
    pub use super::AcosExt;
    pub use super::AcoshExt;
    pub use super::AnyOverExt;
    pub use super::ArgMaxExt;
    pub use super::ArgMaxPoolExt;
    pub use super::ArgMinExt;
    pub use super::ArgSortExt;
    pub use super::AsinExt;
    pub use super::AsinhExt;
    pub use super::Atan2Ext;
    pub use super::AtanExt;
    pub use super::AtanhExt;
    pub use super::AttentionExt;
    pub use super::AveragePoolExt;
    pub use super::BatchNormExt;
    pub use super::BceWithLogitsExt;
    pub use super::BroadcastToExt;
    pub use super::CbrtExt;
    pub use super::CeilExt;
    pub use super::CeluExt;
    pub use super::ClampExt;
    pub use super::CompareExt;
    pub use super::Conv;
    pub use super::ConvExt;
    pub use super::ConvTransposeExt;
    pub use super::ConvolutionExt;
    pub use super::CosExt;
    pub use super::CoshExt;
    pub use super::CosineSimilarityExt;
    pub use super::CrossEntropy;
    pub use super::CrossEntropyExt;
    pub use super::CumprodExt;
    pub use super::CumsumExt;
    pub use super::DiagonalExt;
    pub use super::DigammaExt;
    pub use super::DotExt;
    pub use super::DropoutExt;
    pub use super::EluExt;
    pub use super::ErfExt;
    pub use super::ErfcExt;
    pub use super::ErfinvExt;
    pub use super::Exp2Ext;
    pub use super::ExpExt;
    pub use super::ExpandExt;
    pub use super::Expm1Ext;
    pub use super::FlipExt;
    pub use super::FloorExt;
    pub use super::FmodExt;
    pub use super::GatherExt;
    pub use super::GeluExt;
    pub use super::GeluTanhExt;
    pub use super::GroupNormExt;
    pub use super::HardSigmoidExt;
    pub use super::HardTanhExt;
    pub use super::HingeExt;
    pub use super::HuberExt;
    pub use super::HypotExt;
    pub use super::IndexAddExt;
    pub use super::IndexSelectExt;
    pub use super::InterpolateExt;
    pub use super::Interpolation;
    pub use super::KlDivExt;
    pub use super::LayerNormExt;
    pub use super::LeakyReluExt;
    pub use super::LerpExt;
    pub use super::LgammaExt;
    pub use super::LnExt;
    pub use super::Log1pExt;
    pub use super::Log2Ext;
    pub use super::Log10Ext;
    pub use super::LogSigmoidExt;
    pub use super::LogSoftmaxExt;
    pub use super::LogSumExpExt;
    pub use super::LogicalExt;
    pub use super::LogitExt;
    pub use super::MaskedFillExt;
    pub use super::MaskedSelectExt;
    pub use super::MatMulExt;
    pub use super::MaxOverExt;
    pub use super::MaxPoolExt;
    pub use super::MaximumExt;
    pub use super::MeanExt;
    pub use super::MedianExt;
    pub use super::MinExt;
    pub use super::MinimumExt;
    pub use super::MishExt;
    pub use super::MulAddExt;
    pub use super::NanToNumExt;
    pub use super::NormExt;
    pub use super::NormaliseExt;
    pub use super::PadExt;
    pub use super::PadMode;
    pub use super::Padding;
    pub use super::PermuteExt;
    pub use super::PolygammaExt;
    pub use super::Pool;
    pub use super::PowExt;
    pub use super::PowfExt;
    pub use super::PowiExt;
    pub use super::ProdExt;
    pub use super::ReciprocalExt;
    pub use super::Reduction;
    pub use super::ReluExt;
    pub use super::RemainderExt;
    pub use super::RepeatExt;
    pub use super::ReshapeExt;
    pub use super::RollExt;
    pub use super::RoundExt;
    pub use super::RsqrtExt;
    pub use super::ScatterAddExt;
    pub use super::ScatterExt;
    pub use super::SeluExt;
    pub use super::SigmoidExt;
    pub use super::SignExt;
    pub use super::SiluExt;
    pub use super::SinExt;
    pub use super::SinhExt;
    pub use super::SliceExt;
    pub use super::SoftmaxExt;
    pub use super::SoftplusExt;
    pub use super::SoftsignExt;
    pub use super::SortExt;
    pub use super::SplitExt;
    pub use super::SqrtExt;
    pub use super::SquareExt;
    pub use super::SquaredErrorExt;
    pub use super::SqueezeExt;
    pub use super::StopGradientExt;
    pub use super::SumExt;
    pub use super::SumToExt;
    pub use super::TanExt;
    pub use super::TanhExt;
    pub use super::TriangleExt;
    pub use super::TruncExt;
    pub use super::UnfoldExt;
    pub use super::VarianceExt;
    pub use super::XlogyExt;
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
    ($($(#[$cfg:meta])? $name:ident)*) => {
        impl AnyOp {
            /// The cases of every operation in the registry.
            #[inline]
            pub fn registered_cases() -> Vec<Case> {
                let mut cases = Vec::new();
                $($(#[$cfg])? cases.extend(<$name as Op>::cases());)*
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
                $($(#[$cfg])? named.extend(<$name as Op>::named());)*
                named
            }

            /// The name of each type in the registry.
            pub const REGISTERED: &'static [&'static str] = &[$($(#[$cfg])? stringify!($name)),*];

            /// The name of the operation's type, if it is one of the registry.
            pub fn registered_name(&self) -> Option<&'static str> {
                let types = [$($(#[$cfg])? TypeId::of::<$name>()),*];
                types.iter().position(|t| *t == self.type_id()).map(|k| Self::REGISTERED[k])
            }

            /// The name of the operation's type and its attributes; `None` for a user's own.
            #[cfg(feature = "json")]
            pub(crate) fn to_json(&self) -> Option<(&'static str, serde_json::Value)> {
                $($(#[$cfg])? if let Some(op) = self.downcast_ref::<$name>() {
                    return Some((stringify!($name), serde_json::to_value(op).ok()?));
                })*
                None
            }

            /// The operation of that name with those attributes; `None` if there is none.
            #[cfg(feature = "json")]
            pub(crate) fn from_json(name: &str, attributes: serde_json::Value) -> Option<serde_json::Result<AnyOp>> {
                match name {
                    $($(#[$cfg])? stringify!($name) => Some(serde_json::from_value::<$name>(attributes).map(AnyOp::new)),)*
                    _ => None,
                }
            }

            /// The operation, compiled for both float types; `None` for a user's own that is not.
            #[inline]
            pub(crate) fn for_both_floats(&self) -> Option<AnyOp> {
                if self.is_for_f32() {
                    return Some(self.clone());
                }
                $($(#[$cfg])? if let Some(op) = self.downcast_ref::<$name>() {
                    return Some(AnyOp::new(op.clone()));
                })*
                None
            }

            /// Whether the operation is one of the registry, and not a user's own.
            pub fn is_registered(&self) -> bool {
                [$($(#[$cfg])? TypeId::of::<$name>()),*].contains(&self.type_id())
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
    AbsoluteError
    Acos
    Acosh
    Add
    AnyOver
    ArgMax
    ArgMaxPool
    ArgMin
    ArgSort
    Asin
    Asinh
    Atan
    Atan2
    Atanh
    Attention
    AttentionInput
    #[cfg(feature = "linalg")] AwayFromZero
    BceWithLogits
    BroadcastTo
    Cbrt
    Ceil
    Celu
    Chain
    #[cfg(feature = "linalg")] Cholesky
    Clamp
    ClassTargets
    #[cfg(feature = "linalg")] Cofactors
    #[cfg(feature = "linalg")] CofactorsSlope
    Compare
    Concat
    Conv
    ConvInput
    ConvWeight
    Cos
    Cosh
    Cumsum
    #[cfg(feature = "linalg")] Det
    #[cfg(feature = "linalg")] DetSign
    Digamma
    Div
    DotOf
    Dropout
    #[cfg(feature = "linalg")] Eigh
    Elu
    Erf
    Erfc
    Erfinv
    Exp
    Exp2
    Expm1
    Flip
    Floor
    Fmod
    Fold
    #[cfg(feature = "linalg")] Gaps
    Gather
    Gelu
    GeluTanh
    HardSigmoid
    HardTanh
    Hinge
    Huber
    Hypot
    IndexAdd
    IndexSelect
    #[cfg(feature = "linalg")] Inverse
    KlDiv
    KlDivOfLog
    LastWrites
    LeakyRelu
    Lerp
    Lgamma
    Ln
    Log10
    Log1p
    Log2
    #[cfg(feature = "linalg")] LogAbsDet
    LogSigmoid
    LogSoftmax
    LogSumExp
    LogSumExpOf
    Logical
    Logit
    MaskedScatter
    MaskedSelect
    MatMul
    #[cfg(feature = "linalg")] MatrixExp
    MaxOver
    Maximum
    Minimum
    Mish
    Mul
    MulAdd
    NanToNum
    Neg
    Normalise
    NormaliseInput
    OneHot
    Permute
    Polygamma
    Pow
    #[cfg(feature = "linalg")] PowerOfTwo
    Powf
    Powi
    #[cfg(feature = "linalg")] QrFactor
    Reciprocal
    Relu
    Remainder
    Resample
    Reshape
    Round
    Rsqrt
    Scatter
    ScatterAdd
    Select
    Selu
    Sigmoid
    Sign
    Silu
    Sin
    Sinh
    Slice
    Softmax
    SoftmaxCrossEntropy
    SoftmaxCrossEntropyInput
    Softplus
    Softsign
    #[cfg(feature = "linalg")] Solve
    Sqrt
    Square
    SquaredError
    StopGradient
    Sub
    SumOf
    SumTo
    #[cfg(feature = "linalg")] Svd
    Tan
    Tanh
    #[cfg(feature = "linalg")] TriangularSolve
    Trunc
    Unfold
    Unslice
    Xlogy
}

/// Turns the list of functions into what iterates over it.
macro_rules! functions {
    ($($(#[$cfg:meta])? $name:ident)*) => {
        /// A public function that is a composition of operations.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyFunction {
            $($(#[$cfg])? #[doc = concat!("[`", stringify!($name), "`]")] $name($name),)*
        }

        impl AnyFunction {
            /// The cases of every function.
            #[inline]
            pub fn registered_cases() -> Vec<(AnyFunction, Case)> {
                let mut cases = Vec::new();
                $($(#[$cfg])? cases.extend($name::cases().into_iter().map(|(f, case)| (AnyFunction::$name(f), case)));)*
                cases
            }

            /// The name of the method, and what it computes.
            pub fn describe(&self) -> (&'static str, &'static str) {
                match self { $($(#[$cfg])? AnyFunction::$name(_) => ($name::NAME, $name::TEXT),)* }
            }

            /// The composition.
            pub fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
                match self { $($(#[$cfg])? AnyFunction::$name(f) => f.call(a),)* }
            }
        }
    };
}

functions! {
    AdaptiveAveragePool
    AdaptiveMaxPool
    At
    AveragePool
    BatchNorm
    BatchNormWith
    Bilinear
    Chunk
    ConvTranspose
    Convolution
    CosineSimilarity
    CrossEntropyOfClasses
    Cumprod
    DepthwiseConv
    DiagEmbed
    Diagonal
    Dot
    Einsum
    Embedding
    Expand
    Flatten
    GroupNorm
    HingeEmbeddingLoss
    Interpolate
    InterpolateBy
    LayerNorm
    MaskedFill
    MatMulOfVectors
    MaxPool
    MeanOver
    Median
    Meshgrid
    MinOver
    MoveAxis
    MultiMarginLoss
    Narrow
    NllLoss
    NormOver
    Outer
    Pad
    ProdOver
    #[cfg(feature = "linalg")] Qr
    Quantile
    Repeat
    RepeatInterleave
    RmsNorm
    Roll
    SliceStep
    Sliding
    SmoothL1Loss
    SoftCrossEntropy
    #[cfg(feature = "linalg")] SolveOfVectors
    Sort
    Split
    SplitSizes
    Squeeze
    SqueezeAll
    Stack
    StdOver
    SumOver
    Tile
    TopK
    Trace
    Transpose
    Tril
    Triu
    Unsqueeze
    VarOver
    WeightedBceWithLogits
}
