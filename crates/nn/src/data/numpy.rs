//! NumPy's files: `.npy` and `.npz`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::DeflateDecoder;
use wengert_tape::{Float, Shape, Tensor};

use crate::error::Error;

/// An array of a NumPy file: numbers or whole numbers, in row-major order.
///
/// # Examples
/// ```
/// use wengert_nn::data::{read_npy, write_npy};
/// use wengert_nn::prelude::*;
/// let path = std::env::temp_dir().join("wengert-doc.npy");
/// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// write_npy(&path, &x)?;
/// assert_eq!(read_npy(&path)?.numbers::<f64>(), x);
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NumpyArray {
    /// Floats of 16, 32 or 64 bits.
    Numbers(Tensor<f64>),
    /// Whole numbers of at most 64 bits, or truth values as 0 and 1.
    Whole(Tensor<i64>),
}

impl NumpyArray {
    /// The numbers, rounded to `F`.
    pub fn numbers<F: Float>(&self) -> Tensor<F> {
        match self {
            NumpyArray::Numbers(t) => t.cast(),
            NumpyArray::Whole(t) => t.map(|k| F::from_f64(k as f64)),
        }
    }

    /// The whole numbers, such as classes; `None` if the file holds floats.
    pub fn classes(&self) -> Option<Tensor<i64>> {
        match self {
            NumpyArray::Numbers(_) => None,
            NumpyArray::Whole(t) => Some(t.clone()),
        }
    }
}

/// Reads a `.npy` file of floats, whole numbers or truth values, of either byte order and either order of the axes.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is not whole, or holds something else.
pub fn read_npy(path: impl AsRef<Path>) -> Result<NumpyArray, Error> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|e| Error::file(path, e.to_string()))?;
    array(&bytes).map_err(|message| Error::file(path, message))
}

/// Reads the arrays of a `.npz` file by name, packed or not.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is damaged, or holds something else than arrays.
pub fn read_npz(path: impl AsRef<Path>) -> Result<BTreeMap<String, NumpyArray>, Error> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|e| Error::file(path, e.to_string()))?;
    let read = |(name, bytes): (String, Vec<u8>)| {
        let array = array(&bytes).map_err(|message| format!("{name}: {message}"))?;
        Ok((name.strip_suffix(".npy").unwrap_or(&name).to_string(), array))
    };
    let arrays = members(&bytes).and_then(|members| members.into_iter().map(read).collect::<Result<_, String>>());
    arrays.map_err(|message| Error::file(path, message))
}

/// Writes a tensor as a `.npy` file.
///
/// # Errors
/// [`Error::File`] if the file cannot be written.
pub fn write_npy<F: Float>(path: impl AsRef<Path>, tensor: &Tensor<F>) -> Result<(), Error> {
    let path = path.as_ref();
    let (kind, data): (&str, Vec<u8>) = match F::NAME {
        "f32" => ("<f4", tensor.data().iter().flat_map(|x| (Float::to_f64(*x) as f32).to_le_bytes()).collect()),
        _ => ("<f8", tensor.data().iter().flat_map(|x| Float::to_f64(*x).to_le_bytes()).collect()),
    };
    let lengths: String = tensor.shape().iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}", lengths.trim_end());
    // The data begin at a multiple of 64 bytes, of which 10 stand before the header and the line feed after it.
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&data);
    fs::write(path, bytes).map_err(|e| Error::file(path, e.to_string()))
}

/// What the bytes of a `.npy` file hold.
fn array(bytes: &[u8]) -> Result<NumpyArray, String> {
    let cut = "the file ends within its header";
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("not a NumPy file: it does not begin with \\x93NUMPY")?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(cut.into()),
    };
    let (header, data) = rest.split_at_checked(length).ok_or(cut)?;
    let header = std::str::from_utf8(header).map_err(|e| e.to_string())?;
    let entry = |name: &str| {
        let at = header.find(&format!("'{name}':")).ok_or(format!("the header has no `{name}`: {header}"))?;
        Ok::<&str, String>(header[at + name.len() + 3..].trim_start())
    };
    let descr = entry("descr")?;
    let kind = descr.strip_prefix('\'').and_then(|d| d.split_once('\'')).map(|(kind, _)| kind);
    let kind = kind.ok_or_else(|| format!("a type that is no plain number: {descr}"))?;
    let fortran = entry("fortran_order")?.starts_with("True");
    let shape = entry("shape")?;
    let inside = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map(|(inside, _)| inside);
    let lengths = inside.unwrap_or("?").split(',').map(str::trim).filter(|n| !n.is_empty());
    let shape: Shape = lengths
        .map(|n| n.parse::<usize>().map_err(|_| format!("shape {shape}")))
        .collect::<Result<Vec<_>, _>>()?
        .into();
    let (order, kind) = kind.split_at_checked(1).ok_or("an empty type")?;
    let big = order == ">";
    let width: usize = kind.get(1..).and_then(|n| n.parse().ok()).ok_or_else(|| format!("type `{kind}`"))?;
    let count = shape.iter().try_fold(width, |n, k| n.checked_mul(*k));
    if count != Some(data.len()) || width == 0 {
        return Err(format!("{} bytes of data, {shape} of `{kind}` has another number", data.len()));
    }
    // Every number as its bytes from the least to the most significant.
    let words = data.chunks_exact(width).map(|chunk| {
        let mut word = [0; 8];
        let chunk = chunk.iter().enumerate().take(8);
        chunk.for_each(|(k, byte)| word[if big { width - 1 - k } else { k }] = *byte);
        u64::from_le_bytes(word)
    });
    let signed = |word: u64| (word << (64 - 8 * width)) as i64 >> (64 - 8 * width);
    let numbers = match kind {
        "f2" => Some(words.clone().map(|word| half(word as u16)).collect()),
        "f4" => Some(words.clone().map(|word| f64::from(f32::from_bits(word as u32))).collect()),
        "f8" => Some(words.clone().map(f64::from_bits).collect::<Vec<f64>>()),
        _ => None,
    };
    if let Some(numbers) = numbers {
        return Ok(NumpyArray::Numbers(row_major(&shape, numbers, fortran)));
    }
    let whole: Vec<i64> = match kind {
        "i1" | "i2" | "i4" | "i8" => words.map(signed).collect(),
        "b1" | "u1" | "u2" | "u4" => words.map(|word| word as i64).collect(),
        "u8" => words
            .map(|word| {
                i64::try_from(word)
                    .map_err(|_| format!("the whole number {word} does not fit into 64 bits with a sign"))
            })
            .collect::<Result<_, _>>()?,
        _ => return Err(format!("type `{kind}`; there are f2, f4, f8, i1 to i8, u1 to u8 and b1")),
    };
    Ok(NumpyArray::Whole(row_major(&shape, whole, fortran)))
}

/// Numbers whose first axis runs fastest (`fortran`), or which are in order already.
fn row_major<E: wengert_tape::Element>(shape: &Shape, numbers: Vec<E>, fortran: bool) -> Tensor<E> {
    if !fortran || shape.rank() < 2 {
        return Tensor::new(shape, numbers);
    }
    let place = |at: usize| {
        let (mut left, mut place, mut stride) = (at, 0, 1);
        let mut index = vec![0; shape.rank()];
        for axis in (0..shape.rank()).rev() {
            index[axis] = left % shape[axis];
            left /= shape[axis];
        }
        for (k, length) in index.into_iter().zip(shape.iter()) {
            place += k * stride;
            stride *= length;
        }
        place
    };
    Tensor::new(shape, (0..numbers.len()).map(|at| numbers[place(at)]).collect())
}

/// A float of 16 bits: a sign, 5 bits of exponent, 10 of mantissa.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2.0_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + mantissa / 1024.0) * 2.0_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// The members of a zip file, by name: what `numpy.savez` and `savez_compressed` write.
fn members(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    const END: &[u8] = b"PK\x05\x06";
    let broken = || "not a whole zip file".to_string();
    let at = |from: usize, n: usize| -> Result<&[u8], String> {
        bytes.get(from..from.checked_add(n).ok_or_else(broken)?).ok_or_else(broken)
    };
    let short = |from: usize| at(from, 2).map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    let long = |from: usize| at(from, 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let end = (0..bytes.len().saturating_sub(21)).rev().take(1 << 16).find(|k| bytes[*k..].starts_with(END));
    let end = end.ok_or_else(broken)?;
    let (count, mut entry) = (short(end + 10)?, long(end + 16)? as usize);
    let mut members = Vec::with_capacity(count);
    for _ in 0..count {
        if at(entry, 4)? != b"PK\x01\x02" {
            return Err(broken());
        }
        let (method, crc) = (short(entry + 10)?, long(entry + 16)?);
        let (packed, size) = (long(entry + 20)?, long(entry + 24)?);
        let (name, extra, comment) = (short(entry + 28)?, short(entry + 30)?, short(entry + 32)?);
        let local = long(entry + 42)?;
        if [packed, size, local].contains(&u32::MAX) {
            return Err("a zip file of more than 4 GiB".into());
        }
        let local = local as usize;
        let text = String::from_utf8_lossy(at(entry + 46, name)?).into_owned();
        let begin = local + 30 + short(local + 26)? + short(local + 28)?;
        let stored = at(begin, packed as usize)?;
        let data = match method {
            0 => stored.to_vec(),
            8 => {
                let mut data = Vec::new();
                // One byte more than there should be: a longer stream is found out, and no bomb unpacked.
                let mut unpacked = DeflateDecoder::new(stored).take(u64::from(size) + 1);
                unpacked.read_to_end(&mut data).map_err(|e| format!("{text}: {e}"))?;
                data
            }
            _ => return Err(format!("{text}: packed by method {method}; there are 0 and 8")),
        };
        if data.len() != size as usize || crc32fast::hash(&data) != crc {
            return Err(format!("{text}: damaged: its checksum or its length is not what the file says"));
        }
        members.push((text, data));
        entry += 46 + name + extra + comment;
    }
    Ok(members)
}
