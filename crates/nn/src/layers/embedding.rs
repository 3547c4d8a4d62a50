//! Rows of a table by position.

use rand::Rng;
use wengert_tape::IndexOperand;
use wengert_tape::prelude::*;

use crate::initialiser::Initialiser;
use crate::module::{Parameters, Reader};
use crate::parameters;

/// A learned row of numbers for each of a number of things: words, letters, users.
///
/// It takes positions and not numbers, so that it is no [`Module`](crate::Module): a model of one's own calls
/// [`rows`](Embedding::rows).
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let table = Embedding::from_weights(Tensor::from([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]));
/// let beside = Tensor::from(0.0);
/// assert_eq!(table.rows(&beside, Tensor::from([2, 0])), Tensor::from([[4.0, 5.0], [0.0, 1.0]]));
///
/// let tape = Tape::new();
/// let positions = tape.input(Tensor::from([2, 0, 2]));
/// let rows = table.rows(&tape.input(beside), positions);
/// let gradient = rows.sum().backward().param(&table.weight)?.clone();
/// assert_eq!(gradient, Tensor::from([[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Embedding<F: Float = f32> {
    /// The table, `[things, width]`.
    pub weight: Param<F>,
    /// The row that stands for nothing: it gets no gradient.
    pub padding: Option<usize>,
}

impl<F: Float> Embedding<F> {
    /// A table that begins as PyTorch's does: normal with variance 1.
    pub fn new(things: usize, width: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        Self::from_weights(Initialiser::Normal.draw([things, width], rng))
    }

    /// This table.
    ///
    /// # Panics
    /// If it is not a matrix.
    #[track_caller]
    pub fn from_weights(weight: Tensor<F>) -> Self {
        assert!(weight.rank() == 2, "embedding: a table {} is not [things, width]", weight.shape());
        Embedding { weight: Param::new(weight), padding: None }
    }

    /// The same table with a row of zeros that stands for nothing, at `row`: it gets no gradient. PyTorch's `padding_idx`.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn with_padding(mut self, row: usize) -> Self {
        let (things, width) = (self.weight.value().shape()[0], self.weight.value().shape()[1]);
        assert!(row < things, "embedding: padding is row {row} of {things}");
        self.weight.value_mut().data_mut()[row * width..][..width].fill(F::zero());
        Embedding { padding: Some(row), ..self }
    }

    /// The rows at `positions`, where `beside` lives: `[…, width]` for positions `[…]`.
    ///
    /// # Panics
    /// If a position is outside the table.
    #[track_caller]
    pub fn rows<A: Reader<F>>(&self, beside: &A, positions: impl IndexOperand<A>) -> A {
        let table = beside.lift(&self.weight);
        match self.padding {
            Some(row) => table.embedding_padded(positions, row as isize),
            None => table.embedding(positions),
        }
    }
}

impl<F: Float> Parameters<F> for Embedding<F> {
    parameters! { F: weight }
}
