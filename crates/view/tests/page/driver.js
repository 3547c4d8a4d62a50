// Every button, key and field, in an order in which each does something; then the numbers at the last step.
const press = (key, more = {}) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
const click = (id) => document.getElementById(id).click();
const expect = (holds, what) => { if (!holds) throw new Error(what); };
const last = walkSteps.length - 1;

expect(performance.getEntriesByType("resource").length === 0, "something was fetched");
expect(document.querySelectorAll("#scene .box").length > 1, "no boxes");
for (const text of document.querySelectorAll("#scene text")) expect(!/undefined|NaN|\[object/.test(text.textContent), text.textContent);

// steps
go(0);
click("next"); expect(time === 1, "next");
press("ArrowRight"); expect(time === 2, "→");
click("previous"); press("ArrowLeft"); expect(time === 0, "back");
press("ArrowRight", { shiftKey: true }); expect(time > 0, "Shift →");
press("ArrowLeft", { shiftKey: true });
click("last"); expect(time === last, "last");
click("first"); press("End"); expect(time === last, "End"); press("Home"); expect(time === 0, "Home");
slider.value = 3; slider.dispatchEvent(new Event("input")); expect(time === 3, "slider");
click("play"); expect(timer !== null, "play"); press(" "); expect(timer === null, "Space");
speed.value = "10"; speed.dispatchEvent(new Event("change"));
// Every step can be written, of a long walk some 150.
for (let t = 0; t <= last; t += Math.max(1, Math.floor(last / 150))) {
  go(t);
  expect(now.textContent.length > 20 && !/undefined|\[object|⟨/.test(now.innerHTML), `step ${t}: ${now.innerHTML.slice(0, 2000)}`);
}

// the picture
for (const id of ["zoom-in", "zoom-out", "fit"]) click(id);
for (const key of ["+", "-", "0"]) press(key);
picture.dispatchEvent(new WheelEvent("wheel", { deltaY: 100, clientX: 200, clientY: 200 }));
for (const index of foldings()) {
  fold(index);
  go(Math.floor(last / 2));
  for (const text of document.querySelectorAll("#scene text")) expect(!/undefined|\[object/.test(text.textContent), text.textContent);
  const inside = Object.values(view.insides)[0];
  if (inside !== undefined) {
    open(inside);
    expect(!document.getElementById("up").hidden, "no way back");
    go(last);
    press("Escape");
    expect(trail.length === 0, "Escape");
  }
}
dispatchEvent(new Event("beforeprint"));
expect(picture.hasAttribute("viewBox") && !scene.hasAttribute("transform"), "not all is printed");
dispatchEvent(new Event("afterprint"));
expect(!picture.hasAttribute("viewBox"), "after printing");
press("f");
const select = document.getElementById("fold");
select.value = select.options[0].value; select.dispatchEvent(new Event("change"));

// search
press("/"); expect(document.activeElement.id === "search", "/");
const field = document.getElementById("search");
field.value = nameOf(graph.output); field.dispatchEvent(new Event("input"));
expect(chosen === graph.output, `search found ${chosen}`);
field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
field.blur();

// what is told of a node: of leaves, and of some that were computed
for (const details of document.querySelectorAll("aside details")) { details.open = true; details.dispatchEvent(new Event("toggle")); }
const some = [...graph.nodes.filter((n) => n.k === 0).slice(0, 6), ...graph.nodes.filter((n) => n.k === 3).slice(-8)];
for (const node of some) {
  chooseNode(node.index);
  for (const body of document.querySelectorAll("aside .body")) expect(!/undefined|\[object|⟨/.test(body.innerHTML), `${nameOf(node.index)}: ${body.innerHTML.slice(0, 1500)}`);
}
document.querySelectorAll("aside .body [data-path]").forEach((button) => button.click());
document.querySelectorAll("figure.map canvas").forEach((canvas) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })));
press("c");
document.querySelector("#scene .box").dispatchEvent(new MouseEvent("click", { bubbles: true }));
document.querySelector("#scene .box").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
press("o"); press("Escape");
press("?"); expect(document.getElementById("help").open, "?"); click("close-help"); click("keys"); click("keys");

// ripple, and a leaf changed: with the old number again everything is as it was
expect(lacking === null, `the page cannot compute ${lacking}`);
const leaf = graph.nodes.find((n) => n.k === 0 && state.cotangents[n.index]).index;
chooseNode(leaf);
const nudge = document.getElementById("nudge");
nudge.value = 1; nudge.dispatchEvent(new Event("input", { bubbles: true }));
expect(document.getElementById("ripples").textContent.length > 10, "no ripples");
const before = recorded.values[graph.output].data[0];
document.getElementById("changed").value = recorded.values[leaf].data[0] + 0.25;
document.getElementById("edit").requestSubmit();
expect(state.values[graph.output].data[0] !== before, "nothing changed");
click("restore");
expect(state === recorded, "not restored");

// the numbers at the last step
press("End");
const bits = (x) => { const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, x); return view.getBigUint64(0); };
const moment = momentAt(time);
return graph.nodes.flatMap((node) => [...(moment.cotangentOf(node.index) ?? [])].map((x) => `${node.index} ${bits(x)}`)).join("\n");
