//! Losses, optimisers, and the loop of training.

mod bad_inputs;
mod batches;
mod lines;
mod losses;
mod optimisers;
mod optimisers_reference;
mod own_losses;
mod summary;
mod trainer;
