"""Operations that act element by element, comparisons and masks."""

import jax
import jax.numpy as jnp
import torch

from reference import INF, NAN, Family, array, case, mask, numbers

family = Family("elementwise")


def spread(low, high, edges, order=2):
    """Cases of one argument: four ordinary ones between two bounds, an empty tensor, and the edges."""
    return [
        *[case(numbers(*s, low=low, high=high, seed=k)) for k, s in enumerate([(), (5,), (2, 3), (2, 1, 3)])],
        case(numbers(0, 3), edge="empty"),
        *[case(array(x), edge=what, order=order) for what, x in edges.items()],
    ]


family.entry("exp", torch=torch.exp, jax=jnp.exp, cases=spread(-2, 2, {
    "overflow, underflow and infinities": [800.0, -800.0, 0.0, INF, -INF],
    "NaN": [NAN, 1.0],
}))

family.write()
