//! Recorded numbers.

use std::fmt;

use super::store::{self, FOLDED, GRADIENT_ONLY};
use crate::error::{Error, OrRaise};
use crate::rule::operand::{Held, Operand};
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A recorded number: a `Copy` handle of 24 bytes (16 in `f32`) with its value.
///
/// In `f32` a number that is used a million times has a gradient of few digits: [`Tape::of`](crate::Tape::of) says what helps.
///
/// Comparison compares values. A `Scalar` made by [`Scalar::constant`] belongs to no tape.
#[derive(Clone, Copy)]
#[repr(C)] // value and slope apart: side by side they are moved as one vector, and wait for the halves to be written
pub struct Scalar<F: Float = f64> {
    value: F,
    place: Place,
    /// The derivative by the node at its place.
    slope: F,
}

/// Where a number is, in one word: the node on which it depends by its slope, its own if it is one; above, the key of its
/// tape, with the bit [`FOLDED`] if the number is no node of it.
#[derive(Clone, Copy)]
#[repr(Rust, packed(4))] // so that a number of `f32` takes 16 bytes
struct Place(u64);

impl Place {
    #[inline(always)]
    fn new(tag: u32, id: u32) -> Self {
        Place(store::place(tag, id))
    }
}

impl<F: Float> Scalar<F> {
    #[inline(always)]
    fn new(tag: u32, id: u32, value: F, slope: F) -> Self {
        Scalar { value, place: Place::new(tag, id), slope }
    }

    #[inline(always)]
    pub(crate) fn node(key: u32, id: u32, value: F) -> Self {
        Scalar::new(key, id, value, F::one())
    }

    /// A number that belongs to no tape.
    #[inline(always)]
    #[track_caller]
    pub fn constant(value: F) -> Self {
        Scalar::node(0, 0, value)
    }

    /// The key of its tape.
    #[inline(always)]
    pub(crate) fn key(&self) -> u32 {
        self.tag() & !FOLDED
    }

    /// The node on which it depends by its slope; its own, if it is a node.
    #[inline(always)]
    pub(crate) fn id(&self) -> u32 {
        self.place.0 as u32
    }

    /// A number by what [`place`](Self::place), [`value`](Self::value) and [`slope`](Self::slope) say of it.
    #[inline(always)]
    pub(crate) fn at(place: u64, value: F, slope: F) -> Self {
        Scalar { value, place: Place(place), slope }
    }

    /// [`tag`](Self::tag) and [`id`](Self::id) in one word.
    #[inline(always)]
    pub(crate) fn place(&self) -> u64 {
        self.place.0
    }

    /// [`key`](Self::key), with the bit [`FOLDED`] if the number is no node.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u32 {
        (self.place.0 >> 32) as u32
    }

    /// The number.
    #[inline(always)]
    pub fn value(&self) -> F {
        self.value
    }

    /// Keeps the derivative by this intermediate in every later sweep. The result stands for the same number; on a
    /// gradient-only tape it is a node of its own, to be used from here on.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped.
    #[track_caller]
    pub fn retain(self) -> Self {
        let retained = self.connected().and_then(|key| {
            let mut node = self;
            if self.is_folded() {
                let id = store::push_pair(key, (self.id(), self.slope), (0, F::zero()))?;
                node = Scalar::node(key, id, self.value);
            }
            store::with_store(key, |store: &mut store::Store<F>| match store.wide_position(node.id()) {
                Some(k) => store.wide[k].retained = true,
                None => {
                    if let Err(at) = store.retained.binary_search(&node.id()) {
                        store.retained.insert(at, node.id());
                    }
                }
            })?;
            Ok(node)
        });
        retained.or_raise()
    }

    /// Shows the gradient of this number to `f` in every later sweep of an output that depends on it, once, and keeps it, as
    /// [`retain`](Self::retain) does; on a gradient-only tape go on with the result. A sweep that `f` itself starts shows
    /// nothing.
    ///
    /// # Panics
    /// If the number is a constant, or its tape was cleared or dropped.
    ///
    /// # Examples
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.scalar(3.0);
    /// let seen = Rc::new(Cell::new(0.0));
    /// let shown = Rc::clone(&seen);
    /// let y = (x * x).on_gradient(move |g| shown.set(g));
    /// assert_eq!((y * 2.0).backward()[x], 12.0);
    /// assert_eq!(seen.get(), 2.0);
    /// ```
    #[track_caller]
    pub fn on_gradient(self, f: impl Fn(F) + 'static) -> Self {
        let node = self.retain();
        let hook = move |g: &Tensor<F>| f(g.item());
        let done = store::with_store(node.key(), |store: &mut store::Store<F>| {
            store.hooks.get_or_insert_with(node.id(), Vec::new).push(std::rc::Rc::new(hook));
        });
        done.or_raise();
        node
    }

    /// Whether it is on a gradient-only tape.
    #[inline(always)]
    pub(crate) fn is_folding(&self) -> bool {
        self.tag() & GRADIENT_ONLY != 0
    }

    /// Whether it is no node of its tape.
    #[inline(always)]
    pub(crate) fn is_folded(&self) -> bool {
        self.tag() & FOLDED != 0
    }

    #[inline(always)]
    pub(crate) fn slope(&self) -> F {
        self.slope
    }

    /// A number of a gradient-only tape that depends on one node alone.
    #[inline(always)]
    pub(crate) fn folded(key: u32, parent: u32, value: F, slope: F) -> Self {
        Scalar::new(key | FOLDED, parent, value, slope)
    }

    pub(crate) fn connected(&self) -> Result<u32, Error> {
        if self.tag() == 0 {
            return Err(Error::NotConnected { reason: "the output is a constant and depends on no leaf".into() });
        }
        Ok(self.key())
    }
}

impl<F: Float> Operand<Scalar<F>> for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Borrowed(self)
    }
}
impl<F: Float> Operand<Scalar<F>> for &Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Borrowed(self)
    }
}
impl<F: Float> Operand<Scalar<F>> for f32 {
    #[inline(always)]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Own(Scalar::constant(F::from_f64(f64::from(*self))))
    }
}
impl<F: Float> Operand<Scalar<F>> for f64 {
    #[inline(always)]
    #[track_caller]
    fn beside(&self, _like: &Scalar<F>) -> Held<'_, Scalar<F>> {
        Held::Own(Scalar::constant(F::from_f64(*self)))
    }
}

impl<F: Float> PartialEq for Scalar<F> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<F: Float> PartialOrd for Scalar<F> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<F: Float> PartialEq<F> for Scalar<F> {
    fn eq(&self, other: &F) -> bool {
        self.value == *other
    }
}

impl<F: Float> PartialOrd<F> for Scalar<F> {
    fn partial_cmp(&self, other: &F) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(other)
    }
}

impl<F: Float> Default for Scalar<F> {
    /// The constant 0.
    fn default() -> Self {
        Scalar::constant(F::zero())
    }
}

impl<F: Float> From<F> for Scalar<F> {
    fn from(value: F) -> Self {
        Scalar::constant(value)
    }
}

impl<F: Float> fmt::Display for Scalar<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<F: Float> fmt::Debug for Scalar<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scalar({})", self.value)
    }
}
