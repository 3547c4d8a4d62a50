//! Files of graphs that something has changed: each is read, or refused with an error that has a name, and takes neither
//! long nor much memory.
#![cfg(feature = "json")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Replay, set_max_bytes};

/// Numbers in a fixed order that looks like none (Marsaglia, "Xorshift RNGs", 2003).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

/// The graph of each case of the registry, as a file.
fn files() -> Vec<String> {
    let mut files = Vec::new();
    for case in AnyOp::registered_cases() {
        let Some(op) = &case.op else { continue };
        let tape = Tape::new();
        let operands: Vec<Any<Var>> = case
            .args
            .iter()
            .map(|a| match a {
                Any::Real(t) => Any::Real(tape.var(t.clone())),
                Any::Index(t) => Any::Index(tape.input(t.clone())),
                Any::Mask(t) => Any::Mask(tape.input(t.clone())),
            })
            .collect();
        let args: Vec<Arg<'_, Var>> = operands.iter().map(Any::as_arg).collect();
        if let Any::Real(y) = Var::apply(op.clone(), &args)
            && let Ok(replay) = Replay::of(y.sum())
            && let Ok(text) = replay.to_json()
        {
            files.push(text);
        }
    }
    // Operations whose results are positions or truth values enter by what is made of them.
    let tape = Tape::new();
    let x = tape.var(Tensor::new([1, 2, 3, 4], (0..24).map(|k| (f64::from(k) * 0.7).sin()).collect()));
    for y in [
        select(x.greater(0.5).logical_and(&x.less(0.9)).logical_not(), &x, 0.0).sum(),
        one_hot::<Var>(&x.arg_max(2), 3).sum() + x.sum(),
        x.max_pool(Pool::new(2).stride(1).padding(1)).sum(),
        x.average_pool(Pool::new(2).stride(1)).interpolate([5, 2], Interpolation::Linear).sum(),
        x.sort(3, true).0.median_over(1).sum(),
        concat(&[&x, &x], 0).broadcast_to([3, 2, 2, 3, 4]).sum(),
    ] {
        files.extend(Replay::of(y).and_then(|replay| replay.to_json()));
    }
    files
}

/// Where the numbers of a text stand.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (k, c) in text.char_indices().filter(|(_, c)| c.is_ascii_digit() || "-.".contains(*c)) {
        match found.last_mut() {
            Some(range) if range.end == k => range.end = k + c.len_utf8(),
            _ => found.push(k..k + c.len_utf8()),
        }
    }
    found
}

const OTHER: [&str; 20] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "-2",
    "0.5",
    "1e308",
    "1e-300",
    "65536",
    "1048576",
    "4294967296",
    "1099511627776",
    "2147483647",
    "4294967295",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "-9223372036854775808",
];

/// One change of a text.
fn changed(text: &str, draw: &mut Draw) -> String {
    let mut bytes = text.as_bytes().to_vec();
    match draw.below(8) {
        0 => {
            let at = draw.below(bytes.len());
            bytes[at] ^= 1 << draw.below(7);
        }
        1 => {
            // A part left out or twice.
            let at = draw.below(bytes.len());
            let end = (at + 1 + draw.below(30)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            match draw.below(2) {
                0 => drop(bytes.drain(at..end)),
                _ => drop(bytes.splice(at..at, part)),
            }
        }
        2 => {
            for [from, to] in [
                ["true", "false"],
                ["Real", "Index"],
                ["[", "[["],
                ["numbers", "positions"],
                ["\"operands\":[", "\"operands\":[0,"],
            ] {
                if draw.below(3) == 0 {
                    return text.replacen(from, to, 1 + draw.below(2));
                }
            }
        }
        _ => {
            let places = numbers(text);
            let place = places[draw.below(places.len())].clone();
            return format!("{}{}{}", &text[..place.start], OTHER[draw.below(OTHER.len())], &text[place.end..]);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_changed_file_is_read_or_refused_by_name() {
    set_max_bytes(64 << 20);
    let files = files();
    assert!(files.len() > 200, "{}", files.len());
    let mut failures = Vec::new();
    let (mut draw, mut refused, mut tried) = (Draw(0x9e37_79b9_7f4a_7c15), 0, 0);
    for text in &files {
        for _ in 0..200 {
            let mut mutant = changed(text, &mut draw);
            if draw.below(4) == 0 {
                mutant = changed(&mutant, &mut draw);
            }
            tried += 1;
            match catch_unwind(AssertUnwindSafe(|| Replay::<f64>::from_json(&mutant).map(drop))) {
                Ok(Ok(())) => {}
                Ok(Err(e)) => {
                    refused += 1;
                    if !e.to_string().contains(": ") {
                        failures.push(format!("no name: {e}\n  {mutant}"));
                    }
                }
                Err(e) => {
                    let said = e.downcast_ref::<String>().cloned().unwrap_or_else(|| "a raw panic".into());
                    failures.push(format!("{said}\n  {}", mutant.chars().take(600).collect::<String>()));
                }
            }
        }
    }
    assert!(tried > 8000 && refused > tried / 4, "{refused} of {tried} refused");
    assert!(failures.is_empty(), "{} of {tried}\n{}", failures.len(), failures[..failures.len().min(25)].join("\n"));
}

/// Steps between windows, and between the entries of one, that are longer than any axis.
#[test]
fn what_steps_over_the_whole_image_is_computed_or_refused() {
    let file = |conv: &str| {
        format!(
            r#"{{"format": "wengert graph 1", "float": "f64", "nodes": [
                {{"node": "var", "shape": [1, 1, 3, 2], "numbers": [1, 2, 3, 4, 5, 6]}},
                {{"node": "var", "shape": [1, 1, 1, 2], "numbers": [1, 10]}},
                {{"node": "op", "op": "Conv", "attributes": {{"groups": 1, {conv}}}, "operands": [0, 1]}}]}}"#
        )
    };
    let far = 9_223_372_036_854_775_807_u64;
    let stride = file(&format!(r#""stride": [{far}], "padding": {{"Each": [0]}}, "dilation": [1]"#));
    assert_eq!(Replay::<f64>::from_json(&stride).unwrap().output().data(), [21.0]);
    let dilation = file(&format!(r#""stride": [1], "padding": "Full", "dilation": [1, {far}]"#));
    let error = Replay::<f64>::from_json(&dilation).unwrap_err().to_string();
    assert!(error.starts_with("conv2d: ") || error.starts_with("conv: "), "{error}");
}

/// The samples: a huge shape, forty doublings, an axis of all ones in bits, an operand too few, a slot that there is not.
#[test]
fn what_a_file_claims_is_refused_before_it_is_made() {
    let file = |nodes: &str| format!(r#"{{"format": "wengert graph 1", "float": "f64", "nodes": [{nodes}]}}"#);
    let x = r#"{"node": "var", "shape": [2], "numbers": [1, 2]}"#;
    let m = r#"{"node": "input", "shape": [2], "truths": [true, false]}"#;
    let op = |name: &str, attributes: &str, operands: &str| {
        format!(r#"{{"node": "op", "op": "{name}", "attributes": {attributes}, "operands": [{operands}]}}"#)
    };
    let doublings: Vec<String> = (0..40).map(|k| op("Concat", r#"{"axis": 0}"#, &format!("{k}, {k}"))).collect();
    let polygamma = op("Polygamma", r#"{"order": 2147483647}"#, "0");
    let attention = op("AttentionInput", r#"{"of": {"scale": 1.0, "causal": false}, "slot": 3}"#, "0, 0, 0, 0");
    let square = r#"{"node": "var", "shape": [2, 2], "numbers": [1, 2, 3, 4]}"#;
    let table = [
        (format!("{x}, {}", op("BroadcastTo", r#"{"shape": [1099511627776, 2]}"#, "0")), "replay from JSON: takes "),
        (
            format!("{x}, {}", op("BroadcastTo", r#"{"shape": [4294967296, 4294967296, 2]}"#, "0")),
            "broadcast_to: a result",
        ),
        (format!("{x}, {}", doublings.join(", ")), "replay from JSON: takes "),
        (
            format!("{x}, {}", op("Cumsum", r#"{"axis": 18446744073709551615, "from_end": false}"#, "0")),
            "cumsum: axis 18446",
        ),
        (format!("{m}, {}", op("Logical", "\"And\"", "0")), "logical_and: it takes truth values, truth values"),
        (format!("{square}, {attention}"), "attention_input: slot 3"),
    ];
    for (nodes, start) in table {
        let error = Replay::<f64>::from_json(&file(&nodes)).unwrap_err().to_string();
        assert!(error.starts_with(start), "{error}\ninstead of {start}");
    }
    let replay = Replay::<f64>::from_json(&file(&format!("{x}, {polygamma}"))).unwrap();
    assert_eq!(replay.output().data(), [f64::INFINITY, f64::INFINITY]);
}
