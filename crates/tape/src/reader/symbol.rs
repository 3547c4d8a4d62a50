//! Recorded values and texts as one type: a rule is compiled once for all readers that compute nothing themselves.

use crate::error::{Error, OrRaise};
use crate::reader::any_op::AnyOp;
use crate::reader::erased::{Custom, OnFloat, ReadBy, on_float};
use crate::reader::var_handle::Var;
use crate::reader::{Dual, Text, by_formula};
use crate::rule::algebra::{Algebra, Any, Arg, Args, Elementwise, TruthValues};
use crate::rule::op::{Cotangents, Op};
use crate::rule::operand::{IndexOperand, MaskOperand};
use crate::rule::pointwise::{Arity, Of, Pointwise};
use crate::shape::Shape;
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;

/// A reader whose values are handles, and which reads a rule by way of [`Symbol`].
pub(crate) trait Symbolic<F: Float>: Algebra + Copy
where
    Self::Index: Copy,
    Self::Mask: Copy,
{
    /// The value as a symbol.
    fn symbol(self) -> Symbol<F>;
    /// The index as one of symbols.
    fn symbol_index(index: Self::Index) -> SymbolIndex<F>;
    /// The mask as one of symbols.
    fn symbol_mask(mask: Self::Mask) -> SymbolMask<F>;
    /// The value in a symbol of this reader.
    fn of_symbol(symbol: Symbol<F>) -> Self;
    /// The index in one of this reader.
    fn of_symbol_index(index: SymbolIndex<F>) -> Self::Index;
    /// The mask in one of this reader.
    fn of_symbol_mask(mask: SymbolMask<F>) -> Self::Mask;
}

macro_rules! symbols {
    ($($variant:ident $reader:ty;)*) => {
        /// A value of a reader that is known when the program runs: recorded on a tape of `F`, recorded with a tangent, or
        /// text.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum Symbol<F: Float> { $($variant($reader)),* }

        /// Positions beside symbols.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum SymbolIndex<F: Float> { $($variant(<$reader as Algebra>::Index)),* }

        /// Truth values beside symbols.
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub enum SymbolMask<F: Float> { $($variant(<$reader as Algebra>::Mask)),* }

        $(impl<F: Float> Symbolic<F> for $reader {
            fn symbol(self) -> Symbol<F> {
                Symbol::$variant(self)
            }
            fn symbol_index(index: Self::Index) -> SymbolIndex<F> {
                SymbolIndex::$variant(index)
            }
            fn symbol_mask(mask: Self::Mask) -> SymbolMask<F> {
                SymbolMask::$variant(mask)
            }
            fn of_symbol(symbol: Symbol<F>) -> Self {
                match symbol {
                    Symbol::$variant(x) => x,
                    other => mixed(&other),
                }
            }
            fn of_symbol_index(index: SymbolIndex<F>) -> Self::Index {
                match index {
                    SymbolIndex::$variant(x) => x,
                    other => mixed(&other),
                }
            }
            fn of_symbol_mask(mask: SymbolMask<F>) -> Self::Mask {
                match mask {
                    SymbolMask::$variant(x) => x,
                    other => mixed(&other),
                }
            }
        })*

        impl<F: Float> Algebra for Symbol<F> {
            type Index = SymbolIndex<F>;
            type Mask = SymbolMask<F>;

            #[track_caller]
            fn apply<O: Op>(op: O, args: &[Arg<'_, Self>]) -> Any<Self> {
                Symbol::apply_any(AnyOp::compiled_for::<F, O>(op), args)
            }
            #[track_caller]
            fn shape(&self) -> Shape {
                match self { $(Symbol::$variant(x) => x.shape()),* }
            }
            #[track_caller]
            fn shape_of_index(index: &SymbolIndex<F>) -> Shape {
                match index { $(SymbolIndex::$variant(x) => <$reader>::shape_of_index(x)),* }
            }
            #[track_caller]
            fn shape_of_mask(mask: &SymbolMask<F>) -> Shape {
                match mask { $(SymbolMask::$variant(x) => <$reader>::shape_of_mask(x)),* }
            }
            #[track_caller]
            fn full(&self, shape: Shape, value: f64) -> Self {
                match self { $(Symbol::$variant(x) => x.full(shape, value).symbol()),* }
            }
            #[track_caller]
            fn index(&self, index: Tensor<i64>) -> SymbolIndex<F> {
                match self { $(Symbol::$variant(x) => SymbolIndex::$variant(Algebra::index(x, index))),* }
            }
            #[track_caller]
            fn mask(&self, mask: Tensor<bool>) -> SymbolMask<F> {
                match self { $(Symbol::$variant(x) => SymbolMask::$variant(Algebra::mask(x, mask))),* }
            }
            #[track_caller]
            fn known_mask(op: &str, mask: &SymbolMask<F>) -> Result<Tensor<bool>, Error> {
                match mask { $(SymbolMask::$variant(x) => <$reader>::known_mask(op, x)),* }
            }
            fn read<R>(op: &dyn Custom, f: impl FnOnce(&dyn ReadBy<Self>) -> R) -> R {
                f(on_float(op).or_raise())
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

        impl<F: Float> Symbol<F> {
            /// [`Algebra::apply`], compiled once and not for each type of operation.
            #[track_caller]
            fn apply_any(op: AnyOp, args: &[Arg<'_, Symbol<F>>]) -> Any<Symbol<F>> {
                match args.first() {
                    $(Some(
                        Arg::Real(Symbol::$variant(_))
                        | Arg::Index(SymbolIndex::$variant(_))
                        | Arg::Mask(SymbolMask::$variant(_)),
                    ) => apply_as::<F, $reader>(op, args),)*
                    None => Err(refused(&op)).or_raise(),
                }
            }
        }
    };
}

symbols! {
    Var Var<F>;
    DualVar Dual<Var<F>>;
    Text Text;
}

impl<F: Float> Symbol<F> {
    /// The recorded value, if it is one.
    pub(crate) fn var(&self) -> Option<Var<F>> {
        match self {
            Symbol::Var(x) => Some(*x),
            _ => None,
        }
    }
}

/// Why an operation is not applied to nothing.
fn refused(op: &AnyOp) -> Error {
    match op.takes().check(&|| op.name(), &[]) {
        Err(error) => error,
        Ok(()) => Error::shape(op.name(), "without arguments it belongs to no tape"),
    }
}

fn mixed(found: &dyn std::fmt::Debug) -> ! {
    unreachable!("values of two readers in one rule: {found:?}")
}

#[track_caller]
fn apply_as<F: Float, A: Symbolic<F>>(op: AnyOp, args: &[Arg<'_, Symbol<F>>]) -> Any<Symbol<F>>
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
    let args = ShortList::from_fn(args.len(), |k| args[k].as_arg());
    match A::apply(op, &args) {
        Any::Real(x) => Any::Real(x.symbol()),
        Any::Index(x) => Any::Index(A::symbol_index(x)),
        Any::Mask(x) => Any::Mask(A::symbol_mask(x)),
    }
}

impl<F: Float> Elementwise for Symbol<F> {
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        // Numbers of a recorded scalar graph stay scalar nodes.
        match args.as_ref()[0] {
            Symbol::Var(_) => {
                let args = P::Arity::from_fn(|k| Var::of_symbol(*args.as_ref()[k]));
                Var::pointwise(op, P::Arity::from_fn(|k| &args.as_ref()[k])).symbol()
            }
            _ => {
                let args = P::Arity::from_fn(|k| Arg::Real(args.as_ref()[k]));
                Symbol::apply_any(AnyOp::compiled_for::<F, P>(op), args.as_ref()).real()
            }
        }
    }
}

impl<F: Float> TruthValues for SymbolMask<F> {
    type Numbers = Symbol<F>;
}
impl<F: Float> IndexOperand<Symbol<F>> for SymbolIndex<F> {
    #[track_caller]
    fn beside(&self, _like: &Symbol<F>) -> SymbolIndex<F> {
        *self
    }
}
impl<F: Float> MaskOperand<Symbol<F>> for SymbolMask<F> {
    #[track_caller]
    fn beside(&self, _like: &Symbol<F>) -> SymbolMask<F> {
        *self
    }
}

/// An operation read by a reader of handles.
pub(crate) struct BySymbol<'a, F>(pub(crate) &'a dyn OnFloat<F>);

impl<'a, F: Float> BySymbol<'a, F> {
    /// An operation behind a pointer.
    pub(crate) fn of(op: &'a dyn Custom) -> Self {
        BySymbol(on_float(op).or_raise())
    }
}

/// The arguments of a rule as symbols.
fn symbols<F: Float, A: Symbolic<F>>(a: Args<'_, A>) -> Vec<Any<Symbol<F>>>
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

impl<F: Float, A: Symbolic<F>> ReadBy<A> for BySymbol<'_, F>
where
    A::Index: Copy,
    A::Mask: Copy,
{
    fn vjp_as(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let a = symbols(a);
        let a = ShortList::from_fn(a.len(), |k| a[k].as_arg());
        A::of_symbol(ReadBy::<Symbol<F>>::vjp_as(self.0, arg, g.symbol(), Args(&a), &y.symbol()))
    }
    fn vjps_as(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        let a = symbols(a);
        let a = ShortList::from_fn(a.len(), |k| a[k].as_arg());
        let cotangents = ReadBy::<Symbol<F>>::vjps_as(self.0, need, &g.symbol(), Args(&a), &y.symbol())?;
        Some(cotangents.into_iter().map(A::of_symbol).collect())
    }
    fn vjps_onto_as(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>> {
        let a = symbols(a);
        let a = ShortList::from_fn(a.len(), |k| a[k].as_arg());
        let mut sum = |k: usize| sum(k).map(A::symbol);
        let rules: &dyn ReadBy<Symbol<F>> = self.0;
        let cotangents = rules.vjps_onto_as(need, &g.symbol(), Args(&a), &y.symbol(), &mut sum)?;
        Some(cotangents.into_iter().map(A::of_symbol).collect())
    }
    fn jvp_as(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let a = symbols(a);
        let a = ShortList::from_fn(a.len(), |k| a[k].as_arg());
        A::of_symbol(ReadBy::<Symbol<F>>::jvp_as(self.0, arg, d.symbol(), Args(&a), &y.symbol()))
    }
    fn composed_as(&self, a: Args<'_, A>) -> Option<A> {
        let a = symbols(a);
        let a = ShortList::from_fn(a.len(), |k| a[k].as_arg());
        ReadBy::<Symbol<F>>::composed_as(self.0, Args(&a)).map(A::of_symbol)
    }
}
