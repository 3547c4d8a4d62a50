//! Numbers of files in the types of tensors: what does not fit is said and not bent.

use wengert_tape::Float;

/// A number in the type of a tensor.
pub(super) fn narrow<F: Float>(x: f64) -> Result<F, String> {
    let narrow = F::from_f64(x);
    match Float::to_f64(narrow).is_finite() || !x.is_finite() {
        true => Ok(narrow),
        false => Err(format!("{x:e} is beyond the largest number of type {}", F::NAME)),
    }
}

/// A whole number.
pub(super) fn whole(x: f64) -> Result<i64, String> {
    // Above, not every whole number is a float: the file may have meant another.
    const MOST: f64 = 9_007_199_254_740_992.0;
    match x.fract() == 0.0 && x.abs() <= MOST {
        true => Ok(x as i64),
        false => Err(format!("{x:?} is no whole number of at most 2^53")),
    }
}

/// A float of 16 bits: a sign, 5 bits of exponent, 10 of mantissa.
pub(crate) fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => mantissa * 2.0_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + mantissa / 1024.0) * 2.0_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// A float of 16 bits of which 8 are exponent: the upper half of one of 32.
pub(crate) fn brain(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IEEE 754: the largest, the smallest, one, minus two, and a third as it is rounded.
    #[test]
    fn floats_of_16_bits() {
        let halves =
            [(0x7bff, 65504.0), (0x0001, 2.0_f64.powi(-24)), (0x3c00, 1.0), (0xc000, -2.0), (0x3555, 1365.0 / 4096.0)];
        halves.into_iter().for_each(|(bits, x)| assert_eq!(half(bits), x));
        let brains = [(0x3f80, 1.0), (0xc000, -2.0), (0x3eab, 171.0 / 512.0), (0x7f80, f64::INFINITY)];
        brains.into_iter().for_each(|(bits, x)| assert_eq!(brain(bits), x));
        assert!(half(0x7e00).is_nan() && brain(0x7fc0).is_nan());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(narrow::<f32>(1e308).unwrap_err(), "1e308 is beyond the largest number of type f32");
        assert_eq!(narrow::<f32>(f64::INFINITY), Ok(f32::INFINITY));
        assert_eq!(whole(-7.0), Ok(-7));
        for (x, text) in [(1.5, "1.5"), (f64::NAN, "NaN"), (1e300, "1e300"), (f64::INFINITY, "inf")] {
            assert_eq!(whole(x).unwrap_err(), format!("{text} is no whole number of at most 2^53"));
        }
    }
}
