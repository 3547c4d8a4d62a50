//! Rows of a table by position.

use rand::Rng;
use wengert_tape::prelude::*;
use wengert_tape::{Arg, Args, IndexOperand, Kind, Op, Value};

use super::Described;
use crate::description::Description;
use crate::error::Error;
use crate::initialiser::Initialiser;
use crate::module::{Module, Parameters, Reader};
use crate::parameters;
use crate::saved::weights::Weights;

/// A learned row of numbers for each of a number of things: words, letters, users.
///
/// [`lookup`](Embedding::lookup) takes positions. As a [`Module`], in a [`Sequential`](crate::Sequential), it takes them as numbers,
/// which must be whole: those of `f32` are exact up to 2²⁴.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let table = Embedding::from_weights(Tensor::from([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]));
/// let positions = Tensor::from([2_i64, 0, 2]);
/// assert_eq!(table.lookup(&positions), Tensor::from([[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]]));
/// assert_eq!(table.forward(&Tensor::from([2.0, 0.0, 2.0])), table.lookup(&positions));
///
/// let tape = Tape::new();
/// let rows = table.lookup(&tape.input(positions));
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

    /// The rows at `positions`, which are a tensor or on a tape: `[…, width]` for positions `[…]`.
    ///
    /// # Panics
    /// If a position is outside the table.
    #[track_caller]
    pub fn lookup<P: Positions<F>>(&self, positions: &P) -> P::Numbers {
        self.rows(&positions.beside(), positions.index())
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

/// Positions that a model reads as a reader of `F` does: in a tensor, or on a tape of `F`. What is written for them once computes
/// on tensors and is recorded on tapes.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// #[derive(Parameters)]
/// struct Letters {
///     table: Embedding,
///     next: Linear,
/// }
/// impl Letters {
///     fn outputs<P: Positions<f32>>(&self, letters: &P) -> P::Numbers {
///         self.next.forward(&self.table.lookup(letters).tanh())
///     }
/// }
/// let rng = &mut generator(1);
/// let model = Letters { table: Embedding::new(5, 3, rng), next: Linear::new(3, 5, rng) };
/// let letters = Tensor::from([[0_i64, 4, 2]]);
/// let tape = Tape::of::<f32>();
/// assert_eq!(model.outputs(&letters), model.outputs(&tape.input(letters)).value());
/// assert_eq!(model.outputs(&Shape::from([7, 9])), [7, 9, 5]); // a dry run
/// ```
pub trait Positions<F: Float> {
    /// Numbers that stand beside such positions.
    type Numbers: Reader<F>;

    /// A number 0 where the positions live.
    #[track_caller]
    fn beside(&self) -> Self::Numbers;

    /// The positions, as an operation takes them.
    fn index(&self) -> <Self::Numbers as Algebra>::Index;
}

impl<F: Float> Positions<F> for Tensor<i64> {
    type Numbers = Tensor<F>;

    fn beside(&self) -> Tensor<F> {
        Tensor::from(F::zero())
    }
    fn index(&self) -> Tensor<i64> {
        self.clone()
    }
}

impl<F: Float> Positions<F> for Var<F, i64> {
    type Numbers = Var<F>;

    #[track_caller]
    fn beside(&self) -> Var<F> {
        self.number(F::zero())
    }
    fn index(&self) -> Var<F, i64> {
        *self
    }
}

/// Positions of which the shape alone is known.
impl<F: Float> Positions<F> for Shape {
    type Numbers = Shape;

    fn beside(&self) -> Shape {
        Shape::scalar()
    }
    fn index(&self) -> <Shape as Algebra>::Index {
        Shape::apply(ToPositions, &[Arg::Real(self)]).index()
    }
}

/// Whole numbers as positions.
#[derive(Clone, Debug, PartialEq)]
struct ToPositions;

impl Op for ToPositions {
    fn name(&self) -> String {
        "positions".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, wengert_tape::Error> {
        Ok(args[0].clone())
    }

    fn check<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Result<(), wengert_tape::Error> {
        // Of the whole numbers above this one not all are numbers of the type.
        let largest = 2.0 / Float::to_f64(F::epsilon());
        let is_position = |x: &F| x.fract() == F::zero() && Float::to_f64(x.abs()) <= largest;
        match a[0].data().iter().find(|x| !is_position(x)) {
            None => Ok(()),
            Some(x) => Err(wengert_tape::Error::Shape {
                op: "positions".into(),
                message: format!("{x} is no whole number of at most {largest}; an embedding looks up whole numbers"),
            }),
        }
    }

    fn output(&self) -> Kind {
        Kind::Index
    }

    fn forward<F: Float>(&self, a: Args<'_, Tensor<F>>) -> Value<F> {
        a[0].map(|x| Float::to_f64(x) as i64).into()
    }

    fn active(&self, _arg: usize) -> bool {
        false
    }
}

impl<F: Float> Parameters<F> for Embedding<F> {
    parameters! { F: weight }

    fn description(&self) -> Option<Description> {
        let [things, width] = self.sizes();
        let padding: Vec<usize> = self.padding.into_iter().collect();
        Some(Description::new("embedding").whole("things", things).whole("width", width).wholes("padding", &padding))
    }
}

impl<F: Float> Embedding<F> {
    /// The number of rows, and of the numbers of each.
    fn sizes(&self) -> [usize; 2] {
        let shape = self.weight.value().shape();
        [shape[0], shape[1]]
    }
}

impl<F: Float> Module<F> for Embedding<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.rows(x, A::apply(ToPositions, &[Arg::Real(x)]).index())
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        Ok(x.iter().copied().chain([self.sizes()[1]]).collect())
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        Some(x.clone())
    }
}

impl<F: Float> Described<F> for Embedding<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let (things, width) = (description.get_whole("things")?, description.get_whole("width")?);
        let padding = match description.get_wholes("padding")?[..] {
            [] => None,
            [row] if row < things => Some(row),
            ref rows => return Err(Error::shape("embedding", format!("padding is row {rows:?} of {things}"))),
        };
        Ok(Embedding { weight: Param::new(weights.take("weight", &[things, width])?), padding })
    }
}
