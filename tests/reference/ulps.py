"""Writes ulps.jsonl: functions that are computed many numbers at a time, at numbers all over their range, by mpmath.

Run by hand: python3 -m venv target/reference && target/reference/bin/pip install mpmath
             target/reference/bin/python tests/reference/ulps.py
crates/tape/tests/operations/numbers/ulps.rs reads the file.

A line is a function, arguments in f64, and for each the nearest f64 of the value and what is left of it. Texts, which every
reader rounds alike.
"""

import json
import math
import pathlib
import random

from mpmath import mp, mpf

mp.dps = 60
COUNT = 150


def spread(end, small=1e-300):
    """Numbers up to an end: half of them all over the exponents, half of them evenly."""
    some = [math.exp(random.uniform(math.log(small), math.log(end))) for _ in range(COUNT // 2)]
    return some + [random.uniform(0, end) for _ in range(COUNT // 2)]


def both(numbers):
    return [x if random.random() < 0.5 else -x for x in numbers]


FUNCTIONS = {
    "exp": (mp.exp, lambda: both(spread(700.0))),
    "exp_m1": (mp.expm1, lambda: both(spread(600.0) + spread(3.0))),
    "ln": (mp.log, lambda: spread(1e300) + spread(3.0) + [1 + x for x in both(spread(1e-3))]),
    "ln_1p": (mp.log1p, lambda: spread(1e300) + both(spread(0.99)) + spread(3.0)),
    "tanh": (mp.tanh, lambda: both(spread(20.0) + spread(1.0))),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), lambda: both(spread(300.0) + spread(8.0))),
    "sin": (mp.sin, lambda: both(spread(3e5) + spread(10.0)) + [k * math.pi / 2 for k in range(1, 2000, 97)]),
    "cos": (mp.cos, lambda: both(spread(3e5) + spread(10.0)) + [k * math.pi / 2 for k in range(1, 2000, 97)]),
    "erf": (mp.erf, lambda: both(spread(6.0) + spread(1.5))),
    "sinh": (mp.sinh, lambda: both(spread(600.0) + spread(3.0))),
    "cosh": (mp.cosh, lambda: both(spread(600.0) + spread(3.0))),
    "erfc": (mp.erfc, lambda: both(spread(26.0) + spread(3.0))),
}

random.seed(1)
lines = []
for name, (f, numbers) in FUNCTIONS.items():
    x = numbers()
    values = [f(mpf(x)) for x in x]
    nearest = [float(y) for y in values]
    rest = [float(y - mpf(n)) for y, n in zip(values, nearest)]
    texts = lambda numbers: " ".join(repr(n) for n in numbers)
    rest = [float(f"{r:.4g}") for r in rest]
    lines.append(json.dumps({"function": name, "x": texts(x), "nearest": texts(nearest), "rest": texts(rest)}))
path = pathlib.Path(__file__).with_name("ulps.jsonl")
path.write_text("\n".join(lines) + "\n")
