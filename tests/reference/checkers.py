"""Cases on which the gradient checkers of PyTorch and JAX err, for docs/check-your-gradients.md.

Run by hand: `python tests/reference/checkers.py`. Each row is a function at a point with a right or a wrong gradient;
printed is what each checker says with its defaults. crates/tape/tests/checker/hard.rs runs the same cases with ours.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import torch
from jax.test_util import check_grads

jax.config.update("jax_enable_x64", True)


def torch_says(forward, derivative, x, dtype=torch.float64, fast=False):
    """What gradcheck says of a function whose derivative is claimed to be `derivative`."""

    class Claimed(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x, torch)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * derivative(x, torch)

    point = torch.tensor(x, dtype=dtype, requires_grad=True)
    try:
        torch.autograd.gradcheck(Claimed.apply, (point,), fast_mode=fast)
        return "passes"
    except Exception as error:  # its own error class, or that of the check's inputs
        return "fails" if "Jacobian mismatch" in str(error) else type(error).__name__


def jax_says(forward, derivative, x, dtype=jnp.float64):
    """What check_grads says, in reverse mode at first order."""

    @jax.custom_vjp
    def claimed(x):
        return forward(x, jnp)

    claimed.defvjp(lambda x: (forward(x, jnp), x), lambda x, g: (g * derivative(x, jnp),))
    try:
        check_grads(claimed, (jnp.asarray(x, dtype),), order=1, modes=["rev"])
        return "passes"
    except AssertionError:
        return "fails"


def sign(x, m):
    return m.sign(x)


# name, whether the claimed derivative is right, function, claimed derivative, point
CASES = [
    ("sin, right", True, lambda x, m: m.sin(x), lambda x, m: m.cos(x), [0.7]),
    ("sin, × 2", False, lambda x, m: m.sin(x), lambda x, m: 2 * m.cos(x), [0.7]),
    ("sin, 5e-4 off", False, lambda x, m: m.sin(x), lambda x, m: 1.0005 * m.cos(x), [0.7]),
    ("sin, 1e-5 off", False, lambda x, m: m.sin(x), lambda x, m: 1.00001 * m.cos(x), [0.7]),
    ("1e-6 sin(x), × 2", False, lambda x, m: 1e-6 * m.sin(x), lambda x, m: 2e-6 * m.cos(x), [0.7]),
    ("1e-6 sin(x), zero", False, lambda x, m: 1e-6 * m.sin(x), lambda x, m: 0 * x, [0.7]),
    ("abs at 0, 0 claimed", True, lambda x, m: m.abs(x), sign, [0.0]),
    ("relu at 0, 0 claimed", True, lambda x, m: m.maximum(x, 0 * x), lambda x, m: (x > 0) * 1.0, [0.0]),
    ("abs(x − 1e-7) at 0, right", True, lambda x, m: m.abs(x - 1e-7), lambda x, m: m.sign(x - 1e-7), [0.0]),
    ("sin(1e6 x), right", True, lambda x, m: m.sin(1e6 * x), lambda x, m: 1e6 * m.cos(1e6 * x), [0.7]),
    ("exp(50 x), right", True, lambda x, m: m.exp(50 * x), lambda x, m: 50 * m.exp(50 * x), [1.0]),
    ("x² at 3e8, right", True, lambda x, m: x * x, lambda x, m: 2 * x, [3e8]),
    ("x² at 3e-10, right", True, lambda x, m: x * x, lambda x, m: 2 * x, [3e-10]),
    ("x² at 3e-10, × 100", False, lambda x, m: x * x, lambda x, m: 200 * x, [3e-10]),
    ("ln at 1e-7, right", True, lambda x, m: m.log(x), lambda x, m: 1 / x, [1e-7]),
    ("sqrt at 1e-12, right", True, lambda x, m: m.sqrt(x), lambda x, m: 0.5 / m.sqrt(x), [1e-12]),
    ("1e10 + sin(x), × 1.0001", False, lambda x, m: m.sin(x) + 1e10, lambda x, m: 1.0001 * m.cos(x), [0.7]),
    ("1e14 + sin(x), right", True, lambda x, m: m.sin(x) + 1e14, lambda x, m: m.cos(x), [0.7]),
]


def main():
    print(f"torch {torch.__version__}, jax {jax.__version__}, numpy {np.__version__}")
    print(f"{'case':44} {'claim':6} {'gradcheck':12} {'fast mode':12} {'check_grads':12} gradcheck f32  check_grads f32")
    for name, right, forward, derivative, x in CASES:
        row = [
            torch_says(forward, derivative, x),
            torch_says(forward, derivative, x, fast=True),
            jax_says(forward, derivative, x),
            torch_says(forward, derivative, x, dtype=torch.float32),
            jax_says(forward, derivative, x, dtype=jnp.float32),
        ]
        print(f"{name:44} {'right' if right else 'wrong':6} {row[0]:12} {row[1]:12} {row[2]:12} {row[3]:14} {row[4]}")
    fast_mode_misses()


def fast_mode_misses():
    """A Jacobian of which one column is wrong: fast mode looks along one random direction, with its tolerance."""
    n, caught = 1000, 0

    class OneWrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (x * x).sum()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            d = 2 * x
            d[17] = d[17] * 1.01
            return g * d

    for seed in range(20):
        torch.manual_seed(seed)
        x = (torch.rand(n, dtype=torch.float64) + 0.5).requires_grad_()
        try:
            torch.autograd.gradcheck(OneWrong.apply, (x,), fast_mode=True)
        except Exception:
            caught += 1
    print(f"one of {n} elements 1 % off: gradcheck in fast mode catches it in {caught} of 20 runs")


if __name__ == "__main__":
    main()
