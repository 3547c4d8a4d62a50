// Tensors as maps: blue below 0, red above, white at 0; the number under the pointer is told.

const maps = new Map();
let nextMap = 0;

// The last two axes as rows j and columns k; the axes before as one map after another.
function heatMap(data, shape, what) {
  const id = nextMap++;
  const [rows, columns] = [shape.length > 1 ? shape[shape.length - 2] : 1, shape[shape.length - 1] ?? 1];
  const sheets = rows * columns === 0 ? 0 : data.length / (rows * columns);
  maps.set(id, { data, rows, columns, sheets, shape, what });
  const range = data.length ? `${summary(data)}` : "empty";
  return `<figure class="map" data-map="${id}"><canvas tabindex="0" role="img" aria-label="${escaped(what)}, ${shape.join(" by ")}: ${escaped(range)}"></canvas>
    <figcaption><span class="range">${escaped(shape.join(" × "))}: ${escaped(range)}</span><output></output></figcaption></figure>`;
}

function colour(x, most) {
  if (!Number.isFinite(x)) return "#888";
  const share = most ? Math.min(1, Math.abs(x) / most) : 0;
  return `hsl(${x < 0 ? 215 : 12} 85% ${100 - 50 * Math.sqrt(share)}%)`;
}

function drawHeatMaps(within) {
  within.querySelectorAll("figure.map").forEach((figure) => {
    const map = maps.get(Number(figure.dataset.map));
    const canvas = figure.querySelector("canvas");
    // A long row is folded, so that it is seen at all.
    const wide = map.rows === 1 && map.columns > 64 ? Math.ceil(Math.sqrt(map.columns)) : map.columns;
    const high = map.rows === 1 && map.columns > 64 ? Math.ceil(map.columns / wide) : map.rows;
    const shownSheets = Math.min(map.sheets, 24);
    const across = Math.max(1, Math.min(shownSheets, Math.floor(64 / Math.max(1, wide)) || 1));
    const down = Math.ceil(shownSheets / across) || 1;
    const [totalWide, totalHigh] = [across * (wide + 1) - 1, down * (high + 1) - 1];
    const cell = Math.max(1, Math.min(26, Math.floor(300 / Math.max(totalWide, 1)), Math.floor(420 / Math.max(totalHigh, 1))));
    [canvas.width, canvas.height] = [totalWide * cell, totalHigh * cell];
    const context = canvas.getContext("2d");
    let most = 0;
    for (const x of map.data) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
    const at = (sheet, j, k) => [((sheet % across) * (wide + 1) + k) * cell, (Math.floor(sheet / across) * (high + 1) + j) * cell];
    for (let n = 0; n < shownSheets * map.rows * map.columns; n++) {
      const inSheet = n % (map.rows * map.columns);
      const [x, y] = at(Math.floor(n / (map.rows * map.columns)), Math.floor(inSheet / wide), inSheet % wide);
      context.fillStyle = colour(map.data[n], most);
      context.fillRect(x, y, cell, cell);
      if (cell >= 24 && map.data.length <= 120) {
        context.fillStyle = "#111";
        context.font = "8px system-ui";
        context.fillText(short(map.data[n], 2), x + 1, y + cell / 2 + 3, cell - 2);
      }
    }
    const output = figure.querySelector("output");
    // Which element lies at a cell of the picture.
    const find = (column, row) => {
      const sheet = Math.floor(row / (high + 1)) * across + Math.floor(column / (wide + 1));
      const inSheet = (row % (high + 1)) * wide + (column % (wide + 1));
      if (row % (high + 1) === high || column % (wide + 1) === wide || inSheet >= map.rows * map.columns || sheet >= shownSheets) return null;
      return sheet * map.rows * map.columns + inSheet;
    };
    const tell = (n) => {
      const index = [];
      for (let k = map.shape.length - 1, rest = n; k >= 0; rest = Math.floor(rest / map.shape[k]), k--) index.unshift(rest % map.shape[k]);
      const [j, k] = index.slice(-2);
      const names = index.length > 1 ? `j = ${j + 1}, k = ${k + 1}` : `j = ${j + 1}`;
      output.textContent = `${index.length > 2 ? `[${index.slice(0, -2).join(", ")}] ` : ""}${names}: ${short(map.data[n], 6)}`;
      figure.dataset.element = n;
    };
    canvas.addEventListener("pointermove", (event) => {
      const box = canvas.getBoundingClientRect();
      const n = find(Math.floor(((event.clientX - box.left) / box.width) * totalWide), Math.floor(((event.clientY - box.top) / box.height) * totalHigh));
      if (n !== null && n < map.data.length) tell(n);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      tell(Math.max(0, Math.min(map.data.length - 1, Number(figure.dataset.element ?? -step) + step)));
    });
    if (shownSheets < map.sheets) figure.querySelector(".range").textContent += `; the first ${shownSheets} of ${map.sheets} sheets are drawn`;
  });
}
