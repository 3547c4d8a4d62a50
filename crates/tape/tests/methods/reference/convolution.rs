//! Convolution, pooling and interpolation.

use serde_json::Value;
use wengert_tape::ops::PerAxis;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Var};

use super::sample::Sample;
use super::{Inputs, Row, index, real};

/// A number for each axis, or one for all; `usual` where the case has none.
fn per_axis(a: &Sample, name: &str, usual: usize) -> PerAxis {
    match a.attributes.get(name) {
        Some(Value::Array(_)) => a.counts(name).into(),
        Some(Value::Number(_)) => a.count(name).into(),
        _ => usual.into(),
    }
}

fn conv(a: &Sample) -> Conv {
    let padding = match a.attributes.get("padding").and_then(Value::as_str) {
        Some("same") => Padding::Same,
        Some("valid") => Padding::Valid,
        Some("full") => Padding::Full,
        _ => Padding::Each(per_axis(a, "padding", 0)),
    };
    let groups = if a.has("groups") { a.count("groups") } else { 1 };
    let (stride, dilation) = (per_axis(a, "stride", 1), per_axis(a, "dilation", 1));
    Conv::default().stride(stride).padding(padding).dilation(dilation).groups(groups)
}

fn pool(a: &Sample) -> Pool {
    let size = per_axis(a, "size", 1);
    let flag = |name: &str, usual: bool| if a.has(name) { a.flag(name) } else { usual };
    let pool = Pool::new(size).padding(per_axis(a, "padding", 0)).dilation(per_axis(a, "dilation", 1));
    let pool = if a.has("stride") { pool.stride(per_axis(a, "stride", 1)) } else { pool };
    pool.ceil(flag("ceil", false)).count_padding(flag("count_padding", true))
}

/// The windows, over all axes behind batch and channels.
fn in_batch(a: &Sample, x: &Inputs) -> Pool {
    pool(a).over(x.real(0).shape().rank() - 2)
}

fn mode(a: &Sample) -> Interpolation {
    match a.text("mode") {
        "nearest" => Interpolation::Nearest,
        "nearest-exact" => Interpolation::NearestExact,
        "linear" => Interpolation::Linear,
        _ => Interpolation::LinearAligned,
    }
}

fn transposed(a: &Sample, x: &Inputs, call: fn(Var, Var, Conv, PerAxis) -> Var) -> Vec<Any<Var>> {
    real(call(x.real(0), x.real(1), conv(a), per_axis(a, "output_padding", 0)))
}

pub(crate) const TABLE: &[Row] = &[
    ("conv1d", |a, x| real(x.real(0).conv1d(x.real(1), conv(a)))),
    ("conv2d", |a, x| real(x.real(0).conv2d(x.real(1), conv(a)))),
    ("conv3d", |a, x| real(x.real(0).conv3d(x.real(1), conv(a)))),
    ("cross_correlation", |a, x| real(x.real(0).cross_correlation(x.real(1), conv(a)))),
    ("convolution", |a, x| real(x.real(0).convolution(x.real(1), conv(a)))),
    ("depthwise_conv", |a, x| real(x.real(0).depthwise_conv(x.real(1), conv(a)))),
    ("conv_transpose1d", |a, x| transposed(a, x, |x, w, conv, more| x.conv_transpose1d(w, conv, more))),
    ("conv_transpose2d", |a, x| transposed(a, x, |x, w, conv, more| x.conv_transpose2d(w, conv, more))),
    ("conv_transpose3d", |a, x| transposed(a, x, |x, w, conv, more| x.conv_transpose3d(w, conv, more))),
    ("max_pool", |a, x| real(x.real(0).max_pool(in_batch(a, x)))),
    ("arg_max_pool", |a, x| {
        // Positions come as one axis; the reference has one for each spatial axis.
        let (x, pool) = (x.real(0), pool(a));
        let shape = x.shape().max_pool(pool.over(x.shape().rank() - 2));
        let positions = x.value().arg_max_pool(pool);
        index(x.index(positions.reshape(shape)))
    }),
    ("average_pool", |a, x| real(x.real(0).average_pool(in_batch(a, x)))),
    ("max_pool1d", |a, x| real(x.real(0).max_pool1d(a.count("size"), a.count("stride")))),
    ("max_pool2d", |a, x| real(x.real(0).max_pool2d(per_axis(a, "size", 1), per_axis(a, "stride", 1)))),
    ("average_pool1d", |a, x| real(x.real(0).average_pool1d(a.count("size"), a.count("stride")))),
    ("average_pool2d", |a, x| real(x.real(0).average_pool2d(per_axis(a, "size", 1), per_axis(a, "stride", 1)))),
    ("adaptive_average_pool", |a, x| real(x.real(0).adaptive_average_pool(per_axis(a, "sizes", 1)))),
    ("adaptive_max_pool", |a, x| real(x.real(0).adaptive_max_pool(per_axis(a, "sizes", 1)))),
    ("interpolate", |a, x| real(x.real(0).interpolate(per_axis(a, "lengths", 1), mode(a)))),
    ("interpolate_by", |a, x| real(x.real(0).interpolate_by(a.number("factor"), mode(a)))),
];
