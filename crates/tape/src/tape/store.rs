//! The memory of one tape: chunks that never move, and the walks over what is written there.
//!
//! Nothing here calls the code of an operation, and no reference into a tape leaves this module.

#![allow(unsafe_code)] // recorded nodes are read through pointers into chunks

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::rc::Rc;

use smallvec::SmallVec;

use super::OnNonFinite;
pub(crate) use super::lifetime::{clear, clear_in, close, close_in, open, open_in, set_limit};
use super::lifted::Lifted;
pub(crate) use super::memory::{Inherit, Lane, give_adjoints, take_adjoints, with_store};
pub(crate) use super::record::*;
use crate::error::Line;
use crate::kernels::slopes::Parents;
use crate::ops::AnyOp;
use crate::rule::op::Value;
use crate::rule::param::ParamId;
use crate::tape::node_map::NodeMap;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// In a key: the tape keeps slopes and no operations.
pub(crate) const GRADIENT_ONLY: u32 = 1 << 31;
/// In an id: an entry of the table of constants, not a node.
pub(crate) const CONSTANT: u32 = 1 << 31;
/// Beside the key in a scalar: it depends on its node by a slope, and is no node itself. Keys are even.
pub(crate) const FOLDED: u32 = 1;
/// A key that no tape has and no constant.
pub(super) const NO_KEY: u32 = GRADIENT_ONLY;

/// Where a number is, in one word: a key, with [`FOLDED`] if it is no node; below, the id of a node.
#[inline(always)]
pub(crate) const fn place(tag: u32, id: u32) -> u64 {
    (tag as u64) << 32 | id as u64
}

/// In the first parent of a node: it is the sum of a run of nodes, from that parent to the second, as far apart as the
/// first slope says.
pub(super) const RUN: u32 = 1 << 31;

/// Nodes in a chunk of a full tape: 192 KiB.
pub(super) const CHUNK: usize = 1 << 13;
/// Words in a piece of a gradient-only tape: 24 KiB.
pub(super) const PIECE: usize = 6 << 10;
/// Chunks of a kind, and pieces, that a thread keeps free: at most 768 MiB of each.
pub(super) const KEPT: usize = 1 << 15;

/// A scalar node of a full tape: value = f(parents), with the derivative by each. Parent 0 is the sink of what has no
/// parent there; the slope beside it is free, and keeps the operand or attribute that is a plain number.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Node<F> {
    pub(crate) parents: [u32; 2],
    pub(crate) slopes: [F; 2],
}

impl<F: Float> Node<F> {
    /// The sum of the nodes `first`, `first + step`, …, `last`.
    pub(crate) fn run(first: u32, step: u32, last: u32) -> Self {
        Node { parents: [first | RUN, last], slopes: [F::from_f64(f64::from(step)), F::zero()] }
    }

    /// What the node depends on.
    pub(crate) fn depends_on(&self) -> Parents {
        match self.parents[0] & RUN {
            0 => Parents::Two(self.parents),
            _ => Parents::Run {
                first: self.parents[0] & !RUN,
                step: self.slopes[0].to_f64() as u32,
                last: self.parents[1],
            },
        }
    }
}

/// A piece of the records of a gradient-only tape.
pub(super) struct Piece {
    pub(super) words: Box<[u32]>,
    /// The words in use; of the tape in use, what the hot thread-local says.
    pub(super) used: usize,
    /// The id before which the piece begins.
    pub(super) first: u32,
}

/// What a full tape knows of a scalar node beyond its slopes.
#[derive(Clone, Copy)]
pub(crate) struct Extra<F> {
    pub(crate) value: F,
    pub(crate) line: Line,
    pub(crate) op: &'static ScalarOp,
}

/// What an entry of the scalar lane is.
#[doc(hidden)]
#[cfg_attr(not(debug_assertions), allow(unreachable_pub))] // debug builds name it in a trait of float types
pub enum ScalarOp {
    /// A differentiable number.
    Leaf,
    /// The place of a tensor node.
    Wide,
    /// A pointwise operation of one to three arguments, made from its attribute.
    Pointwise { make: fn(f64) -> AnyOp, arity: usize },
    /// An operation of any number of arguments.
    Many { make: fn() -> AnyOp },
    /// No node of its own, but one or two arguments of a later node.
    Part { arguments: usize },
}

/// A tensor node.
pub(crate) struct Wide<F: Float> {
    pub(crate) id: u32,
    pub(crate) origin: Origin,
    pub(crate) parents: SmallVec<[u32; 3]>,
    pub(crate) value: Value<F>,
    pub(crate) line: Line,
    /// The layer in which it was recorded.
    pub(crate) layer: Option<Rc<str>>,
    /// Whether it depends on a `var`.
    pub(crate) active: bool,
    pub(crate) retained: bool,
}

/// What made a tensor node.
#[derive(Clone, Debug)]
pub enum Origin {
    Var,
    Input,
    Op(AnyOp),
    /// A number of a gradient-only tape, as a tensor of rank 0: the derivative by its parent.
    Slope(f64),
}

/// Whether a line is one of the standard library's functions on iterators.
pub(crate) fn is_of_iterator(line: Line) -> bool {
    line.file().ends_with("iterator.rs")
        && line.file().replace('\\', "/").ends_with("/core/src/iter/traits/iterator.rs")
}

/// The memory of one tape.
pub struct Store<F: Float> {
    pub(super) key: u32,
    pub(super) len: u32,
    /// The most ids that there may be.
    pub(super) limit: u32,
    /// Of a full tape. Leaves and tensors leave their places unwritten.
    pub(super) nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    /// Of a full tape, for every id.
    pub(super) extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    /// Of a gradient-only tape.
    pub(super) pieces: Vec<Piece>,
    pub(crate) wide: Vec<Wide<F>>,
    pub(crate) constants: Vec<Value<F>>,
    pub(crate) params: HashMap<ParamId, Lifted>,
    /// The parameter that each leaf of one stands for.
    pub(crate) param_of: HashMap<u32, ParamId>,
    /// The scalar leaves, as ranges of ids in ascending order.
    pub(crate) leaves: Vec<Range<u32>>,
    /// Scalar nodes whose gradient is kept, in ascending order.
    pub(crate) retained: Vec<u32>,
    /// What to do about numbers that are not finite.
    pub(crate) on_non_finite: OnNonFinite,
    /// What sees the gradients of nodes.
    pub(crate) hooks: NodeMap<Vec<Hook<F>>>,
    /// How many numbers left the tape through the traits of numbers.
    pub(crate) taken: usize,
    /// The length of the tape from which on a sweep looks first for what its output depends on; 0 before the first sweep.
    pub(super) search_from: u32,
    /// How many nodes sweeps have looked at.
    pub(crate) looked: u64,
}

/// A tape of so few nodes is swept as a whole.
const SHORT: u32 = 1 << 12;
/// Of a longer one, this part is few nodes: to find them takes longer than to sweep as many.
const FEW: u32 = 16;

/// What sees the gradient of a node.
pub(crate) type Hook<F> = Rc<dyn Fn(&Tensor<F>)>;

impl<F: Float> Store<F> {
    /// One past the last id.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Scalar node `id` of a full tape; a leaf or tensor has no parents.
    pub(crate) fn node(&self, id: u32) -> Node<F> {
        let nothing = Node { parents: [0; 2], slopes: [F::zero(); 2] };
        match self.extra(id).map(|e| e.op) {
            None | Some(ScalarOp::Leaf | ScalarOp::Wide) => nothing,
            // SAFETY: ids below `len` were written by `push` before `len` passed them, but for leaves and tensors.
            Some(_) => unsafe { self.nodes[id as usize / CHUNK][id as usize % CHUNK].assume_init() },
        }
    }

    /// What is known of scalar node `id` beyond its slopes; `None` on a gradient-only tape.
    pub(crate) fn extra(&self, id: u32) -> Option<Extra<F>> {
        assert!(id < self.len, "node {id} of {}", self.len);
        let chunk = self.extras.get(id as usize / CHUNK)?;
        // SAFETY: a full tape writes it for every id before `len` passes that.
        Some(unsafe { chunk[id as usize % CHUNK].assume_init() })
    }

    /// The line of the last of some nodes that is none of a standard function on iterators.
    pub(crate) fn line_of_last(&self, ids: &[u32]) -> Option<Line> {
        let line = |id: &u32| self.wide(*id).map(|w| w.line).or_else(|| self.line(*id));
        ids.iter().rev().filter(|id| **id & CONSTANT == 0).find_map(line)
    }

    /// The line that recorded scalar node `id`. `Iterator::sum` and `product` do not pass on the line of their caller: of
    /// what they made it is the line of the last argument, which most often stands in the same formula, unless that is a
    /// leaf.
    pub(crate) fn line(&self, id: u32) -> Option<Line> {
        let own = self.extra(id)?.line;
        let mut at = id;
        while is_of_iterator(self.extra(at)?.line) {
            at = match self.node(at).depends_on() {
                Parents::Two([p, q]) => p.max(q),
                Parents::Run { last, .. } => last,
            };
            if at == 0 || matches!(self.extra(at)?.op, ScalarOp::Leaf | ScalarOp::Wide) {
                return Some(own);
            }
        }
        Some(self.extra(at)?.line)
    }

    /// Whether `id` is no node of its own, but arguments of a later one.
    pub(crate) fn is_part(&self, id: u32) -> bool {
        self.extra(id).is_some_and(|e| matches!(e.op, ScalarOp::Part { .. }))
    }

    /// The tensor node at `id`, if there is one.
    pub(crate) fn wide(&self, id: u32) -> Option<&Wide<F>> {
        self.wide_position(id).map(|k| &self.wide[k])
    }

    pub(crate) fn wide_position(&self, id: u32) -> Option<usize> {
        // On a tape of tensors alone, the node of id `k` is entry `k - 1`.
        let guess = (id as usize).wrapping_sub(1);
        if self.wide.get(guess).is_some_and(|w| w.id == id) {
            return Some(guess);
        }
        self.wide.binary_search_by_key(&id, |w| w.id).ok()
    }

    /// Whether `id` is a scalar leaf.
    pub(crate) fn is_leaf(&self, id: u32) -> bool {
        let before = self.leaves.partition_point(|leaves| leaves.start <= id);
        before.checked_sub(1).is_some_and(|k| self.leaves[k].contains(&id))
    }

    /// The scalar nodes in a range whose gradient is kept.
    pub(crate) fn retained_in(&self, range: &Range<u32>) -> &[u32] {
        let from = self.retained.partition_point(|id| *id < range.start);
        &self.retained[from..self.retained.partition_point(|id| *id < range.end)]
    }

    /// How many nodes may be looked at to find those that an output below `end` depends on; `None` if it is not worth it:
    /// in the first sweep of a tape, on a short one, and until it is twice as long as when they were too many.
    pub(crate) fn budget(&mut self, end: u32) -> Option<usize> {
        if self.search_from == 0 {
            self.search_from = SHORT;
            self.search_no_more(end);
            return None;
        }
        (end >= self.search_from).then_some((end / FEW) as usize)
    }

    /// Has the search for what an output depends on wait until the tape is twice as long.
    pub(crate) fn search_no_more(&mut self, end: u32) {
        self.search_from = self.search_from.max(end.saturating_mul(2));
    }

    /// Counts nodes that a sweep looked at.
    pub(crate) fn note_looked(&mut self, nodes: u64) {
        self.looked += nodes;
    }

    /// Bytes held for nodes, without values of tensors.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.len() * CHUNK * size_of::<Node<F>>()
            + self.extras.len() * CHUNK * size_of::<Extra<F>>()
            + self.pieces.len() * PIECE * size_of::<u32>()
            + self.wide.capacity() * size_of::<Wide<F>>()
            + self.constants.capacity() * size_of::<Value<F>>()
    }
}
