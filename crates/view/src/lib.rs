//! Recorded graphs made visible: as text, for Graphviz, as SVG, as a page on which the chain rule is stepped through.
//!
//! ```
//! use wengert_tape::prelude::*;
//! use wengert_view::prelude::*;
//!
//! let tape = Tape::new();
//! let (x, w, b) = (tape.scalar(0.5), tape.scalar(-2.0), tape.scalar(1.0));
//! let y = (x * w + b).tanh();
//!
//! let view = y.view().gradients(&y.backward_all()).name(x, "x").name(w, "w").name(b, "b").without_lines();
//! let lines = [
//!     "node  operation  formula   shape  value  gradient",
//!     "%1    var        x         []      0.5   -2",
//!     "%2    var        w         []     -2      0.5",
//!     "%3    var        b         []      1      1",
//!     "%4    mul        x · w     []     -1      1",
//!     "%5    add        %4 + b    []      0      1",
//!     "%6    tanh       tanh(%5)  []      0      1",
//! ];
//! assert_eq!(view.to_string(), lines.join("\n") + "\n");
//!
//! let picture = view.svg(); // write it to a file, or into a page
//! assert!(picture.starts_with("<svg"));
//! ```
//!
//! [`ViewExt`] gives every tape and every recorded value the methods [`print`](ViewExt::print),
//! [`graphviz`](ViewExt::graphviz) and [`svg`](ViewExt::svg); [`view`](ViewExt::view) gives the [`View`] that they are made
//! from, to which gradients and names can be added.
//!
//! [`explore`](ViewExt::explore) writes a page: one file on which the backward pass is stepped through. The same as data is
//! [`View::steps`], and written out in text, LaTeX or MathML it is a [`Derivation`]. [`View::fold`] draws neurons, source lines,
//! functions or layers as boxes ([`Fold`]).
//!
//! [`ReportExt`] draws what a gradient check saw: the error of the difference against its step.
//!
//! [`lint`](ViewExt::lint) looks for what hinders learning: parameters that are not used, dead and saturated units, and more
//! ([`Concern`]).
//!
//! [`profile`](ViewExt::profile) tells where time and memory go, by node and source line.
//!
//! [`plot`] draws curves, decision boundaries, activations and weights.
//!
//! A constant number is written into the formula that it stands in; a constant tensor is a node.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod curve;
mod derivation;
mod digraph;
mod fold;
mod formula;
mod label;
mod layout;
mod lint;
mod listing;
mod numeral;
mod page;
pub mod plot;
pub mod prelude;
mod profile;
#[cfg(feature = "raster")]
mod raster;
mod rule;
mod steps;
mod svg;
mod view;

pub use curve::ReportExt;
pub use derivation::Derivation;
pub use fold::Fold;
pub use lint::{Concern, Lint, Remark};
pub use petgraph;
pub use profile::{LineCost, NodeCost, Profile};
#[cfg(feature = "raster")]
pub use raster::png;
pub use steps::{Part, Step, Steps};
pub use view::{Node, View, ViewExt};
