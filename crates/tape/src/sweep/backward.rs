//! The chain rule, walked once backwards (or forwards) over the tape.
//!
//! Recording order is a topological order, so a reverse scan is the backward pass. The loops hold no borrow of the tape
//! while a rule runs: operation, parents and values are cloned out of the node first.

use smallvec::SmallVec;

use crate::algebra::{Algebra, Any, Args};
use crate::by_id::ById;
use crate::error::{Error, caught};
use crate::few::Few;
use crate::float::Float;
use crate::gradients::{Gradients, RecordedGradients};
use crate::kernels::slopes::Place;
use crate::number::Num;
use crate::op::Op;
use crate::ops::AnyOp;
use crate::real::Real;
use crate::shape::Shape;
use crate::tape::store::{self, Store, What};
use crate::tape::{Operands, Parent, Step, Var, inherit, is_active, read, step, value_of};
use crate::tensor::Tensor;

use super::hooks::{hooked, run_hooks};
use super::part::{self, Part};

/// What stops the fast sweep over scalar nodes: where it must hand over or collect.
enum Stop {
    /// Scalar leaves `first..end`.
    Leaves(u32, u32),
    /// A scalar node whose adjoint is kept.
    Retained(u32),
    /// A tensor node.
    Wide(u32),
}

impl Stop {
    fn end(&self) -> u32 {
        match self {
            Stop::Leaves(_, end) => *end,
            Stop::Retained(id) | Stop::Wide(id) => id + 1,
        }
    }
}

/// The stops below `end`, in ascending order.
fn stops<F: Float>(store: &Store<F>, end: u32) -> Vec<Stop> {
    let leaves = store.leaves.iter().filter(|r| r.start < end).map(|r| Stop::Leaves(r.start, r.end.min(end)));
    // A leaf that is retained is collected with its run.
    let retained = store.retained.iter().filter(|id| **id < end && !store.is_leaf(**id)).map(|id| Stop::Retained(*id));
    let wide = store.wide.iter().take_while(|w| w.id < end).map(|w| Stop::Wide(w.id));
    in_order(leaves.chain(retained).chain(wide).collect())
}

/// The stops among what an output depends on, in ascending order.
fn stops_among<F: Float>(store: &Store<F>, part: &Part) -> Vec<Stop> {
    let leaves = part.leaves.iter().rev().map(|r| Stop::Leaves(r.start, r.end));
    let nodes = part.nodes.iter().rev().flat_map(|range| store.retained_in(range).iter());
    let retained = nodes.map(|id| Stop::Retained(*id));
    let wide = part.wide.iter().map(|k| Stop::Wide(store.wide[*k].id));
    in_order(leaves.chain(retained).chain(wide).collect())
}

fn in_order(mut all: Vec<Stop>) -> Vec<Stop> {
    // Merging sorted runs: the standard sort finds them.
    all.sort_by_key(Stop::end);
    all
}

/// The gradients of node `root` times `seed`, on numbers.
pub(crate) fn backward<F: Float>(key: u32, root: u32, seed: Tensor<F>, all: bool) -> Result<Gradients<F>, Error> {
    caught(|| if all { backward_all(key, root, seed) } else { backward_of_leaves(key, root, seed, Vec::new()) })
}

/// The gradients of leaves by node `root` times `seed`, each added to what is in `sums` for its leaf.
pub(crate) fn backward_onto<F: Float>(
    key: u32,
    root: u32,
    seed: Tensor<F>,
    sums: Vec<(u32, Tensor<F>)>,
) -> Result<Gradients<F>, Error> {
    caught(|| backward_of_leaves(key, root, seed, sums))
}

/// A sweep over scalar nodes multiplies without looking. Where NaN came of it, which is rare, it is done again with a slope
/// of 0 absorbing an infinite adjoint (decision 0008). Hooks see each gradient once, so that with them it is done so at once.
fn backward_of_leaves<F: Float>(
    key: u32,
    root: u32,
    seed: Tensor<F>,
    sums: Vec<(u32, Tensor<F>)>,
) -> Result<Gradients<F>, Error> {
    let hooked = !hooked::<F>(key)?.is_empty();
    match gradients_of_leaves(key, root, seed.clone(), sums.clone(), hooked)? {
        (_, true) if !hooked => Ok(gradients_of_leaves(key, root, seed, sums, true)?.0),
        (gradients, _) => Ok(gradients),
    }
}

/// The gradients, and whether there is NaN among those that scalar nodes made.
fn gradients_of_leaves<F: Float>(
    key: u32,
    root: u32,
    seed: Tensor<F>,
    sums: Vec<(u32, Tensor<F>)>,
    absorbs: bool,
) -> Result<(Gradients<F>, bool), Error> {
    let end = root + 1;
    let whole = |store: &mut Store<F>| {
        store.note_looked(u64::from(end));
        (stops(store, end), store.last_place(absorbs), store.wide.partition_point(|w| w.id < end))
    };
    let has_sums = !sums.is_empty();
    // What has a sum already is gone to even where the output does not depend on it.
    let start = |store: &mut Store<F>| match if has_sums { None } else { store.budget(end) } {
        None => Ok(whole(store)),
        Some(budget) => Err(budget),
    };
    let mut part = None;
    let (stops, mut place, tensors) = match store::with_store(key, start)? {
        Ok(of_the_whole) => of_the_whole,
        Err(budget) => {
            part = part::of_few::<F>(key, root, budget)?;
            store::with_store(key, |store: &mut Store<F>| match &part {
                None => whole(store),
                Some(part) => (stops_among(store, part), store.last_place(absorbs), part.wide.len()),
            })?
        }
    };
    let mut adjoints = store::take_adjoints::<F>(end as usize)?;
    let mut cotangents = Waiting { positions: part.as_ref().map(|part| &part.wide[..]), values: Vec::new() };
    cotangents.values.resize_with(tensors, || None);
    let wide_at = |id: u32| store::with_store(key, |store: &mut Store<F>| store.wide_position(id));
    match wide_at(root)? {
        Some(position) => *cotangents.at(position) = Some(seed),
        None => adjoints[root as usize] = seed.item(),
    }
    for (leaf, sum) in sums {
        if let Some(position) = wide_at(leaf)? {
            let waiting = cotangents.at(position);
            let seed = waiting.replace(sum);
            seed.into_iter().for_each(|seed| accumulate(waiting, seed));
        }
    }
    let mut gradients = Gradients::new(key, root, part.as_ref());
    let mut reach = Reach::new(key, root, part.as_ref());
    let hooked = hooked::<F>(key)?;
    let mut nan = false;
    let mut top = end;
    let mut k = tensors;
    let sweep_scalars = |first: u32, end: u32, place: &mut Place, adjoints: &mut [F]| {
        store::with_store(key, |store: &mut Store<F>| match &part {
            None => store.sweep_scalars(first, end, place, adjoints),
            Some(part) => part.nodes_between(first, end, |a, b| store.sweep_scalars(a, b, place, adjoints)),
        })
    };
    for stop in stops.iter().rev() {
        let segment = stop.end();
        if segment < top {
            sweep_scalars(segment, top, &mut place, &mut adjoints)?;
        }
        match *stop {
            Stop::Leaves(first, end) => {
                let among = hooked.partition_point(|id| *id < first)..hooked.partition_point(|id| *id < end);
                for id in hooked[among].iter().rev().copied() {
                    let adjoint = adjoints[id as usize];
                    if adjoint != F::zero() || reach.contains::<F>(id)? {
                        run_hooks(key, id, &adjoint.into())?;
                    }
                }
                nan |= gradients.add_leaves(first, &mut adjoints[first as usize..end as usize]);
                top = first;
            }
            Stop::Retained(id) => {
                let adjoint = adjoints[id as usize];
                nan |= num_traits::Float::is_nan(adjoint);
                if adjoint != F::zero() || reach.contains::<F>(id)? {
                    gradients.add_retained_scalar(id, adjoint);
                    if hooked.binary_search(&id).is_ok() {
                        run_hooks(key, id, &adjoint.into())?;
                    }
                } else {
                    gradients.add_unreached([id]);
                }
                top = segment;
            }
            Stop::Wide(id) => {
                top = id;
                k -= 1;
                let scalar_part = std::mem::replace(&mut adjoints[id as usize], F::zero());
                let mut g = cotangents.values[k].take();
                nan |= num_traits::Float::is_nan(scalar_part);
                if scalar_part != F::zero() {
                    let part = Tensor::from(scalar_part);
                    g = Some(match g {
                        Some(g) => g.reshape(Shape::scalar()) + part,
                        None => part,
                    });
                }
                if hooked.binary_search(&id).is_ok()
                    && let Some(g) = g.clone().map_or_else(|| zeros_if_reached(key, id, &mut reach), |g| Ok(Some(g)))?
                {
                    run_hooks(key, id, &g)?;
                }
                let retained =
                    visit_wide(key, id, cotangents.position(k), g, &mut adjoints, &mut cotangents, &mut gradients)?;
                if retained && !gradients.has_tensor(id) {
                    match zeros_if_reached::<F>(key, id, &mut reach)? {
                        Some(zeros) => gradients.add_tensor(id, zeros),
                        None => gradients.add_unreached([id]),
                    }
                }
            }
        }
    }
    if top > 1 {
        sweep_scalars(1, top, &mut place, &mut adjoints)?;
    }
    adjoints[0] = F::zero();
    store::give_adjoints(adjoints);
    gradients.finish(&mut reach)?;
    Ok((gradients, nan))
}

/// Cotangents that wait for their tensor node.
struct Waiting<'a, F: Float> {
    /// The positions of the nodes, in ascending order; `None` if they are all those up to a node.
    positions: Option<&'a [usize]>,
    /// In the order of the nodes.
    values: Vec<Option<Tensor<F>>>,
}

impl<F: Float> Waiting<'_, F> {
    /// The position of the node that is `k`-th here.
    fn position(&self, k: usize) -> usize {
        self.positions.map_or(k, |positions| positions[k])
    }

    /// The cotangent of the node at a position.
    fn at(&mut self, position: usize) -> &mut Option<Tensor<F>> {
        let k = match self.positions {
            None => position,
            Some(positions) => positions.partition_point(|p| *p < position),
        };
        &mut self.values[k]
    }
}

/// Which nodes an output depends on through differentiable arguments, found when it is first asked: most sweeps need not
/// know.
pub(crate) struct Reach<'a> {
    key: u32,
    root: u32,
    /// What the sweep goes to, if that is not everything.
    part: Option<&'a Part>,
    found: Option<Vec<bool>>,
}

impl<'a> Reach<'a> {
    fn new(key: u32, root: u32, part: Option<&'a Part>) -> Self {
        Reach { key, root, part, found: None }
    }

    pub(crate) fn contains<F: Float>(&mut self, id: u32) -> Result<bool, Error> {
        if let Some(part) = self.part {
            return Ok(part.contains(id));
        }
        let found = match self.found.take() {
            Some(found) => found,
            None => reached::<F>(self.key, self.root)?,
        };
        Ok(self.found.insert(found).get(id as usize).copied().unwrap_or(false))
    }
}

/// The gradient of a tensor node to which the sweep brought none: zeros where the output depends on it, through numbers
/// whose derivatives are 0.
fn zeros_if_reached<F: Float>(key: u32, id: u32, reach: &mut Reach<'_>) -> Result<Option<Tensor<F>>, Error> {
    if !is_active::<F>(key, id) || !reach.contains::<F>(id)? {
        return Ok(None);
    }
    Ok(Some(Tensor::zeros(value_of::<F>(key, id)?.real().shape())))
}

/// Hands the cotangent of a tensor node to its parents, or keeps it if the node is a leaf. Whether the node is no leaf and
/// its gradient was asked for.
fn visit_wide<F: Float>(
    key: u32,
    id: u32,
    position: usize,
    g: Option<Tensor<F>>,
    adjoints: &mut [F],
    cotangents: &mut Waiting<'_, F>,
    gradients: &mut Gradients<F>,
) -> Result<bool, Error> {
    let mut operands = Operands::new();
    let mut parents: SmallVec<[u32; 3]> = SmallVec::new();
    let mut parts = None;
    let (leaf, active, retained, line) = store::with_store(key, |store: &mut Store<F>| {
        let w = &store.wide[position];
        let leaf = w.parents.is_empty();
        if w.active && !leaf && g.is_some() {
            parents.extend_from_slice(&w.parents);
            parts = Some((w.what.clone(), w.value.clone()));
            if let What::Op(_) = w.what {
                read(store, w.parents.iter().copied(), &mut operands)?;
            }
        }
        Ok::<_, Error>((leaf.then_some(matches!(w.what, What::Input)), w.active, w.retained, w.line))
    })??;
    if let Some(input) = leaf {
        gradients.add_tensor_leaf(id, line, input, g.filter(|_| active));
        return Ok(false);
    }
    let (Some((what, value)), Some(g)) = (parts, g) else { return Ok(retained) };
    if retained {
        gradients.add_tensor(id, g.clone());
    }
    let op = match what {
        What::Op(op) => op,
        What::Slope(slope) => {
            adjoints[parents[0] as usize] += Num(g.item()).chain(Num(F::from_f64(slope))).0;
            return Ok(retained);
        }
        What::Var | What::Input => unreachable!("leaves have no parents"),
    };
    let args = Few::from_fn(operands.len(), |k| operands[k].0.as_arg());
    let needed = Few::those(parents.len(), |k| (operands[k].1 && op.active(k)).then_some(k));
    let y = value.real();
    let wide_at = |id: u32| store::with_store(key, |store: &mut Store<F>| store.wide_position(id));
    let mut sum_of = |k: usize| match wide_at(parents[needed[k]]).ok()? {
        Some(position) => cotangents.at(position).take(),
        None => Some(Tensor::from(std::mem::replace(&mut adjoints[parents[needed[k]] as usize], F::zero()))),
    };
    if let Some(sums) = op.vjps_onto(&needed, &g, Args(&args), &y, &mut sum_of) {
        for (arg, sum) in needed.iter().zip(sums) {
            match wide_at(parents[*arg])? {
                Some(position) => accumulate(cotangents.at(position), sum),
                None => adjoints[parents[*arg] as usize] += sum.item(),
            }
        }
        return Ok(retained);
    }
    for (arg, c) in needed.iter().zip(op.cotangents(&needed, g, Args(&args), &y)) {
        expect_shape(&op, "vjp", *arg, Tensor::shape(&c), &args[*arg].shape())?;
        let parent = parents[*arg];
        match wide_at(parent)? {
            Some(position) => accumulate(cotangents.at(position), c),
            None => adjoints[parent as usize] += c.item(),
        }
    }
    Ok(retained)
}

/// An error if a rule gives something of another shape than it must: a user's own may forget a sum, and what is then
/// repeated would be a wrong gradient.
pub(crate) fn expect_shape(op: &AnyOp, rule: &str, arg: usize, found: &Shape, expected: &Shape) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let of = if rule == "vjp" { "an argument" } else { "a value" };
    let message = format!("its {rule} by argument {arg} returns shape {found} for {of} of shape {expected}");
    Err(Error::Shape { op: op.name(), message })
}

fn accumulate<F: Float>(slot: &mut Option<Tensor<F>>, c: Tensor<F>) {
    match slot {
        None => *slot = Some(c),
        Some(sum) => *sum += &c,
    }
}

/// Which nodes the output depends on through differentiable arguments.
pub(crate) fn reached<F: Float>(key: u32, root: u32) -> Result<Vec<bool>, Error> {
    let mut reached = vec![false; root as usize + 1];
    reached[root as usize] = true;
    let (wide, mut place): (Vec<u32>, _) = store::with_store(key, |store: &mut Store<F>| {
        (store.wide.iter().map(|w| w.id).take_while(|id| *id <= root).collect(), store.last_place(false))
    })?;
    let mut top = root + 1;
    for id in wide.into_iter().rev() {
        store::with_store(key, |store: &mut Store<F>| store.mark_scalars(id + 1, top, &mut place, &mut reached))?;
        top = id;
        if !reached[id as usize] {
            continue;
        }
        let (what, parents) = store::with_store(key, |store: &mut Store<F>| {
            store.wide(id).map_or((What::Input, SmallVec::new()), |w| (w.what.clone(), w.parents.clone()))
        })?;
        for (k, parent) in parents.iter().enumerate().filter(|(_, p)| **p & store::CONSTANT == 0) {
            reached[*parent as usize] |= !matches!(&what, What::Op(op) if !op.active(k));
        }
    }
    store::with_store(key, |store: &mut Store<F>| store.mark_scalars(1, top, &mut place, &mut reached))?;
    Ok(reached)
}

/// Where a dependence of `root` on `leaf` ends that carries no derivative, in words: the first operation that has none by
/// the argument through which it depends on the leaf. `None` if the output does not depend on it at all.
pub(crate) fn blocked<F: Float>(key: u32, leaf: u32, root: u32) -> Result<Option<String>, Error> {
    let steps = |id: u32| store::with_store(key, |store: &mut Store<F>| step(store, id));
    let parents_of = |step: &Step<F>| -> Few<(usize, u32)> {
        Few::those(step.parents.len(), |k| match step.parents[k] {
            Parent::Node { id, .. } => Some((k, id)),
            _ => None,
        })
    };
    // What the output needs, by whatever argument.
    let mut needed = vec![false; root as usize + 1];
    needed[root as usize] = true;
    for id in (leaf..=root).rev().filter(|id| *id > 0) {
        if needed[id as usize]
            && let Some(step) = steps(id)?
        {
            parents_of(&step).iter().for_each(|(_, p)| needed[*p as usize] = true);
        }
    }
    if !needed[leaf as usize] {
        return Ok(None);
    }
    let mut live = vec![false; root as usize + 1];
    live[leaf as usize] = true;
    for id in leaf + 1..=root {
        let Some(step) = steps(id)?.filter(|_| needed[id as usize]) else { continue };
        for (k, p) in parents_of(&step).iter().copied() {
            if live[p as usize] && step.op.active(k) {
                live[id as usize] = true;
            } else if live[p as usize] {
                return Ok(Some(format!("`{}` ({}), which has no derivative by it", step.op.name(), step.line)));
            }
        }
    }
    Ok(None)
}

/// Why an output that depends on no `var` by a derivative does not, in words.
pub(crate) fn why_inactive<F: Float>(key: u32, root: u32) -> Result<String, Error> {
    let vars: Vec<(u32, store::Line)> = store::with_store(key, |store: &mut Store<F>| {
        let vars = store.wide.iter().take_while(|w| w.id < root).filter(|w| matches!(w.what, What::Var));
        vars.map(|w| (w.id, w.line)).collect()
    })?;
    for (leaf, line) in vars {
        if let Some(by) = blocked::<F>(key, leaf, root)? {
            return Ok(format!("the output depends on the var made at {line} only through {by}"));
        }
    }
    Ok("the output depends on inputs alone, and on no var".into())
}

/// The sweep that keeps every cotangent, scalar or tensor, as numbers.
fn backward_all<F: Float>(key: u32, root: u32, seed: Tensor<F>) -> Result<Gradients<F>, Error> {
    let cotangents = sweep::<F, _>(key, root, seed, &|id| value_of(key, id))?;
    for id in hooked::<F>(key)?.into_iter().rev() {
        cotangents.get(id).map_or(Ok(()), |g| run_hooks(key, id, g))?;
    }
    let mut gradients = Gradients::new(key, root, None).of_all_nodes();
    let (leaves, scalars): (Vec<_>, Vec<_>) = store::with_store(key, |store: &mut Store<F>| {
        let wide = store.wide.iter().take_while(|w| w.id <= root).filter(|w| w.parents.is_empty());
        let scalars = store.leaves.iter().take_while(|r| r.start <= root).map(|r| r.start..r.end.min(root + 1));
        (wide.map(|w| (w.id, w.line, matches!(w.what, What::Input))).collect(), scalars.collect())
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
) -> Result<ById<A>, Error> {
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
) -> Result<ById<A>, Error> {
    caught(|| sweep_on::<F, A>(key, root, seed, at, ends, sums))
}

fn sweep_on<F: Float, A: Algebra>(
    key: u32,
    root: u32,
    seed: A,
    at: &dyn Fn(u32) -> Result<Any<A>, Error>,
    ends: &[u32],
    sums: Vec<(u32, A)>,
) -> Result<ById<A>, Error> {
    let mut cotangents: ById<A> = sums.into_iter().collect();
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
        let Some(Step { op, parents, line, .. }) = store::with_store(key, |store: &mut Store<F>| step(store, id))?
        else {
            continue;
        };
        let Some(g) = cotangents.get(id).cloned() else { continue };
        let y = at(id)?.real();
        let values = arguments(&parents, &y, at)?;
        let args = Few::from_fn(values.len(), |k| values[k].as_arg());
        let _line = inherit::<F>(line);
        let needed = Few::those(parents.len(), |k| match parents[k] {
            Parent::Node { id, active: true } if op.active(k) => Some((k, id)),
            _ => None,
        });
        let need = Few::from_fn(needed.len(), |k| needed[k].0);
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

/// The tangents of all nodes up to `root` that a direction reaches, on numbers: forward mode over the recorded nodes.
pub(crate) fn tangents<F: Float>(key: u32, root: u32, directions: ById<Tensor<F>>) -> Result<ById<Tensor<F>>, Error> {
    caught(|| tangents_on(key, root, directions))
}

fn tangents_on<F: Float>(key: u32, root: u32, directions: ById<Tensor<F>>) -> Result<ById<Tensor<F>>, Error> {
    let mut tangents = directions;
    let Some(first) = tangents.ids().first().copied() else { return Ok(tangents) };
    let at = |id: u32| value_of::<F>(key, id);
    for id in first + 1..=root {
        let Some(Step { op, parents, .. }) = store::with_store(key, |store: &mut Store<F>| step(store, id))? else {
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
        let args = Few::from_fn(values.len(), |k| values[k].as_arg());
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
