//! What is drawn.

mod curves;
mod derivations;
mod folds;
mod lint;
mod pictures;
mod plots;
mod profiles;
#[cfg(feature = "raster")]
mod raster;
mod size;
mod steps;
