//! The raw door `apply`: each operation of the registry says how many arguments it takes and of which kinds, and refuses
//! others, and shapes that it cannot have, in its own name, with every reader.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert_tape::ops::AnyOp;
use wengert_tape::prelude::*;
use wengert_tape::{Any, Arg, Kind, Op, Takes, Text, Value};

/// An argument of a kind and shape.
fn value(kind: Kind, shape: &[usize]) -> Value<f64> {
    match kind {
        Kind::Real => Tensor::<f64>::full(shape, 0.5).into(),
        Kind::Index => Tensor::<i64>::full(shape, 0).into(),
        Kind::Mask => Tensor::<bool>::full(shape, true).into(),
    }
}

/// What each reader says about an operation on arguments: an error's text, or nothing.
fn said(op: &AnyOp, args: &[Value<f64>]) -> Vec<(&'static str, Result<(), String>)> {
    fn run(call: impl FnOnce()) -> Result<(), String> {
        let text = |e: Box<dyn std::any::Any + Send>| match e.downcast::<String>() {
            Ok(text) => *text,
            Err(e) => e.downcast_ref::<&str>().map_or("something".to_owned(), |text| (*text).to_owned()),
        };
        catch_unwind(AssertUnwindSafe(call)).map_err(text)
    }
    let numbers: Vec<Arg<'_, Tensor>> = args.iter().map(Any::as_arg).collect();
    let shapes: Vec<Any<Shape>> = args
        .iter()
        .map(|a| match a {
            Any::Real(t) => Any::Real(t.shape().clone()),
            Any::Index(t) => Any::Index(wengert_tape::Algebra::index(&Shape::scalar(), t.clone())),
            Any::Mask(t) => Any::Mask(wengert_tape::Algebra::mask(&Shape::scalar(), t.clone())),
        })
        .collect();
    let shapes: Vec<Arg<'_, Shape>> = shapes.iter().map(Any::as_arg).collect();
    let texts: Vec<Any<Text>> = args
        .iter()
        .map(|a| match a {
            Any::Real(t) => Any::Real(Text::new("x", t.shape())),
            Any::Index(t) => Any::Index(Text::new("i", t.shape())),
            Any::Mask(t) => Any::Mask(Text::new("m", t.shape())),
        })
        .collect();
    let texts: Vec<Arg<'_, Text>> = texts.iter().map(Any::as_arg).collect();
    let tape = Tape::new();
    let vars: Vec<Any<Var>> = args
        .iter()
        .map(|a| match a {
            Any::Real(t) => Any::Real(tape.var(t.clone())),
            Any::Index(t) => Any::Index(tape.input(t.clone())),
            Any::Mask(t) => Any::Mask(tape.input(t.clone())),
        })
        .collect();
    let vars: Vec<Arg<'_, Var>> = vars.iter().map(Any::as_arg).collect();
    vec![
        ("numbers", run(|| drop(Tensor::apply(op.clone(), &numbers)))),
        ("shapes", run(|| drop(Shape::apply(op.clone(), &shapes)))),
        (
            "text",
            run(|| {
                let _ = Text::apply(op.clone(), &texts);
            }),
        ),
        ("recorded", Var::try_apply(op.clone(), &vars).map(drop).map_err(|e| e.to_string())),
    ]
}

/// The operations that the registry's cases try, each once for each set of attributes.
fn operations() -> Vec<AnyOp> {
    let mut all: Vec<AnyOp> = Vec::new();
    for op in AnyOp::registered_cases().into_iter().filter_map(|case| case.op) {
        if !all.contains(&op) {
            all.push(op);
        }
    }
    all
}

fn kinds(args: &[Value<f64>]) -> Vec<Kind> {
    let kind = |a: &Value<f64>| match a {
        Any::Real(_) => Kind::Real,
        Any::Index(_) => Kind::Index,
        Any::Mask(_) => Kind::Mask,
    };
    args.iter().map(kind).collect()
}

fn takes(op: &AnyOp, given: &[Kind]) -> bool {
    match op.takes() {
        Takes::Any(lists) => lists.contains(&given),
        Takes::AtLeast(least, kind) => given.len() >= least && given.iter().all(|k| *k == kind),
        Takes::Unsaid => panic!("{op:?} does not say what it takes"),
    }
}

#[test]
fn what_the_cases_give_is_what_is_taken() {
    for case in AnyOp::registered_cases() {
        let op = case.op.as_ref().expect("a case of an operation");
        assert!(takes(op, &kinds(&case.args)), "{}: {:?}", case.label(), op.takes());
    }
}

#[test]
fn wrong_numbers_and_kinds_of_arguments_are_refused_in_the_name_of_the_operation() {
    let all = [Kind::Real, Kind::Index, Kind::Mask];
    // Every list of up to two kinds, and of three to five of one kind with another at each place.
    let mut lists: Vec<Vec<Kind>> = vec![vec![]];
    lists.extend(all.map(|k| vec![k]));
    lists.extend(all.iter().flat_map(|a| all.map(|b| vec![*a, b])));
    for n in 3..=5 {
        lists.extend(all.map(|k| vec![k; n]));
        for (place, k) in (0..n).flat_map(|place| all.map(|k| (place, k))) {
            let mut list = vec![Kind::Real; n];
            list[place] = k;
            lists.push(list);
        }
    }
    let mut failures = Vec::new();
    let mut tried = 0;
    for op in operations() {
        for list in lists.iter().filter(|list| !takes(&op, list)) {
            let args: Vec<Value<f64>> = list.iter().map(|k| value(*k, &[2, 3])).collect();
            for (reader, said) in said(&op, &args) {
                tried += 1;
                let start = format!("{}: ", op.name());
                if !said.as_ref().is_err_and(|text| text.starts_with(&start)) {
                    failures.push(format!("{op:?} of {list:?}, {reader}: {said:?}"));
                }
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
    assert!(failures.is_empty(), "{} of {tried}\n{}", failures.len(), failures[..failures.len().min(40)].join("\n"));
}

/// Arguments of the right kinds and of shapes that the operation's cases do not have: a result, or an error in its name.
#[test]
fn any_shapes_are_taken_or_refused_in_the_name_of_the_operation() {
    let shapes: [&[usize]; 9] = [&[], &[0], &[1], &[3], &[0, 2], &[2, 3], &[3, 3], &[2, 0, 3], &[1, 2, 3, 2]];
    let mut failures = Vec::new();
    for op in operations() {
        let lists: Vec<Vec<Kind>> = match op.takes() {
            Takes::Any(lists) => lists.iter().map(|kinds| kinds.to_vec()).collect(),
            Takes::AtLeast(least, kind) => (least..4).map(|n| vec![kind; n]).collect(),
            Takes::Unsaid => panic!("{op:?} does not say what it takes"),
        };
        for list in lists {
            for k in 0..shapes.len() {
                // All alike, one of another shape at each place, and all different.
                let mut tries: Vec<Vec<usize>> =
                    vec![vec![k; list.len()], (0..list.len()).map(|j| k + 2 * j).collect()];
                for place in 0..list.len() {
                    let mut other = vec![5; list.len()];
                    other[place] = k;
                    tries.push(other);
                }
                for which in tries {
                    let args: Vec<Value<f64>> =
                        list.iter().zip(&which).map(|(kind, s)| value(*kind, shapes[s % shapes.len()])).collect();
                    for (reader, said) in said(&op, &args) {
                        // Some errors are named by the method, as a user knows it: `norm` for `max_over`.
                        let named = |text: &String| {
                            text.split(':').next().is_some_and(|name| {
                                !name.is_empty()
                                    && name.chars().all(|c| c.is_ascii_lowercase() || "_0123456789".contains(c))
                            })
                        };
                        if said.as_ref().is_err_and(|text| !named(text)) {
                            let shapes: Vec<_> = which.iter().map(|s| shapes[s % shapes.len()]).collect();
                            failures.push(format!("{op:?} of {shapes:?}, {reader}: {said:?}"));
                        }
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}\n{}", failures.len(), failures[..failures.len().min(60)].join("\n"));
}
