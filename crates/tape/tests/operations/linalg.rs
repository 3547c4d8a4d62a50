//! What factorisations give, and what they reject: singular matrices, values that repeat, empty batches.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::prelude::*;

fn numbers(shape: &[usize], seed: f64) -> Tensor {
    let n = shape.iter().product();
    Tensor::new(shape, (0..n).map(|i| (1.3 * i as f64 * (1.0 + 0.01 * seed) + seed).sin()).collect())
}

/// The largest difference of two tensors of one shape, relative to the largest element.
fn distance(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.shape(), b.shape());
    let largest = b.data().iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    a.data().iter().zip(b.data()).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs())) / largest
}

fn eye(batch: &[usize], n: usize) -> Tensor {
    Tensor::<f64>::eye(n).broadcast_to([batch, &[n, n]].concat())
}

const SIZES: &[(&[usize], usize)] = &[(&[], 1), (&[], 2), (&[3], 4), (&[2, 2], 3), (&[], 40), (&[0], 3), (&[2], 0)];

#[test]
fn factors_multiply_to_the_matrix() {
    let mut failures = String::new();
    let mut check = |what: &str, size: (&[usize], usize, usize), found: &Tensor, expected: &Tensor| {
        if !(distance(found, expected) < 1e-12) {
            writeln!(failures, "{what} of {size:?}: {}", distance(found, expected)).unwrap();
        }
    };
    for (batch, n) in SIZES {
        let square = [*batch, &[*n, *n]].concat();
        let a = numbers(&square, 0.4) + eye(batch, *n) * 3.0;
        let s = (*batch, *n, *n);
        check("inverse", s, &a.matmul(a.inverse()), &eye(batch, *n));
        let b = numbers(&[*batch, &[*n, 2]].concat(), 0.7);
        check("solve", s, &a.matmul(a.solve(&b)), &b);
        check("solve_triangular", s, &a.tril(0).matmul(a.solve_triangular(Triangle::Lower, &b)), &b);
        check("solve_triangular", s, &a.triu(0).matmul(a.solve_triangular(Triangle::Upper, &b)), &b);
        let positive = a.matmul(a.t()) + eye(batch, *n);
        let l = positive.cholesky();
        check("cholesky", s, &l.matmul(l.t()), &positive);
        check("cholesky", s, &l.tril(0), &l);
        let (w, v) = positive.eigh();
        let columns = |w: &Tensor| w.reshape([*batch, &[1, *n]].concat());
        check("eigh", s, &(&v * columns(&w)).matmul(v.t()), &positive);
        check("eigh", s, &v.t().matmul(&v), &eye(batch, *n));
        check("eigh: ascending", s, &w.sort_ascending(), &w);
        let (sign, log) = a.slogdet();
        check("slogdet", s, &(sign * log.exp() / a.det()), &Tensor::ones(*batch));
        check("matrix_exp", s, &a.matrix_exp().matmul((-&a).matrix_exp()), &eye(batch, *n));
        for (m, n) in [(*n, *n), (*n + 2, *n), (*n, *n + 1)] {
            let (a, k) = (numbers(&[*batch, &[m, n]].concat(), 0.3), m.min(n));
            let (u, s, vt) = a.svd();
            let size = (*batch, m, n);
            check("svd", size, &(&u * s.reshape([*batch, &[1, k]].concat())).matmul(&vt), &a);
            check("svd: u", size, &u.t().matmul(&u), &eye(batch, k));
            check("svd: v", size, &vt.matmul(vt.t()), &eye(batch, k));
            let (q, r) = a.qr();
            check("qr", size, &q.matmul(&r), &a);
            check("qr: q", size, &q.t().matmul(&q), &eye(batch, k));
            check("qr: r", size, &r.triu(0), &r);
            check("qr: the diagonal", size, &r.diagonal(0), &r.diagonal(0).abs());
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

trait Sorted {
    fn sort_ascending(&self) -> Self;
}
impl Sorted for Tensor {
    /// Each row in ascending order.
    fn sort_ascending(&self) -> Self {
        let n = self.shape().last().copied().unwrap_or(1).max(1);
        let mut data = self.to_vec();
        data.chunks_exact_mut(n).for_each(|row| row.sort_by(f64::total_cmp));
        Tensor::new(self.shape(), data)
    }
}

/// The exponential of matrices that have a formula, and of a large norm.
#[test]
fn exponentials_by_formula() {
    for angle in [1e-9, 0.01, 0.3, 1.0, 3.0, 20.0] {
        let (sin, cos) = f64::sin_cos(angle);
        let found = (Tensor::from([[0.0, -1.0], [1.0, 0.0]]) * angle).matrix_exp();
        assert!(distance(&found, &Tensor::from([[cos, -sin], [sin, cos]])) < 1e-13, "{angle}: {found}");
        let found = Tensor::from([[angle, angle], [0.0, angle]]).matrix_exp();
        let expected = Tensor::from([[1.0, angle], [0.0, 1.0]]) * angle.exp();
        assert!(distance(&found, &expected) < 1e-13, "{angle}: {found}");
    }
    assert!(Tensor::from([[f64::NAN, 0.0], [0.0, 1.0]]).matrix_exp().data().iter().all(|x| x.is_nan()));
}

/// The message of a panic.
fn message<T>(f: impl FnOnce() -> T) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else { return "none".into() };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

/// The message with which the gradient of a function is refused.
fn refused(f: impl Fn(Var) -> Var, at: &Tensor) -> String {
    message(|| grad(&f, at).map_err(|e| panic!("{e}")))
}

#[test]
fn what_has_no_factor_is_rejected_by_name() {
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let batch = concat(&[&eye(&[1], 2), &singular.reshape([1, 2, 2])], 0);
    let b = Tensor::<f64>::ones([2]);
    let wide = Tensor::<f64>::ones([2, 3]);
    let nan = Tensor::from([[f64::NAN, 0.0], [0.0, 1.0]]);
    let table: &[(String, &str)] = &[
        (message(|| singular.inverse()), "inverse: the matrix is singular: pivot 1 is 0"),
        (message(|| batch.solve(&b)), "solve: matrix 1 of the batch [2, 2, 2] is singular: pivot 1 is 0"),
        (
            message(|| Tensor::from([[1.0, 2.0], [0.0, 0.0]]).solve_triangular(Triangle::Upper, &b)),
            "solve_triangular: the matrix is singular: element [1, 1] is 0",
        ),
        (
            message(|| Tensor::from([[1.0, 2.0], [2.0, 1.0]]).cholesky()),
            "cholesky: the matrix is not positive definite: pivot 1 is not positive",
        ),
        (message(|| nan.eigh()), "eigh: the iteration does not converge; is there a NaN or an infinity?"),
        (message(|| nan.svd()), "svd: the iteration does not converge; is there a NaN or an infinity?"),
        (message(|| wide.inverse()), "inverse: square matrices are needed, not [2, 3]"),
        (message(|| wide.det()), "det: square matrices are needed, not [2, 3]"),
        (message(|| wide.slogdet()), "slogdet: square matrices are needed, not [2, 3]"),
        (message(|| wide.cholesky()), "cholesky: square matrices are needed, not [2, 3]"),
        (message(|| wide.eigh()), "eigh: square matrices are needed, not [2, 3]"),
        (message(|| wide.matrix_exp()), "matrix_exp: square matrices are needed, not [2, 3]"),
        (message(|| b.svd()), "svd: matrices are needed, not a tensor of shape [2]"),
        (message(|| b.qr()), "qr: matrices are needed, not a tensor of shape [2]"),
        (message(|| wide.solve(&b)), "solve: square matrices are needed, not [2, 3]"),
        (
            message(|| singular.solve(Tensor::<f64>::ones([3]))),
            "solve: 2 equations, 3 right-hand sides: [2, 2] and [3, 1]",
        ),
        (
            message(|| batch.solve(Tensor::<f64>::ones([3, 2, 1]))),
            "solve: batches do not broadcast: [2, 2, 2] and [3, 2, 1]",
        ),
    ];
    let wrong: Vec<_> = table.iter().filter(|(found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn where_no_derivative_exists_there_is_an_error_and_not_nan() {
    let repeated = Tensor::from([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 5.0]]);
    // Two equal eigenvalues that rounding makes differ.
    let nearly = Tensor::from([[2.0, 1.0, 1.0], [1.0, 2.0, 1.0], [1.0, 1.0, 2.0]]);
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let dependent = Tensor::from([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]);
    let low = Tensor::from([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]);
    let first = |x: Var| (x.slice(-1, 0..1) * 1.5).sum();
    let table: &[(String, &str)] = &[
        (
            refused(|a| first(a.eigh().1), &repeated),
            "eigh: eigenvalues 0 and 1 are equal to rounding (2); no derivative there",
        ),
        (
            refused(|a| first(a.svd().0), &repeated),
            "svd: singular values 1 and 2 are equal to rounding (2); no derivative there",
        ),
        (refused(|a| first(a.svd().0), &low), "svd: singular value 1 is 0 to rounding (0e0); no derivative there"),
        (refused(|a| a.slogdet().1, &singular), "inverse: the matrix is singular: pivot 1 is 0"),
    ];
    let wrong: Vec<_> = table.iter().filter(|(found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let rounding = [refused(|a| first(a.eigh().1), &nearly), refused(|a| first(a.qr().0), &dependent)];
    assert!(rounding[0].starts_with("eigh: eigenvalues 0 and 1 are equal to rounding ("), "{rounding:?}");
    assert!(rounding[1].starts_with("qr: diagonal element 1 is 0 to rounding ("), "{rounding:?}");
}

/// What is symmetric in values that repeat has a derivative there.
#[test]
fn values_that_repeat_have_derivatives() {
    let a = Tensor::from([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 5.0]]);
    // Σ w² = tr(a²), whose derivative is 2a.
    assert!(distance(&grad(|a: Var| a.eigvalsh().powi(2).sum(), &a).unwrap(), &(&a * 2.0)) < 1e-14);
    // Σ s² = Σ a²
    assert!(distance(&grad(|a: Var| a.svdvals().powi(2).sum(), &a).unwrap(), &(&a * 2.0)) < 1e-14);
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let cofactors = grad(|a: Var| a.det(), &singular).unwrap();
    assert!(distance(&cofactors, &Tensor::from([[4.0, -2.0], [-2.0, 1.0]])) < 1e-14);
}

/// The same factors, whichever was asked for first, and after another matrix.
#[test]
fn what_is_remembered_is_of_this_matrix() {
    let mut a = numbers(&[3, 3], 0.1);
    let before = a.svdvals();
    let kept = a.clone();
    a.data_mut()[4] += 1.0;
    assert_ne!(a.svdvals(), before);
    assert_eq!(kept.svdvals(), before);
    let (w, wt) = (a.det(), a.t().det());
    assert!((w - wt).item().abs() < 1e-14);
    let (u, ut) = (a.svd().0, a.t().svd().0);
    assert!(distance(&u, &ut) > 1e-3);
}

#[test]
fn what_a_rule_refuses_is_returned_where_errors_are() {
    let equal = Tensor::<f64>::eye(2);
    let left = |a: Var| a.svd().0.sum();
    assert!(matches!(grad(left, &equal), Err(Error::NoDerivative { .. })));
    assert!(matches!(jvp(|a| a.eigh().1, &equal, &equal), Err(Error::NoDerivative { .. })));
    let tape = Tape::new();
    let a = tape.var(equal);
    assert!(matches!(left(a).try_backward(), Err(Error::NoDerivative { .. })));
    assert!(matches!(left(a).try_backward_recorded(), Err(Error::NoDerivative { .. })));
    // The tape is whole, and goes on.
    assert_eq!((a * 2.0).sum().backward()[a].data(), [2.0; 4]);
    // What asks for no error panics with it, at its own line.
    let message = *catch_unwind(AssertUnwindSafe(|| left(a).backward())).unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("svd: singular values"), "{message}");
}
