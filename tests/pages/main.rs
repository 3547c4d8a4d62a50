//! What the pages of the project show is what happens.

mod packages;
mod picture;
mod report;
