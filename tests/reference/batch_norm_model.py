"""Writes torch_batch_norm.safetensors with torch_batch_norm.json: a model with batch norm that PyTorch trained for a few
steps, so that its running means and variances are none that a new layer begins with, and what it gives in use.

Run by hand: python tests/reference/batch_norm_model.py. The tests of crates/nn read the files and need no PyTorch.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
torch.manual_seed(11)
nn = torch.nn


def flat(t):
    return {"shape": list(t.shape), "data": [float(x) for x in t.detach().flatten()]}


model = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1, bias=False),
    nn.BatchNorm2d(4),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64, 6),
    nn.BatchNorm1d(6, eps=1e-3, momentum=0.3),
    nn.Tanh(),
    nn.Linear(6, 3),
)
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(20):
    x = 2 + 3 * torch.randn(16, 1, 8, 8)
    loss = nn.functional.cross_entropy(model(x), torch.randint(0, 3, (16,)))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
model.eval()
x = 2 + 3 * torch.randn(5, 1, 8, 8)
save_file(model.state_dict(), here / "torch_batch_norm.safetensors")
(here / "torch_batch_norm.json").write_text(json.dumps({"x": flat(x), "y": flat(model(x))}) + "\n")
