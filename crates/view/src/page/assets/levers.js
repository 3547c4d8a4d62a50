// Levers: what a neuron's sum wants of its bias, of its weights and of the activations before it.

// The products that a sum is made of: pairs of operands of multiplications, and what is added alone.
function levers(n) {
  const found = { pairs: [], alone: [] };
  const open = [n];
  const seen = new Set();
  while (open.length && seen.size < 4000) {
    const node = graph.nodes[open.pop()];
    if (seen.has(node.index)) continue;
    seen.add(node.index);
    const back = state.parts[node.step];
    const slopes = back?.map((part) => part.local);
    // Where both slopes are 1 or −1 it is a sum; where each is the other operand's value, a product.
    if (back?.length && slopes.every((s) => Math.abs(s) === 1) && node.p.every((p) => count(graph.nodes[p].s) === 1) && formulasAreConstant(node)) {
      open.push(...node.p);
    } else if (isProduct(node)) found.pairs.push(node);
    else if (node.index !== n) found.alone.push(node.index);
  }
  return found;
}

// Whether the derivatives of an operation are the same everywhere, as those of a sum.
function formulasAreConstant(node) {
  const partials = graph.ops[node.o]?.partials;
  return partials ? partials.every((p) => !/⟨/.test(p)) : !formulas[node.o] && node.p.length > 2;
}

// Whether each derivative of an operation of two is the other operand.
function isProduct(node) {
  const partials = graph.ops[node.o]?.partials;
  return node.p.length === 2 && partials?.[0] === "⟨1⟩" && partials?.[1] === "⟨0⟩";
}

// The sum that a chosen node stands for: itself, or the one that it was made of.
function sumBelow(n) {
  const { pairs, alone } = levers(n);
  if (pairs.length || alone.length) return n;
  const parts = state.parts[graph.nodes[n].step] ?? [];
  return parts.length === 1 && graph.nodes[parts[0].node].k === 3 ? sumBelow(parts[0].node) : n;
}

const wish = (g) => (g === 0 ? "stay" : g > 0 ? "fall" : "rise");
const bar = (x, most) => `<span class="bar ${x < 0 ? "below" : "above"}" style="width:${most ? Math.round((Math.abs(x) / most) * 90) : 0}px"></span>`;

function leversHtml(n) {
  if (graph.nodes[n].k !== 3) return `<p>Choose a neuron: a node that was computed.</p>`;
  if (count(graph.nodes[n].s) > 1) return matrixLevers(n);
  const z = sumBelow(n);
  const delta = state.cotangents[z]?.data[0];
  if (delta === undefined) return `<p>The output does not depend on it.</p>`;
  const { pairs, alone } = levers(z);
  if (!pairs.length) return `<p>${escaped(nameOf(n))} is no sum of products.</p>`;
  const isWeight = (i) => graph.nodes[i].k === 0;
  const rows = [];
  for (const i of alone.filter(isWeight)) rows.push(["bias", i, "directly: its factor is 1"]);
  for (const product of pairs) {
    const [a, b] = isWeight(product.p[1]) && !isWeight(product.p[0]) ? [product.p[1], product.p[0]] : product.p;
    rows.push(["weight", a, `in proportion to ${nameOf(b)} = ${short(state.values[b].data[0])}`]);
    rows.push(["activation", b, `in proportion to ${nameOf(a)} = ${short(state.values[a].data[0])}; not changed, but handed back`]);
  }
  const wanted = rows.map(([kind, i, why]) => {
    const factor = kind === "bias" ? 1 : Number(state.values[pairs.flatMap((p) => (p.p[0] === i ? [p.p[1]] : p.p[1] === i ? [p.p[0]] : []))[0]].data[0]);
    return { kind, i, why, change: -delta * factor };
  });
  const most = Math.max(...wanted.map((w) => Math.abs(w.change)));
  const line = ({ kind, i, why, change }) => `<tr><th>${nodeButton(i)}</th><td>${kind}</td><td>${bar(change, most)} ${short(change)}</td><td>${escaped(why)}</td></tr>`;
  const order = ["bias", "weight", "activation"].flatMap((kind) => wanted.filter((w) => w.kind === kind));
  return `<p>For ${escaped(nameOf(graph.output))} to fall, ${nodeButton(z)} should ${wish(delta)}: its derivative is ${short(delta)}. Three levers move it; the wanted change of each is −∂${escaped(nameOf(graph.output))} along it.</p>
    <table><tr><th>lever</th><th>is</th><th>wanted change</th><th>why</th></tr>${order.map(line).join("")}</table>`;
}

// Of a layer on tensors: sample and neuron are chosen; then the table over the batch, whose last column is the gradient.
function matrixLevers(n) {
  const node = productBelow(n);
  if (!node) return `<p>${escaped(nameOf(n))} is no layer: no product of matrices is near.</p>`;
  const [x, w] = node.p.map((p) => state.values[p]);
  const [samples, neurons] = node.s;
  const delta = state.cotangents[node.index]?.data;
  if (!delta) return `<p>The output does not depend on it.</p>`;
  const pick = (name, most, word) => `<label>${word} <input type="number" class="lever" data-lever="${name}" min="1" max="${most}" value="${Math.min(most, leversHtml[name] ?? 1)}"></label>`;
  const s = Math.min(samples, leversHtml.sample ?? 1) - 1;
  const j = Math.min(neurons, leversHtml.neuron ?? 1) - 1;
  const inputs = x.shape[1];
  const d = (sample) => delta[sample * neurons + j];
  const first = Math.min(inputs, 24);
  const changes = [];
  for (let k = 0; k < first; k++) {
    changes.push({ kind: "weight", k, change: -d(s) * x.data[s * inputs + k], why: `∝ activation ${short(x.data[s * inputs + k], 3)}` });
    changes.push({ kind: "activation", k, change: -d(s) * w.data[k * neurons + j], why: `∝ weight ${short(w.data[k * neurons + j], 3)}; handed back` });
  }
  changes.unshift({ kind: "bias", k: null, change: -d(s), why: "its factor is 1" });
  const most = Math.max(...changes.map((c) => Math.abs(c.change)));
  const line = ({ kind, k, change, why }) => `<tr><th>${kind}${k === null ? "" : ` k = ${k + 1}`}</th><td>${bar(change, most)} ${short(change)}</td><td>${why}</td></tr>`;
  const columns = Array.from({ length: Math.min(samples, 8) }, (_, i) => i);
  const all = Array.from({ length: samples }, (_, i) => i);
  const batch = Array.from({ length: first }, (_, k) => {
    const of = (i) => -d(i) * x.data[i * inputs + k];
    return `<tr><th>weight k = ${k + 1}</th>${columns.map((i) => `<td>${short(of(i), 3)}</td>`).join("")}<td><b>${short(sumOf(all.map(of)))}</b></td></tr>`;
  });
  const bias = `<tr><th>bias</th>${columns.map((i) => `<td>${short(-d(i), 3)}</td>`).join("")}<td><b>${short(sumOf(all.map((i) => -d(i))))}</b></td></tr>`;
  return `<p>${pick("neuron", neurons, "neuron j =")} ${pick("sample", samples, "sample")}: for ${escaped(nameOf(graph.output))} to fall, its sum should ${wish(d(s))} (δ = ${short(d(s))}).</p>
    <table><tr><th>lever</th><th>wanted change</th><th>why</th></tr>${["bias", "weight", "activation"].flatMap((kind) => changes.filter((c) => c.kind === kind)).map(line).join("")}</table>
    <h4>Over the batch</h4><div class="wide"><table><tr><th></th>${columns.map((i) => `<th>sample ${i + 1}</th>`).join("")}<th>${samples > columns.length ? `all ${samples}` : "sum"}</th></tr>${bias}${batch.join("")}</table></div>
    <p>Each column is what one sample wants; the last is their sum, minus the gradient of the mini-batch${inputs > first ? `; the first ${first} of ${inputs} weights are shown` : ""}.</p>`;
}

// The product of matrices that a node is or was made from, by steps that have one operand to go back to.
function productBelow(n) {
  for (let at = n, steps = 0; steps < 6; steps++) {
    const node = graph.nodes[at];
    if (node.k !== 3) return null;
    if (graph.ops[node.o].type === "MatMul" && node.s.length === 2) return node;
    const next = (state.parts[node.step] ?? []).map((part) => part.node).find((p) => graph.nodes[p].k === 3);
    if (next === undefined) return null;
    at = next;
  }
  return null;
}
