const tolerance = TOLERANCE;
const wrong = new Set();
const without = new Set();
const tried = new Set();
// Equal, or as near as the largest of what stands beside it tells.
const near = (a, b, scale) => Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * scale;
const largestOf = (data) => data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
const compare = (what, node, mine, theirs, beside) => {
  const scale = Math.max(largestOf(theirs), ...beside.map(largestOf));
  for (let k = 0; k < theirs.length; k++) {
    if (!near(mine[k], theirs[k], Math.max(scale, 1e-3))) {
      return void wrong.add(`${graph.ops[node.o].name} ${JSON.stringify(graph.ops[node.o].attributes)}, ${what}, element ${k}: ${mine[k]} in place of ${theirs[k]}, of [${node.p.map((p) => summary(recorded.values[p].data, 17))}]`);
    }
  }
};
const attempt = (node, what, act) => {
  try { act(); } catch (e) { wrong.add(`${graph.ops[node.o].name}, ${what}: ${e.message} ${e.stack.split("\n")[1]}`); }
};
for (const node of graph.nodes) {
  if (node.k !== 3) continue;
  const name = graph.ops[node.o].name;
  if (!canCompute(node.o)) { without.add(name); continue; }
  tried.add(graph.ops[node.o].type);
  attempt(node, "value", () => compare("value", node, applyOperation(node.o, operandsOf(node, recorded.values), node.s).data, recorded.values[node.index].data, operandsOf(node, recorded.values).map((x) => x.data)));
  for (const part of state.parts[node.step] ?? []) {
    const what = `cotangent of operand ${part.arg + 1}`;
    if (!formulas[node.o]) {
      const program = graph.programs[node.b[part.arg]];
      if (!program || lackingIn(program)) { without.add(program ? lackingIn(program) : name); continue; }
    }
    const g = recorded.cotangents[node.index];
    attempt(node, what, () => compare(what, node, productOf(node, part.arg, g, recorded.values).data, part.product, [g.data]));
    // ⟨g, forwards(d)⟩ = ⟨back(g), d⟩
    const args = operandsOf(node, recorded.values);
    const program = formulas[node.o] ? null : graph.programs[node.f[part.arg]];
    if (!formulas[node.o] && (!program || lackingIn(program))) { if (program) without.add(lackingIn(program)); continue; }
    attempt(node, `${what}, forwards`, () => {
      const d = { shape: args[part.arg].shape, data: newNumbers(args[part.arg].data.length).map((_, k) => 0.5 + ((k * 5) % 7) / 7) };
      const y = recorded.values[node.index];
      const forth = formulas[node.o]
        ? elementwise((d, y, ...a) => Numbers.chain(d, formulas[node.o].partials[part.arg](...a, y)), [d, y, ...args], node.s)
        : runProgram(program, args, d, y).data;
      const [left, right] = [0, 0].map(() => []);
      for (let k = 0; k < forth.length; k++) left.push(g.data[k] * forth[k]);
      for (let k = 0; k < d.data.length; k++) right.push(part.product[k] * d.data[k]);
      const scale = left.concat(right).reduce((sum, x) => sum + Math.abs(x), 0);
      if (!(Math.abs(sumOf(left) - sumOf(right)) <= tolerance * Math.max(scale, 1e-3))) wrong.add(`${name}, ${what}: forwards ${sumOf(left)}, backwards ${sumOf(right)}`);
    });
  }
}
const untried = Object.keys(Operations).filter((type) => !tried.has(type));
return [[...wrong].join("\n"), [...without].join("\n"), untried.join("\n")].join("\n---\n");
