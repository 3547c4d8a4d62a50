//! Files: one door that all of this crate reads by, and one that it writes by.
//!
//! What is read is an ordinary file of a size that this machine can bear; what a header in it claims is held against the bytes
//! that are there before memory is asked for. What is written is a temporary file beside its place, synced and renamed: at any
//! moment there is the whole old file or the whole new one.

mod claims;
mod write;

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub(crate) use claims::{affordable, honest, room};
pub use write::{check_writable, write};

use crate::error::Error;

/// The bytes of an ordinary file.
///
/// # Errors
/// [`Error::File`] if it cannot be read, is a folder, a pipe or a device, or is larger than
/// [`max_bytes`](wengert_tape::max_bytes).
///
/// # Examples
/// ```
/// use wengert_nn::files;
/// let folder = std::env::temp_dir();
/// let error = files::read(&folder).unwrap_err();
/// assert_eq!(error.to_string(), format!("{}: this is a folder and no file", folder.display()));
/// ```
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    bytes(path).map_err(|message| Error::file(path, message))
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let text = |e: io::Error| e.to_string();
    // Before it is opened: to open a pipe is to wait for somebody who writes to it.
    ordinary(&fs::metadata(path).map_err(text)?)?;
    let file = File::open(path).map_err(text)?;
    let metadata = file.metadata().map_err(text)?;
    ordinary(&metadata)?;
    affordable(u128::from(metadata.len()), "the file")?;
    let mut bytes = room(metadata.len())?;
    file.take((wengert_tape::max_bytes() as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(text)?;
    // It may have grown.
    affordable(bytes.len() as u128, "the file")?;
    Ok(bytes)
}

/// Whether there is a file at this path.
///
/// # Errors
/// [`Error::File`] if that cannot be told, or a link is there that leads nowhere.
pub fn is_there(path: impl AsRef<Path>) -> Result<bool, Error> {
    let path = path.as_ref();
    match fs::metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(to) => Err(Error::file(path, format!("a link to {}, where there is nothing", to.display()))),
            Err(_) => Ok(false),
        },
        Err(e) => Err(Error::file(path, e.to_string())),
    }
}

/// Whether two paths lead to the same place, be there a file or not.
///
/// # Examples
/// ```
/// use wengert_nn::files;
/// assert!(files::same("model.safetensors", "./model.safetensors"));
/// assert!(!files::same("model.safetensors", "log.csv"));
/// ```
pub fn same(a: impl AsRef<Path>, b: impl AsRef<Path>) -> bool {
    let (a, b) = (a.as_ref(), b.as_ref());
    place(a) == place(b) || is_same_file(a, b)
}

/// Whether two names, neither of which is a link to the other, are of one file.
#[cfg(unix)]
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |path: &Path| fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    number(a).is_some() && number(a) == number(b)
}
#[cfg(not(unix))]
fn is_same_file(_: &Path, _: &Path) -> bool {
    false
}

/// The path without links and dots.
fn place(path: &Path) -> PathBuf {
    let path = end_of_links(path);
    if let Ok(place) = fs::canonicalize(&path) {
        return place;
    }
    let folder = fs::canonicalize(folder_of(&path));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Where a link leads, though nothing be there; a path that is no link as it is.
fn end_of_links(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const MOST: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            Ok(to) => path = folder_of(&path).join(to),
            Err(_) => break,
        }
    }
    path
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses what is no ordinary file.
fn ordinary(metadata: &Metadata) -> Result<(), String> {
    match kind(metadata) {
        None => Ok(()),
        Some(kind) => Err(format!("this is {kind} and no file")),
    }
}

/// What is no ordinary file is something else.
fn kind(metadata: &Metadata) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => None,
        (_, true) => Some("a folder"),
        _ => Some("a device"),
    }
}
