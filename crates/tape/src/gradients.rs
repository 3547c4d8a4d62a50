//! What a sweep returns.

use std::ops::{Index, Range};
use std::panic::Location;

use crate::by_id::ById;
use crate::error::Error;
use crate::float::Float;
use crate::param::{Param, ParamId};
use crate::shape::Shape;
use crate::sweep::{blocked, reached};
use crate::tape::store::{self, CONSTANT, FOLDED, Line, Store};
use crate::tape::{Scalar, Var, step, value_of};
use crate::tensor::Tensor;

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
    /// Scalar leaves that the output does not reach.
    unreached: Vec<u32>,
    kept: ById<F>,
    tensors: ById<Tensor<F>>,
    leaves: ById<(Line, bool)>,
    /// In ascending order.
    params: Vec<(ParamId, u32)>,
}

impl<F: Float> Gradients<F> {
    pub(crate) fn new(key: u32, root: u32) -> Self {
        let params = store::with_store(key, |store: &mut Store<F>| {
            let mut params: Vec<(ParamId, u32)> = store.params.iter().map(|(p, id)| (*p, *id)).collect();
            params.sort_unstable();
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
            kept: ById::default(),
            tensors: ById::default(),
            leaves: ById::default(),
            params: params.unwrap_or_default(),
        }
    }

    /// Takes the adjoints of consecutive scalar leaves and leaves zeros.
    pub(crate) fn add_leaves(&mut self, first: u32, adjoints: &mut [F]) {
        if self.runs.is_empty() {
            self.newest = store::place(self.key, first);
        }
        self.runs.push((first, adjoints.len() as u32, self.scalars.len()));
        // One walk over what may not fit into the caches.
        let mut zeros = false;
        self.scalars.extend(adjoints.iter_mut().map(|adjoint| {
            let taken = std::mem::replace(adjoint, F::zero());
            zeros |= taken == F::zero();
            taken
        }));
        self.zeros |= zeros;
    }

    /// Notes scalar leaves that the output does not reach.
    pub(crate) fn add_unreached(&mut self, ids: impl Iterator<Item = u32>) {
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
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
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
        let reached = reached::<F>(self.key, self.root)?;
        for id in missing.into_iter().filter(|id| reached[*id as usize]) {
            // A scalar node with a zero derivative lies between.
            let value = value_of::<F>(self.key, id)?.real();
            self.add_tensor(id, Tensor::zeros(value.shape()));
        }
        for (first, len, at) in &self.runs {
            let zero = |k: &u32| self.scalars[at + *k as usize] == F::zero() && !reached[(first + k) as usize];
            self.unreached.extend((0..*len).filter(zero).map(|k| first + k));
        }
        self.unreached.sort_unstable();
        Ok(())
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
    /// [`Error::NotConnected`] if the parameter is frozen, was not lifted to the tape, or the output does not reach it.
    pub fn param(&self, param: &Param<F>) -> Result<&Tensor<F>, Error> {
        let id = self.id_of(param.id());
        id.and_then(|id| self.tensors.get(id)).ok_or_else(|| Error::NotConnected {
            reason: match (param.is_frozen(), id) {
                (true, _) => "the parameter is frozen".into(),
                (_, None) => "the parameter was not used on this tape".into(),
                _ => "the output does not depend on the parameter".into(),
            },
        })
    }

    fn id_of(&self, param: ParamId) -> Option<u32> {
        self.params.binary_search_by_key(&param, |(p, _)| *p).ok().map(|at| self.params[at].1)
    }

    /// The parameters on the tape that the output does not reach.
    pub fn unreached(&self) -> Vec<ParamId> {
        self.params.iter().filter(|(_, id)| !self.tensors.contains(*id)).map(|(p, _)| *p).collect()
    }

    /// The gradients of the leaves, of numbers and of tensors.
    fn of_leaves(&self) -> impl Iterator<Item = &[F]> {
        let tensors = self.tensors.iter().filter(|(id, _)| self.leaves.contains(*id)).map(|(_, g)| g.data());
        std::iter::once(&self.scalars[..]).chain(tensors)
    }

    /// The length of the gradients of all leaves, parameters among them, as one vector.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let (a, w) = (tape.scalar(1.0), tape.var(Tensor::from([1.0, 1.0])));
    /// let g = (a * 2.0 + (w * Tensor::from([3.0, 6.0])).sum()).backward();
    /// assert_eq!(g.norm(), 7.0);
    /// ```
    pub fn norm(&self) -> F {
        let squares = self.of_leaves().flatten().map(|x| Float::to_f64(*x).powi(2));
        F::from_f64(squares.sum::<f64>().sqrt())
    }

    fn each(&mut self, f: impl Fn(F) -> F) {
        self.scalars.iter_mut().chain(self.kept.values_mut()).for_each(|x| *x = f(*x));
        self.tensors.values_mut().flat_map(|t| t.data_mut()).for_each(|x| *x = f(*x));
    }

    /// Multiplies every gradient with a number.
    pub fn scale(&mut self, factor: f64) {
        let factor = F::from_f64(factor);
        self.each(|x| x * factor);
    }

    /// Shortens the gradients, as one vector, to a length of at most `limit`, and returns the length before. As PyTorch's
    /// `clip_grad_norm_`, the factor is `limit / (length + 10⁻⁶)`.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let w = tape.var(Tensor::from([3.0, 4.0]));
    /// let mut g = (w * w).sum().backward();
    /// assert_eq!(g.clip_norm(5.0), 10.0);
    /// assert!((g.norm() - 5.0).abs() < 1e-6);
    /// ```
    pub fn clip_norm(&mut self, limit: f64) -> F {
        let norm = self.norm();
        let factor = limit / (norm.to_f64() + 1e-6);
        if factor < 1.0 {
            self.scale(factor);
        }
        norm
    }

    /// Cuts every number to between −`limit` and `limit`. NaN stays.
    pub fn clip_value(&mut self, limit: f64) {
        let limit = F::from_f64(limit);
        self.each(|x| {
            if x > limit {
                limit
            } else if x < -limit {
                -limit
            } else {
                x
            }
        });
    }

    /// Adds other gradients: of the same tape by leaf, of another tape (the next part of a batch) by parameter.
    ///
    /// # Errors
    /// [`Error::ForeignTape`] for gradients of another tape by leaves that are no parameters: which belongs to which is
    /// not known.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let w = Param::new(Tensor::from([1.0, 2.0]));
    /// let part = |x: Tensor| {
    ///     let tape = Tape::new();
    ///     let x = tape.input(x);
    ///     (x.lift(&w) * x).sum().backward()
    /// };
    /// let mut sum = part(Tensor::from([1.0, 0.0]));
    /// sum.accumulate(&part(Tensor::from([3.0, 4.0])))?;
    /// assert_eq!(sum.param(&w)?.data(), [4.0, 4.0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn accumulate(&mut self, other: &Gradients<F>) -> Result<(), Error> {
        let known: ById<ParamId> = other.params.iter().map(|(p, id)| (*id, *p)).collect();
        let own = self.key == other.key;
        let unknown = |id: u32| other.leaves.contains(id) && !known.contains(id);
        if !own && (!other.scalars.is_empty() || other.tensors.ids().into_iter().any(unknown)) {
            return Err(Error::ForeignTape);
        }
        for (id, g) in other.tensors.iter() {
            let place = match known.get(id) {
                _ if own => id,
                None => continue,
                Some(param) => match self.id_of(*param) {
                    Some(id) => id,
                    None => {
                        // An id that no node has: nodes are numbered from below.
                        let free = (0..CONSTANT).rev().find(|id| !self.tensors.contains(*id)).unwrap_or_default();
                        let at = self.params.partition_point(|(p, _)| p < param);
                        self.params.insert(at, (*param, free));
                        self.leaves.insert(free, other.leaves.get(id).copied().unwrap_or((Location::caller(), false)));
                        free
                    }
                },
            };
            match self.tensors.get_mut(place) {
                Some(sum) => *sum += g,
                None => self.tensors.insert(place, g.clone()),
            }
        }
        if own {
            self.accumulate_scalars(other);
        }
        Ok(())
    }

    /// Adds the gradients of numbers, of another output of the same tape.
    fn accumulate_scalars(&mut self, other: &Gradients<F>) {
        let mut ids: Vec<u32> =
            self.runs.iter().chain(&other.runs).flat_map(|(first, len, _)| *first..first + len).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        let sums: Vec<Option<F>> = ids
            .iter()
            .map(|id| match (self.scalar(*id), other.scalar(*id)) {
                (Some(a), Some(b)) => Some(*a + *b),
                (a, b) => a.or(b).copied(),
            })
            .collect();
        self.unreached = ids.iter().zip(&sums).filter(|(_, g)| g.is_none()).map(|(id, _)| *id).rev().collect();
        self.direct = 0;
        self.scalars = sums.iter().map(|g| g.unwrap_or_else(F::zero)).collect();
        self.runs = ids.iter().enumerate().map(|(at, id)| (*id, 1, at)).collect();
        for (id, g) in other.kept.iter() {
            *self.kept.get_or_insert_with(id, F::zero) += *g;
        }
        self.root = self.root.max(other.root);
    }

    /// The gradients of all leaves that the output reaches, one after another in the order in which the leaves were
    /// recorded, and the name and place of each. A parameter has the name that `name` gives it, or its number; another
    /// leaf that of its source line.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let (w, b) = (Param::new(Tensor::from([[1.0, 2.0]])), Param::new(Tensor::from([0.5])));
    /// let tape = Tape::new();
    /// let x = tape.input(Tensor::from([[3.0, 4.0]]));
    /// let g = ((x * x.lift(&w)).sum() + x.lift(&b).sum()).backward();
    /// let vector = g.vector(|id| (id == w.id()).then(|| "weight".to_owned()));
    /// assert_eq!(vector.values, [3.0, 4.0, 1.0]);
    /// assert_eq!((vector.parts[0].name.as_str(), vector.parts[0].range.clone()), ("weight", 0..2));
    /// ```
    pub fn vector(&self, name: impl Fn(ParamId) -> Option<String>) -> GradientVector<F> {
        let params: ById<ParamId> = self.params.iter().map(|(p, id)| (*id, *p)).collect();
        let mut found: Vec<(u32, String, Shape, &[F])> = Vec::new();
        for (id, g) in self.tensors.iter() {
            let Some((line, _)) = self.leaves.get(id) else { continue };
            let name = match params.get(id) {
                Some(param) => name(*param).unwrap_or_else(|| param.to_string()),
                None => format!("var at {line}"),
            };
            found.push((id, name, g.shape().clone(), g.data()));
        }
        for (first, len, at) in &self.runs {
            let reached = (0..*len).filter(|k| self.unreached.binary_search(&(first + k)).is_err());
            found.extend(reached.map(|k| {
                let at = at + k as usize;
                (first + k, format!("scalar %{}", first + k), Shape::scalar(), &self.scalars[at..at + 1])
            }));
        }
        found.sort_by_key(|(id, ..)| *id);
        let mut vector = GradientVector { values: Vec::new(), parts: Vec::new() };
        for (_, name, shape, g) in found {
            let start = vector.values.len();
            vector.values.extend_from_slice(g);
            vector.parts.push(GradientPart { name, shape, range: start..vector.values.len() });
        }
        vector
    }

    /// Whether every gradient is finite.
    pub fn is_finite(&self) -> bool {
        let tensors = self.tensors.iter().flat_map(|(_, t)| t.data());
        self.scalars.iter().chain(tensors).all(|x| num_traits::Float::is_finite(*x))
    }

    /// The gradient of a node, for views of the graph.
    pub(crate) fn of_node(&self, key: u32, id: u32) -> Option<Tensor<F>> {
        if key != self.key {
            return None;
        }
        self.tensors.get(id).cloned().or_else(|| self.scalar(id).map(|g| Tensor::from(*g)))
    }

    fn scalar(&self, id: u32) -> Option<&F> {
        if self.unreached.binary_search(&id).is_ok() {
            return None;
        }
        let run = self.runs.partition_point(|(first, ..)| *first > id);
        match self.runs.get(run) {
            Some((first, len, at)) if id < first + len => Some(&self.scalars[at + (id - first) as usize]),
            _ => self.kept.get(id),
        }
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
        match self.leaves.get(id) {
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
        if self.unreached.binary_search(&id).is_ok() {
            return not_connected("the output does not depend on this leaf".into());
        }
        let (op, at) = store::with_store(key, |store: &mut Store<F>| {
            step(store, id).map(|s| (crate::op::Op::name(&s.op), s.line))
        })
        .ok()
        .flatten()
        .unwrap_or(("of a tape that is gone".into(), Location::caller()));
        Error::NotRetained { id, op, at }
    }
}

/// Gradients one after another: [`Gradients::vector`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientVector<F> {
    /// The numbers.
    pub values: Vec<F>,
    /// What they belong to, in order.
    pub parts: Vec<GradientPart>,
}

/// The gradient of one leaf in a [`GradientVector`].
#[derive(Clone, Debug, PartialEq)]
pub struct GradientPart {
    /// The name of the leaf.
    pub name: String,
    /// The shape of the leaf.
    pub shape: Shape,
    /// Where its gradient stands.
    pub range: Range<usize>,
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

/// Gradients that are themselves recorded: [`Var::backward_recorded`].
#[derive(Clone, Debug)]
pub struct RecordedGradients<F: Float = f64> {
    key: u32,
    recorded: ById<(Var<F>, Option<Scalar<F>>)>,
}

impl<F: Float> RecordedGradients<F> {
    pub(crate) fn new(root: Var<F>, cotangents: ById<Var<F>>) -> Result<Self, Error> {
        let mut recorded = ById::default();
        for (id, var) in cotangents.iter() {
            let scalar = (var.try_value()?.rank() == 0).then(|| var.scalar());
            recorded.insert(id, (*var, scalar));
        }
        Ok(RecordedGradients { key: root.key, recorded })
    }

    /// The recorded gradient by `handle`, which may be any node that the output depends on.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if the output does not depend on it, [`Error::ForeignTape`].
    pub fn get<H: RecordedHandle<F>>(&self, handle: H) -> Result<&H::Gradient, Error> {
        handle.recorded_gradient(self)
    }

    fn find(&self, key: u32, id: u32) -> Result<&(Var<F>, Option<Scalar<F>>), Error> {
        if key != self.key && key != 0 {
            return Err(Error::ForeignTape);
        }
        self.recorded
            .get(id)
            .filter(|_| key == self.key)
            .ok_or_else(|| Error::NotConnected { reason: "the output does not depend on it".into() })
    }
}

/// What recorded gradients are looked up by.
pub trait RecordedHandle<F: Float> {
    /// The recorded gradient's type.
    type Gradient;
    /// [`RecordedGradients::get`]
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Self::Gradient, Error>;
}

impl<F: Float> RecordedHandle<F> for Var<F> {
    type Gradient = Var<F>;
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Var<F>, Error> {
        gradients.find(self.key, self.id).map(|(var, _)| var)
    }
}

impl<F: Float> RecordedHandle<F> for Scalar<F> {
    type Gradient = Scalar<F>;
    fn recorded_gradient(self, gradients: &RecordedGradients<F>) -> Result<&Scalar<F>, Error> {
        let (_, scalar) = gradients.find(self.key(), self.id())?;
        scalar.as_ref().ok_or_else(|| Error::NotConnected { reason: "the handle is of another kind".into() })
    }
}

impl<F: Float, H: RecordedHandle<F>> Index<H> for RecordedGradients<F> {
    type Output = H::Gradient;
    #[track_caller]
    fn index(&self, handle: H) -> &H::Gradient {
        self.get(handle).unwrap_or_else(|e| e.raise())
    }
}
