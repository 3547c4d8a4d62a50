//! Loops over buffers. They know tensors and numbers, and no operation.

pub(crate) mod elementwise;
pub(crate) mod gemm;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod windows;
