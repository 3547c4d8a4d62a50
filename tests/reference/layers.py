"""Writes layers.json: PyTorch's layers with their parameters, inputs, outputs and gradients; and torch_model.safetensors
with torch_model.json, a model as PyTorch saves it and what it gives.

Run by hand: python tests/reference/layers.py. The tests of crates/nn read the files and need no PyTorch.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file

here = pathlib.Path(__file__).parent
torch.manual_seed(7)
nn = torch.nn


def flat(t):
    return {"shape": list(t.shape), "data": [float(x) for x in t.detach().flatten()]}


def case(layer, x, call=None, training=False):
    """The output, and the gradients of the sum of outputs times cos(0), cos(1), …"""
    layer = layer.double().train(training)
    with torch.no_grad():
        for p in layer.parameters():
            p += 0.3 * torch.randn_like(p)
    before = {name: flat(t) for name, t in layer.state_dict().items() if t.dtype == torch.float64}
    x = x.clone()
    if x.dtype == torch.float64:
        x.requires_grad_(True)
    y = call(layer, x) if call else layer(x)
    weights = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).reshape(y.shape)
    (y * weights).sum().backward()
    return {
        "parameters": before,
        # What training changes beside the gradients' way: running means and variances.
        "buffers": {name: flat(t) for name, t in layer.named_buffers() if training and t.dtype == torch.float64},
        "x": flat(x),
        "y": flat(y),
        "gradients": {name: flat(p.grad) for name, p in layer.named_parameters() if p.grad is not None},
        "gx": flat(x.grad) if x.grad is not None else None,
    }


def randn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def first(layer, x):
    return layer(x)[0]


def self_attention(mask=None):
    def call(layer, x):
        return layer(x, x, x, need_weights=False, attn_mask=mask)[0]

    return call


causal = torch.triu(torch.ones(4, 4, dtype=torch.bool), diagonal=1)
cases = {
    "linear": case(nn.Linear(3, 5), randn(2, 3)),
    "linear without bias": case(nn.Linear(3, 5, bias=False), randn(2, 4, 3)),
    "conv1d": case(nn.Conv1d(2, 3, 4, stride=2, padding=1), randn(2, 2, 9)),
    "conv2d": case(nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), randn(2, 4, 7, 8)),
    "conv3d": case(nn.Conv3d(2, 3, 2, stride=2, padding=1), randn(2, 2, 3, 4, 5)),
    "conv_transpose1d": case(nn.ConvTranspose1d(2, 3, 4, stride=2, padding=1, output_padding=1), randn(2, 2, 5)),
    "conv_transpose2d": case(
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, dilation=2, groups=2), randn(2, 4, 3, 4)
    ),
    "conv_transpose3d": case(nn.ConvTranspose3d(2, 3, 2, stride=2), randn(1, 2, 2, 3, 2)),
    "max_pool2d": case(nn.MaxPool2d(3, stride=2), randn(2, 3, 7, 6)),
    "average_pool2d": case(nn.AvgPool2d(3, stride=2), randn(2, 3, 7, 6)),
    "tanh cell": case(nn.RNN(3, 4, batch_first=True), randn(2, 5, 3), first),
    "relu cell": case(nn.RNN(3, 4, nonlinearity="relu", num_layers=2, batch_first=True), randn(2, 5, 3), first),
    "lstm": case(nn.LSTM(3, 4, num_layers=2, batch_first=True), randn(2, 5, 3), first),
    "gru": case(nn.GRU(3, 4, num_layers=2, batch_first=True), randn(2, 5, 3), first),
    "embedding": case(nn.Embedding(6, 3), torch.tensor([[1, 5, 1], [0, 2, 5]])),
    "layer_norm": case(nn.LayerNorm([3, 5]), randn(2, 4, 3, 5)),
    "layer_norm without weights": case(nn.LayerNorm([5], elementwise_affine=False), randn(2, 5)),
    "rms_norm": case(nn.RMSNorm([5], eps=1e-6), randn(2, 3, 5)),
    "group_norm": case(nn.GroupNorm(2, 6), randn(3, 6, 4, 2)),
    "batch_norm training": case(nn.BatchNorm2d(3, momentum=0.2), randn(4, 3, 2, 5), training=True),
    "batch_norm use": case(nn.BatchNorm1d(3), randn(4, 3)),
    "attention": case(nn.MultiheadAttention(6, 2, batch_first=True), randn(2, 4, 6), self_attention()),
    "attention causal": case(nn.MultiheadAttention(6, 3, batch_first=True), randn(2, 4, 6), self_attention(causal)),
}
model = nn.Sequential(
    nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(48, 5), nn.LogSoftmax(dim=1)
)
x = torch.randn(2, 1, 8, 8)
save_file(model.state_dict(), here / "torch_model.safetensors")
(here / "torch_model.json").write_text(json.dumps({"x": flat(x), "y": flat(model(x))}) + "\n")


def cross_attention(mask):
    memory = randn(2, 5, 6)

    def call(layer, x):
        return layer(x, memory, memory, need_weights=False, attn_mask=mask)[0]

    return memory, call


def activation(layer):
    # Off the kinks, and far enough out for every branch.
    return case(layer, torch.tensor([[-8.0, -3.5, -1.2, -0.3], [0.4, 0.9, 2.5, 7.0]], dtype=torch.float64))


options = dict(stride=(2, 3), padding=(1, 0), ceil_mode=True)
cases |= {
    "batch_norm without weights": case(nn.BatchNorm1d(3, affine=False), randn(4, 3, 2), training=True),
    "max_pool1d": case(nn.MaxPool1d(2), randn(2, 3, 7)),
    "max_pool2d with options": case(nn.MaxPool2d((3, 2), dilation=(1, 2), **options), randn(2, 3, 5, 6)),
    "max_pool3d": case(nn.MaxPool3d(2, stride=1), randn(1, 2, 2, 4, 3)),
    "avg_pool1d": case(nn.AvgPool1d(3, stride=2, padding=1), randn(2, 3, 7)),
    "avg_pool2d with options": case(nn.AvgPool2d((3, 2), **options), randn(2, 3, 5, 6)),
    "avg_pool2d, padding not counted": case(
        nn.AvgPool2d((3, 2), count_include_pad=False, **options), randn(2, 3, 5, 6)
    ),
    "avg_pool3d": case(nn.AvgPool3d(2), randn(1, 2, 2, 4, 3)),
    "adaptive_max_pool1d": case(nn.AdaptiveMaxPool1d(3), randn(2, 3, 7)),
    "adaptive_max_pool2d": case(nn.AdaptiveMaxPool2d((2, 3)), randn(2, 1, 5, 4)),
    "adaptive_avg_pool1d": case(nn.AdaptiveAvgPool1d(3), randn(2, 3, 7)),
    "adaptive_avg_pool2d": case(nn.AdaptiveAvgPool2d((2, 3)), randn(2, 1, 5, 4)),
    "sigmoid": activation(nn.Sigmoid()),
    "tanh": activation(nn.Tanh()),
    "relu": activation(nn.ReLU()),
    "leaky_relu(0.2)": activation(nn.LeakyReLU(0.2)),
    "relu6": activation(nn.ReLU6()),
    "elu(0.5)": activation(nn.ELU(0.5)),
    "celu(2)": activation(nn.CELU(2.0)),
    "selu": activation(nn.SELU()),
    "softplus": activation(nn.Softplus()),
    "gelu": activation(nn.GELU()),
    "gelu_tanh": activation(nn.GELU(approximate="tanh")),
    "silu": activation(nn.SiLU()),
    "mish": activation(nn.Mish()),
    "softsign": activation(nn.Softsign()),
    "hardtanh(-2, 0.5)": activation(nn.Hardtanh(-2.0, 0.5)),
    "hardsigmoid": activation(nn.Hardsigmoid()),
    "hardswish": activation(nn.Hardswish()),
    "log_sigmoid": activation(nn.LogSigmoid()),
    "softmax": activation(nn.Softmax(dim=-1)),
    "log_softmax": activation(nn.LogSoftmax(dim=-1)),
}
# True where a query may not look: the opposite of ours.
hidden = torch.tensor(
    [[0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 1, 1, 0]], dtype=torch.bool
)
memory, call = cross_attention(hidden)
cases["attention to others, masked"] = case(nn.MultiheadAttention(6, 2, batch_first=True), randn(2, 3, 6), call)
cases["attention to others, masked"]["memory"] = flat(memory)
(here / "layers.json").write_text(json.dumps(cases) + "\n")
print(f"wrote {len(cases)} layers and a model, with PyTorch {torch.__version__}")
