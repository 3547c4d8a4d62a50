//! What batches are cut from, and what they are on a tape.

use wengert_tape::{Any, Element, Float, Stored, Tape, Tensor, Var};

use super::{Batches, Dataset};
use crate::error::Error;

/// Samples that batches are cut from: a tensor whose first axis counts them, a tuple of such that are as many, or a
/// [`Dataset`]. The parts of a tuple may be numbers, positions and truth values, in any shapes.
///
/// # Examples
/// Pairs of images, and whether they show the same:
/// ```
/// use wengert_nn::prelude::*;
/// let (left, right) = (Tensor::<f32>::zeros([5, 1, 8, 8]), Tensor::<f32>::ones([5, 1, 8, 8]));
/// let same = Tensor::from([0_i64, 1, 1, 0, 0]);
/// let pairs = (left, right, same);
/// for (left, right, same) in pairs.batches(2).shuffled(&mut generator(1)) {
///     assert!(left.shape() == right.shape() && left.shape()[0] == same.len());
/// }
/// ```
pub trait Samples: Sync {
    /// Some of the samples: tensors.
    type Batch: Samples<Batch = Self::Batch> + Clone + Send + Sync + 'static;

    /// The number of samples.
    ///
    /// # Panics
    /// If the parts of a tuple are not as many.
    #[track_caller]
    fn count(&self) -> usize;

    /// The samples at these positions, copied.
    ///
    /// # Panics
    /// If there is no such sample.
    #[track_caller]
    fn pick(&self, rows: &[usize]) -> Self::Batch;

    /// All samples as one batch.
    fn whole(&self) -> Self::Batch;

    /// About how many numbers stand for a sample.
    fn numbers(&self) -> usize;

    /// The samples in mini-batches, in order; [`shuffled`](Batches::shuffled) draws another order.
    ///
    /// # Panics
    /// If the size is 0.
    #[track_caller]
    fn batches(&self, size: usize) -> Batches<'_, Self>
    where
        Self: Sized,
    {
        Batches::new(self, size)
    }
}

/// A batch that can be brought to a tape of `F`: a tensor, or a tuple of them.
///
/// # Examples
/// ```
/// use wengert_nn::data::Batch;
/// use wengert_nn::prelude::*;
/// let tape = Tape::new();
/// let batch = (Tensor::<f64>::ones([4, 3]), Tensor::from([0_i64, 1, 1, 0]));
/// let (x, classes) = batch.record(&tape);
/// assert_eq!((x.shape(), classes.value().len()), (Shape::from([4, 3]), 4));
/// ```
pub trait Batch<F: Float>: Samples<Batch = Self> + Clone + Send + Sync + 'static {
    /// What it is there: a [`Var`], or a tuple of them.
    type Recorded: OnTape<F, Batch = Self>;

    /// The batch as inputs of a tape.
    #[track_caller]
    fn record(&self, tape: &Tape<F>) -> Self::Recorded;

    /// Numbers that other batches hardly have, one for each tensor.
    fn checksums(&self) -> Vec<u64>;
}

/// A batch on a tape of `F`: a [`Var`], or a tuple of them.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Batch, OnTape};
/// use wengert_nn::prelude::*;
/// fn on_a_tape<R: OnTape<f64>>(batch: &R::Batch, tape: &Tape) -> R {
///     batch.record(tape)
/// }
/// let tape = Tape::new();
/// let x: Var = on_a_tape(&Tensor::ones([4, 3]), &tape);
/// assert_eq!(x.sum().item(), 12.0);
/// ```
pub trait OnTape<F: Float>: Sized {
    /// What it is off the tape.
    type Batch: Batch<F, Recorded = Self>;
}

impl<E: Element> Samples for Tensor<E> {
    type Batch = Tensor<E>;

    fn count(&self) -> usize {
        match self.shape().first() {
            Some(samples) => *samples,
            None => Error::shape("batches", "one number has no axis that counts samples").raise(),
        }
    }
    fn pick(&self, rows: &[usize]) -> Self {
        self.rows(rows.iter().copied())
    }
    fn whole(&self) -> Self {
        self.clone()
    }
    fn numbers(&self) -> usize {
        self.len().checked_div(self.count()).unwrap_or(1)
    }
}

impl<F: Float, E: Stored<F>> Batch<F> for Tensor<E> {
    type Recorded = Var<F, E>;

    #[track_caller]
    fn record(&self, tape: &Tape<F>) -> Var<F, E> {
        tape.input(self.clone())
    }
    fn checksums(&self) -> Vec<u64> {
        vec![checksum::<F, E>(self)]
    }
}

impl<F: Float, E: Stored<F>> OnTape<F> for Var<F, E> {
    type Batch = Tensor<E>;
}

impl<E: Element, T: Element> Samples for Dataset<E, T> {
    type Batch = (Tensor<E>, Tensor<T>);

    fn count(&self) -> usize {
        self.len()
    }
    fn pick(&self, rows: &[usize]) -> Self::Batch {
        (self.inputs().pick(rows), self.targets().pick(rows))
    }
    fn whole(&self) -> Self::Batch {
        (self.inputs().clone(), self.targets().clone())
    }
    fn numbers(&self) -> usize {
        self.inputs().numbers()
    }
}

macro_rules! tuples {
    ($($name:ident $k:tt),*) => {
        impl<$($name: Samples),*> Samples for ($($name,)*) {
            type Batch = ($($name::Batch,)*);

            fn count(&self) -> usize {
                let counts = [$(self.$k.count()),*];
                if counts.iter().any(|count| *count != counts[0]) {
                    Error::shape("batches", format!("the parts of the samples are {counts:?} and not as many")).raise()
                }
                counts[0]
            }
            fn pick(&self, rows: &[usize]) -> Self::Batch {
                ($(self.$k.pick(rows),)*)
            }
            fn whole(&self) -> Self::Batch {
                ($(self.$k.whole(),)*)
            }
            fn numbers(&self) -> usize {
                [$(self.$k.numbers()),*].iter().sum()
            }
        }

        impl<F: Float, $($name: Batch<F>),*> Batch<F> for ($($name,)*) {
            type Recorded = ($($name::Recorded,)*);

            #[track_caller]
            fn record(&self, tape: &Tape<F>) -> Self::Recorded {
                ($(self.$k.record(tape),)*)
            }
            fn checksums(&self) -> Vec<u64> {
                [$(self.$k.checksums()),*].concat()
            }
        }

        impl<F: Float, $($name: OnTape<F>),*> OnTape<F> for ($($name,)*) {
            type Batch = ($($name::Batch,)*);
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, G 5);

/// A number that other numbers hardly have.
fn checksum<F: Float, T: Stored<F>>(tensor: &Tensor<T>) -> u64 {
    // Fowler, Noll and Vo's, a number at a time.
    let add = |sum: u64, bits: u64| (sum ^ bits).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    let begin = 0xcbf2_9ce4_8422_2325;
    match T::store(tensor.clone()) {
        Any::Real(numbers) => numbers.data().iter().fold(begin, |sum, x| add(sum, Float::to_f64(*x).to_bits())),
        Any::Index(classes) => classes.data().iter().fold(begin, |sum, class| add(sum, class.cast_unsigned())),
        Any::Mask(mask) => mask.data().iter().fold(begin, |sum, set| add(sum, u64::from(*set))),
    }
}
