//! Formulas of pointwise operations written down instead of computed, for pictures and pages.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::rule::number::Number;
use crate::rule::pointwise::{Arity, Pointwise};
use crate::rule::real::Real;

/// A term of a [`Formula`].
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// The operand at a place.
    Argument(usize),
    /// The value of the operation, which a derivative may use.
    Value,
    /// A number.
    Number(f64),
    /// A function of earlier terms, by its name in [`Real`] and [`Number`]: `add`, `tanh`, `select`. A fixed exponent or
    /// order is a number among them.
    Apply(&'static str, Vec<usize>),
}

/// A formula: terms of which each is made of earlier ones. The last is the formula itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The terms, each once.
    pub terms: Vec<Term>,
}

/// What an operation that acts element by element computes.
///
/// # Examples
/// ```
/// use wengert_tape::ops::{AnyOp, Sin};
/// use wengert_tape::{Op, Term};
/// let formulas = AnyOp::new(Sin).formulas().unwrap();
/// assert_eq!(formulas.value.terms, [Term::Argument(0), Term::Apply("sin", vec![0])]);
/// assert_eq!(formulas.partials[0].terms, [Term::Argument(0), Term::Apply("cos", vec![0])]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Formulas {
    /// The value.
    pub value: Formula,
    /// The derivative by each operand.
    pub partials: Vec<Formula>,
}

impl Formulas {
    /// Both formulas of an operation.
    pub(crate) fn of<P: Pointwise>(op: &P) -> Self {
        let partial = |arg: usize| {
            Formula::of(|| match op.slope(arg) {
                Some(slope) => term(Term::Number(slope)),
                None => op.partial(arg, arguments::<P>(), term(Term::Value)),
            })
        };
        Formulas { value: Formula::of(|| op.eval(arguments::<P>())), partials: (0..P::Arity::N).map(partial).collect() }
    }
}

fn arguments<P: Pointwise>() -> <P::Arity as Arity>::Of<Written> {
    P::Arity::from_fn(|k| term(Term::Argument(k)))
}

impl Formula {
    /// A formula of so many operands.
    pub(crate) fn of_operands(count: usize, formula: impl FnOnce(&[Written]) -> Written) -> Self {
        Formula::of(|| formula(&(0..count).map(|k| term(Term::Argument(k))).collect::<Vec<_>>()))
    }

    fn of(formula: impl FnOnce() -> Written) -> Self {
        let outer = TERMS.take();
        let last = formula();
        let terms = TERMS.replace(outer);
        Formula { terms }.up_to(last.0)
    }

    /// The terms that the one at `last` is made of.
    fn up_to(self, last: usize) -> Self {
        let mut used = vec![false; last + 1];
        used[last] = true;
        // What a term is made of stands before it.
        for (k, term) in self.terms.iter().enumerate().take(last + 1).rev() {
            if let (true, Term::Apply(_, operands)) = (used[k], term) {
                operands.iter().for_each(|operand| used[*operand] = true);
            }
        }
        let mut place = vec![0; last + 1];
        let mut terms = Vec::new();
        for (k, mut term) in self.terms.into_iter().enumerate().take(last + 1).filter(|(k, _)| used[*k]) {
            if let Term::Apply(_, operands) = &mut term {
                operands.iter_mut().for_each(|operand| *operand = place[*operand]);
            }
            place[k] = terms.len();
            terms.push(term);
        }
        Formula { terms }
    }
}

/// A term is looked for among so many: a sum of many operands has none twice.
const LOOKED_THROUGH: usize = 512;

/// A number of a formula that is being written down: the place of its term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written(usize);

thread_local! {
    /// The terms of the formula that is being written down.
    static TERMS: RefCell<Vec<Term>> = const { RefCell::new(Vec::new()) };
}

/// A term, which is written down if it is new.
fn term(term: Term) -> Written {
    TERMS.with_borrow_mut(|terms| {
        let same = |other: &Term| match (other, &term) {
            (Term::Number(a), Term::Number(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        let known = terms.len().min(LOOKED_THROUGH);
        let place = terms[..known].iter().position(same).unwrap_or(terms.len());
        if place == terms.len() {
            terms.push(term);
        }
        Written(place)
    })
}

fn apply(function: &'static str, operands: &[Written]) -> Written {
    term(Term::Apply(function, operands.iter().map(|operand| operand.0).collect()))
}

macro_rules! operators {
    ($($op:ident $method:ident $name:literal)*) => { $(
        impl $op for Written {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                apply($name, &[self, other])
            }
        }
        impl $op<f64> for Written {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                apply($name, &[self, term(Term::Number(other))])
            }
        }
    )* };
}
operators! { Add add "add" Sub sub "sub" Mul mul "mul" Div div "div" }

impl Neg for Written {
    type Output = Self;
    fn neg(self) -> Self {
        apply("neg", &[self])
    }
}

macro_rules! functions {
    ($($name:ident($($other:ident)?))*) => { $(
        fn $name(self $(, $other: Self)?) -> Self {
            apply(stringify!($name), &[self $(, $other)?])
        }
    )* };
}

impl Real for Written {
    type Mask = Written;
    functions! {
        chain(derivative) exp() ln() sqrt() sin() cos() sinh() cosh() erf() erfc() floor() sigmoid() pow(exponent)
        lt(other) le(other) eq(other)
    }
    fn number(self, value: f64) -> Self {
        term(Term::Number(value))
    }
    fn polygamma(self, order: u32) -> Self {
        apply("polygamma", &[self, term(Term::Number(f64::from(order)))])
    }
    fn powf(self, exponent: f64) -> Self {
        apply("powf", &[self, term(Term::Number(exponent))])
    }
    fn select(mask: Self, a: Self, b: Self) -> Self {
        apply("select", &[mask, a, b])
    }
}

impl Number for Written {
    functions! {
        exp_m1() ln_1p() exp2() log2() log10() cbrt() tan() asin() acos() atan() atan2(x) tanh() asinh() acosh() atanh() erfinv()
        lgamma() abs() ceil() round() trunc() fmod(divisor) hypot(other)
    }
    fn powi(self, n: i32) -> Self {
        apply("powi", &[self, term(Term::Number(f64::from(n)))])
    }
}
