//! What every rule has to be, whatever its operation: linear in the cotangent, and the transpose of the forward rule.
//!
//! Differences say that a rule is right at one cotangent. If it is linear as well, it is right at every other; so it is
//! asked at multiples of that cotangent, at the one that the graph gives it, and at a sum of both. The forward rule, which
//! no difference asks, must be linear in the tangent and agree with the reverse rule.

use super::extrapolation::UNIT;
use super::function::largest;
use super::oracle::dot;
use super::pattern::Pattern;
use super::random::{Random, direction_of};
use crate::error::{Error, caught};
use crate::ops::AnyOp;
use crate::rule::algebra::{Arg, Args};
use crate::rule::op::Op;
use crate::sweep::expect_shape;
use crate::tensor::Tensor;

/// How far, relative to its size, a multiple may be from the multiple of the result, and two rules from each other.
const APART: f64 = 1e-6;
/// Relative to the largest element, what an element may be off by rounding in sums.
const ROUNDING: f64 = 1e-13;
/// Multiples by powers of two, which round nothing. No cutoff lies between the cotangent and all of them unnoticed.
const MULTIPLES: [f64; 4] = [-1.0, NEAR, (1u64 << 40) as f64, 1.0 / (1u64 << 40) as f64];
/// The multiple that is tried of numbers of any size.
const NEAR: f64 = 8.0;
/// Numbers outside of this are not multiplied farther: something inside a rule might over- or underflow.
const ORDINARY: [f64; 2] = [1e-150, 1e150];
/// How many roundings of a rule two ways to compute the same may be apart.
const ROUNDINGS: f64 = 16.0;

/// An operation at some arguments, whose rules are asked.
pub(crate) struct Rules<'a> {
    pub(crate) op: &'a AnyOp,
    pub(crate) args: &'a [Arg<'a, Tensor<f64>>],
    pub(crate) y: &'a Tensor<f64>,
    /// The arguments that carry a gradient.
    pub(crate) need: &'a [usize],
}

/// A rule that is wrong whatever the derivative is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Broken {
    pub(crate) pattern: Pattern,
    /// Where that shows; `None` if in a sum over all elements.
    pub(crate) element: Option<usize>,
    pub(crate) found: f64,
    pub(crate) expected: f64,
    pub(crate) bar: f64,
}

impl Rules<'_> {
    /// The cotangents of the arguments that need one: all at once, as a sweep asks.
    pub(crate) fn reverse(&self, g: &Tensor<f64>) -> Vec<Tensor<f64>> {
        self.op.cotangents(self.need, g.clone(), Args(self.args), self.y).into_vec()
    }

    /// The tangent of the result from the tangent `d` of an argument.
    ///
    /// # Errors
    /// [`Error::NoRule`] if there is no forward rule.
    pub(crate) fn forward(&self, argument: usize, d: &Tensor<f64>) -> Result<Tensor<f64>, Error> {
        caught(|| Ok(self.op.jvp(argument, d.clone(), Args(self.args), self.y)))
    }

    /// Where the reverse rule of an argument is not linear. `units` is the round-off of its elements at `g`; `graph` is the
    /// cotangent that a graph gives the operation.
    pub(crate) fn reverse_broken(
        &self,
        argument: usize,
        g: &Tensor<f64>,
        graph: Option<&Tensor<f64>>,
        units: &[f64],
    ) -> Option<Broken> {
        let k = self.need.iter().position(|need| *need == argument)?;
        let rule = |g: &Tensor<f64>| self.reverse(g).swap_remove(k);
        let at = rule(g);
        if let Some(broken) = self.not_homogeneous(&rule, g, &at, &MULTIPLES) {
            return Some(broken);
        }
        let graph = graph.filter(|t| is_finite(t) && largest(t) > 0.0)?;
        // As large as `g`, so that neither hides the other in their sum.
        let scale = (largest(g) / largest(graph)).log2().round().exp2();
        if !scale.is_normal() {
            return None;
        }
        let at_graph = rule(graph);
        if let Some(broken) = self.not_homogeneous(&rule, graph, &at_graph, &[-1.0, NEAR, scale]) {
            return Some(broken);
        }
        let scaled = graph * scale;
        let (second, found) = (&at_graph * scale, rule(&(g + &scaled)));
        let expected = &at + &second;
        let size = largest(&at).max(largest(&second)).max(largest(&found));
        (0..found.len()).find_map(|i| {
            let bar = APART * size + ROUNDINGS * UNIT * 4.0 * units.get(i).copied().unwrap_or(0.0);
            apart(i, found.data()[i], expected.data()[i], bar)
        })
    }

    /// Where a multiple of `g` does not give the multiple of `at`, which `g` gives.
    fn not_homogeneous(
        &self,
        rule: &dyn Fn(&Tensor<f64>) -> Tensor<f64>,
        g: &Tensor<f64>,
        at: &Tensor<f64>,
        multiples: &[f64],
    ) -> Option<Broken> {
        let far = self.are_ordinary(&[g, at]);
        let near = |s: &&f64| (NEAR.recip()..=NEAR).contains(&s.abs());
        multiples.iter().filter(|s| far || near(s)).find_map(|s| {
            let found = rule(&(g * *s));
            let size = largest(at) * s.abs();
            // What over- or underflows is the operation's own: it would at the cotangent, too, if that were so large.
            if !is_finite(at) || !is_finite(&found) || !size.is_finite() {
                return None;
            }
            (0..found.len()).find_map(|i| {
                let expected = at.data()[i] * s;
                let bar = APART * expected.abs() + ROUNDING * size + f64::MIN_POSITIVE;
                apart(i, found.data()[i], expected, bar)
            })
        })
    }

    /// Whether the arguments, the value and some other numbers are neither huge nor tiny.
    fn are_ordinary(&self, others: &[&Tensor<f64>]) -> bool {
        let numbers = self.args.iter().filter_map(|a| if let Arg::Real(x) = a { Some(*x) } else { None });
        numbers.chain([self.y]).chain(others.iter().copied()).all(is_ordinary)
    }

    /// What is wrong with the forward rule of an argument, whose reverse rule is right and gives `cotangent` at `g`.
    ///
    /// # Errors
    /// [`Error::NoRule`] if it has none.
    pub(crate) fn forward_broken(
        &self,
        argument: usize,
        g: &Tensor<f64>,
        cotangent: &Tensor<f64>,
        units: &[f64],
    ) -> Result<Option<Broken>, Error> {
        let Arg::Real(x) = self.args[argument] else { return Ok(None) };
        let d = direction_of(x, &mut Random::new(3));
        let tangent = self.forward(argument, &d)?;
        expect_shape(self.op, "jvp", argument, tangent.shape(), self.y.shape())?;
        let (forward, reverse) = (dot(g.data(), tangent.data()), dot(cotangent.data(), d.data()));
        let terms = |a: &Tensor<f64>, b: &Tensor<f64>| a.data().iter().zip(b.data()).map(|(a, b)| (a * b).abs()).sum();
        let size: f64 = f64::max(terms(cotangent, &d), terms(g, &tangent));
        let rounding: f64 = units.iter().zip(d.data()).map(|(u, d)| u * d.abs()).sum();
        let bar = APART * size.min(f64::MAX) + ROUNDINGS * UNIT * rounding.min(f64::MAX);
        if !reverse.is_finite() || !forward.is_finite() && !self.are_ordinary(&[cotangent]) {
            return Ok(None);
        }
        if !((forward - reverse).abs() <= bar) {
            let pattern = Pattern::Disagrees;
            return Ok(Some(Broken { pattern, element: None, found: forward, expected: reverse, bar }));
        }
        let rule = |d: &Tensor<f64>| self.op.jvp(argument, d.clone(), Args(self.args), self.y);
        caught(|| Ok(self.not_homogeneous(&rule, &d, &tangent, &MULTIPLES)))
    }
}

/// An element of a rule's result that is not what a linear rule gives.
fn apart(i: usize, found: f64, expected: f64, bar: f64) -> Option<Broken> {
    let pattern = Pattern::NotLinear;
    ((found - expected).abs() > bar).then_some(Broken { pattern, element: Some(i), found, expected, bar })
}

fn is_finite(t: &Tensor<f64>) -> bool {
    t.data().iter().all(|x| x.is_finite())
}

fn is_ordinary(t: &Tensor<f64>) -> bool {
    t.data().iter().all(|x| *x == 0.0 || (ORDINARY[0]..=ORDINARY[1]).contains(&x.abs()))
}
