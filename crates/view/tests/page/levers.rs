//! The levers of a neuron: what its sum wants of everything that it is made of is minus the gradient, sign and all.

use wengert_nn::prelude::*;
use wengert_tape::Float;
use wengert_view::{View, ViewExt};

use crate::browser::run;

/// The rows of the tables on the levers of a node, cells parted by `|`; nothing where there is no browser.
fn rows<F: Float>(name: &str, view: &View<F>, node: &str) -> Option<Vec<String>> {
    let script = format!(
        "const html = leversHtml(graph.nodes.findIndex((n) => n.n === {node:?})); \
         const template = Object.assign(document.createElement('template'), {{ innerHTML: html }}); \
         const cells = (row) => [...row.children].map((cell) => cell.textContent.trim()).join('|'); \
         return [...template.content.querySelectorAll('tr')].map(cells).join('\\n') || html;"
    );
    run(name, &view.html().unwrap(), [800, 600], &script).map(|told| told.lines().map(String::from).collect())
}

/// z = b − w x, of which only b grows it.
#[test]
fn what_is_subtracted_wants_the_opposite() {
    let tape = Tape::new();
    let (x, w, b) = (tape.scalar(0.5), tape.scalar(2.0), tape.scalar(0.25));
    let z = b - w * x;
    let y = z * 3.0;
    let view = [("x", x), ("w", w), ("b", b), ("z", z), ("y", y)];
    let view = view.into_iter().fold(y.view(), |view, (name, node)| view.name(node, name));
    let Some(rows) = rows("levers-minus", &view, "z") else { return };
    // −∂y/∂b = −3, −∂y/∂w = 3 x, −∂y/∂x = 3 w
    assert_eq!(
        rows[1..],
        [
            "b|bias|−3|directly: its factor is 1",
            "w|weight|1.5|in proportion to −1 · x = −0.5",
            "x|activation|6|in proportion to −1 · w = −2; not changed, but handed back",
        ]
    );
}

/// z = x w₁ + x w₂: each product has its own other factor.
#[test]
fn an_activation_that_is_used_twice_has_two_levers() {
    let tape = Tape::new();
    let x = tape.scalar(0.5);
    let (v, w) = (tape.scalar(2.0), tape.scalar(-7.0));
    let z = x * v + x * w;
    let y = z.exp();
    let view = [("x", x), ("v", v), ("w", w), ("z", z)];
    let view = view.into_iter().fold(y.view(), |view, (name, node)| view.name(node, name));
    let Some(rows) = rows("levers-twice", &view, "z") else { return };
    // e^z = e^−2.5 = 0.0820850
    assert_eq!(
        rows[1..],
        [
            "x|weight|0.5746|in proportion to w = −7",
            "x|weight|−0.1642|in proportion to v = 2",
            "w|activation|−0.04104|in proportion to x = 0.5; not changed, but handed back",
            "v|activation|−0.04104|in proportion to x = 0.5; not changed, but handed back",
        ]
    );
}

/// A layer with a bias, one with a bias that is subtracted, and one without.
#[test]
fn a_layer_has_a_bias_where_one_is_added() {
    let tape = Tape::new();
    let x = tape.input(Tensor::from([[1.0, 2.0], [3.0, 5.0]]));
    let w = tape.var(Tensor::from([[0.5, -1.0, 2.0], [0.25, 4.0, -3.0]]));
    let b = tape.var(Tensor::from([0.1, 0.2, 0.3]));
    let table = [
        ("added", x.matmul(w) + b, Some(["bias|−1|its factor is 1", "bias|−1|−1|−2"])),
        ("subtracted", x.matmul(w) - b, Some(["bias|1|its factor is −1", "bias|1|1|2"])),
        ("none", x.matmul(w) * 1.0, None),
        // what is added is no bias, but as large as the product
        ("residual", x.matmul(w) + tape.var(Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])), None),
    ];
    let mut wrong = Vec::new();
    for (name, z, bias) in table {
        let view = z.sum().view().name(z, "z").name(x, "x").name(w, "w").name(b, "b");
        let Some(rows) = rows(&format!("levers-{name}"), &view, "z") else { return };
        let own: Vec<&str> = rows.iter().map(String::as_str).filter(|row| row.starts_with("bias")).collect();
        if own != bias.map_or(vec![], |rows| rows.to_vec()) {
            wrong.push(format!("{name}: {own:?}"));
        }
        // neuron 1 of sample 1: minus its activations, and over the batch their sums
        for row in ["weight k = 1|−1|∝ activation 1", "weight k = 2|−2|∝ activation 2", "weight k = 2|−2|−5|−7"]
        {
            if !rows.iter().any(|own| own == row) {
                wrong.push(format!("{name}: no {row}: {rows:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
