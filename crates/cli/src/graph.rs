//! `wengert graph`: an expression opened up, operation by operation.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use wengert::Replay;
use wengert::nn::files;
use wengert::prelude::*;
use wengert::view::View;
use wengert::view::plot::{Series, curves};

use crate::expression::{self, Expression};
use crate::paths::apart;

/// Show what an expression computes: every operation with its value and gradient, the value, and the derivative by
/// every name
///
/// Examples:
///   wengert graph "tanh(x*w + b)" --at x=0.5,w=-2,b=1
///   wengert graph "tanh(x*w + b)" --at x=0.5,w=-2,b=1 --html steps.html    (step through it in a browser)
///   wengert graph "tanh(x*w + b)" --at x=0.5,w=-2,b=1 --derive
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = expression::help())]
pub(crate) struct GraphArgs {
    /// The expression, such as "tanh(x*w + b)"
    #[arg(allow_hyphen_values = true)]
    expression: String,

    /// Where to evaluate it: a number for every name; `x=pi/4` and the like are numbers too
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    at: Vec<String>,

    /// Write the graph in Graphviz's language; `-` is standard output, and the listing is left out then
    #[arg(long, value_name = "FILE")]
    dot: Option<PathBuf>,

    /// Draw the graph as an SVG picture; `-` is standard output, and the listing is left out then
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Write a page on which the chain rule is stepped through in a browser, with every local derivative, product and sum; `-`
    /// is standard output, and the listing is left out then
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Draw the function of the only name, with its derivative, from 4 below its value to 4 above, as an SVG picture; `-` is
    /// standard output, and the listing is left out then
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Print the derivatives written out, with their numbers, in place of the listing: as text, or as `latex` or `mathml`
    #[arg(long, value_name = "NOTATION", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    derive: Option<Notation>,

    /// Save the graph as JSON data that a program can run again with other values (`Replay::from_json`)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// Draw from the top down instead of from left to right
    #[arg(long)]
    down: bool,

    /// List and draw every node, however many there are
    #[arg(long)]
    all: bool,

    /// Print one JSON object instead of the listing: expression, value, derivatives, nodes; what is not a finite number
    /// is null
    #[arg(long)]
    json: bool,
}

/// How far a plot goes to both sides, and its points.
const REACH: f64 = 4.0;
const POINTS: u32 = 200;

/// What formulas are written in.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Notation {
    /// Plain text
    Text,
    /// LaTeX
    Latex,
    /// MathML
    Mathml,
}

/// Why there is no graph, and no check, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The text is no expression.
    #[error("{0}")]
    Expression(#[from] expression::Error),
    /// The values do not fit the expression, or the arguments each other.
    #[error("{0}")]
    Arguments(String),
    /// The engine refuses.
    #[error(transparent)]
    Engine(#[from] wengert::Error),
    /// A file, or standard output, cannot be written.
    #[error("{file}: cannot be written: {source}")]
    Write {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
}

/// Runs the command. Files and standard output are written only when everything else went well.
pub(crate) fn run(args: &GraphArgs) -> Result<(), Error> {
    let files = [
        ("--dot", &args.dot),
        ("--svg", &args.svg),
        ("--html", &args.html),
        ("--plot", &args.plot),
        ("--save", &args.save),
    ];
    let to_output = files.iter().filter(|(_, path)| is_output(path)).count();
    if to_output + usize::from(args.json) + usize::from(args.derive.is_some()) > 1 {
        return Err(Error::Arguments(
            "only one of --dot -, --svg -, --html -, --plot -, --save -, --derive and --json can have standard output"
                .into(),
        ));
    }
    let files = files.into_iter().filter(|(_, path)| !is_output(path));
    let files: Vec<(&str, &Path)> = files.filter_map(|(option, path)| Some((option, path.as_deref()?))).collect();
    apart(&files, &[]).map_err(Error::Arguments)?;
    if args.down && args.dot.is_none() && args.svg.is_none() {
        return Err(Error::Arguments("--down: nothing is drawn; add --dot FILE or --svg FILE".into()));
    }
    let expression = Expression::parse(&args.expression)?;
    let values = expression.values(&args.at).map_err(Error::Arguments)?;
    let graph = Graph::record(&expression, &values)?;
    let recorded = |what: &str| {
        let lacking = || Error::Arguments(format!("an expression without names has no {what}"));
        graph.recorded.as_ref().ok_or_else(lacking)
    };
    let mut texts: Vec<(&Path, String)> = Vec::new();
    if let Some(path) = &args.dot {
        texts.push((path, with_choices(&recorded("graph to draw")?.view, args).dot()));
    }
    if let Some(path) = &args.svg {
        texts.push((path, with_choices(&recorded("graph to draw")?.view, args).svg()));
    }
    if let Some(path) = &args.html {
        texts.push((path, recorded("graph to step through")?.view.html()?));
    }
    if let Some(path) = &args.plot {
        texts.push((path, plot(&expression, &args.expression, &values)?));
    }
    if let Some(path) = &args.save {
        texts.push((path, format!("{}\n", recorded("graph to save")?.replay.to_json()?)));
    }
    if let Some(notation) = args.derive {
        texts.push((Path::new("-"), derivation(&recorded("derivative to write out")?.view, notation)?));
    } else if args.json {
        texts.push((Path::new("-"), format!("{}\n", graph.json(&args.expression))));
    } else if to_output == 0 {
        texts.push((Path::new("-"), graph.text(args)));
    }
    texts.iter().try_for_each(|(path, text)| write(path, text))
}

/// The function of one name and its derivative, around a value.
fn plot(expression: &Expression, text: &str, values: &[f64]) -> Result<String, Error> {
    let (names, [middle]) = (expression.names().collect::<Vec<_>>(), values) else {
        let names = values.len();
        return Err(Error::Arguments(format!("--plot: a function of one name is drawn; the expression has {names}")));
    };
    let (mut value, mut slope) = (Vec::new(), Vec::new());
    for k in 0..=POINTS {
        let x = middle + REACH * (2.0 * f64::from(k) / f64::from(POINTS) - 1.0);
        // Where there is no value there is no point.
        if let Ok(graph) = Graph::record(expression, &[x]) {
            value.push([x, graph.value]);
            slope.extend(graph.derivatives.iter().map(|(_, derivative)| [x, *derivative]));
        }
    }
    let series = [Series { name: text.into(), points: value }, Series { name: "derivative".into(), points: slope }];
    Ok(curves(text, names[0], &series))
}

/// The derivatives written out, with their numbers.
fn derivation(view: &View<f64>, notation: Notation) -> Result<String, Error> {
    let derivation = view.derivation()?.numbers();
    Ok(match notation {
        Notation::Text => derivation.text(),
        Notation::Latex => derivation.latex(),
        Notation::Mathml => derivation.mathml(),
    })
}

pub(crate) fn is_output(path: &Option<PathBuf>) -> bool {
    path.as_deref() == Some(Path::new("-"))
}

fn with_choices(view: &View<f64>, args: &GraphArgs) -> View<f64> {
    let view = if args.down { view.clone().down() } else { view.clone() };
    if args.all { view.all() } else { view }
}

/// An expression, recorded and differentiated.
struct Graph {
    value: f64,
    /// The names with their derivatives.
    derivatives: Vec<(String, f64)>,
    /// `None` for an expression without names.
    recorded: Option<Recorded>,
}

/// What was recorded of an expression.
struct Recorded {
    gradients: Gradients,
    view: View<f64>,
    /// The graph as data.
    replay: Replay,
}

impl Graph {
    fn record(expression: &Expression, values: &[f64]) -> Result<Self, Error> {
        // On numbers first: what an operation refuses is an error here, and nothing below is.
        expression.value(values)?;
        let tape = Tape::new();
        let leaves: Vec<Scalar> = tape.scalars(values);
        let vars: Vec<Var> = leaves.iter().map(|leaf| Var::from(*leaf)).collect();
        let y = expression.eval(&vars, |x| tape.constant(Tensor::from(x)));
        let value = y.item();
        if leaves.is_empty() {
            return Ok(Graph { value, derivatives: Vec::new(), recorded: None });
        }
        let gradients = y.backward_all();
        let mut view = y.try_view()?.gradients(&gradients).without_lines();
        let mut derivatives = Vec::new();
        for (name, leaf) in expression.names().zip(leaves) {
            derivatives.push((name.to_string(), *gradients.get(leaf)?));
            view = view.name(leaf, name);
        }
        let replay = Replay::of(y)?;
        Ok(Graph { value, derivatives, recorded: Some(Recorded { gradients, view, replay }) })
    }

    /// The listing, the value and the derivatives.
    fn text(&self, args: &GraphArgs) -> String {
        let listing = self.recorded.as_ref().map(|recorded| format!("{}\n", with_choices(&recorded.view, args)));
        let derivatives = self.derivatives.iter().map(|(name, derivative)| (format!("d/d{name}"), *derivative));
        let rows: Vec<(String, f64)> = std::iter::once(("value".to_string(), self.value)).chain(derivatives).collect();
        let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        let mut text = listing.unwrap_or_default();
        for (label, number) in rows {
            let sign = if number.is_sign_negative() { "" } else { " " };
            let _ = writeln!(text, "{label:width$}  {sign}{}", full(number));
        }
        self.remarks().iter().for_each(|remark| text += &format!("remark: {remark}\n"));
        text
    }

    /// What looks wrong, in words.
    fn remarks(&self) -> Vec<String> {
        self.recorded.as_ref().map_or(Vec::new(), |recorded| said(&recorded.view))
    }

    fn json(&self, expression: &str) -> Value {
        let derivatives: Map<String, Value> = self.derivatives.iter().map(|(n, d)| (n.clone(), json!(d))).collect();
        let nodes: Vec<Value> = match &self.recorded {
            Some(Recorded { view, gradients, .. }) => {
                (0..view.graph().nodes.len()).map(|k| node(view, gradients, k)).collect()
            }
            None => Vec::new(),
        };
        json!({ "expression": expression, "value": self.value, "derivatives": derivatives, "remarks": self.remarks(), "nodes": nodes })
    }
}

/// What looks wrong in a graph, a text for each remark.
fn said(view: &View<f64>) -> Vec<String> {
    view.lint().remarks.iter().map(ToString::to_string).collect()
}

/// What looks wrong in the graph of an expression; nothing where it has no names.
pub(crate) fn remarks(expression: &Expression, values: &[f64]) -> Result<Vec<String>, Error> {
    Ok(Graph::record(expression, values)?.remarks())
}

/// A node of the graph: its operands are positions in the list of nodes; in formulas it goes by its id.
fn node(view: &View<f64>, gradients: &Gradients, index: usize) -> Value {
    let node = &view.graph().nodes[index];
    let number = |t: &Tensor| json!(t.item());
    json!({
        "id": node.id,
        "operation": node.name(),
        "name": view.name_of(index),
        "formula": view.formula(index),
        "operands": node.parents,
        "value": node.value.as_real().map(number),
        "gradient": view.graph().gradient(node, gradients).as_ref().map(number),
    })
}

/// A number with all its digits.
pub(crate) fn full(x: f64) -> String {
    let plain = x == 0.0 || !x.is_finite() || (1e-5..1e16).contains(&x.abs());
    if plain { x.to_string() } else { format!("{x:e}") }
}

/// Writes a file, or standard output for `-`. Nobody reading on is no error.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let (file, done) = match path == Path::new("-") {
        true => ("standard output".into(), io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush())),
        false => {
            let done = files::write(path, text).map_err(|e| match e {
                wengert::nn::Error::File { message, .. } => io::Error::other(message),
                other => io::Error::other(other),
            });
            (path.display().to_string(), done)
        }
    };
    match done {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::Write { file, source }),
        _ => Ok(()),
    }
}
