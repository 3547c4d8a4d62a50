"""Normalisation, losses, attention."""

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

from reference import INF, NAN, Family, array, case, mask, numbers, positions

family = Family("losses")

REDUCTIONS = ("mean", "sum", "none")


def reduced_by_jax(losses, reduction):
    return {"mean": jnp.mean, "sum": jnp.sum, "none": lambda x: x}[reduction](losses)


# Normalisation

family.entry("normalise",
    torch=lambda x, axes, epsilon: (x - x.mean(axes, keepdim=True))
    / torch.sqrt(x.var(axes, correction=0, keepdim=True) + epsilon),
    jax=lambda x, axes, epsilon: (x - x.mean(tuple(axes), keepdims=True))
    / jnp.sqrt(x.var(tuple(axes), keepdims=True) + epsilon),
    cases=[
        case(numbers(5, seed=1), axes=[0], epsilon=1e-5),
        case(numbers(2, 7, seed=2), axes=[1], epsilon=1e-5),
        case(numbers(7, 2, seed=3), axes=[0], epsilon=0.5),
        case(numbers(2, 3, 4, seed=4), axes=[0, 2], epsilon=1e-3),
        case(numbers(2, 11, seed=5), axes=[0, 1], epsilon=1e-5),
        case(array([[3.0, 3.0, 3.0], [0.0, 0.0, 0.0]]), axes=[1], epsilon=0.25, edge="equal numbers"),
        case(array([[1e8, 1e8 + 1, 1e8 + 2]]), axes=[1], epsilon=0.0, order=1, edge="a mean much larger than the deviation"),
        case(array([[2.0], [3.0]]), axes=[1], epsilon=0.5, edge="one element"),
        case(array([[1.0, NAN, 2.0], [1.0, 2.0, 4.0]]), axes=[1], epsilon=0.1, order=1, edge="NaN"),
        case(numbers(0, 3), axes=[1], epsilon=0.1, order=1, edge="no rows"),
    ])

family.entry("rms_normalise",
    torch=lambda x, axes, epsilon: x / torch.sqrt((x * x).mean(axes, keepdim=True) + epsilon),
    jax=lambda x, axes, epsilon: x / jnp.sqrt((x * x).mean(tuple(axes), keepdims=True) + epsilon),
    cases=[
        case(numbers(5, seed=1), axes=[0], epsilon=1e-5),
        case(numbers(2, 7, seed=2), axes=[1], epsilon=1e-5),
        case(numbers(7, 2, seed=3), axes=[0], epsilon=0.5),
        case(numbers(2, 3, 4, seed=4), axes=[0, 2], epsilon=1e-3),
        case(array([[0.0, 0.0, 0.0]]), axes=[1], epsilon=0.25, edge="zeros"),
        case(array([[2.0], [-3.0]]), axes=[1], epsilon=0.0, edge="one element"),
        case(numbers(0, 3), axes=[1], epsilon=0.1, order=1, edge="no rows"),
    ])


def over_channels(x, w):
    return w.reshape((1, -1) + (1,) * (x.ndim - 2)) if w.ndim == 1 else w


def batch_norm_jax(x, weight, bias, epsilon):
    axes = tuple(k for k in range(x.ndim) if k != 1)
    y = (x - x.mean(axes, keepdims=True)) / jnp.sqrt(x.var(axes, keepdims=True) + epsilon)
    return y * over_channels(x, weight) + over_channels(x, bias)


family.entry("batch_norm",
    torch=lambda x, weight, bias, epsilon: F.batch_norm(x, None, None, weight, bias, training=True, eps=epsilon),
    jax=batch_norm_jax,
    cases=[
        case(numbers(5, 3, seed=1), numbers(3, seed=2), numbers(3, seed=3), epsilon=1e-5),
        case(numbers(2, 3, seed=4), numbers(3, seed=5), numbers(3, seed=6), epsilon=0.1),
        case(numbers(3, 2, 4, seed=7), numbers(2, seed=8), numbers(2, seed=9), epsilon=1e-5),
        case(numbers(2, 3, 2, 2, seed=10), numbers(3, seed=11), numbers(3, seed=12), epsilon=1e-5),
        case(numbers(1, 2, 3, seed=13), numbers(2, seed=14), numbers(2, seed=15), epsilon=1e-5, edge="a batch of one image"),
        case(numbers(2, 1, 5, seed=16), numbers(1, seed=17), numbers(1, seed=18), epsilon=0.5, edge="one channel"),
        case(array([[2.0, 1.0], [2.0, 3.0]]), array([0.5, 1.0]), array([0.25, -1.0]), epsilon=0.25, edge="equal numbers"),
    ])

family.entry("batch_norm_with",
    torch=lambda x, mean, variance, weight, bias, epsilon: (x - over_channels(x, mean))
    / torch.sqrt(over_channels(x, variance) + epsilon) * over_channels(x, weight) + over_channels(x, bias),
    jax=lambda x, mean, variance, weight, bias, epsilon: (x - over_channels(x, mean))
    / jnp.sqrt(over_channels(x, variance) + epsilon) * over_channels(x, weight) + over_channels(x, bias),
    cases=[
        case(numbers(5, 3, seed=1), numbers(3, seed=2), numbers(3, low=0.2, seed=3), numbers(3, seed=4), numbers(3, seed=5),
             epsilon=1e-5),
        case(numbers(2, 3, 4, seed=6), numbers(3, seed=7), numbers(3, low=0.2, seed=8), numbers(3, seed=9),
             numbers(3, seed=10), epsilon=0.1),
        case(numbers(2, 2, 2, 3, seed=11), numbers(2, seed=12), numbers(2, low=0.2, seed=13), numbers(2, seed=14),
             numbers(2, seed=15), epsilon=1e-5),
        case(numbers(1, 3, seed=16), numbers(3, seed=17), numbers(3, low=0.2, seed=18), numbers(3, seed=19),
             numbers(3, seed=20), epsilon=1e-5, edge="a batch of one"),
        case(numbers(0, 3), numbers(3, seed=21), numbers(3, low=0.2, seed=22), numbers(3, seed=23), numbers(3, seed=24),
             epsilon=1e-5, edge="an empty batch"),
        case(numbers(2, 2, seed=25), numbers(2, seed=26), array([0.0, 0.0]), numbers(2, seed=27), numbers(2, seed=28),
             epsilon=0.25, edge="no variance"),
    ])

family.entry("layer_norm",
    torch=lambda x, weight, bias, shape, epsilon: F.layer_norm(x, shape, weight, bias, epsilon),
    jax=lambda x, weight, bias, shape, epsilon: (x - x.mean(tuple(range(-len(shape), 0)), keepdims=True))
    / jnp.sqrt(x.var(tuple(range(-len(shape), 0)), keepdims=True) + epsilon) * weight + bias,
    cases=[
        case(numbers(2, 5, seed=1), numbers(5, seed=2), numbers(5, seed=3), shape=[5], epsilon=1e-5),
        case(numbers(2, 3, 4, seed=4), numbers(4, seed=5), numbers(4, seed=6), shape=[4], epsilon=0.1),
        case(numbers(2, 3, 4, seed=7), numbers(3, 4, seed=8), numbers(3, 4, seed=9), shape=[3, 4], epsilon=1e-5),
        case(numbers(7, seed=10), numbers(7, seed=11), numbers(7, seed=12), shape=[7], epsilon=1e-5),
        case(array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]), numbers(3, seed=13), numbers(3, seed=14), shape=[3], epsilon=0.25,
             edge="equal numbers"),
        case(numbers(0, 3), numbers(3, seed=15), numbers(3, seed=16), shape=[3], epsilon=1e-5, order=1, edge="an empty batch"),
        case(numbers(3, 1, seed=17), numbers(1, seed=18), numbers(1, seed=19), shape=[1], epsilon=0.5, only="jax", edge="one element"),
    ])

family.entry("rms_norm",
    torch=lambda x, weight, shape, epsilon: F.rms_norm(x, shape, weight, epsilon),
    jax=lambda x, weight, shape, epsilon: x
    / jnp.sqrt((x * x).mean(tuple(range(-len(shape), 0)), keepdims=True) + epsilon) * weight,
    cases=[
        case(numbers(2, 5, seed=1), numbers(5, seed=2), shape=[5], epsilon=1e-5),
        case(numbers(2, 3, 4, seed=4), numbers(4, seed=5), shape=[4], epsilon=0.1),
        case(numbers(2, 3, 4, seed=7), numbers(3, 4, seed=8), shape=[3, 4], epsilon=1e-5),
        case(numbers(7, seed=10), numbers(7, seed=11), shape=[7], epsilon=1e-5),
        case(array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]]), numbers(3, seed=13), shape=[3], epsilon=0.25, edge="zeros"),
        case(numbers(3, 1, seed=17), numbers(1, seed=18), shape=[1], epsilon=0.5, edge="one element"),
    ])

family.entry("group_norm",
    torch=lambda x, weight, bias, groups, epsilon: F.group_norm(x, groups, weight, bias, epsilon),
    cases=[
        case(numbers(3, 4, seed=1), numbers(4, seed=2), numbers(4, seed=3), groups=2, epsilon=1e-5),
        case(numbers(2, 4, 3, seed=4), numbers(4, seed=5), numbers(4, seed=6), groups=2, epsilon=0.1),
        case(numbers(2, 3, 2, 2, seed=7), numbers(3, seed=8), numbers(3, seed=9), groups=1, epsilon=1e-5),
        case(numbers(2, 3, 5, seed=10), numbers(3, seed=11), numbers(3, seed=12), groups=3, epsilon=1e-5),
        case(numbers(1, 6, seed=13), numbers(6, seed=14), numbers(6, seed=15), groups=3, epsilon=0.5, edge="a batch of one"),
        case(array([[2.0, 2.0, 1.0, 5.0]]), numbers(4, seed=16), numbers(4, seed=17), groups=2, epsilon=0.25,
             edge="equal numbers"),
        case(numbers(0, 4, 2), numbers(4, seed=18), numbers(4, seed=19), groups=2, epsilon=0.1, order=1,
             edge="an empty batch"),
    ])

family.entry("mul_add",
    torch=lambda x, w, b: x * w + b,
    jax=lambda x, w, b: x * w + b,
    cases=[
        case(numbers(2, 3, seed=1), numbers(2, 3, seed=2), numbers(2, 3, seed=3)),
        case(numbers(2, 3, seed=4), numbers(3, seed=5), numbers(3, seed=6)),
        case(numbers(2, 3, seed=7), array(0.5), numbers(2, 1, seed=8)),
        case(numbers(2, 1, 3, seed=9), numbers(4, 1, seed=10), numbers(3, seed=11)),
        case(array(2.0), array(-3.0), array(0.5), edge="rank 0"),
        case(array([NAN, INF, 1.0]), array([1.0, 0.0, INF]), array([1.0, 1.0, -INF]), edge="NaN and infinity"),
        case(numbers(0, 3), numbers(3, seed=12), numbers(1, 3, seed=13), edge="an empty axis"),
    ])


# Losses of two tensors

def pairs(name, torch_loss, jax_loss, more, low=-2.0, high=2.0, wanted=(-2.0, 2.0), **attributes):
    """An entry for a loss of outputs and targets of the same shape, with each reduction."""
    shapes = [(2, 3), (5,), (2, 3, 2), (4, 2), (3,), (6,)]
    cases = [
        case(numbers(*shape, low=low, high=high, seed=2 * k + 1), numbers(*shape, low=wanted[0], high=wanted[1], seed=2 * k + 2),
             reduction=REDUCTIONS[k % 3], **{key: values[k % len(values)] for key, values in attributes.items()})
        for k, shape in enumerate(shapes)
    ]
    first = {key: values[0] for key, values in attributes.items()}
    cases += [
        case(numbers(0, low=low), numbers(0), reduction="sum", **first, edge="nothing, summed"),
        case(numbers(0, 2), numbers(0, 2), reduction="mean", **first, order=0, edge="the mean of nothing"),
        case(array(0.5), array(0.25), reduction="mean", **first, edge="rank 0"),
    ]
    family.entry(name, torch=torch_loss, jax=jax_loss, cases=cases + more(first))


pairs("mse_loss",
    lambda x, t, reduction: F.mse_loss(x, t, reduction=reduction),
    lambda x, t, reduction: reduced_by_jax((x - t) ** 2, reduction),
    lambda first: [case(array([1.0, NAN, INF]), array([1.0, 2.0, 2.0]), reduction="none", order=1, edge="NaN, infinity")])

pairs("l1_loss",
    lambda x, t, reduction: F.l1_loss(x, t, reduction=reduction),
    None,
    lambda first: [
        case(array([1.0, 2.0]), array([1.0, 3.0]), reduction="sum", edge="equal numbers"),
        case(array([INF, -INF]), array([1.0, 3.0]), reduction="none", edge="infinity"),
    ])

pairs("huber_loss",
    lambda x, t, delta, reduction: F.huber_loss(x, t, delta=delta, reduction=reduction),
    lambda x, t, delta, reduction: reduced_by_jax(
        jnp.where(abs(x - t) <= delta, (x - t) ** 2 / 2, delta * (abs(x - t) - delta / 2)), reduction),
    lambda first: [
        case(array([0.5, 1.5, -1.0]), array([0.0, 0.0, 0.0]), delta=1.0, reduction="none", order=1, edge="where the parts meet"),
        case(array([1e6, -1e6]), array([0.0, 0.0]), delta=0.5, reduction="none", edge="huge"),
    ], delta=[1.0, 0.5, 2.5])

pairs("smooth_l1_loss",
    lambda x, t, beta, reduction: F.smooth_l1_loss(x, t, beta=beta, reduction=reduction),
    None,
    lambda first: [
        case(array([0.5, 1.5]), array([0.0, 0.0]), beta=0.0, reduction="none", edge="beta 0"),
        case(array([1e6, -1e6]), array([0.0, 0.0]), beta=0.5, reduction="none", edge="huge"),
    ], beta=[1.0, 0.5, 2.5])

pairs("binary_cross_entropy_with_logits",
    lambda x, t, reduction: F.binary_cross_entropy_with_logits(x, t, reduction=reduction),
    lambda x, t, reduction: reduced_by_jax(-t * jax.nn.log_sigmoid(x) - (1 - t) * jax.nn.log_sigmoid(-x), reduction),
    lambda first: [
        case(array([1000.0, -1000.0, 1000.0, -1000.0]), array([0.0, 0.0, 1.0, 1.0]), reduction="none", edge="±1000"),
        case(array([40.0, -40.0]), array([0.5, 0.25]), reduction="sum", edge="where the sigmoid is 0 or 1"),
    ], wanted=(0.0, 1.0))

pairs("kl_div",
    lambda x, t, reduction: F.kl_div(x, t, reduction=reduction),
    lambda x, t, reduction: reduced_by_jax(t * (jnp.log(t) - x), reduction),
    lambda first: [
        case(array([-0.5, -2.0]), array([0.0, 1.0]), reduction="sum", order=1, edge="a target 0", only="torch", still=(1,)),
        case(array([-1000.0]), array([0.25]), reduction="sum", edge="an improbable output"),
    ], low=-3.0, high=-0.1, wanted=(0.1, 1.0))

pairs("kl_div_of_log",
    lambda x, t, reduction: F.kl_div(x, t, reduction=reduction, log_target=True),
    lambda x, t, reduction: reduced_by_jax(jnp.exp(t) * (t - x), reduction),
    lambda first: [
        case(array([-0.5, -2.0]), array([-1000.0, 0.0]), reduction="sum", edge="an improbable target"),
    ], low=-3.0, high=-0.1, wanted=(-3.0, -0.1))

pairs("hinge_loss",
    lambda x, t, margin, reduction: {"mean": torch.mean, "sum": torch.sum, "none": lambda y: y}[reduction](
        torch.clamp(margin - x * t, min=0)),
    lambda x, t, margin, reduction: reduced_by_jax(jnp.maximum(margin - x * t, 0), reduction),
    lambda first: [
        case(array([2.0, -2.0, 0.5]), array([1.0, 1.0, -1.0]), margin=1.0, reduction="none", edge="within and without"),
        case(array([1.0]), array([1.0]), margin=1.0, reduction="sum", order=1, only="torch", edge="just kept",
             ours={"gradients": [array([0.0]), array([0.0])]},
             because="at the kink PyTorch's clamp gives all of the slope; the hinge counts nothing that is kept"),
    ], margin=[1.0, 0.5, 2.0])

family.entry("weighted_binary_cross_entropy_with_logits",
    torch=lambda x, t, w, reduction: F.binary_cross_entropy_with_logits(x, t, pos_weight=w, reduction=reduction),
    # PyTorch has no derivative by the weight.
    jax=lambda x, t, w, reduction: reduced_by_jax(
        -w * t * jax.nn.log_sigmoid(x) - (1 - t) * jax.nn.log_sigmoid(-x), reduction),
    cases=[
        case(numbers(2, 3, seed=3 * k), numbers(2, 3, low=0.0, high=1.0, seed=3 * k + 1),
             numbers(3, low=0.5, high=3.0, seed=3 * k + 2), reduction=REDUCTIONS[k % 3], **(
                 dict(only="jax") if k % 2 else dict(still=(2,))))
        for k in range(6)
    ] + [
        case(array([1000.0, -1000.0]), array([0.0, 1.0]), array([2.0, 3.0]), reduction="none", only="jax", edge="±1000"),
    ])

family.entry("hinge_embedding_loss",
    torch=lambda x, t, margin, reduction: F.hinge_embedding_loss(x, t, margin=margin, reduction=reduction),
    cases=[
        case(numbers(2, 3, low=0.0, seed=k), array([[1, -1, 1], [-1, -1, 1]]), margin=[1.0, 0.5][k % 2], reduction=REDUCTIONS[k % 3],
             still=(1,))
        for k in range(6)
    ] + [
        case(array([1.0, 0.5]), array([-1.0, -1.0]), margin=0.5, reduction="sum", still=(1,), edge="just kept"),
    ])

family.entry("cosine_similarity",
    torch=lambda a, b, axis, epsilon: F.cosine_similarity(a, b, axis, epsilon),
    cases=[
        case(numbers(2, 3, seed=1), numbers(2, 3, seed=2), axis=1, epsilon=1e-8),
        case(numbers(3, 2, seed=3), numbers(3, 2, seed=4), axis=0, epsilon=1e-8),
        case(numbers(5, seed=5), numbers(5, seed=6), axis=-1, epsilon=0.1),
        case(numbers(2, 3, 4, seed=7), numbers(4, seed=8), axis=-1, epsilon=1e-8),
        case(numbers(2, 1, 4, seed=9), numbers(3, 4, seed=10), axis=2, epsilon=1e-8),
        case(array([[0.0, 0.0], [3.0, 4.0]]), array([[1.0, 2.0], [4.0, -1.0]]), axis=1, epsilon=0.5, order=1, edge="zeros"),
        case(numbers(0, 3), numbers(0, 3), axis=1, epsilon=1e-8, order=1, edge="no rows"),
        case(array([3.0]), array([-2.0]), axis=0, epsilon=10.0, order=1, edge="one element, of vectors shorter than ε",
             ours={"gradients": [array([0.0125]), array([-0.01875])]},
             because="the derivative of a b / ε² is b / ε²; PyTorch's is not that of its own value there"),
    ])


# Losses of classes

def of_classes(more, smoothing):
    w = [0.5, 2.0, 1.0]
    common = [
        case(numbers(2, 3, seed=1), positions([2, 0]), reduction="mean"),
        case(numbers(4, 5, seed=2), positions([0, 4, 2, 2]), reduction="sum"),
        case(numbers(2, 3, seed=3), positions([1, 1]), reduction="none"),
        case(numbers(3, 3, seed=4), positions([2, 0, 1]), reduction="mean", weights=w),
        case(numbers(3, 3, seed=5), positions([2, -100, 1]), reduction="mean", weights=w),
        case(numbers(3, 3, seed=6), positions([2, 0, 1]), reduction="sum", ignore=2),
        case(numbers(2, 3, 4, seed=7), positions([[2, 0, 1, 1], [0, 0, 2, 1]]), reduction="mean"),
        case(numbers(2, 3, 2, 2, seed=8), positions([[[2, 0], [1, 1]], [[0, -100], [2, 1]]]), reduction="none", weights=w),
        case(numbers(5, seed=9), positions(3), reduction="mean"),
        case(numbers(3, 2, seed=10), positions([-100, -100, -100]), reduction="mean", order=1, edge="everything ignored"),
        case(numbers(3, 2, seed=11), positions([-100, -100, -100]), reduction="sum", edge="everything ignored, summed"),
        case(numbers(3, 2, seed=12), positions([-100, -100, -100]), reduction="none", edge="everything ignored, each"),
        case(numbers(0, 3), positions([], (0,)), reduction="mean", order=1, edge="an empty batch"),
        case(numbers(0, 3), positions([], (0,)), reduction="sum", edge="an empty batch, summed"),
        case(numbers(1, 3, seed=13), positions([1]), reduction="mean", edge="a batch of one"),
        case(array([[1.0, -INF, 2.0]]), positions([0]), reduction="sum", order=1, edge="a class that cannot be"),
    ]
    if smoothing:
        common += [
            case(numbers(2, 3, seed=14), positions([2, 0]), reduction="mean", smoothing=0.1),
            case(numbers(3, 3, seed=15), positions([2, -100, 0]), reduction="mean", smoothing=0.3, weights=w),
            case(numbers(2, 3, seed=16), positions([2, 0]), reduction="none", smoothing=0.5),
            case(numbers(2, 3, seed=17), positions([2, 0]), reduction="sum", smoothing=1.0, weights=w),
            case(array([[1000.0, -1000.0], [1000.0, -1000.0]]), positions([0, 1]), reduction="none", edge="±1000"),
            case(array([[1000.0, 0.0, -1000.0]]), positions([1]), reduction="mean", smoothing=0.1, edge="±1000, smoothed"),
        ]
    return common + more


def cross_entropy(x, t, reduction, weights=None, ignore=-100, smoothing=0.0):
    w = None if weights is None else torch.tensor(weights)
    return F.cross_entropy(x, t, weight=w, ignore_index=ignore, reduction=reduction, label_smoothing=smoothing)


def nll_loss(x, t, reduction, weights=None, ignore=-100):
    w = None if weights is None else torch.tensor(weights)
    return F.nll_loss(x, t, weight=w, ignore_index=ignore, reduction=reduction)


family.entry("cross_entropy", torch=cross_entropy, cases=of_classes([], True))
family.entry("nll_loss", torch=nll_loss, cases=of_classes([
    case(array([[-INF, 0.0]]), positions([1]), reduction="sum", edge="certainty"),
], False))

family.entry("soft_cross_entropy",
    torch=lambda x, t, reduction: F.cross_entropy(x, t, reduction=reduction),
    cases=[
        case(numbers(*shape, seed=2 * k), numbers(*shape, low=0.0, high=1.0, seed=2 * k + 1), reduction=REDUCTIONS[k % 3])
        for k, shape in enumerate([(2, 3), (5,), (2, 3, 4), (4, 2), (1, 3), (2, 2, 2, 2)])
    ] + [
        case(array([[1000.0, -1000.0]]), array([[0.25, 0.75]]), reduction="mean", edge="±1000"),
        case(array([[1.0, 2.0]]), array([[0.0, 1.0]]), reduction="sum", edge="a certain target"),
    ])

family.entry("multi_margin_loss",
    torch=lambda x, t, margin, reduction: F.multi_margin_loss(x, t, margin=margin, reduction=reduction),
    cases=[
        case(numbers(3, 4, seed=k), positions([2, 0, 3]), margin=[1.0, 0.5][k % 2], reduction=REDUCTIONS[k % 3], order=1)
        for k in range(5)
    ] + [
        case(numbers(5, seed=6), positions(1), margin=1.0, reduction="mean", order=1, edge="a single sample"),
        case(array([[1000.0, -1000.0]]), positions([1]), margin=1.0, reduction="sum", order=1, edge="±1000"),
    ])


# Attention

def attention(q, k, v, causal):
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(~torch.ones(scores.shape[-2:], dtype=torch.bool).tril(), -INF)
    return scores.softmax(-1) @ v


def masked_attention(q, k, v, m, causal):
    if causal:
        m = m & torch.ones(m.shape[-2:], dtype=torch.bool).tril()
    scores = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).masked_fill(~m, -1e30)
    # A query that sees nothing gets zeros, as from F.scaled_dot_product_attention, of which there is no second derivative.
    p = scores.softmax(-1).masked_fill(~m, 0.0)
    y = p @ v
    assert torch.allclose(y, F.scaled_dot_product_attention(q, k, v, attn_mask=m))
    return y


def qkv(batch, n, m, e, f, seed):
    return numbers(*batch, n, e, seed=seed), numbers(*batch, m, e, seed=seed + 1), numbers(*batch, m, f, seed=seed + 2)


family.entry("scaled_dot_product_attention", torch=attention,
    cases=[
        case(*qkv((), 3, 5, 2, 4, 1), causal=False),
        case(*qkv((), 3, 5, 2, 4, 4), causal=True),
        case(*qkv((2,), 3, 4, 2, 3, 7), causal=False),
        case(*qkv((2,), 4, 3, 2, 3, 10), causal=True),
        case(*qkv((2, 2), 2, 3, 2, 2, 13), causal=False),
        case(*qkv((1, 2), 3, 3, 1, 2, 16), causal=True),
        case(*qkv((), 1, 1, 3, 2, 19), causal=True, edge="one key"),
        case(*qkv((0,), 2, 3, 2, 2, 22), causal=False, order=1, edge="an empty batch"),
        case(array([[1000.0], [-1000.0]]), array([[1.0], [-1.0]]), array([[2.0], [3.0]]), causal=False, edge="±1000"),
    ])

family.entry("masked_attention", torch=masked_attention,
    cases=[
        case(*qkv((), 3, 4, 2, 3, 1), mask([[1, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]), causal=False),
        case(*qkv((), 3, 4, 2, 3, 4), mask([[1, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]]), causal=True),
        case(*qkv((2,), 2, 3, 2, 3, 7), mask([[1, 0, 1], [1, 1, 0]]), causal=False),
        case(*qkv((2,), 2, 3, 2, 3, 10), mask([[[1, 0, 1]], [[0, 1, 1]]]), causal=False),
        case(*qkv((2,), 2, 3, 2, 3, 13), mask([[[1, 0, 1], [1, 1, 0]], [[1, 1, 1], [0, 1, 0]]]), causal=True),
        case(*qkv((), 2, 3, 2, 2, 16), mask([[1, 0, 1], [0, 0, 0]]), causal=False, edge="a query that sees nothing"),
        case(*qkv((), 2, 3, 2, 2, 19), mask([[0, 0, 0], [0, 0, 0]]), causal=False, edge="nothing is seen"),
    ])

family.write()
