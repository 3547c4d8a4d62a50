//! Which classes were taken for which.

use std::fmt::Write as _;

use super::{head, red_and_blue};
use crate::svg::escape;

/// The side of a cell, and the room for the names of classes: for each letter, and at most.
const CELL: f64 = 34.0;
const LETTER: f64 = 7.0;
const NAMES: f64 = 160.0;

/// A table of which classes were taken for which: a row for each class, a column for each answer, with its count. Right answers are blue,
/// wrong ones as red as they are many: a fifth of a class is as red as can be.
///
/// # Examples
/// ```
/// let picture = wengert_view::plot::confusion("test", &["cat", "dog"], &[vec![9, 1], vec![0, 10]]);
/// assert!(picture.contains("cat taken for dog: 1 of 10"));
/// ```
pub fn confusion(title: &str, names: &[impl AsRef<str>], counts: &[Vec<usize>]) -> String {
    let letters = names.iter().map(|name| name.as_ref().chars().count()).max().unwrap_or(0);
    let room = (12.0 + LETTER * letters as f64).min(NAMES);
    let name = |k: usize| escape(names.get(k).map_or("", |name| name.as_ref()));
    let side = CELL * names.len() as f64;
    let top = 40.0 + room;
    let mut svg = head(title, [(room + side + 16.0).max(160.0), top + side + 16.0]);
    let middle = |k: usize| (k as f64 + 0.5) * CELL;
    for k in 0..names.len() {
        let (x, y) = (room + middle(k) + 4.0, top + middle(k) + 4.0);
        let (left, above) = (room - 6.0, top - 6.0);
        let _ = writeln!(svg, "<text x=\"{left}\" y=\"{y}\" text-anchor=\"end\">{}</text>", name(k));
        let turned = format!("transform=\"rotate(-90 {x} {above})\"");
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{above}\" {turned}>{}</text>", name(k));
    }
    for (class, row) in counts.iter().enumerate() {
        let all: usize = row.iter().sum();
        for (answer, count) in row.iter().enumerate() {
            let share = *count as f64 / all.max(1) as f64;
            let shade = if class == answer { 0.6 * share } else { -(5.0 * share).min(1.0) };
            let (x, y) = (room + CELL * answer as f64, top + CELL * class as f64);
            let _ = writeln!(
                svg,
                "<g><title>{} taken for {}: {count} of {all}</title><rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" \
                 fill=\"{}\" stroke=\"#d5d9de\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{count}</text></g>",
                name(class),
                name(answer),
                red_and_blue(shade),
                x + 0.5 * CELL,
                y + 0.5 * CELL + 4.0,
            );
        }
    }
    svg + "</svg>\n"
}
