//! Formulas of operations printed: as text, MathML, LaTeX and JavaScript.

mod expression;
mod latex;
mod mathml;
mod script;
mod text;

pub(crate) use expression::{Expression, Slot, Style, printed};
pub(crate) use latex::Latex;
pub(crate) use mathml::{MathMl, slot};
pub(crate) use script::script;
pub(crate) use text::Plain;
