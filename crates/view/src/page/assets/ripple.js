// Ripple: a leaf is nudged, and every node downstream is told to change by so much, and changes by so much.

// Where the slider stands, and the element that is nudged.
let nudgeAt = 20;
let nudgedElement = 0;

function rippleHtml(n) {
  const node = graph.nodes[n];
  if (node.k > 1 || node.t) return `<p>Choose a leaf.</p>`;
  if (lacking) return `<p>The page cannot compute ${escaped(lacking)}.</p>`;
  const element = Math.min(nudgedElement, state.values[n].data.length - 1);
  const which = state.values[n].data.length > 1 ? `<label>element <input type="number" id="nudged" min="0" max="${state.values[n].data.length - 1}" value="${element}"></label>` : "";
  return `<p>${which}<label>nudge ${escaped(nameOf(n))} by ε = <output id="epsilon"></output>
    <input type="range" id="nudge" min="-100" max="100" value="${nudgeAt}"></label></p><div id="ripples"></div>`;
}

// The slider goes by powers of ten on both sides of 0, from ten-thousandths to 1.
const nudgeOf = (at) => (at === 0 ? 0 : Math.sign(at) * 10 ** (-4 + (4 * Math.abs(at)) / 100));

function ripple() {
  const slider = document.getElementById("nudge");
  if (!slider || chosen === null) return;
  nudgeAt = Number(slider.value);
  nudgedElement = Number(document.getElementById("nudged")?.value ?? 0);
  const epsilon = nudgeOf(nudgeAt);
  document.getElementById("epsilon").textContent = short(epsilon, 3);
  const old = state.values[chosen];
  const direction = newNumbers(old.data.length);
  direction[nudgedElement] = 1;
  const moved = newNumbers(old.data.length);
  old.data.forEach((x, k) => (moved[k] = x + epsilon * direction[k]));
  const values = forward(new Map([[chosen, moved]]), state.values);
  const slopes = tangents(chosen, direction, state.values);
  const downstream = graph.nodes.filter((node) => node.k === 3 && slopes[node.index]);
  const largest = (a) => a.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  const row = (node) => {
    const slope = slopes[node.index].data;
    const change = Float64Array.from(values[node.index].data, (x, k) => x - state.values[node.index].data[k]);
    const [predicted, actual] = [largest(slope.map((s) => s * epsilon)), largest(change)];
    const off = predicted === 0 ? (actual === 0 ? "" : "curved") : `${short(Math.abs(actual / predicted - 1) * 100, 2)} %`;
    return `<tr><th>${nodeButton(node.index)}</th><td>${short(predicted)}</td><td>${short(actual)}</td><td>${off}</td></tr>`;
  };
  const rows = downstream.length > 40 ? [...downstream.slice(0, 20), ...downstream.slice(-20)] : downstream;
  document.getElementById("ripples").innerHTML = `<table><tr><th>node</th><th>predicted: slope · ε</th><th>true change</th><th>off by</th></tr>${rows.map(row).join("")}</table>
    ${downstream.length > 40 ? `<p>the first 20 and the last 20 of ${downstream.length} nodes</p>` : ""}<p>The smaller the nudge, the nearer the prediction: that is what a derivative is.</p>`;
}
