//! The command, as it is called.

mod check;
mod experiment;
mod files;
mod folder;
mod graph;
mod program;
mod report;
mod table;
mod train;
