//! The same graphs as SVG: a network is no ribbon, its plumbing is no louder than its layers, and its weights have names.

use wengert_tape::Float;
use wengert_view::{Fold, View};

use crate::graphs;
use crate::size::size;

fn look<F: Float>(name: &str, view: &View<F>, boxes: [usize; 2], words: &[&str]) {
    let svg = view.svg();
    if let Some(kept) = std::env::var_os("WENGERT_SCREENSHOTS") {
        std::fs::write(std::path::Path::new(&kept).join(format!("{name}.svg")), &svg).unwrap();
    }
    let [width, height] = size(&svg);
    assert!(width < 2000.0 && width < 4.0 * height, "{name}: {width} × {height}");
    let count = |svg: &str| svg.matches("<rect").count();
    assert_eq!([count(&svg), count(&view.clone().fold(Fold::Layers).svg())], boxes, "{name}");
    for word in words {
        assert!(svg.contains(word), "{name}: no {word}");
    }
}

#[test]
fn a_network_on_tensors_is_drawn_by_its_operations() {
    let words = ["x · 0.weightᵀ", ">0.weight<", ">2.bias<", "with permute", "with class_targets"];
    // by layers: two inputs, two linear layers and two activations, the line of the loss
    look("digits", &graphs::digits_network().0, [16, 2 + 4 + 1], &words);
}

#[test]
fn a_convolution_network_is_drawn_by_its_operations() {
    let words = [">0.weight<", ">4.bias<", "with reshape"];
    // two inputs, the five layers, the line of the loss
    look("convolution", &graphs::convolution().0, [17, 2 + 5 + 1], &words);
}
