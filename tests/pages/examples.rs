//! Every public type of the networks' crate is shown in use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of Rust in a folder and below.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// The words of the lists that a file hands on: `pub use layers::{Activation, …};`.
fn handed_on(text: &str) -> BTreeSet<String> {
    let lists = text.split("pub use ").skip(1).map(|rest| &rest[..rest.find(';').unwrap()]);
    lists.flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_')).map(String::from).collect()
}

/// What a line declares, if that is a type.
fn declared(line: &str) -> Option<&str> {
    let rest =
        ["pub struct ", "pub enum ", "pub trait ", "pub type "].iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

#[test]
fn every_public_type_of_networks_has_an_example() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/nn/src");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let mut public = handed_on(&read(&source.join("lib.rs")));
    public.extend(handed_on(&read(&source.join("data/mod.rs"))));
    let (mut without, mut found) = (Vec::new(), 0);
    for path in files(&source) {
        let text = read(&path);
        // A module that is public itself has no list.
        let all = ["published.rs", "textbook.rs"].iter().any(|name| path.ends_with(name));
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = declared(line).filter(|name| all || public.contains(*name)) else { continue };
            let above = |line: &&&str| line.starts_with("///") || line.starts_with(['#', ')', ' ']);
            let docs: Vec<&str> = lines[..at].iter().rev().take_while(above).copied().collect();
            if docs.contains(&"#[doc(hidden)]") {
                continue;
            }
            found += 1;
            if !docs.iter().any(|line| line.starts_with("/// ```")) {
                without.push(format!("{}: {name}", path.strip_prefix(&source).unwrap().display()));
            }
        }
    }
    assert!(without.is_empty() && found > 100, "{} of {found} have none: {without:#?}", without.len());
}
