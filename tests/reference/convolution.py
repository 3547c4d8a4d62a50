"""Convolution, pooling and interpolation."""

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

from reference import INF, NAN, Family, array, case, numbers

family = Family("convolution")

TORCH_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TORCH_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def each(n, axes):
    return [n] * axes if isinstance(n, int) else list(n)


def sides(padding, x, w, dilation):
    """Zeros before and after each spatial axis; `padding` is a number, a number for each axis, or a name."""
    axes = w.ndim - 2
    around = [d * (k - 1) for d, k in zip(each(dilation, axes), w.shape[2:])]
    if padding == "same":
        return [(a // 2, a - a // 2) for a in around]
    if padding == "full":
        return [(a, a) for a in around]
    return [(p, p) for p in each(0 if padding == "valid" else padding, axes)]


def torch_conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    f = TORCH_CONV[w.ndim - 2]
    if padding == "full":
        pairs = sides(padding, x, w, dilation)
        x, padding = F.pad(x, [p for pair in reversed(pairs) for p in pair]), 0
    return f(x, w, None, stride, padding, dilation, groups)


def jax_conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    axes = w.ndim - 2
    alone = x.ndim == axes + 1
    y = jax.lax.conv_general_dilated(
        x[None] if alone else x, w, each(stride, axes), sides(padding, x, w, dilation),
        rhs_dilation=each(dilation, axes), feature_group_count=groups, precision="highest",
    )
    return y[0] if alone else y


def conv_cases(axes):
    """Cases of one, two or three spatial axes."""
    table = {
        1: [
            ((2, 2, 7), (3, 2, 3), {}),
            ((1, 2, 9), (2, 2, 3), dict(stride=2, padding=1, dilation=2)),
            ((1, 4, 6), (4, 2, 2), dict(groups=2, padding=[2])),
            ((2, 1, 5), (2, 1, 4), dict(padding="same")),
            ((1, 2, 4), (2, 2, 3), dict(padding="full")),
            ((1, 1, 6), (2, 1, 3), dict(padding="valid")),
            ((2, 6), (2, 2, 3), dict(stride=[3], dilation=[2])),
        ],
        2: [
            ((1, 2, 4, 5), (3, 2, 3, 2), {}),
            ((1, 2, 5, 4), (2, 1, 2, 3), dict(stride=[2, 1], padding=[0, 1], groups=2)),
            ((1, 1, 3, 4), (2, 1, 2, 2), dict(padding="same")),
            ((1, 1, 3, 3), (1, 1, 3, 2), dict(padding="full", dilation=[1, 2])),
            ((1, 1, 6, 6), (1, 1, 2, 3), dict(stride=2, dilation=2, padding=1)),
            ((2, 4, 5), (2, 2, 2, 2), {}),
        ],
        3: [
            ((1, 1, 3, 3, 4), (2, 1, 2, 2, 3), {}),
            ((1, 2, 2, 3, 3), (2, 1, 2, 2, 1), dict(groups=2, padding=[1, 0, 0])),
            ((1, 1, 3, 3, 3), (2, 1, 2, 2, 2), dict(stride=2, padding=1)),
            ((1, 1, 4, 2, 3), (1, 1, 2, 1, 2), dict(dilation=[2, 1, 1], stride=[1, 1, 2])),
            ((1, 1, 2, 3, 2), (1, 1, 3, 2, 2), dict(padding="same")),
        ],
    }[axes]
    lengths = {1: (3,), 2: (3, 2), 3: (2, 1, 1)}[axes]
    full = tuple(n + 2 for n in lengths)
    large = {1: (8,), 2: (5, 4), 3: (3, 3, 3)}[axes]
    return [
        *[case(numbers(*x, seed=k), numbers(*w, seed=k + 40), **a) for k, (x, w, a) in enumerate(table)],
        case(numbers(1, 1, *lengths, seed=20), numbers(1, 1, *full, seed=21), padding=1,
             edge="filters as large as the padded image"),
        case(numbers(1, 1, *large, seed=22), numbers(2, 1, *[1] * axes, seed=23), stride=2,
             edge="a stride larger than the filters"),
        case(numbers(0, 2, *large), numbers(2, 2, *[2] * axes, seed=24), edge="a batch of none", order=1),
        case(numbers(1, 1, *lengths, seed=25) * array([1e150]), numbers(1, 1, *[1] * axes, seed=26), edge="huge numbers"),
    ]


for axes in (1, 2, 3):
    family.entry(f"conv{axes}d", torch=torch_conv, jax=jax_conv, cases=conv_cases(axes), bound=1e-10)

family.entry("cross_correlation", torch=torch_conv, jax=jax_conv, cases=conv_cases(1)[2:] + conv_cases(2)[:4], bound=1e-10)


def flipped(f, flip):
    return lambda x, w, **a: f(x, flip(w), **a)


family.entry(
    "convolution",
    torch=flipped(torch_conv, lambda w: torch.flip(w, list(range(2, w.ndim)))),
    jax=flipped(jax_conv, lambda w: jnp.flip(w, list(range(2, w.ndim)))),
    cases=[*conv_cases(1), *conv_cases(2), *conv_cases(3)[:3]], bound=1e-10,
)


def depthwise(f):
    return lambda x, w, **a: f(x, w, groups=x.shape[-(w.ndim - 1)], **a)


family.entry("depthwise_conv", torch=depthwise(torch_conv), jax=depthwise(jax_conv), bound=1e-10, cases=[
    case(numbers(2, 3, 4, seed=1), numbers(6, 1, 2, seed=2)),
    case(numbers(1, 2, 4, 5, seed=3), numbers(2, 1, 3, 2, seed=4), stride=2, padding=1),
    case(numbers(1, 3, 3, 3, seed=5), numbers(3, 1, 2, 2, seed=6), padding="same"),
    case(numbers(3, 6, seed=7), numbers(3, 1, 3, seed=8), dilation=2),
    case(numbers(1, 2, 2, 3, 3, seed=9), numbers(2, 1, 2, 2, 2, seed=10)),
    case(numbers(1, 2, 3, seed=11), numbers(4, 1, 5, seed=12), padding=1, edge="filters as large as the padded image"),
    case(numbers(1, 1, 7, seed=13), numbers(2, 1, 2, seed=14), stride=3, edge="a stride larger than the filters"),
    case(numbers(0, 2, 5), numbers(2, 1, 2, seed=15), edge="a batch of none", order=1),
])


def torch_transpose(x, w, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return TORCH_TRANSPOSE[w.ndim - 2](x, w, None, stride, padding, output_padding, groups, dilation)


def jax_transpose(x, w, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """A convolution with the filters flipped, their two channel axes exchanged, and zeros between the entries of x."""
    axes = w.ndim - 2
    alone = x.ndim == axes + 1
    x = x[None] if alone else x
    stride, padding, more, dilation = (each(n, axes) for n in (stride, padding, output_padding, dilation))
    w = jnp.flip(w, list(range(2, w.ndim)))
    w = w.reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    w = w.reshape(-1, *w.shape[2:])
    around = [(d * (k - 1) - p, d * (k - 1) - p + m) for d, k, p, m in zip(dilation, w.shape[2:], padding, more)]
    y = jax.lax.conv_general_dilated(
        x, w, [1] * axes, around, lhs_dilation=stride, rhs_dilation=dilation, feature_group_count=groups,
        precision="highest",
    )
    return y[0] if alone else y


def transpose_cases(axes):
    table = {
        1: [
            ((2, 2, 4), (2, 3, 3), {}),
            ((1, 2, 4), (2, 2, 3), dict(stride=2, padding=1, output_padding=1)),
            ((1, 4, 3), (4, 1, 2), dict(stride=3, groups=2, output_padding=[2])),
            ((1, 2, 4), (2, 1, 3), dict(dilation=2, padding=[1])),
            ((2, 3), (2, 1, 2), dict(stride=2)),
        ],
        2: [
            ((1, 2, 3, 2), (2, 2, 2, 3), {}),
            ((1, 2, 2, 3), (2, 2, 3, 2), dict(stride=[2, 1], padding=[1, 0], output_padding=[1, 0])),
            ((1, 4, 2, 2), (4, 1, 2, 2), dict(stride=2, groups=2)),
            ((1, 1, 3, 3), (1, 1, 2, 2), dict(dilation=2)),
            ((2, 2, 3), (2, 1, 2, 2), dict(stride=3, output_padding=2, padding=1)),
        ],
        3: [
            ((1, 1, 2, 2, 3), (1, 1, 2, 1, 2), {}),
            ((1, 2, 1, 2, 2), (2, 1, 2, 2, 2), dict(stride=2, padding=[1, 0, 0], output_padding=1)),
            ((1, 2, 2, 1, 2), (2, 1, 2, 2, 1), dict(groups=2)),
            ((1, 1, 2, 2, 2), (1, 1, 2, 2, 2), dict(dilation=[2, 1, 1])),
            ((1, 1, 2, 2, 2), (1, 1, 1, 2, 2), dict(stride=[1, 2, 1], output_padding=[0, 1, 0])),
        ],
    }[axes]
    one = [1] * axes
    return [
        *[case(numbers(*x, seed=k), numbers(*w, seed=k + 50), **a) for k, (x, w, a) in enumerate(table)],
        case(numbers(1, 1, *[2, 2, 1][:axes], seed=30), numbers(1, 1, *one, seed=31), stride=3,
             edge="a stride larger than the filters: zeros between"),
        case(numbers(1, 1, *one, seed=32), numbers(1, 1, *[2, 1, 1][:axes], seed=33), dilation=3,
             output_padding=[2, 0, 1][:axes],
             edge="output padding beyond the stride, below the dilation"),
        case(numbers(1, 1, *one, seed=34), numbers(1, 1, *[3] * axes, seed=35), padding=1, edge="one element is left"),
    ]


for axes in (1, 2, 3):
    family.entry(f"conv_transpose{axes}d", torch=torch_transpose, jax=jax_transpose, cases=transpose_cases(axes), bound=1e-10)


def torch_max(x, size, stride=None, padding=0, dilation=1, ceil=False):
    f = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[x.ndim - 2]
    return f(x, size, stride, padding, dilation, ceil)


def torch_arg_max(x, size, stride=None, padding=0, dilation=1, ceil=False):
    f = {1: F.max_pool1d_with_indices, 2: F.max_pool2d_with_indices, 3: F.max_pool3d_with_indices}[x.ndim - 2]
    return f(x, size, stride, padding, dilation, ceil)[1]


MAX = [
    case(numbers(2, 1, 6, seed=1), size=2),
    case(numbers(1, 2, 4, 5, seed=2), size=3, stride=2, padding=1),
    case(numbers(1, 1, 5, 6, seed=3), size=[2, 3], stride=[1, 2], padding=[0, 1], dilation=[2, 1]),
    case(numbers(1, 2, 7, seed=4), size=2, stride=2, ceil=True),
    case(numbers(1, 1, 5, 4, seed=5), size=3, stride=2, padding=1, ceil=True),
    case(numbers(1, 1, 2, 4, 4, seed=6), size=[1, 2, 2]),
    case(numbers(1, 1, 5, seed=7), size=2, stride=3, edge="a stride larger than the windows"),
    case(numbers(2, 1, 4, seed=8), size=4, edge="a window as large as the image"),
    case(array([2.0, 2.0, 1.0, 1.0, 3.0, 3.0], (1, 1, 6)), size=3, stride=1, edge="ties go to the first"),
    case(array([-INF, -INF, 1.0, -INF], (1, 1, 4)), size=2, edge="windows of negative infinities"),
    case(array([1.0, NAN, 2.0, 3.0, NAN, NAN], (1, 1, 6)), size=2, edge="NaN is the largest"),
    case(array([5.0, 1.0, 4.0], (1, 1, 3)), size=2, stride=2, padding=1, ceil=True,
         edge="ceil mode has no window that begins after the image"),
    case(numbers(1, 1, 3, 3, seed=9), size=1, stride=2, edge="windows of one element"),
]
family.entry("max_pool", torch=torch_max, cases=MAX)
family.entry("arg_max_pool", torch=torch_arg_max, cases=[{**c, "order": 0} for c in MAX])


def torch_average(x, size, stride=None, padding=0, ceil=False, count_padding=True):
    f = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[x.ndim - 2]
    return f(x, size, stride, padding, ceil, count_padding)


family.entry("average_pool", torch=torch_average, cases=[
    case(numbers(2, 1, 6, seed=1), size=2),
    case(numbers(1, 2, 4, 5, seed=2), size=3, stride=2, padding=1),
    case(numbers(1, 2, 4, 5, seed=3), size=3, stride=2, padding=1, count_padding=False),
    case(numbers(1, 1, 5, 6, seed=4), size=[2, 3], stride=[1, 2], padding=[1, 0]),
    case(numbers(1, 2, 7, seed=5), size=2, stride=2, ceil=True),
    case(numbers(1, 1, 5, 4, seed=6), size=3, stride=2, padding=1, ceil=True),
    case(numbers(1, 1, 6, 4, seed=7), size=3, stride=2, padding=1, ceil=True, count_padding=False),
    case(numbers(1, 1, 2, 4, 4, seed=8), size=[1, 2, 2]),
    case(numbers(1, 1, 5, seed=9), size=2, stride=3, edge="a stride larger than the windows"),
    case(numbers(2, 1, 4, seed=10), size=4, edge="a window as large as the image"),
    case(numbers(1, 1, 6, seed=11), size=4, stride=3, padding=2, ceil=True,
         edge="a window of ceil mode that reaches beyond the padding"),
    case(array([1.0, NAN, 2.0, INF, 5.0, 6.0], (1, 1, 6)), size=2, edge="NaN and infinity"),
])




def windows(shapes):
    return [case(numbers(*x, seed=k), size=size, stride=stride) for k, (x, size, stride) in enumerate(shapes)]


ONE = windows([((2, 1, 6), 2, 2), ((1, 2, 7), 3, 2), ((1, 1, 8), 3, 3), ((2, 2, 4), 1, 1), ((1, 1, 9), 4, 1)])
ONE.append(case(numbers(1, 1, 7, seed=9), size=2, stride=4, edge="a stride larger than the windows"))
TWO = windows([((1, 1, 4, 6), 2, 2), ((1, 2, 3, 4), 2, 1), ((1, 1, 5, 5), 3, 2), ((1, 1, 4, 4), [1, 3], [2, 1]),
               ((2, 1, 3, 3), 1, 1)])
TWO.append(case(numbers(1, 1, 4, 5, seed=9), size=2, stride=3, edge="a stride larger than the windows"))
family.entry("max_pool1d", torch=lambda x, size, stride: F.max_pool1d(x, size, stride), cases=ONE)
family.entry("max_pool2d", torch=lambda x, size, stride: F.max_pool2d(x, size, stride), cases=TWO)
family.entry("average_pool1d", torch=lambda x, size, stride: F.avg_pool1d(x, size, stride), cases=ONE)
family.entry("average_pool2d", torch=lambda x, size, stride: F.avg_pool2d(x, size, stride), cases=TWO)

ADAPTIVE = [
    case(numbers(2, 1, 7, seed=1), sizes=3),
    case(numbers(1, 2, 4, 5, seed=2), sizes=[2, 3]),
    case(numbers(1, 1, 5, 6, seed=3), sizes=2),
    case(numbers(1, 2, 6, seed=4), sizes=6),
    case(numbers(1, 1, 2, 3, 4, seed=5), sizes=[1, 2, 2]),
    case(numbers(2, 2, 5, seed=6), sizes=1),
    case(numbers(1, 1, 3, seed=7), sizes=5, edge="more windows than entries"),
    case(numbers(1, 1, 1, 1, seed=8), sizes=[2, 1], edge="one entry"),
]
family.entry("adaptive_average_pool", cases=ADAPTIVE, torch=lambda x, sizes: {
    3: F.adaptive_avg_pool1d, 4: F.adaptive_avg_pool2d, 5: F.adaptive_avg_pool3d}[x.ndim](x, sizes))
family.entry("adaptive_max_pool", cases=ADAPTIVE, torch=lambda x, sizes: {
    3: F.adaptive_max_pool1d, 4: F.adaptive_max_pool2d, 5: F.adaptive_max_pool3d}[x.ndim](x, sizes))


def torch_interpolate(x, mode, lengths=None, factor=None):
    lines = {3: "linear", 4: "bilinear", 5: "trilinear"}[x.ndim]
    name = {"linear": lines, "aligned": lines}.get(mode, mode)
    align = {"linear": False, "aligned": True}.get(mode)
    return F.interpolate(x, size=lengths, scale_factor=factor, mode=name, align_corners=align)


SHAPES = [((1, 2, 3), 5), ((1, 2, 5), 2), ((1, 1, 3, 4), [5, 3]), ((1, 2, 2, 3), [2, 7]), ((1, 1, 2, 2, 3), [3, 1, 4])]
family.entry("interpolate", torch=torch_interpolate, cases=[
    *[case(numbers(*x, seed=k), lengths=to, mode=mode)
      for k, (x, to) in enumerate(SHAPES) for mode in ("nearest", "nearest-exact", "linear", "aligned")],
    *[case(numbers(1, 1, 1, seed=9), lengths=4, mode=mode, edge="one entry") for mode in ("nearest", "linear", "aligned")],
    *[case(numbers(1, 1, 4, seed=10), lengths=1, mode=mode, edge="to one entry")
      for mode in ("nearest", "linear", "aligned")],
    case(numbers(1, 1, 4, seed=11), lengths=4, mode="linear", edge="to the same length"),
])
family.entry("interpolate_by", torch=torch_interpolate, cases=[
    *[case(numbers(*x, seed=k), factor=factor, mode=mode)
      for k, (x, factor) in enumerate([((1, 2, 4), 2.0), ((1, 1, 5), 0.5), ((1, 1, 3, 4), 1.5)])
      for mode in ("nearest", "linear", "aligned")],
    case(numbers(1, 1, 5, seed=7), factor=1.3, mode="linear", edge="a length that is rounded down"),
    case(numbers(1, 1, 5, seed=8), factor=1.3, mode="nearest", edge="a length that is rounded down"),
])

family.write()
