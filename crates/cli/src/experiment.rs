//! `wengert experiment`: what introductions to networks tell, run.

mod amount;
mod neuron;
mod one_two;
mod search;
mod speed;
mod xor_seeds;

use std::io;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wengert::nn::data;
use wengert::prelude::*;

use crate::output;

/// Run what introductions to neural networks tell, and print its table
#[derive(Args, Debug)]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    experiment: Experiment,

    /// The seed of everything random
    #[arg(long, global = true, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    seed: u64,

    /// Print one JSON object instead of the table
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum Experiment {
    /// Train on one "2" until everything is a 2 to the network, then cure it with the average over all digits
    OneTwo,
    /// Random search against gradient descent: the same network, the same number of looks at the data
    Search,
    /// How well digits are read after few samples and many, and after short training and long
    Amount,
    /// What a hidden neuron looks for: its weights, the digits that excite it most, what it says to each output
    Neuron {
        /// Which of the 16 hidden neurons, from 0
        #[arg(default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..16))]
        neuron: u8,
    },
    /// Samples per second: one at a time and as matrices, by size of batch and number of threads
    Speed {
        /// How long to measure each figure, in five parts; there are about 40
        #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
        seconds: f64,
    },
    /// How often 2-2-1 and 2-3-1 learn exclusive or, over many seeds with the same settings for all
    XorSeeds {
        /// Seeds from 1 to this
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10000))]
        seeds: u16,
    },
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= 600.0);
    number.ok_or_else(|| "a number above 0 and up to 600 is needed".to_string())
}

/// Why there is no table, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A network or its training.
    #[error(transparent)]
    Network(#[from] wengert::nn::Error),
    /// Output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// What an experiment found.
struct Findings {
    /// What was done, in a sentence or two.
    about: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    /// What the table shows, in its own numbers.
    shows: String,
}

/// Runs the command.
pub(crate) fn run(args: &ExperimentArgs) -> Result<(), Error> {
    let (name, findings) = match args.experiment {
        Experiment::OneTwo => ("one-two", one_two::run(args.seed)?),
        Experiment::Search => ("search", search::run(args.seed)),
        Experiment::Amount => ("amount", amount::run(args.seed)?),
        Experiment::Neuron { neuron } => ("neuron", neuron::run(args.seed, usize::from(neuron))?),
        Experiment::Speed { seconds } => ("speed", speed::run(args.seed, seconds)?),
        Experiment::XorSeeds { seeds } => ("xor-seeds", xor_seeds::run(seeds)),
    };
    let text = match args.json {
        true => format!("{}\n", findings.json(name, args.seed)),
        false => findings.text(),
    };
    output::print(&text)?;
    Ok(())
}

impl Findings {
    fn text(&self) -> String {
        let cell = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_f64() => format!("{:.4}", number.as_f64().unwrap_or(f64::NAN)),
            other => other.to_string(),
        };
        let heading: Vec<String> = self.columns.iter().map(|name| name.to_string()).collect();
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let width = |k: usize| {
            let cells =
                [&heading].into_iter().chain(&rows).map(|row| row.get(k).map_or(0, |cell| cell.chars().count()));
            cells.max().unwrap_or(0)
        };
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().enumerate().map(|(k, cell)| format!("{cell:>0$}", width(k))).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        let table: String = [&heading].into_iter().chain(&rows).map(line).collect();
        format!("{}\n\n{table}\n{}\n", self.about, self.shows)
    }

    fn json(&self, name: &str, seed: u64) -> Value {
        let object = |row: &Vec<Value>| self.columns.iter().zip(row).map(|(c, v)| (c.to_string(), v.clone())).collect();
        let rows: Vec<Value> = self.rows.iter().map(|row| Value::Object(object(row))).collect();
        json!({ "experiment": name, "seed": seed, "rows": rows, "shows": self.shows })
    }
}

/// The digits as rows of 64 numbers from 0 to 1, a quarter of each held out.
fn digits(seed: u64) -> Split<f32> {
    let digits = data::digits::<f32>().flattened();
    let scaled = digits.with_inputs(digits.inputs().clone() / 16.0).unwrap_or_else(|e| unreachable!("{e}"));
    scaled.split_stratified(0.25, &mut stream(seed, 1))
}

/// A network of these sizes, whose last layer gives sums.
fn network(sizes: &[usize], activation: Activation, seed: u64) -> Mlp<f32> {
    Mlp::new(sizes, activation, &mut stream(seed, 2)).output(Activation::Identity)
}

/// A share in per cent, to a tenth.
fn percent(share: f64) -> Value {
    json!(format!("{:.1} %", 100.0 * share))
}
