//! What the pages of the project show is what happens.

mod picture;
mod report;
