//! The reader "text": a rule prints itself.

use std::fmt;

use crate::error::{Error, OrRaise};
use crate::reader::erased::{Custom, Described, ReadBy, result_shape};
use crate::reader::{BySymbol, by_formula};
use crate::rule::algebra::{Algebra, Any, Arg, Elementwise, Lift, TruthValues};
use crate::rule::op::{Kind, Op};
use crate::rule::operand::{IndexOperand, MaskOperand};
use crate::rule::param::Param;
use crate::rule::pointwise::{Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;

/// A formula as text, with the shape of its value.
///
/// Formulas of derivatives need values that can be copied, so the text is leaked: it is meant for tables and pictures,
/// where each rule is printed once.
///
/// # Examples
/// ```
/// use wengert_tape::prelude::*;
/// use wengert_tape::Text;
/// let (a, b) = (Text::new("a", [2, 3]), Text::new("b", [2, 3]));
/// assert_eq!(((a + b) * a.sin()).to_string(), "(a + b) · sin(a)");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Text {
    formula: &'static str,
    shape: &'static [usize],
}

impl Text {
    /// A name for a value of the given shape.
    pub fn new(name: impl Into<String>, shape: impl Into<Shape>) -> Self {
        Text { formula: String::leak(name.into()), shape: Vec::leak(shape.into().to_vec()) }
    }

    /// The formula as an operand: in brackets if it is a sum or product.
    fn operand(&self) -> String {
        let mut depth = 0;
        let binds_loosely = self.formula.char_indices().any(|(k, c)| {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ' ' if depth == 0 => return true,
                '-' if depth == 0 && k == 0 => return true,
                _ => {}
            }
            false
        });
        if binds_loosely { format!("({})", self.formula) } else { self.formula.into() }
    }
}

/// The formula with one pair of brackets where two enclose the same: `exp((a + b))` is `exp(a + b)`.
fn without_double_brackets(formula: &str) -> String {
    let mut open = Vec::new();
    let mut pairs = Vec::new();
    for (k, c) in formula.char_indices() {
        match c {
            '(' => open.push(k),
            ')' => pairs.extend(open.pop().map(|start| (start, k))),
            _ => {}
        }
    }
    let double = |(start, end): &(usize, usize)| pairs.contains(&(start.wrapping_sub(1), end + 1));
    let redundant: Vec<usize> = pairs.iter().filter(|p| double(p)).flat_map(|(start, end)| [*start, *end]).collect();
    formula.char_indices().filter(|(k, _)| !redundant.contains(k)).map(|(_, c)| c).collect()
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.formula)
    }
}

impl Elementwise for Text {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let args: Vec<Arg<'_, Text>> = args.as_ref().iter().map(|a| Arg::Real(*a)).collect();
        Text::apply(op, &args).real()
    }
}

impl Algebra for Text {
    type Index = Text;
    type Mask = Text;

    #[track_caller]
    fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
        apply(&op, args)
    }

    #[track_caller]
    fn shape(&self) -> Shape {
        Shape::from(self.shape)
    }
    #[track_caller]
    fn shape_of_index(index: &Text) -> Shape {
        index.shape()
    }
    #[track_caller]
    fn shape_of_mask(mask: &Text) -> Shape {
        mask.shape()
    }

    #[track_caller]
    fn full(&self, shape: Shape, value: f64) -> Self {
        Text::new(value.to_string(), shape)
    }
    #[track_caller]
    fn index(&self, index: Tensor<i64>) -> Text {
        Text::new(index.to_string(), index.shape())
    }
    #[track_caller]
    fn mask(&self, mask: Tensor<bool>) -> Text {
        // A matrix of truth values in one line, as its rows of digits: `[100 110 111]`.
        let digits: Vec<String> = match mask.shape()[..] {
            [_, n] if n > 0 => mask
                .data()
                .chunks_exact(n)
                .map(|row| row.iter().map(|m| ["0", "1"][usize::from(*m)]).collect())
                .collect(),
            _ => return Text::new(mask.to_string(), mask.shape()),
        };
        Text::new(format!("[{}]", digits.join(" ")), mask.shape())
    }

    #[track_caller]
    fn known_mask(op: &str, _mask: &Text) -> Result<Tensor<bool>, Error> {
        Err(Error::unknown_mask(op))
    }

    fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
        f(&BySymbol(op.on_f64()))
    }

    #[track_caller]
    fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
        by_formula::vjp(op, arg, g, x, y)
    }
    #[track_caller]
    fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
        by_formula::jvp(op, arg, d, x, y)
    }
}

/// [`Algebra::apply`], compiled once and not for each type of operation.
#[track_caller]
fn apply(op: &dyn Described, args: &[Arg<'_, Text>]) -> Any<Text> {
    let texts: Vec<Text> = args
        .iter()
        .map(|a| match a {
            Arg::Real(t) | Arg::Index(t) | Arg::Mask(t) => **t,
        })
        .collect();
    let shapes: Vec<Shape> = texts.iter().map(|t| Shape::from(t.shape)).collect();
    let refs: Vec<&Shape> = shapes.iter().collect();
    let kinds: Vec<Kind> = args.iter().map(Arg::kind).collect();
    let shape = result_shape(op, &kinds, &refs).or_raise();
    let operands: Vec<String> = texts.iter().map(Text::operand).collect();
    let formula = op.own_text(&operands.iter().map(String::as_str).collect::<Vec<_>>());
    let text = Text::new(without_double_brackets(&formula), shape);
    match op.own_output() {
        Kind::Real => Any::Real(text),
        Kind::Index => Any::Index(text),
        Kind::Mask => Any::Mask(text),
    }
}

impl TruthValues for Text {
    type Numbers = Text;
}

impl<F: Float> Lift<F> for Text {
    #[track_caller]
    fn lift(&self, param: &Param<F>) -> Self {
        Text::new("w", param.value().shape())
    }
    #[track_caller]
    fn constant(&self, value: Tensor<F>) -> Self {
        Text::new("c", value.shape())
    }
}

impl IndexOperand<Text> for Text {
    #[track_caller]
    fn beside(&self, _like: &Text) -> Text {
        *self
    }
}
impl MaskOperand<Text> for Text {
    #[track_caller]
    fn beside(&self, _like: &Text) -> Text {
        *self
    }
}
