//! Parameter groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use wengert_tape::{Float, Param, ParamId};

use super::{Optimiser, OptimiserState, ParameterGradients, Step};
use crate::error::Error;
use crate::module::{Name, Parameters, Visit, VisitMut};

type Chooses = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Parameters in groups by name, each with an optimiser of its own.
///
/// A parameter belongs to the first group that chooses its name, and else to the rest. The rate of the whole is that of
/// the rest; setting it keeps the ratios between the groups, which are those of the rates that they came with, also from a
/// rate of 0 on. If the rest came with a rate of 0 there are no ratios, and the groups keep their rates.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// // Weights decay, biases do not.
/// let optimiser = Groups::<f32>::new(Sgd::new(0.5).weight_decay(1e-4)).group(|name| name.ends_with("bias"), Sgd::new(1.0));
/// assert_eq!(optimiser.rate(), 0.5);
/// ```
#[derive(Clone)]
pub struct Groups<F: Float = f32> {
    rest: Box<dyn Optimiser<F>>,
    groups: Vec<(Chooses, Box<dyn Optimiser<F>>)>,
    /// The rates that the groups and the rest came with.
    rates: Vec<f64>,
    rate: f64,
}

impl<F: Float> Groups<F> {
    /// One optimiser for all parameters that no group chooses.
    pub fn new(rest: impl Optimiser<F> + 'static) -> Self {
        Groups { rate: rest.rate(), rest: Box::new(rest), groups: Vec::new(), rates: Vec::new() }
    }

    /// With an optimiser for the parameters whose name `chooses` accepts and no group before.
    pub fn group(
        mut self,
        chooses: impl Fn(&str) -> bool + Send + Sync + 'static,
        optimiser: impl Optimiser<F> + 'static,
    ) -> Self {
        self.rates.push(optimiser.rate());
        self.groups.push((Arc::new(chooses), Box::new(optimiser)));
        self
    }

    /// The group of a name; the number of groups for the rest.
    fn place(&self, name: &str) -> usize {
        self.groups.iter().position(|(chooses, _)| chooses(name)).unwrap_or(self.groups.len())
    }

    /// The group of each name of a model. A shared parameter belongs where its first name does.
    fn places(&self, model: &dyn Parameters<F>) -> BTreeMap<String, usize> {
        let mut by: BTreeMap<ParamId, usize> = BTreeMap::new();
        let place = |(name, param): (String, &Param<F>)| {
            let place = *by.entry(param.id()).or_insert_with(|| self.place(&name));
            (name, place)
        };
        model.parameters().into_iter().map(place).collect()
    }

    fn optimisers(&mut self) -> impl Iterator<Item = &mut Box<dyn Optimiser<F>>> {
        self.groups.iter_mut().map(|(_, optimiser)| optimiser).chain([&mut self.rest])
    }
}

impl<F: Float> Optimiser<F> for Groups<F> {
    fn step(&mut self, model: &mut dyn Parameters<F>, gradients: &dyn ParameterGradients<F>) -> Step {
        let mut places: BTreeMap<ParamId, usize> = BTreeMap::new();
        model.visit(Name::ROOT, &mut |name, param| {
            // A shared parameter belongs where its first name does.
            places.entry(param.id()).or_insert_with(|| self.place(&name.to_string()));
        });
        let mut all = Step::default();
        for (k, optimiser) in self.optimisers().enumerate() {
            let inside = places.iter().filter(|(_, place)| **place == k).map(|(id, _)| *id).collect();
            let step = optimiser.step(&mut Part { model, inside }, gradients);
            all.updated += step.updated;
            all.frozen.extend(step.frozen);
            all.unreached.extend(step.unreached);
        }
        all
    }

    fn rate(&self) -> f64 {
        self.rest.rate()
    }

    fn set_rate(&mut self, rate: f64) {
        if self.rate != 0.0 {
            for ((_, optimiser), of_group) in self.groups.iter_mut().zip(&self.rates) {
                optimiser.set_rate(of_group * (rate / self.rate));
            }
        }
        self.rest.set_rate(rate);
    }

    fn state(&self, model: &dyn Parameters<F>) -> OptimiserState<F> {
        let mut all = self.rest.state(model);
        for (k, (_, optimiser)) in self.groups.iter().enumerate() {
            let state = optimiser.state(model);
            all.tensors.extend(state.tensors);
            all.steps.extend(state.steps.into_iter().map(|(name, steps)| (in_group(k, name), steps)));
        }
        all
    }

    fn restore(&mut self, model: &dyn Parameters<F>, state: OptimiserState<F>) -> Result<(), Error> {
        let empty = || OptimiserState { tensors: BTreeMap::new(), steps: BTreeMap::new() };
        let mut parts: Vec<OptimiserState<F>> = (0..=self.groups.len()).map(|_| empty()).collect();
        let places = self.places(model);
        let place = |name: &str| places.get(name).copied().unwrap_or(self.groups.len());
        for ((kind, name), tensor) in state.tensors {
            parts[place(&name)].tensors.insert((kind, name), tensor);
        }
        for (name, steps) in state.steps {
            let (group, name) = group_of(&name).unwrap_or((place(&name), &name));
            let Some(part) = parts.get_mut(group) else {
                return Err(Error::shape("optimiser state", format!("there is no group {group}")));
            };
            part.steps.insert(name.into(), steps);
        }
        let mut all = self.clone();
        all.optimisers().zip(parts).try_for_each(|(optimiser, part)| optimiser.restore(model, part))?;
        *self = all;
        Ok(())
    }

    fn boxed(&self) -> Box<dyn Optimiser<F>> {
        Box::new(self.clone())
    }
}

impl<F: Float> fmt::Debug for Groups<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.groups.iter().map(|(_, optimiser)| optimiser).collect();
        f.debug_struct("Groups").field("rest", &self.rest).field("groups", &groups).finish()
    }
}

/// What a group remembers that is of no parameter has a name that begins with `~`; beside that of other groups it is `~k~…`.
fn in_group(group: usize, name: String) -> String {
    if name.starts_with('~') { format!("~{group}{name}") } else { name }
}

/// A group, and a name of its own there.
fn group_of(name: &str) -> Option<(usize, &str)> {
    let (group, rest) = name.strip_prefix('~')?.split_at_checked(name[1..].find('~')?)?;
    Some((group.parse().ok()?, rest))
}

/// Some of the parameters of a model.
struct Part<'m, F: Float> {
    model: &'m mut dyn Parameters<F>,
    inside: BTreeSet<ParamId>,
}

impl<F: Float> Parameters<F> for Part<'_, F> {
    fn visit<'a>(&'a self, at: Name<'_>, visit: &mut Visit<'_, 'a, F>) {
        self.model.visit(at, &mut |name, param| {
            if self.inside.contains(&param.id()) {
                visit(name, param);
            }
        });
    }
    fn visit_mut<'a>(&'a mut self, at: Name<'_>, visit: &mut VisitMut<'_, 'a, F>) {
        let inside = &self.inside;
        self.model.visit_mut(at, &mut |name, param| {
            if inside.contains(&param.id()) {
                visit(name, param);
            }
        });
    }
}
