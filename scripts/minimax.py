"""Coefficients of the polynomials of crates/tape/src/kernels/vector: Remez' exchange in 60 digits.

Run by hand: python3 scripts/minimax.py, with mpmath
"""
from mpmath import mp, mpf, matrix, lu_solve, exp, log, expm1, tanh, sin, cos, sqrt, pi, erf, erfc

mp.dps = 60


def remez(f, a, b, degree, weight=lambda x: mpf(1)):
    """The polynomial p of a degree that makes the largest |f − p|·weight on [a, b] least, and that error."""
    a, b = mpf(a), mpf(b)
    n = degree + 2
    nodes = [(a + b) / 2 - (b - a) / 2 * mp.cos(pi * k / (n - 1)) for k in range(n)]
    for _ in range(30):
        m, v = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(nodes):
            for j in range(degree + 1):
                m[i, j] = x**j
            m[i, degree + 1] = (-1) ** i / weight(x)
            v[i] = f(x)
        c = lu_solve(m, v)
        p = [c[j] for j in range(degree + 1)]
        e = lambda x: (mp.polyval(p[::-1], x) - f(x)) * weight(x)
        grid = [a + (b - a) * mpf(k) / (40 * n) for k in range(40 * n + 1)]
        values = [e(x) for x in grid]
        found = []
        for k in range(len(grid)):
            left = values[k - 1] if k else None
            right = values[k + 1] if k + 1 < len(grid) else None
            here = values[k]
            if all(o is None or abs(here) >= abs(o) or here * o < 0 for o in (left, right)):
                if found and found[-1][1] * here > 0:
                    if abs(here) > abs(found[-1][1]):
                        found[-1] = (grid[k], here)
                else:
                    found.append((grid[k], here))
        while len(found) > n:
            found.pop(0 if abs(found[0][1]) < abs(found[-1][1]) else -1)
        if len(found) < n:
            break
        nodes = [x for x, _ in found]
        big = max(abs(v) for _, v in found)
        if big / min(abs(v) for _, v in found) < 1.02:
            break
    return p, max(abs(v) for v in values)


def show(name, p, error):
    print(f"{name}: largest error {mp.nstr(error, 3)}")
    print("   ", ", ".join(repr(float(c)) for c in p))


def quotient(f, series):
    """f, and near 0, where it is 0/0, its series."""
    return lambda x: series(x) if abs(x) < mpf(10) ** -12 else f(x)


half = log(2) / 2 * mpf("1.001")
# exp(r) − 1 = r + r²·p(r), of which the error counts as much as it is of exp(r)
q = quotient(lambda r: (expm1(r) - r) / r**2, lambda r: mpf(1) / 2 + r / 6)
for name, d in (("exp f64", 9), ("exp f32", 4)):
    show(name, *remez(q, -half, half, d, lambda r: r**2 + mpf(10) ** -30))
# ln(1 + f) = 2s + s·z·p(z), z = s², s = f/(2 + f)
top = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")
lnq = quotient(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) - 2 * sqrt(z)) / (sqrt(z) * z), lambda z: mpf(2) / 3 + z * 2 / 5)
for name, d in (("ln f64", 6), ("ln f32", 2)):
    show(name, *remez(lnq, 0, top, d, lambda z: z + mpf(10) ** -30))
# tanh(x) = x + x·z·p(z), z = x², |x| < 0.55
tq = quotient(lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: -mpf(1) / 3 + z * 2 / 15)
for name, d in (("tanh f64", 9), ("tanh f32", 4)):
    show(name, *remez(tq, 0, mpf("0.3026"), d, lambda z: z + mpf(10) ** -30))
# sin(r) = r + r·z·p(z); cos(r) = 1 − z/2 + z²·p(z); z = r², |r| ≤ π/4
zt = (pi / 4) ** 2 * mpf("1.001")
sq = quotient(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: -mpf(1) / 6 + z / 120)
cq = quotient(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: mpf(1) / 24 - z / 720)
show("sin", *remez(sq, 0, zt, 6, lambda z: z + mpf(10) ** -30))
show("cos", *remez(cq, 0, zt, 6, lambda z: z**2 + mpf(10) ** -30))
# erf(x) = x·(2/√π + z·p(z)), |x| < 1
eq = quotient(lambda z: (erf(sqrt(z)) / sqrt(z) - 2 / sqrt(pi)) / z, lambda z: -2 / sqrt(pi) / 3 + z / 5 / sqrt(pi))
show("erf", *remez(eq, 0, mpf(1), 10, lambda z: z + mpf(10) ** -30))
# erfc(x) = exp(−x²)·p(t)/(1 + 2x), t = (x − 4)/(x + 4), 0.45 ≤ x ≤ 28
at = lambda t: 4 * (1 + t) / (1 - t)
scaled = lambda t: exp(at(t) ** 2) * erfc(at(t)) * (1 + 2 * at(t))
low, high = [(x - 4) / (x + 4) for x in (mpf("0.45"), mpf(28))]
show("erfc", *remez(scaled, low, high, 20, lambda t: 1 / scaled(t)))
