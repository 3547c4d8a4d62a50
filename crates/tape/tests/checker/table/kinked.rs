//! Functions at a kink.

use wengert_tape::prelude::*;

use super::Category::Kinked;
use super::Row;
use super::Subject::{Numbers, Tensor as Of};

pub(crate) const ROWS: &[Row] = &[
    ("rectifier at 0", Kinked, Numbers(|x| x[0].relu(), &[0.0])),
    ("absolute value at 0", Kinked, Numbers(|x| x[0].abs(), &[0.0])),
    ("leaky rectifier at 0", Kinked, Numbers(|x| x[0].leaky_relu(0.3), &[0.0])),
    ("rectifier of x² − 1 at 1", Kinked, Numbers(|x| (x[0] * x[0] - 1.0).relu(), &[1.0])),
    ("absolute value on a slope", Kinked, Numbers(|x| (x[0] - 2.0).abs() + 3.0 * x[0], &[2.0])),
    ("absolute value and a square", Kinked, Numbers(|x| (x[0] - 1.0).abs() + x[0] * x[0], &[1.0])),
    ("a hair beside the kink", Kinked, Numbers(|x| (x[0] - 1.0).abs(), &[1.0 + 4e-16])),
    ("hinge loss at its corner", Kinked, Numbers(|x| (1.0 - x[0] * x[1]).relu(), &[2.0, 0.5])),
    ("L1 norm at an axis", Kinked, Numbers(|x| x[0].abs() + x[1].abs(), &[0.0, 1.0])),
    ("rectified sine at 0", Kinked, Numbers(|x| x[0].sin().abs(), &[0.0])),
    ("weak corner", Kinked, Numbers(|x| x[0] * x[0] + 1e-3 * (x[0] - 1.0).abs(), &[1.0])),
    ("steep corner", Kinked, Numbers(|x| 1e6 * (x[0] - 0.25).relu(), &[0.25])),
    ("tiny corner", Kinked, Numbers(|x| 1e-20 * x[0].abs(), &[0.0])),
    ("corner at 10⁶", Kinked, Numbers(|x| (x[0] - 1e6).abs(), &[1e6])),
    ("corner at 10⁻⁹", Kinked, Numbers(|x| (x[0] - 1e-9).abs(), &[1e-9])),
    ("corner inside exp", Kinked, Numbers(|x| (-x[0].abs()).exp(), &[0.0])),
    ("two corners at once", Kinked, Numbers(|x| x[0].relu() + 2.0 * (-x[0]).relu(), &[0.0])),
    ("unit switching on", Kinked, Numbers(|x| (x[0] * 0.5 - x[1]).relu() * 3.0 + x[0], &[2.0, 1.0])),
    ("plain branch", Kinked, Numbers(|x| if x[0] > 0.0 { x[0] * 2.0 } else { -x[0] }, &[0.0])),
    ("plain clamp", Kinked, Numbers(|x| if x[0] < 1.0 { x[0] * x[0] } else { x[0] * 0.0 + 1.0 }, &[1.0])),
    ("larger of equals", Kinked, Of(|x| x.maximum(x.constant(Tensor::from([1.0, 2.0]))).sum(), &[2], &[1.0, 1.5])),
    ("smaller of equals", Kinked, Of(|x| x.minimum(x.constant(Tensor::from([1.0, 2.0]))).sum(), &[2], &[1.0, 2.5])),
    ("largest of equals", Kinked, Of(|x| x.max() * 2.0, &[3], &[1.0, 1.0, 0.5])),
    ("max pool of equals", Kinked, Of(|x| x.max_pool2d(2, 2).sum(), &[1, 1, 2, 2], &[0.5, 2.0, 2.0, 1.0])),
    ("select at its boundary", Kinked, Of(|x| select(x.less(1.0), &(x * 3.0), x + 2.0).sum(), &[2], &[1.0, 4.0])),
    ("rectifier layer", Kinked, Of(|x| x.relu().powi(2).sum() + x.relu().sum(), &[3], &[-1.0, 0.0, 2.0])),
    (
        "distance at the point itself",
        Kinked,
        Of(|x| (x - x.constant(Tensor::from([1.0, 2.0]))).abs().sum(), &[2], &[1.0, 2.0]),
    ),
];
