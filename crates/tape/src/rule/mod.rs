//! What an operation is, and what its rules may say: the algebra that they are written over, the numbers of their formulas,
//! parameters, and cases to try them with.
//!
//! It knows tensors and kernels. It names no operation and does not know that a tape exists.

pub(crate) mod algebra;
pub(crate) mod case;
#[cfg(feature = "check")]
pub(crate) mod moved;
pub(crate) mod number;
pub(crate) mod op;
pub(crate) mod param;
pub(crate) mod pointwise;
pub(crate) mod real;
pub(crate) mod special;
