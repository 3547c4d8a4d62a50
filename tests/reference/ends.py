"""Writes ends.jsonl: every operation that acts element by element at the ends of the range of f64, from 1e-300 to 1e300, with
its derivatives, by mpmath with 60 digits.

Run by hand: python3 -m venv target/reference && target/reference/bin/pip install mpmath
             target/reference/bin/python tests/reference/ends.py
crates/tape/tests/operations/numbers/ends.rs reads the file, and says which operation of the registry it lacks.

A line is an operation by its name, the number that sets it apart, and rows of arguments, value and derivatives. Texts, since JSON
has no infinity: "x … -> y : d …". A value that has no limit in the real numbers is nan.
"""

import itertools
import json
import pathlib

from mpmath import mp, mpf

mp.dps = 60
INF, NAN = mp.inf, mp.nan
SIZES = [1e-300, 1e-200, 1e-30, 1e-10, 1e-5, 3.0, 40.0, 1e5, 1e10, 1e30, 1e200, 1e300]
ONE = [s * size for size in SIZES for s in (1, -1)]
TWO = [1e-300, -1e-30, 1e-5, 3.0, -1e5, 1e30, -1e300]
LARGE = mpf(10) ** 6


def exp(x):
    """The exponential, of arguments for which mpmath would take for ever."""
    return INF if x > LARGE else mpf(0) if x < -LARGE else mp.exp(x)


def sigmoid(x):
    return 1 / (1 + exp(-x))


def power(x, p):
    """As C's pow, with the limits of what is too large or small for any float."""
    if p == 0 or x == 1:
        return mpf(1)
    if x == 0:
        return mpf(0) if p > 0 else INF
    if x < 0 and p != mp.floor(p):
        return NAN
    size = exp(p * mp.log(abs(x)))
    return -size if x < 0 and mp.fmod(p, 2) != 0 else size


def within(domain):
    """A function that is nan outside of its domain."""
    return lambda f: lambda *x: f(*x) if domain(*x) else NAN


positive, not_negative = within(lambda x: x > 0), within(lambda x: x >= 0)
inside = within(lambda x: abs(x) < 1)


def sinh(x):
    return (exp(x) - exp(-x)) / 2 if abs(x) > 1 else mp.sinh(x)


def cosh(x):
    return (exp(x) + exp(-x)) / 2


def tanh(x):
    return mp.sign(x) if abs(x) > LARGE else mp.tanh(x)


def sech2(x):
    return mpf(0) if abs(x) > LARGE else mp.sech(x) ** 2


def normal(x):
    """The normal distribution function and its density."""
    return (mpf(0) if x < -LARGE else mp.erfc(-x / mp.sqrt(2)) / 2), exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def softplus(x):
    return max(x, 0) + mp.log1p(exp(-abs(x)))


def lgamma(x):
    """ln |Γ(x)|, of arguments at which mpmath's series would not end."""
    if x <= 0 and x == mp.floor(x):
        return INF
    if x > mpf(10) ** 40:
        return (x - 0.5) * mp.log(x) - x + mp.log(2 * mp.pi) / 2
    return mp.re(mp.loggamma(x)) if x > 0 else mp.log(mp.pi / abs(mp.sin(mp.pi * x))) - mp.re(mp.loggamma(1 - x))


def digamma(order):
    def f(x):
        if x <= 0 and x == mp.floor(x):
            return NAN if order % 2 == 0 else INF
        if x > mpf(10) ** 40:
            return mp.log(x) if order == 0 else (-1) ** (order + 1) * mp.factorial(order - 1) / x**order
        return mp.psi(order, x)

    return f


def mish(x):
    t = tanh(softplus(x)) if x > -LARGE else mpf(0)
    # tanh(softplus(x)) is near exp(x) far left
    if -LARGE < x < -50:
        e = exp(x)
        t = (e * e + 2 * e) / (e * e + 2 * e + 2)
    return x * t, t + x * sigmoid(x) * (1 - t * t)


SQRT_2_PI = mp.sqrt(2 / mp.pi)
CUBIC = mpf(0.044715)


def gelu_tanh(x):
    s = sigmoid(2 * SQRT_2_PI * (x + CUBIC * x**3))
    slope = s * sigmoid(-2 * SQRT_2_PI * (x + CUBIC * x**3)) * 2 * SQRT_2_PI * (1 + 3 * CUBIC * x**2)
    return x * s, s + x * slope


SELU_SCALE, SELU_ALPHA = mpf(1.0507009873554805), mpf(1.6732632423543772)


def step(x):
    return mpf(1) if x > 0 else mpf(0)


def one(value, slope):
    return lambda x: (value(x), [slope(x)])


def both(f):
    return lambda x: (f(x)[0], [f(x)[1]])


def flat(value):
    return one(value, lambda x: mpf(0))


UNARY = {
    "abs": one(abs, mp.sign),
    "acos": one(inside(mp.acos), inside(lambda x: -1 / mp.sqrt(1 - x * x))),
    "acosh": one(within(lambda x: x >= 1)(mp.acosh), within(lambda x: x > 1)(lambda x: 1 / mp.sqrt(x * x - 1))),
    "asin": one(inside(mp.asin), inside(lambda x: 1 / mp.sqrt(1 - x * x))),
    "asinh": one(mp.asinh, lambda x: 1 / mp.sqrt(x * x + 1)),
    "atan": one(mp.atan, lambda x: 1 / (x * x + 1)),
    "atanh": one(inside(mp.atanh), inside(lambda x: 1 / (1 - x * x))),
    "cbrt": one(lambda x: mp.sign(x) * mp.cbrt(abs(x)), lambda x: 1 / (3 * mp.cbrt(x * x))),
    "ceil": flat(mp.ceil),
    "celu": one(lambda x: x if x > 0 else mp.expm1(max(x, -LARGE)), lambda x: mpf(1) if x > 0 else exp(x)),
    "cos": one(mp.cos, lambda x: -mp.sin(x)),
    "cosh": one(cosh, sinh),
    "digamma": one(digamma(0), digamma(1)),
    "elu": one(lambda x: x if x > 0 else mp.expm1(max(x, -LARGE)), lambda x: mpf(1) if x > 0 else exp(x)),
    "erf": one(lambda x: mp.sign(x) if abs(x) > LARGE else mp.erf(x), lambda x: 2 / mp.sqrt(mp.pi) * exp(-x * x)),
    "erfc": one(lambda x: 1 - mp.sign(x) if abs(x) > LARGE else mp.erfc(x), lambda x: -2 / mp.sqrt(mp.pi) * exp(-x * x)),
    "erfinv": one(inside(mp.erfinv), inside(lambda x: mp.sqrt(mp.pi) / 2 * exp(mp.erfinv(x) ** 2))),
    "exp": one(exp, exp),
    "exp2": one(lambda x: exp(x * mp.log(2)), lambda x: exp(x * mp.log(2)) * mp.log(2)),
    "expm1": one(lambda x: mp.expm1(x) if abs(x) < 1 else exp(x) - 1, exp),
    "floor": flat(mp.floor),
    "gelu": one(lambda x: x * normal(x)[0], lambda x: normal(x)[0] + x * normal(x)[1]),
    "gelu_tanh": both(gelu_tanh),
    "hardsigmoid": one(lambda x: min(max(x / 6 + 0.5, 0), 1), lambda x: mpf(1) / 6 if abs(x) < 3 else mpf(0)),
    "leaky_relu": one(lambda x: x if x > 0 else x * mpf(0.01), lambda x: mpf(1) if x > 0 else mpf(0.01)),
    "lgamma": one(lgamma, digamma(0)),
    "ln": one(positive(mp.log), lambda x: 1 / x),
    "log10": one(positive(mp.log10), lambda x: 1 / (x * mp.log(10))),
    "log1p": one(within(lambda x: x > -1)(mp.log1p), lambda x: 1 / (1 + x)),
    "log2": one(positive(lambda x: mp.log(x, 2)), lambda x: 1 / (x * mp.log(2))),
    "log_sigmoid": one(lambda x: -softplus(-x), lambda x: sigmoid(-x)),
    "logit": one(
        within(lambda x: 0 < x < 1)(lambda x: mp.log(x) - mp.log1p(-x)), within(lambda x: 0 < x < 1)(lambda x: 1 / (x * (1 - x)))
    ),
    "mish": both(mish),
    "nan_to_num": one(lambda x: x, lambda x: mpf(1)),
    "neg": one(lambda x: -x, lambda x: mpf(-1)),
    "polygamma": one(digamma(0), digamma(1)),
    "powf": one(lambda x: mpf(1), lambda x: mpf(0)),
    "powi": one(lambda x: mpf(1), lambda x: mpf(0)),
    "reciprocal": one(lambda x: 1 / x, lambda x: -1 / (x * x)),
    "relu": one(lambda x: max(x, mpf(0)), step),
    "round": flat(mp.nint),
    "rsqrt": one(positive(lambda x: 1 / mp.sqrt(x)), positive(lambda x: -1 / (2 * x * mp.sqrt(x)))),
    "selu": one(
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(max(x, -LARGE))),
        lambda x: SELU_SCALE * (1 if x > 0 else SELU_ALPHA * exp(x)),
    ),
    "sigmoid": one(sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "sign": flat(mp.sign),
    "silu": one(lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
    "sin": one(mp.sin, mp.cos),
    "sinh": one(sinh, cosh),
    "scaled_softplus": one(softplus, sigmoid),
    "softplus": one(softplus, sigmoid),
    "softsign": one(lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "sqrt": one(not_negative(mp.sqrt), positive(lambda x: 1 / (2 * mp.sqrt(x)))),
    "square": one(lambda x: x * x, lambda x: 2 * x),
    "tan": one(mp.tan, lambda x: 1 + mp.tan(x) ** 2),
    "tanh": one(tanh, sech2),
    "trunc": flat(lambda x: mp.floor(x) if x > 0 else mp.ceil(x)),
}
# Other numbers that set operations apart.
ATTRIBUTES = {
    "powf": [
        (p, one(lambda x, p=p: power(x, mpf(p)), lambda x, p=p: p * power(x, mpf(p) - 1))) for p in (0.5, -1.5, 2.0, 3.0)
    ],
    "powi": [(n, one(lambda x, n=n: power(x, mpf(n)), lambda x, n=n: n * power(x, mpf(n) - 1))) for n in (-2, -1, 2, 3, 7)],
    "polygamma": [(n, one(digamma(n), digamma(n + 1))) for n in (1, 2)],
    "scaled_softplus": [
        (b, one(lambda x, b=b: softplus(x * mpf(b)) / mpf(b), lambda x, b=b: sigmoid(x * mpf(b)))) for b in (1.0, 2.5, 0.125)
    ],
}


def logistic(x, t):
    return softplus(x) - x * t


def huber(x, t):
    d = x - t
    return (d * d / 2 if abs(d) <= 1 else abs(d) - 0.5), [max(min(d, 1), -1), -max(min(d, 1), -1)]


def smooth_l1(x, t):
    d = x - t
    return (d * d / 2 if abs(d) < 1 else abs(d) - mpf(0.5)), [max(min(d, 1), -1), -max(min(d, 1), -1)]


@mp.workdps(700)  # of a quotient that large every digit counts
def fmod(a, b):
    q = a / b
    whole = mp.floor(q) if q > 0 else mp.ceil(q)
    return a - whole * b, [mpf(1), -whole]


@mp.workdps(700)
def remainder(a, b):
    whole = mp.floor(a / b)
    return a - whole * b, [mpf(1), -whole]


def extreme(sign):
    def f(a, b):
        first = sign * a > sign * b
        shares = [mpf(0.5)] * 2 if a == b else [mpf(first), mpf(not first)]
        return (a if first else b), shares

    return f


def pow_(x, p):
    slope = p * power(x, p - 1)
    by_p = power(x, p) * mp.log(x) if x > 0 else NAN
    return power(x, p), [slope, by_p]


def xlogy(a, b):
    return (a * mp.log(b), [mp.log(b), a / b]) if b > 0 else (NAN, [NAN, a / b])


def kl_div(x, t):
    return (t * (mp.log(t) - x), [-t, mp.log(t) + 1 - x]) if t > 0 else (NAN, [-t, NAN])


def hinge(x, t):
    short = 1 - x * t
    return (short, [-t, -x]) if short > 0 else (mpf(0), [mpf(0), mpf(0)])


BINARY = {
    "absolute_error": lambda x, t: (abs(x - t), [mp.sign(x - t), -mp.sign(x - t)]),
    "add": lambda a, b: (a + b, [mpf(1), mpf(1)]),
    "atan2": lambda a, b: (mp.atan2(a, b), [b / (a * a + b * b), -a / (a * a + b * b)]),
    "bce_with_logits": lambda x, t: (logistic(x, t), [sigmoid(x) - t, -x]),
    "chain": lambda g, p: (g * p, [p, g]),
    "div": lambda a, b: (a / b, [1 / b, -a / (b * b)]),
    "fmod": fmod,
    "hinge": hinge,
    "huber": huber,
    "hypot": lambda a, b: (mp.hypot(a, b), [a / mp.hypot(a, b), b / mp.hypot(a, b)]),
    "kl_div": kl_div,
    "kl_div_of_log": lambda x, t: (exp(t) * (t - x), [-exp(t), exp(t) * (t - x + 1)]),
    "maximum": extreme(1),
    "minimum": extreme(-1),
    "mul": lambda a, b: (a * b, [b, a]),
    "pow": pow_,
    "remainder": remainder,
    "smooth_l1": smooth_l1,
    "squared_error": lambda x, t: ((x - t) ** 2, [2 * (x - t), -2 * (x - t)]),
    "sub": lambda a, b: (a - b, [mpf(1), mpf(-1)]),
    "xlogy": xlogy,
}


def between(x, a, b):
    return min(max(x, a), b)


def clamp(x, a, b):
    """Where the number equals a bound they share."""
    half = mpf(0.5)
    shares = [half if x in (a, b) else mpf(a < x < b), half if x == a else mpf(x < a), half if x == b else mpf(x > b)]
    return between(x, a, b), shares


def hardtanh(x, a, b):
    """Where the number equals a bound it is that one's."""
    return between(x, a, b), [mpf(a < x < b), mpf(x <= a), mpf(x >= b)]


@mp.workdps(700)
def lerp(a, b, c):
    return a + c * (b - a), [1 - c, c, b - a]


TERNARY = {
    "clamp": (clamp, [(x, a, b) for x in TWO for a, b in [(-1e-5, 1e30), (-1e300, -1e-300), (1e-30, 1e10)]]),
    "hardtanh": (hardtanh, [(x, a, b) for x in TWO for a, b in [(-1e-5, 1e30), (-1e300, -1e-300), (2e-30, 1e10)]]),
    "lerp": (
        lerp,
        [(a, b, c) for a in TWO for b in TWO for c in (0.0, 0.25, 0.75, 1.0)],
    ),
    "mul_add": (
        lambda a, b, c: (a * b + c, [b, a, mpf(1)]),
        [(a, b, c) for a in TWO for b in TWO for c in (1e-30, 3.0, 1e300)],
    ),
}


def text(x):
    x = float(x)
    return repr(x)


def row(f, args):
    value, slopes = f(*map(mpf, args))
    return f"{' '.join(map(text, args))} -> {text(value)} : {' '.join(map(text, slopes))}"


lines = []
for name, f in UNARY.items():
    points = ONE + ([0.1, 0.5, 0.4999999999, 0.9, -0.9, 0.9999999999] if name in ("acos", "asin", "atanh", "erfinv", "logit") else [])
    versions = ATTRIBUTES.get(name, [(None, f)])
    lines += [{"op": name, "attribute": a, "rows": [row(f, [x]) for x in points]} for a, f in versions]
for name, f in BINARY.items():
    points = itertools.product(TWO, TWO)
    if name == "bce_with_logits":
        points = itertools.product(ONE, [0.0, 0.25, 1.0])
    lines.append({"op": name, "attribute": None, "rows": [row(f, p) for p in points]})
for name, (f, points) in TERNARY.items():
    lines.append({"op": name, "attribute": None, "rows": [row(f, p) for p in points]})
out = pathlib.Path(__file__).with_suffix(".jsonl")
out.write_text("".join(json.dumps(line) + "\n" for line in lines))
