//! Reductions over axes, cumulative operations and sorting.

use wengert_tape::Any;
use wengert_tape::prelude::*;

use super::{Row, index, mask, real};

pub(crate) const TABLE: &[Row] = &[
    ("all", |a, x| {
        let (x, axes) = (x.mask(0), a.integers("axes"));
        mask(if a.flag("keep") { x.all_keeping(&axes[..]) } else { x.all_over(&axes[..]) })
    }),
    ("any", |a, x| {
        let (x, axes) = (x.mask(0), a.integers("axes"));
        mask(if a.flag("keep") { x.any_keeping(&axes[..]) } else { x.any_over(&axes[..]) })
    }),
    ("arg_max", |a, x| index(x.real(0).arg_max(a.integer("axis")))),
    ("arg_min", |a, x| index(x.real(0).arg_min(a.integer("axis")))),
    ("cumprod", |a, x| real(x.real(0).cumprod(a.integer("axis")))),
    ("cumsum", |a, x| real(x.real(0).cumsum(a.integer("axis")))),
    ("log_softmax", |a, x| real(x.real(0).log_softmax(a.integer("axis")))),
    ("log_sum_exp", |a, x| real(x.real(0).log_sum_exp(&a.integers("axes")[..]))),
    ("max", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") { x.max_keeping(&axes[..]) } else { x.max_over(&axes[..]) })
    }),
    ("mean", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") { x.mean_keeping(&axes[..]) } else { x.mean_over(&axes[..]) })
    }),
    ("median", |a, x| real(x.real(0).median_over(a.integer("axis")))),
    ("min", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") { x.min_keeping(&axes[..]) } else { x.min_over(&axes[..]) })
    }),
    ("norm", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") {
            x.norm_keeping(&axes[..], a.number("p"))
        } else {
            x.norm_over(&axes[..], a.number("p"))
        })
    }),
    ("prod", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") { x.prod_keeping(&axes[..]) } else { x.prod_over(&axes[..]) })
    }),
    ("quantile", |a, x| real(x.real(0).quantile(a.number("q"), a.integer("axis")))),
    ("reduce_all", |a, x| {
        let x = x.real(0);
        real(match a.text("by") {
            "sum" => x.sum(),
            "mean" => x.mean(),
            "prod" => x.prod(),
            "max" => x.max(),
            "min" => x.min(),
            "var" => x.var(1.0),
            "std" => x.std(1.0),
            "norm" => x.norm(2.0),
            "median" => x.median(),
            other => panic!("{other}"),
        })
    }),
    ("softmax", |a, x| real(x.real(0).softmax(a.integer("axis")))),
    ("sort", |a, x| {
        let (y, positions) = x.real(0).sort(a.integer("axis"), a.flag("descending"));
        vec![Any::Real(y), Any::Index(positions)]
    }),
    ("std", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") {
            x.std_keeping(&axes[..], a.number("correction"))
        } else {
            x.std_over(&axes[..], a.number("correction"))
        })
    }),
    ("sum", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") { x.sum_keeping(&axes[..]) } else { x.sum_over(&axes[..]) })
    }),
    ("topk", |a, x| {
        let (y, positions) = x.real(0).topk(a.count("k"), a.integer("axis"), a.flag("largest"));
        vec![Any::Real(y), Any::Index(positions)]
    }),
    ("var", |a, x| {
        let (x, axes) = (x.real(0), a.integers("axes"));
        real(if a.flag("keep") {
            x.var_keeping(&axes[..], a.number("correction"))
        } else {
            x.var_over(&axes[..], a.number("correction"))
        })
    }),
];
