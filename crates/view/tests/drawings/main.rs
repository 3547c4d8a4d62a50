//! What is drawn.

mod curves;
mod pictures;
