use super::{Number, Workload, spread};

/// Speelpenning's function: the product of all numbers.
pub struct Product {
    at: Vec<f64>,
}

impl Product {
    pub fn new(n: usize) -> Self {
        Product { at: spread(n, 0.9, 1.1, 0.618_033_988_749_895).collect() }
    }
}

impl Workload for Product {
    fn name(&self) -> String {
        format!("S3 Speelpenning product, n = {}", self.at.len())
    }

    fn operations(&self) -> usize {
        self.at.len()
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        T::product(x.iter().copied())
    }

    /// The product of what stands before each number with the product of what stands behind it.
    fn by_hand(&self) -> (f64, Vec<f64>) {
        let mut gradient = Vec::with_capacity(self.at.len());
        let mut before = 1.0;
        for x in &self.at {
            gradient.push(before);
            before *= x;
        }
        let mut behind = 1.0;
        for (g, x) in gradient.iter_mut().zip(&self.at).rev() {
            *g *= behind;
            behind *= x;
        }
        (before, gradient)
    }
}
