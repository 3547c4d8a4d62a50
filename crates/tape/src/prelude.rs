//! What most programs use: `use wengert_tape::prelude::*;`

pub use crate::algebra::{Algebra, Lift};
#[cfg(feature = "check")]
pub use crate::assert_gradients;
#[cfg(feature = "check")]
pub use crate::check::check_gradients;
pub use crate::differential::{
    grad, hessian, hvp, jacobian, jvp, per_sample_gradients, per_sample_norms, value_and_grad, value_and_grad_aux, vjp,
};
pub use crate::error::{Error, try_with};
pub use crate::float::Float;
pub use crate::gradients::Gradients;
pub use crate::ops::methods::*;
pub use crate::param::Param;
pub use crate::series::taylor;
pub use crate::shape::Shape;
pub use crate::tape::{Scalar, Tape, Var};
pub use crate::tensor::Tensor;
