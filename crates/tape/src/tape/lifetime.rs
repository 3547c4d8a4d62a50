//! How a tape begins, is emptied, and ends.

use std::collections::HashMap;
use std::panic::Location;

use super::OnNonFinite;
use super::keys::missing;
use super::memory::{Cold, with_store};
use super::store::{CONSTANT, GRADIENT_ONLY, PIECE, ScalarOp, Store};
use crate::error::Error;
use crate::kernels::slopes;
use crate::tape::node_map::NodeMap;
use crate::tensor::float::Float;

/// Opens a tape and returns its key.
#[inline]
pub(crate) fn open<F: Float>(kind: u32) -> Result<u32, Error> {
    F::open(kind)
}

pub(crate) fn open_in<F: Float>(kind: u32) -> Result<u32, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let key = cold.new_key(kind)?;
        F::hot(|hot| cold.park(hot));
        cold.stores.push(Store {
            key,
            len: 0,
            limit: most_ids(key),
            nodes: Vec::new(),
            extras: Vec::new(),
            pieces: Vec::new(),
            wide: Vec::new(),
            constants: Vec::new(),
            params: HashMap::new(),
            param_of: HashMap::new(),
            leaves: Vec::new(),
            retained: Vec::new(),
            on_non_finite: OnNonFinite::Off,
            hooks: NodeMap::default(),
            taken: 0,
            search_from: 0,
            looked: 0,
        });
        let k = cold.stores.len() - 1;
        take_sink(&mut cold, k)?;
        F::hot(|hot| cold.enter(k, hot));
        Ok(key)
    })?
}

/// How many ids a tape with this key can have.
fn most_ids(key: u32) -> u32 {
    match key & GRADIENT_ONLY {
        0 => CONSTANT,
        _ => slopes::IDS,
    }
}

/// Sets the most nodes that a tape may hold.
pub(crate) fn set_limit<F: Float>(key: u32, nodes: usize) -> Result<(), Error> {
    // Id 0 is no node. Of records it is known before a piece is begun that it will fit, so that a limit is one of pieces.
    let least = if key & GRADIENT_ONLY == 0 { 1 } else { 2 * PIECE };
    let ids = u32::try_from(nodes.max(least)).unwrap_or(u32::MAX).saturating_add(1).min(most_ids(key));
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| cold.park(hot));
        cold.stores[k].limit = ids;
        F::hot(|hot| cold.enter(k, hot));
        Ok(())
    })?
}

/// Node 0: what has no parent points here.
fn take_sink<F: Float>(cold: &mut Cold<F>, k: usize) -> Result<(), Error> {
    let line = Location::caller();
    cold.take_ids(k, 1, &[], line, &ScalarOp::Leaf)?;
    Ok(())
}

/// Closes a tape; its memory goes to the thread's pool.
#[inline]
pub(crate) fn close<F: Float>(key: u32) {
    F::close(key)
}

pub(crate) fn close_in<F: Float>(key: u32) {
    let closed = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        F::hot(|hot| {
            if hot.key() == key {
                cold.park(hot);
            }
        });
        let k = cold.position(key)?;
        let mut store = cold.stores.remove(k);
        cold.give_key(key);
        let (nodes, extras) = (std::mem::take(&mut store.nodes), std::mem::take(&mut store.extras));
        cold.give(nodes, extras, std::mem::take(&mut store.pieces));
        Some(store)
    });
    // Dropped here, outside the borrow: a user's operation may have a destructor that records.
    drop(closed);
}

/// Empties a tape and gives it a new key; its memory goes to the pool.
#[inline]
pub(crate) fn clear<F: Float>(key: u32) -> Result<u32, Error> {
    F::clear(key)
}

pub(crate) fn clear_in<F: Float>(key: u32) -> Result<u32, Error> {
    let (new, dropped, hooks) = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        let new = cold.new_key(key & GRADIENT_ONLY)?;
        F::hot(|hot| cold.park(hot));
        cold.give_key(key);
        let store = &mut cold.stores[k];
        store.key = new;
        store.len = 0;
        store.params.clear();
        store.param_of.clear();
        store.leaves.clear();
        store.retained.clear();
        let hooks = std::mem::take(&mut store.hooks);
        store.taken = 0;
        store.search_from = 0;
        store.looked = 0;
        let dropped = (std::mem::take(&mut store.wide), std::mem::take(&mut store.constants));
        let (nodes, extras) = (std::mem::take(&mut store.nodes), std::mem::take(&mut store.extras));
        let pieces = std::mem::take(&mut store.pieces);
        cold.give(nodes, extras, pieces);
        take_sink(&mut cold, k)?;
        F::hot(|hot| cold.enter(k, hot));
        Ok::<_, Error>((new, dropped, hooks))
    })??;
    // What a hook holds may have a destructor that records.
    drop(hooks);
    let (mut wide, mut constants) = dropped;
    wide.clear();
    constants.clear();
    // The emptied vectors keep their room, unless a destructor has recorded meanwhile.
    with_store(new, |store: &mut Store<F>| {
        if store.wide.is_empty() && store.constants.is_empty() {
            (store.wide, store.constants) = (wide, constants);
        }
    })?;
    Ok(new)
}
