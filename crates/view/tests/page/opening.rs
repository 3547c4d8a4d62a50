//! The pages are opened, and every button and key is tried.

use wengert_tape::prelude::*;
use wengert_tape::{Kind, NodeKind, Op};
use wengert_view::View;

use crate::browser::{run, screenshot};
use crate::graphs;

/// Presses everything, and tells what the page then says at the last step: `index bits` for each number of each derivative.
const DRIVER: &str = include_str!("driver.js");

/// No page names a place that it would have to be fetched from.
fn faults(html: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (mark, allowed) in
        [("http://", "http://www.w3.org/"), ("https://", ""), ("url(", "url(#"), ("@import", ""), (" src=", "")]
    {
        for (at, _) in html.match_indices(mark) {
            if allowed.is_empty() || !html[at..].starts_with(allowed) {
                wrong.push(format!("{mark}: {}", html[at..].chars().take(60).collect::<String>()));
            }
        }
    }
    wrong
}

fn try_page<F: Float>(name: &str, (view, gradients): (View<F>, Gradients<F>), most_bytes: usize) {
    let html = view.html().unwrap();
    assert_eq!(faults(&html), [""; 0], "{name}");
    assert!(html.len() <= most_bytes, "{name}: {} bytes", html.len());
    println!("{name}: {} nodes, {} bytes", view.graph().nodes.len(), html.len());
    if let Some(kept) = std::env::var_os("WENGERT_SCREENSHOTS") {
        std::fs::write(std::path::Path::new(&kept).join(format!("{name}.html")), &html).unwrap();
    }
    for (width, size) in [("wide", [1400, 860]), ("middle", [900, 700]), ("narrow", [390, 844])] {
        screenshot(&format!("{name}-{width}"), &html, size, "go(Math.floor(walkSteps.length * 0.8));");
        let all = "go(walkSteps.length - 1); chooseNode(graph.nodes.find((n) => n.k === 0).index); now.hidden = true; \
                   for (const id of ['paths', 'ripple']) document.getElementById(`${id}-part`).open = true; \
                   writeChosen();";
        screenshot(&format!("{name}-{width}-paths"), &html, size, all);
        let levers = "go(walkSteps.length - 1); chooseNode(graph.steps[Math.floor(graph.steps.length / 3)][0]); now.hidden = true; \
                      for (const id of ['node', 'levers']) document.getElementById(`${id}-part`).open = true; \
                      writeChosen();";
        screenshot(&format!("{name}-{width}-levers"), &html, size, levers);
    }
    let Some(told) = run(name, &html, [1400, 860], DRIVER) else { return };
    // At the last step every derivative is the one of `Gradients`, to the bit.
    let mut wrong = Vec::new();
    let told: Vec<(usize, u64)> = told
        .lines()
        .map(|line| {
            let (place, bits) = line.split_once(' ').unwrap();
            (place.parse().unwrap(), bits.parse().unwrap())
        })
        .collect();
    let (mut at, mut active) = (0, Vec::new());
    for node in &view.graph().nodes {
        // whether a gradient can reach it
        active.push(match &node.kind {
            NodeKind::Var => true,
            NodeKind::Op(op) if op.output() == Kind::Real => {
                node.parents.iter().enumerate().any(|(arg, parent)| op.active(arg) && active[*parent])
            }
            _ => false,
        });
        let Some(g) = view.graph().gradient(node, &gradients) else { continue };
        let same = |x: &F, (index, bits): (usize, u64)| index == node.index && Float::to_f64(*x).to_bits() == bits;
        let own = &told[at..told.len().min(at + g.len())];
        if own.first().is_none_or(|(index, _)| *index != node.index) {
            let zeros = g.data().iter().all(|x| *x == F::zero());
            if active[node.index] && !zeros {
                wrong.push(format!("nothing of node {}", node.index));
            }
            continue;
        }
        at += g.len();
        if g.data().len() != own.len() || g.data().iter().zip(own).any(|(x, told)| !same(x, *told)) {
            wrong.push(format!("node {}", node.index));
        }
    }
    assert!(wrong.is_empty() && at == told.len() && at > 0, "{name}: {at} of {}: {}", told.len(), wrong.join(", "));
}

#[test]
fn twelve_numbers() {
    try_page("chain", graphs::chain(), 200_000);
}

#[test]
fn a_network_on_numbers() {
    let (view, gradients) = graphs::scalar_network();
    assert!((4500..6000).contains(&view.graph().nodes.len()), "{} nodes", view.graph().nodes.len());
    try_page("scalar-network", (view, gradients), 4_000_000);
}

#[test]
fn a_network_on_images() {
    try_page("digits", graphs::digits_network(), 4_000_000);
}

#[test]
fn a_convolution_network() {
    try_page("convolution", graphs::convolution(), 400_000);
}

/// The page is of what is differentiated, also where something is recorded after it.
#[test]
fn the_title_names_the_output() {
    use wengert_view::ViewExt;
    let tape = Tape::new();
    let loss = tape.scalar(1.0).exp();
    let later = tape.scalar(2.0);
    let html = tape.view().name(loss, "loss").name(later, "later").html().unwrap();
    assert!(html.contains("<title>Backpropagation of loss</title>"), "{}", &html[..400]);
}

/// Two hundred nodes are small enough to be sent by mail.
#[test]
fn two_hundred_nodes() {
    use wengert_view::ViewExt;
    let tape = Tape::new();
    let x = tape.scalars(&[0.1, 0.2, 0.3, 0.4]);
    let mut y = x[0];
    for k in 0..49 {
        y = (y * x[k % 4] + x[(k + 1) % 4]).sin() - 0.1 * f64::from(k as u32);
    }
    let view = y.view();
    assert!((195..=260).contains(&view.graph().nodes.len()), "{}", view.graph().nodes.len());
    try_page("two-hundred", (view, y.backward_all()), 400_000);
}
