//! A box of a picture with its lines of text.

use std::fmt::Write;

use wengert_tape::{Float, Kind, NodeKind, Op};

use super::{CHARACTER, escape, write_text};
use crate::View;
use crate::fold::Group;
use crate::label::Label;
use crate::numeral::Room;

/// Numbers in a box.
const ROOM: Room = Room { digits: 4, width: 28 };
/// Between the border of a box and its text.
const PADDING: [f64; 2] = [9.0, 6.0];
/// Characters of a name or formula at most.
const LINE: usize = 30;
/// The room for the words before a number.
const FIELD: usize = 9;
/// The least width of a box, in characters: boxes of plain numbers are equally wide.
const LEAST: usize = FIELD + 8;

/// A box with its lines of text.
pub(super) struct Card {
    /// What the box looks like.
    class: &'static str,
    title: String,
    /// What follows the title: the operation where the title is a name, and the shape.
    after_title: String,
    id: String,
    formula: String,
    /// Word, number, class.
    fields: Vec<(&'static str, String, &'static str)>,
    /// What is told of the node in full.
    tooltip: String,
}

impl Card {
    /// A box; which nodes are `used` as operands by others tells outputs.
    pub(super) fn new<F: Float>(view: &View<F>, group: &Group, used: &[bool]) -> Self {
        let index = group.main.unwrap_or(group.nodes[0]);
        let mut card = Card::of_node(view, index, used[index]);
        if group.nodes.len() > 1 {
            let others: Vec<String> = group.nodes.iter().filter(|k| **k != index).map(|k| view.short(*k)).collect();
            let _ = write!(card.tooltip, "\nwith {}", others.join(", "));
        }
        if group.title.is_none() {
            card.formula = shortened(&view.formula_within(index, &group.nodes));
        }
        if let Some(title) = &group.title {
            card.title = shortened(title);
            (card.after_title, card.formula) = (String::new(), String::new());
        }
        if group.main.is_none() {
            card.id = String::new();
            card.fields = vec![("values", view.range(&group.nodes, ROOM), "")];
        }
        card
    }

    fn of_node<F: Float>(view: &View<F>, index: usize, used: bool) -> Self {
        let node = &view.graph().nodes[index];
        let label = view.label(index, ROOM);
        let tooltip = tooltip(&label, view.lines);
        let class = match &node.kind {
            NodeKind::Var => "var",
            NodeKind::Input => "input",
            NodeKind::Constant => "constant",
            NodeKind::Op(op) if op.output() != Kind::Real => "discrete",
            NodeKind::Op(_) if !used => "output",
            NodeKind::Op(_) => "operation",
        };
        let shape = if node.shape().rank() == 0 { String::new() } else { label.shape };
        let (title, after_title) = match label.name {
            Some(name) => (shortened(&name), format!("{} {shape}", label.operation)),
            None => (label.operation, shape),
        };
        let mut fields = vec![("value", label.value, "")];
        fields.extend(label.gradient.map(|gradient| ("gradient", gradient, "gradient")));
        let after_title = after_title.trim_end().into();
        Card { class, title, after_title, id: label.id, formula: shortened(&label.formula), fields, tooltip }
    }

    /// Width and height.
    pub(super) fn size(&self) -> [f64; 2] {
        let first = width(&self.title) + 1 + width(&self.after_title) + 2 + width(&self.id);
        let fields = self.fields.iter().map(|(_, value, _)| FIELD + self.hang(value) + width(value));
        let widest = fields.fold(LEAST, usize::max).max(first).max(width(&self.formula));
        let lines = 1 + usize::from(!self.formula.is_empty()) + self.fields.len();
        [widest as f64 * CHARACTER[0] + 2.0 * PADDING[0], lines as f64 * CHARACTER[1] + 2.0 * PADDING[1]]
    }

    /// How far a number is moved right: by a place if the other is negative and its sign hangs.
    fn hang(&self, value: &str) -> usize {
        let negative = |value: &str| value.starts_with('-');
        usize::from(!negative(value) && self.fields.iter().any(|(_, other, _)| negative(other)))
    }

    /// Draws the box with its corner at a point.
    pub(super) fn write(&self, svg: &mut String, [x, y]: [f64; 2]) {
        let [box_width, height] = self.size();
        let _ = writeln!(svg, "<g class=\"{}\"><title>{}</title>", self.class, escape(&self.tooltip));
        let _ =
            writeln!(svg, "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{box_width:.1}\" height=\"{height:.1}\" rx=\"5\"/>");
        let column = |characters: usize| x + PADDING[0] + characters as f64 * CHARACTER[0];
        let mut line = y + PADDING[1] + CHARACTER[1] / 2.0;
        write_text(svg, [column(0), line], "title", &self.title);
        if !self.after_title.is_empty() {
            write_text(svg, [column(width(&self.title) + 1), line], "quiet", &self.after_title);
        }
        let right = x + box_width - PADDING[0] - width(&self.id) as f64 * CHARACTER[0];
        write_text(svg, [right, line], "quiet", &self.id);
        if !self.formula.is_empty() {
            line += CHARACTER[1];
            write_text(svg, [column(0), line], "", &self.formula);
        }
        for (word, value, class) in &self.fields {
            line += CHARACTER[1];
            write_text(svg, [column(0), line], "quiet", word);
            write_text(svg, [column(FIELD + self.hang(value)), line], class, value);
        }
        svg.push_str("</g>\n");
    }
}

/// Everything that is said of a node, a line each.
fn tooltip(label: &Label, lines: bool) -> String {
    let name = label.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
    let mut text = format!("{name}{} {} {}", label.operation, label.id, label.shape);
    let line = if lines { &label.line[..] } else { "" };
    let gradient = label.gradient.as_deref().unwrap_or_default();
    for (word, value) in
        [("formula ", &label.formula[..]), ("value ", &label.value), ("gradient ", gradient), ("", line)]
    {
        if !value.is_empty() {
            let _ = write!(text, "\n{word}{value}");
        }
    }
    text
}

/// How many places the text takes in a font of fixed width; characters of East Asian scripts take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{115f}').contains(&c) || c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// The beginning of a text that is too long for a line.
fn shortened(text: &str) -> String {
    if width(text) <= LINE {
        return text.into();
    }
    let mut short = String::new();
    for c in text.chars() {
        if width(&short) + 2 >= LINE {
            break;
        }
        short.push(c);
    }
    short + "…"
}
