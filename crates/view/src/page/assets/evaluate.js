// The page's own evaluator: forward, backward, and with tangents.

// What an operation of the graph gives for operands; throws if the page has no such operation.
function applyOperation(place, args, shape) {
  const formula = formulas[place];
  if (formula) return { shape, data: elementwise(formula.value, args, shape) };
  const { type, attributes } = graph.ops[place];
  return { shape, data: Operations[type](attributes, args, shape) };
}

const canCompute = (place) =>
  formulas[place] !== null || (Object.hasOwn(Operations, graph.ops[place].type ?? "") && graph.ops[place].attributes !== undefined);

// The name of the first operation that the page cannot compute, if there is one: in a rule, or in the graph.
const lackingIn = (program) => program.nodes.filter((n) => n.o !== undefined && !canCompute(n.o)).map((n) => graph.ops[n.o].name)[0];

// A rule run on operands, with the cotangent or tangent `d` and the value `y`.
function runProgram(program, args, d, y) {
  const given = [...args, d, y];
  const made = [];
  for (const n of program.nodes) {
    if (n.a !== undefined) made.push(given[n.a]);
    else if (n.v !== undefined) made.push({ shape: n.s, data: numbersAt(n.v, count(n.s)) });
    else made.push(applyOperation(n.o, n.p.map((k) => made[k]), n.s));
  }
  return made[program.end];
}

const operandsOf = (node, values) => node.p.map((p) => values[p]);

// All values, with some leaves changed. Nodes that depend on none of them stay what they are.
function forward(changes, values) {
  const made = values.slice();
  const changed = new Set(changes.keys());
  for (const [index, data] of changes) made[index] = { shape: values[index].shape, data };
  for (const node of graph.nodes) {
    if (node.k !== 3 || !node.p.some((p) => changed.has(p))) continue;
    changed.add(node.index);
    made[node.index] = applyOperation(node.o, operandsOf(node, made), node.s);
  }
  return made;
}

// What one node gives to one operand, from the cotangent that arrived.
function productOf(node, arg, g, values) {
  const args = operandsOf(node, values);
  const y = values[node.index];
  const formula = formulas[node.o];
  if (!formula) return runProgram(graph.programs[node.b[arg]], args, g, y);
  const partial = formula.partials[arg];
  const chained = elementwise((g, y, ...a) => Numbers.chain(g, partial(...a, y)), [g, y, ...args], node.s);
  const shape = args[arg].shape;
  if (chained.length === count(shape)) return { shape, data: chained };
  return { shape, data: Operations.SumTo({}, [{ shape: node.s, data: chained }], shape) };
}

// The derivative of a node by one operand, where both are single numbers.
function localOf(node, arg, values) {
  if (count(node.s) !== 1 || values[node.p[arg]].data.length !== 1) return null;
  return productOf(node, arg, { shape: node.s, data: newNumbers(1).fill(1) }, values).data[0];
}

// One backward pass: cotangents, and what each step gives.
function backward(values) {
  const cotangents = graph.nodes.map(() => null);
  const output = graph.nodes[graph.output];
  cotangents[output.index] = { shape: output.s, data: newNumbers(count(output.s)).fill(1) };
  const parts = graph.steps.map(([index, old]) => {
    const node = graph.nodes[index];
    return old.map(([arg]) => {
      const product = productOf(node, arg, cotangents[index], values);
      const parent = node.p[arg];
      const before = cotangents[parent];
      cotangents[parent] = before ? { shape: before.shape, data: added2(before.data, product.data) } : product;
      return { arg, node: parent, local: localOf(node, arg, values), product: product.data };
    });
  });
  return { cotangents, parts };
}

function added2(a, b) {
  const sum = newNumbers(a.length);
  for (let k = 0; k < sum.length; k++) sum[k] = a[k] + b[k];
  return sum;
}

// How every value changes to first order where one leaf changes by `d`: null where it does not.
function tangents(leaf, d, values) {
  const found = graph.nodes.map(() => null);
  found[leaf] = { shape: graph.nodes[leaf].s, data: d };
  for (const node of graph.nodes) {
    if (node.k !== 3) continue;
    for (let arg = 0; arg < node.p.length; arg++) {
      const tangent = found[node.p[arg]];
      if (!tangent || !carries(node, arg)) continue;
      const args = operandsOf(node, values);
      const y = values[node.index];
      let part;
      if (formulas[node.o]) {
        const partial = formulas[node.o].partials[arg];
        part = elementwise((d, y, ...a) => Numbers.chain(d, partial(...a, y)), [tangent, y, ...args], node.s);
      } else {
        if (node.f[arg] === null) continue;
        part = runProgram(graph.programs[node.f[arg]], args, tangent, y).data;
      }
      const before = found[node.index];
      found[node.index] = { shape: node.s, data: before ? added2(before.data, part) : part };
    }
  }
  return found;
}

// Whether a gradient flows from a node to an operand.
const carries = (node, arg) => node.back?.has(arg) ?? false;
