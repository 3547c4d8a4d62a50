// The picture: boxes and arrows at the places that the layout gave them, with numbers that change from step to step.

const SVG = "http://www.w3.org/2000/svg";
const picture = document.getElementById("picture");
const scene = document.getElementById("scene");
let view = null;
let drawn = null;

function element(name, attributes, parent, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

// The nodes of a box.
const nodesOf = (box) => (box[7] === 0 ? [box[6]] : box[7]);

function classOf(box) {
  const main = graph.nodes[box[6] ?? nodesOf(box)[0]];
  const kind = ["variable", "input", "constant", "operation"][main.k];
  const output = main.index === graph.output ? " output" : "";
  return `box ${kind}${output}${box[7] === 0 ? "" : " folded"}`;
}

const clipped = (text, most = 26) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

// Draws a folding of the graph, or the inside of a box.
function draw(index) {
  view = graph.views[index];
  view.index = index;
  drawn = { boxes: [], arrows: [], boxOf: new Map() };
  scene.replaceChildren();
  const arrows = element("g", {}, scene);
  const labels = [];
  view.boxes.forEach((box, k) => nodesOf(box).forEach((node) => drawn.boxOf.set(node, k)));
  const paths = [];
  for (const [from, to, node, arg, carries, x, y, other, length, rest] of view.arrows) {
    // what it has in common with an arrow before is not told again
    const path = length ? paths[other].slice(0, length) + rest : rest;
    paths.push(path);
    const line = element("path", { d: path, class: carries ? "arrow" : "arrow still", "marker-end": "url(#head)" }, arrows);
    labels.push(() => element("text", { x: x - 9, y: y - 4, class: "edge", "text-anchor": "end" }, scene));
    drawn.arrows.push({ from, to, node, arg, line, numbered: view.boxes[to][7] === 0 && graph.nodes[node].p.length <= 6 });
  }
  view.boxes.forEach((box, k) => drawn.boxes.push(drawBox(box, k)));
  labels.forEach((make, k) => (drawn.arrows[k].label = make()));
  scene.dataset.view = view.title || "inside";
  scene.classList.toggle("dense", view.arrows.length > 250);
}

function drawBox(box, k) {
  const [x, y, width, height, title, formula] = box;
  const group = element("g", { class: classOf(box), transform: `translate(${x} ${y})`, "data-box": k, tabindex: view.boxes.length <= 200 ? 0 : -1, role: "button" }, scene);
  element("title", {}, group);
  if (box[7] !== 0) element("rect", { class: "behind", x: 4, y: 4, width, height, rx: 6 }, group);
  element("rect", { class: "card", width, height, rx: 6 }, group);
  element("text", { x: 10, y: 18, class: "name" }, group, clipped(box[7] === 0 && graph.nodes[box[6]].n ? nameOf(box[6]) : renamed(title)));
  const main = box[7] === 0 && graph.nodes[box[6]];
  if (main && !main.n) element("text", { x: width - 8, y: 18, class: "formula", "text-anchor": "end" }, group, nameOf(box[6]));
  if (formula) element("text", { x: 10, y: 33, class: "formula" }, group, clipped(renamed(formula), Math.floor((width - 14) / 6.6)));
  const line = formula ? 50 : 36;
  const value = element("text", { x: 10, y: line, class: "value" }, group);
  const gradient = element("text", { x: 10, y: line + 16, class: "gradient" }, group);
  return { group, value, gradient, box, width };
}

// What a box shows of some numbers: those of its main node, or what those of all range over.
function shown(box, of) {
  if (box[6] !== null) return summary(of(box[6]));
  const all = nodesOf(box).map(of).filter(Boolean);
  return all.length ? summary(all.flatMap((data) => Array.from(data))) : "";
}

// Brings every number of the picture to a moment of the walk.
function refresh(moment) {
  const fit = (text, width) => clipped(text, Math.floor((width - 14) / 6.6));
  for (const { group, value, gradient, box, width } of drawn.boxes) {
    const text = shown(box, (n) => moment.valueOf(n));
    const sum = shown(box, (n) => moment.cotangentOf(n));
    value.textContent = fit(text, width);
    gradient.textContent = sum === "" ? "" : fit(`∂ ${sum}`, width);
    const members = nodesOf(box);
    group.classList.toggle("lit", members.some((n) => moment.lit.has(n)));
    group.classList.toggle("fed", members.some((n) => moment.fed.has(n)));
    group.classList.toggle("waiting", text === "");
    group.classList.toggle("chosen", chosen !== null && members.includes(chosen));
    group.setAttribute("aria-label", `${box[4]}${text ? `, value ${text}` : ""}${sum ? `, derivative ${sum}` : ""}`);
    group.firstChild.textContent = titleOf(box);
  }
  const drawnBox = chosen === null ? undefined : drawn.boxOf.get(chosen);
  for (const { line, label, node, arg, numbered, from, to } of drawn.arrows) {
    const part = moment.partOf(node, arg);
    const lit = moment.lit.has(node) && moment.phase !== "leaves";
    line.classList.toggle("lit", lit);
    line.classList.toggle("passed", part?.passed ?? false);
    line.classList.toggle("chosen", drawnBox !== undefined && (from === drawnBox || to === drawnBox));
    const number = part && (part.passed ? part.product?.length === 1 && part.product[0] : part.local);
    label.textContent = (numbered || lit) && typeof number === "number" ? short(number, 3) : "";
    label.classList.toggle("passed", part?.passed ?? false);
    line.setAttribute("marker-end", `url(#${lit ? "head-lit" : "head"})`);
  }
}

// Everything of a box in a few lines, on hover.
function titleOf(box) {
  const members = nodesOf(box);
  if (box[6] === null || members.length > 1) return `${renamed(box[4])}: ${members.length} nodes, ${members.slice(0, 8).map(nameOf).join(", ")}${members.length > 8 ? " …" : ""}`;
  const node = graph.nodes[box[6]];
  const at = node.line ? `\n${node.line.at}${node.line.text ? `: ${node.line.text}` : ""}` : "";
  return `${nameOf(node.index)}: ${kindOf(node)}${node.layer ? `, layer ${node.layer}` : ""}, ${shapeText(node)}\n${formulaOf(node)}${at}`;
}
