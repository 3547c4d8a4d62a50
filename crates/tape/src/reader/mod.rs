//! The kinds of value that rules are read with, beside [`Var`](crate::Var).

pub(crate) mod complex;
mod dual;
pub(crate) mod formula;
mod numbers;
pub(crate) mod series;
pub(crate) mod shapes;
mod symbol;
mod text;

pub use dual::{Base, Dual};
pub(crate) use dual::{DualIndex, DualMask};
pub use shapes::{Cost, cost};
pub(crate) use symbol::{BySymbol, Symbol};
pub use text::Text;
