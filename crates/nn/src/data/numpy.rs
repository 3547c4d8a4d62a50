//! NumPy's files: `.npy` and `.npz`.

mod header;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use wengert_tape::{Element, Float, Shape, Tensor};

use super::convert::{half, narrow};
use super::zip::{Member, members};
use crate::error::Error;
use crate::files::{self, affordable, room};
use header::{Header, Kind};

/// So many bytes are read at a time: a multiple of the size of every number.
const AT_ONCE: usize = 1 << 16;

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
    ///
    /// # Panics
    /// If a number is finite and `F` has none so large; [`try_numbers`](Self::try_numbers) returns that as an error.
    #[track_caller]
    pub fn numbers<F: Float>(&self) -> Tensor<F> {
        match self.try_numbers() {
            Ok(numbers) => numbers,
            Err(e) => e.raise(),
        }
    }

    /// The numbers, rounded to `F`.
    ///
    /// # Errors
    /// If a number is finite and `F` has none so large.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::data::NumpyArray;
    /// use wengert_nn::prelude::*;
    /// let array = NumpyArray::Numbers(Tensor::from([1.0, 1e300]));
    /// let error = array.try_numbers::<f32>().unwrap_err();
    /// assert_eq!(error.to_string(), "array: number 2: 1e300 is beyond the largest number of type f32");
    /// ```
    pub fn try_numbers<F: Float>(&self) -> Result<Tensor<F>, Error> {
        let one = |(k, x): (usize, f64)| {
            narrow(x).map_err(|message| Error::shape("array", format!("number {}: {message}", k + 1)))
        };
        let numbers: Vec<F> = match self {
            NumpyArray::Numbers(t) => t.data().iter().copied().enumerate().map(one).collect::<Result<_, _>>()?,
            NumpyArray::Whole(t) => t.data().iter().map(|k| F::from_f64(*k as f64)).collect(),
        };
        let shape = match self {
            NumpyArray::Numbers(t) => t.shape(),
            NumpyArray::Whole(t) => t.shape(),
        };
        Ok(Tensor::try_new(shape, numbers)?)
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
    let bytes = files::read(path)?;
    array(&mut &bytes[..], bytes.len() as u64).map_err(|message| Error::file(path, message))
}

/// Reads the arrays of a `.npz` file by name, packed or not.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is damaged, or holds something else than arrays.
pub fn read_npz(path: impl AsRef<Path>) -> Result<BTreeMap<String, NumpyArray>, Error> {
    let path = path.as_ref();
    let bytes = files::read(path)?;
    arrays(&bytes).map_err(|message| Error::file(path, message))
}

fn arrays(bytes: &[u8]) -> Result<BTreeMap<String, NumpyArray>, String> {
    let members = members(bytes)?;
    affordable(members.iter().map(|member| u128::from(member.size)).sum(), "what is packed in it")?;
    let mut arrays = BTreeMap::new();
    for member in &members {
        let Member { name, .. } = member;
        let array = member.read(|from, size| array(from, size)).map_err(|message| format!("{name}: {message}"))?;
        let short = name.strip_suffix(".npy").unwrap_or(name);
        if arrays.insert(short.to_string(), array).is_some() {
            return Err(format!("two arrays are called {short}"));
        }
    }
    Ok(arrays)
}

/// Writes a tensor as a `.npy` file.
///
/// # Errors
/// [`Error::File`] if the file cannot be written.
pub fn write_npy<F: Float>(path: impl AsRef<Path>, tensor: &Tensor<F>) -> Result<(), Error> {
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
    files::write(path, bytes)
}

/// What a `.npy` file of so many bytes holds.
fn array(mut from: &mut dyn Read, length: u64) -> Result<NumpyArray, String> {
    let Header { kind, width, big, fortran, shape, data } = Header::read(&mut from, length)?;
    let count = shape.iter().try_fold(1_u64, |n, k| n.checked_mul(*k as u64));
    let Some(count) = count.filter(|count| count.checked_mul(width as u64) == Some(data)) else {
        return Err(format!("{data} bytes of data, {shape:?} of `{kind}{width}` has another number"));
    };
    // Once more where the axes are put in order.
    let copies = if fortran { 2 } else { 1 };
    affordable(u128::from(count) * 8 * copies, "an array of this shape")?;
    // A number as its bytes from the least to the most significant.
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        bytes.iter().enumerate().for_each(|(k, byte)| word[if big { width - 1 - k } else { k }] = *byte);
        u64::from_le_bytes(word)
    };
    let bits = 64 - 8 * width;
    let shape = &Shape::from(shape);
    let floats: Option<fn(u64) -> f64> = match (kind, width) {
        (Kind::Float, 2) => Some(|word| half(word as u16)),
        (Kind::Float, 4) => Some(|word| f64::from(f32::from_bits(word as u32))),
        (Kind::Float, _) => Some(f64::from_bits),
        _ => None,
    };
    if let Some(of) = floats {
        let all = read_all(from, width, count, |bytes| Ok(of(word(bytes))))?;
        return row_major(shape, all, fortran).map(NumpyArray::Numbers);
    }
    let whole = |bytes: &[u8]| match (kind, word(bytes)) {
        (Kind::Signed, word) => Ok((word << bits) as i64 >> bits),
        (Kind::Truth, word) if word > 1 => Err(format!("the truth value {word}, which is neither 0 nor 1")),
        (_, word) => {
            i64::try_from(word).map_err(|_| format!("the whole number {word} does not fit into 64 bits with a sign"))
        }
    };
    let all = read_all(from, width, count, whole)?;
    row_major(shape, all, fortran).map(NumpyArray::Whole)
}

/// So many numbers of a width each, part by part: their bytes are never all there at once.
fn read_all<E>(
    from: &mut dyn Read,
    width: usize,
    count: u64,
    number: impl Fn(&[u8]) -> Result<E, String>,
) -> Result<Vec<E>, String> {
    let (mut all, mut part) = (room(count)?, vec![0; AT_ONCE]);
    let mut left = count * width as u64;
    while left > 0 {
        let part = &mut part[..usize::try_from(left).unwrap_or(AT_ONCE).min(AT_ONCE)];
        from.read_exact(part).map_err(|e| format!("the data are cut: {e}"))?;
        for bytes in part.chunks_exact(width) {
            all.push(number(bytes)?);
        }
        left -= part.len() as u64;
    }
    Ok(all)
}

/// Numbers whose first axis runs fastest (`fortran`), or which are in order already.
fn row_major<E: Element>(shape: &Shape, numbers: Vec<E>, fortran: bool) -> Result<Tensor<E>, String> {
    let text = |e: wengert_tape::Error| e.to_string();
    if !fortran || shape.rank() < 2 {
        return Tensor::try_new(shape, numbers).map_err(text);
    }
    let strides: Vec<usize> = shape.iter().scan(1, |stride, n| Some(std::mem::replace(stride, *stride * n))).collect();
    let mut ordered = room(numbers.len() as u64)?;
    let (mut index, mut place) = (vec![0; shape.rank()], 0);
    while ordered.len() < numbers.len() {
        ordered.push(numbers[place]);
        // To the next position: the last axis first.
        for axis in (0..shape.rank()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= shape[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    Tensor::try_new(shape, ordered).map_err(text)
}
