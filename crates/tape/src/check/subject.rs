//! What is checked: leaves with their analytic gradient, and the functions whose differences are taken.

use std::panic::Location;

use super::draws::Random;
use super::extrapolation::UNIT;
use super::function::{Contracted, replayed};
use super::roundoff::{Roundoff, roundoff};
use crate::error::{Error, caught};
use crate::ops::{AnyOp, SumExt};
use crate::rule::algebra::Lift;
use crate::rule::moved::with_value;
use crate::rule::op::{Kind, Op, Value};
use crate::rule::param::ParamId;
use crate::shape::Shape;
use crate::tape::{Tape, Var, param_at, param_node};
use crate::tensor::Tensor;
use crate::tensor::float::Float;
use crate::transform::point::{Numbers, Output, Point, Recorder};
use crate::transform::replay::Replay;

/// A relative error that must show: in f64, and in f32.
const TOLERANCE: [f64; 2] = [1e-6, 1e-3];

/// A leaf and its analytic gradient.
pub(crate) struct Leaf {
    pub(crate) name: String,
    pub(crate) analytic: Tensor<f64>,
    /// The round-off of each element of the gradient.
    pub(crate) rounding: Vec<f64>,
    /// Where it stands in the replay.
    pub(crate) position: Option<usize>,
    /// Whether the function can be called anew with another value for it.
    pub(crate) is_argument: bool,
    /// Whether it is a parameter that the function lifts.
    pub(crate) is_parameter: bool,
}

/// The change of a function in its own float type and that of its replay, at a displacement.
pub(crate) struct Escape {
    pub(crate) called: f64,
    pub(crate) replayed: f64,
    /// How far the two may differ by rounding.
    pub(crate) rounding: f64,
}

/// How a function is compared with its replay in its own float type: by a displacement of one leaf. `None` where one of the
/// two has no value, or the function does not read the leaf.
pub(crate) type Escapes<'a> = Box<dyn FnMut(usize, &Tensor<f64>) -> Option<Escape> + 'a>;

/// What is checked.
pub(crate) struct Subject<'a> {
    pub(crate) float: &'static str,
    /// A relative error that must show.
    pub(crate) tolerance: f64,
    pub(crate) leaves: Vec<Leaf>,
    /// The function, called anew; none for functions of f32, which are replayed in f64.
    pub(crate) called: Option<Contracted<'a>>,
    /// The recorded graph; none for functions that are not ours.
    pub(crate) replayed: Option<(Contracted<'a>, Replay<f64>)>,
    pub(crate) escapes: Option<Escapes<'a>>,
    /// The operations whose values are held still, since they stop gradients.
    pub(crate) held: Vec<String>,
}

/// How the leaves are called in the report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// The parts of the point, in order.
    pub(crate) arguments: Vec<String>,
    /// Of a flat vector the parts and their shapes.
    pub(crate) blocks: Vec<(String, Shape)>,
    /// Parameters that the function lifts.
    pub(crate) parameters: Vec<(ParamId, String)>,
}

impl Names {
    /// The names of all leaves on a tape, arguments first; empty for one that has none. `id` is the node of a parameter.
    fn in_order<F: Float>(&self, key: u32, arguments: usize, id: impl Fn(usize) -> Option<u32>) -> Vec<String> {
        let node = |param: &ParamId| param_node::<F>(key, param);
        let known: Vec<(u32, &String)> =
            self.parameters.iter().filter_map(|(p, name)| Some((node(p)?, name))).collect();
        let argument = |k: usize| self.arguments.get(k).cloned().unwrap_or_default();
        let mut names: Vec<String> = (0..arguments).map(argument).collect();
        for k in 0.. {
            let Some(id) = id(k) else { break };
            let found = known.iter().find(|(node, _)| *node == id);
            names.push(found.map_or_else(String::new, |(_, name)| (*name).clone()));
        }
        names
    }
}

/// A function recorded at a point.
struct Trace<F: Float> {
    tape: Tape<F>,
    leaves: Vec<Var<F>>,
    y: Var<F>,
}

/// Records a function; for order 2, the contraction of its gradient with random weights.
#[track_caller]
fn trace<P: Point<Sweep = Numbers>, Y: Output<P::F>>(
    f: &dyn Fn(P::Recorded) -> Y,
    at: &P,
    values: Option<&[Tensor<P::F>]>,
    order: u8,
) -> Result<Trace<P::F>, Error> {
    let tape = Tape::of::<P::F>();
    let mut recorder = match values {
        Some(values) => Recorder::with_values(&tape, values),
        None => Recorder::new(&tape),
    };
    let recorded = at.record(&mut recorder);
    let leaves = recorder.into_leaves();
    let mut y = f(recorded).output()?;
    if y.key != tape.key() {
        return Err(Error::ForeignTape);
    }
    for _ in 1..order {
        y = contracted_gradient(y)?;
    }
    Ok(Trace { tape, leaves, y })
}

/// ⟨w, ∇⟨c, y⟩⟩ with random weights, the same in each call.
fn contracted_gradient<F: Float>(y: Var<F>) -> Result<Var<F>, Error> {
    let mut random = Random::new(2);
    let mut weights = |like: &Tensor<F>| random.weights(like.shape()).cast::<F>();
    let value = y.try_value()?;
    let scalar = if value.len() == 1 && value.rank() == 0 { y } else { (y * y.constant(weights(&value))).sum() };
    let gradients = scalar.try_backward_recorded()?;
    let replay = Replay::of(y)?;
    // Where the gradient is constant, its derivative is zero and not missing.
    let mut sum = scalar * 0.0;
    for leaf in replay.leaves() {
        let Some(id) = replay.entries()[leaf].id else { continue };
        if let Ok(g) = gradients.get(Var::new(y.key, id)) {
            sum += (*g * g.constant(weights(&g.try_value()?))).sum();
        }
    }
    Ok(sum)
}

impl<'a> Subject<'a> {
    /// A function of recorded values.
    #[track_caller]
    pub(crate) fn recorded<P: Point<Sweep = Numbers> + 'a, Y: Output<P::F> + 'a>(
        f: &'a dyn Fn(P::Recorded) -> Y,
        at: &'a P,
        names: &Names,
        order: u8,
        random: &mut Random,
    ) -> Result<Self, Error> {
        let is_f64 = P::F::NAME == "f64";
        let tolerance = if is_f64 { TOLERANCE[0] } else { TOLERANCE[1] };
        let recorded = trace(f, at, None, order)?;
        let (own, held) = Replay::of(recorded.y)?.holding_still();
        let replay = own.cast::<f64>()?;
        let value = replay.output().clone();
        let cotangent = if value.len() == 1 { Tensor::ones(value.shape()) } else { random.weights(value.shape()) };
        let unit = <P::F as num_traits::Float>::epsilon().to_f64() / 2.0;
        let gradients = match recorded.y.backward_from(cotangent.cast()) {
            Ok(gradients) => Some(gradients),
            Err(Error::NotConnected { .. }) => None,
            Err(other) => return Err(other),
        };
        let Roundoff { output, leaves: errors } = roundoff(&replay, &cotangent, random);
        let arguments: Vec<Option<usize>> = recorded.leaves.iter().map(|leaf| own.position(*leaf)).collect();
        let parameters = own.leaves().into_iter().filter(|leaf| !arguments.contains(&Some(*leaf)));
        let parameters: Vec<usize> = parameters.collect();
        let names =
            names.in_order::<P::F>(recorded.tape.key(), arguments.len(), |k| own.entries()[*parameters.get(k)?].id);
        let (mut leaves, mut own_point, mut point, mut params) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (k, position) in arguments.iter().copied().chain(parameters.into_iter().map(Some)).enumerate() {
            let is_argument = k < arguments.len();
            let var = match position.and_then(|p| own.entries()[p].id) {
                Some(id) => Var::new(recorded.tape.key(), id),
                None => recorded.leaves[k],
            };
            let own_x = var.try_value()?;
            let x = own_x.cast::<f64>();
            let analytic = gradients.as_ref().and_then(|g| g.of_node(var.key, var.id)).map(|g| g.cast());
            let analytic = analytic.unwrap_or_else(|| Tensor::zeros(x.shape()));
            // A gradient is rounded at least once, and with it every number that it was computed from.
            let units = position.and_then(|p| errors[p].clone()).unwrap_or_else(|| vec![0.0; x.len()]);
            let line = position.and_then(|p| own.entries()[p].line);
            let param = param_at::<P::F>(var.key, var.id).filter(|_| !is_argument);
            leaves.push(Leaf {
                name: name(&names, k, arguments.len(), is_argument, line),
                rounding: units.iter().map(|u| u * unit).collect(),
                analytic,
                position,
                is_argument,
                is_parameter: param.is_some(),
            });
            params.push(param);
            own_point.push(own_x);
            point.push(x);
        }
        let positions: Vec<Option<usize>> = leaves.iter().map(|l| l.position).collect();
        let contracted = |function| Contracted {
            function,
            point: point.clone(),
            cotangent: cotangent.clone(),
            value: value.clone(),
            floor: output.clone(),
            opaque: false,
            tolerance,
        };
        let arguments = arguments.len();
        // What is held still would move if the function were called anew.
        let called = (is_f64 && held.is_empty()).then(|| {
            contracted(Box::new(move |leaves: &[Tensor<f64>], _| {
                let values: Vec<Tensor<P::F>> = leaves[..arguments].iter().map(Tensor::cast).collect();
                Some(trace(f, at, Some(&values), order).ok()?.y.try_value().ok()?.cast())
            }))
        });
        let replayed = contracted(replayed(&replay, positions.clone()));
        let escapes = held.is_empty().then(|| -> Escapes<'a> {
            let (cotangent, output) = (cotangent.clone(), output.clone());
            Box::new(move |leaf, displacement| {
                let mut values = own_point.clone();
                values[leaf] = (values[leaf].cast::<f64>() + displacement).cast();
                let moved = values[leaf].clone();
                let run = || trace(f, at, Some(&values[..arguments]), order)?.y.try_value();
                let called = match params[leaf] {
                    Some(param) => with_value(param, moved, run)?.ok()?,
                    None => run().ok()?,
                };
                let replay = match positions[leaf] {
                    Some(p) => own.with(&[(p, values[leaf].clone())]).ok()?,
                    None => own.clone(),
                };
                let before = own.output();
                let mut escape = Escape { called: 0.0, replayed: 0.0, rounding: 0.0 };
                for (j, c) in cotangent.data().iter().enumerate() {
                    let at = |t: &Tensor<P::F>| t.data()[j].to_f64();
                    escape.called += c * (at(&called) - at(before));
                    escape.replayed += c * (at(replay.output()) - at(before));
                    escape.rounding += 2.0 * unit * c.abs() * output[j].max(at(&called).abs());
                }
                Some(escape)
            })
        });
        Ok(Subject { float: P::F::NAME, tolerance, leaves, called, replayed: Some((replayed, replay)), escapes, held })
    }

    /// An operation alone, as a function of its arguments of numbers.
    pub(crate) fn operation(
        op: &AnyOp,
        args: &[Value<f64>],
        names: &Names,
        random: &mut Random,
    ) -> Result<Self, Error> {
        if op.output() != Kind::Real {
            return Err(Error::Argument(format!("check_gradients: the result of `{}` is not numbers", op.name())));
        }
        let replay = Replay::of_op(op, args.to_vec())?;
        let value = replay.output().clone();
        let cotangent = random.weights(value.shape());
        let gradients = caught(|| Ok(replay.cotangents(cotangent.clone())))?;
        let Roundoff { output, leaves: errors } = roundoff(&replay, &cotangent, random);
        let (mut leaves, mut point) = (Vec::new(), Vec::new());
        for k in (0..args.len()).filter(|k| op.active(*k)) {
            let Some(x) = replay.real(k) else { continue };
            let units = errors[k].clone().unwrap_or_else(|| vec![0.0; x.len()]);
            leaves.push(Leaf {
                name: names.arguments.get(k).cloned().unwrap_or_else(|| format!("argument {k}")),
                analytic: gradients[k].clone().unwrap_or_else(|| Tensor::zeros(x.shape())),
                rounding: units.iter().map(|u| u * UNIT).collect(),
                position: Some(k),
                is_argument: false,
                is_parameter: false,
            });
            point.push(x.clone());
        }
        let function = replayed(&replay, leaves.iter().map(|l| l.position).collect());
        let contracted =
            Contracted { function, point, cotangent, value, floor: output, opaque: false, tolerance: TOLERANCE[0] };
        Ok(Subject {
            float: "f64",
            tolerance: TOLERANCE[0],
            leaves,
            called: None,
            replayed: Some((contracted, replay)),
            escapes: None,
            held: Vec::new(),
        })
    }

    /// A function that is not ours, with its gradient.
    pub(crate) fn plain(
        mut value: impl FnMut(&[f64]) -> f64 + 'a,
        gradient: impl FnOnce(&[f64]) -> Vec<f64>,
        at: &[f64],
        names: &Names,
    ) -> Result<Self, Error> {
        let analytic = gradient(at);
        if analytic.len() != at.len() {
            return Err(Error::Argument(format!(
                "check_gradients: the gradient has {} elements, the point {}",
                analytic.len(),
                at.len()
            )));
        }
        let blocks = match names.blocks.is_empty() {
            true => vec![(name(&names.arguments, 0, 1, true, None), Shape::from([at.len()]))],
            false => names.blocks.clone(),
        };
        let lengths: Vec<usize> = blocks.iter().map(|(_, shape)| shape.len_elements()).collect();
        let total = lengths.iter().fold(0_usize, |total, n| total.saturating_add(*n));
        if total != at.len() {
            let blocks: Vec<String> = blocks.iter().map(|(name, shape)| format!("{name}{shape}")).collect();
            return Err(Error::Argument(format!(
                "check_gradients: the blocks {} have {total} elements together, the point {}",
                blocks.join(", "),
                at.len()
            )));
        }
        let y = value(at);
        let (mut leaves, mut point, mut from) = (Vec::new(), Vec::new(), 0);
        for ((name, shape), length) in blocks.into_iter().zip(lengths) {
            let part = from..from + length;
            from += length;
            point.push(Tensor::new(&shape, at[part.clone()].to_vec()));
            leaves.push(Leaf {
                name,
                // Nothing is known of how it was computed but that it is rounded.
                rounding: analytic[part.clone()].iter().map(|a| 8.0 * UNIT * a.abs()).collect(),
                analytic: Tensor::new(shape, analytic[part].to_vec()),
                position: None,
                is_argument: true,
                is_parameter: false,
            });
        }
        let called = Contracted {
            function: Box::new(move |leaves, _| {
                Some(Tensor::from(match leaves {
                    [all] => value(all.data()),
                    parts => value(&parts.iter().flat_map(|part| part.data().iter().copied()).collect::<Vec<f64>>()),
                }))
            }),
            point,
            cotangent: Tensor::from(1.0),
            value: Tensor::from(y),
            floor: vec![0.0],
            opaque: true,
            tolerance: TOLERANCE[0],
        };
        Ok(Subject {
            float: "f64",
            tolerance: TOLERANCE[0],
            leaves,
            called: Some(called),
            replayed: None,
            escapes: None,
            held: Vec::new(),
        })
    }

    /// The function for differences by a leaf.
    pub(crate) fn function(&mut self, leaf: usize) -> Option<&mut Contracted<'a>> {
        match self.called.is_some() && self.leaves[leaf].is_argument {
            true => self.called.as_mut(),
            false => self.replay_function(),
        }
    }

    /// The function for differences in all leaves at once.
    pub(crate) fn whole(&mut self) -> Option<&mut Contracted<'a>> {
        match self.leaves.iter().all(|l| l.is_argument) && self.called.is_some() {
            true => self.called.as_mut(),
            false => self.replay_function(),
        }
    }

    /// The recorded graph as a function.
    pub(crate) fn replay_function(&mut self) -> Option<&mut Contracted<'a>> {
        self.replayed.as_mut().map(|(function, _)| function)
    }

    /// The values of the leaves.
    pub(crate) fn point(&self) -> &[Tensor<f64>] {
        let functions = self.called.as_ref().map(|f| &f.point).or(self.replayed.as_ref().map(|(f, _)| &f.point));
        functions.map_or(&[], |p| p.as_slice())
    }
}

/// A leaf's name: the user's, `x`, `x0`, … or that of a parameter by its source line.
fn name(
    names: &[String],
    k: usize,
    arguments: usize,
    is_argument: bool,
    line: Option<&'static Location<'static>>,
) -> String {
    match (names.get(k).filter(|name| !name.is_empty()), is_argument, line) {
        (Some(name), ..) => name.clone(),
        (None, true, _) if arguments == 1 => "x".into(),
        (None, true, _) => format!("x{k}"),
        (None, false, Some(line)) => format!("parameter {} ({line})", k - arguments),
        (None, false, None) => format!("parameter {}", k - arguments),
    }
}

/// The analytic derivative along a direction, and its round-off.
pub(crate) fn projected(subject: &Subject<'_>, direction: &[Tensor<f64>]) -> (f64, f64) {
    let pairs = || subject.leaves.iter().zip(direction);
    let sum = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
        pairs().enumerate().map(|(l, (_, d))| (0..d.len()).map(|i| of(l, i)).sum::<f64>()).sum()
    };
    let analytic = sum(&|l, i| subject.leaves[l].analytic.data()[i] * direction[l].data()[i]);
    let rounding = sum(&|l, i| subject.leaves[l].rounding[i] * direction[l].data()[i].abs());
    (analytic, rounding)
}
