// What buttons and keys do.

const byId = (id) => document.getElementById(id);

// Foldings, and where one came from when a box was opened.
const trail = [];
graph.views.forEach((v, k) => {
  if (v.title) byId("fold").add(new Option(`${v.title} (${v.boxes.length})`, k));
});

function showView(index) {
  draw(index);
  if (!trail.length) byId("fold").value = index;
  byId("up").hidden = trail.length === 0;
  begin();
  go(time);
}

function open(index) {
  trail.push(view.index);
  showView(Number(index));
}

function up() {
  if (trail.length) showView(trail.pop());
}

function fold(index) {
  trail.length = 0;
  showView(Number(index));
}

const foldings = () => [...byId("fold").options].map((option) => Number(option.value));

// Nodes whose name, operation, line or layer has a word.
function search(word) {
  const wanted = word.trim().toLowerCase();
  if (!wanted) return [];
  const text = (node) => [node.n ?? "", nameOf(node.index), kindOf(node), node.layer ?? "", node.line?.at ?? "", node.line?.text ?? ""].join(" ").toLowerCase();
  const exactly = graph.nodes.filter((node) => [node.n ?? "", nameOf(node.index)].some((name) => name.toLowerCase() === wanted));
  return [...exactly, ...graph.nodes.filter((node) => !exactly.includes(node) && text(node).includes(wanted))].map((node) => node.index);
}

let found = [];
let foundAt = 0;
function find(next) {
  const hits = search(byId("search").value);
  foundAt = next && String(hits) === String(found) ? (foundAt + 1) % hits.length : 0;
  found = hits;
  byId("found").textContent = byId("search").value.trim() ? (hits.length ? `${foundAt + 1} of ${hits.length}` : "nothing") : "";
  if (hits.length) chooseNode(hits[foundAt]);
}

// The graph as a list, for those who would rather read.
function list() {
  if (!byId("list-part").open) return;
  const most = 400;
  const row = (node) => {
    const g = state.cotangents[node.index]?.data;
    return `<tr><th>${nodeButton(node.index)}</th><td>${escaped(formulaOf(node) || kindOf(node))}</td><td>${escaped(summary(state.values[node.index]?.data))}</td><td>${escaped(summary(g))}</td></tr>`;
  };
  byId("list-part").querySelector(".body").innerHTML = `<table><tr><th>node</th><th>is</th><th>value</th><th>derivative</th></tr>${graph.nodes.slice(0, most).map(row).join("")}</table>${graph.nodes.length > most ? `<p>and ${graph.nodes.length - most} more</p>` : ""}`;
}

const actions = {
  first: () => go(0),
  previous: () => go(time - 1),
  play: () => play(timer === null),
  next: () => go(time + 1),
  last: () => go(walkSteps.length - 1),
  "zoom-in": () => zoom(1.25),
  "zoom-out": () => zoom(0.8),
  fit,
  up,
  restore() {
    changes.clear();
    computeAnew();
  },
  keys: () => (byId("help").open ? byId("help").close() : byId("help").showModal()),
  "close-help": () => byId("help").close(),
};
for (const [id, act] of Object.entries(actions)) byId(id).addEventListener("click", act);

slider.addEventListener("input", () => go(Number(slider.value)));
speed.addEventListener("change", () => timer !== null && play(true));
byId("fold").addEventListener("change", () => fold(byId("fold").value));
byId("search").addEventListener("input", () => find(false));
byId("search").addEventListener("keydown", (event) => event.key === "Enter" && find(true));
for (const details of document.querySelectorAll("aside > details")) details.addEventListener("toggle", () => (details.id === "list-part" ? list() : writeChosen()));

document.querySelector("aside").addEventListener("click", (event) => {
  const target = event.target.closest("[data-node],[data-open],[data-path]");
  if (!target) return;
  if (target.dataset.open) open(target.dataset.open);
  else if (target.dataset.path) lightPath(pathsShown[target.dataset.path]);
  else chooseNode(Number(target.dataset.node));
});

// A path lit in the picture.
function lightPath(nodes) {
  const moment = { ...momentAt(time), lit: new Set(nodes), fed: new Set() };
  refresh(moment);
}

document.querySelector("aside").addEventListener("input", (event) => {
  if (event.target.id === "nudge" || event.target.id === "nudged") ripple();
  if (event.target.id === "element") byId("changed").value = state.values[chosen].data[Number(event.target.value)] ?? 0;
});
document.querySelector("aside").addEventListener("change", (event) => {
  const lever = event.target.dataset?.lever;
  if (!lever) return;
  picked[lever] = Math.max(1, Number(event.target.value));
  writeChosen();
});
document.querySelector("aside").addEventListener("submit", (event) => {
  event.preventDefault();
  change(chosen, Number(byId("element")?.value ?? 0), Number(byId("changed").value));
});

function pressBox(target, twice) {
  const box = target.closest?.("[data-box]");
  if (!box) return;
  const k = Number(box.dataset.box);
  const members = nodesOf(view.boxes[k]);
  if (twice && view.insides[k] !== undefined) open(view.insides[k]);
  else {
    byId("node-part").open = true;
    chooseNode(view.boxes[k][6] ?? members[0], false);
  }
}
picture.addEventListener("click", (event) => dragged < 6 && pressBox(event.target, false));
picture.addEventListener("dblclick", (event) => pressBox(event.target, true));

const keys = {
  ArrowRight: (event) => (event.shiftKey ? leap(1) : go(time + 1)),
  ArrowLeft: (event) => (event.shiftKey ? leap(-1) : go(time - 1)),
  Home: actions.first,
  End: actions.last,
  " ": actions.play,
  "+": actions["zoom-in"],
  "=": actions["zoom-in"],
  "-": actions["zoom-out"],
  0: fit,
  "/": () => byId("search").focus(),
  f: () => fold(foldings()[(foldings().indexOf(trail[0] ?? view.index) + 1) % foldings().length]),
  o: () => chosen !== null && view.insides[drawn.boxOf.get(chosen)] !== undefined && open(view.insides[drawn.boxOf.get(chosen)]),
  Escape: () => (trail.length ? up() : chooseNode(null)),
  c: () => walkSteps[time].node !== undefined && chooseNode(walkSteps[time].node),
  "?": actions.keys,
};
document.addEventListener("keydown", (event) => {
  const tag = event.target.tagName;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.key === "Escape" && tag === "INPUT") return event.target.blur();
  if (["INPUT", "SELECT", "TEXTAREA"].includes(tag) && !(event.target === slider && !event.key.startsWith("Arrow"))) return;
  const onBox = event.target.closest?.("[data-box]");
  if (onBox && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    return pressBox(onBox, event.key === "Enter" && onBox.classList.contains("chosen"));
  }
  if (["BUTTON", "SUMMARY"].includes(tag) && (event.key === " " || event.key === "Enter")) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
});

if (lacking) {
  byId("lacking").hidden = false;
  byId("lacking").textContent = `Leaves cannot be changed here: the page cannot compute ${lacking}. The steps are those that were recorded.`;
}

remember();
showView(graph.opens);
addEventListener("resize", () => {
  begin();
  go(time);
});
