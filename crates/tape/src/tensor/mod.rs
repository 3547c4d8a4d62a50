//! A plain array of numbers, positions or truth values: its shape, its buffer, and the number types that it may hold.
//!
//! It knows errors, and no operation, tape or derivative.

mod array;
pub(crate) mod buffer;
pub(crate) mod ceiling;
mod construct;
mod display;
mod drawn;
pub(crate) mod float;
mod rows_of;
pub(crate) mod short_list;
pub(crate) mod sizes;

pub(crate) use array::RowMajor;
pub use array::Tensor;
pub use rows_of::Rows;
