//! The program as its user holds it.

use std::sync::Arc;

use super::arena::{Arena, Home};
use super::dag::{Dag, DagNode, What};
use super::fuse::{self, Work};
use super::machine::Memory;
use super::{many, passes};
use crate::error::{Error, OrRaise, caught};
use crate::reader::var_handle::{Stored, Var};
use crate::tape::Scalar;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A recorded graph that was compiled: it runs as often as one likes, each time with other values of its leaves.
///
/// What was recorded is what runs: every `var` and `input` can be given another value of the same shape, and everything else follows.
/// Gradients are outputs like others, of [`backward_recorded`](Var::backward_recorded). What the program decided with plain Rust
/// (`if`, numbers taken out with `.item()`, random numbers) stays as it was recorded.
///
/// Operations that act number by number are computed together, tile by tile, with the sums that are taken of them; what is computed
/// twice is computed once; memory is laid out when the program is made. The numbers agree with those of the tape to rounding, and have
/// the same bits on any number of threads.
///
/// # Examples
/// ```
/// use wengert_tape::{Program, prelude::*};
/// let tape = Tape::new();
/// let (x, w) = (tape.input(Tensor::from([1.0, 2.0])), tape.var(Tensor::from([3.0, 4.0])));
/// let loss = (x * w).tanh().sum();
/// let gradient = loss.backward_recorded()[w];
///
/// let mut program = Program::of([loss, gradient])?;
/// program.set(x, Tensor::from([0.0, 1.0]))?;
/// program.run()?;
/// assert_eq!(program.output(0).item(), 4.0_f64.tanh());
/// assert_eq!(program.output(1).data()[0], 0.0);
/// # Ok::<(), Error>(())
/// ```
///
/// A training step, whose result is the next one's beginning:
/// ```
/// use wengert_tape::{Program, prelude::*};
/// let tape = Tape::new();
/// let w = tape.var(Tensor::from([5.0, -3.0]));
/// let loss = (w * w).sum();
/// let next = w - loss.backward_recorded()[w] * 0.25;
///
/// let mut program = Program::of([loss, next])?;
/// program.carry(1, w)?;
/// for _ in 0..10 {
///     program.run()?;
/// }
/// assert_eq!(program.output(0).item(), 34.0 / 4.0_f64.powi(9));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program<F: Float = f64> {
    plan: Arc<Plan<F>>,
    memory: Memory<F>,
    /// Outputs whose values are a leaf's in the next run: output node, leaf node.
    carried: Vec<(usize, usize)>,
    /// Whether memory is to be laid out anew, since more is carried than when it was.
    is_late: bool,
}

/// What does not change from run to run.
#[derive(Debug)]
pub(super) struct Plan<F: Float> {
    key: u32,
    /// The leaves by their id on the tape, in its order: the node of each.
    leaves: Arc<[(u32, usize)]>,
    pub(super) dag: Arc<Dag<F>>,
    pub(super) work: Arc<Vec<Work<F>>>,
    pub(super) arena: Arena,
}

/// What a program can be given another value for: a recorded leaf.
pub trait Rebound<F: Float>: Copy {
    /// What it holds.
    type Element: Stored<F>;
    /// The tape and the node.
    #[doc(hidden)]
    fn node(self) -> (u32, u32);
}

impl<F: Float, E: Stored<F>> Rebound<F> for Var<F, E> {
    type Element = E;
    fn node(self) -> (u32, u32) {
        (self.key, self.id)
    }
}
impl<F: Float> Rebound<F> for Scalar<F> {
    type Element = F;
    fn node(self) -> (u32, u32) {
        (self.key(), self.id())
    }
}

impl<F: Float> Program<F> {
    /// Compiles what some outputs depend on.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if all of them are constants or there are none, [`Error::ForeignTape`], [`Error::StaleHandle`],
    /// [`Error::ForeignThread`]; [`Error::NoGraph`] on a gradient-only tape; [`Error::TooLarge`].
    pub fn of<O: Into<Var<F>>>(outputs: impl IntoIterator<Item = O>) -> Result<Self, Error> {
        let outputs: Vec<Var<F>> = outputs.into_iter().map(Into::into).collect();
        let Some(first) = outputs.first() else {
            return Err(Error::NotConnected { reason: "a program without outputs".into() });
        };
        if outputs.iter().any(|output| output.key != first.key) {
            return Err(Error::ForeignTape);
        }
        let ids: Vec<u32> = outputs.iter().map(|output| output.id).collect();
        Self::made(first.key, passes::all(Dag::of_ids(first.key, &ids)?))
    }

    fn made(key: u32, dag: Dag<F>) -> Result<Self, Error> {
        let work = fuse::fuse(&dag);
        let arena = Arena::of(&dag, &work, &[]);
        let memory = caught(|| Ok(Memory::new(&dag, &arena)))?;
        let leaf =
            |(k, node): (usize, &DagNode<F>)| if let What::Leaf(id, _) = node.what { Some((id, k)) } else { None };
        let mut leaves: Vec<(u32, usize)> = dag.nodes.iter().enumerate().filter_map(leaf).collect();
        leaves.sort_unstable();
        let plan = Arc::new(Plan { key, leaves: leaves.into(), dag: Arc::new(dag), work: Arc::new(work), arena });
        Ok(Program { plan, memory, carried: Vec::new(), is_late: false })
    }

    /// The program of a formula of numbers that was recorded for one sample, for so many: each of `leaves` is given a vector of as many
    /// numbers, the others stay one number for all, and outputs are vectors. Samples are computed side by side, in the lanes of the
    /// processor and over threads; a gradient is that of each sample.
    ///
    /// # Errors
    /// [`Error::Shape`] for 0 samples, a leaf that is not one number, or an operation that does not act number by number;
    /// [`Error::NotConnected`], [`Error::ForeignTape`] for what is no leaf of this program; [`Error::TooLarge`] for more samples
    /// than [`max_bytes`](crate::max_bytes) allows.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{Program, prelude::*};
    /// let tape = Tape::new();
    /// let (x, rate) = (tape.scalar(1.0), tape.scalar(0.5));
    /// let y = (x * rate).exp();
    /// let slope = y.backward_recorded()[x];
    ///
    /// let mut program = Program::of([y, slope])?.over(3, [x])?;
    /// program.set(x, Tensor::from([0.0, 2.0, 4.0]))?;
    /// program.run()?;
    /// assert!((program.output(0).data()[2] - 2.0_f64.exp()).abs() < 1e-14);
    /// assert_eq!(program.output(1).data()[0], 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn over<L: Rebound<F, Element = F>>(
        &self,
        samples: usize,
        leaves: impl IntoIterator<Item = L>,
    ) -> Result<Self, Error> {
        if samples == 0 {
            return Err(Error::shape("over", "there are no samples"));
        }
        let leaves = leaves.into_iter().map(|leaf| self.leaf("over", leaf.node()));
        let leaves = leaves.collect::<Result<Vec<usize>, Error>>()?;
        Self::made(self.plan.key, caught(|| many::over(&self.plan.dag, samples, &leaves))?)
    }

    /// Gives a leaf another value; its memory is shared, not copied.
    ///
    /// # Errors
    /// [`Error::Shape`] for a value of another shape; [`Error::NotConnected`] for what is no leaf of this program,
    /// [`Error::ForeignTape`].
    pub fn set<L: Rebound<F>>(&mut self, leaf: L, value: impl Into<Tensor<L::Element>>) -> Result<(), Error> {
        let at = self.leaf("set", leaf.node())?;
        let (value, shape) = (value.into(), &self.plan.dag.nodes[at].shape);
        if value.shape() != shape {
            let message = format!("the leaf has shape {shape}, given {}; record the program again", value.shape());
            return Err(Error::shape("set", message));
        }
        self.memory.give_up(&self.plan, &self.carried, at);
        self.memory.set(&self.plan.arena.homes[at], L::Element::store(value));
        Ok(())
    }

    /// Writes numbers over those of a leaf, in their order: [`set`](Self::set) that asks for no memory.
    ///
    /// # Errors
    /// As for `set`.
    pub fn set_numbers(&mut self, leaf: impl Rebound<F, Element = F>, numbers: &[F]) -> Result<(), Error> {
        let at = self.leaf("set_numbers", leaf.node())?;
        let shape = &self.plan.dag.nodes[at].shape;
        if numbers.len() != shape.len_elements() {
            let message = format!("the leaf has shape {shape}, given are {} numbers", numbers.len());
            return Err(Error::shape("set_numbers", message));
        }
        self.memory.give_up(&self.plan, &self.carried, at);
        self.memory.numbers_mut(&self.plan.arena.homes[at]).copy_from_slice(numbers);
        Ok(())
    }

    /// After each run lets the value of an output be that of a leaf: parameters and what an optimiser remembers. A value that the leaf
    /// is given ([`set`](Self::set)) counts instead.
    ///
    /// # Errors
    /// [`Error::Shape`] if their shapes differ; [`Error::Argument`] if there is no such output, or it is not computed; as for
    /// [`set`](Self::set).
    pub fn carry(&mut self, output: usize, leaf: impl Rebound<F, Element = F>) -> Result<(), Error> {
        let at = self.leaf("carry", leaf.node())?;
        let from = self.output_node("carry", output)?;
        let (given, shape) = (&self.plan.dag.nodes[from].shape, &self.plan.dag.nodes[at].shape);
        if given != shape {
            return Err(Error::shape("carry", format!("the leaf has shape {shape}, output {output} {given}")));
        }
        if self.carried.iter().any(|(_, leaf)| *leaf == at) {
            return Err(Error::Argument("carry: the leaf is another output's already".into()));
        }
        self.carried.push((from, at));
        self.is_late = true;
        Ok(())
    }

    /// Lays memory out anew, so that what is carried is written where it is read.
    fn lay_out(&mut self) {
        self.memory.begin(&self.plan, &self.carried);
        let Plan { key, leaves, dag, work, .. } = &*self.plan;
        let arena = Arena::of(dag, work, &self.carried);
        let memory = self.memory.laid_out(&self.plan, &arena);
        let (leaves, dag, work) = (Arc::clone(leaves), Arc::clone(dag), Arc::clone(work));
        self.plan = Arc::new(Plan { key: *key, leaves, dag, work, arena });
        (self.memory, self.is_late) = (memory, false);
    }

    /// Computes the outputs.
    ///
    /// # Errors
    /// What an operation does not accept: such as a position outside of an axis, or a matrix without an inverse.
    pub fn run(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_late, false) {
            self.lay_out();
        }
        self.memory.begin(&self.plan, &self.carried);
        self.memory.run(&self.plan)
    }

    /// The value of an output, of the last run; before the first, zeros. One that is carried to a leaf may be written where the leaf lies,
    /// and is what that was given since, if it was.
    ///
    /// # Panics
    /// If there is no such output, or it holds no numbers.
    #[track_caller]
    pub fn output(&self, output: usize) -> Tensor<F> {
        let node = self.output_node("output", output).or_raise();
        self.memory.value(&self.plan, node).real()
    }

    /// The node of a leaf.
    fn leaf(&self, method: &str, (key, id): (u32, u32)) -> Result<usize, Error> {
        if key != self.plan.key {
            return Err(Error::ForeignTape);
        }
        let leaves = &self.plan.leaves;
        let found = leaves.binary_search_by_key(&id, |(leaf, _)| *leaf).map(|at| leaves[at].1);
        found.map_err(|_| Error::NotConnected { reason: format!("{method}: the program has no such leaf") })
    }

    fn output_node(&self, method: &str, output: usize) -> Result<usize, Error> {
        let outputs = &self.plan.dag.outputs;
        outputs.get(output).copied().ok_or_else(|| {
            Error::Argument(format!("{method}: there is no output {output}; the program has {}", outputs.len()))
        })
    }

    /// What was made of what: the work of a run in its order, with the steps that are fused, and the memory.
    pub fn explain(&self) -> String {
        self.plan.to_string()
    }
}

impl<F: Float> Plan<F> {
    /// Whether a run writes a node to a buffer: it is no leaf, and no other node that is read otherwise.
    pub(super) fn is_written(&self, node: usize) -> bool {
        matches!(self.dag.nodes[node].what, What::Op(..)) && self.buffer_of(node).is_some()
    }

    /// The buffer of the arena in which the value of a node lies, if it has one of its own.
    pub(super) fn buffer_of(&self, node: usize) -> Option<usize> {
        match self.arena.homes[node] {
            Home::Buffer(buffer) => Some(buffer),
            _ => None,
        }
    }
}
