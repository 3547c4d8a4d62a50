//! What a sweep returns.

mod accumulate;
mod combine;
mod look_up;
mod recorded_gradients;

use crate::error::{Error, Line};
use crate::rule::param::ParamId;
use crate::sweep::Reach;
use crate::sweep::part::Part;
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, Store};
use crate::tape::value_of;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

pub use combine::{GradientPart, GradientVector};
pub use look_up::Handle;
pub use recorded_gradients::{RecordedGradients, RecordedHandle};

/// The derivatives of one output by the leaves of its tape: a value that outlives the tape.
///
/// Indexing with a handle gives the gradient; [`get`](Gradients::get) returns what is wrong instead of panicking.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let tape = Tape::new();
/// let (a, w) = (tape.scalar(3.0), tape.var(Tensor::from([1.0, 2.0])));
/// let unused = tape.scalar(1.0);
/// let g = (w * w * a).sum().backward();
/// drop(tape);
/// assert_eq!(g[a], 5.0);
/// assert_eq!(g[w].data(), [6.0, 12.0]);
/// assert!(matches!(g.get(unused), Err(Error::NotConnected { .. })));
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<F: Float = f64> {
    key: u32,
    root: u32,
    /// Runs of scalar leaves: the first id, and where its gradient stands in `scalars`. Newest first.
    runs: Vec<(u32, u32, usize)>,
    /// The place of the first leaf of the newest run, whose gradients stand first.
    newest: u64,
    /// How many they are, if the output reaches them all; else 0.
    direct: usize,
    scalars: Vec<F>,
    /// Whether one of the gradients that the sweep gave them was 0.
    zeros: bool,
    /// Scalar leaves and retained nodes that the output does not reach, in ascending order.
    unreached: Vec<u32>,
    /// Whether the gradients of all nodes are kept.
    all: bool,
    /// The sweep looked at everything up to this node,
    swept_to: u32,
    /// and of later ones at what the output depends on, in descending order.
    reached: Vec<u32>,
    kept: NodeMap<F>,
    tensors: NodeMap<Tensor<F>>,
    leaves: NodeMap<(Line, bool)>,
    /// The parameters on the tape with their leaves, in ascending order.
    params: Vec<(ParamId, u32)>,
}

impl<F: Float> Gradients<F> {
    pub(crate) fn new(key: u32, root: u32, part: Option<&Part>) -> Self {
        let params = store::with_store(key, |store: &mut Store<F>| {
            let mut params: Vec<(ParamId, u32)> = match part {
                None => store.params.iter().flat_map(|(p, lifted)| lifted.leaves().map(|id| (*p, id))).collect(),
                // Every parameter has a leaf here, and those that the sweep goes to are all of what it goes to.
                Some(part) => {
                    let leaves = part.wide.iter().map(|k| store.wide[*k].id);
                    let gone_to = leaves.filter_map(|id| Some((*store.param_of.get(&id)?, id)));
                    gone_to.chain(store.params.iter().map(|(p, lifted)| (*p, lifted.newest()))).collect()
                }
            };
            params.sort_unstable();
            params.dedup();
            params
        });
        Gradients {
            key,
            root,
            runs: Vec::new(),
            newest: 0,
            direct: 0,
            scalars: Vec::new(),
            zeros: false,
            unreached: Vec::new(),
            all: false,
            swept_to: if part.is_none() { root } else { 0 },
            reached: part.map_or(Vec::new(), |part| part.ids.clone()),
            kept: NodeMap::default(),
            tensors: NodeMap::default(),
            leaves: NodeMap::default(),
            params: params.unwrap_or_default(),
        }
    }

    /// Takes the adjoints of consecutive scalar leaves and leaves zeros. Says whether one is NaN.
    pub(crate) fn add_leaves(&mut self, first: u32, adjoints: &mut [F]) -> bool {
        if self.runs.is_empty() {
            self.newest = store::place(self.key, first);
        }
        self.runs.push((first, adjoints.len() as u32, self.scalars.len()));
        self.scalars.reserve(adjoints.len());
        // In parts that fit into the nearest cache, so that memory is walked over once.
        let mut nan = false;
        for part in adjoints.chunks_mut(128) {
            let found = |(zeros, nan): (bool, bool), adjoint: &F| {
                (zeros | (*adjoint == F::zero()), nan | num_traits::Float::is_nan(*adjoint))
            };
            let (zeros, some_nan) = part.iter().fold((false, false), found);
            self.zeros |= zeros;
            nan |= some_nan;
            self.scalars.extend_from_slice(part);
            part.fill(F::zero());
        }
        nan
    }

    /// These gradients, which will be those of all nodes.
    pub(crate) fn of_all_nodes(self) -> Self {
        Gradients { all: true, ..self }
    }

    /// Notes scalar leaves and retained nodes that the output does not reach.
    pub(crate) fn add_unreached(&mut self, ids: impl IntoIterator<Item = u32>) {
        self.direct = 0;
        self.unreached.extend(ids);
        self.unreached.sort_unstable();
    }

    pub(crate) fn add_retained_scalar(&mut self, id: u32, adjoint: F) {
        self.kept.insert(id, adjoint);
    }

    pub(crate) fn add_tensor(&mut self, id: u32, g: Tensor<F>) {
        if g.rank() == 0 {
            self.kept.insert(id, g.item());
        }
        self.tensors.insert(id, g);
    }

    pub(crate) fn add_tensor_leaf(&mut self, id: u32, line: Line, input: bool, g: Option<Tensor<F>>) {
        self.note_leaf(id, line, input);
        if let Some(g) = g.filter(|_| !input) {
            self.add_tensor(id, g);
        }
    }

    pub(crate) fn note_leaf(&mut self, id: u32, line: Line, input: bool) {
        self.leaves.insert(id, (line, input));
    }

    /// Tells leaves with a zero gradient from leaves that the output does not reach.
    pub(crate) fn finish(&mut self, reach: &mut Reach<'_>) -> Result<(), Error> {
        let missing: Vec<u32> = self
            .leaves
            .iter()
            .filter(|(id, (_, input))| !input && !self.tensors.contains(*id))
            .map(|(id, _)| id)
            .collect();
        if missing.is_empty() && !self.zeros {
            self.direct = self.runs.first().map_or(0, |(_, len, _)| *len as usize);
            return Ok(());
        }
        for id in missing {
            // Else a scalar node with a zero derivative lies between.
            if reach.contains::<F>(id)? {
                let value = value_of::<F>(self.key, id)?.real();
                self.add_tensor(id, Tensor::zeros(value.shape()));
            }
        }
        for (first, len, at) in &self.runs {
            for k in (0..*len).filter(|k| self.scalars[at + *k as usize] == F::zero()) {
                if !reach.contains::<F>(first + k)? {
                    self.unreached.push(first + k);
                }
            }
        }
        self.unreached.sort_unstable();
        Ok(())
    }
}
