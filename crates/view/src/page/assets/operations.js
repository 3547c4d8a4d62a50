// The common operations on tensors, by their names in the engine: from attributes, operands and the shape of the result to
// its numbers. Operations that act element by element are not here: they are written by the engine itself.

const largest = (line) => line.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a), -Infinity);

function logSumExp(line) {
  const top = largest(line);
  if (Math.abs(top) === Infinity) return top;
  return top + Math.log(sumOf(line.map((x) => Math.exp(x - top))));
}

function softmax(line) {
  const top = largest(line);
  const parts = line.map((x) => Math.exp(x - top));
  const sum = sumOf(parts);
  return parts.map((p) => p / sum);
}

// A position that is counted from the end is negative.
const fromEnd = (k, length) => (k < 0 ? k + length : k);

// The entry for an axis of a list that has one for each axis, or one for all.
const perAxis = ([list], k) => (list.length === 1 ? list[0] : list[k]);

// How far before the image the windows of an axis begin, that span `reach` beyond their first entry.
function before(padding, k, reach) {
  const given = { Full: reach, Same: Math.floor(reach / 2), Valid: 0 }[padding];
  // `Each` has a number for an axis, `Sides` two: before, and after.
  return given ?? [perAxis(padding[0], k)].flat()[0];
}

function convolution({ stride, padding, dilation, groups }, x, w) {
  const along = x.shape.slice(2).map((_, k) => {
    const d = perAxis(dilation, k);
    return { stride: perAxis(stride, k), dilation: d, before: before(padding, k, d * (w.shape[k + 2] - 1)) };
  });
  return { along, groups };
}

// For each window of a pool along an axis of length n, the places on it.
function sliding(pool, k, n) {
  const [size, stride, padding, dilation] = ["size", "stride", "padding", "dilation"].map((name) => perAxis(pool[name], k));
  const span = n + 2 * padding - dilation * (size - 1) - 1;
  let windows = Math.floor(span / stride) + 1;
  if (pool.ceil && span % stride !== 0 && windows * stride < n + padding) windows++;
  return Array.from({ length: windows }, (_, i) =>
    Array.from({ length: size }, (_, j) => i * stride - padding + j * dilation).filter((at) => at >= 0 && at < n));
}

// The same of so many windows as cover the axis.
function covering(windows, n) {
  return Array.from({ length: windows }, (_, i) => {
    const [first, end] = [Math.floor((i * n) / windows), Math.ceil(((i + 1) * n) / windows)];
    return Array.from({ length: end - first }, (_, j) => first + j);
  });
}

// Calls with the places in input, weight and output that are multiplied and added.
function eachProduct(conv, xShape, wShape, yShape, each) {
  const { along, groups } = conv;
  const [xs, ws, ys] = [xShape, wShape, yShape].map(stridesOf);
  const perGroup = { in: wShape[1], out: wShape[0] / groups };
  const spatial = [yShape.slice(2), wShape.slice(2)].flat();
  const outs = yShape.length - 2;
  const none = [spatial.map(() => 0)];
  const places = [];
  const index = spatial.map(() => 0);
  walk(spatial, none, () => {
    let [x, w, y] = [0, 0, 0];
    let inside = true;
    for (let k = 0; k < outs; k++) {
      const at = index[k] * along[k].stride - along[k].before + index[outs + k] * along[k].dilation;
      inside &&= at >= 0 && at < xShape[k + 2];
      x += at * xs[k + 2];
      w += index[outs + k] * ws[k + 2];
      y += index[k] * ys[k + 2];
    }
    if (inside) places.push([x, w, y]);
    for (let k = spatial.length - 1; k >= 0; k--) {
      if (++index[k] < spatial[k]) break;
      index[k] = 0;
    }
  });
  for (let n = 0; n < xShape[0]; n++) {
    for (let o = 0; o < wShape[0]; o++) {
      const group = Math.floor(o / perGroup.out);
      for (let i = 0; i < perGroup.in; i++) {
        const x0 = n * xs[0] + (group * perGroup.in + i) * xs[1];
        const [w0, y0] = [o * ws[0] + i * ws[1], n * ys[0] + o * ys[1]];
        for (const [x, w, y] of places) each(x0 + x, w0 + w, y0 + y);
      }
    }
  }
}

// Sums in full precision, rounded at the end.
function added(size, give) {
  const sums = new Float64Array(size);
  give(sums);
  return fill(newNumbers(size), sums);
}

function statistics(x, { shape, epsilon, centred }) {
  const groups = grouped(x, shape);
  const out = newNumbers(x.data.length);
  const inverse = [];
  for (const group of groups) {
    const mean = centred ? sumOf(group.map((n) => x.data[n])) / group.length : 0;
    const variance = sumOf(group.map((n) => (x.data[n] - mean) ** 2)) / group.length;
    const s = 1 / Math.sqrt(variance + epsilon);
    inverse.push(s);
    group.forEach((n) => (out[n] = (x.data[n] - mean) * s));
  }
  return { groups, inverse, y: out };
}

const Operations = {
  BroadcastTo: (_, [x], shape) => elementwise((a) => a, [x], shape),
  Reshape: (_, [x]) => x.data,
  ReshapePositions: (_, [x]) => x.data,
  StopGradient: (_, [x]) => x.data,
  Permute({ axes }, [x], shape) {
    const strides = stridesOf(x.shape);
    const out = newNumbers(x.data.length);
    walk(shape, [axes.map((axis) => strides[axis])], (n, at) => (out[n] = x.data[at[0]]));
    return out;
  },
  Flip({ axes }, [x], shape) {
    const strides = stridesOf(shape);
    const start = axes.reduce((sum, axis) => sum + strides[axis] * (shape[axis] - 1), 0);
    const out = newNumbers(x.data.length);
    walk(shape, [strides.map((s, k) => (axes.includes(k) ? -s : s))], (n, at) => (out[n] = x.data[start + at[0]]));
    return out;
  },
  Concat({ axis }, args, shape) {
    const out = newNumbers(count(shape));
    const strides = stridesOf(shape);
    let start = 0;
    for (const a of args) {
      walk(a.shape, [strides], (n, at) => (out[start + at[0]] = a.data[n]));
      start += a.shape[axis] * strides[axis];
    }
    return out;
  },
  Slice({ axis, start, step }, [x], shape) {
    const strides = stridesOf(x.shape);
    const out = newNumbers(count(shape));
    walk(shape, [strides.map((s, k) => (k === axis ? s * step : s))], (n, at) => (out[n] = x.data[at[0] + start * strides[axis]]));
    return out;
  },
  Unslice({ axis, start, step }, [x], shape) {
    const strides = stridesOf(shape);
    const out = newNumbers(count(shape));
    walk(x.shape, [strides.map((s, k) => (k === axis ? s * step : s))], (n, at) => (out[at[0] + start * strides[axis]] = x.data[n]));
    return out;
  },
  MatMul(_, [a, b], shape) {
    const [n, inner] = a.shape.slice(-2);
    const m = b.shape[b.shape.length - 1];
    const batch = shape.slice(0, -2);
    const out = newNumbers(count(shape));
    const steps = [a, b].map((t) => repeatedStrides(t.shape.slice(0, -2), batch).map((s) => s * count(t.shape.slice(-2))));
    walk(batch, steps, (which, [first, second]) => {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += a.data[first + i * inner + k] * b.data[second + k * m + j];
          out[(which * n + i) * m + j] = sum;
        }
      }
    });
    return out;
  },
  // w · r, or wᵀ · r, with 0 for the weights that the mask hides.
  MaskedProduct({ transposed }, [w, r, mask], shape) {
    let seen = { shape: w.shape, data: elementwise((w, m) => (m ? w : 0), [w, mask], w.shape) };
    if (transposed) {
      const axes = w.shape.map((_, k) => k);
      axes.push(...axes.splice(-2).reverse());
      const turned = axes.map((axis) => w.shape[axis]);
      seen = { shape: turned, data: Operations.Permute({ axes }, [seen], turned) };
    }
    return Operations.MatMul({}, [seen, r], shape);
  },
  SumTo: (_, [x], shape) => reduced(x, shape, (line) => sumOf(line)),
  MeanTo: ({ terms }, [x], shape) => reduced(x, shape, (line) => sumOf(line) / terms),
  RootMeanSquare: ({ terms }, [x], shape) => reduced(x, shape, (line) => Math.sqrt(sumOf(line.map((v) => v * v)) / terms)),
  MaxOver: (_, [x], shape) => reduced(x, shape, largest),
  LogSumExp: (_, [x], shape) => reduced(x, shape, logSumExp),
  SumOf: (_, args, shape) => elementwise((...x) => x.reduce((sum, x) => sum + x, 0), args, shape),
  LogSumExpOf: (_, args, shape) => elementwise((...x) => logSumExp(x), args, shape),
  DotOf: (_, args, shape) =>
    elementwise((...x) => {
      let sum = 0;
      for (let k = 0; k < x.length; k += 2) sum += x[k] * x[k + 1];
      return sum;
    }, args, shape),
  Cumsum: ({ axis, from_end }, [x]) =>
    alongAxis([x], axis, (line) => {
      let sum = 0;
      const ordered = from_end ? line.slice().reverse() : line;
      const sums = ordered.map((v) => (sum += v));
      return from_end ? sums.reverse() : sums;
    }),
  Softmax: ({ axis }, [x]) => alongAxis([x], axis, (line) => softmax(line)),
  LogSoftmax: ({ axis }, [x]) =>
    alongAxis([x], axis, (line) => {
      const top = largest(line);
      const ln = Math.log(sumOf(line.map((v) => Math.exp(v - top))));
      return line.map((v) => v - top - ln);
    }),
  SoftmaxCrossEntropy({ axis }, [x, t], shape) {
    const out = newNumbers(count(shape));
    alongAxis([x, t], axis, (line, targets, which) => {
      const top = largest(line);
      const ln = Math.log(sumOf(line.map((v) => Math.exp(v - top))));
      out[which] = sumOf(line.map((v, k) => (targets[k] === 0 ? 0 : targets[k] * (ln - (v - top)))));
      return line;
    });
    return out;
  },
  SoftmaxCrossEntropyInput: ({ axis }, [g, x, t]) =>
    alongAxis([x, t], axis, (line, targets, which) => {
      if (targets.every((v) => v === 0)) return targets;
      const total = sumOf(targets);
      const rest = softmax(line).map((p, k) => total * p - targets[k]);
      // Where the softmax is nearly 1 and its target most of all, the difference is that of the others.
      const first = line.indexOf(largest(line));
      if (2 * targets[first] > total && rest[first] > -0.7 * total) {
        rest[first] = 0;
        rest[first] = -sumOf(rest);
      }
      return rest.map((v) => v * g.data[which]);
    }),
  Normalise: (attributes, [x]) => statistics(x, attributes).y,
  NormaliseInput({ of }, [g, x]) {
    const { groups, inverse, y } = statistics(x, of);
    const out = newNumbers(x.data.length);
    groups.forEach((group, k) => {
      const mean = of.centred ? sumOf(group.map((n) => g.data[n])) / group.length : 0;
      const along = sumOf(group.map((n) => g.data[n] * y[n])) / group.length;
      group.forEach((n) => (out[n] = (g.data[n] - mean - y[n] * along) * inverse[k]));
    });
    return out;
  },
  Conv(conv, [x, w], shape) {
    const c = convolution(conv, x, w);
    return added(count(shape), (sums) => eachProduct(c, x.shape, w.shape, shape, (i, k, o) => (sums[o] += x.data[i] * w.data[k])));
  },
  ConvInput({ conv }, [g, w], shape) {
    const c = convolution(conv, { shape }, w);
    return added(count(shape), (sums) => eachProduct(c, shape, w.shape, g.shape, (i, k, o) => (sums[i] += g.data[o] * w.data[k])));
  },
  ConvWeight({ conv }, [x, g], shape) {
    const c = convolution(conv, x, { shape });
    return added(count(shape), (sums) => eachProduct(c, x.shape, shape, g.shape, (i, k, o) => (sums[k] += x.data[i] * g.data[o])));
  },
  // `Sliding` has a pool, `Adaptive` the number of windows along each axis.
  ArgMaxPool([how], [x], shape) {
    const lengths = x.shape.slice(2);
    const windows = lengths.map((n, k) => (Array.isArray(how) ? covering(perAxis(how, k), n) : sliding(how, k, n)));
    const places = windows.reduce((all, axis, k) =>
      all.flatMap((before) => axis.map((entries) => before.flatMap((at) => entries.map((e) => at * lengths[k] + e)))), [[0]]);
    const image = count(lengths);
    const out = new Float64Array(count(shape));
    for (let n = 0; n < out.length; n++) {
      const start = Math.floor(n / places.length) * image;
      out[n] = places[n % places.length].reduce((best, at) => {
        const v = x.data[start + at];
        return v > x.data[start + best] || Number.isNaN(v) ? at : best;
      });
    }
    return out;
  },
  ArgMax: ({ axis }, [x]) => positionsOf(x, axis, (a, b) => b > a),
  ArgMin: ({ axis }, [x]) => positionsOf(x, axis, (a, b) => b < a),
  Gather({ axis }, [x, index], shape) {
    const strides = stridesOf(x.shape);
    const out = newNumbers(count(shape));
    walk(shape, [strides.map((s, k) => (k === axis ? 0 : s))], (n, at) => (out[n] = x.data[at[0] + fromEnd(index.data[n], x.shape[axis]) * strides[axis]]));
    return out;
  },
  ScatterAdd({ axis }, [g, index], shape) {
    const strides = stridesOf(shape);
    return added(count(shape), (sums) =>
      walk(g.shape, [strides.map((s, k) => (k === axis ? 0 : s))], (n, at) => (sums[at[0] + fromEnd(index.data[n], shape[axis]) * strides[axis]] += g.data[n])));
  },
  IndexSelect({ axis }, [x, index], shape) {
    const [inner, length] = [count(x.shape.slice(axis + 1)), x.shape[axis]];
    const out = newNumbers(count(shape));
    const block = index.data.length * inner;
    for (let n = 0; n < out.length; n++) {
      const [outer, k, rest] = [Math.floor(n / block), Math.floor((n % block) / inner), n % inner];
      out[n] = x.data[(outer * length + fromEnd(index.data[k], length)) * inner + rest];
    }
    return out;
  },
  IndexAdd({ axis, len }, [g, index], shape) {
    const inner = count(shape.slice(axis + 1));
    const block = index.data.length * inner;
    return added(count(shape), (sums) =>
      g.data.forEach((v, n) => {
        const [outer, k, rest] = [Math.floor(n / block), Math.floor((n % block) / inner), n % inner];
        sums[(outer * len + fromEnd(index.data[k], len)) * inner + rest] += v;
      }));
  },
  OneHot({ classes }, [index], shape) {
    const out = newNumbers(count(shape));
    index.data.forEach((k, n) => (out[n * classes + fromEnd(k, classes)] = 1));
    return out;
  },
  ClassTargets({ count: classes, ignore, smoothing, weights }, [index], shape) {
    const width = count(index.shape.slice(1));
    const weight = (k) => weights[k] ?? 1;
    return added(count(shape), (sums) =>
      index.data.forEach((k, i) => {
        if (k === ignore) return;
        const at = (c) => (Math.floor(i / width) * classes + c) * width + (i % width);
        if (smoothing > 0) for (let c = 0; c < classes; c++) sums[at(c)] = (smoothing / classes) * weight(c);
        sums[at(k)] += (1 - smoothing) * weight(k);
      }));
  },
  Compare(relation, args, shape) {
    const holds = { Less: (a, b) => a < b, LessEqual: (a, b) => a <= b, Greater: (a, b) => a > b, GreaterEqual: (a, b) => a >= b, Equal: (a, b) => a === b, NotEqual: (a, b) => a !== b };
    return elementwise((a, b) => +holds[relation](a, b), args, shape);
  },
  Logical(what, args, shape) {
    const holds = { And: (a, b) => a && b, Or: (a, b) => a || b, Xor: (a, b) => a !== b, Not: (a) => !a };
    return elementwise((...a) => +holds[what](...a), args, shape);
  },
  AnyOver({ every, axes, keep }, [m], shape) {
    const kept = keep ? shape : m.shape.map((n, k) => (axes.includes(k) ? 1 : n));
    return reduced(m, kept, (line) => +(every ? line.every((v) => v) : line.some((v) => v)));
  },
  Select: (_, args, shape) => elementwise((m, a, b) => (m ? a : b), args, shape),
};

function positionsOf(x, axis, better) {
  const { starts, step, length } = lines(x.shape, axis);
  const of = (start) => {
    let best = 0;
    for (let k = 1; k < length; k++) {
      const [a, b] = [x.data[start + best * step], x.data[start + k * step]];
      if (better(a, b) || (Number.isNaN(b) && !Number.isNaN(a))) best = k;
    }
    return best;
  };
  return Float64Array.from(starts, of);
}
