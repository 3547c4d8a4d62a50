//! The cases as they are written.

use serde_json::{Map, Value};
use wengert_tape::{Any, Shape, Tensor};

/// Numbers, positions or truth values.
pub(crate) type Array = Any<Tensor<f64>>;

/// A case: a line of a family's file.
pub(crate) struct Sample {
    pub(crate) entry: String,
    pub(crate) attributes: Map<String, Value>,
    pub(crate) edge: Option<String>,
    /// Why we decide otherwise than the reference, where we do.
    pub(crate) because: Option<String>,
    pub(crate) inputs: Vec<Array>,
    pub(crate) outputs: Vec<Array>,
    /// For each input its gradient; `None` for one that is not differentiated. Empty for a case of values alone.
    pub(crate) gradients: Vec<Option<Array>>,
    /// As `gradients`; empty for a case without second-order products.
    pub(crate) second: Vec<Option<Array>>,
}

impl Sample {
    pub(crate) fn read(line: &str) -> Sample {
        let Ok(Value::Object(mut o)) = serde_json::from_str(line) else { panic!("no case: {line}") };
        let text = |v: Value| v.as_str().map(str::to_owned);
        let arrays = |v: Option<Value>| match v {
            Some(Value::Array(list)) => list.iter().map(|v| v.as_str().map(array)).collect(),
            _ => Vec::new(),
        };
        Sample {
            entry: o.remove("entry").and_then(text).unwrap(),
            attributes: match o.remove("attributes") {
                Some(Value::Object(attributes)) => attributes,
                _ => Map::new(),
            },
            edge: o.remove("edge").and_then(text),
            because: o.remove("because").and_then(text),
            inputs: arrays(o.remove("inputs")).into_iter().flatten().collect(),
            outputs: arrays(o.remove("outputs")).into_iter().flatten().collect(),
            gradients: arrays(o.remove("gradients")),
            second: arrays(o.remove("second")),
        }
    }

    /// The case in a line.
    pub(crate) fn label(&self) -> String {
        let attributes: Vec<String> = self.attributes.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let inputs: Vec<String> = self
            .inputs
            .iter()
            .map(|x| match x {
                Any::Real(t) => format!("{}{:?}", t.shape(), t.data()),
                Any::Index(t) => format!("{}{:?}", t.shape(), t.data()),
                Any::Mask(t) => format!("{}{:?}", t.shape(), t.data()),
            })
            .collect();
        let edge = self.edge.as_ref().map_or(String::new(), |e| format!(" ({e})"));
        format!("{} {}{edge} of {}", self.entry, attributes.join(" "), inputs.join("; "))
    }

    /// The inputs that are differentiated.
    pub(crate) fn active(&self) -> Vec<usize> {
        (0..self.gradients.len()).filter(|k| self.gradients[*k].is_some()).collect()
    }

    /// Whether the attribute is given, and not `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.get(name).is_some_and(|v| !v.is_null())
    }

    fn attribute(&self, name: &str) -> &Value {
        self.attributes.get(name).unwrap_or_else(|| panic!("{}: no attribute {name}", self.label()))
    }

    /// A number; infinities and NaN are written as text.
    pub(crate) fn number(&self, name: &str) -> f64 {
        let value = self.attribute(name);
        value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
    }

    /// A whole number.
    pub(crate) fn integer(&self, name: &str) -> isize {
        self.attribute(name).as_i64().unwrap() as isize
    }

    /// A whole number that is not negative.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.attribute(name).as_u64().unwrap() as usize
    }

    /// A list of numbers.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        self.attribute(name).as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }

    /// A list of whole numbers.
    pub(crate) fn integers(&self, name: &str) -> Vec<isize> {
        self.attribute(name).as_array().unwrap().iter().map(|v| v.as_i64().unwrap() as isize).collect()
    }

    /// A list of whole numbers that are not negative.
    pub(crate) fn counts(&self, name: &str) -> Vec<usize> {
        self.attribute(name).as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect()
    }

    /// A truth value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.attribute(name).as_bool().unwrap()
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.attribute(name).as_str().unwrap()
    }
}

/// An array from its text: `[2,3] 1 2 3 4 NaN inf`, `i[2] 0 1` for positions, `m[2] 1 0` for truth values.
fn array(text: &str) -> Array {
    let mut words = text.split(' ');
    let head = words.next().unwrap();
    let lengths = head.trim_start_matches(['i', 'm']).trim_matches(['[', ']']);
    let shape: Shape = lengths.split(',').filter(|l| !l.is_empty()).map(|l| l.parse().unwrap()).collect();
    match head.as_bytes()[0] {
        b'i' => Any::Index(Tensor::new(shape, words.map(|w| w.parse().unwrap()).collect())),
        b'm' => Any::Mask(Tensor::new(shape, words.map(|w| w == "1").collect())),
        _ => Any::Real(Tensor::new(shape, words.map(|w| w.parse().unwrap()).collect())),
    }
}

/// The cotangent of output `k`; `tests/reference/reference.py` has the same formula.
pub(crate) fn cotangent(shape: &Shape, k: usize) -> Tensor<f64> {
    let n = shape.len_elements();
    Tensor::new(shape, (0..n).map(|i| (((7 * i + 3 * k + 3) % 11) as f64 - 5.5) / 4.0).collect())
}

/// The weight of the gradient by input `k`; `tests/reference/reference.py` has the same formula.
pub(crate) fn weight(shape: &Shape, k: usize) -> Tensor<f64> {
    let n = shape.len_elements();
    Tensor::new(shape, (0..n).map(|i| (((5 * i + 3 * k + 2) % 13) as f64 - 6.5) / 4.0).collect())
}
