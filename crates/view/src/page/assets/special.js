// Special functions, which JavaScript does not have.

Object.assign(Numbers, {
  // The series of Kummer, all of whose terms have one sign, for what is not large.
  erf(x) {
    const size = Math.abs(x);
    if (Number.isNaN(x)) return x;
    if (size > 2.2) return Math.sign(x) * (1 - Numbers.erfc(size));
    let term = size;
    let sum = size;
    for (let n = 1; term > 1e-18 * sum; n++) {
      term *= (2 * size * size) / (2 * n + 1);
      sum += term;
    }
    return (Math.sign(x) * 2 * Math.exp(-size * size) * sum) / Math.sqrt(Math.PI) || x;
  },
  // The continued fraction of Laplace, from its end, for what is large.
  erfc(x) {
    if (Number.isNaN(x)) return x;
    if (x < 2.2) return 1 - Numbers.erf(x);
    if (x > 27.5) return 0;
    let fraction = 0;
    for (let n = 160; n > 0; n--) fraction = n / 2 / (x + fraction);
    // x² in two parts, since its rounding would be seen in the exponential
    const high = Math.fround(x);
    const low = x - high;
    return (Math.exp(-high * high) * Math.exp(-low * (high + x))) / ((x + fraction) * Math.sqrt(Math.PI));
  },
  // Newton's method on the smaller of erf and its complement.
  erfinv(y) {
    const size = Math.abs(y);
    if (size === 1) return y * Infinity;
    if (!(size < 1)) return NaN;
    const rest = Math.log1p(-size) + Math.log1p(size);
    const half = 2 / (Math.PI * 0.147) + rest / 2;
    let x = Math.sqrt(Math.max(0, Math.sqrt(half * half - rest / 0.147) - half));
    for (let round = 0; round < 6; round++) {
      const error = size < 0.5 ? Numbers.erf(x) - size : 1 - size - Numbers.erfc(x);
      const step = error / ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x));
      x -= step / (1 + x * step);
    }
    return y < 0 ? -x : x;
  },
  // The series of Stirling far out, and the recurrence towards it.
  lgamma(x) {
    if (Number.isNaN(x)) return x;
    if (Math.abs(x) === Infinity) return Infinity;
    if (x <= 0) {
      if (Number.isInteger(x)) return Infinity;
      return Math.log(Math.PI / Math.abs(Numbers.sinOfPi(x))) - Numbers.lgamma(1 - x);
    }
    let shifted = 1;
    let z = x;
    while (z < 15) shifted *= z++;
    const r = 1 / (z * z);
    const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / z;
    return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(shifted);
  },
  sinOfPi(x) {
    const rest = x - 2 * Math.round(x / 2);
    return Math.sin(Math.PI * rest);
  },
  // ψ and its derivatives: the asymptotic series far out, and the recurrence towards it.
  polygamma(x, order) {
    if (Number.isNaN(x)) return x;
    const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330];
    let factorial = 1;
    for (let k = 2; k <= order; k++) factorial *= k;
    const sign = order % 2 === 0 ? -1 : 1;
    let sum = 0;
    let z = x;
    while (z < 20 + order) {
      sum += 1 / Math.pow(z, order + 1);
      z++;
    }
    let far;
    if (order === 0) {
      far = Math.log(z) - 0.5 / z;
      bernoulli.forEach((b, k) => (far -= b / ((2 * k + 2) * Math.pow(z, 2 * k + 2))));
      return far - sum;
    }
    far = factorial / (order * Math.pow(z, order)) + factorial / (2 * Math.pow(z, order + 1));
    bernoulli.forEach((b, k) => {
      const n = 2 * k + 2;
      // (n + order − 1)! / n!
      let rising = 1;
      for (let j = n + 1; j < n + order; j++) rising *= j;
      far += (b * rising) / Math.pow(z, n + order);
    });
    return sign * (far + factorial * sum);
  },
});
