use super::{Number, Workload, spread};

/// The heat equation on a rod whose ends are held: many explicit steps u ← u + c (left − 2 u + right), then Σ u².
pub struct Heat {
    steps: usize,
    at: Vec<f64>,
}

/// The diffusion number; steps are stable up to ½.
const C: f64 = 0.2;

impl Heat {
    pub fn new(cells: usize, steps: usize) -> Self {
        Heat { steps, at: spread(cells, 0.0, 1.0, 0.618_033_988_749_895).collect() }
    }
}

impl Workload for Heat {
    fn name(&self) -> String {
        format!("S6b heat equation, {} cells × {} steps", self.at.len(), self.steps)
    }

    fn operations(&self) -> usize {
        5 * (self.at.len() - 2) * self.steps + 2 * self.at.len()
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        let mut u = x.to_vec();
        let mut next = u.clone();
        for _ in 0..self.steps {
            for i in 1..u.len() - 1 {
                next[i] = u[i] + (u[i - 1] - u[i] * 2.0 + u[i + 1]) * C;
            }
            std::mem::swap(&mut u, &mut next);
        }
        T::sum(u.iter().map(|u| *u * *u))
    }

    fn by_hand(&self) -> (f64, Vec<f64>) {
        let n = self.at.len();
        let mut u = self.at.clone();
        let mut next = u.clone();
        for _ in 0..self.steps {
            for i in 1..n - 1 {
                next[i] = u[i] + C * (u[i - 1] - 2.0 * u[i] + u[i + 1]);
            }
            std::mem::swap(&mut u, &mut next);
        }
        let value = u.iter().map(|u| u * u).sum();
        // A step is linear: its transpose takes the gradient back. The held ends only give.
        let mut g: Vec<f64> = u.iter().map(|u| 2.0 * u).collect();
        let mut before = vec![0.0; n];
        for _ in 0..self.steps {
            let inner = |k: usize| if (1..n - 1).contains(&k) { g[k] } else { 0.0 };
            for i in 2..n - 2 {
                before[i] = g[i] + C * (g[i - 1] - 2.0 * g[i] + g[i + 1]);
            }
            for i in [1, n - 2] {
                before[i] = g[i] + C * (inner(i - 1) - 2.0 * g[i] + inner(i + 1));
            }
            before[0] = g[0] + C * g[1];
            before[n - 1] = g[n - 1] + C * g[n - 2];
            std::mem::swap(&mut g, &mut before);
        }
        (value, g)
    }
}
