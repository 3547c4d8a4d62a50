//! The chain rule, walked once backwards over the tape, on numbers.
//!
//! Recording order is a topological order, so that a scan from the output to the oldest node is the backward pass. A [`Plan`] says
//! where it goes. A [`Pass`] holds what is on its way: adjoints of scalar nodes, cotangents of tensor nodes, and the gradients
//! that it found. Between two stops the store sweeps over scalar nodes at full speed; at a stop leaves are collected, or a
//! tensor node hands its cotangent on to its parents, by the rule of its operation. No borrow of the tape is held while a rule
//! runs: operation, parents and values are cloned out of the node first.

use smallvec::SmallVec;

use super::expect_shape;
use super::gradients::Gradients;
use super::hooks::{hooked, run_hooks};
use super::over_algebra::backward_all;
use super::part::{self, Part};
use super::reach::Reach;
use super::stops::{Stop, stops, stops_among};
use crate::error::{Error, caught};
use crate::kernels::slopes::Place;
use crate::ops::AnyOp;
use crate::rule::algebra::Args;
use crate::rule::number::Num;
use crate::rule::op::Op;
use crate::rule::real::Real;
use crate::shape::Shape;
use crate::tape::store::{self, Origin, Store};
use crate::tape::{Operands, is_active, read, tensor_position, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// The gradients of node `root` times `seed`: of leaves, or of all nodes.
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
    match one_pass(key, root, seed.clone(), sums.clone(), hooked)? {
        (_, true) if !hooked => Ok(one_pass(key, root, seed, sums, true)?.0),
        (gradients, _) => Ok(gradients),
    }
}

/// The gradients, and whether there is NaN among those that scalar nodes made.
fn one_pass<F: Float>(
    key: u32,
    root: u32,
    seed: Tensor<F>,
    sums: Vec<(u32, Tensor<F>)>,
    absorbs: bool,
) -> Result<(Gradients<F>, bool), Error> {
    let plan = Plan::new::<F>(key, root, !sums.is_empty(), absorbs)?;
    let mut pass = Pass::new(key, root, &plan)?;
    pass.begin(root, seed, sums)?;
    let mut tensors = plan.tensors;
    for stop in plan.stops.iter().rev() {
        pass.sweep_scalars_down_to(stop.end())?;
        match *stop {
            Stop::Leaves(first, end) => pass.collect_leaves(first, end)?,
            Stop::Retained(id) => pass.collect_retained(id)?,
            Stop::Wide(id) => {
                tensors -= 1;
                pass.visit_tensor(id, tensors)?;
            }
        }
    }
    pass.sweep_scalars_down_to(1)?;
    pass.finish()
}

/// Where a pass goes.
struct Plan {
    /// What the output depends on, if that is a small part of the tape; `None` for everything before the output.
    part: Option<Part>,
    /// In ascending order.
    stops: Vec<Stop>,
    /// Where the sweep over scalar nodes begins.
    place: Place,
    /// How many tensor nodes there are among the stops.
    tensors: usize,
}

impl Plan {
    /// What has a sum already is gone to even where the output does not depend on it: then the plan is of the whole.
    fn new<F: Float>(key: u32, root: u32, of_the_whole: bool, absorbs: bool) -> Result<Self, Error> {
        let end = root + 1;
        let budget = store::with_store(key, |store: &mut Store<F>| store.budget(end))?.filter(|_| !of_the_whole);
        let part = match budget {
            Some(budget) => part::of_few::<F>(key, root, budget)?,
            None => None,
        };
        store::with_store(key, |store: &mut Store<F>| {
            let (stops, tensors) = match &part {
                Some(part) => (stops_among(store, part), part.wide.len()),
                None => {
                    store.note_looked(u64::from(end));
                    (stops(store, end), store.wide.partition_point(|w| w.id < end))
                }
            };
            let place = store.last_place(absorbs);
            Plan { part, stops, place, tensors }
        })
    }
}

/// A pass on its way.
struct Pass<'a, F: Float> {
    key: u32,
    part: Option<&'a Part>,
    place: Place,
    /// Nodes from here on are done.
    top: u32,
    /// Of scalar nodes, by id: what their children gave so far.
    adjoints: Vec<F>,
    /// The same of tensor nodes, in the order of the plan.
    cotangents: Vec<Option<Tensor<F>>>,
    gradients: Gradients<F>,
    reach: Reach<'a>,
    /// The nodes whose gradient is to be shown.
    hooked: Vec<u32>,
    /// Whether scalar nodes made NaN.
    nan: bool,
}

impl<'a, F: Float> Pass<'a, F> {
    fn new(key: u32, root: u32, plan: &'a Plan) -> Result<Self, Error> {
        let part = plan.part.as_ref();
        let mut cotangents = Vec::new();
        cotangents.resize_with(plan.tensors, || None);
        Ok(Pass {
            key,
            part,
            place: plan.place,
            top: root + 1,
            adjoints: store::take_adjoints::<F>(root as usize + 1)?,
            cotangents,
            gradients: Gradients::new(key, root, part),
            reach: Reach::new(key, root, part),
            hooked: hooked::<F>(key)?,
            nan: false,
        })
    }

    /// What the output begins with, beside sums that leaves begin with.
    fn begin(&mut self, root: u32, seed: Tensor<F>, sums: Vec<(u32, Tensor<F>)>) -> Result<(), Error> {
        for (leaf, sum) in sums {
            if let Some(position) = tensor_position::<F>(self.key, leaf)? {
                *self.cotangent(position) = Some(sum);
            }
        }
        match tensor_position::<F>(self.key, root)? {
            Some(position) => accumulate(self.cotangent(position), seed),
            None => self.adjoints[root as usize] = seed.item(),
        }
        Ok(())
    }

    /// The cotangent that waits for the tensor node at a position of the store.
    fn cotangent(&mut self, position: usize) -> &mut Option<Tensor<F>> {
        let k = match self.part {
            None => position,
            Some(part) => part.wide.partition_point(|p| *p < position),
        };
        &mut self.cotangents[k]
    }

    /// Adds to what a node was given.
    fn give(&mut self, id: u32, c: Tensor<F>) -> Result<(), Error> {
        match tensor_position::<F>(self.key, id)? {
            Some(position) => accumulate(self.cotangent(position), c),
            None => self.adjoints[id as usize] += c.item(),
        }
        Ok(())
    }

    /// What a node was given so far, which it has no more.
    fn take(&mut self, id: u32) -> Result<Option<Tensor<F>>, Error> {
        Ok(match tensor_position::<F>(self.key, id)? {
            Some(position) => self.cotangent(position).take(),
            None => Some(Tensor::from(self.take_adjoint(id))),
        })
    }

    fn take_adjoint(&mut self, id: u32) -> F {
        std::mem::replace(&mut self.adjoints[id as usize], F::zero())
    }

    /// Through the scalar nodes from the last stop down to this node.
    fn sweep_scalars_down_to(&mut self, first: u32) -> Result<(), Error> {
        let end = std::mem::replace(&mut self.top, first);
        if first >= end {
            return Ok(());
        }
        let (part, place, adjoints) = (self.part, &mut self.place, &mut self.adjoints[..]);
        store::with_store(self.key, |store: &mut Store<F>| match part {
            None => store.sweep_scalars(first, end, place, adjoints),
            Some(part) => part.nodes_between(first, end, |a, b| store.sweep_scalars(a, b, place, adjoints)),
        })
    }

    fn collect_leaves(&mut self, first: u32, end: u32) -> Result<(), Error> {
        let hooked = &self.hooked;
        let among = hooked.partition_point(|id| *id < first)..hooked.partition_point(|id| *id < end);
        for id in self.hooked[among].iter().rev().copied() {
            let adjoint = self.adjoints[id as usize];
            if adjoint != F::zero() || self.reach.contains::<F>(id)? {
                run_hooks(self.key, id, &adjoint.into())?;
            }
        }
        self.nan |= self.gradients.add_leaves(first, &mut self.adjoints[first as usize..end as usize]);
        self.top = first;
        Ok(())
    }

    fn collect_retained(&mut self, id: u32) -> Result<(), Error> {
        let adjoint = self.adjoints[id as usize];
        self.nan |= num_traits::Float::is_nan(adjoint);
        if adjoint != F::zero() || self.reach.contains::<F>(id)? {
            self.gradients.add_retained_scalar(id, adjoint);
            if self.is_hooked(id) {
                run_hooks(self.key, id, &adjoint.into())?;
            }
        } else {
            self.gradients.add_unreached([id]);
        }
        Ok(())
    }

    fn is_hooked(&self, id: u32) -> bool {
        self.hooked.binary_search(&id).is_ok()
    }

    /// What arrived at tensor node `id`, the `k`-th of the plan: from tensor nodes, and from scalar nodes if it is a number.
    fn arrived(&mut self, id: u32, k: usize) -> Option<Tensor<F>> {
        let from_tensors = self.cotangents[k].take();
        let from_scalars = self.take_adjoint(id);
        self.nan |= num_traits::Float::is_nan(from_scalars);
        if from_scalars == F::zero() {
            return from_tensors;
        }
        let from_scalars = Tensor::from(from_scalars);
        Some(match from_tensors {
            Some(g) => g.reshape(Shape::scalar()) + from_scalars,
            None => from_scalars,
        })
    }

    /// Hands the cotangent of a tensor node on to its parents, or keeps it if the node is a leaf.
    fn visit_tensor(&mut self, id: u32, k: usize) -> Result<(), Error> {
        self.top = id;
        let position = self.part.map_or(k, |part| part.wide[k]);
        let g = self.arrived(id, k);
        if self.is_hooked(id)
            && let Some(g) = g.clone().map_or_else(|| self.zeros_if_reached(id), |g| Ok(Some(g)))?
        {
            run_hooks(self.key, id, &g)?;
        }
        let mut operands = Operands::new();
        let mut parents: SmallVec<[u32; 3]> = SmallVec::new();
        let mut made = None;
        let (leaf, active, retained, line) = store::with_store(self.key, |store: &mut Store<F>| {
            let w = &store.wide[position];
            let leaf = w.parents.is_empty();
            if w.active && !leaf && g.is_some() {
                parents.extend_from_slice(&w.parents);
                made = Some((w.origin.clone(), w.value.clone()));
                if let Origin::Op(_) = w.origin {
                    read(store, w.parents.iter().copied(), &mut operands)?;
                }
            }
            Ok::<_, Error>((leaf.then_some(matches!(w.origin, Origin::Input)), w.active, w.retained, w.line))
        })??;
        if let Some(is_input) = leaf {
            self.gradients.add_tensor_leaf(id, line, is_input, g.filter(|_| active));
            return Ok(());
        }
        let (Some((origin, value)), Some(g)) = (made, g) else {
            return if retained { self.keep_nothing(id) } else { Ok(()) };
        };
        if retained {
            self.gradients.add_tensor(id, g.clone());
        }
        match origin {
            Origin::Op(op) => self.apply_rule(&op, g, &parents, &operands, value.real()),
            Origin::Slope(slope) => {
                self.adjoints[parents[0] as usize] += Num(g.item()).chain(Num(F::from_f64(slope))).0;
                Ok(())
            }
            Origin::Var | Origin::Input => unreachable!("leaves have no parents"),
        }
    }

    /// The chain rule at one operation: each parent is given its part of the cotangent `g` of the value `y`.
    fn apply_rule(
        &mut self,
        op: &AnyOp,
        g: Tensor<F>,
        parents: &[u32],
        operands: &Operands<F>,
        y: Tensor<F>,
    ) -> Result<(), Error> {
        let args = ShortList::from_fn(operands.len(), |k| operands[k].0.as_arg());
        let needed = ShortList::those(parents.len(), |k| (operands[k].1 && op.active(k)).then_some(k));
        let mut sum_of = |k: usize| self.take(parents[needed[k]]).ok()?;
        if let Some(sums) = op.vjps_onto(&needed, &g, Args(&args), &y, &mut sum_of) {
            return needed.iter().zip(sums).try_for_each(|(arg, sum)| self.give(parents[*arg], sum));
        }
        for (arg, c) in needed.iter().zip(op.cotangents(&needed, g, Args(&args), &y)) {
            expect_shape(op, "vjp", *arg, Tensor::shape(&c), &args[*arg].shape())?;
            self.give(parents[*arg], c)?;
        }
        Ok(())
    }

    /// The gradient of a retained node to which nothing came.
    fn keep_nothing(&mut self, id: u32) -> Result<(), Error> {
        match self.zeros_if_reached(id)? {
            Some(zeros) => self.gradients.add_tensor(id, zeros),
            None => self.gradients.add_unreached([id]),
        }
        Ok(())
    }

    /// The gradient of a tensor node to which the sweep brought none: zeros where the output depends on it, through numbers
    /// whose derivatives are 0.
    fn zeros_if_reached(&mut self, id: u32) -> Result<Option<Tensor<F>>, Error> {
        if !is_active::<F>(self.key, id) || !self.reach.contains::<F>(id)? {
            return Ok(None);
        }
        Ok(Some(Tensor::zeros(value_of::<F>(self.key, id)?.real().shape())))
    }

    fn finish(mut self) -> Result<(Gradients<F>, bool), Error> {
        // What has no parent gives to node 0.
        self.adjoints[0] = F::zero();
        store::give_adjoints(self.adjoints);
        self.gradients.finish(&mut self.reach)?;
        Ok((self.gradients, self.nan))
    }
}

/// Adds to a sum that may not have begun.
pub(super) fn accumulate<F: Float>(sum: &mut Option<Tensor<F>>, c: Tensor<F>) {
    match sum {
        None => *sum = Some(c),
        Some(sum) => *sum += &c,
    }
}
