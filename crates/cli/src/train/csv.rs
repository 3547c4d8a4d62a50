//! `wengert train csv`: a table of somebody's own.

use std::path::PathBuf;

use clap::Args;
use wengert::nn::Impute;
use wengert::nn::data::{Missing, Table};
use wengert::prelude::*;

use super::options::{Defaults, OptimiserKind, Options};
use super::tasks::{SAMPLES, of_classes};
use super::{Error, Job};

/// The share of rows that is held out.
const HELD_OUT: f64 = 1.0 / 3.0;

/// Chosen by `train csv iris.csv --target species --folds 5`; docs/results.md has the table.
pub(super) const DEFAULTS: Defaults = Defaults {
    layers: "16",
    activation: Activation::Sigmoid,
    epochs: 100,
    batch: 16,
    rate: 0.01,
    optimiser: OptimiserKind::Adam,
};

#[derive(Args, Clone, Debug)]
pub(super) struct CsvArgs {
    /// The table: the first line holds the names of the columns
    file: PathBuf,

    /// The column to be told from the others: names, or whole numbers
    #[arg(long, value_name = "COLUMN")]
    target: String,

    /// Put the mean of the training rows where a number is missing; without this the first missing cell is an error
    #[arg(long)]
    impute: bool,
}

pub(super) fn run(args: &CsvArgs, options: &Options) -> Result<(), Error> {
    job(args, options)?.run(&DEFAULTS, options)
}

fn job(args: &CsvArgs, options: &Options) -> Result<Job<i64>, Error> {
    let table = Table::read(&args.file)?;
    let missing = if args.impute { Missing::Nan } else { Missing::Refuse };
    let data = table.classes::<f32>(&args.target, missing).map_err(|e| match (args.impute, table.missing()) {
        (false, 1..) if e.to_string().contains("missing") => {
            Error::Arguments(format!("{e}; --impute puts the mean of its column where a number is missing"))
        }
        _ => e.into(),
    })?;
    let refuse = |why: String| Err(Error::Arguments(format!("{}: {why}", args.file.display())));
    if data.names().len() < 2 {
        return refuse(format!("column `{}` is the same in every row; there is nothing to learn", args.target));
    }
    let split = data.split_stratified(HELD_OUT, &mut stream(options.seed, SAMPLES));
    let mut classes = split.train().targets().to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 2 || split.test().is_empty() {
        return refuse(format!("{} rows are too few to hold a third of each class out", data.len()));
    }
    let mut job = of_classes("csv", split, if args.impute { imputed } else { as_it_is });
    if let Some(stem) = args.file.file_stem() {
        job.stem = stem.to_string_lossy().into_owned();
    }
    let encoding = table.encoding(&[&args.target])?.to_text();
    let missing = if args.impute { "impute" } else { "refuse" };
    for (name, value) in [("target", args.target.as_str()), ("encoding", &encoding), ("missing", missing)] {
        job.details.insert(name.into(), value.into());
    }
    Ok(job)
}

fn as_it_is(inputs: &Tensor<f32>) -> Sequential<f32> {
    Sequential::new().then(Standardise::fit(inputs))
}

fn imputed(inputs: &Tensor<f32>) -> Sequential<f32> {
    let impute = Impute::fit(inputs);
    let standardise = Standardise::fit(&impute.forward(inputs));
    Sequential::new().then(impute).then(standardise)
}
