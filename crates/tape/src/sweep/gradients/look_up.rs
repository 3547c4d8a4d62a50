//! The gradient of a handle, or why there is none.

use std::collections::BTreeSet;
use std::ops::Index;
use std::panic::Location;

use super::Gradients;
use crate::error::Error;
use crate::rule::op::Op;
use crate::rule::param::{Param, ParamId};
use crate::sweep::reach::blocked;
use crate::tape::store::{self, CONSTANT, FOLDED, Store};
use crate::tape::{Scalar, Var, step};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

impl<F: Float> Gradients<F> {
    /// Whether the sweep did not go to a node, since the output does not depend on it.
    pub(super) fn is_beside(&self, id: u32) -> bool {
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
    pub(super) fn leaves_of(&self, param: ParamId) -> impl Iterator<Item = u32> {
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

    pub(super) fn scalar(&self, id: u32) -> Option<&F> {
        if self.unreached.binary_search(&id).is_ok() {
            return None;
        }
        self.leaf_place(id).map(|at| &self.scalars[at]).or_else(|| self.kept.get(id))
    }

    /// Where the gradient of a scalar leaf stands in `scalars`.
    pub(super) fn leaf_place(&self, id: u32) -> Option<usize> {
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
