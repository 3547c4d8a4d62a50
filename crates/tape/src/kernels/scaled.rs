//! Products of many numbers, of which neither the whole nor a part overflows or vanishes before its time.
use crate::tensor::float::power_of_two;

/// Digits in `f64` times a power of two, `digits · 2^exponent`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scaled {
    digits: f64,
    exponent: i64,
}

/// Digits are kept between 2⁻⁵⁰⁰ and 2⁵⁰⁰, so that a product of two is a number.
const LARGE: f64 = f64::from_bits((1023 + 500) << 52);

impl Scaled {
    pub(crate) const ONE: Scaled = Scaled { digits: 1.0, exponent: 0 };

    pub(crate) fn new(x: f64) -> Self {
        let size = x.abs();
        if size == 0.0 || (1.0 / LARGE..=LARGE).contains(&size) || !size.is_finite() {
            return Scaled { digits: x, exponent: 0 };
        }
        let unit = power_of_two(size);
        Scaled { digits: x / unit, exponent: i64::from(unit.log2() as i32) }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        let product = Scaled::new(self.digits * other.digits);
        Scaled { digits: product.digits, exponent: self.exponent + other.exponent + product.exponent }
    }

    /// The nearest number.
    pub(crate) fn value(self) -> f64 {
        // Beyond these, every number is 0 or infinite.
        let mut left = self.exponent.clamp(-3000, 3000) as i32;
        let mut value = self.digits;
        while left != 0 {
            let step = left.clamp(-1000, 1000);
            value *= f64::powi(2.0, step);
            left -= step;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_as_large_as_they_are_and_not_as_their_parts() {
        let product = |x: &[f64]| x.iter().fold(Scaled::ONE, |y, x| y.times(Scaled::new(*x))).value();
        let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        near(product(&[1e200, 1e200, 1e-200, 1e-200]), 1.0);
        near(product(&[1e-300, -1e-300, 1e300, 1e300, 7.0]), -7.0);
        // (3/2 · 2/3)ⁿ, halves apart
        near(product(&[vec![1.5; 4000], vec![1.0 / 1.5; 4000]].concat()), 1.0);
        assert_eq!(product(&[0.0, 1e200, 1e200]), 0.0);
        assert_eq!(product(&[-1e200, 1e200]), f64::NEG_INFINITY);
        assert_eq!(product(&[1e-200, 1e-200]), 0.0);
        assert_eq!(product(&[f64::MIN_POSITIVE / 4.0, 4.0]), f64::MIN_POSITIVE);
        assert!(product(&[0.0, f64::INFINITY]).is_nan());
    }
}
