// The walk: leaves, forward node by node, the output's own derivative, back node by node, and what came of it.

const walkSteps = (() => {
  const steps = [{ phase: "leaves" }];
  for (const node of graph.nodes) if (node.k === 3) steps.push({ phase: "forward", node: node.index });
  steps.push({ phase: "seed", node: graph.output });
  graph.steps.forEach(([node], k) => steps.push({ phase: "backward", node, back: k }));
  steps.push({ phase: "end" });
  return steps;
})();
const forwardAt = new Map(walkSteps.flatMap((s, t) => (s.phase === "forward" ? [[s.node, t]] : [])));
const backwardAt = new Map(walkSteps.flatMap((s, t) => (s.phase === "backward" ? [[s.node, t]] : [])));
const seedAt = walkSteps.findIndex((s) => s.phase === "seed");

// For each node the steps at which it is given something: when, and the sum since then.
let history = [];
function remember() {
  history = graph.nodes.map(() => []);
  const sums = runningSums();
  history[graph.output].push({ at: seedAt, sum: state.cotangents[graph.output]?.data });
  state.parts.forEach((parts, k) => {
    const at = backwardAt.get(graph.steps[k][0]);
    parts.forEach((part, j) => history[part.node].push({ at, sum: sums[k][j].after }));
  });
  state.sums = sums;
}

let time = 0;

// What is known at a step.
function momentAt(t) {
  const step = walkSteps[t];
  const lit = new Set(step.phase === "leaves" ? graph.nodes.filter((n) => n.k !== 3).map((n) => n.index) : step.node === undefined ? [] : [step.node]);
  if (step.phase === "end") graph.nodes.forEach((n) => n.k === 0 && state.cotangents[n.index] && lit.add(n.index));
  const fed = new Set(step.phase === "backward" ? state.parts[step.back].map((part) => part.node) : []);
  return {
    phase: step.phase,
    lit,
    fed,
    valueOf: (n) => (graph.nodes[n].k !== 3 || forwardAt.get(n) <= t ? state.values[n]?.data : null),
    cotangentOf(n) {
      const sums = history[n];
      for (let k = sums.length - 1; k >= 0; k--) if (sums[k].at <= t) return sums[k].sum;
      return null;
    },
    partOf(n, arg) {
      const back = graph.nodes[n].step;
      if (back === undefined || forwardAt.get(n) > t) return null;
      const part = state.parts[back].find((p) => p.arg === arg);
      return part ? { ...part, passed: backwardAt.get(n) <= t } : null;
    },
  };
}

const slider = document.getElementById("slider");
const label = document.getElementById("where");
slider.max = walkSteps.length - 1;

function go(t, follow = true) {
  time = Math.max(0, Math.min(walkSteps.length - 1, t));
  slider.value = time;
  const step = walkSteps[time];
  const phase = { leaves: "leaves", forward: "forward", seed: "output", backward: "backward", end: "gradients" }[step.phase];
  label.textContent = `${phase}, step ${time + 1} of ${walkSteps.length}`;
  slider.setAttribute("aria-valuetext", label.textContent);
  refresh(momentAt(time));
  writePanel(step);
  const box = drawn.boxOf.get(step.node);
  if (follow && box !== undefined) reveal(box);
  document.getElementById("first").disabled = document.getElementById("previous").disabled = time === 0;
  document.getElementById("last").disabled = document.getElementById("next").disabled = time === walkSteps.length - 1;
  if (time === walkSteps.length - 1) play(false);
}

// To the next step in another box, or the one before.
function leap(direction) {
  const boxAt = (t) => drawn.boxOf.get(walkSteps[t].node);
  let t = time + direction;
  while (walkSteps[t] && walkSteps[t + direction] && boxAt(t) === boxAt(time) && walkSteps[t].phase === walkSteps[time].phase) t += direction;
  go(t);
}

let timer = null;
const speed = document.getElementById("speed");
function play(on) {
  if (!on && timer === null) return;
  clearInterval(timer);
  timer = null;
  if (on) {
    if (time === walkSteps.length - 1) go(0);
    timer = setInterval(() => go(time + 1), 1000 / Number(speed.value));
  }
  const button = document.getElementById("play");
  button.textContent = on ? "Pause" : "Play";
  button.setAttribute("aria-pressed", String(on));
}
