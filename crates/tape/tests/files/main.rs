//! Tapes in files.

mod json;
mod json_mutants;
mod json_range;
