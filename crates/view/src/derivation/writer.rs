//! From a graph and its steps to lines.

use wengert_tape::{Any, Error, Float, NodeKind, Op};

use super::symbols::Symbols;
use super::{Derivation, Line, Piece, Product, Sum};
use crate::View;
use crate::formula::{Expression, Plain, Slot, Style, printed};
use crate::rule::{operands, repeats, rule_text};
use crate::steps::{Part, Steps};

/// What is longer than this has a line and a symbol of its own.
const LONG: usize = 12;

/// What is needed to write a graph out.
pub(super) struct Writer<'a, F: Float> {
    view: &'a View<F>,
    pub(super) steps: Steps<F>,
    symbols: Symbols,
    /// What each node is in formulas: its symbol, or what it is made of.
    formulas: Vec<Expression>,
    /// What each node is made of, of those whose operation has a formula.
    made: Vec<Option<Expression>>,
    /// How many paths lead from each node to the output, up to what is written out.
    pub(super) ways: Vec<usize>,
}

impl<'a, F: Float> Writer<'a, F> {
    pub(super) fn new(view: &'a View<F>) -> Result<Self, Error> {
        let steps = view.steps()?;
        let symbols = Symbols::of(view, steps.output);
        let (mut formulas, mut made): (Vec<Expression>, Vec<Option<Expression>>) = (Vec::new(), Vec::new());
        for node in &view.graph.nodes {
            let own = made_of(view, node.index, &formulas);
            let written_out = own.as_ref().filter(|own| !symbols.is_named(node.index) && own.length() <= LONG);
            formulas.push(match (symbols.number(node.index), written_out) {
                (Some(x), _) => Expression::Number(x),
                (None, Some(formula)) => formula.clone(),
                (None, None) => Expression::Argument(node.index),
            });
            made.push(own);
        }
        let mut ways = vec![0usize; view.graph.nodes.len()];
        ways[steps.output] = 1;
        for step in &steps.steps {
            for part in &step.parts {
                ways[part.node] = ways[part.node].saturating_add(ways[step.node]);
            }
        }
        Ok(Writer { view, steps, symbols, formulas, made, ways })
    }

    /// What has a symbol: how it is made.
    fn definitions(&self) -> Vec<Line> {
        let nodes = self.view.graph.nodes[..=self.steps.output].iter();
        let symbolic = nodes.filter(|node| {
            matches!(node.kind, NodeKind::Op(_)) && self.formulas[node.index] == Expression::Argument(node.index)
        });
        symbolic
            .map(|node| {
                let made = self.made[node.index].clone().map(Piece::Formula);
                let text = || match &node.kind {
                    NodeKind::Op(op) => {
                        let names: Vec<&str> = node.parents.iter().map(|p| self.symbols.text(*p)).collect();
                        Piece::Text(op.text(&names))
                    }
                    _ => Piece::Text(String::new()),
                };
                let value = number_of(&node.value).map(|x| vec![vec![Piece::Number(x)]]);
                let left = Piece::Formula(Expression::Argument(node.index));
                let formula = vec![vec![made.unwrap_or_else(text)]];
                Line { left, sides: [formula].into_iter().chain(value).collect() }
            })
            .collect()
    }

    /// A line for each leaf: a product for each path.
    pub(super) fn by_leaves(self) -> Derivation {
        let mut lines = self.definitions();
        let leaves = self.view.graph.nodes.iter().filter(|node| node.kind == NodeKind::Var);
        for leaf in leaves {
            let Some(g) = self.steps.cotangents[leaf.index].as_ref().filter(|_| self.ways[leaf.index] > 0) else {
                continue;
            };
            let (formulas, numbers): (Sum, Sum) = self.paths(leaf.index).iter().map(|path| self.product(path)).unzip();
            let result = vec![vec![Piece::Number(Float::to_f64(g.item()))]];
            lines.push(derivative(leaf.index, formulas, numbers, result));
        }
        self.finished(lines)
    }

    /// A line for each node that the walk back passes.
    pub(super) fn by_steps(self) -> Derivation {
        let mut lines = self.definitions();
        let uses = |node: usize| -> Vec<(usize, &Part<F>)> {
            let parts = self.steps.steps.iter().flat_map(|step| step.parts.iter().map(|part| (step.node, part)));
            parts.filter(|(_, part)| part.node == node).collect()
        };
        let reached = (0..=self.steps.output).rev().filter(|k| *k == self.steps.output || self.ways[*k] > 0);
        for node in reached {
            let g = self.steps.cotangents[node].as_ref().filter(|g| g.len() == 1);
            let result: Sum = g.iter().map(|g| vec![Piece::Number(Float::to_f64(g.data()[0]))]).collect();
            if node == self.steps.output {
                let sides = vec![vec![vec![Piece::Number(1.0)]]];
                lines.push(Line { left: Piece::Derivative(node), sides });
                continue;
            }
            let (mut formulas, mut numbers) = (Sum::new(), Sum::new());
            for (user, part) in uses(node) {
                formulas.push(self.step(user, part));
                let arrived = self.steps.cotangents[user].as_ref().and_then(|g| g.data().first());
                let factors = part.local.zip(arrived).map(|(local, g)| [local, *g]);
                numbers.extend(factors.map(|factors| factors.map(|x| Piece::Number(Float::to_f64(x))).to_vec()));
            }
            if result.is_empty() {
                lines.push(Line { left: Piece::Derivative(node), sides: vec![formulas] });
            } else if numbers.len() < formulas.len() {
                // A rule of tensors adds up more numbers than are written.
                lines.push(Line { left: Piece::Derivative(node), sides: vec![formulas, result] });
            } else {
                lines.push(derivative(node, formulas, numbers, result));
            }
        }
        self.finished(lines)
    }

    fn finished(self, lines: Vec<Line>) -> Derivation {
        Derivation { lines, output: self.steps.output, symbols: self.symbols, numbers: false }
    }

    /// What a use gives to a node: the local derivative times what arrived; of an operation on tensors its rule.
    fn step(&self, user: usize, part: &Part<F>) -> Product {
        match self.local(user, part) {
            Some(Expression::Number(1.0)) => vec![Piece::Derivative(user)],
            Some(local) => vec![Piece::Formula(local), Piece::Derivative(user)],
            None => vec![Piece::Text(self.rule(user, part))],
        }
    }

    /// The rule of an operation on tensors, with its operands put in.
    fn rule(&self, user: usize, part: &Part<F>) -> String {
        let node = &self.view.graph.nodes[user];
        let NodeKind::Op(op) = &node.kind else { return String::new() };
        let operands = operands(&self.view.graph, node);
        let text = rule_text(op, part.arg, &operands, &node.shape()).unwrap_or_else(|| op.name());
        let text = (0..node.parents.len())
            .fold(text, |text, k| text.replace(&format!("⟨{k}⟩"), &self.operand(node.parents[k])));
        let arrived = format!("∂{}/∂{}", self.symbols.text(self.steps.output), self.symbols.text(user));
        text.replace("⟨y⟩", self.symbols.text(user)).replace("⟨g⟩", &arrived)
    }

    /// An operand in a rule: its symbol, or what it is made of if that has none.
    fn operand(&self, index: usize) -> String {
        let symbol = |index: usize| self.symbols.text(index).to_string();
        let called = |slot| match slot {
            Slot::Argument(index) => symbol(index),
            Slot::Value => String::new(),
        };
        match &self.formulas[index] {
            Expression::Argument(_) | Expression::Number(_) => symbol(index),
            formula => Plain.brackets(&printed(formula, &Plain, &called)),
        }
    }

    /// The derivative of a node by an operand as a formula; `None` where it is a rule.
    fn local(&self, user: usize, part: &Part<F>) -> Option<Expression> {
        let node = &self.view.graph.nodes[user];
        let NodeKind::Op(op) = &node.kind else { return None };
        if repeats(&self.view.graph, node, part.arg) {
            return None;
        }
        let Some(formulas) = op.formulas() else {
            return part.local.map(|local| Expression::Number(Float::to_f64(local)));
        };
        let operands: Vec<Expression> = node.parents.iter().map(|p| self.formulas[*p].clone()).collect();
        let known = known(self.view, user);
        Some(Expression::with(&formulas.partials[part.arg], &known).put_in(&operands, &self.formulas[user]))
    }

    /// The paths from a node to the output: at each link the node that is reached, and what it gives.
    fn paths(&self, from: usize) -> Vec<Vec<(usize, &Part<F>)>> {
        let mut open: Vec<(usize, Vec<(usize, &Part<F>)>)> = vec![(from, Vec::new())];
        let mut found = Vec::new();
        while let Some((at, path)) = open.pop() {
            if at == self.steps.output {
                found.push(path);
                continue;
            }
            for step in &self.steps.steps {
                for part in step.parts.iter().filter(|part| part.node == at && self.ways[step.node] > 0) {
                    open.push((step.node, path.iter().copied().chain([(step.node, part)]).collect()));
                }
            }
        }
        found
    }

    /// The product along a path, as formulas and as numbers, without factors of 1.
    fn product(&self, path: &[(usize, &Part<F>)]) -> (Product, Product) {
        let (mut formulas, mut numbers) = (Product::new(), Product::new());
        for (user, part) in path {
            match (self.local(*user, part), part.local) {
                (Some(Expression::Number(1.0)), _) => {}
                (formula, local) => {
                    formulas.extend(formula.map(Piece::Formula));
                    numbers.extend(local.map(|x| Piece::Number(Float::to_f64(x))));
                }
            }
        }
        if formulas.is_empty() {
            formulas.push(Piece::Number(1.0));
            numbers.push(Piece::Number(1.0));
        }
        (formulas, numbers)
    }
}

/// The line of a derivative: formulas, their numbers, the result; what says the same as the next is left out.
fn derivative(node: usize, formulas: Sum, numbers: Sum, result: Sum) -> Line {
    let single = |sum: &Sum| sum.len() == 1 && sum[0].len() == 1;
    let is_number =
        single(&formulas) && matches!(formulas[0][0], Piece::Number(_) | Piece::Formula(Expression::Number(_)));
    let sides = match (is_number, single(&numbers)) {
        (true, _) => vec![result],
        (false, true) => vec![formulas, result],
        (false, false) => vec![formulas, numbers, result],
    };
    Line { left: Piece::Derivative(node), sides }
}

/// A node as a formula of what its operands are; `None` for an operation without one.
fn made_of<F: Float>(view: &View<F>, index: usize, formulas: &[Expression]) -> Option<Expression> {
    let node = &view.graph.nodes[index];
    let NodeKind::Op(op) = &node.kind else { return None };
    let written = op.formulas()?;
    let operands: Vec<Expression> = node.parents.iter().map(|p| formulas[*p].clone()).collect();
    let known = known(view, index);
    Some(Expression::with(&written.value, &known).put_in(&operands, &Expression::Argument(index)))
}

/// The operands of a node that are constant numbers.
fn known<F: Float>(view: &View<F>, index: usize) -> Vec<Option<f64>> {
    let constant = |p: &usize| view.constant_number(*p);
    view.graph.nodes[index].parents.iter().map(constant).collect()
}

fn number_of<F: Float>(value: &wengert_tape::Value<F>) -> Option<f64> {
    match value {
        Any::Real(value) if value.len() == 1 => Some(Float::to_f64(value.data()[0])),
        _ => None,
    }
}
