//! What the manifests say of every package of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The folders of the packages, and their manifests.
fn packages() -> Vec<(PathBuf, String)> {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = crates.filter(|path| path.join("Cargo.toml").exists()).collect();
    folders.push(root().into());
    folders.sort();
    folders.into_iter().map(|folder| (folder.clone(), read(&folder.join("Cargo.toml")))).collect()
}

/// The lines of a section of a manifest.
fn section<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let begin = format!("[{name}]");
    manifest.lines().skip_while(move |line| *line != begin).skip(1).take_while(|line| !line.starts_with('['))
}

/// The features of a manifest, but for `default`.
fn features(manifest: &str) -> Vec<&str> {
    let lines = section(manifest, "features").filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).filter(|name| *name != "default").collect()
}

/// A registry shows what the manifest says, and takes what is in the folder.
#[test]
fn every_package_says_what_a_registry_shows() {
    let mut wrong = Vec::new();
    for (folder, manifest) in packages() {
        let package: Vec<&str> = section(&manifest, "package").collect();
        for key in ["description", "license", "repository", "readme", "keywords", "categories", "rust-version"] {
            if !package.iter().any(|line| line.starts_with(key)) {
                wrong.push(format!("{}: no {key}", folder.display()));
            }
        }
        for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
            if fs::read(folder.join(license)).ok() != fs::read(root().join(license)).ok() {
                wrong.push(format!("{}: no {license}", folder.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The documentation shows everything, and which feature it needs.
#[test]
fn the_documentation_of_every_library_shows_its_features() {
    let mut wrong = Vec::new();
    for (folder, manifest) in packages() {
        if features(&manifest).is_empty() {
            continue;
        }
        let documented: Vec<&str> = section(&manifest, "package.metadata.docs.rs").collect();
        if !documented.contains(&"all-features = true") || !documented.iter().any(|line| line.contains("docsrs")) {
            wrong.push(format!("{}: no [package.metadata.docs.rs]", folder.display()));
        }
        if !read(&folder.join("src/lib.rs")).contains("#![cfg_attr(docsrs, feature(doc_cfg))]") {
            wrong.push(format!("{}: no labels of features", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the crates below can do is asked for in the facade.
#[test]
fn the_facade_has_every_feature() {
    let packages = packages();
    let (_, facade) = packages.iter().find(|(folder, _)| folder == root()).unwrap();
    let has = features(facade);
    let below = packages.iter().filter(|(folder, _)| folder != root()).flat_map(|(_, manifest)| features(manifest));
    let missing: Vec<&str> = below.filter(|feature| !has.contains(feature)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A version that is pinned cannot be in one program with what needs a later one, though that would do.
#[test]
fn no_dependency_is_pinned() {
    let mut pinned = Vec::new();
    for (folder, manifest) in packages() {
        let lines =
            manifest.lines().filter(|line| line.contains("\"=")).map(|line| format!("{}: {line}", folder.display()));
        pinned.extend(lines);
    }
    assert!(pinned.is_empty(), "{pinned:#?}");
}
