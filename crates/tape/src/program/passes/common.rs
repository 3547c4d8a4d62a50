//! What is computed twice from the same operands is computed once.

use std::any::TypeId;
use std::collections::HashMap;

use smallvec::SmallVec;

use crate::program::dag::{Dag, What};
use crate::rule::algebra::Any;
use crate::rule::op::Value;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// Constants of more elements than this are the same if they share their memory.
const FEW: usize = 16;

/// Lets equal operations on equal operands, and equal constants, be one node.
pub(crate) fn pass<F: Float>(dag: Dag<F>) -> Dag<F> {
    let mut place: Vec<usize> = Vec::with_capacity(dag.nodes.len());
    let mut known: HashMap<(TypeId, SmallVec<[usize; 3]>), SmallVec<[usize; 1]>> = HashMap::new();
    let mut constants: Vec<usize> = Vec::new();
    for (k, node) in dag.nodes.iter().enumerate() {
        let same = match &node.what {
            What::Leaf(..) => None,
            What::Constant(value) => {
                let same = |other: &&usize| match &dag.nodes[**other].what {
                    What::Constant(other) => are_same(other, value),
                    _ => false,
                };
                // of very many constants the last are looked through
                let found = constants.iter().rev().take(64).find(same).copied();
                if found.is_none() {
                    constants.push(k);
                }
                found
            }
            What::Op(op, _) => {
                let operands = node.operands.iter().map(|operand| place[*operand]).collect();
                let among = known.entry((op.type_id(), operands)).or_default();
                let same = |other: &&usize| matches!(&dag.nodes[**other].what, What::Op(other, _) if other == op);
                let found = among.iter().find(same).copied();
                if found.is_none() {
                    among.push(k);
                }
                found
            }
        };
        place.push(same.unwrap_or(k));
    }
    dag.with_places(&place)
}

/// Whether two constants are the same, to the bit.
fn are_same<F: Float>(a: &Value<F>, b: &Value<F>) -> bool {
    match (a, b) {
        (Any::Real(a), Any::Real(b)) => {
            let bits =
                |x: &Tensor<F>| x.data().iter().map(|x| Float::to_f64(*x).to_bits()).collect::<SmallVec<[u64; FEW]>>();
            a.is(b) || a.shape() == b.shape() && a.len() <= FEW && bits(a) == bits(b)
        }
        (Any::Index(a), Any::Index(b)) => a.is(b) || a.shape() == b.shape() && a.len() <= FEW && a == b,
        (Any::Mask(a), Any::Mask(b)) => a.is(b) || a.shape() == b.shape() && a.len() <= FEW && a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;
    use crate::program::passes::listing;

    #[test]
    fn the_same_is_computed_once() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([1.0, 2.0]));
        let (before, after) = listing((x.exp() * 2.0) + (x.exp() * 2.0), super::pass);
        assert_eq!(before.lines().count(), 9);
        let expected = "%0 = leaf [2]\n%1 = exp(%0) [2]\n%2 = constant 2 []\n%3 = mul(%1, %2) [2]\n\
                        %4 = add(%3, %3) [2]\nreturn %4\n";
        assert_eq!(after, expected);
    }
}
