//! What an operation on numbers does: folds, records, or takes a rare path.

use std::panic::Location;

use super::chained_slope::{Slope, is_finite, times};
use super::combination::Combination;
use super::rarely::rarely;
use super::scalar::Scalar;
use super::store::{self, Extra, FOLDED, GRADIENT_ONLY, Node, ScalarOp};
use crate::error::{Error, Line, OrRaise};
use crate::ops::{self, AnyOp};
use crate::rule::algebra::Elementwise;
use crate::rule::number::Num;
use crate::rule::pointwise::{Arity, Of, Pointwise, Two};
use crate::tensor::float::Float;

impl<F: Float> Scalar<F> {
    /// [`unary_here`](Self::unary_here), in a program that is not optimised compiled with this crate.
    #[inline(always)]
    #[track_caller]
    fn unary(self, value: F, slope: Slope<F>, free: F, op: &'static ScalarOp, side: usize) -> Self {
        #[cfg(debug_assertions)]
        return F::record_unary(self, value, (slope.by, slope.is_plain), free, op, side);
        #[cfg(not(debug_assertions))]
        self.unary_here(value, slope, free, op, side)
    }

    /// [`binary_here`](Self::binary_here), in a program that is not optimised compiled with this crate.
    #[inline(always)]
    #[track_caller]
    fn binary(self, other: Self, value: F, s: F, t: F, op: &'static ScalarOp, ones: bool) -> Self {
        #[cfg(debug_assertions)]
        return F::record_binary(self, other, value, [s, t], op, ones);
        #[cfg(not(debug_assertions))]
        self.binary_here(other, value, s, t, op, ones)
    }

    /// `value` is a function of this number with derivative `slope`; `free` is what the free slot keeps.
    #[inline(always)]
    #[track_caller]
    pub(super) fn unary_here(self, value: F, slope: Slope<F>, free: F, op: &'static ScalarOp, side: usize) -> Self {
        if self.is_folding() {
            let place = self.place() | store::place(FOLDED, 0);
            return Scalar::at(place, value, slope.behind(self.slope()));
        }
        let slope = slope.by;
        let id = self.id();
        let node = match side {
            0 => Node { parents: [id, 0], slopes: [slope, free] },
            _ => Node { parents: [0, id], slopes: [free, slope] },
        };
        let line = Location::caller();
        if let Some(place) = store::try_push((self.place(), self.place()), node, Extra { value, line, op }) {
            return Scalar::at(place, value, F::one());
        }
        let mut number = Scalar::at(self.place() | store::place(SECOND * side as u32, 0), value, slope);
        if let Some(e) = rarely_unary(&mut number, free, line, op) {
            e.raise_boxed()
        }
        Scalar::at(number.place(), value, F::one())
    }

    /// `value` is a function of two numbers with derivatives `s` and `t`, which may be known to be `ones`.
    #[inline(always)]
    #[track_caller]
    pub(super) fn binary_here(self, other: Self, value: F, s: F, t: F, op: &'static ScalarOp, ones: bool) -> Self {
        let (p, q) = (self.id(), other.id());
        let next = store::next_place_of_slopes::<F>();
        let key = (next >> 32) as u32;
        let beside = ((self.place() ^ next) | (other.place() ^ next)) >> 32;
        if beside <= u64::from(FOLDED) {
            // Two numbers of the gradient-only tape in use.
            if ones && beside == 0 && p != q {
                if let Some(place) = store::try_push_units::<F>(key, p, q) {
                    return Scalar::at(place, value, F::one());
                }
            } else {
                let (a, b) = (self.slope() * s, other.slope() * t);
                let slope = a + b;
                if is_finite(slope) {
                    if p == q {
                        return Scalar::at(self.place() | store::place(FOLDED, 0), value, slope);
                    }
                    if let Some(place) = store::try_push_pair(key, (p, a), (q, b)) {
                        return Scalar::at(place, value, F::one());
                    }
                }
            }
        } else {
            let (node, line) = (Node { parents: [p, q], slopes: [s, t] }, Location::caller());
            if let Some(place) = store::try_push((self.place(), other.place()), node, Extra { value, line, op }) {
                return Scalar::at(place, value, F::one());
            }
        }
        // Copies, so that the numbers themselves need no place in memory.
        let (mut number, b) = (self, other);
        if let Some(e) = rarely_binary(&mut number, &b, value, s, t, Location::caller(), op) {
            e.raise_boxed()
        }
        Scalar::at(number.place(), value, number.slope())
    }

    /// An operation of this number and a plain one.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn before_number<P: Pointwise<Arity = Two>>(self, op: P, number: f64) -> Self {
        let number = F::from_f64(number);
        let x = [Num(self.value()), Num(number)];
        let y = op.eval(x);
        let slope = op.slope(0).map_or_else(|| op.partial(0, x, y).0, F::from_f64);
        self.unary(y.0, Slope::known(slope), number, Entry::<F, P>::OP, 0)
    }

    /// An operation of a plain number and this one.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn behind_number<P: Pointwise<Arity = Two>>(self, op: P, number: f64) -> Self {
        let number = F::from_f64(number);
        let x = [Num(number), Num(self.value())];
        let y = op.eval(x);
        let slope = op.slope(1).map_or_else(|| op.partial(1, x, y).0, F::from_f64);
        self.unary(y.0, Slope::known(slope), number, Entry::<F, P>::OP, 1)
    }
}

/// In a tag that is no gradient-only tape's: the number stands behind a plain one.
const SECOND: u32 = GRADIENT_ONLY;

rarely! {
    /// `binary` where something is out of the ordinary: a constant, a tape that is not in use or whose chunk is full, two
    /// tapes, a slope that is NaN. The first number becomes the result.
    ///
    /// Constants are not rare in formulas that are generic over numbers. They are served without a call of a function that
    /// needs the vector registers, so that none is saved.
    extern fn rarely_binary<F: Float>(
        a: &mut Scalar<F>, b: &Scalar<F>, value: F, s: F, t: F, line: Line, op: &'static ScalarOp,
    ) -> Option<Box<Error>> {
        let (x, slope, slopes) = match (a.tag(), b.tag()) {
            (_, 0) => (*a, s, [s, b.value()]),
            (0, _) => (*b, t, [a.value(), t]),
            _ => return hardly_binary(a, b, value, s, t, line, op),
        };
        if x.tag() == 0 {
            *a = x;
        } else if x.is_folding() {
            *a = Scalar::folded(x.key(), x.id(), value, times(x.slope(), slope));
        } else {
            let node = Node { parents: [a.id(), b.id()], slopes };
            let Some(place) = store::try_push((x.place(), x.place()), node, Extra { value, line, op }) else {
                return hardly_binary(a, b, value, s, t, line, op);
            };
            *a = Scalar::at(place, value, F::one());
        }
        None
    }
}

rarely! {
    /// [`rarely_binary`] for what is not served at once.
    extern fn hardly_binary<F: Float>(
        a: &mut Scalar<F>, b: &Scalar<F>, value: F, s: F, t: F, line: Line, op: &'static ScalarOp,
    ) -> Option<Box<Error>> {
        match any_binary((*a, s), (*b, t), Extra { value, line, op }) {
            Ok(number) => { *a = number; None }
            Err(e) => Some(Box::new(e)),
        }
    }
}

rarely! {
    /// `unary` of a constant, or on a full tape that is not in use or whose chunk is full. `number` has the value of the
    /// result, the derivative, and the place of the argument with the bit [`SECOND`] if it stands second; it becomes the
    /// result.
    extern fn rarely_unary<F: Float>(
        number: &mut Scalar<F>, free: F, line: Line, op: &'static ScalarOp,
    ) -> Option<Box<Error>> {
        if number.tag() & !SECOND == 0 {
            *number = Scalar::at(0, number.value(), number.slope());
            return None;
        }
        hardly_unary(number, free, line, op)
    }
}

rarely! {
    /// [`rarely_unary`] for what is no constant.
    extern fn hardly_unary<F: Float>(
        number: &mut Scalar<F>, free: F, line: Line, op: &'static ScalarOp,
    ) -> Option<Box<Error>> {
        let (value, slope, id) = (number.value(), number.slope(), number.id());
        let node = match number.tag() & SECOND {
            0 => Node { parents: [id, 0], slopes: [slope, free] },
            _ => Node { parents: [0, id], slopes: [free, slope] },
        };
        let x = Scalar::at(store::place(number.tag() & !SECOND, id), value, F::one());
        match any_unary((x, slope), node, Extra { value, line, op }) {
            Ok(result) => { *number = result; None }
            Err(e) => Some(Box::new(e)),
        }
    }
}

/// A function of a number, whatever it is, with derivative `s`: `node` on a full tape.
fn any_unary<F: Float>((x, s): (Scalar<F>, F), node: Node<F>, extra: Extra<F>) -> Result<Scalar<F>, Error> {
    let value = extra.value;
    match x.key() {
        0 => Ok(Scalar::constant(value)),
        key if x.is_folding() => Ok(Scalar::folded(key, x.id(), value, times(x.slope(), s))),
        key => Ok(Scalar::node(key, store::push(key, node, extra)?, value)),
    }
}

/// A function of two numbers, whatever they are, with derivatives `s` and `t`.
fn any_binary<F: Float>((a, s): (Scalar<F>, F), (b, t): (Scalar<F>, F), extra: Extra<F>) -> Result<Scalar<F>, Error> {
    let (p, q) = (a.id(), b.id());
    let value = extra.value;
    let key = if a.tag() == 0 { b.key() } else { a.key() };
    let node = |slopes: [F; 2]| Node { parents: [p, q], slopes };
    if b.tag() == 0 {
        any_unary((a, s), node([s, b.value()]), extra)
    } else if a.tag() == 0 {
        any_unary((b, t), node([a.value(), t]), extra)
    } else if key != b.key() {
        Err(Error::ForeignTape)
    } else if !a.is_folding() {
        Ok(Scalar::node(key, store::push(key, node([s, t]), extra)?, value))
    } else {
        let (s, t) = (times(a.slope(), s), times(b.slope(), t));
        match p == q {
            true => Ok(Scalar::folded(key, p, value, s + t)),
            false => Ok(Scalar::node(key, store::push_pair(key, (p, s), (q, t))?, value)),
        }
    }
}

/// What a scalar node says of its operation: one table entry for each type.
struct Entry<F, P>(std::marker::PhantomData<(F, P)>);

impl<F: Float, P: Pointwise> Entry<F, P> {
    const OP: &'static ScalarOp = &ScalarOp::Pointwise {
        make: |attribute| AnyOp::compiled_for::<F, P>(P::with_attribute(attribute)),
        arity: P::Arity::N,
    };
}

impl<F: Float> Elementwise for Scalar<F> {
    #[inline(always)]
    #[track_caller]
    fn pointwise<P: Pointwise>(op: P, args: Of<P, &Self>) -> Self {
        let args = args.as_ref();
        let x = P::Arity::from_fn(|k| Num(args[k].value()));
        // Of most operations both are `None` without a look.
        let fault = op.fault().or_else(|| op.fault_at(P::Arity::from_fn(|k| args[k].value().to_f64())));
        if let Some(fault) = fault {
            Error::shape(P::NAME, fault).raise()
        }
        let y = op.eval(x);
        let partials = op.partials(x, y);
        let slope = |arg: usize| op.slope(arg).map_or(partials.as_ref()[arg].0, F::from_f64);
        match P::Arity::N {
            1 => {
                let slope = Slope { by: slope(0), is_plain: op.slope(0).is_some_and(|c| c != 0.0) };
                args[0].unary(y.0, slope, F::from_f64(op.attribute()), Entry::<F, P>::OP, 0)
            }
            2 => {
                let ones = op.slope(0) == Some(1.0) && op.slope(1) == Some(1.0);
                args[0].binary(*args[1], y.0, slope(0), slope(1), Entry::<F, P>::OP, ones)
            }
            _ => {
                let args = [*args[0], *args[1], *args[2]];
                ternary(args, y.0, [slope(0), slope(1), slope(2)], Entry::<F, P>::OP)
            }
        }
    }
}

/// An operation of three arguments: two stand in a part of the node.
#[inline(always)]
#[track_caller]
fn ternary<F: Float>(args: [Scalar<F>; 3], value: F, slopes: [F; 3], op: &'static ScalarOp) -> Scalar<F> {
    let Some(key) = key_of(&args) else { return Scalar::constant(value) };
    if key & GRADIENT_ONLY != 0 {
        let mut sum = Combination::new(key);
        args.iter().zip(slopes).filter(|(x, _)| x.tag() != 0).for_each(|(x, slope)| sum.add(x, slope));
        return sum.finish(value, true);
    }
    let at = |k: usize| match args[k].tag() {
        0 => (0, args[k].value()),
        _ => (args[k].id(), slopes[k]),
    };
    let (a, b, c) = (at(0), at(1), at(2));
    let part = Node { parents: [a.0, b.0], slopes: [a.1, b.1] };
    let part = push(key, part, value, &ScalarOp::Part { arguments: 2 });
    let node = Node { parents: [part, c.0], slopes: [F::one(), c.1] };
    Scalar::node(key, push(key, node, value, op), value)
}

/// The key of the tape of some numbers; `None` if all are constants.
#[track_caller]
pub(crate) fn key_of<F: Float>(numbers: &[Scalar<F>]) -> Option<u32> {
    let key = numbers.iter().map(Scalar::key).find(|key| *key != 0)?;
    if numbers.iter().any(|x| x.tag() != 0 && x.key() != key) {
        Error::ForeignTape.raise()
    }
    Some(key)
}

/// Records the sum of two arguments on a full tape, each an id with 1, or 0 with a plain number.
#[track_caller]
pub(crate) fn add_two<F: Float>(key: u32, a: (u32, F), b: (u32, F), value: F) -> Scalar<F> {
    let node = Node { parents: [a.0, b.0], slopes: [a.1, b.1] };
    Scalar::node(key, push(key, node, value, Entry::<F, ops::Add>::OP), value)
}

/// Records a number of a full tape that depends on any number of arguments, each an id with its derivative, or 0 with
/// the plain number that stands there.
#[track_caller]
pub(crate) fn push_many<F: Float>(key: u32, arguments: &[(u32, F)], value: F, op: &'static ScalarOp) -> Scalar<F> {
    let mut ids = None;
    for pair in arguments.chunks(2) {
        let (a, b) = (pair[0], pair.get(1).copied().unwrap_or((0, F::zero())));
        let part: &'static ScalarOp = match pair.len() {
            1 => &ScalarOp::Part { arguments: 1 },
            _ => &ScalarOp::Part { arguments: 2 },
        };
        let node = Node { parents: [a.0, b.0], slopes: [a.1, b.1] };
        let id = push(key, node, value, part);
        ids = Some((ids.map_or(id, |(first, _)| first), id));
    }
    let Some((first, last)) = ids else { return Scalar::constant(value) };
    push_run(key, (first, 1, last), value, op)
}

/// Records a number of a full tape that is an operation on the run of nodes from the first, by a step, to the last.
#[track_caller]
pub(crate) fn push_run<F: Float>(
    key: u32,
    (first, step, last): (u32, u32, u32),
    value: F,
    op: &'static ScalarOp,
) -> Scalar<F> {
    Scalar::node(key, push(key, Node::run(first, step, last), value, op), value)
}

/// Records a node of a full tape.
#[track_caller]
fn push<F: Float>(key: u32, node: Node<F>, value: F, op: &'static ScalarOp) -> u32 {
    store::push(key, node, Extra { value, line: Location::caller(), op }).or_raise()
}

impl ScalarOp {
    /// The operation of a node, from the number in its free slot.
    pub(crate) fn op<F: Float>(&self, node: &Node<F>) -> Option<AnyOp> {
        match self {
            ScalarOp::Pointwise { make, arity } => {
                let attribute = if *arity == 1 { node.slopes[1].to_f64() } else { 0.0 };
                Some(make(attribute))
            }
            ScalarOp::Many { make } => Some(make()),
            ScalarOp::Leaf | ScalarOp::Wide | ScalarOp::Part { .. } => None,
        }
    }
}
