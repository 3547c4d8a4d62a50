//! What was made of what, in words.

use std::fmt;

use super::compiled::Plan;
use super::dag::What;
use super::fuse::Work;
use crate::rule::op::Op;
use crate::tape::graph::place;
use crate::tensor::float::Float;

impl<F: Float> fmt::Display for Plan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[usize]| nodes.iter().map(|k| format!("%{k}")).collect::<Vec<_>>().join(", ");
        let name = |k: usize| match &self.dag.nodes[k].what {
            What::Op(op, _) => op.name(),
            _ => "leaf".into(),
        };
        for work in self.work.iter() {
            match work {
                Work::Call(k) => {
                    let node = &self.dag.nodes[*k];
                    let line = place(node.line, None);
                    writeln!(f, "%{k} {} = {}({})  {line}", node.shape, name(*k), list(&node.operands))?;
                }
                Work::Fused(fused) => {
                    let made = [&fused.outputs[..], &fused.sums].concat();
                    let steps = fused.listing.steps.len();
                    writeln!(
                        f,
                        "{} = {} operations on {}, {steps} steps, {} registers, of {}",
                        list(&made),
                        fused.members.len() + fused.sums.len(),
                        fused.listing.shape,
                        fused.listing.registers,
                        list(&fused.operands)
                    )?;
                    let names: Vec<String> = fused.members.iter().chain(&fused.sums).map(|k| name(*k)).collect();
                    writeln!(f, "    {}", names.join(" "))?;
                }
            }
        }
        let buffers = self.arena.buffers.len();
        writeln!(f, "{buffers} buffers, {} bytes", self.arena.bytes(size_of::<F>()))
    }
}
