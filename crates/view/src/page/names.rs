//! Names of nodes from the source: `let y = …`.

use std::collections::{BTreeSet, HashMap};

use wengert_tape::Float;

use crate::View;
use crate::fold::{Line, Sources};

/// Names for nodes that have none, from the variables that lines of the source bind, where it can be told which is which: a line
/// that was run once, and either binds one variable, which is its last node or all its leaves, or as many as it makes leaves.
pub(super) fn guessed<F: Float>(view: &View<F>, sources: &Sources) -> Vec<(usize, String)> {
    let nodes = &view.graph.nodes;
    let mut found: Vec<(usize, String)> = Vec::new();
    for (line, made) in lines_run_once(view) {
        let leaves = made.iter().all(|k| nodes[*k].parents.is_empty());
        // Of one value everything else on the line is a part; of a list, or a loop, it is not.
        let used: BTreeSet<usize> = made.iter().flat_map(|k| nodes[*k].parents.iter().copied()).collect();
        let one = made.iter().rev().skip(1).all(|k| used.contains(k));
        match &sources.text(line).map_or(Vec::new(), bound)[..] {
            // several leaves of one name are its first, its second, …
            [name] if leaves && made.len() > 1 => {
                found.extend(made.iter().zip(1..).map(|(k, n)| (*k, format!("{name}_{n}"))));
            }
            [name] if one => found.extend(made.last().map(|k| (*k, name.clone()))),
            many if many.len() == made.len() && leaves => {
                found.extend(made.iter().copied().zip(many.iter().cloned()));
            }
            _ => {}
        }
    }
    found.retain(|(node, _)| view.name_of(*node).is_none());
    found
}

/// The nodes of each line whose nodes follow each other: a line that is run again makes more of them later.
fn lines_run_once<F: Float>(view: &View<F>) -> Vec<(Line, Vec<usize>)> {
    let mut runs: Vec<(Line, Vec<usize>)> = Vec::new();
    let mut count: HashMap<(&str, u32), usize> = HashMap::new();
    for (index, node) in view.graph.nodes.iter().enumerate() {
        let Some(line) = node.line else { continue };
        match runs.last_mut().filter(|(last, _)| last.file() == line.file() && last.line() == line.line()) {
            Some((_, made)) => made.push(index),
            None => {
                runs.push((line, vec![index]));
                *count.entry((line.file(), line.line())).or_default() += 1;
            }
        }
    }
    runs.retain(|(line, _)| count[&(line.file(), line.line())] == 1);
    runs
}

/// The variables that a line of Rust binds: `let (x, mut w) = …` binds `x` and `w`.
fn bound(text: &str) -> Vec<String> {
    let Some((pattern, _)) = text.strip_prefix("let ").and_then(|rest| rest.split_once('=')) else { return Vec::new() };
    let pattern = pattern.split(':').next().unwrap_or(pattern).trim();
    let inner = pattern.strip_prefix(['(', '[']).and_then(|p| p.strip_suffix([')', ']'])).unwrap_or(pattern);
    let names: Vec<&str> =
        inner.split(',').map(|name| name.trim().trim_start_matches("mut ")).filter(|n| !n.is_empty()).collect();
    let is_name = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if names.iter().all(is_name) { names.into_iter().map(String::from).collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ViewExt;
    use wengert_tape::prelude::*;

    #[test]
    fn variables_name_what_their_lines_make() {
        let tape = Tape::new();
        let (x, w) = (tape.scalar(0.5), tape.scalar(2.0));
        let b = tape.scalars(&[1.0, 2.0]);
        let z = x * w + b[0];
        let mut y = z.tanh();
        for b in b {
            let part = b * b;
            y += part;
        }
        let view = y.view().name(x, "mine");
        let names: Vec<(usize, String)> = guessed(&view, &Sources::read(&view.graph.nodes));
        let expected = [(1, "w"), (2, "b_1"), (3, "b_2"), (5, "z"), (6, "y")].map(|(k, name)| (k, name.to_string()));
        // of `x * w + b[0]` both nodes are of one line, and the last is what is bound; the loop makes several parts
        assert_eq!(names, expected);
    }

    #[test]
    fn a_line_binds_names() {
        let table: [(&str, &[&str]); 6] = [
            ("let y = x * w;", &["y"]),
            ("let (x, mut w) = (tape.scalar(1.0), tape.scalar(2.0));", &["x", "w"]),
            ("let [a, b] = tape.scalars(&[1.0, 2.0])[..] else {", &["a", "b"]),
            ("let loss: Var = y.sum();", &["loss"]),
            ("y += x * w;", &[]),
            ("let Some(x) = y else {", &[]),
        ];
        for (text, names) in table {
            assert_eq!(bound(text), names, "{text}");
        }
    }
}
