//! The graph for other programs: as a `petgraph` graph, and in Graphviz's language.

use petgraph::dot::{Config, Dot, RankDir};
use petgraph::graph::{DiGraph, EdgeReference, NodeIndex};
use petgraph::visit::NodeFiltered;
use wengert_tape::{Float, NodeKind};

use crate::View;
use crate::numeral::Room;

/// Numbers in a picture of another program.
const ROOM: Room = Room { digits: 4, width: 28 };

impl<F: Float> View<F> {
    /// The graph for the algorithms of `petgraph`. A node's index and weight are its position in
    /// [`GraphView::nodes`](wengert_tape::GraphView::nodes); an edge goes from operand to operation, and its weight is
    /// the operand's place among the operands.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let x = tape.scalar(3.0);
    /// let graph = (x * x + x).view().digraph();
    /// assert_eq!((graph.node_count(), graph.edge_count()), (3, 4));
    /// assert!(!petgraph::algo::is_cyclic_directed(&graph));
    /// ```
    pub fn digraph(&self) -> DiGraph<usize, usize> {
        let mut graph = DiGraph::with_capacity(self.graph.nodes.len(), 2 * self.graph.nodes.len());
        for node in &self.graph.nodes {
            let child = graph.add_node(node.index);
            for (arg, parent) in node.parents.iter().enumerate() {
                graph.add_edge(NodeIndex::new(*parent), child, arg);
            }
        }
        graph
    }

    /// The graph in Graphviz's language, with operation, shape, value and gradient in each node. An arrow along which
    /// no gradient flows back is dashed.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let y = tape.scalar(0.5).sin();
    /// assert!(y.view().dot().starts_with("digraph {"));
    /// ```
    pub fn dot(&self) -> String {
        let graph = self.digraph();
        let mut shown = vec![false; self.graph.nodes.len()];
        self.shown().into_iter().for_each(|index| shown[index] = true);
        let drawn = NodeFiltered::from_fn(&graph, |node: NodeIndex| shown[node.index()]);
        let active = self.active();
        let edge = |_, edge: EdgeReference<'_, usize>| {
            use petgraph::visit::EdgeRef;
            match self.carries(&active, edge.target().index(), *edge.weight()) {
                true => String::new(),
                false => "style = dashed".into(),
            }
        };
        let node = |_, (_, index): (NodeIndex, &usize)| self.attributes(*index);
        let direction = if self.down { RankDir::TB } else { RankDir::LR };
        let config = [Config::NodeNoLabel, Config::EdgeNoLabel, Config::RankDir(direction)];
        Dot::with_attr_getters(&drawn, &config, &edge, &node).to_string()
    }

    fn attributes(&self, index: usize) -> String {
        let label = self.label(index, ROOM);
        let title = format!("{} {} {}", label.name.unwrap_or_default(), label.operation, label.id);
        let shape = if self.graph.nodes[index].shape().rank() == 0 { String::new() } else { label.shape };
        let mut fields = vec![title.trim().into(), label.formula, shape, format!("value {}", label.value)];
        fields.extend(label.gradient.map(|gradient| format!("gradient {gradient}")));
        fields.retain(|field: &String| !field.is_empty());
        let text: Vec<String> = fields.iter().map(|field| escape(field)).collect();
        // In a drawing from left to right the fields of a record stand below each other, else side by side.
        let text = if self.down { format!("{{{}}}", text.join("|")) } else { text.join("|") };
        let fill = match self.graph.nodes[index].kind {
            NodeKind::Var => "#dce9fb",
            NodeKind::Input => "#e0f2e1",
            NodeKind::Constant => "#eeeeee",
            NodeKind::Op(_) => "#ffffff",
        };
        format!("shape = record, style = filled, fillcolor = \"{fill}\", fontname = \"monospace\", label = \"{text}\"")
    }
}

/// Text for the label of a record.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\\' | '"' | '{' | '}' | '|' | '<' | '>' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}
