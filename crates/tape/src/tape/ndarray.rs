//! What `ndarray` asks of an element beside arithmetic, so that its arrays may hold recorded numbers.

use super::Scalar;
use crate::tensor::float::Float;

/// `array * scalar` and the like.
impl<F: Float> ndarray::ScalarOperand for Scalar<F> {}
