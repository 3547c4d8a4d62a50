//! How a wrong gradient is wrong: a guess from the numbers.

use std::fmt;

use crate::shape::{Shape, product};

/// What a wrong gradient looks like beside the right one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pattern {
    /// It is not a number, or infinite.
    NotFinite,
    /// It is zero everywhere.
    Zero,
    /// It has the opposite sign.
    Sign,
    /// It is the right one times this number.
    Factor(f64),
    /// Rows and columns are exchanged.
    Transposed,
    /// Of an axis along which the argument was repeated only one position is counted.
    MissingSum,
    /// It is shifted by one position.
    OffByOne,
    /// What one element of the output contributes is left out.
    DroppedTerm,
    /// A number that depends on the argument entered the graph as a constant.
    StaleConstant,
    /// The rule is not linear: a multiple of the cotangent or tangent, or a sum of two, gives something else than the
    /// multiple or sum.
    NotLinear,
    /// The forward rule gives another derivative than the reverse rule.
    Disagrees,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::NotFinite => f.write_str("is not finite"),
            Pattern::Zero => f.write_str("is zero and the numeric one is not"),
            Pattern::Sign => f.write_str("has the opposite sign of the numeric one"),
            Pattern::Factor(c) => write!(f, "is {}× the numeric one", short(*c)),
            Pattern::Transposed => f.write_str("is transposed"),
            Pattern::MissingSum => f.write_str("misses the sum over an axis along which the argument was repeated"),
            Pattern::OffByOne => f.write_str("is shifted by one position"),
            Pattern::DroppedTerm => f.write_str("lacks what one element of the output contributes"),
            Pattern::StaleConstant => {
                f.write_str("takes a number for a constant that depends on the argument (a value that left the tape?)")
            }
            Pattern::NotLinear => f.write_str("is not linear in what it is given"),
            Pattern::Disagrees => f.write_str("disagrees with the reverse rule"),
        }
    }
}

/// A factor with as many digits as tell it from 1.
fn short(c: f64) -> String {
    let digits = if (c - 1.0).abs() < 0.1 { (1.0 - (c - 1.0).abs().log10()).clamp(2.0, 15.0) as usize } else { 3 };
    let text = format!("{c:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

/// What the guess rests on.
pub(crate) struct Evidence<'a> {
    pub(crate) shape: &'a Shape,
    /// The wrong gradient.
    pub(crate) analytic: &'a [f64],
    /// The right one, as measured.
    pub(crate) numeric: &'a [f64],
    /// How far that may be off.
    pub(crate) bars: &'a [f64],
    /// For one operation alone: what each element of its output contributes to the right gradient.
    pub(crate) terms: Option<(&'a Shape, &'a [Vec<f64>])>,
}

impl Evidence<'_> {
    /// The pattern that explains the difference, if one does.
    pub(crate) fn guess(&self) -> Option<Pattern> {
        if self.analytic.iter().any(|a| !a.is_finite()) {
            return Some(Pattern::NotFinite);
        }
        if self.analytic.iter().all(|a| *a == 0.0) {
            return Some(Pattern::Zero);
        }
        let factor = self.factor();
        if self.explains(|i| -self.numeric[i]) {
            return Some(Pattern::Sign);
        }
        if factor.is_finite() && self.explains(|i| factor * self.numeric[i]) {
            return Some(Pattern::Factor(factor));
        }
        self.transposed().or_else(|| self.shifted()).or_else(|| self.partial_sums())
    }

    /// The factor that comes nearest (least squares).
    fn factor(&self) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(self.analytic, self.numeric) / dot(self.numeric, self.numeric)
    }

    /// Whether a wrong gradient of this form leaves next to nothing of the difference.
    fn explains(&self, wrong: impl Fn(usize) -> f64) -> bool {
        let n = self.analytic.len();
        let difference = (0..n).map(|i| (self.analytic[i] - self.numeric[i]).abs()).fold(0.0, f64::max);
        (0..n).all(|i| (self.analytic[i] - wrong(i)).abs() <= (0.02 * difference).max(2.0 * self.bars[i]))
    }

    fn transposed(&self) -> Option<Pattern> {
        let r = self.shape.rank();
        if r < 2 {
            return None;
        }
        let (rows, columns) = (self.shape[r - 2], self.shape[r - 1]);
        self.explains(|i| self.numeric[transposed_position(i, rows, columns)]).then_some(Pattern::Transposed)
    }

    fn shifted(&self) -> Option<Pattern> {
        let n = self.analytic.len();
        let inner: Vec<usize> = (0..self.shape.rank()).map(|k| product(&self.shape[k + 1..])).collect();
        inner
            .into_iter()
            .any(|step| {
                self.explains(|i| self.numeric[(i + step) % n]) || self.explains(|i| self.numeric[(i + n - step) % n])
            })
            .then_some(Pattern::OffByOne)
    }

    /// Sums over a part of the output.
    fn partial_sums(&self) -> Option<Pattern> {
        let (output, terms) = self.terms?;
        let sum = |kept: &dyn Fn(usize) -> bool, i: usize| {
            terms.iter().enumerate().filter(|(k, _)| kept(*k)).map(|(_, t)| t[i]).sum::<f64>()
        };
        if self.shape != output && self.shape.broadcasts_to(output) {
            let repeated = repeated_positions(self.shape, output);
            let last = repeated.iter().copied().max().unwrap_or(0);
            for only in [0, last] {
                if self.explains(|i| sum(&|k| repeated[k] == only, i)) {
                    return Some(Pattern::MissingSum);
                }
            }
        }
        (0..terms.len()).any(|dropped| self.explains(|i| sum(&|k| k != dropped, i))).then_some(Pattern::DroppedTerm)
    }
}

/// Where the element at flat position `i` of a batch of matrices `[…, rows, columns]` would be read from if its data were
/// written in the order of the transposed matrix.
pub(crate) fn transposed_position(i: usize, rows: usize, columns: usize) -> usize {
    let (matrix, at) = (i / (rows * columns), i % (rows * columns));
    matrix * rows * columns + (at % rows) * columns + at / rows
}

/// For each element of the output, which repetition of the argument it belongs to: 0 for the first.
pub(crate) fn repeated_positions(argument: &Shape, output: &Shape) -> Vec<usize> {
    let steps = argument.steps_in(output);
    let strides = output.strides();
    (0..output.len_elements())
        .map(|flat| {
            let along = |k: usize| flat / strides[k] % output[k];
            (0..output.rank()).filter(|k| steps[*k] == 0).fold(0, |at, k| at * output[k] + along(k))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    fn guess(shape: Shape, numeric: &[f64], wrong: &[f64]) -> Option<Pattern> {
        let bars = vec![1e-10; numeric.len()];
        let right = Tensor::new(&shape, numeric.to_vec());
        Evidence { shape: &shape, analytic: wrong, numeric: right.data(), bars: &bars, terms: None }.guess()
    }

    #[test]
    fn wrong_gradients_are_recognised() {
        let n = [1.0, 2.0, -3.0, 5.0, 0.5, 7.0];
        let table: &[(&[usize], [f64; 6], Pattern)] = &[
            (&[6], [f64::NAN, 2.0, -3.0, 5.0, 0.5, 7.0], Pattern::NotFinite),
            (&[6], [0.0; 6], Pattern::Zero),
            (&[6], n.map(|x| -x), Pattern::Sign),
            (&[6], n.map(|x| x * 2.0), Pattern::Factor(2.0)),
            (&[2, 3], [1.0, 5.0, 2.0, 0.5, -3.0, 7.0], Pattern::Transposed),
            (&[6], [7.0, 1.0, 2.0, -3.0, 5.0, 0.5], Pattern::OffByOne),
            (&[3, 2], [-3.0, 5.0, 0.5, 7.0, 1.0, 2.0], Pattern::OffByOne),
        ];
        let mut failures = String::new();
        for (shape, wrong, expected) in table {
            let found = guess(Shape::from(*shape), &n, wrong);
            let same = match (found, expected) {
                (Some(Pattern::Factor(a)), Pattern::Factor(b)) => (a - b).abs() < 1e-9,
                (found, expected) => found == Some(*expected),
            };
            if !same {
                failures += &format!("{expected:?}: {found:?}\n");
            }
        }
        assert!(failures.is_empty(), "\n{failures}");
        assert_eq!(guess(Shape::from(6), &n, &[1.0, 2.0, 9.0, 5.0, 0.3, -7.0]), None);
    }

    #[test]
    fn factors_show_the_digits_that_matter() {
        assert_eq!(short(2.0), "2");
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(-3.25), "-3.25");
        assert_eq!(short(1.000_001), "1.000001");
    }
}
