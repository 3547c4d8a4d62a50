//! The tape: the list of operations that a program performs, its memory, the handles into it, and the graph for others to read.
//!
//! It knows operations behind pointers, and the readers that it is one of. It does not know what is done with a graph: no sweep, no
//! gradient.

mod apply;
mod arithmetic;
mod chained_slope;
mod combination;
mod functions;
pub(crate) mod graph;
mod keys;
mod lifetime;
mod lifted;
mod memory;
#[cfg(feature = "nalgebra")]
mod nalgebra;
#[cfg(feature = "ndarray")]
mod ndarray;
pub(crate) mod node_map;
mod numeric;
pub(crate) mod operators;
mod rarely;
mod read;
mod record;
mod scalar;
pub(crate) mod slices;
pub(crate) mod store;
mod summation;
#[cfg(debug_assertions)]
pub(crate) mod unoptimised;
mod var;
mod walks;
mod wengert_list;

pub(crate) use crate::reader::var_handle::{Stored, Var};
pub(crate) use arithmetic::{add_two, key_of, push_many, push_run};
pub(crate) use combination::Combination;
pub(crate) use lifted::{lift_given, lift_value};
#[cfg(feature = "check")]
pub(crate) use lifted::{param_at, param_node};
#[cfg(feature = "nalgebra")]
pub use nalgebra::NalgebraFloat;
pub(crate) use read::{
    Operands, Parent, Step, inherit, is_active, line_of, read, step, tensor_position, value_in, value_of,
};
pub use scalar::Scalar;
pub(crate) use summation::Summation;
pub(crate) use wengert_list::constant_id;
pub use wengert_list::{OnNonFinite, Stats, Tape};
