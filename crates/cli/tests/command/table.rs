//! `wengert train csv` and `wengert predict`, as they are called.

use std::fs;

use serde_json::Value;

use crate::folder::{Folder, text};

/// The flowers, in the folder of the test.
fn with_flowers(name: &str) -> Folder {
    let folder = Folder::new(name);
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for file in ["iris.csv", "iris-missing.csv"] {
        fs::copy(data.join(file), folder.0.join(file)).expect("the flowers");
    }
    folder
}

/// Whether two lists of outputs are equal but for the rounding of products of other sizes.
fn near(a: &Value, b: &Value) -> bool {
    let numbers = |list: &Value| -> Vec<f64> { list.as_array().unwrap().iter().filter_map(Value::as_f64).collect() };
    let (a, b) = (numbers(a), numbers(b));
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5 * (1.0 + b.abs()))
}

#[test]
fn a_table_that_nobody_prepared_is_learned() {
    let folder = with_flowers("csv-learns");
    let mut wrong = Vec::new();
    for seed in ["1", "2", "3", "4", "5"] {
        let report = folder.json(&["train", "csv", "iris.csv", "--target", "species", "--seed", seed]);
        if report["test_accuracy"].as_f64().unwrap() < 0.93 || report["test_samples"] != 50 {
            wrong.push(report.to_string());
        }
        let missing = ["train", "csv", "iris-missing.csv", "--target", "species", "--impute", "--seed", seed];
        let report = folder.json(&missing);
        if report["test_accuracy"].as_f64().unwrap() < 0.88 {
            wrong.push(report.to_string());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A target with fractions is a quantity: errors in its own unit, and a model whose answers are in it.
#[test]
fn a_column_of_numbers_is_learned() {
    let folder = with_flowers("csv-numbers");
    let report = folder.json(&["train", "csv", "iris.csv", "--target", "petal_width"]);
    let of = |name: &str| report["regression"][name].as_f64().unwrap();
    assert!(of("r_squared") > 0.9 && of("root_mean_squared_error") < 0.25, "{report}");
    assert_eq!(report["test_mean_absolute_error"], report["regression"]["mean_absolute_error"]);
    // R² is 1 − (root / root of the mean)².
    let share = 1.0 - (of("root_mean_squared_error") / of("root_mean_squared_error_of_the_mean")).powi(2);
    assert!((share - of("r_squared")).abs() < 1e-4, "{report}");

    let answers = folder.json(&["predict", "iris.safetensors", "iris.csv"]);
    assert!(answers["mean_absolute_error"].as_f64().unwrap() < 0.2 && answers["accuracy"].is_null(), "{answers}");
    let output = folder.run(&["predict", "iris.safetensors", "iris.csv"]);
    let stdout = text(&output.stdout);
    let widths: Vec<f64> = stdout.lines().skip(1).map(|line| line.parse().expect("a number")).collect();
    assert!(stdout.starts_with("petal_width\n") && widths.len() == 150, "{stdout}");
    assert!((widths[0] - 0.2).abs() < 0.3 && (widths[149] - 1.8).abs() < 0.5, "centimetres: {widths:?}");
    assert!(text(&output.stderr).contains("on average (mean absolute error)"), "{output:?}");

    let folds = folder.json(&["train", "csv", "iris.csv", "--target", "petal_width", "--folds", "3", "--epochs", "20"]);
    assert!(folds["validation_mean_absolute_error"].as_f64().unwrap() < 0.3, "{folds}");
    assert_eq!(folds["fold_errors"].as_array().unwrap().len(), 3);
    // Whole numbers are classes, unless somebody says that they are not.
    let whole = |kind: &[&str]| {
        let rows: String = (0..60).map(|k| format!("{},{}\n", k % 6, k % 6 + 10)).collect();
        fs::write(folder.0.join("whole.csv"), format!("a,b\n{rows}")).unwrap();
        folder.json(&[&["train", "csv", "whole.csv", "--target", "b", "--epochs", "5"], kind].concat())
    };
    assert!(whole(&[])["test_accuracy"].is_number());
    assert!(whole(&["--as", "numbers"])["test_mean_absolute_error"].is_number());
}

/// What was saved answers as it did when it was trained; columns are found by name.
#[test]
fn a_saved_model_is_asked_about_other_tables() {
    let folder = with_flowers("csv-predicts");
    folder.json(&["train", "csv", "iris.csv", "--target", "species", "--seed", "2"]);
    let answers = folder.json(&["predict", "iris.safetensors", "iris.csv"]);
    assert_eq!((&answers["samples"], answers["answers"].as_array().unwrap().len()), (&150.into(), 150));
    assert!(answers["accuracy"].as_f64().unwrap() > 0.93, "{answers}");

    // Another order of columns, one more, and no species.
    let line = "petal_width,note,sepal_length,petal_length,sepal_width\n0.2,mine,5.1,1.4,3.5\n";
    fs::write(folder.0.join("one.csv"), line).unwrap();
    let one = folder.json(&["predict", "iris.safetensors", "one.csv"]);
    assert_eq!((&one["answers"], &one["accuracy"]), (&serde_json::json!(["setosa"]), &Value::Null));
    assert!(near(&one["outputs"][0], &answers["outputs"][0]), "the first flower of the table: {one}");

    let output = folder.run(&["predict", "iris.safetensors", "iris.csv"]);
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("species,share\nsetosa,") && stdout.lines().count() == 151, "{stdout}");
    assert!(text(&output.stderr).ends_with("% of 150 as the file says\n"), "{output:?}");

    // Missing cells are refused by a model that never saw any.
    let output = folder.run(&["predict", "iris.safetensors", "iris-missing.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("line 14, column `petal_width`: the cell is missing"), "{output:?}");
    folder.json(&["train", "csv", "iris-missing.csv", "--target", "species", "--impute", "--save", "m"]);
    assert!(folder.json(&["predict", "m", "iris-missing.csv"])["accuracy"].as_f64().unwrap() > 0.88);
}

/// A column of names is no use for other rows: it is left out, and that is said. Many classes are no table.
#[test]
fn what_the_columns_were_taken_for_is_said() {
    let folder = Folder::new("csv-columns");
    let row = |k: usize| format!("n{k};{};{};c{}\n", k % 40, ["red", "blue"][k % 2], k % 40);
    let rows: String = (0..400).map(row).collect();
    fs::write(folder.0.join("t.csv"), format!("name;leaves;colour;kind\n{rows}")).unwrap();
    let output = folder.run(&["train", "csv", "t.csv", "--target", "kind", "--epochs", "3"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stderr.starts_with("csv: `kind` from 1 columns of numbers; of words `colour` (2 different)\n"), "{stderr}");
    let left = "\ncsv: column `name` is left out: its 400 different words say little about other rows\n";
    assert!(stderr.contains(left), "{stderr}");
    assert!(stdout.starts_with("40 classes, too many for a table; the commonest of "), "{stdout}");
    assert!(stdout.lines().filter(|line| line.contains(" taken for ")).count() <= 10, "{stdout}");
    // The table can be asked about as it is, and without what was left out.
    folder.json(&["predict", "t.safetensors", "t.csv"]);
    fs::write(folder.0.join("one.csv"), "leaves,colour\n3,red\n").unwrap();
    assert_eq!(folder.json(&["predict", "t.safetensors", "one.csv"])["samples"], 1);
}

#[test]
fn digits_and_rows_are_asked_by_place() {
    let folder = Folder::new("predict-places");
    folder.json(&["train", "digits", "--layers", "20", "--epochs", "5"]);
    let digits = wengert::nn::data::digits::<f32>();
    let pixels = |n: usize| {
        let row = digits.inputs().data()[n * 64..][..64].iter().map(|x| x.to_string()).collect::<Vec<_>>();
        row.join(",")
    };
    let labelled: String = (0..20).map(|n| format!("{},{}\n", pixels(n), digits.targets().data()[n])).collect();
    fs::write(folder.0.join("digits.csv"), labelled).unwrap();
    let answers = folder.json(&["predict", "digits.safetensors", "digits.csv"]);
    assert!(answers["accuracy"].as_f64().unwrap() > 0.7, "{answers}");
    fs::write(folder.0.join("digits.csv"), format!("{}\n", pixels(0))).unwrap();
    let one = folder.json(&["predict", "digits.safetensors", "digits.csv"]);
    assert!(one["accuracy"].is_null() && near(&one["outputs"][0], &answers["outputs"][0]), "{one}");

    folder.json(&["train", "xor"]);
    fs::write(folder.0.join("rows.csv"), "0,1\n1,1\n").unwrap();
    let output = folder.run(&["predict", "xor.safetensors", "rows.csv"]);
    let numbers: Vec<f64> = text(&output.stdout).lines().map(|line| line.parse().expect("a number")).collect();
    assert!(numbers.len() == 2 && numbers[0] > 0.9 && numbers[1] < 0.1, "{numbers:?}");
}

#[test]
fn what_is_wrong_is_one_line() {
    let folder = with_flowers("csv-errors");
    folder.json(&["train", "csv", "iris.csv", "--target", "species", "--epochs", "1"]);
    folder.json(&["train", "xor", "--epochs", "1"]);
    let write = |name: &str, content: &[u8]| fs::write(folder.0.join(name), content).unwrap();
    write("empty", b"");
    write("header.csv", b"a,b\n");
    write("same.csv", b"a,b\n1,x\n2,x\n3,x\n");
    write("few.csv", b"a,b\n1,x\n2,y\n");
    write("ragged.csv", b"a,b\n1,x\n2\n");
    write("one.csv", b"b\nx\ny\n");
    write("text.csv", b"a,x\nb,y\n");
    write("bytes.csv", b"a,b\n\xff\xfe,1\n");
    write("three.csv", b"1,2,3,4\n");
    write("real.csv", b"a,b\n1,0.5\n2,0.25\n");
    let many = |cell: &dyn Fn(usize) -> String| -> String { (0..30).map(|k| format!("{},{k}\n", cell(k))).collect() };
    write("odd.csv", format!("a,b\n{}", many(&|k| if k == 5 { "inf".into() } else { k.to_string() })).as_bytes());
    write("kinds.csv", format!("a,b\n{}", many(&|k| format!("kind {k}"))).as_bytes());
    write("beyond.csv", b"a,b\n1,x\n1e300,y\n2,x\n");
    write("target.csv", b"a,b\n1,x\n2,\n3,y\n");
    let table: &[(&[&str], &str)] = &[
        (&["train", "csv", "odd.csv", "--target", "b"], "odd.csv: line 7, column `a`: `inf` is no number"),
        (&["train", "csv", "odd.csv", "--target", "a", "--as", "numbers"], "line 7, column `a`: `inf` is no number"),
        (
            &["train", "csv", "kinds.csv", "--target", "a"],
            "kinds.csv: column `a` has 30 different values in 30 rows, too many to be told apart as classes",
        ),
        (
            &["train", "csv", "kinds.csv", "--target", "b"],
            "kinds.csv: there is no column to learn from: `a` has 30 different words",
        ),
        (
            &["train", "csv", "beyond.csv", "--target", "b"],
            "beyond.csv: line 3, column `a`: 1e300 is beyond the largest number of type f32",
        ),
        (&["train", "csv", "target.csv", "--target", "b"], "line 3, column `b`: the cell is missing (``)\n"),
        (
            &["train", "csv", "target.csv", "--target", "b", "--impute"],
            "line 3, column `b`: the cell is missing (``)\n",
        ),
        (
            &["train", "csv", "iris-missing.csv", "--target", "species"],
            "iris-missing.csv: line 14, column `petal_width`: the cell is missing (``); --impute puts",
        ),
        (
            &["train", "csv", "iris.csv", "--target", "kind"],
            "iris.csv: there is no column `kind`; there are `sepal_length`",
        ),
        (
            &["train", "csv", "iris.csv"],
            "the following required arguments were not provided: --target <COLUMN>; see wengert train csv --help",
        ),
        (&["train", "csv", "none.csv", "--target", "a"], "none.csv: No such file"),
        (&["train", "csv", ".", "--target", "a"], ".: "),
        (&["train", "csv", "empty", "--target", "a"], "empty: there are no rows"),
        (&["train", "csv", "header.csv", "--target", "a"], "header.csv: there are no rows"),
        (
            &["train", "csv", "same.csv", "--target", "b"],
            "same.csv: column `b` is the same in every row; there is nothing to learn",
        ),
        (
            &["train", "csv", "few.csv", "--target", "b", "--seed", "1"],
            "few.csv: 2 rows are too few to hold a third of each class out",
        ),
        (&["train", "csv", "ragged.csv", "--target", "b"], "ragged.csv: "),
        (&["train", "csv", "one.csv", "--target", "b"], "one.csv: there is no column for inputs"),
        (&["train", "csv", "bytes.csv", "--target", "b"], "bytes.csv: "),
        (&["train", "csv", "real.csv", "--target", "b"], "real.csv: 2 rows are too few to hold a third out"),
        (
            &["train", "csv", "real.csv", "--target", "b", "--as", "classes"],
            "real.csv: column `b` holds the number 0.5, which is no class",
        ),
        (
            &["train", "csv", "iris.csv", "--target", "species", "--as", "numbers"],
            "iris.csv: column `species` does not hold numbers",
        ),
        (
            &["train", "csv", "iris.csv", "--target", "petal_width", "--prepare", "whiten"],
            "--prepare whiten looks at classes, and the target is numbers",
        ),
        (&["train", "csv", "iris.csv", "--target", "species", "--decay", "-1"], "give a number from 0"),
        (
            &["train", "csv", "iris.csv", "--target", "species", "--layers", "pool"],
            "pool cannot stand here: it needs an image",
        ),
        (&["predict", "none", "iris.csv"], "none: No such file"),
        (&["predict", "iris.csv", "iris.csv"], "iris.csv: not a whole safetensors file"),
        (&["predict", "empty", "iris.csv"], "empty: not a whole safetensors file"),
        (&["predict", "iris.safetensors", "none.csv"], "none.csv: No such file"),
        (&["predict", "iris.safetensors", "empty"], "empty: there are no rows"),
        (
            &["predict", "iris.safetensors", "same.csv"],
            "same.csv: there is no column `sepal_length`; there are `a`, `b`",
        ),
        (
            &["predict", "xor.safetensors", "three.csv"],
            "three.csv: 4 numbers in a line; the model wants 2, or one more",
        ),
        (&["predict", "xor.safetensors", "text.csv"], "text.csv: column 1 holds words; the model wants numbers"),
        (&["predict", "xor.safetensors", "none.png"], "none.png: "),
        (
            &["predict", "xor.safetensors"],
            "the following required arguments were not provided: <FILE>; see wengert predict --help",
        ),
    ];
    folder.refuses(table);
}

/// A quantity in a unit so large or small that its squares are no numbers of an `f32`.
#[test]
fn a_quantity_may_have_any_unit() {
    let folder = Folder::new("csv-units");
    for unit in ["e-30", "e-20", "", "e20", "e30"] {
        let rows: String = (0..30).map(|k| format!("{k},{}.5{unit}\n", k + 1)).collect();
        fs::write(folder.0.join("units.csv"), format!("a,b\n{rows}")).expect("a table");
        let report = folder.json(&["train", "csv", "units.csv", "--target", "b"]);
        let share = report["regression"]["r_squared"].as_f64();
        assert!(share.is_some_and(|share| share > 0.9), "{unit}: {report}");
    }
}
