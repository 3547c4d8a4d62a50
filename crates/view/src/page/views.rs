//! The foldings of a graph, laid out.

use std::collections::HashMap;
use std::fmt::Write;

use wengert_tape::Float;

use super::json;
use crate::View;
use crate::fold::{Fold, Folded, Group, Sources};
use crate::layout::{Arrow, Boxes};

/// A folding of more boxes is not drawn.
const MOST: usize = 900;
/// Nor the inside of a box of more nodes.
const INSIDE: usize = 300;
/// A graph of more nodes is folded when the page opens.
const OPEN: usize = 40;
/// The size of a box: the least width, the width of a character of its title, the height without and with a gradient.
const BOX: (f64, f64, f64) = (112.0, 7.3, 62.0);
/// What is longer may be wrapped into rows.
const LENGTH: f64 = 1150.0;
/// The most characters of a title or formula on a box.
const CHARACTERS: usize = 26;

/// All foldings that can be drawn, as JSON, and the place of the one that the page opens with: the view's own, if it is among them.
pub(super) fn views<F: Float>(view: &View<F>, sources: &Sources) -> (String, usize) {
    let mut drawn: Vec<Folded> = Vec::new();
    let mut titles: Vec<(Fold, usize)> = Vec::new();
    let mut asked_for = None;
    for fold in Fold::ALL {
        let Some(folded) = view.folded(fold, sources).filter(|folded| folded.groups.len() <= MOST) else { continue };
        // A folding that folds nothing more than another is not offered twice.
        let nodes = |folded: &Folded| folded.groups.iter().map(|g| g.nodes.clone()).collect::<Vec<_>>();
        let own = nodes(&folded);
        let place = drawn.iter().position(|other| nodes(other) == own).unwrap_or(drawn.len());
        if view.fold == Some(fold) {
            asked_for = Some(place);
        }
        if place == drawn.len() {
            titles.push((fold, folded.groups.len()));
            drawn.push(folded);
        }
    }
    let opens = asked_for.unwrap_or_else(|| opens_with(&titles));
    let active = view.active();
    let mut all: Vec<String> = Vec::new();
    let mut inner: Vec<String> = Vec::new();
    // Boxes of the same nodes have one inside.
    let mut places: HashMap<Vec<usize>, usize> = HashMap::new();
    let count = drawn.len();
    for (folded, (fold, _)) in drawn.iter().zip(&titles) {
        let mut insides = Vec::new();
        for (k, group) in folded.groups.iter().enumerate().filter(|(_, g)| (2..=INSIDE).contains(&g.nodes.len())) {
            let place = *places.entry(group.nodes.clone()).or_insert_with(|| {
                inner.push(laid_out(view, &active, &view.inside(group, sources), "", "{}"));
                count + inner.len() - 1
            });
            insides.push(format!("\"{k}\":{place}"));
        }
        all.push(laid_out(view, &active, folded, fold.title(), &format!("{{{}}}", insides.join(","))));
    }
    (json::list(all.into_iter().chain(inner)), opens)
}

/// The folding of pictures if it fits a screen, for a network on numbers its neurons, else the finest that can be looked through.
fn opens_with(titles: &[(Fold, usize)]) -> usize {
    let find = |fold: Fold, boxes: std::ops::RangeInclusive<usize>| {
        titles.iter().position(|(other, count)| *other == fold && boxes.contains(count))
    };
    let coarsest = || (0..titles.len()).min_by_key(|k| titles[*k].1).unwrap_or(0);
    find(Fold::Tidy, 0..=OPEN)
        .or(find(Fold::Nothing, 0..=OPEN))
        .or(find(Fold::Neurons, 8..=6 * OPEN))
        .or(find(Fold::Tidy, 0..=6 * OPEN))
        .or(find(Fold::Nothing, 0..=6 * OPEN))
        .unwrap_or_else(coarsest)
}

fn laid_out<F: Float>(view: &View<F>, active: &[bool], folded: &Folded, title: &str, insides: &str) -> String {
    let titles: Vec<[String; 2]> = folded.groups.iter().map(|group| titles(view, group)).collect();
    let width = |text: &str| (text.chars().count().min(CHARACTERS) as f64 * BOX.1 + 22.0).max(BOX.0);
    // An unnamed node has its symbol beside its title.
    let titled = |group: &Group, title: &str| match group.main.filter(|main| view.name_of(*main).is_none()) {
        Some(_) if group.title.is_none() => format!("{title} %1234"),
        _ => title.into(),
    };
    let sizes: Vec<[f64; 2]> = titles
        .iter()
        .zip(&folded.groups)
        .map(|([title, formula], group)| {
            [width(&titled(group, title)).max(width(formula)), BOX.2 + if formula.is_empty() { 0.0 } else { 15.0 }]
        })
        .collect();
    let parents = folded.arrows.iter().map(|arrows| arrows.iter().map(|(from, ..)| *from).collect()).collect();
    let layout = Boxes { sizes: sizes.clone(), parents, within: LENGTH }.layout();
    let boxes = folded.groups.iter().enumerate().map(|(k, group)| {
        let [x, y] = layout.corners[k];
        let [width, height] = sizes[k];
        let places = [x, y, width, height].map(|x| format!("{x:.0}")).join(",");
        let nodes = if group.nodes.len() > 1 { json::list(&group.nodes) } else { "0".into() };
        let main = json::or_null(group.main);
        let [title, formula] = &titles[k];
        format!("[{places},{},{},{main},{nodes}]", json::string(title), json::string(formula))
    });
    let mut arrows: Vec<String> = Vec::new();
    // The last path from each box: arrows from one box begin alike, and what they share is not told again.
    let mut last: HashMap<usize, (usize, String)> = HashMap::new();
    for (to, (ways, ends)) in layout.arrows.iter().zip(&folded.arrows).enumerate() {
        for (arrow, (from, node, arg)) in ways.iter().zip(ends) {
            let carries = u8::from(view.carries(active, *node, *arg));
            let ([x, y], path) = (arrow.head(0.0).1, path(arrow));
            let told = match last.get(from) {
                Some((k, other)) if shared(other, &path) > 12 => {
                    let length = shared(other, &path);
                    format!("{k},{length},\"{}\"", &path[length..])
                }
                _ => format!("0,0,\"{path}\""),
            };
            arrows.push(format!("[{from},{to},{node},{arg},{carries},{x:.0},{y:.0},{told}]"));
            last.insert(*from, (arrows.len() - 1, path));
        }
    }
    let size = layout.size.map(|x| format!("{x:.0}"));
    json::object([
        ("title", json::string(title)),
        ("size", json::list(size)),
        ("boxes", json::list(boxes)),
        ("arrows", json::list(arrows)),
        ("insides", insides.into()),
    ])
}

/// The title of a box, and its formula with slots: what it is made of is called by the page, which knows the names.
fn titles<F: Float>(view: &View<F>, group: &Group) -> [String; 2] {
    let main = group.main.unwrap_or(group.nodes[0]);
    match &group.title {
        Some(title) => [title.clone(), String::new()],
        None => {
            let name = view.name_of(main).map_or_else(|| view.graph.nodes[main].name(), String::from);
            [name, view.formula_within(main, &group.nodes)]
        }
    }
}

/// How many bytes two paths have in common from the beginning.
fn shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// An arrow as the path of an SVG picture, in whole pixels. What is level is one line, through however many layers it goes.
fn path(arrow: &Arrow) -> String {
    let whole = |point: [f64; 2]| point.map(f64::round);
    let at = |[x, y]: [f64; 2]| format!("{:.0} {y:.0}", x.trunc());
    let mut from = whole(arrow.start);
    let mut path = format!("M{}", at(from));
    let mut level = false;
    for piece in &arrow.pieces {
        let to = whole(piece.end());
        if to[1] == from[1] {
            level = true;
        } else {
            if level {
                let _ = write!(path, "H{:.0}", from[0]);
                level = false;
            }
            path.push_str(&piece.drawn(from, to, &at));
        }
        from = to;
    }
    if level {
        let _ = write!(path, "H{:.0}", from[0]);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ViewExt;
    use wengert_tape::prelude::*;

    /// The titles of the foldings in their order: those of the insides have none.
    fn titles(json: &str) -> Vec<String> {
        let titles = json.split("\"title\":\"").skip(1).map(|rest| rest[..rest.find('"').unwrap()].to_string());
        titles.filter(|title| !title.is_empty()).collect()
    }

    #[test]
    fn the_page_opens_with_the_folding_of_the_view() {
        let tape = Tape::new();
        let x = tape.scalars(&[0.1, 0.2, 0.3]);
        let neuron = |bias: f64| x.iter().fold(tape.scalar(bias), |sum, x| sum + tape.scalar(0.5) * *x).tanh();
        let (a, b) = (neuron(0.1), neuron(0.2));
        let view = (a * b + a).view();
        let sources = Sources::read(&view.graph.nodes);
        let table = [
            (Fold::Nothing, "every node"),
            (Fold::Neurons, "neurons"),
            (Fold::Lines, "source lines"),
            // there is nothing to tidy, which is then every node, and no layer: the page opens as it would
            (Fold::Tidy, "every node"),
            (Fold::Layers, "every node"),
        ];
        for (fold, title) in table {
            let (json, opens) = views(&view.clone().fold(fold), &sources);
            assert_eq!(titles(&json)[opens], title, "{fold:?}");
        }
    }
}
