//! What is drawn.

mod curves;
mod pictures;
mod folds;
mod steps;
