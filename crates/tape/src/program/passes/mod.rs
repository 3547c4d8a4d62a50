//! What is made simpler before a program is laid out. Each pass is a function of the nodes, in a file of its own; each keeps the numbers.

mod common;
mod dead;
mod undone;

use super::dag::Dag;
use crate::tensor::float::Float;

/// A pass.
type Pass<F> = fn(Dag<F>) -> Dag<F>;

/// All passes, in their order.
pub(crate) fn all<F: Float>(dag: Dag<F>) -> Dag<F> {
    let passes: [Pass<F>; 3] = [undone::pass, common::pass, dead::pass];
    passes.into_iter().fold(dag, |dag, pass| pass(dag))
}

/// The nodes that an output depends on, after a pass, for the tests of passes.
#[cfg(test)]
fn listing(output: crate::Var, pass: Pass<f64>) -> (String, String) {
    let dag = Dag::of_ids(output.key, &[output.id]).unwrap();
    (dag.to_string(), dead::pass(pass(dag)).to_string())
}
