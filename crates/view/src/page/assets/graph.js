// The graph as it was recorded: nodes with their values, the steps of the backward pass, and what is known of each node.

const graph = JSON.parse(document.getElementById("graph").textContent);
const pool = (() => {
  const bytes = Uint8Array.from(atob(graph.pool), (c) => c.charCodeAt(0));
  // Numbers are written least significant byte first, whatever the machine.
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, k) => view.getFloat64(8 * k, true));
})();
if (graph.float === "f32") newNumbers = (n) => new Float32Array(n);

const numbersAt = (at, n) => pool.subarray(at, at + n);

graph.nodes.forEach((node, index) => {
  node.index = index;
  node.s ??= [];
  node.p ??= [];
  node.users = [];
  node.line = graph.lines[node.l];
  node.layer = graph.layers[node.y];
});
graph.nodes.forEach((node) => new Set(node.p).forEach((p) => graph.nodes[p].users.push(node.index)));
graph.steps.forEach(([index, parts], k) => {
  graph.nodes[index].back = new Set(parts.map(([arg]) => arg));
  graph.nodes[index].step = k;
});

// Everything that is computed: as recorded first, and anew where a leaf is changed.
const recorded = { values: graph.nodes.map((node) => (node.v === null ? null : { shape: node.s, data: numbersAt(node.v, count(node.s)) })) };
recorded.cotangents = graph.nodes.map((node) => (node.g === undefined ? null : { shape: node.s, data: numbersAt(node.g, count(node.s)) }));
recorded.parts = graph.steps.map(([index, parts]) =>
  parts.map(([arg, local, product]) => {
    const parent = graph.nodes[index].p[arg];
    const data = product === null ? null : numbersAt(product, count(graph.nodes[parent].s));
    return { arg, node: parent, local: local === null ? null : pool[local], product: data };
  }));
let state = recorded;

// The sum at each operand before and after each part, by adding in the order of the steps.
function runningSums() {
  const sums = graph.nodes.map(() => null);
  return state.parts.map((parts) =>
    parts.map((part) => {
      const before = sums[part.node];
      sums[part.node] = before && part.product ? added2(before, part.product) : part.product;
      return { before, after: sums[part.node] };
    }));
}

// What the page has no function for, so that it cannot compute the graph anew: the first operation, or rule, of which that is so.
const lacking = (() => {
  for (const node of graph.nodes) {
    if (node.k === 3 && !canCompute(node.o)) return graph.ops[node.o].name;
    if (node.v === null) return "a tensor that is too large for a page";
  }
  for (const [index, parts] of graph.steps) {
    const node = graph.nodes[index];
    if (formulas[node.o]) continue;
    for (const [arg] of parts) {
      if (node.b[arg] === null) return `the rule of ${graph.ops[node.o].name}`;
      const name = lackingIn(graph.programs[node.b[arg]]);
      if (name) return name;
    }
  }
  return null;
})();
