//! How many bytes one call may ask for.
//!
//! A length can come from a file, or from an argument with a typing error in it. What has a name in an error message would
//! otherwise end the process: an allocation that fails aborts, and one that the system grants and cannot serve has the process
//! killed. So the size of a result is known from its shape and compared with a ceiling before anything is made.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;
use crate::shape::Shape;

/// What is below this number of elements is not asked about.
const SMALL: usize = 256;
/// The ceiling where the machine does not tell how much memory it has.
const WHERE_UNKNOWN: u64 = 8 << 30;
/// The environment's name for the ceiling.
const VARIABLE: &str = "WENGERT_MAX_BYTES";

/// The ceiling in bytes, 0 before somebody asks.
static CEILING: AtomicUsize = AtomicUsize::new(0);

/// The most bytes that one call may ask for: the result of an operation, a constructor, what an operation needs on its way.
///
/// It is what [`set_max_bytes`] said; else what the environment variable `WENGERT_MAX_BYTES` says, in bytes or with a unit
/// (`8000000000`, `512M`, `8G`); else four fifths of the machine's memory, or of what its container may use of it. What takes
/// less than 256 elements is not asked about.
///
/// # Panics
/// If `WENGERT_MAX_BYTES` is set to something else.
///
/// # Examples
/// ```
/// use wengert_tape::{prelude::*, set_max_bytes};
/// set_max_bytes(4 << 30);
/// let tape = Tape::new();
/// let x = tape.var(Tensor::zeros([1 << 20, 1]));
/// // 2²⁰ · 2²⁰ numbers of 8 bytes: 8 TiB
/// let error = try_with(|| x.matmul(x.t())).unwrap_err().to_string();
/// assert!(error.starts_with("matmul: a result of shape [1048576, 1048576] takes 8796093022208 bytes"), "{error}");
/// ```
#[track_caller]
pub fn max_bytes() -> usize {
    match ceiling() {
        Ok(bytes) => bytes,
        Err(e) => e.raise(),
    }
}

/// Sets the most bytes that one call may ask for, in all threads. 0 brings back what the environment or the machine says;
/// `usize::MAX` is no ceiling.
///
/// # Examples
/// ```
/// wengert_tape::set_max_bytes(2 << 30);
/// assert_eq!(wengert_tape::max_bytes(), 2 << 30);
/// ```
pub fn set_max_bytes(bytes: usize) {
    CEILING.store(bytes, Ordering::Relaxed);
}

/// Whether so many bytes may be asked for: for code that makes room for what a file or a request claims.
///
/// # Errors
/// [`Error::TooLarge`] in the name of `op` if they are more than [`max_bytes`].
///
/// # Examples
/// ```
/// use wengert_tape::check_bytes;
/// assert!(check_bytes("read_csv", 1 << 10).is_ok());
/// assert!(check_bytes("read_csv", u64::MAX).unwrap_err().to_string().starts_with("read_csv: takes 18446744073709551615 bytes"));
/// ```
pub fn check_bytes(op: &str, bytes: u64) -> Result<(), Error> {
    let ceiling = ceiling()?;
    match usize::try_from(bytes) {
        Ok(asked) if asked <= ceiling => Ok(()),
        _ => Err(Error::TooLarge { op: op.into(), shape: None, bytes, ceiling: ceiling as u64 }),
    }
}

/// Whether a tensor of shape `shape` may be made, whose elements take `each` bytes.
///
/// # Errors
/// [`Error::TooLarge`] in the name of `op`; [`Error::Shape`] if no tensor has such a shape.
#[inline]
pub(crate) fn admit(op: &str, shape: &Shape, each: usize) -> Result<(), Error> {
    match shape.len_elements() < SMALL {
        true => Ok(()),
        false => admit_large(&|| op.into(), shape, each),
    }
}

/// [`admit`] of the result of an operation, whose name is not known before somebody wants it.
#[inline]
pub(crate) fn admit_result(op: &dyn Fn() -> String, shape: &Shape, each: usize) -> Result<(), Error> {
    match shape.len_elements() < SMALL {
        true => Ok(()),
        false => admit_large(op, shape, each),
    }
}

#[cold]
fn admit_large(op: &dyn Fn() -> String, shape: &Shape, each: usize) -> Result<(), Error> {
    possible(op, shape)?;
    let (bytes, ceiling) = (shape.len_elements().saturating_mul(each), ceiling()?);
    match bytes <= ceiling {
        true => Ok(()),
        false => {
            Err(Error::TooLarge { op: op(), shape: Some(shape.clone()), bytes: bytes as u64, ceiling: ceiling as u64 })
        }
    }
}

/// Whether a tensor can have the shape of a result.
///
/// # Errors
/// [`Error::Shape`] in the name of `op`.
#[inline]
pub(crate) fn possible(op: &dyn Fn() -> String, shape: &Shape) -> Result<(), Error> {
    match shape.is_possible() {
        true => Ok(()),
        false => Err(Error::shape(op(), format!("a result of shape {shape} has more elements than can be addressed"))),
    }
}

#[inline]
pub(crate) fn ceiling() -> Result<usize, Error> {
    match CEILING.load(Ordering::Relaxed) {
        0 => from_outside(),
        bytes => Ok(bytes),
    }
}

/// The ceiling that the environment or the machine gives.
#[cold]
fn from_outside() -> Result<usize, Error> {
    let bytes = match std::env::var(VARIABLE) {
        Ok(text) => bytes_of(&text).ok_or_else(|| {
            Error::Argument(format!("{VARIABLE}: `{text}` is not a number of bytes, such as 8000000000, 512M or 8G"))
        })?,
        Err(_) => memory_of_the_machine().map_or(WHERE_UNKNOWN, |bytes| bytes / 5 * 4),
    };
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).max(1);
    // Somebody may have set it meanwhile.
    let _ = CEILING.compare_exchange(0, bytes, Ordering::Relaxed, Ordering::Relaxed);
    Ok(bytes)
}

/// A number of bytes as people write it: `512`, `64K`, `512M`, `8G`, `1T`, with the powers of 1024.
fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[number.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return None,
    };
    number.trim_end().parse::<u64>().ok().filter(|n| *n > 0)?.checked_mul(1 << shift)
}

/// The memory of the machine, or what the process may use of it; `None` where the system does not say so in a file.
fn memory_of_the_machine() -> Option<u64> {
    let number = |path: &Path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut limits: Vec<u64> = total(&fs::read_to_string("/proc/meminfo").unwrap_or_default()).into_iter().collect();
    for group in groups.lines() {
        // `0::/path` in one hierarchy for everything, `4:memory:/path` in one for memory.
        let mut parts = group.splitn(3, ':');
        let (root, file) = match (parts.next(), parts.next()) {
            (Some("0"), Some("")) => ("/sys/fs/cgroup", "memory.max"),
            (_, Some(kind)) if kind.split(',').any(|k| k == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let path = Path::new(root).join(parts.next().unwrap_or_default().trim_start_matches('/'));
        // A group is held by the limits of those that it lies in.
        limits.extend(path.ancestors().take_while(|p| p.starts_with(root)).filter_map(|p| number(&p.join(file))));
    }
    limits.into_iter().min()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        let table = [
            ("512", 512),
            (" 64K ", 64 << 10),
            ("512M", 512 << 20),
            ("8 GiB", 8 << 30),
            ("8g", 8 << 30),
            ("1TB", 1 << 40),
        ];
        for (text, bytes) in table {
            assert_eq!(bytes_of(text), Some(bytes), "{text}");
        }
        for text in ["", "0", "-1", "8Q", "much", "99999999999999999999", "99999999999T", "1.5G", "∞"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }

    #[test]
    fn the_machine_is_asked_how_much_memory_it_has() {
        assert_eq!(total("MemTotal:       65841220 kB\nMemFree: 1 kB\n"), Some(65_841_220 << 10));
        assert_eq!(total("something else"), None);
        if cfg!(target_os = "linux") {
            assert!(memory_of_the_machine().is_some_and(|bytes| bytes > 1 << 20));
        }
    }
}
