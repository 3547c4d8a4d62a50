//! Products of vectors, matrices and tensors.

use wengert_tape::prelude::*;

use super::{Row, real};

pub(crate) const TABLE: &[Row] = &[
    ("matmul", |_, x| real(x.real(0).matmul(x.real(1)))),
    ("dot", |_, x| real(x.real(0).dot(x.real(1)))),
    ("outer", |_, x| real(x.real(0).outer(x.real(1)))),
    ("bilinear", |_, x| real(bilinear(&x.real(0), &x.real(1), &x.real(2)))),
    ("einsum", |a, x| {
        let operands: Vec<Var> = (0..x.len()).map(|k| x.real(k)).collect();
        real(einsum(a.text("equation"), &operands.iter().collect::<Vec<_>>()))
    }),
];
