//! `wengert train`, as it is called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use wengert::nn::{accuracy, data, load};
use wengert::prelude::*;

/// A folder for the files of one test, in which the command runs.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for files");
        Folder(folder)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wengert"));
        command.current_dir(&self.0).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command runs")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        let text = text(&output.stdout);
        serde_json::from_str(text.lines().last().unwrap_or_default())
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is text")
}

/// The whole job, with its defaults, for the seeds that are promised.
#[test]
fn digits_are_read() {
    let folder = Folder::new("train-digits");
    let mut wrong = Vec::new();
    for seed in ["1", "2", "3", "4", "5"] {
        let report = folder.json(&["train", "digits", "--seed", seed]);
        let share = report["test_accuracy"].as_f64().expect("a share");
        if share < 0.97 || report["test_samples"] != 449 || report["train_samples"] != 1348 {
            wrong.push(format!("seed {seed}: {report}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(folder.names(), ["digits.safetensors"]);
}

/// The file is the model: it answers as the command says, on the samples that the seed holds out.
#[test]
fn a_saved_model_is_the_model() {
    let folder = Folder::new("train-saved");
    let args = ["train", "digits", "--layers", "conv4,pool,20", "--epochs", "3", "--seed", "7"];
    let report = folder.json(&[&args[..], &["--save", "one.safetensors", "--threads", "1"]].concat());
    let again = folder.json(&[&args[..], &["--save", "three.safetensors", "--threads", "3"]].concat());
    let read = |name: &str| fs::read(folder.0.join(name)).expect("a model");
    assert!(read("one.safetensors") == read("three.safetensors"), "a seed gives one model, whatever the threads");
    assert_eq!(report["confusion"], again["confusion"]);

    let loaded = load::<f32>(folder.0.join("one.safetensors")).expect("a model");
    let split = data::digits::<f32>().split_stratified(0.25, &mut stream(7, 1));
    let outputs = loaded.model.forward(split.test().inputs());
    assert_eq!(report["test_accuracy"], accuracy(&outputs, split.test().targets()));
    assert_eq!(report["parameters"], loaded.model.parameter_count());
    assert_eq!((loaded.details["task"].as_str(), loaded.details["seed"].as_str()), ("digits", "7"));
    let counts = report["confusion"]["counts"].as_array().expect("rows");
    let sum: i64 = counts.iter().flat_map(|row| row.as_array().unwrap()).filter_map(Value::as_i64).sum();
    assert_eq!(sum, 449);
}

#[test]
fn exclusive_or_is_solved_whatever_the_seed() {
    let folder = Folder::new("train-xor");
    for seed in 1..=20 {
        let report = folder.json(&["train", "xor", "--seed", &seed.to_string()]);
        let rows = report["rows"].as_array().expect("rows");
        let near = |row: &Value| (row["output"].as_f64().unwrap() - row["target"].as_f64().unwrap()).abs() < 0.1;
        assert!(rows.len() == 4 && rows.iter().all(near), "seed {seed}: {report}");
    }
    let output = folder.run(&["train", "xor"]);
    let stdout = text(&output.stdout);
    let beginning = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = stdout.lines().skip(1).take(4).map(beginning).collect();
    assert_eq!(rows, ["0 0 0", "0 1 1", "1 0 1", "1 1 0"], "{stdout}");
    assert!(stdout.lines().take(5).filter(|line| line.ends_with("right")).count() == 4, "{stdout}");
    assert!(stdout.contains("test accuracy  100.00 %: 4 of 4 rows"), "{stdout}");

    // No line separates the rows: without a hidden layer at least one is wrong.
    let line = folder.json(&["train", "xor", "--layers", "none"]);
    assert!(line["test_accuracy"].as_f64().unwrap() <= 0.75, "{line}");
}

#[test]
fn moons_are_told_apart_and_the_share_is_said() {
    let folder = Folder::new("train-moons");
    let output = folder.run(&["train", "moons"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains(" of 100 samples that it never saw"), "{stdout}");
    assert!(stdout.contains("model          moons.safetensors (read back: the same outputs, bit for bit)"), "{stdout}");
    // No terminal: lines instead of a bar, few of them.
    assert!(stderr.contains("\nepoch   1/100  loss ") && !stderr.contains('\r'), "{stderr}");
    assert!(stderr.lines().count() < 30, "{stderr}");
    for seed in ["1", "2", "3"] {
        let report = folder.json(&["train", "moons", "--seed", seed]);
        assert!(report["test_accuracy"].as_f64().unwrap() >= 0.98, "{report}");
    }
}

#[test]
fn json_is_all_of_standard_output_and_has_what_is_promised() {
    let folder = Folder::new("train-json");
    let output =
        folder.run(&["train", "moons", "--json", "--epochs", "2", "--optimiser", "nesterov", "--rate", "0.05"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut missing = Vec::new();
    for name in
        ["task", "test_accuracy", "train_loss", "epochs", "seconds", "parameters", "model", "test_samples", "seed"]
    {
        if report[name].is_null() {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:?} are missing: {report}");
    let told = ["epochs", "rate", "seed", "train_samples"].map(|name| report[name].as_f64().unwrap_or(f64::NAN));
    assert_eq!(told, [2.0, 0.05, 1.0, 300.0]);
    assert_eq!(
        (&report["optimiser"], &report["layers"], &report["activation"]),
        (&"nesterov".into(), &"16,16".into(), &"relu".into())
    );
}

/// A cross-validation looks at training samples alone, and saves nothing.
#[test]
fn folds_are_of_the_training_samples() {
    let folder = Folder::new("train-folds");
    let report = folder.json(&["train", "moons", "--folds", "3", "--epochs", "30"]);
    let shares = report["fold_accuracies"].as_array().expect("shares");
    assert_eq!(shares.len(), 3);
    for share in shares {
        // 300 samples in 3 parts: a share of 100.
        let hundredths = share.as_f64().unwrap() * 100.0;
        assert!((hundredths - hundredths.round()).abs() < 1e-9 && hundredths > 90.0, "{report}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn what_is_wrong_is_one_line_and_nothing_is_written() {
    let folder = Folder::new("train-errors");
    fs::create_dir(folder.0.join("folder")).unwrap();
    let table: &[(&[&str], &str)] = &[
        (&["train", "digit"], "unrecognized subcommand 'digit'; "),
        (
            &["train", "digits", "--epoch", "3"],
            "a similar argument exists: '--epochs'; see wengert train digits --help",
        ),
        (
            &["train", "digits", "--epochs", "0"],
            "invalid value '0' for '--epochs <N>': give a whole number from 1; see ",
        ),
        (&["train", "digits", "--batch", "x"], "give a whole number from 1"),
        (&["train", "digits", "--threads", "0"], "give a whole number from 1"),
        (&["train", "digits", "--rate", "-1"], "give a number above 0"),
        (&["train", "digits", "--rate", "nan"], "give a number above 0"),
        (&["train", "digits", "--seed", "-1"], "invalid value '-1' for '--seed <N>'"),
        (&["train", "digits", "--layers", "0"], "`0` is no layer; give a list such as conv16,pool,64"),
        (&["train", "moons", "--layers", "conv4"], "conv4 cannot stand here: it needs an image"),
        (&["train", "xor", "--layers", "9999999999"], "are more than 100000000; give smaller layers"),
        (
            &["train", "digits", "--activation", "tahn"],
            "`tahn` is not an activation; there are identity, sigmoid, tanh",
        ),
        (&["train", "digits", "--optimiser", "magic"], "[possible values: sgd, momentum, nesterov, adam]"),
        (&["train", "digits", "--save", "folder"], "--save folder: this is no file name; give another file"),
        (&["train", "digits", "--save", "no/where"], "--save no/where: "),
        (&["train", "digits", "--save", ""], "--save"),
        (&["train", "xor", "--folds", "2"], "--folds 2: xor has no samples to spare; leave the option out"),
        (&["train", "moons", "--folds", "301"], "--folds 301: there are 300 training samples"),
        (&["train", "moons", "--folds", "1"], "give a whole number from 2"),
        (&["train", "digits", "stray"], "stray"),
    ];
    let mut wrong = Vec::new();
    for (args, message) in table {
        let output = folder.run(args);
        let stderr = text(&output.stderr);
        let one_line = stderr.lines().count() == 1 && stderr.starts_with("wengert: ") && stderr.contains(message);
        if output.status.code() != Some(2) || !one_line || !output.stdout.is_empty() {
            wrong.push(format!("{args:?}: {output:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(folder.names(), ["folder"]);
}

/// A rate that is far too large: the training says where it broke, and no model is written.
#[test]
fn a_training_that_diverges_says_so() {
    let folder = Folder::new("train-diverges");
    let output = folder.run(&["train", "digits", "--optimiser", "sgd", "--rate", "1e30", "--epochs", "2"]);
    let stderr = text(&output.stderr);
    let last = stderr.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(last.starts_with("wengert: training stopped in epoch 1, step "), "{stderr}");
    assert!(last.ends_with("; a smaller --rate than 1e30 may help"), "{stderr}");
    assert!(folder.names().is_empty());
}

#[test]
fn help_is_for_standard_output_and_shows_the_defaults() {
    let folder = Folder::new("train-help");
    for (args, expected) in [
        (&["--help"][..], "wengert train digits"),
        (&["train", "--help"], "Read handwritten digits"),
        (
            &["train", "digits", "--help"],
            "Without options this is\n  wengert train digits --layers conv16,pool,conv32,64",
        ),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = folder.run(args);
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {output:?}");
        assert!(text(&output.stdout).contains(expected), "{args:?}: {}", text(&output.stdout));
    }
    // Asked for nothing, it says what could be asked for, and that this was not enough.
    let output = folder.run(&[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(text(&output.stderr).contains("Usage: wengert <COMMAND>"), "{output:?}");
}

/// A reader that goes away, such as `head`, is no error.
#[test]
fn nobody_need_read_on() {
    let folder = Folder::new("train-pipe");
    let mut child = folder.command(&["train", "xor"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    assert!(Path::new(&folder.0.join("xor.safetensors")).exists());
}

/// Ctrl-C ends the training after a step, and the model is saved.
#[cfg(unix)]
#[test]
fn an_interrupt_saves() {
    use std::io::{BufRead, BufReader};
    let folder = Folder::new("train-interrupt");
    let mut child = folder
        .command(&["train", "digits", "--layers", "8", "--epochs", "1000000", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("epoch"))).expect("a line").unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success(), "{first}");
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && rest.iter().any(|line| line.contains("stopping after this step")), "{rest:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["stopped"], true);
    assert!(report["epochs"].as_u64().unwrap() < 1_000_000);
    assert!(load::<f32>(folder.0.join("digits.safetensors")).is_ok());
}
