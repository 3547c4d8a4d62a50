use super::{Number, Workload};

/// The mean of the numbers x ← sin(x)·exp(−x) + x/(1 + x²) of many steps.
pub struct Iteration {
    steps: usize,
    at: [f64; 1],
}

impl Iteration {
    pub fn new(steps: usize) -> Self {
        Iteration { steps, at: [0.3] }
    }
}

impl Workload for Iteration {
    fn name(&self) -> String {
        format!("S4 iteration, {} steps", self.steps)
    }

    fn operations(&self) -> usize {
        9 * self.steps
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        let mut x = x[0];
        let numbers = (0..self.steps).map(|_| {
            x = x.sin() * (-x).exp() + x / (x * x + 1.0);
            x
        });
        T::sum(numbers) / self.steps as f64
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let (mut x, mut slope) = (self.at[0], 1.0);
        let (mut sum, mut slopes) = (0.0, 0.0);
        for _ in 0..self.steps {
            let ((sin, cos), decay, q) = (x.sin_cos(), (-x).exp(), 1.0 + x * x);
            slope *= decay * (cos - sin) + (1.0 - x * x) / (q * q);
            x = sin * decay + x / q;
            sum += x;
            slopes += slope;
        }
        let n = self.steps as f64;
        (sum / n, vec![slopes / n])
    }
}
