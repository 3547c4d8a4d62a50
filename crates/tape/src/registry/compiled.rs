//! What does not depend on operations, compiled once, with this crate.
//!
//! A generic function is compiled in every crate that uses it. The functions here are called through a trait whose
//! methods for `f64`, the usual type, are plain functions, so that a program that records and differentiates does not
//! compile the tape and its sweeps again. Those for `f32` are compiled where they are used.

use smallvec::SmallVec;

use crate::algebra::{Any, Arg};
use crate::any_op::AnyOp;
use crate::error::Error;
use crate::float::Float;
use crate::gradients::Gradients;
use crate::op::Value;
use crate::tape::Var;
use crate::tape::store::{self, Line, What};
use crate::tensor::Tensor;

macro_rules! compiled {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        /// The engine for one float type.
        #[doc(hidden)]
        pub trait Compiled: Sized {
            $($(#[$doc])* fn $name($($arg: $type),*) -> $result where Self: Float;)*
        }
        compiled! { @ where_used f32 $($name($($arg: $type),*) -> $result = $path;)* }
        compiled! { @ here f64 $($name($($arg: $type),*) -> $result = $path;)* }
    };
    (@ here $float:ident $($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        impl Compiled for $float {
            $(fn $name($($arg: $type),*) -> $result {
                $path($($arg),*)
            })*
        }
    };
    (@ where_used $float:ident $($name:ident($($arg:ident: $type:ty),*) -> $result:ty = $path:path;)*) => {
        impl Compiled for $float {
            $(#[inline]
            fn $name($($arg: $type),*) -> $result {
                $path($($arg),*)
            })*
        }
    };
}
compiled! {
    /// Opens a tape and returns its key.
    fn open(kind: u32) -> Result<u32, Error> = store::open_in::<Self>;
    /// Closes a tape.
    fn close(key: u32) -> () = store::close_in::<Self>;
    /// Empties a tape and gives it a new key.
    fn clear(key: u32) -> Result<u32, Error> = store::clear_in::<Self>;
    /// Records a tensor node and returns its id.
    fn push_wide(
        key: u32,
        what: What,
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
        = crate::non_finite::backward_in;
    /// Whether a derivative flows from an output, or why none does.
    fn connected(var: Var<Self>) -> Result<(), Error> = Var::connected_in;
    /// Why there is no gradient for a handle.
    fn why_missing(gradients: &Gradients<Self>, tag: u32, id: u32) -> Error = Gradients::missing_in;
}
