//! The graph as a picture, without another program.

mod card;

use std::collections::BTreeSet;
use std::fmt::Write;

use wengert_tape::Float;

use crate::View;
use crate::fold::{Fold, Folded, Sources};
use crate::layout::{Arrow, Boxes, Layout};
use card::Card;

/// A picture of more boxes than this shows the last ones, which lie nearest to the output.
const DRAWN: usize = 400;
/// The width of a character and the height of a line, at 12 pixels in a font of fixed width.
const CHARACTER: [f64; 2] = [7.25, 17.0];
/// A picture that is longer may be wrapped into rows.
const LENGTH: f64 = 1800.0;
/// Around the picture.
const MARGIN: f64 = 16.0;
/// The length and half the width of an arrow's head.
const HEAD: [f64; 2] = [8.0, 3.5];

/// What the parts look like: selectors of classes that [`Card`] and the arrows have, and their style. Text stands on
/// boxes of a colour of their own, and arrows are grey, so that the picture can be read on light and on dark ground.
const STYLE: &[(&str, &str)] = &[
    ("text", "font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1b1f24;white-space:pre"),
    (".title", "font-weight:bold"),
    (".quiet", "fill:#59626d"),
    (".gradient", "fill:#a33a0b"),
    (".outside", "fill:#808791"),
    ("rect", "stroke-width:1.2"),
    (".operation rect", "fill:#fff;stroke:#6b7480"),
    (".output rect", "fill:#fff6e0;stroke:#b06f00;stroke-width:2"),
    (".var rect", "fill:#e1edfd;stroke:#3a76c4"),
    (".input rect", "fill:#e3f4e4;stroke:#3f8a46"),
    (".constant rect", "fill:#f0f0f0;stroke:#858585"),
    (".discrete rect", "fill:#f3ecfb;stroke:#8a63b0"),
    (".arrow", "fill:none;stroke:#808791;stroke-width:1.3"),
    (".still", "stroke-dasharray:4 3"),
    (".head", "fill:#808791"),
];

impl<F: Float> View<F> {
    /// The graph as an SVG picture: from left to right, or [`down`](View::down), a box for each node with operation,
    /// formula, shape, value and gradient, and arrows from operands to operations. Along a dashed arrow no gradient
    /// flows back. Blue boxes are `var`, green ones `input`, grey ones constant tensors, violet ones positions and
    /// masks; an output has a strong border.
    ///
    /// The picture can be read on light and on dark ground, and is the same for the same graph. What only hands numbers on (a
    /// reshape, a permutation) is in the box of what needs it, a long sum is one box, and so are many numbers of one line.
    /// Of what is left it shows the last 400 boxes and says how many nodes it leaves out. With [`all`](View::all) it shows every
    /// node in a box of its own; [`fold`](View::fold) draws neurons, lines, functions or layers as boxes. A long graph is drawn in rows.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let (a, b) = (tape.scalar(2.0), tape.scalar(-3.0));
    /// let y = (a * b + a.powi(3)).tanh();
    /// let picture = y.view().gradients(&y.backward_all()).name(a, "a").name(b, "b").svg();
    /// assert!(picture.contains("a · b") && picture.ends_with("</svg>\n"));
    /// ```
    pub fn svg(&self) -> String {
        let usual = if self.all { Fold::Nothing } else { Fold::Tidy };
        let sources =
            if self.fold == Some(Fold::Functions) { Sources::read(&self.graph.nodes) } else { Sources::none() };
        let folds = [self.fold.unwrap_or(usual), usual, Fold::Nothing];
        let whole = folds.into_iter().find_map(|fold| self.folded(fold, &sources));
        let whole = whole.unwrap_or(Folded { groups: Vec::new(), arrows: Vec::new() });
        let shown: usize = whole.groups.iter().map(|group| group.nodes.len()).sum();
        let (drawn, left_out) = if self.all { (whole, 0) } else { whole.last(DRAWN) };
        let mut used = vec![false; self.graph.nodes.len()];
        self.graph.nodes.iter().flat_map(|node| &node.parents).for_each(|parent| used[*parent] = true);
        let cards: Vec<Card> = drawn.groups.iter().map(|group| Card::new(self, group, &used)).collect();
        let sizes = cards.iter().map(|card| self.turned(card.size())).collect();
        let parents = drawn.arrows.iter().map(|arrows| arrows.iter().map(|(from, ..)| *from).collect()).collect();
        let layout = Boxes { sizes, parents, within: LENGTH }.layout();

        let caption = if left_out > 0 { 1.5 * CHARACTER[1] } else { 0.0 };
        let [width, height] = self.turned(layout.size);
        let mut svg = head([width + 2.0 * MARGIN, height + 2.0 * MARGIN + caption], shown);
        if left_out > 0 {
            let text = format!("… {left_out} earlier nodes are not drawn");
            write_text(&mut svg, [MARGIN, MARGIN + CHARACTER[1] / 2.0], "outside", &text);
        }
        let _ = writeln!(svg, "<g transform=\"translate({MARGIN} {})\">", MARGIN + caption);
        self.write_arrows(&mut svg, &drawn, &layout);
        for (card, corner) in cards.iter().zip(&layout.corners) {
            card.write(&mut svg, self.turned(*corner));
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }

    /// A point or an extent, from along and across to right and down, or back.
    fn turned(&self, [a, b]: [f64; 2]) -> [f64; 2] {
        if self.down { [b, a] } else { [a, b] }
    }

    /// Draws the arrows, those that carry a gradient first: the way that several arrows of a node share is drawn once.
    fn write_arrows(&self, svg: &mut String, drawn: &Folded, layout: &Layout) {
        let active = self.active();
        let mut shared = BTreeSet::new();
        for carries in [true, false] {
            for (arrows, ends) in layout.arrows.iter().zip(&drawn.arrows) {
                for (arrow, (_, node, arg)) in arrows.iter().zip(ends) {
                    if self.carries(&active, *node, *arg) == carries {
                        self.write_arrow(svg, arrow, carries, &mut shared);
                    }
                }
            }
        }
    }

    fn write_arrow(&self, svg: &mut String, arrow: &Arrow, carries: bool, shared: &mut BTreeSet<String>) {
        let at = |p: [f64; 2]| {
            let [x, y] = self.turned(p);
            format!("{x:.1} {y:.1}")
        };
        let (mut path, mut from) = (String::new(), arrow.start);
        let (neck, tip) = arrow.head(HEAD[0]);
        for (k, piece) in arrow.pieces.iter().enumerate() {
            // The head lies before the tip, and the line ends where the head begins.
            let to = if k + 1 == arrow.pieces.len() { neck } else { piece.end() };
            let drawn = piece.drawn(from, to, &at);
            // What another arrow has in common with this one is its beginning.
            if shared.insert(format!("{}{drawn}", at(from))) {
                if path.is_empty() {
                    path = format!("M{}", at(from));
                }
                path.push_str(&drawn);
            }
            from = to;
        }
        let still = if carries { "" } else { " still" };
        let sides = [HEAD[1], -HEAD[1]].map(|side| at([neck[0], neck[1] + side]));
        let _ = writeln!(svg, "<path class=\"arrow{still}\" d=\"{path}\"/>");
        let _ = writeln!(svg, "<path class=\"head\" d=\"M{}L{}L{}Z\"/>", at(tip), sides[0], sides[1]);
    }
}

/// The beginning of a picture: size, title, style. The style holds in this picture alone, also within a page.
fn head([width, height]: [f64; 2], nodes: usize) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wengert-graph\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>Computation graph of {nodes} nodes</title>\n\
         <style>\n",
    );
    for (selector, style) in STYLE {
        let _ = writeln!(svg, ".wengert-graph {selector}{{{style}}}");
    }
    svg + "</style>\n"
}

/// Text whose middle lies at a height.
fn write_text(svg: &mut String, [x, y]: [f64; 2], class: &str, text: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    // A line of text stands a third of its size below the middle.
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\"{class}>{}</text>", y + 4.0, escape(text));
}

/// Text in XML. A character that XML does not allow becomes a replacement character.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || ['\u{fffe}', '\u{ffff}'].contains(&c) => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}
