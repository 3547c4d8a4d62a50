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

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::algebra::{Any, Arg, Args};
use crate::error::Error;
use crate::float::Float;
use crate::graph::NodeKind;
use crate::op::{Op, Value};
use crate::ops::AnyOp;
use crate::replay::{Entry, Replay};
use crate::tape::evaluate;
use crate::tensor::Tensor;

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
    /// not stand before its operation; what an operation rejects.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let file: File = serde_json::from_str(text).map_err(wrong)?;
        if file.format != FORMAT {
            return Err(wrong(format!("the format is `{}`, not `{FORMAT}`", file.format)));
        }
        let (mut entries, mut values): (Vec<Entry>, Vec<Value<F>>) = (Vec::new(), Vec::new());
        let known = Signatures::new();
        for (k, node) in file.nodes.into_iter().enumerate() {
            let (kind, parents, value) = match node {
                Node::Var(data) => (NodeKind::Var, SmallVec::new(), Some(data.value()?)),
                Node::Input(data) => (NodeKind::Input, SmallVec::new(), Some(data.value()?)),
                Node::Constant(data) => (NodeKind::Constant, SmallVec::new(), Some(data.value()?)),
                Node::Op { op, attributes, operands, .. } => {
                    if let Some(operand) = operands.iter().find(|operand| **operand >= k) {
                        return Err(wrong(format!("node {k} `{op}`: operand {operand} does not stand before it")));
                    }
                    let op = match AnyOp::from_json(&op, &attributes) {
                        None => return Err(wrong(format!("node {k}: there is no operation `{op}`"))),
                        Some(Err(e)) => return Err(wrong(format!("node {k} `{op}`: {e}"))),
                        Some(Ok(op)) => op,
                    };
                    (NodeKind::Op(op), SmallVec::from_vec(operands), None)
                }
            };
            let value = match (&kind, value) {
                (NodeKind::Op(op), _) => {
                    let args: SmallVec<[Arg<'_, Tensor<F>>; 3]> =
                        parents.iter().map(|p: &usize| values[*p].as_arg()).collect();
                    if !known.fit(op, &args) {
                        let kinds: Vec<&str> = args.iter().map(kind_of).collect();
                        let message = format!("node {k} `{}` has no such operands: {}", op.name(), kinds.join(", "));
                        return Err(wrong(message));
                    }
                    evaluate(op, Args(&args))?
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

fn kind_of<F: Float>(arg: &Arg<'_, Tensor<F>>) -> &'static str {
    match arg {
        Arg::Real(_) => "numbers",
        Arg::Index(_) => "positions",
        Arg::Mask(_) => "truths",
    }
}

/// What kinds of operands each type of operation takes, as its cases show: an operation relies on them.
struct Signatures(BTreeMap<&'static str, Vec<Vec<&'static str>>>);

impl Signatures {
    fn new() -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for case in AnyOp::registered_cases() {
            let Some(name) = case.op.as_ref().and_then(AnyOp::registered_name) else { continue };
            all.entry(name).or_default().push(case.args.iter().map(|a| kind_of(&a.as_arg())).collect());
        }
        Signatures(all)
    }

    fn fit<F: Float>(&self, op: &AnyOp, args: &[Arg<'_, Tensor<F>>]) -> bool {
        let kinds: Vec<&str> = args.iter().map(kind_of).collect();
        let Some(known) = op.registered_name().and_then(|name| self.0.get(name)) else { return false };
        // An operation that takes two and three numbers takes any number of them.
        let lengths: BTreeSet<usize> = known.iter().map(Vec::len).collect();
        let any_length = lengths.len() > 1 && !kinds.is_empty() && known.iter().flatten().all(|k| *k == kinds[0]);
        known.contains(&kinds) || any_length && kinds.iter().all(|k| *k == kinds[0])
    }
}
