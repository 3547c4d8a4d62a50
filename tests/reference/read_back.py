"""Reads a model that this repository saved with PyTorch's own layers, and compares what the two say.

Run by hand, in the root of the repository, with torch and safetensors:

    cargo run --release -- train digits --epochs 2 --save target/digits.safetensors
    python tests/reference/read_back.py target/release/wengert target/digits.safetensors

It makes 50 images, asks `wengert predict` and a torch.nn.Sequential about them, and ends with status 1 if an output differs by
more than 1e-5 of the largest.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors import safe_open
from torch import nn

command, path = sys.argv[1:]
with safe_open(path, "pt") as file:
    layers = json.loads(file.metadata()["wengert"])["layers"]["layers"]
    state = {name: file.get_tensor(name) for name in file.keys()}


class Standardise(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(()))
        self.deviation = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return (x - self.mean) / self.deviation


def torch_layer(d):
    match d["layer"]:
        case "standardise":
            return Standardise()
        case "conv2d":
            filters, channels, *size = d["weight"]
            options = dict(stride=d["stride"], padding=d["padding"], dilation=d["dilation"], groups=d["groups"])
            options = {k: v[0] if isinstance(v, list) else v for k, v in options.items()}
            return nn.Conv2d(channels * d["groups"], filters, size, bias=d["bias"], **options)
        case "linear":
            return nn.Linear(d["inputs"], d["outputs"], bias=d["bias"])
        case "max_pool2d":
            return nn.MaxPool2d(d["size"][0], stride=d["stride"][0], padding=d["padding"][0], dilation=d["dilation"][0])
        case "flatten":
            return nn.Flatten()
        case "relu":
            return nn.ReLU()
        case "identity":
            return nn.Identity()
        case other:
            sys.exit(f"no layer of PyTorch for {other}")


model = nn.Sequential(*map(torch_layer, layers))
model.load_state_dict(state)  # strict: the same names and shapes
torch.manual_seed(1)
x = torch.randint(0, 17, (50, 64))
with tempfile.TemporaryDirectory() as folder:
    rows = pathlib.Path(folder) / "rows.csv"
    rows.write_text("".join(",".join(map(str, row)) + "\n" for row in x.tolist()))
    said = subprocess.run([command, "predict", path, rows, "--json"], capture_output=True, text=True, check=True).stdout
ours = torch.tensor(json.loads(said)["outputs"])
theirs = model(x.float().reshape(50, 1, 8, 8)).detach()
apart = ((ours - theirs).abs().max() / theirs.abs().max()).item()
print(f"{len(state)} tensors; outputs {list(theirs.shape)} differ by {apart:.1e} of the largest, PyTorch {torch.__version__}")
sys.exit(apart > 1e-5)
