//! How parameters follow their gradients.

mod adadelta;
mod adagrad;
mod adam;
mod average;
mod gradients;
mod groups;
mod lbfgs;
mod lion;
mod rms_prop;
mod sgd;

use std::collections::BTreeMap;
use std::fmt::Debug;

pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamOf, AdamW};
pub use average::{Averaged, WeightAverage};
pub use gradients::{ModelGradients, ParameterGradients};
pub use groups::Groups;
pub use lbfgs::{Lbfgs, Minimum};
pub use lion::Lion;
pub use rms_prop::RmsProp;
pub use sgd::Sgd;
use wengert_tape::{Float, Number, Param, ParamId, Tensor};

use crate::error::Error;
use crate::module::{Name, Parameters};

/// Changes the parameters of a model by their gradients, and remembers what it needs from step to step.
///
/// What it remembers goes by the identity of a parameter: a clone of a model begins without memories, which
/// [`state`](Self::state) and [`restore`](Self::restore) bring over by name. A parameter that is frozen, or that the loss
/// does not depend on, is left as it is; one that a model holds in several places ([tied](Param::tied) weights) is changed
/// once.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut model = Linear::from_weights(Tensor::from([[0.0, 0.0]]), None);
/// let mut optimiser = Sgd::new(0.1);
/// let (x, y) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[5.0]]));
/// for _ in 0..100 {
///     let tape = Tape::new();
///     let loss = mse(model.forward(&tape.input(x.clone())), &y);
///     let step = optimiser.step(&mut model, &loss.backward());
///     assert_eq!(step.updated, 1);
/// }
/// assert!((model.forward(&x).item() - 5.0).abs() < 1e-12);
/// ```
pub trait Optimiser<F: Float>: Debug + Send {
    /// Changes the parameters of `model` in place: one pass over each.
    ///
    /// [`Gradients`](wengert_tape::Gradients) and [`ModelGradients`] can be given.
    ///
    /// # Panics
    /// If the loss depends on two values of a parameter, which was changed between two uses on one tape.
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step;

    /// The learning rate.
    fn rate(&self) -> f64;

    /// Sets the learning rate, as schedules do.
    fn set_rate(&mut self, rate: f64);

    /// What the optimiser remembers of the parameters of `model`, by name.
    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F>;

    /// Takes up what another optimiser of its kind remembered.
    ///
    /// # Errors
    /// If the state is of another kind of optimiser or another model. Then this one is as it was.
    fn restore(&mut self, model: &dyn Parameters<F>, state: OptimiserState<F>) -> Result<(), Error>;

    /// A copy with what it remembers.
    fn boxed(&self) -> Box<dyn Optimiser<F>>;
}

impl<F: Float> Clone for Box<dyn Optimiser<F>> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

impl<F: Float, O: Optimiser<F> + ?Sized> Optimiser<F> for Box<O> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        (**self).step(model, gradients)
    }
    fn rate(&self) -> f64 {
        (**self).rate()
    }
    fn set_rate(&mut self, rate: f64) {
        (**self).set_rate(rate);
    }
    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F> {
        (**self).state(model)
    }
    fn restore(&mut self, model: &dyn Parameters<F>, state: OptimiserState<F>) -> Result<(), Error> {
        (**self).restore(model, state)
    }
    fn boxed(&self) -> Box<dyn Optimiser<F>> {
        (**self).boxed()
    }
}

/// The methods of an optimiser that has a field `rate` and remembers tensors of these kinds in its field `memories`.
macro_rules! remembers {
    ($float:ident: $($kind:literal),*) => {
        fn rate(&self) -> f64 {
            self.rate
        }
        fn set_rate(&mut self, rate: f64) {
            self.rate = rate;
        }
        fn state(&self, model: &dyn Parameters<$float>) -> OptimiserState<$float> {
            $crate::optimisers::state(&self.memories, [$($kind),*], model)
        }
        fn restore(&mut self, model: &dyn Parameters<$float>, state: OptimiserState<$float>) -> Result<(), Error> {
            self.memories = $crate::optimisers::restored([$($kind),*], model, state)?;
            Ok(())
        }
        fn boxed(&self) -> Box<dyn Optimiser<$float>> {
            Box::new(self.clone())
        }
    };
}
use remembers;

/// What a step did.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut layer = Linear::<f64>::new(2, 1, &mut generator(1));
/// layer.bias.as_mut().unwrap().set_frozen(true);
/// let tape = Tape::new();
/// let loss = layer.forward(&tape.input(Tensor::ones([1, 2]))).sum();
/// let step = Sgd::new(0.1).step(&mut layer, &loss.backward());
/// assert_eq!((step.updated, step.frozen, step.unreached.len()), (1, vec!["bias".to_string()], 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// How many parameters were changed.
    pub updated: usize,
    /// The names of the parameters that are frozen.
    pub frozen: Vec<String>,
    /// The names of the parameters that have no gradient: the loss does not depend on them.
    pub unreached: Vec<String>,
}

/// What an optimiser remembers, by the names that a file would give it.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let mut p = Param::new(Tensor::from(2.0));
/// let mut optimiser = Sgd::new(0.1).momentum(0.9);
/// let tape = Tape::new();
/// let loss = tape.param(&p).square();
/// optimiser.step(&mut p, &loss.backward());
/// let state = optimiser.state(&p);
/// assert_eq!(state.tensors.values().next(), Some(&Tensor::from(4.0)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OptimiserState<F: Float> {
    /// Tensors by kind and parameter, such as `momentum` of `0.weight`.
    pub tensors: BTreeMap<(String, String), Tensor<F>>,
    /// The number of steps that each parameter has taken.
    pub steps: BTreeMap<String, u64>,
}

/// What is remembered of one parameter: tensors of its shape, and a count.
#[derive(Clone, Debug)]
struct Memory<F: Float, const N: usize> {
    tensors: [Tensor<F>; N],
    steps: u64,
}

type Memories<F, const N: usize> = BTreeMap<ParamId, Memory<F, N>>;

/// How an optimiser changes a number: a formula, as that of an operation is.
trait Rule<const N: usize>: Sync {
    /// About how many operations there are in it.
    const FLOPS: u64;

    /// A parameter and what is remembered of it, after a step along the gradient `g`.
    fn change<R: Number>(&self, p: R, g: R, memory: [R; N]) -> (R, [R; N]);
}

/// The walk over a model that all optimisers share: changes each parameter that has a gradient, and its memory, by the rule of the
/// step that it takes.
fn walk<F: Float, const N: usize, S: Rule<N>>(
    memories: &mut Memories<F, N>,
    model: &mut dyn Parameters<F>,
    gradients: &dyn ParameterGradients<F>,
    rule: impl Fn(u64) -> S,
) -> Step {
    let mut step = Step::default();
    let mut done: BTreeMap<ParamId, Tensor<F>> = BTreeMap::new();
    model.visit_mut(Name::ROOT, &mut |name, param| {
        if let Some(value) = done.get(&param.id()) {
            *param.value_mut() = value.clone();
            return;
        }
        if param.is_frozen() {
            return step.frozen.push(name.to_string());
        }
        let Some(gradient) = gradients.of_parameter(param) else {
            return step.unreached.push(name.to_string());
        };
        let fresh = || Memory { tensors: [(); N].map(|()| Tensor::zeros(param.value().shape())), steps: 0 };
        let memory = memories.entry(param.id()).or_insert_with(fresh);
        memory.steps += 1;
        let rule = rule(memory.steps);
        let mut memory: Vec<&mut [F]> = memory.tensors.iter_mut().map(Tensor::data_mut).collect();
        F::change_together(
            param.value_mut(),
            &mut memory,
            gradient.data(),
            S::FLOPS,
            &|g, [p, first, second, third]| {
                let (p, memory) = rule.change(p, g, std::array::from_fn(|k| [first, second, third][k]));
                let at = |k: usize| memory.get(k).copied().unwrap_or(p);
                [p, at(0), at(1), at(2)]
            },
        );
        step.updated += 1;
        done.insert(param.id(), param.value().clone());
    });
    step
}

/// An average after a step by a share towards a number. The share is rounded from 1 − β, and not 1 less β rounded: near β = 1 that
/// has no digits left in `f32`; the average of one number again and again is that number, and a share of 1 gives the number.
fn towards<R: Number>(average: R, number: R, share: f64) -> R {
    let apart = number - average;
    let rest = number.number(1.0) - share;
    let usual = if share < 0.5 { average + apart * share } else { number - apart * rest };
    // A square that overflowed: the average is infinite from there on, and never ∞ − ∞ or 0 · ∞.
    let far = || if share < 1.0 { number * share + average * rest } else { number };
    R::unless(apart.abs().le(apart.number(f64::MAX)), usual, far)
}

/// A gradient with the pull of a parameter towards 0.
fn pulled<R: Number>(g: R, p: R, weight_decay: f64) -> R {
    if weight_decay == 0.0 { g } else { g + p * weight_decay }
}

/// What is remembered of a model's parameters, under the names of the `kinds` of tensors.
fn state<F: Float, const N: usize>(
    memories: &Memories<F, N>,
    kinds: [&str; N],
    model: &dyn Parameters<F>,
) -> OptimiserState<F> {
    let mut state = OptimiserState { tensors: BTreeMap::new(), steps: BTreeMap::new() };
    for (name, param) in model.parameters() {
        if let Some(memory) = memories.get(&param.id()) {
            let tensors = kinds.iter().zip(&memory.tensors);
            state.tensors.extend(tensors.map(|(kind, t)| ((kind.to_string(), name.clone()), t.clone())));
            state.steps.insert(name, memory.steps);
        }
    }
    state
}

/// The memories of a state, which must be of these kinds of tensors and of this model.
fn restored<F: Float, const N: usize>(
    kinds: [&str; N],
    model: &dyn Parameters<F>,
    mut state: OptimiserState<F>,
) -> Result<Memories<F, N>, Error> {
    let mut memories = BTreeMap::new();
    for (name, param) in model.parameters() {
        let Some(steps) = state.steps.remove(&name) else { continue };
        let mut take = |kind: &str| taken(&mut state.tensors, kind, &name, param);
        let tensors = kinds.iter().map(|kind| take(kind)).collect::<Result<Vec<_>, Error>>()?;
        let tensors = tensors.try_into().unwrap_or_else(|_| unreachable!("one tensor for each kind"));
        memories.insert(param.id(), Memory { tensors, steps });
    }
    let left = state.tensors.keys().map(|(kind, name)| format!("{kind} of {name}")).chain(state.steps.into_keys());
    match left.collect::<Vec<_>>() {
        left if left.is_empty() => Ok(memories),
        left => Err(Error::shape("optimiser state", format!("the model has no place for {}", left.join(", ")))),
    }
}

fn taken<F: Float>(
    tensors: &mut BTreeMap<(String, String), Tensor<F>>,
    kind: &str,
    name: &str,
    param: &Param<F>,
) -> Result<Tensor<F>, Error> {
    let error = |message: String| Err(Error::shape(format!("optimiser state: {kind} of {name}"), message));
    match tensors.remove(&(kind.to_string(), name.to_string())) {
        None => error("it is missing".into()),
        Some(t) if t.shape() != param.value().shape() => {
            error(format!("shape {}, the parameter's is {}", t.shape(), param.value().shape()))
        }
        Some(t) => Ok(t),
    }
}
