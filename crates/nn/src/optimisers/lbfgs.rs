//! L-BFGS.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wengert_tape::{Float, Param, Tensor};

use super::{ModelGradients, ParameterGradients};
use crate::error::Error;
use crate::module::Parameters;

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno with a line search that keeps the strong Wolfe
/// conditions (Nocedal and Wright, "Numerical Optimization", 2006: algorithms 7.4, 3.5 and 3.6).
///
/// It is for losses without noise: the whole data set at once, and a smooth function. It asks for the loss and its
/// gradient several times in an iteration, so that it takes a function where other optimisers take gradients.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// // Rosenbrock's valley, whose floor is at (1, 1).
/// let mut point = Param::new(Tensor::from([-1.2, 1.0]));
/// let minimum = Lbfgs::new().minimise(&mut point, |point| {
///     let tape = Tape::new();
///     let p = tape.input(Tensor::from(0.0)).lift(point);
///     let (x, y) = (p.slice(0, 0..1), p.slice(0, 1..2));
///     let loss = ((1.0 - x).powi(2) + 100.0 * (y - x.powi(2)).powi(2)).sum();
///     Ok((loss.item(), ModelGradients::of(point, &loss.backward())))
/// })?;
/// assert!(minimum.loss < 1e-16 && minimum.iterations < 50);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lbfgs {
    memory: usize,
    iterations: usize,
    tolerance: f64,
}

/// Where [`Lbfgs::minimise`] ended.
///
/// # Examples
/// ```
/// use wengert_nn::Minimum;
/// use wengert_nn::prelude::*;
/// let mut p = Param::new(Tensor::from(3.0));
/// let found: Minimum = Lbfgs::new().minimise(&mut p, |p| {
///     let tape = Tape::new();
///     let loss = (tape.param(p) - 1.0).square() + 0.5;
///     Ok((loss.item(), ModelGradients::of(p, &loss.backward())))
/// })?;
/// assert!((found.loss - 0.5).abs() < 1e-15 && found.slope < 1e-9 && found.evaluations >= found.iterations);
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// The loss.
    pub loss: f64,
    /// The largest absolute number in the gradient.
    pub slope: f64,
    /// The number of iterations.
    pub iterations: usize,
    /// How often the loss was asked for.
    pub evaluations: usize,
}

/// A sufficient decrease is this share of the slope, and a flat place has at most that share of it.
const DECREASE: f64 = 1e-4;
const FLATNESS: f64 = 0.9;
const TRIALS: usize = 30;

impl Default for Lbfgs {
    fn default() -> Self {
        Self::new()
    }
}

impl Lbfgs {
    /// With a memory of 10 steps, at most 100 iterations, until no number of the gradient is above 10⁻⁹.
    pub fn new() -> Self {
        Lbfgs { memory: 10, iterations: 100, tolerance: 1e-9 }
    }

    /// With a memory of another length.
    pub fn memory(self, memory: usize) -> Self {
        Lbfgs { memory, ..self }
    }

    /// With another number of iterations at most.
    pub fn iterations(self, iterations: usize) -> Self {
        Lbfgs { iterations, ..self }
    }

    /// With another bound for the gradient.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Lbfgs { tolerance, ..self }
    }

    /// Moves the parameters of `model`, those that are not frozen, to where `loss` is least near them.
    ///
    /// # Errors
    /// What `loss` returns; [`Error::Shape`] if the loss or its gradient is not finite at the start. The model is then where
    /// the loss was least so far.
    pub fn minimise<F: Float, M: Parameters<F>>(
        &self,
        model: &mut M,
        mut loss: impl FnMut(&M) -> Result<(f64, ModelGradients<F>), Error>,
    ) -> Result<Minimum, Error> {
        let mut x = numbers(model);
        let mut evaluations = 0;
        let mut evaluate = |model: &mut M, x: &[f64]| {
            write(model, x);
            evaluations += 1;
            let (value, gradients) = loss(model)?;
            Ok::<_, Error>((value, slopes(model, &gradients)))
        };
        let (mut value, mut g) = evaluate(model, &x)?;
        if !value.is_finite() {
            return Err(Error::shape("lbfgs", format!("the loss is {value} at the start")));
        }
        if let Some(slope) = g.iter().find(|slope| !slope.is_finite()) {
            return Err(Error::shape(
                "lbfgs",
                format!("the gradient has {slope} at the start, where the loss is {value}"),
            ));
        }
        let (mut memory, mut iterations) = (Memory { pairs: VecDeque::new(), length: self.memory }, 0);
        while iterations < self.iterations && largest(&g) > self.tolerance {
            let mut direction = memory.direction(&g);
            if !(dot(&direction, &g) < 0.0) {
                memory.pairs.clear();
                direction = memory.direction(&g);
            }
            // Without a memory the length of the gradient says nothing about the length of a good step.
            let first = if memory.pairs.is_empty() { (1.0 / norm(&g)).min(1.0) } else { 1.0 };
            let at = |step: f64| -> Vec<f64> { x.iter().zip(&direction).map(|(x, d)| x + step * d).collect() };
            let along = |step: f64| {
                let point = at(step);
                let (value, g) = evaluate(model, &point)?;
                Ok(Trial { step, value, slope: dot(&g, &direction), g })
            };
            let here = Trial { step: 0.0, value, slope: dot(&g, &direction), g: g.clone() };
            let found = match line_search(&here, first, along) {
                Ok(found) => found,
                Err(e) => {
                    write(model, &x);
                    return Err(e);
                }
            };
            iterations += 1;
            if found.step == 0.0 {
                break;
            }
            let moved = at(found.step);
            memory.push(difference(&moved, &x), difference(&found.g, &g));
            (x, value, g) = (moved, found.value, found.g);
        }
        write(model, &x);
        Ok(Minimum { loss: value, slope: largest(&g), iterations, evaluations })
    }
}

/// The last steps, each with the change of the gradient along it.
struct Memory {
    pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    length: usize,
}

impl Memory {
    fn push(&mut self, step: Vec<f64>, change: Vec<f64>) {
        // Only a positive curvature keeps the direction downhill.
        if self.length > 0 && dot(&step, &change) > 1e-14 * dot(&change, &change) {
            self.pairs.push_back((step, change));
            while self.pairs.len() > self.length {
                self.pairs.pop_front();
            }
        }
    }

    /// Minus the gradient times an estimate of the inverse Hessian, in two loops over the memory.
    fn direction(&self, g: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = g.iter().map(|g| -g).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (s, y) in self.pairs.iter().rev() {
            let share = dot(s, &q) / dot(s, y);
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= share * y);
            shares.push(share);
        }
        if let Some((s, y)) = self.pairs.back() {
            let scale = dot(s, y) / dot(y, y);
            q.iter_mut().for_each(|q| *q *= scale);
        }
        for ((s, y), share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let other = dot(y, &q) / dot(s, y);
            q.iter_mut().zip(s).for_each(|(q, s)| *q += (share - other) * s);
        }
        q
    }
}

/// The loss along a direction: where, how large, how steep, and its gradient.
#[derive(Clone)]
struct Trial {
    step: f64,
    value: f64,
    slope: f64,
    g: Vec<f64>,
}

impl Trial {
    /// Whether the loss and every number of its gradient are finite: nowhere else can a search go on from.
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite() && self.g.iter().all(|slope| slope.is_finite())
    }
}

/// A step with the strong Wolfe conditions, or the lowest one found: grow until a minimum is between two trials, then
/// halve the interval or take the minimum of the cubic through both ends.
fn line_search(here: &Trial, first: f64, mut along: impl FnMut(f64) -> Result<Trial, Error>) -> Result<Trial, Error> {
    let enough = |t: &Trial| t.value <= here.value + DECREASE * t.step * here.slope;
    let flat = |t: &Trial| t.slope.abs() <= FLATNESS * here.slope.abs();
    let (mut low, mut high, mut step) = (here.clone(), None::<Trial>, first);
    for _ in 0..TRIALS {
        let trial = along(step)?;
        if !trial.is_finite() || !enough(&trial) || trial.value >= low.value {
            high = Some(trial);
        } else if flat(&trial) {
            return Ok(trial);
        } else {
            // The lowest so far: the minimum is between it and the end towards which it falls.
            let towards_high = high.as_ref().map_or(1.0, |high| high.step - low.step);
            let before = std::mem::replace(&mut low, trial);
            if low.slope * towards_high >= 0.0 {
                high = Some(before);
            }
        }
        step = high.as_ref().map_or(2.0 * step, |high| between(&low, high));
    }
    Ok(low)
}

/// A step inside the interval: the minimum of the cubic through both ends, or the middle where that is near an end.
fn between(low: &Trial, high: &Trial) -> f64 {
    let width = high.step - low.step;
    let middle = low.step + 0.5 * width;
    if !high.is_finite() {
        return middle;
    }
    let d1 = low.slope + high.slope - 3.0 * (low.value - high.value) / (low.step - high.step);
    let d2 = (d1 * d1 - low.slope * high.slope).sqrt().copysign(width);
    let cubic = high.step - width * (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2);
    let share = (cubic - low.step) / width;
    if (0.1..=0.9).contains(&share) { cubic } else { middle }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// The largest absolute value of finite numbers.
fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// The parameters that are not frozen, in order, a shared one once.
fn learned<F: Float>(model: &impl Parameters<F>) -> Vec<&Param<F>> {
    let mut seen = BTreeSet::new();
    let all = model.parameters().into_iter().map(|(_, param)| param);
    all.filter(|param| !param.is_frozen() && seen.insert(param.id())).collect()
}

fn numbers<F: Float>(model: &impl Parameters<F>) -> Vec<f64> {
    learned(model).into_iter().flat_map(|param| param.value().data()).map(|x| Float::to_f64(*x)).collect()
}

fn write<F: Float>(model: &mut impl Parameters<F>, numbers: &[f64]) {
    let (mut numbers, mut done) = (numbers.iter(), BTreeMap::new());
    for (_, param) in model.parameters_mut().into_iter().filter(|(_, param)| !param.is_frozen()) {
        let shape = param.value().shape().clone();
        let mut take = |n: usize| numbers.by_ref().take(n).map(|x| F::from_f64(*x)).collect();
        let value = done.entry(param.id()).or_insert_with(|| Tensor::new(&shape, take(shape.len_elements())));
        *param.value_mut() = value.clone();
    }
}

/// The gradient in the order of [`numbers`]; zeros where the loss does not depend on a parameter.
fn slopes<F: Float>(model: &impl Parameters<F>, gradients: &ModelGradients<F>) -> Vec<f64> {
    let mut all = Vec::new();
    for param in learned(model) {
        match gradients.of_parameter(param) {
            Some(g) => all.extend(g.data().iter().map(|x| Float::to_f64(*x))),
            None => all.resize(all.len() + param.value().len(), 0.0),
        }
    }
    all
}
