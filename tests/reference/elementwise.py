"""Operations that act element by element, comparisons and masks."""

import jax
import jax.numpy as jnp
import jax.scipy.special as special
import torch
import torch.nn.functional as F

from reference import INF, NAN, Family, array, case, mask, numbers

family = Family("elementwise")
TINY, HUGE = 1e-300, 1e300


def edge(what, *values, order=1, **rest):
    """A case of chosen numbers, one list for each argument."""
    return case(*[array(v) for v in values], edge=what, order=order, **rest)


def spread(low, high, *edges, **attributes):
    """Cases of one argument: four ordinary ones between two bounds, an empty tensor, and the edges."""
    shapes = [(), (5,), (2, 3), (2, 1, 3)]
    ordinary = [case(numbers(*s, low=low, high=high, seed=k), **attributes) for k, s in enumerate(shapes)]
    return [*ordinary, case(numbers(0, 3), edge="empty", **attributes), *edges]


def pairs(a, b, *edges):
    """Cases of two arguments, each between its bounds, with every way of broadcasting, and the edges."""
    shapes = [((2, 3), (2, 3)), ((), ()), ((2, 3), (3,)), ((2, 1), (3,)), ((), (5,)), ((2, 2, 3), (2, 1))]
    low_high = [dict(low=a[0], high=a[1]), dict(low=b[0], high=b[1])]
    ordinary = [
        case(numbers(*s, seed=k, **low_high[0]), numbers(*t, seed=k + 20, **low_high[1])) for k, (s, t) in enumerate(shapes)
    ]
    return [*ordinary, case(numbers(0, 3), numbers(3, **low_high[1]), edge="empty"), *edges]


def one(name, torch, jax, low, high, *edges):
    family.entry(name, torch=torch, jax=jax, cases=spread(low, high, *edges))


NANS = edge("NaN and infinities", [NAN, INF, -INF])

# arithmetic
one("neg", torch.neg, jnp.negative, -2, 2, NANS)
one("abs", torch.abs, jnp.abs, -2, 2, edge("NaN and infinities", [NAN, INF, -INF], only="torch"), edge("at the kink", [0.0, -0.0], only="torch", order=2))
# JAX's derivative of |x| at 0 is 1 · sign of 0, and so 0 or 1 by version; PyTorch's is 0.
for name, t, j in [("add", torch.add, jnp.add), ("sub", torch.sub, jnp.subtract), ("mul", torch.mul, jnp.multiply)]:
    family.entry(name, torch=t, jax=j, cases=pairs((-2, 2), (-2, 2), edge("NaN and infinities", [NAN, INF, INF, 1.0], [1.0, INF, -INF, NAN])))
family.entry("div", torch=torch.div, jax=jnp.divide, cases=pairs((-2, 2), (0.3, 2),
    edge("a divisor of 0", [1.0, 0.0, -1.0], [0.0, 0.0, 0.0]),
    edge("NaN and infinities", [NAN, INF, 1.0, INF], [1.0, 2.0, INF, INF], only="torch")))

# powers and exponentials
one("square", torch.square, jnp.square, -2, 2, NANS, edge("huge and tiny", [HUGE, TINY, -0.0]))
one("sqrt", torch.sqrt, jnp.sqrt, 0.3, 3, edge("0, negative, NaN and infinity", [0.0, -1.0, NAN, INF]), edge("huge and tiny", [HUGE, TINY]))
one("rsqrt", torch.rsqrt, jax.lax.rsqrt, 0.3, 3, edge("0, negative, NaN and infinity", [0.0, -1.0, NAN, INF], only="torch"), edge("huge", [1e100, 1e-50]))
one("cbrt", None, jnp.cbrt, 0.3, 3, edge("negative", [-8.0, -0.4, -2.7], order=2), edge("0, NaN and infinities", [0.0, NAN, INF, -INF], order=0), edge("huge and tiny", [HUGE, TINY]))
one("reciprocal", torch.reciprocal, jnp.reciprocal, 0.3, 3, edge("negative", [-8.0, -0.4], order=2), edge("0, NaN and infinity", [0.0, NAN, INF], only="torch"))
one("exp", torch.exp, jnp.exp, -2, 2, edge("overflow, underflow, NaN and infinities", [800.0, -800.0, 0.0, INF, -INF, NAN]))
one("exp2", torch.exp2, jnp.exp2, -2, 2, edge("overflow, underflow, NaN and infinities", [1100.0, -1100.0, 0.0, INF, -INF, NAN]))
one("expm1", torch.expm1, jnp.expm1, -2, 2, edge("near 0", [1e-12, -1e-12, 0.0], order=2), edge("overflow, underflow, NaN and infinities", [800.0, -800.0, INF, -INF, NAN]))
one("ln", torch.log, jnp.log, 0.3, 3, edge("0, negative, NaN and infinity", [0.0, -1.0, NAN, INF], only="torch"), edge("huge and tiny", [HUGE, TINY]))
one("log2", torch.log2, jnp.log2, 0.3, 3, edge("0, negative, NaN and infinity", [0.0, -1.0, NAN, INF], only="torch"), edge("huge and tiny", [HUGE, TINY]))
one("log10", torch.log10, jnp.log10, 0.3, 3, edge("0, negative, NaN and infinity", [0.0, -1.0, NAN, INF], only="torch"), edge("huge and tiny", [HUGE, TINY]))
one("log1p", torch.log1p, jnp.log1p, -0.7, 3, edge("near 0", [1e-12, -1e-12, 0.0], order=2), edge("−1, less, NaN and infinity", [-1.0, -2.0, NAN, INF], only="torch"))
family.entry("pow", torch=torch.pow, jax=jnp.power, cases=pairs((0.3, 2), (-2, 2),
    edge("powers of 0", [0.0, 0.0, 0.0, 2.0], [0.0, 2.0, 1.0, 0.0], only="torch"),
    edge("negative bases", [-2.0, -2.0, -0.5], [3.0, 0.5, -1.0], order=0),
    edge("NaN and infinities", [NAN, 1.0, INF, NAN], [2.0, NAN, 2.0, 0.0], order=0)))
family.entry("powf", torch=lambda x, exponent: torch.pow(x, exponent), jax=lambda x, exponent: jnp.power(x, exponent), cases=[
    *[case(numbers(2, 3, low=0.3, high=2, seed=k), exponent=p) for k, p in enumerate([2.0, 0.5, -1.5, 3.7, 1.0])],
    case(numbers(5, low=0.3, high=2, seed=9), exponent=0.0, edge="the power 0"),
    edge("a power of 0", [0.0, 2.0], exponent=2.5, only="torch"),
    edge("the power 0 of 0", [0.0, 2.0], exponent=0.0, only="torch")])
family.entry("powi", torch=lambda x, exponent: torch.pow(x, exponent), jax=lambda x, exponent: jnp.power(x, exponent), cases=[
    *[case(numbers(2, 3, low=-2, high=2, seed=k), exponent=p) for k, p in enumerate([2, 3, -1, -2, 1])],
    case(numbers(5, seed=9), exponent=0, edge="the power 0"),
    edge("powers of 0", [0.0, -2.0], exponent=3, order=2, only="torch")])

# trigonometry
PERIOD = edge("large angles", [1e5, -1e5, 12.0])
one("sin", torch.sin, jnp.sin, -4, 4, NANS, PERIOD)
one("cos", torch.cos, jnp.cos, -4, 4, NANS, PERIOD)
one("tan", torch.tan, jnp.tan, -1.4, 1.4, NANS, edge("near the pole", [1.57, -1.57]))
ENDS = edge("the ends of the domain, outside, NaN", [1.0, -1.0, 1.5, NAN], only="torch")
one("asin", torch.asin, jnp.arcsin, -0.9, 0.9, ENDS)
one("acos", torch.acos, jnp.arccos, -0.9, 0.9, ENDS)
one("atan", torch.atan, jnp.arctan, -3, 3, NANS, edge("huge and tiny", [1e200, TINY]))
family.entry("atan2", torch=torch.atan2, jax=jnp.arctan2, cases=pairs((0.3, 2), (-2, 2),
    edge("negative", [-1.0, -0.5], [-1.0, 2.0], order=2),
    edge("the origin, and the cut", [0.0, 0.0, 0.0, -0.0], [0.0, -0.0, -1.0, -1.0], only="torch"),
    edge("NaN and infinities", [NAN, INF, 1.0], [1.0, 2.0, INF], order=0)))
one("sinh", torch.sinh, jnp.sinh, -2, 2, edge("overflow, NaN and infinities", [800.0, -800.0, INF, -INF, NAN]), edge("near 0", [1e-12, 0.0]))
one("cosh", torch.cosh, jnp.cosh, -2, 2, edge("overflow, NaN and infinities", [800.0, -800.0, INF, -INF, NAN]), edge("near 0", [1e-12, 0.0]))
one("tanh", torch.tanh, jnp.tanh, -2, 2, edge("saturated, NaN", [1000.0, -1000.0, 20.0, INF, -INF, NAN], only="torch"))
one("asinh", torch.asinh, jnp.arcsinh, -3, 3, NANS, edge("tiny", [TINY, 1e-12]), edge("huge", [1e200, -1e200], order=0))
one("acosh", torch.acosh, jnp.arccosh, 1.3, 4, edge("1, less, NaN", [1.0, 0.5, NAN], only="torch"), edge("near 1 and huge", [1.0 + 1e-10, 1e200], order=0, only="torch"))
one("atanh", torch.atanh, jnp.arctanh, -0.9, 0.9, ENDS, edge("tiny", [TINY, 1e-12]))

# special functions
one("erf", torch.erf, special.erf, -2, 2, NANS, edge("saturated", [30.0, -30.0, TINY]))
one("erfc", torch.erfc, special.erfc, -2, 2, NANS, edge("far out", [5.0, 26.0, -30.0]))
one("erfinv", torch.erfinv, special.erfinv, -0.9, 0.9, edge("the ends of the domain, outside, NaN", [1.0, -1.0, 1.5, NAN], only="torch"),
    edge("near the ends", [1 - 1e-12, -1 + 1e-6, 1e-12, 0.999], order=0))
# PyTorch's trigamma function, the derivative of its digamma, is right to ten digits alone: JAX's is taken.
one("lgamma", None, special.gammaln, 0.3, 5)
family.add("lgamma", torch=torch.lgamma, jax=special.gammaln, cases=[edge("negative", [-0.3, -1.7, -5.2], order=1, only="torch"),
    edge("poles, NaN and infinities", [0.0, -1.0, NAN, INF, -INF], order=1, only="torch"), edge("huge and tiny, zeros", [1e10, 1e-10, 1.0, 2.0])])
one("digamma", None, special.digamma, 0.3, 5)
family.add("digamma", torch=torch.digamma, jax=special.digamma, cases=[edge("negative", [-0.3, -1.7, -5.2], order=0),
    edge("poles, NaN and infinities", [0.0, -1.0, NAN, INF, -INF], order=0, only="torch"), edge("huge and tiny", [1e10, 1e-10], only="jax")])
family.entry("polygamma", jax=lambda x, n: special.polygamma(n, x), cases=[
    *[case(numbers(5, low=0.4, high=4, seed=k), n=k % 3 + 1) for k in range(6)],
    edge("0 and NaN", [0.0, NAN], n=1, order=0),
    # JAX has NaN.
    edge("infinity", [INF], n=1, order=0, ours={"outputs": [array([0.0])]}, because="the trigamma function falls to 0 (NIST DLMF 5.15.8); JAX has NaN"),
    edge("huge and tiny", [1e10, 1e-10], n=2, order=0)])

# steps
STEPS = edge("at the jumps", [-2.5, -2.0, -1.5, -0.5, 0.0, 0.5, 1.5, 2.0, 2.5], order=2, only="torch")
for name, t, j in [("sign", torch.sign, jnp.sign), ("floor", torch.floor, jnp.floor), ("ceil", torch.ceil, jnp.ceil),
                   ("round", torch.round, jnp.round), ("trunc", torch.trunc, jnp.trunc)]:
    one(name, t, j, -3, 3, STEPS, edge("NaN and infinities", [NAN, INF, -INF, 1e300], only="torch"))
family.entry("fmod", torch=torch.fmod, jax=jnp.fmod, cases=pairs((-5, 5), (0.7, 2),
    edge("signs", [5.0, -5.0, 5.0, -5.0], [3.0, 3.0, -3.0, -3.0], order=2),
    edge("whole multiples", [6.0, -6.0, 0.0], [3.0, 3.0, 3.0]),
    edge("a divisor of 0, infinities, NaN", [1.0, INF, 1.0, NAN, -1.0], [0.0, 1.0, INF, 1.0, INF], only="torch")))
family.entry("remainder", torch=torch.remainder, jax=jnp.remainder, cases=pairs((-5, 5), (0.7, 2),
    edge("signs", [5.0, -5.0, 5.0, -5.0], [3.0, 3.0, -3.0, -3.0], order=2),
    edge("whole multiples", [6.0, -6.0, 0.0], [3.0, 3.0, 3.0]),
    edge("a divisor of 0, infinity, NaN", [1.0, 1.0, NAN, -1.0], [0.0, INF, 1.0, INF], only="torch")))
family.entry("hypot", torch=torch.hypot, jax=jnp.hypot, cases=pairs((-2, 2), (0.3, 2),
    edge("the origin", [0.0, 0.0], [0.0, 2.0], only="torch", ours={"gradients": [array([0.0, 0.0]), array([0.0, 1.125])]},
         because="at the origin, where there is no derivative, PyTorch has NaN (0/0) and we have 0"),
    edge("huge and tiny", [3e200, 3e-200], [4e200, 4e-200], only="torch"),
    edge("NaN and infinities", [INF, NAN, -INF], [NAN, 1.0, 2.0], order=0)))
family.entry("xlogy", torch=torch.xlogy, jax=special.xlogy, cases=pairs((-2, 2), (0.3, 3),
    edge("0 · ln", [0.0, 0.0, 0.0], [2.0, -1.0, NAN], only="torch"),
    edge("0 · ln 0", [0.0], [0.0], only="torch", ours={"gradients": [None, array([0.0])]},
         because="the value is 0 for every b beside 0, and so is its derivative; PyTorch has NaN (0/0)"),
    edge("ln 0", [1.0, -2.0], [0.0, 0.0], only="torch")))
for name, t, j in [("maximum", torch.maximum, jnp.maximum), ("minimum", torch.minimum, jnp.minimum)]:
    family.entry(name, torch=t, jax=j, cases=pairs((-2, 2), (-2, 2),
        edge("ties", [1.0, -2.0, 0.0], [1.0, -2.0, -0.0], order=2),
        edge("infinities", [INF, -INF, 1.0], [1.0, 2.0, INF]),
        edge("NaN", [NAN, 1.0, NAN], [1.0, NAN, NAN], only="torch")))
family.entry("clamp", torch=lambda x, *bounds, min=None, max=None: torch.clamp(x, *bounds) if bounds else torch.clamp(x, min, max),
    jax=lambda x, *bounds, min=None, max=None: jnp.clip(x, *(bounds or (min, max))), cases=[
        case(numbers(2, 3, seed=21), min=-1.0, max=1.0),
        case(numbers(5, seed=2), min=-0.5, max=0.7),
        case(numbers(2, 2, 3, seed=3), min=0.0, max=0.3),
        case(numbers(2, 3, seed=4), numbers(2, 3, low=-1, high=-0.2, seed=5), numbers(2, 3, low=0.2, high=1, seed=6)),
        case(numbers(2, 3, seed=7), numbers(3, low=-1, high=-0.2, seed=8), numbers(2, 1, low=0.2, high=1, seed=9)),
        edge("at bounds that are numbers", [-1.0, 1.0, 0.0], min=-1.0, max=1.0, only="jax"),
        edge("at bounds that are tensors", [-1.0, 1.0, 0.0], [-1.0, -1.0, -1.0], [1.0, 1.0, 1.0], only="torch", order=2),
        edge("equal bounds, and the wrong way round", [2.0, 1.0, 3.0, 2.5, 5.0], [2.0, 2.0, 2.0, 4.0, 4.0], [2.0, 2.0, 2.0, 2.0, 2.0], only="torch"),
        edge("NaN and infinities", [NAN, INF, -INF, 0.0], [-1.0, -1.0, -1.0, NAN], [1.0, 1.0, INF, 1.0], only="torch")])
family.entry("hardtanh", torch=lambda x, min, max: F.hardtanh(x, min, max), jax=lambda x, min, max: jnp.clip(x, min, max), cases=[
    *[case(numbers(2, 3, seed=k), min=-1.0 + 0.2 * k, max=1.0 - 0.1 * k) for k in range(4)],
    case(numbers(0, 3), min=-1.0, max=1.0, edge="empty"),
    edge("at the bounds", [-1.0, 1.0, 0.0], min=-1.0, max=1.0, only="torch", order=2),
    edge("NaN and infinities", [NAN, INF, -INF], min=-1.0, max=1.0, only="torch")])

# activations
SATURATED = edge("at ±1000 and ±20", [1000.0, -1000.0, 20.0, -20.0])
INFINITE = edge("NaN and infinities", [NAN, INF, -INF], only="torch")
KINK = edge("at the kink", [0.0, -0.0, 1.0], order=2, only="torch")
one("sigmoid", torch.sigmoid, jax.nn.sigmoid, -4, 4, edge("at ±1000 and ±20", [1000.0, -1000.0, 20.0, -20.0],
    ours={"gradients": [array([-0.0, 0.0, 2.576442017427312e-10, -1.8035094121991183e-09])]},
    because="y (1 − y) has lost eight digits at 20; from x it keeps them"), INFINITE)
# Activations that tend to 0 on the left and to x on the right.
LIMITS = edge("NaN and infinities", [NAN, INF, -INF], only="torch",
    ours={"outputs": [array([NAN, INF, 0.0])], "gradients": [array([NAN, 1.125, 0.0])]},
    because="at −∞ the limit is 0, and at ∞ the derivative 1; PyTorch has NaN (∞ · 0)")
one("relu", F.relu, jax.nn.relu, -2, 2, KINK)
one("softplus", lambda x: F.softplus(x, threshold=1e4), jax.nn.softplus, -4, 4, edge("at ±700 and ±20", [700.0, -700.0, 20.0, -20.0]), edge("at ±1000, NaN and infinities", [1000.0, -1000.0, NAN, INF, -INF], only="jax", order=0))
one("gelu", F.gelu, lambda x: jax.nn.gelu(x, approximate=False), -3, 3, SATURATED, LIMITS)
one("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), lambda x: jax.nn.gelu(x, approximate=True), -3, 3, SATURATED, LIMITS)
one("silu", F.silu, jax.nn.silu, -4, 4, SATURATED, LIMITS)
# The derivative at 0 is that of the left side, and so is the second one; PyTorch has 0 for the second.
LEFT = edge("at the kink, twice", [-0.0], order=2, only="torch", ours={"second": [array([1.0507009873554805 * 1.6732632423543772 * -0.625 * -1.125])]},
    because="the derivative at 0 is that of the left side, and so is ours of second order; PyTorch has 0")
one("selu", F.selu, jax.nn.selu, -2, 2, SATURATED, edge("at the kink", [0.0, -0.0, 1.0], only="torch"), LEFT, INFINITE)
one("mish", F.mish, jax.nn.mish, -4, 4, SATURATED, LIMITS)
# F.hardsigmoid has no second derivative.
one("hardsigmoid", lambda x: F.hardtanh(x + 3, 0.0, 6.0) / 6, jax.nn.hard_sigmoid, -5, 5, edge("at the kinks", [-3.0, 3.0, 0.0], order=2, only="torch"), edge("infinities", [INF, -INF], only="torch"),
    edge("NaN", [NAN], order=0))
one("softsign", F.softsign, jax.nn.soft_sign, -4, 4, SATURATED, KINK, edge("NaN", [NAN]), edge("infinities", [INF, -INF], order=0,
    ours={"outputs": [array([1.0, -1.0])]}, because="the limits are ±1; the references divide ∞ by ∞"))
one("log_sigmoid", F.logsigmoid, jax.nn.log_sigmoid, -4, 4, SATURATED, INFINITE)
family.entry("leaky_relu", torch=lambda x, slope: F.leaky_relu(x, slope), jax=lambda x, slope: jax.nn.leaky_relu(x, slope), cases=[
    *spread(-2, 2, slope=0.01), *spread(-2, 2, edge("at the kink", [0.0, 1.0], slope=0.3, order=2, only="torch"), slope=0.3)])
# PyTorch rounds the α of celu to single precision: it is compared at 0.5, which single precision has.
for name, t, j, left, alpha in [("elu", F.elu, jax.nn.elu, lambda alpha: alpha, 0.4), ("celu", F.celu, jax.nn.celu, lambda alpha: 1 / alpha, 0.5)]:
    family.entry(name, torch=lambda x, alpha, t=t: t(x, alpha), jax=lambda x, alpha, j=j: j(x, alpha), cases=[
        *spread(-2, 2, alpha=1.0),
        *[case(numbers(2, 3, seed=k), alpha=alpha) for k in range(3)],
        edge("at the kink", [0.0, -0.0, 1.0], alpha=alpha, only="torch"),
        edge("at the kink, twice", [0.0], alpha=alpha, order=2, only="torch", ours={"second": [array([left(alpha) * -1.125 * -0.625])]},
            because="the derivative at 0 is that of the left side, and so is ours of second order; PyTorch has 0"),
        edge("at ±1000, NaN and infinities", [1000.0, -1000.0, NAN, INF, -INF], alpha=alpha, only="torch")])
family.entry("logit", torch=lambda x, eps=None: torch.logit(x, eps),
    jax=lambda x, eps=None: special.logit(x if eps is None else jnp.clip(x, eps, 1 - eps)), cases=[
        *spread(0.1, 0.9),
        *[case(numbers(5, low=0.05, high=0.95, seed=k), eps=0.2) for k in range(2)],
        edge("0, 1, outside and NaN", [0.0, 1.0, 2.0, -0.5, NAN], only="torch"),
        edge("at eps, outside and NaN", [0.2, 0.8, 2.0, -INF, NAN, 0.0], eps=0.2, only="torch"),
        edge("eps 0", [0.0, 1.0, 2.0, -1.0, 0.3], eps=0.0, only="torch")])
family.entry("nan_to_num", torch=lambda x, nan: torch.nan_to_num(x, nan), jax=lambda x, nan: jnp.nan_to_num(x, nan=nan), cases=[
    *spread(-2, 2, nan=0.0),
    edge("NaN and infinities", [NAN, INF, -INF, 1.0], nan=0.0, order=2, only="torch"),
    edge("NaN and infinities", [NAN, INF, -INF, 1.0], nan=2.5, only="torch")])
family.entry("lerp", torch=torch.lerp, jax=lambda a, b, c: jnp.where(c < 0.5, a + c * (b - a), b - (1 - c) * (b - a)), cases=[
    case(numbers(2, 3, seed=1), numbers(2, 3, seed=2), numbers(2, 3, seed=3)),
    case(numbers(), numbers(seed=2), numbers(seed=3)),
    case(numbers(2, 3, seed=4), numbers(3, seed=5), numbers(2, 1, seed=6)),
    case(numbers(5, seed=7), numbers(seed=8), numbers(5, low=0, high=1, seed=9)),
    case(numbers(2, 1, 3, seed=10), numbers(2, 1, seed=11), numbers(seed=12)),
    case(numbers(0, 3), numbers(3, seed=1), numbers(seed=2), edge="empty"),
    edge("both ends", [1e16, 0.1], [1.0, 0.3], [1.0, 0.0]),
    edge("NaN and infinities", [1.0, 1.0, NAN], [INF, 2.0, 1.0], [0.5, NAN, 0.0], only="torch",
        ours={"outputs": [array([INF, NAN, NAN])]}, because="half of the way to ∞ is ∞; PyTorch takes ∞ from ∞")])

# choices, comparisons, masks: constants
family.entry("select", torch=torch.where, jax=jnp.where, cases=[
    case(mask([[True, False, True], [False, False, True]]), numbers(2, 3, seed=1), numbers(2, 3, seed=2)),
    case(mask([True, False, True]), numbers(2, 3, seed=3), numbers(2, 1, seed=4)),
    case(mask(True), numbers(2, seed=5), numbers(seed=6)),
    case(mask([[True], [False]]), numbers(3, seed=7), numbers(2, 3, seed=8)),
    case(mask([False, True]), numbers(seed=7), numbers(seed=8)),
    case(mask([True, False]), array([1.0, NAN]), array([INF, 2.0]), edge="NaN and infinity in what is not taken"),
    case(mask([], (0,)), numbers(0), numbers(seed=1), edge="empty")])
for name, t, j in [("less", torch.lt, jnp.less), ("less_equal", torch.le, jnp.less_equal), ("greater", torch.gt, jnp.greater),
                   ("greater_equal", torch.ge, jnp.greater_equal), ("equal", torch.eq, jnp.equal), ("not_equal", torch.ne, jnp.not_equal)]:
    family.entry(name, torch=t, jax=j, cases=[
        *[case(numbers(*s, seed=k), numbers(*r, seed=k + 9), order=0) for k, (s, r) in enumerate([((2, 3), (2, 3)), ((5,), ()), ((2, 1), (3,)), ((), ())])],
        edge("equal, NaN, infinities and both zeros", [1.0, NAN, NAN, INF, INF, 0.0], [1.0, NAN, 1.0, INF, -INF, -0.0], order=0),
        case(numbers(0, 3), numbers(3), edge="empty", order=0)])
for name, t, j in [("logical_and", torch.logical_and, jnp.logical_and), ("logical_or", torch.logical_or, jnp.logical_or), ("logical_xor", torch.logical_xor, jnp.logical_xor)]:
    T, N = True, False
    family.entry(name, torch=t, jax=j, cases=[
        case(mask([T, T, N, N]), mask([T, N, T, N]), order=0),
        case(mask([[T], [N]]), mask([T, N, N]), order=0),
        case(mask(T), mask([T, N]), order=0),
        case(mask([[T, N], [N, T]]), mask([N, T]), order=0),
        case(mask(N), mask(T), order=0, edge="rank 0"),
        case(mask([], (0, 3)), mask([T, N, T]), order=0, edge="empty")])
family.entry("logical_not", torch=torch.logical_not, jax=jnp.logical_not, cases=[
    *[case(mask(m), order=0) for m in [[True, False], [[True], [False]], [False], [[True, True, False]]]],
    case(mask(True), order=0, edge="rank 0"), case(mask([], (0, 3)), order=0, edge="empty")])

family.write()
