"""Reductions over axes, cumulative operations and sorting."""

import jax
import jax.numpy as jnp
import torch

from reference import INF, NAN, Family, array, case, mask, numbers

family = Family("reductions")


def over(*edges, make=numbers, empty=True, **attributes):
    """Cases of a reduction: over one axis, two and all, kept or not, then the edges."""
    ordinary = [
        case(make(5, seed=1), axes=[0], keep=False, **attributes),
        case(make(2, 3, seed=2), axes=[1], keep=True, **attributes),
        case(make(2, 3, 4, seed=3), axes=[1], keep=False, **attributes),
        case(make(2, 3, 4, seed=4), axes=[0, 2], keep=False, **attributes),
        case(make(2, 3, 4, seed=5), axes=[-1, 0], keep=True, **attributes),
        case(make(3, 2, seed=6), axes=[0, 1], keep=False, **attributes),
        case(make(3, 1, seed=7), axes=[1], keep=False, edge="an axis of one element", **attributes),
    ]
    if empty:
        ordinary.append(case(make(2, 0, 3), axes=[1], keep=False, edge="an empty axis", **attributes))
    ordinary.append(case(make(0, 3), axes=[1], keep=False, edge="a batch of none", **attributes))
    return [*ordinary, *edges]


def rows(what, *values, order=1, **rest):
    """An edge: rows of a matrix, reduced along each row."""
    return case(array(list(values)), axes=[1], keep=False, edge=what, order=order, **rest)


SPECIAL = rows("NaN and infinities", [NAN, 1.0], [INF, 2.0], [-INF, INF])
BIG = rows("huge and tiny", [1e300, 1e300], [1e-300, 2e-300])

family.entry("sum",
    torch=lambda x, axes, keep: torch.sum(x, axes, keepdim=keep),
    jax=lambda x, axes, keep: jnp.sum(x, tuple(axes), keepdims=keep),
    cases=over(SPECIAL, BIG, rows("cancellation", [1e16, 1.0, -1e16], [1.0, 2.0, 3.0],
        ours={"outputs": [array([1.0, 6.0])]}, because="1e16 + 1 − 1e16 is 1; the references round each addition")))
family.entry("mean",
    torch=lambda x, axes, keep: torch.mean(x, axes, keepdim=keep),
    jax=lambda x, axes, keep: jnp.mean(x, tuple(axes), keepdims=keep),
    cases=over(SPECIAL))


def torch_prod(x, axes, keep):
    shape = [1 if k in [a % x.dim() for a in axes] else n for k, n in enumerate(x.shape)]
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = torch.prod(x, axis)
    return x.reshape(shape) if keep else x


family.entry("prod", torch=torch_prod, jax=lambda x, axes, keep: jnp.prod(x, tuple(axes), keepdims=keep), cases=over(
    rows("no zero, one, two and three", [2.0, 3.0, -1.5], [2.0, 0.0, 3.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0], order=2, only="torch"),
    case(array([2.0, 0.0, 4.0, -1.0, 3.0]), axes=[0], keep=False, edge="one zero", only="torch"),
    case(array([2.0, 0.0, 4.0, 0.0, 3.0]), axes=[0], keep=True, edge="two zeros", only="torch"),
    rows("huge and tiny", [1e200, 1e-200], [1e-200, 1e-200]),
    rows("NaN and infinity", [NAN, 1.0], [INF, 2.0], [INF, 0.0], order=0)))
TIES = rows("ties", [1.0, 1.0, 0.0], [2.0, 2.0, 2.0], [0.0, -1.0, -1.0], order=2)
for name, t, j in [("max", torch.amax, jnp.max), ("min", torch.amin, jnp.min)]:
    family.entry(name, torch=lambda x, axes, keep, t=t: t(x, axes, keepdim=keep),
        jax=lambda x, axes, keep, j=j: j(x, tuple(axes), keepdims=keep),
        cases=over(TIES, rows("NaN", [NAN, 1.0], [1.0, NAN], order=0), rows("infinities", [INF, 1.0], [-INF, -INF], [-INF, INF], order=1), empty=False))
for name, t, j in [("var", torch.var, jnp.var), ("std", torch.std, jnp.std)]:
    family.entry(name, torch=lambda x, axes, keep, correction, t=t: t(x, axes, correction=correction, keepdim=keep),
        jax=lambda x, axes, keep, correction, j=j: j(x, tuple(axes), ddof=correction, keepdims=keep),
        cases=[
            case(numbers(5, seed=1), axes=[0], keep=False, correction=1),
            case(numbers(2, 3, seed=2), axes=[1], keep=True, correction=0),
            case(numbers(2, 3, 4, seed=3), axes=[0, 2], keep=False, correction=1),
            case(numbers(2, 3, 4, seed=4), axes=[-1], keep=True, correction=2),
            case(numbers(3, 2, seed=5), axes=[0, 1], keep=False, correction=0),
            case(numbers(3, 4, seed=6), axes=[0], keep=False, correction=0.5),
            case(numbers(3, 1, seed=7), axes=[1], keep=False, correction=0, edge="one element, no correction", order=1 if name == "std" else 2, only="torch"),
            case(numbers(3, 1, seed=7), axes=[1], keep=False, correction=1, edge="one element", order=0, only="torch"),
            case(numbers(2, 0), axes=[1], keep=False, correction=1, edge="no elements", order=0, only="torch"),
            rows("no spread", [2.0, 2.0, 2.0], [1.0, 2.0, 3.0], correction=1, order=1 if name == "std" else 2, only="torch"),
            rows("far from 0", [1e8 + 1, 1e8 + 2, 1e8 + 3], [1.0, 2.0, 3.0], correction=1),
            rows("NaN and infinity", [NAN, 1.0], [INF, 2.0], correction=1, order=0)])



ORDERS = [2.0, 1.0, 3.0, 1.5, 0.5, -2.0]
family.entry("norm", torch=lambda x, axes, keep, p: torch.linalg.vector_norm(x, p, axes, keepdim=keep),
    jax=lambda x, axes, keep, p: jnp.linalg.vector_norm(x, ord=p, axis=tuple(axes), keepdims=keep),
    cases=[
        *[case(numbers(2, 3, seed=k), axes=[1], keep=k % 2 == 0, p=p) for k, p in enumerate(ORDERS)],
        case(numbers(2, 3, seed=10), axes=[1], keep=False, p=0.0, edge="the order 0"),
        case(numbers(2, 3, seed=11), axes=[1], keep=False, p=INF, edge="the order ∞"),
        case(numbers(2, 3, seed=12), axes=[0], keep=True, p=-INF, edge="the order −∞"),
        case(numbers(2, 3, 4, seed=13), axes=[0, 2], keep=False, p=2.0),
        case(numbers(3, 1, seed=14), axes=[1], keep=False, p=2.0, edge="one element", order=1),
        case(numbers(0, 3), axes=[1], keep=False, p=2.0, edge="a batch of none"),
        case(numbers(3, 0), axes=[1], keep=False, p=2.0, edge="no elements", only="torch"),
        *[rows("zeros", [0.0, 0.0, 0.0], [0.0, 1.5, -2.0], p=p, only="torch") for p in [2.0, 1.0, 0.0, 3.0, 1.5, 0.5, -1.0]],
        rows("zeros and ties", [0.0, 0.0, 0.0], [2.0, 1.5, -2.0], p=INF, only="torch"),
        rows("ties", [3.0, -2.0, 2.0], [1.0, 1.5, -1.0], p=-INF, only="torch"),
        rows("NaN and infinity", [NAN, 1.0], [INF, 2.0], p=2.0, order=0),
        rows("NaN", [NAN, 1.0], [0.0, 2.0], p=0.0, order=0)])
family.entry("log_sum_exp", torch=lambda x, axes: torch.logsumexp(x, axes), jax=lambda x, axes: jax.scipy.special.logsumexp(x, tuple(axes)), cases=[
    case(numbers(5, seed=1), axes=[0]), case(numbers(2, 3, seed=2), axes=[1]), case(numbers(2, 3, 4, seed=3), axes=[0, 2]),
    case(numbers(2, 3, 4, seed=4), axes=[1]), case(numbers(3, 2, seed=5), axes=[0, 1]),
    case(array([[1000.0, 999.0], [-1000.0, -1001.0]]), axes=[1], edge="at ±1000"),
    case(array([[-INF, 1.0], [INF, 1.0], [NAN, 1.0]]), axes=[1], edge="NaN and infinities", order=0),
    case(array([[-INF, 1.0], [2.0, 1.0]]), axes=[1], edge="−∞", order=1),
    case(numbers(3, 1, seed=6), axes=[1], edge="one element")])
for name, t, j in [("softmax", torch.softmax, jax.nn.softmax), ("log_softmax", torch.log_softmax, jax.nn.log_softmax)]:
    family.entry(name, torch=lambda x, axis, t=t: t(x, axis), jax=lambda x, axis, j=j: j(x, axis), cases=[
        case(numbers(5, seed=1), axis=0), case(numbers(2, 3, seed=2), axis=1), case(numbers(2, 3, 4, seed=3), axis=-1),
        case(numbers(2, 3, 4, seed=4), axis=1), case(numbers(3, 2, seed=5), axis=0),
        case(array([[1000.0, 999.0], [-1000.0, -1001.0], [1000.0, -1000.0]]), axis=1, edge="at ±1000"),
        case(array([[NAN, 1.0], [2.0, 1.0]]), axis=1, edge="NaN", order=0),
        case(numbers(3, 1, seed=6), axis=1, edge="one element"), case(numbers(0, 3), axis=1, edge="empty")])

# logical reductions
T, N = True, False
for name, t, j in [("any", torch.any, jnp.any), ("all", torch.all, jnp.all)]:
    family.entry(name, torch=lambda x, axes, keep, t=t: t(x, axes[0], keepdim=keep) if len(axes) == 1 else t(x, tuple(axes), keepdim=keep),
        jax=lambda x, axes, keep, j=j: j(x, tuple(axes), keepdims=keep), cases=[
            case(mask([T, N, T]), axes=[0], keep=False, order=0),
            case(mask([[T, N], [N, N], [T, T]]), axes=[1], keep=True, order=0),
            case(mask([[T, N], [N, N], [T, T]]), axes=[0], keep=False, order=0),
            case(mask([[T, T], [T, T]]), axes=[0, 1], keep=False, order=0),
            case(mask([[N, N], [N, N]]), axes=[-1], keep=False, order=0),
            case(mask([], (3, 0)), axes=[1], keep=False, edge="of none", order=0),
            case(mask([[T], [N]]), axes=[1], keep=False, edge="of one", order=0)])

# positions
for name, t, j in [("arg_max", torch.argmax, jnp.argmax), ("arg_min", torch.argmin, jnp.argmin)]:
    family.entry(name, torch=lambda x, axis, t=t: t(x, axis), jax=lambda x, axis, j=j: j(x, axis).astype(jnp.int64), cases=[
        case(numbers(5, seed=1), axis=0, order=0), case(numbers(2, 3, seed=2), axis=1, order=0),
        case(numbers(2, 3, 4, seed=3), axis=1, order=0), case(numbers(2, 3, 4, seed=4), axis=-1, order=0),
        case(numbers(3, 2, seed=5), axis=0, order=0),
        case(array([[NAN, 1.0, NAN], [1.0, NAN, 3.0]]), axis=1, order=0, edge="NaN"),
        case(array([[INF, -INF, 1.0], [-INF, -INF, -INF]]), axis=1, order=0, edge="infinities and ties", only="jax"),
        case(numbers(3, 1, seed=6), axis=1, order=0, edge="one element")])


# cumulative
family.entry("cumsum", torch=lambda x, axis: torch.cumsum(x, axis), jax=lambda x, axis: jnp.cumsum(x, axis), cases=[
    case(numbers(5, seed=1), axis=0), case(numbers(2, 3, seed=2), axis=1), case(numbers(2, 3, 4, seed=3), axis=1),
    case(numbers(2, 3, 4, seed=4), axis=-1), case(numbers(3, 2, seed=5), axis=0), case(numbers(0, 3), axis=0, edge="empty"),
    case(array([1.0, INF, -INF, NAN, 2.0]), axis=0, edge="NaN and infinities")])
family.entry("cumprod", torch=lambda x, axis: torch.cumprod(x, axis), jax=lambda x, axis: jnp.cumprod(x, axis), cases=[
    case(numbers(5, seed=1), axis=0), case(numbers(2, 3, seed=2), axis=1), case(numbers(2, 3, 4, seed=3), axis=1),
    case(numbers(2, 3, 4, seed=4), axis=-1), case(numbers(3, 2, seed=5), axis=0), case(numbers(0, 3), axis=0, edge="empty"),
    case(array([2.0, 0.0, 3.0, -1.0, 0.5]), axis=0, edge="one zero", only="torch"),
    case(array([[2.0, 0.0, 3.0, 0.0, 0.5], [0.0, 1.0, 2.0, 3.0, 0.0]]), axis=1, edge="two zeros", only="torch"),
    case(array([1.0, INF, 2.0, NAN, 2.0]), axis=0, edge="NaN and infinity", order=0)])


# order
def jax_sort(x, axis, descending):
    positions = jnp.argsort(x, axis, stable=True, descending=descending)
    return jnp.take_along_axis(x, positions, axis), positions.astype(jnp.int64)


family.entry("sort", torch=lambda x, axis, descending: torch.sort(x, dim=axis, descending=descending, stable=True), jax=jax_sort, cases=[
    case(numbers(5, seed=1), axis=0, descending=False), case(numbers(2, 3, seed=2), axis=1, descending=True),
    case(numbers(2, 3, 4, seed=3), axis=1, descending=False), case(numbers(2, 3, 4, seed=4), axis=-1, descending=True),
    case(numbers(3, 2, seed=5), axis=0, descending=False),
    case(array([2.0, 1.0, 2.0, 1.0, 2.0]), axis=0, descending=False, edge="ties"),
    case(array([2.0, 1.0, 2.0, 1.0, 2.0]), axis=0, descending=True, edge="ties"),
    case(array([NAN, 1.0, INF, -INF, NAN]), axis=0, descending=False, edge="NaN and infinities"),
    case(array([NAN, 1.0, INF, -INF, NAN]), axis=0, descending=True, edge="NaN and infinities", only="torch"),
    case(numbers(2, 0), axis=1, descending=False, edge="empty"),
    case(numbers(2, 1, seed=6), axis=1, descending=True, edge="one element")])


def jax_topk(x, k, axis, largest):
    y, positions = jax_sort(x, axis, largest)
    return jax.lax.slice_in_dim(y, 0, k, axis=axis), jax.lax.slice_in_dim(positions, 0, k, axis=axis)


family.entry("topk", torch=lambda x, k, axis, largest: torch.topk(x, k, axis, largest), jax=jax_topk, cases=[
    case(numbers(5, seed=1), k=2, axis=0, largest=True), case(numbers(2, 3, seed=2), k=1, axis=1, largest=False),
    case(numbers(2, 3, 4, seed=3), k=2, axis=1, largest=True), case(numbers(2, 3, 4, seed=4), k=3, axis=-1, largest=False),
    case(numbers(3, 2, seed=5), k=1, axis=0, largest=True), case(numbers(5, seed=6), k=5, axis=0, largest=True, edge="all"),
    case(numbers(3, seed=7), k=0, axis=0, largest=True, edge="none"),
    case(array([1.0, NAN, INF, -INF]), k=2, axis=0, largest=True, edge="NaN and infinities", only="torch"),
    case(array([1.0, NAN, INF, -INF]), k=2, axis=0, largest=False, edge="NaN and infinities", only="torch")])
family.entry("median", torch=lambda x, axis: torch.median(x, axis).values, cases=[
    case(numbers(5, seed=1), axis=0), case(numbers(2, 3, seed=2), axis=1), case(numbers(2, 3, 4, seed=3), axis=1),
    case(numbers(2, 3, 4, seed=4), axis=-1), case(numbers(4, 2, seed=5), axis=0), case(numbers(3, 1, seed=6), axis=1, edge="one element"),
    case(array([[NAN, 1.0, 2.0], [1.0, 3.0, 2.0]]), axis=1, edge="NaN"),
    case(array([[INF, 1.0, -INF], [INF, INF, 2.0]]), axis=1, edge="infinities", order=0)])
family.entry("quantile", torch=lambda x, q, axis: torch.quantile(x, q, axis), jax=lambda x, q, axis: jnp.quantile(x, q, axis), cases=[
    case(numbers(5, seed=1), q=0.3, axis=0), case(numbers(2, 3, seed=2), q=0.5, axis=1), case(numbers(2, 3, 4, seed=3), q=0.85, axis=1),
    case(numbers(2, 3, 4, seed=4), q=0.1, axis=-1), case(numbers(4, 2, seed=5), q=0.75, axis=0),
    case(numbers(5, seed=6), q=0.0, axis=0, edge="the smallest"), case(numbers(5, seed=6), q=1.0, axis=0, edge="the largest"),
    case(numbers(3, 1, seed=6), q=0.4, axis=1, edge="one element"),
    case(array([[NAN, 1.0, 2.0], [1.0, 3.0, 2.0]]), q=0.4, axis=1, edge="NaN", order=0)])


# over all axes, without naming them
def whole(torch_by, jax_by):
    return (lambda x, by: torch_by[by](x)), (lambda x, by: jax_by[by](x))


def lower_median(x):
    y = jnp.sort(x.ravel())
    return y[(y.size - 1) // 2]


t, j = whole(
    dict(sum=torch.sum, mean=torch.mean, prod=torch.prod, max=torch.amax, min=torch.amin, var=torch.var, std=torch.std,
         norm=torch.linalg.vector_norm, median=torch.median),
    dict(sum=jnp.sum, mean=jnp.mean, prod=jnp.prod, max=jnp.max, min=jnp.min, var=lambda x: jnp.var(x, ddof=1),
         std=lambda x: jnp.std(x, ddof=1), norm=jnp.linalg.vector_norm, median=lower_median))
family.entry("reduce_all", torch=t, jax=j, cases=[
    *[case(numbers(2, 3, seed=k), by=by) for k, by in enumerate(["sum", "mean", "prod", "max", "min", "var", "std", "norm", "median"])],
    *[case(numbers(seed=1), by=by, edge="rank 0") for by in ["sum", "mean", "prod", "max", "min", "median"]],
    *[case(numbers(0, 3), by=by, edge="empty", only="torch") for by in ["sum", "prod"]],
    case(numbers(0), by="mean", edge="empty", order=0)])

family.write()
