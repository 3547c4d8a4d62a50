use super::{Number, Workload, spread};

/// The extended Rosenbrock function: Σ 100 (b − a²)² + (1 − a)² over pairs (a, b).
pub struct Rosenbrock {
    at: Vec<f64>,
}

impl Rosenbrock {
    pub fn new(n: usize) -> Self {
        Rosenbrock { at: spread(n, -2.0, 2.0, 0.618_033_988_749_895).collect() }
    }
}

impl Workload for Rosenbrock {
    fn name(&self) -> String {
        format!("S2 extended Rosenbrock, n = {}", self.at.len())
    }

    fn operations(&self) -> usize {
        4 * self.at.len()
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        T::sum(x.chunks_exact(2).map(|pair| {
            let [a, b] = [pair[0], pair[1]];
            let valley = b - a * a;
            let slope = -a + 1.0;
            valley * valley * 100.0 + slope * slope
        }))
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let mut value = 0.0;
        let mut gradient = Vec::with_capacity(self.at.len());
        for pair in self.at.chunks_exact(2) {
            let (valley, slope) = (pair[1] - pair[0] * pair[0], 1.0 - pair[0]);
            value += 100.0 * valley * valley + slope * slope;
            gradient.push(-400.0 * valley * pair[0] - 2.0 * slope);
            gradient.push(200.0 * valley);
        }
        (value, gradient)
    }
}
