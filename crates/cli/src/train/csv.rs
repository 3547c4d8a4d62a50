//! `wengert train csv`: a table of somebody's own.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use wengert::Stored;
use wengert::nn::data::{Column, Missing, Table};
use wengert::nn::{Details, Impute, mean_absolute_error, mean_squared_error, mse, r_squared};
use wengert::prelude::*;

use super::options::{Defaults, OptimiserKind, Options};
use super::outcome::{Outcome, Score};
use super::tasks::{SAMPLES, of_classes};
use super::{Error, Job, thousands};

/// The share of rows that is held out.
const HELD_OUT: f64 = 1.0 / 3.0;

/// Whole numbers of at most so many kinds are classes unless somebody says otherwise.
const MOST_CLASSES: usize = 20;

/// Never so many classes, whatever the number of rows.
const TOO_MANY: usize = 1000;

/// So many remarks on columns are shown.
const MOST_REMARKS: usize = 20;

/// With more columns than this, correlations are left to the network: to look at each pair takes long.
const MOST_WHITENED: usize = 256;

/// Chosen by `train csv iris.csv --target species --folds 5`; docs/results.md has the table.
pub(super) const DEFAULTS: Defaults = Defaults {
    layers: "16",
    activation: Activation::Sigmoid,
    epochs: 200,
    batch: 16,
    rate: 0.01,
    decay: Some(0.01),
    optimiser: OptimiserKind::Adam,
};

/// For numbers, decay made every cross-validation worse.
const NUMBERS: Defaults = Defaults { decay: None, ..DEFAULTS };

#[derive(Args, Clone, Debug)]
pub(super) struct CsvArgs {
    /// The table: the first line holds the names of the columns, between commas, or where it has none between semicolons or
    /// tabs. Columns of names, dates and the like are left out
    file: PathBuf,

    /// The column to be told from the others
    #[arg(long, value_name = "COLUMN")]
    target: String,

    /// What the target is [default: numbers if it has fractions or more than 20 whole numbers, else classes]
    #[arg(long = "as", value_name = "KIND")]
    kind: Option<Kind>,

    /// A column that the others stand for without it, such as a number of the row; may be given several times
    #[arg(long, value_name = "COLUMN")]
    without: Vec<String>,

    /// Put the mean of the training rows where a number is missing; without this the first missing cell is an error
    #[arg(long)]
    impute: bool,

    /// How columns are prepared: brought to variance 1 each, or for classes also freed of the correlations within a class
    /// [default: whiten for classes of at most 256 columns, else standardise]
    #[arg(long, value_name = "HOW")]
    prepare: Option<Prepare>,
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// One of a few: the share of right answers counts
    Classes,
    /// A quantity: the distance counts
    Numbers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Prepare {
    /// Mean 0 and variance 1 for each column
    Standardise,
    /// Variance 1 and no correlation within a class
    Whiten,
}

pub(super) fn run(args: &CsvArgs, options: &Options) -> Result<ExitCode, Error> {
    let table = Table::read(&args.file)?;
    table.column(&args.target)?;
    let without: Vec<&str> = args.without.iter().map(String::as_str).collect();
    if without.contains(&args.target.as_str()) {
        return Err(Error::Arguments(format!("--without {} is the target", args.target)));
    }
    let table = table.without(&without)?;
    let scattered = table.scattered(&args.target);
    let names: Vec<&str> = scattered.iter().map(|(name, _)| *name).collect();
    let table = table.without(&names)?;
    if let (1, Some((name, kinds))) = (table.names().len(), scattered.first()) {
        let why = format!("there is no column to learn from: `{name}` has {} different words", thousands(*kinds));
        return Err(args.refused(why));
    }
    match args.kind.unwrap_or(kind(table.column(&args.target)?)) {
        Kind::Classes => {
            let about = about(args, &table, &scattered)?;
            Job { about, ..classes(args, &table, options)? }.run(&DEFAULTS, options)
        }
        Kind::Numbers => {
            let about = about(args, &table, &scattered)?;
            Job { about, ..numbers(args, &table, options)? }.run(&NUMBERS, options)
        }
    }
}

/// What the columns were taken for: a mistake in the table is seen there.
fn about(args: &CsvArgs, table: &Table, scattered: &[(&str, usize)]) -> Result<Vec<String>, Error> {
    let (mut numbers, mut words) = (0, Vec::new());
    for name in table.names().iter().filter(|name| **name != args.target) {
        match table.column(name)? {
            Column::Numbers(_) => numbers += 1,
            Column::Categories(_, kinds) => words.push(format!("`{name}` ({} different)", kinds.len())),
        }
    }
    let words = if words.is_empty() { String::new() } else { format!("; of words {}", words.join(", ")) };
    let left = |(name, kinds): &(&str, usize)| {
        format!(
            "csv: column `{name}` is left out: its {} different words say little about other rows",
            thousands(*kinds)
        )
    };
    let columns = format!("csv: `{}` from {numbers} columns of numbers{words}", args.target);
    let mut about: Vec<String> = [columns].into_iter().chain(scattered.iter().map(left)).collect();
    let mut remarks: Vec<String> = table.remarks().to_vec();
    for name in table.names().iter().filter(|name| **name != args.target) {
        remarks.extend(remark(name, table.column(name)?));
    }
    about.extend(remarks.iter().take(MOST_REMARKS).map(|remark| format!("csv: {remark}")));
    if let more @ 1.. = remarks.len().saturating_sub(MOST_REMARKS) {
        about.push(format!("csv: and {more} more remarks of this kind"));
    }
    Ok(about)
}

/// What a person should know of a column: it looks like a counter of rows, or most of its words are numbers.
fn remark(name: &str, column: &Column) -> Option<String> {
    match column {
        Column::Numbers(cells) => {
            let counts = |from: usize| cells.iter().zip(from..).all(|(cell, row)| *cell == Some(row as f64));
            (cells.len() > 2 && (counts(0) || counts(1)))
                .then(|| format!("column `{name}` counts the rows; --without {name} leaves it out"))
        }
        Column::Categories(_, words) => {
            let (numbers, others): (Vec<&String>, Vec<_>) = words.iter().partition(|word| word.parse::<f64>().is_ok());
            let other = others.first().filter(|_| !numbers.is_empty())?;
            let (count, all) = (numbers.len(), words.len());
            Some(format!("column `{name}` is taken for words: {count} of its {all} are numbers, `{other}` is none"))
        }
    }
}

/// Numbers if there are fractions or many different ones, else classes.
fn kind(column: &Column) -> Kind {
    let Column::Numbers(cells) = column else { return Kind::Classes };
    let mut different: Vec<f64> = cells.iter().flatten().copied().collect();
    different.sort_by(f64::total_cmp);
    different.dedup();
    match different.len() > MOST_CLASSES || different.iter().any(|x| x.fract() != 0.0) {
        true => Kind::Numbers,
        false => Kind::Classes,
    }
}

impl CsvArgs {
    fn missing(&self) -> Missing {
        if self.impute { Missing::Nan } else { Missing::Refuse }
    }

    /// An error of the table, with what helps.
    fn helpful(&self, table: &Table, e: wengert::nn::Error) -> Error {
        match (self.impute, table.missing()) {
            // A target cannot be imputed.
            (false, 1..)
                if e.to_string().contains("the cell is missing")
                    && !e.to_string().contains(&format!("column `{}`: ", self.target)) =>
            {
                Error::Arguments(format!("{e}; --impute puts the mean of its column where a number is missing"))
            }
            _ => e.into(),
        }
    }

    fn refused(&self, why: String) -> Error {
        Error::Arguments(format!("{}: {why}", self.file.display()))
    }

    /// A job with what its file says of the table.
    fn named<T: Stored<f32>>(&self, mut job: Job<T>, table: &Table) -> Result<Job<T>, Error> {
        job.source = Some(self.file.clone());
        if let Some(stem) = self.file.file_stem() {
            job.stem = stem.to_string_lossy().into_owned();
        }
        let encoding = table.encoding(&[&self.target])?.to_text();
        let missing = if self.impute { "impute" } else { "refuse" };
        for (name, value) in [("target", self.target.as_str()), ("encoding", &encoding), ("missing", missing)] {
            job.details.insert(name.into(), value.into());
        }
        Ok(job)
    }
}

fn classes(args: &CsvArgs, table: &Table, options: &Options) -> Result<Job<i64>, Error> {
    let data = table.classes::<f32>(&args.target, args.missing()).map_err(|e| args.helpful(table, e))?;
    if data.names().len() < 2 {
        let why = format!("column `{}` is the same in every row; there is nothing to learn", args.target);
        return Err(args.refused(why));
    }
    let (kinds, rows) = (data.names().len(), data.len());
    if kinds > MOST_CLASSES && (2 * kinds > rows || kinds > TOO_MANY) {
        let why = format!(
            "column `{}` has {} different values in {} rows, too many to be told apart as classes",
            args.target,
            thousands(kinds),
            thousands(rows)
        );
        return Err(args.refused(why));
    }
    let split = data.split_stratified(HELD_OUT, &mut stream(options.seed, SAMPLES));
    let mut classes = split.train().targets().to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < 2 || split.test().is_empty() {
        return Err(args.refused(format!("{} rows are too few to hold a third of each class out", data.len())));
    }
    let usual = if data.input_shape()[0] > MOST_WHITENED { Prepare::Standardise } else { Prepare::Whiten };
    let (prepare, impute) = (args.prepare.unwrap_or(usual), args.impute);
    let prepare = move |train: &Dataset<f32>| match prepare {
        Prepare::Standardise => standardised(train, impute),
        Prepare::Whiten => whitened(train, impute),
    };
    args.named(of_classes("csv", split, prepare), table)
}

fn numbers(args: &CsvArgs, table: &Table, options: &Options) -> Result<Job<f32>, Error> {
    let data = table.numbers::<f32>(&args.target, args.missing()).map_err(|e| args.helpful(table, e))?;
    if args.prepare == Some(Prepare::Whiten) {
        return Err(args.refused("--prepare whiten looks at classes, and the target is numbers".into()));
    }
    if data.targets().data().iter().all(|y| *y == data.targets().data()[0]) {
        let why = format!("column `{}` is the same in every row; there is nothing to learn", args.target);
        return Err(args.refused(why));
    }
    let split = data.split(HELD_OUT, &mut stream(options.seed, SAMPLES));
    let (train, test) = (split.train().clone(), split.test().clone());
    if train.len() < 2 || test.is_empty() {
        return Err(args.refused(format!("{} rows are too few to hold a third out", data.len())));
    }
    // In the unit of the targets' deviation, so that a rate suits lengths in metres and in miles.
    let deviation = f64::from(Standardise::fit(train.targets()).deviation.value().item());
    let impute = args.impute;
    let job = Job {
        task: "csv",
        source: None,
        stem: "csv".into(),
        about: Vec::new(),
        details: Details::new(),
        names: Vec::new(),
        held_out: true,
        groups: Some(vec![0; train.len()]),
        outputs: 1,
        prepare: Box::new(move |train| standardised(train, impute)),
        last: Activation::Identity,
        finish: |train| Some(Standardise::fit(train.targets()).inverse()),
        loss: Box::new(move |outputs, targets| mse(outputs / deviation, targets / deviation)),
        score: Score { name: "mean_absolute_error", of: mean_absolute_error },
        is_learned: |outputs, data| r_squared(outputs, data.targets()) > 0.0,
        classes: |_| Vec::new(),
        table: errors,
        train,
        test,
    };
    args.named(job, table)
}

/// How far the answers are from the numbers, beside those of somebody who always says the mean.
fn errors(outputs: &Tensor<f32>, data: &Dataset<f32, f32>) -> Result<Outcome, wengert::nn::Error> {
    let targets = data.targets();
    let mean = targets.mean().item();
    let always = Tensor::full(targets.shape(), mean);
    let root = |outputs: &Tensor<f32>| mean_squared_error(outputs, targets).sqrt();
    let share = r_squared(outputs, targets);
    let rows = [("the network", outputs), ("the mean of these rows, always", &always)];
    let mut text = format!("{:30}  mean absolute error  root of mean squared error", "");
    for (who, outputs) in rows {
        text += &format!("\n{who:30}  {:19.4}  {:26.4}", mean_absolute_error(outputs, targets), root(outputs));
    }
    text += &format!("\nR² {share:.4}: the share of the variance that the network explains");
    let json = json!({
        "r_squared": share,
        "mean_absolute_error": mean_absolute_error(outputs, targets),
        "root_mean_squared_error": root(outputs),
        "root_mean_squared_error_of_the_mean": root(&always),
    });
    Ok(Outcome { text, json: ("regression", json) })
}

/// A first layer that puts means where numbers are missing, if it is to, and what comes out of it.
fn present<T: Stored<f32>>(train: &Dataset<f32, T>, impute: bool) -> (Sequential<f32>, Tensor<f32>) {
    let inputs = train.inputs();
    match impute {
        true => {
            let impute = Impute::fit(inputs);
            let inputs = impute.forward(inputs);
            (Sequential::new().then(impute), inputs)
        }
        false => (Sequential::new(), inputs.clone()),
    }
}

fn standardised<T: Stored<f32>>(train: &Dataset<f32, T>, impute: bool) -> Sequential<f32> {
    let (first, inputs) = present(train, impute);
    first.then(Standardise::fit(&inputs))
}

fn whitened(train: &Dataset<f32>, impute: bool) -> Sequential<f32> {
    let (first, inputs) = present(train, impute);
    match Whiten::within_classes(&inputs, train.targets()) {
        Ok(whiten) => first.then(whiten),
        // There is a class for each row: what is wrong is a number that f32 cannot hold. Training names it.
        Err(_) => first.then(Standardise::fit(&inputs)),
    }
}
