//! The files that the options name.

use std::path::Path;

use wengert::nn::files;

/// Refuses two of these that are one file, however it is written: what is written first would be lost. Each is an option with
/// its file; what is only read comes last, and may be the same as another that is only read.
pub(crate) fn apart(written: &[(&str, &Path)], read: &[(&str, &Path)]) -> Result<(), String> {
    for (k, (option, path)) in written.iter().enumerate() {
        for (other, other_path) in written[k + 1..].iter().chain(read) {
            if path == other_path {
                return Err(format!("{option} and {other} are both {}; give two files", path.display()));
            }
            if files::same(path, other_path) {
                let (path, other_path) = (path.display(), other_path.display());
                return Err(format!("{option} {path} and {other} {other_path} are the same file; give two files"));
            }
        }
    }
    Ok(())
}
