//! Functions that neither the standard library nor `libm` has. NIST DLMF is the Digital Library of Mathematical
//! Functions, <https://dlmf.nist.gov>.

/// The Bernoulli numbers `B₂, B₄, …` (NIST DLMF table 24.2.1).
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174_611.0 / 330.0,
];

/// The derivative of order `n` of the digamma function `ψ = Γ′/Γ`.
///
/// Negative arguments are reflected (NIST DLMF 5.5.4 and its derivatives), small ones raised by recurrence (5.5.2,
/// 5.15.5), and large ones summed by the asymptotic series (5.11.2, 5.15.8). At 0 `ψ` is −∞ on the right and +∞ on the
/// left; at negative whole numbers it is NaN.
pub(crate) fn polygamma(n: u32, x: f64) -> f64 {
    let even = n.is_multiple_of(2);
    let sign = if even { -1.0 } else { 1.0 };
    if x == 0.0 {
        // Γ(x) is near 1/x, and so ψ⁽ⁿ⁾(x) near −(−1)ⁿ n!/xⁿ⁺¹.
        return if even { -f64::INFINITY.copysign(x) } else { f64::INFINITY };
    }
    if x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x < 0.0 {
        if x == x.floor() {
            return if even { f64::NAN } else { f64::INFINITY };
        }
        if n > HIGHEST_PRODUCT {
            return high_polygamma(n, x);
        }
        return -sign * polygamma(n, 1.0 - x) - cotangent(n, x);
    }
    if x == f64::INFINITY {
        return if n == 0 { x } else { 0.0 };
    }
    if n > HIGHEST_PRODUCT {
        return high_polygamma(n, x);
    }
    let order = f64::from(n);
    // (n−1)!, which is n!/n
    let factorial: f64 = (1..n).map(f64::from).product();
    let mut x = x;
    let mut raised = 0.0;
    while x < 12.0 + order {
        raised += x.powi(-(n as i32) - 1);
        x += 1.0;
    }
    raised *= sign * factorial * order.max(1.0);
    let tail = match n {
        0 => {
            let squared = 1.0 / (x * x);
            let mut series = 0.0;
            for (k, b) in BERNOULLI.iter().enumerate().rev() {
                series = (series + b / (2.0 * (k + 1) as f64)) * squared;
            }
            x.ln() - 0.5 / x - series
        }
        // (n − 1)!/xⁿ, whose parts may be too large or too small for a double where it is not.
        _ => sign * (1..n).map(|k| f64::from(k) / x).product::<f64>() / x * asymptotic(order, x),
    };
    raised + tail
}

/// `1 + n/2x + Σₖ B₂ₖ (2k + n − 1)! / ((2k)! (n − 1)! x²ᵏ)`, the asymptotic series (NIST DLMF 5.15.8) over its first term.
fn asymptotic(order: f64, x: f64) -> f64 {
    let (mut series, mut factor) = (1.0 + order / (2.0 * x), 1.0);
    for (k, b) in BERNOULLI.iter().enumerate() {
        // One factor's quotient to the next.
        let twice = 2.0 * (k + 1) as f64;
        factor *= (twice + order - 2.0) / x * ((twice + order - 1.0) / x) / ((twice - 1.0) * twice);
        series += b * factor;
    }
    series
}

/// Up to this order `n!` and `(n + 12)⁻ⁿ⁻¹` are doubles, so that their product may be taken as it stands.
const HIGHEST_PRODUCT: u32 = 135;

/// [`polygamma`] of an order whose factorial is no double, or whose powers are none: `(−1)ⁿ⁺¹ n! Σₖ (x + k)⁻ⁿ⁻¹` (NIST DLMF 5.15.1), of which the terms
/// next to the pole that is nearest are all that counts, or the first terms of the asymptotic series far from all.
fn high_polygamma(n: u32, x: f64) -> f64 {
    let order = f64::from(n);
    let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
    if x.is_nan() {
        return x;
    }
    if x >= 12.0 + order {
        return sign * (libm::lgamma(order) - order * x.ln()).exp() * asymptotic(order, x);
    }
    // The first pole, or the nearest of those to the left and right; at a distance d.
    let nearest = if x > 0.0 { 0.0 } else { x.round() };
    let d = x - nearest;
    let power = |d: f64| d.abs().ln() * -(order + 1.0);
    let parity = |d: f64| if d < 0.0 && n.is_multiple_of(2) { -1.0 } else { 1.0 };
    let mut sum = parity(d);
    let mut add = |other: f64| {
        let term = parity(other) * (power(other) - power(d)).exp();
        sum += term;
        term.abs() > 1e-18
    };
    // Further poles to the right while they count, at most forty; to the left only where there is one.
    (1..).map(f64::from).take_while(|k| add(d + k)).for_each(drop);
    if nearest < 0.0 {
        add(d - 1.0);
    }
    sign * sum * (libm::lgamma(order + 1.0) + power(d)).exp()
}

/// The derivative of order `n` of `π cot(πx)`: `πⁿ⁺¹ Pₙ(cot πx)` with `P₀(c) = c` and `Pₙ₊₁(c) = −(1 + c²) Pₙ′(c)`.
fn cotangent(n: u32, x: f64) -> f64 {
    use std::f64::consts::PI;
    // the period is 1, and the remainder exact
    let c = 1.0 / (PI * (x - x.round())).tan();
    let mut polynomial = vec![0.0, 1.0];
    for _ in 0..n {
        let mut next = vec![0.0; polynomial.len() + 1];
        for (power, a) in polynomial.iter().enumerate().skip(1) {
            next[power - 1] -= a * power as f64;
            next[power + 1] -= a * power as f64;
        }
        polynomial = next;
    }
    polynomial.iter().rev().fold(0.0, |sum, a| sum * c + a) * PI.powi(n as i32 + 1)
}

/// A quotient of two polynomials, each with its constant last.
fn quotient(r: f64, above: [f64; 8], below: [f64; 8]) -> f64 {
    let at = |polynomial: [f64; 8]| polynomial.iter().fold(0.0, |sum, a| sum * r + a);
    at(above) / at(below)
}

/// The inverse of the error function.
///
/// It is `Φ⁻¹((1 + x)/2)/√2`, with the inverse of the normal distribution function from Wichura, "Algorithm AS 241: the
/// percentage points of the normal distribution", Applied Statistics 37 (1988), whose relative error is about 1e-16.
#[allow(clippy::excessive_precision)] // the digits that the paper prints
pub(crate) fn inverse_error(x: f64) -> f64 {
    let tail = 0.5 * (1.0 - x.abs());
    if !(tail >= 0.0) {
        return f64::NAN;
    }
    if tail == 0.0 {
        return f64::INFINITY.copysign(x);
    }
    let q = 0.5 * x;
    let quantile = if q.abs() <= 0.425 {
        q * quotient(
            0.180_625 - q * q,
            [
                2.509_080_928_730_122_672_7e3,
                3.343_057_558_358_812_810_5e4,
                6.726_577_092_700_870_085_3e4,
                4.592_195_393_154_987_145_7e4,
                1.373_169_376_550_946_112_5e4,
                1.971_590_950_306_551_442_7e3,
                1.331_416_678_917_843_774_5e2,
                3.387_132_872_796_366_608,
            ],
            [
                5.226_495_278_852_854_561e3,
                2.872_908_573_572_194_267_4e4,
                3.930_789_580_009_271_061e4,
                2.121_379_430_158_659_586_7e4,
                5.394_196_021_424_751_107_7e3,
                6.871_870_074_920_579_083e2,
                4.231_333_070_160_091_125_2e1,
                1.0,
            ],
        )
    } else {
        let r = (-tail.ln()).sqrt();
        let distance = if r <= 5.0 {
            quotient(
                r - 1.6,
                [
                    7.745_450_142_783_414_076_4e-4,
                    2.272_384_498_926_918_458_33e-2,
                    2.417_807_251_774_506_117_7e-1,
                    1.270_458_252_452_368_382_58,
                    3.647_848_324_763_204_605_04,
                    5.769_497_221_460_691_405_5,
                    4.630_337_846_156_545_295_9,
                    1.423_437_110_749_683_577_34,
                ],
                [
                    1.050_750_071_644_416_843_24e-9,
                    5.475_938_084_995_344_946e-4,
                    1.519_866_656_361_645_719_66e-2,
                    1.481_039_764_274_800_745_9e-1,
                    6.897_673_349_851_000_045_5e-1,
                    1.676_384_830_183_803_849_4,
                    2.053_191_626_637_758_821_87,
                    1.0,
                ],
            )
        } else {
            quotient(
                r - 5.0,
                [
                    2.010_334_399_292_288_132_65e-7,
                    2.711_555_568_743_487_578_15e-5,
                    1.242_660_947_388_078_438_6e-3,
                    2.653_218_952_657_612_309_3e-2,
                    2.965_605_718_285_048_912_3e-1,
                    1.784_826_539_917_291_335_8,
                    5.463_784_911_164_114_369_9,
                    6.657_904_643_501_103_777_2,
                ],
                [
                    2.044_263_103_389_939_785_64e-15,
                    1.421_511_758_316_445_888_7e-7,
                    1.846_318_317_510_054_681_8e-5,
                    7.868_691_311_456_132_591e-4,
                    1.487_536_129_085_061_485_25e-2,
                    1.369_298_809_227_358_053_1e-1,
                    5.998_322_065_558_879_376_9e-1,
                    1.0,
                ],
            )
        };
        distance.copysign(x)
    };
    quantile * std::f64::consts::FRAC_1_SQRT_2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 2e-14 * expected.abs(), "{found} instead of {expected}");
    }

    #[test]
    fn polygamma_at_one_and_a_half() {
        use std::f64::consts::{LN_2, PI};
        let euler = 0.577_215_664_901_532_9; // NIST DLMF 5.2.3
        let apery = 1.202_056_903_159_594_2; // ζ(3)
        assert_near(polygamma(0, 1.0), -euler); // 5.4.12
        assert_near(polygamma(0, 0.5), -euler - 2.0 * LN_2); // 5.4.13
        assert_near(polygamma(1, 1.0), PI * PI / 6.0); // 5.15.2
        assert_near(polygamma(1, 0.5), PI * PI / 2.0); // 5.15.3
        assert_near(polygamma(2, 1.0), -2.0 * apery); // 5.15.2
        assert_near(polygamma(3, 1.0), PI.powi(4) / 15.0);
        assert_near(polygamma(3, 0.5), PI.powi(4));
    }

    /// The two ways of computing it agree where both can, and a huge order is answered at once: by a number, a zero or an
    /// infinity of the right sign.
    #[test]
    fn polygamma_of_high_order() {
        // Logarithms of numbers about 10³⁰⁰ are exact to 10⁻¹³.
        let near = |found: f64, expected: f64| {
            // Both may be an infinity.
            let near = found == expected || (found - expected).abs() <= 1e-11 * expected.abs();
            assert!(near, "{found} instead of {expected}");
        };
        for n in [100, 120, 131] {
            for x in [4.0, 17.5, 60.0, 155.0, 2000.0, -3.2, -7.9] {
                near(high_polygamma(n, x), polygamma(n, x));
            }
        }
        // (−1)ⁿ⁺¹ n!/xⁿ⁺¹ and next to nothing, at 171!/1000¹⁷² and by 5.15.5
        let expected = ((1..=171).map(|k| f64::from(k).ln()).sum::<f64>() - 172.0 * 30_f64.ln()).exp();
        near(polygamma(171, 30.0) - polygamma(171, 31.0), expected);
        for n in [i32::MAX as u32 - 1, i32::MAX as u32, 1 << 31, u32::MAX - 1, u32::MAX] {
            let sign = if n % 2 == 0 { -1.0 } else { 1.0 };
            assert_eq!(polygamma(n, 1.5), sign * f64::INFINITY, "{n}");
            assert_eq!(polygamma(n, 1e12), sign * 0.0, "{n}");
            // An even order has an odd power of the distance −0.25, and a minus before it.
            assert_eq!(polygamma(n, -2.25), f64::INFINITY, "{n}");
            assert!(polygamma(n, f64::NAN).is_nan());
        }
    }

    #[test]
    fn polygamma_obeys_its_recurrence_left_of_zero() {
        // ψ⁽ⁿ⁾(x + 1) − ψ⁽ⁿ⁾(x) = (−1)ⁿ n!/xⁿ⁺¹ (5.15.5)
        for n in 0..4 {
            for x in [-0.3, -1.7, -4.4] {
                let factorial: f64 = (1..=n).map(f64::from).product();
                let step = (-1f64).powi(n as i32) * factorial / f64::powi(x, n as i32 + 1);
                let found = polygamma(n, x + 1.0) - polygamma(n, x);
                assert!((found - step).abs() < 1e-11 * (1.0 + polygamma(n, x).abs()), "{n} {x}: {found} {step}");
            }
        }
    }

    #[test]
    fn the_inverse_error_function_is_the_inverse() {
        for x in [-2.0, -0.4, 1e-9, 0.3, 0.7, 1.4, 2.5] {
            let found = inverse_error(libm::erf(x));
            // where erf is flat, a rounding of it is a larger one of its inverse
            let slope = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
            assert!((found - x).abs() < 1e-15 * (x.abs() + 1.0 / slope), "{x}: {found}");
        }
        assert_eq!((inverse_error(1.0), inverse_error(-1.0)), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(inverse_error(1.5).is_nan() && inverse_error(f64::NAN).is_nan());
    }
}
