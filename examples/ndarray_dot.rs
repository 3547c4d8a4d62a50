//! Differentiating through code that knows nothing of us: the products of `ndarray`.
//!
//! `y = v · tanh(A v)` with `ndarray`'s `dot` over arrays of recorded numbers, and its gradient by every entry of `A` and
//! `v`. It is compared with finite differences and with the closed form: with `t = tanh(A v)` and `s = v (1 − t²)`, the
//! gradient by `A` is `s vᵀ` and that by `v` is `t + Aᵀ s`.

use ndarray::{Array1, Array2, LinalgScalar, array};
use num_traits::Float;
use wengert::prelude::*;

/// Any number will do: a float, or a recorded one.
fn product<T: LinalgScalar + Float>(a: &Array2<T>, v: &Array1<T>) -> T {
    v.dot(&a.dot(v).mapv(T::tanh))
}

fn main() {
    let a = array![[0.5, -0.3, 0.2], [0.1, 0.8, -0.6], [-0.4, 0.7, 0.9]];
    let v = array![0.5, -1.0, 0.25];

    let tape = Tape::new();
    let (recorded_a, recorded_v) = (a.mapv(|x| tape.scalar(x)), v.mapv(|x| tape.scalar(x)));
    let y = product(&recorded_a, &recorded_v);
    let g = y.backward();
    let (by_a, by_v) = (recorded_a.mapv(|x| g[x]), recorded_v.mapv(|x| g[x]));

    let t = a.dot(&v).mapv(f64::tanh);
    let s = &v * &t.mapv(|t| 1.0 - t * t);
    let expected_v = &t + &a.t().dot(&s);
    let mut from_formula = 0.0_f64;
    for i in 0..3 {
        from_formula = from_formula.max((by_v[i] - expected_v[i]).abs());
        for j in 0..3 {
            from_formula = from_formula.max((by_a[[i, j]] - s[i] * v[j]).abs());
        }
    }

    let h = 1e-5;
    let slope = |moved: &dyn Fn(f64) -> f64| (moved(h) - moved(-h)) / (2.0 * h);
    let mut from_differences = 0.0_f64;
    for i in 0..3 {
        let along_v = slope(&|h| {
            let mut v = v.clone();
            v[i] += h;
            product(&a, &v)
        });
        from_differences = from_differences.max((along_v - by_v[i]).abs());
        for j in 0..3 {
            let along_a = slope(&|h| {
                let mut a = a.clone();
                a[[i, j]] += h;
                product(&a, &v)
            });
            from_differences = from_differences.max((along_a - by_a[[i, j]]).abs());
        }
    }

    println!("v · tanh(A v) = {y}, by ndarray, {} nodes", tape.len());
    println!("gradient by v: {by_v}");
    println!("largest distance from the closed form: {from_formula:.1e}");
    println!("largest distance from finite differences: {from_differences:.1e}");
    assert!(from_formula < 1e-14 && from_differences < 1e-9);
    // nothing left the tape on the way
    assert_eq!(tape.stats().taken, 0);
}
