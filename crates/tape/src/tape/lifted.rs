//! Parameters on a tape: which leaf stands for which value of one.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::store::{self, Origin, Store};
use crate::error::{Error, Line};
use crate::rule::algebra::Any;
use crate::rule::param::ParamId;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// The leaves of a parameter: one for each value that it was lifted with, since a parameter may be changed between.
pub(crate) struct Lifted {
    newest: u32,
    /// Those of earlier values, by where their numbers lie: the tape holds them, so that no others come to lie there.
    older: HashMap<usize, u32>,
    /// Whether the newest stands for the parameter whatever its value: see [`lift_given`].
    given: bool,
}

impl Lifted {
    /// The leaf of the newest value.
    pub(crate) fn newest(&self) -> u32 {
        self.newest
    }

    /// All leaves.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = u32> {
        self.older.values().copied().chain([self.newest])
    }
}

/// Where the numbers of a tensor lie.
fn address<F: Float>(value: &Tensor<F>) -> usize {
    value.layout().0.as_ptr().addr()
}

/// Whether both hold the same numbers to the bit. Nearly always they are one buffer, or differ at once.
fn same_numbers<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> bool {
    let bits = |x: &F| Float::to_f64(*x).to_bits();
    a.is(b) || a.shape() == b.shape() && a.data().iter().zip(b.data()).all(|(a, b)| bits(a) == bits(b))
}

impl<F: Float> Store<F> {
    fn leaf_value(&self, id: u32) -> Option<&Tensor<F>> {
        match &self.wide(id)?.value {
            Any::Real(value) => Some(value),
            _ => None,
        }
    }

    /// The leaf of a parameter with this value.
    fn lifted(&self, param: ParamId, value: &Tensor<F>) -> Option<u32> {
        let lifted = self.params.get(&param)?;
        let newest = self.leaf_value(lifted.newest)?;
        if lifted.given || same_numbers(newest, value) {
            return Some(lifted.newest);
        }
        let older = *lifted.older.get(&address(value))?;
        self.leaf_value(older).is_some_and(|held| held.is(value)).then_some(older)
    }

    fn note_lifted(&mut self, param: ParamId, leaf: u32, given: bool) {
        let mut older = HashMap::new();
        if let Some(before) = self.params.remove(&param) {
            older = before.older;
            if let Some(value) = self.leaf_value(before.newest) {
                older.insert(address(value), before.newest);
            }
        }
        self.param_of.insert(leaf, param);
        self.params.insert(param, Lifted { newest: leaf, older, given });
    }
}

/// The newest leaf of a parameter on the tape `key`, if there is one.
#[cfg(feature = "check")]
pub(crate) fn param_node<F: Float>(key: u32, param: &ParamId) -> Option<u32> {
    store::with_store(key, |store: &mut Store<F>| store.params.get(param).map(|lifted| lifted.newest)).ok().flatten()
}

/// The parameter of which the node `id` of the tape `key` is a leaf, if it is one's.
#[cfg(feature = "check")]
pub(crate) fn param_at<F: Float>(key: u32, id: u32) -> Option<ParamId> {
    let is_of = |lifted: &Lifted| lifted.leaves().any(|leaf| leaf == id);
    let of = |store: &mut Store<F>| store.params.iter().find(|(_, lifted)| is_of(lifted)).map(|(param, _)| *param);
    store::with_store(key, of).ok().flatten()
}

/// The leaf of a parameter with this value on the tape `key`, made if there is none yet.
pub(crate) fn lift_value<F: Float>(key: u32, param: ParamId, line: Line, value: &Tensor<F>) -> Result<u32, Error> {
    match store::with_store(key, |store: &mut Store<F>| store.lifted(param, value))? {
        Some(leaf) => Ok(leaf),
        None => push(key, param, line, value, false),
    }
}

/// A leaf that stands for the parameter on the tape `key` whatever value it is lifted with: where a function is recorded
/// again at other numbers than its parameters hold.
pub(crate) fn lift_given<F: Float>(key: u32, param: ParamId, line: Line, value: &Tensor<F>) -> Result<u32, Error> {
    push(key, param, line, value, true)
}

fn push<F: Float>(key: u32, param: ParamId, line: Line, value: &Tensor<F>, given: bool) -> Result<u32, Error> {
    let leaf = store::push_wide(key, Origin::Var, SmallVec::new(), value.clone().into(), line, true)?;
    store::with_store(key, |store: &mut Store<F>| store.note_lifted(param, leaf, given))?;
    Ok(leaf)
}
