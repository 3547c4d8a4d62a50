//! Differentiating through code that knows nothing of us: the QR solve of `nalgebra`.
//!
//! `x = A⁻¹ b` by QR decomposition, over matrices whose entries are recorded numbers, and the gradient of `‖x‖²` by every
//! entry of `A` and `b`. It is compared with finite differences and with the closed form: with `w = A⁻ᵀ 2x`, the gradient
//! by `b` is `w` and that by `A` is `−w xᵀ`.

use nalgebra::{RealField, SMatrix, SVector};
use wengert::prelude::*;

type Matrix<T> = SMatrix<T, 3, 3>;
type Vector<T> = SVector<T, 3>;

/// Any number will do: a float, or a recorded one.
fn squared_length_of_solution<T: RealField + Copy>(a: Matrix<T>, b: Vector<T>) -> T {
    a.qr().solve(&b).expect("the matrix is invertible").norm_squared()
}

fn main() {
    let a = Matrix::new(2.0, 0.3, -0.7, 0.1, 1.5, 0.4, 0.9, -0.2, 3.0);
    let b = Vector::new(0.5, -1.0, 0.25);

    let tape = Tape::new();
    let (recorded_a, recorded_b) = (a.map(|x| tape.scalar(x)), b.map(|x| tape.scalar(x)));
    let y = squared_length_of_solution(recorded_a, recorded_b);
    let g = y.backward();
    let (by_a, by_b) = (recorded_a.map(|x| g[x]), recorded_b.map(|x| g[x]));

    let x = a.lu().solve(&b).expect("invertible");
    let w = a.transpose().lu().solve(&(x * 2.0)).expect("invertible");
    let from_formula = (by_b - w).abs().max().max((by_a + w * x.transpose()).abs().max());

    let h = 1e-5;
    let slope = |da: Matrix<f64>, db: Vector<f64>| {
        let at = |h: f64| squared_length_of_solution(a + da * h, b + db * h);
        (at(h) - at(-h)) / (2.0 * h)
    };
    let mut from_differences = 0.0_f64;
    for i in 0..3 {
        let mut db = Vector::zeros();
        db[i] = 1.0;
        from_differences = from_differences.max((slope(Matrix::zeros(), db) - by_b[i]).abs());
        for j in 0..3 {
            let mut da = Matrix::zeros();
            da[(i, j)] = 1.0;
            from_differences = from_differences.max((slope(da, Vector::zeros()) - by_a[(i, j)]).abs());
        }
    }

    println!("‖A⁻¹b‖² = {y}, by QR of nalgebra, {} nodes", tape.len());
    println!("gradient by b: {:?}", by_b.as_slice());
    println!("largest distance from the closed form: {from_formula:.1e}");
    println!("largest distance from finite differences: {from_differences:.1e}");
    assert!(from_formula < 1e-13 && from_differences < 1e-9);
    // nothing left the tape on the way
    assert_eq!(tape.stats().taken, 0);
}
