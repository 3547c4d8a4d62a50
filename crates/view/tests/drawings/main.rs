//! What is drawn.

mod curves;
mod derivations;
mod folds;
mod lint;
mod pictures;
mod profiles;
mod size;
mod steps;
