//! The two doors for files: what may be read, and what is left of a file that is written over.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use wengert_nn::data::{
    Table, image_folder, mnist, read_idx, read_idx_classes, read_npy, read_npz, read_png, write_npy,
};
use wengert_nn::prelude::*;
use wengert_nn::{Error, files};

/// A folder of its own for each test, empty at its beginning and removed at its end.
struct Folder(PathBuf);
impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wengert-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn linear() -> Sequential<f32> {
    Sequential::new().then(Linear::new(2, 1, &mut generator(1)))
}

fn resumed(path: &Path) -> Result<(), Error> {
    let mut trainer = Trainer::new(mse).epochs(1).checkpoint(path).resume(true);
    trainer.train(&mut linear(), &mut Sgd::new(0.1), &xor()).map(drop)
}

/// Everything that reads a file.
type Reader = fn(&Path) -> Result<(), Error>;
const READERS: [(&str, Reader); 12] = [
    ("files::read", |path| files::read(path).map(drop)),
    ("load", |path| load::<f32>(path).map(drop)),
    ("load_parameters", |path| load_parameters(&mut linear(), path).map(drop)),
    ("resume", resumed),
    ("read_npy", |path| read_npy(path).map(drop)),
    ("read_npz", |path| read_npz(path).map(drop)),
    ("read_idx", |path| read_idx::<f32>(path).map(drop)),
    ("read_idx_classes", |path| read_idx_classes(path).map(drop)),
    ("read_png", |path| read_png::<f32>(path).map(drop)),
    ("Table::read", |path| Table::read(path).map(drop)),
    ("Table::read_without_header", |path| Table::read_without_header(path).map(drop)),
    ("image_folder", |path| {
        // A picture in a folder of its class.
        let folder = path.parent().unwrap().join("images");
        fs::create_dir_all(folder.join("class")).unwrap();
        symlink(path, folder.join("class/a.png")).unwrap();
        let result = image_folder::<f32>(&folder).map(drop);
        fs::remove_dir_all(folder).unwrap();
        result.map_err(|error| match error {
            Error::File { message, .. } => Error::File { path: path.into(), message },
            other => other,
        })
    }),
];

/// A pipe that nobody writes to would be waited for, and a device never ends.
#[test]
fn only_files_are_read() {
    let folder = Folder::new("kinds");
    let [pipe, loops, dangling, device] = ["pipe", "loop", "dangling", "zero"].map(|name| folder.0.join(name));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    symlink(&loops, &loops).unwrap();
    symlink(folder.0.join("nothing"), &dangling).unwrap();
    symlink("/dev/zero", &device).unwrap();
    let mut wrong = Vec::new();
    for (name, read) in READERS {
        for (path, expected) in [
            (&pipe, "this is a pipe and no file"),
            (&device, "this is a device and no file"),
            (&loops, "Too many levels of symbolic links"),
            (&dangling, if name == "resume" { "a link to " } else { "No such file or directory" }),
            (&folder.0, "this is a folder and no file"),
        ] {
            if name == "image_folder" && path == &folder.0 {
                continue; // its own argument
            }
            match read(path) {
                Err(Error::File { path: named, message }) if named == *path && message.contains(expected) => {}
                other => wrong.push(format!("{name} of {}: {other:?}", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A set of files is looked for by name; what is no file is not found.
    let name = folder.0.join("train-images-idx3-ubyte");
    assert!(Command::new("mkfifo").arg(&name).status().unwrap().success());
    let message = mnist::<f32>(&folder.0, 1.0).unwrap_err().to_string();
    assert_eq!(message, format!("{}: there is no such file, with or without .gz", name.display()));
}

/// Everything that writes a file.
type Writer = fn(&Path) -> Result<(), Error>;
const WRITERS: [(&str, Writer); 5] = [
    ("files::write", |path| files::write(path, "text")),
    ("save", |path| save(&linear(), &Details::new(), path)),
    ("write_npy", |path| write_npy(path, &Tensor::from([1.0]))),
    ("checkpoint", |path| {
        let mut trainer = Trainer::new(mse).epochs(1).checkpoint(path);
        trainer.train(&mut linear(), &mut Sgd::new(0.1), &xor()).map(drop)
    }),
    ("CsvLog", |path| {
        let mut trainer = Trainer::new(mse).epochs(1).log(CsvLog::new(path));
        trainer.train(&mut linear(), &mut Sgd::new(0.1), &xor()).map(drop)
    }),
];

#[test]
fn what_is_replaced_keeps_its_mode_and_its_links() {
    for (name, write) in WRITERS {
        let folder = Folder::new("replaced");
        let [file, link, dangling, target] = ["file", "link", "dangling", "target"].map(|name| folder.0.join(name));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        symlink("target", &dangling).unwrap();
        for mode in [0o600, 0o640, 0o755] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            fs::write(&file, "old").unwrap();
            write(&link).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, mode, "{name}");
            assert_eq!(fs::read_link(&link).unwrap(), Path::new("file"), "{name}");
            assert!(fs::read(&file).unwrap() != b"old", "{name}");
        }
        // Where a link leads there need not be anything yet.
        write(&dangling).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(target.is_file() && fs::symlink_metadata(&dangling).unwrap().is_symlink(), "{name}");
        assert_eq!(folder.names(), ["dangling", "file", "link", "target"], "{name}");
        // What is no file is not replaced.
        let message = write(&folder.0).unwrap_err().to_string();
        assert_eq!(message, format!("{}: this is a folder and no file", folder.0.display()), "{name}");
        write(Path::new("/dev/null")).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(!fs::metadata("/dev/null").unwrap().is_file(), "{name}");
    }
}

/// A process that was killed leaves its temporary file; the next one that writes there removes it.
#[test]
fn temporary_files_of_the_dead_are_swept() {
    // A process that is no more: this one waited for it.
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    for (name, write) in WRITERS {
        let folder = Folder::new("swept");
        let (dead, here) = (child.id(), std::process::id());
        let left = [
            format!(".m.st.{dead}-0.tmp"),
            format!(".m.st.{dead}-1700000000000000000-3.tmp"),
            // Of an earlier process that had the number of this one.
            format!(".m.st.{here}-1700000000000000000-0.tmp"),
        ];
        let kept = [
            // Of one that lives, of another file, and what is none of ours.
            format!(".m.st.{}-1700000000000000000-0.tmp", std::os::unix::process::parent_id()),
            format!(".other.st.{dead}-1700000000000000000-0.tmp"),
            ".m.st.notes.tmp".to_string(),
        ];
        left.iter().chain(&kept).for_each(|name| fs::write(folder.0.join(name), "half").unwrap());
        write(&folder.0.join("m.st")).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut expected = kept.to_vec();
        expected.push("m.st".into());
        expected.sort();
        assert_eq!(folder.names(), expected, "{name}");
    }
}

#[test]
fn places_are_compared_and_not_names() {
    let folder = Folder::new("same");
    let at = |name: &str| folder.0.join(name);
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("file"), "").unwrap();
    fs::hard_link(at("file"), at("again")).unwrap();
    symlink("file", at("link")).unwrap();
    symlink("nothing", at("dangling")).unwrap();
    for (a, b) in [
        ("file", "sub/../file"),
        ("file", "./file"),
        ("file", "link"),
        ("file", "again"),
        ("nothing", "sub/../nothing"),
        ("nothing", "dangling"),
        ("no/where", "no/where"),
    ] {
        assert!(files::same(at(a), at(b)) && files::same(at(b), at(a)), "{a} and {b}");
    }
    for (a, b) in [("file", "nothing"), ("nothing", "sub/nothing"), ("link", "dangling"), ("sub", "file")] {
        assert!(!files::same(at(a), at(b)) && !files::same(at(b), at(a)), "{a} and {b}");
    }
    assert!(files::is_there(at("link")).unwrap() && !files::is_there(at("nothing")).unwrap());
    let message = files::is_there(at("dangling")).unwrap_err().to_string();
    assert_eq!(message, format!("{}: a link to nothing, where there is nothing", at("dangling").display()));
    for (name, expected) in [("sub", "this is a folder and no file"), ("no/where", "No such file or directory")] {
        let message = files::check_writable(at(name)).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: {expected}", at(name).display())), "{message}");
    }
    files::check_writable(at("new")).unwrap();
    assert_eq!(folder.names(), ["again", "dangling", "file", "link", "sub"]);
}
