//! Forward mode over what is recorded.

use super::backward::accumulate;
use super::expect_shape;
use super::over_algebra::arguments;
use crate::error::{Error, caught};
use crate::rule::algebra::{Any, Args};
use crate::rule::op::Op;
use crate::tape::node_map::NodeMap;
use crate::tape::{Parent, Step, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// The tangents of all nodes up to `root` that a direction reaches, on numbers: forward mode over the recorded nodes.
pub(crate) fn tangents<F: Float>(
    key: u32,
    root: u32,
    directions: NodeMap<Tensor<F>>,
) -> Result<NodeMap<Tensor<F>>, Error> {
    caught(|| tangents_on(key, root, directions))
}

fn tangents_on<F: Float>(key: u32, root: u32, directions: NodeMap<Tensor<F>>) -> Result<NodeMap<Tensor<F>>, Error> {
    let mut tangents = directions;
    let Some(first) = tangents.ids().first().copied() else { return Ok(tangents) };
    let at = |id: u32| value_of::<F>(key, id);
    for id in first + 1..=root {
        let Some(Step { op, parents, .. }) = step::<F>(key, id)? else {
            continue;
        };
        let reached = |k: usize| match parents[k] {
            Parent::Node { id, .. } if op.active(k) => tangents.get(id),
            _ => None,
        };
        if (0..parents.len()).all(|k| reached(k).is_none()) {
            continue;
        }
        let Any::Real(y) = at(id)? else { continue };
        let values = arguments(&parents, &y, &at)?;
        let args = ShortList::from_fn(values.len(), |k| values[k].as_arg());
        let mut sum: Option<Tensor<F>> = None;
        for k in 0..parents.len() {
            if let Some(d) = reached(k) {
                let part = op.jvp(k, d.clone(), Args(&args), &y);
                expect_shape(&op, "jvp", k, Tensor::shape(&part), Tensor::shape(&y))?;
                accumulate(&mut sum, part);
            }
        }
        if let Some(sum) = sum {
            tangents.insert(id, sum);
        }
    }
    Ok(tangents)
}
