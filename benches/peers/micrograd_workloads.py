"""Workloads on micrograd: reads numbers from standard input, prints the median processor seconds of a whole gradient."""

import statistics
import sys
import threading
import time

from micrograd.engine import Value

SIZES = [2, 16, 16, 1]
ALPHA = 1e-4


def rosenbrock(x, _points):
    total = Value(0.0)
    for a, b in zip(x[::2], x[1::2]):
        total = total + (b - a * a) ** 2 * 100.0 + (1.0 - a) ** 2
    return total


def product(x, _points):
    total = x[0]
    for factor in x[1:]:
        total = total * factor
    return total


def mlp(x, points):
    def layer(parameters, inputs, rectify):
        width = len(inputs) + 1
        outputs = []
        for start in range(0, len(parameters), width):
            *weights, bias = parameters[start : start + width]
            y = sum((w * v for w, v in zip(weights, inputs)), bias)
            outputs.append(y.relu() if rectify else y)
        return outputs

    first = (SIZES[0] + 1) * SIZES[1]
    second = first + (SIZES[1] + 1) * SIZES[2]
    losses = []
    for *point, label in points:
        hidden = layer(x[first:second], layer(x[:first], point, True), True)
        score = layer(x[second:], hidden, False)[0]
        losses.append((1.0 + -label * score).relu())
    return sum(losses) * (1.0 / len(losses)) + ALPHA * sum(w * w for w in x)


def measure():
    formula = {"S1": mlp, "S2": rosenbrock, "S3-product": product}[sys.argv[1]]
    lines = [[float(word) for word in line.split()] for line in sys.stdin]
    times = []
    while len(times) < 3 or (sum(times) < 1.0 and len(times) < 30):
        start = time.thread_time()
        x = [Value(number) for number in lines[0]]
        formula(x, lines[1:]).backward()
        gradient = [leaf.grad for leaf in x]
        times.append(time.thread_time() - start)
        assert len(gradient) == len(x)
    print(statistics.median(times))


# Its sweep recurses through the graph.
sys.setrecursionlimit(1_000_000)
threading.stack_size(512 << 20)
thread = threading.Thread(target=measure)
thread.start()
thread.join()
