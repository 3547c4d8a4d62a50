//! Functions of numbers without a branch, which the compiler makes vector instructions of.
//!
//! Only additions, multiplications, divisions and choices occur, and no multiplication is fused with an addition: the result has
//! the same bits on every processor and in every width. The reductions of arguments are those of Cody and Waite ("Software Manual
//! for the Elementary Functions", 1980), the polynomials are minimax (Remez 1934; `scripts/minimax.py`). How many ulps each is off
//! is measured by `tests/operations/numbers/ulps.rs`.

use super::lane::{Lane, polynomial};

/// `if mask { a } else { b }`, of numbers that are computed both.
#[inline(always)]
fn choose<F: Copy>(mask: bool, a: F, b: F) -> F {
    if mask { a } else { b }
}

/// The whole number that is nearest to `x`, and that added to [`Lane::MAGIC`].
#[inline(always)]
fn nearest<F: Lane>(x: F) -> [F; 2] {
    let magic = x + F::MAGIC;
    [magic - F::MAGIC, magic]
}

/// `n` and `r` with `x = n ln 2 + r`, and `exp(r) − 1`.
#[inline(always)]
fn reduced<F: Lane>(x: F) -> [F; 3] {
    let [n, magic] = nearest(x * F::PER_LN_2);
    let r = (x - n * F::LN_2_PARTS[0]) - n * F::LN_2_PARTS[1];
    [n, magic, r + r * r * F::exp_rest(r)]
}

/// The exponential.
#[inline(always)]
pub(super) fn exp<F: Lane>(x: F) -> F {
    // NaN passes both comparisons
    let x = choose(x > F::EXP_ENDS[0], F::EXP_ENDS[0], x);
    let x = choose(x < F::EXP_ENDS[1], F::EXP_ENDS[1], x);
    let [n, _, less_one] = reduced(x);
    // in two factors, since the result may be subnormal where 2ⁿ is 0
    let [half, magic] = nearest(n * F::from_f64(0.5));
    let rest = F::power_of_two((n - half) + F::MAGIC);
    (F::one() + less_one) * F::power_of_two(magic) * rest
}

/// `exp(x) − 1`, where that and `exp(−x)` are normal numbers.
#[inline(always)]
pub(super) fn exp_m1<F: Lane>(x: F) -> F {
    let [_, magic, less_one] = reduced(x);
    let power = F::power_of_two(magic);
    let y = power * less_one + (power - F::one());
    // keeps the sign of 0
    choose(x == F::zero(), x, y)
}

/// Where [`exp_m1`] holds.
#[inline(always)]
pub(super) fn has_exp_m1<F: Lane>(x: F) -> bool {
    (x < F::NORMAL_EXP) & (x > -F::NORMAL_EXP)
}

/// `ln(x) + lost`, of a positive normal number and a small one.
#[inline(always)]
fn ln_and<F: Lane>(x: F, lost: F) -> F {
    let [k, m] = F::exponent_and_mantissa(x);
    let above = m > F::SQRT_2();
    let half = F::from_f64(0.5);
    let k = choose(above, k + F::one(), k);
    let f = choose(above, m * half, m) - F::one();
    // ln(1 + f) = f − (f²/2 − s (f²/2 + R)), with s = f / (2 + f) and R = s² · rest(s²)
    let s = f / (F::one() + F::one() + f);
    let z = s * s;
    let square = half * f * f;
    let series = s * (square + z * F::ln_rest(z));
    k * F::LN_2_PARTS[0] - ((square - (series + (k * F::LN_2_PARTS[1] + lost))) - f)
}

/// The natural logarithm of a positive normal number.
#[inline(always)]
pub(super) fn ln<F: Lane>(x: F) -> F {
    ln_and(x, F::zero())
}

/// Where [`ln`] holds.
#[inline(always)]
pub(super) fn has_ln<F: Lane>(x: F) -> bool {
    (x >= F::min_positive_value()) & (x <= F::max_value())
}

/// `ln(1 + x)`, where `1 + x` is a positive normal number.
#[inline(always)]
pub(super) fn ln_1p<F: Lane>(x: F) -> F {
    let one = F::one();
    let sum = one + x;
    // what the sum has lost
    let lost = choose(x > one, one - (sum - x), x - (sum - one));
    let y = ln_and(sum, lost / sum);
    choose(x == F::zero(), x, y)
}

/// Where [`ln_1p`] holds.
#[inline(always)]
pub(super) fn has_ln_1p<F: Lane>(x: F) -> bool {
    has_ln(F::one() + x)
}

/// `1 / (1 + exp(−x))`
#[inline(always)]
pub(super) fn sigmoid<F: Lane>(x: F) -> F {
    // exp of a number that is not positive cannot overflow
    let e = exp(choose(x < F::zero(), x, -x));
    choose(x >= F::zero(), F::one(), e) / (F::one() + e)
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh<F: Lane>(x: F) -> F {
    let z = x * x;
    let near = x + x * z * F::tanh_rest(z);
    let size = choose(x < F::zero(), -x, x);
    let two = F::one() + F::one();
    let far = F::one() - two / (exp(size + size) + F::one());
    let far = choose(x < F::zero(), -far, far);
    choose(size < F::from_f64(0.55), near, far)
}

/// The hyperbolic cosine, where `exp` of the size is a normal number.
#[inline(always)]
pub(super) fn cosh<F: Lane>(x: F) -> F {
    let half = F::from_f64(0.5);
    let e = exp(choose(x < F::zero(), -x, x));
    half * e + half / e
}

/// The hyperbolic sine, where [`exp_m1`] holds.
#[inline(always)]
pub(super) fn sinh<F: Lane>(x: F) -> F {
    // with t = exp(|x|) − 1 it is (t + t/(t + 1))/2
    let t = exp_m1(choose(x < F::zero(), -x, x));
    let y = F::from_f64(0.5) * (t + t / (t + F::one()));
    choose(x < F::zero(), -y, choose(x == F::zero(), x, y))
}

/// How far [`sin`] and [`cos`] hold.
pub(super) const TURNS: f64 = 314_159.0;

/// π/2 in three parts, the first two of so few bits that a whole number up to 2·10⁵ times them is exact.
const QUARTER_TURN: [f64; 3] = [1.570_796_326_792_333_3, 2.563_344_151_583_955_8e-12, 1.056_299_906_698_742_8e-23];

/// The sine of `x` plus so many quarter turns.
#[inline(always)]
fn wave(x: f64, quarters: u64) -> f64 {
    let [n, magic] = nearest(x * std::f64::consts::FRAC_2_PI);
    let first = x - n * QUARTER_TURN[0];
    let high = first - n * QUARTER_TURN[1];
    let low = ((first - high) - n * QUARTER_TURN[1]) - n * QUARTER_TURN[2];
    let r = high + low;
    let tail = (high - r) + low;
    let z = r * r;
    let sine = r
        + (r * z
            * polynomial(
                z,
                [
                    -0.166_666_666_666_666_66,
                    0.008_333_333_333_333_323,
                    -0.000_198_412_698_412_550_83,
                    2.755_731_921_419_615e-6,
                    -2.505_210_491_268_970_2e-8,
                    1.605_836_672_345_621_7e-10,
                    -7.578_700_716_476_374e-13,
                ],
            )
            + tail * (1.0 - 0.5 * z));
    let half = 0.5 * z;
    let one_less = 1.0 - half;
    let cosine = one_less
        + (((1.0 - one_less) - half)
            + (z * z
                * polynomial(
                    z,
                    [
                        0.041_666_666_666_666_664,
                        -0.001_388_888_888_888_887_4,
                        2.480_158_730_157_146_2e-5,
                        -2.755_731_921_536_095e-7,
                        2.087_675_436_260_014_5e-9,
                        -1.147_029_284_249_175_6e-11,
                        4.738_089_139_358_918_6e-14,
                    ],
                )
                - r * tail));
    let quarter = magic.to_bits().wrapping_add(quarters);
    let y = choose(quarter & 1 == 0, sine, cosine);
    f64::from_bits(y.to_bits() ^ ((quarter & 2) << 62))
}

/// The sine, up to [`TURNS`].
#[inline(always)]
pub(super) fn sin(x: f64) -> f64 {
    let y = wave(x, 0);
    choose(x == 0.0, x, y)
}

/// The cosine, up to [`TURNS`].
#[inline(always)]
pub(super) fn cos(x: f64) -> f64 {
    wave(x, 1)
}

/// Where [`sin`] and [`cos`] hold.
#[inline(always)]
pub(super) fn has_wave(x: f64) -> bool {
    (x < TURNS) & (x > -TURNS)
}

/// `erf(x)`, where |x| < 1.
#[inline(always)]
fn erf_near(x: f64) -> f64 {
    let z = x * x;
    x * (std::f64::consts::FRAC_2_SQRT_PI
        + z * polynomial(
            z,
            [
                -0.376_126_389_031_836_15,
                0.112_837_916_709_470_8,
                -0.026_866_170_643_499_877,
                0.005_223_977_608_934_723,
                -0.000_854_832_605_184_927_3,
                0.000_120_552_969_582_385_02,
                -1.492_477_290_755_494_2e-5,
                1.644_783_490_995_969_9e-6,
                -1.621_141_138_368_888_9e-7,
                1.373_195_015_546_737_6e-8,
                -7.816_844_283_596_342e-10,
            ],
        ))
}

/// `1 − erf(x)`, where x > 0.45.
#[inline(always)]
fn erfc_far(x: f64) -> f64 {
    let x = choose(x > 28.0, 28.0, x);
    // exp(x²) erfc(x) (1 + 2x), which is between 1 and 1.3 (Shepherd and Laframboise 1981)
    let scaled = polynomial(
        (x - 4.0) / (x + 4.0),
        [
            1.232_995_118_625_552_6,
            -0.139_621_116_840_561_55,
            0.015_379_652_102_608_757,
            0.068_097_054_254_572_76,
            -0.101_039_066_035_632_59,
            0.093_732_835_002_727_14,
            -0.066_330_365_828_082_24,
            0.037_167_515_463_813_52,
            -0.016_197_733_867_890_06,
            0.005_031_970_663_443_038,
            -0.000_757_774_595_475_833_3,
            -0.000_199_260_553_224_546_05,
            0.000_150_627_177_599_843_03,
            -2.438_549_426_943_729_7e-5,
            -1.123_653_053_218_336_8e-5,
            5.678_604_209_797_895e-6,
            3.174_791_298_768_338_7e-7,
            -7.814_002_597_534_908e-7,
            5.198_362_814_368_666_4e-8,
            7.400_968_704_764_13e-8,
            -6.867_905_158_514_422_6e-9,
        ],
    ) / (1.0 + 2.0 * x);
    // exp(−x²), of which x² would lose the digits: x = high + low, where high² is exact
    let high = f64::from_bits(x.to_bits() & 0xffff_ffff_f800_0000);
    let rest = (high - x) * (high + x);
    let correction = 1.0 + rest * (1.0 + rest * (0.5 + rest * (1.0 / 6.0)));
    exp(-(high * high)) * correction * scaled
}

/// The error function.
#[inline(always)]
pub(super) fn erf(x: f64) -> f64 {
    let size = x.abs();
    let far = 1.0 - erfc_far(size);
    choose(size < 1.0, erf_near(x), choose(x < 0.0, -far, far))
}

/// `1 − erf(x)`
#[inline(always)]
pub(super) fn erfc(x: f64) -> f64 {
    let far = erfc_far(x.abs());
    choose(x.abs() < 0.5, 1.0 - erf_near(x), choose(x < 0.0, 2.0 - far, far))
}

/// `x` to the power `p` in single precision, for a positive normal number.
#[inline(always)]
pub(super) fn pow(x: f32, p: f32) -> f32 {
    exp(f64::from(p) * ln(f64::from(x))) as f32
}
