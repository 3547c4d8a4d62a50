//! What writes numbers and tensors onto the tape in use.

#![allow(unsafe_code)] // nodes and records are written through pointers into chunks

use std::ptr;

use smallvec::SmallVec;

use super::keys::missing;
use super::store::{Extra, NO_KEY, Node, Origin, ScalarOp, Wide, is_of_iterator, place};
use crate::error::scope;
use crate::error::{Error, Line};
use crate::kernels::prefetch::{AHEAD, prefetch};
use crate::kernels::slopes;
use crate::rule::op::Value;
use crate::tensor::float::Float;

/// Records a scalar node of a full tape and returns its place; `None` if the two places are not of the tape in use, it is
/// no full tape, or its chunk is full.
#[inline(always)]
pub(crate) fn try_push<F: Float>((a, b): (u64, u64), node: Node<F>, extra: Extra<F>) -> Option<u64> {
    let hot = F::hot(ptr::from_ref);
    // SAFETY: a thread-local without a destructor lives as long as its thread, which is here. The hot pointers describe
    // the chunk of the tape in use in which `id` lies (`id < end`). The chunk is owned by the cold thread-local, which
    // clears the hot one before it frees or moves any.
    unsafe {
        let hot = &*hot;
        let next = hot.full.get();
        let id = next as u32;
        if ((a ^ next) | (b ^ next)) >> 32 != 0 || id == hot.end.get() {
            return None;
        }
        let (nodes, extras) = (hot.nodes.get().wrapping_add(id as usize), hot.extras.get().wrapping_add(id as usize));
        prefetch(nodes.wrapping_byte_add(AHEAD));
        prefetch(extras.wrapping_byte_add(AHEAD));
        nodes.write(node);
        extras.write(extra);
        hot.full.set(next + 1);
        Some(next)
    }
}

/// Records a scalar node of a full tape and returns its id.
pub(crate) fn push<F: Float>(key: u32, node: Node<F>, extra: Extra<F>) -> Result<u32, Error> {
    when_ready::<F>(key, || try_push((place(key, 0), place(key, 0)), node, extra))
}

/// The id of what is recorded as soon as the tape is the one in use and has room.
fn when_ready<F: Float>(key: u32, mut try_it: impl FnMut() -> Option<u64>) -> Result<u32, Error> {
    loop {
        if let Some(place) = try_it() {
            return Ok(place as u32);
        }
        F::make_ready(key)?;
    }
}

/// The place of the number that the gradient-only tape in use records next; if it is none, a place with a key that no
/// number has.
#[inline(always)]
pub(crate) fn next_place_of_slopes<F: Float>() -> u64 {
    F::hot(|hot| hot.slopes.get())
}

/// Whether a gradient-only tape is in use.
#[inline(always)]
pub(crate) fn is_gradient_only_in_use<F: Float>() -> bool {
    next_place_of_slopes::<F>() != place(NO_KEY, 0)
}

/// Whether the tape is the gradient-only tape in use.
#[inline(always)]
fn is_in_use<F: Float>(key: u32) -> bool {
    (next_place_of_slopes::<F>() >> 32) as u32 == key
}

/// Records a number of the gradient-only tape in use and returns its place; `None` if its piece is full. `write` appends
/// the record.
///
/// # Safety
/// A gradient-only tape is in use. `write` gets a place with room for the longest record, writes one record of this tape
/// there and returns its end.
#[inline(always)]
unsafe fn try_write<F: Float>(write: impl FnOnce(*mut u32) -> *mut u32) -> Option<u64> {
    let hot = F::hot(ptr::from_ref);
    // SAFETY: a thread-local without a destructor lives as long as its thread, which is here.
    let hot = unsafe { &*hot };
    let next = hot.next.get();
    if next > hot.last.get() {
        return None;
    }
    let place = hot.slopes.get();
    prefetch(next.wrapping_byte_add(AHEAD));
    hot.next.set(write(next));
    hot.slopes.set(place + 1);
    Some(place)
}

/// Records a number that depends on `p` by `s` and on `q` by `t`, and returns its place; `None` if the tape `key` is not
/// the gradient-only tape in use, or its piece is full. The slopes are finite.
#[inline(always)]
pub(crate) fn try_push_pair<F: Float>(key: u32, p: (u32, F), q: (u32, F)) -> Option<u64> {
    if !is_in_use::<F>(key) {
        return None;
    }
    // SAFETY: the gradient-only tape `key` is in use, and a pair is no longer than the longest record.
    unsafe { try_write::<F>(|at| slopes::write_pair(at, p, q)) }
}

/// Records the sum of two nodes, of which the caller knows what [`try_push_pair`] checks.
#[inline(always)]
pub(crate) fn try_push_units<F: Float>(key: u32, p: u32, q: u32) -> Option<u64> {
    if !is_in_use::<F>(key) {
        return None;
    }
    // SAFETY: as in `try_push_pair`.
    unsafe { try_write::<F>(|at| slopes::write_units(at, p, q)) }
}

/// Records a number of a gradient-only tape that depends on `p` by `s` and on `q` by `t`, of which one may be infinite or
/// NaN, and returns its id.
pub(crate) fn push_pair<F: Float>(key: u32, p: (u32, F), q: (u32, F)) -> Result<u32, Error> {
    let finite = num_traits::Float::is_finite(p.1) && num_traits::Float::is_finite(q.1);
    when_ready::<F>(key, || match finite {
        true => try_push_pair(key, p, q),
        // SAFETY: as in `try_push_pair`.
        false if is_in_use::<F>(key) => unsafe { try_write::<F>(|at| slopes::write_steep(at, p, q)) },
        false => None,
    })
}

/// Records the sum of the nodes `first`, `first + step`, …, `last`, two at least, of which the caller knows what
/// [`try_push_pair`] checks.
#[inline(always)]
pub(crate) fn try_push_run<F: Float>(key: u32, first: u32, step: u32, last: u32) -> Option<u64> {
    if last - first == step {
        return try_push_units::<F>(key, first, last);
    }
    if !is_in_use::<F>(key) {
        return None;
    }
    // SAFETY: as in `try_push_pair`.
    unsafe { try_write::<F>(|at| slopes::write_run(at, first, step, last)) }
}

/// [`try_push_run`], as soon as the tape can, with the id of the number.
pub(crate) fn push_run<F: Float>(key: u32, first: u32, step: u32, last: u32) -> Result<u32, Error> {
    when_ready::<F>(key, || try_push_run::<F>(key, first, step, last))
}

/// Records differentiable numbers and returns the id of the first.
#[track_caller]
pub(crate) fn push_leaves<F: Float>(key: u32, values: &[F], line: Line) -> Result<u32, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            cold.park(hot);
            let count = u32::try_from(values.len()).map_err(|_| Error::TapeFull(cold.stores[k].len))?;
            let taken = cold.take_ids(k, count, values, line, &ScalarOp::Leaf);
            if let Ok(first) = taken {
                match cold.stores[k].leaves.last_mut() {
                    Some(range) if range.end == first => range.end += count,
                    _ => cold.stores[k].leaves.push(first..first + count),
                }
            }
            cold.enter(k, hot);
            taken
        })
    })?
}

/// Records a tensor node and returns its id.
#[inline]
pub(crate) fn push_wide<F: Float>(
    key: u32,
    origin: Origin,
    parents: SmallVec<[u32; 3]>,
    value: Value<F>,
    caller: Line,
    active: bool,
) -> Result<u32, Error> {
    F::push_wide(key, origin, parents, value, caller, active)
}

pub(crate) fn push_wide_in<F: Float>(
    key: u32,
    origin: Origin,
    parents: SmallVec<[u32; 3]>,
    value: Value<F>,
    caller: Line,
    active: bool,
) -> Result<u32, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        // A node pushed by a rule comes from the line of its forward node.
        let line = cold.line.unwrap_or_else(|| scope::line_of_user(caller));
        let layer = scope::layer_path();
        // `Iterator::sum` does not pass on the line of its caller, as is said where the lines of scalars are read.
        let line = if is_of_iterator(line) { cold.stores[k].line_of_last(&parents).unwrap_or(line) } else { line };
        F::hot(|hot| {
            if hot.key() == key {
                cold.park(hot);
            }
        });
        let id = cold.take_ids(k, 1, &[], line, &ScalarOp::Wide)?;
        cold.stores[k].wide.push(Wide { id, origin, parents, value, line, layer, active, retained: false });
        Ok(id)
    })?
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::super::store::{GRADIENT_ONLY, Lane, Store, close, open, with_store};
    use super::*;

    /// A tape that has no ids left says so, and stays as it was.
    #[test]
    fn a_full_tape_is_a_named_error() {
        let key = open::<f32>(GRADIENT_ONLY).unwrap();
        let line = Location::caller();
        let full = |ids: u32| {
            with_store(key, |store: &mut Store<f32>| store.len = ids).unwrap();
            F32::hot(|hot| hot.enter(key, ids));
            push_leaves(key, &[1.0_f32; 3], line)
        };
        assert_eq!(full(10).unwrap(), 10);
        let error = full(slopes::IDS - 5).unwrap_err();
        assert!(matches!(error, Error::TapeFull(n) if n == slopes::IDS - 5), "{error}");
        close::<f32>(key);
    }

    type F32 = f32;
}
