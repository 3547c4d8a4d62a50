//! A graph of numbers, recorded for one sample, on many.

use super::dag::{Dag, What};
use crate::error::Error;
use crate::rule::algebra::Any;
use crate::rule::op::Op;
use crate::rule::role::Role;
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The same nodes with `samples` numbers for each of the leaves `many`, and for all that depends on them.
///
/// # Errors
/// [`Error::Shape`] for a leaf that is not one number, or an operation that does not act number by number.
pub(super) fn over<F: Float>(dag: &Dag<F>, samples: usize, many: &[usize]) -> Result<Dag<F>, Error> {
    let mut dag = dag.clone();
    let mut is_many = vec![false; dag.nodes.len()];
    for k in 0..dag.nodes.len() {
        is_many[k] = many.contains(&k) || dag.nodes[k].operands.iter().any(|operand| is_many[*operand]);
        if !is_many[k] {
            continue;
        }
        let node = &mut dag.nodes[k];
        if node.shape.rank() > 0 {
            let message = format!("what depends on the leaves must be numbers, and something has shape {}", node.shape);
            return Err(Error::shape("over", message));
        }
        node.shape = Shape::from([samples]);
        match &mut node.what {
            What::Leaf(_, Any::Real(x)) => *x = Tensor::full([samples], x.item()),
            What::Op(op, role) if !matches!(**role, Role::Elementwise(_)) => {
                return Err(Error::shape("over", format!("`{}` does not act number by number", op.name())));
            }
            _ => {}
        }
    }
    Ok(dag)
}
