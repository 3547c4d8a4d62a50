"""Generates reference cases with PyTorch and JAX. A family file lists entries; see README.md."""

import json
import math
import os
import sys

import numpy as np

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

NAN, INF = math.nan, math.inf


def numbers(*shape, low=-2.0, high=2.0, seed=0):
    """Numbers of at most three decimals between two bounds: the same for the same arguments, on every machine."""
    n = math.prod(shape)
    # A multiplicative generator modulo a prime (Park and Miller 1988), so that no library's version matters.
    state, drawn = 7919 * (seed + 1) + 31 * n, []
    for _ in range(n):
        state = state * 48271 % 2147483647
        drawn.append(round(low + (high - low) * (state % 99991) / 99991, 3))
    return np.array(drawn, dtype=np.float64).reshape(shape)


def array(data, shape=None):
    """Numbers as they are, edges such as NAN and INF among them."""
    a = np.array(data, dtype=np.float64)
    return a if shape is None else a.reshape(shape)


def positions(data, shape=None):
    """Positions."""
    a = np.array(data, dtype=np.int64)
    return a if shape is None else a.reshape(shape)


def mask(data, shape=None):
    """Truth values."""
    a = np.array(data, dtype=bool)
    return a if shape is None else a.reshape(shape)


def case(*inputs, edge=None, order=2, still=(), only=None, ours=None, because=None, **attributes):
    """One sample of an entry.

    inputs      arrays, as `numbers`, `array`, `positions` and `mask` make them
    attributes  what else the entry is called with, by name: numbers, lists, strings, truth values
    edge        what is hard about it, in words; None for an ordinary case
    order       2: values, gradients and second-order products; 1: no products; 0: values alone
    still       the inputs of numbers that are not differentiated
    only        "torch" or "jax": the one that has the right answer here, where they differ
    ours        where we decide otherwise than the reference: {"outputs": [..], "gradients": [..], "second": [..]}, each
                a list of arrays (None: as the reference says); goes with `because`, the reason
    """
    if (ours is None) != (because is None):
        raise ValueError("`ours` and `because` go together")
    return dict(
        inputs=list(inputs), edge=edge, order=order, still=tuple(still), only=only, ours=ours or {}, because=because,
        attributes=attributes,
    )


def cotangent(shape, k):
    """The cotangent of output k: multiples of 1/4 that are never 0. crates/tape/tests/methods/reference.rs has the same formula."""
    n = math.prod(shape)
    return np.array([((7 * i + 3 * k + 3) % 11 - 5.5) / 4 for i in range(n)]).reshape(shape)


def weight(shape, k):
    """The weight of the gradient by input k in the second-order product. crates/tape/tests/methods/reference.rs has the same formula."""
    n = math.prod(shape)
    return np.array([((5 * i + 3 * k + 2) % 13 - 6.5) / 4 for i in range(n)]).reshape(shape)


def active(c):
    """The inputs that are differentiated."""
    return [k for k, x in enumerate(c["inputs"]) if x.dtype == np.float64 and k not in c["still"]]


def as_list(y):
    return list(y) if isinstance(y, (tuple, list)) else [y]


def by_torch(f, c):
    """Outputs, gradients and second-order products by PyTorch."""
    wanted = active(c) if c["order"] > 0 else []
    x = [torch.from_numpy(np.array(a)) for a in c["inputs"]]
    for k in wanted:
        x[k].requires_grad_(True)
    outputs = as_list(f(*x, **c["attributes"]))
    arrays = [y.numpy(force=True) for y in outputs]
    if c["order"] == 0:
        return arrays, None, None
    real = [(k, y) for k, y in enumerate(outputs) if y.dtype == torch.float64]
    s = sum((y * torch.from_numpy(cotangent(y.shape, k))).sum() for k, y in real)
    twice = c["order"] > 1

    def gradient(of, graph):
        if not (isinstance(of, torch.Tensor) and of.requires_grad):
            return [None for _ in wanted]
        return torch.autograd.grad(of, [x[k] for k in wanted], create_graph=graph, allow_unused=True)

    first = gradient(s, twice)
    gradients = fill(c, wanted, [None if g is None else g.numpy(force=True) for g in first])
    if not twice:
        return arrays, gradients, None
    t = sum((g * torch.from_numpy(weight(g.shape, k))).sum() for k, g in zip(wanted, first) if g is not None)
    second = gradient(t, False)
    return arrays, gradients, fill(c, wanted, [None if g is None else g.numpy(force=True) for g in second])


def by_jax(f, c):
    """Outputs, gradients and second-order products by JAX."""
    wanted = active(c) if c["order"] > 0 else []

    def call(*moving):
        x = [jnp.asarray(a) for a in c["inputs"]]
        for k, a in zip(wanted, moving):
            x[k] = a
        return as_list(f(*x, **c["attributes"]))

    start = [jnp.asarray(c["inputs"][k]) for k in wanted]
    arrays = [np.asarray(y) for y in call(*start)]
    if c["order"] == 0:
        return arrays, None, None
    places = tuple(range(len(wanted)))

    def s(*moving):
        real = [(k, y) for k, y in enumerate(call(*moving)) if y.dtype == jnp.float64]
        return sum((y * cotangent(y.shape, k)).sum() for k, y in real)

    def t(*moving):
        return sum((g * weight(g.shape, k)).sum() for k, g in zip(wanted, jax.grad(s, places)(*moving)))

    gradients = fill(c, wanted, [np.asarray(g) for g in jax.grad(s, places)(*start)])
    if c["order"] == 1:
        return arrays, gradients, None
    return arrays, gradients, fill(c, wanted, [np.asarray(g) for g in jax.grad(t, places)(*start)])


def fill(c, wanted, found):
    """A list as long as the inputs: None where nothing was differentiated, zeros where nothing is connected."""
    out = [None for _ in c["inputs"]]
    for k, g in zip(wanted, found):
        out[k] = np.zeros_like(c["inputs"][k]) if g is None else g
    return out


def differences(a, b, bound):
    """What differs between the answers of two references, in words."""
    found = []
    for what, a, b in zip(("outputs", "gradients", "second"), a, b):
        if a is None or b is None:
            continue
        for k, (p, q) in enumerate(zip(a, b)):
            if p is None or q is None:
                continue
            if p.shape != q.shape or p.dtype.kind != q.dtype.kind:
                found.append(f"{what}[{k}]: {p.dtype} {p.shape} and {q.dtype} {q.shape}")
                continue
            scale = min(1.0, np.max(np.abs(p[np.isfinite(p)]), initial=1e-300)) if p.dtype.kind == "f" else 1.0
            if not np.allclose(p, q, rtol=bound, atol=bound * scale, equal_nan=True):
                found.append(f"{what}[{k}]: torch {p.tolist()} and jax {q.tolist()}")
    return found


def encode(a):
    """An array as text: its kind where it is not numbers (i, m), its shape, its elements. NaN is `NaN`, infinity `inf`."""
    if a is None:
        return None
    a = np.asarray(a)
    if a.dtype.kind == "f":
        kind, words = "", [repr(float(x)) for x in a.ravel()]
        words = ["NaN" if w == "nan" else w[:-2] if w.endswith(".0") else w for w in words]
    elif a.dtype.kind == "b":
        kind, words = "m", ["1" if x else "0" for x in a.ravel()]
    else:
        kind, words = "i", [str(int(x)) for x in a.ravel()]
    if len(words) > 40:
        raise ValueError(f"{len(words)} elements: keep arrays at about 30")
    return " ".join([kind + str(list(a.shape)).replace(" ", ""), *words])


class Family:
    """The entries of a family; `write` makes the family's file.

    With names on the command line only those entries are made anew; the lines of the others stay as they are.
    """

    def __init__(self, name):
        self.name, self.lines, self.notes, self.names = name, [], [], []
        self.path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.jsonl")
        self.wanted, self.kept = sys.argv[1:], {}
        if self.wanted and os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                for line in list(file)[1:]:
                    self.kept.setdefault(json.loads(line)["entry"], []).append(json.loads(line))

    def entry(self, name, cases, torch=None, jax=None, bound=1e-11):
        """Adds an entry: its name as users call it here, its cases, and how PyTorch and JAX compute it.

        With both, they must agree to `bound`; with one, its word counts.
        """
        if name in self.names:
            raise ValueError(f"{name} is there already")
        self.names.append(name)
        if self.wanted and name not in self.wanted:
            self.lines += self.kept.get(name, [])
        else:
            self.add(name, cases, torch, jax, bound)

    def add(self, name, cases, torch=None, jax=None, bound=1e-11):
        """Adds cases to the last entry, with other references."""
        if self.wanted and name not in self.wanted:
            return
        sys.stderr.write(f"{name} ")
        sys.stderr.flush()
        for c in cases:
            readers = {"torch": (by_torch, torch), "jax": (by_jax, jax)}
            used = [r for r in readers if readers[r][1] is not None and c["only"] in (None, r)]
            what = f"{name} {c['attributes']} of {[x.tolist() for x in c['inputs']]}"
            try:
                answers = [readers[r][0](readers[r][1], c) for r in used]
                found = differences(*answers, bound) if len(answers) == 2 else []
                line = self.line(name, c, "+".join(used), answers[0])
            except Exception as e:
                found = [f"{type(e).__name__}: {e}"]
            if found:
                self.notes.append(f"{what}: {'; '.join(found)}")
            else:
                self.lines.append(line)

    def line(self, name, c, by, answer):
        # JSON has no infinity and no NaN: such an attribute is written as text.
        plain = {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in c["attributes"].items()}
        line = {"entry": name, "attributes": plain, "edge": c["edge"], "by": by}
        line["inputs"] = [encode(x) for x in c["inputs"]]
        for key, value in zip(("outputs", "gradients", "second"), answer):
            line[key] = None if value is None else [encode(a) for a in value]
            if key in c["ours"]:
                line.setdefault("reference", {})[key] = line[key]
                decided = [r if o is None else encode(np.asarray(o)) for o, r in zip(c["ours"][key], line[key])]
                line[key] = decided
        line["because"] = c["because"]
        return {key: value for key, value in line.items() if value not in (None, {})}

    def write(self):
        """Writes the family's file, without the cases on which PyTorch and JAX disagree; with such, ends with status 1."""
        head = {"family": self.name, "torch": torch.__version__.split("+")[0], "jax": jax.__version__}
        with open(self.path, "w", encoding="utf-8") as file:
            for line in [head, *self.lines]:
                file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        sys.stderr.write(f"\n{len(self.names)} entries, {len(self.lines)} cases in {self.name}.jsonl\n")
        if self.notes:
            sys.stderr.write("left out; say in the case which reference is right (only=), or ask less (order=):\n")
            sys.stderr.write("\n".join(self.notes) + "\n")
            sys.exit(1)
