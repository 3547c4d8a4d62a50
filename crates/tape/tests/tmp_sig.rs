//! tmp
use wengert_tape::ops::AnyOp;
use wengert_tape::{Any, Op};
#[test]
fn print() {
    let mut all = std::collections::BTreeMap::<&str, std::collections::BTreeSet<String>>::new();
    for case in AnyOp::registered_cases() {
        let op = case.op.as_ref().unwrap();
        if op.takes() != wengert_tape::Takes::Unsaid {
            continue;
        }
        let sig: String = case
            .args
            .iter()
            .map(|a| match a {
                Any::Real(_) => 'R',
                Any::Index(_) => 'I',
                Any::Mask(_) => 'M',
            })
            .collect();
        all.entry(op.registered_name().unwrap()).or_default().insert(sig);
    }
    for (k, v) in all {
        println!("SIG {k} {}", v.into_iter().collect::<Vec<_>>().join(","));
    }
}
