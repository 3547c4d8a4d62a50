use super::{Number, Workload, spread};

/// `ln Σ exp(x)`, with the largest number taken out first so that nothing overflows.
pub struct LogSumExp {
    at: Vec<f64>,
}

impl LogSumExp {
    pub fn new(n: usize) -> Self {
        LogSumExp { at: spread(n, -3.0, 3.0, 0.618_033_988_749_895).collect() }
    }
}

/// The formula, which the Gaussian mixture needs too.
pub fn log_sum_exp<T: Number>(x: &[T]) -> T {
    let largest = x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max);
    T::sum(x.iter().map(|x| (*x - largest).exp())).ln() + largest
}

impl Workload for LogSumExp {
    fn name(&self) -> String {
        format!("S3 log-sum-exp, n = {}", self.at.len())
    }

    fn operations(&self) -> usize {
        3 * self.at.len()
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        log_sum_exp(x)
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let largest = self.at.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut gradient: Vec<f64> = self.at.iter().map(|x| (x - largest).exp()).collect();
        let sum: f64 = gradient.iter().sum();
        gradient.iter_mut().for_each(|g| *g /= sum);
        (sum.ln() + largest, gradient)
    }
}
