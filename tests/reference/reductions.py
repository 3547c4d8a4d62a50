"""Reductions over axes, cumulative operations and sorting."""

import jax.numpy as jnp
import torch

from reference import INF, NAN, Family, array, case, numbers

family = Family("reductions")


def over(rank_3_axes=(0, 1, 2, -1)):
    """Ordinary cases of a reduction over one axis of each rank."""
    return [
        case(numbers(5, seed=1), axes=[0], keep=False),
        case(numbers(2, 3, seed=2), axes=[1], keep=True),
        *[case(numbers(2, 3, 5, seed=3 + k), axes=[axis], keep=k % 2 == 0) for k, axis in enumerate(rank_3_axes)],
        case(numbers(2, 3, 5, seed=9), axes=[0, 2], keep=False),
        case(numbers(2, 3, 5, seed=10), axes=[-1, 0], keep=True),
    ]


family.entry("sum",
    torch=lambda x, axes, keep: torch.sum(x, axes, keepdim=keep),
    jax=lambda x, axes, keep: jnp.sum(x, tuple(axes), keepdims=keep),
    cases=[
        *over(),
        case(numbers(2, 0, 3), axes=[1], keep=False, edge="an empty axis"),
        case(numbers(1, 3, seed=11), axes=[0], keep=False, edge="an axis of one element"),
        case(array([[NAN, 1.0], [INF, 2.0]]), axes=[1], keep=True, edge="NaN and infinity"),
    ])

family.write()
