//! What the pages of the project show is what happens.

mod examples;
mod packages;
mod picture;
mod report;
