//! The picture of the README is what the code beside it draws.
//!
//! Run with `WENGERT_BLESS=1` to draw it anew.
#![cfg(feature = "view")]

use wengert::prelude::*;

#[test]
fn the_picture_of_the_readme_is_true() {
    let tape = Tape::new();
    let (x, w, b) = (tape.scalar(0.5), tape.scalar(-2.0), tape.scalar(1.0));
    let neuron = (x * w + b).tanh();
    let g = neuron.backward_all();
    let svg = neuron.view().gradients(&g).name(x, "x").name(w, "w").name(b, "b").without_lines().svg();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures/neuron.svg");
    if std::env::var_os("WENGERT_BLESS").is_some() {
        std::fs::write(path, &svg).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == svg, "docs/pictures/neuron.svg is not what is drawn; run this test with WENGERT_BLESS=1");
}

/// The methods of the preludes stand beside each other: a product of vectors is no picture.
#[test]
fn a_dot_product_is_called_as_anywhere() {
    let tape = Tape::new();
    let (x, y) = (tape.var(Tensor::from([1.0, 2.0])), tape.var(Tensor::from([3.0, 4.0])));
    assert_eq!(x.dot(y).item(), 11.0);
    assert!(x.dot(y).graphviz().starts_with("digraph {"));
}
