//! What an operation is to a program that is compiled from a recorded graph.

use crate::rule::written::Formula;

/// What an operation is to a [`Program`](crate::Program). An operation says it in its own file, and what compiles asks it.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It is computed by its `forward`, as a function that is called.
    Called,
    /// It acts number by number on operands that are repeated to the shape of its result: the formula. What is true is 1 in it, what is
    /// false 0.
    Elementwise(Formula),
    /// The numbers of its operand in the same order, in another shape.
    Reshaped,
    /// Its operand with the last two axes exchanged.
    Transposed,
    /// The sums of its operand over the axes along which its result would be repeated.
    Summed,
}
