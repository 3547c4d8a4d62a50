//! # wengert
//!
//! Reverse-mode automatic differentiation on a tape: build differentiable models, check gradients, teach
//! backpropagation.
//!
//! *R. E. Wengert described in 1964 how to get derivatives from the list of elementary operations that a program
//! performs. The list is called a Wengert list, or a tape.*
//!
//! This crate is the facade. The engine is [`wengert_tape`], whose items are all here; the features `check` and `nn` (on by
//! default) add the gradient checker and [`nn`], networks and their training; the feature `view` adds [`view`], the graph
//! made visible.
//!
//! ```
//! use wengert::prelude::*;
//!
//! let tape = Tape::new();
//! let (a, b) = (tape.scalar(2.0), tape.scalar(-3.0));
//! let c = (a * b + 2.0 * a.powi(3)).tanh();
//! let g = c.backward(); // a value: nothing to zero, nothing to retain
//! println!("{} {} {}", c.value(), g[a], g[b]);
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use wengert_tape::*;

#[cfg(feature = "nn")]
pub use wengert_nn as nn;
#[cfg(feature = "view")]
pub use wengert_view as view;

/// What most programs use: `use wengert::prelude::*;`
pub mod prelude {
    #[cfg(feature = "nn")]
    pub use wengert_nn::prelude::*;
    #[cfg(not(feature = "nn"))]
    pub use wengert_tape::prelude::*;
    #[cfg(feature = "view")]
    pub use wengert_view::prelude::*;
}

/// The examples of the README, compiled and run.
#[cfg(all(doctest, feature = "nn", feature = "view"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// The code of the page on adding an operation, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../docs/add-an-op.md")]
mod add_an_op {}

/// The page for those who come from PyTorch: every line compiled and run.
#[cfg(all(doctest, feature = "nn"))]
#[doc = include_str!("../docs/from-pytorch.md")]
mod from_pytorch {}

/// The code of the page on programs, compiled and run.
#[cfg(all(doctest, feature = "nn"))]
#[doc = include_str!("../docs/programs.md")]
mod programs {}

/// The code of the page on stepping through a graph, compiled and run.
#[cfg(all(doctest, feature = "nn", feature = "view"))]
#[doc = include_str!("../docs/step-through.md")]
mod step_through {}

/// The code of the page on seeing a training, compiled and run.
#[cfg(all(doctest, feature = "nn", feature = "view"))]
#[doc = include_str!("../docs/see-a-training.md")]
mod see_a_training {}

/// The code of the page on trainings that do not learn, compiled and run.
#[cfg(all(doctest, feature = "nn", feature = "view"))]
#[doc = include_str!("../docs/when-it-does-not-learn.md")]
mod when_it_does_not_learn {}

/// The code of the page on checking gradients, compiled and run.
#[cfg(all(doctest, feature = "nn"))]
#[doc = include_str!("../docs/check-your-gradients.md")]
mod check_your_gradients {}
