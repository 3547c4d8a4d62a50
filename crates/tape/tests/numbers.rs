//! That numbers are right where they are many, large, small, infinite or absent.

#[path = "numbers/ends.rs"]
mod ends;
#[path = "numbers/flat.rs"]
mod flat;
#[path = "numbers/hidden.rs"]
mod hidden;
#[path = "numbers/limits.rs"]
mod limits;
#[path = "numbers/scale.rs"]
mod scale;
#[path = "numbers/sums.rs"]
mod sums;
