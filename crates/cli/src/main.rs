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
mod program;
mod train;

use std::panic;
use std::process::ExitCode;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    // What the engine refuses in the middle of a formula is a panic there, and one line here; who wants to see where asks for it.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(|info| {
            let at = info.location().map_or(String::new(), |at| format!(" (at {}:{})", at.file(), at.line()));
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
            output::fail(&format!("{}{at}", text.unwrap_or("it ended without a word")));
        }));
    }
    panic::catch_unwind(run).unwrap_or(ExitCode::from(2))
}

fn run() -> ExitCode {
    let arguments = match Arguments::read() {
        Ok(arguments) => arguments,
        Err(done) => return done,
    };
    let done = match arguments.command {
        Command::Check(args) => check::run(&args).map_err(|e| e.to_string()),
        Command::Experiment(args) => experiment::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Graph(args) => graph::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Predict(args) => predict::run(&args).map(|()| ExitCode::SUCCESS).map_err(|e| e.to_string()),
        Command::Train(args) => train::run(&args).map_err(|e| e.to_string()),
    };
    done.unwrap_or_else(|message| output::fail(&message))
}
