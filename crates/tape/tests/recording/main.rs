//! What a tape records, how it is walked, and what leaves it.

mod checkpoint;
mod complex_values;
mod custom_op;
mod full_tape;
mod gradients;
mod modes;
mod never_cleared;
mod non_finite;
mod numeric;
mod options;
mod parameters;
mod positions;
mod programs;
mod random;
mod scalar_soundness;
mod scalar_workloads;
mod scalars;
mod sizes;
mod tape;
