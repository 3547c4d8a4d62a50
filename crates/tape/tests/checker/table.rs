//! The checker on a table of functions, each with its category: right gradients pass, faulty ones do not.
//!
//! | category | right | faulty |
//! | --- | --- | --- |
//! | smooth, stiff, large, tiny | pass | fail |
//! | kinked | kink | fail where the gradient leaves the one-sided derivatives, or a rule is wrong |
//! | ill-conditioned, f32 | pass or cannot tell | never pass |
//!
//! The faults: a relative error of 1e-6 (1e-3 in f32) in the rule of every single operation, and every kind of fault of
//! [`Fault::ALL`] that applies to it.

#![allow(clippy::approx_constant)] // numbers near constants are among the hard cases

mod hard;
mod kinked;
mod single;
mod sizes;
mod smooth;
mod tensors;

use std::collections::BTreeMap;
use std::fmt::Write;

use wengert_tape::check::{Checker, Fault, Report, SelfTest, Verdict};
use wengert_tape::prelude::*;

/// What a function is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    Smooth,
    Stiff,
    Large,
    Tiny,
    Kinked,
    IllConditioned,
    F32,
}

use Category::{F32, IllConditioned, Kinked};

/// A function with its point.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    /// Of numbers.
    Numbers(fn(&[Scalar]) -> Scalar, &'static [f64]),
    /// Of one tensor: its shape, its elements.
    Tensor(fn(Var) -> Var, &'static [usize], &'static [f64]),
    /// Of numbers of f32.
    Single(fn(&[Scalar<f32>]) -> Scalar<f32>, &'static [f32]),
    /// Of one tensor of f32.
    SingleTensor(fn(Var<f32>) -> Var<f32>, &'static [usize], &'static [f32]),
}

/// Name, category, function.
pub(crate) type Row = (&'static str, Category, Subject);

impl Subject {
    fn report(&self) -> Result<Report, Error> {
        let checker = Checker::new();
        match *self {
            Subject::Numbers(f, at) => checker.report(|x: Vec<Scalar>| f(&x), at),
            Subject::Tensor(f, shape, at) => checker.report(f, Tensor::new(shape, at.to_vec())),
            Subject::Single(f, at) => checker.report(|x: Vec<Scalar<f32>>| f(&x), at),
            Subject::SingleTensor(f, shape, at) => checker.report(f, Tensor::new(shape, at.to_vec())),
        }
    }

    fn self_test(&self) -> Result<SelfTest, Error> {
        let checker = Checker::new();
        match *self {
            Subject::Numbers(f, at) => checker.self_test(|x: Vec<Scalar>| f(&x), at),
            Subject::Tensor(f, shape, at) => checker.self_test(f, Tensor::new(shape, at.to_vec())),
            Subject::Single(f, at) => checker.self_test(|x: Vec<Scalar<f32>>| f(&x), at),
            Subject::SingleTensor(f, shape, at) => checker.self_test(f, Tensor::new(shape, at.to_vec())),
        }
    }

    /// The value at another point, and the point.
    fn plain(&self) -> (impl Fn(&[f64]) -> f64, Vec<f64>) {
        let subject = *self;
        let (Subject::Numbers(_, at) | Subject::Tensor(_, _, at)) = subject else { panic!("a function of f64") };
        let value = move |x: &[f64]| {
            let tape = Tape::new();
            match subject {
                Subject::Numbers(f, _) => f(&tape.scalars(x)).value(),
                Subject::Tensor(f, shape, _) => f(tape.var(Tensor::new(shape, x.to_vec()))).item(),
                _ => f64::NAN,
            }
        };
        (value, at.to_vec())
    }
}

fn table() -> Vec<Row> {
    [smooth::ROWS, tensors::ROWS, sizes::ROWS, kinked::ROWS, hard::ROWS, single::ROWS].concat()
}

/// What was counted for each category.
type Counts = BTreeMap<Category, BTreeMap<String, usize>>;

/// Runs something on every row, prints and returns what it counted for each category, and panics with all failures.
fn for_all(run: impl Fn(&Row, &mut String) -> String) -> Counts {
    let (mut counts, mut failures) = (Counts::new(), String::new());
    for row in table() {
        let mut found = String::new();
        let outcome = run(&row, &mut found);
        if !found.is_empty() {
            writeln!(failures, "{:?} `{}`: {found}", row.1, row.0).unwrap();
        }
        *counts.entry(row.1).or_default().entry(outcome).or_default() += 1;
    }
    for (category, row) in &counts {
        println!("{category:?}: {row:?}");
    }
    assert!(failures.is_empty(), "\n{failures}");
    counts
}

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/check-your-gradients.md");
/// Between these the counts stand in the docs.
const MARKS: [&str; 2] = ["<!-- counts of check_table -->\n", "<!-- end of counts -->"];

/// The counts as a table of the docs.
fn markdown(counts: &Counts) -> String {
    let verdicts = ["pass", "kink", "cannot tell", "fail"];
    let heads = ["category", "functions", "pass", "kink", "cannot tell", "fail"];
    let mut table = format!("| {} |\n| {} |\n", heads.join(" | "), heads.map(|_| "---").join(" | "));
    let mut write_row = |name: &str, row: &BTreeMap<String, usize>| {
        let counts: Vec<String> = verdicts.iter().map(|v| row.get(*v).copied().unwrap_or(0).to_string()).collect();
        writeln!(table, "| {name} | {} | {} |", row.values().sum::<usize>(), counts.join(" | ")).unwrap();
    };
    let mut all = BTreeMap::new();
    for (category, row) in counts {
        let name = match category {
            IllConditioned => "ill-conditioned".into(),
            other => format!("{other:?}").to_lowercase(),
        };
        write_row(&name, row);
        row.iter().for_each(|(verdict, n)| *all.entry(verdict.clone()).or_default() += n);
    }
    write_row("all", &all);
    table
}

/// The counts stand in the docs. Run with `WENGERT_BLESS=1` to write them anew.
fn assert_in_docs(table: &str) {
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let (before, rest) = docs.split_once(MARKS[0]).expect("the first mark");
    let (written, after) = rest.split_once(MARKS[1]).expect("the second mark");
    if std::env::var_os("WENGERT_BLESS").is_some() {
        return std::fs::write(DOCS, [before, MARKS[0], table, MARKS[1], after].concat()).unwrap();
    }
    assert!(
        written == table,
        "docs/check-your-gradients.md counts otherwise; run this test with WENGERT_BLESS=1\n{table}"
    );
}

#[test]
fn the_table_is_long_and_names_are_unique() {
    let mut names: Vec<&str> = table().iter().map(|row| row.0).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert!(all >= 200 && names.len() == all, "{all} rows, {} names", names.len());
}

#[test]
fn right_gradients_get_the_verdict_of_their_category() {
    let unsure = std::cell::Cell::new(0);
    let counts = for_all(|(_, category, subject), out| {
        let report = subject.report().unwrap();
        let expected: &[Verdict] = match category {
            Kinked => &[Verdict::Kink],
            IllConditioned | F32 => &[Verdict::Pass, Verdict::CannotTell],
            _ => &[Verdict::Pass],
        };
        if !expected.contains(&report.verdict) {
            write!(out, "{report}").unwrap();
        }
        unsure.set(unsure.get() + usize::from(report.verdict == Verdict::CannotTell));
        report.verdict.to_string()
    });
    let (unsure, all) = (unsure.get(), table().len());
    println!("cannot tell: {unsure} of {all}");
    assert!(unsure * 20 <= all, "cannot tell: {unsure} of {all}, more than 5 %");
    assert_in_docs(&markdown(&counts));
}

#[test]
fn faulty_gradients_do_not_pass() {
    let (named, all) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    for_all(|(_, category, subject), out| {
        let test = match subject.self_test() {
            Ok(test) => test,
            Err(error) => {
                write!(out, "{error}").unwrap();
                return "not run".into();
            }
        };
        let must_show = if *category == F32 { 1e-3 } else { 1e-6 };
        for v in test.visible.iter().filter(|v| v.smallest > must_show) {
            write!(out, "\n  node {} {}: a relative fault of {:e} does not show", v.position, v.operation, must_show)
                .unwrap();
        }
        for t in test.trials.iter().filter(|t| t.verdict != Verdict::Fail) {
            write!(out, "\n  node {} {} with fault {}: {}", t.position, t.operation, t.fault.name(), t.verdict)
                .unwrap();
        }
        if test.left_out > 0 {
            write!(out, "\n  {} operations left out", test.left_out).unwrap();
        }
        named.set(named.get() + test.named());
        all.set(all.get() + test.trials.len());
        "run".into()
    });
    println!("{} of {} faults named", named.get(), all.get());
    assert!(named.get() * 100 >= all.get() * 99, "{} of {} named", named.get(), all.get());
}

#[test]
fn at_kinks_a_gradient_lies_between_the_one_sided_ones_or_fails() {
    let mut failures = String::new();
    for (name, _, subject) in table().into_iter().filter(|row| row.1 == Kinked) {
        let (value, at) = subject.plain();
        let report = subject.report().unwrap();
        let right: Vec<f64> = report.elements.iter().map(|e| e.analytic).collect();
        for (i, element) in report.elements.iter().enumerate() {
            let Some((low, high)) = element.sides else { continue };
            let width = high - low;
            let table = [
                (low - 0.01 * width, Verdict::Fail),
                (low + 0.3 * width, Verdict::Kink),
                (high - 0.001 * width, Verdict::Kink),
                (high + 0.01 * width, Verdict::Fail),
            ];
            for (claimed, expected) in table {
                let mut gradient = right.clone();
                gradient[i] = claimed;
                let found = Checker::new().report_pair(&value, |_| gradient, &at).unwrap();
                if found.verdict != expected {
                    writeln!(failures, "{name}: {claimed} in [{low}, {high}] is {}: {found}", found.verdict).unwrap();
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// Kinds of faults by name, so that a new kind is a new row here.
#[test]
fn every_kind_of_fault_is_tried() {
    let names: Vec<String> = Fault::ALL.iter().map(Fault::name).collect();
    assert_eq!(
        names,
        ["sign", "× 2", "zero", "transposed", "missing sum", "off by one", "dropped term", "cutoff", "forward rule"]
    );
}
