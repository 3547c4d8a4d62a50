//! The page of the chain rule, opened in a browser.

mod browser;
mod evaluator;
mod graphs;
mod levers;
mod opening;
mod pictures;
#[path = "../drawings/size.rs"]
mod size;
mod writing;
