//! What is drawn.

mod curves;
mod derivations;
mod folds;
mod pictures;
mod size;
mod steps;
