//! The tasks whose data come with the command.

use std::process::ExitCode;

use serde_json::json;
use wengert::nn::{Confusion, Details, accuracy, binary_accuracy, cross_entropy, data, mse};
use wengert::prelude::*;

use super::Error;
use super::job::{Job, RANGE};
use super::options::{Defaults, OptimiserKind, Options};
use super::outcome::{ACCURACY, Outcome, Score};

/// The stream of a seed that says which samples are held out, or where points fall.
pub(super) const SAMPLES: u64 = 1;
/// The share that is held out.
const HELD_OUT: f64 = 0.25;

/// Of more classes than this, the commonest mistakes are shown in the place of a table.
const MOST_SHOWN: usize = 30;
/// So many of them.
const MISTAKES: usize = 10;

/// Chosen by `train digits --folds 4`, which looks at training samples alone; docs/results.md has the table.
pub(super) const DIGITS: Defaults = Defaults {
    layers: "conv16,pool,conv32,64",
    activation: Activation::Relu,
    epochs: 30,
    batch: 32,
    rate: 0.002,
    decay: None,
    optimiser: OptimiserKind::Adam,
};

pub(super) const XOR: Defaults = Defaults {
    layers: "8",
    activation: Activation::Tanh,
    epochs: 500,
    batch: 4,
    rate: 0.05,
    decay: None,
    optimiser: OptimiserKind::Adam,
};

pub(super) const MOONS: Defaults = Defaults {
    layers: "16,16",
    activation: Activation::Relu,
    epochs: 100,
    batch: 32,
    rate: 0.01,
    decay: None,
    optimiser: OptimiserKind::Adam,
};

pub(super) fn digits(options: &Options) -> Result<ExitCode, Error> {
    let split = data::digits::<f32>().split_stratified(HELD_OUT, &mut stream(options.seed, SAMPLES));
    let mut job =
        of_classes("digits", split, |train| Sequential::new().then(Standardise::fit_together(train.inputs())));
    job.details.insert(RANGE.into(), json!([0, 16]).to_string());
    job.run(&DIGITS, options)
}

pub(super) fn moons(options: &Options) -> Result<ExitCode, Error> {
    let rng = &mut stream(options.seed, SAMPLES);
    let split = data::moons::<f32>(400, 0.1, rng).split_stratified(HELD_OUT, rng);
    of_classes("moons", split, |train| Sequential::new().then(Standardise::fit(train.inputs()))).run(&MOONS, options)
}

/// All four rows are learned from, and asked for afterwards: there are no others.
pub(super) fn xor(options: &Options) -> Result<ExitCode, Error> {
    let job = Job {
        task: "xor",
        source: None,
        stem: "xor".into(),
        about: Vec::new(),
        details: Details::new(),
        train: data::xor::<f32>(),
        test: data::xor::<f32>(),
        names: Vec::new(),
        held_out: false,
        groups: None,
        outputs: 1,
        prepare: Box::new(|_| Sequential::new()),
        last: Activation::Sigmoid,
        finish: |_| None,
        loss: Box::new(|outputs, targets| mse(outputs, targets)),
        score: Score { name: ACCURACY, of: binary_accuracy },
        is_learned: |outputs, rows| binary_accuracy(outputs, rows.targets()) > 0.5,
        classes: |rows| rows.targets().data().iter().map(|class| usize::from(*class > 0.5)).collect(),
        table: rows,
    };
    job.run(&XOR, options)
}

/// Samples of named classes: the network has an output for each, and the largest is its answer.
pub(super) fn of_classes(
    task: &'static str,
    split: Split<f32>,
    prepare: impl Fn(&Dataset<f32>) -> Sequential<f32> + Send + Sync + 'static,
) -> Job<i64> {
    let (train, test) = (split.train().clone(), split.test().clone());
    Job {
        task,
        source: None,
        stem: task.into(),
        about: Vec::new(),
        details: Details::new(),
        names: train.names().to_vec(),
        held_out: true,
        groups: Some(train.targets().data().iter().map(|class| *class as usize).collect()),
        outputs: train.names().len(),
        train,
        test,
        prepare: Box::new(prepare),
        last: Activation::Identity,
        finish: |_| None,
        loss: Box::new(|outputs, classes| cross_entropy(outputs, classes)),
        score: Score { name: ACCURACY, of: accuracy },
        is_learned: |outputs, data| accuracy(outputs, data.targets()) > commonest(data),
        classes: |data| data.targets().data().iter().map(|class| *class as usize).collect(),
        table: confusion,
    }
}

/// The share of the commonest class: the accuracy of who always says that.
pub(super) fn commonest(data: &Dataset<f32>) -> f64 {
    let mut counts = vec![0_usize; data.names().len()];
    data.targets().data().iter().for_each(|class| counts[*class as usize] += 1);
    counts.into_iter().max().unwrap_or(0) as f64 / data.len() as f64
}

/// Which classes were taken for which.
pub(super) fn confusion(outputs: &Tensor<f32>, data: &Dataset<f32>) -> Result<Outcome, wengert::nn::Error> {
    let table = Confusion::of_outputs(data.names(), data.targets(), outputs)?;
    let classes = 0..data.names().len();
    let row = |class: usize| classes.clone().map(|answer| table.count(class, answer)).collect::<Vec<_>>();
    let rows: Vec<Vec<usize>> = classes.clone().map(row).collect();
    let text = match data.names().len() <= MOST_SHOWN {
        true => format!("rows: what it is; columns: what the network says\n{table}"),
        false => mistakes(&rows, data.names()),
    };
    Ok(Outcome { text, json: ("confusion", json!({ "classes": data.names(), "counts": rows })) })
}

/// The commonest mistakes.
fn mistakes(counts: &[Vec<usize>], names: &[String]) -> String {
    let of = |class: usize| counts[class].iter().enumerate().map(move |(answer, count)| (*count, class, answer));
    let mut wrong: Vec<_> =
        (0..names.len()).flat_map(of).filter(|(count, class, answer)| *count > 0 && class != answer).collect();
    wrong.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
    let line = |(count, class, answer): &(usize, usize, usize)| {
        let all: usize = counts[*class].iter().sum();
        format!("\n`{}` taken for `{}`: {count} of {all}", names[*class], names[*answer])
    };
    let lines: String = wrong.iter().take(MISTAKES).map(line).collect();
    format!("{} classes, too many for a table; the commonest of {} mistakes:{lines}", names.len(), wrong.len())
}

/// Every row with what was wanted and what came out.
fn rows(outputs: &Tensor<f32>, data: &Dataset<f32, f32>) -> Result<Outcome, wengert::nn::Error> {
    let mut text = String::from("a b  a xor b  network");
    let (mut all, mut furthest) = (Vec::new(), 0.0_f32);
    let rows = data.inputs().data().chunks_exact(2).zip(data.targets().data()).zip(outputs.data());
    for ((row, wanted), output) in rows {
        let right = (*output > 0.5) == (*wanted > 0.5);
        let word = if right { "right" } else { "wrong" };
        text += &format!("\n{} {}     {wanted}     {output:7.4}  {word}", row[0], row[1]);
        let apart = (output - wanted).abs();
        // NaN is further than any number.
        furthest = if apart > furthest || apart.is_nan() { apart } else { furthest };
        all.push(json!({ "inputs": row, "target": wanted, "output": output, "right": right }));
    }
    text += &format!("\nthe furthest is {furthest:.4} from what was wanted");
    Ok(Outcome { text, json: ("rows", all.into()) })
}
