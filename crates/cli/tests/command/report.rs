//! `train … --report`: one page of a training.

use std::fs;

use crate::folder::{Folder, text};

/// The page of a training, which must stand alone.
fn page(folder: &Folder, args: &[&str], code: i32) -> String {
    let output = folder.run(&[&["train"], args, &["--report", "page.html"]].concat());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let page = fs::read_to_string(folder.0.join("page.html")).unwrap();
    for outside in ["src=", "href=", "url(", "<script", "@import", "http-equiv"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    page
}

/// The headings of a page.
fn headings(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).map(|rest| rest.split("</h2>").next().unwrap()).collect()
}

#[test]
fn a_training_is_one_page() {
    let folder = Folder::new("report-xor");
    let found = page(&folder, &["xor", "--seed", "3"], 0);
    let expected = [
        "Result",
        "Course",
        "Boundary",
        "Weights of the first layer",
        "Activation",
        "Layers",
        "Time and memory",
        "What looks wrong",
    ];
    assert_eq!(headings(&found), expected);
    for words in [
        "wengert train xor --seed 3 --report page.html",
        "<dt>machine</dt>",
        "<dt>seed</dt><dd>3</dd>",
        "test accuracy  100.00 %",
        "2 → 8 → 1, tanh, 33 parameters",
        "linear(inputs=2, outputs=8, bias=true)",
        ">before</text>",
        "class=\"boundary\"",
        "tanh(x)",
        "layer 0",
    ] {
        assert!(found.contains(words), "{words}");
    }
    // 500 epochs are 500 points of the loss.
    let curve = found.split("<polyline").nth(1).and_then(|rest| rest.split("points=\"").nth(1)).unwrap();
    assert_eq!(curve.split('"').next().unwrap().split(' ').count(), 500);
}

#[test]
fn images_that_were_mistaken_are_shown() {
    let folder = Folder::new("report-digits");
    let args = ["digits", "--layers", "30", "--epochs", "2"];
    let found = page(&folder, &args, 0);
    assert!(headings(&found).contains(&"Confusion") && headings(&found).contains(&"Mistakes"));
    let report = folder.json(&[&["train"], &args[..]].concat());
    let counts: Vec<Vec<usize>> = serde_json::from_value(report["confusion"]["counts"].clone()).unwrap();
    let wrong: usize = (0..10).map(|k| counts[k].iter().sum::<usize>() - counts[k][k]).sum();
    assert!(found.contains(&format!("{wrong} of {} were taken", report["test_samples"])), "{wrong}");
    assert_eq!(found.matches(", said ").count(), wrong.min(40));
    // 30 neurons with 64 weights each, before and after
    let weights = found.split("Weights of the first layer").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(weights.matches(">29</text>").count(), 2);
}

#[test]
fn a_table_of_numbers_has_a_page_too() {
    let folder = Folder::new("report-table");
    let rows: String = (0..60).map(|k| format!("{k}.5,{}.5\n", 2 * k)).collect();
    fs::write(folder.0.join("t.csv"), format!("x,y\n{rows}")).unwrap();
    let found = page(&folder, &["csv", "t.csv", "--target", "y", "--epochs", "30"], 0);
    assert!(!headings(&found).contains(&"Confusion") && headings(&found).contains(&"Layers"), "{:?}", headings(&found));
}

#[test]
fn a_training_that_broke_says_why_on_its_page() {
    let found = page(&Folder::new("report-broke"), &["xor", "--rate", "500"], 1);
    assert!(
        found.contains("the loss is 0.5000 since epoch")
            && found.contains("<li>sigmoid %14 in layer 3: 1 of 1 units are saturated")
    );
}

/// The page is there while training goes on, reloads itself then, and no longer at the end, however that comes.
#[test]
fn a_page_is_live_until_the_training_ends() {
    let folder = Folder::new("report-live");
    let found = page(&folder, &["xor", "--live"], 0);
    assert!(found.contains("Weights of the first layer"));
    let rows: String = (0..60).map(|k| format!("{k},{}.5\n", k * k)).collect();
    fs::write(folder.0.join("t.csv"), format!("x,y\n{rows}")).unwrap();
    let far =
        ["csv", "t.csv", "--target", "y", "--optimiser", "sgd", "--rate", "1e30", "--activation", "relu", "--live"];
    let found = page(&folder, &far, 2);
    assert!(found.contains("It ended early: ") && found.contains("a smaller --rate than 1e30 may help"), "{found}");
}

#[test]
fn where_there_can_be_no_page_it_is_said() {
    Folder::new("report-refused").refuses(&[
        (
            &["train", "digits", "--folds", "2", "--report", "p"],
            "--folds 2: nothing is written then; leave --report out",
        ),
        (&["train", "xor", "--report", "p", "--save", "p"], "--save and --report are both p; give two files"),
        (&["train", "xor", "--report", "nowhere/p"], "nowhere"),
        (&["train", "xor", "--live"], "--report"),
    ]);
    let folder = Folder::new("report-written");
    let output = folder.run(&["train", "xor", "--epochs", "3", "--report", "p"]);
    assert!(output.status.success() && !text(&output.stdout).contains("<html"), "{output:?}");
}
