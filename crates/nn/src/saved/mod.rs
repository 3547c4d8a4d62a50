//! Models in files: safetensors, with the layers in the metadata.
//!
//! The file holds the parameters under PyTorch's names and layouts, so that other programs read it too. One entry of
//! its metadata, `wengert`, is a JSON object: the layers, the caller's own details, and a checksum over all of it.

mod file;
pub(crate) mod weights;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::path::Path;

pub(crate) use file::{Stored, decode, encode, read, to_bytes};
use safetensors::SafeTensors;
use serde_json::{Map, Value};
use wengert_tape::{Float, Tensor};

use crate::description::Description;
use crate::error::Error;
use crate::files;
use crate::layers;
use crate::module::{Layer, Parameters};
use weights::Weights;

/// What the names of tensors begin with that are not parameters: in a checkpoint, what an optimiser remembers.
pub(crate) const BESIDE: char = '~';

/// What a program keeps beside the parameters of a model: texts by name.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let details = Details::from([("unit".to_string(), "pixels from 0 to 16".to_string())]);
/// assert_eq!(details["unit"], "pixels from 0 to 16");
/// ```
pub type Details = BTreeMap<String, String>;

/// A model that was read from a file.
///
/// # Examples
/// ```
/// use wengert_nn::Loaded;
/// use wengert_nn::prelude::*;
/// let path = std::env::temp_dir().join("wengert-doc-loaded.safetensors");
/// let model = Linear::<f32>::new(3, 2, &mut generator(1));
/// save(&model, &Details::new(), &path)?;
/// let Loaded { model: read, details } = load::<f32>(&path)?;
/// assert_eq!((read.parameter_count(), details.len()), (8, 0));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Loaded<F: Float = f32> {
    /// The model.
    pub model: Box<dyn Layer<F>>,
    /// What was kept beside it.
    pub details: Details,
}

/// Writes a model, or anything that has parameters, to a file: to a temporary one beside it, which is synced and renamed, so that there is either the
/// whole new file or what was there before.
///
/// # Errors
/// [`Error::File`] if the file cannot be written.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let path = std::env::temp_dir().join("wengert-doc-save.safetensors");
/// let model = Mlp::<f32>::new(&[3, 4, 2], Activation::Tanh, &mut generator(1));
/// save(&model, &Details::from([("task".into(), "example".into())]), &path)?;
///
/// let loaded = load::<f32>(&path)?;
/// let x = Tensor::from([[0.5, -1.0, 2.0]]);
/// assert_eq!(loaded.model.forward(&x), model.forward(&x));
/// assert_eq!(loaded.details["task"], "example");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn save<F: Float>(
    model: &(impl Parameters<F> + ?Sized),
    details: &Details,
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    let tensors = model.parameters().into_iter().map(|(name, param)| (name, encode(param.value()))).collect();
    let bytes = to_bytes(&tensors, metadata(model, details)).map_err(|message| Error::file(path.as_ref(), message))?;
    files::write(path, bytes)
}

/// What a file says of a model.
pub(crate) fn metadata<F: Float>(model: &(impl Parameters<F> + ?Sized), details: &Details) -> Map<String, Value> {
    let mut metadata = Map::new();
    if let Some(description) = model.description() {
        metadata.insert("layers".into(), description.to_json());
    }
    metadata.insert("details".into(), details.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect());
    metadata
}

/// Reads a model that [`save`] wrote and whose layers are all of this crate.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is damaged, or does not say its layers.
pub fn load<F: Float>(path: impl AsRef<Path>) -> Result<Loaded<F>, Error> {
    let path = path.as_ref();
    read(path, |file, metadata| {
        let Some(layers) = metadata.get("layers") else {
            return Err("the file does not say its layers; build the model and use `load_parameters`".into());
        };
        let description = Description::from_json(layers).map_err(|e| e.to_string())?;
        let mut weights = Weights { file, at: String::new(), taken: BTreeSet::new(), float: PhantomData };
        let model = layers::build(&description, &mut weights).map_err(|e| e.to_string())?;
        all_taken(file, &weights.taken)?;
        // What was not understood would be a silent difference.
        let built = model.description().map(|description| description.to_json()).unwrap_or_default();
        match is_same(&built, layers) {
            true => Ok(Loaded { model, details: details_of(metadata)? }),
            false => Err(format!("the file says the layers {layers}, of which {built} is understood")),
        }
    })
}

/// Reads the parameters of a file, ours or one that PyTorch wrote, into a model of the same names and shapes, and
/// returns what was kept beside them. Numbers of `f32` are read into a model of `f64` too.
///
/// # Errors
/// [`Error::File`] if the file cannot be read or is damaged, or a parameter is missing, unknown or of another shape or
/// type. After an error the model is as it was.
pub fn load_parameters<F: Float>(
    model: &mut (impl Parameters<F> + ?Sized),
    path: impl AsRef<Path>,
) -> Result<Details, Error> {
    read(path.as_ref(), |file, metadata| {
        let mut weights = Weights { file, at: String::new(), taken: BTreeSet::new(), float: PhantomData };
        let values = model
            .parameters()
            .into_iter()
            .map(|(name, param)| weights.take(&name, param.value().shape()).map_err(|e| e.to_string()))
            .collect::<Result<Vec<Tensor<F>>, String>>()?;
        all_taken(file, &weights.taken)?;
        let details = details_of(metadata)?;
        model.parameters_mut().into_iter().zip(values).for_each(|((_, param), value)| *param.value_mut() = value);
        Ok(details)
    })
}

fn all_taken(file: &SafeTensors<'_>, taken: &BTreeSet<String>) -> Result<(), String> {
    // PyTorch's batch norm counts its batches; nothing here depends on the count.
    let counts = |name: &str| {
        let layer = name.strip_suffix("num_batches_tracked");
        layer.is_some_and(|layer| taken.contains(&format!("{layer}running_mean")))
    };
    let unknown = |name: &&str| !name.starts_with(BESIDE) && !taken.contains(*name) && !counts(name);
    let unknown: BTreeSet<&str> = file.names().into_iter().filter(unknown).collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(format!("the model has no parameter {unknown:?}")),
    }
}

pub(crate) fn details_of(metadata: &Map<String, Value>) -> Result<Details, String> {
    let Some(details) = metadata.get("details") else { return Ok(Details::new()) };
    let text = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) => Ok((name.clone(), text.to_string())),
        None => Err(format!("the detail `{name}` is {value} and no text")),
    };
    let details = details.as_object().ok_or_else(|| format!("the details are {details} and no object"))?;
    details.iter().map(text).collect()
}

/// Whether two values of JSON are the same; 1 and 1.0 are.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests;
