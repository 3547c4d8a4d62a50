//! Reductions over axes, cumulative operations and sorting.

use wengert_tape::prelude::*;

use crate::{Row, real};

pub(crate) const TABLE: &[Row] = &[("sum", |a, x| {
    let (x, axes) = (x.real(0), a.integers("axes"));
    real(if a.flag("keep") { x.sum_keeping(&axes[..]) } else { x.sum_over(&axes[..]) })
})];
