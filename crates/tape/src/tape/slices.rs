//! Sums, products and dot products of many recorded numbers, each one node.

use std::iter::{Product, Sum};
use std::marker::PhantomData;

use smallvec::SmallVec;

use crate::error::Error;
use crate::ops::{DotOf, LogSumExpOf, SumOf};
use crate::reader::any_op::AnyOp;
use crate::rule::op::Op;
use crate::tape::store::{GRADIENT_ONLY, ScalarOp, is_gradient_only_in_use};
use crate::tape::{Combination, Scalar, Summation, key_of, push_many};
use crate::tensor::float::Float;

/// What a node of many arguments says of its operation.
struct Entry<F, O>(PhantomData<(F, O)>);

impl<F: Float, O: Op + Default> Entry<F, O> {
    const OP: &'static ScalarOp = &ScalarOp::Many { make: || AnyOp::compiled_for::<F, O>(O::default()) };
}

/// Arguments of a node: an id with its derivative, or 0 with a plain number.
type Arguments<F> = SmallVec<[(u32, F); 16]>;

impl<F: Float> Sum for Scalar<F> {
    /// The sum, from left to right, as one node. It is summed in `f64`: that of many numbers of `f32` keeps its digits.
    #[inline]
    #[track_caller]
    fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
        Summation::of(numbers, Entry::<F, SumOf>::OP)
    }
}

impl<'a, F: Float> Sum<&'a Scalar<F>> for Scalar<F> {
    /// The sum, from left to right, as one node.
    #[inline]
    #[track_caller]
    fn sum<I: Iterator<Item = &'a Scalar<F>>>(numbers: I) -> Self {
        numbers.copied().sum()
    }
}

impl<F: Float> Product for Scalar<F> {
    /// The product, from left to right: on a gradient-only tape one node.
    #[track_caller]
    fn product<I: Iterator<Item = Self>>(mut numbers: I) -> Self {
        let Some(first) = numbers.next() else { return Scalar::constant(F::one()) };
        if !first.is_folding() && !is_gradient_only_in_use::<F>() {
            return one_by_one(first, numbers);
        }
        let numbers: Vec<Self> = std::iter::once(first).chain(numbers).collect();
        match key_of(&numbers) {
            Some(key) if numbers.len() > 2 && key & GRADIENT_ONLY != 0 => product_of_slopes(key, &numbers),
            _ => one_by_one(first, numbers.into_iter().skip(1)),
        }
    }
}

impl<'a, F: Float> Product<&'a Scalar<F>> for Scalar<F> {
    /// The product, from left to right: on a gradient-only tape one node.
    #[track_caller]
    fn product<I: Iterator<Item = &'a Scalar<F>>>(numbers: I) -> Self {
        numbers.copied().product()
    }
}

/// The product, one node for each multiplication.
#[inline]
#[track_caller]
fn one_by_one<F: Float>(mut product: Scalar<F>, numbers: impl Iterator<Item = Scalar<F>>) -> Scalar<F> {
    // Not a closure, which would have no line of the caller.
    for x in numbers {
        product *= x;
    }
    product
}

/// The derivative by a factor is the product of those before it times the product of those behind it.
#[track_caller]
fn product_of_slopes<F: Float>(key: u32, numbers: &[Scalar<F>]) -> Scalar<F> {
    let mut value = F::one();
    let times_next = |product: &mut F, x: &Scalar<F>| {
        let next = *product * x.value();
        std::mem::replace(product, next)
    };
    let before: Vec<F> = numbers.iter().map(|x| times_next(&mut value, x)).collect();
    let mut behind = F::one();
    let mut sum = Combination::new(key);
    let mut slope = |k: usize| before[k] * times_next(&mut behind, &numbers[k]);
    let mut left = numbers.len();
    // By twos, which share a record.
    while let [.., a, b] = &numbers[..left] {
        let (t, s) = (slope(left - 1), slope(left - 2));
        match (a.tag(), b.tag()) {
            (0, 0) => {}
            (0, _) => sum.add(b, t),
            (_, 0) => sum.add(a, s),
            _ => sum.add_two((b, t), (a, s)),
        }
        left -= 2;
    }
    if let ([a], true) = (&numbers[..left], left == 1 && numbers[0].tag() != 0) {
        sum.add(a, slope(0));
    }
    sum.finish(value, true)
}

impl<F: Float> Scalar<F> {
    /// The dot product `Σ aₖ bₖ`, from left to right, as one node. It is summed in `f64`.
    ///
    /// # Panics
    /// If the slices have different lengths, or hold numbers of two tapes.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let (w, x) = (tape.scalars(&[1.0, 2.0, 3.0]), tape.scalars(&[4.0, 5.0, 6.0]));
    /// let y = Scalar::dot(&w, &x);
    /// let g = y.backward();
    /// assert_eq!((y.value(), g[w[1]], g[x[2]]), (32.0, 5.0, 3.0));
    /// ```
    #[track_caller]
    pub fn dot(a: &[Self], b: &[Self]) -> Self {
        if a.len() != b.len() {
            Error::shape("dot", format!("{} numbers and {}", a.len(), b.len())).raise()
        }
        let pairs = || a.iter().zip(b);
        let value = pairs().fold(0.0, |sum, (a, b)| sum + (a.value() * b.value()).to_f64());
        let value = F::from_f64(value);
        let ((Some(key), other) | (other, Some(key))) = (key_of(a), key_of(b)) else { return Scalar::constant(value) };
        if other.is_some_and(|other| other != key) {
            Error::ForeignTape.raise()
        }
        if a.iter().chain(b).any(Scalar::is_folding) {
            let mut sum = Combination::new(key);
            pairs().for_each(|(a, b)| sum.add_product(a, b));
            return sum.finish(value, true);
        }
        let argument = |x: &Self, other: &Self| if x.tag() == 0 { (0, x.value()) } else { (x.id(), other.value()) };
        let arguments: Arguments<F> = pairs().flat_map(|(a, b)| [argument(a, b), argument(b, a)]).collect();
        push_many(key, &arguments, value, Entry::<F, DotOf>::OP)
    }

    /// `ln Σ exp(xₖ)` as one node. The largest number is taken out first, so that nothing overflows.
    ///
    /// Of no numbers it is −∞.
    ///
    /// # Panics
    /// If the numbers are of two tapes.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let tape = Tape::new();
    /// let x = tape.scalars(&[1000.0, 1000.0]);
    /// let y = Scalar::log_sum_exp_of(&x);
    /// assert_eq!((y.value(), y.backward()[x[0]]), (1000.0 + 2.0_f64.ln(), 0.5));
    /// ```
    #[track_caller]
    pub fn log_sum_exp_of(numbers: &[Self]) -> Self {
        let largest = numbers.iter().fold(F::neg_infinity(), |m, x| num_traits::Float::max(m, x.value()));
        // With no finite largest number there is nothing to take out, and ∞ − ∞ must not arise.
        let shift = if num_traits::Float::is_finite(largest) { largest } else { F::zero() };
        let exp = |x: &Self| num_traits::Float::exp(x.value() - shift);
        let total = F::from_f64(numbers.iter().fold(0.0, |sum, x| sum + exp(x).to_f64()));
        let value = num_traits::Float::ln(total) + shift;
        let Some(key) = key_of(numbers) else { return Scalar::constant(value) };
        // Of numbers that are all −∞ none has a part.
        let whole = if total == F::zero() { F::one() } else { total };
        let weight = |x: &Self| exp(x) / whole;
        if numbers.iter().any(Scalar::is_folding) {
            let mut sum = Combination::new(key);
            numbers.iter().filter(|x| x.tag() != 0).for_each(|x| sum.add(x, weight(x)));
            return sum.finish(value, true);
        }
        let argument = |x: &Self| if x.tag() == 0 { (0, x.value()) } else { (x.id(), weight(x)) };
        let arguments: Arguments<F> = numbers.iter().map(argument).collect();
        push_many(key, &arguments, value, Entry::<F, LogSumExpOf>::OP)
    }
}
