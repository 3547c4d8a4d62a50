//! A graph that is read in another float type keeps its numbers or is refused.
#![cfg(feature = "json")]

use wengert_tape::Replay;
use wengert_tape::prelude::*;

#[test]
fn a_number_that_a_type_does_not_have_is_refused() {
    let tape = Tape::new();
    for (x, name) in [(1e308, "1e308"), (-3.5e38, "-3.5e38")] {
        let text = Replay::of(tape.var(Tensor::from([1.0, x])).sum()).unwrap().to_json().unwrap();
        assert_eq!(Replay::<f64>::from_json(&text).unwrap().output().item(), 1.0 + x);
        let message = Replay::<f32>::from_json(&text).unwrap_err().to_string();
        assert_eq!(message, format!("replay from JSON: {name} is beyond the largest number of type f32"));
    }
    // An infinity is one in every type.
    let text = Replay::of(tape.var(Tensor::from([f64::INFINITY])).sum()).unwrap().to_json().unwrap();
    assert_eq!(Replay::<f32>::from_json(&text).unwrap().output().item(), f32::INFINITY);
}
