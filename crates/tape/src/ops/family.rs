//! How a family of operations is listed.

/// Turns the list of a family into what iterates over it: for each file the types of its operations, those of its
/// compositions, and the names that users write.
macro_rules! family {
    ($($file:ident: [$($operation:ident)*] [$($composition:ident)*] [$($written:ident)*])*) => {
        $(pub use $file::*;)*

        /// The methods and functions of this family that users call.
        pub mod methods {
            $($(pub use super::$written;)*)*
        }

        /// What the registry of all families is made of.
        pub(crate) mod registry {
            use std::any::TypeId;

            use super::*;
            use crate::rule::algebra::{Algebra, Args};
            use crate::rule::case::Case;
            use crate::rule::op::{Named, Op};
            use crate::ops::AnyOp;

            /// The name of each type of operation.
            pub(crate) const NAMES: &[&str] = &[$($(stringify!($operation),)*)*];

            /// The types, in the order of their names.
            pub(crate) fn types() -> Vec<TypeId> {
                vec![$($(TypeId::of::<$operation>(),)*)*]
            }

            #[inline]
            pub(crate) fn cases() -> Vec<Case> {
                [$($(<$operation as Op>::cases(),)*)*].concat()
            }

            #[inline]
            pub(crate) fn named() -> Vec<Named> {
                [$($(<$operation as Op>::named(),)*)*].into_iter().flatten().collect()
            }

            #[cfg(feature = "json")]
            pub(crate) fn to_json(_op: &AnyOp) -> Option<(&'static str, serde_json::Value)> {
                $($(if let Some(op) = _op.downcast_ref::<$operation>() {
                    return Some((stringify!($operation), serde_json::to_value(op).ok()?));
                })*)*
                None
            }

            #[cfg(feature = "json")]
            pub(crate) fn from_json(name: &str, attributes: &serde_json::Value) -> Option<serde_json::Result<AnyOp>> {
                match name {
                    $($(stringify!($operation) =>
                        Some(serde_json::from_value::<$operation>(attributes.clone()).map(AnyOp::new)),)*)*
                    _ => None,
                }
            }

            /// How each operation is put behind a pointer, by its type.
            #[cfg(debug_assertions)]
            pub(crate) fn compiled_here() -> Vec<(TypeId, crate::ops::Maker)> {
                vec![$($((TypeId::of::<$operation>(), |op| {
                    op.downcast_ref::<$operation>().map(|op| AnyOp::behind::<f32, $operation>(op.clone()))
                }),)*)*]
            }

            #[inline]
            pub(crate) fn for_both_floats(op: &AnyOp) -> Option<AnyOp> {
                $($(if let Some(op) = op.downcast_ref::<$operation>() {
                    return Some(AnyOp::new(op.clone()));
                })*)*
                None
            }

            /// A public function of this family that is a composition of operations.
            #[derive(Clone, Debug)]
            #[non_exhaustive]
            pub enum Composition {
                $($(#[doc = concat!("[`", stringify!($composition), "`]")] $composition($composition),)*)*
            }

            impl Composition {
                #[inline]
                pub(crate) fn cases() -> Vec<(Composition, Case)> {
                    let mut _cases = Vec::new();
                    $($(_cases.extend(
                        <$composition as crate::rule::case::Function>::cases().into_iter().map(|(f, case)| (Composition::$composition(f), case)),
                    );)*)*
                    _cases
                }

                pub(crate) fn describe(&self) -> (&'static str, &'static str) {
                    match *self { $($(Composition::$composition(_) => (<$composition as crate::rule::case::Function>::NAME, <$composition as crate::rule::case::Function>::TEXT),)*)* }
                }

                pub(crate) fn call<A: Algebra>(&self, _a: Args<'_, A>) -> A {
                    match *self { $($(Composition::$composition(ref f) => crate::rule::case::Function::call(f, _a),)*)* }
                }
            }
        }
    };
}
