//! What a formula for vectors needs of a float type: its constants, and its bits.

use crate::tensor::float::Float;

/// A number in one lane of a vector.
///
/// Every method is a few instructions without a branch, so that a loop over a slice becomes vector instructions of whatever width
/// the processor has. The coefficients are those of `scripts/minimax.py`.
pub(crate) trait Lane: Float {
    /// `1.5·2ᵐ` with m bits behind the leading one: a whole number that is added to it stands in its last bits.
    const MAGIC: Self;
    /// `1 / ln 2`
    const PER_LN_2: Self;
    /// The first bits of ln 2, so few that a whole number times it is exact, and the rest.
    const LN_2_PARTS: [Self; 2];
    /// From where on exp is infinite, and 0.
    const EXP_ENDS: [Self; 2];
    /// From where on `exp(x)`, and `exp(−x)`, are no longer normal numbers.
    const NORMAL_EXP: Self;

    /// `exp(r) − 1 − r` over `r²`, for |r| ≤ ½ ln 2.
    fn exp_rest(r: Self) -> Self;
    /// `ln((1 + s)/(1 − s)) − 2s` over `s³`, from `z = s²`.
    fn ln_rest(z: Self) -> Self;
    /// `tanh(x) − x` over `x³`, from `z = x² < 0.3026`.
    fn tanh_rest(z: Self) -> Self;

    /// `2ᵏ`, from `MAGIC + k`, where that is a normal number.
    fn power_of_two(magic: Self) -> Self;
    /// `k` and `m` in `[1, 2)` with `x = 2ᵏ m`, of a positive normal number.
    fn exponent_and_mantissa(x: Self) -> [Self; 2];
}

/// The polynomial with these coefficients, constant first.
#[inline(always)]
pub(super) fn polynomial<F: Lane, const N: usize>(x: F, coefficients: [F; N]) -> F {
    let mut y = coefficients[N - 1];
    for k in (0..N - 1).rev() {
        y = y * x + coefficients[k];
    }
    y
}

impl Lane for f32 {
    const MAGIC: f32 = 12_582_912.0;
    const PER_LN_2: f32 = std::f32::consts::LOG2_E;
    const LN_2_PARTS: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
    const EXP_ENDS: [f32; 2] = [89.0, -104.0];
    const NORMAL_EXP: f32 = 87.0;

    #[inline(always)]
    fn exp_rest(r: f32) -> f32 {
        polynomial(r, [0.5, 0.166_665_18, 0.041_666_206, 0.008_368_954, 0.001_395_058_1])
    }
    #[inline(always)]
    fn ln_rest(z: f32) -> f32 {
        polynomial(z, [0.666_667_76, 0.399_774_96, 0.298_730_8])
    }
    #[inline(always)]
    fn tanh_rest(z: f32) -> f32 {
        polynomial(z, [-0.333_333_2, 0.133_326_02, -0.053_853_832, 0.021_077_542, -0.006_282_034])
    }
    #[inline(always)]
    fn power_of_two(magic: f32) -> f32 {
        f32::from_bits(magic.to_bits().wrapping_add(127) << 23)
    }
    #[inline(always)]
    fn exponent_and_mantissa(x: f32) -> [f32; 2] {
        let bits = x.to_bits();
        let exponent = f32::from_bits((bits >> 23) | 0x4b00_0000) - (8_388_608.0 + 127.0);
        [exponent, f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000)]
    }
}

impl Lane for f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    const PER_LN_2: f64 = std::f64::consts::LOG2_E;
    const LN_2_PARTS: [f64; 2] = [0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10];
    const EXP_ENDS: [f64; 2] = [710.0, -746.0];
    const NORMAL_EXP: f64 = 708.0;

    #[inline(always)]
    fn exp_rest(r: f64) -> f64 {
        polynomial(
            r,
            [
                0.500_000_000_000_001_3,
                0.166_666_666_666_667,
                0.041_666_666_666_514_47,
                0.008_333_333_333_306_972,
                0.001_388_888_894_730_426_5,
                0.000_198_412_699_177_920_96,
                2.480_148_960_977_483e-5,
                2.755_721_600_909_235_4e-6,
                2.763_140_928_285_853e-7,
                2.511_793_550_593_996_5e-8,
            ],
        )
    }
    #[inline(always)]
    fn ln_rest(z: f64) -> f64 {
        polynomial(
            z,
            [
                0.666_666_666_666_673_5,
                0.399_999_999_994_119_1,
                0.285_714_287_430_986_6,
                0.222_221_984_903_032,
                0.181_835_691_306_547_25,
                0.153_139_155_986_912_36,
                0.147_974_130_945_186_05,
            ],
        )
    }
    #[inline(always)]
    fn tanh_rest(z: f64) -> f64 {
        polynomial(
            z,
            [
                -0.333_333_333_333_323_5,
                0.133_333_333_331_731_7,
                -0.053_968_253_878_103_827,
                0.021_869_486_019_793_07,
                -0.008_863_195_069_257_78,
                0.003_591_723_983_071_307_3,
                -0.001_453_236_767_756_408_5,
                0.000_579_193_296_670_025,
                -0.000_210_389_837_413_508_82,
                5.107_911_841_228_303e-5,
            ],
        )
    }
    #[inline(always)]
    fn power_of_two(magic: f64) -> f64 {
        f64::from_bits(magic.to_bits().wrapping_add(1023) << 52)
    }
    #[inline(always)]
    fn exponent_and_mantissa(x: f64) -> [f64; 2] {
        let bits = x.to_bits();
        let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
        [exponent, f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000)]
    }
}
