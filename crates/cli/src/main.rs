//! The `wengert` command.

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
    Graph(graph::GraphArgs),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Graph(args) => graph::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("wengert: {e}");
            ExitCode::from(2)
        }
    }
}
