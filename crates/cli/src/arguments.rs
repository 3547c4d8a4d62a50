//! What is asked for on the command line, and what to say where it cannot be read.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::{check, experiment, graph, output, predict, train};

/// Reverse-mode automatic differentiation on a tape
///
/// Three to try:
///   wengert train digits                                   learn to read handwritten digits, in seconds
///   wengert train xor                                      the smallest task that needs a hidden layer
///   wengert graph "tanh(x*w + b)" --at x=0.5,w=-2,b=1 --derive
///                                                          every factor of the chain rule, with numbers; --html FILE steps through it
#[derive(Debug, Parser)]
#[command(name = "wengert", version, verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::CheckArgs),
    Experiment(experiment::ExperimentArgs),
    Graph(graph::GraphArgs),
    Predict(predict::PredictArgs),
    Train(train::TrainArgs),
}

impl Arguments {
    /// The arguments of this process; where they ask for help or cannot be read, this says so and how to end.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Arguments::try_parse().map_err(|e| match e.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match output::print(&e.render().to_string()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(e) => output::fail(&e.to_string()),
            },
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                output::say(e.render().to_string().trim_end());
                ExitCode::from(2)
            }
            _ => output::fail(&one_line(&e.render().to_string(), &named(std::env::args_os()))),
        })
    }
}

/// The command that these arguments name, down to the last subcommand.
fn named(arguments: impl Iterator<Item = OsString>) -> String {
    let mut command = Arguments::command();
    let mut name = command.get_name().to_string();
    for argument in arguments.skip(1) {
        let Some(subcommand) = argument.to_str().and_then(|word| command.find_subcommand(word)).cloned() else {
            continue;
        };
        name = format!("{name} {}", subcommand.get_name());
        command = subcommand;
    }
    name
}

/// Clap's message, which takes several lines, in one: what is wrong, what was perhaps meant, and where the help is. A message
/// without a usage is of the command `named`.
fn one_line(message: &str, named: &str) -> String {
    let mut help = format!("{named} --help");
    let mut parts: Vec<String> = Vec::new();
    for line in message.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(usage) = line.strip_prefix("Usage: ") {
            let command = usage.split(' ').take_while(|word| !word.starts_with(['[', '<', '-']));
            help = format!("{} --help", command.collect::<Vec<_>>().join(" "));
        } else if !line.starts_with("For more information") {
            let line = ["error: ", "tip: "].iter().fold(line, |line, start| line.strip_prefix(start).unwrap_or(line));
            match parts.last_mut().filter(|last| last.ends_with(':') || line.starts_with('[')) {
                Some(last) => *last = format!("{last} {line}"),
                None => parts.push(line.to_string()),
            }
        }
    }
    format!("{}; see {help}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn several_lines_become_one() {
        let table = [
            (
                "error: unexpected argument '--epoch' found\n\n  tip: a similar argument exists: '--epochs'\n\nUsage: wengert train digits --epochs <N>\n\nFor more information, try '--help'.\n",
                "unexpected argument '--epoch' found; a similar argument exists: '--epochs'; see wengert train digits --help",
            ),
            (
                "error: the following required arguments were not provided:\n  <EXPRESSION>\n\nUsage: wengert graph <EXPRESSION>\n",
                "the following required arguments were not provided: <EXPRESSION>; see wengert graph --help",
            ),
            (
                "error: invalid value 'x' for '--rate <X>': give a number above 0\n\nFor more information, try '--help'.\n",
                "invalid value 'x' for '--rate <X>': give a number above 0; see wengert train xor --help",
            ),
        ];
        for (message, expected) in table {
            assert_eq!(one_line(message, "wengert train xor"), expected);
        }
    }

    /// Every subcommand is found, wherever the options stand.
    #[test]
    fn the_help_is_of_the_subcommand() {
        fn walk(command: &clap::Command, words: &[&str], wrong: &mut Vec<String>) {
            for options in [&[][..], &["--rate", "x"]] {
                let typed = words[..1].iter().chain(options).chain(&words[1..]).map(OsString::from);
                let (found, expected) = (named(typed), words.join(" "));
                if found != expected {
                    wrong.push(format!("{found} in place of {expected}"));
                }
            }
            for subcommand in command.get_subcommands() {
                walk(subcommand, &[words, &[subcommand.get_name()]].concat(), wrong);
            }
        }
        let mut wrong = Vec::new();
        walk(&Arguments::command(), &["wengert"], &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
