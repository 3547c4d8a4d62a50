//! What comes out of a training: a score, and what is said of it.

use serde_json::Value;
use wengert::Stored;
use wengert::prelude::*;

/// One number for how well a network does.
pub(super) struct Score<T: Stored<f32>> {
    /// What programs call it; people read it with spaces.
    pub(super) name: &'static str,
    pub(super) of: fn(&Tensor<f32>, &Tensor<T>) -> f64,
}

/// The name of the score that is a share.
pub(super) const ACCURACY: &str = "accuracy";

/// What came out, for people and for programs.
pub(super) struct Outcome {
    pub(super) text: String,
    /// The name of the entry of the JSON object, and what it is.
    pub(super) json: (&'static str, Value),
}
