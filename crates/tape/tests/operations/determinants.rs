//! The determinant is a polynomial: its value and its derivatives of first and second order exist at any rank.

use std::fmt::Write;

use wengert_tape::check::{Checker, Verdict};
use wengert_tape::prelude::*;

/// The determinant of what is left of a matrix without some rows and columns: by the first row (Laplace).
fn minor(a: &[Vec<f64>], rows: &[usize], columns: &[usize]) -> f64 {
    let kept = |n: usize, without: &[usize]| (0..n).filter(|k| !without.contains(k)).collect::<Vec<_>>();
    let (rows, columns) = (kept(a.len(), rows), kept(a.len(), columns));
    laplace(a, &rows, &columns)
}

fn laplace(a: &[Vec<f64>], rows: &[usize], columns: &[usize]) -> f64 {
    let Some((first, below)) = rows.split_first() else { return 1.0 };
    let term = |(k, column): (usize, &usize)| {
        let others: Vec<usize> = columns.iter().copied().filter(|c| c != column).collect();
        (if k % 2 == 0 { 1.0 } else { -1.0 }) * a[*first][*column] * laplace(a, below, &others)
    };
    columns.iter().enumerate().map(term).sum()
}

/// ∂ det/∂a[i, j]
fn first(a: &[Vec<f64>], i: usize, j: usize) -> f64 {
    (if (i + j).is_multiple_of(2) { 1.0 } else { -1.0 }) * minor(a, &[i], &[j])
}

/// ∂² det/∂a[i, j] ∂a[k, l]
fn second(a: &[Vec<f64>], (i, j): (usize, usize), (k, l): (usize, usize)) -> f64 {
    if i == k || j == l {
        return 0.0;
    }
    let odd = (i + j + k + l) % 2 == 1;
    let crossed = (i < k) != (j < l);
    (if odd != crossed { -1.0 } else { 1.0 }) * minor(a, &[i, k], &[j, l])
}

fn tensor(a: &[Vec<f64>]) -> Tensor {
    Tensor::new([a.len(), a.len()], a.concat())
}

/// Matrices of every rank, their numbers small and whole, so that what they have is known exactly.
fn matrices() -> Vec<(&'static str, Vec<Vec<f64>>)> {
    let outer = |n: usize| (1..=n).map(|i| (1..=n).map(|j| (i * j) as f64).collect()).collect();
    vec![
        ("regular", vec![vec![2.0, 1.0, 0.0], vec![-1.0, 3.0, 1.0], vec![4.0, 0.0, 1.0]]),
        ("rank 2 of 3", vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0], vec![7.0, 8.0, 9.0]]),
        ("rank 1 of 3", outer(3)),
        ("diag(1, 0, 0)", vec![vec![1.0, 0.0, 0.0], vec![0.0; 3], vec![0.0; 3]]),
        ("zeros", vec![vec![0.0; 3]; 3]),
        ("ones of 4", vec![vec![1.0; 4]; 4]),
        ("rank 1 of 5", outer(5)),
        ("a column of zeros", vec![vec![1.0, 0.0, 2.0], vec![3.0, 0.0, -1.0], vec![2.0, 0.0, 5.0]]),
        ("a row twice", vec![vec![1.0, 2.0], vec![1.0, 2.0]]),
        (
            "rank 3 of 4",
            vec![
                vec![2.0, 0.0, 1.0, 3.0],
                vec![0.0, 1.0, 1.0, 2.0],
                vec![2.0, 1.0, 2.0, 5.0],
                vec![1.0, 1.0, 0.0, 4.0],
            ],
        ),
        ("rank 2 of 4", (0..4).map(|i| (0..4).map(|j| f64::from(i + 2 * j + 1)).collect()).collect()),
        ("one number", vec![vec![0.0]]),
    ]
}

fn close(found: f64, expected: f64, size: f64) -> bool {
    (found - expected).abs() <= 4e-14 * (1.0 + size)
}

#[test]
fn values_and_derivatives_are_those_of_the_polynomial() {
    let mut failures = String::new();
    for (name, a) in matrices() {
        let (n, x) = (a.len(), tensor(&a));
        let all = || (0..n).flat_map(move |i| (0..n).map(move |j| (i, j)));
        let size = a.concat().iter().map(|x| x * x).sum::<f64>().sqrt().powi(n as i32);
        let mut expect = |what: &str, found: f64, expected: f64| {
            if !close(found, expected, size) {
                writeln!(failures, "{name}, {what}: {found} instead of {expected}").unwrap();
            }
        };
        let kept: Vec<usize> = (0..n).collect();
        let det = laplace(&a, &kept, &kept);
        expect("det", x.det().item(), det);
        let gradient = grad(|a: Var| a.det(), &x).unwrap();
        let h = hessian(|a: Var| a.det(), &x).unwrap();
        let ones = hvp(|a: Var| a.det(), &x, &Tensor::ones([n, n])).unwrap();
        let tape = Tape::new();
        let leaf = tape.var(x.clone());
        let recorded = leaf.det().backward_recorded()[leaf];
        for (i, j) in all() {
            expect("∂", gradient[[i, j]], first(&a, i, j));
            let along: f64 = all().map(|other| second(&a, (i, j), other)).sum();
            expect("hvp along ones", ones[[i, j]], along);
            let twice = if n > 1 {
                recorded.slice(0, i..i + 1).slice(1, j..j + 1).sum().backward()[leaf].clone()
            } else {
                Tensor::zeros([1, 1])
            };
            for (k, l) in all() {
                let expected = second(&a, (i, j), (k, l));
                expect("∂², forward over reverse", h[[i, j, k, l]], expected);
                expect("∂², reverse over reverse", twice[[k, l]], expected);
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn what_the_issue_says() {
    let a = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]);
    let h = hessian(|a: Var| a.det(), &a).unwrap();
    assert!((h[[0, 0, 1, 1]] - 9.0).abs() < 1e-13, "{}", h[[0, 0, 1, 1]]);
    let along = hvp(|a: Var| a.det(), &a, &Tensor::ones([3, 3])).unwrap();
    assert!(along.data().iter().all(|x| x.abs() < 1e-13), "{along}");
    for singular in [Tensor::from([[1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]]), Tensor::zeros([3, 3]), Tensor::ones([4, 4])] {
        assert_eq!(singular.det().item(), 0.0);
        assert_eq!(singular.cast::<f32>().det().item(), 0.0);
        let (sign, log) = singular.slogdet();
        assert_eq!((sign.item(), log.item()), (0.0, f64::NEG_INFINITY));
    }
    let tiny = Tensor::from([[1e200, 0.0, 0.0], [0.0, 1e200, 0.0], [0.0, 0.0, 1e-300]]);
    assert!((tiny.det().item() / 1e100 - 1.0_f64).abs() < 1e-12, "{}", tiny.det());
    assert!(Tensor::from([[f64::NAN, 0.0], [0.0, 1.0]]).det().item().is_nan());
}

/// The checker has nothing to say against them, at second order and at singular matrices.
#[test]
fn the_checker_agrees_at_any_rank() {
    for (name, a) in matrices().into_iter().filter(|(_, a)| a.len() > 1) {
        let f = |a: Var| (a.det() * 0.3 + 1.0).sin();
        for order in [1, 2] {
            let report = Checker::new().order(order).report(f, tensor(&a)).unwrap();
            assert!(report.verdict != Verdict::Fail, "{name}: {report}");
        }
    }
}
