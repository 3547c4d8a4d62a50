//! `wengert graph`, as it is called.

use std::path::PathBuf;
use std::process::{Command, Output};

fn wengert(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wengert")).args(args).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is text")
}

/// A directory for the files of one test.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).expect("a directory for files");
    directory
}

#[test]
fn an_expression_is_opened_up() {
    let output = wengert(&["graph", "tanh(x*w + b)", "--at", "x=0.5,w=-2,b=1"]);
    // tanh′(0) = 1, so the derivatives are w, x and 1.
    let expected = "\
node  operation  formula   shape  value  gradient
%1    var        x         []      0.5   -2
%2    var        w         []     -2      0.5
%3    var        b         []      1      1
%4    mul        x · w     []     -1      1
%5    add        %4 + b    []      0      1
%6    tanh       tanh(%5)  []      0      1

value   0
d/dx   -2
d/dw    0.5
d/db    1
";
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), expected));
    assert!(output.stderr.is_empty());
}

/// What stands still is remarked, beside the numbers that say it too.
#[test]
fn what_looks_wrong_is_remarked() {
    let run = |args: &[&str]| text(&wengert(args).stdout);
    for (expression, at, words) in [
        ("tanh(x*w)", "x=5,w=4", "\nremark: tanh %4: it is saturated: flat where its value is 1, "),
        ("relu(x)*y", "x=-2,y=3", "\nremark: relu %3: it is dead: flat where its value is 0, "),
        ("sigmoid(x)", "x=-20", "remark: sigmoid %2: it is saturated"),
    ] {
        for command in ["graph", "check"] {
            let said = run(&[command, expression, "--at", at]);
            assert!(said.contains(words), "{command} {expression}: {said}");
            let json: serde_json::Value =
                serde_json::from_str(&run(&[command, expression, "--at", at, "--json"])).expect("JSON");
            assert_eq!(json["remarks"].as_array().map(Vec::len), Some(1), "{json}");
        }
    }
    for command in ["graph", "check"] {
        let said = run(&[command, "tanh(x*w)*relu(w)", "--at", "x=0.5,w=0.4"]);
        assert!(!said.contains("remark"), "{said}");
    }
}

#[test]
fn a_function_is_drawn_with_its_derivative() {
    let output = wengert(&["graph", "tanh(x)", "--at", "x=0", "--plot", "-"]);
    let picture = text(&output.stdout);
    assert!(output.status.success() && picture.starts_with("<svg"), "{output:?}");
    assert_eq!(picture.matches("<polyline").count(), 2);
    assert!(picture.contains("━ tanh(x)") && picture.contains("━ derivative"), "{picture}");
    // of a logarithm the half on which it is
    let half = text(&wengert(&["graph", "ln(x)", "--at", "x=1", "--plot", "-"]).stdout);
    let points = half.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    assert_eq!(points.split(' ').count(), 125, "{points}");
    let output = wengert(&["graph", "x*w", "--at", "x=1,w=2", "--plot", "-"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(stderr.contains("--plot: a function of one name is drawn; the expression has 2"), "{stderr}");
}

#[test]
fn a_saved_graph_runs_again() {
    let file = directory("saved").join("neuron.json");
    let path = file.to_str().expect("a path of text");
    let output = wengert(&["graph", "tanh(x*w + b)", "--at", "x=0.5,w=-2,b=1", "--save", path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = std::fs::read_to_string(&file).expect("the file was written");
    let replay = wengert::Replay::<f64>::from_json(&text).expect("a graph");
    let values = [3.0, 0.25, -0.5].map(wengert::Tensor::from);
    let leaves: Vec<_> = replay.leaves().into_iter().zip(values).collect();
    assert_eq!(replay.with(&leaves).expect("other values").output().item(), 0.25_f64.tanh());
    let output = wengert(&["graph", "1 + 2", "--save", path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no graph to save"), "{output:?}");
}

#[test]
fn signs_and_constants_alone_are_expressions() {
    for (args, expected) in [
        (&["graph", "-x^2", "--at", "x=3"][..], "value  -9\nd/dx   -6\n"),
        (&["graph", "2^0.5*sqrt(2)"][..], "value   2"),
        (&["graph", "x*1e-300", "--at", "x=1"][..], "value   1e-300\n"),
    ] {
        let output = wengert(args);
        assert!(text(&output.stdout).contains(expected), "{args:?}: {output:?}");
    }
}

#[test]
fn json_has_what_the_listing_has() {
    let output = wengert(&["graph", "x*y + ln(0*x)", "--at", "x=2,y=3", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["expression"], "x*y + ln(0*x)");
    // ln 0 is not finite
    assert!(json["value"].is_null(), "{json}");
    let output = wengert(&["graph", "x*y + 1", "--json", "--at", "x=2", "--at", "y=3"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&json["value"], &json["derivatives"]), (&7.0.into(), &serde_json::json!({ "x": 3.0, "y": 2.0 })));
    let nodes = json["nodes"].as_array().expect("nodes");
    let names: Vec<&str> = nodes.iter().filter_map(|node| node["operation"].as_str()).collect();
    assert_eq!(names, ["var", "var", "mul", "constant", "add"]);
    assert_eq!((&nodes[0]["name"], &nodes[2]["formula"]), (&"x".into(), &"x · y".into()));
    assert_eq!((&nodes[2]["id"], &nodes[3]["id"]), (&3.into(), &serde_json::Value::Null));
    assert_eq!((&nodes[4]["operands"], &nodes[0]["gradient"]), (&serde_json::json!([2, 3]), &3.0.into()));
}

#[test]
fn pictures_go_to_files_and_to_standard_output() {
    let directory = directory("graph-pictures");
    let (dot, svg) = (directory.join("graph.dot"), directory.join("graph.svg"));
    let files = ["--dot", dot.to_str().unwrap(), "--svg", svg.to_str().unwrap(), "--down"];
    let output = wengert(&[&["graph", "x*x", "--at", "x=1"][..], &files[..]].concat());
    assert!(output.status.success() && text(&output.stdout).contains("d/dx"));
    let read = |path: &PathBuf| std::fs::read_to_string(path).expect("the file was written");
    assert!(read(&dot).starts_with("digraph {") && read(&svg).starts_with("<svg"));
    for (option, beginning, end) in [("--dot", "digraph {", "}\n"), ("--svg", "<svg", "</svg>\n")] {
        let picture = text(&wengert(&["graph", "x*x", "--at", "x=1", option, "-"]).stdout);
        assert!(picture.starts_with(beginning) && picture.ends_with(end), "{picture}");
    }
}

#[test]
fn what_is_wrong_is_one_line_and_nothing_is_written() {
    let directory = directory("graph-errors");
    let unwritten = directory.join("unwritten.svg");
    let nowhere = directory.join("nowhere").join("graph.svg");
    let (unwritten, nowhere) = (unwritten.to_str().unwrap(), nowhere.to_str().unwrap());
    let table: &[(&[&str], &str)] = &[
        (&["x +", "--at", "x=1"], "wengert: column 4 (x +▸): an operand is missing after `+`"),
        (
            &["tnh(x)", "--at", "x=1", "--svg", unwritten],
            "wengert: column 1 (▸tnh(x)): unknown function `tnh`; did you mean `tanh`?",
        ),
        (&["x*w", "--at", "x=1"], "wengert: column 3 (x*▸w): `w` has no value; add one: --at w=1"),
        (&["x", "--at", "x=1,z=2"], "wengert: --at: `z` does not occur in the expression; it has x"),
        (&["x", "--at", "x=1", "--svg", nowhere], "cannot be written"),
        (
            &["x", "--at", "x=1", "--svg", "-", "--json"],
            "wengert: only one of --dot -, --svg -, --html -, --plot -, --save -, --derive and --json can have standard output",
        ),
        (&["1 + 1", "--svg", unwritten], "wengert: an expression without names has no graph to draw"),
        (&["1 + 1", "--html", unwritten], "wengert: an expression without names has no graph to step through"),
    ];
    let mut wrong = Vec::new();
    for (args, message) in table {
        let output = wengert(&[&["graph"], *args].concat());
        let stderr = text(&output.stderr);
        let one_line = stderr.lines().count() == 1 && stderr.contains(message);
        if output.status.code() != Some(2) || !one_line || !output.stdout.is_empty() {
            wrong.push(format!("{args:?}: {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!PathBuf::from(unwritten).exists(), "a file was written in spite of an error");
}

/// What an operation refuses at these numbers is one line, and no panic.
#[test]
fn numbers_that_an_operation_refuses_are_named() {
    for command in ["graph", "check"] {
        for (expression, at) in [("hardtanh(x, y, 1)", "x=1,y=2"), ("1 + hardtanh(x, 2, 1)", "x=1")] {
            let output = wengert(&[command, expression, "--at", at]);
            let message = text(&output.stderr);
            assert_eq!((output.status.code(), message.lines().count()), (Some(2), 1), "{expression}: {message}");
            assert!(
                message.contains("hardtanh: the least result 2 is above the greatest, 1"),
                "{expression}: {message}"
            );
        }
    }
}

/// The page has the names and the numbers of the expression, and everything else that it needs.
#[test]
fn an_expression_is_a_page_to_step_through() {
    let file = directory("page").join("steps.html");
    let path = file.to_str().expect("a path of text");
    let args = ["graph", "tanh(x*w + b)", "--at", "x=0.5,w=-2,b=1", "--html"];
    let output = wengert(&[&args[..], &[path]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("d/dx   -2"), "the listing is printed too: {output:?}");
    let page = std::fs::read_to_string(&file).expect("the page was written");
    for word in ["<!DOCTYPE html>", "\"n\":\"x\"", "\"name\":\"tanh\"", "1\\u003c/mn>\\u003cmo>−", "</html>"] {
        assert!(page.contains(word), "no {word}");
    }
    let to_output = wengert(&[&args[..], &["-"]].concat());
    assert_eq!(text(&to_output.stdout), page);
}

#[test]
fn standard_output_is_for_one() {
    let all: [&[&str]; 7] = [
        &["--dot", "-"],
        &["--svg", "-"],
        &["--html", "-"],
        &["--plot", "-"],
        &["--save", "-"],
        &["--derive"],
        &["--json"],
    ];
    let mut wrong = Vec::new();
    for (k, first) in all.iter().enumerate() {
        let alone = wengert(&[&["graph", "x", "--at", "x=1"], *first].concat());
        if alone.status.code() != Some(0) || alone.stdout.is_empty() {
            wrong.push(format!("{first:?}: {alone:?}"));
        }
        for second in &all[..k] {
            let both = wengert(&[&["graph", "x", "--at", "x=1"], *first, *second].concat());
            let refused = text(&both.stderr).starts_with("wengert: only one of --dot -, ");
            if both.status.code() != Some(2) || !both.stdout.is_empty() || !refused {
                wrong.push(format!("{first:?} and {second:?}: {both:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn derivatives_are_written_out() {
    let args = ["graph", "tanh(x*w + b)", "--at", "x=0.5,w=-2,b=1"];
    let output = wengert(&[&args[..], &["--derive"]].concat());
    // tanh′(0) = 1
    let expected = "\
y = tanh(x · w + b) = 0
∂y/∂x = w · (1 − tanh²(x · w + b)) = −2 · 1 = −2
∂y/∂w = x · (1 − tanh²(x · w + b)) = 0.5 · 1 = 0.5
∂y/∂b = 1 − tanh²(x · w + b) = 1
";
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), expected));
    for (notation, start) in [("latex", "\\begin{aligned}"), ("mathml", "<math ")] {
        let output = wengert(&[&args[..], &[&format!("--derive={notation}")]].concat());
        assert!(text(&output.stdout).starts_with(start), "{output:?}");
    }
    let output = wengert(&["graph", "1 + 1", "--derive"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no derivative to write out"), "{output:?}");
}
