//! That numbers are right where they are many, large, small, infinite or absent.

mod ends;
mod flat;
mod hidden;
mod limits;
mod parameters;
mod range;
mod scale;
mod sums;
mod sure;
mod ulps;
