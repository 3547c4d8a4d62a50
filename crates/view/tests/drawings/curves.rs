//! Pictures of what gradient checks saw.

use wengert_tape::check::{Checker, Report};
use wengert_view::ReportExt;

fn claims(f: fn(f64) -> f64, x: f64, derivative: f64) -> Report {
    Checker::new().report_pair(|x| f(x[0]), |_| vec![derivative], &[x]).expect("a report")
}

#[test]
fn pictures_are_svg_and_say_the_slope() {
    // Each row: what it is, the report, what stands in the picture, and whether there is a line of the slope.
    let table = [
        ("right", claims(f64::exp, 0.5, 0.5_f64.exp()), "slope 2.0", true),
        ("wrong", claims(f64::exp, 0.5, 2.0), "slope 0.0", true),
        ("exact at every step", claims(|x| 2.0 * x, 0.5, 2.0), "no slope: round-off at every step", false),
        ("not finite", claims(|x| (x * x).sqrt(), 0.0, f64::NAN), "no step was measured", false),
    ];
    let mut failures = String::new();
    for (name, report, words, line) in table {
        let picture = report.curve_svg();
        if let Err(error) = roxmltree::Document::parse(&picture) {
            failures += &format!("{name}: {error}\n");
        }
        let drawn = picture.contains("class=\"slope\"");
        if !picture.contains(words) || drawn != line || picture.contains("NaN\"") || picture.contains("inf\"") {
            failures += &format!("{name}: {picture}\n");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn the_same_report_is_the_same_picture() {
    let report = claims(f64::sin, 0.7, 0.7_f64.cos());
    assert_eq!(report.curve_svg(), report.curve_svg());
}
