//! Lines in the three notations.

use super::symbols::Symbols;
use super::{Piece, Product, Sum};
use crate::formula::{Expression, Latex, MathMl, Plain, Slot, Style, printed};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Notation {
    Text,
    Latex,
    MathMl,
}

/// How lines are written.
pub(super) struct Writing<'a> {
    pub(super) notation: Notation,
    pub(super) symbols: &'a Symbols,
    pub(super) output: usize,
}

impl Writing<'_> {
    /// `left = side = side`
    pub(super) fn line(&self, left: &Piece, sides: &[Sum]) -> String {
        let sides: Vec<String> = sides.iter().map(|sum| self.sum(sum)).collect();
        let left = self.piece(left);
        match self.notation {
            Notation::Text => format!("{left} = {}", sides.join(" = ")),
            Notation::Latex => format!("{left} &= {}", sides.join(" = ")),
            Notation::MathMl => format!("<mtd>{left}</mtd><mtd><mo>=</mo>{}</mtd>", sides.join("<mo>=</mo>")),
        }
    }

    fn sum(&self, sum: &Sum) -> String {
        let closed =
            |piece: &Piece| matches!(piece, Piece::Formula(Expression::Cases(_))) && self.style().cases_are_closed();
        let product = |(which, product): (usize, &Product)| {
            let alone = product.len() == 1;
            let factor = |(k, piece): (usize, &Piece)| {
                let text = self.piece(piece);
                let bare = match looseness(piece) {
                    Loose::No => true,
                    // a sign in front of all is none between two
                    Loose::Sign => k == 0 && which == 0,
                    Loose::Sum => closed(piece) || alone && sum.len() == 1,
                };
                if bare { text } else { self.style().brackets(&text) }
            };
            product.iter().enumerate().map(factor).collect::<Vec<_>>().join(&self.style().operator("·"))
        };
        let products: Vec<String> = sum.iter().enumerate().map(product).collect();
        products.join(&self.style().operator("+"))
    }

    fn piece(&self, piece: &Piece) -> String {
        match piece {
            Piece::Formula(formula) => self.formula(formula),
            Piece::Number(x) => self.formula(&Expression::Number(*x)),
            Piece::Derivative(by) => match self.notation {
                Notation::Text => format!("∂{}/∂{}", self.symbols.text(self.output), self.symbols.text(*by)),
                Notation::Latex => {
                    format!(
                        "\\frac{{\\partial {}}}{{\\partial {}}}",
                        self.symbols.latex(self.output),
                        self.symbols.latex(*by)
                    )
                }
                Notation::MathMl => {
                    let part = |index: usize| format!("<mrow><mo>∂</mo>{}</mrow>", self.symbols.mathml(index));
                    format!("<mfrac>{}{}</mfrac>", part(self.output), part(*by))
                }
            },
            Piece::Text(text) => match self.notation {
                Notation::Text => text.clone(),
                Notation::Latex => {
                    format!("\\text{{{}}}", text.replace(['{', '}', '\\', '$', '_', '^', '%', '#', '&'], " "))
                }
                Notation::MathMl => format!("<mtext>{}</mtext>", crate::svg::escape(text)),
            },
        }
    }

    /// A formula whose operands are nodes.
    fn formula(&self, formula: &Expression) -> String {
        let called = |slot| match (slot, self.notation) {
            (Slot::Argument(node), Notation::Text) => self.symbols.text(node).into(),
            (Slot::Argument(node), Notation::Latex) => self.symbols.latex(node),
            (Slot::Argument(node), Notation::MathMl) => self.symbols.mathml(node),
            // the node itself stands in its place
            (Slot::Value, _) => String::new(),
        };
        printed(formula, self.style(), &called)
    }

    fn style(&self) -> &'static dyn Style {
        match self.notation {
            Notation::Text => &Plain,
            Notation::Latex => &Latex,
            Notation::MathMl => &MathMl,
        }
    }
}

/// Whether a piece needs brackets in a product.
#[derive(PartialEq)]
enum Loose {
    No,
    /// It begins with a sign: in brackets unless it comes first.
    Sign,
    Sum,
}

fn looseness(piece: &Piece) -> Loose {
    match piece {
        Piece::Formula(
            Expression::Sum(..) | Expression::Difference(..) | Expression::Cases(_) | Expression::Relation(..),
        ) => Loose::Sum,
        Piece::Formula(Expression::Negative(_)) => Loose::Sign,
        Piece::Formula(Expression::Number(x)) | Piece::Number(x) if *x < 0.0 => Loose::Sign,
        _ => Loose::No,
    }
}
