//! Inputs with what is wanted for each.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::Rng;
use rand::seq::SliceRandom;
use wengert_tape::{Element, Float, Shape, Tensor};

use super::{Batches, Samples};
use crate::error::Error;

/// Samples: inputs of shape `[n, …]`, and as many targets. Targets are classes (`i64`, of shape `[n]`), or numbers of
/// shape `[n, …]`; inputs are numbers, or positions such as letters of texts (`Dataset<i64, i64>`). What has more parts is a
/// tuple of tensors: [`Samples`].
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let rng = &mut generator(1);
/// let split = digits::<f32>().split_stratified(0.25, rng);
/// assert_eq!((split.train().len(), split.test().len()), (1348, 449));
/// for (x, y) in split.train().batches(10).shuffled(rng) {
///     assert_eq!((x.shape()[0], x.shape()[1..].to_vec()), (y.len(), vec![1, 8, 8]));
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<F: Element = f32, T: Element = i64> {
    inputs: Tensor<F>,
    targets: Tensor<T>,
    names: Vec<String>,
}

impl<F: Element, T: Element> Dataset<F, T> {
    /// Samples with numbers as targets; [`of_classes`](Dataset::of_classes) is for classes.
    ///
    /// # Errors
    /// If there is not a target for each input.
    pub fn new(inputs: Tensor<F>, targets: Tensor<T>) -> Result<Self, Error> {
        let (n, m) = (inputs.shape().first(), targets.shape().first());
        if n.is_none() || n != m {
            let message =
                format!("inputs {} and targets {} differ in their first axis", inputs.shape(), targets.shape());
            return Err(Error::shape("data set", message));
        }
        Ok(Dataset { inputs, targets, names: Vec::new() })
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.targets.shape()[0]
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs, `[n, …]`.
    pub fn inputs(&self) -> &Tensor<F> {
        &self.inputs
    }

    /// The targets, `[n]` or `[n, …]`.
    pub fn targets(&self) -> &Tensor<T> {
        &self.targets
    }

    /// The names of the classes; none where targets are numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The shape of one input.
    pub fn input_shape(&self) -> Shape {
        Shape::from(&self.inputs.shape()[1..])
    }

    /// The samples at these positions, copied.
    ///
    /// # Panics
    /// If there is no such sample.
    #[track_caller]
    pub fn rows(&self, rows: &[usize]) -> Self {
        let rows = || rows.iter().copied();
        Dataset { inputs: self.inputs.rows(rows()), targets: self.targets.rows(rows()), names: self.names.clone() }
    }

    /// The samples at these positions, one after another.
    ///
    /// # Panics
    /// If there is no such sample.
    #[track_caller]
    pub fn range(&self, range: Range<usize>) -> Self {
        self.rows(&range.collect::<Vec<usize>>())
    }

    /// These samples and then others of the same shapes.
    ///
    /// # Errors
    /// If the shapes of inputs or targets, or the names of the classes, differ.
    pub fn followed_by(&self, others: &Self) -> Result<Self, Error> {
        if self.names != others.names {
            let message = format!("the classes are {:?} and {:?}", self.names, others.names);
            return Err(Error::shape("data set", message));
        }
        let inputs = together("inputs", &self.inputs, &others.inputs)?;
        let targets = together("targets", &self.targets, &others.targets)?;
        Ok(Dataset { inputs, targets, names: self.names.clone() })
    }

    /// The same samples with inputs computed from theirs, such as an [`Augmentation`](super::Augmentation).
    ///
    /// # Errors
    /// If the first axis changes.
    pub fn with_inputs(&self, inputs: Tensor<F>) -> Result<Self, Error> {
        Ok(Dataset { names: self.names.clone(), ..Dataset::new(inputs, self.targets.clone())? })
    }

    /// The samples in parts of these shares, drawn at random: for training, validation and testing.
    ///
    /// # Errors
    /// If a share is negative, or their sum is not 1.
    ///
    /// # Examples
    /// ```
    /// use wengert_nn::prelude::*;
    /// let parts = digits::<f32>().parts(&[0.6, 0.2, 0.2], &mut generator(1))?;
    /// assert_eq!(parts.iter().map(Dataset::len).collect::<Vec<_>>(), [1078, 360, 359]);
    /// # Ok::<(), wengert_nn::Error>(())
    /// ```
    pub fn parts(&self, shares: &[f64], rng: &mut (impl Rng + ?Sized)) -> Result<Vec<Self>, Error> {
        self.parts_within(vec![(0..self.len()).collect()], shares, rng)
    }

    /// Parts of each group in the same proportions: in each, a part differs from its share by less than one sample. Which
    /// parts get those that rounding down leaves is what the groups before left owing, so that the parts as a whole have
    /// their shares too.
    fn parts_within(
        &self,
        groups: Vec<Vec<usize>>,
        shares: &[f64],
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Vec<Self>, Error> {
        let sum: f64 = shares.iter().sum();
        if shares.iter().any(|share| !(*share >= 0.0)) || (sum - 1.0).abs() > 1e-9 {
            return Err(Error::shape("parts", format!("the shares {shares:?} are not positive with a sum of 1")));
        }
        let mut parts = vec![Vec::new(); shares.len()];
        let mut owing = vec![0.0; shares.len()];
        for mut group in groups {
            group.shuffle(rng);
            let mut rest = &group[..];
            for (count, part) in apportion(group.len(), shares, &mut owing).into_iter().zip(&mut parts) {
                let (taken, left) = rest.split_at(count.min(rest.len()));
                part.extend_from_slice(taken);
                rest = left;
            }
        }
        parts.iter_mut().for_each(|part| part.sort_unstable());
        Ok(parts.iter().map(|part| self.rows(part)).collect())
    }

    /// The same samples with each input as a row of numbers, `[n, m]`.
    pub fn flattened(&self) -> Self {
        let row = self.input_shape().len_elements();
        Dataset { inputs: self.inputs.reshape([self.len(), row]), ..self.clone() }
    }

    /// A share of the samples, drawn at random, for testing, and the others for training.
    ///
    /// # Panics
    /// If the share is not between 0 and 1.
    #[track_caller]
    pub fn split(&self, test_share: f64, rng: &mut (impl Rng + ?Sized)) -> Split<F, T> {
        self.split_within(&[(0..self.len()).collect()], test_share, rng)
    }

    /// The samples in mini-batches, in order; [`shuffled`](Batches::shuffled) draws another order.
    ///
    /// # Panics
    /// If the size is 0.
    #[track_caller]
    pub fn batches(&self, size: usize) -> Batches<'_, Self> {
        Samples::batches(self, size)
    }

    /// Splits each group in the same proportion. The number of all test samples is the share of all, rounded; the
    /// groups with the largest remainders get what rounding down leaves.
    #[track_caller]
    fn split_within(&self, groups: &[Vec<usize>], share: f64, rng: &mut (impl Rng + ?Sized)) -> Split<F, T> {
        assert!((0.0..=1.0).contains(&share), "split: a share of {share} is not between 0 and 1");
        let exact = |group: &Vec<usize>| group.len() as f64 * share;
        let mut counts: Vec<usize> = groups.iter().map(|g| exact(g) as usize).collect();
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|a, b| exact(&groups[*b]).fract().total_cmp(&exact(&groups[*a]).fract()));
        let all = (self.len() as f64 * share).round() as usize;
        let left = all.saturating_sub(counts.iter().sum());
        order.iter().filter(|k| exact(&groups[**k]).fract() > 0.0).take(left).for_each(|k| counts[*k] += 1);
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for (group, count) in groups.iter().zip(counts) {
            let mut group = group.clone();
            group.shuffle(rng);
            test.extend_from_slice(&group[..count]);
            train.extend_from_slice(&group[count..]);
        }
        train.sort_unstable();
        test.sort_unstable();
        Split { train: self.rows(&train), test: self.rows(&test) }
    }
}

impl<F: Element> Dataset<F, i64> {
    /// Samples of named classes: class `k` is `names[k]`.
    ///
    /// # Errors
    /// If there is not a class for each input, or one has no name.
    pub fn of_classes(inputs: Tensor<F>, classes: Tensor<i64>, names: Vec<String>) -> Result<Self, Error> {
        if let Some(class) = classes.data().iter().find(|k| !(0..names.len() as i64).contains(k)) {
            return Err(Error::shape("data set", format!("class {class} beside {} names", names.len())));
        }
        Ok(Dataset { names, ..Dataset::new(inputs, classes)? })
    }

    /// A share of the samples of each class, drawn at random, for testing, and the others for training.
    ///
    /// # Panics
    /// If the share is not between 0 and 1.
    #[track_caller]
    pub fn split_stratified(&self, test_share: f64, rng: &mut (impl Rng + ?Sized)) -> Split<F, i64> {
        self.split_within(&self.by_class(), test_share, rng)
    }

    /// The samples of each class in parts of these shares, drawn at random.
    ///
    /// # Errors
    /// If a share is negative, or their sum is not 1.
    pub fn parts_stratified(&self, shares: &[f64], rng: &mut (impl Rng + ?Sized)) -> Result<Vec<Self>, Error> {
        self.parts_within(self.by_class(), shares, rng)
    }

    /// The positions of the samples of each class, whether classes have names or not.
    fn by_class(&self) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        // Of targets of several numbers each, the first is the class.
        let classes = self.targets.data().chunks_exact((self.targets.len() / self.len().max(1)).max(1));
        classes.enumerate().for_each(|(row, class)| groups.entry(class[0]).or_default().push(row));
        groups.into_values().collect()
    }

    /// The same samples with each class `k` as a row of zeros with a 1 at place `k`, as squared errors want it. Where classes
    /// have no names, there are as many as the largest says.
    ///
    /// # Panics
    /// If a class is negative.
    #[track_caller]
    pub fn one_hot(&self) -> Dataset<F, F>
    where
        F: Float,
    {
        let largest = self.targets.data().iter().max().map_or(0, |class| usize::try_from(class + 1).unwrap_or(0));
        let targets = self.targets.one_hot(self.names.len().max(largest));
        Dataset { inputs: self.inputs.clone(), targets, names: self.names.clone() }
    }
}

/// How many of `samples` each part gets: its share rounded down, and one more for those parts that are owed most, which is
/// noted for the groups to come.
fn apportion(samples: usize, shares: &[f64], owing: &mut [f64]) -> Vec<usize> {
    // What is a whole number but for rounding is one.
    let floor = |exact: f64| if exact.round() - exact < 1e-9 { exact.round() } else { exact.floor() };
    let exact: Vec<f64> = shares.iter().map(|share| share * samples as f64).collect();
    let mut counts: Vec<usize> = exact.iter().map(|exact| floor(*exact) as usize).collect();
    owing.iter_mut().zip(&exact).zip(&counts).for_each(|((owing, exact), count)| *owing += exact - *count as f64);
    let mut order: Vec<usize> = (0..shares.len()).filter(|k| exact[*k] - counts[*k] as f64 > 1e-9).collect();
    // Sums of shares that are equal but for rounding are equal: the first of them comes first.
    let owed = |k: &usize| (owing[*k] * 1e9).round();
    order.sort_by(|a, b| owed(b).total_cmp(&owed(a)));
    order.truncate(samples.saturating_sub(counts.iter().sum()));
    for k in order {
        counts[k] += 1;
        owing[k] -= 1.0;
    }
    counts
}

/// The rows of one tensor and then those of another.
fn together<E: Element>(what: &str, a: &Tensor<E>, b: &Tensor<E>) -> Result<Tensor<E>, Error> {
    if a.rank() == 0 || a.shape().get(1..) != b.shape().get(1..) {
        return Err(Error::shape(
            "data set",
            format!("{what} {} and {} do not follow each other", a.shape(), b.shape()),
        ));
    }
    let rows = a.shape()[0] + b.shape()[0];
    Ok(Tensor::new(a.shape().with(0, rows), [a.data(), b.data()].concat()))
}

/// Samples to train on, and others to test with.
///
/// # Examples
/// ```
/// use wengert_nn::prelude::*;
/// let split: Split = moons::<f32>(100, 0.1, &mut generator(1)).split(0.2, &mut generator(2));
/// assert_eq!((split.train().len(), split.test().len()), (80, 20));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Split<F: Element = f32, T: Element = i64> {
    train: Dataset<F, T>,
    test: Dataset<F, T>,
}

impl<F: Element, T: Element> Split<F, T> {
    /// The samples to train on.
    pub fn train(&self) -> &Dataset<F, T> {
        &self.train
    }

    /// The samples to test with.
    pub fn test(&self) -> &Dataset<F, T> {
        &self.test
    }
}
