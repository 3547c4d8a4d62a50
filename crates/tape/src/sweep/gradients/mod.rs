//! What a sweep returns.

mod accumulate;
mod combine;
mod recorded_gradients;

use std::collections::BTreeSet;
use std::ops::Index;
use std::panic::Location;

use crate::error::{Error, Line};
use crate::rule::op::Op;
use crate::rule::param::{Param, ParamId};
use crate::sweep::part::Part;
use crate::sweep::{Reach, blocked};
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, CONSTANT, FOLDED, Store};
use crate::tape::{Scalar, Var, step, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

pub use combine::{GradientPart, GradientVector};
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

    /// Whether the sweep did not go to a node, since the output does not depend on it.
    fn is_beside(&self, id: u32) -> bool {
        id > self.swept_to && self.reached.binary_search_by(|other| id.cmp(other)).is_err()
    }

    /// The gradient of a leaf or of a node that was retained.
    ///
    /// # Errors
    /// [`Error::NotConnected`] for a leaf that the output does not reach, [`Error::NotRetained`] for an intermediate
    /// that was not kept, [`Error::Folded`] for one that a gradient-only tape has no node for, [`Error::ForeignTape`].
    pub fn get<H: Handle<F>>(&self, handle: H) -> Result<&H::Gradient, Error> {
        handle.gradient(self)
    }

    /// The gradient of a parameter.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if the parameter is frozen, was not lifted to the tape, or the output does not reach it;
    /// [`Error::TwoValues`] if the output depends on it as it was before and after a change.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let mut w = Param::new(Tensor::from([2.0]));
    /// let tape = Tape::new();
    /// let x = tape.input(Tensor::from([3.0]));
    /// let before = (x.lift(&w) * x).powi(2).sum();
    /// w.value_mut().data_mut()[0] = 1.0;
    /// let after = (x.lift(&w) * x).powi(2).sum();
    /// assert_eq!((before.item(), after.item()), (36.0, 9.0));
    /// assert_eq!(after.backward().param(&w)?.data(), [18.0]);
    /// let both = (before + after).backward();
    /// assert!(both.param(&w).unwrap_err().to_string().contains("was changed between"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn param(&self, param: &Param<F>) -> Result<&Tensor<F>, Error> {
        let mut reached = self.leaves_of(param.id()).filter_map(|id| Some((id, self.tensors.get(id)?)));
        match (reached.next(), reached.next()) {
            (Some((_, g)), None) => Ok(g),
            (Some((first, _)), Some((then, _))) => {
                let line = |id: u32| self.leaves.get(id).map_or(Location::caller(), |(line, _)| *line);
                Err(Error::TwoValues { param: param.id().to_string(), first: line(first), then: line(then) })
            }
            (None, _) => Err(Error::NotConnected {
                reason: match (param.is_frozen(), self.leaves_of(param.id()).next()) {
                    (true, _) => "the parameter is frozen".into(),
                    (_, None) => "the parameter was not used on this tape".into(),
                    _ => "the output does not depend on the parameter".into(),
                },
            }),
        }
    }

    /// The leaves of a parameter, in the order in which they were recorded.
    fn leaves_of(&self, param: ParamId) -> impl Iterator<Item = u32> {
        let from = self.params.partition_point(|(p, _)| *p < param);
        self.params[from..].iter().take_while(move |(p, _)| *p == param).map(|(_, id)| *id)
    }

    /// The parameters on the tape that the output does not reach.
    pub fn unreached(&self) -> Vec<ParamId> {
        let reached = self.params.iter().filter(|(_, id)| self.tensors.contains(*id));
        let reached: BTreeSet<ParamId> = reached.map(|(p, _)| *p).collect();
        let mut all: Vec<ParamId> = self.params.iter().map(|(p, _)| *p).filter(|p| !reached.contains(p)).collect();
        all.dedup();
        all
    }

    /// The gradient of a node, for views of the graph.
    pub(crate) fn of_node(&self, key: u32, id: u32) -> Option<Tensor<F>> {
        if key != self.key {
            return None;
        }
        self.scalar(id).map(|g| Tensor::from(*g)).or_else(|| self.tensors.get(id).cloned())
    }

    fn scalar(&self, id: u32) -> Option<&F> {
        if self.unreached.binary_search(&id).is_ok() {
            return None;
        }
        self.leaf_place(id).map(|at| &self.scalars[at]).or_else(|| self.kept.get(id))
    }

    /// Where the gradient of a scalar leaf stands in `scalars`.
    fn leaf_place(&self, id: u32) -> Option<usize> {
        let run = self.runs.partition_point(|(first, ..)| *first > id);
        self.runs.get(run).filter(|(first, len, _)| id < first + len).map(|(first, _, at)| at + (id - first) as usize)
    }

    /// Why there is no gradient for a handle of this tag (a key; with `FOLDED`, no node of that tape) and id.
    #[cold]
    fn missing(&self, tag: u32, id: u32) -> Error {
        F::why_missing(self, tag, id)
    }

    pub(crate) fn missing_in(&self, tag: u32, id: u32) -> Error {
        let key = tag & !FOLDED;
        let not_connected = |reason: String| Error::NotConnected { reason };
        if key == 0 || id & CONSTANT != 0 && key == self.key && key & store::GRADIENT_ONLY == 0 {
            return not_connected("it is a constant".into());
        }
        if key != self.key {
            return Error::ForeignTape;
        }
        if tag != key {
            return Error::Folded;
        }
        let leaf = match self.is_beside(id) && id <= self.root {
            true => store::with_store(key, |store: &mut Store<F>| {
                store.wide(id).filter(|w| w.parents.is_empty()).map(|w| (w.line, !w.active))
            })
            .ok()
            .flatten(),
            false => self.leaves.get(id).copied(),
        };
        match leaf {
            Some((at, true)) => {
                return not_connected(format!("the leaf made at {at} is an input; only a var has a gradient"));
            }
            Some((at, false)) => {
                let var = format!("the var made at {at}");
                return not_connected(match blocked::<F>(key, id, self.root) {
                    Ok(Some(by)) => format!("the output depends on {var} only through {by}"),
                    _ => format!("the output does not depend on {var}"),
                });
            }
            None => {}
        }
        if id > self.root {
            return not_connected("it was recorded after the output".into());
        }
        if self.all || self.is_beside(id) || self.unreached.binary_search(&id).is_ok() {
            return not_connected("the output does not depend on it".into());
        }
        let (op, at) = step::<F>(key, id)
            .ok()
            .flatten()
            .map(|s| (s.op.name(), s.line))
            .unwrap_or(("of a tape that is gone".into(), Location::caller()));
        Error::NotRetained { id, op, at }
    }
}

/// What gradients are looked up by.
pub trait Handle<F: Float> {
    /// The gradient's type.
    type Gradient;
    /// [`Gradients::get`]
    fn gradient(self, gradients: &Gradients<F>) -> Result<&Self::Gradient, Error>;
}

impl<F: Float> Handle<F> for Scalar<F> {
    type Gradient = F;
    #[inline]
    fn gradient(self, gradients: &Gradients<F>) -> Result<&F, Error> {
        // Nearly always one of the leaves that were recorded last. Where the key differs, the distance is huge.
        let distance = self.place().wrapping_sub(gradients.newest);
        if distance < gradients.direct as u64
            && let Some(found) = gradients.scalars.get(distance as usize)
        {
            return Ok(found);
        }
        gradients.look_up(self.tag(), self.id())
    }
}

impl<F: Float> Gradients<F> {
    /// The gradient of a number, wherever it stands.
    #[cold]
    #[inline(never)]
    fn look_up(&self, tag: u32, id: u32) -> Result<&F, Error> {
        let found = if tag == self.key { self.scalar(id) } else { None };
        found.ok_or_else(|| self.missing(tag, id))
    }
}

impl<F: Float> Handle<F> for Var<F> {
    type Gradient = Tensor<F>;
    fn gradient(self, gradients: &Gradients<F>) -> Result<&Tensor<F>, Error> {
        let found = if self.key == gradients.key { gradients.tensors.get(self.id) } else { None };
        found.ok_or_else(|| gradients.missing(self.key, self.id))
    }
}

impl<F: Float, H: Handle<F>> Index<H> for Gradients<F> {
    type Output = H::Gradient;
    #[inline]
    #[track_caller]
    fn index(&self, handle: H) -> &H::Gradient {
        match handle.gradient(self) {
            Ok(gradient) => gradient,
            Err(e) => e.raise(),
        }
    }
}
