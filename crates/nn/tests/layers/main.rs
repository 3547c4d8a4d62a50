//! Layers and models: their values, their gradients, their parameters.

mod checked;
mod copies;
mod derived;
mod generic;
mod layers;
mod layers_reference;
mod lines;
mod micrograd;
mod programs;
mod recurrent;
mod single;
mod textbook;
