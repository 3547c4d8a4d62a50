//! What nodes are called.

use wengert_tape::{Float, NodeKind};

use crate::View;
use crate::numeral;

/// Names for an output that has none, of which the first that no other node has is taken.
const OUTPUT: [&str; 5] = ["y", "f", "L", "C", "output"];

/// A symbol for each node.
#[derive(Clone, Debug)]
pub(super) struct Symbols {
    texts: Vec<String>,
    named: Vec<bool>,
    known: Vec<Option<f64>>,
}

impl Symbols {
    pub(super) fn of<F: Float>(view: &View<F>, output: usize) -> Self {
        let nodes = &view.graph.nodes;
        let taken = |name: &str| view.names.values().any(|other| other == name);
        let own = OUTPUT.into_iter().find(|name| !taken(name)).unwrap_or("output");
        let text = |index: usize| match (view.name_of(index), nodes[index].id) {
            (Some(name), _) => name.to_string(),
            (None, _) if index == output => own.to_string(),
            (None, _) if view.constant_number(index).is_some() => {
                view.constant_number(index).map_or(String::new(), |x| numeral::number(x, 6))
            }
            (None, Some(id)) => format!("v_{id}"),
            (None, None) => format!("c_{index}"),
        };
        let is_leaf = |index: usize| !matches!(nodes[index].kind, NodeKind::Op(_));
        Symbols {
            texts: (0..nodes.len()).map(text).collect(),
            named: (0..nodes.len()).map(|k| view.name_of(k).is_some() || k == output || is_leaf(k)).collect(),
            known: (0..nodes.len()).map(|k| view.constant_number(k)).collect(),
        }
    }

    /// Whether a node has a symbol whatever it is made of.
    pub(super) fn is_named(&self, index: usize) -> bool {
        self.named[index]
    }

    /// The number that a constant is.
    pub(super) fn number(&self, index: usize) -> Option<f64> {
        self.known[index]
    }

    pub(super) fn text(&self, index: usize) -> &str {
        &self.texts[index]
    }

    /// The letters of a symbol and its index: `w_1` and `w1` are `w` with the index 1.
    fn parts(&self, index: usize) -> (&str, Option<&str>) {
        let text = self.text(index);
        let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        match text.split_once('_') {
            Some((letters, below)) if !letters.is_empty() && !below.is_empty() => (letters, Some(below)),
            _ if digits > 0 && digits < text.len() && text[..text.len() - digits].chars().all(char::is_alphabetic) => {
                (&text[..text.len() - digits], Some(&text[text.len() - digits..]))
            }
            _ => (text, None),
        }
    }

    pub(super) fn latex(&self, index: usize) -> String {
        let escape = |text: &str| -> String {
            text.chars().map(|c| if "\\{}$&#^_%~".contains(c) { format!("\\{c}") } else { c.to_string() }).collect()
        };
        let (letters, below) = self.parts(index);
        let letters = match letters.chars().count() {
            1 => escape(letters),
            _ => format!("\\mathrm{{{}}}", escape(letters)),
        };
        below.map_or(letters.clone(), |below| format!("{letters}_{{{}}}", escape(below)))
    }

    pub(super) fn mathml(&self, index: usize) -> String {
        let (letters, below) = self.parts(index);
        let letters = format!("<mi>{}</mi>", crate::svg::escape(letters));
        match below {
            Some(below) => format!("<msub>{letters}<mn>{}</mn></msub>", crate::svg::escape(below)),
            None => letters,
        }
    }
}
