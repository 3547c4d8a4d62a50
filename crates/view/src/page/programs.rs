//! Rules of operations as little programs: the operations that they apply, recorded.

use std::collections::HashMap;

use wengert_tape::ops::AnyOp;
use wengert_tape::{Any, Arg, Args, Float, GraphView, NodeKind, Op, Tape, Tensor, Value, Var, try_with};

use super::json;
use super::operations::Operations;
use super::pool::Pool;
use crate::rule::{rule, rule_text};

/// Rules by what they are of, each once.
#[derive(Default)]
pub(super) struct Programs {
    places: HashMap<String, Option<usize>>,
    programs: Vec<String>,
}

/// Which rule.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// The cotangent of an operand.
    Back(usize),
    /// What the tangent of an operand gives.
    Forth(usize),
}

impl Programs {
    /// The place of the program of a rule; `None` if the operation has no such rule.
    pub(super) fn place<F: Float>(
        &mut self,
        op: &AnyOp,
        args: &[&Value<F>],
        y: &Tensor<F>,
        rule: Rule,
        operations: &mut Operations,
        pool: &mut Pool,
    ) -> Option<usize> {
        let shapes: Vec<String> = args.iter().map(|arg| arg.as_arg().shape().to_string()).collect();
        let key = format!("{rule:?} {} {op:?} {}", op.name(), shapes.join(" "));
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let program = program(op, args, y, rule, operations, pool);
        let place = program.map(|program| {
            self.programs.push(program);
            self.programs.len() - 1
        });
        self.places.insert(key, place);
        place
    }

    pub(super) fn json(&self) -> String {
        json::list(&self.programs)
    }
}

/// A rule recorded on a tape of its own, at the numbers that there are.
fn program<F: Float>(
    op: &AnyOp,
    args: &[&Value<F>],
    y: &Tensor<F>,
    which: Rule,
    operations: &mut Operations,
    pool: &mut Pool,
) -> Option<String> {
    let tape = Tape::of::<F>();
    let (beside, text) = match which {
        Rule::Back(arg) => (y.clone(), rule_text(op, arg, args, y.shape())),
        Rule::Forth(arg) => match args[arg] {
            Any::Real(x) => (x.clone(), None),
            _ => return None,
        },
    };
    let recorded = try_with(|| {
        let leaf = |value: &Value<F>| match value {
            Any::Real(x) => Any::Real(tape.var(x.clone())),
            Any::Index(x) => Any::Index(tape.input(x.clone())),
            Any::Mask(x) => Any::Mask(tape.input(x.clone())),
        };
        let (d, y) = (tape.var(beside), tape.var(y.clone()));
        let leaves: Vec<Any<Var<F>>> = args.iter().map(|arg| leaf(arg)).collect();
        let operands: Vec<Arg<'_, Var<F>>> = leaves.iter().map(Any::as_arg).collect();
        let result = match which {
            Rule::Back(arg) => rule(op, arg, d, Args(&operands), &y),
            Rule::Forth(arg) => op.jvp(arg, d, Args(&operands), &y),
        };
        (result, d, y, leaves)
    });
    let (result, d, y, leaves) = recorded.ok()?;
    let graph = GraphView::of_var(result).ok()?;
    // What each leaf of the graph stands for: the operands by their places, then the cotangent or tangent, then the value.
    let mut stands_for: HashMap<usize, usize> = HashMap::new();
    for (k, leaf) in leaves.iter().enumerate() {
        let found = match leaf {
            Any::Real(leaf) => graph.find(*leaf),
            Any::Index(leaf) => graph.find(*leaf),
            Any::Mask(leaf) => graph.find(*leaf),
        };
        stands_for.extend(found.map(|node| (node.index, k)));
    }
    for (k, leaf) in [d, y].into_iter().enumerate() {
        stands_for.extend(graph.find(leaf).map(|node| (node.index, args.len() + k)));
    }
    let mut nodes = Vec::new();
    for node in &graph.nodes {
        let shape = json::list(node.shape().iter());
        nodes.push(match (stands_for.get(&node.index), &node.kind) {
            (Some(place), _) => json::object([("a", place.to_string())]),
            (None, NodeKind::Op(op)) => {
                let place = operations.place::<F>(op, &vec![None; node.parents.len()]);
                json::object([("o", place.to_string()), ("p", json::list(&node.parents)), ("s", shape)])
            }
            (None, _) => json::object([("v", pool.value(&node.value)?.to_string()), ("s", shape)]),
        });
    }
    let end = graph.find(result)?.index;
    let text = text.map(|text| ("text", json::string(&text)));
    Some(json::object([("nodes", json::list(nodes)), ("end", end.to_string())].into_iter().chain(text)))
}
