"""Products of vectors, matrices and tensors."""

import jax.numpy as jnp
import torch
import torch.nn.functional as tf

from reference import INF, NAN, Family, array, case, numbers

family = Family("einsum")

family.entry("matmul",
    torch=lambda a, b: torch.matmul(a, b),
    jax=lambda a, b: jnp.matmul(a, b),
    cases=[
        case(numbers(3, seed=1), numbers(3, seed=2)),
        case(numbers(2, 3, seed=3), numbers(3, seed=4)),
        case(numbers(3, seed=5), numbers(3, 2, seed=6)),
        case(numbers(2, 3, seed=7), numbers(3, 5, seed=8)),
        case(numbers(2, 2, 3, seed=9), numbers(3, seed=10)),
        case(numbers(3, seed=11), numbers(2, 3, 2, seed=12)),
        case(numbers(2, 2, 3, seed=13), numbers(3, 2, seed=14)),
        case(numbers(2, 3, seed=15), numbers(3, 3, 2, seed=16)),
        case(numbers(2, 2, 3, seed=17), numbers(2, 3, 2, seed=18)),
        case(numbers(2, 1, 2, 3, seed=19), numbers(3, 3, 2, seed=20)),
        case(numbers(1, 2, 3, seed=21), numbers(2, 3, 1, seed=22)),
        case(numbers(3, 1, 1, 2, seed=23), numbers(1, 3, 2, 2, seed=24)),
        case(numbers(2, 0), numbers(0, 3), edge="an inner length of 0"),
        case(numbers(0, 2), numbers(2, 3, seed=25), edge="no rows"),
        case(numbers(0, 2, 3), numbers(3, 2, seed=26), edge="an empty batch"),
        case(numbers(1, 1, seed=27), numbers(1, 1, seed=28), edge="one element"),
        case(array([[1e200, 1e-200]]), array([[1e100], [1e-100]]), edge="huge and tiny"),
        case(array([[NAN, 0.0], [INF, 1.0]]), array([[1.0, 2.0], [0.5, 0.0]]), order=0, edge="NaN and infinity"),
    ])

family.entry("dot",
    torch=lambda a, b: torch.dot(a, b),
    jax=lambda a, b: jnp.dot(a, b),
    cases=[
        case(numbers(3, seed=1), numbers(3, seed=2)),
        case(numbers(5, seed=3), numbers(5, seed=4)),
        case(numbers(19, seed=5), numbers(19, seed=6)),
        case(numbers(40, seed=7), numbers(40, seed=8)),
        case(numbers(1, seed=9), numbers(1, seed=10), edge="one element"),
        case(numbers(0), numbers(0), edge="no elements"),
    ])

family.entry("outer",
    torch=lambda a, b: torch.outer(a, b),
    jax=lambda a, b: jnp.outer(a, b),
    cases=[
        case(numbers(3, seed=1), numbers(3, seed=2)),
        case(numbers(5, seed=3), numbers(2, seed=4)),
        case(numbers(1, seed=5), numbers(4, seed=6)),
        case(numbers(6, seed=7), numbers(6, seed=8)),
        case(numbers(1, seed=9), numbers(1, seed=10), edge="one element"),
        case(numbers(0), numbers(2, seed=11), edge="no elements"),
    ])

family.entry("bilinear",
    torch=lambda a, w, b: tf.bilinear(a, b, w),
    jax=lambda a, w, b: jnp.einsum("...i,kij,...j->...k", a, w, b),
    cases=[
        case(numbers(2, 3, seed=1), numbers(2, 3, 5, seed=2), numbers(2, 5, seed=3)),
        case(numbers(4, 2, seed=4), numbers(3, 2, 2, seed=5), numbers(4, 2, seed=6)),
        case(numbers(3, seed=7), numbers(2, 3, 2, seed=8), numbers(2, seed=9)),
        case(numbers(2, 2, 3, seed=10), numbers(1, 3, 2, seed=11), numbers(2, 2, 2, seed=12)),
        case(numbers(1, 1, seed=13), numbers(1, 1, 1, seed=14), numbers(1, 1, seed=15), edge="one element"),
        case(numbers(0, 3), numbers(2, 3, 2, seed=16), numbers(0, 2), edge="no samples"),
    ])

EQUATIONS = [
    ("ij,jk->ik", [(2, 3), (3, 5)]),
    ("ji,kj->ik", [(3, 2), (5, 3)]),
    ("ij->ji", [(2, 3)]),
    ("ba", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("ii", [(3, 3)]),
    ("ii->i", [(3, 3)]),
    ("iji->j", [(3, 2, 3)]),
    ("iij,jk->ki", [(2, 2, 3), (3, 2)]),
    ("i,i", [(4,), (4,)]),
    ("i,j", [(2,), (3,)]),
    ("i,j->", [(2,), (3,)]),
    ("ij,ij->", [(2, 3), (2, 3)]),
    ("ij,kj", [(2, 3), (4, 3)]),
    ("bij,bjk->bik", [(2, 3, 2), (2, 2, 3)]),
    ("bij,bkj->bik", [(2, 3, 2), (2, 2, 2)]),
    ("bij,jk", [(2, 3, 2), (2, 3)]),
    ("...ij,...jk", [(2, 1, 3, 2), (3, 2, 1)]),
    ("...ij->...ji", [(2, 2, 3)]),
    ("i...->...", [(3, 2, 2)]),
    ("i...,i->...", [(3, 2, 5), (3,)]),
    ("...a,...a->...", [(2, 3), (3,)]),
    ("a...b,b...->a...", [(2, 3, 2), (2, 3)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ("i,ij,j->", [(3,), (3, 2), (2,)]),
    ("bi,bij,bj->b", [(2, 3), (2, 3, 2), (2, 2)]),
    ("ab,bc,cd,da->", [(2, 3), (3, 2), (2, 3), (3, 2)]),
    ("bqhd,bkhd->bhqk", [(1, 2, 2, 3), (1, 3, 2, 3)]),
    ("Ab,cA->bc", [(2, 3), (5, 2)]),
    ("ijkl,lk->ij", [(2, 2, 3, 2), (2, 3)]),
    (" i j , j k -> i k ", [(2, 3), (3, 2)]),
]
EDGES = [
    ("ij,jk->ik", [(2, 0), (0, 3)], "an inner length of 0"),
    ("ij,jk->ik", [(0, 2), (2, 3)], "no rows"),
    (",i->i", [(), (3,)], "rank 0"),
    ("i->i", [(1,)], "one element"),
    ("...,...", [(2, 1), (3,)], "nothing but broadcasting"),
]

family.entry("einsum",
    torch=lambda *x, equation: torch.einsum(equation, *x),
    jax=lambda *x, equation: jnp.einsum(equation, *x),
    cases=[
        *[case(*[numbers(*s, seed=7 * n + k) for k, s in enumerate(shapes)], equation=equation)
            for n, (equation, shapes) in enumerate(EQUATIONS)],
        *[case(*[numbers(*s, seed=501 + 7 * n + k) for k, s in enumerate(shapes)], equation=equation, edge=edge)
            for n, (equation, shapes, edge) in enumerate(EDGES)],
        # NumPy and JAX have an axis of `...` in the result or an error; PyTorch sums over it.
        case(numbers(2, 3, seed=601), equation="...i->i", only="torch", edge="an axis of ... that is summed over"),
        case(numbers(2, 1, seed=602), numbers(1, 3, seed=603), equation="ij,ij->ij", only="torch",
            edge="axes of length 1 that broadcast"),
        case(numbers(2, 1, seed=604), numbers(3, 4, seed=605), equation="ij,jk->ik", only="torch",
            edge="a summed axis of length 1 that broadcasts"),
    ])

family.write()
