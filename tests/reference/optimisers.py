"""Writes optimisers.json: where PyTorch's optimisers and schedules go on given gradients and losses.

Run by hand: python tests/reference/optimisers.py. The tests of crates/nn read the file and need no PyTorch.
"""

import json
import pathlib
import random

import torch

torch.set_default_dtype(torch.float64)
random.seed(1)
STEPS, SIZE = 20, 5
begin = [random.gauss(0, 1) for _ in range(SIZE)]
# The last number has no gradient in the first steps: what an average of zeros does.
gradients = [
    [random.gauss(0, 1) if k + 1 < SIZE or t > 3 else 0.0 for k in range(SIZE)] for t in range(STEPS)
]


def path(make):
    p = torch.tensor(begin, requires_grad=True)
    optimiser = make([p])
    values = []
    for g in gradients:
        p.grad = torch.tensor(g)
        optimiser.step()
        values.append(p.detach().tolist())
    return values


o = torch.optim
optimisers = {
    "sgd": lambda p: o.SGD(p, 0.1),
    "sgd with decay": lambda p: o.SGD(p, 0.1, weight_decay=0.01),
    "sgd with momentum": lambda p: o.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
    "sgd with nesterov": lambda p: o.SGD(p, 0.1, momentum=0.8, nesterov=True, weight_decay=0.02),
    "adam": lambda p: o.Adam(p, 0.05),
    "adam with options": lambda p: o.Adam(p, 0.05, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1),
    "adam_w": lambda p: o.AdamW(p, 0.05),
    "adam_w with options": lambda p: o.AdamW(p, 0.05, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.3),
    "rms_prop": lambda p: o.RMSprop(p, 0.02),
    "rms_prop with options": lambda p: o.RMSprop(
        p, 0.02, alpha=0.9, eps=1e-4, momentum=0.7, centered=True, weight_decay=0.1
    ),
    "adagrad": lambda p: o.Adagrad(p, 0.1),
    "adagrad with options": lambda p: o.Adagrad(p, 0.1, lr_decay=0.1, eps=1e-4, weight_decay=0.1),
    "adadelta": lambda p: o.Adadelta(p, 1.0),
    "adadelta with options": lambda p: o.Adadelta(p, 0.5, rho=0.8, eps=1e-4, weight_decay=0.1),
}


def rates(make, steps):
    optimiser = o.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    schedule = make(optimiser)
    values = []
    for _ in range(steps):
        values.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return values


s = torch.optim.lr_scheduler
schedules = {
    "steps": lambda opt: s.StepLR(opt, 7, 0.3),
    "exponential": lambda opt: s.ExponentialLR(opt, 0.9),
    "cosine": lambda opt: s.CosineAnnealingLR(opt, 30, 0.003),
    "warm-up": lambda opt: s.LinearLR(opt, start_factor=0.2, total_iters=10),
    "warm-up and exponential": lambda opt: s.SequentialLR(
        opt, [s.LinearLR(opt, start_factor=0.2, total_iters=10), s.ExponentialLR(opt, 0.9)], [10]
    ),
    "one cycle": lambda opt: s.OneCycleLR(opt, 0.1, total_steps=31),
    "one cycle with options": lambda opt: s.OneCycleLR(
        opt, 0.1, total_steps=31, pct_start=0.4, div_factor=10, final_div_factor=100
    ),
}

losses = [1.0 + 0.5 ** min(t, 5 + t // 4) + 0.001 * random.random() for t in range(30)]


def plateau():
    optimiser = o.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    schedule = s.ReduceLROnPlateau(optimiser, factor=0.3, patience=2, threshold=1e-3, min_lr=0.002)
    values = []
    for loss in losses:
        schedule.step(loss)
        values.append(optimiser.param_groups[0]["lr"])
    return values


# Clipping: two gradients as one vector.
a, b = torch.zeros(SIZE, requires_grad=True), torch.zeros(SIZE, requires_grad=True)
a.grad, b.grad = torch.tensor(gradients[0]), torch.tensor(gradients[1])
norm = torch.nn.utils.clip_grad_norm_([a, b], 0.7)
clipped_norm = [a.grad.tolist(), b.grad.tolist()]
a.grad, b.grad = torch.tensor(gradients[0]), torch.tensor(gradients[1])
torch.nn.utils.clip_grad_value_([a, b], 0.4)
clipped_value = [a.grad.tolist(), b.grad.tolist()]


# L-BFGS: the least of a sum of squares that is not quadratic.
def badly_scaled(p):
    shifted = torch.stack([10 * (p[1] - p[0] ** 2), 1 - p[0], p[2] ** 2 + p[0] * p[2] - 2])
    return (shifted**2).sum()


p = torch.tensor([-1.2, 1.0, 0.7], requires_grad=True)
optimiser = o.LBFGS([p], max_iter=500, tolerance_grad=1e-12, tolerance_change=0, line_search_fn="strong_wolfe")


def closure():
    optimiser.zero_grad()
    loss = badly_scaled(p)
    loss.backward()
    return loss


optimiser.step(closure)

result = {
    "made by": f"tests/reference/optimisers.py with PyTorch {torch.__version__}",
    "begin": begin,
    "gradients": gradients,
    "optimisers": {name: path(make) for name, make in optimisers.items()},
    "schedules": {name: rates(make, 31) for name, make in schedules.items()},
    "losses": losses,
    "plateau": plateau(),
    "norm": norm.item(),
    "clipped by norm": clipped_norm,
    "clipped by value": clipped_value,
    "lbfgs": p.detach().tolist(),
}
target = pathlib.Path(__file__).with_name("optimisers.json")
target.write_text(json.dumps(result) + "\n")
print(f"wrote {target.name}")
