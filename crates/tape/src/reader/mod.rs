//! What rules are read with: numbers, numbers with tangents, shapes, text, recorded values. And operations whose type is not
//! known, for which a rule is compiled once for each of these.
//!
//! It knows rules and kernels. Of the operations it knows how to repeat and how to sum, which is what broadcasting is. A recorded
//! value is a handle here; the tape behind it is not known.

pub(crate) mod any_op;
pub(crate) mod by_formula;
pub(crate) mod custom_op;
mod dual;
mod dual_formula;
pub(crate) mod erased;
mod numbers;
pub(crate) mod pointwise_op;
pub(crate) mod shapes;
mod symbol;
mod text;
pub(crate) mod var_handle;

pub use dual::{Base, Dual};
pub(crate) use dual::{DualIndex, DualMask};
pub(crate) use numbers::evaluate;
pub use shapes::{Cost, cost};
pub(crate) use symbol::{BySymbol, Symbol};
pub use text::Text;
