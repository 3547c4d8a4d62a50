// Levers: what a neuron's sum wants of its bias, of its weights and of the activations before it.

// What a sum is made of: products, and what is added alone, each with the slope that the sum has by it.
function levers(n) {
  const found = { products: [], alone: [] };
  const slopes = new Map([[n, 1]]);
  // What a node is made of stands before it.
  for (let index = n; index >= 0; index--) {
    const factor = slopes.get(index);
    if (factor === undefined) continue;
    const node = graph.nodes[index];
    if (isSum(node)) {
      for (const part of state.parts[node.step]) slopes.set(part.node, (slopes.get(part.node) ?? 0) + factor * part.local);
    } else if (isProduct(node)) found.products.push({ product: node, factor });
    else if (index !== n) found.alone.push({ index, factor });
  }
  return found;
}

// Whether a node is a sum or difference of numbers: its slopes are 1 or −1 everywhere.
function isSum(node) {
  const parts = state.parts[node.step];
  return parts?.length > 0 && parts.every((part) => Math.abs(part.local) === 1) && node.p.every((p) => count(graph.nodes[p].s) === 1) && slopesAreConstant(node);
}

// Whether the derivatives of an operation are the same everywhere, as those of a sum.
function slopesAreConstant(node) {
  const partials = graph.ops[node.o]?.partials;
  return partials ? partials.every((p) => !/⟨/.test(p)) : graph.ops[node.o]?.type === "SumOf";
}

// Whether each derivative of an operation of two is the other operand.
function isProduct(node) {
  const partials = graph.ops[node.o]?.partials;
  return node.p.length === 2 && partials?.[0] === "⟨1⟩" && partials?.[1] === "⟨0⟩";
}

// The sum that a chosen node stands for: itself, or the one that it was made of.
function sumBelow(n) {
  const { products, alone } = levers(n);
  if (products.length || alone.length) return n;
  const parts = state.parts[graph.nodes[n].step] ?? [];
  return parts.length === 1 && graph.nodes[parts[0].node].k === 3 ? sumBelow(parts[0].node) : n;
}

const wish = (g) => (g === 0 ? "stay" : g > 0 ? "fall" : "rise");
const bar = (x, most) => `<span class="bar ${x < 0 ? "below" : "above"}" style="width:${most ? Math.round((Math.abs(x) / most) * 90) : 0}px"></span>`;

// The wanted change of everything that a sum is made of: minus the derivative of the output along it.
function scalarLevers(z) {
  const delta = state.cotangents[z].data[0];
  const { products, alone } = levers(z);
  const isWeight = (i) => graph.nodes[i].k === 0;
  const lever = (kind, i, factor, why) => ({ kind, i, change: -delta * factor, why });
  const found = alone.filter(({ index }) => isWeight(index)).map(({ index, factor }) => lever("bias", index, factor, `directly: its factor is ${short(factor)}`));
  for (const { product, factor } of products) {
    const [a, b] = isWeight(product.p[1]) && !isWeight(product.p[0]) ? [product.p[1], product.p[0]] : product.p;
    const along = (other) => factor * state.values[other].data[0];
    const why = (other) => `in proportion to ${factor === 1 ? "" : `${short(factor)} · `}${nameOf(other)} = ${short(along(other))}`;
    found.push(lever("weight", a, along(b), why(b)), lever("activation", b, along(a), `${why(a)}; not changed, but handed back`));
  }
  return inOrder(found);
}

const inOrder = (found) => ["bias", "weight", "activation"].flatMap((kind) => found.filter((lever) => lever.kind === kind));

function leversHtml(n) {
  if (graph.nodes[n].k !== 3) return `<p>Choose a neuron: a node that was computed.</p>`;
  if (count(graph.nodes[n].s) > 1) return matrixLevers(n);
  const z = sumBelow(n);
  const delta = state.cotangents[z]?.data[0];
  if (delta === undefined) return `<p>The output does not depend on it.</p>`;
  const wanted = scalarLevers(z);
  if (wanted.every(({ kind }) => kind === "bias")) return `<p>${escaped(nameOf(n))} is no sum of products.</p>`;
  const most = Math.max(...wanted.map((w) => Math.abs(w.change)));
  const line = ({ kind, i, why, change }) => `<tr><th>${nodeButton(i)}</th><td>${kind}</td><td>${bar(change, most)} ${short(change)}</td><td>${escaped(why)}</td></tr>`;
  return `<p>For ${escaped(nameOf(graph.output))} to fall, ${nodeButton(z)} should ${wish(delta)}: its derivative is ${short(delta)}. Three levers move it; the wanted change of each is −∂${escaped(nameOf(graph.output))} along it.</p>
    <table><tr><th>lever</th><th>is</th><th>wanted change</th><th>why</th></tr>${wanted.map(line).join("")}</table>`;
}

// The neuron and the sample of a layer that the table is of.
const picked = { neuron: 1, sample: 1 };

// Of a layer on tensors: sample and neuron are chosen; then the table over the batch, whose last column is the gradient.
function matrixLevers(n) {
  const node = productBelow(n);
  if (!node) return `<p>${escaped(nameOf(n))} is no layer: no product of matrices is near.</p>`;
  const [x, w] = node.p.map((p) => state.values[p]);
  const [samples, neurons] = node.s;
  const delta = state.cotangents[node.index]?.data;
  if (!delta) return `<p>The output does not depend on it.</p>`;
  const pick = (name, most, word) => `<label>${word} <input type="number" class="lever" data-lever="${name}" min="1" max="${most}" value="${Math.min(most, picked[name])}"></label>`;
  const s = Math.min(samples, picked.sample) - 1;
  const j = Math.min(neurons, picked.neuron) - 1;
  const inputs = x.shape[1];
  const d = (sample) => delta[sample * neurons + j];
  const first = Math.min(inputs, 24);
  const changes = [];
  for (let k = 0; k < first; k++) {
    changes.push({ kind: "weight", k, change: -d(s) * x.data[s * inputs + k], why: `∝ activation ${short(x.data[s * inputs + k], 3)}` });
    changes.push({ kind: "activation", k, change: -d(s) * w.data[k * neurons + j], why: `∝ weight ${short(w.data[k * neurons + j], 3)}; handed back` });
  }
  const bias = biasBehind(node);
  if (bias) changes.push({ kind: "bias", k: null, change: bias.wanted(s, j), why: `its factor is ${short(bias.slope)}` });
  const most = Math.max(...changes.map((c) => Math.abs(c.change)));
  const line = ({ kind, k, change, why }) => `<tr><th>${kind}${k === null ? "" : ` k = ${k + 1}`}</th><td>${bar(change, most)} ${short(change)}</td><td>${why}</td></tr>`;
  const columns = Array.from({ length: Math.min(samples, 8) }, (_, i) => i);
  const all = Array.from({ length: samples }, (_, i) => i);
  const row = (name, of) => `<tr><th>${name}</th>${columns.map((i) => `<td>${short(of(i), 3)}</td>`).join("")}<td><b>${short(sumOf(all.map(of)))}</b></td></tr>`;
  const batch = Array.from({ length: first }, (_, k) => row(`weight k = ${k + 1}`, (i) => -d(i) * x.data[i * inputs + k]));
  if (bias) batch.unshift(row("bias", (i) => bias.wanted(i, j)));
  return `<p>${pick("neuron", neurons, "neuron j =")} ${pick("sample", samples, "sample")}: for ${escaped(nameOf(graph.output))} to fall, its sum should ${wish(d(s))} (δ = ${short(d(s))}).</p>
    <table><tr><th>lever</th><th>wanted change</th><th>why</th></tr>${inOrder(changes).map(line).join("")}</table>
    <h4>Over the batch</h4><div class="wide"><table><tr><th></th>${columns.map((i) => `<th>sample ${i + 1}</th>`).join("")}<th>${samples > columns.length ? `all ${samples}` : "sum"}</th></tr>${batch.join("")}</table></div>
    <p>Each column is what one sample wants; the last is their sum, minus the gradient of the mini-batch${inputs > first ? `; the first ${first} of ${inputs} weights are shown` : ""}.</p>`;
}

// The bias of a layer, a number for each neuron that is added to the product, or subtracted; nothing where there is none.
function biasBehind(product) {
  const [, neurons] = product.s;
  const isBias = (user) => (p, arg) => {
    const { s, k } = graph.nodes[p];
    return user.back?.has(arg) && count(s) === neurons && s.at(-1) === neurons && (k === 0 || s.length === 1);
  };
  for (const user of product.users.map((index) => graph.nodes[index])) {
    if (!formulas[user.o] || !slopesAreConstant(user) || count(user.s) !== count(product.s)) continue;
    const arg = user.p.findIndex(isBias(user));
    if (arg < 0) continue;
    const slope = formulas[user.o].partials[arg](0, 0, 0);
    return { slope, wanted: (sample, j) => -slope * state.cotangents[user.index].data[sample * neurons + j] };
  }
  return null;
}

// The product of matrices that a node is or was made from: a few steps back, each to the first operand that was computed.
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
