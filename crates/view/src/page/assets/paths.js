// Paths from a leaf to the output: each is a product of local derivatives, and their sum is the gradient.

const MOST_PATHS = 12;
// The nodes of each path on the panel.
let pathsShown = [];

// The links by which a node is used: to which node, with which local derivative.
function linksFrom() {
  const links = graph.nodes.map(() => []);
  state.parts.forEach((parts, k) => parts.forEach((part) => links[part.node].push({ to: graph.steps[k][0], arg: part.arg, local: part.local })));
  return links;
}

// From each node: how many paths lead to the output, and how large a product can be, at most.
function countPaths(links) {
  const ways = graph.nodes.map(() => 0);
  const best = graph.nodes.map(() => -1);
  ways[graph.output] = best[graph.output] = 1;
  for (let n = graph.output; n >= 0; n--) {
    for (const link of links[n]) {
      ways[n] += ways[link.to];
      if (best[link.to] >= 0) best[n] = Math.max(best[n], Math.abs(link.local ?? 1) * best[link.to]);
    }
  }
  return { ways, best };
}

// From the leaves: how many paths lead to each node. So often its derivative is a factor, though it is computed once.
function countUses() {
  const uses = graph.nodes.map((node) => (node.k === 0 ? 1 : 0));
  graph.steps.slice().reverse().forEach(([n], k) => {
    uses[n] += state.parts[graph.steps.length - 1 - k].reduce((sum, part) => sum + uses[part.node], 0);
  });
  return uses;
}

// The paths with the largest products, the largest first: a search by the most that a path can still become.
function heaviest(from, links, best, most) {
  const open = [{ at: from, product: 1, path: [] }];
  const found = [];
  const bound = (p) => Math.abs(p.product) * Math.max(0, best[p.at]);
  let tries = 0;
  while (open.length && found.length < most && tries++ < 20000) {
    let top = 0;
    for (let k = 1; k < open.length; k++) if (bound(open[k]) > bound(open[top])) top = k;
    const [path] = open.splice(top, 1);
    if (path.at === graph.output) found.push(path);
    else for (const link of links[path.at]) open.push({ at: link.to, product: path.product * link.local, path: [...path.path, { ...link, from: path.at }] });
  }
  return found;
}

// The steps of a path from one named node to the next: what has no name is a way station. Where nothing on the way has a name, a
// step goes on where the derivative is 1, as through a sum.
function stretches(path) {
  const named = path.some((link) => link.to !== graph.output && graph.nodes[link.to].n);
  const isOne = (link) => localFormula(graph.nodes[link.to], link.arg) === "<mn>1</mn>";
  const found = [];
  for (const link of path) {
    const last = found[found.length - 1];
    const goesOn = last && (named ? !graph.nodes[last.to].n : isOne(link) || last.links.every(isOne));
    if (goesOn) Object.assign(last, { to: link.to, local: last.local * link.local, links: [...last.links, link] });
    else found.push({ from: link.from, to: link.to, local: link.local, links: [link] });
  }
  return found;
}

// The derivative along a stretch: a function of one variable with a prime, anything else in full, factors of 1 left out.
function stretchFormula({ links }) {
  const factors = links.map((link) => {
    const node = graph.nodes[link.to];
    const name = graph.ops[node.o].math?.match(/^<mrow><mi>([^<]+)<\/mi><mo>&#8289;<\/mo>/);
    if (name && node.p.length === 1) return `<mrow><mi>${name[1]}</mi><mo lspace="0" rspace="0">′</mo><mo stretchy="false">(</mo>${spelled(node.p[0], (inner) => inner)}<mo stretchy="false">)</mo></mrow>`;
    const formula = localFormula(node, link.arg, (index) => spelled(index));
    if (!formula) return derivative(link.to, link.from);
    // what is one operand alone is spelled in brackets already
    return /^⟨\w+⟩$/.test(graph.ops[node.o].partials[link.arg]) ? formula : bracketed(formula);
  });
  const telling = factors.filter((factor) => factor !== "<mn>1</mn>");
  return telling.length ? telling.reverse().join(TIMES) : "<mn>1</mn>";
}

// A path as the books write it: a line of symbols, a line of formulas, a line of numbers.
function chainHtml(from, { path, product }) {
  if (!path.length) return `<div class="formula">${math(derivative(graph.output, from) + EQUALS + "<mn>1</mn>", true)}</div>`;
  const factors = stretches(path);
  const row = (head, write) => `<mtr><mtd>${head}</mtd>${factors.map((f, k) => `<mtd>${k ? TIMES : EQUALS}</mtd><mtd>${write(f)}</mtd>`).join("")}</mtr>`;
  const table = row(derivative(graph.output, from), (f) => derivative(f.to, f.from)) + row("", stretchFormula) + row("", (f) => mathNumber(f.local, factors.length > 1));
  return `<div class="formula chain">${math(`<mtable columnalign="left" columnspacing="0.3em">${table}<mtr><mtd></mtd><mtd>${EQUALS}</mtd><mtd>${mathNumber(product)}</mtd></mtr></mtable>`, true)}</div>`;
}

// The stations of a path; of a long one those at its ends.
function way(nodes) {
  const names = nodes.map((n) => escaped(nameOf(n)));
  return (names.length > 12 ? [...names.slice(0, 6), `… ${names.length - 11} more …`, ...names.slice(-5)] : names).join(" → ");
}

function pathsHtml(n) {
  const g = state.cotangents[n];
  if (!g) return `<p>The output does not depend on ${escaped(nameOf(n))}.</p>`;
  const links = linksFrom();
  const { ways, best } = countPaths(links);
  const uses = countUses();
  const many = (x) => (x < 1e6 ? x.toLocaleString("en") : x.toExponential(2));
  const plural = (x, word) => `${many(x)} ${word}${x === 1 ? "" : "s"}`;
  const edges = state.parts.reduce((sum, parts) => sum + parts.length, 0);
  const passes = graph.nodes.filter((node) => node.k === 0 && state.cotangents[node.index]).length;
  const each = graph.nodes.reduce((sum, node) => (node.k === 0 ? sum + ways[node.index] : sum), 0);
  const work = `<p class="work">Backpropagation takes ${plural(edges, "product")} for everything. A pass for each of the ${plural(passes, "variable")} would take up to ${many(edges * passes)}, and every path by itself ${plural(each, "chain")}. ${n !== graph.output && uses[n] ? `The derivative at ${escaped(nameOf(n))} is a factor in ${plural(uses[n], "path")} and was computed once.` : ""}</p>`;
  const numeric = links.every((list) => list.every((link) => link.local !== null));
  if (!numeric) return `<p>${plural(ways[n], "path")} from ${escaped(nameOf(n))} to ${escaped(nameOf(graph.output))}.</p>${work}${tensorParts(n)}`;
  const found = heaviest(n, links, best, MOST_PATHS);
  const sum = found.reduce((total, path) => total + path.product, 0);
  const all = found.map((p, k) => `<li><button class="path" data-path="${k}">${way([n, ...p.path.map((link) => link.to)])}</button>${chainHtml(n, p)}</li>`).join("");
  const rest = ways[n] > found.length ? `<p>The ${found.length} heaviest of ${many(ways[n])} paths give ${short(sum)}; ${short(g.data[0] - sum)} is left for the others, of ${short(g.data[0])}.</p>`
    : `<p class="total">${found.length === 1 ? "The one path is" : `The ${found.length} paths add up to ${found.map((p) => short(p.product)).join(" + ").replace(/\+ −/g, "− ")} = ${short(sum)}, `} the gradient ${short(g.data[0])}.</p>`;
  pathsShown = found.map((p) => [n, ...p.path.map((link) => link.to)]);
  return `${rest}<ol>${all}</ol>${work}`;
}

// Of a tensor: what each use gave.
function tensorParts(n) {
  const rows = [];
  state.parts.forEach((parts, k) => parts.forEach((part) => {
    if (part.node === n && part.product) rows.push(`<h4>through ${nodeButton(graph.steps[k][0])}</h4>${heatMap(part.product, graph.nodes[n].s, "part")}`);
  }));
  return rows.join("");
}
