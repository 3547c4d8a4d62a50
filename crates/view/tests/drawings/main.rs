//! What is drawn.

mod curves;
mod derivations;
mod folds;
mod lint;
mod pictures;
mod size;
mod steps;
