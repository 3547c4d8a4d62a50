// Moving about in the picture: wheel, drag, two fingers, buttons.

const camera = { x: 0, y: 0, scale: 1 };
const LEAST_SCALE = 0.02;

function place() {
  scene.setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.scale})`);
}

const frame = () => picture.getBoundingClientRect();

// The whole picture in sight, but no larger than life.
function fit() {
  const { width, height } = frame();
  const [w, h] = view.size;
  camera.scale = Math.max(LEAST_SCALE, Math.min(1.25, (width - 48) / (w + 8), (height - 64) / (h + 8)));
  camera.x = (width - w * camera.scale) / 2;
  camera.y = (height - 24 - h * camera.scale) / 2;
  place();
}

// As large as can be read, with the lit box in sight, where everything in sight is too small.
function begin() {
  fit();
  if (camera.scale >= 0.6 || view.boxes.length > 200) return;
  camera.scale = Math.max(camera.scale, frame().width < 500 ? 0.8 : 0.7);
  camera.x = 16;
  camera.y = (frame().height - view.size[1] * camera.scale) / 2;
  place();
}

// Larger or smaller around a point of the window.
function zoom(factor, x = frame().width / 2, y = frame().height / 2) {
  const scale = Math.min(6, Math.max(LEAST_SCALE, camera.scale * factor));
  camera.x = x - ((x - camera.x) * scale) / camera.scale;
  camera.y = y - ((y - camera.y) * scale) / camera.scale;
  camera.scale = scale;
  place();
}

// Moves the picture as little as is needed to see a box, and not at all if it is seen.
function reveal(k) {
  const [x, y, w, h] = view.boxes[k];
  const { width, height } = frame();
  const margin = 24;
  const moved = (at, offset, length, room) => {
    const [begin, end] = [at * camera.scale + offset, (at + length) * camera.scale + offset];
    if (end - begin > room - 2 * margin) return offset;
    return begin < margin ? offset + margin - begin : end > room - margin ? offset + room - margin - end : offset;
  };
  camera.x = moved(x, camera.x, w, width);
  camera.y = moved(y, camera.y, h, height);
  place();
}

const pointers = new Map();
let dragged = 0;

picture.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = frame();
  zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), event.clientX - left, event.clientY - top);
}, { passive: false });
picture.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  dragged = 0;
});
picture.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const others = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
  if (others.length === 0) {
    camera.x += event.clientX - before.clientX;
    camera.y += event.clientY - before.clientY;
    place();
  } else {
    const apart = (p) => Math.hypot(p.clientX - others[0].clientX, p.clientY - others[0].clientY);
    const { left, top } = frame();
    zoom(apart(event) / Math.max(1, apart(before)), others[0].clientX - left, others[0].clientY - top);
  }
  dragged += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
  pointers.set(event.pointerId, event);
});
for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
  picture.addEventListener(end, (event) => pointers.delete(event.pointerId));
}

// On paper everything is in sight.
addEventListener("beforeprint", () => {
  picture.setAttribute("viewBox", `-8 -8 ${view.size[0] + 16} ${view.size[1] + 16}`);
  scene.removeAttribute("transform");
});
addEventListener("afterprint", () => {
  picture.removeAttribute("viewBox");
  place();
});
