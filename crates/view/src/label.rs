//! What is said of a node, as text.

use wengert_tape::ops::AnyOp;
use wengert_tape::{Any, Float, GraphNode, NodeKind, Op, Tensor, Value};

use crate::View;
use crate::numeral::{self, Room};
use crate::view::one_line;

/// What is said of a node.
pub(crate) struct Label {
    /// `%7`, or `c7` for a constant.
    pub(crate) id: String,
    /// The operation, or which kind of leaf.
    pub(crate) operation: String,
    pub(crate) name: Option<String>,
    /// The operation with its operands; nothing for a leaf.
    pub(crate) formula: String,
    /// The shape, and what the tensor holds if not numbers.
    pub(crate) shape: String,
    pub(crate) value: String,
    pub(crate) gradient: Option<String>,
    pub(crate) line: String,
}

/// The line in short, and the layer.
fn place<F: Float>(node: &GraphNode<F>) -> String {
    let line = node.line.map(short_line);
    line.into_iter().chain(node.layer.as_deref().map(String::from)).collect::<Vec<_>>().join(" ")
}

impl<F: Float> View<F> {
    /// The operation at a position of the graph, with its operands: `%3 · w`. A name or a constant number stands for
    /// itself, any other node is called by its id. Nothing for a leaf.
    ///
    /// # Panics
    /// If the graph has no such position.
    pub fn formula(&self, index: usize) -> String {
        self.formula_within(index, &[])
    }

    /// The same, with the formulas of the operands that are in a list in place of their ids. Of one that only hands on, what it is
    /// of is enough, but for what says it in a sign: `wᵀ`.
    pub(crate) fn formula_within(&self, index: usize, written_out: &[usize]) -> String {
        match &self.graph.nodes[index].kind {
            NodeKind::Op(op) => self.applied(op, index, written_out).0,
            _ => String::new(),
        }
    }

    /// The operation of a node on its operands, and how these are written.
    fn applied(&self, op: &AnyOp, index: usize, written_out: &[usize]) -> (String, Vec<String>) {
        let parents = &self.graph.nodes[index].parents;
        let operands: Vec<String> = parents.iter().map(|p| self.written(*p, written_out)).collect();
        let text = one_line(&op.text(&operands.iter().map(String::as_str).collect::<Vec<_>>()));
        (text, operands)
    }

    fn written(&self, index: usize, written_out: &[usize]) -> String {
        let node = &self.graph.nodes[index];
        match &node.kind {
            NodeKind::Op(op) if written_out.contains(&index) => {
                let (text, operands) = self.applied(op, index, written_out);
                match &operands[..] {
                    [only] if text.chars().count() > only.chars().count() + 2 => only.clone(),
                    _ => text,
                }
            }
            _ => self.operand(node),
        }
    }

    pub(crate) fn label(&self, index: usize, room: Room) -> Label {
        let node = &self.graph.nodes[index];
        let shape = node.shape();
        Label {
            id: id(node),
            operation: one_line(&node.name()),
            name: self.names.get(&index).cloned(),
            formula: self.formula(index),
            shape: match node.value {
                Any::Real(_) => shape.to_string(),
                Any::Index(_) => format!("{shape} index"),
                Any::Mask(_) => format!("{shape} mask"),
            },
            value: numeral::value(&node.value, room),
            gradient: self.gradient_of(index).map(|g| numeral::real(g, room)),
            line: place(node),
        }
    }

    /// A node in a few words: `permute %3`.
    pub(crate) fn short(&self, index: usize) -> String {
        let node = &self.graph.nodes[index];
        let name = self.names.get(&index).cloned();
        format!("{} {}", name.unwrap_or_else(|| one_line(&node.name())), id(node))
    }

    /// The values of several nodes, summed up.
    pub(crate) fn range(&self, nodes: &[usize], room: Room) -> String {
        let values = nodes.iter().filter_map(|k| match &self.graph.nodes[*k].value {
            Any::Real(value) => Some(value),
            _ => None,
        });
        let all: Vec<F> = values.flat_map(|value| value.data().iter().copied()).collect();
        numeral::real(&Tensor::from(all), room)
    }

    /// How a node is called in the formulas of others.
    fn operand(&self, node: &GraphNode<F>) -> String {
        if let Some(name) = self.names.get(&node.index) {
            return name.clone();
        }
        if !self.has_box(node.index) {
            let text = constant(&node.value);
            return if text.starts_with('-') { format!("({text})") } else { text };
        }
        id(node)
    }
}

/// A constant number in a formula.
fn constant<F: Float>(value: &Value<F>) -> String {
    numeral::value(value, Room { digits: 6, width: 0 })
}

pub(crate) fn id<F: Float>(node: &GraphNode<F>) -> String {
    node.id.map_or_else(|| format!("c{}", node.index), |id| format!("%{id}"))
}

/// A source line in short: `src/main.rs:12`.
pub(crate) fn short_line(line: &std::panic::Location<'_>) -> String {
    format!("{}:{}", short_path(line.file()), line.line())
}

/// The last two parts of a path.
fn short_path(path: &str) -> &str {
    let separators = path.char_indices().rev().filter(|(_, c)| ['/', '\\'].contains(c));
    separators.map(|(at, _)| &path[at + 1..]).nth(1).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::short_path;

    #[test]
    fn a_path_is_its_last_two_parts() {
        let table = [
            ("main.rs", "main.rs"),
            ("src/main.rs", "src/main.rs"),
            ("/home/ada/model/src/main.rs", "src/main.rs"),
            ("C:\\model\\src\\main.rs", "src\\main.rs"),
        ];
        for (path, short) in table {
            assert_eq!(short_path(path), short);
        }
    }
}
