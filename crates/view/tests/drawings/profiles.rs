//! Where time and memory go.

use std::time::Duration;

use wengert_nn::prelude::*;
use wengert_tape::cost;
use wengert_view::{NodeCost, Profile, ViewExt};

#[test]
fn a_profile_predicts_what_a_dry_run_counts() {
    let model: Mlp<f32> = Mlp::new(&[20, 16, 4], Activation::Tanh, &mut generator(1));
    let tape = Tape::of::<f32>();
    let x = tape.input(Tensor::<f32>::ones([8, 20]));
    let (line, y) = (line!(), model.forward(&x));
    let profile = y.profile();
    let (_, dry) = cost(|| model.forward(&Shape::from([8, 20])));
    assert_eq!(profile.total().flops, dry.flops);
    let results = profile.nodes.iter().filter(|node| node.flops > 0).map(|node| node.bytes).sum::<u64>();
    assert_eq!(results, dry.results * 4);
    let lines = profile.lines();
    assert_eq!(lines.iter().map(|line| line.flops).sum::<u64>(), dry.flops);
    let own = lines.iter().find(|own| own.line.ends_with(&format!("profiles.rs:{line}"))).unwrap();
    assert!(own.source.as_ref().unwrap().contains("model.forward(&x)"), "{own:?}");
    // What was given is not computed.
    let given = profile.nodes.iter().filter(|node| ["var", "input", "constant"].contains(&node.operation.as_str()));
    assert!(given.clone().count() == 5 && given.clone().all(|node| node.forward.is_zero() && node.backward.is_zero()));
    let text = profile.to_string();
    assert!(text.starts_with("line ") && text.lines().last().unwrap().starts_with("all "), "{text}");
}

fn node(line: &str, operation: &str, milliseconds: u64) -> NodeCost {
    let (forward, backward) = (Duration::from_millis(milliseconds), Duration::from_millis(milliseconds));
    NodeCost {
        node: 0,
        operation: operation.into(),
        line: line.into(),
        source: Some("let y = x < 2;".into()),
        layer: None,
        flops: 10,
        bytes: 80,
        forward,
        backward,
    }
}

/// Three quarters of the time are three quarters of the width.
#[test]
fn a_flame_is_as_wide_as_time_is_long() {
    let profile = Profile {
        nodes: vec![
            node("a.rs:1", "mul", 10),
            node("b.rs:2", "matmul", 25),
            node("b.rs:2", "tanh", 5),
            node("c", "x", 0),
        ],
    };
    let picture = profile.flame_svg();
    roxmltree::Document::parse(&picture).unwrap();
    for words in ["width=\"960.0\"", "width=\"720.0\"", "width=\"240.0\"", "width=\"600.0\"", "x=\"720.0\""] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    assert!(picture.contains("b.rs:2: 30 ms forward, 30 ms backward, 20 flops, 160 bytes"), "{picture}");
    assert!(picture.contains("let y = x &lt; 2;") && !picture.contains(">c<"), "{picture}");
    let lines: Vec<String> = profile.lines().into_iter().map(|line| line.line).collect();
    assert_eq!(lines, ["b.rs:2", "a.rs:1", "c"]);
    let empty = Profile::default();
    roxmltree::Document::parse(&empty.flame_svg()).unwrap();
    assert!(empty.to_string().contains("all"));
}
