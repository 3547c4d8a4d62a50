//! The numbers of a page, in one run of bytes.

use wengert_tape::{Any, Float, Tensor, Value};

/// A tensor of more elements is not on the page.
const MOST: usize = 1 << 20;

/// All numbers, each as `f64`: exact for every float type, and NaN, infinities and −0 as they are.
#[derive(Default)]
pub(super) struct Pool {
    numbers: Vec<f64>,
}

impl Pool {
    /// Where the number stands.
    pub(super) fn number(&mut self, x: f64) -> usize {
        self.numbers.push(x);
        self.numbers.len() - 1
    }

    /// Where the first element stands; `None` for a tensor that is too large.
    pub(super) fn tensor<F: Float>(&mut self, tensor: &Tensor<F>) -> Option<usize> {
        self.numbers_of(tensor.data().iter().map(|x| Float::to_f64(*x)))
    }

    /// The same of a value of any kind: positions, and 1 for what is true.
    pub(super) fn value<F: Float>(&mut self, value: &Value<F>) -> Option<usize> {
        match value {
            Any::Real(tensor) => self.tensor(tensor),
            Any::Index(tensor) => self.numbers_of(tensor.data().iter().map(|i| *i as f64)),
            Any::Mask(tensor) => self.numbers_of(tensor.data().iter().map(|holds| f64::from(u8::from(*holds)))),
        }
    }

    fn numbers_of(&mut self, numbers: impl ExactSizeIterator<Item = f64>) -> Option<usize> {
        let at = self.numbers.len();
        (numbers.len() <= MOST).then(|| self.numbers.extend(numbers))?;
        Some(at)
    }

    /// The bytes, least significant first, in base64.
    pub(super) fn base64(&self) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bytes: Vec<u8> = self.numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut text = String::with_capacity(bytes.len() / 3 * 4 + 4);
        for three in bytes.chunks(3) {
            let whole = three.iter().fold(0u32, |whole, byte| whole << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for k in 0..4 {
                let digit = DIGITS[(whole >> (18 - 6 * k) & 63) as usize];
                text.push(if k <= three.len() { char::from(digit) } else { '=' });
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648, section 10, of eight bytes; and 1.0, whose last bytes are f0 3f.
    #[test]
    fn bytes_are_written_in_base64() {
        let text = |x: f64| {
            let mut pool = Pool::default();
            pool.number(x);
            pool.base64()
        };
        assert_eq!(text(f64::from_le_bytes(*b"foobarfo")), "Zm9vYmFyZm8=");
        assert_eq!(text(1.0), "AAAAAAAA8D8=");
        let mut pool = Pool::default();
        for _ in 0..2 {
            pool.number(f64::from_le_bytes(*b"foobarfo"));
        }
        assert_eq!(pool.base64(), "Zm9vYmFyZm9mb29iYXJmbw==");
    }
}
