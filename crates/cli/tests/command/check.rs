//! `wengert check`, as it is called.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

fn wengert(args: &[&str]) -> Output {
    let args = [&["check"], args].concat();
    Command::new(env!("CARGO_BIN_EXE_wengert")).args(args).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is text")
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_end_is_what_the_verdict_says() {
    // Arguments, exit code, and what must stand in the output.
    type Row = (&'static [&'static str], i32, &'static [&'static str]);
    let table: &[Row] = &[
        (
            &["tanh(x*w + b)^2", "--at", "x=0.3,w=-1.2,b=0.5"],
            0,
            &["d/dx", "d/dw", "d/db", "±", "pass", "gradient check: pass (f64); derivatives: 3 pass"],
        ),
        (&["-x^3", "--at", "x=2"], 0, &["d/dx   -12"]),
        (&["abs(x) + x", "--at", "x=0"], 0, &["kink: between", "gradient check: kink"]),
        (&["sin(x + 1e16 - 1e16)", "--at", "x=0.7"], 0, &["cannot tell: 0 digits can be trusted"]),
        // ∞ − ∞
        (&["sqrt(x) - sqrt(x)", "--at", "x=0"], 1, &["gradient check: fail", "is not finite"]),
        // A derivative of 0 absorbs an infinite slope; those from both sides are −1 and 1.
        (&["sqrt(x*x)", "--at", "x=0"], 0, &["d/dx    0", "kink: between -1 and 1"]),
        (&["x^2*y", "--at", "x=3,y=5", "--order", "2"], 0, &["d²/dxdx   10", "d²/dxdy   6", "d²/dydy   0"]),
        (
            &["exp(x)*x", "--at", "x=0.5", "--self-test"],
            0,
            &["self-test: 10 of 10 injected faults caught, 10 named; a relative fault of 1e-"],
        ),
    ];
    let mut wrong = Vec::new();
    for (args, code, words) in table {
        let output = wengert(args);
        let stdout = text(&output.stdout);
        if output.status.code() != Some(*code) || words.iter().any(|word| !stdout.contains(word)) {
            wrong.push(format!("{args:?}: {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn json_has_every_derivative_with_its_bar() {
    let output = wengert(&["x*y + exp(x)", "--at", "x=0,y=3", "--json", "--self-test"]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&json["value"], &json["verdict"]), (&1.0.into(), &"pass".into()));
    let derivatives = json["derivatives"].as_array().expect("derivatives");
    // y + exp(0) and x
    for (derivative, (name, expected)) in derivatives.iter().zip([("d/dx", 4.0), ("d/dy", 0.0)]) {
        let number = |key: &str| derivative[key].as_f64().expect(key);
        assert_eq!(derivative["name"], name);
        assert_eq!(number("analytic"), expected);
        assert!((number("numeric") - expected).abs() <= number("bar") && number("bar") < 1e-6, "{derivative}");
    }
    assert_eq!(json["reports"][0]["derivatives"]["pass"], 2);
    assert_eq!(json["self_test"]["injected"], json["self_test"]["caught"]);
    // What JSON has no number for is a string.
    let output = wengert(&["sqrt(x) - sqrt(x)", "--at", "x=0", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &json["derivatives"][0]["analytic"]), (Some(1), &"NaN".into()));
}

#[test]
fn the_error_is_drawn_against_the_step() {
    let path = file("check.svg");
    let output = wengert(&["exp(x)", "--at", "x=0.5", "--svg", path.to_str().expect("a path")]);
    let picture = std::fs::read_to_string(&path).expect("the file was written");
    assert!(text(&output.stdout).contains("d/dx"));
    assert!(picture.contains("slope 2.0") && picture.ends_with("</svg>\n"), "{picture}");
    let picture = text(&wengert(&["exp(x)", "--at", "x=0.5", "--svg", "-"]).stdout);
    assert!(picture.starts_with("<svg"), "{picture}");
}

#[test]
fn what_is_wrong_is_one_line_and_nothing_is_written() {
    let unwritten = file("check-unwritten.svg");
    let unwritten = unwritten.to_str().expect("a path");
    let table: &[(&[&str], &str)] = &[
        (&["tnh(x)", "--at", "x=1", "--svg", unwritten], "wengert: column 1 (▸tnh(x)): unknown function `tnh`"),
        (&["x*w", "--at", "x=1"], "`w` has no value; add one: --at w=1"),
        (&["1 + 1"], "wengert: an expression without names has no derivative to check"),
        (&["ln(x)", "--at", "x=-1"], "wengert: the value there is NaN; choose a point where it is a number"),
        (
            &["x", "--at", "x=1", "--svg", "-", "--json"],
            "wengert: only one of --svg - and --json can have standard output",
        ),
    ];
    let mut wrong = Vec::new();
    for (args, message) in table {
        let output = wengert(args);
        let stderr = text(&output.stderr);
        let one_line = stderr.lines().count() == 1 && stderr.contains(message);
        if output.status.code() != Some(2) || !one_line || !output.stdout.is_empty() {
            wrong.push(format!("{args:?}: {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!PathBuf::from(unwritten).exists(), "a file was written in spite of an error");
}
