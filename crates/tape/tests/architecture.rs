//! The invariants of `docs/architecture.md`, each stated by what is absent from the source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use wengert_tape::ops::AnyOp;

/// The source files below `folder`, without comments and tests, by their path.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    walk(&root, &mut files);
    let code = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    assert!(!files.is_empty());
    files.iter().map(|p| (p.strip_prefix(&root).unwrap().display().to_string().replace('\\', "/"), code(p))).collect()
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty())
}

fn assert_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

#[test]
fn no_file_of_an_operation_knows_that_a_tape_exists() {
    let forbidden = ["tape", "Tape", "Var", "Scalar", "sweep", "Gradients"];
    let mut found = Vec::new();
    for (path, code) in sources("src/ops") {
        found.extend(words(&code).filter(|w| forbidden.contains(w)).map(|w| format!("{path}: {w}")));
    }
    assert_none("operations that know the tape", found);
}

#[test]
fn no_file_outside_ops_names_an_operation() {
    // The operators, the sums over slices and the methods of scalars are themselves lists of operations; a reader needs the two
    // that undo and do broadcasting.
    let lists = ["tape/operators.rs", "tape/slices.rs", "tape/functions.rs"];
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        if path.starts_with("ops/") || lists.contains(&path.as_str()) {
            continue;
        }
        let uses = code.split("crate::ops::").skip(1);
        for named in uses.flat_map(|rest| words(rest.split(';').next().unwrap()).collect::<Vec<_>>()) {
            let operation = named.strip_suffix("Ext").unwrap_or(named);
            if AnyOp::REGISTERED.contains(&operation) && !["SumToExt", "BroadcastToExt"].contains(&named) {
                found.push(format!("{path}: {named}"));
            }
        }
    }
    assert_none("operations named outside their file and the registry", found);
}

/// The rooms, lowest first, as `lib.rs` lists them.
fn rooms() -> Vec<String> {
    let library = &sources("src")["lib.rs"];
    let names = library.lines().filter_map(|l| l.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';'));
    names.map(String::from).collect()
}

/// The rooms that a source imports from, by the paths that begin with `crate::`.
fn imports(code: &str) -> Vec<String> {
    let first_of = |path: &str| words(path).next().map(String::from);
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split("};").next().unwrap().split(',').filter_map(first_of).collect(),
            None => first_of(rest).into_iter().collect::<Vec<_>>(),
        })
        .collect()
}

/// What must be known of what lies above: from where, to where, and why it cannot be otherwise.
const UPWARD: &[(&str, &str, &str)] = &[
    ("error", "sweep", "an error carries what a watch for numbers that are not finite has found"),
    ("error", "check", "an error carries the report of a check"),
    ("tensor", "sweep", "a number type is what the engine is compiled for: decision 0013"),
    ("rule", "reader", "a rule is written once and read many ways: behind a pointer it is compiled for each of them"),
    ("reader", "ops", "broadcasting is itself two operations, to repeat and to sum, which are differentiated again"),
];

/// A room knows those below it. So no circle of files runs through two rooms, but for the exceptions.
#[test]
fn rooms_know_only_those_below_them() {
    let rooms = rooms();
    let floor = |room: &str| rooms.iter().position(|r| r == room);
    let mut found = Vec::new();
    let mut met = vec![false; UPWARD.len()];
    for (path, code) in sources("src") {
        let room = path.split(['/', '.']).next().unwrap().to_owned();
        let Some(own) = floor(&room).filter(|_| room != "prelude") else { continue };
        for other in imports(&code) {
            let Some(other_floor) = floor(&other) else {
                // A name that `lib.rs` exports says nothing about where it lives.
                found.push(format!("{path} imports crate::{other}, which is no room"));
                continue;
            };
            match UPWARD.iter().position(|(from, to, _)| (*from, *to) == (room.as_str(), other.as_str())) {
                _ if other_floor <= own => {}
                Some(k) => met[k] = true,
                None => found.push(format!("{path} imports from {other}, which is above")),
            }
        }
    }
    let unmet = UPWARD.iter().zip(met).filter(|(_, met)| !met);
    found.extend(unmet.map(|((from, to, _), _)| format!("{from} → {to} is no exception any more")));
    assert_none("imports that point upwards", found);
}

/// A reader of `ls` sees the plan: few entries, each room with a first paragraph, no two files of one name.
#[test]
fn the_house_is_read_from_its_folders() {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (folder, most) in [("", 16), ("ops", 14)] {
        let entries = std::fs::read_dir(root.join(folder)).unwrap().count();
        if entries > most {
            found.push(format!("src/{folder}: {entries} entries, {most} at most"));
        }
    }
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in sources("src").into_keys() {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let name = path.rsplit('/').next().unwrap();
        if !text.starts_with("//! ") {
            found.push(format!("{path} does not say what it is"));
        }
        match name {
            "mod.rs" => {
                if text.lines().count() > 250 {
                    found.push(format!("{path} is longer than 250 lines"));
                }
                // What lives here, what it may know, and what it must not.
                let header = text.lines().take_while(|l| l.starts_with("//!")).collect::<String>();
                if path.matches('/').count() == 1 && !(header.contains(" know")) {
                    found.push(format!("{path} does not say what it may know"));
                }
            }
            // A family may need of an operation what the engine needs of all.
            _ if path.starts_with("ops/") => {}
            _ => places.entry(name.to_owned()).or_default().push(path.clone()),
        }
    }
    found.extend(places.into_values().filter(|paths| paths.len() > 1).map(|paths| paths.join(" and ")));
    assert_none("what cannot be read from the folders", found);
}

/// The walks of `docs/architecture.md` are true: each file is there and holds what is named beside it, and none leads through
/// more than five rooms.
#[test]
fn the_walks_can_be_walked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let walks = page.split("## Five walks").nth(1).unwrap().split("\n## ").next().unwrap();
    let (mut found, mut rooms) = (Vec::new(), Vec::<BTreeSet<String>>::new());
    for line in walks.lines() {
        if line.starts_with("**") {
            rooms.push(BTreeSet::new());
        }
        if !line.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let mut text = String::new();
        for token in line.split('`').skip(1).step_by(2) {
            if !(token.ends_with(".rs") || token.ends_with(".md")) {
                if !token.contains('/') && !text.contains(token) {
                    found.push(format!("`{token}` is not where this says: {line}"));
                }
                continue;
            }
            let inside = root.join("crates/tape/src").join(token);
            let path = if inside.exists() { inside } else { root.join(token) };
            text = std::fs::read_to_string(&path).unwrap_or_default();
            if text.is_empty() {
                found.push(format!("there is no {token}"));
            }
            let mut parts = token.split('/');
            let room = if token.starts_with("crates/") { parts.nth(1) } else { parts.next() };
            rooms.last_mut().unwrap().insert(room.unwrap().to_owned());
        }
    }
    assert_eq!(rooms.len(), 5);
    found.extend(rooms.iter().filter(|rooms| rooms.len() > 5).map(|rooms| format!("too long: {rooms:?}")));
    assert_none("walks that lead astray", found);
}

/// A product of lengths that wraps is a small number, and what is indexed by it lies outside. One function multiplies lengths,
/// and says so where there are too many elements; one turns a length into a number with a sign.
#[test]
fn lengths_are_multiplied_in_one_place() {
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        for (k, line) in code.lines().enumerate() {
            // Factorials and sizes for a plan are numbers of type f64, and so is what is recorded.
            let of_lengths = [".product()", ".product::<usize>()"].iter().any(|p| line.contains(p))
                && !line.contains("f64")
                && path != "tape/slices.rs";
            if of_lengths
                || line.contains(" as isize") && !["kernels/gemm.rs", "tensor/sizes.rs"].contains(&path.as_str())
            {
                found.push(format!("{path}, line {}: {}", k + 1, line.trim()));
            }
        }
    }
    assert_none("lengths multiplied or cast outside the shape", found);
}

/// The files that may hold unsafe code.
const UNSAFE: [&str; 7] = [
    "kernels/gemm.rs",
    "kernels/prefetch.rs",
    "kernels/slopes.rs",
    "kernels/vector/level.rs",
    "tape/record.rs",
    "tape/store.rs",
    "tape/walks.rs",
];

#[test]
fn unsafe_code_is_in_few_files_and_explained() {
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        // A trait of nalgebra has two functions that are declared unsafe.
        let allowed = UNSAFE.contains(&path.as_str()) || path == "tape/nalgebra.rs";
        if words(&code).any(|w| w == "unsafe") && !allowed {
            found.push(format!("{path}: unsafe"));
        }
    }
    for path in UNSAFE {
        let text = std::fs::read_to_string(format!("{}/src/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (k, line) in lines.iter().enumerate().filter(|(_, l)| l.contains("unsafe {")) {
            let above = lines[k.saturating_sub(8)..k].iter().any(|l| l.contains("// SAFETY:"));
            if !above {
                found.push(format!("{path}:{}: {line}", k + 1));
            }
        }
    }
    assert_none("unsafe code without its reason", found);
}

/// Two threads record at full speed each because they share nothing: what one writes, no other reads or waits for. Keys are
/// the exception, and are taken a thousand at a time.
#[test]
fn only_keys_are_shared_between_threads() {
    let shared = ["Mutex", "RwLock", "Condvar", "Arc", "OnceLock", "LazyLock", "static"];
    let mut found = Vec::new();
    let path_of_a_number = |path: &str| {
        path.starts_with("tape/") || ["sweep/backward.rs", "sweep/stops.rs", "kernels/slopes.rs"].contains(&path)
    };
    // The view of a graph is made when all is recorded, and may be sent away.
    let apart = ["tape/keys.rs", "tape/graph.rs"];
    for (path, code) in
        sources("src").into_iter().filter(|(path, _)| path_of_a_number(path) && !apart.contains(&path.as_str()))
    {
        // What is static and belongs to a thread is no exception; nor are operations and lines, which never change.
        let code = code.replace("static HOT: Hot", "").replace("static COLD: RefCell", "").replace("'static", "");
        let word = words(&code).find(|w| shared.contains(w) || w.starts_with("Atomic"));
        found.extend(word.map(|w| format!("{path}: {w}")));
    }
    assert_none("things that threads share", found);
}

#[test]
fn the_engine_depends_on_no_other_crate_of_the_workspace() {
    let manifest = std::fs::read_to_string(format!("{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let dependencies = manifest.split("\n[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    assert_none(
        "workspace crates below",
        words(dependencies).filter(|w| w.starts_with("wengert")).map(String::from).collect(),
    );
}

#[test]
fn the_registry_is_the_only_list() {
    // A file for each operation, and no operation that is declared in the registry's own file.
    let lists = sources("src/ops").into_iter().filter(|(path, _)| path.rsplit('/').next() == Some("mod.rs"));
    let mut declared = Vec::new();
    for (path, list) in lists {
        let here = |op: &&&str| list.contains(&format!("struct {op}")) || list.contains(&format!("enum {op}"));
        declared.extend(AnyOp::REGISTERED.iter().filter(here).map(|op| format!("{path}: {op}")));
    }
    assert_none("operations declared in the registry", declared);
}

/// In a release build nothing is compiled for an operation that a program does not use: what is not generic in its file
/// is `#[inline]`, which the compiler takes to mean "compile it where it is used".
#[test]
fn operations_are_compiled_only_where_they_are_used() {
    let plain =
        ["name", "text", "takes", "shape", "output", "active", "analytic", "immune", "at_kinks", "flops", "cases"];
    let mut found = Vec::new();
    for (path, code) in sources("src/ops") {
        let lines: Vec<&str> = code.lines().map(str::trim).collect();
        let is_plain = |l: &str| {
            l.ends_with('{')
                && plain.iter().any(|name| l.strip_prefix("fn ").is_some_and(|l| l.starts_with(&format!("{name}("))))
        };
        let begins = lines.iter().enumerate().filter(|(_, l)| is_plain(l));
        found.extend(begins.filter(|(k, _)| lines[k - 1] != "#[inline]").map(|(k, _)| format!("{path}:{}", k + 1)));
    }
    assert_none("functions of operations without `#[inline]` before them", found);
}
