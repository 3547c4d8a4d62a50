// Functions of single numbers, by the names that formulas of the engine have for them.

const Numbers = {
  // A cotangent times a derivative: 0 where it is 0, also if the derivative is infinite or NaN there, and the other way round.
  chain: (g, derivative) => (g === 0 || (derivative === 0 && !Number.isNaN(g)) ? 0 : g * derivative),
  exp: Math.exp,
  exp_m1: Math.expm1,
  exp2: (x) => 2 ** x,
  ln: Math.log,
  ln_1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  fmod: (x, divisor) => x % divisor,
  hypot: Math.hypot,
  // The nearest whole number, of two the even one.
  round(x) {
    const below = Math.floor(x);
    const rest = x - below;
    if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
    return rest < 0.5 ? below : below + 1;
  },
  // Without overflow.
  sigmoid(x) {
    const e = Math.exp(-Math.abs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
  },
  // 1 to any power is 1, and so is −1 to an infinite one; JavaScript says NaN.
  pow: (x, exponent) => (x === 1 || (x === -1 && Math.abs(exponent) === Infinity) ? 1 : Math.pow(x, exponent)),
  powf: (x, exponent) => Numbers.pow(x, exponent),
  // By repeated squaring, whose rounding is the engine's.
  powi(x, n) {
    let base = n < 0 ? 1 / x : x;
    let y = 1;
    for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) y *= base;
      base *= base;
    }
    return y;
  },
};
