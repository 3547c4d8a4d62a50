// Tensors: a shape and the numbers, the last axis running fastest.

const count = (shape) => shape.reduce((n, length) => n * length, 1);

// Numbers in the precision of the graph.
let newNumbers = (n) => new Float64Array(n);

function stridesOf(shape) {
  const strides = new Array(shape.length);
  let step = 1;
  for (let k = shape.length - 1; k >= 0; k--) {
    strides[k] = step;
    step *= shape[k];
  }
  return strides;
}

// The steps with which a tensor is walked in a larger shape, along which it is repeated.
function repeatedStrides(shape, into) {
  const strides = stridesOf(shape);
  const lead = into.length - shape.length;
  return into.map((length, k) => (k < lead || (shape[k - lead] === 1 && length !== 1) ? 0 : strides[k - lead]));
}

// Calls with the place in each tensor of every element of a shape.
function walk(shape, strides, each) {
  const total = count(shape);
  const index = new Array(shape.length).fill(0);
  const at = strides.map(() => 0);
  for (let n = 0; n < total; n++) {
    each(n, at);
    for (let k = shape.length - 1; k >= 0; k--) {
      index[k]++;
      for (let t = 0; t < at.length; t++) at[t] += strides[t][k];
      if (index[k] < shape[k]) break;
      for (let t = 0; t < at.length; t++) at[t] -= strides[t][k] * shape[k];
      index[k] = 0;
    }
  }
}

// A function of several tensors, element by element, with repetition.
function elementwise(f, args, shape) {
  const out = newNumbers(count(shape));
  if (args.every((a) => a.data.length === out.length)) {
    const values = new Array(args.length);
    for (let n = 0; n < out.length; n++) {
      for (let t = 0; t < args.length; t++) values[t] = args[t].data[n];
      out[n] = f(...values);
    }
    return out;
  }
  const values = new Array(args.length);
  walk(shape, args.map((a) => repeatedStrides(a.shape, shape)), (n, at) => {
    for (let t = 0; t < args.length; t++) values[t] = args[t].data[at[t]];
    out[n] = f(...values);
  });
  return out;
}

// The numbers that lie together where a tensor is reduced to a shape that would repeat to it.
function grouped(x, shape) {
  const groups = Array.from({ length: count(shape) }, () => []);
  walk(x.shape, [repeatedStrides(shape, x.shape)], (n, at) => groups[at[0]].push(n));
  return groups;
}

// Reduces by a function of the numbers of each group.
function reduced(x, shape, f) {
  return fill(newNumbers(count(shape)), grouped(x, shape).map((group) => f(group.map((n) => x.data[n]))));
}

function fill(out, numbers) {
  for (let k = 0; k < out.length; k++) out[k] = numbers[k];
  return out;
}

// The sum, in pairs as the engine's: halves of halves.
function sumOf(numbers, begin = 0, end = numbers.length) {
  if (end - begin <= 8) {
    let sum = 0;
    for (let k = begin; k < end; k++) sum += numbers[k];
    return sum;
  }
  const middle = (begin + end) >> 1;
  return sumOf(numbers, begin, middle) + sumOf(numbers, middle, end);
}

// The lines along an axis: for each the place of its first element, and the step.
function lines(shape, axis) {
  const step = count(shape.slice(axis + 1));
  const length = shape[axis];
  const starts = [];
  for (let n = 0; n < count(shape); n++) if (Math.floor(n / step) % length === 0) starts.push(n);
  return { starts, step, length };
}

// A function of each line along an axis, which gives a line of the same length.
function alongAxis(args, axis, f) {
  const { starts, step, length } = lines(args[0].shape, axis);
  const out = newNumbers(args[0].data.length);
  starts.forEach((start, which) => {
    const line = (a) => Array.from({ length }, (_, k) => a.data[start + k * step]);
    f(...args.map(line), which).forEach((y, k) => (out[start + k * step] = y));
  });
  return out;
}
