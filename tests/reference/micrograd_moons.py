"""Writes micrograd_moons.json: the points, the first weights and the losses of micrograd's demonstration (demo.ipynb).

Run by hand, with micrograd, numpy and scikit-learn: python tests/reference/micrograd_moons.py. The test
crates/nn/tests/layers/micrograd.rs reads the file and needs none of them. It takes two minutes.
"""

import json
import pathlib
import random

import numpy as np
from micrograd.engine import Value
from micrograd.nn import MLP
from sklearn.datasets import make_moons

np.random.seed(1337)
random.seed(1337)
X, y = make_moons(n_samples=100, noise=0.1)
y = y * 2 - 1
model = MLP(2, [16, 16, 1])
weights = [float(p.data) for p in model.parameters()]


def loss():
    inputs = [list(map(Value, row)) for row in X]
    scores = list(map(model, inputs))
    losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    reg_loss = 1e-4 * sum(p * p for p in model.parameters())
    right = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores)]
    return data_loss + reg_loss, sum(right) / len(right)


steps = []
for k in range(100):
    total, accuracy = loss()
    model.zero_grad()
    total.backward()
    rate = 1.0 - 0.9 * k / 100
    for p in model.parameters():
        p.data -= rate * p.grad
    steps.append([float(total.data), float(accuracy)])
    print(f"step {k} loss {total.data}, accuracy {accuracy * 100}%", flush=True)

case = {"points": X.tolist(), "labels": y.tolist(), "weights": weights, "steps": steps}
(pathlib.Path(__file__).parent / "micrograd_moons.json").write_text(json.dumps(case) + "\n")
