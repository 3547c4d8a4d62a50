//! Where the time and the memory of a graph go: by node, by line, as a flame.

mod flame;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use wengert_tape::{Any, Arg, Args, Float, NodeKind, Op, Tensor, Value, try_with};

use crate::View;
use crate::fold::source::Sources;
use crate::label::short_line;

/// An operation is run at least so often, of which the shortest counts,
const TIMES: usize = 3;
/// and until it has taken this long.
const ENOUGH: Duration = Duration::from_micros(200);
/// So many lines are listed.
const LISTED: usize = 20;

/// What one node costs.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeCost {
    /// The position in the graph.
    pub node: usize,
    /// The operation; `var`, `input` or `constant` for what was given.
    pub operation: String,
    /// The line that recorded it, in short: `src/main.rs:12`; empty where it is not told.
    pub line: String,
    /// The text of that line, where the source is at hand.
    pub source: Option<String>,
    /// The layer of a model.
    pub layer: Option<String>,
    /// The floating point operations of its forward pass, as the operation says.
    pub flops: u64,
    /// The bytes of its value. What only hands numbers on has none of its own.
    pub bytes: u64,
    /// What it took to compute its value once more.
    pub forward: Duration,
    /// What it took to compute the cotangents of its operands; nothing where no gradient flows.
    pub backward: Duration,
}

/// Where time and memory of a graph go: [`View::profile`].
///
/// As text it is a table of the lines, the longest first, and a line for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The nodes, in the order of the graph.
    pub nodes: Vec<NodeCost>,
}

/// What the nodes of one line and layer cost together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineCost {
    /// The line.
    pub line: String,
    /// The text of that line, where the source is at hand.
    pub source: Option<String>,
    /// The layer.
    pub layer: Option<String>,
    /// The number of operations.
    pub operations: usize,
    /// Their floating point operations.
    pub flops: u64,
    /// The bytes of their values.
    pub bytes: u64,
    /// Forward.
    pub forward: Duration,
    /// Backward.
    pub backward: Duration,
}

impl LineCost {
    fn time(&self) -> Duration {
        self.forward + self.backward
    }

    fn add(&mut self, node: &NodeCost, is_operation: bool) {
        self.operations += usize::from(is_operation);
        self.flops = self.flops.saturating_add(node.flops);
        self.bytes += node.bytes;
        self.forward += node.forward;
        self.backward += node.backward;
    }
}

impl NodeCost {
    fn is_operation(&self) -> bool {
        !["var", "input", "constant"].contains(&self.operation.as_str())
    }
}

impl Profile {
    /// The costs by line and layer, the longest time first.
    pub fn lines(&self) -> Vec<LineCost> {
        let mut lines: BTreeMap<(&str, Option<&str>), LineCost> = BTreeMap::new();
        for node in &self.nodes {
            let entry = lines.entry((&node.line, node.layer.as_deref())).or_insert_with(|| LineCost {
                line: node.line.clone(),
                source: node.source.clone(),
                layer: node.layer.clone(),
                ..LineCost::default()
            });
            entry.add(node, node.is_operation());
        }
        let mut lines: Vec<LineCost> = lines.into_values().collect();
        lines.sort_by_key(|line| std::cmp::Reverse((line.time(), line.flops)));
        lines
    }

    /// The cost of all nodes.
    pub fn total(&self) -> LineCost {
        let mut all = LineCost::default();
        self.nodes.iter().for_each(|node| all.add(node, node.is_operation()));
        all
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, all) = (self.lines(), self.total());
        let head = ["line", "layer", "operations", "flops", "bytes", "forward", "backward", "share"].map(String::from);
        let row = |line: &LineCost, name: String| {
            let share = line.time().as_secs_f64() / all.time().as_secs_f64().max(f64::MIN_POSITIVE);
            [
                name,
                line.layer.clone().unwrap_or_default(),
                line.operations.to_string(),
                line.flops.to_string(),
                line.bytes.to_string(),
                time(line.forward),
                time(line.backward),
                format!("{:.0} %", 100.0 * share),
            ]
        };
        let mut rows = vec![head];
        rows.extend(lines.iter().take(LISTED).map(|line| row(line, line.line.clone())));
        if lines.len() > LISTED {
            let mut rest = LineCost::default();
            for line in &lines[LISTED..] {
                let (flops, bytes) = (rest.flops.saturating_add(line.flops), rest.bytes + line.bytes);
                let (forward, backward) = (rest.forward + line.forward, rest.backward + line.backward);
                let operations = rest.operations + line.operations;
                rest = LineCost { operations, flops, bytes, forward, backward, ..rest };
            }
            rows.push(row(&rest, format!("{} more", lines.len() - LISTED)));
        }
        rows.push(row(&all, "all".into()));
        let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
        let widths: [usize; 8] = std::array::from_fn(width);
        for row in &rows {
            let cell = |(k, (cell, width)): (usize, (&String, &usize))| match k {
                0 | 1 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            };
            let cells =
                row.iter().zip(&widths).enumerate().filter(|(k, _)| widths[*k] > 0 && (*k != 1 || has_layers(&lines)));
            writeln!(f, "{}", cells.map(cell).collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn has_layers(lines: &[LineCost]) -> bool {
    lines.iter().any(|line| line.layer.is_some())
}

/// `340 ns`, `12 µs`, `1.3 ms`
fn time(time: Duration) -> String {
    let nanoseconds = time.as_nanos() as f64;
    let (number, unit) = match nanoseconds {
        ..1e3 => (nanoseconds, "ns"),
        ..1e6 => (nanoseconds / 1e3, "µs"),
        ..1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    if number < 10.0 && unit != "ns" { format!("{number:.1} {unit}") } else { format!("{number:.0} {unit}") }
}

impl<F: Float> View<F> {
    /// Where the time and the memory of this graph go: the floating point operations and bytes that operations say they take,
    /// beside the time that each takes when it is run again alone, forward and backward.
    ///
    /// Single numbers are run as tensors of one element, which takes many times as long as on the tape: of a graph of numbers the
    /// shares count.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// use wengert_view::ViewExt;
    /// let tape = Tape::new();
    /// let w = tape.var(Tensor::<f64>::ones([32, 16]));
    /// let loss = tape.input(Tensor::ones([8, 32])).matmul(w).tanh().sum();
    /// let profile = loss.profile();
    /// // a product and a sum for each of 8 · 32 · 16
    /// assert_eq!(profile.nodes[2].flops, 2 * 8 * 32 * 16);
    /// assert_eq!(profile.nodes[2].bytes, 8 * 8 * 16);
    /// assert!(profile.to_string().starts_with("line"));
    /// let picture = profile.flame_svg(); // lines as wide as they take long
    /// # assert!(picture.starts_with("<svg"));
    /// ```
    pub fn profile(&self) -> Profile {
        let active = self.active();
        let sources = if self.lines { Sources::read(&self.graph.nodes) } else { Sources::none() };
        let cost = |index: usize| {
            let node = &self.graph.nodes[index];
            let shape = node.shape();
            let (flops, hands_on) = match &node.kind {
                NodeKind::Op(op) => {
                    let shapes: Vec<_> = node.parents.iter().map(|parent| self.graph.nodes[*parent].shape()).collect();
                    let flops = op.flops(&shapes.iter().collect::<Vec<_>>(), &shape);
                    (flops, flops == 0)
                }
                _ => (0, false),
            };
            let (forward, backward) = self.times(index, &active);
            let line = node.line.filter(|_| self.lines);
            NodeCost {
                node: index,
                operation: node.name(),
                line: line.map_or(String::new(), short_line),
                source: line.and_then(|line| sources.text(line)).map(String::from),
                layer: node.layer.as_deref().map(String::from),
                flops,
                bytes: if hands_on { 0 } else { bytes(&node.value) },
                forward,
                backward,
            }
        };
        Profile { nodes: (0..self.graph.nodes.len()).map(cost).collect() }
    }

    /// How long a node takes, forward and backward.
    fn times(&self, index: usize, active: &[bool]) -> (Duration, Duration) {
        let node = &self.graph.nodes[index];
        let NodeKind::Op(op) = &node.kind else { return (Duration::ZERO, Duration::ZERO) };
        let args: Vec<Arg<'_, Tensor<F>>> = node.parents.iter().map(|p| self.graph.nodes[*p].value.as_arg()).collect();
        let forward = least(|| drop(op.forward(Args(&args))));
        let needed: Vec<usize> = (0..node.parents.len()).filter(|arg| self.carries(active, index, *arg)).collect();
        let backward = match &node.value {
            Any::Real(y) if !needed.is_empty() => {
                let g = Tensor::full(y.shape().clone(), F::one());
                let once = || op.cotangents(&needed, g.clone(), Args(&args), y);
                // an operation without a reverse rule takes no time backward
                try_with(|| drop(once())).map_or(Duration::ZERO, |()| least(|| drop(once())))
            }
            _ => Duration::ZERO,
        };
        (forward, backward)
    }
}

/// The shortest of several runs.
fn least(mut run: impl FnMut()) -> Duration {
    let (mut least, mut all, mut times) = (Duration::MAX, Duration::ZERO, 0);
    while times < TIMES || all < ENOUGH && times < 10 * TIMES {
        let start = Instant::now();
        run();
        let took = start.elapsed();
        (least, all, times) = (least.min(took), all + took, times + 1);
    }
    least
}

/// The bytes of a value.
fn bytes<F: Float>(value: &Value<F>) -> u64 {
    let bytes = match value {
        Any::Real(t) => t.len() * size_of::<F>(),
        Any::Index(t) => t.len() * size_of::<i64>(),
        Any::Mask(t) => t.len(),
    };
    bytes as u64
}
