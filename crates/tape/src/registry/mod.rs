//! Operations whose type is not known: what a node holds, and what is compiled once for all of them.
//!
//! It stands above the readers, which its tables list.

pub(crate) mod any_op;
pub(crate) mod compiled;
pub(crate) mod custom_op;
