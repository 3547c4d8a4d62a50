//! Recorded values and texts as one type: a rule is compiled once for all readers that compute nothing themselves.

use std::any::Any as StdAny;

use crate::algebra::{Algebra, Any, Arg, Args, Elementwise, IndexOperand, MaskOperand, TruthValues};
use crate::any_op::AnyOp;
use crate::error::Error;
use crate::few::Few;
use crate::float::Float;
use crate::op::{Cotangents, Custom, Op, ReadBy};
use crate::pointwise::{Arity, Of, Pointwise};
use crate::readers::{Dual, Text, formula};
use crate::shape::Shape;
use crate::tape::Var;
use crate::tensor::Tensor;

/// A reader whose values are handles, and which reads a rule by way of [`Symbol`].
pub(crate) trait Symbolic: Algebra + Copy
where
    Self::Index: Copy,
    Self::Mask: Copy,
{
    /// The value as a symbol.
    fn symbol(self) -> Symbol;
    /// The index as one of symbols.
    fn symbol_index(index: Self::Index) -> SymbolIndex;
    /// The mask as one of symbols.
    fn symbol_mask(mask: Self::Mask) -> SymbolMask;
    /// The value in a symbol of this reader.
    fn of_symbol(symbol: Symbol) -> Self;
    /// The index in one of this reader.
    fn of_symbol_index(index: SymbolIndex) -> Self::Index;
    /// The mask in one of this reader.
    fn of_symbol_mask(mask: SymbolMask) -> Self::Mask;
}

macro_rules! symbols {
    ($($variant:ident $reader:ty;)*) => {
        /// A value of a reader that is known when the program runs: recorded, recorded with a tangent, or text.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum Symbol { $($variant($reader)),* }

        /// Positions beside symbols.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum SymbolIndex { $($variant(<$reader as Algebra>::Index)),* }

        /// Truth values beside symbols.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum SymbolMask { $($variant(<$reader as Algebra>::Mask)),* }

        $(impl Symbolic for $reader {
            fn symbol(self) -> Symbol {
                Symbol::$variant(self)
            }
            fn symbol_index(index: Self::Index) -> SymbolIndex {
                SymbolIndex::$variant(index)
            }
            fn symbol_mask(mask: Self::Mask) -> SymbolMask {
                SymbolMask::$variant(mask)
            }
            fn of_symbol(symbol: Symbol) -> Self {
                match symbol {
                    Symbol::$variant(x) => x,
                    other => mixed(&other),
                }
            }
            fn of_symbol_index(index: SymbolIndex) -> Self::Index {
                match index {
                    SymbolIndex::$variant(x) => x,
                    other => mixed(&other),
                }
            }
            fn of_symbol_mask(mask: SymbolMask) -> Self::Mask {
                match mask {
                    SymbolMask::$variant(x) => x,
                    other => mixed(&other),
                }
            }
        })*

        impl Algebra for Symbol {
            type Index = SymbolIndex;
            type Mask = SymbolMask;

            #[track_caller]
            fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
                Symbol::apply_any(AnyOp::new(op), args)
            }
            fn shape(&self) -> Shape {
                match self { $(Symbol::$variant(x) => x.shape()),* }
            }
            fn shape_of_index(index: &SymbolIndex) -> Shape {
                match index { $(SymbolIndex::$variant(x) => <$reader>::shape_of_index(x)),* }
            }
            fn shape_of_mask(mask: &SymbolMask) -> Shape {
                match mask { $(SymbolMask::$variant(x) => <$reader>::shape_of_mask(x)),* }
            }
            fn full(&self, shape: Shape, value: f64) -> Self {
                match self { $(Symbol::$variant(x) => x.full(shape, value).symbol()),* }
            }
            fn index(&self, index: Tensor<i64>) -> SymbolIndex {
                match self { $(Symbol::$variant(x) => SymbolIndex::$variant(Algebra::index(x, index))),* }
            }
            fn mask(&self, mask: Tensor<bool>) -> SymbolMask {
                match self { $(Symbol::$variant(x) => SymbolMask::$variant(Algebra::mask(x, mask))),* }
            }
            fn known_mask(op: &str, mask: &SymbolMask) -> Result<Tensor<bool>, Error> {
                match mask { $(SymbolMask::$variant(x) => <$reader>::known_mask(op, x)),* }
            }
            fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
                f(op)
            }
            fn pointwise_vjp<P: Pointwise>(op: &P, arg: usize, g: Self, x: Of<P, &Self>, y: &Self) -> Self {
                formula::vjp(op, arg, g, x, y)
            }
            fn pointwise_jvp<P: Pointwise>(op: &P, arg: usize, d: Self, x: Of<P, &Self>, y: &Self) -> Self {
                formula::jvp(op, arg, d, x, y)
            }
        }

        impl Symbol {
            /// [`Algebra::apply`], compiled once and not for each type of operation.
            #[track_caller]
            fn apply_any(op: AnyOp, args: &[Arg<'_, Symbol>]) -> Any<Symbol> {
                match args.first() {
                    $(Some(
                        Arg::Real(Symbol::$variant(_))
                        | Arg::Index(SymbolIndex::$variant(_))
                        | Arg::Mask(SymbolMask::$variant(_)),
                    ) => apply_as::<$reader>(op, args),)*
                    None => unreachable!("an operation of nothing"),
                }
            }

            /// The value itself, of whatever reader.
            pub(crate) fn as_any(&self) -> &dyn StdAny {
                match self { $(Symbol::$variant(x) => x),* }
            }
        }
    };
}

symbols! {
    Var32 Var<f32>;
    Var64 Var<f64>;
    DualVar32 Dual<Var<f32>>;
    DualVar64 Dual<Var<f64>>;
    Text Text;
}

impl Symbol {
    /// The recorded value of a tape of `F`, if it is one.
    pub(crate) fn var<F: Float>(&self) -> Option<Var<F>> {
        self.as_any().downcast_ref().copied()
    }

    /// A recorded value beside this one, of the same float type, as a symbol.
    pub(crate) fn beside<F: Float>(&self, var: Var<F>) -> Symbol {
        match self {
            Symbol::Var32(_) => Symbol::Var32(Var::new(var.key, var.id)),
            Symbol::Var64(_) => Symbol::Var64(Var::new(var.key, var.id)),
            other => mixed(other),
        }
    }
}

fn mixed(found: &dyn std::fmt::Debug) -> ! {
    unreachable!("values of two readers in one rule: {found:?}")
}

#[track_caller]
fn apply_as<A: Symbolic>(op: AnyOp, args: &[Arg<'_, Symbol>]) -> Any<Symbol>
where
    A::Index: Copy,
    A::Mask: Copy,
{
    let args: Vec<Any<A>> = args
        .iter()
        .map(|arg| match arg {
            Arg::Real(x) => Any::Real(A::of_symbol(**x)),
            Arg::Index(x) => Any::Index(A::of_symbol_index(**x)),
            Arg::Mask(x) => Any::Mask(A::of_symbol_mask(**x)),
        })
        .collect();
    let args = Few::from_fn(args.len(), |k| args[k].as_arg());
    match A::apply(op, &args) {
        Any::Real(x) => Any::Real(x.symbol()),
        Any::Index(x) => Any::Index(A::symbol_index(x)),
        Any::Mask(x) => Any::Mask(A::symbol_mask(x)),
    }
}

impl Elementwise for Symbol {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        // Numbers of a recorded scalar graph stay scalar nodes.
        match args.as_ref()[0] {
            Symbol::Var32(_) => recorded::<P, Var<f32>>(op, args),
            Symbol::Var64(_) => recorded::<P, Var<f64>>(op, args),
            _ => {
                let args = P::Arity::from_fn(|k| Arg::Real(args.as_ref()[k]));
                Symbol::apply_any(AnyOp::new(op), args.as_ref()).real()
            }
        }
    }
}

#[track_caller]
fn recorded<P: Pointwise, A: Symbolic>(op: P, args: Of<P, &Symbol>) -> Symbol
where
    A::Index: Copy,
    A::Mask: Copy,
{
    let args = P::Arity::from_fn(|k| A::of_symbol(*args.as_ref()[k]));
    A::pointwise(op, P::Arity::from_fn(|k| &args.as_ref()[k])).symbol()
}

impl TruthValues for SymbolMask {
    type Numbers = Symbol;
}
impl IndexOperand<Symbol> for SymbolIndex {
    fn beside(&self, _like: &Symbol) -> SymbolIndex {
        *self
    }
}
impl MaskOperand<Symbol> for SymbolMask {
    fn beside(&self, _like: &Symbol) -> SymbolMask {
        *self
    }
}

/// An operation read by a reader of handles.
pub(crate) struct BySymbol<'a>(pub(crate) &'a dyn Custom);

/// The arguments of a rule as symbols.
fn symbols<A: Symbolic>(a: Args<'_, A>) -> Vec<Any<Symbol>>
where
    A::Index: Copy,
    A::Mask: Copy,
{
    a.0.iter()
        .map(|arg| match arg {
            Arg::Real(x) => Any::Real(x.symbol()),
            Arg::Index(x) => Any::Index(A::symbol_index(**x)),
            Arg::Mask(x) => Any::Mask(A::symbol_mask(**x)),
        })
        .collect()
}

impl<A: Symbolic> ReadBy<A> for BySymbol<'_>
where
    A::Index: Copy,
    A::Mask: Copy,
{
    fn vjp_as(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let a = symbols(a);
        let a = Few::from_fn(a.len(), |k| a[k].as_arg());
        A::of_symbol(ReadBy::<Symbol>::vjp_as(self.0, arg, g.symbol(), Args(&a), &y.symbol()))
    }
    fn vjps_as(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        let a = symbols(a);
        let a = Few::from_fn(a.len(), |k| a[k].as_arg());
        let cotangents = ReadBy::<Symbol>::vjps_as(self.0, need, &g.symbol(), Args(&a), &y.symbol())?;
        Some(cotangents.into_iter().map(A::of_symbol).collect())
    }
    fn jvp_as(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let a = symbols(a);
        let a = Few::from_fn(a.len(), |k| a[k].as_arg());
        A::of_symbol(ReadBy::<Symbol>::jvp_as(self.0, arg, d.symbol(), Args(&a), &y.symbol()))
    }
    fn composed_as(&self, a: Args<'_, A>) -> Option<A> {
        let a = symbols(a);
        let a = Few::from_fn(a.len(), |k| a[k].as_arg());
        ReadBy::<Symbol>::composed_as(self.0, Args(&a)).map(A::of_symbol)
    }
}
