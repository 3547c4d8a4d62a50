//! What does not depend on operations, compiled once, with this crate.
//!
//! A generic function is compiled in every crate that uses it. The functions here are called through a trait whose
//! methods for `f64`, the usual type, are plain functions, so that a program that records and differentiates does not
//! compile the tape and its sweeps again. Those for `f32` are compiled where they are used, but with debug assertions: where the
//! program is not optimised, but this crate may be (decision 0013).

use smallvec::SmallVec;

use crate::error::{Error, Line};
#[cfg(feature = "linalg")]
use crate::kernels::factor::Factor;
use crate::kernels::formula::OnTiles;
use crate::kernels::gemm::Gemm;
use crate::kernels::vector::Vector;
use crate::reader::any_op::AnyOp;
use crate::reader::erased::OfFloat;
use crate::rule::algebra::{Any, Arg};
use crate::rule::op::Value;
use crate::sweep::gradients::Gradients;
use crate::tape::Var;
use crate::tape::store::{self, Lane, Origin};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Without the feature `linalg`, nothing.
#[cfg(not(feature = "linalg"))]
#[doc(hidden)]
pub trait Factor {}
#[cfg(not(feature = "linalg"))]
impl<F> Factor for F {}

/// Of optimised programs, nothing: they compile what records numbers into their formulas.
#[cfg(not(debug_assertions))]
#[doc(hidden)]
pub trait Recording {}
#[cfg(not(debug_assertions))]
impl<F> Recording for F {}
#[cfg(debug_assertions)]
pub(crate) use crate::tape::unoptimised::Recording;

macro_rules! engine {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        /// The engine for one float type.
        #[doc(hidden)]
        pub trait Engine: Gemm + Vector + OnTiles + Factor + OfFloat + Lane + Recording + Sized {
            $($(#[$doc])* fn $name($($arg: $type),*) -> $result where Self: Float;)*
        }
        #[cfg(debug_assertions)]
        engine! { @ here f32 $($name($($arg: $type),*) -> $result = $path;)* }
        #[cfg(not(debug_assertions))]
        engine! { @ where_used f32 $($name($($arg: $type),*) -> $result = $path;)* }
        engine! { @ here f64 $($name($($arg: $type),*) -> $result = $path;)* }
    };
    (@ here $float:ident $($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        impl Engine for $float {
            $(fn $name($($arg: $type),*) -> $result {
                $path($($arg),*)
            })*
        }
    };
    (@ where_used $float:ident $($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        impl Engine for $float {
            $(#[inline]
            fn $name($($arg: $type),*) -> $result {
                $path($($arg),*)
            })*
        }
    };
}
engine! {
    /// Opens a tape and returns its key.
    fn open(kind: u32) -> Result<u32, Error> = store::open_in::<Self>;
    /// Closes a tape.
    fn close(key: u32) -> () = store::close_in::<Self>;
    /// Empties a tape and gives it a new key.
    fn clear(key: u32) -> Result<u32, Error> = store::clear_in::<Self>;
    /// Records a tensor node and returns its id.
    fn push_wide(
        key: u32,
        origin: Origin,
        parents: SmallVec<[u32; 3]>,
        value: Value<Self>,
        line: Line,
        active: bool
    ) -> Result<u32, Error> = store::push_wide_in;
    /// The value of a node or constant.
    fn value_of(key: u32, id: u32) -> Result<Value<Self>, Error> = crate::tape::value_in;
    /// Applies an operation to recorded values.
    fn apply_recorded(op: AnyOp, args: &[Arg<'_, Var<Self>>], line: Line) -> Result<Any<Var<Self>>, Error>
        = Var::apply_in;
    /// The gradients of a node.
    fn gradients(key: u32, root: u32, seed: Tensor<Self>, all: bool) -> Result<Gradients<Self>, Error>
        = crate::sweep::non_finite::backward_in;
    /// Whether a derivative flows from an output, or why none does.
    fn connected(var: Var<Self>) -> Result<(), Error> = Var::connected_in;
    /// Why there is no gradient for a handle.
    fn why_missing(gradients: &Gradients<Self>, tag: u32, id: u32) -> Error = Gradients::missing_in;
}
