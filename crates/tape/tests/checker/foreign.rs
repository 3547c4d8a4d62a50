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

/// A network of `inputs · hidden + 2 hidden` parameters with tanh on some samples, its mean square error and gradient by
/// hand; `fault` changes something of it.
fn wide(inputs: usize, hidden: usize, p: &[f64], fault: &dyn Fn(&mut [f64])) -> (f64, Vec<f64>) {
    const SAMPLES: usize = 8;
    let number = |k: usize| ((k * k + 3 * k) as f64 * 0.7).sin();
    let (w1, rest) = p.split_at(inputs * hidden);
    let (b1, w2) = rest.split_at(hidden);
    let (mut loss, mut g) = (0.0, vec![0.0; p.len()]);
    for n in 0..SAMPLES {
        let x: Vec<f64> = (0..inputs).map(|i| 1.5 * number(n * inputs + i)).collect();
        let sums = (0..hidden).map(|j| b1[j] + x.iter().zip(&w1[j * inputs..]).map(|(x, w)| x * w).sum::<f64>());
        let a: Vec<f64> = sums.map(f64::tanh).collect();
        let error = a.iter().zip(w2).map(|(a, w)| a * w).sum::<f64>() - number(1000 + n);
        loss += error * error / SAMPLES as f64;
        for j in 0..hidden {
            let d = 2.0 * error / SAMPLES as f64;
            let by_sum = d * w2[j] * (1.0 - a[j] * a[j]);
            g[inputs * hidden + hidden + j] += d * a[j];
            g[inputs * hidden + j] += by_sum;
            x.iter().zip(&mut g[j * inputs..]).for_each(|(x, g)| *g += by_sum * x);
        }
    }
    fault(&mut g);
    (loss, g)
}

/// What the report of a network of 2,520 parameters says, of which a sample is measured, and what of one of 100,000 on request.
fn of_wide(fault: &dyn Fn(&mut [f64])) -> Vec<Report> {
    let sizes: &[(usize, usize)] = match std::env::var_os("WENGERT_LARGE") {
        Some(_) => &[(40, 60), (500, 199)],
        None => &[(40, 60)],
    };
    let at = |n: usize| -> Vec<f64> { (0..n).map(|k| 0.1 * ((k * k) as f64 * 1.3 + 0.2).sin()).collect() };
    let report = |(inputs, hidden): &(usize, usize)| {
        let p = at(inputs * hidden + 2 * hidden);
        Checker::new().report_function(|p| wide(*inputs, *hidden, p, fault), &p).unwrap()
    };
    sizes.iter().map(report).collect()
}

/// Of many right derivatives some are small by chance.
#[test]
fn a_right_gradient_of_many_parameters_passes_for_all_its_small_parts() {
    for report in of_wide(&|_| {}) {
        assert_eq!(report.verdict, Verdict::Pass, "{report}");
        assert_eq!(report.elements.len(), 500);
        let sizes = || report.elements.iter().map(|e| e.analytic.abs());
        let (least, most) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        assert!(least < 1e-4 * most, "none is small: {least} beside {most}");
    }
}

/// And no fault hides among them: not in a small one, not in one that is not measured by itself.
#[test]
fn a_wrong_gradient_of_many_parameters_fails() {
    type Fault = fn(&mut [f64]);
    let faults: [(&str, Fault); 4] = [
        ("all small ones", |g| g.iter_mut().filter(|g| g.abs() < 1e-4).for_each(|g| *g *= 1.5)),
        ("all, by a hundred-thousandth", |g| g.iter_mut().for_each(|g| *g *= 1.0 + 1e-5)),
        ("a constant is added", |g| g.iter_mut().for_each(|g| *g += 1e-6)),
        ("one in seven has the other sign", |g| g.iter_mut().step_by(7).for_each(|g| *g = -*g)),
    ];
    for (name, fault) in faults {
        for report in of_wide(&fault) {
            assert_eq!(report.verdict, Verdict::Fail, "{name}: {report}");
        }
    }
}

/// `sin x + c sin y`: how small `c` may be for the derivative by `y` to be told, why it is not, and what `smooth` changes.
#[test]
fn where_a_weak_kink_is_all_that_is_not_excluded_smooth_says_that_there_is_none() {
    let mut helped = 0;
    for power in 3..13 {
        let c = 10f64.powi(-power);
        let f = |by: f64| move |p: &[f64]| (p[0].sin() + c * p[1].sin(), vec![p[0].cos(), by * c * p[1].cos()]);
        let (unsure, told) = (Checker::new(), Checker::new().smooth());
        let [before, after] = [&unsure, &told].map(|c| c.report_function(f(1.0), &[0.7, 0.4]).unwrap());
        assert!(before.elements[0].verdict == Verdict::Pass, "{before}");
        match (before.elements[1].verdict, before.elements[1].unseen) {
            (Verdict::CannotTell, Some(jump)) => {
                helped += 1;
                assert!(jump > 0.0 && before.to_string().contains("hides here: `Checker::smooth`"), "{before}");
                assert_eq!(after.verdict, Verdict::Pass, "{after}");
            }
            (verdict, unseen) => assert_eq!((verdict, unseen), (after.verdict, None), "{before}\n{after}"),
        }
        for checker in [unsure, told] {
            let wrong = checker.report_function(f(2.0), &[0.7, 0.4]).unwrap();
            assert_ne!(wrong.elements[1].verdict, Verdict::Pass, "{wrong}");
        }
    }
    assert!(helped > 0, "no row has a derivative that only a weak kink leaves open");
    // What is seen is seen.
    let kinked = Checker::new().smooth().report_function(|p| (p[0].abs(), vec![0.0]), &[0.0]).unwrap();
    assert_eq!(kinked.verdict, Verdict::Kink);
}
