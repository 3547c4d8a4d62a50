//! The source files that recorded a graph, where they can be read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use wengert_tape::{Float, GraphNode};

/// A line of a source, as the compiler noted it.
pub(crate) type Line = &'static std::panic::Location<'static>;

/// The lines of the files that nodes were recorded in. A file that is not at hand has none.
pub(crate) struct Sources {
    files: HashMap<String, Vec<String>>,
}

impl Sources {
    /// Reads the files of these nodes: paths are those that the compiler noted, in the current folder or one above it.
    pub(crate) fn read<F: Float>(nodes: &[GraphNode<F>]) -> Self {
        let mut files = HashMap::new();
        for line in nodes.iter().filter_map(|node| node.line) {
            if !files.contains_key(line.file()) {
                files.insert(line.file().to_owned(), lines(line.file()));
            }
        }
        Sources { files }
    }

    /// None at all: lines are not to be told.
    pub(crate) fn none() -> Self {
        Sources { files: HashMap::new() }
    }

    /// The text of a line, without the space around it.
    pub(crate) fn text(&self, line: Line) -> Option<&str> {
        let lines = self.files.get(line.file())?;
        lines.get((line.line() as usize).checked_sub(1)?).map(|text| text.trim())
    }

    /// The function in which a line stands, with the file: the nearest `fn` above that is indented less, or by as much if the line
    /// is its own.
    pub(crate) fn function(&self, line: Line) -> Option<(String, String)> {
        let lines = self.files.get(line.file())?;
        let at = (line.line() as usize).checked_sub(1).filter(|at| *at < lines.len())?;
        let indent = |text: &str| text.len() - text.trim_start().len();
        let mut least = indent(&lines[at]) + 1;
        for text in lines[..=at].iter().rev().filter(|text| !text.trim().is_empty()) {
            if indent(text) < least {
                least = indent(text);
                if let Some(name) = named(text) {
                    return Some((line.file().to_owned(), name.to_owned()));
                }
            }
        }
        None
    }
}

/// The name of the function that a line begins, if it begins one.
fn named(text: &str) -> Option<&str> {
    let mut words = text.trim_start().split(' ');
    words
        .by_ref()
        .find(|word| !matches!(*word, "pub" | "const" | "async" | "unsafe" | "pub(crate)" | "pub(super)"))
        .filter(|w| *w == "fn")?;
    let name = words.next()?;
    Some(&name[..name.find(['(', '<']).unwrap_or(name.len())])
}

/// The lines of a file; none if it cannot be read.
fn lines(file: &str) -> Vec<String> {
    let found = |path: PathBuf| std::fs::read_to_string(path).ok();
    let here = std::env::current_dir().unwrap_or_default();
    let text = here.ancestors().find_map(|folder: &Path| found(folder.join(file)));
    text.unwrap_or_default().lines().map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_by_their_first_line() {
        let table = [
            ("fn main() {", Some("main")),
            ("    pub(crate) fn forward<A: Algebra>(&self, x: A) -> A {", Some("forward")),
            ("pub const fn one() -> f64 {", Some("one")),
            ("let f = function(x);", None),
            ("// fn no", None),
        ];
        for (text, name) in table {
            assert_eq!(named(text), name, "{text}");
        }
    }

    #[test]
    fn the_function_of_a_line_is_the_one_around_it() {
        let text = "impl A {\n    fn first() {\n        1\n    }\n\n    fn second() {\n        let f = || {\n            2\n        };\n    }\n}\n";
        let lines: Vec<String> = text.lines().map(String::from).collect();
        let here: Line = std::panic::Location::caller();
        let sources = |shift: usize| {
            let before = (here.line() as usize) - 1 - shift;
            let lines = std::iter::repeat_n(String::new(), before).chain(lines.clone()).collect();
            Sources { files: HashMap::from([(here.file().to_owned(), lines)]) }
        };
        let name = |line: usize| sources(line).function(here).map(|(_, name)| name);
        assert_eq!(name(2).as_deref(), Some("first"));
        assert_eq!(name(7).as_deref(), Some("second"));
        assert_eq!(sources(2).text(here), Some("1"));
    }
}
