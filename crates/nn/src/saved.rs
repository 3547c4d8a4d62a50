//! Models in files: safetensors, with the layers in the metadata.
//!
//! The file holds the parameters under PyTorch's names and layouts, so that other programs read it too. One entry of
//! its metadata, `wengert`, is a JSON object: the layers, the caller's own details, and a checksum over all of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors, View};
use serde_json::{Map, Value};
use wengert_tape::{Float, Shape, Tensor};

use crate::description::Description;
use crate::error::Error;
use crate::layers;
use crate::module::{Layer, Module, Parameters};

/// The entry of a file's metadata that is ours.
const METADATA: &str = "wengert";

/// What a program keeps beside the parameters of a model: texts by name.
pub type Details = BTreeMap<String, String>;

/// A model that was read from a file.
#[derive(Clone, Debug)]
pub struct Loaded<F: Float = f32> {
    /// The model.
    pub model: Box<dyn Layer<F>>,
    /// What was kept beside it.
    pub details: Details,
}

/// Writes a model to a file: to a temporary one beside it, which is synced and renamed, so that there is either the
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
    model: &(impl Module<F> + ?Sized),
    details: &Details,
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    let bytes = to_bytes(model, details).map_err(|message| Error::file(path.as_ref(), message))?;
    write_whole(path.as_ref(), &bytes)
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
        Ok(Loaded { model, details: details_of(metadata) })
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
        model.parameters_mut().into_iter().zip(values).for_each(|((_, param), value)| *param.value_mut() = value);
        Ok(details_of(metadata))
    })
}

/// The parameters of a file, each to be taken once.
#[derive(Debug)]
pub(crate) struct Weights<'a, F> {
    file: &'a SafeTensors<'a>,
    /// What the names of the parameters begin with.
    at: String,
    taken: BTreeSet<String>,
    float: PhantomData<F>,
}

impl<F: Float> Weights<'_, F> {
    /// The parameter of this name, which must have this shape.
    pub(crate) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor<F>, Error> {
        let name = format!("{}{name}", self.at);
        let error = |message: String| Error::shape(format!("parameter `{name}`"), message);
        let Ok(view) = self.file.tensor(&name) else {
            return Err(error("the file does not have it".into()));
        };
        if view.shape() != shape {
            return Err(error(format!("shape {:?} in the file, {shape:?} in the model", view.shape())));
        }
        let Some(numbers) = decode(view.dtype(), view.data()) else {
            return Err(error(format!("numbers of type {} in the file, {} in the model", view.dtype(), F::NAME)));
        };
        let tensor = Tensor::try_new(Shape::from(shape), numbers)?;
        self.taken.insert(name);
        Ok(tensor)
    }

    /// Runs `f` on the parameters of part `position`.
    pub(crate) fn inside<T>(&mut self, position: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.at.len();
        self.at.push_str(&format!("{position}."));
        let result = f(self);
        self.at.truncate(outer);
        result
    }
}

fn all_taken(file: &SafeTensors<'_>, taken: &BTreeSet<String>) -> Result<(), String> {
    let unknown: BTreeSet<&str> = file.names().into_iter().filter(|name| !taken.contains(*name)).collect();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(format!("the model has no parameter {unknown:?}")),
    }
}

fn details_of(metadata: &Map<String, Value>) -> Details {
    let details = metadata.get("details").and_then(Value::as_object);
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_string()));
    details.into_iter().flatten().filter_map(text).collect()
}

/// A tensor as its bytes in a file.
struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

fn encode<F: Float>(tensor: &Tensor<F>) -> Stored {
    let numbers = tensor.data().iter().map(|x| Float::to_f64(*x));
    // `F` is f32 or f64, so that the narrowing is exact.
    let (dtype, bytes) = match F::NAME {
        "f32" => (Dtype::F32, numbers.flat_map(|x| (x as f32).to_le_bytes()).collect()),
        _ => (Dtype::F64, numbers.flat_map(f64::to_le_bytes).collect()),
    };
    Stored { dtype, shape: tensor.shape().to_vec(), bytes }
}

/// The numbers of a file, or `None` if their type does not fit into `F`.
fn decode<F: Float>(dtype: Dtype, bytes: &[u8]) -> Option<Vec<F>> {
    let single = |b: &[u8; 4]| F::from_f64(f64::from(f32::from_le_bytes(*b)));
    let double = |b: &[u8; 8]| F::from_f64(f64::from_le_bytes(*b));
    match dtype {
        Dtype::F32 => Some(bytes.as_chunks().0.iter().map(single).collect()),
        Dtype::F64 if F::NAME == "f64" => Some(bytes.as_chunks().0.iter().map(double).collect()),
        _ => None,
    }
}

fn to_bytes<F: Float>(model: &(impl Module<F> + ?Sized), details: &Details) -> Result<Vec<u8>, String> {
    let tensors: BTreeMap<String, Stored> =
        model.parameters().into_iter().map(|(name, param)| (name, encode(param.value()))).collect();
    let mut metadata = Map::new();
    metadata.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    if let Some(description) = model.description() {
        metadata.insert("layers".into(), description.to_json());
    }
    metadata.insert("details".into(), details.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect());
    let mut metadata = Value::Object(metadata);
    // The same model is the same bytes, however this program was put together.
    metadata.sort_all_objects();
    let metadata = metadata.to_string();
    let parts = tensors.iter().map(|(name, t)| (name.as_str(), t.dtype, &t.shape[..], &t.bytes[..]));
    let sealed = format!("{SEAL}{}\",{}", checksum(&metadata, parts), &metadata[1..]);
    safetensors::serialize(&tensors, Some([(METADATA.to_string(), sealed)].into_iter().collect()))
        .map_err(|e| e.to_string())
}

/// What our metadata begin with: their first entry is the checksum of the rest.
const SEAL: &str = "{\"crc32\":\"";

/// Our metadata without their checksum, and that.
fn unsealed(sealed: &str) -> Option<(String, &str)> {
    let (checksum, rest) = sealed.strip_prefix(SEAL)?.split_once("\",")?;
    Some((format!("{{{rest}"), checksum))
}

/// A checksum over the metadata and every tensor's name, type, shape and bytes, in the order of names.
fn checksum<'a>(metadata: &str, tensors: impl Iterator<Item = (&'a str, Dtype, &'a [usize], &'a [u8])>) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(metadata.as_bytes());
    for (name, dtype, shape, bytes) in tensors {
        hasher.update(format!("{name} {dtype} {shape:?}").as_bytes());
        hasher.update(bytes);
    }
    format!("{:08x}", hasher.finalize())
}

/// Runs `f` on the tensors and our metadata of a file, which was found whole.
fn read<T>(
    path: &Path,
    f: impl FnOnce(&SafeTensors<'_>, &Map<String, Value>) -> Result<T, String>,
) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(|e| Error::file(path, e.to_string()))?;
    parse(&bytes, f).map_err(|message| Error::file(path, message))
}

fn parse<T>(
    bytes: &[u8],
    f: impl FnOnce(&SafeTensors<'_>, &Map<String, Value>) -> Result<T, String>,
) -> Result<T, String> {
    let damaged = |e: &dyn std::fmt::Display| format!("not a whole safetensors file ({} bytes): {e}", bytes.len());
    let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(&e))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e))?;
    let Some(sealed) = header.metadata().as_ref().and_then(|m| m.get(METADATA)) else {
        return f(&file, &Map::new());
    };
    let (metadata, stored) = unsealed(sealed).ok_or("damaged: the metadata do not begin with their checksum")?;
    let mut views = file.tensors();
    views.sort_by(|a, b| a.0.cmp(&b.0));
    let parts = views.iter().map(|(name, view)| (name.as_str(), view.dtype(), view.shape(), view.data()));
    let found = checksum(&metadata, parts);
    if found != stored {
        return Err(format!("damaged: the checksum of the contents is {found}, the file says {stored}"));
    }
    let metadata = serde_json::from_str(&metadata).map_err(|e| format!("damaged metadata: {e}"))?;
    f(&file, &metadata)
}

/// Writes a file as a whole: to a temporary one beside it, synced, then renamed.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let error = |e: std::io::Error| Error::file(path, e.to_string());
    let temporary = temporary(path).ok_or_else(|| Error::file(path, "this does not name a file"))?;
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, path)?;
        // The new name is safe once the folder is; where folders cannot be opened there is nothing to do.
        if let Ok(folder) = File::open(temporary.parent().unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(())
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&temporary);
        error(e)
    })
}

/// The name of a temporary file beside `path`, which no other process or thread uses.
fn temporary(path: &Path) -> Option<PathBuf> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name()?);
    name.push(format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.join(name))
}
