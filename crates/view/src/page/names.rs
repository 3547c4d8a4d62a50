//! Names of nodes from the source: `let y = …`.

use wengert_tape::Float;

use crate::View;
use crate::fold::Sources;

/// Names for nodes that have none, from the variables that lines of the source bind, where it can be told which is which: a line
/// that was run once, and either binds one variable, which is its last node, or as many as it makes leaves.
pub(super) fn guessed<F: Float>(view: &View<F>, sources: &Sources) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let nodes = &view.graph.nodes;
    let mut begin = 0;
    while begin < nodes.len() {
        let Some(line) = nodes[begin].line else {
            begin += 1;
            continue;
        };
        let here =
            |k: &usize| nodes[*k].line.is_none_or(|other| other.file() == line.file() && other.line() == line.line());
        let end = (begin..nodes.len()).find(|k| !here(k)).unwrap_or(nodes.len());
        let again =
            nodes[end..].iter().any(|n| n.line.is_some_and(|o| o.file() == line.file() && o.line() == line.line()));
        let made: Vec<usize> = (begin..end).filter(|k| nodes[*k].line.is_some()).collect();
        let columns: std::collections::BTreeSet<u32> =
            made.iter().filter_map(|k| Some(nodes[*k].line?.column())).collect();
        let names = sources.text(line).map_or(Vec::new(), bound);
        if !again
            && nodes[..begin].iter().all(|n| n.line.is_none_or(|o| o.file() != line.file() || o.line() != line.line()))
        {
            match &names[..] {
                [name] if columns.len() == made.len() => found.extend(made.last().map(|k| (*k, name.clone()))),
                many if many.len() == made.len() && made.iter().all(|k| nodes[*k].parents.is_empty()) => {
                    found.extend(made.iter().copied().zip(many.iter().cloned()));
                }
                _ => {}
            }
        }
        begin = end;
    }
    found.retain(|(node, _)| view.name_of(*node).is_none());
    found
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
    use super::bound;

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
