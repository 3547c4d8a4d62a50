//! How a file says what a layer is: its name and its options.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::Error;

/// The name and options of a layer, from which a saved model is built again.
///
/// # Examples
/// ```
/// use wengert_nn::Description;
/// let linear = Description::new("linear").whole("inputs", 3).whole("outputs", 2);
/// assert_eq!(linear.to_string(), "linear(inputs=3, outputs=2)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    layer: String,
    options: Vec<(String, Value)>,
    parts: Vec<Description>,
}

impl Description {
    /// A layer without options.
    pub fn new(layer: impl Into<String>) -> Self {
        Description { layer: layer.into(), options: Vec::new(), parts: Vec::new() }
    }

    /// With an option that is a whole number.
    pub fn whole(self, name: &str, value: usize) -> Self {
        self.with(name, value.into())
    }

    /// With an option that is a list of whole numbers.
    pub fn wholes(self, name: &str, values: &[usize]) -> Self {
        self.with(name, values.into())
    }

    /// With an option that is a number.
    pub fn number(self, name: &str, value: f64) -> Self {
        self.with(name, value.into())
    }

    /// With an option that holds or not.
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.with(name, value.into())
    }

    /// With layers inside.
    pub fn parts(mut self, parts: Vec<Description>) -> Self {
        self.parts = parts;
        self
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        debug_assert!(!["layer", "layers"].contains(&name), "`{name}` is what a file calls the layers");
        self.options.push((name.into(), value));
        self
    }

    /// The name of the layer.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// The layers inside.
    pub fn inside(&self) -> &[Description] {
        &self.parts
    }

    /// A whole number of at most 2³² − 1: more of anything is damage.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub fn get_whole(&self, name: &str) -> Result<usize, Error> {
        self.get(name, "a whole number", as_whole)
    }

    /// A list of whole numbers of at most 2³² − 1 each.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub fn get_wholes(&self, name: &str) -> Result<Vec<usize>, Error> {
        self.get(name, "a list of whole numbers", |v| v.as_array()?.iter().map(as_whole).collect())
    }

    /// A number.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub fn get_number(&self, name: &str) -> Result<f64, Error> {
        self.get(name, "a number", Value::as_f64)
    }

    /// A number of a range.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub(crate) fn get_number_in(&self, name: &str, range: RangeInclusive<f64>) -> Result<f64, Error> {
        let kind = match *range.end() {
            f64::MAX => format!("a number from {}", range.start()),
            end => format!("a number from {} to {end}", range.start()),
        };
        self.get(name, &kind, |value| value.as_f64().filter(|x| range.contains(x)))
    }

    /// A whole number from 1 on.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub(crate) fn get_positive(&self, name: &str) -> Result<usize, Error> {
        self.get(name, "a whole number from 1", |value| as_whole(value).filter(|n| *n > 0))
    }

    /// One whole number for all of so many axes, or one for each, none below `least`.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub(crate) fn get_axes(&self, name: &str, axes: usize, least: usize) -> Result<Vec<usize>, Error> {
        let each = |value: &Value| as_whole(value).filter(|n| *n >= least);
        let kind = format!("a list of 1 or {axes} whole numbers from {least}");
        self.get(name, &kind, |value| {
            let list: Vec<usize> = value.as_array()?.iter().map(each).collect::<Option<_>>()?;
            [1, axes].contains(&list.len()).then_some(list)
        })
    }

    /// Whether an option holds.
    ///
    /// # Errors
    /// If there is no such option, or it is something else.
    pub fn get_flag(&self, name: &str) -> Result<bool, Error> {
        self.get(name, "true or false", Value::as_bool)
    }

    fn get<T>(&self, name: &str, kind: &str, read: impl Fn(&Value) -> Option<T>) -> Result<T, Error> {
        let option = self.options.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        option.and_then(read).ok_or_else(|| match option {
            None => Error::shape(&self.layer, format!("the option `{name}` is missing")),
            Some(value) => Error::shape(&self.layer, format!("the option `{name}` is {value}, not {kind}")),
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut map = Map::new();
        map.insert("layer".into(), self.layer.clone().into());
        map.extend(self.options.iter().cloned());
        if !self.parts.is_empty() {
            map.insert("layers".into(), self.parts.iter().map(Description::to_json).collect());
        }
        Value::Object(map)
    }

    pub(crate) fn from_json(value: &Value) -> Result<Self, Error> {
        let layer = value.get("layer").and_then(Value::as_str);
        let (Some(layer), Some(map)) = (layer, value.as_object()) else {
            return Err(Error::parse(value.to_string(), "a layer"));
        };
        let parts = match map.get("layers") {
            None => Vec::new(),
            Some(Value::Array(parts)) => parts.iter().map(Self::from_json).collect::<Result<_, _>>()?,
            Some(other) => return Err(Error::parse(other.to_string(), "a list of layers")),
        };
        let options = map.iter().filter(|(name, _)| !["layer", "layers"].contains(&name.as_str()));
        let options = options.map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Description { layer: layer.into(), options, parts })
    }
}

fn as_whole(value: &Value) -> Option<usize> {
    // No sum or product of two of them is too large for 64 bits.
    Some(u32::try_from(value.as_u64()?).ok()? as usize)
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(Description::to_string).collect();
        if self.layer == "sequential" {
            return write!(f, "[{}]", parts.join(", "));
        }
        let options = self.options.iter().map(|(name, value)| format!("{name}={value}"));
        let inside: Vec<String> = options.chain(parts).collect();
        match inside.is_empty() {
            true => f.write_str(&self.layer),
            false => write!(f, "{}({})", self.layer, inside.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_survives_json() {
        let inner = Description::new("leaky_relu").number("slope", 0.1 + 0.2);
        let all = Description::new("sequential").parts(vec![
            Description::new("conv2d").wholes("kernel", &[3, 2]).flag("bias", false),
            Description::new("sequential").parts(vec![inner]),
        ]);
        let text = all.to_json().to_string();
        let again = Description::from_json(&serde_json::from_str(&text).unwrap()).unwrap();
        // JSON objects are sorted by name: options may change places.
        assert_eq!(again.to_json(), all.to_json());
        let slope = again.inside()[1].inside()[0].get_number("slope").unwrap();
        assert_eq!(slope.to_bits(), (0.1_f64 + 0.2).to_bits());
    }

    #[test]
    fn a_wrong_option_is_named() {
        let linear = Description::new("linear").flag("inputs", true);
        let message = |e: Error| e.to_string();
        assert_eq!(
            message(linear.get_whole("inputs").unwrap_err()),
            "linear: the option `inputs` is true, not a whole number"
        );
        assert_eq!(message(linear.get_whole("outputs").unwrap_err()), "linear: the option `outputs` is missing");
    }
}
