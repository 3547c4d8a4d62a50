//! The derivative of a graph written out: definitions, then a line for each leaf or for each step.

mod notation;
mod symbols;
mod writer;

use wengert_tape::{Error, Float, NodeKind};

use crate::View;
use crate::formula::Expression;
use notation::{Notation, Writing};
use symbols::Symbols;
use writer::Writer;

/// Of more paths from a leaf the derivative is written step by step.
const PATHS: usize = 12;

/// A product, a sum of products, and what they are made of.
type Product = Vec<Piece>;
type Sum = Vec<Product>;

/// What lines are made of.
#[derive(Clone, Debug)]
enum Piece {
    /// A formula whose operands are positions of the graph.
    Formula(Expression),
    /// The derivative of the output by the node at a position.
    Derivative(usize),
    Number(f64),
    /// What an operation on tensors says of itself.
    Text(String),
}

/// A line: what is said to be equal.
#[derive(Clone, Debug)]
struct Line {
    left: Piece,
    /// A definition has one, a derivative up to three: the formula, its numbers, the result.
    sides: Vec<Sum>,
}

/// The derivative of a graph by its leaves, written out: [`View::derivation`].
#[derive(Clone, Debug)]
pub struct Derivation {
    lines: Vec<Line>,
    symbols: Symbols,
    output: usize,
    numbers: bool,
}

impl<F: Float> View<F> {
    /// The derivative of the last operation by every `var`, written out: first what is named, then for each leaf the chain of its
    /// local derivatives in one line, summed over its paths. Where there are many paths, or tensors, it is a line for each step.
    ///
    /// # Errors
    /// As [`steps`](View::steps).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let (x, w, b) = (tape.scalar(0.5), tape.scalar(-2.0), tape.scalar(1.0));
    /// let view = (x * w + b).tanh().view().name(x, "x").name(w, "w").name(b, "b");
    /// let lines = [
    ///     "y = tanh(x · w + b) = 0",
    ///     "∂y/∂x = w · (1 − tanh²(x · w + b)) = −2 · 1 = −2",
    ///     "∂y/∂w = x · (1 − tanh²(x · w + b)) = 0.5 · 1 = 0.5",
    ///     "∂y/∂b = 1 − tanh²(x · w + b) = 1",
    /// ];
    /// assert_eq!(view.derivation()?.numbers().text(), lines.join("\n") + "\n");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn derivation(&self) -> Result<Derivation, Error> {
        let writer = Writer::new(self)?;
        let many = self.graph.nodes.iter().any(|node| node.kind == NodeKind::Var && writer.ways[node.index] > PATHS);
        let numeric = writer.steps.steps.iter().flat_map(|step| &step.parts).all(|part| part.local.is_some());
        Ok(if many || !numeric { writer.by_steps() } else { writer.by_leaves() })
    }

    /// The same with a line for each step of the backward pass.
    ///
    /// # Errors
    /// As [`steps`](View::steps).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let x = tape.scalar(2.0);
    /// let (z, y) = { let z = x * x; (z, z.exp()) };
    /// let view = y.view().name(x, "x").name(z, "z").name(y, "y");
    /// assert_eq!(view.derivation_by_steps()?.text(), "z = x²\ny = exp(z)\n∂y/∂y = 1\n∂y/∂z = y · ∂y/∂y\n∂y/∂x = x · ∂y/∂z + x · ∂y/∂z\n");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn derivation_by_steps(&self) -> Result<Derivation, Error> {
        Ok(Writer::new(self)?.by_steps())
    }

    /// The [`derivation`](View::derivation) in LaTeX, for KaTeX and the like.
    ///
    /// # Errors
    /// As [`steps`](View::steps).
    pub fn latex(&self) -> Result<String, Error> {
        self.derivation().map(|derivation| derivation.latex())
    }

    /// The [`derivation`](View::derivation) in MathML, which browsers show.
    ///
    /// # Errors
    /// As [`steps`](View::steps).
    pub fn mathml(&self) -> Result<String, Error> {
        self.derivation().map(|derivation| derivation.mathml())
    }
}

impl Derivation {
    /// With the numbers put in.
    pub fn numbers(mut self) -> Self {
        self.numbers = true;
        self
    }

    /// As text, a line each.
    pub fn text(&self) -> String {
        self.written(Notation::Text).iter().map(|line| format!("{line}\n")).collect()
    }

    /// As LaTeX, aligned at the first sign of equality: to stand between `$$`.
    pub fn latex(&self) -> String {
        format!("\\begin{{aligned}}\n{}\n\\end{{aligned}}\n", self.written(Notation::Latex).join(" \\\\\n"))
    }

    /// As MathML, a table with a row for each line.
    pub fn mathml(&self) -> String {
        let rows: Vec<String> =
            self.written(Notation::MathMl).iter().map(|line| format!("<mtr>{line}</mtr>\n")).collect();
        format!(
            "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"block\"><mtable columnalign=\"right left\">\n{}</mtable></math>\n",
            rows.concat()
        )
    }

    fn written(&self, notation: Notation) -> Vec<String> {
        let writing = Writing { notation, symbols: &self.symbols, output: self.output };
        let sides = |line: &Line| if self.numbers { line.sides.len() } else { 1 };
        self.lines.iter().map(|line| writing.line(&line.left, &line.sides[..sides(line)])).collect()
    }
}
