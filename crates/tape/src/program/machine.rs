//! The memory of a program, and how it runs.

use std::fmt;

use smallvec::SmallVec;

use super::arena::{Arena, Home};
use super::compiled::Plan;
use super::dag::{Dag, What};
use super::fuse::{Fused, Work};
use crate::error::{Error, caught};
use crate::kernels::fused::{Numbers, Operand, Scratch};
use crate::ops::AnyOp;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Arg, Args};
use crate::rule::op::{Kind, Op, Value};
use crate::shape::Shape;
use crate::tensor::buffer::Buffer;
use crate::tensor::float::Float;
use crate::tensor::{RowMajor, Tensor};

/// The numbers of a program.
#[derive(Clone)]
pub(super) struct Memory<F: Float> {
    /// The buffers of the arena; one that is being written is not there.
    buffers: Vec<Option<Tensor<F>>>,
    /// Values of their own.
    own: Vec<Option<Value<F>>>,
    /// For what lies transposed: where its row-major copy is, if an operation asks for it.
    row_major: Vec<Option<RowMajor<F>>>,
    scratch: Scratch<F>,
    /// Whether what the last run has made of some leaves is still to be given them.
    has_run: bool,
    /// Leaves that somebody has given a value since.
    given: Vec<usize>,
    /// What other leaves get of values that were taken away by that.
    kept: Vec<(usize, Tensor<F>)>,
}

impl<F: Float> fmt::Debug for Memory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} buffers)", self.buffers.len())
    }
}

impl<F: Float> Memory<F> {
    pub(super) fn new(dag: &Dag<F>, arena: &Arena) -> Self {
        let mut buffers: Vec<Option<Tensor<F>>> = arena.buffers.iter().map(|len| Some(Tensor::zeros([*len]))).collect();
        let mut own: Vec<Option<Value<F>>> = vec![None; arena.own];
        for (node, home) in dag.nodes.iter().zip(&arena.homes) {
            match (&node.what, home) {
                (What::Leaf(_, Any::Real(x)), Home::Buffer(buffer)) => {
                    buffers[*buffer] = Some(x.reshape([x.len()]));
                }
                (What::Leaf(_, value) | What::Constant(value), Home::Own(at)) => own[*at] = Some(value.clone()),
                _ => {}
            }
        }
        let row_major = arena.homes.iter().map(|home| matches!(home, Home::Transposed(_)).then(RowMajor::<F>::default));
        Memory {
            buffers,
            own,
            row_major: row_major.collect(),
            scratch: Scratch::default(),
            has_run: false,
            given: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Memory that is laid out otherwise, with the same leaves.
    pub(super) fn laid_out(&mut self, plan: &Plan<F>, arena: &Arena) -> Self {
        let mut memory = Memory::new(&plan.dag, arena);
        for (k, node) in plan.dag.nodes.iter().enumerate() {
            if let What::Leaf(..) = node.what {
                memory.set(&arena.homes[k], self.value(plan, k));
            }
        }
        memory
    }

    /// Puts the value of a leaf there.
    pub(super) fn set(&mut self, home: &Home, value: Value<F>) {
        match (home, value) {
            (Home::Buffer(buffer), Any::Real(x)) => self.buffers[*buffer] = Some(x.reshape([x.len()])),
            (Home::Own(at), value) => self.own[*at] = Some(value),
            _ => unreachable!("a leaf has a home"),
        }
    }

    /// The numbers of a leaf, to be written over.
    pub(super) fn numbers_mut(&mut self, home: &Home) -> &mut [F] {
        match home {
            Home::Buffer(buffer) => match &mut self.buffers[*buffer] {
                Some(x) => x.data_mut(),
                None => &mut [],
            },
            _ => unreachable!("numbers lie in a buffer"),
        }
    }

    /// Before somebody gives a leaf a value: it is not carried one, and what it was is kept for others.
    pub(super) fn give_up(&mut self, plan: &Plan<F>, carried: &[(usize, usize)], leaf: usize) {
        if !self.has_run || self.given.contains(&leaf) {
            return;
        }
        self.given.push(leaf);
        for (output, to) in carried.iter().filter(|(output, to)| *to != leaf && !plan.is_written(*output)) {
            if !self.kept.iter().any(|(kept, _)| kept == to) {
                self.kept.push((*to, self.value(plan, *output).real()));
            }
        }
    }

    /// Before a run: what the last one has made of some leaves is theirs.
    pub(super) fn begin(&mut self, plan: &Plan<F>, carried: &[(usize, usize)]) {
        if !std::mem::replace(&mut self.has_run, false) {
            return;
        }
        let buffer = |node: usize| plan.buffer_of(node);
        let is_there = |(output, leaf): &(usize, usize)| buffer(*output).is_some() && buffer(*output) == buffer(*leaf);
        let (given, kept) = (std::mem::take(&mut self.given), std::mem::take(&mut self.kept));
        let is_moved = |pair: &(usize, usize)| !is_there(pair) && !given.contains(&pair.1);
        let moved: SmallVec<[(usize, usize); 8]> = carried.iter().copied().filter(is_moved).collect();
        // what one leaf is given may be another's value before
        let value = |(output, leaf): &(usize, usize)| match kept.iter().find(|(kept, _)| kept == leaf) {
            Some((_, value)) => value.clone(),
            None => self.value(plan, *output).real(),
        };
        let values: SmallVec<[Tensor<F>; 8]> = moved.iter().map(value).collect();
        for ((output, leaf), value) in moved.iter().zip(values) {
            let once = moved.iter().filter(|(other, _)| other == output).count() == 1;
            match buffer(*output).zip(buffer(*leaf)).filter(|_| once && plan.is_written(*output)) {
                Some((from, to)) => {
                    drop(value);
                    self.buffers.swap(from, to);
                }
                None => self.set(&plan.arena.homes[*leaf], value.into()),
            }
        }
    }

    /// The value of a node.
    pub(super) fn value(&self, plan: &Plan<F>, node: usize) -> Value<F> {
        let shape = &plan.dag.nodes[node].shape;
        match &plan.arena.homes[node] {
            Home::Buffer(buffer) => match &self.buffers[*buffer] {
                Some(x) => x.in_shape(shape).into(),
                // an operation of somebody's own has panicked here
                None => Tensor::<F>::zeros(shape.clone()).into(),
            },
            Home::Own(at) => match &self.own[*at] {
                Some(value) => value.clone(),
                None => not_yet(plan.dag.nodes[node].kind, shape),
            },
            Home::Reshaped(of) => self.value(plan, *of).real().in_shape(shape).into(),
            Home::Transposed(of) => {
                let x = self.value(plan, *of).real();
                self.row_major[node].as_ref().map_or_else(|| x.transposed(), |place| x.transposed_at(place)).into()
            }
            Home::Nowhere => unreachable!("node {node} is not stored"),
        }
    }

    pub(super) fn run(&mut self, plan: &Plan<F>) -> Result<(), Error> {
        // copies of the last run are of other numbers
        let copied = |place: &&mut RowMajor<F>| place.get().is_some();
        self.row_major.iter_mut().flatten().filter(copied).for_each(|place| *place = RowMajor::<F>::default());
        for (work, in_place) in plan.work.iter().zip(&plan.arena.in_place) {
            match work {
                Work::Call(node) => self.call(plan, *node)?,
                Work::Fused(fused) => self.fused(plan, fused, in_place),
            }
        }
        self.has_run = true;
        Ok(())
    }

    /// A buffer to write to, that nothing else shares; with what is in it, if that is read.
    fn take(&mut self, plan: &Plan<F>, node: usize, is_read: bool) -> (usize, Tensor<F>) {
        let Some(buffer) = plan.buffer_of(node) else { unreachable!("what is written has a buffer") };
        let fresh = |len: usize| Tensor::from_parts([len].into(), Buffer::any(len));
        let there = self.buffers[buffer].take().filter(|x| is_read || x.has_one_owner());
        (buffer, there.unwrap_or_else(|| fresh(plan.arena.buffers[buffer])))
    }

    fn call(&mut self, plan: &Plan<F>, node: usize) -> Result<(), Error> {
        let of = &plan.dag.nodes[node];
        let What::Op(op, _) = &of.what else { unreachable!("what is called is an operation") };
        let values: SmallVec<[Value<F>; 3]> = of.operands.iter().map(|operand| self.value(plan, *operand)).collect();
        let args: SmallVec<[Arg<'_, Tensor<F>>; 3]> = values.iter().map(Value::as_arg).collect();
        let args = Args(&args);
        match plan.arena.homes[node] {
            Home::Own(at) => {
                let value = evaluate(op, args)?;
                same_shape(op, &value.as_arg().shape(), &of.shape)?;
                self.own[at] = Some(value);
            }
            _ => {
                let shapes: SmallVec<[Shape; 3]> = args.0.iter().map(Arg::shape).collect();
                let shapes: SmallVec<[&Shape; 3]> = shapes.iter().collect();
                same_shape(op, &op.shape_of(args, &shapes)?, &of.shape)?;
                op.check(args)?;
                if of.shape.len_elements() == 0 {
                    return Ok(());
                }
                let (buffer, mut out) = self.take(plan, node, false);
                let written = caught(|| {
                    op.forward_into(args, out.data_mut());
                    Ok(())
                });
                self.buffers[buffer] = Some(out);
                written?;
            }
        }
        Ok(())
    }

    fn fused(&mut self, plan: &Plan<F>, fused: &Fused<F>, in_place: &[Option<usize>]) {
        let value = |(k, written): (&usize, &Option<usize>)| written.is_none().then(|| self.value(plan, *k));
        let values: SmallVec<[Option<Value<F>>; 8]> = fused.operands.iter().zip(in_place).map(value).collect();
        let operands: SmallVec<[Operand<'_, F>; 8]> = (values.iter().zip(in_place))
            .map(|(value, written)| match (value, written) {
                (_, Some(output)) => Operand::InPlace(*output),
                (Some(Any::Real(x)), _) => Operand::Numbers(Numbers::Real(x.data())),
                (Some(Any::Mask(x)), _) => Operand::Numbers(Numbers::Mask(x.data())),
                _ => unreachable!("positions are no numbers"),
            })
            .collect();
        let mut scratch = std::mem::take(&mut self.scratch);
        let take = |(output, k): (usize, &usize)| self.take(plan, *k, in_place.contains(&Some(output)));
        let mut outputs: SmallVec<[(usize, Tensor<F>); 8]> =
            fused.outputs.iter().chain(&fused.sums).enumerate().map(take).collect();
        let mut slices: SmallVec<[&mut [F]; 8]> = outputs.iter_mut().map(|(_, x)| x.data_mut()).collect();
        let (outs, sums) = slices.split_at_mut(fused.outputs.len());
        fused.listing.run(&operands, outs, sums, &mut scratch);
        self.scratch = scratch;
        drop(slices);
        outputs.into_iter().for_each(|(buffer, x)| self.buffers[buffer] = Some(x));
    }
}

/// How many elements some results have depends on values: then the graph is another.
fn same_shape(op: &AnyOp, found: &Shape, recorded: &Shape) -> Result<(), Error> {
    if found == recorded {
        return Ok(());
    }
    let message = format!("its result has shape {found} where {recorded} was recorded; record the program again");
    Err(Error::shape(op.name(), message))
}

/// Positions or truth values before the first run.
fn not_yet<F: Float>(kind: Kind, shape: &Shape) -> Value<F> {
    match kind {
        Kind::Real => Tensor::<F>::zeros(shape.clone()).into(),
        Kind::Index => Any::Index(Tensor::full(shape.clone(), 0)),
        Kind::Mask => Any::Mask(Tensor::full(shape.clone(), false)),
    }
}
