//! A recorded graph as JSON.
//!
//! ```json
//! {"format": "wengert graph 1", "float": "f64", "nodes": [
//!   {"node": "var", "shape": [2], "numbers": [0.5, -1.0]},
//!   {"node": "op", "op": "Powi", "attributes": {"n": 2}, "operands": [0], "line": "src/main.rs:3:9"}
//! ]}
//! ```
//!
//! Leaves and constants carry their values, operations their attributes and the positions of their operands. Values of
//! operations are computed when the file is read.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::error::Error;
use crate::ops::AnyOp;
use crate::reader::erased::result_shape;
use crate::reader::evaluate;
use crate::rule::algebra::{Any, Args};
use crate::rule::op::{Kind, Op, Value};
use crate::shape::{Shape, work};
use crate::tape::graph::NodeKind;
use crate::tensor::Tensor;
use crate::tensor::ceiling::check_bytes;
use crate::tensor::float::Float;
use crate::tensor::short_list::ShortList;
use crate::transform::replay::{Entry, Replay};

const FORMAT: &str = "wengert graph 1";

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    float: String,
    nodes: Vec<Node>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "node", rename_all = "lowercase")]
enum Node {
    Var(Data),
    Input(Data),
    Constant(Data),
    Op {
        op: String,
        #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
        attributes: serde_json::Value,
        operands: Vec<usize>,
        /// For people: a file that is read has no source lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<String>,
    },
}

#[derive(Serialize, Deserialize)]
struct Data {
    shape: Vec<usize>,
    #[serde(flatten)]
    elements: Elements,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Elements {
    Numbers(Vec<Number>),
    Positions(Vec<i64>),
    Truths(Vec<bool>),
}

/// JSON has no NaN and no infinity: they are words.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f64),
    Word(String),
}

impl Number {
    fn new(x: f64) -> Self {
        if x.is_finite() { Number::Finite(x) } else { Number::Word(x.to_string()) }
    }

    fn value(&self) -> Result<f64, Error> {
        match self {
            Number::Finite(x) => Ok(*x),
            Number::Word(word) => match word.as_str() {
                "NaN" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                _ => Err(wrong(format!("`{word}` is not a number"))),
            },
        }
    }

    /// The number in the type of the graph, unless that has none so large.
    fn narrowed<F: Float>(&self) -> Result<F, Error> {
        let x = self.value()?;
        let narrow = F::from_f64(x);
        match Float::to_f64(narrow).is_finite() || !x.is_finite() {
            true => Ok(narrow),
            false => Err(wrong(format!("{x:e} is beyond the largest number of type {}", F::NAME))),
        }
    }
}

fn wrong(message: impl std::fmt::Display) -> Error {
    Error::Argument(format!("replay from JSON: {message}"))
}

impl Data {
    fn new<F: Float>(value: &Value<F>) -> Self {
        let shape = value.as_arg().shape().to_vec();
        let elements = match value {
            Any::Real(t) => Elements::Numbers(t.data().iter().map(|x| Number::new(Float::to_f64(*x))).collect()),
            Any::Index(t) => Elements::Positions(t.to_vec()),
            Any::Mask(t) => Elements::Truths(t.to_vec()),
        };
        Data { shape, elements }
    }

    fn value<F: Float>(self) -> Result<Value<F>, Error> {
        Ok(match self.elements {
            Elements::Numbers(numbers) => {
                let numbers = numbers.iter().map(Number::narrowed).collect::<Result<_, _>>()?;
                Tensor::<F>::try_new(self.shape, numbers)?.into()
            }
            Elements::Positions(positions) => Tensor::try_new(self.shape, positions)?.into(),
            Elements::Truths(truths) => Tensor::try_new(self.shape, truths)?.into(),
        })
    }
}

/// A node before it is computed: what it is, its operands, and the value of a leaf.
type Parsed<F> = (NodeKind, SmallVec<[usize; 3]>, Option<Value<F>>);

impl<F: Float> Replay<F> {
    /// The graph as JSON: leaves and constants with their values, operations with their attributes.
    ///
    /// # Errors
    /// [`Error::NoRule`] for an operation that is not of the registry: a file could not say what it is.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::{Replay, prelude::*};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([0.5, -1.0]));
    /// let text = Replay::of(x.powi(2).sum())?.to_json()?;
    ///
    /// // in another program
    /// let replay = Replay::<f64>::from_json(&text)?;
    /// assert_eq!(replay.output().item(), 1.25);
    /// let moved = replay.with(&[(replay.leaves()[0], Tensor::from([3.0, 4.0]))])?;
    /// assert_eq!(moved.output().item(), 25.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_json(&self) -> Result<String, Error> {
        let node = |(entry, value): (&Entry, &Value<F>)| {
            Ok(match &entry.kind {
                NodeKind::Var => Node::Var(Data::new(value)),
                NodeKind::Input => Node::Input(Data::new(value)),
                NodeKind::Constant => Node::Constant(Data::new(value)),
                NodeKind::Op(op) => {
                    let (op, attributes) = op.to_json().ok_or_else(|| Error::NoRule {
                        op: op.name(),
                        message: "it is not an operation of the registry, so a file cannot say what it computes".into(),
                    })?;
                    let line = entry.line.map(ToString::to_string);
                    Node::Op { op: op.into(), attributes, operands: entry.parents.to_vec(), line }
                }
            })
        };
        let nodes = self.entries().iter().zip(self.values()).map(node).collect::<Result<_, Error>>()?;
        let file = File { format: FORMAT.into(), float: F::NAME.into(), nodes };
        serde_json::to_string(&file).map_err(wrong)
    }

    /// A graph that [`to_json`](Self::to_json) wrote, with the values of its operations computed anew; one of another
    /// float type is read in this one.
    ///
    /// # Errors
    /// [`Error::Argument`] if the text is something else, names an operation that there is not, or an operand that does
    /// not stand before its operation; what an operation rejects; [`Error::TooLarge`] if all values together take more than
    /// [`max_bytes`](crate::max_bytes).
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let file: File = serde_json::from_str(text).map_err(wrong)?;
        if file.format != FORMAT {
            return Err(wrong(format!("the format is `{}`, not `{FORMAT}`", file.format)));
        }
        // First the shapes alone: what all of it will hold is known before anything is computed.
        let mut nodes: Vec<Parsed<F>> = Vec::new();
        let (mut shapes, mut kinds, mut bytes): (Vec<Shape>, Vec<Kind>, u64) = (Vec::new(), Vec::new(), 0);
        for (k, node) in file.nodes.into_iter().enumerate() {
            let (node, shape, kind) = match node {
                Node::Var(data) => leaf(NodeKind::Var, data.value()?),
                Node::Input(data) => leaf(NodeKind::Input, data.value()?),
                Node::Constant(data) => leaf(NodeKind::Constant, data.value()?),
                Node::Op { op, attributes, operands, .. } => {
                    if let Some(operand) = operands.iter().find(|operand| **operand >= k) {
                        return Err(wrong(format!("node {k} `{op}`: operand {operand} does not stand before it")));
                    }
                    let op = match AnyOp::from_json(&op, &attributes) {
                        None => return Err(wrong(format!("node {k}: there is no operation `{op}`"))),
                        Some(Err(e)) => return Err(wrong(format!("node {k} `{op}`: {e}"))),
                        Some(Ok(op)) => op,
                    };
                    let of = ShortList::from_fn(operands.len(), |k| kinds[operands[k]]);
                    let shape = result_shape(&op, &of, &ShortList::from_fn(operands.len(), |k| &shapes[operands[k]]))?;
                    let kind = op.output();
                    ((NodeKind::Op(op), SmallVec::from_vec(operands), None), shape, kind)
                }
            };
            bytes = bytes.saturating_add(work([shape.len_elements(), size_of::<F>().max(size_of::<i64>())]));
            shapes.push(shape);
            kinds.push(kind);
            nodes.push(node);
        }
        check_bytes("replay from JSON", bytes)?;
        let (mut entries, mut values): (Vec<Entry>, Vec<Value<F>>) = (Vec::new(), Vec::new());
        for (kind, parents, value) in nodes {
            let value = match (&kind, value) {
                (NodeKind::Op(op), _) => {
                    evaluate(op, Args(&ShortList::from_fn(parents.len(), |k| values[parents[k]].as_arg())))?
                }
                (_, Some(value)) => value,
                (_, None) => unreachable!("a leaf has a value"),
            };
            entries.push(Entry::new(kind, parents, &value, &entries));
            values.push(value);
        }
        if entries.is_empty() {
            return Err(wrong("there are no nodes"));
        }
        Ok(Replay::from_parts(entries, values))
    }
}

/// A node without operands, with its shape and kind.
fn leaf<F: Float>(kind: NodeKind, value: Value<F>) -> (Parsed<F>, Shape, Kind) {
    let (shape, of) = (value.as_arg().shape(), value.as_arg().kind());
    ((kind, SmallVec::new(), Some(value)), shape, of)
}
