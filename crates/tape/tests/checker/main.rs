//! The checker of gradients, on right ones and on wrong ones.

mod bars;
mod faults;
mod foreign;
mod hard;
mod rules;
mod table;
