//! The handwritten digits of UCI.
//!
//! E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998. The
//! file is scikit-learn's (BSD-3-Clause: `data/LICENSE.scikit-learn`): a line for each image, its 64 pixels row by row
//! and then the digit.

use std::io::Read;

use flate2::read::GzDecoder;
use wengert_tape::{Float, Tensor};

use super::Dataset;

static FILE: &[u8] = include_bytes!("../../data/digits.csv.gz");

/// 1,797 scanned digits: images `[1, 8, 8]` with pixels from 0 (paper) to 16 (ink), and the classes 0 to 9. They are part
/// of this crate; nothing is read from a disk.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let digits = digits::<f32>();
/// assert_eq!((digits.len(), digits.inputs().shape()), (1797, &[1797, 1, 8, 8].into()));
/// ```
pub fn digits<F: Float>() -> Dataset<F> {
    let mut text = String::new();
    // The file was compiled in: what it holds does not depend on the machine that runs this.
    GzDecoder::new(FILE).read_to_string(&mut text).unwrap_or_else(|e| unreachable!("digits.csv.gz: {e}"));
    let (mut pixels, mut classes) = (Vec::with_capacity(1797 * 64), Vec::with_capacity(1797));
    for line in text.lines() {
        let mut numbers = line.split(',').map(|n| n.parse::<u8>().unwrap_or_else(|e| unreachable!("{n}: {e}")));
        pixels.extend(numbers.by_ref().take(64).map(|pixel| F::from_f64(f64::from(pixel))));
        classes.extend(numbers.map(i64::from));
    }
    let names = (0..10).map(|digit: u8| digit.to_string()).collect();
    let inputs = Tensor::new([classes.len(), 1, 8, 8], pixels);
    Dataset::of_classes(inputs, classes.into(), names).unwrap_or_else(|e| unreachable!("{e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The set's own documentation counts the digits and bounds the pixels.
    #[test]
    fn the_set_is_what_its_authors_say() {
        let digits = digits::<f64>();
        let count = |digit| digits.targets().data().iter().filter(|d| **d == digit).count();
        assert_eq!([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(count), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert!(digits.inputs().data().iter().all(|p| (0.0..=16.0).contains(p) && p.fract() == 0.0));
        // The first image is a zero: a ring of ink around paper.
        assert_eq!(digits.inputs().data()[..8], [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        assert_eq!(digits.targets().data()[0], 0);
    }
}
