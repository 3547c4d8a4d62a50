//! The memory of tapes: two thread-locals for each float type, chunks that never move, keys that are never reused.
//!
//! The *hot* thread-local describes the tape in use and is written at every recorded scalar: constant-initialised and
//! without a destructor, it is a plain offset from the thread pointer. The *cold* one owns all memory. Its destructor
//! clears the hot one first, so that a handle used while the thread ends finds key 0 and not freed memory.
//!
//! Nothing here calls the code of an operation, and no reference into a tape leaves this module.

#![allow(unsafe_code)] // recorded nodes are written and read through pointers into chunks

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use smallvec::SmallVec;

use crate::error::Error;
use crate::float::Float;
use crate::non_finite::OnNonFinite;
use crate::op::Value;
use crate::ops::AnyOp;
use crate::param::ParamId;
use crate::tensor::Tensor;

/// A place in the source.
pub(crate) type Line = &'static Location<'static>;

/// In a key: the tape keeps slopes and no operations.
pub(crate) const GRADIENT_ONLY: u32 = 1 << 31;
/// In an id: an entry of the table of constants, not a node.
pub(crate) const CONSTANT: u32 = 1 << 31;
/// In a scalar's id on a gradient-only tape: the value is folded into a later slope and has no node.
pub(crate) const FOLDED: u32 = 1 << 31;

/// Nodes in a chunk.
const CHUNK: usize = 1 << 13;
/// Chunks that a thread keeps free: 128 million nodes' worth would be 3 GB, so a quarter of that.
const KEPT_CHUNKS: usize = 4096;
/// Keys are handed to threads in blocks of this size.
const KEY_BLOCK: u32 = 1024;

/// A scalar node: value = f(parents), with the derivative by each. Parent 0 is the sink of what has no parent there;
/// the slope beside it is free, and on a full tape keeps the operand or attribute that is a plain number.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Node<F> {
    pub(crate) parents: [u32; 2],
    pub(crate) slopes: [F; 2],
}

/// What a full tape knows of a scalar node beyond its slopes.
#[derive(Clone, Copy)]
pub(crate) struct Extra<F> {
    pub(crate) value: F,
    pub(crate) line: Line,
    pub(crate) op: &'static ScalarOp,
}

/// What an entry of the scalar lane is.
pub(crate) enum ScalarOp {
    /// A differentiable number.
    Leaf,
    /// The place of a tensor node.
    Wide,
    /// A pointwise operation of one or two arguments, made from its attribute.
    Pointwise { make: fn(f64) -> AnyOp, arity: usize },
}

/// A tensor node.
pub(crate) struct Wide<F: Float> {
    pub(crate) id: u32,
    pub(crate) what: What,
    pub(crate) parents: SmallVec<[u32; 3]>,
    pub(crate) value: Value<F>,
    pub(crate) line: Line,
    /// Whether it depends on a `var`.
    pub(crate) active: bool,
    pub(crate) retained: bool,
}

/// What made a tensor node.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Var,
    Input,
    Op(AnyOp),
    /// A number of a gradient-only tape, as a tensor of rank 0: the derivative by its parent.
    Slope(f64),
}

/// The memory of one tape.
pub(crate) struct Store<F: Float> {
    key: u32,
    len: u32,
    nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    pub(crate) wide: Vec<Wide<F>>,
    pub(crate) constants: Vec<Value<F>>,
    pub(crate) params: HashMap<ParamId, u32>,
    /// The scalar leaves, as ranges of ids in ascending order.
    pub(crate) leaves: Vec<Range<u32>>,
    /// Scalar nodes whose gradient is kept, in ascending order.
    pub(crate) retained: Vec<u32>,
    /// What to do about numbers that are not finite.
    pub(crate) on_non_finite: OnNonFinite,
    /// What sees the gradients of nodes.
    pub(crate) hooks: BTreeMap<u32, Vec<Hook<F>>>,
}

/// What sees the gradient of a node.
pub(crate) type Hook<F> = Rc<dyn Fn(&Tensor<F>)>;

impl<F: Float> Store<F> {
    /// One past the last id.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// The chunks of nodes, oldest first; the last may be partly filled.
    pub(crate) fn node(&self, id: u32) -> Node<F> {
        assert!(id < self.len, "node {id} of {}", self.len);
        // SAFETY: ids below `len` were written by `push` before `len` passed them.
        unsafe { self.nodes[id as usize / CHUNK][id as usize % CHUNK].assume_init() }
    }

    /// What is known of scalar node `id` beyond its slopes; `None` on a gradient-only tape.
    pub(crate) fn extra(&self, id: u32) -> Option<Extra<F>> {
        assert!(id < self.len, "node {id} of {}", self.len);
        let chunk = self.extras.get(id as usize / CHUNK)?;
        // SAFETY: as in `node`; a full tape writes the two together.
        Some(unsafe { chunk[id as usize % CHUNK].assume_init() })
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

    /// Propagates adjoints through the scalar nodes `first..end`, newest first. Each is read once, left at zero, and
    /// skipped if it was zero.
    ///
    /// `adjoints` has an entry for every id below `end`.
    pub(crate) fn sweep_scalars(&self, first: u32, end: u32, adjoints: &mut [F]) {
        assert!(first >= 1 && end <= self.len && end as usize <= adjoints.len());
        let mut end = end as usize;
        let first = first as usize;
        while end > first {
            let chunk = (end - 1) / CHUNK;
            let start = (chunk * CHUNK).max(first);
            let nodes = &self.nodes[chunk][start % CHUNK..][..end - start];
            for (k, node) in nodes.iter().enumerate().rev() {
                let id = start + k;
                // SAFETY: `id < end <= self.len`, so the node was written; `id < adjoints.len()` was asserted; a
                // node's parents are older than the node, so they are below `id`.
                unsafe {
                    let adjoint = *adjoints.get_unchecked(id);
                    if adjoint != F::zero() {
                        *adjoints.get_unchecked_mut(id) = F::zero();
                        let node = node.assume_init_ref();
                        *adjoints.get_unchecked_mut(node.parents[0] as usize) += adjoint * node.slopes[0];
                        *adjoints.get_unchecked_mut(node.parents[1] as usize) += adjoint * node.slopes[1];
                    }
                }
            }
            end = start;
        }
    }

    /// Marks the parents of the scalar nodes `first..end` that are marked.
    pub(crate) fn mark_scalars(&self, first: u32, end: u32, reached: &mut [bool]) {
        for id in (first..end).rev() {
            if reached[id as usize] {
                self.node(id).parents.iter().for_each(|p| reached[*p as usize] = true);
            }
        }
    }

    /// Bytes held for nodes, without values of tensors.
    pub(crate) fn bytes(&self) -> usize {
        self.nodes.len() * CHUNK * size_of::<Node<F>>()
            + self.extras.len() * CHUNK * size_of::<Extra<F>>()
            + self.wide.capacity() * size_of::<Wide<F>>()
            + self.constants.capacity() * size_of::<Value<F>>()
    }
}

/// The tape in use.
#[doc(hidden)]
pub struct Hot<F> {
    key: Cell<u32>,
    len: Cell<u32>,
    /// The id at which the current chunk ends.
    end: Cell<u32>,
    /// Where node 0 would be if all chunks lay before the current one.
    nodes: Cell<*mut Node<F>>,
    extras: Cell<*mut Extra<F>>,
}

impl<F> Hot<F> {
    const fn new() -> Self {
        Hot {
            key: Cell::new(0),
            len: Cell::new(0),
            end: Cell::new(0),
            nodes: Cell::new(std::ptr::null_mut()),
            extras: Cell::new(std::ptr::null_mut()),
        }
    }

    fn leave(&self) {
        self.key.set(0);
        self.len.set(0);
        self.end.set(0);
    }
}

/// The owner of all tapes of a thread and float type.
#[doc(hidden)]
pub struct Cold<F: Float> {
    stores: Vec<Store<F>>,
    free_nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    free_extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    /// All zero between sweeps.
    adjoints: Vec<F>,
    keys: Range<u32>,
    line: Option<Line>,
}

impl<F: Float> Cold<F> {
    const fn new() -> Self {
        Cold {
            stores: Vec::new(),
            free_nodes: Vec::new(),
            free_extras: Vec::new(),
            adjoints: Vec::new(),
            keys: 0..0,
            line: None,
        }
    }

    fn position(&self, key: u32) -> Option<usize> {
        self.stores.iter().rposition(|s| s.key == key)
    }

    fn new_key(&mut self, kind: u32) -> Result<u32, Error> {
        if self.keys.is_empty() {
            self.keys = new_block()?;
        }
        self.keys.next().map(|k| k | kind).ok_or(Error::KeysExhausted)
    }

    /// Takes the state of the tape in use back into its store.
    fn park(&mut self, hot: &Hot<F>) {
        if let Some(k) = self.position(hot.key.get()) {
            self.stores[k].len = hot.len.get();
        }
        hot.leave();
    }

    /// Makes the tape at `k` the one in use.
    fn enter(&mut self, k: usize, hot: &Hot<F>) {
        let store = &mut self.stores[k];
        let chunk = (store.len as usize).saturating_sub(1) / CHUNK;
        let start = chunk * CHUNK;
        hot.nodes.set(store.nodes[chunk].as_mut_ptr().cast::<Node<F>>().wrapping_sub(start));
        if let Some(extras) = store.extras.get_mut(chunk) {
            hot.extras.set(extras.as_mut_ptr().cast::<Extra<F>>().wrapping_sub(start));
        }
        hot.end.set((start + CHUNK) as u32);
        hot.len.set(store.len);
        hot.key.set(store.key);
    }

    /// Adds a chunk to the tape at `k`.
    fn grow(&mut self, k: usize) {
        let nodes = self.free_nodes.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK));
        self.stores[k].nodes.push(nodes);
        if self.stores[k].key & GRADIENT_ONLY == 0 {
            let extras = self.free_extras.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK));
            self.stores[k].extras.push(extras);
        }
    }

    fn give_chunks(
        &mut self,
        mut nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
        mut extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    ) {
        nodes.truncate(KEPT_CHUNKS.saturating_sub(self.free_nodes.len()));
        extras.truncate(KEPT_CHUNKS.saturating_sub(self.free_extras.len()));
        self.free_nodes.append(&mut nodes);
        self.free_extras.append(&mut extras);
    }
}

impl<F: Float> Drop for Cold<F> {
    fn drop(&mut self) {
        F::hot(Hot::leave);
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
}

macro_rules! lanes {
    ($($f:ident)*) => { $(const _: () = {
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
        }
    };)* };
}
lanes! { f32 f64 }

/// Which thread owns each block of keys, for the message of a handle that is used on another.
static OWNERS: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

fn new_block() -> Result<Range<u32>, Error> {
    let mut owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    let block = owners.len() as u32;
    if block >= (GRADIENT_ONLY / KEY_BLOCK) - 1 {
        return Err(Error::KeysExhausted);
    }
    owners.push(thread::current().id());
    // Key 0 is a constant without a tape.
    let first = block * KEY_BLOCK;
    Ok(first.max(1)..first + KEY_BLOCK)
}

/// Why `key` has no tape here.
#[cold]
fn missing(key: u32) -> Error {
    let owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    match owners.get(((key & !GRADIENT_ONLY) / KEY_BLOCK) as usize) {
        Some(owner) if *owner != thread::current().id() => Error::ForeignThread,
        _ => Error::StaleHandle,
    }
}

/// Opens a tape and returns its key.
pub(crate) fn open<F: Float>(kind: u32) -> Result<u32, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let key = cold.new_key(kind)?;
        F::hot(|hot| cold.park(hot));
        cold.stores.push(Store {
            key,
            len: 1,
            nodes: Vec::new(),
            extras: Vec::new(),
            wide: Vec::new(),
            constants: Vec::new(),
            params: HashMap::new(),
            leaves: Vec::new(),
            retained: Vec::new(),
            on_non_finite: OnNonFinite::Off,
            hooks: BTreeMap::new(),
        });
        let k = cold.stores.len() - 1;
        cold.grow(k);
        write_sink(&mut cold.stores[k]);
        F::hot(|hot| cold.enter(k, hot));
        Ok(key)
    })?
}

/// Node 0: what has no parent points here.
fn write_sink<F: Float>(store: &mut Store<F>) {
    store.nodes[0][0].write(Node { parents: [0; 2], slopes: [F::zero(); 2] });
    if let Some(extras) = store.extras.first_mut() {
        extras[0].write(Extra { value: F::zero(), line: Location::caller(), op: &ScalarOp::Leaf });
    }
}

/// Closes a tape; its memory goes to the thread's pool.
pub(crate) fn close<F: Float>(key: u32) {
    let closed = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        F::hot(|hot| {
            if hot.key.get() == key {
                hot.leave();
            }
        });
        let k = cold.position(key)?;
        let mut store = cold.stores.remove(k);
        cold.give_chunks(std::mem::take(&mut store.nodes), std::mem::take(&mut store.extras));
        Some(store)
    });
    // Dropped here, outside the borrow: a user's operation may have a destructor that records.
    drop(closed);
}

/// Empties a tape and gives it a new key; its first chunk stays, the others go to the pool.
pub(crate) fn clear<F: Float>(key: u32) -> Result<u32, Error> {
    let (new, dropped, hooks) = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        let new = cold.new_key(key & GRADIENT_ONLY)?;
        F::hot(|hot| cold.park(hot));
        let store = &mut cold.stores[k];
        store.key = new;
        store.len = 1;
        store.params.clear();
        store.leaves.clear();
        store.retained.clear();
        let hooks = std::mem::take(&mut store.hooks);
        let dropped = (std::mem::take(&mut store.wide), std::mem::take(&mut store.constants));
        let nodes = store.nodes.split_off(1);
        let extras = store.extras.split_off(store.extras.len().min(1));
        cold.give_chunks(nodes, extras);
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

/// Runs `f`, which must not call the code of an operation, on the store of a tape.
pub(crate) fn with_store<F: Float, R>(key: u32, f: impl FnOnce(&mut Store<F>) -> R) -> Result<R, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            if hot.key.get() == key {
                cold.stores[k].len = hot.len.get();
            }
        });
        Ok(f(&mut cold.stores[k]))
    })?
}

/// Makes `key` the tape in use.
#[cold]
#[inline(never)]
#[track_caller]
fn switch<F: Float>(key: u32) {
    let done = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            cold.park(hot);
            cold.enter(k, hot);
        });
        Ok::<_, Error>(())
    });
    if let Err(e) = done.and_then(|r| r) {
        e.raise()
    }
}

/// Adds a chunk to the tape in use.
#[cold]
#[inline(never)]
#[track_caller]
fn grow<F: Float>(key: u32) {
    let done = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        let len = F::hot(|hot| hot.len.get());
        if len as usize + CHUNK > CONSTANT as usize {
            return Err(Error::TapeFull(len));
        }
        cold.grow(k);
        F::hot(|hot| {
            cold.park(hot);
            // Enter the new chunk: `enter` looks at the last written node, which lies in the one before.
            cold.stores[k].len = len + 1;
            cold.enter(k, hot);
            hot.len.set(len);
        });
        cold.stores[k].len = len;
        Ok(())
    });
    if let Err(e) = done.and_then(|r| r) {
        e.raise()
    }
}

/// Records a scalar node and returns its id.
#[inline(always)]
#[track_caller]
pub(crate) fn push<F: Float>(key: u32, node: Node<F>, extra: Extra<F>) -> u32 {
    F::hot(|hot| {
        if hot.key.get() != key {
            switch::<F>(key);
        }
        let id = hot.len.get();
        if id == hot.end.get() {
            grow::<F>(key);
        }
        // SAFETY: the hot pointers describe the chunk of tape `key` in which `id` lies (`id < end`). The chunk is
        // owned by the cold thread-local, which clears the hot one before it frees or moves any.
        unsafe {
            hot.nodes.get().wrapping_add(id as usize).write(node);
            if key & GRADIENT_ONLY == 0 {
                hot.extras.get().wrapping_add(id as usize).write(extra);
            }
        }
        hot.len.set(id + 1);
        id
    })
}

/// Records a tensor node and returns its id.
pub(crate) fn push_wide<F: Float>(
    key: u32,
    what: What,
    parents: SmallVec<[u32; 3]>,
    value: Value<F>,
    caller: Line,
    active: bool,
) -> Result<u32, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        // A node pushed by a rule comes from the line of its forward node.
        let line = cold.line.unwrap_or(caller);
        F::hot(|hot| {
            if hot.key.get() == key {
                cold.park(hot);
            }
            let id = cold.stores[k].len;
            if (id as usize).is_multiple_of(CHUNK) {
                if id as usize + CHUNK > CONSTANT as usize {
                    return Err(Error::TapeFull(id));
                }
                cold.grow(k);
            }
            let store = &mut cold.stores[k];
            let (chunk, at) = (id as usize / CHUNK, id as usize % CHUNK);
            store.nodes[chunk][at].write(Node { parents: [0; 2], slopes: [F::zero(); 2] });
            if let Some(extras) = store.extras.get_mut(chunk) {
                extras[at].write(Extra { value: F::zero(), line, op: &ScalarOp::Wide });
            }
            store.len = id + 1;
            store.wide.push(Wide { id, what, parents, value, line, active, retained: false });
            Ok(id)
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
    debug_assert!(adjoints.iter().all(|a| *a == F::zero()));
    // While the thread ends, the vector is simply dropped.
    let _ = F::cold(|cold| cold.borrow_mut().adjoints = adjoints);
}
