//! `wengert experiment`, as it is called.

use crate::folder::{Folder, text};

/// A share in per cent, as a table has it.
fn percent(value: &serde_json::Value) -> f64 {
    value.as_str().and_then(|text| text.strip_suffix(" %")).and_then(|text| text.parse().ok()).expect("a share")
}

#[test]
fn one_sample_makes_ill_and_the_average_cures() {
    let found = Folder::new("experiment-one-two").json(&["experiment", "one-two"]);
    let rows = found["rows"].as_array().expect("rows");
    let of = |kind: &str| rows.iter().filter(|row| row["learns from"] == kind).collect::<Vec<_>>();
    let (ill, cured) = (of("one 2"), of("all digits"));
    assert!(percent(&ill.last().unwrap()["says 2"]) == 100.0, "{found}");
    assert!(
        percent(&cured.last().unwrap()["says 2"]) < 15.0 && percent(&cured.last().unwrap()["right"]) > 90.0,
        "{found}"
    );
}

#[test]
fn descent_beats_random_search() {
    let found = Folder::new("experiment-search").json(&["experiment", "search"]);
    let last = found["rows"].as_array().expect("rows").last().expect("a row").clone();
    let [guessing, walking, descent] = ["right", "right ", "right  "].map(|column| percent(&last[column]));
    assert!(guessing < walking && walking < descent && descent > 85.0, "{found}");
}

#[test]
fn more_data_and_more_training_read_better() {
    let found = Folder::new("experiment-amount").json(&["experiment", "amount"]);
    let rows = found["rows"].as_array().expect("rows");
    let right: Vec<f64> = rows.iter().map(|row| percent(&row["right"])).collect();
    assert!(right[0] + 10.0 < right[5] && right[6] < right[11], "{found}");
}

#[test]
fn a_neuron_is_described() {
    let output = Folder::new("experiment-neuron").run(&["experiment", "neuron", "3"]);
    let stdout = text(&output.stdout);
    assert_eq!(
        stdout.lines().filter(|line| line.starts_with("  |") && line.chars().count() == 20).count(),
        8,
        "{stdout}"
    );
    assert!(stdout.contains("the 12 digits held out that excite it most: "), "{stdout}");
}

#[test]
fn exclusive_or_succeeds_for_most_seeds() {
    let found = Folder::new("experiment-xor").json(&["experiment", "xor-seeds", "--seeds", "10"]);
    let learned: Vec<i64> =
        found["rows"].as_array().unwrap().iter().map(|row| row["learned"].as_i64().unwrap()).collect();
    assert!(learned[0] <= 10 && learned[1] >= 8, "{found}");
}

#[test]
fn speed_has_a_row_for_each_batch_and_a_figure_for_each_useful_number_of_threads() {
    let found = Folder::new("experiment-speed").json(&["experiment", "speed", "--seconds", "0.001"]);
    let rows = found["rows"].as_array().expect("rows");
    let number = |row: &serde_json::Value, column: &str| row[column].as_u64().unwrap_or(0);
    let batches: Vec<u64> = rows.iter().map(|row| number(row, "batch")).collect();
    assert_eq!(batches, [1, 10, 32, 100, 320, 1000], "{found}");
    let mut useful = Vec::new();
    for row in rows {
        assert!(["one at a time", "matrices", "products"].iter().all(|column| number(row, column) > 0), "{row}");
        assert!(row["× parameters"].as_str().is_some_and(|text| text.parse::<f64>().is_ok()), "{row}");
        let threads = ["1 thread", "2 threads", "3 threads", "8 threads"].map(|column| &row[column]);
        useful.push(threads.iter().filter(|cell| cell.as_u64().is_some_and(|rate| rate > 0)).count());
        let shards = number(row, "shards");
        let rest = threads.iter().skip(useful[useful.len() - 1]);
        rest.for_each(|cell| assert_eq!(**cell, format!("as {shards}"), "{row}"));
    }
    assert_eq!(useful, [1, 1, 2, 4, 4, 4], "{found}");
    let shows = found["shows"].as_str().expect("a text");
    assert!(shows.contains("23820 forward and 24120 backward, 2.01 times the 23860 parameters (2.99 "), "{shows}");
}

#[test]
fn what_is_wrong_is_one_line() {
    Folder::new("experiment-errors").refuses(&[
        (&["experiment", "magic"], "unrecognized subcommand 'magic'"),
        (&["experiment", "neuron", "16"], "16 is not in 0..16"),
        (&["experiment", "neuron", "-1"], "'-1'"),
        (&["experiment", "speed", "--seconds", "0"], "a number above 0 and up to 600 is needed"),
        (&["experiment", "speed", "--seconds", "nan"], "a number above 0 and up to 600 is needed"),
        (&["experiment", "xor-seeds", "--seeds", "0"], "0 is not in 1..=10000"),
        (&["experiment", "search", "--seed", "-1"], "invalid value '-1' for '--seed <N>'"),
    ]);
}
