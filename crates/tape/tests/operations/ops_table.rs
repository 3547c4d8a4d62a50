//! The table of operations in the documentation is what the registry says.
//!
//! Run with `WENGERT_BLESS=1` to write it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use wengert_tape::ops::{AnyFunction, AnyOp};
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Args, Case, GraphView, Kind, NodeKind, Op, Text, Value, cost};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ops.md");

/// The arguments by name: `a`, `b`, `c`; positions `i`, masks `m`.
fn named(case: &Case) -> Vec<Any<Text>> {
    let name = |k: usize| match &case.args[k] {
        Any::Real(_) => ["a", "b", "c", "d", "e"][k],
        Any::Index(_) => "i",
        Any::Mask(_) => "m",
    };
    (0..case.args.len())
        .map(|k| {
            let text = Text::new(name(k), &case.shapes()[k]);
            match &case.args[k] {
                Any::Real(_) => Any::Real(text),
                Any::Index(_) => Any::Index(text),
                Any::Mask(_) => Any::Mask(text),
            }
        })
        .collect()
}

fn args<A: Algebra>(values: &[Any<A>]) -> Vec<Arg<'_, A>> {
    values.iter().map(Any::as_arg).collect()
}

/// What each argument's cotangent is, by the rule itself.
fn rule(op: &AnyOp, case: &Case) -> String {
    let texts = named(case);
    let Any::Real(y) = Text::apply(op.clone(), &args(&texts)) else { return "none".into() };
    let active: Vec<usize> = (0..texts.len()).filter(|k| op.active(*k) && matches!(texts[*k], Any::Real(_))).collect();
    if active.is_empty() {
        return "none".into();
    }
    active
        .iter()
        .map(|k| {
            let g = op.vjp(*k, Text::new("g", y.shape()), Args(&args(&texts)), &Text::new("y", y.shape()));
            format!("{}: `{g}`", ["a", "b", "c", "d", "e"][*k])
        })
        .collect::<Vec<_>>()
        .join("<br>")
}

fn row(op: &AnyOp, case: &Case) -> String {
    let texts = named(case);
    let operands = args(&texts);
    let formula = match Text::apply(op.clone(), &operands) {
        Any::Real(t) | Any::Index(t) | Any::Mask(t) => t,
    };
    let shapes: Vec<String> = case.shapes().iter().map(ToString::to_string).collect();
    let refs: Vec<_> = case.shapes();
    let y = op.shape(&refs.iter().collect::<Vec<_>>()).unwrap();
    let kind = match op.output() {
        Kind::Real => "",
        Kind::Index => " (positions)",
        Kind::Mask => " (mask)",
    };
    let flops = op.flops(&refs.iter().collect::<Vec<_>>(), &y);
    let kinks = if op.at_kinks().is_empty() { "smooth" } else { op.at_kinks() };
    let kinks = if rule(op, case) == "none" { "no derivative" } else { kinks };
    // A bar would end the cell.
    let (formula, rule) = (formula.to_string().replace('|', "\\|"), rule(op, case).replace('|', "\\|"));
    format!("| {} | `{formula}` | {rule} | {} → {y}{kind} | {kinks} | {flops} |", op.name(), shapes.join(", "))
}

fn table() -> String {
    let mut text = String::from(
        "# Operations\n\nWritten by the registry; `crates/tape/tests/operations/ops_table.rs` keeps it true. The cotangent of each \
         argument is printed by the derivative rule itself, from the cotangent `g` and the value `y`, for the sample \
         shapes beside it. Cost is in floating point operations for those shapes.\n\n\
         | operation | formula | cotangents | sample shapes | where there is no derivative | cost |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut last = String::new();
    let mut cases: Vec<Case> = AnyOp::registered_cases().into_iter().filter(|c| !c.kink).collect();
    cases.sort_by_key(|case| case.op.as_ref().and_then(AnyOp::registered_name));
    for case in &cases {
        let op = case.op.as_ref().unwrap();
        if op.name() != last {
            last = op.name();
            writeln!(text, "{}", row(op, case)).unwrap();
        }
    }
    text.push_str(
        "\n## Functions composed of them\n\nThe cotangents are those of the operations that a function is made of, by the chain \
         rule.\n\n| function | what it is | made of | sample shapes | where there is no derivative | cost |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let mut last = "";
    let mut functions = AnyFunction::registered_cases();
    functions.sort_by_key(|(f, _)| type_name(f));
    for (f, case) in functions {
        let (name, what) = f.describe();
        if name != last {
            last = name;
            let shapes: Vec<String> = case.shapes().iter().map(ToString::to_string).collect();
            let values: Vec<Value<f64>> = case.args.clone();
            let y = f.call(Args(&args(&values)));
            let (made_of, kinks) = parts(&f, &case);
            let flops = flops(&f, &case);
            let shapes = shapes.join(", ");
            writeln!(text, "| {name} | `{what}` | {made_of} | {shapes} → {} | {kinks} | {flops} |", y.shape()).unwrap();
        }
    }
    text.push_str(
        "\n## By the name that is called\n\nMethods of values and free functions that have another name than what they are \
         made of.\n\n| method | rows above |\n| --- | --- |\n",
    );
    for (method, rows) in methods() {
        if !rows.contains(&method) {
            writeln!(text, "| {method} | {} |", rows.into_iter().collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    text
}

/// The operations that a function is made of, and at which of them it may have no derivative.
fn parts(f: &AnyFunction, case: &Case) -> (String, String) {
    let tape = Tape::new();
    let recorded: Vec<Any<Var>> = case
        .args
        .iter()
        .map(|arg| match arg {
            Any::Real(x) => Any::Real(tape.var(x.clone())),
            Any::Index(i) => Any::Index(tape.input(i.clone())),
            Any::Mask(m) => Any::Mask(tape.input(m.clone())),
        })
        .collect();
    let y = f.call(Args(&args(&recorded)));
    let graph = GraphView::of_var(y).unwrap();
    let (mut names, mut kinks): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for node in &graph.nodes {
        let NodeKind::Op(op) = &node.kind else { continue };
        let name = op.name();
        let chooses = op.output() != Kind::Real;
        if (chooses || !op.at_kinks().is_empty()) && !kinks.contains(&name) {
            kinks.push(name.clone());
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let made_of = if names.is_empty() { "its argument".into() } else { names.join(", ") };
    let kinks = match kinks.is_empty() {
        true => "smooth".into(),
        false => format!("where {} has none, or decides otherwise", kinks.join(" or ")),
    };
    (made_of, kinks)
}

/// Floating point operations of a function for the shapes of a case.
fn flops(f: &AnyFunction, case: &Case) -> u64 {
    let shapes: Vec<Any<Shape>> = case
        .args
        .iter()
        .zip(case.shapes())
        .map(|(arg, shape)| match arg {
            Any::Real(_) => Any::Real(shape),
            Any::Index(i) => Any::Index(shape.index(i.clone())),
            Any::Mask(m) => Any::Mask(shape.mask(m.clone())),
        })
        .collect();
    cost(|| f.call(Args(&args(&shapes)))).1.flops
}

/// The type of a function, which stands behind its family: `Reduce(SumOver { … })`.
fn type_name(f: &AnyFunction) -> String {
    format!("{f:?}").split(|c: char| !c.is_alphanumeric()).nth(1).unwrap().to_owned()
}

/// The rows of each type in the registry.
fn rows() -> BTreeMap<String, BTreeSet<String>> {
    let mut rows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in AnyOp::registered_cases() {
        let op = case.op.as_ref().unwrap();
        rows.entry(op.registered_name().unwrap().to_owned()).or_default().insert(op.name());
    }
    for (f, _) in AnyFunction::registered_cases() {
        rows.entry(type_name(&f)).or_default().insert(f.describe().0.to_owned());
    }
    rows
}

/// Every public method and function of the vocabulary, with the rows of what its file declares.
fn methods() -> BTreeMap<String, BTreeSet<String>> {
    let rows = rows();
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops"))) {
        let source = std::fs::read_to_string(&path).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap();
        let declared = |keyword: &str| -> Vec<String> {
            code.lines()
                .filter_map(|l| l.trim().strip_prefix(keyword))
                .map(|l| l.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned())
                .collect()
        };
        let types = declared("pub struct ").into_iter().chain(declared("pub enum "));
        let found: BTreeSet<String> = types.filter_map(|t| rows.get(&t)).flatten().cloned().collect();
        let mut in_trait = false;
        for line in code.lines() {
            in_trait = match line {
                l if l.starts_with("pub trait ") => l.contains("Ext"),
                "}" => false,
                _ => in_trait,
            };
            let name = line.strip_prefix("pub fn ").or(line.strip_prefix("    fn ").filter(|_| in_trait));
            if let Some(name) = name {
                let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                methods.entry(name.to_owned()).or_default().extend(found.iter().cloned());
            }
        }
    }
    methods
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.file_name().is_some_and(|n| n != "mod.rs") => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

#[test]
fn every_public_function_has_a_row() {
    let without: Vec<String> =
        methods().into_iter().filter(|(_, rows)| rows.is_empty()).map(|(name, _)| name).collect();
    assert!(without.is_empty(), "methods in whose file nothing is registered: {without:?}");
    assert!(methods().len() > 200, "{}", methods().len());
}

#[test]
fn the_table_of_operations_is_true() {
    let table = table();
    if std::env::var_os("WENGERT_BLESS").is_some() {
        std::fs::write(PATH, &table).unwrap();
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(written == table, "docs/ops.md is not what the registry says; run this test with WENGERT_BLESS=1");
}
