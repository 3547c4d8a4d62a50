//! Data sets: embedded, made by code, split, and cut into batches.

mod batches;
mod dataset;
mod digits;
mod made;

pub use batches::Batches;
pub use dataset::{Dataset, Split};
pub use digits::digits;
pub use made::{moons, xor};
