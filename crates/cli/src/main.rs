//! The `wengert` command.

mod check;
mod expression;
mod graph;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Reverse-mode automatic differentiation on a tape
#[derive(Parser)]
#[command(name = "wengert", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Graph(graph::GraphArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Graph(args) => graph::run(&args).map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(e) => {
            eprintln!("wengert: {e}");
            ExitCode::from(2)
        }
    }
}
