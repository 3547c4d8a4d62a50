//! What is undone at once is not done: the transpose of a transpose, the shape of another shape.

use crate::program::dag::Dag;
use crate::rule::role::Role;
use crate::tensor::float::Float;

/// Lets what reads the transpose of a transpose, or a shape that is the first again, read what was there before.
pub(crate) fn pass<F: Float>(mut dag: Dag<F>) -> Dag<F> {
    let mut place: Vec<usize> = Vec::with_capacity(dag.nodes.len());
    for k in 0..dag.nodes.len() {
        let operands: Vec<usize> = dag.nodes[k].operands.iter().map(|operand| place[*operand]).collect();
        dag.nodes[k].operands.iter_mut().zip(&operands).for_each(|(operand, place)| *operand = *place);
        let mut stands_for = k;
        if let (Some(role), [x]) = (dag.nodes[k].role(), &operands[..]) {
            let before = dag.nodes[*x].role().zip(dag.nodes[*x].operands.first().copied());
            match (role, before) {
                (Role::Transposed, Some((Role::Transposed, first))) => stands_for = first,
                // a shape of a shape is one of what was there before
                (Role::Reshaped, Some((Role::Reshaped, first))) => {
                    dag.nodes[k].operands[0] = first;
                    if dag.nodes[first].shape == dag.nodes[k].shape {
                        stands_for = first;
                    }
                }
                (Role::Reshaped, _) if dag.nodes[*x].shape == dag.nodes[k].shape => stands_for = *x,
                _ => {}
            }
        }
        place.push(stands_for);
    }
    dag.with_places(&place)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::program::passes::listing;

    #[test]
    fn a_transpose_of_a_transpose_is_what_was_there() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        let (before, after) = listing(x.t().t().exp(), super::pass);
        assert_eq!(before.lines().count(), 5);
        assert_eq!(after, "%0 = leaf [2, 2]\n%1 = exp(%0) [2, 2]\nreturn %1\n");
    }

    #[test]
    fn a_shape_of_a_shape_is_one() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
        let (_, after) = listing(x.reshape([4]).reshape([1, 4]).reshape([2, 2]).exp(), super::pass);
        assert_eq!(after, "%0 = leaf [2, 2]\n%1 = exp(%0) [2, 2]\nreturn %1\n");
        let (_, after) = listing(x.reshape([4]).reshape([1, 4]).exp(), super::pass);
        assert_eq!(after, "%0 = leaf [2, 2]\n%1 = reshape(%0) [1, 4]\n%2 = exp(%1) [1, 4]\nreturn %2\n");
    }
}
