//! `wengert train`, as it is called.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::folder::{Folder, text};
use serde_json::Value;
use wengert::nn::{accuracy, data, load};
use wengert::prelude::*;

/// The files in the folder of a test.
fn names(folder: &Folder) -> Vec<String> {
    let files = fs::read_dir(&folder.0).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
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
    assert_eq!(names(&folder), ["digits.safetensors"]);
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
fn one_sample_is_a_page_to_step_through() {
    let folder = Folder::new("explored");
    let output = folder.run(&["train", "xor", "--epochs", "3", "--explore", "steps.html"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = std::fs::read_to_string(folder.0.join("steps.html")).expect("the page was written");
    for word in ["<!DOCTYPE html>", "\"n\":\"0.weight\"", "\"n\":\"loss\"", "\"title\":\"layers\"", "</html>"] {
        assert!(page.contains(word), "no {word}");
    }
    folder.refuses(&[
        (&["train", "digits", "--folds", "2", "--explore", "other.html"], "leave --explore out"),
        (&["train", "xor", "--explore", "m", "--save", "m"], "--save and --explore are both m"),
    ]);
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
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
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
            "invalid value '0' for '--epochs <N>': give a whole number from 1; see wengert train digits --help",
        ),
        (&["train", "digits", "--batch", "x"], "give a whole number from 1"),
        (&["train", "digits", "--threads", "0"], "give a whole number from 1"),
        (&["train", "digits", "--rate", "-1"], "give a number above 0"),
        (&["train", "digits", "--rate", "nan"], "give a number above 0"),
        (&["train", "--seed", "-1", "digits"], "invalid value '-1' for '--seed <N>'"),
        (&["train", "digits", "--layers", "0"], "`0` is no layer; give a list such as conv16,pool,64"),
        (&["train", "moons", "--layers", "conv4"], "conv4 cannot stand here: it needs an image"),
        (&["train", "xor", "--layers", "9999999999"], "are more than 100000000; give smaller layers"),
        (
            &["train", "digits", "--activation", "tahn"],
            "`tahn` is not an activation; there are identity, sigmoid, tanh",
        ),
        (&["train", "digits", "--optimiser", "magic"], "[possible values: sgd, momentum, nesterov, adam, "),
        (&["train", "digits", "--save", "folder"], "--save folder: this is no file name; give another file"),
        (&["train", "digits", "--save", "no/where"], "--save no/where: "),
        (&["train", "digits", "--save", ""], "--save"),
        (&["train", "xor", "--folds", "2"], "--folds 2: xor has no samples to spare; leave the option out"),
        (&["train", "moons", "--folds", "301"], "--folds 301: there are 300 training samples"),
        (&["train", "moons", "--folds", "1"], "give a whole number from 2"),
        (&["train", "digits", "stray"], "stray"),
        (&["train", "digits", "--resume"], "--checkpoint <FILE>"),
        (
            &["train", "digits", "--checkpoint", "folder"],
            "--checkpoint folder: this is no file name; give another file",
        ),
        (&["train", "digits", "--checkpoint", "no/where"], "--checkpoint no/where: "),
        (&["train", "digits", "--log", "no/where"], "--log no/where: "),
        (
            &["train", "digits", "--save", "a", "--checkpoint", "a"],
            "--save and --checkpoint are both a; give two files",
        ),
        (&["train", "moons", "--folds", "2", "--log", "log"], "--folds 2: nothing is written then; leave --log out"),
        (&["train", "mnist-784-30-10"], "needs MNIST: give --data DIR, or set WENGERT_DATA"),
        (
            &["train", "mnist-784-30-10", "--data", "none"],
            "none/train-images-idx3-ubyte: there is no such file, with or without .gz",
        ),
        (
            &["train", "mnist-784-30-10", "--data", "none", "--rate", "1"],
            "--rate: mnist-784-30-10 is trained as its book says",
        ),
    ];
    folder.refuses(table);
    assert_eq!(names(&folder), ["folder"]);
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
    assert!(names(&folder).is_empty());
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

/// Whoever reads the help of a training knows what happens without options, whichever it is.
#[test]
fn the_help_of_every_task_shows_what_it_does_without_options() {
    let folder = Folder::new("train-help-defaults");
    let help = |args: &[&str]| text(&folder.run(args).stdout).to_string();
    let all = help(&["train", "--help"]);
    let listed = all.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    // A line that goes on is indented further.
    let names = listed.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let tasks: Vec<&str> = names.filter_map(|line| line.split(' ').next()).filter(|task| *task != "help").collect();
    assert!(tasks.len() >= 12, "{all}");
    let mut wrong = Vec::new();
    for task in tasks {
        let help = help(&["train", task, "--help"]);
        let shown = help.split("Without options this is\n").nth(1).and_then(|rest| rest.lines().next());
        let begins = format!("  wengert train {task} ");
        let complete = |command: &&str| {
            command.starts_with(&begins) && ["--epochs", "--seed"].iter().all(|option| command.contains(option))
        };
        let in_all = |command: &&str| task.starts_with("mnist") || all.contains(command.trim_start());
        if !shown.is_some_and(|command| complete(&command) && in_all(&command)) {
            wrong.push(format!("{task}: {shown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{all}");
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

/// 2 + 3 epochs with a checkpoint between are 5 epochs: the same file, byte for byte.
#[test]
fn a_resumed_training_is_one_that_was_never_interrupted() {
    let folder = Folder::new("train-resume");
    let args = ["train", "moons", "--seed", "3"];
    let whole = folder.json(&[&args[..], &["--epochs", "5", "--save", "whole"]].concat());
    folder.json(&[&args[..], &["--epochs", "2", "--save", "half", "--checkpoint", "c", "--log", "log.csv"]].concat());
    let resumed =
        folder.json(&[&args[..], &["--epochs", "5", "--save", "resumed", "--checkpoint", "c", "--resume"]].concat());
    let read = |name: &str| fs::read(folder.0.join(name)).expect("a model");
    assert!(read("whole") == read("resumed") && read("whole") != read("half"));
    let told = ["train_loss", "test_accuracy", "epochs"];
    assert_eq!(told.map(|name| &whole[name]), told.map(|name| &resumed[name]));
    assert_eq!(fs::read_to_string(folder.0.join("log.csv")).unwrap().lines().count(), 3);

    // What was trained for is not written over.
    let output = folder.run(&["train", "moons", "--checkpoint", "c"]);
    assert_eq!(text(&output.stderr), "wengert: c is there already; --resume goes on from it\n");

    // Whatever was chosen otherwise makes it another training.
    for other in [
        ["--seed", "4"],
        ["--rate", "0.02"],
        ["--decay", "0.1"],
        ["--optimiser", "nesterov"],
        ["--activation", "tanh"],
        ["--batch", "16"],
    ] {
        let output = folder.run(&[&args[..2], &["--checkpoint", "c", "--resume"], &other].concat());
        let stderr = text(&output.stderr);
        let refused =
            stderr.lines().last().is_some_and(|line| line.starts_with("wengert: c: the checkpoint is of another"));
        assert!(output.status.code() == Some(2) && refused, "{other:?}: {stderr}");
    }
}

/// A model is renamed to its place: that must not replace what is no ordinary file, such as a device.
#[cfg(unix)]
#[test]
fn only_files_are_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = Folder::new("train-device");
    let made = Command::new("mkfifo").arg(folder.0.join("s")).status().expect("mkfifo runs");
    assert!(made.success());
    let output = folder.run(&["train", "xor", "--save", "s"]);
    assert_eq!(text(&output.stderr), "wengert: --save s: this is no ordinary file; give another file\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(fs::metadata(folder.0.join("s")).unwrap().file_type().is_fifo());
}

/// Files as MNIST has them, of other digits: the first rows to learn from, and the next 100 to test with.
fn write_digits_as_mnist(folder: &Folder, train: usize) {
    let idx = |dimensions: &[u32], bytes: &[u8]| {
        let mut file = vec![0, 0, 8, dimensions.len() as u8];
        dimensions.iter().for_each(|n| file.extend(n.to_be_bytes()));
        file.extend(bytes);
        file
    };
    let digits = data::digits::<f32>();
    let image = |n: usize| {
        let pixels = &digits.inputs().data()[n * 64..][..64];
        (0..784).map(move |k| {
            let (row, column) = (k / 28, k % 28);
            let inside = (2..26).contains(&row) && (2..26).contains(&column);
            if inside { (pixels[(row - 2) / 3 * 8 + (column - 2) / 3] * 15.0) as u8 } else { 0 }
        })
    };
    for (part, rows) in [("train", 0..train), ("t10k", train..train + 100)] {
        let n = rows.len() as u32;
        let images: Vec<u8> = rows.clone().flat_map(image).collect();
        let labels: Vec<u8> = rows.map(|row| digits.targets().data()[row] as u8).collect();
        fs::write(folder.0.join(format!("{part}-images-idx3-ubyte")), idx(&[n, 28, 28], &images)).unwrap();
        fs::write(folder.0.join(format!("{part}-labels-idx1-ubyte")), idx(&[n], &labels)).unwrap();
    }
}

/// Every network of the books, for an epoch: it has the numbers of its book, and what is saved answers.
#[test]
fn every_preset_runs() {
    let folder = Folder::new("train-presets");
    write_digits_as_mnist(&folder, 60);
    for (name, parameters, column) in [
        ("mnist-784-30-10", 784 * 30 + 30 + 30 * 10 + 10, "output"),
        ("mnist-784-100-10", 784 * 100 + 100 + 100 * 10 + 10, "output"),
        ("mnist-784-16-16-10", 13_002, "share"),
        ("mnist-conv", 25 * 20 + 20 + 144 * 20 * 100 + 100 + 1010, "share"),
        ("mnist-conv-conv", 25 * 20 + 20 + 25 * 20 * 40 + 40 + 16 * 40 * 100 + 100 + 1010, "share"),
        ("mnist-conv-conv-relu", 85_670, "share"),
        ("mnist-conv-conv-expanded", 85_670, "share"),
        ("mnist-dropout-expanded", 20_560 + 640 * 1000 + 1000 + 1000 * 1001 + 10_010, "share"),
    ] {
        let report = folder.json(&["train", name, "--data", ".", "--epochs", "1"]);
        assert_eq!((&report["parameters"], &report["test_samples"]), (&parameters.into(), &100.into()), "{report}");
        let output = folder.run(&["predict", &format!("{name}.safetensors"), "t10k-images-idx3-ubyte"]);
        let stdout = text(&output.stdout);
        assert!(stdout.starts_with(&format!("answer,{column}\n")) && stdout.lines().count() == 101, "{name}: {stdout}");
    }
    // Where the rate falls over all epochs, another number of them is another training.
    for (name, goes_on) in [("mnist-784-30-10", true), ("mnist-784-16-16-10", false)] {
        let args = ["train", name, "--data", ".", "--checkpoint", name, "--epochs"];
        folder.json(&[&args[..], &["1"]].concat());
        let output = folder.run(&[&args[..], &["2", "--resume"]].concat());
        assert_eq!(output.status.success(), goes_on, "{name}: {output:?}");
    }
}

/// One network learns from them, and answers about them.
#[test]
fn the_books_networks_are_trained_from_a_folder() {
    let folder = Folder::new("train-mnist");
    let digits = data::digits::<f32>();
    write_digits_as_mnist(&folder, 600);
    let args = ["train", "mnist-784-16-16-10", "--data", ".", "--epochs", "20", "--save", "model"];
    let report = folder.json(&[&args[..], &["--report", "page.html"]].concat());
    let page = fs::read_to_string(folder.0.join("page.html")).unwrap();
    // The weights of 16 neurons as images, what was mistaken for what, and curves of training and test.
    for words in ["<h2>Mistakes</h2>", "<h2>Confusion</h2>", "after the training", ">15</text>", "━ test</text>"] {
        assert!(page.contains(words), "{words}");
    }
    folder.refuses(&[(&[&args[..], &["--report", "p", "--live"]].concat(), "leave --live out")]);
    assert_eq!(
        (&report["parameters"], &report["test_samples"], &report["epochs"]),
        (&13002.into(), &100.into(), &20.into())
    );
    assert!(report["test_accuracy"].as_f64().unwrap() > 0.5, "{report}");
    assert!(report["validation_accuracy"].as_f64().unwrap() > 0.5 && report["published"] == 0.96, "{report}");
    let answers = folder.json(&["predict", "model", "t10k-images-idx3-ubyte"]);
    let right = answers["answers"].as_array().unwrap().iter().zip(&digits.targets().data()[600..]);
    let right = right.filter(|(answer, class)| answer.as_str() == Some(&class.to_string())).count();
    assert_eq!(right as f64 / 100.0, report["test_accuracy"].as_f64().unwrap());

    // A damaged file is named.
    fs::write(folder.0.join("t10k-images-idx3-ubyte"), b"\0\0\x08\x03damaged").unwrap();
    let output = folder.run(&args);
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.contains("t10k-images-idx3-ubyte"), "{stderr}");
}
