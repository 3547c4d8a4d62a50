// The panel: what happens at a step, in words, formulas and numbers.

const now = document.getElementById("now");

const nodeButton = (n) => `<button class="node" data-node="${n}">${escaped(nameOf(n))}</button>`;

function sourceOf(node) {
  const parts = [];
  if (node.layer) parts.push(`layer ${escaped(node.layer)}`);
  if (node.line) parts.push(`${escaped(node.line.at)}${node.line.text ? `<code>${escaped(node.line.text)}</code>` : ""}`);
  return parts.length ? `<p class="source">${parts.join(" · ")}</p>` : "";
}

// The value of a node in full: a number with all digits, a tensor as a map.
function valueHtml(data, shape, what) {
  if (!data) return `<p>too large for this page</p>`;
  if (data.length === 1) return `<p class="number" title="${exact(data[0])}">${short(data[0], 6)}</p>`;
  return heatMap(data, shape, what);
}

function writePanel(step) {
  const writers = { leaves: leavesHtml, forward: forwardHtml, seed: seedHtml, backward: backwardHtml, end: endHtml };
  now.innerHTML = writers[step.phase](step);
  drawHeatMaps(now);
}

function leafRow(n, gradient) {
  const node = graph.nodes[n];
  const value = summary(state.values[n]?.data, 5);
  const g = state.cotangents[n]?.data;
  const last = gradient ? `<td title="${g?.length === 1 ? exact(g[0]) : ""}">${g ? summary(g, 5) : "0: the output does not depend on it"}</td>` : "";
  return `<tr><th>${nodeButton(n)}</th><td>${kindOf(node)}</td><td>${escaped(value)}</td>${last}</tr>`;
}

function leafTable(leaves, gradient) {
  const rows = leaves.slice(0, 60).map((n) => leafRow(n.index, gradient)).join("");
  const more = leaves.length > 60 ? `<p>and ${leaves.length - 60} more: choose them in the picture</p>` : "";
  const last = gradient ? `<th>${math(derivative(graph.output, leaves[0].index).replace(symbol(leaves[0].index), "<mi>…</mi>"))}</th>` : "";
  return `<table><tr><th>name</th><th>is</th><th>value</th>${last}</tr>${rows}</table>${more}`;
}

function leavesHtml() {
  const leaves = graph.nodes.filter((n) => n.k < 2);
  return `<h2>The leaves have their values</h2>
    <p>Everything else is computed from them, one operation after another. A <b>variable</b> gets a derivative; an <b>input</b> does not.</p>
    ${leafTable(leaves, false)}`;
}

function forwardHtml({ node: n }) {
  const node = graph.nodes[n];
  const op = graph.ops[node.o];
  const scalars = node.p.every((p) => count(graph.nodes[p].s) === 1) && count(node.s) === 1;
  let line = `<mi>${escaped(op.name)}</mi><mo>(</mo>${node.p.map(symbol).join("<mo>,</mo>")}<mo>)</mo>`;
  let numbers = "";
  if (op.math) {
    line = filled(op.math, node);
    const number = (k) => mathNumber(state.values[node.p[k]].data[0], true);
    if (scalars) numbers = EQUALS + op.math.replace(/⟨(\d+)⟩/g, (_, k) => number(k)) + EQUALS + mathNumber(state.values[n].data[0]);
  }
  const text = op.math ? "" : `<p class="rule">${escaped(formulaOf(node))}</p>`;
  return `<h2>Forward: ${nodeButton(n)} by <i>${escaped(op.name)}</i></h2>
    ${op.math ? `<div class="formula">${math(symbol(n) + EQUALS + line, true)}${numbers ? math(numbers, true) : ""}</div>` : text}
    <h3>value${node.s.length ? `, ${shapeText(node)}${node.t ? `, ${node.t}` : ""}` : ""}</h3>
    ${valueHtml(state.values[n]?.data, node.s, nameOf(n))}${sourceOf(node)}`;
}

function seedHtml({ node: n }) {
  const node = graph.nodes[n];
  const one = count(node.s) === 1;
  const text = one ? `Where ${escaped(nameOf(n))} grows by a little, it grows by as much: its derivative by itself is 1. From here the derivatives are handed back.`
    : `The output is no single number. The walk back begins with ones: what is differentiated is the sum of its elements.`;
  return `<h2>The output: ${nodeButton(n)}</h2>
    <div class="formula">${math(derivative(n, n) + EQUALS + "<mn>1</mn>", true)}</div><p>${text}</p>
    <h3>value</h3>${valueHtml(state.values[n]?.data, node.s, nameOf(n))}`;
}

// Where the cotangent of a node came from.
function arrivedHtml(n) {
  const g = state.cotangents[n];
  if (n === graph.output && history[n].length === 1) return "";
  const from = graph.nodes[n].users.filter((u) => state.parts[graph.nodes[u].step]?.some((part) => part.node === n));
  const parts = history[n].length;
  const all = from.map(nodeButton).join(", ");
  const sum = parts > 1 ? ` It is the sum of ${parts} parts, one for each use: from ${all}.` : from.length ? ` It came from ${all}.` : "";
  return `<p>The derivative of the output by ${escaped(nameOf(n))} has arrived in full.${sum}</p>
    <div class="formula">${math(derivative(graph.output, n) + (g.data.length === 1 ? EQUALS + mathNumber(g.data[0]) : ""), true)}</div>
    ${g.data.length === 1 ? "" : heatMap(g.data, g.shape, `∂${nameOf(graph.output)}/∂${nameOf(n)}`)}`;
}

function backwardHtml({ node: n, back }) {
  const node = graph.nodes[n];
  const op = graph.ops[node.o];
  const parts = state.parts[back].map((part, j) => partHtml(node, part, state.sums[back][j])).join("");
  const kinks = op.kinks ? `<p class="source">${escaped(op.kinks)}</p>` : "";
  return `<h2>Backward: ${nodeButton(n)} by <i>${escaped(op.name)}</i></h2>
    <p class="rule">${escaped(nameOf(n))} = ${escaped(formulaOf(node))}${count(node.s) === 1 ? ` = ${short(state.values[n].data[0])}` : ""}</p>
    ${arrivedHtml(n)}<h3>It hands on to ${parts ? "what it was made of" : "nothing"}</h3>${parts}${kinks}${sourceOf(node)}`;
}

// What one operand is given: symbols, formula, numbers; and the sum that it is added to.
function partHtml(node, part, sums) {
  const [n, parent] = [node.index, part.node];
  const g = state.cotangents[n].data;
  const formula = localFormula(node, part.arg);
  const scalar = part.product?.length === 1;
  const chain = derivative(node.index, parent) + TIMES + derivative(graph.output, n);
  const rule = ruleText(node, part.arg) || graph.ops[node.o].name;
  // Of what is repeated the rule adds up all places, which the formula of one does not say.
  const told = scalar && !node.r?.[part.arg] || formula;
  const start = derivative(graph.output, parent) + "<mo>⟵</mo>";
  let lines = math(start + (told ? chain : `<mtext>${escaped(rule)}</mtext>`), true);
  if (formula) lines += math(EQUALS + bracketed(formula) + TIMES + (g.length === 1 ? mathNumber(g[0], true) : derivative(graph.output, n)), true);
  if (part.local !== null && scalar) {
    lines += math(EQUALS + mathNumber(part.local, true) + TIMES + mathNumber(g[0], true) + EQUALS + mathNumber(part.product[0]), true);
  }
  const where = formula || !rule.includes("ḡ") ? "" : `<p class="source">ḡ is what arrived: ${math(derivative(graph.output, n))}</p>`;
  const own = node.p.filter((p) => p === parent).length > 1 ? ` (operand ${part.arg + 1})` : "";
  return `<section class="part"><h4>to ${nodeButton(parent)}${own}</h4><div class="formula">${lines}</div>${where}
    ${scalar || !part.product ? "" : heatMap(part.product, graph.nodes[parent].s, `part of ∂${nameOf(graph.output)}/∂${nameOf(parent)}`)}${sumHtml(parent, part, sums)}</section>`;
}

function sumHtml(parent, part, { before, after }) {
  const due = history[parent].length;
  const which = history[parent].findIndex((h) => h.sum === after) + 1;
  const rest = due > 1 && which > 0 ? ` (part ${which} of ${due})` : "";
  if (!part.product || part.product.length !== 1) return due > 1 ? `<p class="sum">${before ? "added to what it had" : "the first part"}${rest}</p>` : "";
  if (!before) return due > 1 ? `<p class="sum">had nothing, now <b>${short(after[0])}</b>${rest}</p>` : `<p class="sum">now <b>${short(after[0])}</b>, and complete</p>`;
  const add = part.product[0];
  return `<p class="sum">was ${short(before[0])}, ${add < 0 ? "−" : "+"} ${short(Math.abs(add))}, now <b>${short(after[0])}</b>${rest}</p>`;
}

function endHtml() {
  const leaves = graph.nodes.filter((n) => n.k === 0);
  return `<h2>The gradient</h2><p>One walk forward and one back gave all ${leaves.length === 1 ? "of it" : `${leaves.length} derivatives`}. Choose a variable to see how its own came together.</p>
    ${leaves.length ? leafTable(leaves, true) : ""}`;
}
