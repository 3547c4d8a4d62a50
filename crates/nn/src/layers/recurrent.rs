//! Recurrent layers: what comes next depends on what was.

use std::fmt;

use rand::Rng;
use wengert_tape::ops::concat;
use wengert_tape::prelude::*;

use super::{Described, in_batch, out_of_batch, shape_in_batch};
use crate::description::Description;
use crate::error::Error;
use crate::module::{Module, Name, Parameters, Reader, Visit, VisitMut};
use crate::saved::weights::Weights;

/// What a recurrent layer does in each step, with the input `x` and what it remembers, `h` (and `c`). Every `W`, `U` and
/// `b` has a block of rows for each gate, in this order:
///
/// | cell | gates | step |
/// | --- | --- | --- |
/// | `Tanh`, `Relu` | | h ← f(W x + b + U h + b′) |
/// | `Lstm` | i, f, g, o | c ← σ(f) c + σ(i) tanh(g); h ← σ(o) tanh(c) (Hochreiter and Schmidhuber 1997) |
/// | `Gru` | r, z, n | n = tanh(Wₙ x + bₙ + σ(r) (Uₙ h + b′ₙ)); h ← (1 − σ(z)) n + σ(z) h (Cho et al. 2014) |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rows = |cell| Recurrent::<f32>::new(cell, 3, 5, 1, &mut generator(1)).layers[0][0].value().shape()[0];
/// assert_eq!([Cell::Tanh, Cell::Gru, Cell::Lstm].map(rows), [5, 3 * 5, 4 * 5]); // a block for each gate
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The simple cell with the hyperbolic tangent.
    Tanh,
    /// The simple cell with the rectifier.
    Relu,
    /// Long short-term memory.
    Lstm,
    /// The gated recurrent unit.
    Gru,
}

impl Cell {
    const ALL: [Cell; 4] = [Cell::Tanh, Cell::Relu, Cell::Lstm, Cell::Gru];

    fn gates(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Cell::Tanh => "tanh",
            Cell::Relu => "relu",
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        })
    }
}

/// What recurrent layers remember between two steps, of each layer: `[batch, hidden]`, or `[hidden]` of one sequence.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Recurrent::<f64>::new(Cell::Lstm, 3, 5, 2, &mut generator(1));
/// let x = Tensor::randn([1, 7, 3], &mut generator(2));
/// let (whole, _) = layer.forward_from(&x, None);
/// // In two pieces, of which the second goes on where the first ended.
/// let (_, state) = layer.forward_from(&x.slice(1, ..4), None);
/// assert_eq!((state.hidden.len(), state.cell[1].shape()), (2, &Shape::from([1, 5])));
/// let (rest, _) = layer.forward_from(&x.slice(1, 4..), Some(&state));
/// assert!((whole.slice(1, 4..) - rest).abs().max().item() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentState<A> {
    /// The outputs h of the last step.
    pub hidden: Vec<A>,
    /// The memories c of [`Cell::Lstm`]; none of any other cell.
    pub cell: Vec<A>,
}

/// Recurrent layers one after another over sequences: PyTorch's `RNN`, `LSTM` and `GRU` with `batch_first`. Memories begin
/// at 0.
///
/// | part | shape |
/// | --- | --- |
/// | `x` | `[batch, time, inputs]`, or `[time, inputs]` of one sequence |
/// | `weight_ih_l0`, `weight_hh_l0` | `[gates · hidden, inputs]`, `[gates · hidden, hidden]`; `inputs` is `hidden` from the second layer on |
/// | `bias_ih_l0`, `bias_hh_l0` | `[gates · hidden]` |
/// | result | `[batch, time, hidden]`: h after each step, of the last layer |
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let layer = Recurrent::<f32>::new(Cell::Lstm, 3, 5, 2, &mut generator(1));
/// assert_eq!(layer.forward(&Shape::from([10, 7, 3])), [10, 7, 5]);
/// assert_eq!(layer.parameters()[4].0, "weight_ih_l1");
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<F: Float = f32> {
    /// What each layer does in each step.
    pub cell: Cell,
    /// The parameters of the layers: W, U, b and b′ of each.
    pub layers: Vec<[Param<F>; 4]>,
}

impl<F: Float> Recurrent<F> {
    /// Layers that begin as PyTorch's do: everything uniform within ±1/√hidden.
    ///
    /// # Panics
    /// If there are no layers.
    #[track_caller]
    pub fn new(cell: Cell, inputs: usize, hidden: usize, layers: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(layers > 0, "recurrent: no layers");
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut draw =
            |shape: Shape| Param::new(Tensor::<f64>::rand(shape, rng).map(|u| F::from_f64(bound * (2.0 * u - 1.0))));
        let layer = |k: usize| shapes(cell, if k == 0 { inputs } else { hidden }, hidden).map(&mut draw);
        Recurrent { cell, layers: (0..layers).map(layer).collect() }
    }

    /// The number of inputs in each step, and of what each layer remembers.
    pub fn sizes(&self) -> (usize, usize) {
        let [w, u, ..] = self.layers[0].each_ref().map(|param| param.value().shape());
        (w[1], u[1])
    }

    /// The outputs of a sequence that goes on where another ended, and what is remembered at its end: PyTorch's
    /// `y, state = layer(x, state)`. `None` is the beginning.
    ///
    /// # Panics
    /// If the input or the state does not fit.
    ///
    /// # Examples
    /// A sequence in two parts is the sequence as a whole, but for rounding, so that letters are generated one at a time:
    /// ```
    /// use wengert_nn::prelude::*;
    /// let layer = Recurrent::<f64>::new(Cell::Lstm, 3, 5, 2, &mut generator(1));
    /// let x = Tensor::<f64>::randn([2, 7, 3], &mut generator(2));
    /// let (first, state) = layer.forward_from(&x.slice(1, ..4), None);
    /// let (second, state) = layer.forward_from(&x.slice(1, 4..), Some(&state));
    /// assert!((concat(&[&first, &second], 1) - layer.forward(&x)).abs().max().item() < 1e-14);
    /// assert_eq!(state.hidden[1].shape(), &[2, 5]);
    /// ```
    #[track_caller]
    pub fn forward_from<A: Reader<F>>(&self, x: &A, state: Option<&RecurrentState<A>>) -> (A, RecurrentState<A>) {
        if let Err(e) = self.output_shape(&x.shape()).and_then(|_| self.check_state(&x.shape(), state)) {
            e.raise()
        }
        let (mut x, single) = in_batch(x, 3);
        let mut end = RecurrentState { hidden: Vec::new(), cell: Vec::new() };
        for (k, layer) in self.layers.iter().enumerate() {
            let before = |all: &Vec<A>| all.get(k).map(|memory| in_batch(memory, 2).0);
            let begin = state.map(|state| (before(&state.hidden), before(&state.cell))).unwrap_or_default();
            let (y, hidden, cell) = self.layer(&x, layer, begin);
            x = y;
            end.hidden.push(out_of_batch(hidden, single));
            end.cell.extend(cell.map(|cell| out_of_batch(cell, single)));
        }
        (out_of_batch(x, single), end)
    }

    /// Whether a state is one of these layers, for an input that fits.
    fn check_state<A: Algebra>(&self, x: &Shape, state: Option<&RecurrentState<A>>) -> Result<(), Error> {
        let Some(RecurrentState { hidden, cell }) = state else { return Ok(()) };
        let of_each: Shape = x[..x.rank() - 2].iter().copied().chain([self.sizes().1]).collect();
        let (layers, cells) = (self.layers.len(), if self.cell == Cell::Lstm { self.layers.len() } else { 0 });
        let error = |message: String| Err(Error::shape("recurrent", message));
        if (hidden.len(), cell.len()) != (layers, cells) {
            let (h, c) = (hidden.len(), cell.len());
            return error(format!("a state of {h} outputs and {c} memories for {layers} layers of {}", self.cell));
        }
        match hidden.iter().chain(cell).map(Algebra::shape).find(|shape| *shape != of_each) {
            Some(shape) => error(format!("a state of shape {shape} for an input {x}, not {of_each}")),
            None => Ok(()),
        }
    }

    /// One layer over a sequence, from what it remembers, or 0; its outputs, and what it remembers then.
    #[track_caller]
    fn layer<A: Reader<F>>(
        &self,
        x: &A,
        [w, u, b, c]: &[Param<F>; 4],
        (hidden_before, cell_before): (Option<A>, Option<A>),
    ) -> (A, A, Option<A>) {
        let (shape, hidden) = (x.shape(), self.sizes().1);
        let (batch, time) = (shape[0], shape[1]);
        // The inputs' part of every step at once: one matrix product instead of one for each.
        let inputs = x.matmul(x.lift(w).t()) + x.lift(b);
        let (u, c) = (x.lift(u).t(), x.lift(c));
        let mut h = match hidden_before {
            Some(hidden) => hidden,
            None => x.full([batch, hidden].into(), 0.0),
        };
        let mut memory = match cell_before {
            Some(cell) => cell,
            None => x.full([batch, hidden].into(), 0.0),
        };
        let width = self.cell.gates() * hidden;
        let mut results = Vec::with_capacity(time);
        for t in 0..time {
            let input = ReshapeExt::reshape(&inputs.slice(1, t..t + 1), [batch, width]);
            let before = h.matmul(&u) + &c;
            let gate = Gates { hidden };
            h = match self.cell {
                Cell::Tanh => (input + before).tanh(),
                Cell::Relu => (input + before).relu(),
                Cell::Lstm => {
                    let all = input + before;
                    let (i, f, o) =
                        (gate.of(&all, 0).sigmoid(), gate.of(&all, 1).sigmoid(), gate.of(&all, 3).sigmoid());
                    memory = f * memory + i * gate.of(&all, 2).tanh();
                    o * memory.tanh()
                }
                Cell::Gru => {
                    let r = (gate.of(&input, 0) + gate.of(&before, 0)).sigmoid();
                    let z = (gate.of(&input, 1) + gate.of(&before, 1)).sigmoid();
                    let n = (gate.of(&input, 2) + r * gate.of(&before, 2)).tanh();
                    // (1 − z) n + z h
                    n.clone() + z * (h - n)
                }
            };
            results.push(ReshapeExt::reshape(&h, [batch, 1, hidden]));
        }
        let cell = (self.cell == Cell::Lstm).then_some(memory);
        (concat(&results.iter().collect::<Vec<&A>>(), 1), h, cell)
    }
}

/// Where the gates stand among the columns.
struct Gates {
    hidden: usize,
}

impl Gates {
    /// The columns of a gate.
    #[track_caller]
    fn of<A: Algebra>(&self, all: &A, k: usize) -> A {
        all.slice(1, k * self.hidden..(k + 1) * self.hidden)
    }
}

/// The shapes of W, U, b and b′.
fn shapes(cell: Cell, inputs: usize, hidden: usize) -> [Shape; 4] {
    let rows = cell.gates() * hidden;
    [[rows, inputs].into(), [rows, hidden].into(), [rows].into(), [rows].into()]
}

/// The names of W, U, b and b′ of a layer, as PyTorch has them.
fn names(layer: usize) -> [String; 4] {
    ["weight_ih", "weight_hh", "bias_ih", "bias_hh"].map(|name| format!("{name}_l{layer}"))
}

impl<F: Float> Parameters<F> for Recurrent<F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        for (k, layer) in self.layers.iter().enumerate() {
            names(k).iter().zip(layer).for_each(|(name, param)| param.visit(at.field(name), visit));
        }
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        for (k, layer) in self.layers.iter_mut().enumerate() {
            names(k).iter().zip(layer).for_each(|(name, param)| param.visit_mut(at.field(name), visit));
        }
    }

    fn description(&self) -> Option<Description> {
        let (inputs, hidden) = self.sizes();
        let cell = Cell::ALL.iter().position(|cell| *cell == self.cell).unwrap_or(0);
        let sizes = Description::new("recurrent").whole("cell", cell).whole("inputs", inputs).whole("hidden", hidden);
        Some(sizes.whole("count", self.layers.len()))
    }
}

impl<F: Float> Module<F> for Recurrent<F> {
    #[track_caller]
    fn forward<A: Reader<F>>(&self, x: &A) -> A {
        self.forward_from(x, None).0
    }

    fn output_shape(&self, x: &Shape) -> Result<Shape, Error> {
        let (inputs, hidden) = self.sizes();
        shape_in_batch(x, 3, |x| match x[..] {
            [batch, time, n] if n == inputs && time > 0 => Ok([batch, time, hidden].into()),
            _ => {
                let message = format!("inputs [batch, time, {inputs}] of at least one step are needed, not {x}");
                Err(Error::shape("recurrent", message))
            }
        })
    }

    fn multiply_adds(&self, x: &Shape) -> u64 {
        // Of a batch and of a single sequence alike: all but the numbers of each step.
        let steps = self.output_shape(x).map_or(0, |y| y[..y.rank() - 1].iter().product::<usize>());
        let weights: usize = self.layers.iter().flat_map(|layer| &layer[..2]).map(|param| param.value().len()).sum();
        (steps * weights) as u64
    }

    fn nearest_input(&self, x: &Shape) -> Option<Shape> {
        let at = |k: usize| x.get(k).copied().unwrap_or(1).max(1);
        Some([at(0), at(1), self.sizes().0].into())
    }
}

impl<F: Float> Described<F> for Recurrent<F> {
    fn build(description: &Description, weights: &mut Weights<'_, F>) -> Result<Self, Error> {
        let [cell, inputs, hidden, layers] =
            ["cell", "inputs", "hidden", "count"].map(|name| description.get_whole(name));
        let (cell, inputs, hidden, layers) = (cell?, inputs?, hidden?, layers?);
        let cell = *Cell::ALL.get(cell).ok_or_else(|| Error::shape("recurrent", format!("there is no cell {cell}")))?;
        if layers == 0 {
            return Err(Error::shape("recurrent", "no layers"));
        }
        let mut layer = |k: usize| {
            let inputs = if k == 0 { inputs } else { hidden };
            let mut take = |(name, shape): (&String, &Shape)| Ok(Param::new(weights.take(name, shape)?));
            let params =
                names(k).iter().zip(&shapes(cell, inputs, hidden)).map(&mut take).collect::<Result<Vec<_>, _>>();
            params.map(|params| params.try_into().unwrap_or_else(|_| unreachable!("four names, four parameters")))
        };
        Ok(Recurrent { cell, layers: (0..layers).map(&mut layer).collect::<Result<_, Error>>()? })
    }
}
