//! Pictures of graphs that would be too loud or too long.

use wengert_tape::prelude::*;
use wengert_view::ViewExt;

use crate::size::size;

fn boxes(svg: &str) -> usize {
    svg.matches("<rect").count()
}

/// A sum of 113 products, 226 leaves: one box for the sum, one for the products, and the leaves by their lines.
#[test]
fn a_long_sum_is_no_staircase() {
    let tape = Tape::new();
    let numbers: Vec<f64> = (0..113).map(|k| f64::from(k) / 113.0).collect();
    let (w, x) = (tape.scalars(&numbers), tape.scalars(&numbers));
    let mut sum = tape.scalar(0.5);
    for (w, x) in w.iter().zip(&x) {
        sum += *w * *x;
    }
    let svg = sum.svg();
    let [width, height] = size(&svg);
    assert!(width < 1200.0 && height < 600.0, "{width} × {height}");
    for words in ["add × 113", "mul × 113", "var × 226"] {
        assert!(svg.contains(words), "no {words}");
    }
    assert_eq!(boxes(&sum.view().all().svg()), 113 * 4 + 1);
}

#[test]
fn what_only_moves_numbers_is_in_the_box_of_what_needs_it() {
    let tape = Tape::new();
    let w = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    let x = tape.input(Tensor::from([[1.0, -1.0]]));
    let y = x.matmul(w.t()).reshape([3]).tanh().sum();
    let view = y.view().name(w, "w").name(x, "x");
    assert_eq!((boxes(&view.svg()), boxes(&view.clone().all().svg())), (5, 7));
    assert!(view.svg().contains("x · wᵀ"), "{}", view.svg());
    assert!(view.svg().contains("with permute"), "{}", view.svg());
}

#[test]
fn a_long_network_is_drawn_in_rows() {
    let tape = Tape::new();
    let mut y = tape.input(Tensor::from([[0.5, -0.5]]));
    for _ in 0..30 {
        y = y.matmul(tape.var(Tensor::from([[0.5, 0.1], [-0.2, 0.7]]))).tanh();
    }
    for svg in [y.sum().svg(), y.sum().view().all().svg()] {
        let [width, height] = size(&svg);
        assert!(width < 3.0 * height && height < 3.0 * width, "{width} × {height}");
    }
    let [width, height] = size(&y.sum().view().down().svg());
    assert!(width < 3.0 * height && height < 3.0 * width, "down: {width} × {height}");
}
