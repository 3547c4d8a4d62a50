//! What no output depends on is left out.

use crate::program::dag::{Dag, What};
use crate::tensor::float::Float;

/// Keeps the leaves, which may be given values, and what the outputs depend on.
pub(crate) fn pass<F: Float>(dag: Dag<F>) -> Dag<F> {
    let mut used = vec![false; dag.nodes.len()];
    dag.outputs.iter().for_each(|output| used[*output] = true);
    for (k, node) in dag.nodes.iter().enumerate().rev() {
        used[k] |= matches!(node.what, What::Leaf(..));
        if used[k] {
            node.operands.iter().for_each(|operand| used[*operand] = true);
        }
    }
    let mut place = vec![usize::MAX; dag.nodes.len()];
    let kept = (0..dag.nodes.len()).filter(|k| used[*k]);
    kept.enumerate().for_each(|(count, k)| place[k] = count);
    let outputs = dag.outputs;
    let mut used = used.into_iter();
    let nodes = dag.nodes.into_iter().filter(|_| used.next() == Some(true)).collect();
    Dag { nodes, outputs }.with_places(&place)
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::program::dag::Dag;

    #[test]
    fn what_nothing_reads_is_left_out() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([1.0, 2.0]));
        let y = x.exp();
        let mut dag = Dag::<f64>::of_ids(y.key, &[y.id]).unwrap();
        dag.outputs = vec![0];
        assert_eq!(dag.to_string(), "%0 = leaf [2]\n%1 = exp(%0) [2]\nreturn %0\n");
        assert_eq!(super::pass(dag).to_string(), "%0 = leaf [2]\nreturn %0\n");
    }
}
