//! What was recorded, compiled: a graph that runs many times with other leaves, in one go, without a tape.
//!
//! A program is made in steps that can be read one after the other: the nodes that its outputs depend on ([`dag`]), made simpler
//! ([`passes`]); what is computed together ([`fuse`]), as listings of vector steps ([`listing`]); where each value lies ([`arena`]).
//! It knows graphs, kernels and what an operation says of itself ([`Role`](crate::Role)); it names no operation.

mod arena;
mod compiled;
mod dag;
mod explain;
mod fuse;
mod listing;
mod machine;
mod many;
mod passes;

pub use compiled::{Program, Rebound};
