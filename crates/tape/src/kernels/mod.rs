//! Loops over buffers. They know tensors, and the formula of an operation as numbers; which operation it is they do not know.

pub(crate) mod convolve;
pub(crate) mod elementwise;
#[cfg(feature = "linalg")]
pub(crate) mod factor;
pub(crate) mod formula;
pub(crate) mod fused;
pub(crate) mod gemm;
pub(crate) mod groups;
mod on_the_way;
pub(crate) mod pairs;
#[cfg(feature = "linalg")]
pub(crate) mod pivots;
pub(crate) mod prefetch;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod running;
pub(crate) mod scaled;
pub(crate) mod slopes;
pub(crate) mod threads;
pub(crate) mod tile;
#[cfg(feature = "linalg")]
pub(crate) mod triangles;
mod under;
mod update;
pub(crate) mod vector;
pub(crate) mod windows;
