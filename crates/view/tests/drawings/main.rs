//! What is drawn.

mod curves;
mod derivations;
mod folds;
mod lint;
mod pictures;
mod plots;
mod profiles;
mod size;
mod steps;
