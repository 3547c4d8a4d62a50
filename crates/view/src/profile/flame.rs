//! A profile as a flame: lines as wide as they take long, and on them their layers and operations.

use std::fmt::Write as _;
use std::time::Duration;

use super::{NodeCost, Profile, time};
use crate::svg::escape;

const WIDTH: f64 = 960.0;
const ROW: f64 = 22.0;
/// What is narrower is left out.
const NARROW: f64 = 1.0;
/// The width of a letter.
const LETTER: f64 = 6.7;
/// The colours of the rows: all, lines, layers, operations.
const COLOURS: [&str; 4] = ["#d9dde2", "#f4c27a", "#a9cdec", "#bfe0c0"];

/// A part of the flame: what it is called, what it is said to be, its parts.
struct Part<'p> {
    name: String,
    about: String,
    nodes: Vec<&'p NodeCost>,
}

impl Part<'_> {
    fn time(&self) -> Duration {
        self.nodes.iter().map(|node| node.forward + node.backward).sum()
    }
}

impl Profile {
    /// The profile as an SVG picture: below all of it the source lines, as wide as their operations take long, forward and
    /// backward, the longest first; below each its layers, and below those its operations. What takes next to nothing is left
    /// out; a tooltip has the numbers.
    pub fn flame_svg(&self) -> String {
        let all = Part { name: "all".into(), about: String::new(), nodes: self.nodes.iter().collect() };
        let mut boxes = String::new();
        let scale = WIDTH / all.time().as_secs_f64().max(f64::MIN_POSITIVE);
        let some = |said: fn(&NodeCost) -> bool, key: Key| self.nodes.iter().any(said).then_some(key);
        let lines = some(|node| !node.line.is_empty(), line);
        let layers = some(|node| node.layer.is_some(), layer);
        let operations: Key = |node| node.operation.clone();
        let keys: Vec<Key> = [lines, layers, Some(operations)].into_iter().flatten().collect();
        let depth = write(&mut boxes, &all, 0.0, 0, scale, &keys);
        let height = ROW * (depth + 1) as f64;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wengert-flame\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>Time by source line</title>\n<style>.wengert-flame \
             text{{font:11px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1b1f24}}.wengert-flame \
             rect{{stroke:#fff}}</style>\n{boxes}</svg>\n"
        )
    }
}

/// Draws a part and those that it is made of; the deepest row.
fn write(svg: &mut String, part: &Part<'_>, x: f64, row: usize, scale: f64, keys: &[Key]) -> usize {
    let (width, y) = (part.time().as_secs_f64() * scale, row as f64 * ROW);
    let sum = |of: fn(&NodeCost) -> u64| part.nodes.iter().map(|node| of(node)).fold(0, u64::saturating_add);
    let forward = time(part.nodes.iter().map(|node| node.forward).sum());
    let backward = time(part.nodes.iter().map(|node| node.backward).sum());
    let (flops, bytes) = (sum(|node| node.flops), sum(|node| node.bytes));
    let about = format!("{}: {forward} forward, {backward} backward, {flops} flops, {bytes} bytes", part.name);
    let about = if part.about.is_empty() { about } else { format!("{about}\n{}", part.about) };
    let colour = COLOURS[row.min(COLOURS.len() - 1)];
    let _ = write!(
        svg,
        "<g><title>{}</title><rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{ROW}\" fill=\"{colour}\"/>",
        escape(&about)
    );
    let letters = (width / LETTER) as usize;
    let name = if part.about.is_empty() { part.name.clone() } else { format!("{}  {}", part.name, part.about) };
    if letters > 3 {
        let shown: String = match name.chars().count() < letters {
            true => name,
            false => name.chars().take(letters - 2).chain(['…']).collect(),
        };
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", x + 4.0, y + 15.0, escape(&shown));
    }
    svg.push_str("</g>\n");
    let (mut at, mut deepest) = (x, row);
    for inside in parts(part, keys) {
        let width = inside.time().as_secs_f64() * scale;
        if width >= NARROW {
            deepest = deepest.max(write(svg, &inside, at, row + 1, scale, &keys[1..]));
        }
        at += width;
    }
    deepest
}

/// How nodes are told apart at a row: by line, by layer, by operation.
type Key = fn(&NodeCost) -> String;

/// What a part is made of, the longest first: all of lines, a line of layers, a layer of operations. A row that would say nothing,
/// where there are no lines or no layers, is left out.
fn parts<'p>(part: &Part<'p>, keys: &[Key]) -> Vec<Part<'p>> {
    let Some(key) = keys.first() else { return Vec::new() };
    let mut found: Vec<Part<'p>> = Vec::new();
    for node in &part.nodes {
        let name = key(node);
        match found.iter_mut().find(|part| part.name == name) {
            Some(part) => part.nodes.push(node),
            None => {
                let about = node.source.clone().filter(|_| name == line(node)).unwrap_or_default();
                found.push(Part { name, about, nodes: vec![node] });
            }
        }
    }
    found.sort_by_key(|part| std::cmp::Reverse(part.time()));
    found
}

fn line(node: &NodeCost) -> String {
    if node.line.is_empty() { "no line".into() } else { node.line.clone() }
}

fn layer(node: &NodeCost) -> String {
    node.layer.as_ref().map_or("no layer".into(), |layer| format!("layer {layer}"))
}
