//! What a check costs: every derivative of a network of a thousand parameters, with its loss.

use std::time::Instant;

use wengert::check::{Checker, Verdict};
use wengert::prelude::*;

fn main() -> Result<(), Error> {
    let rng = &mut generator(1);
    let model = Mlp::<f64>::new(&[20, 32, 10], Activation::Tanh, rng);
    let x = Tensor::randn([8, 20], rng);
    let classes = Tensor::from([0, 3, 9, 2, 5, 1, 7, 4]);

    let started = Instant::now();
    let checker = Checker::new().names(["x"]).parameters(model.parameters().into_iter().map(|(n, p)| (n, p.id())));
    let report = checker.report(|x: Var| cross_entropy(model.forward(&x), &classes), &x)?;
    let seconds = started.elapsed().as_secs_f64();

    println!("{report}");
    let (derivatives, calls) = (report.elements.len(), report.evaluations);
    println!("{} parameters, {derivatives} derivatives with those by the input", model.parameter_count());
    println!("{calls} evaluations, {:.1} for each derivative", calls as f64 / derivatives as f64);
    println!("{} evaluations of single operations", report.operation_evaluations);
    println!("{seconds:.2} s");
    assert_eq!(report.verdict, Verdict::Pass);
    Ok(())
}
