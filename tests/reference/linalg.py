"""Factorisations of matrices, and what is computed by them.

Signs that LAPACK leaves open are set as ours are: see `turned` and `upright`.
"""

import jax.numpy as jnp
import numpy as np
import torch

from reference import Family, array, case, numbers

family = Family("linalg")
L = torch.linalg


def regular(*shape, seed=0):
    """Numbers with a heavy diagonal."""
    a = numbers(*shape, low=-1.0, high=1.0, seed=seed)
    n = min(shape[-2:])
    a[..., range(n), range(n)] += 2.0 + np.arange(n)
    return a.round(3)


def symmetric(x):
    return (x + x.mT) / 2


def turned(u):
    """The signs by which each column's first element that is at least half as large as its largest gets positive."""
    size = u.detach().abs()
    first = (size >= size.amax(-2, keepdim=True) / 2).to(torch.int64).argmax(-2, keepdim=True)
    return torch.sign(torch.gather(u.detach(), -2, first))


def upright(r):
    """The signs by which the diagonal gets positive."""
    return torch.sign(torch.diagonal(r.detach(), dim1=-2, dim2=-1))


SQUARE = [regular(2, 2, seed=1), regular(3, 3, seed=2), regular(2, 2, 2, seed=3), regular(1, 1, seed=4),
          regular(4, 4, seed=5), regular(2, 1, 3, 3, seed=6)]
EMPTY = [case(numbers(0, 2, 2), edge="a batch of none", order=1)]
SWAPPED = array([[0.0, 2.0], [-1.5, 0.25]])

family.entry("inverse", torch=L.inv, cases=[
    *[case(a) for a in SQUARE], case(SWAPPED, edge="rows must be exchanged"), *EMPTY,
    case(regular(2, 2, seed=7) * 1e-12, edge="tiny numbers", order=1),
])

family.entry("solve", torch=L.solve, cases=[
    case(SQUARE[0], numbers(2, 3, seed=1)),
    case(SQUARE[1], numbers(3, 1, seed=2)),
    case(SQUARE[1], numbers(3, seed=3)),
    case(SQUARE[2], numbers(2, 2, 2, seed=4)),
    case(SQUARE[0], numbers(3, 2, 1, seed=5)),
    case(SQUARE[5], numbers(1, 2, 3, 2, seed=6)),
    case(SWAPPED, numbers(2, 1, seed=7), edge="rows must be exchanged"),
    case(numbers(0, 2, 2), numbers(0, 2, 1), edge="a batch of none", order=1),
])

# At a singular matrix PyTorch gives 0 for the derivative, which is the matrix of cofactors: JAX is right.
family.entry("det", torch=L.det, jax=jnp.linalg.det, cases=[
    *[case(a, only="torch") for a in SQUARE], case(SWAPPED, edge="rows must be exchanged"), *EMPTY,
    case(array([[1.0, 2.0], [2.0, 4.0]]), edge="a singular matrix", order=1, only="jax"),
    case(array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 2.0]]), edge="a singular matrix", order=1, only="jax"),
])

family.entry("slogdet", torch=L.slogdet, cases=[
    *[case(a) for a in SQUARE], case(SWAPPED, edge="rows must be exchanged"),
    case(array([[0.0, 1.0], [1.0, 0.0]]), edge="a negative determinant"), *EMPTY,
    case(array([[1e-200, 0.0], [0.0, -1e-200]]), edge="a determinant that underflows", order=1),
    case(array([[1.0, 2.0], [2.0, 4.0]]), edge="a singular matrix", order=0),
])

POSITIVE = [(a @ np.swapaxes(a, -1, -2)).round(3) for a in SQUARE]
family.entry("cholesky", torch=lambda x: L.cholesky(symmetric(x)), cases=[
    *[case(a) for a in POSITIVE], *EMPTY,
    case(array([[4.0, 0.0], [0.0, 9.0]]), edge="a diagonal matrix"),
    case(array([[1e8, 1.0], [1.0, 1.0]]), edge="large and small pivots"),
    case(array([[3.0, 0.75], [-0.25, 2.0]]), edge="a matrix that is not symmetric: its symmetric part counts"),
])


def solve_triangular(a, b, triangle):
    alone = b.ndim == 1
    upper, unit = triangle.endswith("upper"), triangle.startswith("unit")
    x = L.solve_triangular(a, b[:, None] if alone else b, upper=upper, unitriangular=unit)
    return x[..., 0] if alone else x


family.entry("solve_triangular", torch=solve_triangular, cases=[
    *[case(SQUARE[1], numbers(3, 2, seed=k), triangle=t)
      for k, t in enumerate(("lower", "upper", "unit lower", "unit upper"))],
    case(SQUARE[2], numbers(2, 2, 1, seed=5), triangle="lower"),
    case(SQUARE[0], numbers(2, seed=6), triangle="upper"),
    case(SQUARE[0], numbers(3, 2, 2, seed=7), triangle="unit lower"),
    case(SQUARE[3], numbers(1, 2, seed=8), triangle="upper", edge="one equation"),
    case(array([[0.0, 5.0], [3.0, 0.0]]), numbers(2, 1, seed=9), triangle="unit upper", edge="a diagonal that is not read"),
])


def qr(x):
    q, r = L.qr(x)
    sign = upright(r)
    return q * sign[..., None, :], r * sign[..., :, None]


TALL = [regular(4, 2, seed=11), regular(2, 3, 2, seed=12), regular(5, 3, seed=13)]
WIDE = [regular(2, 3, seed=14), regular(2, 2, 4, seed=15)]
family.entry("qr", torch=qr, cases=[
    *[case(a) for a in SQUARE[:5] + TALL + WIDE],
    case(-np.eye(2), edge="a negative diagonal"),
    case(regular(3, 1, seed=16), edge="one column"),
    case(regular(1, 3, seed=17), edge="one row"),
])


def eigh(x):
    w, v = L.eigh(symmetric(x))
    return w, v * turned(v)


APART = [*[np.asarray(a + np.swapaxes(a, -1, -2)).round(3) for a in SQUARE]]
family.entry("eigh", torch=eigh, cases=[
    *[case(a) for a in APART],
    case(array([[1.0, 0.0], [0.0, -2.0]]), edge="a diagonal matrix, values of both signs"),
    case(array([[3.0, 0.75], [-0.25, -2.0]]), edge="a matrix that is not symmetric: its symmetric part counts"),
    case(array([[5.0]]), edge="one number"),
])
family.entry("eigvalsh", torch=lambda x: L.eigvalsh(symmetric(x)), cases=[
    *[case(a) for a in APART],
    case(array([[2.0, 0.0], [0.0, 2.0]]), edge="equal values", order=0),
    case(array([[5.0]]), edge="one number"),
])


def svd(x):
    u, s, vt = L.svd(x, full_matrices=False)
    sign = turned(u)
    return u * sign, s, vt * sign.mT


family.entry("svd", torch=svd, cases=[
    *[case(a) for a in SQUARE[:5] + TALL + WIDE],
    case(array([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]), edge="singular vectors along the axes"),
    case(regular(1, 3, seed=18), edge="one row"),
])
family.entry("svdvals", torch=L.svdvals, cases=[
    *[case(a) for a in SQUARE + TALL + WIDE],
    case(array([[1.0, 0.0], [0.0, 1.0]]), edge="equal values", order=0),
    case(numbers(0, 2, 3), edge="a batch of none", order=1),
])

family.entry("matrix_exp", torch=torch.matrix_exp, cases=[
    *[case(a * 0.4) for a in SQUARE],
    case(array([[0.0, 1.0], [0.0, 0.0]]), edge="a nilpotent matrix"),
    case(np.zeros((2, 2)), edge="zero"),
    case(array([[0.0, 6.0], [-6.0, 0.5]]), edge="a norm that is halved and squared"),
    case(regular(2, 2, seed=19) * 1e-6, edge="tiny numbers"),
])

family.write()
