//! What a trainer is given: losses, metrics, and how samples are cut.

use wengert_tape::{Tensor, Var};

pub(super) type Loss<'a, F, T> = dyn Fn(Var<F>, Var<F, T>) -> Var<F> + Send + Sync + 'a;
pub(super) type Metric<'a, F, T> = dyn Fn(&Tensor<F>, &Tensor<T>) -> f64 + Send + Sync + 'a;
pub(super) type Metrics<'a, F, T> = Vec<(String, Box<Metric<'a, F, T>>)>;

/// How samples are cut, and what is drawn for them.
#[derive(Clone, Copy, Debug)]
pub struct Cutting {
    pub(super) batch: usize,
    pub(super) shard: usize,
    pub(super) seed: u64,
}
