//! What most programs use: `use wengert_tape::prelude::*;`

#[cfg(feature = "check")]
pub use crate::assert_gradients;
#[cfg(feature = "check")]
pub use crate::check::check_gradients;
pub use crate::error::{Error, try_with};
pub use crate::ops::methods::*;
pub use crate::reader::var_handle::Var;
pub use crate::rule::algebra::{Algebra, Lift};
pub use crate::rule::param::Param;
pub use crate::shape::Shape;
pub use crate::sweep::gradients::Gradients;
pub use crate::tape::{Scalar, Tape};
pub use crate::tensor::Tensor;
pub use crate::tensor::float::Float;
pub use crate::transform::differential::{grad, hessian, hvp, jacobian, jvp, value_and_grad, value_and_grad_aux, vjp};
pub use crate::transform::per_sample::{per_sample_gradients, per_sample_norms};
pub use crate::transform::taylor::taylor;
