//! What the others are measured against: the formula on plain numbers, and the gradient written by hand.

use crate::Peer;
use crate::workloads::Workload;

#[derive(Default)]
pub struct Plain;

impl Peer for Plain {
    const NAME: &'static str = "plain f64";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        vec![workload.value(workload.at())]
    }
}

#[derive(Default)]
pub struct ByHand;

impl Peer for ByHand {
    const NAME: &'static str = "by hand";
    fn gradient(&mut self, workload: &impl Workload) -> Vec<f64> {
        workload.by_hand().1
    }
}
