//! `wengert train`: networks on data that come with the command.

mod csv;
mod explore;
mod follow;
mod job;
mod mnist;
mod network;
mod options;
mod outcome;
mod page;
mod report;
mod seen;
mod tasks;
mod why;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use job::Job;
pub(crate) use job::{RANGE, SUMS, outputs};
use options::Options;
use wengert::nn::files;

use crate::paths::apart;

/// Train a network, show how well it does on samples that it never saw, and save it
///
/// Examples:
///   wengert train digits
///   wengert train digits --layers 30 --activation sigmoid --optimiser sgd --rate 0.5 --epochs 100
///   wengert train moons --layers none            (without hidden layers: a line must do)
///   wengert train csv iris.csv --target species
///   wengert train digits --folds 5 --rate 0.01   (is that a better rate? ask inside the training samples)
///
/// The same seed gives the same model, bit for bit, on any number of threads. Ctrl-C ends early and saves.
///
/// The end is 0; 1 if nothing was learned and the training broke: its losses exploded, froze or jump, or no gradient passes a layer
/// any more (the model is saved all the same, and the reasons are told); 2 if an argument or the data are no good.
#[derive(Args, Debug)]
#[command(verbatim_doc_comment, after_help = defaults())]
pub(crate) struct TrainArgs {
    #[command(subcommand)]
    task: Task,
    #[command(flatten)]
    options: Options,
}

#[derive(Clone, Debug, Subcommand)]
enum Task {
    /// Read handwritten digits: 1,797 scanned images of 8 × 8, a quarter of each digit held out to test with
    #[command(after_help = tasks::DIGITS.help("digits"))]
    Digits,
    /// Exclusive or: the four rows that no network without a hidden layer can learn
    #[command(after_help = tasks::XOR.help("xor"))]
    Xor,
    /// Tell two interleaved half circles apart: 400 points, a quarter of each held out to test with
    #[command(after_help = tasks::MOONS.help("moons"))]
    Moons,
    /// Nielsen's first network: sigmoid, half the squared error, plain descent
    #[command(name = "mnist-784-30-10", after_help = mnist::help("mnist-784-30-10"))]
    Mnist784x30x10(mnist::MnistArgs),
    /// Nielsen's chapter 3: cross-entropy, weight decay
    #[command(name = "mnist-784-100-10", after_help = mnist::help("mnist-784-100-10"))]
    Mnist784x100x10(mnist::MnistArgs),
    /// The network of 3Blue1Brown's chapters: 13,002 parameters
    #[command(name = "mnist-784-16-16-10", after_help = mnist::help("mnist-784-16-16-10"))]
    Mnist784x16x16x10(mnist::MnistArgs),
    /// Nielsen's chapter 6: one convolution with a pool, 100 neurons, softmax
    #[command(after_help = mnist::help("mnist-conv"))]
    MnistConv(mnist::MnistArgs),
    /// Nielsen's chapter 6: two convolutions with pools, sigmoid
    #[command(after_help = mnist::help("mnist-conv-conv"))]
    MnistConvConv(mnist::MnistArgs),
    /// Nielsen's chapter 6: the same with ReLU and weight decay
    #[command(after_help = mnist::help("mnist-conv-conv-relu"))]
    MnistConvConvRelu(mnist::MnistArgs),
    /// Nielsen's chapter 6: the same on 250,000 images, each also moved by a pixel
    #[command(after_help = mnist::help("mnist-conv-conv-expanded"))]
    MnistConvConvExpanded(mnist::MnistArgs),
    /// Nielsen's chapter 6: 1,000 and 1,000 neurons with dropout on 250,000 images
    #[command(after_help = mnist::help("mnist-dropout-expanded"))]
    MnistDropoutExpanded(mnist::MnistArgs),
    /// Learn a table of your own: a column of a CSV file from the other columns, a third of the rows held out to test with
    #[command(after_help = csv::DEFAULTS.help("csv FILE --target COLUMN"))]
    Csv(csv::CsvArgs),
}

/// What each task does without options, for the help of all.
fn defaults() -> String {
    let commands = [
        tasks::DIGITS.command("digits"),
        tasks::XOR.command("xor"),
        tasks::MOONS.command("moons"),
        csv::DEFAULTS.command("csv FILE --target COLUMN"),
    ];
    format!("Without options these are\n  {}\nand mnist-… what their books say", commands.join("\n  "))
}

/// Why there is no model, in one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Arguments that do not fit each other or the data.
    #[error("{0}")]
    Arguments(String),
    /// The network, its training or its file.
    #[error(transparent)]
    Network(#[from] wengert::nn::Error),
    /// A loss or gradient that is not finite.
    #[error("{error}; a smaller --rate than {rate:?} may help")]
    Diverged {
        /// Where and what.
        error: wengert::nn::Error,
        /// The rate that it went wrong with.
        rate: f64,
    },
    /// Output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Runs the command.
pub(crate) fn run(args: &TrainArgs) -> Result<ExitCode, Error> {
    let options = &args.options;
    match &args.task {
        Task::Digits => tasks::digits(options),
        Task::Xor => tasks::xor(options),
        Task::Moons => tasks::moons(options),
        Task::Mnist784x30x10(args) => args.run("mnist-784-30-10", options),
        Task::Mnist784x100x10(args) => args.run("mnist-784-100-10", options),
        Task::Mnist784x16x16x10(args) => args.run("mnist-784-16-16-10", options),
        Task::MnistConv(args) => args.run("mnist-conv", options),
        Task::MnistConvConv(args) => args.run("mnist-conv-conv", options),
        Task::MnistConvConvRelu(args) => args.run("mnist-conv-conv-relu", options),
        Task::MnistConvConvExpanded(args) => args.run("mnist-conv-conv-expanded", options),
        Task::MnistDropoutExpanded(args) => args.run("mnist-dropout-expanded", options),
        Task::Csv(args) => csv::run(args, options),
    }
}

/// The file that the model will go to. It and the others that will be written are shown to be writable before anything long
/// begins, and none of them to be another or one of those that are `read`.
fn destination(options: &Options, task: &str, read: &[(&str, &Path)]) -> Result<PathBuf, Error> {
    let path = options.save.clone().unwrap_or_else(|| format!("{task}.safetensors").into());
    let all = [
        ("--save", Some(&path)),
        ("--checkpoint", options.checkpoint.as_ref()),
        ("--log", options.log.as_ref()),
        ("--explore", options.explore.as_ref()),
        ("--report", options.report.as_ref()),
    ];
    let written: Vec<(&str, &Path)> =
        all.into_iter().filter_map(|(option, path)| Some((option, path?.as_path()))).collect();
    apart(&written, read).map_err(Error::Arguments)?;
    written.into_iter().try_for_each(|(option, path)| writable(option, path))?;
    Ok(path)
}

/// Whether a file can be put there: files are written beside their place and renamed, so that a device or the like would be
/// replaced instead of written to.
fn writable(option: &str, path: &Path) -> Result<(), Error> {
    let refuse = |why: String| Error::Arguments(format!("{option} {}: {why}; give another file", path.display()));
    if path.file_name().is_none() || path.is_dir() {
        return Err(refuse("this is no file name".into()));
    }
    files::check_writable(path).map_err(|e| match e {
        wengert::nn::Error::File { message, .. } => refuse(message),
        other => other.into(),
    })
}

/// A number with a comma between thousands.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let comma = |(k, digit): (usize, char)| {
        let left = digits.len() - k;
        [digit].into_iter().chain((left % 3 == 1 && left > 1).then_some(','))
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(thousands(number), expected);
        }
    }
}
