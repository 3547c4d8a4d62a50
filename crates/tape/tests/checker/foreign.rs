//! Gradients that are not ours: which part is wrong, by how much, and what it looks like.

use wengert_tape::check::{Checker, Report, Verdict};

/// `y = (w₂ · tanh(w₁ x + b))²` for `x = (1, −2)`, two hidden units, and its gradient, of which `fault` changes something.
fn network(p: &[f64], fault: &dyn Fn(&mut [f64])) -> (f64, Vec<f64>) {
    let x = [1.0, -2.0];
    let hidden: Vec<f64> = (0..2).map(|j| (p[2 * j] * x[0] + p[2 * j + 1] * x[1] + p[4 + j]).tanh()).collect();
    let y = p[6] * hidden[0] + p[7] * hidden[1];
    let mut g = vec![0.0; 8];
    for j in 0..2 {
        let by_sum = 2.0 * y * p[6 + j] * (1.0 - hidden[j] * hidden[j]);
        (g[2 * j], g[2 * j + 1], g[4 + j], g[6 + j]) = (by_sum * x[0], by_sum * x[1], by_sum, 2.0 * y * hidden[j]);
    }
    fault(&mut g);
    (y * y, g)
}

fn report(fault: &dyn Fn(&mut [f64])) -> Report {
    let at = [0.3, -0.1, 0.7, 0.4, -0.2, 0.5, 1.1, -0.6];
    let blocks = [("W1", &[2, 2][..]), ("b1", &[2]), ("w2", &[2])];
    Checker::new().blocks(blocks).report_function(|p| network(p, fault), &at).unwrap()
}

#[test]
fn the_part_that_is_wrong_is_named_and_so_are_the_right_ones() {
    let right = report(&|_| {});
    assert_eq!(right.verdict, Verdict::Pass, "{right}");
    assert_eq!(right.elements[3].name, "W1[1, 1]");
    let wrong = report(&|g| g[4..6].iter_mut().for_each(|g| *g *= 2.0));
    let text = wrong.to_string();
    assert!(text.contains("\n  wrong: b1; right: W1, w2\n") && text.contains("b1[0]"), "{text}");
    let verdicts: Vec<(String, Verdict)> = wrong.parts();
    assert_eq!(verdicts, [("W1".into(), Verdict::Pass), ("b1".into(), Verdict::Fail), ("w2".into(), Verdict::Pass)]);
}

#[test]
fn a_small_error_is_said_in_its_size() {
    let text = report(&|g| g[7] *= 1.0 + 1e-5).to_string();
    assert!(text.contains("relative error 1.0e-5: fail") && !text.contains("ratio"), "{text}");
    // As numbers of f32 lose.
    let text = report(&|g| g.iter_mut().for_each(|g| *g = f64::from(*g as f32) * (1.0 + 1e-7))).to_string();
    assert!(text.contains("off by what single precision loses"), "{text}");
    let text = report(&|g| g[0] = f64::NAN).to_string();
    assert!(text.contains("W1[0, 0]") && text.contains("the gradient is NaN"), "{text}");
}

#[test]
fn blocks_of_another_length_are_refused_with_the_numbers() {
    let square = |p: &[f64]| (p[0] * p[0] + p[1], vec![2.0 * p[0], 1.0]);
    let error = Checker::new().blocks([("w", [3])]).report_function(square, &[1.0, 2.0]).unwrap_err().to_string();
    assert!(error.contains("the blocks w[3] have 3 elements together, the point 2"), "{error}");
    let huge = Checker::new().blocks([("w", [usize::MAX]), ("b", [2])]).report_function(square, &[1.0, 2.0]);
    assert!(huge.is_err());
}

#[test]
fn directions_stand_in_the_headline() {
    let checker = Checker::new().sample(2).directions(3);
    let f = |p: &[f64]| (p.iter().map(|x| x * x).sum(), p.iter().map(|x| 2.0 * x).collect());
    let report = checker.report_function(f, &[0.5; 10]).unwrap();
    assert!(report.headline().contains("; directions: 3 pass"), "{}", report.headline());
}
