"""Shapes, positions and masks."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as tf

from reference import INF, NAN, Family, array, case, mask, numbers, positions

family = Family("shapes")

family.entry("reshape",
    torch=lambda x, to: x.reshape(to),
    jax=lambda x, to: x.reshape(to),
    cases=[
        case(numbers(2, 3, seed=1), to=[3, 2]),
        case(numbers(2, 3, 5, seed=2), to=[-1, 5]),
        case(numbers(2, 3, 5, seed=3), to=[30]),
        case(numbers(6, seed=4), to=[2, -1, 1]),
        case(numbers(0, 3), to=[3, 0], edge="no elements"),
        case(numbers(0, 3), to=[-1, 3], edge="no elements, an open length"),
        case(numbers(seed=5), to=[1, 1], edge="rank 0"),
        case(array([[NAN, INF], [-INF, 1.0]]), to=[4], edge="NaN and infinity"),
    ])

family.entry("flatten",
    torch=lambda x, first: torch.flatten(x, first) if x.ndim else x.reshape(1),
    jax=lambda x, first: x.reshape(*x.shape[:first], -1) if x.size else jnp.zeros((*x.shape[:first], 0)),
    cases=[
        case(numbers(2, 3, seed=1), first=0),
        case(numbers(2, 3, 5, seed=2), first=1),
        case(numbers(2, 3, 5, seed=3), first=2),
        case(numbers(4, seed=4), first=0),
        case(numbers(seed=5), first=0, edge="rank 0"),
        case(numbers(2, 0, 3), first=1, edge="no elements"),
    ])

family.entry("squeeze",
    torch=lambda x, axes: x.squeeze(axes),
    cases=[
        case(numbers(2, 1, 3, seed=1), axes=[1]),
        case(numbers(1, 3, 1, seed=2), axes=[0, 2]),
        case(numbers(1, 3, 1, seed=3), axes=[-1]),
        case(numbers(2, 3, seed=4), axes=[0], edge="the axis has not length 1"),
        case(numbers(1, seed=5), axes=[0], edge="one element"),
        case(numbers(1, 0, 1), axes=[0], edge="no elements"),
    ])

family.entry("squeeze_all",
    torch=lambda x: x.squeeze(),
    jax=lambda x: x.squeeze(),
    cases=[
        case(numbers(2, 1, 3, seed=1)),
        case(numbers(1, 3, 1, seed=2)),
        case(numbers(2, 3, seed=3)),
        case(numbers(1, 1, seed=4), edge="one element"),
        case(numbers(seed=5), edge="rank 0"),
        case(numbers(1, 0, 1), edge="no elements"),
    ])

family.entry("unsqueeze",
    torch=lambda x, axis: x.unsqueeze(axis),
    jax=lambda x, axis: jnp.expand_dims(x, axis),
    cases=[
        case(numbers(2, 3, seed=1), axis=0),
        case(numbers(2, 3, seed=2), axis=1),
        case(numbers(2, 3, seed=3), axis=-1),
        case(numbers(2, 3, seed=4), axis=-3),
        case(numbers(seed=5), axis=0, edge="rank 0"),
        case(numbers(2, 0), axis=1, edge="no elements"),
    ])

family.entry("permute",
    torch=lambda x, axes: x.permute(axes),
    jax=lambda x, axes: jnp.transpose(x, axes),
    cases=[
        case(numbers(2, 3, seed=1), axes=[1, 0]),
        case(numbers(2, 3, 5, seed=2), axes=[2, 0, 1]),
        case(numbers(2, 3, 5, seed=3), axes=[0, -1, 1]),
        case(numbers(2, 3, 2, 2, seed=4), axes=[3, 1, 0, 2]),
        case(numbers(0, 3, 2), axes=[2, 0, 1], edge="no elements"),
        case(numbers(seed=5), axes=[], edge="rank 0"),
    ])

family.entry("transpose",
    torch=lambda x, first, second: x.transpose(first, second),
    jax=lambda x, first, second: jnp.swapaxes(x, first, second),
    cases=[
        case(numbers(2, 3, seed=1), first=0, second=1),
        case(numbers(2, 3, 5, seed=2), first=0, second=-1),
        case(numbers(2, 3, 5, seed=3), first=-2, second=-1),
        case(numbers(2, 3, 2, seed=4), first=1, second=1),
        case(numbers(1, 5, seed=5), first=1, second=0),
        case(numbers(2, 0, 3), first=1, second=2, edge="no elements"),
    ])

family.entry("move_axis",
    torch=lambda x, origin, to: x.movedim(origin, to),
    jax=lambda x, origin, to: jnp.moveaxis(x, origin, to),
    cases=[
        case(numbers(2, 3, 5, seed=1), origin=0, to=-1),
        case(numbers(2, 3, 5, seed=2), origin=2, to=0),
        case(numbers(2, 3, 5, seed=3), origin=-1, to=1),
        case(numbers(2, 3, 2, 2, seed=4), origin=0, to=2),
        case(numbers(2, 3, seed=5), origin=1, to=1),
        case(numbers(2, 0, 3), origin=0, to=2, edge="no elements"),
    ])

family.entry("t",
    torch=lambda x: x.mT,
    jax=lambda x: jnp.swapaxes(x, -1, -2),
    cases=[
        case(numbers(2, 3, seed=1)),
        case(numbers(3, 1, seed=2)),
        case(numbers(2, 3, 5, seed=3)),
        case(numbers(1, 1, seed=4), edge="one element"),
        case(numbers(2, 0, 3), edge="no elements"),
        case(array([[NAN, 1.0], [INF, 0.0]]), edge="NaN and infinity"),
    ])

family.entry("flip",
    torch=lambda x, axes: x.flip(axes),
    jax=lambda x, axes: jnp.flip(x, tuple(axes)),
    cases=[
        case(numbers(5, seed=1), axes=[0]),
        case(numbers(2, 3, seed=2), axes=[-1]),
        case(numbers(2, 3, seed=3), axes=[0, 1]),
        case(numbers(2, 3, 5, seed=4), axes=[2, 0]),
        case(numbers(0, 3), axes=[1], edge="no elements"),
        case(numbers(1, 3, seed=5), axes=[0], edge="an axis of one entry"),
    ])

family.entry("roll",
    torch=lambda x, axis, shift: x.roll(shift, axis),
    jax=lambda x, axis, shift: jnp.roll(x, shift, axis),
    cases=[
        case(numbers(5, seed=1), axis=0, shift=1),
        case(numbers(2, 3, seed=2), axis=-1, shift=-1),
        case(numbers(2, 3, 5, seed=3), axis=1, shift=2),
        case(numbers(2, 3, seed=4), axis=1, shift=7, edge="further than the axis is long"),
        case(numbers(3, seed=5), axis=0, shift=3, edge="once around"),
        case(numbers(0, 3), axis=0, shift=1, edge="no elements"),
    ])

family.entry("repeat",
    torch=lambda x, counts: x.repeat(counts),
    jax=lambda x, counts: jnp.tile(x, counts),
    cases=[
        case(numbers(2, 3, seed=1), counts=[2, 1]),
        case(numbers(2, 3, seed=2), counts=[1, 3]),
        case(numbers(3, seed=3), counts=[2, 3]),
        case(numbers(2, 1, 2, seed=4), counts=[1, 4, 2]),
        case(numbers(seed=5), counts=[3], edge="rank 0"),
        case(numbers(2, 3, seed=6), counts=[2, 0], edge="not even once"),
        case(numbers(2, 0), counts=[2, 2], edge="no elements"),
    ])

family.entry("tile",
    torch=lambda x, counts: torch.tile(x, tuple(counts)),
    jax=lambda x, counts: jnp.tile(x, tuple(counts)),
    cases=[
        case(numbers(2, 3, seed=1), counts=[2]),
        case(numbers(2, 3, seed=2), counts=[3, 1]),
        case(numbers(2, 3, seed=3), counts=[2, 1, 2]),
        case(numbers(2, 1, 3, seed=4), counts=[4, 1]),
        case(numbers(2, 3, seed=5), counts=[0], edge="not even once"),
        case(numbers(seed=6), counts=[2, 2], edge="rank 0"),
    ])

family.entry("repeat_interleave",
    torch=lambda x, axis, count: x.repeat_interleave(count, axis),
    jax=lambda x, axis, count: jnp.repeat(x, count, axis),
    cases=[
        case(numbers(5, seed=1), axis=0, count=2),
        case(numbers(2, 3, seed=2), axis=1, count=3),
        case(numbers(2, 3, seed=3), axis=-2, count=2),
        case(numbers(2, 1, 3, seed=4), axis=1, count=4),
        case(numbers(2, 3, seed=5), axis=0, count=0, edge="not even once"),
        case(numbers(0, 2), axis=1, count=2, edge="no elements"),
    ])

family.entry("expand",
    torch=lambda x, to: x.expand(to),
    cases=[
        case(numbers(3, 1, seed=1), to=[-1, 4]),
        case(numbers(3, 1, seed=2), to=[2, -1, 5]),
        case(numbers(3, seed=3), to=[2, 3]),
        case(numbers(1, 3, seed=4), to=[4, -1]),
        case(numbers(seed=5), to=[2, 3], edge="rank 0"),
        case(numbers(1, 3, seed=6), to=[0, 3], edge="to no elements"),
    ])

family.entry("broadcast_to",
    torch=lambda x, to: x.broadcast_to(to),
    jax=lambda x, to: jnp.broadcast_to(x, to),
    cases=[
        case(numbers(3, 1, seed=1), to=[3, 4]),
        case(numbers(3, 1, seed=2), to=[2, 3, 5]),
        case(numbers(3, seed=3), to=[2, 3]),
        case(numbers(2, 1, 3, seed=4), to=[2, 4, 3]),
        case(numbers(seed=5), to=[2, 3], edge="rank 0"),
        case(numbers(1, 3, seed=6), to=[0, 3], edge="to no elements"),
    ])

MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(x, widths, mode, value=0.0):
    pairs = [(0, 0)] * (x.ndim - len(widths)) + [tuple(w) for w in widths]
    return jnp.pad(x, pairs, mode=MODES[mode], **({"constant_values": value} if mode == "constant" else {}))


family.entry("pad",
    jax=pad,
    torch=lambda x, widths, mode, value=0.0: tf.pad(
        x if mode == "constant" else x[None, None],
        [n for pair in reversed(widths) for n in pair], mode, *([value] if mode == "constant" else [])
    ).reshape([n + sum(w) for n, w in zip(x.shape, [[0, 0]] * (x.ndim - len(widths)) + widths)]),
    cases=[
        case(numbers(3, seed=1), widths=[[1, 2]], mode="constant"),
        case(numbers(2, 3, seed=2), widths=[[1, 0], [0, 2]], mode="constant", value=-1.5),
        case(numbers(2, 3, 2, seed=3), widths=[[0, 1]], mode="constant", value=3.0),
        case(numbers(4, seed=4), widths=[[3, 2]], mode="reflect"),
        case(numbers(3, 4, seed=5), widths=[[1, 0], [0, 3]], mode="reflect"),
        case(numbers(3, seed=6), widths=[[4, 1]], mode="replicate"),
        case(numbers(2, 3, seed=7), widths=[[1, 1], [0, 2]], mode="replicate"),
        case(numbers(4, seed=8), widths=[[4, 2]], mode="circular", edge="once around"),
        case(numbers(2, 3, seed=9), widths=[[0, 1], [2, 1]], mode="circular"),
        case(numbers(2, 0), widths=[[1, 2]], mode="constant", value=2.0, edge="no elements"),
        case(numbers(1, seed=10), widths=[[2, 3]], mode="replicate", edge="one element"),
        case(array([NAN, INF]), widths=[[1, 1]], mode="constant", value=-INF, edge="NaN and infinity", order=0),
    ])

family.entry("concat",
    torch=lambda *x, axis: torch.cat(x, axis),
    jax=lambda *x, axis: jnp.concatenate(x, axis),
    cases=[
        case(numbers(2, seed=1), numbers(3, seed=2), axis=0),
        case(numbers(2, 3, seed=3), numbers(2, 1, seed=4), axis=1),
        case(numbers(2, 3, seed=5), numbers(1, 3, seed=6), numbers(2, 3, seed=7), axis=0),
        case(numbers(2, 2, 3, seed=8), numbers(2, 1, 3, seed=9), axis=-2),
        case(numbers(2, 3, seed=10), numbers(2, 0), axis=1, edge="one of no elements"),
        case(numbers(2, 3, seed=11), axis=0, edge="one tensor"),
    ])

family.entry("stack",
    torch=lambda *x, axis: torch.stack(x, axis),
    jax=lambda *x, axis: jnp.stack(x, axis),
    cases=[
        case(numbers(3, seed=1), numbers(3, seed=2), axis=0),
        case(numbers(3, seed=3), numbers(3, seed=4), axis=-1),
        case(numbers(2, 3, seed=5), numbers(2, 3, seed=6), numbers(2, 3, seed=7), axis=1),
        case(numbers(2, 3, seed=8), numbers(2, 3, seed=9), axis=2),
        case(numbers(seed=10), numbers(seed=11), axis=0, edge="rank 0"),
        case(numbers(2, 0), numbers(2, 0), axis=1, edge="no elements"),
    ])

family.entry("split",
    torch=lambda x, axis, size: x.split(size, axis),
    cases=[
        case(numbers(5, seed=1), axis=0, size=2),
        case(numbers(2, 6, seed=2), axis=1, size=3),
        case(numbers(2, 3, 5, seed=3), axis=-1, size=2),
        case(numbers(4, 2, seed=4), axis=0, size=1),
        case(numbers(3, seed=5), axis=0, size=7, edge="longer than the axis"),
        case(numbers(0, 2), axis=0, size=2, edge="no elements"),
    ])

family.entry("split_sizes",
    torch=lambda x, axis, sizes: x.split(sizes, axis),
    jax=lambda x, axis, sizes: jnp.split(x, np.cumsum(sizes)[:-1], axis),
    cases=[
        case(numbers(5, seed=1), axis=0, sizes=[2, 3]),
        case(numbers(2, 6, seed=2), axis=1, sizes=[1, 2, 3]),
        case(numbers(2, 3, 5, seed=3), axis=-1, sizes=[4, 1]),
        case(numbers(4, 2, seed=4), axis=0, sizes=[4]),
        case(numbers(3, seed=5), axis=0, sizes=[0, 3], edge="a part of nothing"),
        case(numbers(2, 3, seed=6), axis=-2, sizes=[1, 1]),
    ])

family.entry("chunk",
    torch=lambda x, axis, count: x.chunk(count, axis),
    cases=[
        case(numbers(5, seed=1), axis=0, count=4, edge="fewer parts than asked for"),
        case(numbers(2, 6, seed=2), axis=1, count=3),
        case(numbers(2, 3, 5, seed=3), axis=-1, count=2),
        case(numbers(4, 2, seed=4), axis=0, count=1),
        case(numbers(3, seed=5), axis=0, count=7, edge="more parts than entries"),
        case(numbers(6, seed=6), axis=0, count=2),
    ])

family.entry("narrow",
    torch=lambda x, axis, start, length: x.narrow(axis, start, length),
    cases=[
        case(numbers(5, seed=1), axis=0, start=1, length=3),
        case(numbers(2, 6, seed=2), axis=1, start=-2, length=2),
        case(numbers(2, 3, 5, seed=3), axis=-1, start=0, length=1),
        case(numbers(4, 2, seed=4), axis=0, start=0, length=4),
        case(numbers(3, seed=5), axis=0, start=1, length=0, edge="nothing"),
        case(numbers(2, 3, seed=6), axis=-2, start=-1, length=1),
    ])


def sliced(x, axis, start, end, step):
    return x[tuple([slice(None)] * (axis % x.ndim) + [slice(start, end, step)])]


family.entry("slice",
    torch=lambda x, axis, start, end: sliced(x, axis, start, end, 1),
    jax=lambda x, axis, start, end: sliced(x, axis, start, end, 1),
    cases=[
        case(numbers(5, seed=1), axis=0, start=1, end=3),
        case(numbers(2, 6, seed=2), axis=1, start=-4, end=-1),
        case(numbers(2, 3, 5, seed=3), axis=-1, start=0, end=5),
        case(numbers(4, 2, seed=4), axis=0, start=-4, end=2),
        case(numbers(3, seed=5), axis=0, start=3, end=3, edge="nothing"),
        case(numbers(2, 3, seed=6), axis=-2, start=1, end=2),
    ])

family.entry("slice_step",
    # PyTorch has no negative steps. A range is walked backwards from its last entry.
    jax=lambda x, axis, start, end, step: sliced(x, axis, start, end, step) if step > 0
        else sliced(sliced(x, axis, start, end, 1), axis, None, None, step),
    cases=[
        case(numbers(5, seed=1), axis=0, start=0, end=5, step=2),
        case(numbers(2, 6, seed=2), axis=1, start=1, end=-1, step=3),
        case(numbers(2, 3, 5, seed=3), axis=-1, start=0, end=5, step=-1),
        case(numbers(7, 2, seed=4), axis=0, start=-6, end=6, step=-2),
        case(numbers(3, seed=5), axis=0, start=1, end=3, step=9, edge="a step over the end"),
        case(numbers(3, seed=6), axis=0, start=2, end=2, step=-1, edge="nothing"),
    ])

family.entry("at",
    torch=lambda x, axis, entry: x.select(axis, entry),
    cases=[
        case(numbers(5, seed=1), axis=0, entry=1),
        case(numbers(2, 6, seed=2), axis=1, entry=-1),
        case(numbers(2, 3, 5, seed=3), axis=-1, entry=0),
        case(numbers(2, 3, 5, seed=4), axis=-2, entry=-3),
        case(numbers(1, seed=5), axis=0, entry=0, edge="one element"),
        case(numbers(2, 0, 3), axis=2, entry=1, edge="no elements"),
    ])

family.entry("index_select",
    torch=lambda x, i, axis: x.index_select(axis, i),
    jax=lambda x, i, axis: jnp.take(x, i, axis),
    cases=[
        case(numbers(5, seed=1), positions([3, 0, 3]), axis=0),
        case(numbers(2, 3, seed=2), positions([2, 2, 0, 1]), axis=1),
        case(numbers(2, 3, 4, seed=3), positions([1]), axis=-2),
        case(numbers(4, 2, seed=4), positions([3, 2, 1, 0]), axis=0),
        case(numbers(3, 2, seed=5), positions([], (0,)), axis=0, edge="no positions"),
        case(numbers(1, 3, seed=6), positions([0, 0]), axis=0, edge="an axis of one entry"),
        # PyTorch takes one axis of positions.
        case(numbers(2, 3, seed=7), positions([[2, 0], [1, 1]]), axis=1, only="jax"),
        case(numbers(3, 2, seed=8), positions(2), axis=0, only="jax", edge="one position"),
    ])

family.entry("index_add",
    torch=lambda x, i, axis, length: torch.zeros(
        [length if k == axis % x.ndim else n for k, n in enumerate(x.shape)]).index_add(axis, i, x),
    cases=[
        case(numbers(3, seed=1), positions([3, 0, 3]), axis=0, length=5),
        case(numbers(2, 4, seed=2), positions([2, 2, 0, 1]), axis=1, length=3),
        case(numbers(2, 1, 4, seed=3), positions([1]), axis=-2, length=3),
        case(numbers(4, 2, seed=4), positions([0, 0, 0, 0]), axis=0, length=1, edge="all in one place"),
        case(numbers(0, 2), positions([], (0,)), axis=0, length=3, edge="no positions"),
        case(numbers(2, 3, seed=5), positions([1, 0, 1]), axis=-1, length=2),
    ])

family.entry("embedding",
    torch=lambda w, i: tf.embedding(i, w),
    jax=lambda w, i: w[i],
    cases=[
        case(numbers(5, 3, seed=1), positions([3, 0, 3])),
        case(numbers(5, 3, seed=2), positions([[4, 1], [0, 4]])),
        case(numbers(2, 4, seed=3), positions([[[1], [0]]])),
        case(numbers(3, 1, seed=4), positions([2, 1, 0])),
        case(numbers(3, 2, seed=5), positions([], (0,)), edge="no positions"),
        case(numbers(3, 2, seed=6), positions(1), edge="one position"),
    ])

family.entry("gather",
    torch=lambda x, i, axis: torch.gather(x, axis, i),
    cases=[
        case(numbers(5, seed=1), positions([3, 0, 3]), axis=0),
        case(numbers(2, 3, seed=2), positions([[2, 2, 0, 1], [0, 1, 1, 1]]), axis=1),
        case(numbers(3, 2, seed=3), positions([[2, 0]]), axis=0),
        case(numbers(2, 3, 2, seed=4), positions([[[1, 0], [0, 1], [1, 1]]]), axis=-3),
        case(numbers(2, 3, seed=5), positions([], (2, 0)), axis=1, edge="no positions"),
        case(numbers(2, 3, seed=6), positions([[2]]), axis=-1),
    ])

family.entry("scatter_add",
    torch=lambda x, i, axis, shape: torch.zeros(shape).scatter_add(axis, i, x),
    cases=[
        case(numbers(3, seed=1), positions([3, 0, 3]), axis=0, shape=[5]),
        case(numbers(2, 4, seed=2), positions([[2, 2, 0, 1], [0, 1, 1, 1]]), axis=1, shape=[2, 3]),
        case(numbers(1, 2, seed=3), positions([[2, 0]]), axis=0, shape=[3, 2]),
        case(numbers(1, 3, 2, seed=4), positions([[[1, 0], [0, 1], [1, 1]]]), axis=-3, shape=[2, 3, 2]),
        case(numbers(2, 0), positions([], (2, 0)), axis=1, shape=[2, 3], edge="no positions"),
        case(numbers(1, 1, seed=5), positions([[2]]), axis=-1, shape=[2, 3]),
    ])

family.entry("scatter",
    torch=lambda x, i, source, axis: torch.scatter(x, axis, i, source),
    cases=[
        case(numbers(5, seed=1), positions([3, 0]), numbers(2, seed=11), axis=0),
        case(numbers(2, 3, seed=2), positions([[2, 0], [0, 1]]), numbers(2, 2, seed=12), axis=1),
        case(numbers(3, 2, seed=3), positions([[2, 0]]), numbers(1, 2, seed=13), axis=0),
        case(numbers(2, 3, 2, seed=4), positions([[[1, 0], [0, 1], [1, 1]]]), numbers(1, 3, 2, seed=14), axis=-3),
        case(numbers(2, 3, seed=5), positions([], (2, 0)), numbers(2, 0), axis=1, edge="no positions"),
        case(numbers(2, 3, seed=6), positions([[2]]), numbers(1, 1, seed=16), axis=-1),
        case(numbers(3, seed=7), positions([1, 1]), numbers(2, seed=17), axis=0, edge="two writes to one place",
            ours={"gradients": [None, None, array([0.0, 1.125])]},
            because="the write that stays gets the gradient; PyTorch gives it to the overwritten one too"),
    ])

SOME = mask([[True, False, True], [False, False, True]])

family.entry("masked_fill",
    torch=lambda x, m, value: x.masked_fill(m, value),
    jax=lambda x, m, value: jnp.where(m, value, x),
    cases=[
        case(numbers(2, 3, seed=1), SOME, value=0.0),
        case(numbers(2, 3, seed=2), mask([True, False, True]), value=-1.5),
        case(numbers(2, 3, seed=3), mask([[True], [False]]), value=7.0),
        case(numbers(3, seed=4), mask([False, False, False]), value=7.0, edge="nowhere"),
        case(numbers(3, seed=5), mask([True, True, True]), value=7.0, edge="everywhere"),
        case(array([NAN, INF, 1.0]), mask([True, True, False]), value=0.0, edge="NaN and infinity"),
        case(numbers(0, 3), mask([True, True, False]), value=0.0, edge="no elements"),
    ])

family.entry("masked_select",
    torch=lambda x, m: torch.masked_select(x, m),
    cases=[
        case(numbers(2, 3, seed=1), SOME),
        case(numbers(2, 3, seed=2), mask([True, False, True])),
        case(numbers(2, 3, seed=3), mask([[True], [False]])),
        case(numbers(3, seed=4), SOME),
        case(numbers(3, seed=5), mask([False, False, False]), edge="nowhere"),
        case(numbers(0, 3), mask([True, True, False]), edge="no elements"),
        case(numbers(2, 3, seed=6), mask(True), edge="everywhere, by a mask of rank 0"),
    ])

family.entry("select",
    torch=lambda m, a, b: torch.where(m, a, b),
    jax=lambda m, a, b: jnp.where(m, a, b),
    cases=[
        case(SOME, numbers(2, 3, seed=1), numbers(2, 3, seed=2)),
        case(SOME, numbers(3, seed=3), numbers(2, 1, seed=4)),
        case(mask([True, False]), numbers(seed=5), numbers(3, 2, seed=6)),
        case(mask(True), numbers(3, seed=7), numbers(3, seed=8), edge="a mask of rank 0"),
        case(mask([True, False]), array([1.0, NAN]), array([INF, 2.0]), edge="NaN and infinity not taken"),
        case(mask([], (0,)), numbers(0), numbers(1, seed=9), edge="no elements"),
    ])

family.entry("diagonal",
    torch=lambda x, offset: torch.diagonal(x, offset, -2, -1),
    jax=lambda x, offset: jnp.diagonal(x, offset, -2, -1),
    cases=[
        case(numbers(3, 3, seed=1), offset=0),
        case(numbers(3, 5, seed=2), offset=1),
        case(numbers(5, 3, seed=3), offset=-2),
        case(numbers(2, 3, 4, seed=4), offset=0),
        case(numbers(2, 2, 3, seed=5), offset=-1),
        case(numbers(2, 3, seed=6), offset=3, edge="beyond the corner"),
        case(numbers(0, 3), offset=0, edge="no elements"),
    ])

family.entry("diagonal_of",
    torch=lambda x, offset, first, second: torch.diagonal(x, offset, first, second),
    jax=lambda x, offset, first, second: jnp.diagonal(x, offset, first, second),
    cases=[
        case(numbers(3, 3, seed=1), offset=0, first=0, second=1),
        case(numbers(3, 5, seed=2), offset=1, first=1, second=0),
        case(numbers(3, 2, 4, seed=3), offset=-1, first=0, second=2),
        case(numbers(3, 2, 4, seed=4), offset=0, first=-1, second=1),
        case(numbers(2, 2, 3, seed=5), offset=1, first=0, second=1),
        case(numbers(0, 3, 2), offset=0, first=1, second=2, edge="no elements"),
    ])

family.entry("diag_embed",
    torch=lambda x, offset: torch.diag_embed(x, offset),
    cases=[
        case(numbers(3, seed=1), offset=0),
        case(numbers(3, seed=2), offset=1),
        case(numbers(2, 2, seed=3), offset=-2),
        case(numbers(2, 1, 3, seed=4), offset=0),
        case(numbers(1, seed=5), offset=0, edge="one element"),
        case(numbers(2, 0), offset=1, edge="no elements"),
    ])

family.entry("trace",
    torch=lambda x: torch.diagonal(x, 0, -2, -1).sum(-1),
    jax=lambda x: jnp.trace(x, axis1=-2, axis2=-1),
    cases=[
        case(numbers(3, 3, seed=1)),
        case(numbers(2, 5, seed=2)),
        case(numbers(5, 2, seed=3)),
        case(numbers(2, 3, 3, seed=4)),
        case(numbers(1, 1, seed=5), edge="one element"),
        case(numbers(0, 0), edge="no elements"),
        case(array([[1.0, NAN], [INF, 2.0]]), edge="NaN off the diagonal"),
    ])

for name in ("tril", "triu"):
    family.entry(name,
        torch=lambda x, offset, f=getattr(torch, name): f(x, offset),
        jax=lambda x, offset, f=getattr(jnp, name): f(x, offset),
        cases=[
            case(numbers(3, 3, seed=1), offset=0),
            case(numbers(3, 5, seed=2), offset=1),
            case(numbers(5, 3, seed=3), offset=-2),
            case(numbers(2, 3, 4, seed=4), offset=0),
            case(numbers(2, 3, seed=5), offset=7, edge="beyond the corner"),
            case(numbers(2, 3, seed=6), offset=-7, edge="before the corner"),
            case(numbers(0, 3), offset=0, edge="no elements"),
            case(array([[NAN, NAN], [NAN, NAN]]), offset=0, edge="NaN is cut off"),
        ])

family.entry("one_hot",
    torch=lambda i, classes: tf.one_hot(i, classes).to(torch.float64),
    jax=lambda i, classes: jax.nn.one_hot(i, classes, dtype=jnp.float64),
    cases=[
        case(positions([2, 0, 1]), classes=3, order=0),
        case(positions([[2, 0], [1, 1]]), classes=5, order=0),
        case(positions([[0]]), classes=2, order=0),
        case(positions([4, 4, 4]), classes=5, order=0),
        case(positions(1), classes=3, order=0, edge="one class"),
        case(positions([], (0,)), classes=3, order=0, edge="none"),
        case(positions([0, 0]), classes=1, order=0, edge="one class there is"),
    ])

family.entry("sliding",
    torch=lambda x, axis, size, step: x.unfold(axis, size, step),
    cases=[
        case(numbers(5, seed=1), axis=0, size=3, step=1),
        case(numbers(7, seed=2), axis=0, size=2, step=3),
        case(numbers(2, 5, seed=3), axis=1, size=3, step=2),
        case(numbers(4, 2, seed=4), axis=-2, size=2, step=1),
        case(numbers(2, 4, 2, seed=5), axis=1, size=3, step=1),
        case(numbers(3, seed=6), axis=0, size=3, step=5, edge="a window as long as the axis"),
        case(numbers(0, 3), axis=1, size=2, step=1, edge="no elements"),
    ])

family.entry("meshgrid",
    torch=lambda *x: torch.meshgrid(*x, indexing="ij"),
    jax=lambda *x: jnp.meshgrid(*x, indexing="ij"),
    cases=[
        case(numbers(2, seed=1), numbers(3, seed=2)),
        case(numbers(3, seed=3), numbers(3, seed=4)),
        case(numbers(2, seed=5), numbers(3, seed=6), numbers(4, seed=7)),
        case(numbers(4, seed=8), edge="one vector"),
        case(numbers(1, seed=9), numbers(5, seed=10), edge="a vector of one element"),
        case(numbers(2, seed=11), numbers(0), edge="no elements"),
    ])

WINDOWS = dict(size=[3, 2], stride=[1, 1], padding=[0, 0], dilation=[1, 1])

family.entry("unfold",
    torch=lambda x, size, stride, padding, dilation: tf.unfold(x, size, dilation, padding, stride),
    cases=[
        case(numbers(1, 1, 4, 3, seed=1), **WINDOWS),
        case(numbers(1, 2, 3, 3, seed=2), **{**WINDOWS, "size": [2, 2]}),
        case(numbers(2, 1, 4, 4, seed=3), **{**WINDOWS, "size": [2, 2], "stride": [2, 3]}),
        case(numbers(1, 1, 2, 2, seed=4), **{**WINDOWS, "size": [2, 2], "padding": [1, 1]}),
        case(numbers(1, 1, 5, 4, seed=5), **{**WINDOWS, "size": [2, 2], "dilation": [3, 2]}),
        case(numbers(1, 1, 3, 2, seed=6), **WINDOWS, edge="a window as large as the image"),
        case(numbers(1, 1, 2, 2, seed=7), **{**WINDOWS, "size": [4, 4], "padding": [1, 1]},
            edge="a window as large as the padded image"),
        case(numbers(1, 1, 4, 5, seed=8), **{**WINDOWS, "size": [2, 1], "stride": [3, 4]},
            edge="strides longer than the window"),
        case(numbers(0, 2, 4, 3), **WINDOWS, edge="no images"),
    ])

family.entry("fold",
    torch=lambda x, lengths, size, stride, padding, dilation: tf.fold(x, lengths, size, dilation, padding, stride),
    cases=[
        case(numbers(1, 6, 4, seed=1), **WINDOWS, lengths=[4, 3]),
        case(numbers(1, 8, 4, seed=2), **{**WINDOWS, "size": [2, 2]}, lengths=[3, 3]),
        case(numbers(2, 4, 4, seed=3), **{**WINDOWS, "size": [2, 2], "stride": [2, 2]}, lengths=[4, 4]),
        case(numbers(1, 4, 9, seed=4), **{**WINDOWS, "size": [2, 2], "padding": [1, 1]}, lengths=[2, 2]),
        case(numbers(1, 4, 4, seed=5), **{**WINDOWS, "size": [2, 2], "dilation": [3, 2]}, lengths=[5, 4]),
        case(numbers(1, 6, 1, seed=6), **WINDOWS, lengths=[3, 2], edge="one window"),
        case(numbers(1, 2, 4, seed=7), **{**WINDOWS, "size": [2, 1], "stride": [3, 4]}, lengths=[5, 5],
            edge="strides longer than the window"),
    ])

family.entry("stop_gradient",
    torch=lambda x: x.detach() * x,
    jax=lambda x: jax.lax.stop_gradient(x) * x,
    cases=[
        case(numbers(3, seed=1)),
        case(numbers(2, 3, seed=2)),
        case(numbers(seed=3), edge="rank 0"),
        case(numbers(0, 3), edge="no elements"),
        case(array([0.0, -1.0, 1e300]), edge="zero and huge"),
        case(numbers(2, 1, 3, seed=4)),
    ])

family.write()
