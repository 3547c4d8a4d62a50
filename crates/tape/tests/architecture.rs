//! The invariants of `docs/architecture.md`, each stated by what is absent from the source.

use std::collections::BTreeMap;
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
    // The operators, the sums over slices, the methods of scalars and the functions of derivative formulas are themselves lists of operations; a
    // sweep needs the two that undo and do broadcasting.
    let lists = ["tape/operators.rs", "rule/real.rs", "tape/slices.rs", "tape/functions.rs"];
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

#[test]
fn lower_layers_do_not_know_higher_ones() {
    // Each row: what a file may not import.
    let table: &[(&str, &[&str])] = &[
        ("tensor/shape.rs", &["tensor", "op", "ops", "tape", "sweep", "algebra"]),
        ("tensor/array.rs", &["op", "ops", "tape", "sweep", "algebra", "readers"]),
        ("tensor/buffer.rs", &["tensor", "op", "ops", "tape", "algebra"]),
        ("kernels/", &["op", "ops", "tape", "sweep", "algebra"]),
        ("ops/", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/apply.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/arithmetic.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/keys.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/memory.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/read.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/record.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("tape/store.rs", &["sweep", "gradients", "differential", "check", "graph"]),
        ("sweep/", &["differential", "check", "graph"]),
    ];
    let mut found = Vec::new();
    for (path, code) in sources("src") {
        for (_, forbidden) in table.iter().filter(|(prefix, _)| path.starts_with(prefix)) {
            for module in forbidden.iter().filter(|m| code.contains(&format!("crate::{m}::"))) {
                found.push(format!("{path} imports {module}"));
            }
        }
    }
    assert_none("imports that point upwards", found);
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
const UNSAFE: [&str; 5] =
    ["kernels/gemm.rs", "kernels/prefetch.rs", "kernels/slopes.rs", "tape/record.rs", "tape/store.rs"];

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
    let path_of_a_number =
        |path: &str| path.starts_with("tape/") || ["sweep/backward.rs", "kernels/slopes.rs"].contains(&path);
    for (path, code) in sources("src").into_iter().filter(|(path, _)| path_of_a_number(path) && path != "tape/keys.rs")
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
