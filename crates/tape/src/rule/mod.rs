//! What an operation is, and what its rules may say: the algebra that they are written over, the numbers of their formulas,
//! parameters, and cases to try them with.
//!
//! It knows tensors. It names no operation and does not know that a tape exists; of the readers it knows that there are some,
//! behind pointers.

pub(crate) mod algebra;
pub(crate) mod case;
pub(crate) mod complex;
#[cfg(feature = "check")]
pub(crate) mod moved;
pub(crate) mod number;
pub(crate) mod op;
pub(crate) mod operand;
pub(crate) mod param;
pub(crate) mod pointwise;
pub(crate) mod real;
pub(crate) mod role;
pub(crate) mod series;
pub(crate) mod special;
pub(crate) mod written;
