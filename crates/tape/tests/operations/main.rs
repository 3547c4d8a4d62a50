//! Every operation of the registry: its numbers against others', its rules against each other, its errors.

mod convolution;
mod determinants;
mod every_reader;
mod formulas;
mod illegal;
mod illegal_elementwise;
mod linalg;
mod linalg_scale;
mod numbers;
mod ops_table;
mod programs;
mod properties;
mod takes;
