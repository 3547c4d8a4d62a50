//! Recompute instead of keep.

use std::any::Any as StdAny;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::{Error, OrRaise};
use crate::ops::AnyOp;
use crate::reader::{Dual, Symbol, Text};
use crate::rule::algebra::{Algebra, Arg, Args};
use crate::rule::op::{Cotangents, Op, Value};
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::sweep;
use crate::tape::node_map::NodeMap;
use crate::tape::store::{self, CONSTANT, Origin, Store};
use crate::tape::{Tape, Var, is_active, lift_given, lift_value, value_of};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::transform::differential::with_tangents;

/// Computes `f` of `args` and keeps its result alone: what lies between is computed again in the backward pass.
///
/// The gradients are those of `f(args)`, bit for bit, also by what several blocks share. A sweep calls `f` once more, so a forward and backward pass cost
/// about a third more time; the tape keeps the arguments and the result instead of every intermediate. Checkpointing
/// each of √n blocks of a network of n layers keeps O(√n) of their values (Griewank and Walther, *Evaluating
/// Derivatives*, 2008, ch. 12).
///
/// | | shape |
/// | --- | --- |
/// | `args` | any, of one tape |
/// | result | that of `f(args)` |
///
/// `f` runs on a tape of its own, so all that it takes from outside must be among `args`, or be a parameter that it lifts
/// (a closure that must own what it uses takes [`tied`](crate::Param::tied) parameters). It must compute the same each time: a sweep that finds
/// another value is refused.
///
/// Backward passes, recorded or not, forward mode and Hessian–vector products can read it. A third derivative by forward
/// mode cannot, and says so.
///
/// # Errors
/// [`Error::Argument`] without arguments or if `f` returns a value of another tape; [`Error::ForeignTape`] for arguments
/// of several tapes.
///
/// # Panics
/// If an operation inside `f` rejects its arguments.
///
/// # Examples
/// ```
/// use wengert_tape::{checkpoint, prelude::*};
/// let w = Param::new(Tensor::from([[0.5, -1.0], [2.0, 0.3]]));
/// let block = { let w = w.tied(); move |x: &[Var]| x[0].matmul(x[0].lift(&w)).tanh().sum() };
///
/// let tape = Tape::new();
/// let x = tape.var(Tensor::from([[1.0, 2.0]]));
/// let (kept, recomputed) = (block(&[x]), checkpoint(block, &[x])?);
/// let (a, b) = (kept.backward(), recomputed.backward());
/// assert_eq!((&a[x], a.param(&w)?), (&b[x], b.param(&w)?));
/// # Ok::<(), Error>(())
/// ```
#[track_caller]
pub fn checkpoint<F: Float>(
    f: impl Fn(&[Var<F>]) -> Var<F> + Send + Sync + 'static,
    args: &[Var<F>],
) -> Result<Var<F>, Error> {
    let line = Location::caller();
    let Some(first) = args.first() else {
        return Err(Error::Argument("checkpoint: it needs at least one argument".into()));
    };
    let key = first.key;
    if args.iter().any(|a| a.key != key) {
        return Err(Error::ForeignTape);
    }
    let values = args.iter().map(Var::try_value).collect::<Result<Vec<_>, _>>()?;
    let mut op = Checkpoint {
        f: Arc::new(f),
        params: Vec::new(),
        shapes: values.iter().map(|v| v.shape().clone()).collect(),
        result: Shape::scalar(),
    };
    let run = op.run(&values, &[])?;
    let value = run.y.try_value()?;
    op.result = value.shape().clone();
    let mut parents: SmallVec<[u32; 3]> = args.iter().map(|a| a.id).collect();
    let mut active = args.iter().any(|a| is_active::<F>(key, a.id));
    for (param, value) in run.lifted()? {
        parents.push(lift_value(key, param, line, &value)?);
        op.params.push(param);
        active = true;
    }
    drop(run);
    let id = store::push_wide(key, Origin::Op(AnyOp::compiled_for::<F, _>(op)), parents, value.into(), line, active)?;
    Ok(Var::new(key, id))
}

type Function<F> = dyn Fn(&[Var<F>]) -> Var<F> + Send + Sync;

/// A function as one operation. Its operands are the arguments, then the parameters that the function lifts.
#[derive(Clone)]
struct Checkpoint<F: Float> {
    f: Arc<Function<F>>,
    params: Vec<ParamId>,
    /// The shapes of the arguments, without those of the parameters.
    shapes: Vec<Shape>,
    result: Shape,
}

impl<F: Float> fmt::Debug for Checkpoint<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").field("result", &self.result).finish_non_exhaustive()
    }
}

impl<F: Float> PartialEq for Checkpoint<F> {
    /// Whether both are one function.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.f, &other.f) && self.params == other.params
    }
}

/// The function recorded on a tape of its own.
struct Run<F: Float> {
    tape: Tape<F>,
    operands: Vec<Var<F>>,
    y: Var<F>,
}

impl<F: Float> Run<F> {
    /// The parameters that the function lifted, in order, with their values.
    fn lifted(&self) -> Result<Vec<(ParamId, Tensor<F>)>, Error> {
        let key = self.tape.key();
        let mut ids: Vec<(u32, ParamId)> = store::with_store(key, |store: &mut Store<F>| {
            store.params.iter().flat_map(|(p, lifted)| lifted.leaves().map(|id| (id, *p))).collect()
        })?;
        ids.sort_unstable();
        let mut params: Vec<ParamId> = ids.iter().map(|(_, param)| *param).collect();
        params.sort_unstable();
        if let Some(pair) = params.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = "was changed between two uses inside the function, or stands in it with two values";
            return Err(Error::Argument(format!("checkpoint: {} {message}; clone one of them", pair[0])));
        }
        ids.into_iter().map(|(id, param)| Ok((param, value_of::<F>(key, id)?.real()))).collect()
    }

    /// The tangents of all nodes from those of the operands.
    fn tangents(&self, directions: &[Option<Tensor<F>>]) -> Result<NodeMap<Tensor<F>>, Error> {
        let given = self.operands.iter().zip(directions).filter_map(|(x, d)| Some((x.id, d.clone()?))).collect();
        sweep::tangents(self.tape.key(), self.y.id.min(self.tape.len() as u32), given)
    }

    fn depends(&self) -> bool {
        self.y.id & CONSTANT == 0 && is_active::<F>(self.y.key, self.y.id)
    }

    /// The sums that a sweep goes on from, by leaf, and those that it does not come to.
    fn split<A>(&self, need: &[usize], sums: Sums<A>) -> (Vec<(u32, A)>, Sums<A>) {
        let depends = self.depends();
        split(need, sums, |k| Some(self.operands[k].id).filter(|id| depends && *id <= self.y.id))
    }

    /// An error if the function gave another value before.
    fn gave(&self, before: &Tensor<F>, again: Again) -> Result<(), Error> {
        same_numbers(before, &self.y.try_value()?, again)
    }
}

/// What the other uses of operands gave so far.
type Sums<A> = Vec<Option<A>>;

/// Sums by the nodes at which a sweep goes on from them, and those without.
fn split<A>(need: &[usize], sums: Sums<A>, node: impl Fn(usize) -> Option<u32>) -> (Vec<(u32, A)>, Sums<A>) {
    let (mut given, mut left) = (Vec::new(), Vec::new());
    for (k, sum) in need.iter().zip(sums) {
        match (sum, node(*k)) {
            // The same operand may stand in two places: its sum came with the first.
            (Some(sum), Some(id)) => {
                given.push((id, sum));
                left.push(None);
            }
            (sum, _) => left.push(sum),
        }
    }
    (given, left)
}

/// How near a value must be to the one before.
#[derive(Clone, Copy)]
enum Again {
    /// To the bit: on a tape, which holds the arguments.
    Exactly,
    /// But for rounding, which the gradient checker adds to values.
    Nearly,
}

/// An error if a function that is computed again gives other numbers than before.
fn same_numbers<F: Float>(before: &Tensor<F>, again: &Tensor<F>, how: Again) -> Result<(), Error> {
    let rounding = match how {
        Again::Exactly => 0.0,
        Again::Nearly => {
            let finite = before.data().iter().map(|x| Float::to_f64(*x).abs()).filter(|x| x.is_finite());
            finite.fold(0.0, f64::max) * F::epsilon().to_f64().cbrt()
        }
    };
    let differs = |(a, b): (&F, &F)| {
        let (a, b) = (Float::to_f64(*a), Float::to_f64(*b));
        // To the bit: of 0 and −0 one may have an infinite derivative of the other sign.
        let is_same = a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
        !is_same && (rounding == 0.0 || (a - b).abs() > rounding || a.is_nan() != b.is_nan())
    };
    let advice = "it must compute the same each time: what is drawn at random comes in as an argument, and not from a generator \
                  inside";
    if before.shape() != again.shape() {
        let shapes =
            format!("the function gave shape {}, and {} when it was computed again", before.shape(), again.shape());
        return Err(Error::Argument(format!("checkpoint: {shapes}; {advice}")));
    }
    match before.data().iter().zip(again.data()).position(differs) {
        None => Ok(()),
        Some(at) => {
            let (a, b) = (before.data()[at], again.data()[at]);
            Err(Error::Argument(format!(
                "checkpoint: the function gave {a:?} at element {at}, and {b:?} when it was computed again; {advice}"
            )))
        }
    }
}

impl<F: Float> Checkpoint<F> {
    /// Records the function at some values of its arguments and parameters. Those that are not lifted yet are given by the
    /// models that the function holds.
    fn run(&self, arguments: &[Tensor<F>], params: &[Tensor<F>]) -> Result<Run<F>, Error> {
        let tape = Tape::<f64>::of::<F>();
        let mut operands: Vec<Var<F>> = arguments.iter().map(|v| tape.var(v.clone())).collect();
        for (param, value) in self.params.iter().zip(params) {
            let id = lift_given(tape.key(), *param, Location::caller(), value)?;
            operands.push(Var::new(tape.key(), id));
        }
        let y = (self.f)(&operands[..arguments.len()]);
        if y.key != tape.key() {
            return Err(Error::Argument(
                "checkpoint: the function returns a value of another tape; pass all recorded values as arguments"
                    .into(),
            ));
        }
        Ok(Run { tape, operands, y })
    }

    fn run_on(&self, a: Args<'_, impl Algebra>) -> Run<F> {
        let values: Vec<Tensor<F>> = (0..a.len()).map(|k| self.number(&a[k])).collect();
        let (arguments, params) = values.split_at(self.shapes.len());
        self.run(arguments, params).or_raise()
    }

    /// The numbers of a value, if its reader holds numbers of this type.
    fn number<A: Algebra>(&self, value: &A) -> Tensor<F> {
        let value: &dyn StdAny = value;
        if let Some(t) = value.downcast_ref::<Tensor<F>>() {
            return t.clone();
        }
        if let Some(d) = value.downcast_ref::<Dual<Tensor<F>>>() {
            return d.value.clone();
        }
        self.no_rule().raise()
    }

    /// The cotangents of some operands, each added to its sum so far.
    fn cotangents<A: Algebra>(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
        again: Again,
    ) -> Option<Cotangents<A>> {
        let any: &dyn StdAny = g;
        // Text is read beside f64, whatever the tape.
        if let Some(Symbol::<f64>::Text(_)) = any.downcast_ref() {
            let text = |k: &usize| Text::new(format!("recomputed by argument {k}"), a[*k].shape());
            return need.iter().map(|k| same(Symbol::<f64>::Text(text(k)))).collect();
        }
        if let Some(symbol) = any.downcast_ref::<Symbol<F>>() {
            let var = |x: &dyn StdAny| x.downcast_ref::<Symbol<F>>().and_then(Symbol::var);
            let (Some(g), Some(vars)) = (symbol.var(), (0..a.len()).map(|k| var(&a[k])).collect::<Option<Vec<_>>>())
            else {
                self.no_rule().raise()
            };
            let args: Vec<_> = vars.iter().map(Arg::Real).collect();
            let Some(y) = var(y) else { self.no_rule().raise() };
            let sums = (0..need.len()).map(|k| sum(k).and_then(|sum| var(&sum))).collect();
            let cotangents = self.recorded(need, g, Args(&args), &y, sums, again).or_raise();
            return cotangents.into_iter().map(|c| same(Symbol::Var(c))).collect();
        }
        let values = a.0;
        let result = if let (Some(g), Some(y)) = (any.downcast_ref::<Tensor<F>>(), same::<A, Tensor<F>>(y.clone())) {
            let run = self.run_on(a);
            let sums = (0..need.len()).map(|k| sum(k).and_then(same)).collect();
            run.gave(&y, again).and_then(|()| self.numeric(need, g.clone(), &run, sums)).map(all_same)
        } else if let (Some(g), Some(y)) =
            (any.downcast_ref::<Dual<Tensor<F>>>(), same::<A, Dual<Tensor<F>>>(y.clone()))
        {
            let sums = (0..need.len()).map(|k| sum(k).and_then(same)).collect();
            let duals: Vec<Dual<Tensor<F>>> = (0..values.len()).filter_map(|k| same(a[k].clone())).collect();
            let args: Vec<_> = duals.iter().map(Arg::Real).collect();
            self.dual(need, g.clone(), Args(&args), &y, sums, again).map(all_same)
        } else if any.is::<Shape>() {
            Ok(Some(need.iter().map(|k| a[*k].clone()).collect()))
        } else {
            Err(self.no_rule())
        };
        result.or_raise()
    }

    fn no_rule(&self) -> Error {
        Error::NoRule {
            op: "checkpoint".into(),
            message: format!("it was recorded in {} and is read on such numbers, recorded or with a tangent", F::NAME),
        }
    }

    /// The cotangents of some operands, of numbers, each added to its sum so far.
    fn numeric(
        &self,
        need: &[usize],
        g: Tensor<F>,
        run: &Run<F>,
        sums: Sums<Tensor<F>>,
    ) -> Result<Vec<Tensor<F>>, Error> {
        let (given, mut left) = run.split(need, sums);
        let gradients = match run.depends() {
            true => Some(sweep::backward_onto(run.tape.key(), run.y.id, g, given)?),
            false => None,
        };
        need.iter()
            .zip(&mut left)
            .map(|(k, left)| match gradients.as_ref().map(|g| g.get(run.operands[*k])) {
                Some(Ok(g)) => Ok(g.clone()),
                Some(Err(Error::NotConnected { .. })) | None => match left.take() {
                    Some(sum) => Ok(sum),
                    None => Ok(Tensor::zeros(run.operands[*k].try_value()?.shape())),
                },
                Some(Err(e)) => Err(e),
            })
            .collect()
    }

    /// The same of values with tangents.
    fn dual(
        &self,
        need: &[usize],
        g: Dual<Tensor<F>>,
        a: Args<'_, Dual<Tensor<F>>>,
        y: &Dual<Tensor<F>>,
        sums: Sums<Dual<Tensor<F>>>,
        again: Again,
    ) -> Result<Vec<Dual<Tensor<F>>>, Error> {
        let run = self.run_on(a);
        run.gave(&y.value, again)?;
        let (given, mut left) = run.split(need, sums);
        let directions: Vec<Option<Tensor<F>>> = (0..a.len()).map(|k| a[k].tangent.clone()).collect();
        let tangents = run.tangents(&directions)?;
        let key = run.tape.key();
        let mut cotangents = match run.depends() {
            true => sweep::sweep_to::<F, _>(key, run.y.id, g, &with_tangents(key, &tangents), &[], given)?,
            false => NodeMap::default(),
        };
        need.iter()
            .zip(&mut left)
            .map(|(k, left)| {
                let zeros = || Ok(Dual::still(Tensor::zeros(run.operands[*k].try_value()?.shape())));
                cotangents.take(run.operands[*k].id).or_else(|| left.take()).map_or_else(zeros, Ok)
            })
            .collect()
    }

    /// The same of recorded values: the function is recorded where they live.
    fn recorded(
        &self,
        need: &[usize],
        g: Var<F>,
        a: Args<'_, Var<F>>,
        given: &Var<F>,
        sums: Sums<Var<F>>,
        again: Again,
    ) -> Result<Vec<Var<F>>, Error> {
        let operands: Vec<Var<F>> = (0..a.len()).map(|k| a[k]).collect();
        let key = g.key;
        let y = (self.f)(&operands[..self.shapes.len()]);
        same_numbers(&given.try_value()?, &y.try_value()?, again)?;
        let ends: Vec<u32> = operands.iter().map(|x| x.id).collect();
        let depends = y.id & CONSTANT == 0 && is_active::<F>(key, y.id);
        let (sums, mut left) = split(need, sums, |k| (depends && ends[k] <= y.id).then_some(ends[k]));
        let mut cotangents = match depends {
            true => sweep::sweep_to::<F, _>(key, y.id, g, &|id| sweep::handle(key, id), &ends, sums)?,
            false => NodeMap::default(),
        };
        // The same operand may stand in two places: the first has the whole cotangent.
        let mut of = |k: usize, left: Option<Var<F>>| cotangents.take(ends[k]).or(left);
        let found = need
            .iter()
            .zip(&mut left)
            .map(|(k, left)| of(*k, left.take()).unwrap_or_else(|| g.full(operands[*k].shape(), 0.0)));
        Ok(found.collect())
    }
}

/// A value as one of another type, if both types are the same.
fn same<T: 'static, U: 'static>(value: T) -> Option<U> {
    let boxed: Box<dyn StdAny> = Box::new(value);
    boxed.downcast().ok().map(|value| *value)
}

fn all_same<T: 'static, U: 'static>(values: Vec<T>) -> Option<SmallVec<[U; 3]>> {
    values.into_iter().map(same).collect()
}

impl<F: Float> Op for Checkpoint<F> {
    fn name(&self) -> String {
        "checkpoint".into()
    }

    fn shape(&self, args: &[&Shape]) -> Result<Shape, Error> {
        let arguments = &args[..self.shapes.len().min(args.len())];
        if arguments.iter().copied().ne(&self.shapes) {
            let shapes = |all: Vec<String>| all.join(", ");
            return Err(Error::shape(
                "checkpoint",
                format!(
                    "recorded for arguments of shapes {}, given {}",
                    shapes(self.shapes.iter().map(ToString::to_string).collect()),
                    shapes(arguments.iter().map(ToString::to_string).collect()),
                ),
            ));
        }
        Ok(self.result.clone())
    }

    fn check<G: Float>(&self, _a: Args<'_, Tensor<G>>) -> Result<(), Error> {
        if G::NAME == F::NAME { Ok(()) } else { Err(self.no_rule()) }
    }

    fn forward<G: Float>(&self, a: Args<'_, Tensor<G>>) -> Value<G> {
        let value = self.run_on(a).y.value();
        same::<Tensor<F>, Tensor<G>>(value).unwrap_or_else(|| self.no_rule().raise()).into()
    }

    fn vjp<A: Algebra>(&self, arg: usize, g: A, a: Args<'_, A>, y: &A) -> A {
        let cotangents = self.vjps(&[arg], &g, a, y);
        cotangents.map_or_else(|| self.no_rule().raise(), |mut c| c.swap_remove(0))
    }

    fn vjps<A: Algebra>(&self, need: &[usize], g: &A, a: Args<'_, A>, y: &A) -> Option<Cotangents<A>> {
        self.cotangents(need, g, a, y, &mut |_| None, Again::Nearly)
    }

    fn vjps_onto<A: Algebra>(
        &self,
        need: &[usize],
        g: &A,
        a: Args<'_, A>,
        y: &A,
        sum: &mut dyn FnMut(usize) -> Option<A>,
    ) -> Option<Cotangents<A>> {
        self.cotangents(need, g, a, y, sum, Again::Exactly)
    }

    fn jvp<A: Algebra>(&self, arg: usize, d: A, a: Args<'_, A>, y: &A) -> A {
        let any: &dyn StdAny = &d;
        if any.is::<Shape>() || matches!(any.downcast_ref(), Some(Symbol::<f64>::Text(_))) {
            return y.full(y.shape(), 0.0);
        }
        let (Some(d), Some(y)) = (same::<A, Tensor<F>>(d), same::<A, Tensor<F>>(y.clone())) else {
            self.no_rule().raise()
        };
        let run = self.run_on(a);
        run.gave(&y, Again::Nearly).or_raise();
        let mut directions = vec![None; a.len()];
        directions[arg] = Some(d);
        let mut tangents = run.tangents(&directions).or_raise();
        let tangent = tangents.take(run.y.id).unwrap_or_else(|| Tensor::zeros(&self.result));
        same(tangent).unwrap_or_else(|| self.no_rule().raise())
    }

    fn flops(&self, _args: &[&Shape], _y: &Shape) -> u64 {
        0
    }
}
