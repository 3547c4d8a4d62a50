// A chosen node: what it is, and, of a leaf, its numbers to change.

let chosen = null;

function chooseNode(n, show = true) {
  chosen = n;
  document.getElementById("chosen").textContent = n === null ? "nothing chosen" : nameOf(n);
  writeChosen();
  if (show && n !== null && !drawn.boxOf.has(n)) draw(graph.opens), fit();
  refresh(momentAt(time));
  const box = drawn.boxOf.get(n);
  if (show && box !== undefined) reveal(box);
}

// Fills the parts of the panel that are open.
function writeChosen() {
  const writers = { node: nodeHtml, paths: pathsHtml, ripple: rippleHtml, levers: leversHtml };
  for (const [name, write] of Object.entries(writers)) {
    const details = document.getElementById(`${name}-part`);
    const body = details.querySelector(".body");
    if (!details.open) continue;
    body.innerHTML = chosen === null ? "<p>Choose a node in the picture.</p>" : write(chosen);
    drawHeatMaps(body);
  }
  if (document.getElementById("ripple-part").open) ripple();
}

function nodeHtml(n) {
  const node = graph.nodes[n];
  const value = state.values[n];
  const g = state.cotangents[n];
  const box = drawn.boxOf.get(n);
  const inside = box === undefined ? undefined : view.insides[box];
  const open = inside === undefined ? "" : `<button data-open="${inside}">open its box</button>`;
  const formula = node.k === 3 ? `<p class="rule">${escaped(nameOf(n))} = ${escaped(formulaOf(node))}</p>` : "";
  return `<p>${escaped(kindOf(node))}, ${escaped(shapeText(node))} ${open}</p>${formula}
    <h4>value</h4>${valueHtml(value?.data, node.s, nameOf(n))}${editHtml(node)}
    ${g ? `<h4>${math(derivative(graph.output, n))}</h4>${valueHtml(g.data, node.s, "derivative")}` : ""}
    ${node.p.length ? `<p>made of ${[...new Set(node.p)].map(nodeButton).join(", ")}</p>` : ""}${node.users.length ? `<p>used by ${node.users.slice(0, 12).map(nodeButton).join(", ")}${node.users.length > 12 ? ` and ${node.users.length - 12} more` : ""}</p>` : ""}${sourceOf(node)}`;
}

function editHtml(node) {
  if (node.k === 3 || node.t || state.values[node.index] === null) return "";
  if (lacking) return `<p>It cannot be changed: the page cannot compute ${escaped(lacking)}.</p>`;
  const data = state.values[node.index].data;
  const which = data.length > 1 ? `<label>element <input type="number" id="element" min="0" max="${data.length - 1}" value="0"></label>` : "";
  return `<form id="edit">${which}<label>change to <input type="number" step="any" id="changed" value="${data[0]}" required></label><button>compute anew</button></form>`;
}

const changes = new Map();

// Computes everything anew with one number of a leaf changed.
function change(n, element, x) {
  const data = newNumbers(state.values[n].data.length);
  state.values[n].data.forEach((old, k) => (data[k] = k === element ? x : old));
  changes.set(n, data);
  computeAnew();
}

function computeAnew() {
  const values = forward(changes, recorded.values);
  state = changes.size ? { values, ...backward(values) } : recorded;
  document.getElementById("restore").hidden = changes.size === 0;
  remember();
  go(time, false);
  writeChosen();
}
