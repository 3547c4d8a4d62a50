use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::{Number, Workload, spread};

/// The sum of the prices of European calls after Black and Scholes, each with its own spot, strike, rate, volatility
/// and time.
pub struct BlackScholes {
    at: Vec<f64>,
}

impl BlackScholes {
    pub fn new(options: usize) -> Self {
        let column = |low, high, irrational| spread(options, low, high, irrational);
        let (spot, strike) = (column(80.0, 120.0, 0.618_033_988_749_895), column(80.0, 120.0, 0.414_213_562_373_095));
        let (rate, volatility) = (column(0.01, 0.06, 0.732_050_807_568_877), column(0.1, 0.5, 0.236_067_977_499_79));
        let time = column(0.2, 2.0, 0.645_751_311_064_591);
        let rows = spot.zip(strike).zip(rate.zip(volatility)).zip(time);
        BlackScholes { at: rows.flat_map(|(((s, k), (r, v)), t)| [s, k, r, v, t]).collect() }
    }
}

/// The distribution function of the standard normal.
fn normal<T: Number>(x: T) -> T {
    ((x * FRAC_1_SQRT_2).erf() + 1.0) * 0.5
}

fn price<T: Number>(spot: T, strike: T, rate: T, volatility: T, time: T) -> T {
    let width = volatility * time.sqrt();
    let d1 = ((spot / strike).ln() + (rate + volatility * volatility / 2.0) * time) / width;
    let d2 = d1 - width;
    spot * normal(d1) - strike * (-rate * time).exp() * normal(d2)
}

impl Workload for BlackScholes {
    fn name(&self) -> String {
        format!("S6a Black–Scholes, {} options", self.at.len() / 5)
    }

    fn operations(&self) -> usize {
        27 * (self.at.len() / 5)
    }

    fn at(&self) -> &[f64] {
        &self.at
    }

    fn value<T: Number>(&self, x: &[T]) -> T {
        T::sum(x.chunks_exact(5).map(|o| price(o[0], o[1], o[2], o[3], o[4])))
    }

    /// The Greeks: delta, its dual, rho, vega and minus theta.
    fn by_hand(&self) -> (f64, Vec<f64>) {
        let mut value = 0.0;
        let mut gradient = Vec::with_capacity(self.at.len());
        for o in self.at.chunks_exact(5) {
            let [s, k, r, v, t] = [o[0], o[1], o[2], o[3], o[4]];
            let root = t.sqrt();
            let d1 = ((s / k).ln() + (r + v * v / 2.0) * t) / (v * root);
            let d2 = d1 - v * root;
            let (n1, n2, discount) = (normal(d1), normal(d2), (-r * t).exp());
            let density = (-0.5 * d1 * d1).exp() / (2.0 * PI).sqrt();
            value += s * n1 - k * discount * n2;
            let vega = s * density * root;
            let rho = k * t * discount * n2;
            gradient.extend([n1, -discount * n2, rho, vega, s * density * v / (2.0 * root) + r * rho / t]);
        }
        (value, gradient)
    }
}
