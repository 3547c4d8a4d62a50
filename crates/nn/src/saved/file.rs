//! A safetensors file with our metadata, as a whole: encoded and checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use serde_json::{Map, Value};
use wengert_tape::{Float, Tensor};

use crate::data::{brain, half};
use crate::error::Error;
use crate::files;

/// The entry of a file's metadata that is ours.
const METADATA: &str = "wengert";

/// A tensor as its bytes in a file.
pub(crate) struct Stored {
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

pub(crate) fn encode<F: Float>(tensor: &Tensor<F>) -> Stored {
    let numbers = tensor.data().iter().map(|x| Float::to_f64(*x));
    // `F` is f32 or f64, so that the narrowing is exact.
    let (dtype, bytes) = match F::NAME {
        "f32" => (Dtype::F32, numbers.flat_map(|x| (x as f32).to_le_bytes()).collect()),
        _ => (Dtype::F64, numbers.flat_map(f64::to_le_bytes).collect()),
    };
    Stored { dtype, shape: tensor.shape().to_vec(), bytes }
}

/// The numbers of a file, or `None` if their type does not fit into `F`.
pub(crate) fn decode<F: Float>(dtype: Dtype, bytes: &[u8]) -> Option<Vec<F>> {
    let single = |b: &[u8; 4]| F::from_f64(f64::from(f32::from_le_bytes(*b)));
    let double = |b: &[u8; 8]| F::from_f64(f64::from_le_bytes(*b));
    match dtype {
        Dtype::F32 => Some(bytes.as_chunks().0.iter().map(single).collect()),
        Dtype::F16 => Some(bytes.as_chunks().0.iter().map(|b| F::from_f64(half(u16::from_le_bytes(*b)))).collect()),
        Dtype::BF16 => Some(bytes.as_chunks().0.iter().map(|b| F::from_f64(brain(u16::from_le_bytes(*b)))).collect()),
        Dtype::F64 if F::NAME == "f64" => Some(bytes.as_chunks().0.iter().map(double).collect()),
        _ => None,
    }
}

/// The bytes of a file with these tensors and metadata.
pub(crate) fn to_bytes(tensors: &BTreeMap<String, Stored>, metadata: Map<String, Value>) -> Result<Vec<u8>, String> {
    let mut metadata = metadata;
    metadata.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    let mut metadata = Value::Object(metadata);
    // The same model is the same bytes, however this program was put together.
    metadata.sort_all_objects();
    let metadata = metadata.to_string();
    let parts = tensors.iter().map(|(name, t)| (name.as_str(), t.dtype, &t.shape[..], &t.bytes[..]));
    let sealed = format!("{SEAL}{}\",{}", checksum(&metadata, parts), &metadata[1..]);
    safetensors::serialize(tensors, Some([(METADATA.to_string(), sealed)].into_iter().collect()))
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
pub(crate) fn read<T>(
    path: &Path,
    f: impl FnOnce(&SafeTensors<'_>, &Map<String, Value>) -> Result<T, String>,
) -> Result<T, Error> {
    let bytes = files::read(path)?;
    parse(&bytes, f).map_err(|message| Error::file(path, message))
}

fn parse<T>(
    bytes: &[u8],
    f: impl FnOnce(&SafeTensors<'_>, &Map<String, Value>) -> Result<T, String>,
) -> Result<T, String> {
    let damaged = |e: &dyn std::fmt::Display| format!("not a whole safetensors file ({} bytes): {e}", bytes.len());
    let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(&e))?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| damaged(&e))?;
    let entries = header.metadata().iter().flatten();
    let Some(sealed) = header.metadata().as_ref().and_then(|m| m.get(METADATA)) else {
        // Another program's file, unless somebody has changed the name of our entry.
        return match entries.into_iter().find(|(_, text)| text.starts_with(SEAL)) {
            Some((name, _)) => Err(format!("damaged: the metadata are called `{name}` and not `{METADATA}`")),
            None => f(&file, &Map::new()),
        };
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
