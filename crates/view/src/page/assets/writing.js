// How numbers, names and formulas are written.

// A number with few digits, but those of a whole number all; the sign a minus.
function short(x, digits = 4) {
  if (x === null || x === undefined) return "";
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  const plain = () => (size < 10 ** digits ? trimmed(x.toPrecision(digits)) : x.toFixed(0));
  const text = size >= 1e-4 && size < 1e6 ? plain() : trimmed(x.toExponential(digits - 2));
  return text.replace(/-/g, "−").replace("e+", "e");
}

// Without zeros at the end, and never with an exponent that is not needed.
function trimmed(text) {
  if (text.includes("e")) return /^-?\d(\.\d+)?e[+]?[0-5]$/.test(text) ? String(Number(text)) : text.replace(/\.?0+e/, "e");
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// All digits: the shortest text that reads back as this number.
const exact = (x) => (Object.is(x, -0) ? "−0" : String(x).replace("-", "−"));

// Any data in a few words: the number, the numbers, or what they range over.
function summary(data, digits = 4) {
  if (!data) return "";
  if (data.length === 1) return short(data[0], digits);
  if (data.length <= 3) return `[${Array.from(data, (x) => short(x, 3)).join(", ")}]`;
  let [low, high] = [Infinity, -Infinity];
  for (const x of data) [low, high] = [Math.min(low, x), Math.max(high, x)];
  return low === high ? `all ${short(low, 3)}` : `${short(low, 3)} … ${short(high, 3)}`;
}

const subscript = (number) => String(number).replace(/\d/g, (d) => "₀₁₂₃₄₅₆₇₈₉"[d]);

// What a node is called, as text: its name, its number if it is a constant, or v with its place on the tape.
function nameOf(index) {
  const node = graph.nodes[index];
  if (node.n) return node.n.replace(/^(\p{L})_(\d+)$/u, (_, letter, index) => letter + subscript(index));
  if (node.k === 2 && count(node.s) === 1) return short(recorded.values[index].data[0], 6);
  return node.i === undefined ? `c${subscript(index)}` : `v${subscript(node.i)}`;
}

// The names that the engine gives to nodes, `%7`, as the page writes them.
const renamed = (formula) =>
  formula.replace(/%(\d+)/g, (_, id) => `v${subscript(id)}`).replace(/(?<!\p{L}|_)(\p{L})_(\d+)(?!\w)/gu, (_, letter, index) => letter + subscript(index));

const shapeText = (node) => (node.s.length ? node.s.join(" × ") : "a number");

// What a node is, in a word: its operation, or which kind of leaf.
const kindOf = (node) => ["variable", "input", "constant"][node.k] ?? graph.ops[node.o].name;

// The formula of a node with the names of its operands, as text.
function formulaOf(node) {
  if (node.k !== 3) return "";
  const name = (p) => (nameOf(p).startsWith("−") ? `(${nameOf(p)})` : nameOf(p));
  return graph.ops[node.o].text.replace(/⟨(\d+)⟩/g, (_, k) => name(node.p[k]));
}

// A text in HTML.
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// MathML of a number, in brackets where it stands in a product and is negative.
function mathNumber(x, inProduct = false) {
  const text = short(x);
  const [digits, power] = text.split("e");
  let inner = digits.startsWith("−") ? `<mo form="prefix" rspace="0">−</mo><mn>${digits.slice(1)}</mn>` : `<mn>${digits}</mn>`;
  if (power) inner += `<mo>·</mo><msup><mn>10</mn><mn>${power.replace("-", "−")}</mn></msup>`;
  const bare = !text.startsWith("−") && !power;
  return inProduct && !bare ? inBrackets(inner) : `<mrow>${inner}</mrow>`;
}

// MathML of what a node is called: `w_12` and `w12` are a letter with an index.
function symbol(index) {
  const node = graph.nodes[index];
  if (!node.n && node.k === 2 && count(node.s) === 1) return mathNumber(recorded.values[index].data[0], true);
  const text = node.n ?? (node.i === undefined ? `c_${index}` : `v_${node.i}`);
  const double = text.match(/^(\p{L}+)(\d+)_(\w+)$/u);
  if (double) return `<msub><mi>${escaped(double[1])}</mi><mn>${escaped(`${double[2]},${double[3]}`)}</mn></msub>`;
  const parts = text.match(/^([\p{L}]+)_?(\d+|_\w+)$/u) ?? text.match(/^(\p{L})_(\w+)$/u);
  if (parts) return `<msub><mi>${escaped(parts[1])}</mi><mn>${escaped(parts[2].replace(/^_/, ""))}</mn></msub>`;
  return [...text].length === 1 ? `<mi>${escaped(text)}</mi>` : `<mi mathvariant="normal">${escaped(text)}</mi>`;
}

// ∂ of one node by another.
const derivative = (of, by) => `<mfrac><mrow><mo>∂</mo>${symbol(of)}</mrow><mrow><mo>∂</mo>${symbol(by)}</mrow></mfrac>`;

// A formula of the engine with its operands put in, in brackets where a power is taken of what is more than a symbol.
function filled(math, node, name = symbol) {
  const operand = (place) => name(place === "y" ? node.index : node.p[place]);
  return math.replace(/(<msup><mrow>)?⟨(\d+|y)⟩/g, (_, power, place) => (power ? power + base(operand(place)) : operand(place)));
}

const base = (formula) => (/^<(mfrac|msup)>/.test(formula) || hasSign(formula, "+−·") ? inBrackets(formula) : formula);

// What a node is called, or, if it has no name, what it is made of, where that is short: a sum or a product of two.
function spelled(index, brackets = bracketed) {
  const node = graph.nodes[index];
  const short = node.k === 3 && !node.n && node.p.length <= 2 && graph.ops[node.o].math;
  return short ? brackets(filled(graph.ops[node.o].math, node)) : symbol(index);
}

const inBrackets = (formula) => `<mrow><mo stretchy="false">(</mo>${formula}<mo stretchy="false">)</mo></mrow>`;

// Whether one of these signs stands between the parts of a formula, and not inside of one or in brackets around all.
function hasSign(formula, signs) {
  let depth = 0;
  const found = [];
  for (const [, end, tag, text] of formula.matchAll(/<(\/?)(\w+)[^>]*>([^<]*)/g)) {
    if (!end && tag === "mo" && depth === 1) found.push(text);
    depth += end ? -1 : 1;
  }
  return found[0] !== "(" && found.some((sign) => signs.includes(sign));
}

// A sum in brackets, as a factor needs them.
const bracketed = (formula) => (hasSign(formula, "+−") ? inBrackets(formula) : formula);

// The derivative of a node by an operand as a formula: MathML, or nothing where it is a rule.
function localFormula(node, arg, name = symbol) {
  const partials = graph.ops[node.o].partials;
  return partials && !node.r?.[arg] ? filled(partials[arg], node, name) : "";
}

// The rule of an operation on tensors, as text; also of one that acts element by element on an operand that it repeats.
function ruleText(node, arg) {
  const program = graph.programs[node.b?.[arg]];
  const named = (text) => text.replace(/⟨(\d+)⟩/g, (_, k) => nameOf(node.p[k])).replace(/⟨y⟩/g, nameOf(node.index));
  const text = node.r?.[arg] ?? program?.text;
  return text ? named(text).replace(/⟨g⟩/g, "ḡ") : "";
}

const math = (inner, block = false) => `<math${block ? ' display="block"' : ""}><mrow>${inner}</mrow></math>`;
const [EQUALS, TIMES, PLUS] = ["=", "·", "+"].map((sign) => `<mo>${sign}</mo>`);
