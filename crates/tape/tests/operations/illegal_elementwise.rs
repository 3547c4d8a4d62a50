//! What elementwise operations, reductions and orders do not accept: each error says what, with the numbers. (What they
//! accept at the edges is in the cases of `tests/reference/`.)

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::prelude::*;

/// What is called on a tensor of shape `[2, 3]`, and what it says.
const TABLE: &[(&str, fn(Tensor))] = &[
    ("atan2: shapes do not broadcast: [2, 3] and [2] (axis 1 from the end: 3 ≠ 2)", |x| {
        drop(x.atan2(Tensor::zeros([2])))
    }),
    ("clamp: shapes do not broadcast: [2, 3] and [2] and [] (axis 1 from the end: 3 ≠ 2)", |x| {
        drop(x.clamp(Tensor::zeros([2]), 1.0));
    }),
    ("logical_and: shapes do not broadcast: [2, 3] and [4] (axis 1 from the end: 3 ≠ 4)", |x| {
        drop(x.less(0.0).logical_and(&Tensor::from([true; 4])));
    }),
    ("any_over: axis 2 of a tensor of rank 2", |x| drop(x.less(0.0).any_over(2))),
    ("all_over: axis -2 is named twice", |x| drop(x.less(0.0).all_over([0, -2]))),
    ("prod_over: axis 2 of a tensor of rank 2", |x| drop(x.prod_over(2))),
    ("prod_keeping: axis 1 is named twice", |x| drop(x.prod_keeping([1, 1]))),
    ("max_keeping: axis -3 of a tensor of rank 2", |x| drop(x.max_keeping(-3))),
    ("max: nothing to choose from: [2, 0] is empty", |x| drop(x.slice(1, 0..0).max())),
    ("min_over: nothing to choose from: [2, 0] is empty", |x| drop(x.slice(1, 0..0).min_over(1))),
    ("arg_min: axis 1 of [2, 0] is empty", |x| drop(x.slice(1, 0..0).arg_min(1))),
    ("arg_min: axis 4 of a tensor of rank 2", |x| drop(x.arg_min(4))),
    ("norm_over: axis 0 is named twice", |x| drop(x.norm_over([0, 0], 2.0))),
    ("norm: nothing to choose from: [0] is empty", |x| drop(x.slice(1, 0..0).norm(f64::INFINITY))),
    ("cumsum: axis 2 of a tensor of rank 2", |x| drop(x.cumsum(2))),
    ("cumprod: axis -3 of a tensor of rank 2", |x| drop(x.cumprod(-3))),
    ("sort: axis 2 of a tensor of rank 2", |x| drop(x.sort(2, false))),
    ("topk: 4 of the 3 entries along axis 1 of [2, 3]", |x| drop(x.topk(4, -1, true))),
    ("median_over: axis 1 of [2, 0] is empty", |x| drop(x.slice(1, 0..0).median_over(1))),
    ("quantile: 1.5 is not between 0 and 1", |x| drop(x.quantile(1.5, 0))),
    ("quantile: axis 2 of a tensor of rank 2", |x| drop(x.quantile(0.5, 2))),
];

#[test]
fn what_is_not_accepted_is_said_with_numbers() {
    let mut failures = String::new();
    for (expected, call) in TABLE {
        let said = catch_unwind(AssertUnwindSafe(|| call(Tensor::zeros([2, 3]))));
        let said = match said {
            Ok(()) => "no error".to_owned(),
            Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
        };
        if said != *expected {
            failures += &format!("{said}\n  instead of {expected}\n");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
