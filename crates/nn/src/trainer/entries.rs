//! What is known of a training, as JSON. Numbers of `f64` are texts there, since JSON has no infinity.

use std::collections::BTreeMap;

use rand::SeedableRng;
use serde_json::{Map, Value, json};

use super::history::{Epoch, Evaluation};
use crate::random::Generator;

pub(super) fn text(x: f64) -> Value {
    x.to_string().into()
}

pub(super) fn texts(numbers: &[f64]) -> Value {
    numbers.iter().map(|x| text(*x)).collect()
}

fn evaluation(evaluation: &Evaluation) -> Value {
    json!({ "loss": text(evaluation.loss), "metrics": metrics(&evaluation.metrics) })
}

fn metrics(metrics: &[(String, f64)]) -> Value {
    metrics.iter().map(|(name, value)| json!([name, text(*value)])).collect()
}

pub(super) fn epoch(epoch: &Epoch) -> Value {
    json!({
        "number": epoch.number,
        "steps": epoch.steps,
        "loss": text(epoch.loss),
        "metrics": metrics(&epoch.metrics),
        "validation": epoch.validation.as_ref().map(evaluation),
        "test": epoch.test.as_ref().map(evaluation),
        "rate": text(epoch.rate),
        "seconds": text(epoch.seconds),
    })
}

/// The entries of an object of the metadata, by name.
pub(super) struct Entries<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Entries<'a> {
    fn of(value: &'a Value) -> Result<Self, String> {
        value.as_object().map(Entries).ok_or_else(|| format!("{value} is no object"))
    }

    pub(super) fn get(&self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| format!("the training has no `{name}`"))
    }

    pub(super) fn whole(&self, name: &str) -> Result<usize, String> {
        let whole = self.get(name)?.as_u64().and_then(|n| usize::try_from(n).ok());
        whole.ok_or_else(|| format!("`{name}` is no whole number"))
    }

    pub(super) fn number(&self, name: &str) -> Result<f64, String> {
        number(self.get(name)?)
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a Vec<Value>, String> {
        self.get(name)?.as_array().ok_or_else(|| format!("`{name}` is no list"))
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, String> {
        self.list(name)?.iter().map(number).collect()
    }

    /// A list of names; a file of a training that has none need not say so.
    pub(super) fn names(&self, name: &str) -> Result<Vec<String>, String> {
        let text = |value: &Value| value.as_str().map(String::from).ok_or_else(|| format!("{value} is no name"));
        match self.0.get(name) {
            None => Ok(Vec::new()),
            Some(_) => self.list(name)?.iter().map(text).collect(),
        }
    }

    /// Things by name, each read by `read`; a file of a training that has none need not say so.
    pub(super) fn objects<T>(
        &self,
        name: &str,
        read: impl Fn(&Value) -> Result<T, String>,
    ) -> Result<BTreeMap<String, T>, String> {
        let Some(found) = self.0.get(name) else { return Ok(BTreeMap::new()) };
        let found = found.as_object().ok_or_else(|| format!("`{name}` is no object"))?;
        found.iter().map(|(name, value)| Ok((name.clone(), read(value)?))).collect()
    }

    fn metrics(&self, name: &str) -> Result<Vec<(String, f64)>, String> {
        let metric = |value: &Value| {
            let named = value[0].as_str().ok_or_else(|| format!("{value} is no metric"))?;
            Ok((named.to_string(), number(&value[1])?))
        };
        self.list(name)?.iter().map(metric).collect()
    }

    fn evaluation(&self, name: &str) -> Result<Option<Evaluation>, String> {
        match self.get(name)? {
            Value::Null => Ok(None),
            found => {
                let at = Entries::of(found)?;
                Ok(Some(Evaluation { loss: at.number("loss")?, metrics: at.metrics("metrics")? }))
            }
        }
    }
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{value} is no number as a text"))
}

pub(super) fn read_epoch(value: &Value) -> Result<Epoch, String> {
    let at = Entries::of(value)?;
    Ok(Epoch {
        number: at.whole("number")?,
        steps: at.whole("steps")?,
        loss: at.number("loss")?,
        metrics: at.metrics("metrics")?,
        validation: at.evaluation("validation")?,
        test: at.evaluation("test")?,
        rate: at.number("rate")?,
        seconds: at.number("seconds")?,
    })
}

/// The state of a random generator: its seed, its stream, and how many words it has given.
pub(super) fn generator(rng: &Generator) -> Value {
    let seed: String = rng.get_seed().iter().map(|byte| format!("{byte:02x}")).collect();
    json!([seed, rng.get_stream().to_string(), rng.get_word_pos().to_string()])
}

pub(super) fn read_generator(value: &Value) -> Result<Generator, String> {
    let error = || format!("{value} is no state of a generator");
    let [seed, stream, words] = [0, 1, 2].map(|k| value.get(k).and_then(Value::as_str));
    let seed = seed.filter(|seed| seed.len() == 64 && seed.is_ascii()).ok_or_else(error)?;
    let mut bytes = [0; 32];
    for (k, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&seed[2 * k..2 * k + 2], 16).map_err(|_| error())?;
    }
    let mut rng = Generator::from_seed(bytes);
    rng.set_stream(stream.and_then(|n| n.parse().ok()).ok_or_else(error)?);
    rng.set_word_pos(words.and_then(|n| n.parse().ok()).ok_or_else(error)?);
    Ok(rng)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::stream;

    #[test]
    fn a_generator_goes_on_where_it_was() {
        for drawn in [0, 1, 15, 16, 17, 1001] {
            let mut rng = stream(u64::MAX, 3);
            (0..drawn).for_each(|_| {
                let _ = rng.next_u32();
            });
            let mut read = read_generator(&generator(&rng)).unwrap();
            assert_eq!([rng.next_u64(), rng.next_u64()], [read.next_u64(), read.next_u64()], "after {drawn} words");
        }
        for wrong in
            [json!(null), json!(["00", "1", "2"]), json!(["z".repeat(64), "1", "2"]), json!(["0".repeat(64), "1"])]
        {
            assert!(read_generator(&wrong).is_err(), "{wrong}");
        }
    }
}
