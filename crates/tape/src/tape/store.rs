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
use std::ptr;
use std::rc::Rc;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use smallvec::SmallVec;

use crate::error::Error;
use crate::float::Float;
use crate::kernels::slopes::{self, Parents, Place};
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
/// Beside the key in a scalar: it depends on its node by a slope, and is no node itself. Keys are even.
pub(crate) const FOLDED: u32 = 1;
/// A key that no tape has and no constant.
const NO_KEY: u32 = GRADIENT_ONLY;

/// Where a number is, in one word: a key, with [`FOLDED`] if it is no node; below, the id of a node.
#[inline(always)]
pub(crate) const fn place(tag: u32, id: u32) -> u64 {
    (tag as u64) << 32 | id as u64
}

/// In the first parent of a node: it is the sum of a run of nodes, from that parent to the second, as far apart as the
/// first slope says.
const RUN: u32 = 1 << 31;

/// Nodes in a chunk of a full tape: 192 KiB.
const CHUNK: usize = 1 << 13;
/// Words in a piece of a gradient-only tape: 24 KiB.
const PIECE: usize = 6 << 10;
/// Chunks of a kind, and pieces, that a thread keeps free: at most 768 MiB of each.
const KEPT: usize = 1 << 15;
/// Tapes that a process can make: a key has a bit below the number for `FOLDED` and one above for `GRADIENT_ONLY`.
const KEYS: u32 = 1 << 30;
/// Keys are handed to threads in blocks of this size.
const KEY_BLOCK: u32 = 1024;

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
struct Piece {
    words: Box<[u32]>,
    /// The words in use; of the tape in use, what the hot thread-local says.
    used: usize,
    /// The id before which the piece begins.
    first: u32,
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
    /// Of a full tape. Leaves and tensors leave their places unwritten.
    nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    /// Of a full tape, for every id.
    extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    /// Of a gradient-only tape.
    pieces: Vec<Piece>,
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
    /// How many numbers left the tape through the traits of numbers.
    pub(crate) taken: usize,
}

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

    /// Where a walk backwards over the scalar nodes begins.
    pub(crate) fn last_place(&self) -> Place {
        let piece = self.pieces.len().saturating_sub(1);
        Place { piece, at: self.pieces.last().map_or(0, |p| p.used), id: self.len }
    }

    /// Propagates adjoints through the scalar nodes `first..end`, newest first. Each is read once, left at zero, and
    /// skipped if it was zero. `place` is where the last walk ended, at `end` or later.
    ///
    /// `adjoints` has an entry for every id below `end`.
    pub(crate) fn sweep_scalars(&self, first: u32, end: u32, place: &mut Place, adjoints: &mut [F]) {
        assert!(first >= 1 && end <= self.len && end as usize <= adjoints.len());
        if self.key & GRADIENT_ONLY == 0 {
            return self.sweep_nodes(first as usize, end as usize, adjoints);
        }
        self.skip(end, place);
        while place.id > first {
            self.enter_piece(place);
            // SAFETY: the words in use of a piece are records written by `try_write` and `take_ids`, a
            // place stands between two records, and parents are older than their node. `place.id <= end`, and
            // `end <= adjoints.len()` was asserted.
            unsafe { slopes::sweep(&self.pieces[place.piece].words, place, first, adjoints) };
        }
    }

    /// Where a piece has no records left, on to the one before.
    fn enter_piece(&self, place: &mut Place) {
        while place.at <= 1 {
            place.piece -= 1;
            place.at = self.pieces[place.piece].used;
        }
    }

    /// Walks to where only ids below `end` are left.
    fn skip(&self, end: u32, place: &mut Place) {
        while place.id > end && self.pieces[place.piece].first >= end {
            place.id = self.pieces[place.piece].first;
            place.at = 1;
            if place.id > end {
                self.enter_piece(place);
            }
        }
        self.walk_back(end, place, |_, _| {});
    }

    /// Walks to where only ids below `first` are left, and shows each number with its parents.
    fn walk_back(&self, first: u32, place: &mut Place, mut show: impl FnMut(u32, Parents)) {
        while place.id > first {
            self.enter_piece(place);
            slopes::walk::<F>(&self.pieces[place.piece].words, place, first, &mut show);
        }
    }

    fn sweep_nodes(&self, first: usize, mut end: usize, adjoints: &mut [F]) {
        let zero = F::zero();
        // What a node has to give to the one made just before it goes along here: through memory the next step would wait
        // for it, and so it would for the sink of all that has no parent.
        let mut carry = zero;
        while end > first {
            let chunk = (end - 1) / CHUNK;
            let start = (chunk * CHUNK).max(first);
            let nodes = &self.nodes[chunk][start % CHUNK..][..end - start];
            for (k, node) in nodes.iter().enumerate().rev() {
                let id = start + k;
                // SAFETY: `id < end <= self.len` is no leaf and no tensor, so the node was written;
                // `id < adjoints.len()` was asserted; parents are older than their node, so they are below `id`.
                unsafe {
                    let place = adjoints.get_unchecked_mut(id);
                    let adjoint = *place + carry;
                    *place = zero;
                    carry = zero;
                    if adjoint != zero {
                        let node = node.assume_init_ref();
                        let [p, q] = node.parents.map(|p| p as usize);
                        if node.parents[0] & RUN == 0 {
                            let (s, t) = (adjoint * node.slopes[0], adjoint * node.slopes[1]);
                            if p + 1 == id {
                                carry = s;
                            } else if p != 0 {
                                *adjoints.get_unchecked_mut(p) += s;
                            }
                            if q + 1 == id {
                                carry += t;
                            } else if q != 0 {
                                *adjoints.get_unchecked_mut(q) += t;
                            }
                        } else if let Parents::Run { first, step, last } = node.depends_on() {
                            slopes::give_to_run(adjoints.as_mut_ptr(), first, step, last, adjoint);
                        }
                    }
                }
            }
            end = start;
        }
        adjoints[first - 1] += carry;
    }

    /// Marks the parents of the scalar nodes `first..end` that are marked.
    pub(crate) fn mark_scalars(&self, first: u32, end: u32, place: &mut Place, reached: &mut [bool]) {
        if self.key & GRADIENT_ONLY != 0 {
            self.skip(end, place);
            return self.walk_back(first, place, |id, parents| {
                if reached[id as usize] {
                    parents.for_each(|p| reached[p as usize] = true);
                }
            });
        }
        for id in (first..end).rev() {
            if reached[id as usize] {
                self.node(id).depends_on().for_each(|p| reached[p as usize] = true);
            }
        }
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

/// The tape in use.
#[doc(hidden)]
pub struct Hot<F> {
    /// The place of its node 0, as that of a full tape and as that of a gradient-only tape: one of them has `NO_KEY`.
    full: Cell<u64>,
    slopes: Cell<u64>,
    len: Cell<u32>,
    /// Of a full tape: the id at which the current chunk ends.
    end: Cell<u32>,
    /// Of a full tape: where node 0 would be if all chunks lay before the current one.
    nodes: Cell<*mut Node<F>>,
    extras: Cell<*mut Extra<F>>,
    /// Of a gradient-only tape: where the next record is written, and the last place at which one fits.
    next: Cell<*mut u32>,
    last: Cell<*mut u32>,
}

impl<F> Hot<F> {
    const fn new() -> Self {
        Hot {
            full: Cell::new(place(NO_KEY, 0)),
            slopes: Cell::new(place(NO_KEY, 0)),
            len: Cell::new(0),
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
            0 => self.len.get() < self.end.get(),
            _ => self.next.get() <= self.last.get(),
        }
    }

    /// The key of the tape in use.
    fn key(&self) -> u32 {
        let root = if self.full.get() == place(NO_KEY, 0) { &self.slopes } else { &self.full };
        (root.get() >> 32) as u32
    }

    fn enter(&self, key: u32) {
        match key & GRADIENT_ONLY {
            0 => self.full.set(place(key, 0)),
            _ => self.slopes.set(place(key, 0)),
        }
    }

    /// No tape is in use, so that the next record of any looks for its own.
    fn leave(&self) {
        self.full.set(place(NO_KEY, 0));
        self.slopes.set(place(NO_KEY, 0));
        self.len.set(0);
    }
}

/// The owner of all tapes of a thread and float type.
#[doc(hidden)]
pub struct Cold<F: Float> {
    stores: Vec<Store<F>>,
    free_nodes: Vec<Box<[MaybeUninit<Node<F>>]>>,
    free_extras: Vec<Box<[MaybeUninit<Extra<F>>]>>,
    free_pieces: Vec<Box<[u32]>>,
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
            free_pieces: Vec::new(),
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
        self.keys.next().map(|k| k << 1 | kind).ok_or(Error::KeysExhausted)
    }

    /// Writes into the store of the tape in use what the hot thread-local knows better.
    fn sync(&mut self, hot: &Hot<F>) {
        if let Some(k) = self.position(hot.key()) {
            let store = &mut self.stores[k];
            store.len = hot.len.get();
            if let Some(piece) = store.pieces.last_mut() {
                piece.used = (hot.next.get() as usize - piece.words.as_ptr() as usize) / size_of::<u32>();
            }
        }
    }

    /// Takes the state of the tape in use back into its store.
    fn park(&mut self, hot: &Hot<F>) {
        self.sync(hot);
        hot.leave();
    }

    /// Makes the tape at `k` the one in use.
    fn enter(&mut self, k: usize, hot: &Hot<F>) {
        let store = &mut self.stores[k];
        match store.pieces.last_mut() {
            Some(piece) => {
                let start = piece.words.as_mut_ptr();
                hot.next.set(start.wrapping_add(piece.used));
                hot.last.set(start.wrapping_add(PIECE - slopes::LONGEST));
            }
            None => {
                // The chunk that was added last, even if nothing is in it yet.
                let start = (store.nodes.len() - 1) * CHUNK;
                let (nodes, extras) = (store.nodes.last_mut(), store.extras.last_mut());
                let (nodes, extras) = (nodes.expect("a chunk of every tape"), extras.expect("a chunk of every tape"));
                hot.nodes.set(nodes.as_mut_ptr().cast::<Node<F>>().wrapping_sub(start));
                hot.extras.set(extras.as_mut_ptr().cast::<Extra<F>>().wrapping_sub(start));
                hot.end.set((start + CHUNK) as u32);
            }
        }
        hot.len.set(store.len);
        hot.enter(store.key);
    }

    /// Adds a chunk or a piece to the tape at `k`, which is not in use.
    fn grow(&mut self, k: usize) -> Result<(), Error> {
        let store = &mut self.stores[k];
        if store.key & GRADIENT_ONLY != 0 {
            // A record is a word at least.
            if store.len as usize + PIECE > slopes::IDS as usize {
                return Err(Error::TapeFull(store.len));
            }
            let words = self.free_pieces.pop().unwrap_or_else(|| vec![slopes::BEGIN; PIECE].into());
            store.pieces.push(Piece { words, used: 1, first: store.len });
            return Ok(());
        }
        if (store.nodes.len() + 1) * CHUNK > CONSTANT as usize {
            return Err(Error::TapeFull(store.len));
        }
        store.nodes.push(self.free_nodes.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK)));
        store.extras.push(self.free_extras.pop().unwrap_or_else(|| Box::new_uninit_slice(CHUNK)));
        Ok(())
    }

    /// Takes `count` ids of the tape at `k`, which is not in use, for leaves or tensors. Those of a gradient-only tape
    /// are a gap in the records; those of a full tape get what `extra` says and no node.
    fn take_ids(&mut self, k: usize, count: u32, extra: impl Fn(u32) -> Extra<F>) -> Result<u32, Error> {
        let first = self.stores[k].len;
        if self.stores[k].key & GRADIENT_ONLY != 0 {
            let fits = self.stores[k].pieces.last().is_some_and(|p| p.used + slopes::LONGEST <= PIECE);
            if u64::from(first) + u64::from(count) + PIECE as u64 > u64::from(slopes::IDS) {
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
        let mut done = 0;
        while done < count {
            let id = (first + done) as usize;
            if id / CHUNK == self.stores[k].nodes.len() {
                self.grow(k)?;
            }
            let places = &mut self.stores[k].extras[id / CHUNK][id % CHUNK..];
            for (place, i) in places.iter_mut().zip(done..count) {
                place.write(extra(i));
            }
            done = count.min(done + (CHUNK - id % CHUNK) as u32);
        }
        self.stores[k].len += count;
        Ok(first)
    }

    /// Takes back the memory of a tape.
    fn give(
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
    #[track_caller]
    fn make_ready(key: u32);
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
            #[cold]
            #[inline(never)]
            #[track_caller]
            fn make_ready(key: u32) {
                make_ready::<$f>(key);
            }
        }
    };)* };
}
lanes! { f32 f64 }

/// Which thread owns each block of keys, for the message of a handle that is used on another.
static OWNERS: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

fn new_block() -> Result<Range<u32>, Error> {
    let mut owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    block_of(thread::current().id(), &mut owners)
}

/// The next block of keys, for a thread.
fn block_of(thread: ThreadId, owners: &mut Vec<ThreadId>) -> Result<Range<u32>, Error> {
    let block = owners.len() as u32;
    if block >= KEYS / KEY_BLOCK {
        return Err(Error::KeysExhausted);
    }
    owners.push(thread);
    // Key 0 is a constant without a tape.
    let first = block * KEY_BLOCK;
    Ok(first.max(1)..first + KEY_BLOCK)
}

/// Why `key` has no tape here.
#[cold]
fn missing(key: u32) -> Error {
    let owners = OWNERS.lock().unwrap_or_else(|e| e.into_inner());
    match owners.get(((key & !GRADIENT_ONLY) >> 1) as usize / KEY_BLOCK as usize) {
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
            len: 0,
            nodes: Vec::new(),
            extras: Vec::new(),
            pieces: Vec::new(),
            wide: Vec::new(),
            constants: Vec::new(),
            params: HashMap::new(),
            leaves: Vec::new(),
            retained: Vec::new(),
            on_non_finite: OnNonFinite::Off,
            hooks: BTreeMap::new(),
            taken: 0,
        });
        let k = cold.stores.len() - 1;
        take_sink(&mut cold, k)?;
        F::hot(|hot| cold.enter(k, hot));
        Ok(key)
    })?
}

/// Node 0: what has no parent points here.
fn take_sink<F: Float>(cold: &mut Cold<F>, k: usize) -> Result<(), Error> {
    let line = Location::caller();
    cold.take_ids(k, 1, |_| Extra { value: F::zero(), line, op: &ScalarOp::Leaf })?;
    Ok(())
}

/// Closes a tape; its memory goes to the thread's pool.
pub(crate) fn close<F: Float>(key: u32) {
    let closed = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        F::hot(|hot| {
            if hot.key() == key {
                cold.park(hot);
            }
        });
        let k = cold.position(key)?;
        let mut store = cold.stores.remove(k);
        let (nodes, extras) = (std::mem::take(&mut store.nodes), std::mem::take(&mut store.extras));
        cold.give(nodes, extras, std::mem::take(&mut store.pieces));
        Some(store)
    });
    // Dropped here, outside the borrow: a user's operation may have a destructor that records.
    drop(closed);
}

/// Empties a tape and gives it a new key; its memory goes to the pool.
pub(crate) fn clear<F: Float>(key: u32) -> Result<u32, Error> {
    let (new, dropped, hooks) = F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        let new = cold.new_key(key & GRADIENT_ONLY)?;
        F::hot(|hot| cold.park(hot));
        let store = &mut cold.stores[k];
        store.key = new;
        store.len = 0;
        store.params.clear();
        store.leaves.clear();
        store.retained.clear();
        let hooks = std::mem::take(&mut store.hooks);
        store.taken = 0;
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

/// Runs `f`, which must not call the code of an operation, on the store of a tape.
pub(crate) fn with_store<F: Float, R>(key: u32, f: impl FnOnce(&mut Store<F>) -> R) -> Result<R, Error> {
    F::cold(|cold| {
        let mut cold = cold.borrow_mut();
        let k = cold.position(key).ok_or_else(|| missing(key))?;
        F::hot(|hot| {
            if hot.key() == key {
                cold.sync(hot);
            }
        });
        Ok(f(&mut cold.stores[k]))
    })?
}

#[track_caller]
fn make_ready<F: Float>(key: u32) {
    let done = F::cold(|cold| {
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
    });
    if let Err(e) = done.and_then(|r| r) {
        e.raise()
    }
}

/// Records a scalar node of a full tape and returns its place; `None` if the two places are not of the tape in use, it is
/// no full tape, or its chunk is full.
#[inline(always)]
#[track_caller]
pub(crate) fn try_push<F: Float>((a, b): (u64, u64), node: Node<F>, value: F, op: &'static ScalarOp) -> Option<u64> {
    let line = Location::caller();
    let hot = F::hot(ptr::from_ref);
    // SAFETY: a thread-local without a destructor lives as long as its thread, which is here. The hot pointers describe
    // the chunk of the tape in use in which `id` lies (`id < end`). The chunk is owned by the cold thread-local, which
    // clears the hot one before it frees or moves any.
    unsafe {
        let hot = &*hot;
        let root = hot.full.get();
        let id = hot.len.get();
        if ((a ^ root) | (b ^ root)) >> 32 != 0 || id == hot.end.get() {
            return None;
        }
        hot.nodes.get().wrapping_add(id as usize).write(node);
        hot.extras.get().wrapping_add(id as usize).write(Extra { value, line, op });
        hot.len.set(id + 1);
        Some(root | u64::from(id))
    }
}

/// Records a scalar node of a full tape and returns its id.
#[track_caller]
pub(crate) fn push<F: Float>(key: u32, node: Node<F>, value: F, op: &'static ScalarOp) -> u32 {
    loop {
        if let Some(at) = try_push((place(key, 0), place(key, 0)), node, value, op) {
            return at as u32;
        }
        F::make_ready(key);
    }
}

/// The place of node 0 of the gradient-only tape in use; if it is none, a place with a key that no number has.
#[inline(always)]
pub(crate) fn root_of_slopes<F: Float>() -> u64 {
    F::hot(|hot| hot.slopes.get())
}

/// The place of the number that the gradient-only tape in use records next; if it is none, as in [`root_of_slopes`].
#[inline(always)]
pub(crate) fn next_place_of_slopes<F: Float>() -> u64 {
    F::hot(|hot| hot.slopes.get() | u64::from(hot.len.get()))
}

/// Records a number of the gradient-only tape in use and returns its id; `None` if its piece is full. `write` appends
/// the record.
///
/// # Safety
/// A gradient-only tape is in use. `write` gets a place with room for the longest record, writes one record of this tape
/// there and returns its end.
#[inline(always)]
unsafe fn try_write<F: Float>(write: impl FnOnce(*mut u32) -> *mut u32) -> Option<u32> {
    let hot = F::hot(ptr::from_ref);
    // SAFETY: a thread-local without a destructor lives as long as its thread, which is here.
    let hot = unsafe { &*hot };
    let next = hot.next.get();
    if next > hot.last.get() {
        return None;
    }
    let id = hot.len.get();
    hot.next.set(write(next));
    hot.len.set(id + 1);
    Some(id)
}

/// Records a number that depends on `p` by `s` and on `q` by `t`, and returns its id; `None` if the tape whose node 0 is at
/// `root` is not the gradient-only tape in use, or its piece is full. The slopes are finite.
#[inline(always)]
pub(crate) fn try_push_pair<F: Float>(root: u64, p: (u32, F), q: (u32, F)) -> Option<u32> {
    if root_of_slopes::<F>() != root {
        return None;
    }
    // SAFETY: the gradient-only tape `key` is in use, and a pair is no longer than the longest record.
    unsafe { try_write::<F>(|at| slopes::write_pair(at, p, q)) }
}

/// Records the sum of two nodes, of which the caller knows what [`try_push_pair`] checks.
#[inline(always)]
pub(crate) fn try_push_units<F: Float>(root: u64, p: u32, q: u32) -> Option<u32> {
    if root_of_slopes::<F>() != root {
        return None;
    }
    // SAFETY: as in `try_push_pair`.
    unsafe { try_write::<F>(|at| slopes::write_units(at, p, q)) }
}

/// Records a number of a gradient-only tape that depends on `p` by `s` and on `q` by `t`, of which one may be infinite or
/// NaN, and returns its id.
#[track_caller]
pub(crate) fn push_pair<F: Float>(key: u32, p: (u32, F), q: (u32, F)) -> u32 {
    loop {
        if root_of_slopes::<F>() == place(key, 0) {
            let finite = num_traits::Float::is_finite(p.1) && num_traits::Float::is_finite(q.1);
            // SAFETY: as in `try_push_pair`.
            let done = unsafe {
                match finite {
                    true => try_write::<F>(|at| slopes::write_pair(at, p, q)),
                    false => try_write::<F>(|at| slopes::write_steep(at, p, q)),
                }
            };
            if let Some(id) = done {
                return id;
            }
        }
        F::make_ready(key);
    }
}

/// Records a number of a gradient-only tape that is the sum of two nodes.
#[inline]
#[track_caller]
pub(crate) fn push_units<F: Float>(key: u32, p: u32, q: u32) -> u32 {
    loop {
        if let Some(id) = try_push_units::<F>(place(key, 0), p, q) {
            return id;
        }
        F::make_ready(key);
    }
}

/// Records a number of a gradient-only tape that is the sum of `first`, `first + step`, …, `last`.
#[inline]
#[track_caller]
pub(crate) fn push_run<F: Float>(key: u32, first: u32, step: u32, last: u32) -> u32 {
    loop {
        if root_of_slopes::<F>() == place(key, 0) {
            // SAFETY: as in `try_push_pair`.
            let done = unsafe { try_write::<F>(|at| slopes::write_run(at, first, step, last)) };
            if let Some(id) = done {
                return id;
            }
        }
        F::make_ready(key);
    }
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
            let taken = cold.take_ids(k, count, |i| Extra { value: values[i as usize], line, op: &ScalarOp::Leaf });
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
            if hot.key() == key {
                cold.park(hot);
            }
        });
        let id = cold.take_ids(k, 1, |_| Extra { value: F::zero(), line, op: &ScalarOp::Wide })?;
        cold.stores[k].wide.push(Wide { id, what, parents, value, line, active, retained: false });
        Ok(id)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_until_they_run_out() {
        let here = thread::current().id();
        let mut owners = Vec::new();
        assert_eq!(block_of(here, &mut owners).unwrap(), 1..KEY_BLOCK, "key 0 is a constant's");
        assert_eq!(block_of(here, &mut owners).unwrap(), KEY_BLOCK..2 * KEY_BLOCK);
        owners.resize((KEYS / KEY_BLOCK) as usize - 1, here);
        let last = block_of(here, &mut owners).unwrap();
        assert_eq!(last.end, KEYS, "a key has 30 bits between one that says folded and one that says gradient-only");
        for _ in 0..2 {
            let error = block_of(here, &mut owners).unwrap_err();
            assert!(matches!(error, Error::KeysExhausted));
            let expected = "tape keys exhausted: this process made or cleared a thousand million tapes";
            assert_eq!(error.to_string(), expected);
        }
    }

    /// A tape that has no ids left says so, and stays as it was.
    #[test]
    fn a_full_tape_is_a_named_error() {
        let key = open::<f32>(GRADIENT_ONLY).unwrap();
        let line = Location::caller();
        let full = |ids: u32| {
            with_store(key, |store: &mut Store<f32>| store.len = ids).unwrap();
            F32::hot(|hot| hot.len.set(ids));
            push_leaves(key, &[1.0_f32; 3], line)
        };
        assert_eq!(full(10).unwrap(), 10);
        let error = full(slopes::IDS - 5).unwrap_err();
        assert!(matches!(error, Error::TapeFull(n) if n == slopes::IDS - 5), "{error}");
        close::<f32>(key);
    }

    type F32 = f32;
}
