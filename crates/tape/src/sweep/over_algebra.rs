//! The pass that keeps every cotangent, read as any algebra: as numbers, as recorded values that can be differentiated again,
//! with tangents.

use smallvec::SmallVec;

use super::gradients::{Gradients, RecordedGradients};
use super::hooks::{hooked, run_hooks};
use crate::error::{Error, caught};
use crate::rule::algebra::{Algebra, Any, Args};
use crate::rule::op::Op;
use crate::shape::Shape;
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, Origin, Store};
use crate::tape::{Parent, Step, Var, inherit, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// The sweep that keeps every cotangent, scalar or tensor, as numbers.
pub(super) fn backward_all<F: Float>(key: u32, root: u32, seed: Tensor<F>) -> Result<Gradients<F>, Error> {
    let cotangents = sweep::<F, _>(key, root, seed, &|id| value_of(key, id))?;
    for id in hooked::<F>(key)?.into_iter().rev() {
        cotangents.get(id).map_or(Ok(()), |g| run_hooks(key, id, g))?;
    }
    let mut gradients = Gradients::new(key, root, None).of_all_nodes();
    let (leaves, scalars): (Vec<_>, Vec<_>) = store::with_store(key, |store: &mut Store<F>| {
        let wide = store.wide.iter().take_while(|w| w.id <= root).filter(|w| w.parents.is_empty());
        let scalars = store.leaves.iter().take_while(|r| r.start <= root).map(|r| r.start..r.end.min(root + 1));
        (wide.map(|w| (w.id, w.line, matches!(w.origin, Origin::Input))).collect(), scalars.collect())
    })?;
    for range in scalars.into_iter().rev() {
        let item = |id: u32| cotangents.get(id).map_or_else(F::zero, Tensor::item);
        let mut adjoints: Vec<F> = range.clone().map(item).collect();
        let _ = gradients.add_leaves(range.start, &mut adjoints);
        gradients.add_unreached(range.filter(|id| !cotangents.contains(*id)));
    }
    for (id, g) in cotangents.iter() {
        gradients.add_tensor(id, g.clone());
    }
    for (id, line, input) in leaves {
        gradients.note_leaf(id, line, input);
    }
    Ok(gradients)
}

/// The gradients of `root` as recorded values.
pub(crate) fn backward_recorded<F: Float>(root: Var<F>) -> Result<RecordedGradients<F>, Error> {
    let key = root.key;
    let seed = root.full(root.try_value()?.shape().clone(), 1.0);
    let cotangents = sweep::<F, _>(key, root.id, seed, &|id| handle(key, id))?;
    for id in hooked::<F>(key)?.into_iter().rev() {
        cotangents.get(id).map_or(Ok(()), |g| run_hooks(key, id, &g.try_value()?))?;
    }
    RecordedGradients::new(root, cotangents)
}

/// A node or constant as a recorded value of its kind.
pub(crate) fn handle<F: Float>(key: u32, id: u32) -> Result<Any<Var<F>>, Error> {
    Ok(match value_of::<F>(key, id)? {
        Any::Real(_) => Any::Real(Var::new(key, id)),
        Any::Index(_) => Any::Index(Var::new(key, id)),
        Any::Mask(_) => Any::Mask(Var::new(key, id)),
    })
}

/// The cotangents of all nodes from which `root` is reached, read as `A`; `at` gives the value of a node or constant.
pub(crate) fn sweep<F: Float, A: Algebra>(
    key: u32,
    root: u32,
    seed: A,
    at: &dyn Fn(u32) -> Result<Any<A>, Error>,
) -> Result<NodeMap<A>, Error> {
    sweep_to::<F, A>(key, root, seed, at, &[], Vec::new())
}

/// [`sweep`] that does not go on beyond the nodes `ends`, and adds to the `sums` of some nodes.
pub(crate) fn sweep_to<F: Float, A: Algebra>(
    key: u32,
    root: u32,
    seed: A,
    at: &dyn Fn(u32) -> Result<Any<A>, Error>,
    ends: &[u32],
    sums: Vec<(u32, A)>,
) -> Result<NodeMap<A>, Error> {
    caught(|| sweep_on::<F, A>(key, root, seed, at, ends, sums))
}

fn sweep_on<F: Float, A: Algebra>(
    key: u32,
    root: u32,
    seed: A,
    at: &dyn Fn(u32) -> Result<Any<A>, Error>,
    ends: &[u32],
    sums: Vec<(u32, A)>,
) -> Result<NodeMap<A>, Error> {
    let mut cotangents: NodeMap<A> = sums.into_iter().collect();
    let seed = match cotangents.take(root) {
        Some(sum) => sum + seed,
        None => seed,
    };
    cotangents.insert(root, seed);
    let mut next = Some(root);
    while let Some(id) = next {
        next = cotangents.before(id);
        if ends.contains(&id) {
            continue;
        }
        let Some(Step { op, parents, line, .. }) = step::<F>(key, id)? else {
            continue;
        };
        let Some(g) = cotangents.get(id).cloned() else { continue };
        let y = at(id)?.real();
        let values = arguments(&parents, &y, at)?;
        let args = ShortList::from_fn(values.len(), |k| values[k].as_arg());
        let _line = inherit::<F>(line);
        let needed = ShortList::those(parents.len(), |k| match parents[k] {
            Parent::Node { id, active: true } if op.active(k) => Some((k, id)),
            _ => None,
        });
        let need = ShortList::from_fn(needed.len(), |k| needed[k].0);
        let mut sum_of = |k: usize| cotangents.take(needed[k].1);
        let parts = match op.vjps_onto(&need, &g, Args(&args), &y, &mut sum_of) {
            Some(sums) => sums,
            None => op.cotangents(&need, g, Args(&args), &y),
        };
        for ((_, parent), c) in needed.iter().zip(parts) {
            match cotangents.get_mut(*parent) {
                Some(sum) => *sum = sum.clone() + c,
                None => cotangents.insert(*parent, c),
            }
            next = next.max(Some(*parent));
        }
    }
    Ok(cotangents)
}

/// The operands of a node, read as `A`.
pub(crate) fn arguments<F: Float, A: Algebra>(
    parents: &[Parent<F>],
    beside: &A,
    at: &dyn Fn(u32) -> Result<Any<A>, Error>,
) -> Result<SmallVec<[Any<A>; 3]>, Error> {
    parents
        .iter()
        .map(|p| match *p {
            Parent::Node { id, .. } | Parent::Constant(id) => at(id),
            Parent::Number(x) => Ok(Any::Real(beside.full(Shape::scalar(), x.to_f64()))),
        })
        .collect()
}
