//! The `wengert` command.

mod arguments;
mod check;
mod experiment;
mod expression;
mod graph;
mod interrupt;
mod output;
mod paths;
mod predict;
mod train;

use std::process::ExitCode;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(done) => return done,
    };
    let done = match arguments.command {
        Command::Check(args) => check::run(&args).map_err(|e| e.to_string()),
        Command::Experiment(args) => experiment::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Graph(args) => graph::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Predict(args) => predict::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Train(args) => train::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
    };
    done.unwrap_or_else(|message| output::fail(&message))
}
