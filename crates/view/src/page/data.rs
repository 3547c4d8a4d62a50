//! The graph and its backward pass as the page reads them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use wengert_tape::{Any, Error, Float, GraphNode, NodeKind};

use super::json;
use super::operations::Operations;
use super::pool::Pool;
use super::programs::{Programs, Rule};
use super::views::views;
use crate::View;
use crate::fold::{Line, Sources};
use crate::label::short_line;
use crate::rule::{operands, repeats, rule_text};
use crate::steps::Steps;

/// What is written into a page.
pub(super) struct Data {
    /// A JSON object.
    pub(super) json: String,
    /// The position of the output.
    pub(super) output: usize,
    /// The formulas of the operations, as JavaScript.
    pub(super) script: String,
}

/// What is said of things, each once, as JSON.
struct Texts<K> {
    places: HashMap<K, usize>,
    texts: Vec<String>,
}

impl<K: Eq + Hash> Texts<K> {
    fn new() -> Self {
        Texts { places: HashMap::new(), texts: Vec::new() }
    }

    /// The place of what is said of a thing.
    fn place(&mut self, of: K, text: impl FnOnce() -> String) -> usize {
        *self.places.entry(of).or_insert_with(|| {
            self.texts.push(text());
            self.texts.len() - 1
        })
    }
}

/// What is gathered on the way over the graph.
struct Gathered<'a, F: Float> {
    view: &'a View<F>,
    sources: &'a Sources,
    steps: Steps<F>,
    active: Vec<bool>,
    pool: Pool,
    operations: Operations,
    programs: Programs,
    lines: Texts<Line>,
    layers: Texts<Arc<str>>,
}

impl Data {
    /// Everything that the page knows of a graph.
    ///
    /// # Errors
    /// As [`View::steps`].
    pub(super) fn of<F: Float>(view: &View<F>, sources: &Sources) -> Result<Self, Error> {
        let mut all = Gathered {
            view,
            sources,
            steps: view.steps()?,
            active: view.active(),
            pool: Pool::default(),
            operations: Operations::default(),
            programs: Programs::default(),
            lines: Texts::new(),
            layers: Texts::new(),
        };
        let mut nodes = Vec::new();
        let mut cotangents = Vec::new();
        for (index, node) in view.graph.nodes.iter().enumerate() {
            let g = all.steps.cotangents[index].clone().filter(|_| all.active[index]);
            let g = g.and_then(|g| all.pool.tensor(&g));
            cotangents.push(g);
            nodes.push(all.node(node, g));
        }
        let steps = all.backward(&cotangents);
        let (drawn, opens) = views(view, sources);
        let json = json::object([
            ("float", json::string(F::NAME)),
            ("output", all.steps.output.to_string()),
            ("nodes", json::list(nodes)),
            ("steps", steps),
            ("ops", all.operations.json()),
            ("programs", all.programs.json()),
            ("lines", json::list(&all.lines.texts)),
            ("layers", json::list(&all.layers.texts)),
            ("views", drawn),
            ("opens", opens.to_string()),
            ("pool", json::string(&all.pool.base64())),
        ]);
        Ok(Data { json, output: all.steps.output, script: all.operations.script() })
    }
}

impl<F: Float> Gathered<'_, F> {
    fn node(&mut self, node: &GraphNode<F>, cotangent: Option<usize>) -> String {
        let kind = match &node.kind {
            NodeKind::Var => 0,
            NodeKind::Input => 1,
            NodeKind::Constant => 2,
            NodeKind::Op(_) => 3,
        };
        let mut fields = vec![("k", kind.to_string())];
        fields.extend(node.id.map(|id| ("i", id.to_string())));
        fields.extend(self.view.name_of(node.index).map(|name| ("n", json::string(name))));
        fields.push(("v", json::or_null(self.pool.value(&node.value))));
        fields.extend(cotangent.map(|g| ("g", g.to_string())));
        if node.shape().rank() > 0 {
            fields.push(("s", json::list(node.shape().iter())));
        }
        match &node.value {
            Any::Real(_) => {}
            Any::Index(_) => fields.push(("t", json::string("positions"))),
            Any::Mask(_) => fields.push(("t", json::string("truth values"))),
        }
        if let Some(line) = node.line.filter(|_| self.view.lines) {
            let place = self.lines.place(line, || {
                let text = self.sources.text(line).map(|text| ("text", json::string(text)));
                let function = self.sources.function(line).map(|(_, name)| ("fn", json::string(&name)));
                let at = ("at", json::string(&short_line(line)));
                json::object([at].into_iter().chain(text).chain(function))
            });
            fields.push(("l", place.to_string()));
        }
        if let Some(layer) = &node.layer {
            fields.push(("y", self.layers.place(layer.clone(), || json::string(layer)).to_string()));
        }
        if let NodeKind::Op(op) = &node.kind {
            let known: Vec<Option<f64>> = node.parents.iter().map(|p| self.view.constant_number(*p)).collect();
            let place = self.operations.place::<F>(op, &known);
            fields.push(("o", place.to_string()));
            fields.push(("p", json::list(&node.parents)));
            let values = operands(&self.view.graph, node);
            if self.operations.pointwise[place] {
                let rules: Vec<Option<String>> = (0..node.parents.len())
                    .map(|arg| {
                        let told =
                            self.view.carries(&self.active, node.index, arg) && repeats(&self.view.graph, node, arg);
                        told.then(|| rule_text(op, arg, &values, &node.shape())).flatten()
                    })
                    .collect();
                if rules.iter().any(Option::is_some) {
                    let rules = rules.iter().map(|rule| json::or_null(rule.as_deref().map(json::string)));
                    fields.push(("r", json::list(rules)));
                }
            } else if let Any::Real(y) = &node.value {
                let rule = |arg: usize, rule: fn(usize) -> Rule, all: &mut Self| {
                    let carries = all.view.carries(&all.active, node.index, arg);
                    let (operations, pool) = (&mut all.operations, &mut all.pool);
                    let place = carries.then(|| all.programs.place(op, &values, y, rule(arg), operations, pool));
                    json::or_null(place.flatten())
                };
                let args = 0..node.parents.len();
                let back: Vec<String> = args.clone().map(|arg| rule(arg, Rule::Back, self)).collect();
                let forth: Vec<String> = args.map(|arg| rule(arg, Rule::Forth, self)).collect();
                fields.extend([("b", json::list(back)), ("f", json::list(forth))]);
            }
        }
        json::object(fields)
    }

    /// The steps: for each node, and each operand that it gives something to, its place, the local derivative and the
    /// product. What is the only part of a cotangent stands there already.
    fn backward(&mut self, cotangents: &[Option<usize>]) -> String {
        let steps = std::mem::take(&mut self.steps.steps);
        let mut received = vec![0; cotangents.len()];
        steps.iter().flat_map(|step| &step.parts).for_each(|part| received[part.node] += 1);
        let all: Vec<String> = steps
            .iter()
            .map(|step| {
                let parts = step.parts.iter().map(|part| {
                    let product = match received[part.node] {
                        1 => cotangents[part.node],
                        _ => self.pool.tensor(&part.product),
                    };
                    let local = part.local.map(|local| self.pool.number(Float::to_f64(local)));
                    format!("[{},{},{}]", part.arg, json::or_null(local), json::or_null(product))
                });
                format!("[{},{}]", step.node, json::list(parts))
            })
            .collect();
        json::list(all)
    }
}
