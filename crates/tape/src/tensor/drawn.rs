//! Tensors drawn from a generator, beside `rand` and `randn`: numbers of a normal distribution, positions, orders, choices.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::Tensor;
use crate::error::scope::called;
use crate::error::{Error, OrRaise};
use crate::shape::Shape;
use crate::tensor::ceiling::admit;
use crate::tensor::float::Float;

impl<F: Float> Tensor<F> {
    /// Numbers drawn from the normal distribution with this mean and standard deviation: PyTorch's `normal`.
    ///
    /// # Panics
    /// If the deviation is negative or NaN, or they take more than [`max_bytes`](crate::max_bytes).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// # use rand::SeedableRng;
    /// # let rng = || rand::rngs::SmallRng::seed_from_u64(1);
    /// let x = Tensor::<f64>::normal([1000], 5.0, 0.1, &mut rng());
    /// assert_eq!(x, Tensor::randn([1000], &mut rng()) * 0.1 + 5.0);
    /// ```
    #[track_caller]
    pub fn normal<R: Rng + ?Sized>(shape: impl Into<Shape>, mean: f64, deviation: f64, rng: &mut R) -> Self {
        if !(deviation >= 0.0) {
            Error::shape("normal", format!("a standard deviation of {deviation} is not from 0")).raise()
        }
        let _called = called("normal");
        let drawn = Tensor::<f64>::randn(shape, rng);
        drawn.map(|x| F::from_f64(mean + deviation * x))
    }

    /// For each number of this tensor, a probability, 1 with that probability and else 0: PyTorch's `bernoulli`.
    ///
    /// # Panics
    /// If a number is not from 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// # use rand::SeedableRng;
    /// # let rng = &mut rand::rngs::SmallRng::seed_from_u64(1);
    /// assert_eq!(Tensor::from([0.0, 1.0]).bernoulli(rng), Tensor::from([0.0, 1.0]));
    /// let share = Tensor::<f64>::full([10_000], 0.25).bernoulli(rng).mean();
    /// assert!((share.item() - 0.25).abs() < 0.02);
    /// ```
    #[track_caller]
    pub fn bernoulli<R: Rng + ?Sized>(&self, rng: &mut R) -> Self {
        if let Some(p) = self.data().iter().find(|p| !(**p >= F::zero() && **p <= F::one())) {
            Error::shape("bernoulli", format!("a probability of {p} is not from 0 to 1")).raise()
        }
        self.map(|p| if rng.random::<f64>() < Float::to_f64(p) { F::one() } else { F::zero() })
    }

    /// Positions drawn by weights: of each row of weights along the last axis so many positions, each with a probability
    /// that is its share of the row's sum. With `replacement` a position may come again, without it does not. PyTorch's
    /// `multinomial`; a language model's next letter is `chances.multinomial(1, true, rng)`.
    ///
    /// # Panics
    /// If there are no weights, one is negative or not finite, a row has too few that are not 0, or the positions take more than
    /// [`max_bytes`](crate::max_bytes).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// # use rand::SeedableRng;
    /// # let rng = &mut rand::rngs::SmallRng::seed_from_u64(1);
    /// let weights = Tensor::from([[0.0, 3.0, 0.0], [1.0, 0.0, 1.0]]);
    /// let drawn = weights.multinomial(2, true, rng);
    /// assert_eq!((drawn.shape()[..].to_vec(), &drawn.data()[..2]), (vec![2, 2], &[1, 1][..]));
    /// let order = Tensor::from([1.0, 2.0, 3.0]).multinomial(3, false, rng);
    /// assert_eq!(order.data().iter().sum::<i64>(), 0 + 1 + 2);
    /// ```
    #[track_caller]
    pub fn multinomial<R: Rng + ?Sized>(&self, samples: usize, replacement: bool, rng: &mut R) -> Tensor<i64> {
        let error = |message: String| -> ! { Error::shape("multinomial", message).raise() };
        let Some(width) = self.shape().last().copied().filter(|width| *width > 0) else {
            error(format!("rows of weights are needed, not a tensor of shape {}", self.shape()))
        };
        if let Some(w) = self.data().iter().find(|w| !(**w >= F::zero() && w.is_finite())) {
            error(format!("a weight of {w} is not from 0, or not finite"))
        }
        let rows = &self.shape()[..self.rank() - 1];
        let shape: Shape = rows.iter().copied().chain([samples]).collect();
        admit("multinomial", &shape, size_of::<i64>()).or_raise();
        let mut drawn = Vec::with_capacity(shape.len_elements());
        for row in self.data().chunks_exact(width) {
            let mut weights: Vec<f64> = row.iter().map(|w| Float::to_f64(*w)).collect();
            let possible = weights.iter().filter(|w| **w > 0.0).count();
            let needed = if replacement { samples.min(1) } else { samples };
            if possible < needed {
                error(format!("{needed} positions of a row of {width} with {possible} weights that are not 0"))
            }
            for _ in 0..samples {
                let position = drawn_by(&weights, rng.random());
                if !replacement {
                    weights[position] = 0.0;
                }
                drawn.push(position as i64);
            }
        }
        Tensor::try_new(shape, drawn).or_raise()
    }
}

/// The position at the share `u` of the sum of weights, of which one is not 0.
fn drawn_by(weights: &[f64], u: f64) -> usize {
    // In the measure of the largest, so that no sum is too large.
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let mut left = u * weights.iter().map(|w| w / largest).sum::<f64>();
    let mut last = 0;
    for (position, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = position;
        left -= weight / largest;
        if left < 0.0 {
            break;
        }
    }
    last
}

impl Tensor<i64> {
    /// Whole numbers drawn uniformly from a range: PyTorch's `randint`.
    ///
    /// # Panics
    /// If the range is empty, or they take more than [`max_bytes`](crate::max_bytes).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// # use rand::SeedableRng;
    /// # let rng = &mut rand::rngs::SmallRng::seed_from_u64(1);
    /// let dice = Tensor::randint([2, 50], 1..7, rng);
    /// assert!(dice.data().iter().all(|k| (1..7).contains(k)) && dice.data().contains(&6));
    /// ```
    #[track_caller]
    pub fn randint<R: Rng + ?Sized>(shape: impl Into<Shape>, range: Range<i64>, rng: &mut R) -> Self {
        if range.is_empty() {
            Error::shape("randint", format!("there is no whole number from {} to below {}", range.start, range.end))
                .raise()
        }
        let _called = called("randint");
        Tensor::full(shape, 0_i64).map(|_| rng.random_range(range.clone()))
    }

    /// The numbers 0, 1, …, `n` − 1 in an order that is drawn: PyTorch's `randperm`.
    ///
    /// # Panics
    /// If they take more than [`max_bytes`](crate::max_bytes).
    ///
    /// # Examples
    /// ```
    /// use wengert_tape::prelude::*;
    /// # use rand::SeedableRng;
    /// # let rng = &mut rand::rngs::SmallRng::seed_from_u64(1);
    /// let mut order = Tensor::randperm(100, rng).to_vec();
    /// assert!(!order.is_sorted());
    /// order.sort_unstable();
    /// assert_eq!(order, (0..100).collect::<Vec<i64>>());
    /// ```
    #[track_caller]
    pub fn randperm<R: Rng + ?Sized>(n: usize, rng: &mut R) -> Self {
        let _called = called("randperm");
        let mut order = Tensor::full([n], 0_i64);
        order.data_mut().iter_mut().enumerate().for_each(|(k, position)| *position = k as i64);
        order.data_mut().shuffle(rng);
        order
    }
}
