//! Shapes, positions and masks.

use wengert_tape::prelude::*;
use wengert_tape::{Any, Shape, Sizes, Window};

use super::sample::Sample;
use super::{Inputs, Row, real};

fn sizes(a: &Sample, name: &str) -> Sizes {
    Sizes::from(a.integers(name))
}

/// Several outputs of numbers.
fn all(parts: Vec<Var>) -> Vec<Any<Var>> {
    parts.into_iter().map(Any::Real).collect()
}

fn vars(x: &Inputs) -> Vec<Var> {
    (0..x.len()).map(|k| x.real(k)).collect()
}

fn mode(a: &Sample) -> PadMode {
    match a.text("mode") {
        "constant" => PadMode::Constant(if a.has("value") { a.number("value") } else { 0.0 }),
        "reflect" => PadMode::Reflect,
        "replicate" => PadMode::Replicate,
        "circular" => PadMode::Circular,
        other => panic!("no mode {other}"),
    }
}

fn widths(a: &Sample) -> Vec<(usize, usize)> {
    let pairs = a.attributes["widths"].as_array().unwrap();
    let width = |v: &serde_json::Value| v.as_u64().unwrap() as usize;
    pairs.iter().map(|pair| (width(&pair[0]), width(&pair[1]))).collect()
}

fn windows(a: &Sample) -> Vec<Window> {
    let (sizes, strides) = (a.counts("size"), a.counts("stride"));
    let (padding, dilation) = (a.counts("padding"), a.counts("dilation"));
    let window = |k| Window { size: sizes[k], stride: strides[k], padding: padding[k], dilation: dilation[k] };
    (0..sizes.len()).map(window).collect()
}

pub(crate) const TABLE: &[Row] = &[
    ("reshape", |a, x| real(x.real(0).reshape(sizes(a, "to")))),
    ("flatten", |a, x| real(x.real(0).flatten(a.count("first")))),
    ("squeeze", |a, x| real(x.real(0).squeeze(&a.integers("axes")[..]))),
    ("squeeze_all", |_, x| real(x.real(0).squeeze_all())),
    ("unsqueeze", |a, x| real(x.real(0).unsqueeze(a.integer("axis")))),
    ("permute", |a, x| real(x.real(0).permute(&a.integers("axes")[..]))),
    ("transpose", |a, x| real(x.real(0).transpose(a.integer("first"), a.integer("second")))),
    ("move_axis", |a, x| real(x.real(0).move_axis(a.integer("origin"), a.integer("to")))),
    ("t", |_, x| real(x.real(0).t())),
    ("flip", |a, x| real(x.real(0).flip(&a.integers("axes")[..]))),
    ("roll", |a, x| real(x.real(0).roll(a.integer("axis"), a.integer("shift")))),
    ("repeat", |a, x| real(x.real(0).repeat(a.counts("counts")))),
    ("tile", |a, x| real(x.real(0).tile(a.counts("counts")))),
    ("repeat_interleave", |a, x| real(x.real(0).repeat_interleave(a.integer("axis"), a.count("count")))),
    ("expand", |a, x| real(x.real(0).expand(sizes(a, "to")))),
    ("broadcast_to", |a, x| real(x.real(0).broadcast_to(a.counts("to")))),
    ("pad", |a, x| real(x.real(0).pad(widths(a), mode(a)))),
    ("concat", |a, x| real(concat(&vars(x).iter().collect::<Vec<_>>(), a.integer("axis")))),
    ("stack", |a, x| real(stack(&vars(x).iter().collect::<Vec<_>>(), a.integer("axis")))),
    ("split", |a, x| all(x.real(0).split(a.integer("axis"), a.count("size")))),
    ("split_sizes", |a, x| all(x.real(0).split_sizes(a.integer("axis"), &a.counts("sizes")))),
    ("chunk", |a, x| all(x.real(0).chunk(a.integer("axis"), a.count("count")))),
    ("narrow", |a, x| real(x.real(0).narrow(a.integer("axis"), a.integer("start"), a.count("length")))),
    ("slice", |a, x| real(x.real(0).slice(a.integer("axis"), a.integer("start")..a.integer("end")))),
    ("slice_step", |a, x| {
        real(x.real(0).slice_step(a.integer("axis"), a.integer("start")..a.integer("end"), a.integer("step")))
    }),
    ("at", |a, x| real(x.real(0).at(a.integer("axis"), a.integer("entry")))),
    ("index_select", |a, x| real(x.real(0).index_select(a.integer("axis"), x.index(1)))),
    ("index_add", |a, x| real(x.real(0).index_add(a.integer("axis"), a.count("length"), x.index(1)))),
    ("embedding", |_, x| real(x.real(0).embedding(x.index(1)))),
    ("gather", |a, x| real(x.real(0).gather(a.integer("axis"), x.index(1)))),
    ("scatter_add", |a, x| real(x.real(0).scatter_add(Shape::from(a.counts("shape")), a.integer("axis"), x.index(1)))),
    ("scatter", |a, x| real(x.real(0).scatter(a.integer("axis"), x.index(1), x.real(2)))),
    ("masked_fill", |a, x| real(x.real(0).masked_fill(x.mask(1), a.number("value")))),
    ("masked_select", |_, x| real(x.real(0).masked_select(x.mask(1)))),
    ("select", |_, x| real(select(x.mask(0), &x.real(1), x.real(2)))),
    ("diagonal", |a, x| real(x.real(0).diagonal(a.integer("offset")))),
    ("diagonal_of", |a, x| real(x.real(0).diagonal_of(a.integer("offset"), a.integer("first"), a.integer("second")))),
    ("diag_embed", |a, x| real(x.real(0).diag_embed(a.integer("offset")))),
    ("trace", |_, x| real(x.real(0).trace())),
    ("tril", |a, x| real(x.real(0).tril(a.integer("offset")))),
    ("triu", |a, x| real(x.real(0).triu(a.integer("offset")))),
    ("one_hot", |a, x| real(one_hot(&x.index(0), a.count("classes")))),
    ("sliding", |a, x| real(x.real(0).sliding(a.integer("axis"), a.count("size"), a.count("step")))),
    ("meshgrid", |_, x| all(meshgrid(&vars(x).iter().collect::<Vec<_>>()))),
    ("unfold", |a, x| real(x.real(0).unfold(&windows(a)))),
    ("fold", |a, x| real(x.real(0).fold(&windows(a), &a.counts("lengths")))),
    ("stop_gradient", |_, x| real(x.real(0).stop_gradient() * x.real(0))),
];
