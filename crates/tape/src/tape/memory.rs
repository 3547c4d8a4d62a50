//! The memory of all tapes of a thread: two thread-locals for each float type.
//!
//! The *hot* thread-local describes the tape in use and is written at every recorded scalar: constant-initialised and
//! without a destructor, it is a plain offset from the thread pointer. The *cold* one owns all memory. Its destructor
//! clears the hot one first, so that a handle used while the thread ends finds no tape and not freed memory.

use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::ptr;

use super::keys::{Keys, missing};
use super::store::{CHUNK, CONSTANT, Extra, GRADIENT_ONLY, KEPT, NO_KEY, Node, PIECE, Piece, ScalarOp, Store, place};
use crate::error::{Error, Line};
use crate::kernels::slopes;
use crate::tensor::float::Float;

/// The tape in use.
#[doc(hidden)]
pub struct Hot<F> {
    /// The place of the number that it records next, as that of a full tape and as that of a gradient-only tape: one of
    /// them has `NO_KEY`.
    pub(super) full: Cell<u64>,
    pub(super) slopes: Cell<u64>,
    /// Of a full tape: the id at which the current chunk ends.
    pub(super) end: Cell<u32>,
    /// Of a full tape: where node 0 would be if all chunks lay before the current one.
    pub(super) nodes: Cell<*mut Node<F>>,
    pub(super) extras: Cell<*mut Extra<F>>,
    /// Of a gradient-only tape: where the next record is written, and the last place at which one fits.
    pub(super) next: Cell<*mut u32>,
    pub(super) last: Cell<*mut u32>,
}

impl<F> Hot<F> {
    const fn new() -> Self {
        Hot {
            full: Cell::new(place(NO_KEY, 0)),
            slopes: Cell::new(place(NO_KEY, 0)),
            end: Cell::new(0),
            nodes: Cell::new(ptr::null_mut()),
            extras: Cell::new(ptr::null_mut()),
            next: Cell::new(ptr::null_mut()),
            last: Cell::new(ptr::null_mut()),
        }
    }

    /// Whether tape `key`, which is in use, has room for a node or record.
    fn is_ready(&self, key: u32) -> bool {
        match key & GRADIENT_ONLY {
            0 => self.len() < self.end.get(),
            _ => self.next.get() <= self.last.get(),
        }
    }

    fn next_place(&self) -> u64 {
        let next = if self.full.get() == place(NO_KEY, 0) { &self.slopes } else { &self.full };
        next.get()
    }

    /// The key of the tape in use.
    pub(super) fn key(&self) -> u32 {
        (self.next_place() >> 32) as u32
    }

    /// One past its last id.
    pub(super) fn len(&self) -> u32 {
        self.next_place() as u32
    }

    pub(super) fn enter(&self, key: u32, len: u32) {
        match key & GRADIENT_ONLY {
            0 => self.full.set(place(key, len)),
            _ => self.slopes.set(place(key, len)),
        }
    }

    /// No tape is in use, so that the next record of any looks for its own.
    fn leave(&self) {
        self.full.set(place(NO_KEY, 0));
        self.slopes.set(place(NO_KEY, 0));
    }
}

/// The owner of all tapes of a thread and float type.
#[doc(hidden)]
pub struct Cold<F: Float> {
    pub(super) stores: Vec<Store<F>>,
    free_nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    free_extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    free_pieces: Vec<Box<[u32]>>,
    /// All zero between sweeps.
    adjoints: Vec<F>,
    keys: Keys,
    pub(super) line: Option<Line>,
}

impl<F: Float> Cold<F> {
    const fn new() -> Self {
        Cold {
            stores: Vec::new(),
            free_nodes: Vec::new(),
            free_extras: Vec::new(),
            free_pieces: Vec::new(),
            adjoints: Vec::new(),
            keys: Keys::none(),
            line: None,
        }
    }

    pub(super) fn position(&self, key: u32) -> Option<usize> {
        self.stores.iter().rposition(|s| s.key == key)
    }

    pub(super) fn new_key(&mut self, kind: u32) -> Result<u32, Error> {
        self.keys.take().map(|k| k << 1 | kind)
    }

    /// Takes back the key of a tape that is gone.
    pub(super) fn give_key(&mut self, key: u32) {
        self.keys.give((key & !GRADIENT_ONLY) >> 1);
    }

    /// Writes into the store of the tape in use what the hot thread-local knows better.
    fn sync(&mut self, hot: &Hot<F>) {
        if let Some(k) = self.position(hot.key()) {
            let store = &mut self.stores[k];
            store.len = hot.len();
            if let Some(piece) = store.pieces.last_mut() {
                piece.used = (hot.next.get() as usize - piece.words.as_ptr() as usize) / size_of::<u32>();
            }
        }
    }

    /// Takes the state of the tape in use back into its store.
    pub(super) fn park(&mut self, hot: &Hot<F>) {
        self.sync(hot);
        hot.leave();
    }

    /// Makes the tape at `k` the one in use.
    pub(super) fn enter(&mut self, k: usize, hot: &Hot<F>) {
        let store = &mut self.stores[k];
        match store.pieces.last_mut() {
            Some(piece) => {
                let start = piece.words.as_mut_ptr();
                hot.next.set(start.wrapping_add(piece.used));
                hot.last.set(start.wrapping_add(PIECE - slopes::LONGEST));
            }
            None => {
                // The chunk in which the next node lies. If all are full, the last: there is no room in it.
                let chunk = (store.len as usize / CHUNK).min(store.nodes.len() - 1);
                let start = chunk * CHUNK;
                let (nodes, extras) = (&mut store.nodes[chunk], &mut store.extras[chunk]);
                hot.nodes.set(nodes.as_mut_ptr().cast::<Node<F>>().wrapping_sub(start));
                hot.extras.set(extras.as_mut_ptr().cast::<Extra<F>>().wrapping_sub(start));
                hot.end.set(((start + CHUNK) as u32).min(store.limit).max(store.len));
            }
        }
        hot.enter(store.key, store.len);
    }

    /// Adds a chunk or a piece to the tape at `k`, which is not in use.
    fn grow(&mut self, k: usize) -> Result<(), Error> {
        let store = &mut self.stores[k];
        if store.key & GRADIENT_ONLY != 0 {
            // A record is a word at least.
            if store.len as usize + PIECE > store.limit as usize {
                return Err(Error::TapeFull(store.len));
            }
            let words = self.free_pieces.pop().unwrap_or_else(|| vec![slopes::BEGIN; PIECE].into());
            store.pieces.push(Piece { words, used: 1, first: store.len });
            return Ok(());
        }
        if store.len >= store.limit || (store.nodes.len() + 1) * CHUNK > CONSTANT as usize {
            return Err(Error::TapeFull(store.len));
        }
        store.nodes.push(self.free_nodes.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK)));
        store.extras.push(self.free_extras.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK)));
        Ok(())
    }

    /// Takes `count` ids of the tape at `k`, which is not in use, for leaves or tensors. Those of a gradient-only tape
    /// are a gap in the records; those of a full tape get a value (0 without one), a line and an operation, and no node.
    pub(super) fn take_ids(
        &mut self,
        k: usize,
        count: u32,
        values: &[F],
        line: Line,
        op: &'static ScalarOp,
    ) -> Result<u32, Error> {
        let first = self.stores[k].len;
        if self.stores[k].key & GRADIENT_ONLY != 0 {
            let fits = self.stores[k].pieces.last().is_some_and(|p| p.used + slopes::LONGEST <= PIECE);
            if u64::from(first) + u64::from(count) + PIECE as u64 > u64::from(self.stores[k].limit) {
                return Err(Error::TapeFull(first));
            }
            if !fits {
                self.grow(k)?;
            }
            let store = &mut self.stores[k];
            store.len += count;
            if let Some(piece) = store.pieces.last_mut().filter(|_| count > 0) {
                piece.words[piece.used] = slopes::gap(count);
                piece.used += 1;
            }
            return Ok(first);
        }
        // All of them or none: nothing is begun that does not fit.
        if u64::from(first) + u64::from(count) > u64::from(self.stores[k].limit) {
            return Err(Error::TapeFull(first));
        }
        let mut done = 0;
        while done < count {
            let id = (first + done) as usize;
            if id / CHUNK == self.stores[k].nodes.len() {
                self.grow(k)?;
            }
            let places = &mut self.stores[k].extras[id / CHUNK][id % CHUNK..];
            // Tensors come one at a time, and without a value.
            let values = if values.is_empty() { &[F::zero()][..] } else { &values[done as usize..] };
            for (place, value) in places.iter_mut().zip(values) {
                place.write(Extra { value: *value, line, op });
            }
            done = count.min(done + (CHUNK - id % CHUNK) as u32);
        }
        self.stores[k].len += count;
        Ok(first)
    }

    /// Takes back the memory of a tape.
    pub(super) fn give(
        &mut self,
        mut nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
        mut extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
        pieces: Vec<Piece>,
    ) {
        nodes.truncate(KEPT.saturating_sub(self.free_nodes.len()));
        extras.truncate(KEPT.saturating_sub(self.free_extras.len()));
        // The oldest chunk is handed out first again.
        nodes.reverse();
        extras.reverse();
        self.free_nodes.append(&mut nodes);
        self.free_extras.append(&mut extras);
        let room = KEPT.saturating_sub(self.free_pieces.len());
        self.free_pieces.extend(pieces.into_iter().take(room).rev().map(|p| p.words));
    }
}

impl<F: Float> Drop for Cold<F> {
    fn drop(&mut self) {
        F::hot(Hot::leave);
        for k in 0..self.stores.len() {
            self.give_key(self.stores[k].key);
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The thread-locals of a float type.
#[doc(hidden)]
pub trait Lane: sealed::Sealed + Sized {
    fn hot<R>(f: impl FnOnce(&Hot<Self>) -> R) -> R;
    fn cold<R>(f: impl FnOnce(&RefCell<Cold<Self>>) -> R) -> Result<R, Error>
    where
        Self: Float;
    /// Makes `key` the tape in use, with room for a node or record. (A method here is compiled once, with this crate.)
    fn make_ready(key: u32) -> Result<(), Error>;
    /// Runs `f`, which must not call the code of an operation, on the store of a tape.
    fn on_store(key: u32, f: &mut dyn FnMut(&mut Store<Self>)) -> Result<(), Error>
    where
        Self: Float;
}

macro_rules! lanes {
    ($($(#[$where_compiled:meta])* $f:ident)*) => { $(const _: () = {
        thread_local! {
            static HOT: Hot<$f> = const { Hot::new() };
            static COLD: RefCell<Cold<$f>> = const { RefCell::new(Cold::new()) };
        }
        impl Lane for $f {
            #[inline(always)]
            fn hot<R>(f: impl FnOnce(&Hot<Self>) -> R) -> R {
                HOT.with(f)
            }
            fn cold<R>(f: impl FnOnce(&RefCell<Cold<Self>>) -> R) -> Result<R, Error> {
                COLD.try_with(f).map_err(|_| Error::ThreadEnding)
            }
            $(#[$where_compiled])*
            fn on_store(key: u32, f: &mut dyn FnMut(&mut Store<Self>)) -> Result<(), Error> {
                on_store(key, f)
            }
            $(#[$where_compiled])*
            #[cold]
            fn make_ready(key: u32) -> Result<(), Error> {
                make_ready::<$f>(key)
            }
        }
    };)* };
}
lanes! { #[inline] f32 f64 }

/// Runs `f`, which must not call the code of an operation, on the store of a tape.
#[inline]
pub(crate) fn with_store<F: Float, R>(key: u32, f: impl FnOnce(&mut Store<F>) -> R) -> Result<R, Error> {
    let (mut f, mut result) = (Some(f), None);
    F::on_store(key, &mut |store| result = f.take().map(|f| f(store)))?;
    result.ok_or(Error::StaleHandle)
}

/// [`with_store`], compiled once for each float type.
fn on_store<F: Float>(key: u32, f: &mut dyn FnMut(&mut Store<F>)) -> Result<(), Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            if hot.key() == key {
                cold.sync(hot);
            }
        });
        f(&mut cold.stores[k]);
        Ok(())
    })?
}

fn make_ready<F: Float>(key: u32) -> Result<(), Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            if hot.key() != key {
                cold.park(hot);
                cold.enter(k, hot);
            }
            if hot.is_ready(key) {
                return Ok(());
            }
            cold.park(hot);
            let grown = cold.grow(k);
            cold.enter(k, hot);
            grown
        })
    })?
}

/// While it lives, nodes are recorded with `line` as their source.
pub(crate) struct Inherit<F: Float>(Option<Line>, std::marker::PhantomData<F>);

impl<F: Float> Inherit<F> {
    pub(crate) fn line(line: Line) -> Self {
        let before = F::cold(|cold| cold.borrow_mut().line.replace(line)).unwrap_or(None);
        Inherit(before, std::marker::PhantomData)
    }
}

impl<F: Float> Drop for Inherit<F> {
    fn drop(&mut self) {
        // While the thread ends there is nothing to put back.
        let _ = F::cold(|cold| cold.borrow_mut().line = self.0);
    }
}

/// The thread's vector of adjoints, all zero, at least `len` long.
pub(crate) fn take_adjoints<F: Float>(len: usize) -> Result<Vec<F>, Error> {
    let mut adjoints = F::cold(|cold| std::mem::take(&mut cold.borrow_mut().adjoints))?;
    if adjoints.len() < len {
        adjoints.resize(len, F::zero());
    }
    Ok(adjoints)
}

/// Gives the vector back; it must be all zero.
pub(crate) fn give_adjoints<F: Float>(adjoints: Vec<F>) {
    // Of a long tape it would take longer to look at than the sweep took.
    debug_assert!(adjoints.len() > 1 << 14 || adjoints.iter().all(|a| *a == F::zero()));
    // While the thread ends, the vector is simply dropped.
    let _ = F::cold(|cold| cold.borrow_mut().adjoints = adjoints);
}
