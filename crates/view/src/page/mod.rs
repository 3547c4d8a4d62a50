//! A page on which the chain rule is stepped through: one file, with everything in it.
//!
//! The page is HTML, CSS and JavaScript in files of their own (`assets/`), and the graph as data: nodes with their values and
//! cotangents (`data.rs`), operations with their formulas (`operations.rs`), rules as little programs (`programs.rs`), and the
//! foldings of the graph laid out (`views.rs`).

mod data;
mod json;
mod names;
mod operations;
mod pool;
mod programs;
mod views;

use std::io;
use std::path::Path;

use wengert_tape::{Error, Float};

use crate::View;
use crate::fold::Sources;
use crate::svg::escape;
use data::Data;

/// The scripts, in the order in which they are read: each is one subject.
const SCRIPTS: &[&str] = &[
    include_str!("assets/numbers.js"),
    include_str!("assets/special.js"),
    include_str!("assets/tensors.js"),
    include_str!("assets/operations.js"),
    include_str!("assets/evaluate.js"),
    include_str!("assets/graph.js"),
    include_str!("assets/writing.js"),
    include_str!("assets/drawing.js"),
    include_str!("assets/zoom.js"),
    include_str!("assets/stepping.js"),
    include_str!("assets/panel.js"),
    include_str!("assets/heat.js"),
    include_str!("assets/paths.js"),
    include_str!("assets/ripple.js"),
    include_str!("assets/levers.js"),
    include_str!("assets/editing.js"),
    include_str!("assets/main.js"),
];

impl<F: Float> View<F> {
    /// The backward pass of this graph as a page: one HTML file that needs nothing else, to step through, forwards and backwards,
    /// with every local derivative, product and running sum. Leaves can be changed on it, and it computes everything anew.
    ///
    /// Where the source can be read, nodes have their lines, and variables name those that have no name.
    ///
    /// # Errors
    /// As [`steps`](View::steps).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let (x, w, b) = (tape.scalar(0.5), tape.scalar(-2.0), tape.scalar(1.0));
    /// let page = (x * w + b).tanh().view().html()?;
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.len() < 200_000);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn html(&self) -> Result<String, Error> {
        let sources = if self.lines { Sources::read(&self.graph.nodes) } else { Sources::none() };
        let mut named = self.clone();
        for (node, name) in names::guessed(self, &sources) {
            named.names.insert(node, name);
        }
        let data = Data::of(&named, &sources)?;
        let title = format!("Backpropagation of {}", named.name_of(data.output).unwrap_or("a graph"));
        let script = format!("const formulas = {};\n{}", data.script, SCRIPTS.join("\n"));
        let page = [
            ("{title}", escape(&title)),
            ("{style}", include_str!("assets/page.css").into()),
            ("{remarks}", remarks(&named)),
            ("{data}", data.json),
            ("{script}", script),
        ];
        // Each mark stands once in the frame, and what is put in is not searched again.
        let mut rest = include_str!("assets/page.html");
        let mut html = String::new();
        for (mark, text) in page {
            if let Some((before, after)) = rest.split_once(mark) {
                html.push_str(before);
                html.push_str(&text);
                rest = after;
            }
        }
        Ok(html + rest)
    }

    /// Writes the page of [`html`](View::html) to a file.
    ///
    /// # Errors
    /// If the file cannot be written; as `html`, as [`io::Error::other`].
    pub fn explore(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.html().map_err(io::Error::other)?)
    }

    /// Shows the page in a notebook: `evcxr` calls this for the last expression of a cell.
    pub fn evcxr_display(&self) {
        let page = self.html().unwrap_or_else(|error| escape(&error.to_string()));
        let frame = format!(
            "<iframe style=\"width:100%;height:640px;border:1px solid #8888\" title=\"Backpropagation\" srcdoc=\"{}\"></iframe>",
            page.replace('&', "&amp;").replace('"', "&quot;")
        );
        println!("EVCXR_BEGIN_CONTENT text/html\n{frame}\nEVCXR_END_CONTENT");
    }
}

/// What looks wrong in the graph, as a part of the panel; nothing if nothing does.
fn remarks<F: Float>(view: &View<F>) -> String {
    let lint = view.lint();
    if lint.is_clean() {
        return String::new();
    }
    let lines: String =
        lint.remarks.iter().map(|remark| format!("<li>{}</li>\n", escape(&remark.to_string()))).collect();
    let count = lint.remarks.len();
    format!("    <details id=\"remarks\"><summary>What looks wrong ({count})</summary><ul>\n{lines}</ul></details>\n")
}
