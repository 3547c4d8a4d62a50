//! Factorisations of matrices, and what is computed by them.

use wengert_tape::prelude::*;
use wengert_tape::{Any, Var};

use super::sample::Sample;
use super::{Row, real};

fn all<const N: usize>(y: [Var; N]) -> Vec<Any<Var>> {
    y.into_iter().map(Any::Real).collect()
}

fn triangle(a: &Sample) -> Triangle {
    match a.text("triangle") {
        "lower" => Triangle::Lower,
        "upper" => Triangle::Upper,
        "unit lower" => Triangle::UnitLower,
        _ => Triangle::UnitUpper,
    }
}

pub(crate) const TABLE: &[Row] = &[
    ("inverse", |_, x| real(x.real(0).inverse())),
    ("solve", |_, x| real(x.real(0).solve(x.real(1)))),
    ("det", |_, x| real(x.real(0).det())),
    ("slogdet", |_, x| all(x.real(0).slogdet().into())),
    ("cholesky", |_, x| real(x.real(0).cholesky())),
    ("solve_triangular", |a, x| real(x.real(0).solve_triangular(triangle(a), x.real(1)))),
    ("qr", |_, x| all(x.real(0).qr().into())),
    ("eigh", |_, x| all(x.real(0).eigh().into())),
    ("eigvalsh", |_, x| real(x.real(0).eigvalsh())),
    ("svd", |_, x| all(x.real(0).svd().into())),
    ("svdvals", |_, x| real(x.real(0).svdvals())),
    ("matrix_exp", |_, x| real(x.real(0).matrix_exp())),
];
