//! Random numbers for directions, cotangents and samples: the same for the same seed on every machine.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::function::largest;
use crate::shape::Shape;
use crate::tensor::Tensor;

/// A source of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number between two bounds.
    pub(crate) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// A number that is not small, of a random sign.
    pub(crate) fn weight(&mut self) -> f64 {
        let sign = if self.0.random::<bool>() { 1.0 } else { -1.0 };
        sign * self.within(0.5, 1.5)
    }

    /// Weights for each element of a shape.
    pub(crate) fn weights(&mut self, shape: &Shape) -> Tensor<f64> {
        Tensor::new(shape, (0..shape.len_elements()).map(|_| self.weight()).collect())
    }

    /// `count` of the numbers below `n`, ascending, each as likely as any other.
    pub(crate) fn sample(&mut self, count: usize, n: usize) -> Vec<usize> {
        let mut chosen = Vec::with_capacity(count.min(n));
        for i in 0..n {
            // chosen with the chance that is left (Fan, Muller and Rezucha 1962)
            let (wanted, left) = ((count - chosen.len()) as f64, (n - i) as f64);
            if wanted > 0.0 && self.within(0.0, 1.0) * left < wanted {
                chosen.push(i);
            }
        }
        chosen
    }
}

/// A direction in which each number moves by the order of its size.
pub(crate) fn direction_of(x: &Tensor<f64>, random: &mut Random) -> Tensor<f64> {
    let beside = largest(x);
    let beside = if beside == 0.0 { 1.0 } else { beside };
    x.map(|x| random.weight() * if x == 0.0 { beside } else { x.abs() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_size_asked_for_and_reaches_everything() {
        let mut random = Random::new(5);
        let mut counts = [0; 20];
        for _ in 0..2000 {
            let sample = random.sample(5, 20);
            assert_eq!(sample.len(), 5);
            assert!(sample.is_sorted());
            sample.iter().for_each(|i| counts[*i] += 1);
        }
        // 500 expected of each, with a standard deviation of 19
        assert!(counts.iter().all(|c| (400..600).contains(c)), "{counts:?}");
        assert_eq!(random.sample(9, 4), [0, 1, 2, 3]);
    }
}
