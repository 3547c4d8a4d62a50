//! What a check found.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::pattern::Pattern;
use super::verdict::{Verdict, digits};
use crate::tape::graph::place;

/// How many of the worst derivatives are shown.
const SHOWN: usize = 10;

/// Relative errors that numbers with the rounding of `f32` have.
const SINGLE: std::ops::Range<f64> = 1e-9..1e-6;

/// What a check found: a verdict, every derivative that was measured, every operation that was asked alone.
///
/// As text ([`Display`](fmt::Display)) it is one line; the worst ten derivatives unless all pass; the operations whose
/// rule is wrong; what other methods say; and what was not checked. [`Report::to_json`] is the same for programs.
#[derive(Clone)]
pub struct Report {
    /// The heaviest of all verdicts.
    pub verdict: Verdict,
    /// The float type that was checked.
    pub float: &'static str,
    /// 1 for a gradient, 2 for the gradient of the gradient.
    pub order: u8,
    /// The derivatives by single numbers.
    pub elements: Vec<Element>,
    /// The derivatives along random directions in all leaves.
    pub directions: Vec<Element>,
    /// The rules of the operations, one entry for each argument.
    pub operations: Vec<Operation>,
    /// The forward–reverse identity, if forward mode was run.
    pub identity: Option<Identity>,
    /// What the graph replayed on complex numbers says, where that can be done.
    pub complex_step: Option<ComplexStep>,
    /// How fast the remainder of the Taylor expansion along a random direction falls with the step: 2 if the gradient is
    /// right, 1 if not. `None` if the remainder is round-off at every step.
    pub taylor: Option<f64>,
    /// The error of the central difference at each step, for the worst derivative.
    pub curve: Vec<StepError>,
    /// What was not checked, in words.
    pub unchecked: Vec<String>,
    /// How often the function was called.
    pub evaluations: usize,
    /// How often single operations were computed.
    pub operation_evaluations: usize,
}

/// One derivative, analytic and measured.
#[derive(Clone, Debug)]
pub struct Element {
    /// The leaf and the position in it, such as `w[2, 0]`; for a direction `direction 1`.
    pub name: String,
    /// Which leaf; for a direction, which direction.
    pub leaf: usize,
    /// The position along each axis of the leaf.
    pub position: Vec<usize>,
    /// What the rules gave.
    pub analytic: f64,
    /// What differences gave.
    pub numeric: f64,
    /// The true derivative lies within this distance of `numeric`; the round-off of `analytic` is in it.
    pub bar: f64,
    /// The one-sided derivatives at a kink.
    pub sides: Option<(f64, f64)>,
    /// By how much the one-sided derivatives may differ without being seen to, if that is why it cannot be told: the two
    /// numbers agree to enough digits. [`Checker::smooth`](super::Checker::smooth) says that there is no kink.
    pub unseen: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// How a wrong one is wrong.
    pub pattern: Option<Pattern>,
}

impl Element {
    /// How many decimal digits the measurement vouches for.
    pub fn digits(&self) -> u32 {
        digits(self.analytic.abs().max(self.numeric.abs()), self.bar)
    }

    /// Why it cannot be told, in words.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::check::Checker;
    /// use wengert_tape::Scalar;
    /// // adding a large number takes the digits
    /// let lost = Checker::new().report(|x: Scalar| ((x + 1e16) - 1e16).sin(), 0.7)?;
    /// assert_eq!(lost.elements[0].why_unsure(), "0 digits can be trusted");
    /// # Ok::<(), wengert_tape::Error>(())
    /// ```
    pub fn why_unsure(&self) -> String {
        let digits = format!("{} digits can be trusted", self.digits());
        match self.unseen {
            Some(jump) => format!(
                "{digits}, unless a kink of {jump:.1e} hides here: `Checker::smooth` (`--smooth`) says that there is none"
            ),
            None => digits,
        }
    }

    /// How far the two are apart, in bars.
    fn weight(&self) -> f64 {
        let apart = (self.analytic - self.numeric).abs() / self.bar.max(f64::MIN_POSITIVE);
        f64::from(self.verdict as u8) + if apart.is_nan() { 1.0 } else { apart / (1.0 + apart) }
    }
}

/// The rule of one argument of one operation, asked alone. Of forward rules only those that are wrong are listed.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The id of the node on its tape.
    pub node: Option<u32>,
    /// The operation's name.
    pub name: String,
    /// Where it was recorded.
    pub line: Option<&'static Location<'static>>,
    /// The layer of a model in which it was recorded.
    pub layer: Option<Arc<str>>,
    /// The argument.
    pub argument: usize,
    /// Whether it is the forward rule, which gives tangents, and not the reverse rule.
    pub forward: bool,
    /// The verdict on its rule.
    pub verdict: Verdict,
    /// How a wrong rule is wrong.
    pub pattern: Option<Pattern>,
    /// The worst element of the argument; `None` if that is a direction in it.
    pub element: Option<Vec<usize>>,
    /// What the rule gave there.
    pub analytic: f64,
    /// What differences gave there.
    pub numeric: f64,
    /// The bar of `numeric`.
    pub bar: f64,
    /// Whether it is the operation at other inputs: at the recorded ones its derivative is too small to be measured.
    pub elsewhere: bool,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = self.node {
            write!(f, "node {node} ")?;
        }
        write!(f, "`{}`", self.name)?;
        if self.line.is_some() {
            write!(f, " ({})", place(self.line, self.layer.as_deref()))?;
        }
        let rule = if self.forward { "forward rule (jvp)" } else { "gradient" };
        write!(f, ": {rule} of argument {}", self.argument)?;
        match (self.verdict, &self.pattern) {
            (Verdict::Fail, Some(pattern)) => write!(f, " {pattern}")?,
            (Verdict::Fail, None) => f.write_str(" is wrong")?,
            (verdict, _) => write!(f, ": {verdict}")?,
        }
        write!(f, "; {:.6e} beside {:.6e} ± {:.1e}", self.analytic, self.numeric, self.bar)?;
        match &self.element {
            Some(at) if !at.is_empty() => write!(f, " at {at:?}")?,
            _ => {}
        }
        match self.elsewhere {
            true => f.write_str(" (at other inputs: at the recorded ones the derivative is too small to be measured)"),
            false => Ok(()),
        }
    }
}

/// The identity ⟨ȳ, J ẋ⟩ = ⟨Jᵀ ȳ, ẋ⟩ for a random direction ẋ: forward mode on the left, reverse mode on the right.
#[derive(Clone, Debug)]
pub struct Identity {
    /// ⟨ȳ, J ẋ⟩
    pub forward: f64,
    /// ⟨Jᵀ ȳ, ẋ⟩
    pub reverse: f64,
    /// How far the two may be apart by rounding.
    pub bar: f64,
    /// Where they disagree: the operation whose forward rule disagrees with its reverse rule.
    pub operation: Option<String>,
}

impl Identity {
    /// Whether the two agree.
    pub fn holds(&self) -> bool {
        (self.forward - self.reverse).abs() <= self.bar
    }
}

/// The derivative along a random direction, read off the imaginary part of the recorded graph on complex numbers. No
/// difference is taken, so that nothing is lost but by the graph's own rounding.
#[derive(Clone, Debug)]
pub struct ComplexStep {
    /// The derivative by the complex step.
    pub derivative: f64,
    /// What reverse mode gave.
    pub reverse: f64,
    /// How far the two may be apart by rounding.
    pub bar: f64,
    /// How many operations were computed on complex numbers: those whose files declare how they extend to them.
    pub operations: usize,
    /// The other operations, each once: they carried the derivative by their forward rules.
    pub not_analytic: Vec<String>,
    /// Where the two disagree: the operation whose complex formula disagrees with its reverse rule.
    pub operation: Option<String>,
}

impl ComplexStep {
    /// Whether the two agree.
    pub fn holds(&self) -> bool {
        (self.derivative - self.reverse).abs() <= self.bar
    }
}

/// The central difference at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepError {
    /// The step.
    pub step: f64,
    /// The central difference.
    pub difference: f64,
    /// Its distance from the analytic derivative.
    pub error: f64,
}

impl Report {
    /// The worst derivatives: by verdict, then by their distance in bars.
    pub fn worst(&self) -> Vec<&Element> {
        let mut all: Vec<&Element> = self.elements.iter().chain(&self.directions).collect();
        all.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        all.truncate(SHOWN);
        all
    }

    /// The verdict on each part of the point, in order: the heaviest on its derivatives that were measured.
    pub fn parts(&self) -> Vec<(String, Verdict)> {
        let mut parts: Vec<(usize, String, Verdict)> = Vec::new();
        for e in &self.elements {
            match parts.iter_mut().find(|(leaf, ..)| *leaf == e.leaf) {
                Some((.., verdict)) => *verdict = e.verdict.max(*verdict),
                None => {
                    // The position stands behind the name.
                    let name =
                        if e.position.is_empty() { Some(&*e.name) } else { e.name.rsplit_once('[').map(|(n, _)| n) };
                    parts.push((e.leaf, name.unwrap_or(&e.name).to_owned(), e.verdict));
                }
            }
        }
        parts.sort_by_key(|(leaf, ..)| *leaf);
        parts.into_iter().map(|(_, name, verdict)| (name, verdict)).collect()
    }

    /// Of several parts, which are wrong and which are right, in a line; empty if there is one.
    fn parts_line(&self) -> String {
        let parts = self.parts();
        if parts.len() < 2 {
            return String::new();
        }
        let of = |wanted: &dyn Fn(Verdict) -> bool, word: &str| {
            let names: Vec<&str> = parts.iter().filter(|(_, v)| wanted(*v)).map(|(name, _)| &**name).collect();
            (!names.is_empty()).then(|| format!("{word}: {}", names.join(", ")))
        };
        let wrong = of(&|v| v == Verdict::Fail, "wrong");
        let unsure = of(&|v| v == Verdict::CannotTell, "cannot tell");
        let right = of(&|v| v <= Verdict::Kink, "right");
        [wrong, unsure, right].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// The power of the step with which the error of the central difference falls, where it is not round-off: the median
    /// over pairs of neighbouring steps of [`curve`](Self::curve). 2 for a right gradient of a smooth function, 0 for a
    /// wrong one; `None` if the error is round-off at every step.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// let report = check_gradients(|x: Scalar| x.exp(), 0.3_f64)?;
    /// assert!((report.curve_slope().unwrap() - 2.0).abs() < 0.1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn curve_slope(&self) -> Option<f64> {
        let falls = |pair: &[StepError]| {
            let [a, b] = pair else { return None };
            // Twice the round-off that a difference of numbers of this size may have.
            let floor = |p: &StepError| 4.0 * f64::EPSILON * p.difference.abs().max(p.error) / p.step.min(1.0);
            let both = a.error > floor(a) && b.error > floor(b) && a.step > b.step;
            both.then(|| (a.error / b.error).ln() / (a.step / b.step).ln())
        };
        let bottom = self.curve.iter().map(|p| p.error).enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?.0;
        // A wrong gradient's error may be smallest at the first step.
        let end = if bottom == 0 { self.curve.len() } else { bottom + 1 };
        let mut powers: Vec<f64> = self.curve[..end].windows(2).filter_map(falls).collect();
        powers.sort_by(f64::total_cmp);
        powers.get(powers.len() / 2).copied()
    }

    /// The operations whose rule is wrong.
    pub fn wrong_operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|o| o.verdict == Verdict::Fail)
    }

    /// What methods other than differences say, where they were run and agree.
    fn other_methods(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.identity.as_ref().is_some_and(Identity::holds) {
            lines.push("forward mode agrees".into());
        }
        if let Some(step) = self.complex_step.as_ref().filter(|s| s.holds() && s.operations > 0) {
            let others = match step.not_analytic.is_empty() {
                true => String::new(),
                false => format!(" (not analytic: {})", step.not_analytic.join(", ")),
            };
            lines.push(format!("a complex step agrees{others}"));
        }
        if let Some(power) = self.taylor {
            lines.push(format!("the Taylor remainder falls as h^{power:.1}"));
        }
        lines
    }

    /// The report in a line.
    pub fn headline(&self) -> String {
        let order = if self.order > 1 { format!(", order {}", self.order) } else { String::new() };
        let count = |verdicts: &[Verdict]| {
            let kinds = [Verdict::Pass, Verdict::Kink, Verdict::CannotTell, Verdict::Fail];
            let parts = kinds.into_iter().filter_map(|kind| {
                let n = verdicts.iter().filter(|v| **v == kind).count();
                (n > 0).then(|| format!("{n} {kind}"))
            });
            parts.collect::<Vec<_>>().join(", ")
        };
        let elements: Vec<Verdict> = self.elements.iter().map(|e| e.verdict).collect();
        let rules: Vec<Verdict> = self.operations.iter().map(|o| o.verdict).collect();
        let mut line = format!("gradient check: {} ({}{order})", self.verdict, self.float);
        line += &format!("; derivatives: {}", if elements.is_empty() { "none".into() } else { count(&elements) });
        if !self.directions.is_empty() {
            let directions: Vec<Verdict> = self.directions.iter().map(|e| e.verdict).collect();
            line += &format!("; directions: {}", count(&directions));
        }
        if !rules.is_empty() {
            line += &format!("; rules of operations: {}", count(&rules));
        }
        line
    }
}

impl fmt::Debug for Report {
    /// The text of the report: what a program that returns the error from `main`, or unwraps it, prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if self.elements.iter().any(|e| e.verdict == Verdict::Fail) {
            let parts = self.parts_line();
            if !parts.is_empty() {
                write!(f, "\n  {parts}")?;
            }
        }
        if self.verdict != Verdict::Pass {
            let worst = self.worst();
            let width = worst.iter().map(|e| e.name.chars().count()).max().unwrap_or(0);
            for e in &worst {
                write!(f, "\n  {:width$}  {}", e.name, Numbers(e))?;
            }
        }
        for operation in self.operations.iter().filter(|o| o.verdict >= Verdict::CannotTell) {
            write!(f, "\n  {operation}")?;
        }
        if let Some(identity) = self.identity.as_ref().filter(|i| !i.holds()) {
            let Identity { forward, reverse, bar, operation } = identity;
            let by = operation.as_ref().map_or(String::new(), |o| format!(": the forward rule of {o}"));
            write!(f, "\n  forward mode gives {forward:.6e} where reverse mode gives {reverse:.6e} (± {bar:.1e}){by}")?;
        }
        if let Some(step) = self.complex_step.as_ref().filter(|step| !step.holds()) {
            let ComplexStep { derivative, reverse, bar, operation, .. } = step;
            let by = operation.as_ref().map_or(String::new(), |o| format!(": {o}"));
            write!(
                f,
                "\n  a complex step gives {derivative:.6e} where reverse mode gives {reverse:.6e} (± {bar:.1e}){by}"
            )?;
        }
        let others = self.other_methods();
        if !others.is_empty() {
            write!(f, "\n  {}", others.join("; "))?;
        }
        for line in &self.unchecked {
            write!(f, "\n  not checked: {line}")?;
        }
        Ok(())
    }
}

/// The numbers of a derivative and what they mean.
struct Numbers<'a>(&'a Element);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Element { analytic, numeric, bar, sides, verdict, pattern, .. } = self.0;
        write!(f, "analytic {analytic:.12e}, numeric {numeric:.12e} ± {bar:.1e}")?;
        let relative = (analytic / numeric - 1.0).abs();
        match verdict {
            Verdict::Fail if !relative.is_finite() => {}
            // What a ratio of 1.0000000 would hide.
            Verdict::Fail if relative < 0.01 => write!(f, ", relative error {relative:.1e}")?,
            Verdict::Fail => write!(f, ", ratio {:.7}", analytic / numeric)?,
            _ => {}
        }
        write!(f, ": {verdict}")?;
        if *verdict == Verdict::Fail && analytic.is_nan() {
            return f.write_str(", the gradient is NaN");
        }
        if *verdict == Verdict::Fail && SINGLE.contains(&relative) {
            return f.write_str(", off by what single precision loses: is it computed in f32?");
        }
        match (verdict, sides, pattern) {
            (Verdict::Fail, _, Some(pattern)) => write!(f, ", {pattern}"),
            (Verdict::CannotTell, ..) => write!(f, ", {}", self.0.why_unsure()),
            (_, Some((left, right)), _) => write!(f, ", one-sided derivatives {left:.6e} and {right:.6e}"),
            _ => Ok(()),
        }
    }
}
