//! The options that every training takes, and what they are where nobody gives them.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use wengert::nn::files;
use wengert::nn::{Adadelta, Adagrad, Adam, AdamW, Groups, Lion, Optimiser, RmsProp, Sgd};
use wengert::prelude::*;

use super::network::Layers;
use crate::output;

/// Shown as a group of the help.
const HEADING: &str = "Training";

/// Of a training without `--seed`.
pub(crate) const SEED: u64 = 1;

#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Hidden layers, from the input on: `64` is 64 neurons, `conv16` are 16 filters of 3 × 3 (`conv16x5`: of 5 × 5; their
    /// edges are padded; `conv16x5p0`: not), `pool` keeps the largest of every 2 × 2, `none` is no hidden layer
    #[arg(long, global = true, value_name = "LIST", help_heading = HEADING)]
    pub(crate) layers: Option<Layers>,

    /// What follows each hidden layer: sigmoid, tanh, relu, leaky_relu, gelu, …
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) activation: Option<Activation>,

    /// How often training goes through the samples
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one::<usize>, help_heading = HEADING)]
    pub(crate) epochs: Option<usize>,

    /// Samples in each step
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one::<usize>, help_heading = HEADING)]
    pub(crate) batch: Option<usize>,

    /// The learning rate: how far a step goes along the gradient
    #[arg(long, global = true, value_name = "X", value_parser = positive, allow_hyphen_values = true, help_heading = HEADING)]
    pub(crate) rate: Option<f64>,

    /// How far each weight is pulled towards 0 in each step, as a share of itself that is added to its gradient (adamw takes
    /// it from the weight); biases are left alone [default: 0.01 for classes of csv, none elsewhere]
    #[arg(long, global = true, value_name = "X", value_parser = not_negative, allow_hyphen_values = true, help_heading = HEADING)]
    pub(crate) decay: Option<f64>,

    /// How parameters follow their gradients
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) optimiser: Option<OptimiserKind>,

    /// The seed of everything random: which samples are held out, the first weights, the order of samples
    #[arg(long, global = true, value_name = "N", default_value_t = SEED, allow_hyphen_values = true, help_heading = HEADING)]
    pub(crate) seed: u64,

    /// How many threads work; they change nothing but the time [default: one for each processor]
    #[arg(long, global = true, value_name = "N", value_parser = at_least_one::<usize>, help_heading = HEADING)]
    pub(crate) threads: Option<usize>,

    /// Train N times instead, each time on all training samples but one part in N, and test on that part; the held-out
    /// samples are not looked at and nothing is saved: this is how to choose options
    #[arg(long, global = true, value_name = "N", value_parser = at_least_two, help_heading = HEADING)]
    pub(crate) folds: Option<usize>,

    /// Write the whole state of the training to this file after every epoch, and when it is stopped
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub(crate) checkpoint: Option<PathBuf>,

    /// Go on from the checkpoint, or begin where there is none yet: the model is the one of a training that was never
    /// interrupted, bit for bit
    #[arg(long, global = true, requires = "checkpoint", help_heading = HEADING)]
    pub(crate) resume: bool,

    /// Write a line for every epoch to this CSV file
    #[arg(long, global = true, value_name = "FILE", help_heading = "Results")]
    pub(crate) log: Option<PathBuf>,

    /// Write a page on which one sample is stepped through the trained network in a browser, forward and back, with every local
    /// derivative, product and sum
    #[arg(long, global = true, value_name = "FILE", help_heading = "Results")]
    pub(crate) explore: Option<PathBuf>,

    /// Write a page of the training: the command, the curves, what was mistaken for what, weights, layers, time, what looks wrong
    #[arg(long, global = true, value_name = "FILE", help_heading = "Results")]
    pub(crate) report: Option<PathBuf>,

    /// Write the page of --report while training goes on, too; it reloads itself
    #[arg(long, global = true, requires = "report", help_heading = "Results")]
    pub(crate) live: bool,

    /// Where the model goes [default: the task's name, as in digits.safetensors]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Results")]
    pub(crate) save: Option<PathBuf>,

    /// Print one JSON object instead of tables
    #[arg(long, global = true, help_heading = "Results")]
    pub(crate) json: bool,
}

/// What a task takes where the options do not say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    pub(crate) layers: &'static str,
    pub(crate) activation: Activation,
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
    pub(crate) decay: Option<f64>,
    pub(crate) optimiser: OptimiserKind,
}

impl Defaults {
    /// What the help of a task ends with.
    pub(crate) fn help(&self, task: &str) -> String {
        format!("Without options this is\n  {}", self.command(task))
    }

    /// The command with every default written out.
    pub(crate) fn command(&self, task: &str) -> String {
        let Defaults { layers, activation, epochs, batch, rate, decay, optimiser } = self;
        let decay = decay.map_or(String::new(), |decay| format!("--decay {decay} "));
        format!(
            "wengert train {task} --layers {layers} --activation {activation} --epochs {epochs} --batch {batch} --rate {rate} \
             {decay}--optimiser {optimiser} --seed {SEED}"
        )
    }
}

/// How to train: the options, with the task's defaults where nothing was said.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) layers: Layers,
    pub(crate) activation: Activation,
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) rate: f64,
    pub(crate) decay: Option<f64>,
    pub(crate) optimiser: OptimiserKind,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

impl Options {
    /// The checkpoint to write, if there is to be one, and whether to begin with what is in it.
    ///
    /// # Errors
    /// If there is something that would be lost, or it cannot be told.
    pub(crate) fn checkpoint(&self) -> Result<Option<&Path>, String> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        let is_there = match self.resume {
            true => files::is_there(path).map_err(|e| e.to_string())?,
            false => path.exists(),
        };
        match (is_there, self.resume) {
            (false, true) => {
                output::say(&format!("--resume: there is no {} yet; the training begins", path.display()));
                Ok(Some(path))
            }
            (true, false) => Err(format!("{} is there already; --resume goes on from it", path.display())),
            _ => Ok(Some(path)),
        }
    }

    /// The options that say how to train, of those that were given.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let given = [
            ("--layers", self.layers.is_some()),
            ("--activation", self.activation.is_some()),
            ("--batch", self.batch.is_some()),
            ("--rate", self.rate.is_some()),
            ("--decay", self.decay.is_some()),
            ("--optimiser", self.optimiser.is_some()),
            ("--folds", self.folds.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// The number of threads, one for each processor where none is given.
    pub(crate) fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Settings {
    pub(crate) fn new(options: &Options, defaults: &Defaults) -> Self {
        let layers = options.layers.clone();
        Settings {
            layers: layers.unwrap_or_else(|| defaults.layers.parse().unwrap_or_else(|e| unreachable!("{e}"))),
            activation: options.activation.unwrap_or(defaults.activation),
            epochs: options.epochs.unwrap_or(defaults.epochs),
            batch: options.batch.unwrap_or(defaults.batch),
            rate: options.rate.unwrap_or(defaults.rate),
            decay: options.decay.or(defaults.decay),
            optimiser: options.optimiser.unwrap_or(defaults.optimiser),
            seed: options.seed,
            threads: options.threads(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum OptimiserKind {
    /// Plain descent
    Sgd,
    /// Descent with momentum 0.9
    Momentum,
    /// Descent with Nesterov's momentum 0.9
    Nesterov,
    /// Adam
    Adam,
    /// Adam with weight decay 0.01 apart from the gradient
    AdamW,
    /// RMSProp
    RmsProp,
    /// Adagrad
    Adagrad,
    /// Adadelta; its rate is a factor, 1 in the paper
    Adadelta,
    /// Lion
    Lion,
}

impl OptimiserKind {
    /// The optimiser with a learning rate, and a decay for all parameters but biases; without one, as it is by itself.
    pub(crate) fn with(self, rate: f64, decay: Option<f64>) -> Box<dyn Optimiser<f32>> {
        match decay {
            None if self == OptimiserKind::AdamW => Box::new(AdamW::new(rate)),
            None => self.decaying(rate, 0.0),
            Some(decay) => {
                let biases = self.decaying(rate, 0.0);
                Box::new(Groups::new(self.decaying(rate, decay)).group(|name| name.ends_with("bias"), biases))
            }
        }
    }

    fn decaying(self, rate: f64, decay: f64) -> Box<dyn Optimiser<f32>> {
        let sgd = || Sgd::new(rate).weight_decay(decay);
        match self {
            OptimiserKind::Sgd => Box::new(sgd()),
            OptimiserKind::Momentum => Box::new(sgd().momentum(0.9)),
            OptimiserKind::Nesterov => Box::new(sgd().momentum(0.9).nesterov()),
            OptimiserKind::Adam => Box::new(Adam::new(rate).weight_decay(decay)),
            OptimiserKind::AdamW => Box::new(AdamW::new(rate).weight_decay(decay)),
            OptimiserKind::RmsProp => Box::new(RmsProp::new(rate).weight_decay(decay)),
            OptimiserKind::Adagrad => Box::new(Adagrad::new(rate).weight_decay(decay)),
            OptimiserKind::Adadelta => Box::new(Adadelta::new(rate).weight_decay(decay)),
            OptimiserKind::Lion => Box::new(Lion::new(rate).weight_decay(decay)),
        }
    }
}

impl Display for OptimiserKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

fn at_least_one<T: FromStr + From<u8> + PartialOrd>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| *number >= T::from(1));
    number.ok_or_else(|| "give a whole number from 1".into())
}

fn at_least_two(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number >= 2).ok_or_else(|| "give a whole number from 2".into())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "give a number from 0".into())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "give a number above 0".into())
}
