//! The operations, one file each, in families. An operation stands in its file and in the list of its family, and nowhere
//! else: names, methods and registry follow from that list.
//!
//! They know rules, kernels and each other. That a tape exists they do not know.

use std::any::TypeId;
#[cfg(debug_assertions)]
use std::collections::HashMap;
#[cfg(debug_assertions)]
use std::sync::LazyLock;

use crate::rule::algebra::{Algebra, Args};
use crate::rule::case::Case;
use crate::rule::op::Named;

#[macro_use]
mod family;

pub mod activation;
pub mod arithmetic;
pub mod arrange;
pub mod comparison;
pub mod convolve;
pub mod functions;
pub mod index;
#[cfg(feature = "linalg")]
pub mod linalg;
pub mod loss;
pub mod normalisation;
pub mod product;
pub mod reduce;

/// Joins the families.
macro_rules! families {
    ($($(#[$cfg:meta])? $family:ident: $name:ident)*) => {
        $($(#[$cfg])? pub use $family::*;)*

        /// The methods and functions that users call.
        pub mod methods {
            $($(#[$cfg])? pub use super::$family::methods::*;)*
        }

        /// The names of the types, family by family.
        const NAMES: &[&[&str]] = &[$($(#[$cfg])? $family::registry::NAMES),*];

        impl AnyOp {
            /// The cases of every operation in the registry.
            #[inline]
            pub fn registered_cases() -> Vec<Case> {
                let mut cases = Vec::new();
                $($(#[$cfg])? cases.extend($family::registry::cases());)*
                cases
            }

            /// Every operation of the registry that acts element by element, by name.
            ///
            /// # Examples
            /// ```
            /// use wengert_tape::{Algebra, Arg, Tensor, ops::AnyOp};
            /// let named = |name: &str| AnyOp::named().into_iter().find(|op| op.name == name).unwrap();
            /// let op = (named("tanh").make)(0.0).unwrap();
            /// assert_eq!(Tensor::apply(op, &[Arg::Real(&Tensor::from(100.0))]).real().item(), 1.0);
            /// assert!((named("powi").make)(2.5).is_none());
            /// ```
            #[inline]
            pub fn named() -> Vec<Named> {
                let mut named = Vec::new();
                $($(#[$cfg])? named.extend($family::registry::named());)*
                named
            }

            /// The types in the registry, in the order of [`REGISTERED`](Self::REGISTERED).
            fn registered_types() -> Vec<TypeId> {
                let mut types = Vec::new();
                $($(#[$cfg])? types.extend($family::registry::types());)*
                types
            }

            /// The name of the operation's type and its attributes; `None` for a user's own.
            #[cfg(feature = "json")]
            pub(crate) fn to_json(&self) -> Option<(&'static str, serde_json::Value)> {
                $($(#[$cfg])? if let Some(found) = $family::registry::to_json(self) {
                    return Some(found);
                })*
                None
            }

            /// The operation of that name with those attributes; `None` if there is none.
            #[cfg(feature = "json")]
            pub(crate) fn from_json(name: &str, attributes: &serde_json::Value) -> Option<serde_json::Result<AnyOp>> {
                $($(#[$cfg])? if let Some(found) = $family::registry::from_json(name, attributes) {
                    return Some(found);
                })*
                None
            }

            /// An operation of the registry, as this crate compiles it: for who is not optimised (decision 0013). Release builds
            /// compile what they use where they use it.
            #[cfg(debug_assertions)]
            pub(crate) fn compiled_here<O: crate::rule::op::Op>(op: &O) -> Option<AnyOp> {
                static MAKERS: LazyLock<HashMap<TypeId, Maker>> = LazyLock::new(|| {
                    let mut makers = HashMap::new();
                    $($(#[$cfg])? makers.extend($family::registry::compiled_here());)*
                    makers
                });
                MAKERS.get(&TypeId::of::<O>()).and_then(|make| make(op))
            }

            /// The operation, compiled for both float types; `None` for a user's own that is not.
            #[inline]
            pub(crate) fn for_both_floats(&self) -> Option<AnyOp> {
                if self.is_for_f32() {
                    return Some(self.clone());
                }
                $($(#[$cfg])? if let Some(op) = $family::registry::for_both_floats(self) {
                    return Some(op);
                })*
                None
            }
        }

        /// A public function that is a composition of operations, by its family.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyFunction {
            $($(#[$cfg])? #[doc = concat!("One of the family `", stringify!($family), "`.")] $name($family::registry::Composition),)*
        }

        impl AnyFunction {
            /// The cases of every function.
            #[inline]
            pub fn registered_cases() -> Vec<(AnyFunction, Case)> {
                let mut cases = Vec::new();
                $($(#[$cfg])? cases.extend(
                    $family::registry::Composition::cases().into_iter().map(|(f, case)| (AnyFunction::$name(f), case)),
                );)*
                cases
            }

            /// The name of the method, and what it computes.
            pub fn describe(&self) -> (&'static str, &'static str) {
                match self { $($(#[$cfg])? AnyFunction::$name(f) => f.describe(),)* }
            }

            /// The composition.
            pub fn call<A: Algebra>(&self, a: Args<'_, A>) -> A {
                match self { $($(#[$cfg])? AnyFunction::$name(f) => f.call(a),)* }
            }
        }
    };
}
families! {
    activation: Activation
    arithmetic: Arithmetic
    arrange: Arrange
    comparison: Comparison
    convolve: Convolve
    functions: Functions
    index: Index
    #[cfg(feature = "linalg")] linalg: Linalg
    loss: Loss
    normalisation: Normalisation
    product: Product
    reduce: Reduce
}

pub use crate::reader::any_op::AnyOp;

impl AnyOp {
    /// The name of each type in the registry.
    pub const REGISTERED: &'static [&'static str] = &joined::<{ count(NAMES) }>(NAMES);

    /// The name of the operation's type, if it is one of the registry.
    pub fn registered_name(&self) -> Option<&'static str> {
        let types = Self::registered_types();
        types.iter().position(|t| *t == self.type_id()).map(|k| Self::REGISTERED[k])
    }

    /// Whether the operation is one of the registry, and not a user's own.
    pub fn is_registered(&self) -> bool {
        Self::registered_types().contains(&self.type_id())
    }
}

/// Puts an operation of one type behind a pointer.
#[cfg(debug_assertions)]
type Maker = fn(&dyn std::any::Any) -> Option<AnyOp>;

/// The number of names in all lists.
const fn count(lists: &[&[&str]]) -> usize {
    let (mut k, mut n) = (0, 0);
    while k < lists.len() {
        n += lists[k].len();
        k += 1;
    }
    n
}

/// All lists as one.
const fn joined<const N: usize>(lists: &[&[&'static str]]) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut k, mut n) = (0, 0);
    while k < lists.len() {
        let mut i = 0;
        while i < lists[k].len() {
            all[n] = lists[k][i];
            n += 1;
            i += 1;
        }
        k += 1;
    }
    all
}

/// Has the rules of every operation compiled here, for all test programs together. A release build compiles what a
/// program uses.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub fn compiled_once() -> usize {
    AnyOp::registered_cases().len() + AnyFunction::registered_cases().len() + AnyOp::named().len()
}
