//! The tape as its user holds it.

use std::marker::PhantomData;
use std::panic::Location;

use smallvec::SmallVec;

use super::Scalar;
use super::store::{self, CONSTANT, GRADIENT_ONLY, Origin, Store};
use crate::error::{Error, OrRaise, try_with};
use crate::reader::var_handle::{Stored, Var};
use crate::rule::algebra::{Any, Lift};
use crate::rule::op::Value;
use crate::rule::param::Param;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A Wengert list: the elementary operations that a program performs on numbers and tensors, in order.
///
/// Handles ([`Scalar`], [`Var`]) are small `Copy` values without a lifetime; they find their tape by its key. A key is
/// a number that no other tape of the process has, nor had among the thousand million before it, so that a handle whose
/// tape was cleared or dropped is an error and not a wrong number. A tape belongs to the thread that made it.
///
/// There are three leaves: [`var`](Tape::var) and [`scalar`](Tape::scalar) are differentiable, an
/// [`input`](Tape::input) is not but may change from one run to the next, and a [`constant`](Tape::constant) never
/// changes and makes no node.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// let tape = Tape::new();
/// let (a, b) = (tape.scalar(2.0), tape.scalar(-3.0));
/// let c = (a * b + 2.0 * a.powi(3)).tanh();
/// let g = c.backward();
/// let slope = 1.0 - c.value() * c.value(); // tanh′ = 1 − tanh²
/// assert!((g[a] - slope * (-3.0 + 6.0 * 4.0)).abs() < 1e-12);
/// assert!((g[b] - slope * 2.0).abs() < 1e-12);
/// ```
#[derive(Debug)]
pub struct Tape<F: Float = f64> {
    key: u32,
    /// A tape is not `Send`: its memory is its thread's.
    thread: PhantomData<*const F>,
}

impl Tape<f64> {
    /// An empty tape of `f64`.
    ///
    /// # Panics
    /// If more than a million threads have tapes, or keep one of those that were made long ago.
    #[allow(clippy::new_without_default)] // a `Default` would hide that opening a tape has an effect on its thread
    #[track_caller]
    pub fn new() -> Self {
        Tape::open(0)
    }

    /// An empty tape of another float type: `Tape::of::<f32>()`.
    ///
    /// What comes back to a recorded *number* is added up in that type, one use after another: of 10⁶ uses of one [`Scalar`] in
    /// `f32` the gradient is 1 % off, also where they are in one sum. Numbers that are used so often are recorded in `f64`, or
    /// as a tensor, whose sums keep their digits:
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::of::<f32>();
    /// let x = tape.var(Tensor::from([3.0]));
    /// let y = (x * Tensor::full([1_000_000], 0.1_f32)).sum();
    /// assert!((y.backward()[x].item() / 1e5 - 1.0).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// If more than a million threads have tapes, or keep one of those that were made long ago.
    #[track_caller]
    pub fn of<F: Float>() -> Tape<F> {
        Tape::open(0)
    }

    /// An empty tape that keeps of scalar operations only the slopes: faster and smaller, and able to give first
    /// gradients. What needs the graph (pictures, recorded gradients, retained values) is a named error on it.
    ///
    /// # Panics
    /// If more than a million threads have tapes, or keep one of those that were made long ago.
    #[track_caller]
    pub fn gradient_only<F: Float>() -> Tape<F> {
        Tape::open(GRADIENT_ONLY)
    }
}

impl<F: Float> Tape<F> {
    #[track_caller]
    fn open(kind: u32) -> Self {
        Tape { key: store::open::<F>(kind).or_raise(), thread: PhantomData }
    }

    /// Records a differentiable number.
    #[inline]
    #[track_caller]
    pub fn scalar(&self, value: F) -> Scalar<F> {
        let id = store::push_leaves(self.key, &[value], Location::caller()).or_raise();
        Scalar::node(self.key, id, value)
    }

    /// Records differentiable numbers, one for each of `values`.
    #[track_caller]
    pub fn scalars(&self, values: &[F]) -> Vec<Scalar<F>> {
        let first = store::push_leaves(self.key, values, Location::caller()).or_raise();
        (first..).zip(values).map(|(id, value)| Scalar::node(self.key, id, *value)).collect()
    }

    /// Records a differentiable tensor.
    #[track_caller]
    pub fn var(&self, value: Tensor<F>) -> Var<F> {
        self.leaf(Origin::Var, value.into(), true)
    }

    /// Brings a parameter to this tape: one leaf, however often it is asked for; a frozen one is a constant. In a model,
    /// beside another value, it is [`lift`](crate::Lift::lift).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let w = Param::new(Tensor::from([2.0, 3.0]));
    /// let tape = Tape::new();
    /// let y = (tape.param(&w) * tape.param(&w)).sum();
    /// assert_eq!(y.backward().param(&w)?.data(), [4.0, 6.0]);
    /// # Ok::<(), Error>(())
    /// ```
    #[track_caller]
    pub fn param(&self, param: &Param<F>) -> Var<F> {
        // Of a handle beside which something is lifted the tape alone counts.
        Lift::lift(&Var::<F>::new(self.key, CONSTANT), param)
    }

    /// Runs any expression on this tape and returns the error that it would panic with: [`try_with`](crate::try_with). What
    /// is recorded before the error stays.
    ///
    /// # Errors
    /// What the first operation that does not accept its arguments says.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, 2.0]));
    /// let error = tape.try_with(|| (x + 1.0).max_over(3)).unwrap_err();
    /// assert_eq!(error.to_string(), "max_over: axis 3 of a tensor of rank 1");
    /// ```
    pub fn try_with<T>(&self, f: impl FnOnce() -> T) -> Result<T, Error> {
        try_with(f)
    }

    /// Records a tensor that is not differentiated but may change from one run of the same graph to the next: a batch,
    /// labels, positions.
    #[track_caller]
    pub fn input<E: Stored<F>>(&self, value: Tensor<E>) -> Var<F, E> {
        self.leaf(Origin::Input, E::store(value), false)
    }

    #[track_caller]
    fn leaf<E: Stored<F>>(&self, origin: Origin, value: Value<F>, active: bool) -> Var<F, E> {
        let id = store::push_wide(self.key, origin, SmallVec::new(), value, Location::caller(), active).or_raise();
        Var::new(self.key, id)
    }

    /// A tensor that never changes. It makes no node, and what depends on constants alone is computed at once and not
    /// kept.
    #[track_caller]
    pub fn constant<E: Stored<F>>(&self, value: Tensor<E>) -> Var<F, E> {
        Var::new(self.key, self.with(|store| constant_id(store, E::store(value))))
    }

    /// Empties the tape, keeping its memory. Handles into it become stale.
    ///
    /// # Panics
    /// If more than a million threads have tapes, or keep one of those that were made long ago.
    #[track_caller]
    pub fn clear(&mut self) {
        self.key = store::clear::<F>(self.key).or_raise();
    }

    /// Sets the most nodes that the tape may hold, at most and by default 2³¹ (2²⁹ on a gradient-only tape, where it is kept to
    /// within six thousand, and is twelve thousand at least). What does not fit is refused with
    /// [`Error::TapeFull`](crate::Error::TapeFull), and the tape stays as it was.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// tape.limit_nodes(3);
    /// let x = tape.scalars(&[1.5, 2.0]);
    /// let y = x[0] * x[1];
    /// let full = std::panic::catch_unwind(|| y * x[0]);
    /// let message = full.unwrap_err().downcast_ref::<String>().cloned().unwrap();
    /// assert_eq!(message, "tape full: 3 nodes; clear it or cut the computation into pieces");
    /// assert_eq!(y.backward()[x[0]], 2.0);
    /// ```
    #[track_caller]
    pub fn limit_nodes(&self, nodes: usize) {
        store::set_limit::<F>(self.key, nodes).or_raise();
    }

    /// The number of nodes, leaves included.
    #[track_caller]
    pub fn len(&self) -> usize {
        self.with(|store| store.len() as usize - 1)
    }

    /// Whether nothing is recorded.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the tape holds.
    #[track_caller]
    pub fn stats(&self) -> Stats {
        self.with(|store| Stats {
            nodes: store.len() as usize - 1,
            tensor_nodes: store.wide.len(),
            constants: store.constants.len(),
            node_bytes: store.bytes(),
            value_bytes: store.wide.iter().map(|w| &w.value).chain(&store.constants).map(bytes_of).sum(),
            taken: store.taken,
            looked: store.looked,
        })
    }

    /// What sweeps of this tape do about a value or a gradient that is NaN or infinite; nothing, if this is not called.
    ///
    /// With [`OnNonFinite::Error`] a sweep begins with a look at every value that the output depends on, and ends with
    /// one at the gradients. The error names the first operation that made such a number of finite ones, the element and
    /// the source line. What no result depends on is no error, such as the branch that a `select` did not take; nor is an
    /// infinity that was given on purpose, such as a mask of −∞ before a softmax, as long as the output is finite.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{OnNonFinite, prelude::*};
    /// let tape = Tape::new();
    /// tape.on_non_finite(OnNonFinite::Error);
    /// let x = tape.var(Tensor::from([1.0, 0.0]));
    /// let error = x.ln().sum().try_backward().unwrap_err().to_string();
    /// assert!(error.starts_with("not finite: ln (") && error.ends_with("value -inf at [1]: ln of 0"), "{error}");
    /// // the value of √0 is finite, its derivative is not
    /// let error = x.sqrt().sum().try_backward().unwrap_err().to_string();
    /// assert!(error.ends_with("gradient of operand 0 is inf at [1]: sqrt of 0"), "{error}");
    /// ```
    #[track_caller]
    pub fn on_non_finite(&self, policy: OnNonFinite) {
        self.with(|store| store.on_non_finite = policy);
    }

    /// The key by which handles find the tape.
    pub(crate) fn key(&self) -> u32 {
        self.key
    }

    #[track_caller]
    fn with<R>(&self, f: impl FnOnce(&mut Store<F>) -> R) -> R {
        store::with_store(self.key, f).or_raise()
    }
}

impl<F: Float> Drop for Tape<F> {
    fn drop(&mut self) {
        store::close::<F>(self.key);
    }
}

/// What a tape does about a value or gradient that is NaN or infinite: [`Tape::on_non_finite`](crate::Tape::on_non_finite).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNonFinite {
    /// Nothing, at no cost.
    #[default]
    Off,
    /// Says on standard error where it came from.
    Warn,
    /// Makes the sweep an [`Error::NonFinite`].
    Error,
}

/// What a tape holds: [`Tape::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Nodes, leaves included.
    pub nodes: usize,
    /// Those of them that are tensors.
    pub tensor_nodes: usize,
    /// Constant tensors.
    pub constants: usize,
    /// Bytes held for nodes: whole chunks, so that the first node costs as much as the first eight thousand.
    pub node_bytes: usize,
    /// Bytes of tensor values; a buffer that two nodes share counts twice.
    pub value_bytes: usize,
    /// Numbers that left the tape through the traits of `num-traits` and `nalgebra` (`to_f64`, `NumCast`, …): what was
    /// computed from them has no derivative.
    pub taken: usize,
    /// Nodes that numeric sweeps have looked at since the tape was empty. A sweep of a tape that was swept before looks at
    /// what its output depends on, if that is a small part of the tape, and else at all that was recorded before the output.
    pub looked: u64,
}

/// Adds a constant to the table; the id says that it is one.
pub(crate) fn constant_id<F: Float>(store: &mut Store<F>, value: Value<F>) -> u32 {
    store.constants.push(value);
    (store.constants.len() - 1) as u32 | CONSTANT
}

fn bytes_of<F: Float>(value: &Value<F>) -> usize {
    match value {
        Any::Real(t) => t.len() * size_of::<F>(),
        Any::Index(t) => t.len() * size_of::<i64>(),
        Any::Mask(t) => t.len(),
    }
}
