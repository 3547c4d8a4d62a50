//! The door for writing.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{end_of_links, folder_of, kind};
use crate::error::Error;

/// Writes a file as a whole: to a temporary one beside it, which is synced and renamed, so that there is either the whole new
/// file or what was there before. A file that is replaced keeps its mode and its owner, a link goes on leading to it, and
/// temporary files that a killed process left there are removed. A device or a pipe is written to as it is.
///
/// # Errors
/// [`Error::File`] if it cannot be written; what was there before is still there then.
///
/// # Examples
/// ```
/// use wengert_nn::files;
/// let path = std::env::temp_dir().join("wengert-doc-files-write");
/// files::write(&path, b"old")?;
/// files::write(&path, b"new")?;
/// assert_eq!(files::read(&path)?, b"new");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<(), wengert_nn::Error>(())
/// ```
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let (path, bytes) = (path.as_ref(), bytes.as_ref());
    let done = match place(path)? {
        Place::File(target, before) => replace(&target, before.as_ref(), bytes),
        Place::Stream => OpenOptions::new().write(true).open(path).and_then(|mut stream| stream.write_all(bytes)),
    };
    done.map_err(|e| Error::file(path, e.to_string()))
}

/// Whether a file could be written there now. Nothing is changed, but that temporary files which a killed process left there are
/// removed.
///
/// # Errors
/// [`Error::File`] if it cannot: the folder is missing or closed, or there is something else than an ordinary file.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let Place::File(target, _) = place(path)? else {
        return Err(Error::file(path, "this is no ordinary file"));
    };
    sweep(&target);
    let probe = temporary(&target);
    let made = OpenOptions::new().write(true).create_new(true).open(&probe);
    made.map_err(|e| Error::file(path, e.to_string()))?;
    let _ = fs::remove_file(&probe);
    Ok(())
}

/// What a path names.
enum Place {
    /// An ordinary file, or none yet: where it is when links are followed, and what is there.
    File(PathBuf, Option<Metadata>),
    /// What cannot be replaced, such as a terminal.
    Stream,
}

fn place(path: &Path) -> Result<Place, Error> {
    let found = match fs::metadata(path) {
        Ok(metadata) => match kind(&metadata) {
            None => Some(metadata),
            Some("a folder") => return Err(Error::file(path, "this is a folder and no file")),
            Some(_) => return Ok(Place::Stream),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(Error::file(path, e.to_string())),
    };
    let target = end_of_links(path);
    match target.file_name() {
        Some(_) => Ok(Place::File(target, found)),
        None => Err(Error::file(path, "this does not name a file")),
    }
}

fn replace(target: &Path, before: Option<&Metadata>, bytes: &[u8]) -> io::Result<()> {
    /// How often a temporary file may vanish before it is renamed: another machine that shares the folder cannot see that this
    /// process lives, and may sweep it.
    const TRIES: usize = 3;
    sweep(target);
    let mut tries = 1;
    loop {
        let temporary = temporary(target);
        match put(&temporary, target, before, bytes) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && tries < TRIES => tries += 1,
            Err(e) => {
                let _ = fs::remove_file(&temporary);
                return Err(e);
            }
            Ok(()) => return Ok(()),
        }
    }
}

fn put(temporary: &Path, target: &Path, before: Option<&Metadata>, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    if let Some(before) = before {
        // Before there is anything in it to be seen. Only the superuser can give files away; who cannot keeps them.
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt, fchown};
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
                let _ = fchown(&file, Some(before.uid()), Some(before.gid()));
            }
        }
        file.set_permissions(before.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, target)?;
    // The new name is safe once the folder is; where folders cannot be opened there is nothing to do.
    if let Ok(folder) = File::open(folder_of(target)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// A number that another process of the same id, before this one, did not have.
fn birth() -> u128 {
    static BIRTH: OnceLock<u128> = OnceLock::new();
    *BIRTH.get_or_init(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()))
}

/// What the names of temporary files of a target begin with, and what they end with.
fn around(target: &Path) -> (OsString, &'static str) {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    (name, ".tmp")
}

/// The name of a temporary file beside `target`, which no other process or thread uses.
fn temporary(target: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (mut name, end) = around(target);
    name.push(format!("{}-{}-{}{end}", std::process::id(), birth(), NEXT.fetch_add(1, Ordering::Relaxed)));
    folder_of(target).join(name)
}

/// Removes the temporary files of `target` whose process is no more.
fn sweep(target: &Path) {
    let (begin, end) = around(target);
    let Ok(entries) = fs::read_dir(folder_of(target)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let middle = name.as_encoded_bytes().strip_prefix(begin.as_encoded_bytes());
        let middle = middle.and_then(|rest| rest.strip_suffix(end.as_bytes()));
        let numbers = middle.and_then(|middle| std::str::from_utf8(middle).ok()).map(numbers);
        if numbers.flatten().is_some_and(|numbers| is_left(&numbers, &entry)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The process, its birth where it is said, and the file: what the name of a temporary file consists of.
fn numbers(text: &str) -> Option<Vec<u128>> {
    let numbers: Option<Vec<u128>> = text.split('-').map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| (2..=3).contains(&numbers.len()))
}

/// Whether nobody works on a temporary file any more.
fn is_left(numbers: &[u128], entry: &fs::DirEntry) -> bool {
    /// Where it cannot be told whether a process lives, nobody writes for so long.
    const LONG: Duration = Duration::from_secs(3600);
    if numbers[0] == u128::from(std::process::id()) {
        return numbers.len() < 3 || numbers[1] != birth();
    }
    if Path::new("/proc/self").exists() {
        return !Path::new("/proc").join(numbers[0].to_string()).exists();
    }
    let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > LONG)
}
