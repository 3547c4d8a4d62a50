//! How well a model does, in numbers that people read.

use std::fmt;

use wengert_tape::prelude::*;

use crate::error::Error;

/// The share of samples whose largest output is that of their class. Outputs of which one is NaN are no answer, and count as
/// wrong.
///
/// # Panics
/// If the outputs are not `[batch, classes]` with a class for each sample.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let outputs = Tensor::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.4]]);
/// assert_eq!(accuracy(&outputs, &Tensor::from([1, 0, 0])), 2.0 / 3.0);
/// ```
#[track_caller]
pub fn accuracy<F: Float>(outputs: &Tensor<F>, classes: &Tensor<i64>) -> f64 {
    let fits = outputs.shape().split_last().is_some_and(|(n, rows)| *n > 0 && *rows == **classes.shape());
    assert!(fits, "accuracy: outputs {} for {}", outputs.shape(), classes.shape());
    let predicted = outputs.arg_max(-1);
    let answered = outputs.data().chunks_exact(*outputs.shape().last().unwrap_or(&1)).map(is_answer);
    share(predicted.data().iter().zip(classes.data()).zip(answered).map(|((a, b), answered)| answered && a == b))
}

fn is_answer<F: Float>(outputs: &[F]) -> bool {
    !outputs.iter().any(|x| x.is_nan())
}

/// The share of outputs that lie on the same side of ½ as their targets, which are 0 or 1. NaN lies on neither.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn binary_accuracy<F: Float>(outputs: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    assert!(outputs.shape() == targets.shape(), "binary_accuracy: outputs {} for {}", outputs.shape(), targets.shape());
    let half = F::from_f64(0.5);
    let is_right = |(a, y): (&F, &F)| is_answer(&[*a, *y]) && (*a > half) == (*y > half);
    share(outputs.data().iter().zip(targets.data()).map(is_right))
}

/// The share of samples whose class is among the `k` largest outputs. Outputs of which one is NaN are no answer, and count as
/// wrong.
///
/// # Panics
/// If the outputs are not `[batch, classes]` with a class for each sample that is one of them.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let outputs = Tensor::from([[0.1, 0.9, 0.5], [0.8, 0.2, 0.3], [0.3, 0.4, 0.2]]);
/// assert_eq!(top_k_accuracy(2, &outputs, &Tensor::from([2, 1, 0])), 2.0 / 3.0);
/// ```
#[track_caller]
pub fn top_k_accuracy<F: Float>(k: usize, outputs: &Tensor<F>, classes: &Tensor<i64>) -> f64 {
    let fits = outputs.rank() == 2 && **classes.shape() == outputs.shape()[..1];
    assert!(fits, "top_k_accuracy: outputs {} for {}", outputs.shape(), classes.shape());
    let rows = outputs.data().chunks_exact(outputs.shape()[1].max(1)).zip(classes.data());
    let number = outputs.shape()[1];
    let wrong = classes.data().iter().find(|class| !(0..number as i64).contains(class));
    assert!(wrong.is_none(), "top_k_accuracy: class {} of {number}", wrong.unwrap_or(&0));
    // As many outputs are before the class's as are larger, or as large and to the left.
    let is_before = |row: &[F], class: usize, (j, y): (usize, &F)| *y > row[class] || *y == row[class] && j < class;
    share(rows.map(|(row, class)| {
        let class = *class as usize;
        let before = row.iter().enumerate().filter(|other| is_before(row, class, *other)).count();
        before < k && is_answer(row)
    }))
}

/// The mean of |a − y| over all elements.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mean_absolute_error<F: Float>(outputs: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    mean_of("mean_absolute_error", outputs, targets, f64::abs)
}

/// The mean of (a − y)² over all elements; its root is in the unit of the targets.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mean_squared_error<F: Float>(outputs: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    mean_of("mean_squared_error", outputs, targets, |d| d * d)
}

/// The share of the targets' variance that the outputs explain: 1 − Σ (a − y)² / Σ (y − ȳ)². It is 1 for a perfect model, 0
/// for one that always says the mean, and below 0 for a worse one.
///
/// It belongs to all samples together: it is not the mean over batches of what it is for each.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let targets = Tensor::from([1.0, 2.0, 3.0]);
/// assert_eq!(r_squared(&targets, &targets), 1.0);
/// assert_eq!(r_squared(&Tensor::from([2.0, 2.0, 2.0]), &targets), 0.0);
/// assert_eq!(mean_absolute_error(&Tensor::from([2.0, 2.0, 2.0]), &targets), 2.0 / 3.0);
/// ```
#[track_caller]
pub fn r_squared<F: Float>(outputs: &Tensor<F>, targets: &Tensor<F>) -> f64 {
    let n = targets.len() as f64;
    let numbers = || targets.data().iter().map(|y| Float::to_f64(*y));
    let mean = numbers().map(|y| y / n).sum::<f64>();
    // In units of the largest distance, whose square may be no number.
    let unit = numbers().map(|y| (y - mean).abs()).fold(0.0, f64::max);
    let unit = if unit > 0.0 && unit.is_finite() { unit } else { 1.0 };
    let variance = numbers().map(|y| ((y - mean) / unit).powi(2)).sum::<f64>() / n;
    1.0 - mean_of("r_squared", outputs, targets, |d| (d / unit).powi(2)) / variance
}

#[track_caller]
fn mean_of<F: Float>(name: &str, outputs: &Tensor<F>, targets: &Tensor<F>, f: impl Fn(f64) -> f64) -> f64 {
    assert!(outputs.shape() == targets.shape(), "{name}: outputs {} for {}", outputs.shape(), targets.shape());
    let differences = outputs.data().iter().zip(targets.data()).map(|(a, y)| Float::to_f64(*a) - Float::to_f64(*y));
    differences.map(f).sum::<f64>() / outputs.len() as f64
}

fn share(hits: impl ExactSizeIterator<Item = bool>) -> f64 {
    let all = hits.len();
    hits.filter(|hit| *hit).count() as f64 / all as f64
}

/// Which classes are taken for which: a row for each true class, a column for each answer.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let names = ["cat".to_string(), "dog".to_string()];
/// let confusion = Confusion::of(&names, &Tensor::from([0, 0, 1]), &Tensor::from([0, 1, 1]))?;
/// assert_eq!((confusion.count(0, 1), confusion.accuracy()), (1, 2.0 / 3.0));
/// println!("{confusion}");
/// # Ok::<(), wengert_nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    names: Vec<String>,
    counts: Vec<usize>,
}

impl Confusion {
    /// The table of true classes and answers.
    ///
    /// # Errors
    /// If there is not an answer for each sample, or a class has no name.
    pub fn of(names: &[String], classes: &Tensor<i64>, answers: &Tensor<i64>) -> Result<Self, Error> {
        let error = |message: String| Err(Error::shape("confusion", message));
        if classes.shape() != answers.shape() {
            return error(format!("{} classes and {} answers", classes.len(), answers.len()));
        }
        let mut table = Confusion { names: names.to_vec(), counts: vec![0; names.len() * names.len()] };
        for (class, answer) in classes.data().iter().zip(answers.data()) {
            let inside = |k: &i64| usize::try_from(*k).ok().filter(|k| *k < names.len());
            match (inside(class), inside(answer)) {
                (Some(class), Some(answer)) => table.counts[class * names.len() + answer] += 1,
                _ => return error(format!("class {class} or answer {answer} beside {} names", names.len())),
            }
        }
        Ok(table)
    }

    /// The table of true classes and of what a model says: the position of the largest of a row of outputs.
    ///
    /// # Errors
    /// If the outputs are not `[samples, classes]` with a class for each sample and a name for each class, or one is NaN: of
    /// such a row there is no answer.
    pub fn of_outputs<F: Float>(names: &[String], classes: &Tensor<i64>, outputs: &Tensor<F>) -> Result<Self, Error> {
        let error = |message: String| Err(Error::shape("confusion", message));
        let fits = outputs.rank() == 2 && **classes.shape() == outputs.shape()[..1] && outputs.shape()[1] > 0;
        if !fits {
            return error(format!("outputs {} for {}", outputs.shape(), classes.shape()));
        }
        if let Some(row) = outputs.data().chunks_exact(outputs.shape()[1]).position(|row| !is_answer(row)) {
            return error(format!("the outputs of sample {row} hold NaN, which is no answer"));
        }
        Self::of(names, classes, &outputs.arg_max(-1))
    }

    /// How many samples of a class got an answer.
    ///
    /// # Panics
    /// If there is no such class or answer.
    #[track_caller]
    pub fn count(&self, class: usize, answer: usize) -> usize {
        let names = self.names.len();
        assert!(class < names && answer < names, "confusion: class {class}, answer {answer} of {names}");
        self.counts[class * self.names.len() + answer]
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Of the samples that got this answer, the share of which it is the class; NaN if none got it.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        let all: usize = (0..self.names.len()).map(|of| self.count(of, class)).sum();
        self.count(class, class) as f64 / all as f64
    }

    /// Of the samples of this class, the share that got it as answer; NaN if there are none.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        let all: usize = (0..self.names.len()).map(|answer| self.count(class, answer)).sum();
        self.count(class, class) as f64 / all as f64
    }

    /// The harmonic mean of precision and recall, `2 right / (2 right + wrongly this + wrongly another)`; NaN if there is
    /// neither a sample nor an answer of this class.
    ///
    /// # Panics
    /// If there is no such class.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let names = ["cat".to_string(), "dog".to_string()];
    /// let table = Confusion::of(&names, &Tensor::from([0, 0, 0, 1]), &Tensor::from([0, 1, 1, 1]))?;
    /// assert_eq!((table.precision(1), table.recall(1), table.f1(1)), (1.0 / 3.0, 1.0, 0.5));
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        let with = (0..self.names.len()).map(|k| self.count(k, class) + self.count(class, k)).sum::<usize>();
        2.0 * self.count(class, class) as f64 / with as f64
    }

    /// The share of right answers.
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.names.len()).map(|k| self.count(k, k)).sum();
        right as f64 / self.samples() as f64
    }
}

impl fmt::Display for Confusion {
    /// A table with a row for each true class, its last column the share of right answers in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.names.len();
        let count = |k: usize| self.counts[k].to_string().len();
        let width = self.names.iter().map(|name| name.chars().count()).chain((0..n * n).map(count)).max().unwrap_or(1);
        write!(f, "{:width$} |", "")?;
        self.names.iter().try_for_each(|name| write!(f, " {name:>width$}"))?;
        write!(f, " | right")?;
        for (class, name) in self.names.iter().enumerate() {
            write!(f, "\n{name:>width$} |")?;
            for answer in 0..n {
                match self.count(class, answer) {
                    0 => write!(f, " {:>width$}", "·")?,
                    count => write!(f, " {count:>width$}")?,
                }
            }
            let all: usize = (0..n).map(|answer| self.count(class, answer)).sum();
            match all {
                0 => write!(f, " |     –")?,
                all => write!(f, " | {:>3.0} %", 100.0 * self.count(class, class) as f64 / all as f64)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let names = ["a".to_string(), "bc".to_string()];
        let classes = Tensor::from([0, 0, 0, 1]);
        let table = Confusion::of(&names, &classes, &Tensor::from([0, 0, 1, 1])).unwrap();
        assert_eq!(table.to_string(), "   |  a bc | right\n a |  2  1 |  67 %\nbc |  ·  1 | 100 %");
        let message = Confusion::of(&names, &classes, &Tensor::from([0, 0, 1, 2])).unwrap_err().to_string();
        assert_eq!(message, "confusion: class 1 or answer 2 beside 2 names");
    }

    #[test]
    fn a_share_of_the_variance_has_no_unit() {
        for unit in [1e-300, 1e-200, 1.0, 1e200, 1e300] {
            let numbers = |x: [f64; 4]| Tensor::from(x.map(|x| x * unit));
            // 1 − (¼ + ¼) / (9/4 + 1/4 + 1/4 + 9/4)
            let share = r_squared(&numbers([0.5, 2.0, 3.0, 4.5]), &numbers([1.0, 2.0, 3.0, 4.0]));
            assert!((share - 0.9).abs() < 1e-14, "{share} at {unit}");
        }
    }

    #[test]
    fn a_nan_is_no_hit() {
        let outputs = Tensor::from([[f64::NAN], [0.9], [0.2]]);
        assert_eq!(binary_accuracy(&outputs, &Tensor::from([[1.0], [1.0], [1.0]])), 1.0 / 3.0);
        assert_eq!(binary_accuracy(&outputs, &Tensor::from([[0.0], [1.0], [0.0]])), 2.0 / 3.0);
        // In the place of the class, beside it, before it and behind it.
        for nan in 0..3 {
            let mut row = vec![0.1, 0.9, 0.2];
            row[nan] = f64::NAN;
            let outputs = Tensor::new([1, 3], row);
            for class in 0..3 {
                let classes = Tensor::from([class]);
                assert_eq!(accuracy(&outputs, &classes), 0.0, "NaN at {nan}, class {class}");
                assert_eq!(top_k_accuracy(3, &outputs, &classes), 0.0, "NaN at {nan}, class {class}");
            }
            let names = ["a", "b", "c"].map(String::from);
            let message = Confusion::of_outputs(&names, &Tensor::from([1]), &outputs).unwrap_err().to_string();
            assert_eq!(message, "confusion: the outputs of sample 0 hold NaN, which is no answer");
        }
    }
}
