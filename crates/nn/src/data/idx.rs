//! IDX, the format of MNIST, plain or compressed with gzip.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use wengert_tape::{Element, Float, Shape, Tensor};

use super::Dataset;
use super::convert::{narrow, whole};
use crate::error::Error;
use crate::files::{self, affordable, honest, room};

/// The numbers of an IDX file, `.gz` or not.
///
/// The file is: two zero bytes, a byte for the type (8 unsigned bytes, 9 signed bytes, 11, 12 and 13 and 14 whole numbers
/// of 16 and 32 bits and floats of 32 and 64), a byte for the number of axes, their lengths as `u32`, and the numbers row
/// by row; everything big-endian.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is not whole, or has a number that is too large for `F`.
///
/// # Examples
/// ```
/// use wengert_nn::data::read_idx;
/// let path = std::env::temp_dir().join("wengert-doc-idx");
/// std::fs::write(&path, [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 3, 7, 0, 255]).unwrap();
/// let numbers = read_idx::<f32>(&path)?;
/// assert_eq!((numbers.shape(), numbers.data()), (&[1, 3].into(), &[7.0, 0.0, 255.0][..]));
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn read_idx<F: Float>(path: impl AsRef<Path>) -> Result<Tensor<F>, Error> {
    numbers(path.as_ref(), narrow)
}

/// The whole numbers of an IDX file, such as the classes of MNIST.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is not whole, or holds something else than whole numbers.
pub fn read_idx_classes(path: impl AsRef<Path>) -> Result<Tensor<i64>, Error> {
    numbers(path.as_ref(), whole)
}

fn numbers<E: Element>(path: &Path, to: impl Fn(f64) -> Result<E, String>) -> Result<Tensor<E>, Error> {
    let bytes = files::read(path)?;
    parse(&bytes, to).map_err(|message| Error::file(path, message))
}

fn parse<E: Element>(bytes: &[u8], to: impl Fn(f64) -> Result<E, String>) -> Result<Tensor<E>, String> {
    match bytes.starts_with(&[0x1f, 0x8b]) {
        false => contents(bytes, bytes.len(), None, to),
        true => contents(MultiGzDecoder::new(bytes), bytes.len(), Some(bytes.len()), to),
    }
}

/// The contents of an IDX file; if it is packed, into so many bytes.
fn contents<E: Element>(
    mut from: impl Read,
    length: usize,
    packed: Option<usize>,
    to: impl Fn(f64) -> Result<E, String>,
) -> Result<Tensor<E>, String> {
    let mut head = [0; 4];
    from.read_exact(&mut head).map_err(|e| ends(e, "not an IDX file: it ends within its first four bytes"))?;
    let [0, 0, kind, rank] = head else {
        return Err("not an IDX file: it does not begin with two zero bytes, a type and a number of axes".into());
    };
    let mut lengths = vec![0; 4 * usize::from(rank)];
    from.read_exact(&mut lengths).map_err(|e| ends(e, "the file ends within its header"))?;
    let lengths: Vec<usize> = lengths.as_chunks().0.iter().map(|b| u32::from_be_bytes(*b) as usize).collect();
    let count = lengths.iter().try_fold(1_u64, |n, k| n.checked_mul(*k as u64)).ok_or("the lengths are too large")?;
    let width = match kind {
        8 | 9 => 1,
        11 => 2,
        12 | 13 => 4,
        14 => 8,
        _ => return Err(format!("numbers of type {kind:#04x}; there are 0x08, 0x09, 0x0b, 0x0c, 0x0d and 0x0e")),
    };
    let wanted = u128::from(count) * width as u128;
    let differs =
        |found: String| format!("{found} bytes follow the header, {lengths:?} has {count} numbers of {width}");
    match packed {
        Some(packed) => honest(wanted, packed)?,
        None => {
            let found = length - 4 - 4 * lengths.len();
            if wanted != found as u128 {
                return Err(differs(found.to_string()));
            }
        }
    }
    affordable(wanted + u128::from(count) * size_of::<E>() as u128, "an array of these lengths")?;
    let mut bytes = room(wanted as u64)?;
    // One byte more than there should be: what follows is found out, and not unpacked.
    from.by_ref().take(wanted as u64 + 1).read_to_end(&mut bytes).map_err(|e| ends(e, "the file is cut"))?;
    if bytes.len() as u128 != wanted {
        let more = if bytes.len() as u128 > wanted { "more than " } else { "" };
        return Err(differs(format!("{more}{}", wanted.min(bytes.len() as u128))));
    }
    let mut data = room(count)?;
    for chunk in bytes.chunks_exact(width) {
        let number = to(number(kind, chunk)).map_err(|message| format!("number {}: {message}", data.len() + 1))?;
        data.push(number);
    }
    Tensor::try_new(Shape::from(lengths), data).map_err(|e| e.to_string())
}

/// The number that a few bytes are.
fn number(kind: u8, bytes: &[u8]) -> f64 {
    match (kind, bytes) {
        (8, [a]) => f64::from(*a),
        (9, [a]) => f64::from(*a as i8),
        (11, [a, b]) => f64::from(i16::from_be_bytes([*a, *b])),
        (12, [a, b, c, d]) => f64::from(i32::from_be_bytes([*a, *b, *c, *d])),
        (13, [a, b, c, d]) => f64::from(f32::from_be_bytes([*a, *b, *c, *d])),
        (_, bytes) => f64::from_bits(bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))),
    }
}

/// Why no more can be read: what to say where the bytes end, or what is wrong with those that are packed.
fn ends(e: io::Error, cut: &str) -> String {
    match e.kind() {
        io::ErrorKind::UnexpectedEof => cut.into(),
        _ => e.to_string(),
    }
}

/// MNIST, or another set of the same four files, in three parts.
///
/// # Examples
/// ```
/// use wengert_nn::data::{Mnist, mnist};
/// let error = mnist::<f32>("no-such-folder", 1.0 / 256.0).unwrap_err();
/// assert!(error.to_string().contains("no-such-folder"));
/// let size = |data: &Mnist| data.train.len() + data.validation.len(); // 60,000 of the published files
/// # let _ = size;
/// ```
#[derive(Clone, Debug)]
pub struct Mnist<F: Float = f32> {
    /// The first training images: 50,000 of MNIST's 60,000.
    pub train: Dataset<F>,
    /// The last training images: a sixth, 10,000 of MNIST's.
    pub validation: Dataset<F>,
    /// The test images.
    pub test: Dataset<F>,
}

/// Reads MNIST (LeCun, Cortes and Burges 1998) from a folder, or its folder `mnist`, in the split of Nielsen's book: the
/// last sixth of the training images is for validation. Images are `[1, 28, 28]` with pixels from 0 (paper) to 255 (ink)
/// times `scale`: the book has 1/256, most others 1/255.
///
/// The files have the names under which they were published, plain or with `.gz`: `train-images-idx3-ubyte`,
/// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`.
///
/// # Errors
/// [`Error::File`] if a file is missing or damaged.
pub fn mnist<F: Float>(folder: impl AsRef<Path>, scale: f64) -> Result<Mnist<F>, Error> {
    let folder = folder.as_ref();
    let read = |part: &str| -> Result<Dataset<F>, Error> {
        let images_at = find(folder, &format!("{part}-images-idx3-ubyte"))?;
        let labels_at = find(folder, &format!("{part}-labels-idx1-ubyte"))?;
        let (images, labels) = (numbers(&images_at, |x| narrow(x * scale))?, read_idx_classes(&labels_at)?);
        let &[n, rows, columns] = &images.shape()[..] else {
            return Err(Error::file(images_at, format!("images of shape {}, not [n, rows, columns]", images.shape())));
        };
        let names = (0..10).map(|digit: u8| digit.to_string()).collect();
        Dataset::of_classes(images.reshape([n, 1, rows, columns]), labels, names)
            .map_err(|e| Error::file(labels_at, e.to_string()))
    };
    let (train, test) = (read("train")?, read("t10k")?);
    if test.input_shape() != train.input_shape() {
        let (images, others) = (test.input_shape(), train.input_shape());
        let message = format!("images of shape {images}, those to learn from have {others}");
        return Err(Error::file(find(folder, "t10k-images-idx3-ubyte")?, message));
    }
    let cut = train.len() - train.len() / 6;
    Ok(Mnist { train: train.range(0..cut), validation: train.range(cut..train.len()), test })
}

/// The file of this name, or with `.gz`, in a folder or in its folder `mnist`.
fn find(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    let folders = [folder.to_path_buf(), folder.join("mnist")];
    let paths = folders.iter().flat_map(|folder| [folder.join(name), folder.join(format!("{name}.gz"))]);
    let found = paths.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| Error::file(folder.join(name), "there is no such file, with or without .gz"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read() {
        let header = |kind| vec![0, 0, kind, 1, 0, 0, 0, 2];
        for (kind, data, expected) in [
            (8, vec![3, 255], [3.0, 255.0]),
            (9, vec![3, 255], [3.0, -1.0]),
            (11, vec![1, 0, 255, 254], [256.0, -2.0]),
            (12, vec![0, 1, 0, 0, 255, 255, 255, 255], [65536.0, -1.0]),
            (13, [1.5_f32, -0.25].iter().flat_map(|x| x.to_be_bytes()).collect(), [1.5, -0.25]),
            (14, [0.1_f64, -1e300].iter().flat_map(|x| x.to_be_bytes()).collect(), [0.1, -1e300]),
        ] {
            let bytes = [header(kind), data].concat();
            assert_eq!(parse::<f64>(&bytes, Ok).unwrap(), Tensor::from(expected), "type {kind}");
        }
    }

    #[test]
    fn damage_is_named() {
        for (bytes, expected) in [
            (&[0, 0, 8][..], "not an IDX file: it ends within its first four bytes"),
            (&[0, 1, 8, 0], "not an IDX file: it does not begin with two zero bytes, a type and a number of axes"),
            (&[0, 0, 8, 2, 0, 0, 0, 1], "the file ends within its header"),
            (&[0, 0, 10, 0, 1], "numbers of type 0x0a; there are 0x08, 0x09, 0x0b, 0x0c, 0x0d and 0x0e"),
            (&[0, 0, 8, 1, 0, 0, 0, 2, 7], "1 bytes follow the header, [2] has 2 numbers of 1"),
            (
                &[0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255],
                "0 bytes follow the header, [4294967295, 4294967295] has 18446744065119617025 numbers of 8",
            ),
        ] {
            assert_eq!(parse::<f64>(bytes, Ok).unwrap_err(), expected);
        }
    }
}
