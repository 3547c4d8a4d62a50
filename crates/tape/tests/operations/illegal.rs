//! Attributes and shapes that functions on shapes, positions and products do not accept: each error says what, with the
//! numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::{Window, prelude::*};

type Call = fn(&Tensor) -> Tensor;

/// What is called on a tensor of shape `[2, 3]`, and what it says.
const TABLE: &[(&str, Call)] = &[
    ("reshape: [2, 3] has 6 elements, [4, 2] has 8", |x| x.reshape([4, 2])),
    ("reshape: [2, 3] has 6 elements, from which the open length of [-1, 4] does not follow", |x| x.reshape([-1, 4])),
    ("reshape: [-1, -1]: one length may be -1, and none less", |x| x.reshape([-1, -1])),
    ("flatten: from axis 3 of a tensor of shape [2, 3]", |x| x.flatten(3)),
    ("squeeze: axis 2 of a tensor of rank 2", |x| x.squeeze(2)),
    ("squeeze: axis -2 is named twice", |x| x.squeeze([0, -2])),
    ("unsqueeze: axis 3 of a tensor of rank 3", |x| x.unsqueeze(3)),
    ("permute: [0] does not order the 2 axes of [2, 3]", |x| x.permute([0])),
    ("permute: axis 1 is named twice", |x| x.permute([1, 1])),
    ("permute: axis 2 of a tensor of rank 2", |x| x.permute([0, 2])),
    ("transpose: axis -3 of a tensor of rank 2", |x| x.transpose(-3, 0)),
    ("move_axis: axis 2 of a tensor of rank 2", |x| x.move_axis(0, 2)),
    ("flip: axis 2 of a tensor of rank 2", |x| x.flip(2)),
    ("flip: axis 0 is named twice", |x| x.flip([0, 0])),
    ("roll: axis 2 of a tensor of rank 2", |x| x.roll(2, 1)),
    ("repeat: [2] has fewer counts than [2, 3] has axes", |x| x.repeat([2])),
    ("repeat_interleave: axis 5 of a tensor of rank 2", |x| x.repeat_interleave(5, 2)),
    ("expand: [2, 3] does not expand to [4, 3]", |x| x.expand([4, 3])),
    ("expand: [2, 3] does not expand to [-1, 2, 3]", |x| x.expand([-1, 2, 3])),
    ("pad: 3 pairs of widths for the 2 axes of [2, 3]", |x| x.pad([(0, 1); 3], PadMode::Constant(0.0))),
    ("pad: 0 entries before and 3 after axis 1 of [2, 3]: at most 2 can be taken from 3", |x| {
        x.pad([(0, 3)], PadMode::Reflect)
    }),
    ("pad: 4 entries before and 0 after axis 1 of [2, 3]: at most 3 can be taken from 3", |x| {
        x.pad([(4, 0)], PadMode::Circular)
    }),
    ("pad: 1 entries before and 0 after axis 1 of [2, 0]: at most 0 can be taken from 0", |x| {
        x.slice(1, 0..0).pad([(1, 0)], PadMode::Replicate)
    }),
    ("concat: no tensors", |_| concat(&[] as &[Tensor], 0)),
    ("concat: [2, 3] and [3, 2] differ beside axis 0", |x| concat(&[x, &x.t()], 0)),
    ("stack: no tensors", |_| stack(&[] as &[Tensor], 0)),
    ("stack: the shapes [2, 3] and [3, 2] differ", |x| stack(&[x, &x.t()], 0)),
    ("stack: axis 3 of a tensor of rank 3", |x| stack(&[x, x], 3)),
    ("split: parts of 0 entries of axis 1 of [2, 3]", |x| x.split(1, 0).remove(0)),
    ("split_sizes: sizes [1, 1] add up to 2, axis 1 of [2, 3] has length 3", |x| x.split_sizes(1, &[1, 1]).remove(0)),
    ("chunk: axis 0 of [2, 3] in 0 parts", |x| x.chunk(0, 0).remove(0)),
    ("narrow: 2 entries from 2 of axis 1 of [2, 3], which has length 3", |x| x.narrow(1, 2, 2)),
    ("narrow: 1 entries from -4 of axis 1 of [2, 3], which has length 3", |x| x.narrow(1, -4, 1)),
    ("slice: 1..4 of axis 1 of [2, 3], which has length 3", |x| x.slice(1, 1..4)),
    ("slice: 2..1 of axis 1 of [2, 3], which has length 3", |x| x.slice(1, x.rank()..1)),
    ("slice: entry -4 of axis 1, which has length 3", |x| x.slice(1, -4..)),
    ("slice_step: the step is 0", |x| x.slice_step(1, .., 0)),
    ("slice: axis 2 of a tensor of rank 2", |x| x.slice(2, 0..1)),
    ("at: entry 2 of axis 0 of [2, 3], which has length 2", |x| x.at(0, 2)),
    ("at: entry -3 of axis 0 of [2, 3], which has length 2", |x| x.at(0, -3)),
    ("index_select: position 3 on axis 1, which has length 3", |x| x.index_select(1, Tensor::from([0, 3]))),
    ("index_select: position -1 on axis 0, which has length 2", |x| x.index_select(0, Tensor::from([-1]))),
    ("index_select: axis 2 of a tensor of rank 2", |x| x.index_select(2, Tensor::from([0]))),
    ("index_add: positions of shape [2] for the axes of [2, 3] from axis 1", |x| {
        x.index_add(1, 5, Tensor::from([0, 1]))
    }),
    ("index_add: position 5 on axis 0, which has length 5", |x| x.index_add(0, 5, Tensor::from([0, 5]))),
    ("gather: positions of shape [3] along axis 0 of [2, 3]", |x| x.gather(0, Tensor::from([0, 1, 0]))),
    ("scatter: positions of shape [1, 4] along axis 0 of [2, 3]", |x| {
        x.scatter(0, Tensor::from([[0, 0, 0, 0]]), Tensor::zeros([1, 4]))
    }),
    ("scatter: [1, 1] numbers for positions of shape [1, 2]", |x| {
        x.scatter(0, Tensor::from([[0, 1]]), Tensor::zeros([1, 1]))
    }),
    ("scatter: position 2 on axis 0, which has length 2", |x| x.scatter(0, Tensor::from([[2]]), Tensor::zeros([1, 1]))),
    ("masked_select: a mask of shape [2] for [2, 3]", |x| x.masked_select(Tensor::from([true, false]))),
    ("diagonal: a tensor of shape [3] has fewer than two axes", |x| x.at(0, 0).diagonal(0)),
    ("diagonal_of: axis 1 is named twice", |x| x.diagonal_of(0, 1, -1)),
    ("diag_embed: a tensor of rank 0 has no last axis", |x| x.sum().diag_embed(0)),
    ("tril: a tensor of shape [3] has fewer than two axes", |x| x.at(0, 0).tril(0)),
    ("triu: a tensor of shape [] has fewer than two axes", |x| x.sum().triu(0)),
    ("one_hot: class 3 of 3 classes", |_| Tensor::from([0, 3]).one_hot(3)),
    ("one_hot: class -1 of 3 classes", |_| Tensor::from([-1]).one_hot(3)),
    ("meshgrid: no vectors", |_| meshgrid::<Tensor>(&[] as &[Tensor]).remove(0)),
    ("meshgrid: an axis has shape [2, 3], not that of a vector", |x| meshgrid(&[x]).remove(0)),
    ("sliding: windows of 4 entries, 1 apart, on axis 1 of [2, 3]", |x| x.sliding(1, 4, 1)),
    ("sliding: windows of 2 entries, 0 apart, on axis 1 of [2, 3]", |x| x.sliding(1, 2, 0)),
    ("unfold: images of shape [2, 3]; [batch, channels, lengths…] is needed", |x| x.unfold(&[WINDOW])),
    ("unfold: 2 windows for 1 spatial axes", |x| x.unsqueeze(0).unfold(&[WINDOW; 2])),
    ("unfold: size 2, stride 0, dilation 1: none may be 0", |x| {
        x.unsqueeze(0).unfold(&[Window { stride: 0, ..WINDOW }])
    }),
    ("unfold: a window of 4 entries on an axis of length 3 with padding 0", |x| {
        x.unsqueeze(0).unfold(&[Window { size: 4, ..WINDOW }])
    }),
    ("fold: columns of shape [1, 2, 3]; images with lengths [3] have [batch, channels · 2, 2]", |x| {
        x.unsqueeze(0).fold(&[WINDOW], &[3])
    }),
    ("dot: operands of shapes [2, 3] and [2, 3] are not both vectors", |x| x.dot(x)),
    ("dot: lengths differ: [3] · [2]", |x| x.at(0, 0).dot(x.at(1, 0))),
    ("outer: operands of shapes [2, 3] and [3] are not both vectors", |x| x.outer(x.at(0, 0))),
    ("einsum: k in `ik,kj->ij` has lengths 3 and 2", |x| einsum("ik,kj->ij", &[x, x])),
    ("matmul: inner dimensions differ: [2, 3] · [2, 3] (3 ≠ 2)", |x| x.matmul(x)),
    ("matmul: [] · [1, 1]: an operand has fewer than two axes", |x| x.sum().matmul(Tensor::ones([1, 1]))),
];

const WINDOW: Window = Window { size: 2, stride: 1, padding: 0, dilation: 1 };

#[test]
fn what_is_not_accepted_is_named_with_its_numbers() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let mut failures = Vec::new();
    for (expected, call) in TABLE {
        let message = match catch_unwind(AssertUnwindSafe(|| call(&x))) {
            Ok(y) => format!("no error, but {y}"),
            Err(panic) => match panic.downcast_ref::<String>() {
                Some(message) => message.clone(),
                None => panic.downcast_ref::<&str>().map_or_else(String::new, ToString::to_string),
            },
        };
        if message != *expected {
            failures.push(format!("{message}\n  instead of {expected}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
